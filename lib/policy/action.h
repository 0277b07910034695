/* SPDX-License-Identifier: BSD-2-Clause */
/* action.h - reading what is to be done: a word, or a map */
#ifndef POLICY_ACTION_H
#define POLICY_ACTION_H

#include "policy/policy.h"
#include "policy/tree.h"

#include <stdbool.h>

/**
 * Read an action: a word; `{do:, code:, status:, text:}`; or
 * `{tempfail: TIME, then: ACTION}`. What is wrong is noted.
 * @param key     under which name, for what is noted
 * @param action  holds nothing yet; for action_clear afterwards
 */
void action_read(struct reading *reading, const char *key,
                 const struct node *node, struct action *action);

/** As action_read, where nothing can be tagged and there is no first sight to
 * wait from: continue, tempfail or reject. */
void action_read_answer(struct reading *reading, const char *key,
                        const struct node *node, struct action *action);

#endif
