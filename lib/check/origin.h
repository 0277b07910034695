/* SPDX-License-Identifier: BSD-2-Clause */
/* origin.h - what exchangers see of our callouts: the address that they leave
 * from and the name that they give; do these lead to each other in DNS?
 *
 * Exchangers check a client as we do, and refuse one that fails. */
#ifndef CHECK_ORIGIN_H
#define CHECK_ORIGIN_H

#include "base/address.h"
#include "base/text.h"
#include "dns/answer.h"

#include <stddef.h>

/** So many addresses of the name are held against their reverse names. */
#define ORIGIN_ADDRESSES_MOST 8

/** One address family's; what is not known yet is NULL. */
struct origin {
    const char *name; /* canonical */
    struct address source;
    const struct dns_answer *forward; /* the name's addresses, this family's */
    /** The PTR records of each origin_address. */
    const struct dns_answer *reverse[ORIGIN_ADDRESSES_MOST];
};

/** Of several parts the last in this list holds for the whole. */
enum origin_state {
    ORIGIN_GOOD,
    ORIGIN_TEMPERROR, /* DNS cannot tell */
    ORIGIN_WRONG,
    ORIGIN_OPEN /* an answer is still to come */
};

/** The addresses whose reverse names matter, one after the other: the source;
 * or, if that is reserved, so that something on the way (NAT) puts a global one
 * in its place, all global ones of the name.
 * @return NULL: there are no more, as far as is known */
const struct address *origin_address(const struct origin *origin, size_t index);

/** Judge, and add what is to be said of it to whoever runs this host: clauses
 * without a full stop. */
enum origin_state origin_judge(const struct origin *origin, struct text *text);

#endif
