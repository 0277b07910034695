/* SPDX-License-Identifier: BSD-2-Clause */
/* asking.h - the two verifiers of a day: Bonafide's own, and a plain one */
#ifndef DAY_ASKING_H
#define DAY_ASKING_H

#include "mail.h"

/** Bonafide's: lib/verify and what it has learnt, asked as lib/session asks
 * it. */
struct remembering;

struct remembering *remembering_new(struct loop *loop,
                                    const struct policy *policy);
struct mail_verifier remembering_verifier(struct remembering *remembering);

/** When no message is left; the loop is run for it. *remembering becomes
 * NULL. */
void remembering_free(struct remembering **remembering);

/**
 * A verifier without memory and without limits, the commonest kind: it calls
 * out for each message, exchanger after exchanger until one has a word that
 * counts, and has the message wait for that however long it takes.
 * @param loop    borrowed, as it is
 * @param policy  for name and times of a callout; likewise
 */
struct plain {
    struct loop *loop;
    const struct policy *policy;
};

struct mail_verifier plain_verifier(struct plain *plain);

#endif
