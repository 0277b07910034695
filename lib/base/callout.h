/* SPDX-License-Identifier: BSD-2-Clause */
/* callout.h - what a callout is told and what it answers; declared here because
 * checks and store read what smtp and verify write */
#ifndef BASE_CALLOUT_H
#define BASE_CALLOUT_H

#include "base/address.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/mailpath.h"
#include "base/name.h"

#include <stdbool.h>
#include <stdint.h>

enum callout_outcome {
    CALLOUT_ACCEPTED,         /* 2xx to RCPT, or mailbox full */
    CALLOUT_NO_SUCH_MAILBOX,  /* 5xx to RCPT */
    CALLOUT_REFUSES_BOUNCES,  /* 5xx to MAIL FROM:<>, or so said at RCPT */
    CALLOUT_NO_POSTMASTER,    /* 5xx to RCPT for the domain's postmaster */
    CALLOUT_ACCEPTS_ANYTHING, /* 2xx to RCPT for a mailbox that cannot be */
    CALLOUT_GREYLISTED,       /* 4xx to MAIL or RCPT */
    CALLOUT_BLOCKED_US,       /* a refusal of us, not of the address */
    CALLOUT_NEEDS_TLS,        /* TLS is demanded, and we have it off */
    CALLOUT_NO_SMTPUTF8,      /* the address needs it (RFC 6531), it is not
                                 offered */
    CALLOUT_UNREACHABLE,      /* nobody answered to the point */
    CALLOUT_GIVEN_UP,   /* no answer for `callout.give-up`, whatever we tried */
    CALLOUT_WALLED_OFF, /* no callout gets out at all: our own port is shut */
    CALLOUT_CAPACITY,   /* over a limit, and no turn came in time */
    CALLOUT_INTERNAL    /* our own fault: memory, descriptors */
};

/** Where in the dialogue the answer fell. */
enum callout_stage {
    CALLOUT_AT_CONNECT,
    CALLOUT_AT_GREETING,
    CALLOUT_AT_HELO,
    CALLOUT_AT_MAIL,
    CALLOUT_AT_RCPT
};

/** Why an exchanger gave no reply. */
enum callout_trouble {
    CALLOUT_TROUBLE_NONE,
    CALLOUT_TROUBLE_REFUSED,  /* connection refused */
    CALLOUT_TROUBLE_NO_ROUTE, /* network or host unreachable */
    CALLOUT_TROUBLE_TIMEOUT,
    CALLOUT_TROUBLE_CLOSED,   /* closed or reset before it answered */
    CALLOUT_TROUBLE_PROTOCOL, /* what it said is not SMTP */
    CALLOUT_TROUBLE_TLS,      /* the handshake failed, and TLS must be */
    CALLOUT_TROUBLE_OURSELVES /* it greets with our own name */
};

/** What became of TLS in the dialogue that gave the answer. */
enum callout_tls {
    CALLOUT_TLS_NOT_USED,
    CALLOUT_TLS_USED,
    CALLOUT_TLS_FAILED /* tried, and asked again in the clear */
};

/** What else a callout has found out about the domain. */
enum callout_found {
    CALLOUT_FOUND_NOT_ANYTHING = 1, /* it does not accept just anything */
    CALLOUT_FOUND_POSTMASTER = 2,   /* it accepts mail to its postmaster */
    CALLOUT_FOUND_NO_BOUNCES = 4    /* it refuses the null sender; it was asked
                                       in the name of `fallback` */
};

#define CALLOUT_WORDS_SIZE 201 /* 200 octets of the reply, escaped */

/** The answer of one callout: of the exchanger whose word counted. A plain
 * value, copied freely. */
struct callout_answer {
    enum callout_outcome outcome;
    enum callout_stage stage;
    enum callout_trouble trouble;
    enum fault fault; /* CALLOUT_INTERNAL: what it comes from */
    enum callout_tls tls;
    unsigned found;                 /* of enum callout_found */
    char exchanger[NAME_SIZE];      /* empty when none could be asked */
    struct address address;         /* of that exchanger */
    uint16_t code;                  /* its reply code, 0 when none came */
    char words[CALLOUT_WORDS_SIZE]; /* its words, escaped and cut */
    uint16_t retry_after_s; /* greylisted: how long the exchanger wants us to
                               wait, 0 when it does not say; of a flight's
                               answer: until it is asked again, 0: it is not */
    instant learnt;         /* when */
    bool left_alone; /* the host was not asked: this is what it has said to
                        another callout, about whomever */
};

/** Whether nobody could be connected to. */
static inline bool callout_is_no_connection(const struct callout_answer *answer)
{
    return answer->outcome == CALLOUT_UNREACHABLE &&
           answer->stage == CALLOUT_AT_CONNECT &&
           answer->trouble != CALLOUT_TROUBLE_NONE;
}

/** One address where a callout may go. */
struct callout_target {
    char exchanger[NAME_SIZE];
    struct address address;
    bool inside; /* of `callout.networks`: it shows nothing of our way out */
};

#define CALLOUT_HOSTS_MOST   5  /* exchangers asked for one address */
#define CALLOUT_TARGETS_MOST 10 /* their addresses: two a host */

/** Whether the dialogue begins at MAIL or at the first recipient. */
enum callout_begin { CALLOUT_BEGIN_RCPT, CALLOUT_BEGIN_MAIL };

/** Whether STARTTLS is used (RFC 3207): never; where it is offered and works;
 * or no callout is made without it. */
enum callout_tls_use {
    CALLOUT_TLS_OFF,
    CALLOUT_TLS_OPPORTUNISTIC,
    CALLOUT_TLS_REQUIRED
};

/** How an exchanger is met where TLS may be used. */
enum callout_start {
    CALLOUT_START_AS_OFFERED,
    CALLOUT_START_CLEAR, /* TLS has failed with it */
    CALLOUT_START_TLS    /* it has demanded TLS, offered or not */
};

enum callout_when {
    CALLOUT_WHEN_CLEAN,
    CALLOUT_WHEN_SUSPICIOUS,
    CALLOUT_WHEN_ALWAYS,
    CALLOUT_WHEN_NEVER
};

/** So many in a time, evenly in the long run; a count of 0: without limit. */
struct callout_rate {
    uint32_t count;
    uint32_t per_ms;
};

/** Our addresses that callouts leave from, one a family; the kernel chooses
 * where there is none. */
struct callout_sources {
    struct address v4, v6;
    bool has_v4, has_v6;
};

/** `callout:` and the callout lives of `cache:` in the policy file. */
struct callout_settings {
    char name[NAME_SIZE]; /* what we say in EHLO; the identity unless told */
    struct callout_sources sources;
    uint16_t port;
    enum callout_tls_use tls;
    bool catch_all;  /* is a mailbox accepted that cannot be? */
    bool postmaster; /* is the domain's postmaster? */
    /** An address of ours, in wire form, in whose name is asked who refuses the
     * null sender; empty: none. */
    char fallback[MAILPATH_SIZE];
    /** A host outside that greets whoever comes with 220, canonical; empty:
     * none is named. */
    char witness[NAME_SIZE];
    uint32_t connect_ms;    /* for one address */
    uint32_t reply_ms;      /* for one reply */
    uint32_t total_ms;      /* for the whole callout, all exchangers together */
    uint32_t most;          /* callouts under way at once */
    uint32_t most_per_host; /* connections to one address at once */
    struct callout_rate per_domain; /* callouts about one sender domain */
    bool trust_known;     /* who has passed for `valid_s` is not verified
                             again, as long as he writes */
    bool fold;            /* a pass counts for addresses that fold alike */
    uint32_t give_up_s;   /* how long we wait for a better answer than none */
    uint32_t valid_s;     /* how long a pass is kept */
    uint32_t refresh_s;   /* after which it is verified again */
    uint32_t invalid_s;   /* a fail, and an unknown */
    uint32_t temperror_s; /* greylisted and unreachable */
};

#endif
