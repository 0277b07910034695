/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.c - the events of libyaml into nodes, refusing what makes libyaml slow
 * or a configuration surprising */
#include "policy/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* One file on its way into a tree. */
struct growth {
    struct reading *reading;
    yaml_parser_t parser;
    struct node *root;
    struct node *open[TREE_DEPTH_MOST]; /* lists and maps not yet closed */
    size_t depth;
    size_t nodes;
    char *key; /* of the next node of the innermost map; NULL: a key is next */
    struct mark key_at;
    bool over;     /* nothing after this can be read */
    bool complete; /* the end was reached */
};

static struct mark mark_of(yaml_mark_t at)
{
    return (struct mark){at.line + 1, at.column + 1};
}

/* A node's children take its place in the row before it goes. */
void tree_free(struct node **root)
{
    struct node *node = *root;

    while (node != NULL) {
        if (node->first != NULL) {
            node->last->next = node->next;
            node->next = node->first;
        }
        struct node *next = node->next;
        free(node->key);
        free(node->text);
        free(node);
        node = next;
    }
    *root = NULL;
}

bool node_is_empty(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->plain && node->text[0] == '\0';
}

const struct node *node_find(const struct node *map, const char *key)
{
    for (const struct node *child = map->first; child != NULL;
         child = child->next)
        if (child->key != NULL && strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

static struct node *innermost(const struct growth *growth)
{
    return growth->depth > 0 ? growth->open[growth->depth - 1] : NULL;
}

static void stop(struct growth *growth)
{
    growth->over = true;
}

static void out_of_memory(struct growth *growth)
{
    reading_no_memory(growth->reading);
    stop(growth);
}

/* Hang a node under the innermost open one, with the key that waits for it. */
static void hang(struct growth *growth, struct node *node)
{
    struct node *parent = innermost(growth);

    node->key = growth->key;
    node->key_at = growth->key_at;
    growth->key = NULL;
    if (parent == NULL) {
        growth->root = node;
        return;
    }
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
}

static bool key_is_next(const struct growth *growth)
{
    const struct node *parent = innermost(growth);

    return parent != NULL && parent->kind == NODE_MAP && growth->key == NULL;
}

static struct node *grow(struct growth *growth, enum node_kind kind,
                         struct mark at)
{
    if (++growth->nodes > TREE_NODES_MOST) {
        reading_error(growth->reading, at,
                      "more than %d values and keys, expected fewer",
                      TREE_NODES_MOST);
        stop(growth);
        return NULL;
    }
    struct node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        out_of_memory(growth);
        return NULL;
    }
    node->kind = kind;
    node->at = at;
    hang(growth, node);
    return node;
}

static void refuse_extras(struct growth *growth, struct mark at,
                          const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        reading_error(growth->reading, at,
                      "an anchor (&%.60s), expected the value alone",
                      (const char *)anchor);
    if (tag != NULL)
        reading_error(growth->reading, at,
                      "a tag (%.60s), expected the value alone",
                      (const char *)tag);
}

/* Keep the key for the node that follows. One that stands already is noted and
 * kept: its value is read, and found second. */
static void take_key(struct growth *growth, const char *text, struct mark at)
{
    const struct node *map = innermost(growth);

    if (map->count == TREE_KEYS_MOST) {
        reading_error(growth->reading, at,
                      "more than %d keys in one map, expected fewer",
                      TREE_KEYS_MOST);
        stop(growth);
        return;
    }
    const struct node *same = node_find(map, text);
    if (same != NULL)
        reading_error(growth->reading, at,
                      "the key `%.60s` stands here again, it stands in line "
                      "%zu already; expected each key once",
                      text, same->key_at.line);
    growth->key = strdup(text);
    growth->key_at = at;
    if (growth->key == NULL)
        out_of_memory(growth);
}

static void take_scalar(struct growth *growth, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    struct mark at = mark_of(event->start_mark);

    refuse_extras(growth, at, event->data.scalar.anchor,
                  event->data.scalar.tag);
    if (memchr(text, '\0', event->data.scalar.length) != NULL)
        reading_error(growth->reading, at,
                      "a NUL in a text, expected printable characters");
    if (key_is_next(growth)) {
        take_key(growth, text, at);
        return;
    }
    struct node *node = grow(growth, NODE_SCALAR, at);
    if (node == NULL)
        return;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = strdup(text);
    if (node->text == NULL)
        out_of_memory(growth);
}

static void open_node(struct growth *growth, enum node_kind kind,
                      struct mark at)
{
    if (key_is_next(growth)) {
        reading_error(growth->reading, at,
                      "a %s as a key, expected a plain word",
                      kind == NODE_LIST ? "list" : "map");
        stop(growth);
        return;
    }
    if (growth->depth == TREE_DEPTH_MOST) {
        reading_error(growth->reading, at,
                      "lists and maps more than %d deep, expected fewer",
                      TREE_DEPTH_MOST);
        stop(growth);
        return;
    }
    struct node *node = grow(growth, kind, at);
    if (node != NULL)
        growth->open[growth->depth++] = node;
}

/* Its key is dropped with it, so that nobody looks for a value there. */
static void take_alias(struct growth *growth, const yaml_event_t *event)
{
    reading_error(growth->reading, mark_of(event->start_mark),
                  "an alias (*%.60s), expected the value itself",
                  (const char *)event->data.alias.anchor);
    if (key_is_next(growth))
        stop(growth);
    free(growth->key);
    growth->key = NULL;
}

static void open_document(struct growth *growth, const yaml_event_t *event)
{
    if (growth->root == NULL)
        return;
    reading_error(growth->reading, mark_of(event->start_mark),
                  "a second document, expected one");
    stop(growth);
}

static void take_event(struct growth *growth, const yaml_event_t *event)
{
    struct mark at = mark_of(event->start_mark);

    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    case YAML_STREAM_END_EVENT:
        growth->complete = true;
        stop(growth);
        break;
    case YAML_DOCUMENT_START_EVENT:
        open_document(growth, event);
        break;
    case YAML_ALIAS_EVENT:
        take_alias(growth, event);
        break;
    case YAML_SCALAR_EVENT:
        take_scalar(growth, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_extras(growth, at, event->data.sequence_start.anchor,
                      event->data.sequence_start.tag);
        open_node(growth, NODE_LIST, at);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_extras(growth, at, event->data.mapping_start.anchor,
                      event->data.mapping_start.tag);
        open_node(growth, NODE_MAP, at);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        growth->depth--;
        break;
    }
}

/* The line and column, in characters, of an octet of UTF-8 text. */
static struct mark mark_at(struct span text, size_t offset)
{
    struct mark at = {1, 1};

    for (size_t i = 0; i < offset && i < text.length; i++) {
        if (text.at[i] == '\n')
            at = (struct mark){at.line + 1, 1};
        else if ((text.at[i] & 0xc0) != 0x80)
            at.column++;
    }
    return at;
}

/* libyaml says where octets are wrong by their number, syntax by a mark, and
 * now and then neither. */
static void note_syntax(struct growth *growth, struct span text)
{
    const yaml_parser_t *parser = &growth->parser;
    struct mark at = mark_of(parser->mark);

    if (parser->error == YAML_MEMORY_ERROR) {
        reading_no_memory(growth->reading);
        return;
    }
    if (parser->error == YAML_READER_ERROR)
        at = mark_at(text, parser->problem_offset);
    else if (parser->problem_mark.index > 0)
        at = mark_of(parser->problem_mark);
    if (parser->context != NULL)
        reading_error(growth->reading, at,
                      "no valid YAML: %s (%s, which begins in line %zu)",
                      parser->problem, parser->context,
                      parser->context_mark.line + 1);
    else
        reading_error(growth->reading, at, "no valid YAML: %s",
                      parser->problem);
}

static void grow_all(struct growth *growth, struct span text)
{
    yaml_parser_set_encoding(&growth->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&growth->parser,
                                 (const unsigned char *)text.at, text.length);
    while (!growth->over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&growth->parser, &event)) {
            note_syntax(growth, text);
            break;
        }
        take_event(growth, &event);
        yaml_event_delete(&event);
    }
    free(growth->key);
}

/* Directives are looked for here because libyaml compares each with all before
 * it. At the start of a line `%` means nothing else outside of quotes. */
static bool has_directive(struct reading *reading, struct span text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] != '%' ||
            (i > 0 && text.at[i - 1] != '\n' && text.at[i - 1] != '\r'))
            continue;
        reading_error(reading, mark_at(text, i),
                      "a directive (a line that begins with %%), expected "
                      "none");
        return true;
    }
    return false;
}

/* What can be told without libyaml: size and encoding. */
static bool is_readable(struct reading *reading, struct span text)
{
    const struct mark whole = {0, 0};

    if (text.length > TREE_OCTETS_MOST) {
        reading_error(reading, whole,
                      "the file is larger than 1 MiB, expected less");
        return false;
    }
    if (text.length >= 2 && (memcmp(text.at, "\xff\xfe", 2) == 0 ||
                             memcmp(text.at, "\xfe\xff", 2) == 0)) {
        reading_error(reading, whole, "the file is UTF-16, expected UTF-8");
        return false;
    }
    const char *nul = memchr(text.at, '\0', text.length);
    if (nul != NULL) {
        reading_error(reading, mark_at(text, (size_t)(nul - text.at)),
                      "a NUL octet, expected text in UTF-8");
        return false;
    }
    return !has_directive(reading, text);
}

struct node *tree_read(struct reading *reading, struct span text)
{
    struct growth growth = {.reading = reading};

    if (text.length >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        text = (struct span){text.at + 3, text.length - 3};
    if (text.length == 0 || !is_readable(reading, text))
        return NULL;
    if (!yaml_parser_initialize(&growth.parser)) {
        reading_no_memory(reading);
        return NULL;
    }
    grow_all(&growth, text);
    yaml_parser_delete(&growth.parser);
    if (!growth.complete)
        tree_free(&growth.root);
    return growth.root;
}
