/* SPDX-License-Identifier: BSD-2-Clause */
/* rules.h - rules as values: copied for exceptions, cleared, and which of them
 * there are */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "policy/policy.h"

#include <stdbool.h>

/** Put a copy of `from` into `to`, which holds nothing yet. False when memory
 * ends: `to` is clear then. */
bool rules_copy(struct rules *to, const struct rules *from);

/** Give back what the rules own; they can be filled again. */
void rules_clear(struct rules *rules);

/**
 * Let this rule stand in the place of the one for the same result and reason,
 * or behind all others of the check.
 * @param action  taken: it belongs to the rules, or is cleared, afterwards
 * @return false when memory ends
 */
bool rules_take(struct rules *rules, enum check check, enum result result,
                enum reason reason, struct action *action);

/** Drop every rule of the check. */
void rules_forget(struct rules *rules, enum check check);

/** What must be known for these rules, of enum need. */
unsigned rules_needs(const struct rules *rules);

/** True when some rule of a check that is run tags. */
bool rules_can_tag(const struct rules *rules);

void action_clear(struct action *action);

#endif
