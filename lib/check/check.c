/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - the table of the checks */
#include "check/check.h"

#include "check/checks.h"

static const struct {
    check_find_function *find;
    check_describe_function *describe;
} checks[CHECK_COUNT] = {
    [CHECK_HELO_SYNTAX] = {helo_syntax_find, helo_syntax_describe},
    [CHECK_HELO_IDENTITY] = {helo_identity_find, helo_identity_describe},
    [CHECK_HELO_FORWARD] = {helo_forward_find, helo_forward_describe},
    [CHECK_HELO_MATCH] = {helo_match_find, helo_match_describe},
    [CHECK_CLIENT_PTR] = {client_ptr_find, client_ptr_describe},
    [CHECK_DNSBL] = {dnsbl_find, dnsbl_describe},
    [CHECK_SENDER_DOMAIN] = {sender_domain_find, sender_domain_describe},
    [CHECK_CALLOUT] = {callout_find, callout_describe},
};

struct finding check_find(enum check check, const struct facts *facts,
                          const struct check_settings *settings)
{
    struct finding finding = checks[check].find(facts, settings);
    bool open = false;

    if (facts_exempt(facts, check, &open, NULL))
        return finding_of(RESULT_NONE, REASON_NONE);
    if (open && finding.result != RESULT_PASS && finding.result != RESULT_NONE)
        return finding_of(RESULT_OPEN, REASON_NONE);
    return finding;
}

void check_describe(struct text *text, enum check check, struct finding finding,
                    const struct facts *facts,
                    const struct check_settings *settings)
{
    const struct zone *zone = NULL;
    bool open;

    if (facts_exempt(facts, check, &open, &zone)) {
        text_addf(text, "the list %s frees from this check", zone->name);
        return;
    }
    checks[check].describe(text, finding, facts, settings);
}
