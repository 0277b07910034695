/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.h - reading `policy:`: which checks are run, how, and what follows
 * from their results */
#ifndef POLICY_CHECKS_H
#define POLICY_CHECKS_H

#include "policy/keys.h"
#include "policy/policy.h"
#include "policy/tree.h"

/** Let what the map's checks name change the rules in `places`; all that it
 * does not name stays. Other keys of the map are not looked at. */
void checks_read(struct reading *reading, const struct node *map,
                 const struct key_places *places);

#endif
