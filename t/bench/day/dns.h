/* SPDX-License-Identifier: BSD-2-Clause */
/* dns.h - what DNS says of the world's domains, as the facts that the checks
 * read */
#ifndef DAY_DNS_H
#define DAY_DNS_H

#include "check/facts.h"
#include "world.h"

/** The facts of one message, and the answers that they point to; it must not
 * be moved. */
struct lookups {
    struct facts facts;
    struct dns_answer mx;
    struct dns_exchanger exchangers[CALLOUT_HOSTS_MOST];
    struct {
        struct dns_answer v4, v6;
        struct address v4_address, v6_address;
    } hosts[CALLOUT_HOSTS_MOST];
};

/** Fill in all that concerns a sender.
 * @param site  borrowed by the facts
 * @param path  of a domain of the world's
 * @param seed  for the order of the exchangers */
void dns_look_up(struct lookups *lookups, const struct world *world,
                 const struct site *site, const struct mailpath *path,
                 uint32_t domain, uint32_t seed);

#endif
