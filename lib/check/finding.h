/* SPDX-License-Identifier: BSD-2-Clause */
/* finding.h - the checks, what each can result in, and the names of these in
 * policy file, log and reply */
#ifndef CHECK_FINDING_H
#define CHECK_FINDING_H

#include "base/text.h"

#include <stdbool.h>

/** The checks in the order of the table: the reply is that of the first one
 * with the strongest action. */
enum check {
    CHECK_HELO_SYNTAX,
    CHECK_HELO_IDENTITY,
    CHECK_HELO_FORWARD,
    CHECK_HELO_MATCH,
    CHECK_CLIENT_PTR,
    CHECK_DNSBL,
    CHECK_SENDER_DOMAIN,
    CHECK_CALLOUT
};
#define CHECK_COUNT 8

enum result {
    RESULT_OPEN, /* the facts do not tell yet */
    RESULT_PASS,
    RESULT_FAIL,
    RESULT_TEMPERROR,
    RESULT_UNKNOWN,
    RESULT_NONE /* does not apply */
};

enum reason {
    REASON_NONE,
    REASON_MISSING,
    REASON_UNQUALIFIED,
    REASON_BAD_LABEL,
    REASON_BARE_ADDRESS,
    REASON_BAD_LITERAL,
    REASON_NXDOMAIN,
    REASON_NO_ADDRESS,
    REASON_UNCONFIRMED,
    REASON_SYNTAX,
    REASON_NULL_MX,
    REASON_UNROUTABLE,
    REASON_POINTS_AT_US,
    REASON_NO_SUCH_MAILBOX,
    REASON_REFUSES_BOUNCES,
    REASON_NO_POSTMASTER,
    REASON_GREYLISTED,
    REASON_UNREACHABLE,
    REASON_BLOCKED_US,
    REASON_ACCEPTS_ANYTHING,
    REASON_NEEDS_TLS,
    REASON_NO_SMTPUTF8,
    REASON_GIVEN_UP,
    REASON_WALLED_OFF,
    REASON_CAPACITY,
    REASON_IN_PROGRESS, /* not known by reply-within */
    REASON_INTERNAL     /* our own fault */
};

struct finding {
    enum result result;
    enum reason reason;
};

/** "helo-syntax", "pass", "no-such-mailbox"; the empty string for
 * REASON_NONE. */
const char *check_name(enum check check);
const char *result_name(enum result result);
const char *reason_name(enum reason reason);

/** False: there is none of that name. RESULT_OPEN and REASON_NONE are not
 * found. */
bool check_from_name(enum check *check, struct span name);
bool result_from_name(enum result *result, struct span name);
bool reason_from_name(enum reason *reason, struct span name);

/** True when this check can come out so: what the policy file may name.
 * REASON_NONE stands for "with whatever reason". */
bool check_can_result(enum check check, enum result result, enum reason reason);

#endif
