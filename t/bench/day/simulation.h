/* SPDX-License-Identifier: BSD-2-Clause */
/* simulation.h - a loop (loop/loop.h) whose time is simulated, with the world
 * that its connections lead to (smtp/connection.h)
 *
 * A program that has simulation.c, connection.c and attempts.c takes these and
 * not those of the library: the verifier and all beneath it cannot tell. */
#ifndef DAY_SIMULATION_H
#define DAY_SIMULATION_H

#include "loop/loop.h"

struct world;

/** A loop at the instant `begin`. It ends the program where memory ends.
 * @param world  borrowed until simulation_free */
struct loop *simulation_new(struct world *world, instant begin);

struct world *simulation_world(const struct loop *loop);

/** Run every job, and every timer that is due, in the order of time, until
 * `until`; that is the time then. */
void simulation_run(struct loop *loop, instant until);

/** Its timers must have been freed. *loop becomes NULL. */
void simulation_free(struct loop **loop);

#endif
