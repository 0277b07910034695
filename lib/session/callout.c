/* SPDX-License-Identifier: BSD-2-Clause */
/* callout.c - a message's callout: whether it is due, what is kept, and the
 * wish put to the verifier */
#include "session/parts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S 1000000

/** Lives from the wish to the answer; the session is held as long. */
struct callout_wait {
    struct verify_ask ask; /* first: `done` gets back from it to us */
    struct session *session;
    struct message *message; /* NULL: it is gone, and nobody takes the answer */
    struct callout_target targets[];
};

static bool is_suspicious(struct finding finding)
{
    return finding.result == RESULT_FAIL || finding.result == RESULT_TEMPERROR;
}

static enum callout_gate gate_if_suspicious(const struct findings *others)
{
    bool open = false;

    for (int check = 0; check < CHECK_COUNT; check++) {
        if (is_suspicious(others->of[check]))
            return CALLOUT_GATE_OPEN;
        open = open || others->of[check].result == RESULT_OPEN;
    }
    return open ? CALLOUT_GATE_WAIT : CALLOUT_GATE_SHUT;
}

static enum callout_gate gate_if_clean(const struct rules *rules,
                                       const struct evidence *others,
                                       instant now)
{
    const struct findings *findings = &others->findings;
    const struct first_sights *sights = &others->sights;

    if (verdict_make(rules, findings, sights, now).kind >= ACTION_TEMPFAIL)
        return CALLOUT_GATE_SHUT;
    if (verdict_strongest(rules, findings, sights, now) >= ACTION_TEMPFAIL)
        return CALLOUT_GATE_WAIT;
    return CALLOUT_GATE_OPEN;
}

/* What `callout.when` says. */
static enum callout_gate gate_when(const struct message *message,
                                   const struct rules *rules,
                                   const struct evidence *evidence)
{
    const struct session *session = message->session;
    struct evidence others = *evidence;

    others.findings.of[CHECK_CALLOUT] =
        (struct finding){RESULT_NONE, REASON_NONE};
    switch (session->policy->callout_when) {
    case CALLOUT_WHEN_ALWAYS:
        return CALLOUT_GATE_OPEN;
    case CALLOUT_WHEN_NEVER:
        return CALLOUT_GATE_SHUT;
    case CALLOUT_WHEN_SUSPICIOUS:
        return gate_if_suspicious(&others.findings);
    case CALLOUT_WHEN_CLEAN:
        break;
    }
    return gate_if_clean(rules, &others, clock_now(session->service->clock));
}

enum callout_gate callout_gate(const struct message *message,
                               const struct evaluation *evaluation,
                               const struct facts *facts,
                               const struct evidence *evidence)
{
    enum callout_gate spared =
        sparing_gate(message, evaluation->called_back, facts);
    enum callout_gate when;

    if (spared == CALLOUT_GATE_SHUT)
        return CALLOUT_GATE_SHUT;
    when = gate_when(message, evaluation->rules, evidence);
    return when == CALLOUT_GATE_OPEN ? spared : when;
}

/* The message's answer is there. It can be old without being kept: what a host
 * has said stands for all that are asked about while it is left alone. */
static void take(struct message *message)
{
    const instant now = clock_now(message->session->service->clock);

    message->sender.callout = &message->callout;
    message->sender.callout_age_s =
        (uint32_t)((now - message->callout.learnt) / US_PER_S);
}

/* On the loop: the flight has landed, or is cut and will not. */
static void take_answer(struct verify_ask *ask,
                        const struct callout_answer *answer)
{
    struct callout_wait *wait = (struct callout_wait *)ask;
    struct session *session = wait->session;
    struct message *message;

    pthread_mutex_lock(&session->lock);
    message = wait->message;
    if (message) {
        message->wait = NULL;
        if (answer) {
            message->callout = *answer;
            take(message);
        }
        session->step(session);
    }
    pthread_mutex_unlock(&session->lock);
    free(wait);
    session_drop(session);
}

static void take_internal_fault(struct message *message)
{
    message->callout.outcome = CALLOUT_INTERNAL;
    message->callout.fault = FAULT_MEMORY;
    message->sender.callout = &message->callout;
}

/* Whoever has no turn when the message's waiting is nearly over is told of
 * that, and not that the callout is under way. */
static instant patience_of(const struct message *message)
{
    const struct session *session = message->session;
    const uint32_t within_ms = session->policy->reply_within_ms;
    const instant least = instant_after_ms(clock_now(session->service->clock),
                                           within_ms - within_ms / 10);

    if (message->deadline == INSTANT_NEVER)
        return least;
    return instant_after_ms(message->deadline, 0) -
           (instant)(within_ms / 10) * 1000;
}

static void fill_ask(const struct message *message,
                     const struct callout_target *targets, size_t count,
                     struct verify_ask *ask)
{
    ask->path = message->sender.path;
    const struct session *session = message->session;

    ask->settings = session->policy->callout;
    if (ask->settings.most > session->service->limits.callouts)
        ask->settings.most = session->service->limits.callouts;
    ask->patience = patience_of(message);
    ask->targets = targets;
    ask->target_count = count;
}

/* Have it asked again for those who come later. */
static void refresh(const struct message *message, const struct facts *facts)
{
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    struct verify_ask again = {0};

    fill_ask(message, targets, message_targets(message, facts, targets),
             &again);
    verifier_refresh(message->session->service->verifier, &again);
}

/* True when the answer is kept; `doubted` is set when one is kept that does not
 * count. */
static bool take_kept(struct message *message, const struct facts *facts,
                      bool *doubted)
{
    const struct service *service = message->session->service;
    bool stale;

    if (!verifier_kept(service->verifier, &message->sender.path,
                       &message->session->policy->callout, &message->callout,
                       &stale))
        return false;
    *doubted = callout_is_doubted(service, &message->callout);
    if (*doubted)
        return false;
    take(message);
    message->callout_kept = true;
    if (stale)
        refresh(message, facts);
    return true;
}

/* NULL when memory ends. */
static struct callout_wait *new_wait(struct message *message,
                                     const struct facts *facts)
{
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    const size_t count = message_targets(message, facts, targets);
    struct callout_wait *wait =
        calloc(1, sizeof *wait + count * sizeof *targets);

    if (!wait)
        return NULL;
    memcpy(wait->targets, targets, count * sizeof *targets);
    fill_ask(message, wait->targets, count, &wait->ask);
    wait->session = message->session;
    wait->message = message;
    return wait;
}

void message_begin_callout(struct message *message, const struct facts *facts)
{
    struct session *session = message->session;
    struct callout_wait *wait;
    bool doubted = false;

    if (message->wait || message->sender.callout ||
        atomic_load(&session->service->stopping) ||
        take_kept(message, facts, &doubted))
        return;
    wait = new_wait(message, facts);
    if (!wait) {
        take_internal_fault(message);
        return;
    }
    wait->ask.done = take_answer;
    wait->ask.anew = doubted;
    message->wait = wait;
    session_hold(session);
    verifier_ask(session->service->verifier, &wait->ask);
}

void message_leave_callout(struct message *message)
{
    if (message->wait)
        message->wait->message = NULL;
    message->wait = NULL;
}
