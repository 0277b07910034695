/* SPDX-License-Identifier: BSD-2-Clause */
/* session.c - what the MTA tells, turned into steps; waiting for verdicts */
#include "session/parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static void cond_init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct session *session_new(struct service *service)
{
    struct session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    atomic_init(&session->holders, 1);
    session->service = service;
    session->step = session_step;
    session->policy = service_policy(service);
    pthread_mutex_init(&session->lock, NULL);
    cond_init_monotonic(&session->decided);
    return session;
}

void session_connect(struct session *session, const struct address *client)
{
    pthread_mutex_lock(&session->lock);
    if (client) {
        session->client.known = true;
        session->client.address = *client;
        session->batch = batch_new(session);
    }
    session_step(session);
    pthread_mutex_unlock(&session->lock);
}

/* The current message is the first; those behind it only linger. */
static struct message *current(const struct session *session)
{
    struct message *message = session->messages;

    return message && !message->ended ? message : NULL;
}

static void end_message(struct session *session)
{
    struct message *message = current(session);

    if (message)
        message->ended = true;
}

/* True when the wait is within the budget of waiting callbacks. */
static bool begin_waiting(struct session *session)
{
    const uint32_t wanted = session->policy->waiting_most;
    const uint32_t limit = session->service->limits.waiting;

    return atomic_fetch_add(&session->service->waiting, 1) <
           (wanted < limit ? wanted : limit);
}

static void end_waiting(struct session *session)
{
    atomic_fetch_sub(&session->service->waiting, 1);
}

static void sleep_until(struct session *session, instant deadline)
{
    const instant now = clock_now(session->service->clock);
    const uint32_t ms = instant_ms_until(now, deadline);
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&session->decided, &session->lock, &until);
}

/* Whoever is told may connect and the like: not under our lock. */
static void tell_of_wait(struct session *session)
{
    if (!session->service->waits)
        return;
    pthread_mutex_unlock(&session->lock);
    session->service->waits();
    pthread_mutex_lock(&session->lock);
}

/* Beyond the budget of waiting callbacks what is not known is in-progress at
 * once. */
static void wait_for_verdict(struct session *session, struct message *message,
                             struct trial *trial)
{
    if (begin_waiting(session))
        tell_of_wait(session);
    else
        message->deadline = clock_now(session->service->clock);
    while (!trial->decided) {
        sleep_until(session, message->deadline);
        if (!trial->decided)
            session_step(session);
    }
    end_waiting(session);
}

static void begin_deadline(struct message *message, instant now)
{
    const uint32_t ms = message->session->policy->reply_within_ms;

    if (message->deadline == INSTANT_NEVER)
        message->deadline = instant_after_ms(now, ms);
}

/* In enforce mode the callback waits for the verdict and takes its reply; in
 * monitor mode the trial is left to itself. Who joins others has nothing to be
 * tried on that they were not. */
static const struct reply *run_trial(struct session *session,
                                     struct message *message,
                                     struct evaluation *evaluation,
                                     struct trial *trial)
{
    const bool waited = session->policy->mode == MODE_ENFORCE;
    const bool joins = evaluation->trials;
    bool lost;

    trial->waited = waited;
    evaluation_add(evaluation, trial);
    begin_deadline(message, trial->begun);
    if (!joins)
        message_try_first(message);
    if (!waited)
        return NULL;
    if (!trial->decided)
        wait_for_verdict(session, message, trial);
    session->reply = trial->reply;
    lost = trial->reply_lost;
    trial->reply = NULL;
    trial_free(trial);
    return lost ? lost_reply(session->policy) : session->reply;
}

/* A verdict for the stage, unless an exception accepts. */
static const struct reply *try_stage(struct session *session,
                                     struct message *message, enum stage stage,
                                     const char *recipient, const char *queue)
{
    const struct policy *policy = session->policy;
    const struct exception *exception;
    struct encounter encounter;
    struct evaluation *evaluation = NULL;
    struct trial *trial;

    message_encounter(message, recipient, &encounter);
    exception = policy_exception(policy, &encounter);
    if (exception && exception->accept) {
        record_acceptance(message, stage, recipient, queue, exception);
        return NULL;
    }
    if (!recipient)
        recipient = "";
    trial = trial_new(message, recipient, queue);
    if (trial)
        evaluation = message_evaluation(
            message, stage, exception ? &exception->rules : &policy->rules,
            message_is_called_back(message, recipient));
    if (evaluation)
        return run_trial(session, message, evaluation, trial);
    free(trial);
    return lost_reply(policy);
}

static void forget_last_call(struct session *session)
{
    free(session->reply);
    session->reply = NULL;
    free(session->authres);
    session->authres = NULL;
}

static void greet(struct session *session, struct span argument)
{
    struct greeting *greeting = greeting_new(argument);

    if (greeting)
        greeting->batch = batch_new(session);
    greeting_drop(session->greeting);
    session->greeting = greeting;
    session->greeting_lost = !greeting;
}

/* HELO may never have come: a missing one is a greeting too. */
static struct message *begin_message(struct session *session,
                                     struct span sender)
{
    struct message *message;

    end_message(session);
    session_ask_again(session);
    if (!session->greeting && !session->greeting_lost)
        greet(session, span_of(""));
    message = session->greeting ? message_new(session, sender) : NULL;
    session->message_lost = !message;
    if (!message)
        return NULL;
    message->batch = batch_new(session);
    message->seed = service_make_id(session->service, message->id);
    return message;
}

const struct reply *session_helo(struct session *session, struct span argument)
{
    const struct reply *reply = NULL;
    struct message *message;

    pthread_mutex_lock(&session->lock);
    forget_last_call(session);
    end_message(session);
    greet(session, argument);
    session_step(session);
    if (session->policy->reply_at == REPLY_AT_HELO) {
        message = begin_message(session, span_of(""));
        if (message)
            reply = try_stage(session, message, STAGE_HELO, NULL, NULL);
    }
    pthread_mutex_unlock(&session->lock);
    return reply;
}

const struct reply *session_mail(struct session *session, struct span sender,
                                 bool authenticated, const char *queue)
{
    const struct reply *reply = NULL;
    struct message *message;

    pthread_mutex_lock(&session->lock);
    forget_last_call(session);
    message = begin_message(session, sender);
    if (message) {
        message_take_sender(message, authenticated);
        session_step(session);
        if (session->policy->reply_at == REPLY_AT_MAIL)
            reply = try_stage(session, message, STAGE_MAIL, NULL, queue);
    } else if (session->policy->reply_at == REPLY_AT_MAIL) {
        reply = lost_reply(session->policy);
    }
    pthread_mutex_unlock(&session->lock);
    return reply;
}

const struct reply *session_rcpt(struct session *session, struct span recipient,
                                 const char *queue)
{
    const struct reply *reply = NULL;
    char wire[MAILPATH_SIZE];
    struct message *message;

    recipient_write(recipient, wire);
    pthread_mutex_lock(&session->lock);
    forget_last_call(session);
    message = current(session);
    if (message && session->policy->reply_at != REPLY_AT_MAIL)
        reply = try_stage(session, message, STAGE_RCPT, wire, queue);
    else if (!message && session->message_lost)
        reply = lost_reply(session->policy);
    pthread_mutex_unlock(&session->lock);
    return reply;
}

/* True when forged fields are to be looked for: where we would never write one,
 * there is nothing to forge, and a filter before us may write ours. */
static bool looks_for_forged(const struct session *session)
{
    const struct policy *policy = session->policy;

    return policy->can_tag &&
           !(session->client.known &&
             policy_accepts_client(policy, &session->client.address));
}

void session_header(struct session *session, const char *name,
                    struct span value)
{
    struct message *message;

    if (strcasecmp(name, AUTHRES_NAME) != 0)
        return;
    pthread_mutex_lock(&session->lock);
    message = current(session);
    if (message && looks_for_forged(session)) {
        message->authres_seen++;
        if (authres_claims(value, session->policy->site.identity))
            message_note_forged(message);
    }
    pthread_mutex_unlock(&session->lock);
}

/* The field is left out when memory ends: our own fault never costs mail. */
static char *write_tag(struct message *message)
{
    struct text text;
    struct facts facts;
    char *value = malloc(AUTHRES_SIZE);

    if (!value)
        return NULL;
    text_begin(&text, value, AUTHRES_SIZE);
    message_facts(message, &facts);
    authres_write(&text, &facts, message->tag_rules, &message->tag_findings);
    return value;
}

static void fill_tags(struct session *session, struct message *message,
                      struct session_tags *tags)
{
    if (session->policy->mode == MODE_MONITOR)
        return;
    if (message->tag_rules)
        session->authres = write_tag(message);
    tags->authres = session->authres;
    tags->forged_count = message->forged_count;
    memcpy(tags->forged, message->forged, sizeof tags->forged);
}

/* What the policy says of it; `internal-error` when there is no memory for the
 * reply. */
static const struct reply *reply_to_forged(struct session *session,
                                           const struct message *message,
                                           const char *queue)
{
    const struct policy *policy = session->policy;

    session->reply = record_forged(message, queue);
    if (policy->mode == MODE_MONITOR)
        return NULL;
    return session->reply || policy->forged_results.kind < ACTION_TEMPFAIL
               ? session->reply
               : lost_reply(policy);
}

/* With more forged fields than are removed none is, for those that stay would
 * be believed as before, and no tag of ours shall stand among them. */
const struct reply *session_eom(struct session *session, const char *queue,
                                struct session_tags *tags)
{
    const struct reply *reply = NULL;
    struct message *message;

    *tags = (struct session_tags){0};
    pthread_mutex_lock(&session->lock);
    forget_last_call(session);
    message = current(session);
    if (message && message->forged_count > AUTHRES_FORGED_MOST)
        reply = reply_to_forged(session, message, queue);
    else if (message)
        fill_tags(session, message, tags);
    end_message(session);
    pthread_mutex_unlock(&session->lock);
    return reply;
}

void session_abort(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    end_message(session);
    session_step(session);
    pthread_mutex_unlock(&session->lock);
}

void session_close(struct session **session)
{
    struct session *s = *session;

    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    end_message(s);
    s->closed = true;
    session_step(s);
    pthread_mutex_unlock(&s->lock);
    session_drop(s);
    *session = NULL;
}
