/* SPDX-License-Identifier: BSD-2-Clause */
/* nearest.h - the known word that a misspelt one was probably meant to be */
#ifndef POLICY_NEAREST_H
#define POLICY_NEAREST_H

#include <stddef.h>

#define NEAREST_SIZE 64

struct nearest {
    const char *word; /* borrowed */
    char best[NEAREST_SIZE];
    size_t distance;
};

void nearest_begin(struct nearest *nearest, const char *word);

/** Offer a candidate; of equally near ones the first stays. */
void nearest_offer(struct nearest *nearest, const char *candidate);

/** The best candidate, or NULL when none is near enough to be meant. */
const char *nearest_found(const struct nearest *nearest);

#endif
