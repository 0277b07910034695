/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h - the monotonic and the wall clock behind one replaceable door, and
 * arithmetic on instants and durations */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/** An instant of the monotonic clock, in microseconds. One 64-bit number
 * compares, subtracts and prints without helpers. */
typedef int64_t instant;

#define INSTANT_NEVER INT64_MAX

/** Where the time comes from; tests and replay bring their own. */
struct clock {
    instant (*now)(void *context);  /* monotonic */
    int64_t (*wall)(void *context); /* seconds since 1970, for logs and files */
    void *context;
};

/** CLOCK_MONOTONIC and CLOCK_REALTIME. */
extern const struct clock clock_system;

static inline instant clock_now(const struct clock *clock)
{
    return clock->now(clock->context);
}

static inline int64_t clock_wall(const struct clock *clock)
{
    return clock->wall(clock->context);
}

/** `at` plus `ms` milliseconds; INSTANT_NEVER stays INSTANT_NEVER. */
instant instant_after_ms(instant at, uint32_t ms);

/** `at` plus `seconds`; INSTANT_NEVER stays INSTANT_NEVER. */
instant instant_after_s(instant at, uint32_t seconds);

/** Milliseconds from `now` until `at`, rounded up; 0 when it has passed;
 * UINT32_MAX when it is further away than that. */
uint32_t instant_ms_until(instant now, instant at);

#endif
