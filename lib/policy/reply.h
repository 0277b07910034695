/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.h - from a verdict to the SMTP reply that the rejected postmaster reads
 * (RFC 5321 4.2, RFC 3463, RFC 7372) */
#ifndef POLICY_REPLY_H
#define POLICY_REPLY_H

#include "policy/verdict.h"

#define REPLY_LINES_MOST 8
#define REPLY_LINE_SIZE  481 /* 480 octets and the terminator */

/** Reply code, enhanced status code of the same class, and at least one line of
 * printable ASCII, none of them empty or with a digit in front: some MTAs take
 * that for a code. `%` is not doubled: that is libmilter's matter. */
struct reply {
    uint16_t code;
    char status[12];
    size_t count;
    char line[REPLY_LINES_MOST][REPLY_LINE_SIZE];
};

/** What the texts may speak of; outside octets, unescaped; empty when not
 * known. The null sender is `<>`. An empty reason: the name of the result. */
struct reply_words {
    struct span client, reverse, helo, sender, recipient, reason, id;
    struct span identity;
    struct span detail; /* from check_describe: ours, escaped already */
    bool distrust;      /* the finding is what it is for our resolver alone */
};

/** Build the reply to a verdict of tempfail or reject. */
void reply_write(struct reply *reply, const struct verdict *verdict,
                 const struct reply_words *words);

/** Build the reply to a message with too many forged Authentication-Results,
 * which `how`, tempfail or reject, says something about. */
void reply_write_forged(struct reply *reply, const struct action *how,
                        const struct reply_words *words);

/** The name of the `index`th word that a `text` of the policy file may hold as
 * `%{name}`; NULL past the last. */
const char *reply_word(size_t index);

#endif
