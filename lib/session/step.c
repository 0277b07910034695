/* SPDX-License-Identifier: BSD-2-Clause */
/* step.c - one step of a session: gather what is known, try the open
 * evaluations on it, ask for what is missing */
#include "session/parts.h"

#include <stdlib.h>

static const struct finding in_progress = {RESULT_TEMPERROR,
                                           REASON_IN_PROGRESS};
static const struct finding not_run = {RESULT_NONE, REASON_NONE};

static bool is_run(const struct rules *rules, enum stage stage,
                   enum check check)
{
    return rules->checks[check].run &&
           (stage != STAGE_HELO || check < CHECK_SENDER_DOMAIN);
}

static bool is_frozen(const struct message *message,
                      const struct evaluation *evaluation, enum check check)
{
    return message->gave_up[check] && !evaluation->behind;
}

static struct finding find_callout(const struct message *message,
                                   const struct evaluation *evaluation,
                                   const struct facts *facts,
                                   const struct evidence *evidence)
{
    struct finding finding =
        check_find(CHECK_CALLOUT, facts, &evaluation->rules->settings);

    if (finding.result == RESULT_NONE)
        return finding;
    switch (callout_gate(message, evaluation, facts, evidence)) {
    case CALLOUT_GATE_SHUT:
        return not_run;
    case CALLOUT_GATE_WAIT:
        finding.result = RESULT_OPEN;
        finding.reason = REASON_NONE;
        break;
    case CALLOUT_GATE_OPEN:
        break;
    }
    return is_frozen(message, evaluation, CHECK_CALLOUT) ? in_progress
                                                         : finding;
}

/* What the checks that the evaluation's rules run make of the facts. The
 * callout comes last, for whether it is due depends on the others. */
static void find(const struct message *message,
                 const struct evaluation *evaluation, const struct facts *facts,
                 struct evidence *evidence)
{
    const struct rules *rules = evaluation->rules;

    for (enum check check = 0; check < CHECK_COUNT; check++) {
        struct finding *finding = &evidence->findings.of[check];

        *finding = not_run;
        if (!is_run(rules, evaluation->stage, check) || check == CHECK_CALLOUT)
            continue;
        *finding = is_frozen(message, evaluation, check)
                       ? in_progress
                       : check_find(check, facts, &rules->settings);
    }
    sightings_look(message, rules, facts, evidence);
    if (!is_run(rules, evaluation->stage, CHECK_CALLOUT))
        return;
    evidence->findings.of[CHECK_CALLOUT] =
        find_callout(message, evaluation, facts, evidence);
    sighting_look(message, rules, facts, CHECK_CALLOUT, evidence);
}

/* Not before all exchangers are known: a flight keeps those it began with. */
static bool callout_is_due(const struct message *message,
                           const struct evaluation *evaluation,
                           const struct facts *facts,
                           const struct evidence *evidence)
{
    const struct finding *of = evidence->findings.of;

    return of[CHECK_CALLOUT].result == RESULT_OPEN &&
           of[CHECK_SENDER_DOMAIN].result == RESULT_PASS &&
           facts_targets_are_known(facts) &&
           callout_gate(message, evaluation, facts, evidence) ==
               CALLOUT_GATE_OPEN;
}

/* Find, and begin the callout if that is what is missing; it may be kept. */
static void find_and_call(struct message *message,
                          const struct evaluation *evaluation,
                          struct facts *facts, struct evidence *evidence)
{
    message_facts(message, facts);
    find(message, evaluation, facts, evidence);
    if (!callout_is_due(message, evaluation, facts, evidence))
        return;
    message_begin_callout(message, facts);
    message_facts(message, facts);
    find(message, evaluation, facts, evidence);
}

static bool is_late(const struct message *message, instant now)
{
    return message->deadline <= now ||
           atomic_load(&message->session->service->stopping);
}

static void give_up_open(struct message *message,
                         const struct evaluation *evaluation,
                         struct evidence *evidence)
{
    if (evidence->findings.of[CHECK_CALLOUT].result == RESULT_OPEN)
        message->owed = evaluation->rules;
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        if (evidence->findings.of[check].result != RESULT_OPEN)
            continue;
        message->gave_up[check] = true;
        evidence->findings.of[check] = in_progress;
    }
}

/* True when the evaluation came to its verdict. */
static bool evaluation_step(struct message *message,
                            const struct evaluation *evaluation, instant now)
{
    struct facts facts;
    struct evidence evidence;
    struct verdict verdict;

    find_and_call(message, evaluation, &facts, &evidence);
    if (!verdict_is_settled(evaluation->rules, &evidence.findings,
                            &evidence.sights, now)) {
        evaluation_want_trust(message, evaluation, &facts, &evidence);
        if (!is_late(message, now))
            return false;
        give_up_open(message, evaluation, &evidence);
        sightings_look(message, evaluation->rules, &facts, &evidence);
    }
    verdict = verdict_make(evaluation->rules, &evidence.findings,
                           &evidence.sights, now);
    evaluation_decide(message, evaluation, &facts, &evidence, &verdict);
    evaluation_note_doubts(message, evaluation, &facts, &evidence);
    return true;
}

static void client_gather(struct session *session)
{
    const unsigned needs = session->policy->needs;
    struct facts facts;

    if (needs & NEED_REVERSE)
        gather_client(&session->client, session->batch);
    if (needs & NEED_LISTS) {
        session_facts(session, NULL, &facts);
        gather_lists(session->service->lists, &facts, ZONE_OF_CLIENT,
                     session->listings, session->batch);
        gather_lists(session->service->lists, &facts, ZONE_OF_REVERSE,
                     session->listings, session->batch);
    }
    batch_send(session, session->batch);
}

static void greeting_gather(struct session *session, struct greeting *greeting)
{
    const unsigned needs = session->policy->needs;
    struct facts facts;

    if (needs & NEED_FORWARD)
        gather_helo(&greeting->facts, greeting->batch);
    if (needs & NEED_LISTS) {
        session_facts(session, greeting, &facts);
        gather_lists(session->service->lists, &facts, ZONE_OF_HELO,
                     greeting->listings, greeting->batch);
    }
    batch_send(session, greeting->batch);
}

static void message_gather(struct message *message)
{
    struct session *session = message->session;
    const unsigned needs = session->policy->needs;
    struct facts facts;

    greeting_gather(session, message->greeting);
    message_facts(message, &facts);
    if (needs & NEED_LISTS)
        gather_lists(session->service->lists, &facts, ZONE_OF_SENDER,
                     message->listings, message->batch);
    if ((needs & NEED_SENDER) && !facts_sender_is_exempt(&facts))
        gather_sender(&message->sender, message->batch, message->seed);
    batch_send(session, message->batch);
}

/* `callout.begin: mail`: the dialogue begins before there is a recipient, by
 * the rules that hold whoever it will be. */
static void begin_callout_early(struct message *message)
{
    const struct policy *policy = message->session->policy;
    struct evaluation nobody = {.stage = STAGE_MAIL,
                                .called_back =
                                    message_is_called_back(message, "")};
    struct encounter encounter;
    struct facts facts;
    struct evidence evidence;
    const struct exception *exception;

    if (policy->callout_begin != CALLOUT_BEGIN_MAIL || !message->sender.given)
        return;
    message_encounter(message, NULL, &encounter);
    exception = policy_exception(policy, &encounter);
    if (exception && exception->accept)
        return;
    nobody.rules = exception ? &exception->rules : &policy->rules;
    find_and_call(message, &nobody, &facts, &evidence);
}

/* The callout that a verdict came too early for, as soon as it is due. */
static void begin_callout_late(struct message *message)
{
    const struct evaluation nobody = {.stage = STAGE_RCPT,
                                      .rules = message->owed,
                                      .called_back =
                                          message_is_called_back(message, ""),
                                      .behind = true};
    struct facts facts;
    struct evidence evidence;

    find_and_call(message, &nobody, &facts, &evidence);
    evaluation_want_trust(message, &nobody, &facts, &evidence);
    if (message->wait || atomic_load(&message->session->service->stopping) ||
        evidence.findings.of[CHECK_CALLOUT].result != RESULT_OPEN)
        message->owed = NULL;
}

/* A trial that came to its verdict goes to the callback that waits for it. */
static void trial_end(struct session *session, struct trial *trial)
{
    trial->decided = true;
    if (trial->waited)
        pthread_cond_broadcast(&session->decided);
    else
        trial_free(trial);
}

/* Try the evaluation at `link`. True when it came to its verdict: it is gone,
 * and `link` leads to the next one. */
static bool try_open(struct message *message, struct evaluation **link,
                     instant now)
{
    struct evaluation *evaluation = *link;

    if (!evaluation_step(message, evaluation, now))
        return false;
    *link = evaluation->next;
    for (struct trial *next, *trial = evaluation->trials; trial; trial = next) {
        next = trial->next;
        trial_end(message->session, trial);
    }
    free(evaluation);
    return true;
}

static void message_step(struct message *message, instant now)
{
    struct evaluation **link = &message->evaluations;

    if (message->ended && !message_is_open(message))
        return;
    message_gather(message);
    if (!message->ended && !message->evaluations)
        begin_callout_early(message);
    while (*link)
        if (!try_open(message, link, now))
            link = &(*link)->next;
    if (message->owed)
        begin_callout_late(message);
}

/* Free the messages that are over and have nothing open; see to it that what is
 * open is found when its time is over. */
static void sweep(struct session *session)
{
    struct message **link = &session->messages;
    instant due = INSTANT_NEVER;

    while (*link) {
        struct message *message = *link;

        if (message->evaluations && message->deadline < due)
            due = message->deadline;
        if (message->ended && !message_is_open(message)) {
            *link = message->next;
            message_leave_callout(message);
            message_free(message);
        } else {
            link = &message->next;
        }
    }
    if (due == INSTANT_NEVER)
        service_delist(session);
    else
        service_enlist(session, due);
}

static bool is_alive(const struct session *session)
{
    const struct message *message = session->messages;

    while (message && !message_is_open(message))
        message = message->next;
    return !session->closed || message;
}

/* What is left of a session that is over is held for a callout alone, perhaps
 * for a minute, and needs no answers. */
static void let_answers_go(struct session *session)
{
    dns_batch_free(&session->batch);
    if (session->greeting)
        dns_batch_free(&session->greeting->batch);
    for (struct message *m = session->messages; m; m = m->next) {
        dns_batch_free(&m->batch);
        dns_batch_free(&m->greeting->batch);
    }
}

/* Those beyond the limit, which are the oldest, are late, and no callout begins
 * for them any more. */
static void messages_step(struct session *session, instant now)
{
    size_t lingering = 0;

    for (struct message *m = session->messages; m; m = m->next) {
        const bool beyond =
            m->ended && message_is_open(m) && ++lingering > LINGERING_MOST;

        if (beyond)
            m->deadline = now;
        message_step(m, now);
        if (beyond)
            m->owed = NULL;
    }
}

void session_step(struct session *session)
{
    const instant now = clock_now(session->service->clock);

    if (is_alive(session)) {
        client_gather(session);
        if (session->greeting)
            greeting_gather(session, session->greeting);
        messages_step(session, now);
    } else {
        let_answers_go(session);
    }
    sweep(session);
}

void message_try_first(struct message *message)
{
    struct session *session = message->session;

    client_gather(session);
    message_gather(message);
    try_open(message, &message->evaluations,
             clock_now(session->service->clock));
    if (message->owed)
        begin_callout_late(message);
    sweep(session);
}
