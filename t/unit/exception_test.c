/* SPDX-License-Identifier: BSD-2-Clause */
/* exception_test.c - who is excepted, from what, and what stays as it was */
#include "policy/nearest.h"
#include "policy/policy.h"
#include "policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define IDENTITY      "identity: mx1.example.org\n"

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool want;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "", true},
        {"*", "anything.at.all", true},
        {"**", "x", true},
        {"mail.example.com", "MAIL.example.COM", true},
        {"mail.example.com", "mail.example.com.", false},
        {"*.example.com", "a.b.example.com", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", "a.example.com.evil", false},
        {"mail*.example.com", "mail7.example.com", true},
        {"*@example.com", "ann@example.com", true},
        {"*@example.com", "ann@mail.example.com", false},
        {"bounce-*@*.example.com", "bounce-1-2@x.y.example.com", true},
        {"*a*b*c*", "xxaxxbxxcxx", true},
        {"*a*b*c*", "xxaxxcxxbxx", false},
        {"*ab", "aab", true},
        {"a*a", "a", false},
        {"?", "x", false},
        {"[a]", "a", false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (pattern_matches(rows[i].pattern, rows[i].text) != rows[i].want)
            fail_msg("%s, %s", rows[i].pattern, rows[i].text);
}

/* Stars that could each match in many places cost no more than pattern times
 * text. */
static void test_costly_pattern(void **state)
{
    static char pattern[401], text[4001];

    for (size_t i = 0; i < 400; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    memset(text, 'a', sizeof(text) - 1);
    assert_true(pattern_matches(pattern, text));
    text[sizeof(text) - 2] = 'b';
    assert_false(pattern_matches(pattern, text));
}

static const char every_condition[] = IDENTITY
    "policy: {client-ptr: {fail: reject}}\n"
    "exceptions:\n"
    "  - {name: net, clients: [192.0.2.0/24], do: accept}\n"
    "  - {authenticated: true, do: accept}\n"
    "  - {name: helo, helo: [\"*.Partner.example\"], do: accept}\n"
    "  - {name: null, senders: [\"<>\"], do: accept}\n"
    "  - {name: sender, senders: [\"x@*\", \"*@s.example\"], do: accept}\n"
    "  - {name: rcpt, recipients: [\"postmaster@*\"], do: accept}\n"
    "  - name: all of it\n"
    "    clients: [203.0.113.0/24]\n"
    "    helo: [\"*.all\"]\n"
    "    senders: [\"*@all\"]\n"
    "    recipients: [\"*@here\"]\n"
    "    do: accept\n";

struct row {
    const char *client;
    bool authenticated;
    const char *helo, *sender, *recipient;
    const char *want; /* NULL: none */
};

static const struct row rows[] = {
    {NULL, false, NULL, NULL, NULL, NULL},
    {"192.0.2.3", false, NULL, NULL, NULL, "net"},
    {"192.0.3.3", false, "x", "y@z", "z@y", NULL},
    {"192.0.2.3", true, "a.partner.example", "", "postmaster", "net"},
    {"192.0.3.3", true, NULL, NULL, NULL, "exception 2"},
    {NULL, false, "A.PARTNER.EXAMPLE", NULL, NULL, "helo"},
    {NULL, false, "partner.example", NULL, NULL, NULL},
    {NULL, false, "a", "", NULL, "null"},
    {NULL, false, "a", "x@y", NULL, "sender"},
    {NULL, false, "a", "X", NULL, "sender"},
    {NULL, false, "a", "y@S.Example", NULL, "sender"},
    {NULL, false, "a", "y@x.s.example", NULL, NULL},
    {NULL, false, "a", "b", "postmaster@home.example", "rcpt"},
    {NULL, false, "a", "b", "Postmaster", "rcpt"},
    {NULL, false, "a", "b", "postmaster2", NULL},
    {"203.0.113.1", false, "a.all", "b@all", "c@here", "all of it"},
    {NULL, false, "a.all", "b@all", "c@here", NULL},
    {"203.0.113.1", false, NULL, "b@all", "c@here", NULL},
    {"203.0.113.1", false, "a.all", NULL, "c@here", NULL},
    {"203.0.113.1", false, "a.all", "b@all", NULL, NULL},
};

static void test_conditions(void **state)
{
    struct policy *policy = policy_file_good(every_condition);

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct address client;
        struct encounter encounter = {NULL, rows[i].authenticated, rows[i].helo,
                                      rows[i].sender, rows[i].recipient};
        if (rows[i].client != NULL) {
            assert_true(address_parse(&client, span_of(rows[i].client)));
            encounter.client = &client;
        }
        const struct exception *got = policy_exception(policy, &encounter);
        if ((got == NULL) != (rows[i].want == NULL) ||
            (got != NULL && strcmp(got->name, rows[i].want) != 0))
            fail_msg("row %zu: %s", i, got != NULL ? got->name : "none");
    }
    policy_drop(policy);
}

static void test_accepts_client(void **state)
{
    static const struct {
        const char *client;
        bool want;
    } clients[] = {
        {"192.0.2.1", true},     /* by its network alone */
        {"198.51.100.1", false}, /* other rules, not accepted */
        {"203.0.113.1", false},  /* by helo, too */
        {"192.0.3.1", false},
    };
    struct policy *policy = policy_file_good(
        IDENTITY "policy: {client-ptr: {fail: reject}}\n"
                 "exceptions:\n"
                 "  - {clients: [198.51.100.0/24], policy: {callout: off}}\n"
                 "  - {clients: [203.0.113.0/24], helo: [x], do: accept}\n"
                 "  - {clients: [192.0.2.0/24], do: accept}\n");

    for (size_t i = 0; i < LENGTH(clients); i++) {
        struct address client;
        assert_true(address_parse(&client, span_of(clients[i].client)));
        assert_true(policy_accepts_client(policy, &client) == clients[i].want);
    }
    policy_drop(policy);
}

static enum action_kind kind_of(const struct rules *rules, enum check check,
                                enum reason reason)
{
    return rules_action(rules, check, (struct finding){RESULT_FAIL, reason})
        ->kind;
}

/* An exception's policy changes what it names; all else is the base's. */
static void test_changes(void **state)
{
    struct policy *policy = policy_file_good(
        IDENTITY
        "policy:\n"
        "  internal-error: tempfail\n"
        "  helo-match: {by: [address, name], need: all, fail: reject}\n"
        "  sender-domain: {fail: reject, fail/null-mx: tag}\n"
        "  callout: {fail: {do: reject, code: 554}, unknown: tag}\n"
        "exceptions:\n"
        "  - helo: [x]\n"
        "    policy:\n"
        "      internal-error: continue\n"
        "      helo-match: {need: any, fail: tag}\n"
        "      sender-domain: {fail: tempfail}\n"
        "      callout: off\n"
        "      client-ptr: {fail: reject}\n"
        "  - helo: [y]\n"
        "    policy: {callout: {fail: {do: reject, text: no}}}\n");
    const struct rules *base = &policy->rules;
    const struct rules *first = &policy->exceptions[0].rules;
    const struct rules *second = &policy->exceptions[1].rules;

    assert_int_equal(first->internal_error, ACTION_CONTINUE);
    assert_int_equal(first->settings.match_by, MATCH_ADDRESS | MATCH_NAME);
    assert_false(first->settings.match_all);
    assert_int_equal(kind_of(first, CHECK_HELO_MATCH, 0), ACTION_TAG);
    assert_int_equal(kind_of(first, CHECK_SENDER_DOMAIN, REASON_NXDOMAIN),
                     ACTION_TEMPFAIL);
    assert_int_equal(kind_of(first, CHECK_SENDER_DOMAIN, REASON_NULL_MX),
                     ACTION_TAG);
    assert_false(first->checks[CHECK_CALLOUT].run);
    assert_true(first->checks[CHECK_CLIENT_PTR].run);
    assert_false(base->checks[CHECK_CLIENT_PTR].run);
    assert_true(base->checks[CHECK_CALLOUT].run);
    assert_true(base->settings.match_all);
    assert_int_equal(base->internal_error, ACTION_TEMPFAIL);
    assert_int_equal(kind_of(base, CHECK_HELO_MATCH, 0), ACTION_REJECT);

    struct finding fails = {RESULT_FAIL, REASON_NO_SUCH_MAILBOX};
    const struct action *action = rules_action(second, CHECK_CALLOUT, fails);
    assert_string_equal(action->text, "no");
    assert_int_equal(action->code, 0); /* an action is changed as a whole */
    assert_int_equal(rules_action(base, CHECK_CALLOUT, fails)->code, 554);
    struct finding unknown = {RESULT_UNKNOWN, REASON_BLOCKED_US};
    assert_int_equal(rules_action(second, CHECK_CALLOUT, unknown)->kind,
                     ACTION_TAG);
    policy_drop(policy);
}

static void test_nearest(void **state)
{
    static const struct {
        const char *word, *want; /* NULL: none is near */
    } words[] = {
        {"timeout", "timeout"},
        {"timout", "timeout"},
        {"tiemout", "timeout"},
        {"timeoutt", "timeout"},
        {"Timeout", "timeout"},
        {"tempfial", "tempfail"},
        {"tim", NULL},
        {"", NULL},
        {"tls", NULL},
        {"servres", "servers"},
        {"a-key-that-is-much-longer-than-any-key-that-there-is-in-the-whole-"
         "table",
         NULL},
    };
    for (size_t i = 0; i < LENGTH(words); i++) {
        struct nearest nearest;
        nearest_begin(&nearest, words[i].word);
        nearest_offer(&nearest, "timeout");
        nearest_offer(&nearest, "servers");
        nearest_offer(&nearest, "tempfail");
        const char *got = nearest_found(&nearest);
        assert_true((got == NULL) == (words[i].want == NULL));
        if (got != NULL)
            assert_string_equal(got, words[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_costly_pattern),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_accepts_client),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, policy_file_enter, policy_file_leave);
}
