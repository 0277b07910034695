/* SPDX-License-Identifier: BSD-2-Clause */
/* trust.h - how far a resolver is to be believed, from what it says to the
 * questions of a canary, as a value: no I/O, no clock
 *
 * A round asks two things to which we know the answer. Our own name exists,
 * once this resolver has found it: one that denies everything denies that as
 * well. A name that cannot be does not: one that finds everything finds it.
 * A half to which there is no answer says nothing; a resolver of which neither
 * half has ever been told, because our name is in no DNS and it refuses the
 * other, cannot be tried and is believed.
 */
#ifndef DNS_TRUST_H
#define DNS_TRUST_H

#include "dns/answer.h"

#include <stdbool.h>

/** How much older than an answer the last round may be when a fail is made of
 * that answer. */
#define TRUST_FRESH_MS 5000

enum trust_word {
    TRUST_BLIND,  /* nobody tries it: what it says is believed */
    TRUST_MUTE,   /* no half has ever been told: what it says is believed */
    TRUST_GOOD,   /* the last round told the truth */
    TRUST_SILENT, /* the last round told nothing, and an earlier one did */
    TRUST_DENIES, /* it denies our own name, which it has found before */
    TRUST_FINDS   /* it finds what cannot be */
};

/** What is believed of the resolver at one moment. */
struct trust {
    enum trust_word word;
    bool knows_us;    /* it has found our own name */
    instant answered; /* when the last round ended; TRUST_NOT_ASKED */
    /** An answer from before this is not believed, for it may be a lie, though
     * the resolver be well by now; INSTANT_NEVER while it is not. */
    instant from;
};

#define TRUST_NOT_ASKED INT64_MIN

/** Before the first round. */
#define TRUST_BEGIN                               \
 {                                                \
  .word = TRUST_MUTE, .answered = TRUST_NOT_ASKED \
 }

/** The answers of a round, each one there. */
struct trust_round {
    const struct dns_answer *own_a, *own_aaaa; /* of our own name */
    const struct dns_answer *impossible;
};

/** Take a round that ended `now`. */
void trust_take(struct trust *trust, const struct trust_round *round,
                instant now);

/** Our own name, or the resolver, is another one from `now` on. What was
 * doubted because the name was denied is to be tried anew. */
void trust_forget_us(struct trust *trust, instant now);

/** True while what it says proves nothing. */
bool trust_is_lost(const struct trust *trust);

/** Whether a fail may be made of answers. */
enum trust_judgement {
    TRUST_BELIEVED,
    TRUST_DOUBTED,
    TRUST_OPEN /* a round is to be asked first */
};

/** @param oldest, newest  when the first and the last of them arrived */
enum trust_judgement trust_judge(const struct trust *trust, instant oldest,
                                 instant newest);

/** "our own resolver denies our own name at present" ...: why an answer of
 * then is doubted; a clause. */
const char *trust_text(const struct trust *trust);

#endif
