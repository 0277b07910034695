/* SPDX-License-Identifier: BSD-2-Clause */
/* check_finding_test.c - the names of checks, results and reasons, and which
 * belong together */
#include "check/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void names_read_back(void **state)
{
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        enum check check;
        assert_true(check_from_name(&check, span_of(check_name(i))));
        assert_int_equal(check, i);
    }
    for (unsigned i = RESULT_PASS; i <= RESULT_NONE; i++) {
        enum result result;
        assert_true(result_from_name(&result, span_of(result_name(i))));
        assert_int_equal(result, i);
    }
    for (unsigned i = REASON_MISSING; i <= REASON_INTERNAL; i++) {
        enum reason reason;
        assert_true(reason_from_name(&reason, span_of(reason_name(i))));
        assert_int_equal(reason, i);
    }
}

static void names_are_those_of_the_policy_file(void **state)
{
    assert_string_equal(check_name(CHECK_SENDER_DOMAIN), "sender-domain");
    assert_string_equal(result_name(RESULT_TEMPERROR), "temperror");
    assert_string_equal(reason_name(REASON_POINTS_AT_US), "points-at-us");
    assert_string_equal(reason_name(REASON_NONE), "");
}

static void other_names_are_not_found(void **state)
{
    static const char *const others[] = {"",       "open",     "PASS",
                                         "passs",  "nxdomai",  "helo",
                                         "dnsbls", "callouts", "given-in"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        enum check check;
        enum result result;
        enum reason reason;
        assert_false(check_from_name(&check, span_of(others[i])));
        assert_false(result_from_name(&result, span_of(others[i])));
        assert_false(reason_from_name(&reason, span_of(others[i])));
    }
}

static const struct {
    enum check check;
    enum result result;
    enum reason reason;
    bool can;
} rows[] = {
    {CHECK_HELO_SYNTAX, RESULT_PASS, REASON_NONE, true},
    {CHECK_HELO_SYNTAX, RESULT_FAIL, REASON_BARE_ADDRESS, true},
    {CHECK_HELO_SYNTAX, RESULT_FAIL, REASON_NXDOMAIN, false},
    {CHECK_HELO_SYNTAX, RESULT_TEMPERROR, REASON_NONE, false},
    {CHECK_HELO_SYNTAX, RESULT_NONE, REASON_NONE, true},
    {CHECK_HELO_IDENTITY, RESULT_FAIL, REASON_NONE, true},
    {CHECK_HELO_IDENTITY, RESULT_TEMPERROR, REASON_IN_PROGRESS, false},
    {CHECK_HELO_FORWARD, RESULT_FAIL, REASON_NXDOMAIN, true},
    {CHECK_HELO_FORWARD, RESULT_FAIL, REASON_NO_ADDRESS, true},
    {CHECK_HELO_FORWARD, RESULT_TEMPERROR, REASON_IN_PROGRESS, true},
    {CHECK_HELO_FORWARD, RESULT_TEMPERROR, REASON_INTERNAL, false},
    {CHECK_HELO_FORWARD, RESULT_UNKNOWN, REASON_NONE, false},
    {CHECK_HELO_MATCH, RESULT_FAIL, REASON_NONE, true},
    {CHECK_HELO_MATCH, RESULT_FAIL, REASON_UNCONFIRMED, false},
    {CHECK_HELO_MATCH, RESULT_NONE, REASON_NONE, true},
    {CHECK_CLIENT_PTR, RESULT_FAIL, REASON_MISSING, true},
    {CHECK_CLIENT_PTR, RESULT_FAIL, REASON_UNCONFIRMED, true},
    {CHECK_SENDER_DOMAIN, RESULT_FAIL, REASON_NULL_MX, true},
    {CHECK_SENDER_DOMAIN, RESULT_FAIL, REASON_POINTS_AT_US, true},
    {CHECK_SENDER_DOMAIN, RESULT_FAIL, REASON_MISSING, false},
    {CHECK_CALLOUT, RESULT_FAIL, REASON_REFUSES_BOUNCES, true},
    {CHECK_CALLOUT, RESULT_TEMPERROR, REASON_GREYLISTED, true},
    {CHECK_CALLOUT, RESULT_FAIL, REASON_GREYLISTED, false},
    {CHECK_CALLOUT, RESULT_UNKNOWN, REASON_BLOCKED_US, true},
    {CHECK_CALLOUT, RESULT_UNKNOWN, REASON_CAPACITY, true},
    {CHECK_CALLOUT, RESULT_FAIL, REASON_CAPACITY, false},
    {CHECK_CALLOUT, RESULT_TEMPERROR, REASON_BLOCKED_US, false},
    {CHECK_CALLOUT, RESULT_NONE, REASON_NONE, true},
    {CHECK_CALLOUT, RESULT_OPEN, REASON_NONE, false},
};

static void checks_have_their_results_alone(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (check_can_result(rows[i].check, rows[i].result, rows[i].reason) !=
            rows[i].can)
            fail_msg("%s %s/%s", check_name(rows[i].check),
                     result_name(rows[i].result), reason_name(rows[i].reason));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_read_back),
        cmocka_unit_test(names_are_those_of_the_policy_file),
        cmocka_unit_test(other_names_are_not_found),
        cmocka_unit_test(checks_have_their_results_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
