/* SPDX-License-Identifier: BSD-2-Clause */
/* senders.h - what is kept of a sender: of his address, of all that fold as his
 * does when they pass, and of his domain */
#ifndef STORE_SENDERS_H
#define STORE_SENDERS_H

#include "base/mailpath.h"
#include "store/callouts.h"

/** What is believed of a sender. Where nothing is known of the address itself,
 * a pass of those that fold alike (fold.h) counts, if `settings` let it; then
 * what holds for the whole domain (domains.h). Any thread; false: nothing. */
bool senders_find(struct callouts *callouts, const struct mailpath *path,
                  const struct callout_settings *settings, instant now,
                  struct callouts_kept *kept);

/** Learn an answer about a sender, as callouts_learn does, and a pass for all
 * that fold as he does; if he has none, theirs stands, and is not verified
 * again with the next of them. Of his domain see domains_learn. */
void senders_learn(struct callouts *callouts, const struct mailpath *path,
                   struct callout_answer *answer,
                   const struct callout_settings *settings, instant now);

/** Let the pass of a sender who has proved himself count anew, as
 * callouts_renew does; false: he has not. */
bool senders_renew(struct callouts *callouts, const struct mailpath *path,
                   const struct callout_settings *settings, instant now);

#endif
