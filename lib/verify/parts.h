/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.h - what a verifier is made of, for the files of this folder alone
 *
 * A flight is one callout and all who wait for it; it lives from its first
 * asker until it lands. It takes a turn for each exchanger that it calls, and
 * such a call may outlive it by its QUIT. All of it, but what verifier.h says,
 * happens on the loop's thread.
 *
 *     verifier.c  askers, in front and in the background
 *     flight.c    a flight from target to target, until a word counts
 *     call.c      a turn that was taken: the connection, and what it teaches
 *     hearing.c   calls for nobody's sake: is it our own way out that is shut?
 *
 * Each knows those below it, and tells those above through what they gave. */
#ifndef VERIFY_PARTS_H
#define VERIFY_PARTS_H

#include "base/hash.h"
#include "smtp/tls.h"
#include "store/callouts.h"
#include "store/hosts.h"
#include "verify/ask.h"
#include "verify/returners.h"
#include "verify/turns.h"
#include "verify/wall.h"
#include "verify/witnesses.h"

#include <stdatomic.h>
#include <stdbool.h>

/** Chains of flights; a power of two. */
#define CHAINS 4096

struct verifier {
    struct loop *loop;
    struct callouts *callouts; /* what was learnt of addresses; any thread */
    struct hosts *hosts;       /* and of exchangers */
    struct tls_client *tls;
    struct turns *turns;
    struct returners *returners; /* by hash_key, of the wire form */
    struct loop_timer *pace;     /* when a domain's rate lets it go on */
    struct wall wall;
    struct witnesses witnesses;
    struct hearing *hearing;
    struct resolver *resolver; /* for it; NULL: none */
    struct call *calls;
    struct background *retries; /* whose time has not come */
    size_t retry_count;
    /** Plan the one retry of who was put off. */
    void (*plan_retry)(struct verifier *verifier, const struct verify_ask *like,
                       uint32_t after_s);
    atomic_size_t flights; /* read by any thread */
    size_t askers;         /* on all of them */
    struct loop_job stop;
    bool stopped;
    instant said; /* when our own fault was last logged */
    struct hash_key hash_key;
    struct flight *chains[CHAINS];
};

instant verifier_now(const struct verifier *verifier);

/** Whether the way to whom is asked is no way out (wall.h). */
bool ask_leads_inside(const struct verify_ask *ask);

/** Log that a callout fails by a fault of our own; seldom, for strangers can
 * bring it about. */
void verifier_log_fault(struct verifier *verifier, const char *what);

#endif
