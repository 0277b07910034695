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
        bool stale;
        assert_non_null(callouts);
        learn(callouts, rows[i].given, rows[i].outcome, 0);
        if (found(callouts, rows[i].other, 1, &stale) != rows[i].found)
            fail_msg("row %zu", i);
        callouts_free(&callouts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
