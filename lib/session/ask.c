/* SPDX-License-Identifier: BSD-2-Clause */
/* ask.c - a session's questions to DNS: each holds the session until its answer
 * has come and the session has taken a step on it */
#include "session/parts.h"

static void arrived(void *context)
{
    struct session *session = context;

    pthread_mutex_lock(&session->lock);
    session->step(session);
    pthread_mutex_unlock(&session->lock);
    session_drop(session);
}

struct dns_batch *batch_new(struct session *session)
{
    const struct service *service = session->service;
    const instant deadline = instant_after_ms(clock_now(service->clock),
                                              session->policy->dns.budget_ms);

    return dns_batch_new(service->resolver, deadline, arrived, session);
}

/* Under the session's lock, which `arrived` takes before it lets go of its
 * hold: holding after sending is soon enough. */
void batch_send(struct session *session, struct dns_batch *batch)
{
    for (size_t sent = batch ? dns_batch_send(batch) : 0; sent > 0; sent--)
        session_hold(session);
}
