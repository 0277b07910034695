/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.h - what DNS says to one question: a counted, immutable value shared
 * by the cache and by all who asked */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include "base/address.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The record types that are asked for (RFC 1035 3.2.2, RFC 3596). */
enum dns_type {
    DNS_A = 1,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28
};

enum dns_status {
    DNS_FOUND,    /* at least one record of the type */
    DNS_NXDOMAIN, /* the name does not exist (RFC 8020) */
    DNS_NODATA,   /* the name exists, the type does not (RFC 2308 2.2) */
    DNS_TEMPERROR /* nobody could tell: see `trouble` */
};

enum dns_trouble {
    DNS_TROUBLE_NONE,
    DNS_TROUBLE_TIMEOUT, /* no answer within the budget */
    DNS_TROUBLE_SERVFAIL,
    DNS_TROUBLE_REFUSED,    /* REFUSED, or nobody listens there */
    DNS_TROUBLE_MALFORMED,  /* not a DNS answer, or a CNAME loop */
    DNS_TROUBLE_NO_NETWORK, /* no route to any server */
    DNS_TROUBLE_CROWDED,    /* too many others wait for an answer */
    DNS_TROUBLE_INTERNAL    /* our own fault: memory, descriptors */
};

struct dns_exchanger {
    uint16_t preference;
    char host[NAME_SIZE]; /* canonical; empty: the root, a null MX (RFC 7505) */
};

/** What is kept of one TXT record. */
#define DNS_TEXT_MOST 255

/** A TXT record's strings joined (RFC 1035 3.3.14) and cut: outside text, of
 * any octets. */
struct dns_text {
    uint16_t length;
    char octets[DNS_TEXT_MOST];
};

/** Records beyond this are dropped, and `more` says so. */
#define DNS_RECORDS_MOST 100

/**
 * The records are those at the end of the CNAME chain. Exactly one of the four
 * arrays is used, by the type asked; names that are no host names are left out
 * and counted in `unusable`, so DNS_FOUND may come with count 0. But of MX
 * records those follow behind the others, the best last, `host` being what was
 * read, escaped and cut: it is for words alone.
 */
struct dns_answer {
    enum dns_status status;
    enum dns_trouble trouble;
    enum fault fault; /* of DNS_TROUBLE_INTERNAL: what it comes from */
    instant arrived;  /* when a server gave it */
    instant expires;  /* TTL within floors and ceilings; a temperror: at once */
    bool more;
    uint16_t unusable;
    uint16_t count;
    struct address *addresses;        /* A, AAAA */
    struct dns_exchanger *exchangers; /* MX, by preference */
    char (*names)[NAME_SIZE];         /* PTR, canonical */
    struct dns_text *texts;           /* TXT */
    struct dns_answer *self; /* for those who count; NULL in a constant */
};

/** A new answer with `count` zeroed records of the type, held once.
 * @return NULL when memory ends */
struct dns_answer *dns_answer_new(enum dns_type type, enum dns_status status,
                                  size_t count);

/** The answer of nobody: a constant, for which hold and drop do nothing and
 * memory cannot end. */
const struct dns_answer *dns_answer_temperror(enum dns_trouble trouble);

/** The one for our own fault when memory ends, and for any. */
const struct dns_answer *dns_answer_internal(void);
const struct dns_answer *dns_answer_fault(enum fault fault);

/** Hold once more / let go; any thread. Hold returns its argument; drop takes
 * NULL too. */
const struct dns_answer *dns_answer_hold(const struct dns_answer *answer);
void dns_answer_drop(const struct dns_answer *answer);

/** Bytes it occupies, for the cache; 0 for a constant. */
size_t dns_answer_size(const struct dns_answer *answer);

bool dns_answer_has_address(const struct dns_answer *answer,
                            const struct address *address);

/** "time-out", "server failure" ...: for a finding's detail. */
const char *dns_trouble_text(enum dns_trouble trouble);

#endif
