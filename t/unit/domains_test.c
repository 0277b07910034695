/* SPDX-License-Identifier: BSD-2-Clause */
/* domains_test.c - what is known of a domain, for how long, and who wants to
 * know it */
#include "store/domains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

enum { VALID_S = 700, INVALID_S = 120, NOTHING = -1 };

static const struct callout_settings nothing = {.valid_s = VALID_S,
                                                .invalid_s = INVALID_S};
static const struct callout_settings everything = {.valid_s = VALID_S,
                                                   .invalid_s = INVALID_S,
                                                   .catch_all = true,
                                                   .postmaster = true};
static const struct callout_settings fallback = {
    .valid_s = VALID_S, .invalid_s = INVALID_S, .fallback = "p@example.org"};

static instant at_s(uint32_t seconds)
{
    return instant_after_s(0, seconds);
}

static int found(struct callouts *callouts, const char *domain,
                 const struct callout_settings *settings, uint32_t now_s)
{
    struct callouts_kept kept;
    return domains_find(callouts, domain, settings, at_s(now_s), &kept)
               ? (int)kept.answer.outcome
               : NOTHING;
}

/* An answer of a domain, what it means to those who want to know everything, to
 * those who want nothing, and to those who have another name to ask in; and
 * until when. */
static void test_answers(void **state)
{
    static const struct {
        struct callout_answer answer;
        int to_everything, to_nothing, to_fallback;
        uint32_t life_s;
    } rows[] = {
        {{.outcome = CALLOUT_ACCEPTED}, NOTHING, NOTHING, NOTHING, 1},
        {{.outcome = CALLOUT_NO_SUCH_MAILBOX}, NOTHING, NOTHING, NOTHING, 1},
        {{.outcome = CALLOUT_UNREACHABLE}, NOTHING, NOTHING, NOTHING, 1},
        {{.outcome = CALLOUT_REFUSES_BOUNCES, .stage = CALLOUT_AT_MAIL},
         CALLOUT_REFUSES_BOUNCES,
         CALLOUT_REFUSES_BOUNCES,
         NOTHING,
         INVALID_S},
        {{.outcome = CALLOUT_REFUSES_BOUNCES, .stage = CALLOUT_AT_RCPT},
         NOTHING,
         NOTHING,
         NOTHING,
         1},
        /* In our own name as well. */
        {{.outcome = CALLOUT_REFUSES_BOUNCES,
          .stage = CALLOUT_AT_MAIL,
          .found = CALLOUT_FOUND_NO_BOUNCES},
         CALLOUT_REFUSES_BOUNCES,
         CALLOUT_REFUSES_BOUNCES,
         CALLOUT_REFUSES_BOUNCES,
         INVALID_S},
        {{.outcome = CALLOUT_ACCEPTS_ANYTHING},
         CALLOUT_ACCEPTS_ANYTHING,
         NOTHING,
         NOTHING,
         VALID_S},
        {{.outcome = CALLOUT_NO_POSTMASTER},
         CALLOUT_NO_POSTMASTER,
         NOTHING,
         NOTHING,
         INVALID_S},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(1 << 20);
        assert_non_null(callouts);
        domains_learn(callouts, "a.example", &rows[i].answer, &everything,
                      at_s(50));
        uint32_t last = 50 + rows[i].life_s - 1;
        assert_int_equal(found(callouts, "a.example", &everything, last),
                         rows[i].to_everything);
        assert_int_equal(found(callouts, "a.example", &nothing, last),
                         rows[i].to_nothing);
        assert_int_equal(found(callouts, "a.example", &fallback, last),
                         rows[i].to_fallback);
        assert_int_equal(found(callouts, "b.example", &everything, last),
                         NOTHING);
        assert_int_equal(found(callouts, "a.example", &everything, last + 1),
                         NOTHING);
        callouts_free(&callouts);
    }
}

/* Which questions an answer leaves open. */
static void test_questions(void **state)
{
    static const struct {
        struct callout_answer answer;
        bool accepts_anything, has_postmaster, no_bounces;
    } rows[] = {
        {{.outcome = CALLOUT_ACCEPTED}, true, true, false},
        {{.outcome = CALLOUT_NO_POSTMASTER}, true, false, false},
        {{.outcome = CALLOUT_ACCEPTS_ANYTHING}, false, true, false},
        {{.outcome = CALLOUT_REFUSES_BOUNCES, .stage = CALLOUT_AT_MAIL},
         true,
         true,
         true},
        {{.outcome = CALLOUT_REFUSES_BOUNCES, .stage = CALLOUT_AT_RCPT},
         true,
         true,
         false},
        {{.outcome = CALLOUT_ACCEPTED, .found = CALLOUT_FOUND_NOT_ANYTHING},
         false,
         true,
         false},
        {{.outcome = CALLOUT_UNREACHABLE, .found = CALLOUT_FOUND_POSTMASTER},
         true,
         false,
         false},
        {{.outcome = CALLOUT_ACCEPTED, .found = CALLOUT_FOUND_NO_BOUNCES},
         true,
         true,
         true},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct callouts *callouts = callouts_new(1 << 20);
        struct domains_open open;
        assert_non_null(callouts);
        domains_learn(callouts, "a.example", &rows[i].answer, &everything, 0);
        domains_look(callouts, "a.example", &everything, at_s(1), &open);
        if (open.accepts_anything != rows[i].accepts_anything ||
            open.has_postmaster != rows[i].has_postmaster ||
            open.no_bounces != rows[i].no_bounces)
            fail_msg("row %zu", i);
        domains_look(callouts, "a.example", &nothing, at_s(1), &open);
        assert_false(open.accepts_anything || open.has_postmaster);
        domains_look(callouts, "a.example", &everything, at_s(VALID_S), &open);
        assert_true(open.accepts_anything && open.has_postmaster);
        assert_false(open.no_bounces);
        callouts_free(&callouts);
    }
}

/* Who is asked in our own name, <> having been refused, tells nothing new of
 * that: it is tried again in the end, however often he is asked. */
static void test_fallback_ends(void **state)
{
    static const struct callout_answer answer = {
        .outcome = CALLOUT_ACCEPTED, .found = CALLOUT_FOUND_NO_BOUNCES};
    struct callouts *callouts = callouts_new(1 << 20);
    struct domains_open open;
    assert_non_null(callouts);
    for (uint32_t now_s = 0; now_s < INVALID_S; now_s += 10) {
        domains_learn(callouts, "a.example", &answer, &fallback, at_s(now_s));
        domains_look(callouts, "a.example", &fallback, at_s(now_s), &open);
        assert_true(open.no_bounces);
    }
    domains_look(callouts, "a.example", &fallback, at_s(INVALID_S), &open);
    assert_false(open.no_bounces);
    callouts_free(&callouts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_fallback_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
