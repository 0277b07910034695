/* SPDX-License-Identifier: BSD-2-Clause */
/* cache.h - a map from octets to counted values with lifetimes and a bound in
 * bytes, least recently used out first; spread over shards, a lock for each */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H

#include "base/clock.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct cache;

/** How the cache holds and lets go of the values; both are called under a
 * shard's lock and must not call the cache. */
struct cache_values {
    void (*hold)(void *value);
    void (*drop)(void *value);
};

/**
 * @param bytes   the bound on keys, costs and the cache's own overhead; an
 *                entry can have a sixteenth of it, less some overhead
 * @param values  copied
 * @return NULL when memory ends or the system gives no randomness; the caller
 *         owns it
 */
struct cache *cache_new(size_t bytes, const struct cache_values *values);

/** The value under `key`, held once more for the caller, or NULL: absent, or
 * past its lifetime at `now` (it is then forgotten). Any thread. */
void *cache_get(struct cache *cache, struct span key, instant now);

/**
 * Keep `value` until `expires`, in the place of what stood there. The cache
 * holds it once more; the caller keeps his own hold. Any thread.
 * @param cost  bytes of the value
 * @return false when memory ends or it is larger than a shard may be: then
 *         nothing stands under the key
 */
bool cache_put(struct cache *cache, struct span key, void *value, size_t cost,
               instant expires);

void cache_remove(struct cache *cache, struct span key);

/** Forget all there is. Any thread. */
void cache_clear(struct cache *cache);

/** Entries and their bytes with overhead now, those included that are past
 * their lifetime and that nobody has come across since, for statistics and
 * tests. Any thread. */
size_t cache_count(struct cache *cache);
size_t cache_bytes(struct cache *cache);

/** Drop all; *cache becomes NULL, or is so already. No other thread may be
 * inside. */
void cache_free(struct cache **cache);

#endif
