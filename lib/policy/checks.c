/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.c - the checks of `policy:` with their results and reasons */
#include "policy/checks.h"

#include "policy/action.h"
#include "policy/keys.h"
#include "policy/nearest.h"
#include "policy/rules.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE 96

/* Read `RESULT` or `RESULT/REASON`. False: the check never comes out so. */
static bool finding_read(const char *name, enum check check,
                         struct finding *finding)
{
    size_t length = strcspn(name, "/");
    struct span result = {name, length};

    finding->reason = REASON_NONE;
    if (!result_from_name(&finding->result, result))
        return false;
    if (name[length] == '/' &&
        !reason_from_name(&finding->reason, span_of(name + length + 1)))
        return false;
    return check_can_result(check, finding->result, finding->reason);
}

static void finding_write(char *name, size_t size, struct finding finding)
{
    const char *reason = reason_name(finding.reason);

    snprintf(name, size, "%s%s%s", result_name(finding.result),
             *reason != '\0' ? "/" : "", reason);
}

static void offer_findings(struct nearest *nearest, enum check check)
{
    char name[NEAREST_SIZE];

    for (unsigned i = RESULT_PASS; i <= RESULT_NONE; i++) {
        for (unsigned j = REASON_NONE; j <= REASON_INTERNAL; j++) {
            struct finding finding = {(enum result)i, (enum reason)j};
            if (!check_can_result(check, finding.result, finding.reason))
                continue;
            finding_write(name, sizeof(name), finding);
            nearest_offer(nearest, name);
        }
    }
}

static void note_unknown(struct reading *reading, enum check check,
                         const struct node *node, const char *path,
                         const struct key_places *places)
{
    struct nearest nearest;

    if (keys_are_anywhere(path, node->key)) {
        reading_error(reading, node->key_at,
                      "`%s.%s` is for the file's own policy, not for that of "
                      "an exception",
                      path, node->key);
        return;
    }
    nearest_begin(&nearest, node->key);
    offer_findings(&nearest, check);
    keys_offer(&nearest, path, places);
    const char *best = nearest_found(&nearest);
    if (best != NULL) {
        reading_error(reading, node->key_at,
                      "unknown key `%s.%.60s`, did you mean `%s`?", path,
                      node->key, best);
        return;
    }
    reading_error(reading, node->key_at,
                  "unknown key `%s.%.60s`, expected a result of this check, "
                  "such as pass or fail, or RESULT/REASON",
                  path, node->key);
}

static bool rejects(const struct action *action)
{
    return action->kind == ACTION_REJECT ||
           (action->then != NULL && action->then->kind == ACTION_REJECT);
}

static void read_rule(struct reading *reading, struct rules *rules,
                      enum check check, struct finding finding,
                      const struct node *node)
{
    struct action action = {0};
    char key[PATH_SIZE];

    snprintf(key, sizeof(key), "policy.%s.%s", check_name(check), node->key);
    action_read(reading, key, node, &action);
    if (finding.result == RESULT_TEMPERROR && rejects(&action))
        reading_error(reading, node->at,
                      "`%s` rejects, expected continue, tag or tempfail: "
                      "nothing is refused because DNS, a network or we "
                      "ourselves were broken",
                      key);
    if (!rules_take(rules, check, finding.result, finding.reason, &action))
        reading_no_memory(reading);
}

static void read_check(struct reading *reading, const struct key_places *places,
                       enum check check, const struct node *map)
{
    struct rules *rules = places->of[KEY_OF_RULES];
    struct finding finding;
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "policy.%s", check_name(check));
    for (const struct node *child = map->first; child != NULL;
         child = child->next) {
        const struct key *key = keys_find(path, child->key, places);
        if (key != NULL && key->value.type != NULL)
            keys_read_one(reading, key, child, places);
        else if (key != NULL)
            continue; /* read by code of its own */
        else if (finding_read(child->key, check, &finding))
            read_rule(reading, rules, check, finding, child);
        else
            note_unknown(reading, check, child, path, places);
    }
}

void checks_read(struct reading *reading, const struct node *map,
                 const struct key_places *places)
{
    struct rules *rules = places->of[KEY_OF_RULES];

    for (const struct node *child = map->first; child != NULL;
         child = child->next) {
        enum check check;
        if (!check_from_name(&check, span_of(child->key)))
            continue;
        bool off =
            child->kind == NODE_SCALAR && strcmp(child->text, "off") == 0;
        rules->checks[check].run = !off;
        if (off)
            rules_forget(rules, check);
        else if (child->kind == NODE_MAP)
            read_check(reading, places, check, child);
        else if (!node_is_empty(child))
            reading_error(reading, child->at,
                          "`policy.%s` is a %s, expected off or a map such as "
                          "{fail: reject}",
                          child->key,
                          child->kind == NODE_LIST ? "list" : "single value");
    }
}
