/* SPDX-License-Identifier: BSD-2-Clause */
/* budget.h - how many sessions, waiting callbacks, questions to DNS and
 * callouts the system's limits allow, so that none of them is ever reached
 *
 * What has no descriptor or no thread fails in ways that nobody wants:
 * libmilter loses the session, DNS and callouts know nothing. So what there is
 * is shared out once, at the start, and held from then on:
 *   - descriptors: some for ourselves; of the rest a quarter at most for DNS, a
 *     quarter at most for callouts, and all that these have no use for is the
 *     sessions';
 *   - threads: some for ourselves; all others are the sessions', for each of
 *     them can keep one, with half a packet or by waiting for its verdict.
 */
#ifndef MILTER_BUDGET_H
#define MILTER_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/** Descriptors below which nothing is served. */
#define BUDGET_DESCRIPTORS_LEAST 256

/** Threads below which nothing is served. */
#define BUDGET_THREADS_LEAST 32

/** Descriptors that are not shared out: libmilter's own, the loop's, the log's,
 * those of files that are read, our connections to ourselves. */
#define BUDGET_DESCRIPTORS_KEPT 64

/** Threads that are not shared out: main, log and loop; libmilter's listener,
 * its signal thread, its pool's controller and the workers that stay; the one
 * that stops it; our sessions with ourselves. */
#define BUDGET_THREADS_KEPT 16

/** Sessions at once, however much there is: the most that can be told to
 * wait. */
#define BUDGET_SESSIONS_MOST 20000

/** Sockets of DNS at once, however many there are. */
#define BUDGET_PLACES_MOST 512

/** A callout tries two addresses of its host side by side. */
#define BUDGET_PER_CALLOUT 2

/** What the system allows; BUDGET_UNLIMITED: it sets no limit. */
#define BUDGET_UNLIMITED ((size_t)-1)
struct budget_means {
    size_t descriptors;
    size_t threads;
};

/** How they are shared out. */
struct budget {
    size_t sessions; /* connections of mail servers */
    size_t waiting;  /* of these, with a callback that waits for its verdict */
    size_t places;   /* sockets of DNS */
    size_t callouts;
};

/**
 * Share out.
 * @param waiting   what the policy wants at most (callout.limits.waiting),
 * @param callouts  and likewise (callout.limits.total)
 * @return false: there is less than the least
 */
bool budget_share(const struct budget_means *means, size_t waiting,
                  size_t callouts, struct budget *budget);

#endif
