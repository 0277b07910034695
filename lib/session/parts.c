/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.c - sessions, greetings, messages, evaluations and trials: how they are
 * held, made and freed */
#include "session/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_hold(struct session *session)
{
    atomic_fetch_add(&session->holders, 1);
}

void session_drop(struct session *session)
{
    if (atomic_fetch_sub(&session->holders, 1) > 1)
        return;
    dns_batch_free(&session->batch);
    greeting_drop(session->greeting);
    free(session->reply);
    free(session->authres);
    policy_drop(session->policy);
    pthread_cond_destroy(&session->decided);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

void session_facts(const struct session *session,
                   const struct greeting *greeting, struct facts *facts)
{
    *facts = (struct facts){
        .site = &session->policy->site,
        .trust = canary_trust(session->service->canary),
        .client = session->client,
        .lists.zones = &session->policy->zones,
        .lists.of[ZONE_OF_CLIENT] = session->listings,
        .lists.of[ZONE_OF_REVERSE] = session->listings,
    };
    if (!greeting)
        return;
    facts->helo = greeting->facts;
    facts->lists.of[ZONE_OF_HELO] = greeting->listings;
}

void message_facts(const struct message *message, struct facts *facts)
{
    session_facts(message->session, message->greeting, facts);
    facts->sender = message->sender;
    facts->lists.of[ZONE_OF_SENDER] = message->listings;
}

/* Octets with a terminator; what is not given is the empty string. */
static char *copy(struct span text)
{
    char *copied = malloc(text.length + 1);

    if (!copied)
        return NULL;
    if (text.length > 0)
        memcpy(copied, text.at, text.length);
    copied[text.length] = '\0';
    return copied;
}

struct greeting *greeting_new(struct span argument)
{
    struct greeting *greeting = calloc(1, sizeof *greeting);

    if (!greeting)
        return NULL;
    greeting->holders = 1;
    greeting->text = copy(argument);
    if (!greeting->text) {
        free(greeting);
        return NULL;
    }
    argument.at = greeting->text;
    helo_facts_read(&greeting->facts, argument);
    return greeting;
}

void greeting_drop(struct greeting *greeting)
{
    if (!greeting || --greeting->holders > 0)
        return;
    dns_batch_free(&greeting->batch);
    free(greeting->text);
    free(greeting);
}

struct message *message_new(struct session *session, struct span sender)
{
    struct message *message = calloc(1, sizeof *message);

    if (!message)
        return NULL;
    message->sender_text = copy(sender);
    if (!message->sender_text) {
        free(message);
        return NULL;
    }
    message->sender_length = sender.length;
    message->session = session;
    message->greeting = session->greeting;
    message->greeting->holders++;
    message->deadline = INSTANT_NEVER;
    message->next = session->messages;
    session->messages = message;
    return message;
}

void message_free(struct message *message)
{
    greeting_drop(message->greeting);
    dns_batch_free(&message->batch);
    free(message->sender_text);
    free(message);
}

/* A path in wire form; one that is none as it was given, escaped. */
static void path_write(const struct mailpath *path, struct span given,
                       char wire[MAILPATH_SIZE])
{
    struct text text;

    if (mailpath_write(path, wire))
        return;
    text_begin(&text, wire, MAILPATH_SIZE);
    text_add_outside(&text, given);
}

void message_take_sender(struct message *message, bool authenticated)
{
    const struct span given = {message->sender_text, message->sender_length};

    message->authenticated = authenticated;
    message->sender.given = true;
    mailpath_parse(&message->sender.path, given);
    path_write(&message->sender.path, given, message->sender_wire);
}

void recipient_write(struct span recipient, char wire[MAILPATH_SIZE])
{
    struct mailpath path;

    mailpath_parse(&path, recipient);
    path_write(&path, recipient, wire);
}

void message_note_forged(struct message *message)
{
    if (message->forged_count < AUTHRES_FORGED_MOST)
        message->forged[message->forged_count] = message->authres_seen;
    message->forged_count++;
}

static const char *greeting_name(const struct greeting *greeting)
{
    const struct helo_facts *helo = &greeting->facts;

    return helo->form == HELO_NAME ? helo->name : greeting->text;
}

void message_encounter(const struct message *message, const char *recipient,
                       struct encounter *encounter)
{
    const struct session *session = message->session;

    *encounter = (struct encounter){
        .client = session->client.known ? &session->client.address : NULL,
        .authenticated = message->authenticated,
        .helo = greeting_name(message->greeting),
        .sender = message->sender.given ? message->sender_wire : NULL,
        .recipient = recipient,
    };
}

struct trial *trial_new(const struct message *message, const char *recipient,
                        const char *queue)
{
    const size_t size = strlen(recipient) + 1;
    struct trial *trial = calloc(1, sizeof *trial + size);

    if (!trial)
        return NULL;
    trial->begun = clock_now(message->session->service->clock);
    memcpy(trial->recipient, recipient, size);
    snprintf(trial->queue, sizeof trial->queue, "%s", queue ? queue : "");
    return trial;
}

struct evaluation *message_evaluation(struct message *message, enum stage stage,
                                      const struct rules *rules,
                                      bool called_back)
{
    struct evaluation *evaluation = message->evaluations;

    while (evaluation &&
           (evaluation->stage != stage || evaluation->rules != rules ||
            evaluation->called_back != called_back))
        evaluation = evaluation->next;
    if (evaluation)
        return evaluation;
    evaluation = calloc(1, sizeof *evaluation);
    if (!evaluation)
        return NULL;
    evaluation->stage = stage;
    evaluation->rules = rules;
    evaluation->called_back = called_back;
    evaluation->end = &evaluation->trials;
    evaluation->next = message->evaluations;
    message->evaluations = evaluation;
    return evaluation;
}

void evaluation_add(struct evaluation *evaluation, struct trial *trial)
{
    *evaluation->end = trial;
    evaluation->end = &trial->next;
}

bool message_is_open(const struct message *message)
{
    return message->evaluations || message->owed;
}

void trial_free(struct trial *trial)
{
    free(trial->reply);
    free(trial);
}
