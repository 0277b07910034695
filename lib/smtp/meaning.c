/* SPDX-License-Identifier: BSD-2-Clause */
/* meaning.c - the one table of what replies mean */
#include "smtp/meaning.h"

/** Stages, as bits. */
enum {
    GREETING = 1 << CALLOUT_AT_GREETING,
    HELO = 1 << CALLOUT_AT_HELO,
    MAIL = 1 << CALLOUT_AT_MAIL,
    RCPT = 1 << CALLOUT_AT_RCPT,
    ANY = ~0
};

enum {
    NAMES_US = SMTP_SIGN_NAMES_US,
    OF_US = SMTP_SIGN_LISTED | SMTP_SIGN_OF_CLIENT,
    POLICY = SMTP_SIGN_POLICY,
    NO_RELAY = SMTP_SIGN_NO_RELAY,
    NO_MAILBOX = SMTP_SIGN_NO_MAILBOX,
    NO_BOUNCES = SMTP_SIGN_NO_BOUNCES,
    FULL = SMTP_SIGN_FULL,
    NO_UTF8 = SMTP_SIGN_NO_UTF8,
    TLS = SMTP_SIGN_TLS,
    NO_STATUS = SMTP_SIGN_NO_STATUS
};

#define FINAL_WEIGHT 5

#define PROCEED  .meaning.proceed = true
#define MEANS(o) .meaning.outcome = CALLOUT_##o
#define NO_SMTP  MEANS(UNREACHABLE), .meaning.trouble = CALLOUT_TROUBLE_PROTOCOL

/** The first row that fits is what a reply means: it was given at one of the
 * row's stages, its code is one of the row's, it shows a sign of `has` (if the
 * row has any) and none of `lacks`. The last row fits all. */
static const struct row {
    int stages;
    uint16_t from, to;
    unsigned has, lacks;
    struct smtp_meaning meaning;
} rows[] = {
    /* Not every 2xx: 221 is the reply to QUIT, of a server that has left out
     * another. */
    {RCPT, 250, 259, MEANS(ACCEPTED)},
    {MAIL, 250, 259, PROCEED},
    {GREETING | HELO, 200, 299, PROCEED},

    /* The server goes away (RFC 5321 3.8). */
    {ANY, 421, 421, MEANS(UNREACHABLE)},
    {GREETING | HELO, 400, 499, MEANS(UNREACHABLE)},
    {GREETING | HELO, 500, 599, MEANS(BLOCKED_US)},

    /* RFC 3207 4: before STARTTLS nothing else is taken. */
    {MAIL | RCPT, 530, 530, .has = TLS, MEANS(NEEDS_TLS)},
    /* RFC 6531 3.5: it would be another matter in ASCII. */
    {MAIL | RCPT, 500, 599, .has = NO_UTF8, MEANS(NO_SMTPUTF8)},
    /* Command unknown, not implemented or out of place, a host that takes no
     * mail (RFC 7504 3), or a password wanted (RFC 4954 6): it is not about
     * the argument. */
    {MAIL | RCPT, 500, 500, MEANS(BLOCKED_US)},
    {MAIL | RCPT, 502, 503, MEANS(BLOCKED_US)},
    {MAIL | RCPT, 521, 521, MEANS(BLOCKED_US)},
    {MAIL | RCPT, 530, 538, MEANS(BLOCKED_US)},

    /* Who refuses us may speak of many unknown users; who knows no user, or
     * does not relay, may say to whom. */
    {MAIL | RCPT, 500, 599, .has = OF_US, MEANS(BLOCKED_US)},
    {RCPT, 500, 599, .has = NO_MAILBOX | NO_RELAY, MEANS(NO_SUCH_MAILBOX)},
    {MAIL | RCPT, 500, 599, .has = NAMES_US, MEANS(BLOCKED_US)},

    /* What is full exists. */
    {RCPT, 400, 599, FULL, OF_US | NO_MAILBOX, MEANS(ACCEPTED)},
    {MAIL | RCPT, 400, 499, MEANS(GREYLISTED)},

    /* Many a server says at RCPT what it has against MAIL. */
    {MAIL | RCPT, 500, 599, .has = NO_BOUNCES, MEANS(REFUSES_BOUNCES)},
    {MAIL | RCPT, 500, 599, .has = POLICY, MEANS(BLOCKED_US)},
    /* "Transaction failed" alone (RFC 5321 4.2.3) is said of anything. */
    {MAIL | RCPT, 554, 554, .has = NO_STATUS, MEANS(BLOCKED_US)},
    {MAIL, 500, 599, MEANS(REFUSES_BOUNCES)},
    {RCPT, 500, 599, MEANS(NO_SUCH_MAILBOX)},

    /* Nothing that we say has such a reply. */
    {ANY, 0, UINT16_MAX, NO_SMTP},
};

static bool row_fits(const struct row *row, enum callout_stage stage,
                     uint16_t code, unsigned signs)
{
    return (row->stages & 1 << stage) != 0 && code >= row->from &&
           code <= row->to && (row->has == 0 || (row->has & signs) != 0) &&
           (row->lacks & signs) == 0;
}

struct smtp_meaning smtp_meaning(enum callout_stage stage,
                                 const struct smtp_reply *reply,
                                 const struct smtp_question *question)
{
    unsigned signs = reply->code < 400 ? 0 : smtp_signs(reply, question);
    const struct row *row = rows;
    while (!row_fits(row, stage, reply->code, signs))
        row++;
    return row->meaning;
}

unsigned smtp_outcome_weight(enum callout_outcome outcome)
{
    switch (outcome) {
    case CALLOUT_ACCEPTED:
    case CALLOUT_NO_SUCH_MAILBOX:
    case CALLOUT_REFUSES_BOUNCES:
    case CALLOUT_NO_POSTMASTER:
    case CALLOUT_ACCEPTS_ANYTHING:
        return FINAL_WEIGHT;
    case CALLOUT_GREYLISTED:
        return 4;
    case CALLOUT_BLOCKED_US:
    case CALLOUT_NEEDS_TLS:
    case CALLOUT_NO_SMTPUTF8:
        return 3;
    case CALLOUT_CAPACITY:
    case CALLOUT_INTERNAL:
        /* Who could not be asked might have answered. */
        return 2;
    case CALLOUT_UNREACHABLE:
        return 1;
    case CALLOUT_GIVEN_UP:
    case CALLOUT_WALLED_OFF:
        break; /* not an exchanger's word */
    }
    return 0;
}

bool smtp_outcome_is_final(enum callout_outcome outcome)
{
    return smtp_outcome_weight(outcome) == FINAL_WEIGHT;
}
