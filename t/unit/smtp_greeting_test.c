/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_greeting_test.c - the dialogue that wants no more than the greeting */
#include "smtp/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Where nobody is asked about, the greeting is the answer. */
static void test_greeting_alone(void **state)
{
    static const struct {
        const char *says, *sends;
        enum dialogue_next next;
        enum callout_outcome outcome;
        enum callout_trouble trouble;
        uint16_t code;
    } rows[] = {
        {"220 mx ESMTP\r\n", "QUIT\r\n", DIALOGUE_SEND, CALLOUT_ACCEPTED,
         CALLOUT_TROUBLE_NONE, 220},
        {"220-mx\r\n220 EHLO\r\n", "QUIT\r\n", DIALOGUE_SEND, CALLOUT_ACCEPTED,
         CALLOUT_TROUBLE_NONE, 220},
        {"554 no service\r\n", "QUIT\r\n", DIALOGUE_SEND, CALLOUT_BLOCKED_US,
         CALLOUT_TROUBLE_NONE, 554},
        {"421 busy\r\n", "", DIALOGUE_DONE, CALLOUT_UNREACHABLE,
         CALLOUT_TROUBLE_NONE, 421},
        {"220 mx1.example.org\r\n", "QUIT\r\n", DIALOGUE_SEND,
         CALLOUT_UNREACHABLE, CALLOUT_TROUBLE_OURSELVES, 0},
        {"SSH-2.0\r\n", "", DIALOGUE_DONE, CALLOUT_UNREACHABLE,
         CALLOUT_TROUBLE_PROTOCOL, 0},
    };
    const struct dialogue_options options = {.name = "mx1.example.org",
                                             .reply_ms = 1000,
                                             .deadline =
                                                 instant_after_ms(0, 5000)};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dialogue *dialogue = dialogue_new(NULL, &options);
        struct dialogue_event event = {.kind = DIALOGUE_CONNECTED};
        struct span send;
        assert_non_null(dialogue);
        assert_int_equal(dialogue_step(dialogue, &event, &send), DIALOGUE_WAIT);
        event = (struct dialogue_event){.kind = DIALOGUE_OCTETS,
                                        .octets = span_of(rows[i].says)};
        assert_int_equal(dialogue_step(dialogue, &event, &send), rows[i].next);
        assert_int_equal(send.length, strlen(rows[i].sends));
        assert_memory_equal(send.at, rows[i].sends, send.length);
        const struct callout_answer *answer = dialogue_answer(dialogue);
        assert_non_null(answer);
        assert_int_equal(answer->outcome, rows[i].outcome);
        assert_int_equal(answer->trouble, rows[i].trouble);
        assert_int_equal(answer->code, rows[i].code);
        assert_int_equal(answer->stage, CALLOUT_AT_GREETING);
        dialogue_free(&dialogue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
