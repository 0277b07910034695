/* SPDX-License-Identifier: BSD-2-Clause */
/* sender_domain.c - does the sender's domain exist, and can mail go to it
 * (RFC 5321 5.1, RFC 7505)? */
#include "check/checks.h"
#include "check/lookup.h"
#include "check/route.h"
#include "check/unusable.h"
#include "check/words.h"

/* The first exchanger that can be reached decides: nobody asks those behind it.
 * One of ours is the best only if none before it failed to resolve: for we may
 * well be the second exchanger of a domain that we do not serve. */
static struct finding find_by_route(const struct facts *facts)
{
    enum reason reason = REASON_NONE;
    bool unsure = false;

    for (size_t i = 0; i < route_count(&facts->sender); i++) {
        switch (route_of(facts, i)) {
        case ROUTE_OPEN:
            return finding_of(RESULT_OPEN, REASON_NONE);
        case ROUTE_REACHABLE:
            return finding_of(RESULT_PASS, REASON_NONE);
        case ROUTE_OURS:
            return unsure ? finding_of(RESULT_TEMPERROR, reason)
                          : finding_of(RESULT_FAIL, REASON_POINTS_AT_US);
        case ROUTE_NONE:
            break;
        case ROUTE_INTERNAL:
            reason = REASON_INTERNAL;
            unsure = true;
            break;
        case ROUTE_TEMPERROR:
            unsure = true;
            break;
        }
    }
    return unsure ? finding_of(RESULT_TEMPERROR, reason)
                  : finding_of(RESULT_FAIL, REASON_UNROUTABLE);
}

/* A "." among other records is but an unusable one. */
static bool is_null_mx(const struct dns_answer *mx)
{
    if (mx->count == 0 || mx->unusable > 0)
        return false;
    for (size_t i = 0; i < mx->count; i++)
        if (mx->exchangers[i].host[0] != '\0')
            return false;
    return true;
}

/* The domain has no MX record: it is its own exchanger. */
static struct finding find_without_mx(const struct facts *facts)
{
    switch (lookup_host(facts->sender.a, facts->sender.aaaa)) {
    case LOOKUP_OPEN:
        break;
    case LOOKUP_FOUND:
        return find_by_route(facts);
    case LOOKUP_NXDOMAIN:
        return finding_of(RESULT_FAIL, REASON_NXDOMAIN);
    case LOOKUP_NO_ADDRESS:
        return finding_of(RESULT_FAIL, REASON_NO_ADDRESS);
    case LOOKUP_TEMPERROR:
        return finding_of(RESULT_TEMPERROR, REASON_NONE);
    case LOOKUP_INTERNAL:
        return finding_of(RESULT_TEMPERROR, REASON_INTERNAL);
    }
    return finding_of(RESULT_OPEN, REASON_NONE);
}

static struct finding find_domain(const struct facts *facts)
{
    const struct dns_answer *mx = facts->sender.mx;

    if (!mx)
        return finding_of(RESULT_OPEN, REASON_NONE);
    switch (mx->status) {
    case DNS_FOUND:
        if (is_null_mx(mx))
            return finding_of(RESULT_FAIL, REASON_NULL_MX);
        break;
    case DNS_NXDOMAIN:
        return finding_of(RESULT_FAIL, REASON_NXDOMAIN);
    case DNS_NODATA:
        return find_without_mx(facts);
    case DNS_TEMPERROR:
        return lookup_temperror(mx);
    }
    return find_by_route(facts);
}

struct finding sender_domain_find(const struct facts *facts,
                                  const struct check_settings *settings)
{
    (void)settings;
    if (!facts->sender.given || facts_sender_is_exempt(facts))
        return finding_of(RESULT_NONE, REASON_NONE);
    switch (facts->sender.path.form) {
    case MAILPATH_DOMAIN:
        return find_domain(facts);
    case MAILPATH_LITERAL:
        return find_by_route(facts);
    case MAILPATH_INVALID:
        if (facts->sender.path.fault == MAILPATH_MEMORY)
            return finding_of(RESULT_TEMPERROR, REASON_INTERNAL);
        break;
    case MAILPATH_NULL:
    case MAILPATH_BARE:
        break;
    }
    return finding_of(RESULT_FAIL, REASON_SYNTAX);
}

static void describe_none(struct text *text, const struct sender_facts *sender)
{
    if (!sender->given)
        text_add(text, "no sender is given");
    else if (sender->path.form == MAILPATH_NULL)
        text_add(text, "the sender is <>, that of bounces");
    else if (sender->path.form == MAILPATH_BARE)
        text_add(text, "the sender is the postmaster of this site");
    else
        text_addf(text, "the sender's domain %s is one of this site",
                  sender->path.domain);
}

/* `mx.example.org (192.0.2.25)`. */
static void describe_exchanger(struct text *text, const struct facts *facts,
                               size_t index)
{
    struct exchanger_facts exchanger = route_at(&facts->sender, index);

    text_add(text, exchanger.host);
    if (facts->sender.path.form == MAILPATH_LITERAL)
        return;
    text_add(text, " (");
    words_add_addresses(text, exchanger.a, exchanger.aaaa);
    text_add(text, ")");
}

/* The index of the first exchanger that is `route`; route_count if none. */
static size_t first_of(const struct facts *facts, enum route route)
{
    size_t i = 0;

    while (i < route_count(&facts->sender) && route_of(facts, i) != route)
        i++;
    return i;
}

static void describe_destination(struct text *text, const struct facts *facts,
                                 enum route route)
{
    text_addf(text, "mail for %s goes to ", facts->sender.path.domain);
    describe_exchanger(text, facts, first_of(facts, route));
    if (route == ROUTE_OURS)
        text_add(text, ", which is this site, but that domain is not one of "
                       "this site");
}

static void describe_unroutable(struct text *text, const struct facts *facts)
{
    text_addf(text, "there is no public address to send mail for %s to",
              facts->sender.path.domain);
    unusable_describe(text, ": ", facts);
}

/* Which lookup failed, or took too long. */
static void describe_failure(struct text *text, const struct facts *facts)
{
    const struct sender_facts *sender = &facts->sender;
    size_t count = route_count(sender);

    if (sender->path.form == MAILPATH_INVALID) {
        text_addf(text, "the sender address could not be read: %s",
                  mailpath_fault_text(sender->path.fault));
        return;
    }
    if (!sender->mx || sender->mx->status == DNS_TEMPERROR) {
        text_addf(text, "the MX records of %s ", sender->path.domain);
        words_add_failure(text, sender->mx);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct exchanger_facts exchanger = route_at(sender, i);
        const struct dns_answer *const answers[] = {exchanger.a,
                                                    exchanger.aaaa};
        for (size_t k = 0; k < 2; k++) {
            if (answers[k] && answers[k]->status != DNS_TEMPERROR)
                continue;
            text_addf(text, "the addresses of %s ", exchanger.host);
            words_add_failure(text, answers[k]);
            return;
        }
    }
    text_add(text, "the exchangers of the sender's domain could not be looked "
                   "up in time");
}

static void describe_fail(struct text *text, struct finding finding,
                          const struct facts *facts)
{
    const struct mailpath *path = &facts->sender.path;

    if (finding.reason == REASON_NXDOMAIN)
        text_addf(text, "the sender's domain %s does not exist in DNS",
                  path->domain);
    else if (finding.reason == REASON_NULL_MX)
        text_addf(text,
                  "the sender's domain %s declares that it takes no mail "
                  "(null MX, RFC 7505)",
                  path->domain);
    else if (finding.reason == REASON_NO_ADDRESS)
        text_addf(text,
                  "the sender's domain %s has neither an MX record nor an "
                  "address in DNS",
                  path->domain);
    else if (finding.reason == REASON_UNROUTABLE)
        describe_unroutable(text, facts);
    else if (finding.reason == REASON_POINTS_AT_US)
        describe_destination(text, facts, ROUTE_OURS);
    else if (path->form == MAILPATH_BARE)
        text_add(text, "the sender address has no domain");
    else
        text_addf(text, "the sender address is not valid: %s",
                  mailpath_fault_text(path->fault));
}

void sender_domain_describe(struct text *text, struct finding finding,
                            const struct facts *facts,
                            const struct check_settings *settings)
{
    (void)settings;
    switch (finding.result) {
    case RESULT_PASS:
        describe_destination(text, facts, ROUTE_REACHABLE);
        unusable_describe(text, "; of no use: ", facts);
        return;
    case RESULT_FAIL:
        describe_fail(text, finding, facts);
        return;
    case RESULT_OPEN:
    case RESULT_TEMPERROR:
        describe_failure(text, facts);
        return;
    case RESULT_NONE:
        describe_none(text, &facts->sender);
        return;
    case RESULT_UNKNOWN:
        return;
    }
}
