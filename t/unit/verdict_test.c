/* SPDX-License-Identifier: BSD-2-Clause */
/* verdict_test.c - the strongest action and the first check win, soft actions
 * harden, and waiting ends exactly when nothing open can change either */
#include "policy/verdict.h"

#include "policy/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define DAY_S         UINT32_C(86400)
#define SECOND        INT64_C(1000000)
#define NOW           (INT64_C(10) * 86400 * SECOND)
#define LINES_MOST    6

/* One rule of a row; `run` alone puts a check to work without a rule. */
struct line {
    enum check check;
    enum result result;
    enum reason reason;
    enum action_kind kind;
    uint32_t soft_s; /* not 0: tempfail for so long, then `kind` */
};

static void rules_build(struct rules *rules, const struct line *lines)
{
    *rules = (struct rules){0};
    for (size_t i = 0; i < LINES_MOST; i++) {
        if (lines[i].result == RESULT_OPEN)
            break;
        struct action action = {.kind = lines[i].kind};
        if (lines[i].soft_s > 0) {
            action.soft_s = lines[i].soft_s;
            action.then = calloc(1, sizeof(*action.then));
            assert_non_null(action.then);
            action.then->kind = action.kind;
            action.kind = ACTION_TEMPFAIL;
        }
        rules->checks[lines[i].check].run = true;
        assert_true(rules_take(rules, lines[i].check, lines[i].result,
                               lines[i].reason, &action));
    }
}

struct row {
    const char *what;
    struct line lines[LINES_MOST];
    struct finding findings[CHECK_COUNT]; /* RESULT_OPEN: open */
    instant first;                        /* of every check; 0: never */
    enum action_kind kind;
    enum check check;
    bool settled;
};

#define PASS               \
 {                         \
  RESULT_PASS, REASON_NONE \
 }
#define NONE               \
 {                         \
  RESULT_NONE, REASON_NONE \
 }
#define FAIL               \
 {                         \
  RESULT_FAIL, REASON_NONE \
 }
#define OPEN               \
 {                         \
  RESULT_OPEN, REASON_NONE \
 }
#define TEMPERROR               \
 {                              \
  RESULT_TEMPERROR, REASON_NONE \
 }

static const struct row rows[] = {
    {"no rules: continue, and nothing to wait for",
     {{0}},
     {OPEN, OPEN, OPEN, OPEN, OPEN, NONE, OPEN, OPEN},
     0,
     ACTION_CONTINUE,
     0,
     true},
    {"the strongest wins whatever its place",
     {{CHECK_HELO_SYNTAX, RESULT_FAIL, 0, ACTION_TAG, 0},
      {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_TEMPFAIL, 0}},
     {FAIL, PASS, PASS, FAIL, FAIL, NONE, PASS, PASS},
     0,
     ACTION_REJECT,
     CHECK_CLIENT_PTR,
     true},
    {"the first of equals gives the reply",
     {{CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_REJECT, 0}},
     {PASS, PASS, PASS, FAIL, FAIL, NONE, PASS, PASS},
     0,
     ACTION_REJECT,
     CHECK_HELO_MATCH,
     true},
    {"a rule with the reason goes before one without",
     {{CHECK_SENDER_DOMAIN, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_SENDER_DOMAIN, RESULT_FAIL, REASON_POINTS_AT_US, ACTION_TAG, 0}},
     {PASS,
      PASS,
      PASS,
      PASS,
      PASS,
      NONE,
      {RESULT_FAIL, REASON_POINTS_AT_US},
      NONE},
     0,
     ACTION_TAG,
     CHECK_SENDER_DOMAIN,
     true},
    {"another reason falls back to the result's rule",
     {{CHECK_SENDER_DOMAIN, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_SENDER_DOMAIN, RESULT_FAIL, REASON_POINTS_AT_US, ACTION_TAG, 0}},
     {PASS, PASS, PASS, PASS, PASS, NONE, {RESULT_FAIL, REASON_NULL_MX}, NONE},
     0,
     ACTION_REJECT,
     CHECK_SENDER_DOMAIN,
     true},
    {"our own fault is no matter of a check's rules",
     {{CHECK_CLIENT_PTR, RESULT_TEMPERROR, 0, ACTION_TEMPFAIL, 0}},
     {NONE,
      NONE,
      NONE,
      NONE,
      {RESULT_TEMPERROR, REASON_INTERNAL},
      NONE,
      NONE,
      NONE},
     0,
     ACTION_CONTINUE,
     0,
     true},

    {"soft at the first sight",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_REJECT, DAY_S}},
     {PASS, PASS, PASS, FAIL, PASS, NONE, PASS, PASS},
     0,
     ACTION_TEMPFAIL,
     CHECK_HELO_MATCH,
     true},
    {"soft until its time is over",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_REJECT, DAY_S}},
     {PASS, PASS, PASS, FAIL, PASS, NONE, PASS, PASS},
     NOW - DAY_S *SECOND + 1,
     ACTION_TEMPFAIL,
     CHECK_HELO_MATCH,
     true},
    {"hard when its time is over",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_REJECT, DAY_S}},
     {PASS, PASS, PASS, FAIL, PASS, NONE, PASS, PASS},
     NOW - DAY_S *SECOND,
     ACTION_REJECT,
     CHECK_HELO_MATCH,
     true},
    {"tempfail, then tag",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_TAG, DAY_S}},
     {PASS, PASS, PASS, FAIL, PASS, NONE, PASS, PASS},
     NOW - DAY_S *SECOND,
     ACTION_TAG,
     CHECK_HELO_MATCH,
     true},

    {"an open check with a stronger action: wait",
     {{CHECK_HELO_SYNTAX, RESULT_FAIL, 0, ACTION_TAG, 0},
      {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}},
     {FAIL, PASS, PASS, PASS, OPEN, NONE, PASS, PASS},
     0,
     ACTION_TAG,
     CHECK_HELO_SYNTAX,
     false},
    {"an open check behind the one that rejects: no wait",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}},
     {PASS, PASS, PASS, FAIL, OPEN, NONE, OPEN, OPEN},
     0,
     ACTION_REJECT,
     CHECK_HELO_MATCH,
     true},
    {"an open check before it with as strong an action: wait",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}},
     {PASS, PASS, PASS, OPEN, FAIL, NONE, PASS, PASS},
     0,
     ACTION_REJECT,
     CHECK_CLIENT_PTR,
     false},
    {"an open check before it with a weaker action: no wait",
     {{CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_TEMPFAIL, 0},
      {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}},
     {PASS, PASS, PASS, OPEN, FAIL, NONE, PASS, PASS},
     0,
     ACTION_REJECT,
     CHECK_CLIENT_PTR,
     true},
    {"a tag tells of every check that tags: wait for the others",
     {{CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_TAG, 0},
      {CHECK_CALLOUT, RESULT_FAIL, 0, ACTION_TAG, 0}},
     {PASS, PASS, PASS, PASS, FAIL, NONE, PASS, OPEN},
     0,
     ACTION_TAG,
     CHECK_CLIENT_PTR,
     false},
    {"a tag does not wait for what only lets through",
     {{CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_TAG, 0},
      {CHECK_CALLOUT, RESULT_FAIL, 0, ACTION_CONTINUE, 0}},
     {PASS, PASS, PASS, PASS, FAIL, NONE, PASS, OPEN},
     0,
     ACTION_TAG,
     CHECK_CLIENT_PTR,
     true},
    {"tempfails of two checks: the earlier one is waited for",
     {{CHECK_SENDER_DOMAIN, RESULT_TEMPERROR, 0, ACTION_TEMPFAIL, 0},
      {CHECK_CALLOUT, RESULT_TEMPERROR, 0, ACTION_TEMPFAIL, 0}},
     {PASS, PASS, PASS, PASS, PASS, NONE, OPEN, TEMPERROR},
     0,
     ACTION_TEMPFAIL,
     CHECK_CALLOUT,
     false},
    {"a check that is not run is not waited for",
     {{CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}},
     {OPEN, OPEN, OPEN, OPEN, PASS, NONE, OPEN, OPEN},
     0,
     ACTION_CONTINUE,
     0,
     true},
    {"a result that cannot come is not waited for",
     {{CHECK_HELO_MATCH, RESULT_UNKNOWN, 0, ACTION_REJECT, 0}},
     {PASS, PASS, PASS, OPEN, PASS, NONE, PASS, PASS},
     0,
     ACTION_CONTINUE,
     0,
     true},
    {"every reason of a result has a rule: the bare one cannot come",
     {{CHECK_CALLOUT, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_CALLOUT, RESULT_FAIL, REASON_NO_SUCH_MAILBOX, ACTION_CONTINUE, 0},
      {CHECK_CALLOUT, RESULT_FAIL, REASON_REFUSES_BOUNCES, ACTION_CONTINUE, 0},
      {CHECK_CALLOUT, RESULT_FAIL, REASON_NO_POSTMASTER, ACTION_CONTINUE, 0},
      {CHECK_HELO_SYNTAX, RESULT_FAIL, 0, ACTION_TAG, 0}},
     {FAIL, PASS, PASS, PASS, PASS, NONE, PASS, OPEN},
     0,
     ACTION_TAG,
     CHECK_HELO_SYNTAX,
     true},
    {"one reason has none: it can come",
     {{CHECK_CALLOUT, RESULT_FAIL, 0, ACTION_REJECT, 0},
      {CHECK_CALLOUT, RESULT_FAIL, REASON_REFUSES_BOUNCES, ACTION_TAG, 0},
      {CHECK_HELO_SYNTAX, RESULT_FAIL, 0, ACTION_TAG, 0}},
     {FAIL, PASS, PASS, PASS, PASS, NONE, PASS, OPEN},
     0,
     ACTION_TAG,
     CHECK_HELO_SYNTAX,
     false},
    {"a DNS temperror comes without a reason",
     {{CHECK_CLIENT_PTR, RESULT_TEMPERROR, 0, ACTION_TEMPFAIL, 0},
      {CHECK_CLIENT_PTR, RESULT_TEMPERROR, REASON_IN_PROGRESS, ACTION_TAG, 0}},
     {PASS, PASS, PASS, PASS, OPEN, NONE, PASS, PASS},
     0,
     ACTION_CONTINUE,
     0,
     false},
    {"a rule for in-progress alone is waited for",
     {{CHECK_CALLOUT, RESULT_TEMPERROR, REASON_IN_PROGRESS, ACTION_TEMPFAIL,
       0}},
     {PASS, PASS, PASS, PASS, PASS, NONE, PASS, OPEN},
     0,
     ACTION_CONTINUE,
     0,
     false},
    {"an open soft check would only tempfail yet: no wait",
     {{CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, DAY_S},
      {CHECK_HELO_FORWARD, RESULT_FAIL, 0, ACTION_TEMPFAIL, 0}},
     {PASS, PASS, FAIL, PASS, OPEN, NONE, PASS, PASS},
     0,
     ACTION_TEMPFAIL,
     CHECK_HELO_FORWARD,
     true},
    {"an open soft check would be hard now: wait",
     {{CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, DAY_S},
      {CHECK_HELO_FORWARD, RESULT_FAIL, 0, ACTION_TEMPFAIL, 0}},
     {PASS, PASS, FAIL, PASS, OPEN, NONE, PASS, PASS},
     NOW - DAY_S *SECOND,
     ACTION_TEMPFAIL,
     CHECK_HELO_FORWARD,
     false},
};

static void check_row(const struct row *row)
{
    struct rules rules;
    struct findings findings;
    struct first_sights sights;

    rules_build(&rules, row->lines);
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        findings.of[i] = row->findings[i];
        sights.of[i] = row->first != 0 ? row->first : INSTANT_NEVER;
    }
    struct verdict verdict = verdict_make(&rules, &findings, &sights, NOW);
    bool settled = verdict_is_settled(&rules, &findings, &sights, NOW);
    enum action_kind strongest =
        verdict_strongest(&rules, &findings, &sights, NOW);
    assert_true(strongest >= verdict.kind);
    assert_true(!settled || strongest == verdict.kind);
    if (verdict.kind != row->kind || settled != row->settled ||
        (row->kind != ACTION_CONTINUE && verdict.check != row->check))
        fail_msg("%s: %s by %s, %s", row->what, action_name(verdict.kind),
                 check_name(verdict.check), settled ? "settled" : "open");
    if (row->kind == ACTION_CONTINUE) {
        assert_null(verdict.how);
    } else {
        assert_int_equal(verdict.how->kind, row->kind);
        assert_int_equal(verdict.finding.result,
                         row->findings[row->check].result);
        assert_int_equal(verdict.finding.reason,
                         row->findings[row->check].reason);
    }
    rules_clear(&rules);
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < LENGTH(rows); i++)
        check_row(&rows[i]);
}

static void test_strongest(void **state)
{
    static const struct line lines[LINES_MOST] = {
        {CHECK_HELO_MATCH, RESULT_FAIL, 0, ACTION_TAG, 0},
        {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, DAY_S},
        {CHECK_CALLOUT, RESULT_UNKNOWN, 0, ACTION_REJECT, 0}};
    static const struct {
        enum result match, ptr, callout;
        instant first;
        enum action_kind want;
    } strongest[] = {
        {RESULT_PASS, RESULT_PASS, RESULT_PASS, INSTANT_NEVER, ACTION_CONTINUE},
        {RESULT_OPEN, RESULT_PASS, RESULT_PASS, INSTANT_NEVER, ACTION_TAG},
        {RESULT_FAIL, RESULT_OPEN, RESULT_PASS, INSTANT_NEVER, ACTION_TEMPFAIL},
        {RESULT_FAIL, RESULT_OPEN, RESULT_PASS, 0, ACTION_REJECT},
        {RESULT_OPEN, RESULT_FAIL, RESULT_NONE, INSTANT_NEVER, ACTION_TEMPFAIL},
        {RESULT_PASS, RESULT_FAIL, RESULT_OPEN, INSTANT_NEVER, ACTION_REJECT},
    };
    struct rules rules;

    rules_build(&rules, lines);
    for (size_t i = 0; i < LENGTH(strongest); i++) {
        struct findings findings = {{[CHECK_HELO_SYNTAX] = PASS}};
        struct first_sights sights;
        findings.of[CHECK_HELO_MATCH].result = strongest[i].match;
        findings.of[CHECK_CLIENT_PTR].result = strongest[i].ptr;
        findings.of[CHECK_CALLOUT].result = strongest[i].callout;
        for (size_t j = 0; j < CHECK_COUNT; j++)
            sights.of[j] = strongest[i].first;
        assert_int_equal(verdict_strongest(&rules, &findings, &sights, NOW),
                         strongest[i].want);
    }
    rules_clear(&rules);
}

static void test_internal_error(void **state)
{
    static const struct line lines[LINES_MOST] = {
        {CHECK_CLIENT_PTR, RESULT_TEMPERROR, 0, ACTION_TAG, 0}};
    struct finding internal = {RESULT_TEMPERROR, REASON_INTERNAL};
    struct rules rules;

    rules_build(&rules, lines);
    assert_int_equal(rules_action(&rules, CHECK_CLIENT_PTR, internal)->kind,
                     ACTION_CONTINUE);
    rules.internal_error = ACTION_TEMPFAIL;
    assert_int_equal(rules_action(&rules, CHECK_CLIENT_PTR, internal)->kind,
                     ACTION_TEMPFAIL);
    assert_int_equal(rules_action(&rules, CHECK_HELO_MATCH, internal)->kind,
                     ACTION_CONTINUE);
    rules_clear(&rules);
}

static void test_soft(void **state)
{
    static const struct line lines[LINES_MOST] = {
        {CHECK_HELO_FORWARD, RESULT_TEMPERROR, 0, ACTION_TEMPFAIL, 0},
        {CHECK_HELO_FORWARD, RESULT_FAIL, 0, ACTION_REJECT, DAY_S},
        {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}};
    struct finding fails = {RESULT_FAIL, REASON_NXDOMAIN};
    struct finding troubled = {RESULT_TEMPERROR, REASON_NONE};
    struct rules rules;

    rules_build(&rules, lines);
    assert_true(rules_are_soft(&rules, CHECK_HELO_FORWARD));
    assert_false(rules_are_soft(&rules, CHECK_CLIENT_PTR));
    assert_false(rules_are_soft(&rules, CHECK_CALLOUT));
    assert_int_equal(rules_keep_s(&rules, CHECK_HELO_FORWARD, fails),
                     8 * DAY_S);
    assert_int_equal(rules_keep_s(&rules, CHECK_HELO_FORWARD, troubled), 0);
    assert_int_equal(rules_keep_s(&rules, CHECK_CLIENT_PTR, fails), 0);
    rules.checks[CHECK_HELO_FORWARD].run = false;
    assert_false(rules_are_soft(&rules, CHECK_HELO_FORWARD));
    rules_clear(&rules);
}

/* A copy stands by itself: changing it leaves the original as it was. */
static void test_copy(void **state)
{
    static const struct line lines[LINES_MOST] = {
        {CHECK_HELO_FORWARD, RESULT_FAIL, 0, ACTION_REJECT, DAY_S}};
    struct finding fails = {RESULT_FAIL, REASON_NXDOMAIN};
    struct rules base, changed;

    rules_build(&base, lines);
    base.checks[CHECK_HELO_FORWARD].rules[0].action.text = strdup("soft");
    base.checks[CHECK_HELO_FORWARD].rules[0].action.then->text = strdup("hard");
    assert_true(rules_copy(&changed, &base));

    const struct action *copied =
        rules_action(&changed, CHECK_HELO_FORWARD, fails);
    assert_string_equal(copied->text, "soft");
    assert_string_equal(copied->then->text, "hard");
    assert_int_equal(copied->soft_s, DAY_S);
    struct action tag = {.kind = ACTION_TAG};
    assert_true(rules_take(&changed, CHECK_HELO_FORWARD, RESULT_FAIL, 0, &tag));
    assert_int_equal(rules_action(&changed, CHECK_HELO_FORWARD, fails)->kind,
                     ACTION_TAG);
    assert_string_equal(rules_action(&base, CHECK_HELO_FORWARD, fails)->text,
                        "soft");
    rules_clear(&base);
    rules_clear(&changed);
}

static void test_needs(void **state)
{
    static const struct {
        enum check check;
        unsigned match_by;
        unsigned want;
    } needs[] = {
        {CHECK_HELO_SYNTAX, MATCH_BY_EVERY, 0},
        {CHECK_HELO_IDENTITY, MATCH_BY_EVERY, 0},
        {CHECK_HELO_FORWARD, MATCH_BY_EVERY, NEED_FORWARD},
        {CHECK_HELO_MATCH, MATCH_BY_EVERY, NEED_FORWARD | NEED_REVERSE},
        {CHECK_HELO_MATCH, MATCH_ADDRESS, NEED_FORWARD},
        {CHECK_HELO_MATCH, MATCH_NAME, NEED_REVERSE},
        {CHECK_HELO_MATCH, MATCH_ORGANISATION, NEED_REVERSE},
        {CHECK_CLIENT_PTR, MATCH_BY_EVERY, NEED_REVERSE},
        {CHECK_SENDER_DOMAIN, MATCH_BY_EVERY, NEED_SENDER},
        {CHECK_CALLOUT, MATCH_BY_EVERY, NEED_SENDER | NEED_CALLOUT},
    };
    for (size_t i = 0; i < LENGTH(needs); i++) {
        struct rules rules = {.settings.match_by = needs[i].match_by};
        rules.checks[needs[i].check].run = true;
        assert_int_equal(rules_needs(&rules), needs[i].want);
    }
}

static void test_can_tag(void **state)
{
    static const struct line soft[LINES_MOST] = {
        {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_TAG, DAY_S}};
    static const struct line hard[LINES_MOST] = {
        {CHECK_CLIENT_PTR, RESULT_FAIL, 0, ACTION_REJECT, 0}};
    struct rules rules;

    rules_build(&rules, soft);
    assert_true(rules_can_tag(&rules));
    rules.checks[CHECK_CLIENT_PTR].run = false;
    assert_false(rules_can_tag(&rules));
    rules_clear(&rules);
    rules_build(&rules, hard);
    assert_false(rules_can_tag(&rules));
    rules_clear(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_strongest),
        cmocka_unit_test(test_internal_error), cmocka_unit_test(test_soft),
        cmocka_unit_test(test_copy),           cmocka_unit_test(test_needs),
        cmocka_unit_test(test_can_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
