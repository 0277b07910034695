/* SPDX-License-Identifier: BSD-2-Clause */
/* callouts.h - what callouts have taught about addresses, for as long as it is
 * worth to be believed */
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

/** What is kept under an address, by its wire form (mailpath_write). Any
 * thread.
 * @return false: nothing; `answer` is then untouched */
bool callouts_find(struct callouts *callouts, struct span address, instant now,
                   struct callout_answer *answer);

/**
 * Keep an answer from `now` on: a pass for `valid_s`, a fail and an unknown for
 * `invalid_s`, a temperror for `temperror_s`. Never kept is our own fault; and
 * unless it is a refusal of the address, nothing takes the place of a pass.
 * When memory ends nothing is kept. Any thread.
 */
void callouts_keep(struct callouts *callouts, struct span address,
                   const struct callout_answer *answer,
                   const struct callout_settings *settings, instant now);

/** Free, and set *callouts to NULL. No other thread may be inside. */
void callouts_free(struct callouts **callouts);

#endif
