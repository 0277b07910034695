/* SPDX-License-Identifier: BSD-2-Clause */
/* sights.c - first sights, kept in a cache whose every note begins a life anew
 * but leaves the instant what it was */
#include "store/sights.h"

#include "base/cache.h"

#include <stdatomic.h>
#include <stdlib.h>

struct sights {
    struct cache *cache;
};

/** Immutable. */
struct sight {
    atomic_uint holds;
    instant first;
};

static void hold(void *value)
{
    struct sight *sight = value;
    atomic_fetch_add_explicit(&sight->holds, 1, memory_order_relaxed);
}

static void drop(void *value)
{
    struct sight *sight = value;
    if (atomic_fetch_sub_explicit(&sight->holds, 1, memory_order_acq_rel) == 1)
        free(sight);
}

struct sights *sights_new(size_t bytes)
{
    static const struct cache_values values = {hold, drop};
    struct sights *sights = calloc(1, sizeof(*sights));
    if (sights == NULL)
        return NULL;
    sights->cache = cache_new(bytes, &values);
    if (sights->cache == NULL)
        sights_free(&sights);
    return sights;
}

instant sights_first(struct sights *sights, struct span subject, instant now)
{
    struct sight *sight = cache_get(sights->cache, subject, now);
    if (sight == NULL)
        return INSTANT_NEVER;
    instant first = sight->first;
    drop(sight);
    return first;
}

/* NULL when memory ends; held once. */
static struct sight *new_sight(instant now)
{
    struct sight *sight = malloc(sizeof(*sight));
    if (sight == NULL)
        return NULL;
    atomic_init(&sight->holds, 1);
    sight->first = now;
    return sight;
}

void sights_note(struct sights *sights, struct span subject, instant now,
                 uint32_t keep_s)
{
    struct sight *sight = cache_get(sights->cache, subject, now);
    if (sight == NULL)
        sight = new_sight(now);
    if (sight == NULL)
        return; /* still unseen: the failure stays soft */
    (void)cache_put(sights->cache, subject, sight, sizeof(*sight),
                    instant_after_s(now, keep_s));
    drop(sight);
}

void sights_forget(struct sights *sights, struct span subject)
{
    cache_remove(sights->cache, subject);
}

void sights_free(struct sights **sights)
{
    if (*sights == NULL)
        return;
    cache_free(&(*sights)->cache);
    free(*sights);
    *sights = NULL;
}
