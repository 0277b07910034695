/* SPDX-License-Identifier: BSD-2-Clause */
/* verdict.c - the strongest action, the first check with it, and whether what
 * is still open can change either */
#include "policy/verdict.h"

#define REMEMBERED_S UINT32_C(604800) /* past its time an action is kept 7 d */

/* What an action has come to: itself, or what follows when its soft time is
 * over. */
static const struct action *due(const struct action *action, instant first,
                                instant now)
{
    if (action->then == NULL || first == INSTANT_NEVER)
        return action;
    return now < instant_after_s(first, action->soft_s) ? action : action->then;
}

/* One verdict's question, handed down together. */
struct inquiry {
    const struct rules *rules;
    const struct first_sights *sights;
    instant now;
};

static const struct action *action_for(const struct inquiry *inquiry,
                                       enum check check, struct finding finding)
{
    return due(rules_action(inquiry->rules, check, finding),
               inquiry->sights->of[check], inquiry->now);
}

static struct verdict make(const struct inquiry *inquiry,
                           const struct findings *findings)
{
    struct verdict verdict = {.kind = ACTION_CONTINUE};

    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        struct finding finding = findings->of[i];
        if (finding.result == RESULT_OPEN)
            continue;
        const struct action *how = action_for(inquiry, (enum check)i, finding);
        if (how->kind <= verdict.kind)
            continue;
        verdict = (struct verdict){.kind = how->kind,
                                   .check = (enum check)i,
                                   .finding = finding,
                                   .how = how};
    }
    return verdict;
}

struct verdict verdict_make(const struct rules *rules,
                            const struct findings *findings,
                            const struct first_sights *sights, instant now)
{
    struct inquiry inquiry = {rules, sights, now};

    return make(&inquiry, findings);
}

/* True when the result comes with a reason of its own whenever it comes:
 * in-progress alone is no such reason, for it says that nothing came. */
static bool always_has_reason(enum check check, enum result result)
{
    for (unsigned i = REASON_NONE + 1; i <= REASON_INTERNAL; i++) {
        enum reason reason = (enum reason)i;
        if (reason != REASON_IN_PROGRESS &&
            check_can_result(check, result, reason))
            return true;
    }
    return false;
}

static bool can_come(enum check check, struct finding finding)
{
    if (!check_can_result(check, finding.result, finding.reason))
        return false;
    return finding.reason != REASON_NONE ||
           !always_has_reason(check, finding.result);
}

/* The strongest action that a check can come to while its finding is open. */
static enum action_kind strongest_of(const struct inquiry *inquiry,
                                     enum check check)
{
    enum action_kind strongest = ACTION_CONTINUE;

    for (unsigned i = RESULT_PASS; i <= RESULT_NONE; i++) {
        for (unsigned j = REASON_NONE; j <= REASON_INTERNAL; j++) {
            struct finding finding = {(enum result)i, (enum reason)j};
            if (!can_come(check, finding))
                continue;
            enum action_kind kind = action_for(inquiry, check, finding)->kind;
            if (kind > strongest)
                strongest = kind;
        }
    }
    return strongest;
}

/* True when the check could take the verdict's place, by a stronger action or
 * by an equal one with a reply, which is that of the first check; or when its
 * finding would stand in the tag beside the others. */
static bool can_change(const struct inquiry *inquiry, enum check check,
                       const struct verdict *verdict)
{
    enum action_kind strongest = strongest_of(inquiry, check);

    if (strongest != verdict->kind)
        return strongest > verdict->kind;
    return strongest == ACTION_TAG ||
           (strongest >= ACTION_TEMPFAIL && check < verdict->check);
}

bool verdict_is_settled(const struct rules *rules,
                        const struct findings *findings,
                        const struct first_sights *sights, instant now)
{
    struct inquiry inquiry = {rules, sights, now};
    struct verdict verdict = make(&inquiry, findings);

    for (unsigned i = 0; i < CHECK_COUNT; i++)
        if (findings->of[i].result == RESULT_OPEN &&
            can_change(&inquiry, (enum check)i, &verdict))
            return false;
    return true;
}

enum action_kind verdict_strongest(const struct rules *rules,
                                   const struct findings *findings,
                                   const struct first_sights *sights,
                                   instant now)
{
    struct inquiry inquiry = {rules, sights, now};
    enum action_kind strongest = make(&inquiry, findings).kind;

    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        if (findings->of[i].result != RESULT_OPEN)
            continue;
        enum action_kind kind = strongest_of(&inquiry, (enum check)i);
        if (kind > strongest)
            strongest = kind;
    }
    return strongest;
}

bool rules_are_soft(const struct rules *rules, enum check check)
{
    if (!rules->checks[check].run)
        return false;
    for (size_t i = 0; i < rules->checks[check].count; i++)
        if (rules->checks[check].rules[i].action.then != NULL)
            return true;
    return false;
}

uint32_t rules_keep_s(const struct rules *rules, enum check check,
                      struct finding finding)
{
    const struct action *action = rules_action(rules, check, finding);

    return action->then != NULL ? action->soft_s + REMEMBERED_S : 0;
}
