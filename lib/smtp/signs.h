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
    SMTP_SIGN_NAMES_US = 1,  /* our address, our name, or a blocklist's */
    SMTP_SIGN_OF_CLIENT = 2, /* words for a client, and not for a mailbox */
    SMTP_SIGN_POLICY = 4,    /* x.7.x: security or policy (RFC 3463 3.8) */
    SMTP_SIGN_RELAYING = 8,  /* it speaks of relaying */
    SMTP_SIGN_FULL = 16,     /* the mailbox is (x.2.2, 552) */
    SMTP_SIGN_NO_UTF8 = 32,  /* no address beyond ASCII is taken (x.6.7) */
    SMTP_SIGN_TLS = 64       /* it speaks of TLS */
};

/** The signs in a reply, of enum smtp_sign. */
unsigned smtp_signs(const struct smtp_reply *reply,
                    const struct smtp_question *question);

#endif
