/* SPDX-License-Identifier: BSD-2-Clause */
/* resolver.c - inquiries: one question under way and all who asked it. Here the
 * exchange's steps meet sockets, timers and the memory. */
#include "dns/resolver.h"

#include "base/hash.h"
#include "base/log.h"
#include "dns/exchange.h"
#include "dns/memory.h"
#include "dns/supply.h"
#include "dns/transport.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Chains of the table of inquiries; a power of two. */
#define CHAINS 1024

/** Forged replies are said once in so long. */
#define STRAYS_SAY_S 60

/** Deadlines of one question that are not so far apart pass together: each
 * costs a look at all who ask it. */
#define DEADLINES_APART_MS 10

#define WORDS_SIZE 400

struct inquiry {
    struct share share; /* first: it leads back to us */
    struct resolver *resolver;
    struct inquiry *next; /* in its chain */
    struct link askers;
    struct link alone; /* with all that nobody waits for any more, or with none
                        */
    instant earliest;  /* no asker's deadline comes before */
    struct dns_exchange *exchange;
    struct dns_transport *transport; /* of the exchange's last query; NULL while
                                        it has no place */
    struct loop_timer *timer;
    bool begun;  /* it has had a place */
    bool waited; /* it has been without one */
};

struct resolver {
    struct loop *loop;
    struct cache *memory;
    struct hash_key hash_key;
    struct dns_supply *supply;

    /* The loop's thread alone. */
    struct inquiry *chains[CHAINS];
    size_t inquiries;
    struct link deserted;   /* that nobody waits for, the oldest first */
    struct inquiry *newest; /* made for the last ask, unless it is over */
    struct shares *shares;
    struct loop_timer *timer; /* when a place may become somebody else's */
    struct resolver_use use;  /* all but its shares */
    instant crowd_due;        /* when a crowd is worth a line again */
    unsigned strays;          /* replies that nobody asked for, not said yet */
    instant strays_due;
    bool forgetful; /* answers are not kept at present */
};

static instant now_of(const struct resolver *resolver)
{
    return clock_now(loop_clock(resolver->loop));
}

static void use_time(void *context);

struct resolver *resolver_new(struct loop *loop,
                              const struct dns_settings *settings,
                              size_t places, char *why, size_t why_size)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    struct shares *shares = shares_new(places, DNS_QUESTIONS_MOST);
    struct loop_timer *timer = loop_timer_new(loop, use_time, resolver);
    struct dns_supply *supply = dns_supply_new(
        settings, DNS_RESOLV_CONF, clock_now(loop_clock(loop)), why, why_size);
    struct cache *memory = dns_memory_new();
    struct text text;
    if (supply == NULL)
        goto undo;
    text_begin(&text, why, why_size);
    text_add(&text, "out of memory or of random numbers");
    if (resolver == NULL || memory == NULL || shares == NULL || timer == NULL ||
        !hash_key_draw(&resolver->hash_key))
        goto undo;
    text_begin(&text, why, why_size);
    resolver->loop = loop;
    resolver->memory = memory;
    resolver->supply = supply;
    resolver->shares = shares;
    links_begin(&resolver->deserted);
    resolver->timer = timer;
    return resolver;
undo:
    loop_timer_free(&timer);
    shares_free(&shares);
    cache_free(&memory);
    dns_supply_free(&supply);
    free(resolver);
    return NULL;
}

bool resolver_configure(struct resolver *resolver,
                        const struct dns_settings *settings, char *why,
                        size_t why_size)
{
    return dns_supply_configure(resolver->supply, settings, now_of(resolver),
                                why, why_size);
}

const struct dns_answer *resolver_kept(struct resolver *resolver,
                                       const char *name, enum dns_type type)
{
    return dns_memory_get(resolver->memory, name, type, now_of(resolver));
}

void resolver_keep(struct resolver *resolver, bool keeps)
{
    resolver->forgetful = !keeps;
    cache_clear(resolver->memory);
}

/* The chain of a name, whatever the type. */
static struct inquiry **chain_of(struct resolver *resolver, const char *name)
{
    uint64_t hash = hash_octets(&resolver->hash_key, span_of(name));
    return &resolver->chains[hash % CHAINS];
}

static struct inquiry *find_inquiry(struct resolver *resolver, const char *name,
                                    enum dns_type type)
{
    struct inquiry *inquiry = *chain_of(resolver, name);
    while (inquiry != NULL &&
           (dns_exchange_type(inquiry->exchange) != type ||
            strcmp(dns_exchange_name(inquiry->exchange), name) != 0))
        inquiry = inquiry->next;
    return inquiry;
}

static void leave_chain(struct inquiry *inquiry)
{
    struct inquiry **link =
        chain_of(inquiry->resolver, dns_exchange_name(inquiry->exchange));
    while (*link != inquiry)
        link = &(*link)->next;
    *link = inquiry->next;
}

static struct inquiry *inquiry_of(struct share *share)
{
    void *first = share; /* an inquiry begins with its share */
    return first;
}

/* It is in no chain and nobody waits for it any more. */
static void free_inquiry(struct inquiry *inquiry, bool answered)
{
    struct resolver *resolver = inquiry->resolver;
    shares_end(resolver->shares, &inquiry->share, now_of(resolver),
               loop_heard(resolver->loop), answered);
    resolver->inquiries--;
    links_remove(&inquiry->alone);
    if (resolver->newest == inquiry)
        resolver->newest = NULL;
    dns_transport_free(&inquiry->transport);
    loop_timer_free(&inquiry->timer);
    dns_exchange_free(&inquiry->exchange);
    free(inquiry);
}

static instant round_up(instant at)
{
    const instant apart = (instant)DEADLINES_APART_MS * 1000;
    return at == INSTANT_NEVER ? at : (at + apart - 1) / apart * apart;
}

/* When something is due: the end of the server's turn, or an asker's. */
static void set_timer(struct inquiry *inquiry)
{
    instant due = round_up(inquiry->earliest);
    if (inquiry->transport != NULL &&
        dns_exchange_deadline(inquiry->exchange) < due)
        due = dns_exchange_deadline(inquiry->exchange);
    loop_timer_set(inquiry->timer, due);
}

static struct dns_ask *first_asker(const struct link *askers)
{
    return LINK_AROUND(askers->after, struct dns_ask, beside);
}

/* It is no question of the inquiry's any more, and its asker's own again. */
static void tell(struct dns_ask *ask, const struct dns_answer *answer)
{
    links_remove(&ask->beside);
    ask->inquiry = NULL;
    ask->done(ask, dns_answer_hold(answer));
}

/* All are told, who then is nobody's. */
static void answer_all(struct inquiry *inquiry, const struct dns_answer *answer)
{
    while (!links_is_empty(&inquiry->askers))
        tell(first_asker(&inquiry->askers), answer);
}

/* Octets that were no reply come from a forger, or from a server that is
 * broken: worth a line, but not one for each. */
static void note_strays(struct resolver *resolver,
                        const struct dns_exchange *exchange)
{
    instant now = now_of(resolver);
    resolver->strays += dns_exchange_strays(exchange);
    if (resolver->strays == 0 || now < resolver->strays_due)
        return;
    log_line(LOG_LEVEL_WARNING,
             "dns: %u replies came that nobody had asked for, last beside the "
             "question for %s",
             resolver->strays, dns_exchange_name(exchange));
    resolver->strays = 0;
    resolver->strays_due = instant_after_s(now, STRAYS_SAY_S);
}

static void note_trouble(const struct dns_exchange *exchange)
{
    const struct dns_answer *answer = dns_exchange_answer(exchange);
    const char *reason = dns_exchange_reason(exchange);
    enum dns_type type = dns_exchange_type(exchange);
    if (answer->status == DNS_TEMPERROR && log_wants(LOG_LEVEL_DEBUG))
        log_line(LOG_LEVEL_DEBUG, "dns: %s, type %d: %s%s%s",
                 dns_exchange_name(exchange), (int)type,
                 dns_trouble_text(answer->trouble), *reason != '\0' ? ": " : "",
                 reason);
}

/* The exchange is over. */
static void finish(struct inquiry *inquiry)
{
    struct resolver *resolver = inquiry->resolver;
    struct dns_exchange *exchange = inquiry->exchange;
    const struct dns_answer *answer = dns_exchange_answer(exchange);
    if (!resolver->forgetful)
        dns_memory_put(resolver->memory, dns_exchange_name(exchange),
                       dns_exchange_type(exchange), answer);
    note_strays(resolver, exchange);
    note_trouble(exchange);
    leave_chain(inquiry);
    answer_all(inquiry, answer);
    free_inquiry(inquiry, answer->status != DNS_TEMPERROR);
}

/* Without an answer. */
static void give_up(struct inquiry *inquiry, enum dns_trouble trouble)
{
    leave_chain(inquiry);
    answer_all(inquiry, dns_answer_temperror(trouble));
    free_inquiry(inquiry, false);
}

static void hear(void *context, const struct dns_event *event);

/* False: it could not be sent, and *trouble says why. */
static bool send_query(struct inquiry *inquiry, bool tcp,
                       struct dns_event *trouble)
{
    dns_transport_free(&inquiry->transport);
    inquiry->transport = dns_transport_open(
        inquiry->resolver->loop, dns_exchange_server(inquiry->exchange), tcp,
        dns_exchange_query(inquiry->exchange), hear, inquiry, trouble);
    return inquiry->transport != NULL;
}

/* Give the exchange an event, and do what it says until there is something to
 * wait for. The inquiry may be gone afterwards. */
static void advance(struct inquiry *inquiry, struct dns_event event)
{
    for (;;) {
        event.now = now_of(inquiry->resolver);
        if (getentropy(&event.id, sizeof(event.id)) != 0 ||
            getentropy(&event.mix, sizeof(event.mix)) != 0)
            event.kind = DNS_EVENT_FAILED;
        enum dns_next next = dns_exchange_take(inquiry->exchange, &event);
        if (next == DNS_NEXT_DONE) {
            finish(inquiry);
            return;
        }
        if (next == DNS_NEXT_WAIT ||
            send_query(inquiry, next == DNS_NEXT_TCP, &event))
            break;
    }
    set_timer(inquiry);
}

static const struct address *client_of(const struct dns_ask *ask)
{
    return ask->has_client ? &ask->client : NULL;
}

/* One who asked goes; it counts for one who still asks. */
static void part(struct inquiry *inquiry, struct dns_ask *ask,
                 const struct dns_answer *answer)
{
    bool counted = shares_is_of(&inquiry->share, client_of(ask));
    tell(ask, answer);
    if (counted && !links_is_empty(&inquiry->askers))
        shares_move(inquiry->resolver->shares, &inquiry->share,
                    client_of(first_asker(&inquiry->askers)));
}

/* What those are told whose deadline has passed: where others were in the way,
 * silence is not the zone's. */
static enum dns_trouble trouble_of(const struct inquiry *inquiry, instant now)
{
    const struct share *share = &inquiry->share;
    bool asked =
        share_has_place(share) &&
        (!inquiry->waited ||
         share->since + shares_grace(inquiry->resolver->shares) <= now);
    return asked ? DNS_TROUBLE_TIMEOUT : DNS_TROUBLE_CROWDED;
}

/* Let those go whose deadline has passed. */
static void answer_late(struct inquiry *inquiry, instant now)
{
    struct link *link = inquiry->askers.after;
    const struct dns_answer *answer =
        dns_answer_temperror(trouble_of(inquiry, now));
    inquiry->earliest = INSTANT_NEVER;
    while (link != &inquiry->askers) {
        struct dns_ask *ask = LINK_AROUND(link, struct dns_ask, beside);
        link = link->after;
        if (ask->deadline <= now) {
            part(inquiry, ask, answer);
        } else if (ask->deadline < inquiry->earliest) {
            inquiry->earliest = ask->deadline;
        }
    }
}

/* Nobody waits for it any more. It goes on with the place that it has, for
 * whoever asks again shall find the answer kept, but only until somebody else
 * waits for a place. False: it had none, and is over. */
static bool desert(struct inquiry *inquiry)
{
    if (inquiry->transport == NULL) {
        give_up(inquiry, DNS_TROUBLE_TIMEOUT);
        return false;
    }
    links_remove(&inquiry->alone);
    links_append(&inquiry->resolver->deserted, &inquiry->alone);
    return true;
}

/* Whoever has a place now begins, or goes on where he lost it, if anybody still
 * waits for him. */
static void use_place(struct inquiry *inquiry)
{
    answer_late(inquiry, now_of(inquiry->resolver));
    if (links_is_empty(&inquiry->askers)) {
        inquiry->resolver->use.late++;
        give_up(inquiry, DNS_TROUBLE_TIMEOUT);
        return;
    }
    enum dns_event_kind kind =
        inquiry->begun ? DNS_EVENT_RESUME : DNS_EVENT_BEGIN;
    inquiry->begun = true;
    advance(inquiry, (struct dns_event){.kind = kind});
}

/* The operator shall know of a crowd, but not of each in it. */
static void say_crowd(struct resolver *resolver, const char *what)
{
    const instant now = now_of(resolver);
    struct text use;
    char words[WORDS_SIZE];
    if (now < resolver->crowd_due)
        return;
    resolver->crowd_due = instant_after_s(now, DNS_CROWD_SAY_S);
    text_begin(&use, words, sizeof(words));
    shares_write_use(resolver->shares, loop_heard(resolver->loop), &use);
    log_line(LOG_LEVEL_WARNING, "dns: a question %s: %s", what, words);
}

static void lose_place(struct inquiry *inquiry)
{
    if (links_is_empty(&inquiry->askers)) {
        give_up(inquiry, DNS_TROUBLE_TIMEOUT);
        return;
    }
    inquiry->waited = true;
    dns_transport_free(&inquiry->transport);
    set_timer(inquiry);
    say_crowd(inquiry->resolver, "has lost its place to another");
}

/* Whoever waits has the places first that nobody else has a use for. */
static void end_deserted(struct resolver *resolver)
{
    struct link *next, *link = resolver->deserted.after;
    for (; link != &resolver->deserted && shares_is_crowded(resolver->shares);
         link = next) {
        next = link->after;
        give_up(LINK_AROUND(link, struct inquiry, alone), DNS_TROUBLE_TIMEOUT);
    }
}

/* Give away what places there are. */
static void share_places(struct resolver *resolver)
{
    struct share *displaced, *next;
    end_deserted(resolver);
    while ((next = shares_next(resolver->shares, now_of(resolver),
                               loop_heard(resolver->loop), &displaced)) !=
           NULL) {
        if (displaced != NULL)
            lose_place(inquiry_of(displaced));
        use_place(inquiry_of(next));
        end_deserted(resolver);
    }
    loop_timer_set(resolver->timer, shares_due(resolver->shares));
}

static void use_time(void *context)
{
    share_places(context);
}

static void hear(void *context, const struct dns_event *event)
{
    struct inquiry *inquiry = context;
    struct resolver *resolver = inquiry->resolver;
    advance(inquiry, *event);
    share_places(resolver);
}

static void take_time(void *context)
{
    struct inquiry *inquiry = context;
    struct resolver *resolver = inquiry->resolver;
    bool was_wanted = !links_is_empty(&inquiry->askers);
    answer_late(inquiry, now_of(resolver));
    bool is_wanted = !links_is_empty(&inquiry->askers);
    resolver->use.late += was_wanted && !is_wanted;
    if (is_wanted && inquiry->transport == NULL)
        set_timer(inquiry);
    else if (is_wanted || desert(inquiry))
        advance(inquiry, (struct dns_event){.kind = DNS_EVENT_TIME});
    share_places(resolver);
}

static struct inquiry *make_inquiry(struct resolver *resolver,
                                    const struct dns_ask *ask)
{
    struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
    if (inquiry == NULL)
        return NULL;
    struct dns_servers *servers =
        dns_supply_take(resolver->supply, now_of(resolver));
    inquiry->resolver = resolver;
    inquiry->exchange = dns_exchange_new(ask->name, ask->type, servers);
    inquiry->timer = loop_timer_new(resolver->loop, take_time, inquiry);
    dns_servers_drop(servers);
    if (inquiry->exchange == NULL || inquiry->timer == NULL ||
        !shares_wait(resolver->shares, &inquiry->share, client_of(ask),
                     shares_zone(resolver->shares, ask->name))) {
        loop_timer_free(&inquiry->timer);
        dns_exchange_free(&inquiry->exchange);
        free(inquiry);
        return NULL;
    }
    struct inquiry **chain = chain_of(resolver, ask->name);
    inquiry->next = *chain;
    *chain = inquiry;
    resolver->inquiries++;
    resolver->newest = inquiry;
    links_begin(&inquiry->askers);
    links_begin(&inquiry->alone);
    inquiry->earliest = INSTANT_NEVER;
    return inquiry;
}

/* The inquiry about what is asked, new if there is none. NULL: memory ends. */
static struct inquiry *find_or_make(struct resolver *resolver,
                                    const struct dns_ask *ask)
{
    struct inquiry *inquiry = find_inquiry(resolver, ask->name, ask->type);
    if (inquiry == NULL)
        return make_inquiry(resolver, ask);
    shares_join(resolver->shares, &inquiry->share, client_of(ask));
    return inquiry;
}

static void join(struct inquiry *inquiry, struct dns_ask *ask)
{
    links_remove(&inquiry->alone);
    links_begin(&inquiry->alone);
    links_append(&inquiry->askers, &ask->beside);
    ask->inquiry = inquiry;
    if (ask->deadline < inquiry->earliest)
        inquiry->earliest = ask->deadline;
    set_timer(inquiry);
}

/* One too many there may be for a moment. */
static void drop_surplus(struct resolver *resolver)
{
    struct share *surplus = resolver->inquiries > DNS_QUESTIONS_MOST
                                ? shares_surplus(resolver->shares)
                                : NULL;
    if (surplus == NULL)
        return;
    resolver->use.dropped++;
    say_crowd(resolver, "is dropped");
    give_up(inquiry_of(surplus), DNS_TROUBLE_CROWDED);
}

static void take_ask(struct loop_job *job)
{
    void *first = job; /* an ask begins with its job */
    struct dns_ask *ask = first;
    struct resolver *resolver = ask->resolver;
    const struct dns_answer *answer =
        ask->fresh ? NULL : resolver_kept(resolver, ask->name, ask->type);
    if (answer == NULL && ask->deadline <= now_of(resolver))
        answer = dns_answer_temperror(DNS_TROUBLE_TIMEOUT);
    resolver->newest = NULL;
    struct inquiry *inquiry =
        answer == NULL ? find_or_make(resolver, ask) : NULL;
    if (inquiry == NULL) {
        ask->done(ask, answer != NULL ? answer : dns_answer_internal());
        return;
    }
    join(inquiry, ask);
    drop_surplus(resolver);
    share_places(resolver);
    if (resolver->newest == NULL || share_has_place(&resolver->newest->share))
        return;
    resolver->newest->waited = true;
    resolver->use.waited++;
    say_crowd(resolver, "waits for a place");
}

void resolver_post(struct resolver *resolver, struct loop_job *job)
{
    loop_post(resolver->loop, job);
}

void resolver_withdraw(struct dns_ask *ask)
{
    struct inquiry *inquiry = ask->inquiry;
    if (inquiry == NULL)
        return;
    struct resolver *resolver = inquiry->resolver;
    part(inquiry, ask, dns_answer_temperror(DNS_TROUBLE_TIMEOUT));
    if (!links_is_empty(&inquiry->askers))
        return;
    resolver->use.withdrawn++;
    (void)desert(inquiry);
    share_places(resolver);
}

void resolver_use(struct resolver *resolver, struct resolver_use *use)
{
    *use = resolver->use;
    shares_count(resolver->shares, loop_heard(resolver->loop), &use->shares);
}

void resolver_ask(struct resolver *resolver, struct dns_ask *ask)
{
    ask->resolver = resolver;
    ask->job.run = take_ask;
    loop_post(resolver->loop, &ask->job);
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *freed = *resolver;
    if (freed == NULL)
        return;
    for (size_t i = 0; i < CHAINS; i++) {
        while (freed->chains[i] != NULL) {
            struct inquiry *inquiry = freed->chains[i];
            freed->chains[i] = inquiry->next;
            answer_all(inquiry, dns_answer_internal());
            free_inquiry(inquiry, false);
        }
    }
    loop_timer_free(&freed->timer);
    shares_free(&freed->shares);
    dns_supply_free(&freed->supply);
    cache_free(&freed->memory);
    free(freed);
    *resolver = NULL;
}
