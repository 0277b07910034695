/* SPDX-License-Identifier: BSD-2-Clause */
/* callouts.h - what callouts have taught about addresses, for as long as it is
 * worth to be believed
 *
 * A known-good address stays good until it has been refused twice, at least
 * `invalid_s` apart, or was not verified again for `valid_s`; nothing else says
 * anything against it. An address that gives no answer for `give_up_s`,
 * whatever the trouble, is given up. */
#ifndef STORE_CALLOUTS_H
#define STORE_CALLOUTS_H

#include "base/callout.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct callouts;

/** @param bytes  the bound; the least recently used is forgotten first
 *  @return NULL when memory ends; the caller owns it */
struct callouts *callouts_new(size_t bytes);

/** What is believed of an address. */
struct callouts_kept {
    struct callout_answer answer;
    bool stale; /* to be verified again, though it is believed */
};

/** What is believed of an address, by its wire form (mailpath_write). Any
 * thread.
 * @return false: nothing; `kept` is then untouched */
bool callouts_find(struct callouts *callouts, struct span address, instant now,
                   struct callouts_kept *kept);

/**
 * Learn an answer: a pass counts for `valid_s`, a fail and an unknown for
 * `invalid_s`, a temperror for `temperror_s` or, when it is greylisted and
 * asked again in the background, until then. Never kept is our own fault, or
 * what says nothing of the address. When memory ends nothing is kept. One
 * thread at a time.
 * @param answer  becomes what is believed from now on
 */
void callouts_learn(struct callouts *callouts, struct span address,
                    struct callout_answer *answer,
                    const struct callout_settings *settings, instant now);

/** Let a pass count anew, as if it had come now, if the address has been
 * passing for `valid_s` and not been refused since. False: it has not. One
 * thread at a time. */
bool callouts_renew(struct callouts *callouts, struct span address,
                    const struct callout_settings *settings, instant now);

/** Let a stale pass be verified again no sooner than this answer would be
 * doubted: it is another's, and says nothing of the pass itself. One thread at
 * a time. */
void callouts_put_off(struct callouts *callouts, struct span address,
                      const struct callout_answer *answer,
                      const struct callout_settings *settings, instant now);

/** Keep an answer under the key until then, whatever stood there. When memory
 * ends nothing is. */
void callouts_note(struct callouts *callouts, struct span key,
                   const struct callout_answer *answer, instant until);

/** Free, and set *callouts to NULL. No other thread may be inside. */
void callouts_free(struct callouts **callouts);

#endif
