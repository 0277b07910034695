/* SPDX-License-Identifier: BSD-2-Clause */
/* world.h - the domains that mail comes from, their mail exchangers, and what
 * these have seen of us
 *
 * What is assumed of the real one, which nobody has counted, stands at the top
 * of world.c and of traffic.c. */
#ifndef DAY_WORLD_H
#define DAY_WORLD_H

#include "base/address.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of a host that takes connections, or does not. */
enum host_door { HOST_OPEN, HOST_REFUSES, HOST_IS_DEAD };

/** A mail exchanger: one machine, whatever addresses it has. */
struct host {
    enum host_door door;
    bool has_v6, tls, tls_broken, greylists, refuses_bounces;
    bool shuns;                /* has shut us out before it ever met us */
    uint32_t turn_ms;          /* from a command to its reply */
    uint32_t greeting_ms;      /* from the connection to the greeting */
    uint32_t calls_a_minute;   /* it takes from one client; 0: any number */
    uint32_t refusals_an_hour; /* after which it shuts us out; 0: never */
    uint32_t shut_s;           /* for so long */

    /* What it has seen of us. */
    int64_t minute, hour; /* that it is counting */
    uint32_t calls_in_minute, most_in_minute, calls;
    uint32_t in_vain; /* calls that it would not talk to */
    uint32_t refusals_in_hour;
    uint32_t greylisted_well; /* recipients that came again in time */
    bool shut_out;
    instant shut_until;
};

struct domain {
    uint32_t first_host; /* its exchangers, all of one preference */
    uint32_t hosts;
    uint32_t people; /* mailboxes that write to us: user0, user1 ... */
    bool takes_anything;
};

struct world;

/** The same number, the same world. It ends the program where memory ends. */
struct world *world_new(uint32_t domains);

/** The domain at an index. It goes by the name "d" INDEX ".example". */
const struct domain *world_domain(const struct world *world, uint32_t index);

/** Whether there is such a mailbox. The domain is one of the world's. */
bool world_has_mailbox(const struct world *world, const char *local,
                       const char *domain);

struct host *world_host(struct world *world, const struct address *address);

/** The addresses of the host at an index. False: it has none of IPv6. */
struct address world_v4(uint32_t host);
bool world_v6(const struct world *world, uint32_t host,
              struct address *address);

/** Whether a greylisting host puts off this recipient now. */
bool world_puts_off(struct world *world, struct host *host,
                    const char *recipient, instant now);

/** What all hosts have seen. */
struct world_tally {
    uint64_t calls;
    uint64_t in_vain; /* of them, to hosts that did not answer or had enough */
    uint32_t most_in_minute, most_in_day; /* by one host */
    uint32_t shut_out;                    /* hosts that shut us out */
};

struct world_tally world_tally(const struct world *world);

/** *world becomes NULL. */
void world_free(struct world **world);

#endif
