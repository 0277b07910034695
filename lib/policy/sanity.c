/* SPDX-License-Identifier: BSD-2-Clause */
/* sanity.c - warnings about a policy that is well-formed, and yet not what its
 * author can have meant */
#include "policy/sanity.h"

#include "base/name.h"

#include <pwd.h>
#include <string.h>

#define SENDMAIL_PATIENCE_MS 10000 /* default of R: in INPUT_MAIL_FILTER */
#define POSTFIX_PATIENCE_MS  30000 /* default of milter_command_timeout */

/* Where a key stands, given the names on the way to it; the nearest one above
 * it if it is left out. */
static struct mark mark_of(const struct node *root, const char *const *path)
{
    struct mark at = {0, 0};

    for (; root != NULL && *path != NULL; path++) {
        root = node_find(root, *path);
        if (root != NULL)
            at = root->key_at;
    }
    return at;
}

#define MARK(...) mark_of(root, (const char *const[]){__VA_ARGS__, NULL})

/* By whatever name. */
static bool is_root(const char *user)
{
    struct passwd entry, *who = NULL;
    char room[1024];

    return strcmp(user, "root") == 0 ||
           (getpwnam_r(user, &entry, room, sizeof(room), &who) == 0 &&
            who != NULL && who->pw_uid == 0);
}

static void check_user(struct reading *reading, const struct node *root,
                       const struct policy *policy)
{
    if (is_root(policy->user))
        reading_warning(reading, MARK("user"),
                        "`user` is %s: whoever finds a fault in us is root "
                        "then, expected a user of our own such as bonafide",
                        policy->user);
}

static void check_patience(struct reading *reading, const struct node *root,
                           const struct policy *policy)
{
    if (policy->reply_within_ms >= POSTFIX_PATIENCE_MS)
        reading_warning(reading, MARK("policy", "reply-within"),
                        "`policy.reply-within`: Postfix waits 30 s and "
                        "Sendmail 10 s for a milter's answer unless told "
                        "otherwise (milter_command_timeout, "
                        "INPUT_MAIL_FILTER with T=R:)");
    else if (policy->reply_within_ms >= SENDMAIL_PATIENCE_MS)
        reading_warning(reading, MARK("policy", "reply-within"),
                        "`policy.reply-within`: Sendmail waits 10 s for a "
                        "milter's answer unless told otherwise "
                        "(INPUT_MAIL_FILTER with T=R:)");
}

static void check_times(struct reading *reading, const struct node *root,
                        const struct policy *policy)
{
    const struct callout_settings *callout = &policy->callout;

    if (policy->dns.timeout_ms > policy->dns.budget_ms)
        reading_warning(reading, MARK("dns", "timeout"),
                        "`dns.timeout` is above `dns.budget`, which ends every "
                        "try before");
    if (callout->connect_ms > callout->total_ms)
        reading_warning(reading, MARK("callout", "timeout", "connect"),
                        "`callout.timeout.connect` is above "
                        "`callout.timeout.total`, which ends every callout "
                        "before");
    if (callout->reply_ms > callout->total_ms)
        reading_warning(reading, MARK("callout", "timeout", "reply"),
                        "`callout.timeout.reply` is above "
                        "`callout.timeout.total`, which ends every callout "
                        "before");
}

static void check_lives(struct reading *reading, const struct node *root,
                        const struct policy *policy)
{
    const struct callout_settings *callout = &policy->callout;

    if (callout->refresh_s >= callout->valid_s)
        reading_warning(reading, MARK("cache", "refresh"),
                        "`cache.refresh` is not below `cache.valid`: accepted "
                        "senders are not verified again in the background, but "
                        "when they write again");
    if (callout->temperror_s > callout->give_up_s)
        reading_warning(reading, MARK("callout", "give-up"),
                        "`callout.give-up` is below `cache.temperror`, and so "
                        "comes no sooner than that");
}

static void check_limits(struct reading *reading, const struct node *root,
                         const struct policy *policy)
{
    if (policy->callout.most_per_host > policy->callout.most)
        reading_warning(reading, MARK("callout", "limits", "per-host"),
                        "`callout.limits.per-host` is above "
                        "`callout.limits.total` and so never reached");
    if (policy->waiting_most == 0)
        reading_warning(reading, MARK("callout", "limits", "waiting"),
                        "`callout.limits.waiting` is 0: no session waits, and "
                        "what is not known is temperror/in-progress at once, "
                        "whatever `policy.reply-within` says");
}

static void check_callout(struct reading *reading, const struct node *root,
                          const struct policy *policy)
{
    if (policy->callout_when == CALLOUT_WHEN_NEVER &&
        mark_of(root, (const char *const[]){"policy", "callout", NULL}).line >
            0 &&
        policy->rules.checks[CHECK_CALLOUT].count > 0)
        reading_warning(reading, MARK("policy", "callout"),
                        "`policy.callout` has no effect, for `callout.when` is "
                        "never");
}

static void check_source(struct reading *reading, const struct node *root,
                         const struct policy *policy,
                         const struct address *source)
{
    char text[ADDRESS_TEXT_SIZE];

    if (!networks_have(&policy->site.host, source))
        reading_warning(reading, MARK("callout", "bind"),
                        "`callout.bind` is %s, which this host does not have "
                        "now: until it does, no callout leaves from there",
                        address_format(source, text));
}

/* An address that fails over is away on all hosts but one, whose files are the
 * same: it is no error. */
static void check_sources(struct reading *reading, const struct node *root,
                          const struct policy *policy)
{
    const struct callout_sources *sources = &policy->callout.sources;

    if (sources->has_v4)
        check_source(reading, root, policy, &sources->v4);
    if (sources->has_v6)
        check_source(reading, root, policy, &sources->v6);
}

/* What is sent to it must come to us: the other side may verify it. */
static void check_fallback(struct reading *reading, const struct node *root,
                           const struct policy *policy)
{
    const char *domain = strrchr(policy->callout.fallback, '@');

    for (size_t i = 0; domain != NULL && i < policy->site.domain_count; i++)
        if (name_is_within(domain + 1, policy->site.domains[i]))
            return;
    if (domain != NULL)
        reading_warning(reading, MARK("callout", "fallback-sender"),
                        "`callout.fallback-sender` is in %s, which is not in "
                        "`local.domains`: it must be an address that takes "
                        "mail",
                        domain + 1);
}

/* That we can reach ourselves shows nothing. */
static void check_witness(struct reading *reading, const struct node *root,
                          const struct policy *policy)
{
    const char *witness = policy->callout.witness;
    bool ours = strcmp(witness, policy->site.identity) == 0;

    for (size_t i = 0; i < policy->site.domain_count; i++)
        ours = ours || name_is_within(witness, policy->site.domains[i]);
    if (witness[0] != '\0' && ours)
        reading_warning(reading, MARK("callout", "witness"),
                        "`callout.witness` is %s, which is ours: a host of "
                        "somebody else's shows that callouts get out",
                        witness);
}

/* A unix socket has a mode and a group; whoever reaches a port can connect to
 * it, local users in any case. */
static void check_socket(struct reading *reading, const struct node *root,
                         const struct policy *policy)
{
    bool is_unix = strncmp(policy->listen, "unix:", 5) == 0;

    if (root != NULL && node_find(root, "socket") != NULL && !is_unix)
        reading_warning(reading, MARK("socket"),
                        "`socket` has no effect, for `listen` is no unix: "
                        "socket");
    if (is_unix && policy->listen_from.count > 0)
        reading_warning(reading, MARK("listen-from"),
                        "`listen-from` has no effect at a unix: socket");
    if (!is_unix && policy->listen_from.count == 0)
        reading_warning(reading, MARK("listen"),
                        "`listen`: whoever reaches the port can connect, local "
                        "users too: see `listen-from`");
}

static bool runs_any(const struct rules *rules)
{
    for (unsigned check = 0; check < CHECK_COUNT; check++)
        if (rules->checks[check].run)
            return true;
    return false;
}

static void check_rules(struct reading *reading, const struct node *root,
                        const struct policy *policy)
{
    bool runs = runs_any(&policy->rules);

    for (size_t i = 0; i < policy->exception_count; i++)
        runs = runs || runs_any(&policy->exceptions[i].rules);
    if (!runs)
        reading_warning(reading, MARK("policy"),
                        "`policy` names no check: every message is let "
                        "through, all other keys have their defaults or what "
                        "is given");
}

/* Conditions that are never known when the verdict is made. */
static void check_stage(struct reading *reading, const struct node *root,
                        const struct policy *policy)
{
    static const char *const late[] = {"authenticated", "senders", "recipients",
                                       NULL};
    const struct node *list =
        root != NULL ? node_find(root, "exceptions") : NULL;

    if (list == NULL || policy->reply_at == REPLY_AT_RCPT)
        return;
    bool at_helo = policy->reply_at == REPLY_AT_HELO;
    for (const struct node *entry = list->first; entry != NULL;
         entry = entry->next) {
        for (const char *const *name = at_helo ? late : late + 2; *name != NULL;
             name++) {
            const struct node *condition = node_find(entry, *name);
            if (condition == NULL)
                continue;
            reading_warning(reading, condition->key_at,
                            "`exceptions.%s` is not known yet when "
                            "`policy.reply-at: %s` %s",
                            *name, at_helo ? "helo" : "mail",
                            at_helo ? "answers HELO: the exception does not "
                                      "hold for the HELO and client checks"
                                    : "answers MAIL: the exception never "
                                      "holds");
        }
    }
}

void sanity_check(struct reading *reading, const struct node *root,
                  const struct policy *policy)
{
    check_rules(reading, root, policy);
    check_patience(reading, root, policy);
    check_times(reading, root, policy);
    check_lives(reading, root, policy);
    check_limits(reading, root, policy);
    check_callout(reading, root, policy);
    check_sources(reading, root, policy);
    check_fallback(reading, root, policy);
    check_witness(reading, root, policy);
    check_socket(reading, root, policy);
    check_user(reading, root, policy);
    check_stage(reading, root, policy);
}
