/* SPDX-License-Identifier: BSD-2-Clause */
/* askers.h - those who wait for one flight, in the order they came; private to
 * lib/verify */
#ifndef VERIFY_ASKERS_H
#define VERIFY_ASKERS_H

#include "verify/ask.h"

/** The fields are the module's, but for reading. Each asker is linked by his
 * `next`, and belongs to whom he did. */
struct askers {
    struct verify_ask *first, **last;
};

/** Begin with one. */
void askers_begin(struct askers *askers, struct verify_ask *ask);

void askers_add(struct askers *askers, struct verify_ask *ask);

/** When the first of them loses his patience. */
instant askers_patience(const struct askers *askers);

/** Take those off whose patience is over at that time.
 * @return them, linked; NULL: none */
struct verify_ask *askers_take_impatient(struct askers *askers, instant at);

/** Tell those of a linked list, each of whom ends with it; NULL: without
 * answer. */
void askers_tell(struct verify_ask *list, const struct callout_answer *answer);

#endif
