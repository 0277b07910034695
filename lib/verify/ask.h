/* SPDX-License-Identifier: BSD-2-Clause */
/* ask.h - one who wants to know whether a sender is accepted */
#ifndef VERIFY_ASK_H
#define VERIFY_ASK_H

#include "base/callout.h"
#include "base/mailpath.h"
#include "loop/loop.h"

#include <stddef.h>

struct verifier;

/** One asker's wish to know; lies in an object of the asker's until `done`. */
struct verify_ask {
    struct loop_job job; /* the verifier's */
    struct verifier *verifier;
    struct mailpath path;
    /** In order of try, at most CALLOUT_TARGETS_MOST; the asker's, who most
     * often has but two and may be one of thousands. */
    const struct callout_target *targets;
    size_t target_count;
    struct callout_settings settings; /* a flight keeps its first asker's */
    /** Until when he waits for a flight that has no turn yet: then he is told
     * CALLOUT_CAPACITY. Once it has one, he waits as long as it flies. */
    instant patience;
    bool anew;  /* what is kept does not count */
    bool retry; /* the verifier's: it is the one after greylisting */
    /** Called once on the loop's thread, when the flight has landed or the
     * verifier is stopped (`answer` is NULL then). */
    void (*done)(struct verify_ask *ask, const struct callout_answer *answer);
    struct verify_ask *next; /* the verifier's */
};

#endif
