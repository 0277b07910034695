/* SPDX-License-Identifier: BSD-2-Clause */
/* verdict.h - what the rules make of the findings; pure */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include "base/clock.h"
#include "policy/policy.h"

#include <stdbool.h>

/** The findings of one message, one a check; checks that are not run are
 * none. */
struct findings {
    struct finding of[CHECK_COUNT];
};

/** When each check's subject was first seen failing, as far as rules are soft;
 * INSTANT_NEVER: this is the first sight. */
struct first_sights {
    instant of[CHECK_COUNT];
};

struct verdict {
    enum action_kind kind;    /* the strongest action there is */
    enum check check;         /* the first check with it; not for continue */
    struct finding finding;   /* of that check */
    const struct action *how; /* belongs to the rules; NULL for continue */
};

/** What the rules make of the findings at `now`, open ones counting as
 * continue. */
struct verdict verdict_make(const struct rules *rules,
                            const struct findings *findings,
                            const struct first_sights *sights, instant now);

/** True when no open finding can change the action, the check whose reply is
 * given, or what a tag has to tell, whatever it turns out to be. */
bool verdict_is_settled(const struct rules *rules,
                        const struct findings *findings,
                        const struct first_sights *sights, instant now);

/** The strongest action that may still come of it: open findings count as the
 * worst that they can turn out to be. */
enum action_kind verdict_strongest(const struct rules *rules,
                                   const struct findings *findings,
                                   const struct first_sights *sights,
                                   instant now);

/** True when an action of this check is soft for a while: its subject's first
 * sight counts. */
bool rules_are_soft(const struct rules *rules, enum check check);

/** How long after the last sight a subject of this finding is to be remembered:
 * TIME + 7 d of its soft action; 0: it has none. */
uint32_t rules_keep_s(const struct rules *rules, enum check check,
                      struct finding finding);

#endif
