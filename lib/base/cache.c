/* SPDX-License-Identifier: BSD-2-Clause */
/* cache.c - the sharded map. Each shard is a table of chains, a list by last
 * use and a bound, all under its lock; no thread holds two of these locks. */
#include "base/cache.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A shard's share of the hash is its top bits, a chain's its low ones. */
#define SHARD_BITS 4
#define SHARDS     (1 << SHARD_BITS)

/** What the allocator adds to a block, about. */
#define BLOCK_OVERHEAD 16

/** One chain for so many bytes of the bound, or a few less: a shard full of the
 * smallest entries has about two in each. */
#define BYTES_A_CHAIN 256

/** Nothing's lifetime is over at this instant. */
#define BEFORE_ALL INT64_MIN

struct entry {
    struct entry *next; /* in its chain */
    struct entry *newer, *older;
    uint64_t hash;
    void *value;
    instant expires;
    size_t bytes; /* what it counts against the bound */
    size_t length;
    char key[];
};

struct shard {
    pthread_mutex_t lock; /* guards what follows */
    struct entry **chains;
    struct entry *newest, *oldest;
    size_t count, bytes;
};

struct cache {
    struct cache_values values;
    struct hash_key key;
    size_t bytes_most; /* of a shard's entries */
    size_t chains;     /* of a shard; a power of two */
    size_t shards_made;
    struct shard shards[SHARDS];
};

static size_t count_chains(size_t shard_bytes)
{
    size_t chains = 1;
    while (chains < shard_bytes / BYTES_A_CHAIN)
        chains *= 2;
    return chains;
}

static bool make_shard(struct shard *shard, size_t chains)
{
    shard->chains = calloc(chains, sizeof(*shard->chains));
    if (shard->chains == NULL)
        return false;
    if (pthread_mutex_init(&shard->lock, NULL) == 0)
        return true;
    free(shard->chains);
    return false;
}

struct cache *cache_new(size_t bytes, const struct cache_values *values)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return NULL;
    size_t share = bytes / SHARDS;
    cache->values = *values;
    cache->chains = count_chains(share);
    size_t table = cache->chains * sizeof(struct entry *);
    cache->bytes_most = share > table ? share - table : 0;
    if (!hash_key_draw(&cache->key)) {
        cache_free(&cache);
        return NULL;
    }
    for (; cache->shards_made < SHARDS; cache->shards_made++) {
        if (!make_shard(&cache->shards[cache->shards_made], cache->chains)) {
            cache_free(&cache);
            return NULL;
        }
    }
    return cache;
}

static struct shard *shard_of(struct cache *cache, uint64_t hash)
{
    return &cache->shards[hash >> (64 - SHARD_BITS)];
}

static struct entry **chain_of(const struct cache *cache, struct shard *shard,
                               uint64_t hash)
{
    return &shard->chains[hash & (cache->chains - 1)];
}

static bool is_under(const struct entry *entry, uint64_t hash, struct span key)
{
    if (entry->hash != hash || entry->length != key.length)
        return false;
    return key.length == 0 || memcmp(entry->key, key.at, key.length) == 0;
}

/* Link as the last used. */
static void link_newest(struct shard *shard, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = shard->newest;
    if (shard->newest != NULL)
        shard->newest->newer = entry;
    else
        shard->oldest = entry;
    shard->newest = entry;
}

static void unlink_use(struct shard *shard, struct entry *entry)
{
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
}

/* Drop the entry that `link`, in a chain, points to. */
static void drop(struct cache *cache, struct shard *shard, struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    unlink_use(shard, entry);
    shard->count--;
    shard->bytes -= entry->bytes;
    cache->values.drop(entry->value);
    free(entry);
}

/* The link to the entry under the key, or to NULL at its chain's end. Entries
 * before it whose lifetime is over at `now` are dropped. */
static struct entry **find(struct cache *cache, struct shard *shard,
                           uint64_t hash, struct span key, instant now)
{
    struct entry **link = chain_of(cache, shard, hash);
    while (*link != NULL) {
        if ((*link)->expires <= now)
            drop(cache, shard, link);
        else if (is_under(*link, hash, key))
            break;
        else
            link = &(*link)->next;
    }
    return link;
}

void *cache_get(struct cache *cache, struct span key, instant now)
{
    uint64_t hash = hash_octets(&cache->key, key);
    struct shard *shard = shard_of(cache, hash);
    void *value = NULL;
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = *find(cache, shard, hash, key, now);
    if (entry != NULL) {
        unlink_use(shard, entry);
        link_newest(shard, entry);
        value = entry->value;
        cache->values.hold(value);
    }
    pthread_mutex_unlock(&shard->lock);
    return value;
}

static void forget(struct cache *cache, struct shard *shard, uint64_t hash,
                   struct span key)
{
    struct entry **link = find(cache, shard, hash, key, BEFORE_ALL);
    if (*link != NULL)
        drop(cache, shard, link);
}

static void forget_oldest(struct cache *cache, struct shard *shard)
{
    struct entry **link = chain_of(cache, shard, shard->oldest->hash);
    while (*link != shard->oldest)
        link = &(*link)->next;
    drop(cache, shard, link);
}

/* NULL when memory ends or the entry is larger than a shard may be. */
static struct entry *new_entry(const struct cache *cache, struct span key,
                               size_t cost)
{
    size_t own = sizeof(struct entry) + BLOCK_OVERHEAD;
    size_t most = cache->bytes_most;
    if (most < own || key.length > most - own || cost > most - own - key.length)
        return NULL;
    struct entry *entry = malloc(sizeof(*entry) + key.length);
    if (entry == NULL)
        return NULL;
    entry->bytes = own + key.length + cost;
    entry->length = key.length;
    if (key.length > 0)
        memcpy(entry->key, key.at, key.length);
    return entry;
}

static void add(struct cache *cache, struct shard *shard, struct entry *entry)
{
    while (shard->bytes > cache->bytes_most - entry->bytes)
        forget_oldest(cache, shard);
    struct entry **chain = chain_of(cache, shard, entry->hash);
    entry->next = *chain;
    *chain = entry;
    link_newest(shard, entry);
    shard->count++;
    shard->bytes += entry->bytes;
    cache->values.hold(entry->value);
}

bool cache_put(struct cache *cache, struct span key, void *value, size_t cost,
               instant expires)
{
    uint64_t hash = hash_octets(&cache->key, key);
    struct shard *shard = shard_of(cache, hash);
    struct entry *entry = new_entry(cache, key, cost);
    if (entry != NULL) {
        entry->hash = hash;
        entry->value = value;
        entry->expires = expires;
    }
    pthread_mutex_lock(&shard->lock);
    forget(cache, shard, hash, key);
    if (entry != NULL)
        add(cache, shard, entry);
    pthread_mutex_unlock(&shard->lock);
    return entry != NULL;
}

void cache_remove(struct cache *cache, struct span key)
{
    uint64_t hash = hash_octets(&cache->key, key);
    struct shard *shard = shard_of(cache, hash);
    pthread_mutex_lock(&shard->lock);
    forget(cache, shard, hash, key);
    pthread_mutex_unlock(&shard->lock);
}

void cache_clear(struct cache *cache)
{
    for (size_t i = 0; i < cache->shards_made; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        while (shard->oldest != NULL)
            forget_oldest(cache, shard);
        pthread_mutex_unlock(&shard->lock);
    }
}

size_t cache_count(struct cache *cache)
{
    size_t count = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        count += shard->count;
        pthread_mutex_unlock(&shard->lock);
    }
    return count;
}

size_t cache_bytes(struct cache *cache)
{
    size_t bytes = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        bytes += shard->bytes;
        pthread_mutex_unlock(&shard->lock);
    }
    return bytes;
}

void cache_free(struct cache **cache)
{
    if (*cache == NULL)
        return;
    for (size_t i = 0; i < (*cache)->shards_made; i++) {
        struct shard *shard = &(*cache)->shards[i];
        while (shard->oldest != NULL)
            forget_oldest(*cache, shard);
        pthread_mutex_destroy(&shard->lock);
        free(shard->chains);
    }
    free(*cache);
    *cache = NULL;
}
