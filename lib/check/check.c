/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - the table of the checks */
#include "check/check.h"

#include "check/basis.h"
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

/* What the check makes of the facts, the allow-lists being asked. */
static struct finding find(enum check check, const struct facts *facts,
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

/* Where a callout would go is not to be believed: it is not begun. */
static bool is_led_astray(enum check check, struct finding finding,
                          const struct facts *facts,
                          const struct check_settings *settings)
{
    return check == CHECK_CALLOUT && finding.result == RESULT_OPEN &&
           facts->trust.word == TRUST_FINDS &&
           facts->sender.path.form == MAILPATH_DOMAIN &&
           sender_domain_find(facts, settings).result == RESULT_PASS;
}

struct finding check_find(enum check check, const struct facts *facts,
                          const struct check_settings *settings)
{
    struct finding finding = find(check, facts, settings);

    if (is_led_astray(check, finding, facts, settings))
        return finding_of(RESULT_TEMPERROR, REASON_NONE);
    if (finding.result != RESULT_FAIL)
        return finding;
    switch (basis_judge(check, facts)) {
    case TRUST_BELIEVED:
        break;
    case TRUST_DOUBTED:
        return finding_of(RESULT_TEMPERROR, REASON_NONE);
    case TRUST_OPEN:
        return finding_of(RESULT_OPEN, REASON_NONE);
    }
    return finding;
}

bool check_is_doubted(enum check check, const struct facts *facts,
                      const struct check_settings *settings)
{
    struct finding found = find(check, facts, settings);

    return is_led_astray(check, found, facts, settings) ||
           (found.result == RESULT_FAIL &&
            basis_judge(check, facts) == TRUST_DOUBTED);
}

bool check_waits_for_trust(enum check check, const struct facts *facts,
                           const struct check_settings *settings)
{
    return find(check, facts, settings).result == RESULT_FAIL &&
           basis_judge(check, facts) == TRUST_OPEN;
}

/* What was found, and why nothing is made of it. False: it was no fail, or one
 * that counts. */
static bool describe_doubt(struct text *text, enum check check,
                           const struct facts *facts,
                           const struct check_settings *settings)
{
    struct finding found = find(check, facts, settings);

    if (is_led_astray(check, found, facts, settings)) {
        text_addf(text, "no mail exchanger is asked, for %s",
                  trust_text(&facts->trust));
        return true;
    }
    if (found.result != RESULT_FAIL ||
        basis_judge(check, facts) == TRUST_BELIEVED)
        return false;
    checks[check].describe(text, found, facts, settings);
    if (basis_judge(check, facts) == TRUST_OPEN)
        text_add(text, "; but our own DNS resolver is still being tried, and "
                       "this may not be so");
    else
        text_addf(text, "; but %s, and this may not be so",
                  trust_text(&facts->trust));
    return true;
}

void check_describe(struct text *text, enum check check, struct finding finding,
                    const struct facts *facts,
                    const struct check_settings *settings)
{
    const struct zone *zone = NULL;
    bool open;

    if (facts_exempt(facts, check, &open, &zone))
        text_addf(text, "the list %s frees from this check", zone->name);
    else if (finding.result != RESULT_TEMPERROR ||
             !describe_doubt(text, check, facts, settings))
        checks[check].describe(text, finding, facts, settings);
}
