/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.c - what is negotiated with the MTA, and the thread that serves */
#include "milter/filter.h"

#include "base/thread.h"
#include "milter/callbacks.h"
#include "milter/listener.h"

#include <libmilter/mfapi.h>
#include <pthread.h>
#include <time.h>

#define POLL_MS 20

/* CONNECT, HELO and MAIL want an answer though we may have none to give: what
 * needs none stays in Postfix's buffer until something does, and our lookups
 * would begin with the first recipient. */
static struct negotiation wanted_by(const struct policy *policy)
{
    struct negotiation wanted = {
        .skipped = SMFIP_NOBODY | SMFIP_NOEOH | SMFIP_NODATA | SMFIP_NOUNKNOWN,
    };

    if (policy->can_tag) {
        wanted.actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
        wanted.silent = SMFIP_NR_HDR;
    } else {
        wanted.skipped |= SMFIP_NOHDRS;
    }
    return wanted;
}

/* libmilter takes a worker for idle until it has woken up, and leaves it all
 * sessions that something comes in for meanwhile. When the worker then waits in
 * a callback, nobody serves the others before it returns, seconds later. So
 * whoever begins to wait knocks: for one more connection libmilter wakes an
 * idle worker or starts one, which then serves the sessions that were left. */
bool filter_register(struct service *service, const struct policy *policy)
{
    service_on_wait(service, listener_knock);
    return callbacks_register(service, wanted_by(policy));
}

bool filter_suffices(const struct policy *policy)
{
    return !(wanted_by(policy).actions & ~callbacks_negotiated()->actions);
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

/* Not by smfi_stop(): libmilter then takes its locks down while its workers are
 * at them. It goes on until the process ends, and all its callbacks wait for
 * that. The pause is also for the reply that it sends after a callback's end.
 */
bool filter_stop(uint32_t most_ms)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    bool running = true;

    callbacks_stop();
    for (uint32_t ms = 0; running && ms < most_ms; ms += POLL_MS) {
        running = callbacks_running() > 0;
        nanosleep(&pause, NULL);
    }
    return !running;
}
