/* SPDX-License-Identifier: BSD-2-Clause */
/* domains.h - what callouts have taught about a domain, whichever of its
 * mailboxes was asked about: it refuses bounces, accepts anything, has no
 * postmaster, or none of that */
#ifndef STORE_DOMAINS_H
#define STORE_DOMAINS_H

#include "store/callouts.h"

#include <stdbool.h>

/** What is believed of every mailbox of the domain, so that none need be asked
 * about. Any thread; false: nothing, as far as `settings` want to know. */
bool domains_find(struct callouts *callouts, const char *domain,
                  const struct callout_settings *settings, instant now,
                  struct callouts_kept *kept);

/** Which questions about a domain are open. */
struct domains_open {
    bool accepts_anything, has_postmaster; /* wanted, and not known */
    bool no_bounces;                       /* <> is known to be refused */
};

void domains_look(struct callouts *callouts, const char *domain,
                  const struct callout_settings *settings, instant now,
                  struct domains_open *open);

/** Learn what an answer says of the domain, if anything: what is well for
 * `valid_s`, and so that it accepts anything; what is not for `invalid_s`. One
 * mailbox that refuses bounces, at RCPT, says nothing of the others. */
void domains_learn(struct callouts *callouts, const char *domain,
                   const struct callout_answer *answer,
                   const struct callout_settings *settings, instant now);

#endif
