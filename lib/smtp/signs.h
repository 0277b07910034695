/* SPDX-License-Identifier: BSD-2-Clause */
/* signs.h - what a refusal shows, in its status and its text, of whom it
 * refuses: us or the address asked about */
#ifndef SMTP_SIGNS_H
#define SMTP_SIGNS_H

#include "base/mailpath.h"
#include "smtp/reply.h"

/** Who asks about whom. The address asked about is no more than an echo in a
 * reply, and its words are the stranger's who gave it: they are no sign. */
struct smtp_question {
    const struct mailpath *path;
    const char *name;       /* ours, canonical, as given in EHLO */
    struct address address; /* ours, at this end of the connection */
};

enum smtp_sign {
    SMTP_SIGN_NAMES_US = 1,     /* it says our address or our name */
    SMTP_SIGN_LISTED = 2,       /* a blocklist's name, or words for one */
    SMTP_SIGN_OF_CLIENT = 4,    /* words for a client, not for a mailbox */
    SMTP_SIGN_POLICY = 8,       /* x.7.x (RFC 3463 3.8), 571, or such words */
    SMTP_SIGN_NO_RELAY = 16,    /* it does not relay to the address */
    SMTP_SIGN_NO_MAILBOX = 32,  /* it says that there is no such mailbox */
    SMTP_SIGN_NO_BOUNCES = 64,  /* it means the null sender (x.1.7, x.1.8) */
    SMTP_SIGN_FULL = 128,       /* the mailbox takes no more, so it exists */
    SMTP_SIGN_NO_UTF8 = 256,    /* no address beyond ASCII is taken (x.6.7) */
    SMTP_SIGN_TLS = 512,        /* it speaks of TLS */
    SMTP_SIGN_NO_STATUS = 1024, /* no status, or one that says nothing */
};

/** The signs in a reply, of enum smtp_sign. */
unsigned smtp_signs(const struct smtp_reply *reply,
                    const struct smtp_question *question);

#endif
