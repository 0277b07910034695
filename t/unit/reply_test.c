/* SPDX-License-Identifier: BSD-2-Clause */
/* reply_test.c - the very replies: codes, wording, and what hostile octets and
 * long texts become */
#include "policy/reply.h"

#include "policy/advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define OCTETS(literal)        \
 {                             \
  literal, sizeof(literal) - 1 \
 }

static const struct action rejects = {.kind = ACTION_REJECT};
static const struct action tempfails = {.kind = ACTION_TEMPFAIL};

static struct verdict verdict_of(const struct action *how, enum check check,
                                 enum result result, enum reason reason)
{
    return (struct verdict){
        .kind = how->kind, .check = check, .finding = {result, reason}, how};
}

static const struct reply_words words = {
    .client = OCTETS("192.0.2.7"),
    .reverse = OCTETS("dyn-7.example.net"),
    .helo = OCTETS("mail.example.com"),
    .sender = OCTETS("ann@example.com"),
    .recipient = OCTETS("bob@example.org"),
    .reason = OCTETS("nxdomain"),
    .id = OCTETS("7K3FQ2"),
    .identity = OCTETS("mx1.example.org"),
    .detail = OCTETS("The name mail.example.com does not exist."),
};

static void test_codes(void **state)
{
    static const struct {
        const struct action *how;
        enum check check;
        struct finding finding;
        uint16_t code;
        const char *status;
    } rows[] = {
        {&rejects, CHECK_HELO_SYNTAX, {RESULT_FAIL, 0}, 550, "5.5.2"},
        {&rejects, CHECK_HELO_IDENTITY, {RESULT_FAIL, 0}, 550, "5.7.1"},
        {&rejects, CHECK_HELO_FORWARD, {RESULT_FAIL, 0}, 550, "5.7.1"},
        {&rejects, CHECK_HELO_MATCH, {RESULT_FAIL, 0}, 550, "5.7.1"},
        {&rejects, CHECK_CLIENT_PTR, {RESULT_FAIL, 0}, 550, "5.7.25"},
        {&rejects, CHECK_SENDER_DOMAIN, {RESULT_FAIL, 0}, 550, "5.1.8"},
        {&rejects,
         CHECK_SENDER_DOMAIN,
         {RESULT_FAIL, REASON_NULL_MX},
         550,
         "5.7.27"},
        {&rejects, CHECK_CALLOUT, {RESULT_FAIL, 0}, 550, "5.1.7"},
        {&tempfails, CHECK_HELO_SYNTAX, {RESULT_FAIL, 0}, 450, "4.5.2"},
        {&tempfails, CHECK_CLIENT_PTR, {RESULT_FAIL, 0}, 450, "4.7.25"},
        {&tempfails,
         CHECK_SENDER_DOMAIN,
         {RESULT_FAIL, REASON_NULL_MX},
         450,
         "4.7.27"},
        {&tempfails, CHECK_HELO_FORWARD, {RESULT_TEMPERROR, 0}, 451, "4.4.3"},
        {&tempfails,
         CHECK_SENDER_DOMAIN,
         {RESULT_TEMPERROR, REASON_IN_PROGRESS},
         451,
         "4.4.3"},
        {&tempfails,
         CHECK_CALLOUT,
         {RESULT_TEMPERROR, REASON_GREYLISTED},
         450,
         "4.1.7"},
        {&tempfails,
         CHECK_CALLOUT,
         {RESULT_UNKNOWN, REASON_CAPACITY},
         450,
         "4.1.7"},
        {&tempfails,
         CHECK_CALLOUT,
         {RESULT_TEMPERROR, REASON_IN_PROGRESS},
         450,
         "4.1.7"},
        {&tempfails,
         CHECK_CALLOUT,
         {RESULT_TEMPERROR, REASON_INTERNAL},
         451,
         "4.3.0"},
    };
    struct reply reply;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct verdict verdict =
            verdict_of(rows[i].how, rows[i].check, rows[i].finding.result,
                       rows[i].finding.reason);
        reply_write(&reply, &verdict, &words);
        assert_int_equal(reply.code, rows[i].code);
        assert_string_equal(reply.status, rows[i].status);
    }
}

/* What is temperror for our resolver alone is no fault of the sender's. */
static void test_distrust(void **state)
{
    struct reply_words doubted = words;
    struct reply reply;

    doubted.distrust = true;
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        struct verdict verdict =
            verdict_of(&tempfails, check, RESULT_TEMPERROR, REASON_NONE);
        reply_write(&reply, &verdict, &doubted);
        assert_int_equal(reply.code, 451);
        assert_string_equal(reply.status, "4.4.3");
        assert_string_equal(reply.line[1],
                            "The fault is ours, nothing is wrong on your side: "
                            "please retry later.");
    }
}

static void test_codes_of_the_file(void **state)
{
    static const struct {
        struct action how;
        uint16_t code;
        const char *status;
    } rows[] = {
        {{ACTION_REJECT, 554, "5.7.0", NULL, 0, NULL}, 554, "5.7.0"},
        {{ACTION_REJECT, 554, "", NULL, 0, NULL}, 554, "5.7.25"},
        {{ACTION_REJECT, 0, "5.7.0", NULL, 0, NULL}, 550, "5.7.0"},
        {{ACTION_TEMPFAIL, 421, "", NULL, 0, NULL}, 421, "4.7.25"},
    };
    struct reply reply;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct verdict verdict =
            verdict_of(&rows[i].how, CHECK_CLIENT_PTR, RESULT_FAIL, 0);
        reply_write(&reply, &verdict, &words);
        assert_int_equal(reply.code, rows[i].code);
        assert_string_equal(reply.status, rows[i].status);
    }
}

static void assert_lines(const struct reply *reply, const char *const *want)
{
    size_t i;

    for (i = 0; want[i] != NULL; i++) {
        assert_true(i < reply->count);
        assert_string_equal(reply->line[i], want[i]);
    }
    assert_int_equal(reply->count, i);
}

static void test_default_text(void **state)
{
    static const char *const want[] = {
        "The name mail.example.com does not exist.",
        "Let your mail server greet with a host name that exists in DNS (RFC "
        "5321 2.3.5), or publish an A or AAAA record for this one.",
        "mx1.example.org, id 7K3FQ2", NULL};
    struct verdict verdict =
        verdict_of(&rejects, CHECK_HELO_FORWARD, RESULT_FAIL, REASON_NXDOMAIN);
    struct reply reply;

    reply_write(&reply, &verdict, &words);
    assert_lines(&reply, want);
}

/* What was seen comes as a clause and is said as a sentence. */
static void test_sentences(void **state)
{
    static const struct {
        struct span detail;
        const char *want;
    } rows[] = {
        {OCTETS("the name is wrong"), "The name is wrong."},
        {OCTETS("we ask"), "We ask."},
        {OCTETS("It is so."), "It is so."},
        {OCTETS("mx.example.com answered \"no\""),
         "mx.example.com answered \"no\"."},
        {OCTETS("mx1 is gone"), "mx1 is gone."},
        {OCTETS("192.0.2.1 is gone"), " 192.0.2.1 is gone."},
        {OCTETS("alone"), "alone."},
    };
    struct verdict verdict =
        verdict_of(&rejects, CHECK_HELO_MATCH, RESULT_FAIL, REASON_NONE);
    struct reply reply;

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct reply_words said = {.detail = rows[i].detail};
        reply_write(&reply, &verdict, &said);
        assert_string_equal(reply.line[0], rows[i].want);
    }
}

static void test_in_progress(void **state)
{
    static const char *const want[] = {
        "Nothing is wrong so far: we are still verifying the sender, please "
        "retry in a few minutes.",
        "mx1.example.org", NULL};
    struct reply_words bare = {.identity = OCTETS("mx1.example.org")};
    struct verdict verdict = verdict_of(&tempfails, CHECK_CALLOUT,
                                        RESULT_TEMPERROR, REASON_IN_PROGRESS);
    struct reply reply;

    reply_write(&reply, &verdict, &bare);
    assert_lines(&reply, want);
}

static void assert_advice(const char *advice)
{
    size_t lines = 1;

    assert_true(strlen(advice) > 20);
    for (; *advice != '\0'; advice++) {
        lines += *advice == '\n';
        assert_true(*advice == '\n' || (*advice >= 0x20 && *advice <= 0x7e));
    }
    assert_in_range(lines, 1, 2);
}

/* Each way a check can come out has words of its own or its check's, fit for a
 * reply as they are. */
static void test_advice(void **state)
{
    for (unsigned i = 0; i < CHECK_COUNT; i++)
        for (unsigned j = RESULT_PASS; j <= RESULT_NONE; j++)
            for (unsigned k = REASON_NONE; k <= REASON_INTERNAL; k++)
                assert_advice(advice_for(
                    (enum check)i,
                    (struct finding){(enum result)j, (enum reason)k}));
}

static const struct {
    const char *text;
    const char *want[4];
} own_texts[] = {
    {"Go away.", {"Go away."}},
    {"One.\nTwo.\n", {"One.", "Two."}},
    {"\n\nOne.\n\n  Two.", {"One.", "Two."}},
    {"%{client} is %{reverse}", {" 192.0.2.7 is dyn-7.example.net"}},
    {"%{helo}: %{sender} to %{recipient}",
     {"mail.example.com: ann@example.com to bob@example.org"}},
    {"%{reason}: %{detail} (%{id})",
     {"nxdomain: The name mail.example.com does not exist. (7K3FQ2)"}},
    {"up 100% %{ %{why} %{helo", {"up 100% %{ %{why} %{helo"}},
    {"550 no", {" 550 no"}},
    {"a\tb\x1b\xc3\xbc", {"a?b???"}},
    {" \n ",
     {"The name mail.example.com does not exist.",
      "Ask your network's or hosting provider for a PTR record that gives "
      "this address the host name of your mail server,",
      "and publish an A or AAAA record that leads from that name back to the "
      "address.",
      "mx1.example.org, id 7K3FQ2"}},
};

static void test_own_text(void **state)
{
    for (size_t i = 0; i < LENGTH(own_texts); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s", own_texts[i].text);
        struct action how = {.kind = ACTION_REJECT, .text = text};
        struct verdict verdict =
            verdict_of(&how, CHECK_CLIENT_PTR, RESULT_FAIL, REASON_MISSING);
        struct reply reply;
        reply_write(&reply, &verdict, &words);
        for (size_t j = 0; j < reply.count; j++)
            assert_string_equal(reply.line[j], own_texts[i].want[j]);
        assert_true(reply.count == 4 || own_texts[i].want[reply.count] == NULL);
    }
}

static void test_outside_octets(void **state)
{
    char text[] = "%{helo}, %{reverse}, %{reason}.";
    struct action how = {.kind = ACTION_REJECT, .text = text};
    struct reply_words hostile = {
        .helo = OCTETS("a\r\n250 ok\0\xff\\%{id}"),
    };
    struct verdict verdict =
        verdict_of(&how, CHECK_HELO_MATCH, RESULT_FAIL, REASON_NONE);
    struct reply reply;

    reply_write(&reply, &verdict, &hostile);
    assert_int_equal(reply.count, 1);
    assert_string_equal(reply.line[0],
                        "a\\x0d\\x0a250 ok\\x00\\xff\\\\%{id}, unknown, fail.");
}

/* A text of `count` words of nine octets and a space each. */
static void fill(char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memcpy(text + 10 * i, "abcdefghi ", 10);
    text[10 * count - 1] = '\0';
}

static void test_wrapping(void **state)
{
    static char text[10 * 400];
    struct action how = {.kind = ACTION_REJECT, .text = text};
    struct verdict verdict =
        verdict_of(&how, CHECK_HELO_MATCH, RESULT_FAIL, REASON_NONE);
    struct reply reply;

    fill(text, 100);
    reply_write(&reply, &verdict, &words);
    assert_int_equal(reply.count, 3);
    assert_int_equal(strlen(reply.line[0]), 479);
    assert_int_equal(strlen(reply.line[1]), 479);
    assert_int_equal(strlen(reply.line[2]), 39);
    assert_int_equal(reply.line[1][0], 'a');

    fill(text, 400);
    reply_write(&reply, &verdict, &words);
    assert_int_equal(reply.count, REPLY_LINES_MOST);

    memset(text, '7', sizeof(text) - 1);
    text[1000] = '\0';
    reply_write(&reply, &verdict, &words);
    assert_int_equal(reply.count, 3);
    for (size_t i = 0; i < reply.count; i++)
        assert_int_equal(reply.line[i][0], ' ');
    assert_int_equal(strlen(reply.line[0]), 480);
}

/* However long the detail is, the last line is said. */
static void test_long_detail(void **state)
{
    static char detail[10 * 390];
    struct reply_words longest = words;
    struct verdict verdict =
        verdict_of(&rejects, CHECK_CLIENT_PTR, RESULT_FAIL, REASON_MISSING);
    struct reply reply;

    fill(detail, 390);
    longest.detail = span_of(detail);
    reply_write(&reply, &verdict, &longest);
    assert_int_equal(reply.count, REPLY_LINES_MOST);
    assert_string_equal(reply.line[REPLY_LINES_MOST - 1],
                        "mx1.example.org, id 7K3FQ2");
}

static void test_words(void **state)
{
    size_t count = 0;

    while (reply_word(count) != NULL)
        count++;
    assert_int_equal(count, 8);
    assert_string_equal(reply_word(0), "client");
    assert_string_equal(reply_word(7), "id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_distrust),
        cmocka_unit_test(test_codes_of_the_file),
        cmocka_unit_test(test_default_text),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_in_progress),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_own_text),
        cmocka_unit_test(test_outside_octets),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_long_detail),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
