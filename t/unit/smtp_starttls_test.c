/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_starttls_test.c - the dialogue with STARTTLS (RFC 3207), the handshake
 * being what the test says it is */
#include "smtp/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#define REPLY_MS 30000
#define HELLO    "220 mx\r\n"
#define OFFERS   "250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
#define PLAIN    "250-mx\r\n250 PIPELINING\r\n"
#define GREET    "EHLO mx1.example.org\r\n"
#define ASK      "MAIL FROM:<>\r\nRCPT TO:<user@example.com>\r\nQUIT\r\n"
#define SECURE   "(secure)"
#define WAIT     "(wait)"
#define DONE     "(done)"

/** What happens, and what the dialogue makes of it: octets that it sends, or
 * one of the words above. */
struct step {
    enum dialogue_event_kind kind;
    const char *words;
    const char *expect;
};

#define SAYS(words, expect)      \
 {                               \
  DIALOGUE_OCTETS, words, expect \
 }
#define HAPPENS(kind, expect)   \
 {                              \
  DIALOGUE_##kind, NULL, expect \
 }

static const struct row {
    const char *name;
    enum callout_tls_use use;
    bool failed;
    struct step steps[8];
    enum callout_outcome outcome;
    enum callout_trouble trouble;
    enum callout_tls tls;
} rows[] = {
    {"offered, and used",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n", SECURE), HAPPENS(SECURED, GREET), SAYS(PLAIN, ASK),
      SAYS("250 ok\r\n250 ok\r\n221 bye\r\n", DONE)},
     CALLOUT_ACCEPTED,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_USED},
    {"what is offered after it counts, and not what was before",
     CALLOUT_TLS_REQUIRED,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n", SECURE), HAPPENS(SECURED, GREET),
      SAYS("250 mx\r\n", "MAIL FROM:<>\r\n"),
      SAYS("250 ok\r\n", "RCPT TO:<user@example.com>\r\n"),
      SAYS("550 5.1.1 no\r\n", "QUIT\r\n")},
     CALLOUT_NO_SUCH_MAILBOX,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_USED},
    {"off",
     CALLOUT_TLS_OFF,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, ASK),
      SAYS("250 ok\r\n250 ok\r\n221 bye\r\n", DONE)},
     CALLOUT_ACCEPTED,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_NOT_USED},
    {"failed before",
     CALLOUT_TLS_OPPORTUNISTIC,
     true,
     {SAYS(HELLO, GREET), SAYS(OFFERS, ASK),
      SAYS("250 ok\r\n250 ok\r\n221 bye\r\n", DONE)},
     CALLOUT_ACCEPTED,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_FAILED},
    {"T3: not now",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("454 4.7.0 not now\r\n", ASK),
      SAYS("250 ok\r\n250 ok\r\n221 bye\r\n", DONE)},
     CALLOUT_ACCEPTED,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_NOT_USED},
    {"S6: goes away",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("421 4.3.2 too busy\r\n", DONE)},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_NOT_USED},
    {"T3: not now, and required",
     CALLOUT_TLS_REQUIRED,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("501 what?\r\n", "QUIT\r\n")},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"required, and not offered",
     CALLOUT_TLS_REQUIRED,
     false,
     {SAYS(HELLO, GREET), SAYS(PLAIN, "QUIT\r\n")},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"required, and HELO alone",
     CALLOUT_TLS_REQUIRED,
     false,
     {SAYS(HELLO, GREET), SAYS("502 what?\r\n", "HELO mx1.example.org\r\n"),
      SAYS("250 STARTTLS\r\n", "QUIT\r\n")},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"the handshake fails",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n", SECURE), HAPPENS(INSECURE, DONE)},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"the handshake hangs",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n", SECURE), HAPPENS(TIMEOUT, DONE)},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"the server leaves in the handshake",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n", SECURE), HAPPENS(CLOSED, DONE)},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"S15: more than the reply to STARTTLS",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n250-mx\r\n250 PIPELINING\r\n", DONE)},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_TLS,
     CALLOUT_TLS_NOT_USED},
    {"the server leaves after it",
     CALLOUT_TLS_OPPORTUNISTIC,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, "STARTTLS\r\n"),
      SAYS("220 go\r\n", SECURE), HAPPENS(SECURED, GREET),
      HAPPENS(CLOSED, DONE)},
     CALLOUT_UNREACHABLE,
     CALLOUT_TROUBLE_CLOSED,
     CALLOUT_TLS_USED},
    {"TLS is demanded, and off",
     CALLOUT_TLS_OFF,
     false,
     {SAYS(HELLO, GREET), SAYS(OFFERS, ASK),
      SAYS("530 5.7.0 Must issue a STARTTLS command first\r\n", WAIT)},
     CALLOUT_NEEDS_TLS,
     CALLOUT_TROUBLE_NONE,
     CALLOUT_TLS_NOT_USED},
};

static const char *name_of(enum dialogue_next next)
{
    switch (next) {
    case DIALOGUE_WAIT:
        return WAIT;
    case DIALOGUE_SECURE:
        return SECURE;
    case DIALOGUE_DONE:
        return DONE;
    case DIALOGUE_SEND:
        break;
    }
    return "";
}

static void play_step(struct dialogue *dialogue, const char *row,
                      const struct step *step)
{
    struct dialogue_event event = {.kind = step->kind};
    struct span send;
    if (step->words != NULL)
        event.octets = span_of(step->words);
    enum dialogue_next next = dialogue_step(dialogue, &event, &send);
    struct span got = next == DIALOGUE_SEND ? send : span_of(name_of(next));
    if (got.length != strlen(step->expect) ||
        memcmp(got.at, step->expect, got.length) != 0)
        fail_msg("%s: \"%s\" brought %.*s", row,
                 step->words != NULL ? step->words : "", (int)got.length,
                 got.at);
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        const struct dialogue_options options = {
            .name = "mx1.example.org",
            .reply_ms = REPLY_MS,
            .deadline = instant_after_ms(0, 2 * REPLY_MS),
            .tls = row->use,
            .start =
                row->failed ? CALLOUT_START_CLEAR : CALLOUT_START_AS_OFFERED};
        const struct step connected = HAPPENS(CONNECTED, WAIT);
        struct mailpath path;
        mailpath_parse(&path, span_of("user@example.com"));
        struct dialogue *dialogue = dialogue_new(&path, &options);
        assert_non_null(dialogue);
        play_step(dialogue, row->name, &connected);
        for (size_t j = 0; j < 8 && row->steps[j].expect != NULL; j++)
            play_step(dialogue, row->name, &row->steps[j]);
        const struct callout_answer *answer = dialogue_answer(dialogue);
        assert_non_null(answer);
        if (answer->outcome != row->outcome ||
            answer->trouble != row->trouble || answer->tls != row->tls)
            fail_msg("%s: outcome %d, trouble %d, tls %d", row->name,
                     answer->outcome, answer->trouble, answer->tls);
        dialogue_free(&dialogue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
