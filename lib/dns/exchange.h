/* SPDX-License-Identifier: BSD-2-Clause */
/* exchange.h - one question put to the servers until one can tell, as a step
 * function: events in, what is to be sent out; no I/O, no clock
 *
 * Each server gets a turn of at most `timeout_ms`, `attempts` times round. In
 * its turn it is asked over UDP, again without EDNS when that is what it
 * stumbles over, and over TCP when its reply does not fit or does not keep the
 * case of our letters; silence, a damaged
 * reply or a closed door give the turn to the next. A server that said it
 * cannot tell (SERVFAIL, REFUSED) is not asked again. A turn that we broke off
 * is nobody's fault and the round's last one no end: the next server is asked.
 */
#ifndef DNS_EXCHANGE_H
#define DNS_EXCHANGE_H

#include "dns/answer.h"
#include "dns/packet.h"
#include "dns/servers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Octets that are no reply to the query before the server is asked over TCP
 * instead, where nobody else can put a word in. */
#define DNS_STRAYS_MOST 32

enum dns_event_kind {
    DNS_EVENT_BEGIN,    /* the first event, once */
    DNS_EVENT_OCTETS,   /* from the server that was asked, by the way asked */
    DNS_EVENT_TIME,     /* time has passed */
    DNS_EVENT_RESUME,   /* the turn was broken off by us a while ago */
    DNS_EVENT_REFUSED,  /* nobody listens there */
    DNS_EVENT_CLOSED,   /* the connection ended before the reply did */
    DNS_EVENT_NO_ROUTE, /* the network or the host cannot be reached */
    DNS_EVENT_FAILED    /* our own fault */
};

struct dns_event {
    enum dns_event_kind kind;
    instant now;
    uint16_t id;           /* random: of the query, should one be sent */
    uint64_t mix;          /* random: of its letters' case, if that is mixed */
    enum fault fault;      /* FAILED alone: what it comes from */
    const uint8_t *octets; /* one whole message, borrowed; OCTETS alone */
    size_t length;
};

enum dns_next {
    DNS_NEXT_UDP, /* send the query to the server from a fresh UDP socket ... */
    DNS_NEXT_TCP, /* ... or over a fresh connection; close what was open */
    DNS_NEXT_WAIT, /* for octets, or until the deadline */
    DNS_NEXT_DONE  /* the answer is there */
};

struct dns_exchange;

/** @param name     canonical, copied
 *  @param servers  held on to
 *  @return NULL when memory ends */
struct dns_exchange *dns_exchange_new(const char *name, enum dns_type type,
                                      struct dns_servers *servers);

/** Take an event, say what is to be done next. Not after DNS_NEXT_DONE. */
enum dns_next dns_exchange_take(struct dns_exchange *exchange,
                                const struct dns_event *event);

const char *dns_exchange_name(const struct dns_exchange *exchange);
enum dns_type dns_exchange_type(const struct dns_exchange *exchange);

/** What is to be sent, and to whom; valid until the next event. */
const struct dns_query *dns_exchange_query(const struct dns_exchange *exchange);
const struct dns_server *dns_exchange_server(
    const struct dns_exchange *exchange);

/** Octets so far that were no reply to any query. */
unsigned dns_exchange_strays(const struct dns_exchange *exchange);

/** What a server said of its failure (RFC 8914), escaped; empty: nothing. */
const char *dns_exchange_reason(const struct dns_exchange *exchange);

/** When the turn ends: DNS_EVENT_TIME is due then. */
instant dns_exchange_deadline(const struct dns_exchange *exchange);

/** The answer after DNS_NEXT_DONE; belongs to the exchange. */
const struct dns_answer *dns_exchange_answer(
    const struct dns_exchange *exchange);

/** Free, and set *exchange to NULL. */
void dns_exchange_free(struct dns_exchange **exchange);

#endif
