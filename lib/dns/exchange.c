/* SPDX-License-Identifier: BSD-2-Clause */
/* exchange.c - turns and rounds: whom to ask, by which way, and when to stop */
#include "dns/exchange.h"

#include <stdlib.h>
#include <string.h>

#define REASON_SIZE 300

struct dns_exchange {
    struct dns_servers *servers;
    char name[NAME_SIZE];
    enum dns_type type;
    const struct dns_answer *answer; /* once it is there */

    uint32_t rounds;          /* begun; the first is from the start */
    dns_server_set asked;     /* in this round */
    dns_server_set settled;   /* said that they cannot tell */
    enum dns_trouble trouble; /* the weightiest so far */
    enum fault fault;         /* of DNS_TROUBLE_INTERNAL, the last one */
    unsigned strays;          /* of all turns */
    char reason[REASON_SIZE]; /* what a server said of its failure last */

    /* of the turn */
    size_t server;
    instant deadline;
    unsigned turn_strays;
    bool edns, tcp;
    struct dns_query query;
};

struct dns_exchange *dns_exchange_new(const char *name, enum dns_type type,
                                      struct dns_servers *servers)
{
    size_t length = strlen(name);
    struct dns_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL || length >= sizeof(exchange->name)) {
        free(exchange);
        return NULL;
    }
    memcpy(exchange->name, name, length + 1);
    exchange->type = type;
    exchange->rounds = 1;
    exchange->servers = dns_servers_hold(servers);
    return exchange;
}

static enum dns_next finish(struct dns_exchange *exchange,
                            const struct dns_answer *answer)
{
    exchange->answer = answer;
    return DNS_NEXT_DONE;
}

/* Over TCP nobody else can put a word in: nothing need be mixed there. */
static enum dns_next send_query(struct dns_exchange *exchange,
                                const struct dns_event *event)
{
    bool mixes = dns_servers_settings(exchange->servers)->mix_case;
    if (!dns_query_write(&exchange->query, exchange->name, exchange->type,
                         event->id, exchange->edns,
                         mixes && !exchange->tcp ? event->mix : 0))
        return finish(exchange, dns_answer_internal());
    return exchange->tcp ? DNS_NEXT_TCP : DNS_NEXT_UDP;
}

static bool begin_round(struct dns_exchange *exchange)
{
    if (exchange->rounds >= dns_servers_settings(exchange->servers)->attempts)
        return false;
    exchange->rounds++;
    exchange->asked = exchange->settled;
    return true;
}

/* The server whose turn it is next, in a new round if this one is over. */
static bool pick_server(struct dns_exchange *exchange, instant now)
{
    while (!dns_servers_pick(exchange->servers, exchange->asked, now,
                             &exchange->server)) {
        if (!begin_round(exchange))
            return false;
    }
    return true;
}

static dns_server_set server_bit(const struct dns_exchange *exchange)
{
    return (dns_server_set)(1U << exchange->server);
}

static const struct dns_answer *what_failed(const struct dns_exchange *exchange)
{
    return exchange->trouble == DNS_TROUBLE_INTERNAL
               ? dns_answer_fault(exchange->fault)
               : dns_answer_temperror(exchange->trouble);
}

static enum dns_next begin_turn(struct dns_exchange *exchange,
                                const struct dns_event *event)
{
    if (!pick_server(exchange, event->now))
        return finish(exchange, what_failed(exchange));
    exchange->asked |= server_bit(exchange);
    exchange->deadline = instant_after_ms(
        event->now, dns_servers_settings(exchange->servers)->timeout_ms);
    exchange->turn_strays = 0;
    exchange->edns = true;
    exchange->tcp = false;
    return send_query(exchange, event);
}

/* What is told in the end when servers failed in different ways: what one said
 * before what we could not do before silence. */
static int weigh(enum dns_trouble trouble)
{
    static const int weights[] = {
        [DNS_TROUBLE_NONE] = 0,      [DNS_TROUBLE_NO_NETWORK] = 1,
        [DNS_TROUBLE_TIMEOUT] = 2,   [DNS_TROUBLE_INTERNAL] = 3,
        [DNS_TROUBLE_MALFORMED] = 4, [DNS_TROUBLE_REFUSED] = 5,
        [DNS_TROUBLE_SERVFAIL] = 6,
    };
    return weights[trouble];
}

static void note_trouble(struct dns_exchange *exchange,
                         enum dns_trouble trouble)
{
    if (weigh(trouble) > weigh(exchange->trouble))
        exchange->trouble = trouble;
}

/* The turn was in vain, and the server is to blame. */
static enum dns_next pass_on(struct dns_exchange *exchange,
                             const struct dns_event *event,
                             enum dns_trouble trouble)
{
    note_trouble(exchange, trouble);
    dns_servers_failed(exchange->servers, exchange->server, event->now);
    return begin_turn(exchange, event);
}

/* The server serves others, not us; that will not change before the answer is
 * due. */
static enum dns_next take_refusal(struct dns_exchange *exchange,
                                  const struct dns_event *event)
{
    exchange->settled |= server_bit(exchange);
    return pass_on(exchange, event, DNS_TROUBLE_REFUSED);
}

/* The server is well but cannot tell; another one may. */
static enum dns_next take_failure(struct dns_exchange *exchange,
                                  const struct dns_event *event)
{
    struct text reason;
    text_begin(&reason, exchange->reason, sizeof(exchange->reason));
    dns_reply_explain(event->octets, event->length, &reason);
    exchange->settled |= server_bit(exchange);
    note_trouble(exchange, DNS_TROUBLE_SERVFAIL);
    dns_servers_answered(exchange->servers, exchange->server);
    return begin_turn(exchange, event);
}

static enum dns_next go_over_tcp(struct dns_exchange *exchange,
                                 const struct dns_event *event)
{
    if (exchange->tcp)
        return pass_on(exchange, event, DNS_TROUBLE_MALFORMED);
    exchange->tcp = true;
    return send_query(exchange, event);
}

static enum dns_next go_without_edns(struct dns_exchange *exchange,
                                     const struct dns_event *event)
{
    if (!exchange->edns)
        return pass_on(exchange, event, DNS_TROUBLE_MALFORMED);
    exchange->edns = false;
    return send_query(exchange, event);
}

static enum dns_next take_stray(struct dns_exchange *exchange,
                                const struct dns_event *event)
{
    exchange->strays++;
    exchange->turn_strays++;
    if (exchange->tcp || exchange->turn_strays > DNS_STRAYS_MOST)
        return go_over_tcp(exchange, event);
    return DNS_NEXT_WAIT;
}

static enum dns_next take_octets(struct dns_exchange *exchange,
                                 const struct dns_event *event)
{
    const struct dns_answer *answer = NULL;
    switch (dns_reply_read(&exchange->query, event->octets, event->length,
                           event->now, &answer)) {
    case DNS_REPLY_ANSWER:
        dns_servers_answered(exchange->servers, exchange->server);
        return finish(exchange, answer);
    case DNS_REPLY_ENDLESS:
        dns_servers_answered(exchange->servers, exchange->server);
        return finish(exchange, dns_answer_temperror(DNS_TROUBLE_MALFORMED));
    case DNS_REPLY_STRAY:
        return take_stray(exchange, event);
    case DNS_REPLY_OTHER_CASE:
    case DNS_REPLY_TRUNCATED:
        return go_over_tcp(exchange, event);
    case DNS_REPLY_FORMERR:
        return go_without_edns(exchange, event);
    case DNS_REPLY_SERVFAIL:
        return take_failure(exchange, event);
    case DNS_REPLY_REFUSED:
        return take_refusal(exchange, event);
    case DNS_REPLY_MALFORMED:
        return pass_on(exchange, event, DNS_TROUBLE_MALFORMED);
    case DNS_REPLY_NOMEM:
        break;
    }
    return finish(exchange, dns_answer_internal());
}

/* In a round that is not counted, if this one is over. */
static enum dns_next resume(struct dns_exchange *exchange,
                            const struct dns_event *event)
{
    size_t servers = dns_servers_settings(exchange->servers)->server_count;
    if (exchange->asked == (1U << servers) - 1)
        exchange->asked = exchange->settled;
    return begin_turn(exchange, event);
}

enum dns_next dns_exchange_take(struct dns_exchange *exchange,
                                const struct dns_event *event)
{
    switch (event->kind) {
    case DNS_EVENT_BEGIN:
        return begin_turn(exchange, event);
    case DNS_EVENT_RESUME:
        return resume(exchange, event);
    case DNS_EVENT_OCTETS:
        return take_octets(exchange, event);
    case DNS_EVENT_TIME:
        if (event->now < exchange->deadline)
            return DNS_NEXT_WAIT;
        return pass_on(exchange, event, DNS_TROUBLE_TIMEOUT);
    case DNS_EVENT_REFUSED:
        return pass_on(exchange, event, DNS_TROUBLE_REFUSED);
    case DNS_EVENT_CLOSED:
        return pass_on(exchange, event, DNS_TROUBLE_MALFORMED);
    case DNS_EVENT_NO_ROUTE:
        return pass_on(exchange, event, DNS_TROUBLE_NO_NETWORK);
    case DNS_EVENT_FAILED:
        break;
    }
    note_trouble(exchange, DNS_TROUBLE_INTERNAL);
    exchange->fault = event->fault;
    return begin_turn(exchange, event);
}

const char *dns_exchange_name(const struct dns_exchange *exchange)
{
    return exchange->name;
}

enum dns_type dns_exchange_type(const struct dns_exchange *exchange)
{
    return exchange->type;
}

const struct dns_query *dns_exchange_query(const struct dns_exchange *exchange)
{
    return &exchange->query;
}

const struct dns_server *dns_exchange_server(
    const struct dns_exchange *exchange)
{
    return &dns_servers_settings(exchange->servers)->servers[exchange->server];
}

unsigned dns_exchange_strays(const struct dns_exchange *exchange)
{
    return exchange->strays;
}

const char *dns_exchange_reason(const struct dns_exchange *exchange)
{
    return exchange->reason;
}

instant dns_exchange_deadline(const struct dns_exchange *exchange)
{
    return exchange->deadline;
}

const struct dns_answer *dns_exchange_answer(
    const struct dns_exchange *exchange)
{
    return exchange->answer;
}

void dns_exchange_free(struct dns_exchange **exchange)
{
    if (*exchange == NULL)
        return;
    dns_answer_drop((*exchange)->answer);
    dns_servers_drop((*exchange)->servers);
    free(*exchange);
    *exchange = NULL;
}
