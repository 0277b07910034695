/* SPDX-License-Identifier: BSD-2-Clause */
/* exception.c - who is excepted, and from what */
#include "policy/exception.h"

#include "policy/checks.h"
#include "policy/keys.h"
#include "policy/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const conditions[] = {"clients", "authenticated", "helo",
                                         "senders", "recipients",    NULL};

static bool set_name(struct exception *exception, size_t number)
{
    char name[32];

    if (exception->name != NULL)
        return true;
    snprintf(name, sizeof(name), "exception %zu", number);
    exception->name = strdup(name);
    return exception->name != NULL;
}

static bool has_condition(const struct node *map)
{
    for (size_t i = 0; conditions[i] != NULL; i++)
        if (node_find(map, conditions[i]) != NULL)
            return true;
    return false;
}

static void check_entry(struct reading *reading, const struct node *map)
{
    const struct node *deed = node_find(map, "do");
    const struct node *policy = node_find(map, "policy");

    if (!has_condition(map))
        reading_error(reading, map->at,
                      "an exception without condition, expected clients, "
                      "authenticated, helo, senders or recipients; everybody "
                      "is clients: [0.0.0.0/0, \"::/0\"]");
    if (deed == NULL && policy == NULL)
        reading_error(reading, map->at,
                      "an exception without consequence, expected do: accept "
                      "or a policy");
    if (deed != NULL && policy != NULL)
        reading_error(reading, policy->key_at,
                      "`policy` beside `do` in line %zu, expected one of them",
                      deed->key_at.line);
}

static void read_changes(struct reading *reading, const struct node *map,
                         struct rules *rules)
{
    const struct key_places places = {{[KEY_OF_RULES] = rules}};

    keys_read(reading, map, "policy", &places);
    checks_read(reading, map, &places);
}

static void read_entry(struct reading *reading, const struct node *map,
                       const struct rules *base, struct exception *exception)
{
    const struct key_places places = {{[KEY_OF_EXCEPTION] = exception}};

    keys_read(reading, map, "exceptions", &places);
    check_entry(reading, map);
    if (!rules_copy(&exception->rules, base)) {
        reading_no_memory(reading);
        return;
    }
    const struct node *policy = node_find(map, "policy");
    if (policy != NULL)
        read_changes(reading, policy, &exception->rules);
}

void exceptions_read(struct reading *reading, const struct node *list,
                     struct policy *policy)
{
    if (node_is_empty(list) || (list->kind == NODE_LIST && list->count == 0))
        return;
    if (list->kind != NODE_LIST) {
        reading_error(reading, list->at,
                      "`exceptions` is a %s, expected a list of maps",
                      list->kind == NODE_MAP ? "map" : "single value");
        return;
    }
    policy->exceptions = calloc(list->count, sizeof(*policy->exceptions));
    if (policy->exceptions == NULL) {
        reading_no_memory(reading);
        return;
    }
    for (const struct node *child = list->first; child != NULL;
         child = child->next) {
        struct exception *exception =
            &policy->exceptions[policy->exception_count++];
        if (child->kind == NODE_MAP)
            read_entry(reading, child, &policy->rules, exception);
        else
            reading_error(reading, child->at,
                          "an entry of `exceptions` is a %s, expected a map "
                          "such as {clients: [192.0.2.1], do: accept}",
                          child->kind == NODE_LIST ? "list" : "single value");
        if (!set_name(exception, policy->exception_count))
            reading_no_memory(reading);
    }
}

void exceptions_clear(struct policy *policy)
{
    for (size_t i = 0; i < policy->exception_count; i++) {
        struct exception *exception = &policy->exceptions[i];
        const struct key_places places = {{[KEY_OF_EXCEPTION] = exception}};
        keys_clear(&places);
        rules_clear(&exception->rules);
    }
    free(policy->exceptions);
    policy->exceptions = NULL;
    policy->exception_count = 0;
}

static bool any_matches(const struct patterns *patterns, const char *text)
{
    if (text == NULL)
        return false;
    for (size_t i = 0; i < patterns->count; i++)
        if (pattern_matches(patterns->at[i], text))
            return true;
    return false;
}

/* A bare local part is at every domain of ours: `postmaster@*` spans it. */
static bool any_path_matches(const struct patterns *patterns, const char *path)
{
    char at_somewhere[MAILPATH_SIZE + 1];

    if (any_matches(patterns, path))
        return true;
    if (path == NULL || *path == '\0' || strchr(path, '@') != NULL)
        return false;
    snprintf(at_somewhere, sizeof(at_somewhere), "%s@", path);
    return any_matches(patterns, at_somewhere);
}

static bool holds(const struct exception *exception,
                  const struct encounter *encounter)
{
    if (exception->clients.count > 0 &&
        (encounter->client == NULL ||
         !networks_have(&exception->clients, encounter->client)))
        return false;
    if (exception->for_authenticated && !encounter->authenticated)
        return false;
    if (exception->helo.count > 0 &&
        !any_matches(&exception->helo, encounter->helo))
        return false;
    if (exception->senders.count > 0 &&
        !any_path_matches(&exception->senders, encounter->sender))
        return false;
    return exception->recipients.count == 0 ||
           any_path_matches(&exception->recipients, encounter->recipient);
}

const struct exception *policy_exception(const struct policy *policy,
                                         const struct encounter *encounter)
{
    for (size_t i = 0; i < policy->exception_count; i++)
        if (holds(&policy->exceptions[i], encounter))
            return &policy->exceptions[i];
    return NULL;
}

static bool is_by_clients_alone(const struct exception *exception)
{
    return exception->clients.count > 0 && !exception->for_authenticated &&
           exception->helo.count == 0 && exception->senders.count == 0 &&
           exception->recipients.count == 0;
}

bool policy_accepts_client(const struct policy *policy,
                           const struct address *client)
{
    for (size_t i = 0; i < policy->exception_count; i++) {
        const struct exception *exception = &policy->exceptions[i];
        if (exception->accept && is_by_clients_alone(exception) &&
            networks_have(&exception->clients, client))
            return true;
    }
    return false;
}
