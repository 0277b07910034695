/* SPDX-License-Identifier: BSD-2-Clause */
/* limits.c - reading, sharing out and saying the limits */
#include "milter/limits.h"

#include "base/log.h"
#include "milter/admission.h"
#include "milter/means.h"
#include "milter/notify.h"

#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

/** Sessions that libmilter may lose where we are started again; fewer where one
 * of so many is less. */
#define LOST_MOST  4
#define LOST_SHARE 8

#define NUMBER_SIZE 24

static const char *say(size_t number, char text[NUMBER_SIZE])
{
    if (number == BUDGET_UNLIMITED)
        return "unlimited";
    snprintf(text, NUMBER_SIZE, "%zu", number);
    return text;
}

static uint32_t fit(size_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

int limits_share(const struct policy *policy, struct budget *budget,
                 struct service_limits *limits, char *why, size_t why_size)
{
    const struct budget_means means = means_read();
    char descriptors[NUMBER_SIZE], threads[NUMBER_SIZE];

    if (!budget_share(&means, policy->waiting_most, policy->callout.most,
                      budget)) {
        snprintf(why, why_size,
                 "at most %s threads are allowed (RLIMIT_NPROC, TasksMax=), %d "
                 "are the least that serving needs",
                 say(means.threads, threads), BUDGET_THREADS_LEAST);
        return EX_OSERR;
    }
    *limits = (struct service_limits){.places = budget->places,
                                      .waiting = fit(budget->waiting),
                                      .callouts = fit(budget->callouts)};
    log_line(LOG_LEVEL_NOTICE,
             "limits: %zu sessions, %zu of them waiting, %zu questions to DNS "
             "and %zu callouts at once (descriptors: %s, threads: %s)",
             budget->sessions, budget->waiting, budget->places,
             budget->callouts, say(means.descriptors, descriptors),
             say(means.threads, threads));
    return EX_OK;
}

static void warn(const char *key, size_t wanted, size_t limit)
{
    if (wanted > limit)
        log_line(LOG_LEVEL_WARNING,
                 "%s is %zu, but the limits of the system leave room for %zu",
                 key, wanted, limit);
}

void limits_warn(const struct budget *budget, const struct policy *policy)
{
    warn("callout.limits.waiting", policy->waiting_most, budget->waiting);
    warn("callout.limits.total", policy->callout.most, budget->callouts);
}

bool limits_begin(const struct budget *budget, void (*lost)(void))
{
    const size_t few = budget->sessions / LOST_SHARE;
    size_t most = budget->sessions / 2;

    if (notify_is_heard())
        most = few < LOST_MOST ? few : LOST_MOST;
    return admission_begin(budget->sessions, most, lost);
}
