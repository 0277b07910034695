/* SPDX-License-Identifier: BSD-2-Clause */
/* chance.h - numbers that look drawn by lot and are the same in every run */
#ifndef DAY_CHANCE_H
#define DAY_CHANCE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/** What follows from both, each bit as likely as not (the finaliser of
 * SplitMix64). The nature of a thing is drawn so: by its number, and by a
 * number for what is drawn. */
static inline uint64_t chance_of(uint64_t thing, uint64_t what)
{
    uint64_t mixed = thing * UINT64_C(0x9e3779b97f4a7c15) + what;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/** A row of such numbers. */
struct chance {
    uint64_t seed, drawn;
};

static inline uint64_t chance_next(struct chance *chance)
{
    return chance_of(chance->drawn++, chance->seed);
}

/** From 0 to `count` - 1. */
static inline uint32_t chance_below(struct chance *chance, uint32_t count)
{
    return (uint32_t)((chance_next(chance) >> 32) * count >> 32);
}

/** True so many times of a thousand. */
static inline bool chance_hits(struct chance *chance, uint32_t per_mille)
{
    return chance_below(chance, 1000) < per_mille;
}

/** From 0 to `count` - 1, each k in inverse proportion to about k + 1 (Zipf's
 * law with the exponent 1, as the integral has it). */
static inline uint32_t chance_zipf(struct chance *chance, uint32_t count)
{
    double part = (double)(chance_next(chance) >> 11) * 0x1p-53;
    uint32_t rank = (uint32_t)(pow(count + 1.0, part) - 1.0);
    return rank < count ? rank : count - 1;
}

#endif
