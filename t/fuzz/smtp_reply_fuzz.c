/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_reply_fuzz.c - whatever a server says, its replies keep what their
 * header promises, read the same however they are cut, and mean something */
#include "fuzz.h"
#include "smtp/delay.h"
#include "smtp/meaning.h"
#include "smtp/reply.h"

#include <string.h>

static void check_words(const struct smtp_reply *reply)
{
    char words[CALLOUT_WORDS_SIZE];
    smtp_reply_words(reply, words);
    REQUIRE(strlen(words) < CALLOUT_WORDS_SIZE);
    for (const char *at = words; *at != '\0'; at++)
        REQUIRE(*at >= ' ' && *at <= '~');
}

/* What one exchanger says goes before what another says: a word about the
 * address before one about now, and that before one about us. */
static void check_weight(enum callout_outcome outcome)
{
    unsigned weight = smtp_outcome_weight(outcome);
    bool is_of_us = outcome == CALLOUT_BLOCKED_US ||
                    outcome == CALLOUT_NEEDS_TLS ||
                    outcome == CALLOUT_NO_SMTPUTF8;
    REQUIRE(weight > 0);
    REQUIRE(weight <= smtp_outcome_weight(CALLOUT_ACCEPTED));
    REQUIRE(smtp_outcome_is_final(outcome) ==
            (weight == smtp_outcome_weight(CALLOUT_ACCEPTED)));
    if (is_of_us)
        REQUIRE(weight < smtp_outcome_weight(CALLOUT_GREYLISTED));
    if (outcome != CALLOUT_UNREACHABLE)
        REQUIRE(weight > smtp_outcome_weight(CALLOUT_CAPACITY));
    REQUIRE(weight > smtp_outcome_weight(CALLOUT_GIVEN_UP));
}

static void check_meaning(const struct smtp_reply *reply)
{
    struct mailpath path;
    mailpath_parse(&path, span_of("user@example.com"));
    const struct smtp_question question = {&path, "mx1.example.org", {{0}}};
    for (int stage = CALLOUT_AT_GREETING; stage <= CALLOUT_AT_RCPT; stage++) {
        struct smtp_meaning meaning =
            smtp_meaning((enum callout_stage)stage, reply, &question);
        REQUIRE(!meaning.proceed || reply->code / 100 == 2);
        REQUIRE(meaning.proceed || meaning.outcome != CALLOUT_INTERNAL);
        REQUIRE(meaning.outcome != CALLOUT_NO_SUCH_MAILBOX ||
                reply->code / 100 == 5);
        if (!meaning.proceed)
            check_weight(meaning.outcome);
    }
}

static void check_reply(const struct smtp_reply *reply)
{
    REQUIRE(reply->code >= 200 && reply->code <= 599);
    REQUIRE(reply->status.class == 0 ||
            reply->status.class == reply->code / 100);
    REQUIRE(reply->status.subject <= 999 && reply->status.detail <= 999);
    REQUIRE(reply->length <= SMTP_REPLY_TEXT_KEPT);
    REQUIRE(memchr(reply->text, '\0', reply->length) == NULL);
    REQUIRE(memchr(reply->text, '\r', reply->length) == NULL);
    REQUIRE(smtp_delay(reply) <= SMTP_DELAY_MOST_S);
    check_words(reply);
    check_meaning(reply);
}

static void require_same(const struct smtp_reply *a, const struct smtp_reply *b)
{
    REQUIRE(a->code == b->code);
    REQUIRE(memcmp(&a->status, &b->status, sizeof(a->status)) == 0);
    REQUIRE(a->length == b->length);
    REQUIRE(memcmp(a->text, b->text, a->length) == 0);
}

/* Read one reply octet by octet, from the front of `octets`. */
static enum smtp_reply_next take_slowly(struct smtp_reply_reader *reader,
                                        struct span *octets)
{
    enum smtp_reply_next next = SMTP_REPLY_MORE;
    while (next == SMTP_REPLY_MORE && octets->length > 0) {
        struct span one = {octets->at, 1};
        next = smtp_reply_take(reader, &one);
        REQUIRE(one.length == 0);
        octets->at++;
        octets->length--;
    }
    return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct smtp_reply_reader reader, slow_reader;
    struct span rest = {(const char *)octets, length}, slow_rest = rest;
    enum smtp_reply_next next = SMTP_REPLY_WHOLE;
    smtp_reply_begin(&reader);
    smtp_reply_begin(&slow_reader);
    while (next == SMTP_REPLY_WHOLE && rest.length > 0) {
        next = smtp_reply_take(&reader, &rest);
        REQUIRE(next == take_slowly(&slow_reader, &slow_rest));
        REQUIRE(rest.length == slow_rest.length);
        if (next == SMTP_REPLY_WHOLE) {
            check_reply(&reader.reply);
            require_same(&reader.reply, &slow_reader.reply);
        }
        if (next == SMTP_REPLY_FAULT)
            check_words(&reader.reply);
    }
    REQUIRE(next != SMTP_REPLY_MORE || rest.length == 0);
    return 0;
}
