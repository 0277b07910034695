/* SPDX-License-Identifier: BSD-2-Clause */
/* shares_scene.h - shares of few places, and a time that stands still until it
 * is moved */
#ifndef SHARES_SCENE_H
#define SHARES_SCENE_H

#include "dns/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MS     ((instant)1000)
#define GRACE  (SHARES_GRACE_MS * MS)
#define PLACES 16
#define COMMON (PLACES - PLACES / SHARES_SILENT_PART)
#define MOST   1000

struct scene {
    struct shares *shares;
    instant now;
    uint64_t last_zone;
};

static inline void begin(struct scene *scene, size_t places, size_t most)
{
    *scene = (struct scene){.shares = shares_new(places, most),
                            .now = (instant)1000 * 1000 * MS};
    assert_non_null(scene->shares);
}

static inline struct address client(unsigned number)
{
    struct address address = {{[10] = 0xff, [11] = 0xff, [12] = 192}};
    address.octets[14] = (uint8_t)(number >> 8);
    address.octets[15] = (uint8_t)number;
    return address;
}

/* A zone that nobody has asked before. */
static inline uint64_t fresh_zone(struct scene *scene)
{
    return ++scene->last_zone + 1000000;
}

static inline void ask_in(struct scene *scene, struct share *share,
                          unsigned number, uint64_t zone)
{
    const struct address address = client(number);
    assert_true(shares_wait(scene->shares, share, &address, zone));
}

static inline void ask(struct scene *scene, struct share *share,
                       unsigned number)
{
    ask_in(scene, share, number, fresh_zone(scene));
}

/* Give away what can be; how many places were. */
static inline unsigned serve(struct scene *scene)
{
    struct share *displaced;
    unsigned served = 0;
    while (shares_next(scene->shares, scene->now, scene->now, &displaced) !=
           NULL)
        served++;
    return served;
}

static inline struct shares_use use_of(struct scene *scene)
{
    struct shares_use use;
    shares_count(scene->shares, scene->now, &use);
    return use;
}

static inline void over(struct scene *scene, struct share *share, bool answered)
{
    shares_end(scene->shares, share, scene->now, scene->now, answered);
}

static inline void end(struct scene *scene, struct share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++)
        over(scene, &shares[i], false);
    const struct shares_use use = use_of(scene);
    assert_int_equal(use.used + use.waiting + use.clients, 0);
    shares_free(&scene->shares);
    assert_null(scene->shares);
}

static inline size_t count_held(const struct share *shares, size_t count)
{
    size_t held = 0;
    for (size_t i = 0; i < count; i++)
        held += share_has_place(&shares[i]);
    return held;
}

#endif
