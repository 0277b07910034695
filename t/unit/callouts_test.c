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

enum {
    VALID_S = 1000,
    REFRESH_S = 500,
    INVALID_S = 100,
    TEMPERROR_S = 10,
    GIVE_UP_S = 300,
    NOTHING = -1
};

static const struct callout_settings settings = {.valid_s = VALID_S,
                                                 .refresh_s = REFRESH_S,
                                                 .invalid_s = INVALID_S,
                                                 .temperror_s = TEMPERROR_S,
                                                 .give_up_s = GIVE_UP_S};

static struct span address(void)
{
    return span_of("user@example.com");
}

static instant at_s(uint32_t seconds)
{
    return instant_after_s(0, seconds);
}

/* What is believed after this was learnt. */
static int learn(struct callouts *callouts, enum callout_outcome outcome,
                 uint32_t now_s)
{
    struct callout_answer answer = {.outcome = outcome};
    callouts_learn(callouts, address(), &answer, &settings, at_s(now_s));
    return (int)answer.outcome;
}

/* The outcome kept, or NOTHING. */
static int kept(struct callouts *callouts, uint32_t now_s)
{
    struct callouts_kept found;
    if (!callouts_find(callouts, address(), at_s(now_s), &found))
        return NOTHING;
    return (int)found.answer.outcome;
}

static bool is_stale(struct callouts *callouts, uint32_t now_s)
{
    struct callouts_kept found;
    assert_true(callouts_find(callouts, address(), at_s(now_s), &found));
    return found.stale;
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
        {CALLOUT_CAPACITY, 0},
        {CALLOUT_INTERNAL, 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(BYTES);
        assert_non_null(callouts);
        (void)learn(callouts, rows[i].outcome, 50);
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

/* Greylisting lasts until the retry. */
static void test_greylisted(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    struct callout_answer answer = {.outcome = CALLOUT_GREYLISTED,
                                    .retry_after_s = TEMPERROR_S + 7};
    assert_non_null(callouts);
    callouts_learn(callouts, address(), &answer, &settings, 0);
    assert_int_equal(kept(callouts, TEMPERROR_S + 6), CALLOUT_GREYLISTED);
    assert_int_equal(kept(callouts, TEMPERROR_S + 7), NOTHING);
    callouts_free(&callouts);
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
        {CALLOUT_ACCEPTED, CALLOUT_NO_SUCH_MAILBOX, CALLOUT_ACCEPTED},
        {CALLOUT_ACCEPTED, CALLOUT_REFUSES_BOUNCES, CALLOUT_ACCEPTED},
        {CALLOUT_ACCEPTED, CALLOUT_CAPACITY, CALLOUT_ACCEPTED},
        {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_BLOCKED_US, CALLOUT_BLOCKED_US},
        {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_ACCEPTED, CALLOUT_ACCEPTED},
        {CALLOUT_GREYLISTED, CALLOUT_ACCEPTED, CALLOUT_ACCEPTED},
        {CALLOUT_GREYLISTED, CALLOUT_UNREACHABLE, CALLOUT_UNREACHABLE},
        {CALLOUT_BLOCKED_US, CALLOUT_INTERNAL, CALLOUT_BLOCKED_US},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(BYTES);
        assert_non_null(callouts);
        (void)learn(callouts, rows[i].standing, 0);
        (void)learn(callouts, rows[i].comes, 1);
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
    (void)learn(callouts, CALLOUT_ACCEPTED, 0);
    (void)learn(callouts, CALLOUT_BLOCKED_US, VALID_S - 1);
    assert_int_equal(kept(callouts, VALID_S), NOTHING);
    (void)learn(callouts, CALLOUT_BLOCKED_US, VALID_S);
    assert_int_equal(kept(callouts, VALID_S), CALLOUT_BLOCKED_US);
    callouts_free(&callouts);
}

/* K8: a known-good address stays good until it was refused twice, far enough
 * apart, with no acceptance between them. */
static void test_two_refusals(void **state)
{
    static const struct {
        const char *name;
        struct {
            enum callout_outcome outcome;
            uint32_t at_s;
        } learnt[4];
        int kept;
    } rows[] = {
        {"one", {{CALLOUT_NO_SUCH_MAILBOX, 10}}, CALLOUT_ACCEPTED},
        {"too soon",
         {{CALLOUT_NO_SUCH_MAILBOX, 10},
          {CALLOUT_NO_SUCH_MAILBOX, 10 + INVALID_S - 1}},
         CALLOUT_ACCEPTED},
        {"far enough apart",
         {{CALLOUT_NO_SUCH_MAILBOX, 10},
          {CALLOUT_NO_SUCH_MAILBOX, 10 + INVALID_S}},
         CALLOUT_NO_SUCH_MAILBOX},
        {"one too soon between them",
         {{CALLOUT_NO_SUCH_MAILBOX, 10},
          {CALLOUT_REFUSES_BOUNCES, 60},
          {CALLOUT_NO_SUCH_MAILBOX, 10 + INVALID_S}},
         CALLOUT_NO_SUCH_MAILBOX},
        {"accepted between them",
         {{CALLOUT_NO_SUCH_MAILBOX, 10},
          {CALLOUT_ACCEPTED, 60},
          {CALLOUT_NO_SUCH_MAILBOX, 10 + INVALID_S}},
         CALLOUT_ACCEPTED},
        {"no answer between them",
         {{CALLOUT_NO_SUCH_MAILBOX, 10},
          {CALLOUT_UNREACHABLE, 50},
          {CALLOUT_BLOCKED_US, 60},
          {CALLOUT_NO_SUCH_MAILBOX, 10 + INVALID_S}},
         CALLOUT_NO_SUCH_MAILBOX},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(BYTES);
        int believed = NOTHING;
        assert_non_null(callouts);
        (void)learn(callouts, CALLOUT_ACCEPTED, 0);
        for (size_t j = 0; j < 4 && rows[i].learnt[j].at_s > 0; j++)
            believed = learn(callouts, rows[i].learnt[j].outcome,
                             rows[i].learnt[j].at_s);
        if (believed != rows[i].kept ||
            kept(callouts, 11 + INVALID_S) != rows[i].kept)
            fail_msg("%s: %d", rows[i].name, believed);
        callouts_free(&callouts);
    }
}

static void test_refresh(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    assert_non_null(callouts);
    (void)learn(callouts, CALLOUT_ACCEPTED, 0);
    assert_false(is_stale(callouts, REFRESH_S - 1));
    assert_true(is_stale(callouts, REFRESH_S));
    (void)learn(callouts, CALLOUT_UNREACHABLE, REFRESH_S);
    assert_false(is_stale(callouts, REFRESH_S));
    assert_true(is_stale(callouts, REFRESH_S + TEMPERROR_S));
    (void)learn(callouts, CALLOUT_NO_SUCH_MAILBOX, 600);
    assert_false(is_stale(callouts, 600 + INVALID_S - 1));
    assert_true(is_stale(callouts, 600 + INVALID_S));
    (void)learn(callouts, CALLOUT_ACCEPTED, 700);
    assert_false(is_stale(callouts, 700 + REFRESH_S - 1));
    assert_int_equal(kept(callouts, 700 + VALID_S - 1), CALLOUT_ACCEPTED);
    assert_int_equal(kept(callouts, 700 + VALID_S), NOTHING);
    callouts_free(&callouts);
}

/* Who has passed for long, and been refused never, is believed for as long
 * again. */
static void test_renewed(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    assert_non_null(callouts);
    assert_false(callouts_renew(callouts, address(), &settings, 0));
    (void)learn(callouts, CALLOUT_ACCEPTED, 0);
    (void)learn(callouts, CALLOUT_ACCEPTED, VALID_S - 2);
    assert_false(
        callouts_renew(callouts, address(), &settings, at_s(VALID_S - 1)));
    assert_true(callouts_renew(callouts, address(), &settings, at_s(VALID_S)));
    assert_int_equal(kept(callouts, 2 * VALID_S - 1), CALLOUT_ACCEPTED);
    (void)learn(callouts, CALLOUT_NO_SUCH_MAILBOX, 2 * VALID_S - 1);
    assert_int_equal(kept(callouts, 2 * VALID_S - 1), CALLOUT_ACCEPTED);
    assert_false(
        callouts_renew(callouts, address(), &settings, at_s(2 * VALID_S - 1)));
    assert_int_equal(kept(callouts, 2 * VALID_S), NOTHING);
    callouts_free(&callouts);
}

/* Whatever the trouble is, and whatever of it was forgotten in between. */
static void test_given_up(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    assert_non_null(callouts);
    assert_int_equal(learn(callouts, CALLOUT_UNREACHABLE, 0),
                     CALLOUT_UNREACHABLE);
    assert_int_equal(kept(callouts, 100), NOTHING);
    assert_int_equal(learn(callouts, CALLOUT_GREYLISTED, GIVE_UP_S - 1),
                     CALLOUT_GREYLISTED);
    assert_int_equal(learn(callouts, CALLOUT_UNREACHABLE, GIVE_UP_S),
                     CALLOUT_GIVEN_UP);
    assert_int_equal(kept(callouts, GIVE_UP_S + INVALID_S - 1),
                     CALLOUT_GIVEN_UP);
    assert_int_equal(kept(callouts, GIVE_UP_S + INVALID_S), NOTHING);
    assert_int_equal(learn(callouts, CALLOUT_UNREACHABLE, 2 * GIVE_UP_S),
                     CALLOUT_GIVEN_UP);
    assert_int_equal(learn(callouts, CALLOUT_ACCEPTED, 2 * GIVE_UP_S + 1),
                     CALLOUT_ACCEPTED);
    callouts_free(&callouts);

    /* Who was not asked about for long begins anew. */
    callouts = callouts_new(BYTES);
    assert_non_null(callouts);
    (void)learn(callouts, CALLOUT_UNREACHABLE, 0);
    assert_int_equal(
        learn(callouts, CALLOUT_UNREACHABLE, GIVE_UP_S + TEMPERROR_S),
        CALLOUT_UNREACHABLE);
    callouts_free(&callouts);
}

/* An answer comes back as it was, the longest one too. */
static void test_whole_answer(void **state)
{
    struct callouts *callouts = callouts_new(BYTES);
    struct callout_answer given = {.outcome = CALLOUT_NO_SUCH_MAILBOX,
                                   .stage = CALLOUT_AT_RCPT,
                                   .code = 550,
                                   .tls = CALLOUT_TLS_USED,
                                   .retry_after_s = 300,
                                   .left_alone = true,
                                   .learnt = 4711};
    struct callout_answer found;
    struct callouts_kept kept;
    assert_non_null(callouts);
    memset(given.exchanger, 'x', sizeof(given.exchanger) - 1);
    memset(given.words, 'w', sizeof(given.words) - 1);
    assert_true(address_parse(&given.address, span_of("2001:db8::1")));
    callouts_learn(callouts, address(), &given, &settings, 0);
    assert_true(callouts_find(callouts, address(), 0, &kept));
    found = kept.answer;
    assert_string_equal(found.exchanger, given.exchanger);
    assert_string_equal(found.words, given.words);
    assert_true(address_equal(&found.address, &given.address));
    assert_int_equal(found.code, 550);
    assert_int_equal(found.tls, CALLOUT_TLS_USED);
    assert_int_equal(found.stage, CALLOUT_AT_RCPT);
    assert_int_equal(found.trouble, CALLOUT_TROUBLE_NONE);
    assert_int_equal(found.retry_after_s, 300);
    assert_true(found.learnt == 4711);
    assert_true(found.left_alone);

    /* By address: another one is not there. */
    assert_false(
        callouts_find(callouts, span_of("User@example.com"), 0, &kept));
    assert_string_equal(kept.answer.exchanger, given.exchanger);
    callouts_free(&callouts);
}

/* K7: addresses that somebody invents, refused or accepted, take a bounded
 * place, and not that of a known-good one that comes back once for every so
 * many of them. */
static void test_invented(void **state)
{
    enum { INVENTED = 20000, BETWEEN = 50, GOOD = 10 };
    struct callouts *callouts = callouts_new(BYTES);
    struct callout_answer answer = {.outcome = CALLOUT_ACCEPTED};
    struct callouts_kept found;
    char name[32];
    size_t count = 0;
    assert_non_null(callouts);
    for (int i = 0; i < GOOD; i++) {
        (void)snprintf(name, sizeof(name), "good%d@example.com", i);
        callouts_learn(callouts, span_of(name), &answer, &settings, 0);
    }
    for (int i = 0; i < INVENTED; i++) {
        answer.outcome =
            i % 3 == 0 ? CALLOUT_ACCEPTED : CALLOUT_NO_SUCH_MAILBOX;
        (void)snprintf(name, sizeof(name), "bounce-%d@list.example", i);
        callouts_learn(callouts, span_of(name), &answer, &settings, 0);
        (void)snprintf(name, sizeof(name), "good%d@example.com",
                       i / BETWEEN % GOOD);
        if (i % BETWEEN == 0)
            assert_true(callouts_find(callouts, span_of(name), 0, &found));
    }
    for (int i = 0; i < INVENTED; i++) {
        (void)snprintf(name, sizeof(name), "bounce-%d@list.example", i);
        count += callouts_find(callouts, span_of(name), 0, &found);
    }
    assert_in_range(count, 1000, INVENTED / 2);
    callouts_free(&callouts);
}

static void test_bound(void **state)
{
    struct callouts *callouts = callouts_new(64 * 1024);
    struct callout_answer answer = {.outcome = CALLOUT_ACCEPTED};
    struct callouts_kept found;
    char name[32];
    size_t count = 0;
    assert_non_null(callouts);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "%d@example.com", i);
        callouts_learn(callouts, span_of(name), &answer, &settings, 0);
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
        cmocka_unit_test(test_lives),
        cmocka_unit_test(test_greylisted),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_pass_ends),
        cmocka_unit_test(test_whole_answer),
        cmocka_unit_test(test_two_refusals),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_renewed),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_invented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
