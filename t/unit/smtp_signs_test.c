/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_signs_test.c - the words that show each sign, and words much like them
 * that show none */
#include "smtp/signs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static unsigned signs_of(const char *words)
{
    static struct smtp_reply_reader reader;
    struct mailpath path;
    struct smtp_question question = {.path = &path, .name = "mx1.example.org"};
    char line[256];
    int length = snprintf(line, sizeof(line), "550 %s\r\n", words);
    struct span octets = {line, (size_t)length};
    mailpath_parse(&path, span_of("u@example.com"));
    assert_true(address_parse(&question.address, span_of("192.0.2.1")));
    smtp_reply_begin(&reader);
    assert_int_equal(smtp_reply_take(&reader, &octets), SMTP_REPLY_WHOLE);
    return smtp_signs(&reader.reply, &question);
}

/* Each of these words shows the sign, and no other one. */
static void expect(enum smtp_sign sign, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (signs_of(words[i]) != (sign | SMTP_SIGN_NO_STATUS))
            fail_msg("%x: %s", signs_of(words[i]), words[i]);
}

static void test_listed(void **state)
{
    static const char *const words[] = {
        "bl.0spam.example",
        "cbl.abuseat.org",
        "combined.mail.abusix.zone",
        "ips.backscatterer.org",
        "b.barracudacentral.org",
        "you are Black Listed",
        "black-listed",
        "our blackhole list",
        "blacklisted",
        "on our block list",
        "the block-list",
        "blocklisted",
        "csi.cloudmark.com",
        "on a denylist",
        "DNSBL:x",
        "truncate.gbudb.net",
        "hostkarma.example",
        "listed by invaluement",
        "ipcheck.example/1",
        "bl.mailspike.net",
        "ix.manitu.example",
        "nixspam",
        "dul.njabl.org",
        "on the PSBL",
        "an RBL has it",
        "www.senderbase.org",
        "bl.score.senderscore.com",
        "new.spam.sorbs.example",
        "bl.spamcannibal.org",
        "bl.spamcop.net",
        "zen.spamhaus.org",
        "all.spamrats.com",
        "multi.surbl.org",
        "x.surriel.com",
        "talosintelligence.com",
        "UCEPROTECT-Level1",
        "black.uribl.com",
    };
    expect(SMTP_SIGN_LISTED, words, LENGTH(words));
}

static void test_of_client(void **state)
{
    static const char *const words[] = {
        "bad IP",
        "banned",
        "blocked",
        "cannot find your hostname",
        "Client host rejected",
        "client IP refused",
        "no dial-up lines",
        "dialup",
        "Dynamic IP",
        "EHLO is not yours",
        "excessive load from you",
        "go away",
        "HELO is not yours",
        "IP address rejected",
        "name lookup failed",
        "open proxy",
        "open relays",
        "no PTR record",
        "no rDNS",
        "poor reputation",
        "no reverse DNS",
        "no reverse hostname",
        "sender IP refused",
        "sending IP refused",
        "spam source",
        "spammers",
        "too many connections",
        "your host is not welcome",
        "your IP is not welcome",
        "your mail server is not welcome",
        "your server is not welcome",
    };
    expect(SMTP_SIGN_OF_CLIENT, words, LENGTH(words));
}

static void test_policy(void **state)
{
    static const char *const words[] = {
        "Access denied",   "Administrative prohibition", "not authorized",
        "policies",        "Policy rejection",           "Service refuse",
        "service refused", "Service unavailable",        "unauthorized",
    };
    expect(SMTP_SIGN_POLICY, words, LENGTH(words));
}

static void test_no_relay(void **state)
{
    static const char *const words[] = {
        "cannot relay to you",  "is not permitted to relay",
        "we do not relay",      "not in my rcpthosts",
        "relay denied",         "relay not permitted",
        "Relay prohibited",     "Relaying denied",
        "relaying not allowed", "relaying prohibited",
        "Unable to relay",
    };
    expect(SMTP_SIGN_NO_RELAY, words, LENGTH(words));
}

static void test_no_mailbox(void **state)
{
    static const char *const words[] = {
        "the account does not exist",
        "address does not exist",
        "Addressee unknown",
        "invalid mailbox",
        "Invalid recipients",
        "mailbox does not exist",
        "Mailbox not found",
        "marked as invalid",
        "no mailbox here",
        "No such mailbox",
        "No such person",
        "No such recipient",
        "No such user!",
        "non-existent account",
        "Not our Customer",
        "recipient does not exist",
        "recipient not found",
        "recipient unknown",
        "unknown recipients",
        "unknown users",
        "Unrouteable address",
        "user does not exist",
        "This user doesn't have one",
        "user not found",
        "user not known here",
        "User unknown",
    };
    expect(SMTP_SIGN_NO_MAILBOX, words, LENGTH(words));
}

static void test_no_bounces(void **state)
{
    static const char *const words[] = {
        "<> refused",          "does not accept bounces",
        "bounce messages, no", "empty envelope",
        "empty return path",   "empty reverse-path",
        "empty sender",        "no bounces",
        "null return path",    "null reverse-path",
        "NULL sender",         "Sender address rejected",
        "Sender denied",       "sender rejected",
    };
    expect(SMTP_SIGN_NO_BOUNCES, words, LENGTH(words));
}

static void test_full(void **state)
{
    static const char *const words[] = {
        "account is full",
        "Disk quota exceeded",
        "mailbox full",
        "Mailbox is full",
        "Mailbox quota exceeded",
        "user is over quota",
        "overquota",
        "receiving email at a rate",
        "receiving email too fast",
        "receiving mail at a rate",
        "receiving mail too fast",
        "storage exceeded",
    };
    expect(SMTP_SIGN_FULL, words, LENGTH(words));
}

static void test_tls(void **state)
{
    static const char *const words[] = {"Must issue a STARTTLS command",
                                        "TLS required"};
    expect(SMTP_SIGN_TLS, words, LENGTH(words));
}

/* Not at the beginning of a word, or not quite the word. */
static void test_none(void **state)
{
    static const char *const words[] = {
        "marble",
        "Ubldnsbls",
        "unblocked",
        "hello",
        "greylisted",
        "quota",
        "relay=x.example",
        "a relay",
        "user",
        "sender",
        "< >",
        "not listed in directory",
        "mailbox unavailable",
        "undeliverable",
        "battles",
        "your mailbox",
        "too late",
        "spam",
    };
    expect(0, words, LENGTH(words));
}

/* A status, and what it takes from the words' signs. */
static void test_status(void **state)
{
    static const struct {
        const char *words;
        unsigned signs;
    } rows[] = {
        {"5.7.1 no", SMTP_SIGN_POLICY},
        {"5.7.25 no", SMTP_SIGN_POLICY},
        {"5.6.7 no", SMTP_SIGN_NO_UTF8},
        {"5.6.6 no", 0},
        {"5.2.2 no", SMTP_SIGN_FULL},
        {"5.2.1 no", 0},
        {"5.1.7 no", SMTP_SIGN_NO_BOUNCES},
        {"5.1.8 no", SMTP_SIGN_NO_BOUNCES},
        {"5.0.0 no", SMTP_SIGN_NO_STATUS},
        {"5.1.0 blocked", SMTP_SIGN_OF_CLIENT},
        {"5.1.1 blocked by policy", 0},
        {"5.1.6 blocked", 0},
        {"5.1.7 blocked", SMTP_SIGN_NO_BOUNCES | SMTP_SIGN_OF_CLIENT},
        {"5.2.0 access denied", 0},
        {"5.3.0 blocked by policy", SMTP_SIGN_OF_CLIENT | SMTP_SIGN_POLICY},
        {"5.4.1 access denied", 0},
        {"5.7.1 blocked", SMTP_SIGN_OF_CLIENT | SMTP_SIGN_POLICY},
        {"5.1.1 dnsbl", SMTP_SIGN_LISTED},
        {"5.1.1 192.0.2.1", SMTP_SIGN_NAMES_US},
        {"5.1.1 relay access denied", SMTP_SIGN_NO_RELAY},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (signs_of(rows[i].words) != rows[i].signs)
            fail_msg("%x: %s", signs_of(rows[i].words), rows[i].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listed),     cmocka_unit_test(test_of_client),
        cmocka_unit_test(test_policy),     cmocka_unit_test(test_no_relay),
        cmocka_unit_test(test_no_mailbox), cmocka_unit_test(test_no_bounces),
        cmocka_unit_test(test_full),       cmocka_unit_test(test_tls),
        cmocka_unit_test(test_none),       cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
