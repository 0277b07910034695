/* SPDX-License-Identifier: BSD-2-Clause */
/* zones.h - reading `policy.dnsbl.zones:` */
#ifndef POLICY_ZONES_H
#define POLICY_ZONES_H

#include "policy/policy.h"
#include "policy/tree.h"

/** Read the DNS lists named in the map `policy` into the policy, whose other
 * rules are read already. */
void zones_read(struct reading *reading, const struct node *map,
                struct policy *policy);

void zones_clear(struct zones *zones);

/** What must be known for the lists, of enum need, given what the rules need:
 * nothing when no rule looks at them and none frees from a check. */
unsigned zones_needs(const struct zones *zones, unsigned needs);

#endif
