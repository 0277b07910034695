/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks.c - from libmilter to the session and back */
#include "milter/callbacks.h"

#include "milter/packets.h"
#include "policy/authres.h"
#include "session/session.h"

#include <libmilter/mfapi.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CODE_SIZE 4
/* A line with every `%` doubled; libmilter takes 980 octets. */
#define LINE_SIZE (2 * REPLY_LINE_SIZE)

/* libmilter hands its callbacks nothing of ours but what hangs on a session,
 * and the first callback has to get the session from somewhere. */
static struct {
    struct service *service;
    struct negotiation negotiation;
    atomic_uint running;
    atomic_bool stopped;
} filter;

/* Hangs on a connection in the place of a session when there was no memory for
 * one: what has been told since would be missed by a later one. */
static char lost;

const struct negotiation *callbacks_negotiated(void)
{
    return &filter.negotiation;
}

unsigned callbacks_running(void)
{
    return atomic_load(&filter.running);
}

void callbacks_stop(void)
{
    atomic_store(&filter.stopped, true);
}

/* One more is running. Never returns once we have stopped: whoever stops counts
 * those that came before. */
static void count_in(void)
{
    atomic_fetch_add(&filter.running, 1);
    if (!atomic_load(&filter.stopped))
        return;
    atomic_fetch_sub(&filter.running, 1);
    for (;;)
        pause();
}

/* The session of this connection. HELO and MAIL may come without CONNECT, and
 * another CONNECT on the same socket after close: made when it is missed. NULL
 * when memory ends. */
static struct session *enter(SMFICTX *context)
{
    void *kept = smfi_getpriv(context);
    struct session *session;

    count_in();
    if (kept)
        return kept == &lost ? NULL : kept;
    session = session_new(filter.service);
    smfi_setpriv(context, session ? (void *)session : &lost);
    return session;
}

/* The session, if there is one. */
static struct session *current(SMFICTX *context)
{
    void *kept = smfi_getpriv(context);

    return kept == &lost ? NULL : kept;
}

static sfsistat leave(sfsistat status)
{
    atomic_fetch_sub(&filter.running, 1);
    return status;
}

/* A single `%` in a reply makes sendmail throw the text away. */
static void double_percent(char doubled[LINE_SIZE], const char *line)
{
    while (*line) {
        if (*line == '%')
            *doubled++ = '%';
        *doubled++ = *line++;
    }
    *doubled = '\0';
}

/* The one place where a reply is set: libmilter keeps what is not used for the
 * next one, so it is done right before returning. Without the lines (memory has
 * ended) the MTA says its own words of the same class. */
static sfsistat refuse(SMFICTX *context, const struct reply *reply)
{
    char(*lines)[LINE_SIZE] = calloc(REPLY_LINES_MOST, sizeof *lines);
    char code[CODE_SIZE], status[sizeof reply->status];
    char *line[REPLY_LINES_MOST] = {NULL};

    snprintf(code, sizeof code, "%03u", reply->code % 1000u);
    memcpy(status, reply->status, sizeof status);
    for (size_t i = 0; lines && i < reply->count; i++) {
        double_percent(lines[i], reply->line[i]);
        line[i] = lines[i];
    }
    if (lines)
        smfi_setmlreply(context, code, status, line[0], line[1], line[2],
                        line[3], line[4], line[5], line[6], line[7], NULL);
    free(lines);
    return reply->code >= 500 ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

static sfsistat answer(SMFICTX *context, const struct reply *reply)
{
    return leave(reply ? refuse(context, reply) : SMFIS_CONTINUE);
}

/* Ask for what the policy needs and the MTA offers; where it cannot change
 * header fields, nothing is tagged. Not to answer header fields is asked for in
 * any case: libmilter answers for us where the MTA insists. */
static sfsistat on_negotiate(SMFICTX *context, unsigned long actions,
                             unsigned long steps, unsigned long offered2,
                             unsigned long offered3,
                             unsigned long *wanted_actions,
                             unsigned long *wanted_steps,
                             unsigned long *wanted2, unsigned long *wanted3)
{
    const struct negotiation *negotiation = &filter.negotiation;
    char mail_macros[] = "i {auth_authen}", rcpt_macros[] = "i";

    (void)offered2;
    (void)offered3;
    if (negotiation->actions & ~actions)
        log_line(LOG_LEVEL_WARNING, "the mail server does not let us change "
                                    "header fields: nothing is tagged");
    *wanted_actions = (negotiation->actions | SMFIF_SETSYMLIST) & actions;
    *wanted_steps = (negotiation->skipped & steps) | negotiation->silent;
    *wanted2 = 0;
    *wanted3 = 0;
    if (actions & SMFIF_SETSYMLIST) {
        smfi_setsymlist(context, SMFIM_ENVFROM, mail_macros);
        smfi_setsymlist(context, SMFIM_ENVRCPT, rcpt_macros);
    }
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *host, struct sockaddr *from)
{
    struct session *session = enter(context);
    struct address client;
    const bool known = from && address_from_socket(&client, from);

    (void)host; /* what the MTA made of the reverse name: we ask ourselves */
    if (session)
        session_connect(session, known ? &client : NULL);
    return leave(SMFIS_CONTINUE);
}

static sfsistat on_helo(SMFICTX *context, char *argument)
{
    struct session *session = enter(context);
    const struct reply *reply = NULL;

    if (session)
        reply = session_helo(session, span_of(argument ? argument : ""));
    return answer(context, reply);
}

static bool is_authenticated(SMFICTX *context)
{
    char name[] = "{auth_authen}";
    const char *user = smfi_getsymval(context, name);

    return user && *user;
}

static const char *queue_id(SMFICTX *context)
{
    char name[] = "i";

    return smfi_getsymval(context, name);
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
    struct session *session = enter(context);
    const struct reply *reply = NULL;

    if (session)
        reply = session_mail(session, span_of(arguments[0]),
                             is_authenticated(context), queue_id(context));
    return answer(context, reply);
}

static sfsistat on_rcpt(SMFICTX *context, char **arguments)
{
    struct session *session = enter(context);
    const struct reply *reply = NULL;

    if (session)
        reply = session_rcpt(session, span_of(arguments[0]), queue_id(context));
    else
        reply = service_lost_reply(filter.service);
    return answer(context, reply);
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
    struct session *session = enter(context);

    if (session)
        session_header(session, name, span_of(value));
    return leave(SMFIS_NOREPLY);
}

/* From the last to the first, so that removing one does not renumber the
 * others. */
static void remove_forged(SMFICTX *context, const struct session_tags *tags)
{
    char name[] = AUTHRES_NAME;

    for (size_t i = tags->forged_count; i-- > 0;)
        if (smfi_chgheader(context, name, (int)tags->forged[i], NULL) !=
            MI_SUCCESS) {
            log_line(LOG_LEVEL_WARNING,
                     "forged " AUTHRES_NAME " fields stay in a message: the "
                     "mail server does not let us remove them");
            return;
        }
}

static void insert_tag(SMFICTX *context, const char *value)
{
    char name[] = AUTHRES_NAME;
    char *copy = strdup(value);

    if (!copy || smfi_insheader(context, 0, name, copy) != MI_SUCCESS)
        log_line(LOG_LEVEL_WARNING, "a message could not be tagged");
    free(copy);
}

static sfsistat on_end_of_message(SMFICTX *context)
{
    struct session *session = enter(context);
    const struct reply *reply = NULL;
    struct session_tags tags = {0};

    if (session)
        reply = session_eom(session, queue_id(context), &tags);
    remove_forged(context, &tags);
    if (tags.authres)
        insert_tag(context, tags.authres);
    return answer(context, reply);
}

static sfsistat on_abort(SMFICTX *context)
{
    struct session *session = current(context);

    if (session)
        session_abort(session);
    return SMFIS_CONTINUE;
}

/* Comes also without anything before it, and from libmilter's clean-up with
 * its pool locked: it never waits. */
static sfsistat on_close(SMFICTX *context)
{
    struct session *session = current(context);

    packets_forget();
    smfi_setpriv(context, NULL);
    session_close(&session);
    return SMFIS_CONTINUE;
}

bool callbacks_register(struct service *service, struct negotiation negotiation)
{
    char name[] = "bonafide";
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = negotiation.actions | SMFIF_SETSYMLIST,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_header = on_header,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };

    filter.service = service;
    filter.negotiation = negotiation;
    return smfi_register(description) == MI_SUCCESS;
}
