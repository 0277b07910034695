/* SPDX-License-Identifier: BSD-2-Clause */
/* zone.h - DNS lists (RFC 5782): which the policy names, what one is asked, and
 * what its answer says */
#ifndef CHECK_ZONE_H
#define CHECK_ZONE_H

#include "base/address.h"
#include "base/name.h"
#include "base/text.h"
#include "dns/answer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Lists that a policy may name, and ranges of answers of one of them. */
#define ZONES_MOST       16
#define ZONE_RANGES_MOST 16

enum zone_kind { ZONE_DENY, ZONE_ALLOW };

/** What is looked up in it. */
enum zone_of {
    ZONE_OF_CLIENT,  /* the client's address */
    ZONE_OF_HELO,    /* the HELO name */
    ZONE_OF_SENDER,  /* the sender's domain */
    ZONE_OF_REVERSE, /* the client's reverse name */
};

/** IPv4 addresses as numbers, both ends belonging to it. */
struct zone_range {
    uint32_t first, last;
};

struct zone_answers {
    size_t count; /* 0: every answer but 127.0.0.1 is a listing */
    struct zone_range range[ZONE_RANGES_MOST];
};

struct zone {
    char name[NAME_SIZE]; /* canonical */
    enum zone_kind kind;
    enum zone_of of;
    uint32_t weight; /* of a listing, beside the score that is needed */
    unsigned exempt; /* ZONE_ALLOW: the checks it frees from, a bit for each of
                        enum check */
    struct zone_answers answers;
};

/** Those of a policy, in the file's order. */
struct zones {
    size_t count;
    struct zone *at;
};

/** What one list says of one subject. Answers are NULL while they are not
 * known, and of a list that is not asked at present, LISTING_ABSENT. */
struct listing {
    enum { LISTING_NEW, LISTING_WAITED, LISTING_TOLD, LISTING_ABSENT } state;
    const struct dns_answer *a;
    const struct dns_answer *txt; /* asked for only when `a` is a listing */
};

/** What an answer of a list means. */
enum zone_word {
    ZONE_OPEN, /* it is not known yet */
    ZONE_NOT_LISTED,
    ZONE_LISTED,
    ZONE_BROKEN, /* a temperror, or it answered by an error code */
};
enum zone_word zone_word(const struct zone *zone, const struct dns_answer *a);

/** The answer that lists the subject, or the one that is an error code; NULL:
 * there is none. */
const struct address *zone_listing(const struct zone *zone,
                                   const struct dns_answer *a);
const struct address *zone_error(const struct dns_answer *a);

/** "the list does not answer to public resolvers" ...: what an error code
 * means; operators have agreed on those in 127.255.255.0/24. */
const char *zone_error_text(const struct address *error);

/** The name to look up for an address (RFC 5782 2.1, 2.4): octets, or of an
 * IPv6 address nibbles, in reverse.
 * @return false: both together are too long for a name */
bool zone_address_question(const struct zone *zone,
                           const struct address *address,
                           char question[NAME_SIZE]);

/** The same for a name (RFC 5782 2.3). */
bool zone_name_question(const struct zone *zone, const char *name,
                        char question[NAME_SIZE]);

/** Read "127.0.0.2", "127.0.0.2-127.0.0.11" or "127.0.0.0/24"; nothing outside
 * 127.0.0.0/8, where all listings are (RFC 5782 2.1). */
bool zone_range_parse(struct zone_range *range, struct span text);

#endif
