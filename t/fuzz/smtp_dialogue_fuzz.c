/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_dialogue_fuzz.c - whatever a server says and whenever, we send whole and
 * proper commands in their order, and the first answer stays. An octet 0x01 in
 * the input ends what comes in one read, 0x02 is a time-out. */
#include "fuzz.h"
#include "smtp/dialogue.h"

#include <string.h>

#define CUT     '\x01'
#define SILENCE '\x02'

/** The commands there are, each sent once at most, in this order. */
static const char *const commands[] = {
    "EHLO mx1.example.org\r\n",
    "HELO mx1.example.org\r\n",
    "STARTTLS\r\n",
    "EHLO mx1.example.org\r\n",
    "MAIL FROM:<>\r\n",
    "RCPT TO:<user@example.com>\r\n",
    "QUIT\r\n",
};
#define COMMANDS (sizeof(commands) / sizeof(commands)[0])

/* Every octet sent is of a command behind the one before it.
 * @return the number of the command that may come next */
static size_t check_sent(struct span sent, size_t next)
{
    while (sent.length > 0) {
        size_t length = 0;
        for (; next < COMMANDS; next++) {
            length = strlen(commands[next]);
            if (length <= sent.length &&
                memcmp(sent.at, commands[next], length) == 0)
                break;
        }
        REQUIRE(next < COMMANDS);
        next++;
        sent.at += length;
        sent.length -= length;
    }
    return next;
}

static void check_answer(const struct callout_answer *answer)
{
    REQUIRE(answer->outcome != CALLOUT_INTERNAL);
    REQUIRE(answer->outcome != CALLOUT_NO_SUCH_MAILBOX ||
            (answer->stage == CALLOUT_AT_RCPT && answer->code >= 500));
    REQUIRE(answer->tls != CALLOUT_TLS_FAILED);
    REQUIRE(answer->outcome == CALLOUT_UNREACHABLE ||
            answer->trouble == CALLOUT_TROUBLE_NONE);
    REQUIRE(answer->code == 0 || (answer->code >= 200 && answer->code <= 599));
    for (const char *at = answer->words; *at != '\0'; at++)
        REQUIRE(*at >= ' ' && *at <= '~');
}

/* The next event, from the front of the input; at its end the server closes. */
static struct dialogue_event take_event(struct span *input, instant at)
{
    struct dialogue_event event = {.kind = DIALOGUE_CLOSED, .at = at};
    if (input->length == 0)
        return event;
    size_t length = 0;
    while (length < input->length && input->at[length] != CUT &&
           input->at[length] != SILENCE)
        length++;
    event.kind = length > 0 ? DIALOGUE_OCTETS : DIALOGUE_TIMEOUT;
    event.octets = (struct span){input->at, length};
    if (length == 0 || (length < input->length && input->at[length] == CUT))
        length++;
    input->at += length;
    input->length -= length;
    return event;
}

/* An octet says whether the handshake is well. */
static struct dialogue_event take_handshake(struct span *input, instant at)
{
    struct dialogue_event event = {.kind = DIALOGUE_INSECURE, .at = at};
    if (input->length == 0)
        return event;
    if (*input->at == CUT)
        event.kind = DIALOGUE_SECURED;
    input->at++;
    input->length--;
    return event;
}

/* The first answer stays. */
static void check_same(const struct callout_answer *answer,
                       const struct callout_answer *first)
{
    REQUIRE(answer->outcome == first->outcome);
    REQUIRE(answer->stage == first->stage);
    REQUIRE(answer->trouble == first->trouble);
    REQUIRE(answer->code == first->code);
    REQUIRE(answer->learnt == first->learnt);
    REQUIRE(strcmp(answer->words, first->words) == 0);
}

static void hold(struct dialogue *dialogue, struct span input)
{
    struct dialogue_event event = {.kind = DIALOGUE_CONNECTED};
    struct callout_answer first = {0};
    struct span send;
    size_t next_command = 0;
    bool answered = false;
    enum dialogue_next next = dialogue_step(dialogue, &event, &send);
    for (instant at = 1; next != DIALOGUE_DONE; at++) {
        REQUIRE(dialogue_deadline(dialogue) > at);
        event = next == DIALOGUE_SECURE ? take_handshake(&input, at)
                                        : take_event(&input, at);
        next = dialogue_step(dialogue, &event, &send);
        REQUIRE((next == DIALOGUE_SEND) == (send.length > 0));
        next_command = check_sent(send, next_command);
        const struct callout_answer *answer = dialogue_answer(dialogue);
        if (answered)
            check_same(answer, &first);
        if (answer == NULL || answered)
            continue;
        answered = true;
        first = *answer;
        check_answer(answer);
    }
    REQUIRE(answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const struct dialogue_options options = {.name = "mx1.example.org",
                                             .reply_ms = 30000,
                                             .deadline =
                                                 instant_after_ms(0, 60000),
                                             .tls = CALLOUT_TLS_OPPORTUNISTIC};
    struct mailpath path;
    mailpath_parse(&path, span_of("user@example.com"));
    struct dialogue *dialogue = dialogue_new(&path, &options);
    REQUIRE(dialogue != NULL);
    hold(dialogue, (struct span){(const char *)octets, length});
    dialogue_free(&dialogue);
    return 0;
}
