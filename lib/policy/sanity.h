/* SPDX-License-Identifier: BSD-2-Clause */
/* sanity.h - keys that are right by themselves and do not go together */
#ifndef POLICY_SANITY_H
#define POLICY_SANITY_H

#include "policy/policy.h"
#include "policy/tree.h"

/** Note a warning for each; `root` says where the keys stand, and may be
 * NULL. */
void sanity_check(struct reading *reading, const struct node *root,
                  const struct policy *policy);

#endif
