/* SPDX-License-Identifier: BSD-2-Clause */
/* session.h - one SMTP session as the MTA tells it: what it says goes in, a
 * refusal or nothing comes out
 *
 * The calls follow the milter's callbacks. One call at a time, from whatever
 * thread; only those that must answer wait, and never beyond the policy's
 * `reply-within`. Texts are borrowed for the call.
 *
 * A reply that is returned is a refusal: 4xx tempfail, 5xx reject; it belongs
 * to the session until its next call. NULL is "go on".
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "policy/authres.h"
#include "policy/reply.h"
#include "session/service.h"

struct session;

/** @return NULL when memory ends; else end it with session_close */
struct session *session_new(struct service *service);

/** What a recipient gets in a session that session_new had no memory for: what
 * the policy says of internal errors. A constant, or NULL: "go on". */
const struct reply *service_lost_reply(struct service *service);

/** The client's address, NULL when there is none to speak of (a unix socket).
 * Its lookups begin. */
void session_connect(struct session *session, const struct address *client);

/** HELO or EHLO; the last one counts. */
const struct reply *session_helo(struct session *session, struct span argument);

/**
 * MAIL FROM: a new message begins; one before it is over.
 * @param authenticated  the client has authenticated itself (RFC 4954)
 * @param queue          the MTA's queue id, or NULL
 */
const struct reply *session_mail(struct session *session, struct span sender,
                                 bool authenticated, const char *queue);

const struct reply *session_rcpt(struct session *session, struct span recipient,
                                 const char *queue);

/** One header field of the message. */
void session_header(struct session *session, const char *name,
                    struct span value);

/** What is to be done to a message that goes on at its end. */
struct session_tags {
    size_t forged_count;
    unsigned forged[AUTHRES_FORGED_MOST]; /* which Authentication-Results
                                             fields, counted from 1, are to be
                                             removed; ascending */
    const char *authres; /* value of the one to insert, or NULL; belongs to the
                            session until its next call */
};

/** The end of the message, which is over. A reply is for all its recipients,
 * and leaves nothing to do. */
const struct reply *session_eom(struct session *session, const char *queue,
                                struct session_tags *tags);

/** The message is over without delivery (RSET, or the MTA gave up). */
void session_abort(struct session *session);

/** The session is over; what is under way ends by itself. *session becomes
 * NULL. Never blocks. */
void session_close(struct session **session);

#endif
