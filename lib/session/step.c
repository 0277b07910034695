/* SPDX-License-Identifier: BSD-2-Clause */
/* step.c - one step of a session: gather what is known, try the open trials on
 * it, ask for what is missing */
#include "session/parts.h"

static const struct finding in_progress = {RESULT_TEMPERROR,
                                           REASON_IN_PROGRESS};
static const struct finding not_run = {RESULT_NONE, REASON_NONE};

static bool is_run(const struct rules *rules, enum stage stage,
                   enum check check)
{
    return rules->checks[check].run &&
           (stage != STAGE_HELO || check < CHECK_SENDER_DOMAIN);
}

static bool is_frozen(const struct message *message, const struct trial *trial,
                      enum check check)
{
    return message->gave_up[check] && !trial->behind;
}

static struct finding find_callout(const struct message *message,
                                   const struct trial *trial,
                                   const struct facts *facts,
                                   const struct evidence *evidence)
{
    struct finding finding =
        check_find(CHECK_CALLOUT, facts, &trial->rules->settings);

    if (finding.result == RESULT_NONE)
        return finding;
    switch (callout_gate(message, trial, facts, evidence)) {
    case CALLOUT_GATE_SHUT:
        return not_run;
    case CALLOUT_GATE_WAIT:
        finding.result = RESULT_OPEN;
        finding.reason = REASON_NONE;
        break;
    case CALLOUT_GATE_OPEN:
        break;
    }
    return is_frozen(message, trial, CHECK_CALLOUT) ? in_progress : finding;
}

/* What the checks that the trial's rules run make of the facts. The callout
 * comes last, for whether it is due depends on the others. */
static void find(const struct message *message, const struct trial *trial,
                 const struct facts *facts, struct evidence *evidence)
{
    const struct rules *rules = trial->rules;

    for (enum check check = 0; check < CHECK_COUNT; check++) {
        struct finding *finding = &evidence->findings.of[check];

        *finding = not_run;
        if (!is_run(rules, trial->stage, check) || check == CHECK_CALLOUT)
            continue;
        *finding = is_frozen(message, trial, check)
                       ? in_progress
                       : check_find(check, facts, &rules->settings);
    }
    sightings_look(message, rules, facts, evidence);
    if (!is_run(rules, trial->stage, CHECK_CALLOUT))
        return;
    evidence->findings.of[CHECK_CALLOUT] =
        find_callout(message, trial, facts, evidence);
    sighting_look(message, rules, facts, CHECK_CALLOUT, evidence);
}

/* Not before all exchangers are known: a flight keeps those it began with. */
static bool callout_is_due(const struct message *message,
                           const struct trial *trial, const struct facts *facts,
                           const struct evidence *evidence)
{
    const struct finding *of = evidence->findings.of;

    return of[CHECK_CALLOUT].result == RESULT_OPEN &&
           of[CHECK_SENDER_DOMAIN].result == RESULT_PASS &&
           facts_targets_are_known(facts) &&
           callout_gate(message, trial, facts, evidence) == CALLOUT_GATE_OPEN;
}

/* Find, and begin the callout if that is what is missing; it may be kept. */
static void find_and_call(struct message *message, const struct trial *trial,
                          struct facts *facts, struct evidence *evidence)
{
    message_facts(message, facts);
    find(message, trial, facts, evidence);
    if (!callout_is_due(message, trial, facts, evidence))
        return;
    message_begin_callout(message, facts);
    message_facts(message, facts);
    find(message, trial, facts, evidence);
}

static bool is_late(const struct message *message, instant now)
{
    return message->deadline <= now ||
           atomic_load(&message->session->service->stopping);
}

static void give_up_open(struct message *message, const struct trial *trial,
                         struct evidence *evidence)
{
    if (evidence->findings.of[CHECK_CALLOUT].result == RESULT_OPEN)
        message->owed = trial->rules;
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        if (evidence->findings.of[check].result != RESULT_OPEN)
            continue;
        message->gave_up[check] = true;
        evidence->findings.of[check] = in_progress;
    }
}

/* True when the trial came to its verdict. */
static bool trial_step(struct message *message, struct trial *trial,
                       instant now)
{
    struct facts facts;
    struct evidence evidence;
    struct verdict verdict;

    find_and_call(message, trial, &facts, &evidence);
    if (!verdict_is_settled(trial->rules, &evidence.findings, &evidence.sights,
                            now)) {
        if (!is_late(message, now))
            return false;
        give_up_open(message, trial, &evidence);
        sightings_look(message, trial->rules, &facts, &evidence);
    }
    verdict =
        verdict_make(trial->rules, &evidence.findings, &evidence.sights, now);
    trial_decide(message, trial, &facts, &evidence, &verdict);
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
    struct trial nobody = {.stage = STAGE_MAIL};
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
    const struct trial nobody = {
        .stage = STAGE_RCPT, .rules = message->owed, .behind = true};
    struct facts facts;
    struct evidence evidence;

    find_and_call(message, &nobody, &facts, &evidence);
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

static void message_step(struct message *message, instant now)
{
    struct trial **link = &message->trials;

    if (message->ended && !message->trials && !message->owed)
        return;
    message_gather(message);
    if (!message->ended && !message->trials)
        begin_callout_early(message);
    while (*link) {
        struct trial *trial = *link;

        if (!trial_step(message, trial, now)) {
            link = &trial->next;
            continue;
        }
        *link = trial->next;
        trial_end(message->session, trial);
    }
    if (message->owed)
        begin_callout_late(message);
}

/* Free the messages that are over and that nothing under way needs; see to it
 * that the open ones are found when their time is over. */
static void sweep(struct session *session)
{
    struct message **link = &session->messages;
    instant due = INSTANT_NEVER;

    while (*link) {
        struct message *message = *link;

        if (message->trials && message->deadline < due)
            due = message->deadline;
        if (message->ended && !message->trials && !message->wait &&
            !message->owed) {
            *link = message->next;
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

    while (message && !message->trials && !message->owed)
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

void session_step(struct session *session)
{
    const instant now = clock_now(session->service->clock);

    if (is_alive(session)) {
        client_gather(session);
        if (session->greeting)
            greeting_gather(session, session->greeting);
        for (struct message *m = session->messages; m; m = m->next)
            message_step(m, now);
    } else {
        let_answers_go(session);
    }
    sweep(session);
}
