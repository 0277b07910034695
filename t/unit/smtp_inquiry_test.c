/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_inquiry_test.c - dialogues that ask more than one question: what is
 * said, line for line, and what comes of it */
#include "smtp/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#define WAIT "(wait)"
#define DONE "(done)"

#define PIPELINING "250-mx\r\n250 PIPELINING\r\n"
#define PLAIN      "250 mx\r\n"

#define MAIL    "MAIL FROM:<>\r\n"
#define FROM_US "MAIL FROM:<postmaster@example.org>\r\n"
#define USER    "RCPT TO:<user@example.com>\r\n"
#define NOBODY  "RCPT TO:<nobody-1@example.com>\r\n"
#define MASTER  "RCPT TO:<postmaster@example.com>\r\n"
#define RSET    "RSET\r\n"
#define QUIT    "QUIT\r\n"
#define YES     "250 yes\r\n"
#define NO      "550 5.1.1 no\r\n"
#define LATER   "450 4.7.1 later\r\n"
#define NO_NULL "550 5.7.1 the null sender is not accepted\r\n"
#define NO_MAIL "503 5.5.1 MAIL first\r\n"
#define BLOCKED "554 5.7.1 your host is blocked\r\n"

/** What the server says, and what is said then. */
struct step {
    const char *says, *expect;
};

static const struct row {
    const char *name;
    struct inquiry_wishes wishes;
    const char *ehlo;
    struct step steps[8]; /* the first expects what EHLO brings */
    enum callout_outcome outcome;
    enum callout_stage stage;
    int code;
    unsigned found;
} rows[] = {
    {"nothing else is wanted: QUIT travels along",
     {0},
     PIPELINING,
     {{NULL, MAIL USER QUIT}, {YES YES, WAIT}, {"221 bye\r\n", DONE}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     0},
    {"an impossible mailbox is refused",
     {.impossible = "nobody-1"},
     PIPELINING,
     {{NULL, MAIL NOBODY},
      {YES NO, RSET MAIL USER QUIT},
      {YES YES YES, WAIT},
      {"221 bye\r\n", DONE}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     CALLOUT_FOUND_NOT_ANYTHING},
    {"S12: it is accepted",
     {.impossible = "nobody-1"},
     PIPELINING,
     {{NULL, MAIL NOBODY}, {YES YES, QUIT}, {"221 bye\r\n", DONE}},
     CALLOUT_ACCEPTS_ANYTHING,
     CALLOUT_AT_RCPT,
     250,
     0},
    {"it is put off, and so is the sender",
     {.impossible = "nobody-1"},
     PIPELINING,
     {{NULL, MAIL NOBODY},
      {YES LATER, RSET MAIL USER QUIT},
      {YES YES LATER, WAIT}},
     CALLOUT_GREYLISTED,
     CALLOUT_AT_RCPT,
     450,
     0},
    {"we are refused: nothing is asked behind it",
     {.impossible = "nobody-1", .postmaster = true},
     PIPELINING,
     {{NULL, MAIL NOBODY}, {YES BLOCKED, QUIT}},
     CALLOUT_BLOCKED_US,
     CALLOUT_AT_RCPT,
     554,
     0},
    {"one command at a time",
     {.impossible = "nobody-1"},
     PLAIN,
     {{NULL, MAIL},
      {YES, NOBODY},
      {NO, RSET},
      {YES, MAIL},
      {YES, USER},
      {NO, QUIT},
      {"221 bye\r\n", DONE}},
     CALLOUT_NO_SUCH_MAILBOX,
     CALLOUT_AT_RCPT,
     550,
     CALLOUT_FOUND_NOT_ANYTHING},
    {"the postmaster is there",
     {.postmaster = true},
     PIPELINING,
     {{NULL, MAIL MASTER}, {YES YES, RSET MAIL USER QUIT}, {YES YES NO, WAIT}},
     CALLOUT_NO_SUCH_MAILBOX,
     CALLOUT_AT_RCPT,
     550,
     CALLOUT_FOUND_POSTMASTER},
    {"there is none",
     {.postmaster = true},
     PIPELINING,
     {{NULL, MAIL MASTER}, {YES NO, QUIT}},
     CALLOUT_NO_POSTMASTER,
     CALLOUT_AT_RCPT,
     550,
     0},
    {"both, in their order",
     {.impossible = "nobody-1", .postmaster = true},
     PIPELINING,
     {{NULL, MAIL NOBODY},
      {YES NO, RSET MAIL MASTER},
      {YES YES YES, RSET MAIL USER QUIT},
      {YES YES YES, WAIT}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     CALLOUT_FOUND_NOT_ANYTHING | CALLOUT_FOUND_POSTMASTER},
    {"a fallback is not needed: QUIT does not travel along",
     {.fallback = "postmaster@example.org"},
     PIPELINING,
     {{NULL, MAIL USER}, {YES YES, QUIT}, {"221 bye\r\n", DONE}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     0},
    {"the null sender is refused: asked in our own name",
     {.fallback = "postmaster@example.org"},
     PIPELINING,
     {{NULL, MAIL USER},
      {NO_NULL, WAIT},
      {NO_MAIL, RSET FROM_US USER QUIT},
      {YES YES YES, WAIT}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     CALLOUT_FOUND_NO_BOUNCES},
    {"at RCPT",
     {.fallback = "postmaster@example.org"},
     PIPELINING,
     {{NULL, MAIL USER},
      {YES NO_NULL, RSET FROM_US USER QUIT},
      {YES YES NO, WAIT}},
     CALLOUT_NO_SUCH_MAILBOX,
     CALLOUT_AT_RCPT,
     550,
     CALLOUT_FOUND_NO_BOUNCES},
    {"one command at a time, and our own name is refused as well",
     {.fallback = "postmaster@example.org"},
     PLAIN,
     {{NULL, MAIL}, {NO_NULL, RSET}, {YES, FROM_US}, {NO_NULL, QUIT}},
     CALLOUT_REFUSES_BOUNCES,
     CALLOUT_AT_MAIL,
     550,
     CALLOUT_FOUND_NO_BOUNCES},
    {"it is known that the null sender is refused",
     {.fallback = "postmaster@example.org", .no_bounces = true},
     PIPELINING,
     {{NULL, FROM_US USER QUIT}, {YES YES, WAIT}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     CALLOUT_FOUND_NO_BOUNCES},
    {"in the middle of the questions",
     {.impossible = "nobody-1", .fallback = "postmaster@example.org"},
     PIPELINING,
     {{NULL, MAIL NOBODY},
      {NO_NULL NO_MAIL, RSET FROM_US NOBODY},
      {YES YES NO, RSET FROM_US USER QUIT},
      {YES YES YES, WAIT}},
     CALLOUT_ACCEPTED,
     CALLOUT_AT_RCPT,
     250,
     CALLOUT_FOUND_NO_BOUNCES | CALLOUT_FOUND_NOT_ANYTHING},
    {"known to be refused, without a name to fall back on",
     {.no_bounces = true},
     PIPELINING,
     {{NULL, MAIL USER QUIT}, {NO_NULL, WAIT}},
     CALLOUT_REFUSES_BOUNCES,
     CALLOUT_AT_MAIL,
     550,
     0},
    {"RSET is refused",
     {.impossible = "nobody-1"},
     PIPELINING,
     {{NULL, MAIL NOBODY},
      {YES NO, RSET MAIL USER QUIT},
      {"500 what?\r\n", WAIT}},
     CALLOUT_UNREACHABLE,
     CALLOUT_AT_MAIL,
     500,
     CALLOUT_FOUND_NOT_ANYTHING},
    {"the server leaves at RSET",
     {.impossible = "nobody-1"},
     PIPELINING,
     {{NULL, MAIL NOBODY},
      {YES NO, RSET MAIL USER QUIT},
      {"421 bye\r\n", DONE}},
     CALLOUT_UNREACHABLE,
     CALLOUT_AT_MAIL,
     421,
     CALLOUT_FOUND_NOT_ANYTHING},
    {"a reply too many does not shift to the next question",
     {.impossible = "nobody-1"},
     PIPELINING,
     {{NULL, MAIL NOBODY}, {YES NO YES, DONE}},
     CALLOUT_UNREACHABLE,
     CALLOUT_AT_MAIL,
     0,
     CALLOUT_FOUND_NOT_ANYTHING},
};

static void say(struct dialogue *dialogue, const char *words,
                const char *expect, const char *name)
{
    const struct dialogue_event event = {.kind = DIALOGUE_OCTETS,
                                         .octets = span_of(words)};
    struct span send;
    enum dialogue_next next = dialogue_step(dialogue, &event, &send);
    if (next == DIALOGUE_WAIT || next == DIALOGUE_DONE) {
        const char *brought = next == DIALOGUE_WAIT ? WAIT : DONE;
        if (strcmp(expect, brought) != 0)
            fail_msg("%s: \"%s\" brought %s, not %s", name, words, brought,
                     expect);
        return;
    }
    if (send.length != strlen(expect) ||
        memcmp(send.at, expect, send.length) != 0)
        fail_msg("%s: \"%s\" brought %.*s, not %s", name, words,
                 (int)send.length, send.at, expect);
}

static struct dialogue *connected(const char *address,
                                  const struct inquiry_wishes *wishes)
{
    const struct dialogue_options options = {.name = "mx1.example.org",
                                             .reply_ms = 30000,
                                             .deadline = INSTANT_NEVER,
                                             .wishes = *wishes};
    const struct dialogue_event event = {.kind = DIALOGUE_CONNECTED};
    struct mailpath path;
    struct span send;
    mailpath_parse(&path, span_of(address));
    struct dialogue *dialogue = dialogue_new(&path, &options);
    assert_non_null(dialogue);
    (void)dialogue_step(dialogue, &event, &send);
    say(dialogue, "220 mx\r\n", "EHLO mx1.example.org\r\n", address);
    return dialogue;
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        struct dialogue *dialogue = connected("user@example.com", &row->wishes);
        say(dialogue, row->ehlo, row->steps[0].expect, row->name);
        for (size_t j = 1; row->steps[j].says != NULL; j++)
            say(dialogue, row->steps[j].says, row->steps[j].expect, row->name);
        const struct callout_answer *answer = dialogue_answer(dialogue);
        assert_non_null(answer);
        if (answer->outcome != row->outcome || answer->stage != row->stage ||
            answer->code != row->code || answer->found != row->found)
            fail_msg("%s: outcome %d, stage %d, code %d, found %u", row->name,
                     answer->outcome, answer->stage, answer->code,
                     answer->found);
        dialogue_free(&dialogue);
    }
}

/* A domain can leave no room for a longer local part than the path's own. */
static void test_no_room(void **state)
{
    static const char label[] = "abcdefghijabcdefghijabcdefghijabcdefghijabcdef"
                                "ghijabcdefghij";
    const struct inquiry_wishes wishes = {.impossible = "nobody-1",
                                          .postmaster = true};
    char address[MAILPATH_SIZE], expect[MAILPATH_SIZE + 64];
    (void)snprintf(address, sizeof(address), "a@%s.%s.%s.%s.example", label,
                   label, label, label);
    struct dialogue *dialogue = connected(address, &wishes);
    (void)snprintf(expect, sizeof(expect), MAIL "RCPT TO:<%s>\r\n" QUIT,
                   address);
    say(dialogue, PIPELINING, expect, "no room");
    dialogue_free(&dialogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
