/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_meaning_test.c - what each row of the table of replies means, and what
 * its signs are */
#include "smtp_rows.h"

static void test_before_mail(void **state)
{
    static const struct row rows[] = {
        {"220 mx.example.com ESMTP\r\n", PROCEED},
        {"250-mx.example.com\r\n250 PIPELINING\r\n", PROCEED},
        {"354 go on\r\n", CALLOUT_UNREACHABLE},
        {"400 later\r\n", CALLOUT_UNREACHABLE},
        {"421 too many connections\r\n", CALLOUT_UNREACHABLE},
        {"450 4.7.1 later\r\n", CALLOUT_UNREACHABLE},
        {"500 unknown command\r\n", CALLOUT_BLOCKED_US},
        {"554 no SMTP service here\r\n", CALLOUT_BLOCKED_US},
        {"554 5.7.1 you are listed at zen.spamhaus.org\r\n",
         CALLOUT_BLOCKED_US},
        {"552 5.2.2 full\r\n", CALLOUT_BLOCKED_US},
    };
    expect_rows(CALLOUT_AT_GREETING, rows, LENGTH(rows));
    expect_rows(CALLOUT_AT_HELO, rows, LENGTH(rows));
}

static void test_mail(void **state)
{
    static const struct row rows[] = {
        {"250 2.1.0 ok\r\n", PROCEED},
        {"220 hello\r\n", CALLOUT_UNREACHABLE},
        {"354 go on\r\n", CALLOUT_UNREACHABLE},
        {"421 4.3.2 shutting down\r\n", CALLOUT_UNREACHABLE},
        {"450 4.7.1 greylisted\r\n", CALLOUT_GREYLISTED},
        {"451 4.3.0 try again\r\n", CALLOUT_GREYLISTED},
        {"452 4.2.2 full\r\n", CALLOUT_GREYLISTED},
        {"550 no bounces here\r\n", CALLOUT_REFUSES_BOUNCES},
        {"501 5.1.7 bad sender address syntax\r\n", CALLOUT_REFUSES_BOUNCES},
        {"550 5.1.0 null sender not allowed\r\n", CALLOUT_REFUSES_BOUNCES},
        {"553 <> sorry, your envelope sender is not allowed\r\n",
         CALLOUT_REFUSES_BOUNCES},
        {"552 5.2.2 full\r\n", CALLOUT_REFUSES_BOUNCES},
        {"530 5.7.0 Must issue a STARTTLS command first\r\n",
         CALLOUT_NEEDS_TLS},
        {"550 5.6.7 no UTF-8 here\r\n", CALLOUT_NO_SMTPUTF8},
        {"530 Authentication required\r\n", CALLOUT_BLOCKED_US},
        {"535 wrong credentials\r\n", CALLOUT_BLOCKED_US},
        {"500 what?\r\n", CALLOUT_BLOCKED_US},
        {"502 5.5.1 not implemented\r\n", CALLOUT_BLOCKED_US},
        {"503 5.5.1 HELO first\r\n", CALLOUT_BLOCKED_US},
        {"550 5.7.1 refused by policy\r\n", CALLOUT_BLOCKED_US},
        {"550 5.7.1 <>: Sender address rejected: Access denied\r\n",
         CALLOUT_REFUSES_BOUNCES},
        {"550 null sender refused by policy\r\n", CALLOUT_REFUSES_BOUNCES},
        {"550 5.1.8 Domain not found\r\n", CALLOUT_REFUSES_BOUNCES},
        {"554 denied\r\n", CALLOUT_BLOCKED_US},
        {"554 5.1.0 Sender denied\r\n", CALLOUT_REFUSES_BOUNCES},
        {"550 too many bounces from your IP\r\n", CALLOUT_BLOCKED_US},
        {"521 5.3.2 no mail here\r\n", CALLOUT_BLOCKED_US},
        {"554 5.7.1 listed by zen.spamhaus.org\r\n", CALLOUT_BLOCKED_US},
        {"550 rejected, 192.0.2.1 sends spam\r\n", CALLOUT_BLOCKED_US},
        {"550 we do not know mx1.example.org\r\n", CALLOUT_BLOCKED_US},
    };
    expect_rows(CALLOUT_AT_MAIL, rows, LENGTH(rows));
}

static void test_accepted(void **state)
{
    static const struct row rows[] = {
        {"250 2.1.5 Ok\r\n", CALLOUT_ACCEPTED},
        {"250 ok\r\n", CALLOUT_ACCEPTED},
        {"251 will forward\r\n", CALLOUT_ACCEPTED},
        {"252 cannot verify, but will try\r\n", CALLOUT_ACCEPTED},
        {"250 192.0.2.1 is on a blacklist\r\n", CALLOUT_ACCEPTED},
        /* Full: it exists. */
        {"552 5.2.2 Over quota\r\n", CALLOUT_ACCEPTED},
        {"552 Mailbox size limit exceeded\r\n", CALLOUT_ACCEPTED},
        {"452 4.2.2 The email account is over quota\r\n", CALLOUT_ACCEPTED},
        {"550 5.2.2 user@example.com... mailbox full\r\n", CALLOUT_ACCEPTED},
        {"554 5.2.2 full, delivery blocked\r\n", CALLOUT_ACCEPTED},
        {"221 bye\r\n", CALLOUT_UNREACHABLE},
        {"354 go on\r\n", CALLOUT_UNREACHABLE},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

static void test_later(void **state)
{
    static const struct row rows[] = {
        {"421 4.7.0 closing\r\n", CALLOUT_UNREACHABLE},
        {"450 4.2.0 greylisted, try again in 300 s\r\n", CALLOUT_GREYLISTED},
        {"451 4.7.1 192.0.2.1 is new to us\r\n", CALLOUT_GREYLISTED},
        {"452 4.3.1 insufficient system storage\r\n", CALLOUT_GREYLISTED},
        {"450 4.1.1 unknown user, for now\r\n", CALLOUT_GREYLISTED},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

static void test_no_such_mailbox(void **state)
{
    static const struct row rows[] = {
        {"550 5.1.1 <user@example.com>: Recipient address rejected: User "
         "unknown in local recipient table\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550-5.1.1 The account that you tried to reach does not exist.\r\n"
         "550 5.1.1 see https://support.example/answer/6596 - gsmtp\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.4.1 Recipient address rejected: Access denied. "
         "[AM7EUR03FT012.eop-EUR03.prod.example.com]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.5.0 Requested action not taken: mailbox unavailable\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 No Such User Here\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 Unrouteable address\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 sorry, no mailbox here by that name (#5.7.17)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"511 sorry, no mailbox here by that name (#5.1.1 - chkuser)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"551 user not local\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"501 5.1.3 bad recipient address syntax\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"553 5.1.2 no such domain\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.2.1 mailbox disabled\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.2.1 this mailbox is blocked\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 blocked: no such user\r\n", CALLOUT_NO_SUCH_MAILBOX},
        /* A bounce would not be relayed. */
        {"550 5.7.1 Unable to relay\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"554 5.7.1 <user@example.com>: Relay access denied\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.54 SMTP; Unable to relay recipient in non-accepted "
         "domain\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 user@example.com... Relaying denied\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 relay not permitted\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"553 sorry, that domain isn't in my list of allowed rcpthosts "
         "(#5.7.1)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        /* Names and addresses that are not ours. */
        {"550 5.1.1 no such user at 192.0.2.10\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 no such user at 1192.0.2.1\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 no user, says xmx1.example.org\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 no user, says mx1.example.org.uk\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 no user, says a.mx1.example.org\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 marble sculptors only\r\n", CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

static void test_blocked_us(void **state)
{
    static const struct row rows[] = {
        /* Our address and our name. */
        {"550 5.1.1 go away, 192.0.2.1\r\n", CALLOUT_BLOCKED_US},
        {"554 5.7.1 <mx1.example.org[192.0.2.1]>: Client host rejected: "
         "Access denied\r\n",
         CALLOUT_BLOCKED_US},
        {"550 SC-001 messages from 192.0.2.1 weren't sent\r\n",
         CALLOUT_BLOCKED_US},
        {"550 see http://www.example.net/lookup?ip=192.0.2.1.\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.1.1 no mail from MX1.Example.ORG.\r\n", CALLOUT_BLOCKED_US},
        {"550-no mail from mx1.example.org\r\n550 bye\r\n", CALLOUT_BLOCKED_US},
        {"550 5.7.1 relaying denied. IP name lookup failed [192.0.2.1]\r\n",
         CALLOUT_BLOCKED_US},
        /* Blocklists, and words for them. */
        {"554 5.7.1 Service unavailable; Client host blocked using "
         "zen.spamhaus.org\r\n",
         CALLOUT_BLOCKED_US},
        {"550 blocked by bl.spamcop.net\r\n", CALLOUT_BLOCKED_US},
        {"550 5.1.1 rejected by UCEPROTECT-Level1\r\n", CALLOUT_BLOCKED_US},
        {"550 Sender verify host on ips.backscatterer.org\r\n",
         CALLOUT_BLOCKED_US},
        {"550 you are blacklisted\r\n", CALLOUT_BLOCKED_US},
        {"550 found on our Block List\r\n", CALLOUT_BLOCKED_US},
        {"553 DNSBL: listed\r\n", CALLOUT_BLOCKED_US},
        {"550-your host is\r\n550 listed in an RBL\r\n", CALLOUT_BLOCKED_US},
        {"552 5.2.2 RBL restriction\r\n", CALLOUT_BLOCKED_US},
        /* Words for a client, without a status that means the mailbox. */
        {"550 Blocked\r\n", CALLOUT_BLOCKED_US},
        {"554 Bad reputation\r\n", CALLOUT_BLOCKED_US},
        {"554 5.3.2 your IP is not welcome\r\n", CALLOUT_BLOCKED_US},
        {"550 Reverse DNS lookup failed\r\n", CALLOUT_BLOCKED_US},
        /* Policy. */
        {"550 5.7.25 The sending host has no PTR record\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.7.1 Access denied\r\n", CALLOUT_BLOCKED_US},
        {"550 5.7.606 banned\r\n", CALLOUT_BLOCKED_US},
        {"550-a\r\n550 5.7.1 b\r\n", CALLOUT_BLOCKED_US},
        /* Not about the mailbox. */
        {"530 5.7.0 Must issue a STARTTLS command first\r\n",
         CALLOUT_NEEDS_TLS},
        {"530 Authentication required for relaying\r\n", CALLOUT_BLOCKED_US},
        {"500 what?\r\n", CALLOUT_BLOCKED_US},
        {"502 not here\r\n", CALLOUT_BLOCKED_US},
        {"503 5.5.1 need MAIL command\r\n", CALLOUT_BLOCKED_US},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* An echo of the address asked about is no sign: who forges a sender must not
 * choose what its refusal means. */
static void test_echo(void **state)
{
    static const struct {
        const char *address, *octets;
        int outcome;
    } rows[] = {
        {"spamhaus@example.com",
         "550 5.1.1 <spamhaus@example.com>: unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"Spamhaus@example.com", "550 no user SPAMHAUS\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"user@spamhaus.org", "550 mx1.spamhaus.org: no such user\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"bounce-x=mx1.example.org@example.com",
         "550 <bounce-x=mx1.example.org@example.com> unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"192.0.2.1@example.com", "550 192.0.2.1: no such user\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"\"your ip\"@example.com", "550 <\"your ip\"@example.com> unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"relay@example.com", "550 5.7.1 <relay@example.com> refused\r\n",
         CALLOUT_BLOCKED_US},
        {"\"mailbox full\"@example.com", "550 \"mailbox full\" unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"\"sender denied\"@example.com", "550 \"sender denied\" unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        /* But "user" may be part of the refusal. */
        {"user@example.com", "550 5.7.1 user unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        /* What stands beside the echo counts. */
        {"spamhaus@example.com",
         "550 <spamhaus@example.com>: you are listed by spamcop\r\n",
         CALLOUT_BLOCKED_US},
        {"a@example.com", "550 a blacklist has you\r\n", CALLOUT_BLOCKED_US},
        /* Our name may lie in the sender's domain. */
        {"user@example.org", "550 no mail from mx1.example.org\r\n",
         CALLOUT_BLOCKED_US},
        {"rbl@example.com", "550 rbl-1 lists you\r\n", CALLOUT_BLOCKED_US},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct smtp_meaning meaning =
            mean(CALLOUT_AT_RCPT, rows[i].octets, rows[i].address, OUR_ADDRESS);
        expect(&meaning, rows[i].outcome, rows[i].octets);
    }
}

/* Our address in each of its forms. */
static void test_our_address(void **state)
{
    static const struct {
        const char *ours, *octets;
        int outcome;
    } rows[] = {
        {"2001:db8::1", "550 [2001:db8::1] refused\r\n", CALLOUT_BLOCKED_US},
        {"2001:db8::1", "550 2001:DB8:0:0:0:0:0:1 refused\r\n",
         CALLOUT_BLOCKED_US},
        {"2001:db8::1", "550 [IPv6:2001:db8::1] refused\r\n",
         CALLOUT_BLOCKED_US},
        {"2001:db8::1", "550 refused: 2001:db8::1.\r\n", CALLOUT_BLOCKED_US},
        {"2001:db8::1", "550 refused, 2001:db8::1: sorry\r\n",
         CALLOUT_BLOCKED_US},
        {"2001:db8::1", "550 refused, 2001:db8::11\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"2001:db8::1", "550 refused, 192.0.2.1\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"192.0.2.1", "550 refused: ::ffff:192.0.2.1\r\n", CALLOUT_BLOCKED_US},
        {"192.0.2.1", "550 (192.0.2.1)\r\n", CALLOUT_BLOCKED_US},
        {"192.0.2.1", "550 denied:192.0.2.1:25\r\n", CALLOUT_BLOCKED_US},
        {"192.0.2.1", "550 0.192.0.2.1\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"192.0.2.1", "550 host-192-0-2-1\r\n", CALLOUT_NO_SUCH_MAILBOX},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct smtp_meaning meaning = mean(CALLOUT_AT_RCPT, rows[i].octets,
                                           "user@example.com", rows[i].ours);
        expect(&meaning, rows[i].outcome, rows[i].octets);
    }
}

/* Every code at every stage means something. */
static void test_all_codes(void **state)
{
    for (int code = 200; code < 600; code++) {
        char octets[] = "000 x\r\n";
        octets[0] = (char)('0' + code / 100);
        octets[1] = (char)('0' + code / 10 % 10);
        octets[2] = (char)('0' + code % 10);
        for (int stage = CALLOUT_AT_GREETING; stage <= CALLOUT_AT_RCPT;
             stage++) {
            struct smtp_meaning meaning =
                mean((enum callout_stage)stage, octets, "u@example.com", "::1");
            bool rcpt = stage == CALLOUT_AT_RCPT;
            bool yes =
                code / 10 == 25 || (code / 100 == 2 && stage < CALLOUT_AT_MAIL);
            assert_int_equal(meaning.proceed, yes && !rcpt);
            if (meaning.proceed)
                continue;
            assert_int_equal(meaning.outcome == CALLOUT_ACCEPTED,
                             rcpt && (yes || code == 552));
            assert_int_equal(meaning.trouble == CALLOUT_TROUBLE_PROTOCOL,
                             code < 400 && !yes);
        }
    }
}

/* Pass and fail first, then greylisted, then blocked-us, then unreachable; and
 * our own fault does not pass for their silence. */
static void test_weights(void **state)
{
    static const enum callout_outcome by_weight[] = {
        CALLOUT_UNREACHABLE, CALLOUT_INTERNAL, CALLOUT_BLOCKED_US,
        CALLOUT_GREYLISTED, CALLOUT_ACCEPTED};
    for (size_t i = 1; i < LENGTH(by_weight); i++)
        assert_true(smtp_outcome_weight(by_weight[i]) >
                    smtp_outcome_weight(by_weight[i - 1]));
    assert_int_equal(smtp_outcome_weight(CALLOUT_NO_SUCH_MAILBOX),
                     smtp_outcome_weight(CALLOUT_ACCEPTED));
    assert_int_equal(smtp_outcome_weight(CALLOUT_REFUSES_BOUNCES),
                     smtp_outcome_weight(CALLOUT_ACCEPTED));

    assert_true(smtp_outcome_is_final(CALLOUT_ACCEPTED));
    assert_true(smtp_outcome_is_final(CALLOUT_NO_SUCH_MAILBOX));
    assert_true(smtp_outcome_is_final(CALLOUT_REFUSES_BOUNCES));
    for (size_t i = 0; i < LENGTH(by_weight) - 1; i++)
        assert_false(smtp_outcome_is_final(by_weight[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_mail),
        cmocka_unit_test(test_mail),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_no_such_mailbox),
        cmocka_unit_test(test_blocked_us),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_our_address),
        cmocka_unit_test(test_all_codes),
        cmocka_unit_test(test_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
