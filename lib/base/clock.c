/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c - the system's two clocks, and saturating arithmetic on instants */
#include "base/clock.h"

#include <time.h>

enum { US_PER_MS = 1000, US_PER_S = 1000000, NS_PER_US = 1000 };

static instant system_now(void *context)
{
    (void)context;
    struct timespec now;
    /* Fails only for a clock that the system lacks; POSIX asks for this one. */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (instant)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}

static int64_t system_wall(void *context)
{
    (void)context;
    return (int64_t)time(NULL);
}

const struct clock clock_system = {system_now, system_wall, NULL};

static instant after_us(instant at, int64_t us)
{
    return at > INSTANT_NEVER - us ? INSTANT_NEVER : at + us;
}

instant instant_after_ms(instant at, uint32_t ms)
{
    return after_us(at, (int64_t)ms * US_PER_MS);
}

instant instant_after_s(instant at, uint32_t seconds)
{
    return after_us(at, (int64_t)seconds * US_PER_S);
}

uint32_t instant_ms_until(instant now, instant at)
{
    if (at <= now)
        return 0;
    /* Unsigned, for the distance of two instants may not fit an instant. */
    uint64_t us = (uint64_t)at - (uint64_t)now;
    uint64_t ms = us / US_PER_MS + (us % US_PER_MS != 0);
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}
