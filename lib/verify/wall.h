/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.h - whether callouts get out at all: many providers shut port 25 to
 * their customers, and then no exchanger is to blame */
#ifndef VERIFY_WALL_H
#define VERIFY_WALL_H

#include "base/address.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

/** So many hosts one after the other that could not be connected to, and
 * nobody who could for so long, are a wall. */
#define WALL_HOSTS 10
#define WALL_S     300

/** Behind a wall one callout in so long is made, to see whether it is gone. */
#define WALL_TRY_S 60

/** A wall that stands is said again after so long. */
#define WALL_SAY_S 3600

/** Its fields are the module's; all zeros: none has been met. Not thread-safe.
 */
struct wall {
    struct address missed[WALL_HOSTS]; /* each another one */
    size_t count;
    instant since; /* of the first of them */
    bool stands;
    instant next_try, next_word;
};

/** The host could not be connected to. */
void wall_missed(struct wall *wall, const struct address *host, instant now);

/** A host was connected to, whatever it said. */
void wall_passed(struct wall *wall);

/** Whether a callout may be begun. */
bool wall_lets(struct wall *wall, instant now);

#endif
