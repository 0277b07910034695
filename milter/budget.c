/* SPDX-License-Identifier: BSD-2-Clause */
/* budget.c - descriptors and threads, shared out */
#include "milter/budget.h"

/** What DNS gets, and callouts get, of the descriptors at most: one part of so
 * many. */
#define SHARE 4

static size_t lesser(size_t one, size_t other)
{
    return one < other ? one : other;
}

bool budget_share(const struct budget_means *means, size_t waiting,
                  size_t callouts, struct budget *budget)
{
    if (means->descriptors < BUDGET_DESCRIPTORS_LEAST ||
        means->threads < BUDGET_THREADS_LEAST)
        return false;
    const size_t descriptors = means->descriptors - BUDGET_DESCRIPTORS_KEPT;
    const size_t threads = means->threads - BUDGET_THREADS_KEPT;
    const size_t share = descriptors / SHARE;
    budget->places = lesser(share, BUDGET_PLACES_MOST);
    budget->callouts = lesser(share / BUDGET_PER_CALLOUT, callouts);
    const size_t left =
        descriptors - budget->places - budget->callouts * BUDGET_PER_CALLOUT;
    budget->sessions = lesser(lesser(left, threads), BUDGET_SESSIONS_MOST);
    budget->waiting = lesser(waiting, budget->sessions);
    return true;
}
