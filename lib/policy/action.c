/* SPDX-License-Identifier: BSD-2-Clause */
/* action.c - actions from the policy file, and what their parts agree in */
#include "policy/action.h"

#include "policy/keys.h"
#include "policy/nearest.h"
#include "policy/reply.h"
#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

#define ACTIONS                                                      \
 "continue, tag, tempfail, reject, {do: ACTION, ...} or {tempfail: " \
 "TIME, then: ACTION}"
#define ANSWERS      "continue, tempfail, reject or {do: ACTION, ...}"
#define WORD_MOST    60
#define IMPOSTOR     "1.1" /* of X.1.1: no such recipient */
#define HUNDREDS(of) ((of) / 100)

static bool kind_from_name(const char *name, enum action_kind *kind)
{
    for (unsigned i = ACTION_CONTINUE; i <= ACTION_REJECT; i++) {
        if (strcmp(name, action_name((enum action_kind)i)) == 0) {
            *kind = (enum action_kind)i;
            return true;
        }
    }
    return false;
}

static void note_unknown_word(struct reading *reading, struct mark at,
                              const char *word)
{
    struct nearest nearest;
    size_t i = 0;

    nearest_begin(&nearest, word);
    for (const char *known = reply_word(i); known != NULL;
         known = reply_word(++i))
        nearest_offer(&nearest, known);
    const char *best = nearest_found(&nearest);
    if (best != NULL)
        reading_error(reading, at, "unknown `%%{%s}`, did you mean `%%{%s}`?",
                      word, best);
    else
        reading_error(reading, at,
                      "unknown `%%{%s}`, expected %%{client}, %%{reverse}, "
                      "%%{helo}, %%{sender}, %%{recipient}, %%{reason}, "
                      "%%{detail} or %%{id}",
                      word);
}

static bool is_reply_word(const char *word)
{
    size_t i = 0;

    for (const char *known = reply_word(i); known != NULL;
         known = reply_word(++i))
        if (strcmp(known, word) == 0)
            return true;
    return false;
}

static void check_text(struct reading *reading, const struct node *node)
{
    const char *at = node->text;

    while ((at = strstr(at, "%{")) != NULL) {
        char word[WORD_MOST];
        size_t length = strcspn(at + 2, "}\n");
        if (at[2 + length] != '}' || length >= sizeof(word)) {
            reading_error(reading, node->at,
                          "`%.40s` has no end, expected %%{WORD}", at);
            return;
        }
        memcpy(word, at + 2, length);
        word[length] = '\0';
        if (!is_reply_word(word))
            note_unknown_word(reading, node->at, word);
        at += 2 + length;
    }
}

/* What a code and a status of this action begin with. */
static int class_of(enum action_kind kind)
{
    return kind == ACTION_REJECT ? 5 : 4;
}

static void check_classes(struct reading *reading, const struct node *map,
                          const struct action *action)
{
    const struct node *code = node_find(map, "code");
    const struct node *status = node_find(map, "status");
    int class = class_of(action->kind);

    if (action->code != 0 && HUNDREDS(action->code) != class)
        reading_error(reading, code->at,
                      "`code` is %d beside `do: %s`, expected %dxx",
                      action->code, action_name(action->kind), class);
    if (action->status[0] == '\0')
        return;
    if (action->status[0] - '0' != class)
        reading_error(reading, status->at,
                      "`status` is %s beside `do: %s`, expected %d.x.x",
                      action->status, action_name(action->kind), class);
    if (strcmp(action->status + 2, IMPOSTOR) == 0)
        reading_warning(reading, status->at,
                        "`status` %s says that the recipient does not exist: "
                        "some senders then drop him from their lists",
                        action->status);
}

static void refuse_keys(struct reading *reading, const struct node *map,
                        const char *const *keys, const char *why)
{
    for (; *keys != NULL; keys++) {
        const struct node *child = node_find(map, *keys);
        if (child != NULL)
            reading_error(reading, child->key_at, "`%s` %s", *keys, why);
    }
}

static void check_deed(struct reading *reading, const struct node *map,
                       const struct action *action)
{
    static const char *const of_a_reply[] = {"code", "status", "text", NULL};

    const struct node *deed = node_find(map, "do");
    enum action_kind kind;

    if (deed == NULL) {
        reading_error(reading, map->at,
                      "an action without `do`, expected do: ACTION or "
                      "tempfail: TIME, then: ACTION");
        return;
    }
    if (deed->kind != NODE_SCALAR || !kind_from_name(deed->text, &kind))
        return; /* said already */
    if (kind < ACTION_TEMPFAIL)
        refuse_keys(reading, map, of_a_reply,
                    "where no reply is given, expected it beside do: tempfail "
                    "or do: reject");
    else
        check_classes(reading, map, action);
    const struct node *text = node_find(map, "text");
    if (text != NULL && text->kind == NODE_SCALAR)
        check_text(reading, text);
}

static bool waits(const struct node *map)
{
    return node_find(map, "tempfail") != NULL || node_find(map, "then") != NULL;
}

static void read_keys(struct reading *reading, const struct node *map,
                      struct action *action)
{
    const struct key_places places = {{[KEY_OF_ACTION] = action}};

    keys_read(reading, map, "", &places);
}

/* A word, or a map with `do`; `expected` is what could stand there. */
static void read_deed(struct reading *reading, const char *key,
                      const struct node *node, const char *expected,
                      struct action *action)
{
    if (node->kind == NODE_MAP) {
        read_keys(reading, node, action);
        check_deed(reading, node, action);
        return;
    }
    if (node->kind == NODE_SCALAR && kind_from_name(node->text, &action->kind))
        return;
    const char *is = node->kind == NODE_LIST ? "a list"
                     : node_is_empty(node)   ? "empty"
                                             : node->text;
    reading_error(reading, node->at, "`%s` is %.60s, expected %s", key, is,
                  expected);
}

static void read_then(struct reading *reading, const struct node *then,
                      struct action *action)
{
    if (then->kind == NODE_MAP && waits(then)) {
        reading_error(reading, then->at,
                      "`then` waits once more, expected an action that does "
                      "not");
        return;
    }
    action->then = calloc(1, sizeof(*action->then));
    if (action->then == NULL)
        reading_no_memory(reading);
    else
        read_deed(reading, "then", then, ACTIONS, action->then);
}

/* A map with `tempfail` and `then`. */
static void read_waiting(struct reading *reading, const struct node *map,
                         struct action *action)
{
    static const char *const of_a_deed[] = {"do", "code", "status", "text",
                                            NULL};
    const struct node *then = node_find(map, "then");
    const struct node *tempfail = node_find(map, "tempfail");

    read_keys(reading, map, action);
    refuse_keys(reading, map, of_a_deed,
                "beside `tempfail`, expected it in the action of `then`");
    action->kind = ACTION_TEMPFAIL;
    if (tempfail == NULL)
        reading_error(reading, then->key_at,
                      "`then` without `tempfail`, expected tempfail: TIME "
                      "before it");
    else if (then == NULL)
        reading_error(reading, tempfail->key_at,
                      "`tempfail` without `then`, expected then: ACTION after "
                      "it");
    else
        read_then(reading, then, action);
}

void action_read(struct reading *reading, const char *key,
                 const struct node *node, struct action *action)
{
    if (node->kind == NODE_MAP && waits(node))
        read_waiting(reading, node, action);
    else
        read_deed(reading, key, node, ACTIONS, action);
}

void action_read_answer(struct reading *reading, const char *key,
                        const struct node *node, struct action *action)
{
    if (node->kind == NODE_MAP && waits(node)) {
        reading_error(reading, node->at, "`%s` waits, expected " ANSWERS, key);
        return;
    }
    read_deed(reading, key, node, ANSWERS, action);
    if (action->kind != ACTION_CONTINUE && action->kind < ACTION_TEMPFAIL)
        reading_error(reading, node->at, "`%s` is %s, expected " ANSWERS, key,
                      action_name(action->kind));
}
