/* SPDX-License-Identifier: BSD-2-Clause */
/* returners.c - two Bloom filters, one an hour older than the other */
#include "verify/returners.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (RETURNERS_BITS / 64)

struct field {
    uint64_t words[WORDS];
};

struct returners {
    struct field fields[2];
    unsigned current;
    instant ends; /* the current one's time; 0: nobody was noted */
};

struct returners *returners_new(void)
{
    return calloc(1, sizeof(struct returners));
}

void returners_free(struct returners **returners)
{
    free(*returners);
    *returners = NULL;
}

/* Let fields whose time is over begin anew. */
static void turn_over(struct returners *returners, instant now)
{
    for (int i = 0; i < 2 && now >= returners->ends; i++) {
        returners->current = 1 - returners->current;
        memset(&returners->fields[returners->current], 0, sizeof(struct field));
        returners->ends = instant_after_s(returners->ends, RETURNERS_S);
    }
    if (now >= returners->ends)
        returners->ends = instant_after_s(now, RETURNERS_S);
}

/* The sender's two bits. */
static unsigned bit_of(uint64_t hash, unsigned which)
{
    return (unsigned)(hash >> (32 * which)) & (RETURNERS_BITS - 1);
}

static bool has(const struct field *field, uint64_t hash)
{
    for (unsigned i = 0; i < 2; i++) {
        unsigned bit = bit_of(hash, i);
        if ((field->words[bit / 64] >> bit % 64 & 1) == 0)
            return false;
    }
    return true;
}

void returners_note(struct returners *returners, uint64_t hash, instant now)
{
    turn_over(returners, now);
    struct field *field = &returners->fields[returners->current];
    for (unsigned i = 0; i < 2; i++) {
        unsigned bit = bit_of(hash, i);
        field->words[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

bool returners_have(struct returners *returners, uint64_t hash, instant now)
{
    turn_over(returners, now);
    return has(&returners->fields[0], hash) || has(&returners->fields[1], hash);
}
