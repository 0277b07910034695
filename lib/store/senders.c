/* SPDX-License-Identifier: BSD-2-Clause */
/* senders.c - the keys under which a sender is known */
#include "store/senders.h"

#include "store/domains.h"
#include "store/fold.h"

bool senders_find(struct callouts *callouts, const struct mailpath *path,
                  const struct callout_settings *settings, instant now,
                  struct callouts_kept *kept)
{
    char key[MAILPATH_SIZE];
    if (!mailpath_write(path, key))
        return false;
    if (callouts_find(callouts, span_of(key), now, kept))
        return true;
    if (settings->fold && fold_path(path, key) &&
        callouts_find(callouts, span_of(key), now, kept))
        return true;
    return domains_find(callouts, path->domain, settings, now, kept);
}

void senders_learn(struct callouts *callouts, const struct mailpath *path,
                   struct callout_answer *answer,
                   const struct callout_settings *settings, instant now)
{
    char key[MAILPATH_SIZE];
    if (!mailpath_write(path, key))
        return;
    callouts_learn(callouts, span_of(key), answer, settings, now);
    if (answer->outcome != CALLOUT_ACCEPTED || !settings->fold ||
        !fold_path(path, key))
        return;
    struct callout_answer pass = *answer;
    callouts_learn(callouts, span_of(key), &pass, settings, now);
}

bool senders_renew(struct callouts *callouts, const struct mailpath *path,
                   const struct callout_settings *settings, instant now)
{
    char key[MAILPATH_SIZE];
    if (!mailpath_write(path, key))
        return false;
    if (callouts_renew(callouts, span_of(key), settings, now))
        return true;
    return settings->fold && fold_path(path, key) &&
           callouts_renew(callouts, span_of(key), settings, now);
}
