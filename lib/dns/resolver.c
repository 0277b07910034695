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

struct inquiry {
    struct resolver *resolver;
    struct inquiry *next;           /* in its chain */
    struct inquiry *before, *after; /* in the queue, while it waits */
    struct dns_ask *askers;
    struct dns_exchange *exchange;
    struct dns_transport *transport; /* of the exchange's last query */
    struct loop_timer *timer;
    bool begun;
};

struct resolver {
    struct loop *loop;
    struct cache *memory;
    struct hash_key hash_key;

    struct dns_supply *supply;

    /* The loop's thread alone. */
    struct inquiry *chains[CHAINS];
    struct inquiry *first, *last; /* the queue of those that wait */
    size_t inquiries, begun;
    unsigned strays; /* replies that nobody asked for, not said yet */
    instant strays_due;
    bool full;      /* said in the log since the queue was last empty */
    bool forgetful; /* answers are not kept at present */
};

static instant now_of(const struct resolver *resolver)
{
    return clock_now(loop_clock(resolver->loop));
}

struct resolver *resolver_new(struct loop *loop,
                              const struct dns_settings *settings, char *why,
                              size_t why_size)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    struct dns_supply *supply = dns_supply_new(
        settings, DNS_RESOLV_CONF, clock_now(loop_clock(loop)), why, why_size);
    struct cache *memory = dns_memory_new();
    struct text text;
    if (supply == NULL)
        goto undo;
    text_begin(&text, why, why_size);
    text_add(&text, "out of memory or of random numbers");
    if (resolver == NULL || memory == NULL ||
        !hash_key_draw(&resolver->hash_key))
        goto undo;
    text_begin(&text, why, why_size);
    resolver->loop = loop;
    resolver->memory = memory;
    resolver->supply = supply;
    return resolver;

undo:
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

static void join_queue(struct resolver *resolver, struct inquiry *inquiry)
{
    inquiry->before = resolver->last;
    if (resolver->last == NULL)
        resolver->first = inquiry;
    else
        resolver->last->after = inquiry;
    resolver->last = inquiry;
}

static void leave_queue(struct resolver *resolver, struct inquiry *inquiry)
{
    if (inquiry == resolver->first)
        resolver->first = inquiry->after;
    else
        inquiry->before->after = inquiry->after;
    if (inquiry == resolver->last)
        resolver->last = inquiry->before;
    else
        inquiry->after->before = inquiry->before;
    if (resolver->first == NULL)
        resolver->full = false;
}

static void leave_chain(struct inquiry *inquiry)
{
    struct inquiry **link =
        chain_of(inquiry->resolver, dns_exchange_name(inquiry->exchange));
    while (*link != inquiry)
        link = &(*link)->next;
    *link = inquiry->next;
}

/* It is in no chain and nobody waits for it any more. */
static void free_inquiry(struct inquiry *inquiry)
{
    if (inquiry->begun)
        inquiry->resolver->begun--;
    else
        leave_queue(inquiry->resolver, inquiry);
    inquiry->resolver->inquiries--;
    dns_transport_free(&inquiry->transport);
    loop_timer_free(&inquiry->timer);
    dns_exchange_free(&inquiry->exchange);
    free(inquiry);
}

/* When something is due: the end of the server's turn, or an asker's. */
static void set_timer(struct inquiry *inquiry)
{
    instant due = INSTANT_NEVER;
    if (inquiry->begun)
        due = dns_exchange_deadline(inquiry->exchange);
    for (struct dns_ask *ask = inquiry->askers; ask != NULL; ask = ask->next) {
        if (ask->deadline < due)
            due = ask->deadline;
    }
    loop_timer_set(inquiry->timer, due);
}

static void answer_all(struct dns_ask *askers, const struct dns_answer *answer)
{
    while (askers != NULL) {
        struct dns_ask *next = askers->next;
        askers->done(askers, dns_answer_hold(answer));
        askers = next;
    }
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

static void finish(struct inquiry *inquiry)
{
    struct resolver *resolver = inquiry->resolver;
    struct dns_exchange *exchange = inquiry->exchange;
    struct dns_ask *askers = inquiry->askers;
    const struct dns_answer *answer =
        dns_answer_hold(dns_exchange_answer(exchange));
    if (!resolver->forgetful)
        dns_memory_put(resolver->memory, dns_exchange_name(exchange),
                       dns_exchange_type(exchange), answer);
    note_strays(resolver, exchange);
    note_trouble(exchange);
    leave_chain(inquiry);
    free_inquiry(inquiry);
    answer_all(askers, answer);
    dns_answer_drop(answer);
}

static void hear(void *context, enum dns_event_kind kind, const uint8_t *octets,
                 size_t length);

/* False: it could not be sent, and *trouble says why. */
static bool send_query(struct inquiry *inquiry, bool tcp,
                       enum dns_event_kind *trouble)
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
            send_query(inquiry, next == DNS_NEXT_TCP, &event.kind))
            break;
    }
    set_timer(inquiry);
}

/* Begin the first in the queue, as many as there are sockets for. */
static void begin_waiting(struct resolver *resolver)
{
    while (resolver->first != NULL && resolver->begun < DNS_SOCKETS_MOST) {
        struct inquiry *inquiry = resolver->first;
        leave_queue(resolver, inquiry);
        inquiry->begun = true;
        resolver->begun++;
        advance(inquiry, (struct dns_event){.kind = DNS_EVENT_BEGIN});
    }
}

static void hear(void *context, enum dns_event_kind kind, const uint8_t *octets,
                 size_t length)
{
    struct inquiry *inquiry = context;
    struct resolver *resolver = inquiry->resolver;
    advance(inquiry, (struct dns_event){
                         .kind = kind, .octets = octets, .length = length});
    begin_waiting(resolver);
}

/* Let those go whose deadline has passed. */
static void answer_late(struct inquiry *inquiry, instant now)
{
    struct dns_ask *late = NULL;
    struct dns_ask **link = &inquiry->askers;
    while (*link != NULL) {
        struct dns_ask *ask = *link;
        if (ask->deadline > now) {
            link = &ask->next;
            continue;
        }
        *link = ask->next;
        ask->next = late;
        late = ask;
    }
    answer_all(late, dns_answer_temperror(DNS_TROUBLE_TIMEOUT));
}

static void take_time(void *context)
{
    struct inquiry *inquiry = context;
    struct resolver *resolver = inquiry->resolver;
    answer_late(inquiry, now_of(resolver));
    if (inquiry->begun) {
        advance(inquiry, (struct dns_event){.kind = DNS_EVENT_TIME});
        begin_waiting(resolver);
    } else if (inquiry->askers != NULL) {
        set_timer(inquiry);
    } else { /* its turn never came, and nobody wants it any more */
        leave_chain(inquiry);
        free_inquiry(inquiry);
    }
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
    if (inquiry->exchange == NULL || inquiry->timer == NULL) {
        loop_timer_free(&inquiry->timer);
        dns_exchange_free(&inquiry->exchange);
        free(inquiry);
        return NULL;
    }
    struct inquiry **chain = chain_of(resolver, ask->name);
    inquiry->next = *chain;
    *chain = inquiry;
    resolver->inquiries++;
    join_queue(resolver, inquiry);
    return inquiry;
}

/* The inquiry about what is asked, new if there is none. NULL: no room. */
static struct inquiry *find_or_make(struct resolver *resolver,
                                    const struct dns_ask *ask)
{
    struct inquiry *inquiry = find_inquiry(resolver, ask->name, ask->type);
    if (inquiry != NULL)
        return inquiry;
    if (resolver->inquiries < DNS_QUESTIONS_MOST)
        return make_inquiry(resolver, ask);
    if (!resolver->full)
        log_line(LOG_LEVEL_WARNING,
                 "dns: %d questions wait; more are not asked",
                 DNS_QUESTIONS_MOST);
    resolver->full = true;
    return NULL;
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
    struct inquiry *inquiry =
        answer == NULL ? find_or_make(resolver, ask) : NULL;
    if (inquiry == NULL) {
        ask->done(ask, answer != NULL ? answer : dns_answer_internal());
        return;
    }
    ask->next = inquiry->askers;
    inquiry->askers = ask;
    set_timer(inquiry);
    begin_waiting(resolver);
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
            struct dns_ask *askers = inquiry->askers;
            freed->chains[i] = inquiry->next;
            free_inquiry(inquiry);
            answer_all(askers, dns_answer_internal());
        }
    }
    dns_supply_free(&freed->supply);
    cache_free(&freed->memory);
    free(freed);
    *resolver = NULL;
}
