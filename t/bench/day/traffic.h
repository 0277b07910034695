/* SPDX-License-Identifier: BSD-2-Clause */
/* traffic.h - who writes to us in a day, and when */
#ifndef DAY_TRAFFIC_H
#define DAY_TRAFFIC_H

#include "base/clock.h"
#include "base/mailpath.h"
#include "world.h"

#include <stdbool.h>
#include <stdint.h>

#define TRAFFIC_DAY_S 86400

/** A message that comes. */
struct envelope {
    instant at; /* counted from the beginning of the day */
    bool forged;
    bool comes_again; /* when it is put off */
    uint32_t domain;
    char sender[MAILPATH_SIZE];
};

struct traffic;

/** The same numbers, the same day. It ends the program where memory ends.
 * @param world  borrowed until traffic_free */
struct traffic *traffic_new(const struct world *world, uint32_t domains,
                            uint32_t messages);

/** The next message of the day; false: there is none. */
bool traffic_next(struct traffic *traffic, struct envelope *envelope);

/** *traffic becomes NULL. */
void traffic_free(struct traffic **traffic);

#endif
