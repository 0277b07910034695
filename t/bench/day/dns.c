/* SPDX-License-Identifier: BSD-2-Clause */
/* dns.c - answers made from the world's tables */
#include "dns.h"

#include <stdio.h>

/* The exchanger at `i` of those found, whose host is the one of that number. */
static void put_host(struct lookups *lookups, const struct world *world,
                     uint16_t i, uint32_t number)
{
    struct dns_exchanger *exchanger = &lookups->exchangers[i];
    struct address *v4 = &lookups->hosts[i].v4_address;
    struct address *v6 = &lookups->hosts[i].v6_address;
    (void)snprintf(exchanger->host, sizeof(exchanger->host), "mx%u.example",
                   (unsigned)number);
    *v4 = world_v4(number);
    bool has_v6 = world_v6(world, number, v6);
    lookups->hosts[i].v4 =
        (struct dns_answer){.status = DNS_FOUND, .count = 1, .addresses = v4};
    lookups->hosts[i].v6 =
        (struct dns_answer){.status = has_v6 ? DNS_FOUND : DNS_NODATA,
                            .count = has_v6,
                            .addresses = v6};
}

void dns_look_up(struct lookups *lookups, const struct world *world,
                 const struct site *site, const struct mailpath *path,
                 uint32_t domain, uint32_t seed)
{
    const struct domain *of = world_domain(world, domain);
    struct sender_facts *sender = &lookups->facts.sender;
    lookups->mx = (struct dns_answer){.status = DNS_FOUND,
                                      .exchangers = lookups->exchangers};
    while (lookups->mx.count < of->hosts) {
        uint16_t i = lookups->mx.count++;
        put_host(lookups, world, i, of->first_host + i);
    }
    lookups->facts = (struct facts){.site = site};
    sender->given = true;
    sender->path = *path;
    sender->mx = &lookups->mx;
    sender_facts_order(sender, seed);
    for (size_t i = 0; i < sender->exchanger_count; i++) {
        struct exchanger_facts *exchanger = &sender->exchangers[i];
        size_t at = 0;
        while (lookups->exchangers[at].host != exchanger->host)
            at++;
        exchanger->a = &lookups->hosts[at].v4;
        exchanger->aaaa = &lookups->hosts[at].v6;
    }
}
