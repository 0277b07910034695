/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.h - the one table of all keys of the policy file: type, default, range
 * and place; from it the file is read, defaults are set, and what is owned is
 * given back */
#ifndef POLICY_KEYS_H
#define POLICY_KEYS_H

#include "policy/policy.h"
#include "policy/tree.h"
#include "policy/value.h"

#include <stdbool.h>
#include <stddef.h>

/** Which structure holds a key's value, and so where the key may stand. */
enum key_scope {
    KEY_OF_POLICY,    /* the file, once */
    KEY_OF_RULES,     /* `policy:` of the file, and of an exception */
    KEY_OF_EXCEPTION, /* an entry of `exceptions:` */
    KEY_OF_ACTION,    /* an action that is a map */
    KEY_OF_ZONE       /* an entry of `policy.dnsbl.zones:` */
};
#define KEY_SCOPES 5

struct key {
    const char *path; /* with dots: "callout.timeout.connect" */
    enum key_scope scope;
    size_t place;         /* offset in the scope's structure */
    struct value value;   /* no type: it is read by code of its own */
    const char *standard; /* the default as the file would have it; NULL: none,
                             or found out from the host */
};

/** Where values go; NULL: keys of that scope are not known here. */
struct key_places {
    void *of[KEY_SCOPES];
};

/**
 * Read the children of `map` (a map, or empty), whose path is `path` ("" at the
 * top). Keys without type are left alone; keys that the table does not have
 * are noted, with the nearest known one.
 */
void keys_read(struct reading *reading, const struct node *map,
               const char *path, const struct key_places *places);

/** The row for the child `name` of `path` in these scopes, or NULL. */
const struct key *keys_find(const char *path, const char *name,
                            const struct key_places *places);

/** True when there is such a key in whatever scope. */
bool keys_are_anywhere(const char *path, const char *name);

/** Read one child by its row. */
void keys_read_one(struct reading *reading, const struct key *key,
                   const struct node *node, const struct key_places *places);

/** Offer the names of all keys directly under `path`. */
struct nearest;
void keys_offer(struct nearest *nearest, const char *path,
                const struct key_places *places);

/** Put every default into its place, which holds nothing yet. False: memory
 * ended. */
bool keys_set_defaults(const struct key_places *places);

/** Give back what the values own. */
void keys_clear(const struct key_places *places);

/** The row at `index`, NULL past the last: for whoever writes all of them
 * down. */
const struct key *keys_at(size_t index);

#endif
