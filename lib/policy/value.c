/* SPDX-License-Identifier: BSD-2-Clause */
/* value.c - reading a node into a typed place, and saying what was expected */
#include "policy/value.h"

#include <stdlib.h>

#define EXPECTED_SIZE 512

static void add_words(struct text *text, const struct word *words)
{
    if (words[1].name != NULL)
        text_add(text, "one of ");
    for (size_t i = 0; words[i].name != NULL; i++)
        text_addf(text, "%s%s", i > 0 ? ", " : "", words[i].name);
}

void value_expected(const struct value *value, struct text *text)
{
    if (value->type->expected != NULL)
        text_add(text, value->type->expected);
    if (value->words != NULL)
        add_words(text, value->words);
    if (value->type->is_list && value->most != NULL)
        text_addf(text, ", at most %s", value->most);
    else if (value->least != NULL && value->most != NULL)
        text_addf(text, ", from %s to %s", value->least, value->most);
}

static void note_wrong(struct reading *reading, const struct value *value,
                       const char *key, const struct node *node)
{
    char buffer[EXPECTED_SIZE];
    struct text expected;

    text_begin(&expected, buffer, sizeof(buffer));
    value_expected(value, &expected);
    if (node->kind == NODE_LIST)
        reading_error(reading, node->at, "`%s` is a list, expected %s", key,
                      buffer);
    else if (node->kind == NODE_MAP)
        reading_error(reading, node->at, "`%s` is a map, expected %s", key,
                      buffer);
    else if (node_is_empty(node))
        reading_error(reading, node->at, "`%s` has no value, expected %s", key,
                      buffer);
    else
        reading_error(reading, node->at, "`%s` is `%.80s`, expected %s", key,
                      node->text, buffer);
}

static void read_one(struct reading *reading, const struct value *value,
                     const char *key, const struct node *node, void *place)
{
    enum taken taken = TAKEN_NOT;

    if (node->kind == NODE_SCALAR && !node_is_empty(node))
        taken = value->type->take(value, node->text, place);
    if (taken == TAKEN_NOT)
        note_wrong(reading, value, key, node);
    else if (taken == TAKEN_NO_MEMORY)
        reading_no_memory(reading);
}

static void read_list(struct reading *reading, const struct value *value,
                      const char *key, const struct node *node, void *place)
{
    if (node->kind != NODE_LIST) {
        note_wrong(reading, value, key, node);
        return;
    }
    value->type->clear(place);
    for (const struct node *child = node->first; child != NULL;
         child = child->next)
        read_one(reading, value, key, child, place);

    size_t least = value->least != NULL ? strtoul(value->least, NULL, 10) : 0;
    size_t most =
        value->most != NULL ? strtoul(value->most, NULL, 10) : SIZE_MAX;
    if (node->count < least)
        reading_error(reading, node->at,
                      "`%s` is an empty list, expected at "
                      "least %s element",
                      key, value->least);
    if (node->count > most)
        reading_error(reading, node->at,
                      "`%s` has %zu elements, expected at "
                      "most %s",
                      key, node->count, value->most);
}

void value_read(struct reading *reading, const struct value *value,
                const char *key, const struct node *node, void *place)
{
    if (value->type->is_list)
        read_list(reading, value, key, node, place);
    else
        read_one(reading, value, key, node, place);
}
