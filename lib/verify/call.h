/* SPDX-License-Identifier: BSD-2-Clause */
/* call.h - a call to an exchanger, for which a turn was taken; private to
 * lib/verify */
#ifndef VERIFY_CALL_H
#define VERIFY_CALL_H

#include "smtp/connection.h"
#include "verify/parts.h"

/** Whom is called for whose sake. */
struct call_request {
    const struct verify_ask *ask; /* borrowed until it was answered */
    /** Of his targets the indexes of those to be tried side by side, and the
     * turns taken for them, which are the call's from now on. */
    size_t targets[CONNECTION_TARGETS_MOST];
    struct turns_host *hosts[CONNECTION_TARGETS_MOST];
    size_t count;
    enum callout_start start;
    instant deadline;
};

/** Who has called, and what he is told, by the target's index. */
struct call_owner {
    /** One of two targets could not be connected to. */
    void (*missed)(void *context, size_t target,
                   const struct callout_answer *answer);
    /** Once; then no more. */
    void (*answered)(void *context, size_t target,
                     const struct callout_answer *answer);
    /** At any time, behind the others: somebody else can have a turn. */
    void (*turn_is_free)(struct verifier *verifier);
    void *context;
};

/** Begin to call; nothing is told before this has returned. False: memory ends,
 * and the turns are over. */
bool call_open(struct verifier *verifier, const struct call_request *request,
               const struct call_owner *owner);

/** Cut every call, telling nobody. */
void calls_cut(struct verifier *verifier);

#endif
