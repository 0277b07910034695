/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.h - from a verdict to the SMTP reply that the rejected postmaster reads
 * (RFC 5321 4.2, RFC 3463, RFC 7372) */
#ifndef POLICY_REPLY_H
#define POLICY_REPLY_H

#include "policy/verdict.h"

#define REPLY_LINES_MOST 8
#define REPLY_LINE_SIZE  481 /* 480 octets and the terminator */

/** Reply code, enhanced status code of the same class, and at least one line of
 * printable ASCII. `%` is not doubled: that is libmilter's matter. */
struct reply {
    uint16_t code;
    char status[12];
    size_t count;
    char line[REPLY_LINES_MOST][REPLY_LINE_SIZE];
};

/** What the texts may speak of; outside octets, unescaped; empty when not
 * known. */
struct reply_words {
    struct span client, reverse, helo, sender, recipient, reason, id;
    struct span identity;
    struct span detail; /* from check_describe: ours, escaped already */
};

/** Build the reply to a verdict of tempfail or reject. */
void reply_write(struct reply *reply, const struct verdict *verdict,
                 const struct reply_words *words);

#endif
