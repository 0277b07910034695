/* SPDX-License-Identifier: BSD-2-Clause */
/* ladder.c - a bit for each rung says where to look */
#include "dns/ladder.h"

void ladder_begin(struct ladder *ladder)
{
    for (size_t i = 0; i < LADDER_RUNGS; i++)
        links_begin(&ladder->rungs[i]);
    ladder->used = 0;
}

void ladder_put(struct ladder *ladder, struct standing *standing, int rank)
{
    if (standing->rank == rank)
        return;
    if (standing->rank >= 0) {
        links_remove(&standing->link);
        if (links_is_empty(&ladder->rungs[standing->rank]))
            ladder->used &= ~(UINT32_C(1) << standing->rank);
    }
    standing->rank = rank;
    if (rank < 0)
        return;
    links_append(&ladder->rungs[rank], &standing->link);
    ladder->used |= UINT32_C(1) << rank;
}

static struct standing *first_on(struct ladder *ladder, int rung)
{
    return LINK_AROUND(ladder->rungs[rung].after, struct standing, link);
}

struct standing *ladder_lowest(struct ladder *ladder)
{
    return ladder->used == 0 ? NULL
                             : first_on(ladder, __builtin_ctz(ladder->used));
}

struct standing *ladder_highest(struct ladder *ladder)
{
    return ladder->used == 0
               ? NULL
               : first_on(ladder, 31 - __builtin_clz(ladder->used));
}
