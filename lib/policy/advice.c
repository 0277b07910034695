/* SPDX-License-Identifier: BSD-2-Clause */
/* advice.c - the lines of a reply that say what is to be mended: short, for
 * someone who has never heard of this program */
#include "policy/advice.h"

static const char *helo_syntax(enum reason reason)
{
    if (reason == REASON_MISSING)
        return "Every mail server has to greet with EHLO or HELO before it "
               "sends mail (RFC 5321 4.1.4).\n"
               "Let it greet with its full host name, for example "
               "mail.example.com.";
    if (reason == REASON_UNQUALIFIED)
        return "Let your mail server greet with its full host name, host and "
               "domain, for example mail.example.com (RFC 5321 2.3.5).\n"
               "In Postfix it is myhostname, in Sendmail $j, in Exim "
               "primary_hostname, in Exchange the FQDN of the send connector.";
    if (reason == REASON_BARE_ADDRESS)
        return "Let your mail server greet with its full host name. An address "
               "in the place of a name stands in brackets, for example "
               "[192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 4.1.3).";
    if (reason == REASON_BAD_LITERAL)
        return "An address literal has the form [192.0.2.1] or "
               "[IPv6:2001:db8::1] (RFC 5321 4.1.3).\n"
               "Better: let your mail server greet with its full host name.";
    return "A host name is made of letters, digits and hyphens in labels of 1 "
           "to 63 octets, with single dots between them (RFC 1123 2.1).\n"
           "Let your mail server greet with its full host name, for example "
           "mail.example.com.";
}

static const char *helo_identity(void)
{
    return "That name or address belongs to us: let your mail server greet "
           "with its own full host name.\n"
           "If it is one of our own servers, its address is not yet in our "
           "list of them: tell our postmaster.";
}

static const char *helo_forward(enum reason reason)
{
    if (reason == REASON_NXDOMAIN)
        return "Let your mail server greet with a host name that exists in DNS "
               "(RFC 5321 2.3.5), or publish an A or AAAA record for this one.";
    return "Publish an A or AAAA record for that name, or let your mail server "
           "greet with a host name that has one (RFC 5321 2.3.5).";
}

static const char *helo_match(void)
{
    return "Let your mail server greet with the host name that belongs to the "
           "address it sends from.\n"
           "The A or AAAA record of the name should lead to the address, and "
           "the PTR record of the address back to the name.";
}

static const char *client_ptr(enum reason reason)
{
    if (reason == REASON_MISSING)
        return "Ask your network's or hosting provider for a PTR record that "
               "gives this address the host name of your mail server,\n"
               "and publish an A or AAAA record that leads from that name back "
               "to the address.";
    return "Publish an A or AAAA record that leads from the reverse name back "
           "to the address, or let your network's or hosting provider put "
           "your mail server's host name into the PTR record.";
}

static const char *dnsbl(void)
{
    return "Look the address or name up at that list: it says why it is listed "
           "and how to be taken off. We do not keep the list and cannot take "
           "you off it.";
}

static const char *sender_domain(enum reason reason)
{
    if (reason == REASON_SYNTAX)
        return "Mend the sender address (MAIL FROM, not From:) in the program "
               "that sends this mail, for example name@example.com.";
    if (reason == REASON_NXDOMAIN)
        return "Send with an address in a domain that exists: a reply or a "
               "bounce to this one could not be delivered.";
    if (reason == REASON_NULL_MX)
        return "A domain that publishes a null MX takes no mail and is not to "
               "be used as sender (RFC 7505 4.2).\n"
               "Send with an address in a domain that takes mail, or remove "
               "the null MX.";
    if (reason == REASON_UNROUTABLE)
        return "Let the domain's MX records lead to mail servers at public "
               "addresses: a reply or a bounce could not be delivered.";
    if (reason == REASON_POINTS_AT_US)
        return "The domain's MX records lead to us, but we do not take mail "
               "for it: let them lead to your own mail servers.";
    return "Publish an MX record for the domain that leads to a mail server "
           "with an A or AAAA record: a reply or a bounce could not be "
           "delivered.";
}

static const char *callout_unsure(enum reason reason)
{
    if (reason == REASON_GREYLISTED)
        return "Nothing is wrong so far: your own mail server put us off, as "
               "greylisting does. We ask again; please retry later.";
    if (reason == REASON_IN_PROGRESS)
        return "Nothing is wrong so far: we are still verifying the sender, "
               "please retry in a few minutes.";
    if (reason == REASON_WALLED_OFF)
        return "The fault is on our side, nothing is wrong on yours: please "
               "retry later.";
    if (reason == REASON_CAPACITY)
        return "Nothing is wrong so far: more is to be verified than we ask "
               "about at a time, please retry later.";
    if (reason == REASON_ACCEPTS_ANYTHING)
        return "Your mail server accepts mail to mailboxes that cannot exist, "
               "so that it does not tell whether this one does: let it refuse "
               "those at RCPT.";
    if (reason == REASON_NEEDS_TLS)
        return "Your mail server takes nothing without TLS, and offers none "
               "that ours can use, or ours may not use it.";
    if (reason == REASON_NO_SMTPUTF8)
        return "Let the mail servers in the domain's MX records offer SMTPUTF8 "
               "(RFC 6531), or send with an address in ASCII.";
    if (reason == REASON_GIVEN_UP)
        return "See that the mail servers in the domain's MX records can be "
               "reached on port 25 and answer.";
    if (reason == REASON_UNREACHABLE)
        return "Please retry later. If this lasts, see that the mail servers "
               "in the domain's MX records can be reached on port 25.";
    return "Your mail server refused to talk with ours, so the address could "
           "not be verified. Let our mail server connect to it.";
}

static const char *callout(struct finding finding)
{
    if (finding.result != RESULT_FAIL)
        return callout_unsure(finding.reason);
    if (finding.reason == REASON_REFUSES_BOUNCES)
        return "Let your mail server accept the null sender, MAIL FROM:<>, as "
               "every mail server must (RFC 1123 5.2.9): bounces come from it.";
    if (finding.reason == REASON_NO_POSTMASTER)
        return "Let your mail server accept mail to the domain's postmaster, "
               "as every one must that takes mail (RFC 5321 4.5.1).";
    return "Send with an address that exists, or let your mail server accept "
           "mail to this one: a bounce to it could not be delivered.";
}

static const char *dns_trouble(enum check check, enum reason reason)
{
    if (reason == REASON_IN_PROGRESS)
        return "Nothing is wrong so far: we are still verifying, please retry "
               "in a few minutes.";
    if (check == CHECK_DNSBL)
        return "Nothing is wrong on your side: a list that we ask could not "
               "answer. Please retry later.";
    return "Please retry later. If this lasts, see that the DNS servers of "
           "that domain or network answer.";
}

const char *advice_for(enum check check, struct finding finding)
{
    const char *advice = "";

    if (finding.reason == REASON_INTERNAL)
        return "The fault is ours, nothing is wrong on your side: please retry "
               "later.";
    if (finding.result == RESULT_TEMPERROR && check != CHECK_CALLOUT)
        return dns_trouble(check, finding.reason);
    switch (check) {
    case CHECK_HELO_SYNTAX:
        advice = helo_syntax(finding.reason);
        break;
    case CHECK_HELO_IDENTITY:
        advice = helo_identity();
        break;
    case CHECK_HELO_FORWARD:
        advice = helo_forward(finding.reason);
        break;
    case CHECK_HELO_MATCH:
        advice = helo_match();
        break;
    case CHECK_CLIENT_PTR:
        advice = client_ptr(finding.reason);
        break;
    case CHECK_DNSBL:
        advice = dnsbl();
        break;
    case CHECK_SENDER_DOMAIN:
        advice = sender_domain(finding.reason);
        break;
    case CHECK_CALLOUT:
        advice = callout(finding);
        break;
    }
    return advice;
}

const char *advice_for_forged(void)
{
    return "Only we write such fields, and we remove those that we did not "
           "(RFC 8601 5), but not so many from one message.\n"
           "Take them out of the message and send it again. If you did not put "
           "them in, look for a program that adds its result again and again.";
}
