/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_dialogue_test.c - whole callouts, line for line, in simulated time */
#include "smtp/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Milliseconds; a dialogue is connected at 0. */
#define REPLY_MS 30000
#define TOTAL_MS 60000

/** What happens, and what is expected of it. A script ends with NO_MORE. */
enum happens { NO_MORE, SAYS, CLOSES, TIMES_OUT };

struct step {
    enum happens happens;
    const char *words;  /* the server's */
    uint32_t ms;        /* since the step before; until the deadline */
    const char *expect; /* what is sent; WAIT or DONE */
};

#define WAIT "(wait)"
#define DONE "(done)"

struct expected {
    enum callout_outcome outcome;
    enum callout_stage stage;
    enum callout_trouble trouble;
    uint16_t code;
    const char *words;
};

struct script {
    const char *name;
    struct step steps[14];
    size_t answer_at; /* the step that brings the answer, from 0 */
    struct expected answer;
};

static struct dialogue *begin(const char *address, const char *name)
{
    const struct dialogue_options options = {.name = name,
                                             .reply_ms = REPLY_MS,
                                             .deadline =
                                                 instant_after_ms(0, TOTAL_MS)};
    struct mailpath path;
    mailpath_parse(&path, span_of(address));
    assert_int_equal(path.fault, MAILPATH_OK);
    return dialogue_new(&path, &options);
}

static struct dialogue *connected(const char *address)
{
    struct dialogue *dialogue = begin(address, "mx1.example.org");
    struct dialogue_event event = {.kind = DIALOGUE_CONNECTED};
    struct span send;
    assert_non_null(dialogue);
    assert_true(address_parse(&event.local, span_of("192.0.2.1")));
    assert_int_equal(dialogue_step(dialogue, &event, &send), DIALOGUE_WAIT);
    assert_int_equal(send.length, 0);
    assert_true(dialogue_deadline(dialogue) == instant_after_ms(0, REPLY_MS));
    return dialogue;
}

static struct dialogue_event event_of(const struct step *step, instant at)
{
    static const enum dialogue_event_kind kinds[] = {
        [SAYS] = DIALOGUE_OCTETS,
        [CLOSES] = DIALOGUE_CLOSED,
        [TIMES_OUT] = DIALOGUE_TIMEOUT,
    };
    return (struct dialogue_event){
        .kind = kinds[step->happens], .at = at, .octets = span_of(step->words)};
}

static void play_step(struct dialogue *dialogue, const struct step *step,
                      instant at, const char *name)
{
    struct dialogue_event event = event_of(step, at);
    struct span send;
    enum dialogue_next next = dialogue_step(dialogue, &event, &send);
    const char *expect = step->expect;
    enum dialogue_next expected = strcmp(expect, WAIT) == 0   ? DIALOGUE_WAIT
                                  : strcmp(expect, DONE) == 0 ? DIALOGUE_DONE
                                                              : DIALOGUE_SEND;
    if (next != expected)
        fail_msg("%s: \"%s\" brought %d", name, step->words ? step->words : "",
                 next);
    if (next != DIALOGUE_SEND)
        return;
    if (send.length != strlen(expect) ||
        memcmp(send.at, expect, send.length) != 0)
        fail_msg("%s: %.*s instead of %s", name, (int)send.length, send.at,
                 expect);
}

static void check_answer(const struct script *script,
                         const struct callout_answer *answer, instant learnt)
{
    const struct expected *expected = &script->answer;
    if (answer->outcome != expected->outcome ||
        answer->stage != expected->stage ||
        answer->trouble != expected->trouble || answer->code != expected->code)
        fail_msg("%s: outcome %d, stage %d, trouble %d, code %d", script->name,
                 answer->outcome, answer->stage, answer->trouble, answer->code);
    assert_string_equal(answer->words, expected->words);
    assert_true(answer->learnt == learnt);
}

static void play(const struct script *script)
{
    struct dialogue *dialogue = connected("user@example.com");
    instant at = 0, learnt = 0;
    print_message("%s\n", script->name);
    for (size_t i = 0; script->steps[i].happens != NO_MORE; i++) {
        const struct step *step = &script->steps[i];
        at = step->happens == TIMES_OUT ? dialogue_deadline(dialogue)
                                        : instant_after_ms(at, step->ms);
        play_step(dialogue, step, at, script->name);
        if (i == script->answer_at)
            learnt = at;
        if ((dialogue_answer(dialogue) != NULL) != (i >= script->answer_at))
            fail_msg("%s: step %zu", script->name, i);
    }
    assert_non_null(dialogue_answer(dialogue));
    check_answer(script, dialogue_answer(dialogue), learnt);
    dialogue_free(&dialogue);
    assert_null(dialogue);
}

#define GREETING                                                \
 {                                                              \
  SAYS, "220 mx.example.com\r\n", 1, "EHLO mx1.example.org\r\n" \
 }
#define PLAIN                                                       \
 {                                                                  \
  SAYS, "250-mx.example.com\r\n250 SIZE\r\n", 1, "MAIL FROM:<>\r\n" \
 }
#define SENDER_OK                                               \
 {                                                              \
  SAYS, "250 2.1.0 ok\r\n", 1, "RCPT TO:<user@example.com>\r\n" \
 }
#define PIPELINING                                             \
 {                                                             \
  SAYS, "250-mx.example.com\r\n250 PIPELINING\r\n", 1,         \
      "MAIL FROM:<>\r\nRCPT TO:<user@example.com>\r\nQUIT\r\n" \
 }
#define BYE                    \
 {                             \
  SAYS, "221 bye\r\n", 1, DONE \
 }
#define NOTHING CALLOUT_TROUBLE_NONE

static void test_answers(void **state)
{
    static const struct script scripts[] = {
        {"one at a time",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "250 2.1.5 ok\r\n", 1, "QUIT\r\n"},
          BYE},
         3,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 250, "2.1.5 ok"}},
        {"together",
         {GREETING,
          PIPELINING,
          {SAYS, "250 ok\r\n", 1, WAIT},
          {SAYS, "550 5.1.1 no\r\n", 1, WAIT},
          BYE},
         3,
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, NOTHING, 550, "5.1.1 no"}},
        {"all replies together",
         {GREETING,
          PIPELINING,
          {SAYS, "250 ok\r\n250 ok\r\n221 bye\r\n", 1, DONE}},
         2,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 250, "ok"}},
        {"in pieces",
         {{SAYS, "22", 1, WAIT},
          {SAYS, "0-mx\r", 1, WAIT},
          {SAYS, "\n220 hi", 1, WAIT},
          {SAYS, "\r\n", 1, "EHLO mx1.example.org\r\n"},
          PIPELINING,
          {SAYS, "250 ok\r\n25", 1, WAIT},
          {SAYS, "2 ma", 1, WAIT},
          {SAYS, "ybe\r", 1, WAIT},
          {SAYS, "\n221", 1, WAIT},
          {SAYS, " bye\n", 1, DONE}},
         8,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 252, "maybe"}},
        {"HELO",
         {GREETING,
          {SAYS, "502 what?\r\n", 1, "HELO mx1.example.org\r\n"},
          {SAYS, "250-mx\r\n250 PIPELINING\r\n", 1, "MAIL FROM:<>\r\n"},
          SENDER_OK,
          {SAYS, "250 ok\r\n", 1, "QUIT\r\n"},
          BYE},
         4,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 250, "ok"}},
        {"full",
         {GREETING,
          PIPELINING,
          {SAYS, "250 ok\r\n452 4.2.2 full\r\n221 bye\r\n", 1, DONE}},
         2,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 452, "4.2.2 full"}},
    };
    for (size_t i = 0; i < LENGTH(scripts); i++)
        play(&scripts[i]);
}

static void test_refusals(void **state)
{
    static const struct script scripts[] = {
        {"no bounces",
         {GREETING, PLAIN, {SAYS, "550 no bounces\r\n", 1, "QUIT\r\n"}, BYE},
         2,
         {CALLOUT_REFUSES_BOUNCES, CALLOUT_AT_MAIL, NOTHING, 550,
          "no bounces"}},
        {"no bounces, together",
         {GREETING,
          PIPELINING,
          {SAYS, "550 no bounces\r\n", 1, WAIT},
          {SAYS, "503 MAIL first\r\n", 1, WAIT},
          BYE},
         2,
         {CALLOUT_REFUSES_BOUNCES, CALLOUT_AT_MAIL, NOTHING, 550,
          "no bounces"}},
        {"greylisted",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "450 4.7.1 in 5 min\r\n", 1, "QUIT\r\n"},
          BYE},
         3,
         {CALLOUT_GREYLISTED, CALLOUT_AT_RCPT, NOTHING, 450, "4.7.1 in 5 min"}},
        {"blocked",
         {{SAYS, "554 no service\r\n", 1, "QUIT\r\n"}, BYE},
         0,
         {CALLOUT_BLOCKED_US, CALLOUT_AT_GREETING, NOTHING, 554, "no service"}},
        {"blocked, by the name that our end of the connection has",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "550 192.0.2.1 is bad\r\n", 1, "QUIT\r\n"},
          BYE},
         3,
         {CALLOUT_BLOCKED_US, CALLOUT_AT_RCPT, NOTHING, 550,
          "192.0.2.1 is bad"}},
        {"busy",
         {{SAYS, "450 later\r\n", 1, "QUIT\r\n"}, BYE},
         0,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, NOTHING, 450, "later"}},
        {"going away",
         {GREETING, PLAIN, {SAYS, "421 bye\r\n", 1, DONE}},
         2,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_MAIL, NOTHING, 421, "bye"}},
        {"EHLO and HELO refused",
         {GREETING,
          {SAYS, "502 what?\r\n", 1, "HELO mx1.example.org\r\n"},
          {SAYS, "550 not you\r\n", 1, "QUIT\r\n"},
          BYE},
         2,
         {CALLOUT_BLOCKED_US, CALLOUT_AT_HELO, NOTHING, 550, "not you"}},
    };
    for (size_t i = 0; i < LENGTH(scripts); i++)
        play(&scripts[i]);
}

/* Silence, and connections that end early. */
static void test_ends(void **state)
{
    static const struct script scripts[] = {
        {"silent",
         {{TIMES_OUT, NULL, 0, DONE}},
         0,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_TIMEOUT, 0,
          ""}},
        {"closes at once",
         {{CLOSES, NULL, 1, DONE}},
         0,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_CLOSED, 0,
          ""}},
        {"greets and closes",
         {GREETING, {CLOSES, NULL, 1, DONE}},
         1,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_HELO, CALLOUT_TROUBLE_CLOSED, 0, ""}},
        {"closes within the reply",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "550 5.1.1 n", 1, WAIT},
          {CLOSES, NULL, 1, DONE}},
         4,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_CLOSED, 0, ""}},
        {"silent after MAIL",
         {GREETING, PLAIN, {TIMES_OUT, NULL, 0, DONE}},
         2,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_TIMEOUT, 0,
          ""}},
        {"silent after RCPT, together",
         {GREETING,
          PIPELINING,
          {SAYS, "250 ok\r\n", 1, WAIT},
          {TIMES_OUT, NULL, 0, DONE}},
         3,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_TIMEOUT, 0,
          ""}},
    };
    for (size_t i = 0; i < LENGTH(scripts); i++)
        play(&scripts[i]);
}

/* An answer that was given stays, and so does a refusal of EHLO. */
static void test_answer_stays(void **state)
{
    static const struct script scripts[] = {
        {"answers and closes",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "550 5.1.1 no\r\n", 1, "QUIT\r\n"},
          {CLOSES, NULL, 1, DONE}},
         3,
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, NOTHING, 550, "5.1.1 no"}},
        {"answers and closes, together",
         {GREETING,
          PIPELINING,
          {SAYS, "250 ok\r\n250 ok\r\n", 1, WAIT},
          {CLOSES, NULL, 1, DONE}},
         2,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 250, "ok"}},
        {"answers and babbles",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "250 ok\r\n", 1, "QUIT\r\n"},
          {SAYS, "garbage\r\n", 1, DONE}},
         3,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 250, "ok"}},
        {"answers and goes away in one",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "550 no\r\n421 bye\r\n", 1, "QUIT\r\n"},
          {CLOSES, NULL, 1, DONE}},
         3,
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, NOTHING, 550, "no"}},
        {"never answers QUIT",
         {GREETING,
          PLAIN,
          SENDER_OK,
          {SAYS, "250 ok\r\n", 1, "QUIT\r\n"},
          {TIMES_OUT, NULL, 0, DONE}},
         3,
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, NOTHING, 250, "ok"}},
        {"refuses EHLO and closes",
         {GREETING,
          {SAYS, "554 not you\r\n", 1, "HELO mx1.example.org\r\n"},
          {CLOSES, NULL, 1, DONE}},
         2,
         {CALLOUT_BLOCKED_US, CALLOUT_AT_HELO, NOTHING, 554, "not you"}},
        {"refuses EHLO, takes HELO and closes",
         {GREETING,
          {SAYS, "554 not you\r\n", 1, "HELO mx1.example.org\r\n"},
          {SAYS, "250 hi\r\n", 1, "MAIL FROM:<>\r\n"},
          {CLOSES, NULL, 1, DONE}},
         3,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_CLOSED, 0, ""}},
    };
    for (size_t i = 0; i < LENGTH(scripts); i++)
        play(&scripts[i]);
}

/* What is no SMTP, and replies before their command: no answer may shift to the
 * next command. */
static void test_no_smtp(void **state)
{
    static const struct script scripts[] = {
        {"another protocol",
         {{SAYS, "SSH-2.0-OpenSSH\r\n", 1, DONE}},
         0,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_PROTOCOL, 0,
          "SSH-2.0-OpenSSH"}},
        {"two codes",
         {GREETING, PLAIN, SENDER_OK, {SAYS, "250-ok\r\n550 no\r\n", 1, DONE}},
         3,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_PROTOCOL, 0,
          "ok 550 no"}},
        {"354 to RCPT",
         {GREETING, PLAIN, SENDER_OK, {SAYS, "354 go\r\n", 1, "QUIT\r\n"}, BYE},
         3,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_PROTOCOL, 354,
          "go"}},
        {"all answers with the greeting",
         {{SAYS, "220 hi\r\n250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n", 1,
           DONE}},
         0,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_HELO, CALLOUT_TROUBLE_PROTOCOL, 0,
          "hi"}},
        {"two answers to MAIL",
         {GREETING, PLAIN, {SAYS, "250 ok\r\n250 ok\r\n", 1, DONE}},
         2,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_PROTOCOL, 0,
          "ok"}},
        {"more than asked for, together",
         {GREETING,
          {SAYS, "250-mx\r\n250 PIPELINING\r\n250 ok\r\n550 no\r\n", 1, DONE}},
         1,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_PROTOCOL, 0,
          "mx PIPELINING"}},
        {"a piece of more",
         {{SAYS, "220 hi\r\n2", 1, DONE}},
         0,
         {CALLOUT_UNREACHABLE, CALLOUT_AT_HELO, CALLOUT_TROUBLE_PROTOCOL, 0,
          "hi"}},
    };
    for (size_t i = 0; i < LENGTH(scripts); i++)
        play(&scripts[i]);
}

static void say(struct dialogue *dialogue, const char *words, uint32_t ms)
{
    struct dialogue_event event = {.kind = DIALOGUE_OCTETS,
                                   .at = instant_after_ms(0, ms),
                                   .octets = span_of(words)};
    struct span send;
    (void)dialogue_step(dialogue, &event, &send);
}

static void expect_deadline(const struct dialogue *dialogue, uint32_t ms)
{
    assert_true(dialogue_deadline(dialogue) == instant_after_ms(0, ms));
}

/* A whole reply moves the deadline, an octet of one does not; nothing moves it
 * beyond that of the whole; and QUIT has a second. */
static void test_deadlines(void **state)
{
    struct dialogue *dialogue = connected("user@example.com");
    expect_deadline(dialogue, REPLY_MS);
    say(dialogue, "220", 10000);
    expect_deadline(dialogue, REPLY_MS);
    say(dialogue, " mx\r\n", 20000);
    expect_deadline(dialogue, 20000 + REPLY_MS);
    say(dialogue, "250-mx\r\n250 PIPELINING\r\n", 40000);
    expect_deadline(dialogue, TOTAL_MS);
    say(dialogue, "250 ok\r\n", 50000);
    expect_deadline(dialogue, TOTAL_MS);
    say(dialogue, "250 ok\r\n", 55000);
    assert_non_null(dialogue_answer(dialogue));
    expect_deadline(dialogue, 55000 + DIALOGUE_QUIT_MS);
    dialogue_free(&dialogue);

    /* One second for all that is left to come. */
    dialogue = connected("user@example.com");
    say(dialogue, "220 mx\r\n", 0);
    say(dialogue, "250-mx\r\n250 PIPELINING\r\n", 0);
    say(dialogue, "550 no bounces\r\n", 100);
    expect_deadline(dialogue, 100 + DIALOGUE_QUIT_MS);
    say(dialogue, "503 MAIL first\r\n", 900);
    expect_deadline(dialogue, 100 + DIALOGUE_QUIT_MS);
    dialogue_free(&dialogue);
}

/* What can be asked goes on the wire as it is; what cannot begins nothing. */
static void test_paths(void **state)
{
    static const struct {
        const char *address, *rcpt;
    } rows[] = {
        {"<User@EXAMPLE.com>", "RCPT TO:<User@example.com>\r\n"},
        {"<postmaster>", "RCPT TO:<postmaster>\r\n"},
        {"\"a b\"@example.com", "RCPT TO:<\"a b\"@example.com>\r\n"},
        {"\"a>b\"@example.com", "RCPT TO:<\"a>b\"@example.com>\r\n"},
        {"<@a.example:u@example.com>", "RCPT TO:<u@example.com>\r\n"},
        {"u%x@example.com", "RCPT TO:<u%x@example.com>\r\n"},
        {"u%s%n@example.com", "RCPT TO:<u%s%n@example.com>\r\n"},
        {"u@[192.0.2.7]", "RCPT TO:<u@[192.0.2.7]>\r\n"},
        {"u@b\xc3\xbc"
         "cher.example",
         "RCPT TO:<u@xn--bcher-kva.example>\r\n"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        print_message("%s\n", rows[i].address);
        struct dialogue *dialogue = connected(rows[i].address);
        const struct step steps[] = {
            GREETING, PLAIN, {SAYS, "250 ok\r\n", 0, rows[i].rcpt}};
        for (size_t j = 0; j < LENGTH(steps); j++)
            play_step(dialogue, &steps[j], 0, rows[i].address);
        dialogue_free(&dialogue);
    }
    assert_null(begin("u@example.com", "mx1\r\nRSET"));
}

/* An address beyond ASCII goes to a server that offers SMTPUTF8 alone. */
static void test_utf8(void **state)
{
    static const struct step offered[] = {
        GREETING,
        {SAYS, "250-mx\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n", 0,
         "MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<\xc3\xbc@example.com>\r\n"
         "QUIT\r\n"},
        {SAYS, "250 ok\r\n250 ok\r\n", 0, WAIT}};
    static const struct step missing[][3] = {
        {GREETING, {SAYS, "250-mx\r\n250 PIPELINING\r\n", 0, "QUIT\r\n"}, BYE},
        {GREETING,
         {SAYS, "502 what?\r\n", 0, "HELO mx1.example.org\r\n"},
         {SAYS, "250 SMTPUTF8\r\n", 0, "QUIT\r\n"}}};
    struct dialogue *dialogue = connected("\xc3\xbc@example.com");
    for (size_t i = 0; i < LENGTH(offered); i++)
        play_step(dialogue, &offered[i], 0, "offered");
    assert_int_equal(dialogue_answer(dialogue)->outcome, CALLOUT_ACCEPTED);
    dialogue_free(&dialogue);
    for (size_t i = 0; i < LENGTH(missing); i++) {
        dialogue = connected("\xc3\xbc@example.com");
        for (size_t j = 0; j < LENGTH(missing[i]); j++)
            play_step(dialogue, &missing[i][j], 0, "missing");
        const struct callout_answer *answer = dialogue_answer(dialogue);
        assert_int_equal(answer->outcome, CALLOUT_NO_SMTPUTF8);
        assert_int_equal(answer->stage, CALLOUT_AT_HELO);
        assert_int_equal(answer->code, 0);
        assert_string_equal(answer->words, "");
        dialogue_free(&dialogue);
    }
}

/* Our name must be the first word, and stand where a server gives its own. */
static void test_ourselves(void **state)
{
    static const struct {
        const char *says[3];
        bool ourselves;
    } rows[] = {
        {{"220 MX1.Example.ORG ESMTP\r\n"}, true},
        {{"220-mx1.example.org\r\n220 a\r\n"}, true},
        {{"220 mx\r\n", "250-mx1.example.org mx\r\n250 PIPELINING\r\n"}, true},
        {{"220 mx\r\n", "500 what?\r\n", "250 mx1.example.org\r\n"}, true},
        {{"220 mx1.example.org.test mx1.example.org\r\n",
          "250 hello mx1.example.org\r\n", "250 mx1.example.org\r\n"},
         false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct dialogue *dialogue = connected("user@example.com");
        for (size_t j = 0; j < 3 && rows[i].says[j] != NULL; j++)
            say(dialogue, rows[i].says[j], 0);
        const struct callout_answer *answer = dialogue_answer(dialogue);
        bool found =
            answer != NULL && answer->trouble == CALLOUT_TROUBLE_OURSELVES;
        assert_int_equal(found, rows[i].ourselves);
        dialogue_free(&dialogue);
    }
}

/* Only who puts us off says when to come back. */
static void test_retry_after(void **state)
{
    static const struct {
        const char *to_rcpt;
        uint16_t seconds;
    } rows[] = {
        {"450 4.7.1 greylisted for 5 minutes\r\n", 300},
        {"450 4.7.1 greylisted\r\n", 0},
        {"250 ok in 5 minutes\r\n", 0},
        {"421 busy for 5 minutes\r\n", 0},
        {"550 gone for 5 minutes\r\n", 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct dialogue *dialogue = connected("user@example.com");
        say(dialogue, "220 mx\r\n", 0);
        say(dialogue, "250 mx\r\n", 0);
        say(dialogue, "250 ok\r\n", 0);
        say(dialogue, rows[i].to_rcpt, 0);
        assert_int_equal(dialogue_answer(dialogue)->retry_after_s,
                         rows[i].seconds);
        dialogue_free(&dialogue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_answer_stays), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_no_smtp),      cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_paths),        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_retry_after),  cmocka_unit_test(test_ourselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
