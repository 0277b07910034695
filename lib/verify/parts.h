/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.h - what a verifier is made of, for the files of this folder alone
 *
 * A flight is one callout and all who wait for it; it lives from its first
 * asker until it lands. It takes a turn for each exchanger that it calls, and
 * such a call may outlive it by its QUIT. All of it, but what verifier.h says,
 * happens on the loop's thread.
 *
 *     verifier.c    askers: what is kept, joining a flight or beginning one
 *     flight.c      a flight from target to target, until a word counts
 *     call.c        a turn that was taken: the connection, and what it teaches
 *     background.c  askers that nobody stands behind
 */
#ifndef VERIFY_PARTS_H
#define VERIFY_PARTS_H

#include "base/hash.h"
#include "smtp/connection.h"
#include "store/callouts.h"
#include "store/hosts.h"
#include "verify/turns.h"
#include "verify/verifier.h"
#include "verify/wall.h"

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
    struct loop_timer *pace; /* when a domain's rate lets it go on */
    struct wall wall;
    struct call *calls;
    struct background *retries; /* whose time has not come */
    size_t retry_count;
    atomic_size_t flights; /* read by any thread */
    struct loop_job stop;
    bool stopped;
    instant said; /* when our own fault was last logged */
    struct hash_key hash_key;
    struct flight *chains[CHAINS];
};

/** A callout under way and all who wait for it. Path, targets and settings are
 * the first asker's, who waits as long as it flies; before it does, whoever
 * becomes the first. */
struct flight {
    struct turn turn;
    struct verifier *verifier;
    struct verify_ask *askers, **last;
    struct loop_timer *timer; /* while it waits for its turn: until `deadline`,
                                 or the next asker's patience ends */
    size_t target;            /* called, or waited for */
    unsigned tried;           /* targets, as bits: nobody turns to them again */
    enum callout_start start; /* how that is met, unless it is */
    bool restarted;           /* as its own answer asked for */
    bool begun;               /* it has had a turn: `deadline` counts */
    instant deadline;
    bool answered; /* somebody has, as `answer` has it */
    struct callout_answer answer;
    struct flight *next;     /* in its chain */
    char key[MAILPATH_SIZE]; /* the address's wire form */
};

/* verifier.c */

/** Tell those of the list, each of whom ends with it; NULL: without answer. */
void askers_tell(struct verify_ask *askers,
                 const struct callout_answer *answer);

/** The link to the flight of this key, or to NULL at its chain's end. */
struct flight **verifier_find(struct verifier *verifier, const char *key);

/** Log that a callout fails by a fault of our own; seldom, for strangers can
 * bring it about. */
void verifier_log_fault(struct verifier *verifier, const char *what);

instant verifier_now(const struct verifier *verifier);

/* flight.c */

/** A flight with its first asker, on no chain yet. NULL: memory ends. */
struct flight *flight_new(struct verify_ask *ask, const char *key);

void flight_join(struct flight *flight, struct verify_ask *ask);

/** Wait for the turn to call the flight's target, or one behind it; land when
 * there is none, or no time for it. */
void flight_wait(struct flight *flight);

/** Put an exchanger's answer beside what others have said. */
void flight_weigh(struct flight *flight, const struct callout_answer *answer);

/** Whether a target has given its answer, or no connection. */
bool flight_has_tried(const struct flight *flight, size_t target);
void flight_note_tried(struct flight *flight, size_t target);

/** Go on with the answer of the target that was called. */
void flight_go_on(struct flight *flight, const struct callout_answer *answer);

/** Forget the flight, whatever it was about. Its askers are the caller's, to be
 * told when nothing else is left to do: they may ask again. */
struct verify_ask *flight_take_down(struct flight *flight);

/** Let everybody call whose turn it is: after any change that can bring one. */
void verifier_take_turns(struct verifier *verifier);

/* call.c */

/** Call the flight's target, for which it has taken its turn. False: memory
 * ends, and the turn is over. */
bool call_open(struct flight *flight);

/** Cut every connection, telling nobody. */
void calls_cut(struct verifier *verifier);

/* background.c */

/** In how many seconds this answer is worth a retry in the background; 0: it
 * is not, or it was one. */
uint16_t retry_after_s(const struct verifier *verifier,
                       const struct verify_ask *ask,
                       const struct callout_answer *answer);

/** Have it asked again, once, after so many seconds; nothing when memory ends.
 */
void retry_plan(struct verifier *verifier, const struct verify_ask *like,
                uint32_t after_s);

/** Forget those whose time has not come. */
void retries_drop(struct verifier *verifier);

#endif
