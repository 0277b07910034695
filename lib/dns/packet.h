/* SPDX-License-Identifier: BSD-2-Clause */
/* packet.h - DNS messages (RFC 1035 4.1): a question into octets, a server's
 * octets into an answer or the reason why they are none */
#ifndef DNS_PACKET_H
#define DNS_PACKET_H

#include "base/text.h"
#include "dns/answer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What we say we can take over UDP (RFC 6891 6.2.3): fits every path. */
#define DNS_UDP_SIZE 1232

/** Header, the longest name, type and class, the OPT record. */
#define DNS_QUERY_SIZE (12 + 255 + 4 + 11)

/** Aliases followed from the name asked to the records (RFC 1034 3.6.2). */
#define DNS_CHAIN_MOST 10

/** Records of one reply, all sections together; a reply with more is malformed:
 * what reading it costs stays bounded. */
#define DNS_REPLY_RECORDS_MOST 1000

/** Bounds of what is kept, in seconds. The floor lets all questions of one
 * session see the same answer; a name that was mended is believed soon. */
#define DNS_LIFE_LEAST_S    5
#define DNS_LIFE_MOST_S     86400
#define DNS_NEGATIVE_MOST_S 900

/** One query as it travels. */
struct dns_query {
    enum dns_type type;
    bool mixed; /* the letters' case is drawn, and must come back */
    size_t length;
    uint8_t octets[DNS_QUERY_SIZE];
};

/**
 * Write a query that asks for recursion.
 * @param name  canonical
 * @param id    random, another one for each query
 * @param edns  with an OPT record (RFC 6891), of DNS_UDP_SIZE
 * @param mix   random: letters in capitals by its bits in turn, which a forger
 *              would have to guess as well; 0: none
 * @return false when memory ends or the name has no wire form
 */
bool dns_query_write(struct dns_query *query, const char *name,
                     enum dns_type type, uint16_t id, bool edns, uint64_t mix);

/** What a server's octets are. */
enum dns_reply {
    DNS_REPLY_ANSWER,
    DNS_REPLY_STRAY, /* no reply to this query: id, question, not a reply */
    DNS_REPLY_OTHER_CASE, /* it may be one, but for the letters' case */
    DNS_REPLY_TRUNCATED,  /* to be asked again over TCP */
    DNS_REPLY_SERVFAIL,   /* or another code that says: not me */
    DNS_REPLY_REFUSED,   /* or a referral: the server does not recurse for us */
    DNS_REPLY_FORMERR,   /* or NOTIMP, BADVERS: perhaps without EDNS */
    DNS_REPLY_MALFORMED, /* a reply to this query, but damaged or absurd */
    DNS_REPLY_ENDLESS,   /* aliases in a circle, or over DNS_CHAIN_MOST */
    DNS_REPLY_NOMEM
};

/**
 * Read a reply to `query`.
 * @param now     from where the answer's lifetime counts
 * @param answer  set for DNS_REPLY_ANSWER alone, held for the caller: found,
 *                nxdomain or nodata
 */
enum dns_reply dns_reply_read(const struct dns_query *query,
                              const uint8_t *octets, size_t length, instant now,
                              const struct dns_answer **answer);

/**
 * Add what a server says of its failure in extended errors (RFC 8914): codes
 * and texts, escaped. Nothing when the octets are no message, or hold none.
 */
void dns_reply_explain(const uint8_t *octets, size_t length, struct text *text);

#endif
