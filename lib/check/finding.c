/* SPDX-License-Identifier: BSD-2-Clause */
/* finding.c - the names of checks, results and reasons, and which belong
 * together */
#include "check/finding.h"

#include <stdint.h>
#include <string.h>

static const char *const check_names[CHECK_COUNT] = {
    [CHECK_HELO_SYNTAX] = "helo-syntax",
    [CHECK_HELO_IDENTITY] = "helo-identity",
    [CHECK_HELO_FORWARD] = "helo-forward",
    [CHECK_HELO_MATCH] = "helo-match",
    [CHECK_CLIENT_PTR] = "client-ptr",
    [CHECK_DNSBL] = "dnsbl",
    [CHECK_SENDER_DOMAIN] = "sender-domain",
    [CHECK_CALLOUT] = "callout",
};

#define RESULT_COUNT (RESULT_NONE + 1)

static const char *const result_names[RESULT_COUNT] = {
    [RESULT_OPEN] = "open",       [RESULT_PASS] = "pass",
    [RESULT_FAIL] = "fail",       [RESULT_TEMPERROR] = "temperror",
    [RESULT_UNKNOWN] = "unknown", [RESULT_NONE] = "none",
};

#define REASON_COUNT (REASON_INTERNAL + 1)

static const char *const reason_names[REASON_COUNT] = {
    [REASON_NONE] = "",
    [REASON_MISSING] = "missing",
    [REASON_UNQUALIFIED] = "unqualified",
    [REASON_BAD_LABEL] = "bad-label",
    [REASON_BARE_ADDRESS] = "bare-address",
    [REASON_BAD_LITERAL] = "bad-literal",
    [REASON_NXDOMAIN] = "nxdomain",
    [REASON_NO_ADDRESS] = "no-address",
    [REASON_UNCONFIRMED] = "unconfirmed",
    [REASON_SYNTAX] = "syntax",
    [REASON_NULL_MX] = "null-mx",
    [REASON_UNROUTABLE] = "unroutable",
    [REASON_POINTS_AT_US] = "points-at-us",
    [REASON_NO_SUCH_MAILBOX] = "no-such-mailbox",
    [REASON_REFUSES_BOUNCES] = "refuses-bounces",
    [REASON_NO_POSTMASTER] = "no-postmaster",
    [REASON_GREYLISTED] = "greylisted",
    [REASON_UNREACHABLE] = "unreachable",
    [REASON_BLOCKED_US] = "blocked-us",
    [REASON_ACCEPTS_ANYTHING] = "accepts-anything",
    [REASON_NEEDS_TLS] = "needs-tls",
    [REASON_NO_SMTPUTF8] = "no-smtputf8",
    [REASON_GIVEN_UP] = "given-up",
    [REASON_WALLED_OFF] = "walled-off",
    [REASON_CAPACITY] = "capacity",
    [REASON_IN_PROGRESS] = "in-progress",
    [REASON_INTERNAL] = "internal",
};

#define BIT(reason) (UINT32_C(1) << (reason))
#define ANY         BIT(REASON_NONE) /* the result can be, with any reason */

/* By check and result, the reasons that can be. Our own fault is left out: it
 * has a key of its own in the policy file. */
static const uint32_t possible[CHECK_COUNT][RESULT_COUNT] = {
    [CHECK_HELO_SYNTAX] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY | BIT(REASON_MISSING) |
                            BIT(REASON_UNQUALIFIED) | BIT(REASON_BAD_LABEL) |
                            BIT(REASON_BARE_ADDRESS) | BIT(REASON_BAD_LITERAL),
            [RESULT_NONE] = ANY,
        },
    [CHECK_HELO_IDENTITY] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY,
            [RESULT_NONE] = ANY,
        },
    [CHECK_HELO_FORWARD] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY | BIT(REASON_NXDOMAIN) | BIT(REASON_NO_ADDRESS),
            [RESULT_TEMPERROR] = ANY | BIT(REASON_IN_PROGRESS),
            [RESULT_NONE] = ANY,
        },
    [CHECK_HELO_MATCH] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY,
            [RESULT_TEMPERROR] = ANY | BIT(REASON_IN_PROGRESS),
            [RESULT_NONE] = ANY,
        },
    [CHECK_CLIENT_PTR] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY | BIT(REASON_MISSING) | BIT(REASON_UNCONFIRMED),
            [RESULT_TEMPERROR] = ANY | BIT(REASON_IN_PROGRESS),
            [RESULT_NONE] = ANY,
        },
    [CHECK_DNSBL] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY,
            [RESULT_TEMPERROR] = ANY | BIT(REASON_IN_PROGRESS),
            [RESULT_NONE] = ANY,
        },
    [CHECK_SENDER_DOMAIN] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY | BIT(REASON_SYNTAX) | BIT(REASON_NXDOMAIN) |
                            BIT(REASON_NULL_MX) | BIT(REASON_NO_ADDRESS) |
                            BIT(REASON_UNROUTABLE) | BIT(REASON_POINTS_AT_US),
            [RESULT_TEMPERROR] = ANY | BIT(REASON_IN_PROGRESS),
            [RESULT_NONE] = ANY,
        },
    [CHECK_CALLOUT] =
        {
            [RESULT_PASS] = ANY,
            [RESULT_FAIL] = ANY | BIT(REASON_NO_SUCH_MAILBOX) |
                            BIT(REASON_REFUSES_BOUNCES) |
                            BIT(REASON_NO_POSTMASTER),
            [RESULT_TEMPERROR] = ANY | BIT(REASON_GREYLISTED) |
                                 BIT(REASON_UNREACHABLE) |
                                 BIT(REASON_IN_PROGRESS),
            [RESULT_UNKNOWN] = ANY | BIT(REASON_BLOCKED_US) |
                               BIT(REASON_ACCEPTS_ANYTHING) |
                               BIT(REASON_NEEDS_TLS) | BIT(REASON_NO_SMTPUTF8) |
                               BIT(REASON_GIVEN_UP) | BIT(REASON_WALLED_OFF) |
                               BIT(REASON_CAPACITY),
            [RESULT_NONE] = ANY,
        },
};

const char *check_name(enum check check)
{
    return check_names[check];
}

const char *result_name(enum result result)
{
    return result_names[result];
}

const char *reason_name(enum reason reason)
{
    return reason_names[reason];
}

/* The index of `name`; `count` when it is not there. */
static unsigned find(const char *const *names, unsigned first, unsigned count,
                     struct span name)
{
    for (unsigned i = first; i < count; i++) {
        struct span known = span_of(names[i]);
        if (known.length == name.length &&
            memcmp(known.at, name.at, name.length) == 0)
            return i;
    }
    return count;
}

bool check_from_name(enum check *check, struct span name)
{
    unsigned at = find(check_names, 0, CHECK_COUNT, name);

    if (at == CHECK_COUNT)
        return false;
    *check = (enum check)at;
    return true;
}

bool result_from_name(enum result *result, struct span name)
{
    unsigned at = find(result_names, RESULT_PASS, RESULT_COUNT, name);

    if (at == RESULT_COUNT)
        return false;
    *result = (enum result)at;
    return true;
}

bool reason_from_name(enum reason *reason, struct span name)
{
    unsigned at = find(reason_names, REASON_MISSING, REASON_COUNT, name);

    if (at == REASON_COUNT)
        return false;
    *reason = (enum reason)at;
    return true;
}

bool check_can_result(enum check check, enum result result, enum reason reason)
{
    return (possible[check][result] & BIT(reason)) != 0;
}
