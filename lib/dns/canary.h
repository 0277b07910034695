/* SPDX-License-Identifier: BSD-2-Clause */
/* canary.h - the resolver as something that can lie: it is tried now and then,
 * and whenever a fail is to be made of a new answer (trust.h)
 *
 * The name that cannot be has two labels: a word that tells whoever reads a
 * DNS log what it is, and a top-level domain of random letters, another one in
 * each round, so that no memory on the way answers for the resolver. It is not
 * below .invalid, which resolvers answer themselves (RFC 6761 6.4), nor of one
 * label, which some do not pass on; nor below our own name, which a resolver
 * with our zone answers truly while it forwards all else to a liar; nor below a
 * real top-level domain, whose servers are not ours to try it on.
 *
 * It belongs to who made it. Its state is read from any thread, under its own
 * lock; rounds are asked on the loop, one at a time, and never from our memory.
 * While the resolver is lost the resolver's memory is off, and it is emptied
 * before it is used again: what was answered meanwhile outlives nothing. */
#ifndef DNS_CANARY_H
#define DNS_CANARY_H

#include "dns/resolver.h"
#include "dns/trust.h"

#include <stdbool.h>

/** How often it is tried: while all is well, and while it is not. */
#define CANARY_ROUND_S 60
#define CANARY_AGAIN_S 5

/** How long a round waits for its answers. */
#define CANARY_PATIENCE_MS 3000

struct canary;

/** @return NULL when memory ends */
struct canary *canary_new(struct loop *loop, struct resolver *resolver);

/**
 * What is asked from now on; any thread.
 * @param own    our own name: canonical, copied
 * @param often  now and then, and at once; false: when somebody wants it
 * @param other  the servers are others than before: our name is new to them
 */
void canary_watch(struct canary *canary, const char *own, bool often,
                  bool other);

/** What is believed of it now; any thread. */
struct trust canary_trust(struct canary *canary);

/** One who waits for a round; lies in an object of the asker's until `done`. */
struct canary_ask {
    struct canary_ask *next; /* the canary's */
    /** Called once on the loop's thread, under no lock of ours, when a round
     * that ends later than now has ended, or nothing is asked any more. */
    void (*done)(struct canary_ask *ask);
};

/** Have a round asked, unless one is under way; any thread. */
void canary_want(struct canary *canary, struct canary_ask *ask);

/** A fail has been held back; any thread. */
void canary_note_doubt(struct canary *canary);

/** Since the start. */
struct canary_counts {
    unsigned long rounds;
    unsigned long losses; /* how often the resolver was found to lie */
    unsigned long doubts; /* fails that were held back */
};
struct canary_counts canary_counts(struct canary *canary);

/** Ask nothing any more, and have those who wait let go on the loop's thread.
 * Any thread, before loop_stop; a round under way ends with resolver_free. */
void canary_stop(struct canary *canary);

/** After loop_free. *canary becomes NULL, or is so already. */
void canary_free(struct canary **canary);

#endif
