/* SPDX-License-Identifier: BSD-2-Clause */
/* callouts_test.c - lives of what was learnt, and what takes whose place */
#include "store/callouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define BYTES         (1 << 20)

enum { VALID_S = 1000, INVALID_S = 100, TEMPERROR_S = 10, NOTHING = -1 };

static const struct callout_settings settings = {
    .valid_s = VALID_S, .invalid_s = INVALID_S, .temperror_s = TEMPERROR_S};

static struct span address(void)
{
    return span_of("user@example.com");
}

static instant at_s(uint32_t seconds)
{
    return instant_after_s(0, seconds);
}

static void keep(struct callouts *callouts, enum callout_outcome outcome,
                 uint32_t now_s)
{
    const struct callout_answer answer = {.outcome = outcome};
    callouts_keep(callouts, address(), &answer, &settings, at_s(now_s));
}

/* The outcome kept, or NOTHING. */
static int kept(struct callouts *callouts, uint32_t now_s)
{
    struct callout_answer answer;
    if (!callouts_find(callouts, address(), at_s(now_s), &answer))
        return NOTHING;
    return (int)answer.outcome;
}

static void test_lives(void **state)
{
    static const struct {
        enum callout_outcome outcome;
        uint32_t life_s;
    } rows[] = {
        {CALLOUT_ACCEPTED, VALID_S},
        {CALLOUT_NO_SUCH_MAILBOX, INVALID_S},
        {CALLOUT_REFUSES_BOUNCES, INVALID_S},
        {CALLOUT_BLOCKED_US, INVALID_S},
        {CALLOUT_GREYLISTED, TEMPERROR_S},
        {CALLOUT_UNREACHABLE, TEMPERROR_S},
        {CALLOUT_INTERNAL, 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(BYTES);
        assert_non_null(callouts);
        keep(callouts, rows[i].outcome, 50);
        if (rows[i].life_s > 0) {
            assert_int_equal(kept(callouts, 50), rows[i].outcome);
            assert_int_equal(kept(callouts, 50 + rows[i].life_s - 1),
                             rows[i].outcome);
        }
        assert_int_equal(kept(callouts, 50 + rows[i].life_s), NOTHING);
        callouts_free(&callouts);
        assert_null(callouts);
    }
}

static void test_places(void **state)
{
    static const struct {
        enum callout_outcome standing, comes;
        int kept;
    } rows[] = {
        {CALLOUT_ACCEPTED, CALLOUT_BLOCKED_US, CALLOUT_ACCEPTED},
        {CALLOUT_ACCEPTED, CALLOUT_GREYLISTED, CALLOUT_ACCEPTED},
        {CALLOUT_ACCEPTED, CALLOUT_UNREACHABLE, CALLOUT_ACCEPTED},
        {CALLOUT_ACCEPTED, CALLOUT_INTERNAL, CALLOUT_ACCEPTED},
        {CALLOUT_ACCEPTED, CALLOUT_NO_SUCH_MAILBOX, CALLOUT_NO_SUCH_MAILBOX},
        {CALLOUT_ACCEPTED, CALLOUT_REFUSES_BOUNCES, CALLOUT_REFUSES_BOUNCES},
        {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_BLOCKED_US, CALLOUT_BLOCKED_US},
        {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_ACCEPTED, CALLOUT_ACCEPTED},
        {CALLOUT_GREYLISTED, CALLOUT_ACCEPTED, CALLOUT_ACCEPTED},
        {CALLOUT_GREYLISTED, CALLOUT_UNREACHABLE, CALLOUT_UNREACHABLE},
        {CALLOUT_BLOCKED_US, CALLOUT_INTERNAL, CALLOUT_BLOCKED_US},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(BYTES);
        assert_non_null(callouts);
        keep(callouts, rows[i].standing, 0);
        keep(callouts, rows[i].comes, 1);
        if (kept(callouts, 2) != rows[i].kept)
            fail_msg("row %zu: %d", i, kept(callouts, 2));
        callouts_free(&callouts);
    }
}

/* What lives on is the pass, not its life; past it others have their place. */
static void test_pass_ends(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    assert_non_null(callouts);
    keep(callouts, CALLOUT_ACCEPTED, 0);
    keep(callouts, CALLOUT_BLOCKED_US, VALID_S - 1);
    assert_int_equal(kept(callouts, VALID_S), NOTHING);
    keep(callouts, CALLOUT_BLOCKED_US, VALID_S);
    assert_int_equal(kept(callouts, VALID_S), CALLOUT_BLOCKED_US);
    callouts_free(&callouts);
}

/* An answer comes back as it was, the longest one too. */
static void test_whole_answer(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    struct callout_answer given = {.outcome = CALLOUT_NO_SUCH_MAILBOX,
                                   .stage = CALLOUT_AT_RCPT,
                                   .code = 550,
                                   .learnt = 4711};
    struct callout_answer found;
    assert_non_null(callouts);
    memset(given.exchanger, 'x', sizeof(given.exchanger) - 1);
    memset(given.words, 'w', sizeof(given.words) - 1);
    assert_true(address_parse(&given.address, span_of("2001:db8::1")));
    callouts_keep(callouts, address(), &given, &settings, 0);
    assert_true(callouts_find(callouts, address(), 0, &found));
    assert_string_equal(found.exchanger, given.exchanger);
    assert_string_equal(found.words, given.words);
    assert_true(address_equal(&found.address, &given.address));
    assert_int_equal(found.code, 550);
    assert_int_equal(found.stage, CALLOUT_AT_RCPT);
    assert_int_equal(found.trouble, CALLOUT_TROUBLE_NONE);
    assert_true(found.learnt == 4711);

    /* By address: another one is not there. */
    assert_false(
        callouts_find(callouts, span_of("User@example.com"), 0, &found));
    assert_string_equal(found.exchanger, given.exchanger);
    callouts_free(&callouts);
}

static void test_bound(void **state)
{
    struct callouts *callouts = callouts_new(64 * 1024);
    const struct callout_answer answer = {.outcome = CALLOUT_ACCEPTED};
    struct callout_answer found;
    char name[32];
    size_t count = 0;
    assert_non_null(callouts);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "%d@example.com", i);
        callouts_keep(callouts, span_of(name), &answer, &settings, 0);
    }
    assert_true(callouts_find(callouts, span_of(name), 0, &found));
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "%d@example.com", i);
        count += callouts_find(callouts, span_of(name), 0, &found);
    }
    assert_in_range(count, 100, 64 * 1024 / sizeof(struct address));
    callouts_free(&callouts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lives),     cmocka_unit_test(test_places),
        cmocka_unit_test(test_pass_ends), cmocka_unit_test(test_whole_answer),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
