/* SPDX-License-Identifier: BSD-2-Clause */
/* tree.h - a YAML file as a small tree of nodes that know where they stand;
 * only what a configuration needs of YAML, within hard limits */
#ifndef POLICY_TREE_H
#define POLICY_TREE_H

#include "base/text.h"
#include "policy/reading.h"

#include <stdbool.h>
#include <stddef.h>

#define TREE_OCTETS_MOST ((size_t)1024 * 1024)
#define TREE_DEPTH_MOST  16
#define TREE_NODES_MOST  50000
#define TREE_KEYS_MOST   256 /* of one map */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    struct mark at;
    char *key; /* in a map; else NULL */
    struct mark key_at;
    char *text;   /* of a scalar: no NUL inside; UTF-8 */
    bool plain;   /* of a scalar: without quotes */
    size_t count; /* of children */
    struct node *first, *last, *next;
};

/**
 * Read a text. Aliases, anchors, tags, directives, keys that are not scalars,
 * a key that stands twice in a map, a second document, UTF-16, NUL, and
 * whatever is above the limits are errors; the rest of the file is still read
 * where that makes sense. A byte order mark is taken.
 * @return the root, for tree_free; NULL when there is none, or after an error
 *         behind which nothing could be read
 */
struct node *tree_read(struct reading *reading, struct span text);

/** True for a scalar without text and quotes: `key:` with nothing behind. */
bool node_is_empty(const struct node *node);

/** The child under `key`, or NULL. */
const struct node *node_find(const struct node *map, const char *key);

void tree_free(struct node **root);

#endif
