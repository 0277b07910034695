/* SPDX-License-Identifier: BSD-2-Clause */
/* rules.c - the action for a finding, and rules as values */
#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

static const char *const action_names[] = {
    [ACTION_CONTINUE] = "continue",
    [ACTION_TAG] = "tag",
    [ACTION_TEMPFAIL] = "tempfail",
    [ACTION_REJECT] = "reject",
};

static const struct action continues = {.kind = ACTION_CONTINUE};
static const struct action tempfails = {.kind = ACTION_TEMPFAIL};

const char *action_name(enum action_kind kind)
{
    return action_names[kind];
}

static struct rule *find(const struct rules *rules, enum check check,
                         enum result result, enum reason reason)
{
    for (size_t i = 0; i < rules->checks[check].count; i++) {
        struct rule *rule = &rules->checks[check].rules[i];
        if (rule->result == result && rule->reason == reason)
            return rule;
    }
    return NULL;
}

const struct action *rules_action(const struct rules *rules, enum check check,
                                  struct finding finding)
{
    if (!rules->checks[check].run)
        return &continues;
    if (finding.reason == REASON_INTERNAL)
        return rules->internal_error == ACTION_TEMPFAIL ? &tempfails
                                                        : &continues;

    const struct rule *rule =
        find(rules, check, finding.result, finding.reason);
    if (rule == NULL)
        rule = find(rules, check, finding.result, REASON_NONE);
    return rule != NULL ? &rule->action : &continues;
}

void action_clear(struct action *action)
{
    if (action->then != NULL) {
        free(action->then->text); /* it has no `then` of its own */
        free(action->then);
    }
    free(action->text);
    *action = (struct action){0};
}

static bool text_copy(char **to, const char *from)
{
    *to = from != NULL ? strdup(from) : NULL;
    return *to != NULL || from == NULL;
}

static bool action_copy(struct action *to, const struct action *from)
{
    *to = *from;
    to->then = NULL;
    if (!text_copy(&to->text, from->text))
        return false;
    if (from->then == NULL)
        return true;
    to->then = calloc(1, sizeof(*to->then));
    if (to->then == NULL)
        return false;
    *to->then = *from->then;
    return text_copy(&to->then->text, from->then->text);
}

static bool check_copy(struct rules *to, const struct rules *from,
                       enum check check)
{
    size_t count = from->checks[check].count;

    to->checks[check].run = from->checks[check].run;
    if (count == 0)
        return true;
    to->checks[check].rules = calloc(count, sizeof(struct rule));
    if (to->checks[check].rules == NULL)
        return false;
    to->checks[check].count = count;
    for (size_t i = 0; i < count; i++) {
        struct rule *rule = &to->checks[check].rules[i];
        rule->result = from->checks[check].rules[i].result;
        rule->reason = from->checks[check].rules[i].reason;
        if (!action_copy(&rule->action, &from->checks[check].rules[i].action))
            return false;
    }
    return true;
}

bool rules_copy(struct rules *to, const struct rules *from)
{
    *to = (struct rules){.settings = from->settings,
                         .internal_error = from->internal_error};
    for (unsigned check = 0; check < CHECK_COUNT; check++) {
        if (!check_copy(to, from, (enum check)check)) {
            rules_clear(to);
            return false;
        }
    }
    return true;
}

void rules_forget(struct rules *rules, enum check check)
{
    for (size_t i = 0; i < rules->checks[check].count; i++)
        action_clear(&rules->checks[check].rules[i].action);
    free(rules->checks[check].rules);
    rules->checks[check].rules = NULL;
    rules->checks[check].count = 0;
}

void rules_clear(struct rules *rules)
{
    for (unsigned check = 0; check < CHECK_COUNT; check++)
        rules_forget(rules, (enum check)check);
    *rules = (struct rules){0};
}

bool rules_take(struct rules *rules, enum check check, enum result result,
                enum reason reason, struct action *action)
{
    struct rule *rule = find(rules, check, result, reason);

    if (rule != NULL) {
        action_clear(&rule->action);
        rule->action = *action;
        return true;
    }
    size_t count = rules->checks[check].count;
    struct rule *more =
        realloc(rules->checks[check].rules, (count + 1) * sizeof(*more));
    if (more == NULL) {
        action_clear(action);
        return false;
    }
    more[count] =
        (struct rule){.result = result, .reason = reason, .action = *action};
    rules->checks[check].rules = more;
    rules->checks[check].count = count + 1;
    return true;
}

static unsigned needs_of(const struct rules *rules, enum check check)
{
    unsigned needs = 0;

    switch (check) {
    case CHECK_HELO_SYNTAX:
    case CHECK_HELO_IDENTITY:
        break;
    case CHECK_HELO_FORWARD:
        needs = NEED_FORWARD;
        break;
    case CHECK_HELO_MATCH:
        if (rules->settings.match_by & MATCH_ADDRESS)
            needs |= NEED_FORWARD;
        if (rules->settings.match_by & (MATCH_NAME | MATCH_ORGANISATION))
            needs |= NEED_REVERSE;
        break;
    case CHECK_CLIENT_PTR:
        needs = NEED_REVERSE;
        break;
    case CHECK_DNSBL:
        needs = NEED_LISTS;
        break;
    case CHECK_SENDER_DOMAIN:
        needs = NEED_SENDER;
        break;
    case CHECK_CALLOUT:
        needs = NEED_SENDER | NEED_CALLOUT;
        break;
    }
    return needs;
}

/* True when a reply would say the client's reverse name. */
static bool says_reverse(const struct action *action)
{
    for (; action != NULL; action = action->then)
        if (action->text != NULL && strstr(action->text, "%{reverse}") != NULL)
            return true;
    return false;
}

static unsigned needs_of_texts(const struct rules *rules, enum check check)
{
    for (size_t i = 0; i < rules->checks[check].count; i++)
        if (says_reverse(&rules->checks[check].rules[i].action))
            return NEED_REVERSE;
    return 0;
}

unsigned rules_needs(const struct rules *rules)
{
    unsigned needs = 0;

    for (unsigned check = 0; check < CHECK_COUNT; check++)
        if (rules->checks[check].run)
            needs |= needs_of(rules, (enum check)check) |
                     needs_of_texts(rules, (enum check)check);
    return needs;
}

static bool tags(const struct action *action)
{
    return action->kind == ACTION_TAG ||
           (action->then != NULL && action->then->kind == ACTION_TAG);
}

bool rules_can_tag(const struct rules *rules)
{
    for (unsigned check = 0; check < CHECK_COUNT; check++) {
        if (!rules->checks[check].run)
            continue;
        for (size_t i = 0; i < rules->checks[check].count; i++)
            if (tags(&rules->checks[check].rules[i].action))
                return true;
    }
    return false;
}
