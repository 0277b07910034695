/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.h - the policy file, read and checked into one structure that never
 * changes afterwards; sessions hold the one they began with */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "base/callout.h"
#include "base/log.h"
#include "check/check.h"
#include "dns/resolver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is done about a finding, the weakest first. */
enum action_kind {
    ACTION_CONTINUE,
    ACTION_TAG,
    ACTION_TEMPFAIL,
    ACTION_REJECT
};

/** "continue", "tag" ... */
const char *action_name(enum action_kind kind);

struct action {
    enum action_kind kind;
    uint16_t code;       /* SMTP reply code, 0: the check's own */
    char status[12];     /* enhanced status code, empty: the check's own */
    char *text;          /* of the reply, NULL: the check's own */
    uint32_t soft_s;     /* not 0: `kind` is tempfail for so long after the */
    struct action *then; /* first sight of the failure, then this */
};

/** One key of a check's map: `RESULT` or `RESULT/REASON`. */
struct rule {
    enum result result;
    enum reason reason; /* REASON_NONE: whatever reason */
    struct action action;
};

/** What to do about each check's findings: the base of the file, or what an
 * exception makes of it. */
struct rules {
    struct {
        bool run;
        struct rule *rules; /* what stands first wins among equals */
        size_t count;
    } checks[CHECK_COUNT];
    struct check_settings settings;
    enum action_kind internal_error; /* continue or tempfail */
};

/** The action for a finding; never NULL: ACTION_CONTINUE for what no rule
 * names, `internal_error` for REASON_INTERNAL. */
const struct action *rules_action(const struct rules *rules, enum check check,
                                  struct finding finding);

/** Patterns as in exceptions: `*` spans anything, case is ignored. */
struct patterns {
    char **at;
    size_t count;
};

struct exception {
    char *name;             /* "exception 2" when the file gives none */
    bool for_authenticated; /* conditions: all that are set must hold */
    struct networks clients;
    struct patterns helo, senders, recipients;
    bool accept;        /* `do: accept`; else: */
    struct rules rules; /* the base with what its `policy` names changed */
};

/** Whom an exception is asked about; what is not known is NULL. */
struct encounter {
    const struct address *client;
    bool authenticated;
    const char *helo;      /* canonical name, or the text as given */
    const char *sender;    /* wire form; the null sender is "" */
    const char *recipient; /* wire form; "postmaster" when bare */
};

/** Senders who have proved themselves; no callout is made about them. */
enum callout_except {
    EXCEPT_KNOWN = 1,   /* accepted again and again for `cache.valid` */
    EXCEPT_OWN_HOST = 2 /* the client is a host of the sender's domain */
};

enum policy_mode { MODE_ENFORCE, MODE_MONITOR };
enum reply_at { REPLY_AT_RCPT, REPLY_AT_MAIL, REPLY_AT_HELO };

/** The facts that some rule of the file needs to be gathered. */
enum need {
    NEED_FORWARD = 1, /* addresses of the HELO name */
    NEED_REVERSE = 2, /* reverse names of the client and their addresses */
    NEED_SENDER = 4,  /* the sender domain's exchangers and addresses */
    NEED_CALLOUT = 8,
    NEED_LISTS = 16 /* answers of the DNS lists */
};

struct policy {
    char *listen; /* as libmilter takes it */
    /** Who may connect to an inet socket; none: everybody. */
    struct networks listen_from;
    uint32_t socket_mode; /* of a unix socket */
    char *socket_group;   /* NULL: the user's */
    char *user;
    enum log_target log_target;
    enum log_level log_level;
    struct site site;
    struct dns_settings dns;
    struct callout_settings callout;
    enum callout_when callout_when;
    enum callout_begin callout_begin;
    unsigned callout_except;                    /* of enum callout_except */
    struct patterns never_domains, never_hosts; /* callout.never */
    uint32_t waiting_most;                      /* callout.limits.waiting */
    size_t cache_bytes;                         /* cache.memory */
    enum policy_mode mode;
    enum reply_at reply_at;
    uint32_t reply_within_ms;
    /** What a message gets that has more than AUTHRES_FORGED_MOST forged
     * fields: continue, tempfail or reject. */
    struct action forged_results;
    struct zones zones; /* policy.dnsbl.zones */
    struct rules rules;
    struct exception *exceptions;
    size_t exception_count;

    unsigned needs; /* of enum need: by the base or any exception */
    bool can_tag;   /* some rule tags */
};

/** One thing that is wrong, or that deserves a warning, in a policy file. */
struct complaint {
    bool warning;
    char *text; /* "FILE:LINE:COLUMN: what is wrong, what was expected" */
};
struct complaints {
    struct complaint *at;
    size_t count;
    bool unreadable; /* nothing is known of the file: it could not be read */
    bool too_early;  /* only the system's name is missing: it may come by DNS */
};

/**
 * Read a policy file whole and check it.
 * @param complaints  every error and warning of the file, in its order; the
 *                    caller clears it, also on success (warnings)
 * @return NULL when there was any error, or no memory even to say so; else held
 *         once for the caller
 */
struct policy *policy_read(const char *file, struct complaints *complaints);

/** As policy_read, of a text that is in memory already; `name` stands for the
 * file in what is said. */
struct policy *policy_read_text(const char *name, struct span text,
                                struct complaints *complaints);

void complaints_clear(struct complaints *complaints);

/** Hold once more / let go; any thread. */
struct policy *policy_hold(struct policy *policy);
void policy_drop(struct policy *policy);

/** The first exception whose conditions all hold, or NULL: the base rules
 * hold. A condition on what the encounter does not know does not hold. */
const struct exception *policy_exception(const struct policy *policy,
                                         const struct encounter *encounter);

/** True when an exception by `clients` alone accepts this client: filters
 * before us may then share our authserv-id. */
bool policy_accepts_client(const struct policy *policy,
                           const struct address *client);

/** True when `text` is one that the pattern spans. */
bool pattern_matches(const char *pattern, const char *text);

#endif
