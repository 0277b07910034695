/* SPDX-License-Identifier: BSD-2-Clause */
/* route.h - where mail to the sender would go, and whether a callout may go
 * there; private to lib/check
 *
 * Reachable is what is globally routed or listed in `callout.networks`. An
 * address of ours is one of `local.addresses` or of this host. */
#ifndef CHECK_ROUTE_H
#define CHECK_ROUTE_H

#include "check/facts.h"

enum route {
    ROUTE_OPEN,
    ROUTE_REACHABLE,
    ROUTE_OURS, /* one of its reachable addresses is ours */
    ROUTE_NONE, /* it has no reachable address */
    ROUTE_TEMPERROR,
    ROUTE_INTERNAL
};

/** Exchangers of the sender's domain: those of its MX records; without any, the
 * domain itself (RFC 5321 5.1), or the host an address literal names. */
size_t route_count(const struct sender_facts *sender);

/** The one at `index`, below route_count. Its answers are NULL for a
 * literal. */
struct exchanger_facts route_at(const struct sender_facts *sender,
                                size_t index);

/** What is known of the one at `index`. */
enum route route_of(const struct facts *facts, size_t index);

#endif
