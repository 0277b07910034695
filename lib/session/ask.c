/* SPDX-License-Identifier: BSD-2-Clause */
/* ask.c - a session's questions to DNS: each holds the session until its answer
 * has come and the session has taken a step on it */
#include "session/parts.h"

#include <stddef.h>
#include <string.h>

/* On the loop. */
static void step_on_answers(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct session, answers);
    struct session *session = around;

    pthread_mutex_lock(&session->lock);
    session->answered = false;
    session->step(session);
    pthread_mutex_unlock(&session->lock);
    session_drop(session);
}

/* One step for all answers that come together, as they do to questions that
 * were asked together, or are over with one deadline. */
static void arrived(void *context)
{
    struct session *session = context;
    bool first;

    pthread_mutex_lock(&session->lock);
    first = !session->answered;
    session->answered = true;
    pthread_mutex_unlock(&session->lock);
    if (!first) {
        session_drop(session);
        return;
    }
    session->answers.run = step_on_answers;
    loop_post(session->service->loop, &session->answers);
}

/* Clients without an address are one client: its address is all zeros. */
struct dns_batch *batch_new(struct session *session)
{
    const struct service *service = session->service;
    const instant deadline = instant_after_ms(clock_now(service->clock),
                                              session->policy->dns.budget_ms);

    return dns_batch_new(service->resolver, &session->client.address, deadline,
                         arrived, session);
}

/* Under the session's lock, which `arrived` takes before it lets go of its
 * hold: holding after sending is soon enough. Once we stop nothing is asked any
 * more, for nobody is left to carry it: what is open stays so. */
void batch_send(struct session *session, struct dns_batch *batch)
{
    size_t sent;

    if (!batch || atomic_load(&session->service->stopping))
        return;
    for (sent = dns_batch_send(batch); sent > 0; sent--)
        session_hold(session);
}

static void client_ask_again(struct session *session)
{
    struct client_facts *client = &session->client;

    dns_batch_free(&session->batch);
    session->batch = batch_new(session);
    client->ptr = NULL;
    memset(client->reverse, 0, sizeof client->reverse);
    memset(session->listings, 0, sizeof session->listings);
}

static void greeting_ask_again(struct session *session,
                               struct greeting *greeting)
{
    dns_batch_free(&greeting->batch);
    greeting->batch = batch_new(session);
    greeting->facts.a = NULL;
    greeting->facts.aaaa = NULL;
    memset(greeting->listings, 0, sizeof greeting->listings);
}

static bool has_open_evaluation(const struct session *session)
{
    const struct message *message = session->messages;

    while (message && !message->evaluations)
        message = message->next;
    return message;
}

static bool is_useless(const struct dns_batch *batch, const struct trust *trust)
{
    return dns_batch_is_troubled(batch) ||
           dns_batch_is_from_before(batch, trust->from);
}

void session_ask_again(struct session *session)
{
    const struct trust trust = canary_trust(session->service->canary);
    struct greeting *greeting = session->greeting;

    if (has_open_evaluation(session))
        return;
    if (is_useless(session->batch, &trust))
        client_ask_again(session);
    if (greeting && is_useless(greeting->batch, &trust))
        greeting_ask_again(session, greeting);
}
