/* SPDX-License-Identifier: BSD-2-Clause */
/* ladder.h - lists by a small rank, whose lowest and highest are found in one
 * step */
#ifndef DNS_LADDER_H
#define DNS_LADDER_H

#include "dns/links.h"

#include <stdint.h>

/** Ranks that are told apart: 0 to so many less one. */
#define LADDER_RUNGS 32

struct ladder {
    struct link rungs[LADDER_RUNGS]; /* in each who came first is first */
    uint32_t used;                   /* a bit for each rung that is not empty */
};

_Static_assert(LADDER_RUNGS <= 32, "a bit for each rung");

/** Where something stands on a ladder; lies in it. */
struct standing {
    struct link link;
    int rank; /* -1: nowhere */
};

void ladder_begin(struct ladder *ladder);

/** Stand on this rung, -1: on none. Who is there already keeps his turn. */
void ladder_put(struct ladder *ladder, struct standing *standing, int rank);

/** The first of the lowest or highest rung, as its standing; NULL: nobody is on
 * the ladder. */
struct standing *ladder_lowest(struct ladder *ladder);
struct standing *ladder_highest(struct ladder *ladder);

#endif
