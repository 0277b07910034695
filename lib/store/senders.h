/* SPDX-License-Identifier: BSD-2-Clause */
/* senders.h - what is kept of a sender: of his address, and when he passes of
 * all that fold as his does */
#ifndef STORE_SENDERS_H
#define STORE_SENDERS_H

#include "base/mailpath.h"
#include "store/callouts.h"

/** What is believed of a sender. A pass of those that fold alike (fold.h)
 * counts where nothing is known of the address itself, if `settings` let it.
 * Any thread; false: nothing. */
bool senders_find(struct callouts *callouts, const struct mailpath *path,
                  const struct callout_settings *settings, instant now,
                  struct callouts_kept *kept);

/** Learn an answer about a sender, as callouts_learn does. */
void senders_learn(struct callouts *callouts, const struct mailpath *path,
                   struct callout_answer *answer,
                   const struct callout_settings *settings, instant now);

#endif
