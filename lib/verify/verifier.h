/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier.h - flights: one callout an address, shared by all who wait for it;
 * limits, and what was learnt */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "base/callout.h"
#include "base/mailpath.h"
#include "loop/loop.h"
#include "verify/ask.h"

#include <stddef.h>

struct resolver;
struct verifier;

/** @param memory  bytes for what was learnt (`cache.memory`)
 *  @param why     a line about what is wrong, when the result is NULL
 *  @return NULL when memory ends, or TLS cannot be set up */
struct verifier *verifier_new(struct loop *loop, size_t memory, char *why,
                              size_t why_size);

/** Let the host that `callout.witness` names be looked up; without it none is.
 * Before the loop begins; the resolver is borrowed until the loop has ended,
 * and freed before the verifier. */
void verifier_resolve_by(struct verifier *verifier, struct resolver *resolver);

/** What is kept about the address; false: nothing. Any thread, the loop is not
 * touched.
 * @param stale  it is to be verified again, with verifier_refresh */
bool verifier_kept(struct verifier *verifier, const struct mailpath *path,
                   const struct callout_settings *settings,
                   struct callout_answer *answer, bool *stale);

/**
 * Join the flight to this address or begin one; any thread. A flight that has
 * had its turn goes on to its end whether or not somebody still waits; one that
 * has not is forgotten with the last asker's patience. Over a limit it waits
 * its turn, see turns.h; but who cannot have one in his patience, by the rate
 * of his domain, is told CALLOUT_CAPACITY at once and takes no place. When he
 * comes again he goes before those who come for the first time.
 *
 * A sender that is greylisted is asked about once more in the background, after
 * the time that the exchanger wants or five minutes.
 *
 * Without a target the answer is CALLOUT_UNREACHABLE. These are never kept:
 * CALLOUT_CAPACITY, also when too many wait already; CALLOUT_WALLED_OFF, when
 * nobody at all can be connected to, hosts of our own choice neither (wall.h);
 * CALLOUT_INTERNAL, at once about what is no address.
 */
void verifier_ask(struct verifier *verifier, struct verify_ask *ask);

/** Have an address verified again in the background, unless it is under way, as
 * verifier_ask would for this asker, of whom path, targets and settings are
 * copied. Any thread. When memory ends it is not. */
void verifier_refresh(struct verifier *verifier, const struct verify_ask *like);

/** Flights under way and waiting for a turn; any thread. */
size_t verifier_flights(struct verifier *verifier);

/** Have every flight cut on the loop's thread, its askers told without an
 * answer; who asks from now on is told the same. Any thread, once. */
void verifier_stop(struct verifier *verifier);

/** After verifier_stop and, for jobs that were posted late are run by it,
 * loop_free. *verifier becomes NULL. */
void verifier_free(struct verifier **verifier);

#endif
