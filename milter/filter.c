/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.c - what is negotiated with the MTA, and the thread that serves */
#include "milter/filter.h"

#include "base/thread.h"
#include "milter/callbacks.h"

#include <libmilter/mfapi.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define POLL_MS 10

static struct negotiation wanted_by(const struct policy *policy)
{
    struct negotiation wanted = {
        .skipped = SMFIP_NOBODY | SMFIP_NOEOH | SMFIP_NODATA | SMFIP_NOUNKNOWN,
        .silent = SMFIP_NR_CONN,
    };

    if (policy->can_tag) {
        wanted.actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
        wanted.silent |= SMFIP_NR_HDR;
    } else {
        wanted.skipped |= SMFIP_NOHDRS;
    }
    if (policy->reply_at != REPLY_AT_HELO)
        wanted.silent |= SMFIP_NR_HELO;
    if (policy->reply_at != REPLY_AT_MAIL)
        wanted.silent |= SMFIP_NR_MAIL;
    if (policy->reply_at == REPLY_AT_MAIL)
        wanted.silent |= SMFIP_NR_RCPT;
    return wanted;
}

bool filter_register(struct service *service, const struct policy *policy)
{
    return callbacks_register(service, wanted_by(policy));
}

bool filter_suffices(const struct policy *policy, char *why, size_t why_size)
{
    const struct negotiation wanted = wanted_by(policy);
    const struct negotiation *have = callbacks_negotiated();

    if (wanted.actions & ~have->actions) {
        snprintf(why, why_size,
                 "the policy tags now, which was not "
                 "negotiated with the mail server");
        return false;
    }
    if (have->silent & ~wanted.silent & ~(unsigned long)SMFIP_NR_HDR) {
        snprintf(why, why_size,
                 "reply-at is another stage now, where no "
                 "reply was negotiated with the mail server");
        return false;
    }
    return true;
}

static void *serve(void *context)
{
    void (*const *ended)(void) = context;

    smfi_main();
    (*ended)();
    return NULL;
}

bool filter_start(void (*ended)(void))
{
    static void (*kept)(void);
    pthread_t thread;

    kept = ended;
    thread_make_stacks_small();
    if (!thread_start(&thread, serve, &kept))
        return false;
    pthread_detach(thread);
    return true;
}

/* It sets libmilter's flag at once, and then waits up to five seconds for the
 * listener to notice. */
static void *stop_libmilter(void *unused)
{
    smfi_stop();
    return unused;
}

bool filter_stop(uint32_t most_ms)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    pthread_t thread;

    if (thread_start(&thread, stop_libmilter, NULL))
        pthread_detach(thread);
    for (uint32_t ms = 0; callbacks_running() > 0; ms += POLL_MS) {
        if (ms >= most_ms)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}
