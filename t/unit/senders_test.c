/* SPDX-License-Identifier: BSD-2-Clause */
/* senders_test.c - what one sender's answer means to others whose addresses
 * fold as his does */
#include "store/senders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { NOTHING = -1 };

static const struct callout_settings folding = {.fold = true,
                                                .valid_s = 1000,
                                                .refresh_s = 500,
                                                .invalid_s = 100,
                                                .temperror_s = 10,
                                                .give_up_s = 1000};

static struct mailpath path_of(const char *address)
{
    struct mailpath path;
    mailpath_parse(&path, span_of(address));
    assert_int_equal(path.fault, MAILPATH_OK);
    return path;
}

static void learn(struct callouts *callouts, const char *address,
                  enum callout_outcome outcome, uint32_t now_s)
{
    const struct mailpath path = path_of(address);
    struct callout_answer answer = {.outcome = outcome};
    senders_learn(callouts, &path, &answer, &folding,
                  instant_after_s(0, now_s));
}

/* What is believed: an outcome, or NOTHING. */
static int found(struct callouts *callouts, const char *address, uint32_t now_s,
                 bool *stale)
{
    const struct mailpath path = path_of(address);
    struct callouts_kept kept;
    if (!senders_find(callouts, &path, &folding, instant_after_s(0, now_s),
                      &kept))
        return NOTHING;
    *stale = kept.stale;
    return (int)kept.answer.outcome;
}

/* An address that somebody gives, how it is answered, and what that makes of
 * another. */
static void test_others(void **state)
{
    static const struct {
        const char *given;
        enum callout_outcome outcome;
        const char *other;
        int found;
    } rows[] = {
        {"prvs=1234abcdef=u@a.example", CALLOUT_ACCEPTED,
         "prvs=5678abcdef=u@a.example", CALLOUT_ACCEPTED},
        {"prvs=1234abcdef=u@a.example", CALLOUT_NO_SUCH_MAILBOX,
         "prvs=5678abcdef=u@a.example", NOTHING},
        {"prvs=1234abcdef=u@a.example", CALLOUT_GREYLISTED,
         "prvs=5678abcdef=u@a.example", NOTHING},
        {"u@a.example", CALLOUT_ACCEPTED, "v@a.example", NOTHING},
        /* Who writes down the folded form hits nobody, either way. */
        {"prvs=*=u@a.example", CALLOUT_NO_SUCH_MAILBOX,
         "prvs=5678abcdef=u@a.example", NOTHING},
        {"bounce-*@a.example", CALLOUT_UNREACHABLE, "bounce-1234@a.example",
         NOTHING},
        {"bounce-*@a.example", CALLOUT_ACCEPTED, "bounce-1234@a.example",
         NOTHING},
        {"bounce-1234@a.example", CALLOUT_ACCEPTED, "bounce-*@a.example",
         NOTHING},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct callouts *callouts = callouts_new(1 << 20);
        bool stale = false;
        assert_non_null(callouts);
        learn(callouts, rows[i].given, rows[i].outcome, 0);
        if (found(callouts, rows[i].other, 1, &stale) != rows[i].found)
            fail_msg("row %zu", i);
        callouts_free(&callouts);
    }
}

/* What others who fold alike pass for is verified again by whoever of them
 * comes, but not with each message: the word of one that is not accepted is
 * enough for a while, and lengthens nothing. */
static void test_refresh(void **state)
{
    static const struct {
        enum callout_outcome outcome;
        uint32_t pause_s; /* until it is stale again */
    } rows[] = {
        {CALLOUT_ACCEPTED, 500},   {CALLOUT_NO_SUCH_MAILBOX, 100},
        {CALLOUT_BLOCKED_US, 100}, {CALLOUT_UNREACHABLE, 10},
        {CALLOUT_CAPACITY, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct callouts *callouts = callouts_new(1 << 20);
        const bool passes = rows[i].outcome == CALLOUT_ACCEPTED;
        bool stale = false;
        assert_non_null(callouts);
        learn(callouts, "bounce-1111@a.example", CALLOUT_ACCEPTED, 0);
        learn(callouts, "bounce-2222@a.example", CALLOUT_ACCEPTED, 1);
        learn(callouts, "bounce-9999@a.example", rows[i].outcome, 1);
        assert_int_equal(found(callouts, "bounce-3333@a.example", 500, &stale),
                         CALLOUT_ACCEPTED);
        assert_false(stale);
        assert_int_equal(found(callouts, "bounce-3333@a.example", 501, &stale),
                         CALLOUT_ACCEPTED);
        assert_true(stale);
        /* One that is new, and one that has passed. */
        learn(callouts, "bounce-3333@a.example", rows[i].outcome, 600);
        learn(callouts, "bounce-1111@a.example", rows[i].outcome, 600);
        if (rows[i].pause_s > 0) {
            assert_int_equal(found(callouts, "bounce-4444@a.example",
                                   600 + rows[i].pause_s - 1, &stale),
                             CALLOUT_ACCEPTED);
            assert_false(stale);
        }
        assert_int_equal(found(callouts, "bounce-4444@a.example",
                               600 + rows[i].pause_s, &stale),
                         CALLOUT_ACCEPTED);
        assert_true(stale);
        assert_int_equal(found(callouts, "bounce-4444@a.example", 1001, &stale),
                         passes ? CALLOUT_ACCEPTED : NOTHING);
        callouts_free(&callouts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_refresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
