/* SPDX-License-Identifier: BSD-2-Clause */
/* visit.h - one callout at one exchanger: its addresses tried at once or one
 * after the other, once more in the clear or with TLS where that is what it
 * takes, until its word is there */
#ifndef SMTP_VISIT_H
#define SMTP_VISIT_H

#include "base/callout.h"
#include "base/mailpath.h"
#include "loop/loop.h"

#include <stddef.h>

/** An exchanger's addresses that are tried in one visit. */
#define VISIT_ADDRESSES_MOST 2

struct visit;

/** Who began a visit, and what he is told, on the loop's thread. He may begin
 * another one while he is told, but not cut this one. */
struct visit_owner {
    /** Once, as soon as the answer is there; borrowed for the call. */
    void (*answered)(void *context, const struct callout_answer *answer);
    /** Once, after `answered`: every socket is closed, the visit freed. */
    void (*closed)(void *context);
    void *context;
};

struct visit_plan {
    /** Of one exchanger; looked up before, and not looked up again. At most one
     * connection to each is open at any time. */
    const struct callout_target *targets;
    size_t target_count; /* 1 to VISIT_ADDRESSES_MOST */
    const struct mailpath *path;
    const struct callout_settings *settings;
    instant deadline; /* for the answer */
};

/**
 * Begin; the plan is copied. Nothing is told before this has returned. The
 * loop's thread alone.
 * @return NULL when memory ends or the path cannot be put on the wire
 */
struct visit *visit_begin(struct loop *loop, const struct visit_plan *plan,
                          const struct visit_owner *owner);

/** Close at once, telling nobody, and set *visit to NULL. The loop's thread, or
 * after it has ended. */
void visit_cut(struct visit **visit);

#endif
