/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_shapes_test.c - refusals as mail servers, providers and filters word
 * them, and what each one means; all but the shape is paraphrased */
#include "smtp_rows.h"

/* Postfix: which restriction it was stands before the reason. */
static void test_postfix(void **state)
{
    static const struct row rows[] = {
        {"550 5.1.1 <user@example.com>: Recipient address rejected: User "
         "unknown in virtual mailbox table\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.1 <user@example.com>: Recipient address rejected: User "
         "unknown in relay recipient table\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"450 4.1.1 <user@example.com>: Recipient address rejected: User "
         "unknown in local recipient table\r\n",
         CALLOUT_GREYLISTED},
        {"550 5.1.1 <user@example.com>: Recipient address rejected: "
         "undeliverable address: host mx.example.net[203.0.113.5] said: 550 "
         "no such user (in reply to RCPT TO command)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"450 4.1.1 <user@example.com>: Recipient address rejected: "
         "unverified address: verification in progress\r\n",
         CALLOUT_GREYLISTED},
        {"554 5.7.1 <user@example.com>: Recipient address rejected: User "
         "unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"554 5.7.1 <user@example.com>: Recipient address rejected: Access "
         "denied\r\n",
         CALLOUT_BLOCKED_US},
        {"554 5.7.1 <user@example.com>: Recipient address rejected: Relay "
         "access denied\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"454 4.7.1 <user@example.com>: Relay access denied\r\n",
         CALLOUT_GREYLISTED},
        {"554 <user@example.com>: Relay access denied\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
         "bl.example.net; see https://bl.example.net/192.0.2.1\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.7.25 Client host rejected: cannot find your reverse hostname, "
         "[192.0.2.1]\r\n",
         CALLOUT_BLOCKED_US},
        {"554 Client host rejected: cannot find your hostname\r\n",
         CALLOUT_BLOCKED_US},
        {"504 5.5.2 <mx1>: Helo command rejected: need fully-qualified "
         "hostname\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.7.1 <>: Sender address rejected: Access denied\r\n",
         CALLOUT_REFUSES_BOUNCES},
        {"554 5.5.1 Error: no valid recipients\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"552 5.2.2 <user@example.com>: Recipient address rejected: Mailbox "
         "is full\r\n",
         CALLOUT_ACCEPTED},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

static void test_exim(void **state)
{
    static const struct row rows[] = {
        {"550 Unknown user\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 Unrouteable address\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 Administrative prohibition\r\n", CALLOUT_BLOCKED_US},
        {"550 relay not permitted\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550-log in first\r\n"
         "550-(mx1.example.org) [192.0.2.1]:42 is not permitted to relay\r\n"
         "550 through this server without authentication.\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550-Verification failed for <user@example.com>\r\n"
         "550-Called:   203.0.113.5\r\n"
         "550-Sent:     RCPT TO:<user@example.com>\r\n"
         "550-Response: 550 5.1.1 gone\r\n"
         "550 Recipient verify failed\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 HELO is not a name of yours\r\n", CALLOUT_BLOCKED_US},
        {"550 Mailbox quota exceeded\r\n", CALLOUT_ACCEPTED},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

static void test_sendmail(void **state)
{
    static const struct row rows[] = {
        {"550 5.1.1 <user@example.com>... User unknown\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.2.1 <user@example.com>... Addressee unknown, "
         "relay=[192.0.2.1]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 <user@example.com>... Relaying denied. Proper "
         "authentication required.\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 <user@example.com>... Relaying denied. IP name lookup "
         "failed [192.0.2.1]\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.3.0 <user@example.com>... No such person here\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 Access denied\r\n", CALLOUT_BLOCKED_US},
        {"551 5.1.6 <user@example.com>... has moved\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* qmail, netqmail's patches and qpsmtpd. */
static void test_qmail(void **state)
{
    static const struct row rows[] = {
        {"553 sorry, that domain isn't in my list of allowed rcpthosts "
         "(#5.7.1)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"553 5.7.1 not in my list of allowed rcpthosts\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 relaying denied\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 mail to user@example.com not accepted here (#5.1.1)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 <user@example.com> does not accept bounces\r\n",
         CALLOUT_REFUSES_BOUNCES},
        {"550 null sender not taken for this address\r\n",
         CALLOUT_REFUSES_BOUNCES},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* OpenSMTPD, Courier, hMailServer, Zimbra, Domino. */
static void test_other_servers(void **state)
{
    static const struct row rows[] = {
        {"550 Invalid recipient: <user@example.com>\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"524 5.2.4 Mailing list expansion problem\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"513 Relaying denied.\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"511 User unknown.\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 Delivery is not allowed to this address.\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"530 SMTP authentication is required.\r\n", CALLOUT_BLOCKED_US},
        {"550 5.1.1 <user@example.com>: Recipient address rejected: "
         "example.com\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 user@example.com... No such user\r\n", CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* rspamd, and whoever filters by a message's score. */
static void test_filters(void **state)
{
    static const struct row rows[] = {
        {"554 5.7.1 Spam message rejected\r\n", CALLOUT_BLOCKED_US},
        {"554 denied\r\n", CALLOUT_BLOCKED_US},
        {"571 message refused\r\n", CALLOUT_BLOCKED_US},
        {"521 5.3.2 no mail here\r\n", CALLOUT_BLOCKED_US},
        {"556 5.1.10 null MX\r\n", CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

static void test_gmail(void **state)
{
    static const struct row rows[] = {
        {"550-5.1.1 No account of that name. Check it for typos.\r\n"
         "550 5.1.1 https://help.example/?p=NoSuchUser x1si1 - gsmtp\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.2.1 The account is disabled. - gsmtp\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550-5.2.1 This user is receiving mail at a rate that\r\n"
         "550 5.2.1 prevents more. - gsmtp\r\n",
         CALLOUT_ACCEPTED},
        {"450 4.2.1 This user is receiving email too quickly - gsmtp\r\n",
         CALLOUT_ACCEPTED},
        {"452-4.2.2 The inbox is out of storage space.\r\n"
         "452 4.2.2 - gsmtp\r\n",
         CALLOUT_ACCEPTED},
        {"550-5.7.1 [192.0.2.1      19] Unsolicited mail comes from your\r\n"
         "550 5.7.1 IP address. - gsmtp\r\n",
         CALLOUT_BLOCKED_US},
        {"550-5.7.25 [192.0.2.1] The sending IP does not have a PTR\r\n"
         "550 5.7.25 record. - gsmtp\r\n",
         CALLOUT_BLOCKED_US},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* Outlook.com and Exchange Online. */
static void test_outlook(void **state)
{
    static const struct row rows[] = {
        {"550 5.5.0 Requested action not taken: mailbox unavailable "
         "(S2017062302). [XX1EUR01FT001.eop.example.net]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.4.1 Recipient address rejected: Access denied. AS(201806281) "
         "[XX1EUR01FT001.eop.example.net]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 messages from [192.0.2.1] weren't sent; part of their "
         "network is on our block list (S3140).\r\n",
         CALLOUT_BLOCKED_US},
        {"550-SC-001 messages weren't sent; ask your provider\r\n"
         "550 5.7.1 of a network on our block list\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.7.606 Access denied, banned sending IP [192.0.2.1]\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.7.511 Access denied, banned sender[192.0.2.1]\r\n",
         CALLOUT_BLOCKED_US},
        {"451 4.7.500 Server busy. Try again later from [192.0.2.1].\r\n",
         CALLOUT_GREYLISTED},
        {"550 5.7.64 TenantAttribution; Relay Access Denied\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* Exchange at home. */
static void test_exchange(void **state)
{
    static const struct row rows[] = {
        {"550 5.1.1 User unknown\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 Unable to relay for user@example.com\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 Recipient not authorized, your IP has been found on a "
         "block list\r\n",
         CALLOUT_BLOCKED_US},
        {"530 5.7.57 Client was not authenticated\r\n", CALLOUT_BLOCKED_US},
        {"550 5.1.0 Sender denied\r\n", CALLOUT_REFUSES_BOUNCES},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* Yahoo, and AT&T behind it. */
static void test_yahoo(void **state)
{
    static const struct row rows[] = {
        {"554 delivery error: dd This user doesn't have an account here "
         "(user@example.com) [0]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"552 1 Requested mail action aborted, mailbox not found\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"553 5.7.1 [BL21] Connections will not be taken from 192.0.2.1, it is "
         "on a list\r\n",
         CALLOUT_BLOCKED_US},
        {"450 User is receiving mail too quickly\r\n", CALLOUT_ACCEPTED},
        {"551 VS1-IP Excessive unknown recipients - possible Open Relay\r\n",
         CALLOUT_BLOCKED_US},
        {"553 5.3.0 DNSBL:RBL 521< 192.0.2.1 >_is_blocked\r\n",
         CALLOUT_BLOCKED_US},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* GMX and web.de, T-Online, Orange, Comcast, iCloud. */
static void test_european_providers(void **state)
{
    static const struct row rows[] = {
        {"550 Requested action not taken: mailbox unavailable\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550-Reject due to policy restrictions.\r\n"
         "550 See https://postmaster.example/case?c=hi\r\n",
         CALLOUT_BLOCKED_US},
        {"554-IP address is block listed.\r\n"
         "554 See https://postmaster.example/case?v=192.0.2.1\r\n",
         CALLOUT_BLOCKED_US},
        {"554 IP=192.0.2.1 - A problem occurred. (BL)\r\n", CALLOUT_BLOCKED_US},
        {"550 5.1.1 Adresse invalide. Invalid recipient. OFR_416 [416]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.5.0 Service refuse. Service refused. OFR006_106\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.1.1 Not our Customer\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"554 mx.example.net 192.0.2.1 found on one or more DNSBLs "
         "BL000001\r\n",
         CALLOUT_BLOCKED_US},
        {"550 5.1.1 <user@example.com>: user does not exist\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* Yandex, Mail.ru, QQ, 163.com. */
static void test_yandex_and_qq(void **state)
{
    static const struct row rows[] = {
        {"550 5.7.1 No such user!\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 not accepted -- invalid mailbox. user@example.com: user not "
         "found\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 It may be a non-existent account [x IP: 192.0.2.1]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 Mailbox unavailable or access denied [x IP: 203.0.113.5]\r\n",
         CALLOUT_BLOCKED_US},
        {"550 Ip frequency limited [x IP: 192.0.2.1]\r\n", CALLOUT_BLOCKED_US},
        {"550 User not found: user@example.com\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"553 Requested action not taken: NULL sender is not allowed\r\n",
         CALLOUT_REFUSES_BOUNCES},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* Proofpoint, Mimecast, Barracuda. */
static void test_gateways(void **state)
{
    static const struct row rows[] = {
        {"550 5.1.1 User Unknown\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.1 Recipient address rejected: the address is marked as "
         "invalid\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"550 5.7.0 Blocked - see https://ipcheck.example/?ip=192.0.2.1\r\n",
         CALLOUT_BLOCKED_US},
        {"554 Blocked - see https://ipcheck.example/?ip=192.0.2.1\r\n",
         CALLOUT_BLOCKED_US},
        {"550 Invalid Recipient - https://help.example/codes#550 [abc.uk1]\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
        {"554 Email rejected due to security policies\r\n", CALLOUT_BLOCKED_US},
        {"550 Rejected by reputation\r\n", CALLOUT_BLOCKED_US},
        {"550 permanent failure for one or more recipients "
         "(user@example.com:blocked)\r\n",
         CALLOUT_BLOCKED_US},
        {"550 No such user (user@example.com)\r\n", CALLOUT_NO_SUCH_MAILBOX},
        {"550 permanent failure for one or more recipients "
         "(user@example.com:550 5.1.1 unknown)\r\n",
         CALLOUT_NO_SUCH_MAILBOX},
    };
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

/* Greylisting is told by its code alone: no words change it. */
static void test_greylisting(void **state)
{
    static const struct row rows[] = {
        {"450 4.2.0 <user@example.com>: Recipient address rejected: "
         "Greylisted, see http://postgrey.example/help/example.com.html\r\n",
         CALLOUT_GREYLISTED},
        {"450 4.7.1 <user@example.com>: Greylisted for 5 minutes\r\n",
         CALLOUT_GREYLISTED},
        {"451 4.7.1 Greylisting in action, come back in 00:04:59\r\n",
         CALLOUT_GREYLISTED},
        {"451-192.0.2.1 has not written to user@example.com before.\r\n"
         "451 Try again later.\r\n",
         CALLOUT_GREYLISTED},
        {"451 4.7.1 Try again later\r\n", CALLOUT_GREYLISTED},
        {"451 <user@example.com>: a blocklist has mx1.example.org, we wait\r\n",
         CALLOUT_GREYLISTED},
        {"450 4.7.25 Client host rejected: cannot find your hostname\r\n",
         CALLOUT_GREYLISTED},
        {"450 your IP address is over quota\r\n", CALLOUT_GREYLISTED},
        {"422 4.2.0 greylisted\r\n", CALLOUT_GREYLISTED},
        {"452 4.5.3 Too many recipients\r\n", CALLOUT_GREYLISTED},
    };
    expect_rows(CALLOUT_AT_MAIL, rows, LENGTH(rows));
    expect_rows(CALLOUT_AT_RCPT, rows, LENGTH(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_postfix),
        cmocka_unit_test(test_exim),
        cmocka_unit_test(test_sendmail),
        cmocka_unit_test(test_qmail),
        cmocka_unit_test(test_other_servers),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_gmail),
        cmocka_unit_test(test_outlook),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_yahoo),
        cmocka_unit_test(test_european_providers),
        cmocka_unit_test(test_yandex_and_qq),
        cmocka_unit_test(test_gateways),
        cmocka_unit_test(test_greylisting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
