#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Authentication-Results: what is added, and what is not to be believed."""

from lab import Case, Lab, dnsfaults, run
from lab.client import Client
from lab.dns import SERVFAIL

POLICY = """
policy:
  helo-syntax: {fail: tag}
  helo-forward: {fail: tag}
  helo-match: {fail: tag}
  client-ptr: {fail: tag, temperror: tag}
  sender-domain: {fail: tag}
  callout: {fail: tag, temperror: tag, unknown: tag}
exceptions:
  - {name: a filter before us, clients: [45.20.8.1, "2a10:20:8::1"], do: accept}
  - {name: a friend, senders: ["friend@*"], do: accept}
  - {name: off, recipients: ["untagged-*@*"], policy: {helo-match: off}}
"""
SITE = {"dns": '{servers: ["45.30.0.54"]}'}
RECORDS = """
mail.other.example      AAAA  2a10:20:3::1
2a10:20:3::1            PTR   mail.other.example
mail.noreverse.example  AAAA  2a10:20:2::1
mail.six.example        A     45.20.6.1
mail.six.example        AAAA  2a10:20:6::1
45.20.6.1               PTR   mail.good.example
2a10:20:6::1            PTR   mail.good.example
mail.nine.example       A     45.20.9.1
mail.nine.example       AAAA  2a10:20:9::1
null.example            MX    0 .
picky.example           MX    10 mx.picky.example
mx.picky.example        A     45.30.2.2
"""


def pair(number):
    """A client's IPv4 and IPv6 address."""
    return f"45.20.{number}.1", f"2a10:20:{number}::1"


GOOD, NO_REVERSE, FILTER = pair(1), pair(2), pair(8)
NAME, OTHER = "mail.good.example", "mail.other.example"
ALICE, TAKEN = "alice@good.example", "250 2\\.1\\.5 .*"
OURS = r"^Authentication-Results: mx\.home\.example;"


def tagged(name, client, helo, sender, results):
    """A message that arrives with these results, in this order."""
    return Case(name, client, helo, sender, TAKEN,
                header=rf"(?m:{OURS} {results}$)",
                logged={"verdict": "tag"})


TAGS = [
    Case("nothing failed", GOOD, NAME, ALICE, TAKEN,
         no_header="Authentication-Results", logged={"verdict": "continue"}),
    tagged("iprev pass", GOOD, OTHER, ALICE,
           r"iprev=pass policy\.iprev=\S+ \(mail\.good\.example\);"
           r" x-helo-match=fail smtp\.helo=mail\.other\.example"
           r" \(.*45\.20\.3\.1.*\)"),
    tagged("iprev permerror", NO_REVERSE, "mail.noreverse.example", ALICE,
           r"iprev=permerror policy\.iprev=\S+; x-client-ptr=fail"
           r' reason="?missing"? policy\.iprev=\S+ \(.*PTR.*\)'),
    tagged("iprev fail", pair(6), "mail.six.example", ALICE,
           r"iprev=fail policy\.iprev=\S+ \(mail\.good\.example\);"
           r" x-client-ptr=fail reason=unconfirmed policy\.iprev=\S+ \(.*\)"),
    tagged("iprev temperror", pair(9), "mail.nine.example", ALICE,
           r"iprev=temperror policy\.iprev=\S+; x-client-ptr=temperror"
           r" policy\.iprev=\S+ \(.*\)"),
    tagged("all that failed", NO_REVERSE, "mail.nowhere.example",
           "alice@null.example",
           r"iprev=permerror .*; x-helo-forward=fail reason=nxdomain .*;"
           r" x-helo-match=fail .*; x-client-ptr=fail .*; x-sender-domain=fail"
           r" reason=null-mx smtp\.mailfrom=alice@null\.example \(.*\)"),
    tagged("the callout failed", GOOD, NAME, "nobody@picky.example",
           r"iprev=pass .*; x-callout=fail reason=no-such-mailbox"
           r" smtp\.mailfrom=nobody@picky\.example \(.*no such user.*\)"),
    tagged("the callout told nothing", GOOD, NAME, "blocked@picky.example",
           r"iprev=pass .*; x-callout=unknown reason=blocked-us .*"),
    tagged("the callout failed for now", GOOD, NAME, "later@picky.example",
           r"iprev=pass .*; x-callout=temperror reason=greylisted .*"),
    tagged("a HELO name that would end a string", GOOD,
           'mail.good.example";spf=pass', ALICE,
           r'iprev=pass .*; x-helo-syntax=fail reason=bad-label smtp\.helo='
           r'"mail\.good\.example[^"\\]*(\\"[^"\\]*)?" \(.*\)'),
]

FORGERIES = [
    "Authentication-Results: mx.home.example; spf=pass smtp.mailfrom=forged",
    "authentication-RESULTS: MX.Home.Example 1; spf=pass smtp.mailfrom=forged",
    "Authentication-Results:mx.home.example.;none (forged)",
    "Authentication-Results: (a (nested\\)) comment) mx.home.example\n"
    "\t(another); dkim=pass header.d=forged",
    'Authentication-Results:\n\t"mx.home.example"; dkim=pass header.d=forged',
    'Authentication-Results: "mx.home.\\example"; dkim=pass header.d=forged',
    "Authentication-Results :  mx.home.example ; dkim=pass header.d=forged",
]
GENUINE = [
    "Authentication-Results: mx.other.example; spf=pass (genuine)",
    "Authentication-Results: mx.home.example.other.example; none (genuine)",
    "Authentication-Results: (mx.home.example) mx.other.example; x (genuine)",
    "X-Authentication-Results: mx.home.example; spf=pass (genuine)",
]


def with_fields(name, fields, client=GOOD, helo=NAME, sender=ALICE, **more):
    """A message that has these header fields already."""
    return Case(name, client, helo, sender, TAKEN,
                sent_header="\n".join([*fields, ""]), **more)


FORGED = [
    *(with_fields(f"forged: {field}", [field], no_header="forged")
      for field in FORGERIES),
    *(with_fields(f"genuine: {field}", [field], header="genuine")
      for field in GENUINE),
    with_fields("forged, and a tag of ours", FORGERIES, helo=OTHER,
                no_header="forged", header=f"(?m:{OURS} iprev=pass)"),
    with_fields("forged by a friend", FORGERIES, sender="friend@good.example",
                no_header="forged",
                logged={"verdict": "accept", "reason": "a friend"}),
    with_fields("by a filter before us", FORGERIES[:1], client=FILTER,
                header="forged", logged={"verdict": "accept",
                                         "reason": "a filter before us"}),
]


def check_many(lab):
    """Forged fields in great number, with genuine ones between them; with more
    than fifty see bounds_lab.py.
    """
    fields = "".join(f"{field}\n" for field in (FORGERIES + GENUINE) * 7)
    for mta in lab.mtas:
        message = deliver(mta, NAME, ALICE, ["bob"], "many", fields)
        kept = message.as_string()
        lab.tally.equal(f"{mta.name:9} many forged: what is left, and of whom",
                        (7 * len(GENUINE), 0),
                        (kept.count("(genuine)"), kept.count("forged")))


def deliver(mta, helo, sender, recipients, mark, fields=""):
    """Send a message and return it as it was delivered."""
    mark = f"{mark}-{mta.name}"
    with Client(mta.addresses[0], GOOD[0]) as client:
        client.ehlo(helo)
        client.mail(sender)
        for recipient in recipients:
            client.rcpt(f"{recipient}@home.example")
        client.data(f"{fields}Subject: {mark}\n\n{mark}\n")
        client.quit()
    return mta.delivered(mark)


def check_recipients(lab):
    """A message is tagged if the verdict for one recipient says so."""
    for mta in lab.mtas:
        for recipients, expected in (
                (("untagged-1", "untagged-2"), False),
                (("untagged-1", "tagged"), True),
                (("tagged", "untagged-2"), True)):
            message = deliver(mta, OTHER, ALICE, recipients,
                              "-and-".join(recipients))
            lab.tally.equal(f"{mta.name:9} tagged for {recipients}", expected,
                            "Authentication-Results" in message)


def check_next_message(lab):
    """What one message had is not in the next one of the session."""
    for mta in lab.mtas:
        with Client(mta.addresses[0], GOOD[0]) as client:
            for number, (helo, sender, expected) in enumerate((
                    (OTHER, ALICE, True), (NAME, ALICE, False),
                    (None, "alice@null.example", True), (None, ALICE, False))):
                mark = f"message-{number}-{mta.name}"
                if helo:
                    client.ehlo(helo)
                client.mail(sender)
                client.rcpt("bob@home.example")
                client.data(f"Subject: {mark}\n\n{mark}\n")
                lab.tally.equal(
                    f"{mta.name:9} {mark} is tagged", expected,
                    "Authentication-Results" in mta.delivered(mark))


def main():
    with Lab(policy=POLICY, site=SITE, records=RECORDS) as lab:
        for address in pair(9):
            lab.dns.on(address, "PTR", dnsfaults.rcode(SERVFAIL))
        lab.peer("45.30.2.1")
        lab.peer("45.30.2.2", rcpt={
            "nobody@*": "550 5.1.1 no such user",
            "blocked@*": "550 5.7.1 client host blocked",
            "later@*": "450 4.2.0 later"})
        lab.play(TAGS + FORGED)
        check_many(lab)
        check_recipients(lab)
        check_next_message(lab)


run(main, "postfix", "sendmail")
