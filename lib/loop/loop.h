/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.h - the one thread that does all network work: sockets, timers, and jobs
 * posted by other threads (libevent) */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/clock.h"

#include <stdbool.h>

struct event_base;
struct loop;

/** A piece of work for the loop's thread. It lies inside an object of the
 * poster's, so that posting cannot fail; it must not be posted again before
 * `run` was called. */
struct loop_job {
    void (*run)(struct loop_job *job);
    struct loop_job *next; /* the loop's */
};

/** @param clock  borrowed until loop_free
 *  @return NULL when memory or descriptors end; the caller owns it */
struct loop *loop_new(const struct clock *clock);

/** Start the thread (small stack, all signals blocked). False: the system
 * refuses. */
bool loop_start(struct loop *loop);

/** Run the loop in the caller's thread until nothing is left to do at once;
 * for tests, in the place of loop_start. Timers fire that are due by the
 * loop's clock: with a simulated one nobody has to wait. */
void loop_turn(struct loop *loop);

/** Jobs that are run in a row, some milliseconds; then sockets and timers have
 * their turn. */
#define LOOP_JOBS_A_TURN 256

/** Have `job->run` called on the loop's thread, jobs in the order they were
 * posted. Any thread, the loop's own too (it then runs in the next turn). May
 * be called under a lock. */
void loop_post(struct loop *loop, struct loop_job *job);

/** For the thin layers of sockets and timers; the loop's thread alone. */
struct event_base *loop_events(struct loop *loop);

const struct clock *loop_clock(const struct loop *loop);

/** What had come over a socket by this instant has been handed on, however busy
 * the loop is; the loop's thread alone. */
instant loop_heard(const struct loop *loop);

/** A timer of an object that lives on the loop. */
struct loop_timer;

/** @return NULL when memory ends. The loop's thread alone, as the next two. */
struct loop_timer *loop_timer_new(struct loop *loop,
                                  void (*fired)(void *context), void *context);

/** Fire once at `at`, in the next turn when that has passed; INSTANT_NEVER: not
 * at all. Replaces what was set. Cannot fail. A timer may be set or freed
 * while it fires. */
void loop_timer_set(struct loop_timer *timer, instant at);

void loop_timer_free(struct loop_timer **timer);

/** End the thread after the jobs posted so far and join it; nothing when it was
 * not started. Not from the loop itself. What is posted later is run by the
 * thread if it comes in time, else by loop_start's next one or loop_free. */
void loop_stop(struct loop *loop);

/** Stop it, run the jobs that are left in the caller's thread, and free it;
 * *loop becomes NULL, or is so already. Its timers must have been freed, at the
 * latest by those jobs. */
void loop_free(struct loop **loop);

#endif
