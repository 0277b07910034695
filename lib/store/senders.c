/* SPDX-License-Identifier: BSD-2-Clause */
/* senders.c - the keys under which a sender is known */
#include "store/senders.h"

#include "store/domains.h"
#include "store/fold.h"

#define FOLDED "folded "

#define KEY_SIZE (sizeof(FOLDED) + MAILPATH_SIZE)

/* What all are known under that fold as this one does; false: they are not, or
 * nobody does. No address has the key, however it was forged: a space is in one
 * only between quotes, and then a quote is first. */
static bool make_folded(const struct mailpath *path,
                        const struct callout_settings *settings,
                        char key[KEY_SIZE])
{
    struct text text;
    char folded[MAILPATH_SIZE];
    if (!settings->fold || !fold_path(path, folded))
        return false;
    text_begin(&text, key, KEY_SIZE);
    text_add(&text, FOLDED);
    text_add(&text, folded);
    return !text.cut;
}

bool senders_find(struct callouts *callouts, const struct mailpath *path,
                  const struct callout_settings *settings, instant now,
                  struct callouts_kept *kept)
{
    char wire[MAILPATH_SIZE], folded[KEY_SIZE];
    if (!mailpath_write(path, wire))
        return false;
    if (callouts_find(callouts, span_of(wire), now, kept))
        return true;
    if (make_folded(path, settings, folded) &&
        callouts_find(callouts, span_of(folded), now, kept))
        return true;
    return domains_find(callouts, path->domain, settings, now, kept);
}

void senders_learn(struct callouts *callouts, const struct mailpath *path,
                   struct callout_answer *answer,
                   const struct callout_settings *settings, instant now)
{
    char wire[MAILPATH_SIZE], folded[KEY_SIZE];
    if (!mailpath_write(path, wire))
        return;
    struct callout_answer said = *answer; /* what is believed may differ */
    callouts_learn(callouts, span_of(wire), answer, settings, now);
    if (!make_folded(path, settings, folded))
        return;
    if (said.outcome == CALLOUT_ACCEPTED)
        callouts_learn(callouts, span_of(folded), &said, settings, now);
    else
        callouts_put_off(callouts, span_of(folded), &said, settings, now);
}

bool senders_renew(struct callouts *callouts, const struct mailpath *path,
                   const struct callout_settings *settings, instant now)
{
    char wire[MAILPATH_SIZE], folded[KEY_SIZE];
    if (!mailpath_write(path, wire))
        return false;
    if (callouts_renew(callouts, span_of(wire), settings, now))
        return true;
    return make_folded(path, settings, folded) &&
           callouts_renew(callouts, span_of(folded), settings, now);
}
