/* SPDX-License-Identifier: BSD-2-Clause */
/* hash.h - a keyed hash (SipHash-2-4) for tables whose keys a stranger may
 * choose: without the hash's key he cannot make them collide */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct hash_key {
    uint64_t low, high;
};

/** Draw a key. False: the system gives no randomness. */
bool hash_key_draw(struct hash_key *key);

/** The hash; all of its bits are equally good. */
uint64_t hash_octets(const struct hash_key *key, struct span octets);

#endif
