/* SPDX-License-Identifier: BSD-2-Clause */
/* hearing.h - hosts of our own choice are called when a wall is suspected
 * (wall.h): the one that `callout.witness` names, and up to three of those that
 * have answered lately (witnesses.h); private to lib/verify
 *
 * A hearing connects, reads the greeting and says QUIT. One that has answered
 * before need but be connected to. The one that is named must greet with 220;
 * if it does not, or its name cannot be looked up, it shows neither this nor
 * that. The way out is shut if none answers, and the one that is named cannot
 * be connected to, or two of the others: a single one may be a stranger's, who
 * has shut it down for that. The calls are counted as calls to their hosts, and
 * a host that has all of its calls is passed over: what becomes of those tells
 * as much. They are made beyond callout.limits.total, which a wall uses up.
 *
 * There is one hearing, the verifier's, which is used again and again. All of
 * it happens on the loop's thread. */
#ifndef VERIFY_HEARING_H
#define VERIFY_HEARING_H

#include "verify/parts.h"

/** Of those that have answered lately so many are called. */
#define HEARING_REMEMBERED 3
/** Without the one that is named so many of them, dead, show a wall. */
#define HEARING_SHUT 2

/** For the addresses of the one that is named, and then for one host; together
 * less than WALL_HEARING_S. */
#define HEARING_LOOKUP_S 10
#define HEARING_CALL_S   30

/** @return NULL when memory ends; the caller owns it */
struct hearing *hearing_new(struct verifier *verifier);

/**
 * Make a hearing, if the wall wants one.
 * @param settings      whose `witness`, name, sources, port and times are used;
 *                      copied
 * @param turn_is_free  called when a call of it is over
 */
void hearing_consider(struct verifier *verifier,
                      const struct callout_settings *settings,
                      void (*turn_is_free)(struct verifier *verifier));

/** End it, if one is under way, telling nobody. */
void hearing_cut(struct verifier *verifier);

/** Free, and set *hearing to NULL, after hearing_cut; what was asked of the
 * resolver has arrived. */
void hearing_free(struct hearing **hearing);

#endif
