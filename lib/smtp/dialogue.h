/* SPDX-License-Identifier: BSD-2-Clause */
/* dialogue.h - the callout dialogue as a step function: what the server says
 * goes in, commands and an answer come out, no I/O (RFC 5321 3.1, 3.3, 4.1.1;
 * pipelining RFC 2920, internationalised addresses RFC 6531, STARTTLS RFC
 * 3207) */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include "base/callout.h"
#include "base/clock.h"
#include "base/mailpath.h"
#include "base/text.h"
#include "smtp/inquiry.h"

#include <stdbool.h>
#include <stdint.h>

/** How long the reply to QUIT is waited for, the answer being there. */
#define DIALOGUE_QUIT_MS 1000

/** One question to one exchanger. Not thread-safe: it lives on the loop. */
struct dialogue;

struct dialogue_options {
    const char *name;  /* ours, canonical; copied */
    uint32_t reply_ms; /* for one reply */
    instant deadline;  /* for the answer */
    enum callout_tls_use tls;
    enum callout_start start; /* unless TLS is off */
    struct inquiry_wishes wishes;
};

enum dialogue_event_kind {
    DIALOGUE_CONNECTED, /* the first event, and only that */
    DIALOGUE_OCTETS,
    DIALOGUE_SECURED,  /* after DIALOGUE_SECURE: octets come by TLS now */
    DIALOGUE_INSECURE, /* the handshake failed */
    DIALOGUE_CLOSED,   /* by the server, or broken */
    DIALOGUE_TIMEOUT   /* dialogue_deadline has come */
};

struct dialogue_event {
    enum dialogue_event_kind kind;
    instant at;
    struct address local; /* DIALOGUE_CONNECTED: of our end */
    struct span octets;   /* DIALOGUE_OCTETS: borrowed */
};

enum dialogue_next {
    DIALOGUE_WAIT,   /* for what the server says, until dialogue_deadline */
    DIALOGUE_SEND,   /* send the octets, then wait */
    DIALOGUE_SECURE, /* begin TLS as the client, until dialogue_deadline */
    DIALOGUE_DONE    /* close the connection; the answer is there */
};

/**
 * Begin a dialogue about a path.
 * @param path  not the null one; copied. NULL: the greeting is all that is
 *              wanted, CALLOUT_ACCEPTED at that stage, and QUIT follows
 * The domain's postmaster and an impossible mailbox are asked about first, when
 * that is wanted, and the path only where their answers leave it open; RSET
 * lies between. QUIT travels with the last question.
 * @return NULL when memory ends, or when what is to be said cannot be put into
 *         a command
 */
struct dialogue *dialogue_new(const struct mailpath *path,
                              const struct dialogue_options *options);

/**
 * Take an event and say what is to be done next. Octets that came in one event
 * with the reply to a command and go beyond it are no answer to the next: they
 * end the dialogue, unless the answer is there.
 * @param send  the octets to send, for DIALOGUE_SEND; they belong to `dialogue`
 *              until the next step
 */
enum dialogue_next dialogue_step(struct dialogue *dialogue,
                                 const struct dialogue_event *event,
                                 struct span *send);

/** The instant of the event DIALOGUE_TIMEOUT. */
instant dialogue_deadline(const struct dialogue *dialogue);

/** The answer as soon as it is there: before the dialogue is done, for it is
 * not waited for the reply to QUIT. `exchanger` and `address` are empty.
 * @return NULL: not yet; belongs to `dialogue` */
const struct callout_answer *dialogue_answer(const struct dialogue *dialogue);

/** Free, and set *dialogue to NULL. */
void dialogue_free(struct dialogue **dialogue);

#endif
