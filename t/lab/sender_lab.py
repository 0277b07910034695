#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The checks of the sender: each result and each reason there is."""

import time
from dataclasses import replace

from lab import Case, Lab, dnsfaults, run
from lab.cases import refused
from lab.dns import SERVFAIL
from lab.peer import CLOSE, RESET, SILENCE

POLICY = """
callout:
  limits: {per-domain: 1000/1s}   # all rows are of two domains
  timeout: {connect: 1500ms, reply: 2s, total: 6s}
policy:
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail, unknown: tempfail}
"""
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.54"], timeout: 1s, attempts: 2, budget: 5s}',
    "local": "{domains: [home.example],"
             " addresses: [45.1.0.1, 45.20.8.1, '2a10:1::1']}",
}
GOOD = "45.20.1.1", "2a10:20:1::1"
NAME = "mail.good.example"
TAKEN = "250 2\\.1\\.5 .*"
DNS_TROUBLE = "451 4.4.3"

RECORDS = """
null.example            MX    0 .
hollow.example          TXT   "neither MX nor address"
addressed.example       A     45.30.2.1
addressed6.example      AAAA  2a10:30:2::1
inner.example           MX    10 mx.inner.example
mx.inner.example        A     10.0.0.25
mx.inner.example        AAAA  fd00::25
looped.example          MX    10 localhost.looped.example
localhost.looped.example  A   127.0.0.1
localhost.looped.example  AAAA  ::1
absent.example          MX    10 mx.absent.example
private.example         A     192.168.1.25
literal.example         MX    10 45.30.2.1
self.example            MX    10 localhost
partly.example          MX    10 45.30.2.1
partly.example          MX    20 localhost
partly.example          MX    30 mx.good.example
dotted.example          MX    0 .
dotted.example          MX    10 mx.good.example
second.example          MX    10 mx.absent.example
second.example          MX    20 mx.good.example
ours.example            MX    10 mx.home.example
relayed.example         MX    10 relay.home.example
relay.home.example      A     45.20.8.1
backup.example          MX    10 mx.good.example
backup.example          MX    20 mx.home.example
broken.example          MX    10 mx.good.example
lame.example            MX    10 mx.lame.example
mx.lame.example         A     45.30.2.1
slow.example            MX    10 mx.good.example
"""


def domain(name, sender, finding, codes=None, words="", **more):
    """A sender's domain, asked about from both families."""
    finding = f"sender-domain={finding}"
    if not finding.endswith("=pass"):
        finding += " callout=none"
    return Case(f"sender-domain: {name}", GOOD, NAME, sender,
                refused(codes, words) if codes else TAKEN, finding, **more)


SENDER_DOMAIN = [
    domain("no domain", "alice", "fail/syntax", "550 5.1.8", "has no domain"),
    domain("two dots", "a..b@good.example", "fail/syntax", "550 5.1.8",
           "neither a dot-string nor a quoted string"),
    domain("a bad label", "alice@good.123", "fail/syntax", "550 5.1.8",
           "the domain is not a host name"),
    domain("a long local part", f"{'a' * 65}@good.example", "pass"),
    domain("no such name", "alice@nowhere.example", "fail/nxdomain",
           "550 5.1.8", "nowhere.example does not exist in DNS"),
    domain("null MX", "alice@null.example", "fail/null-mx", "550 5.7.27",
           "takes no mail"),
    domain("no MX, no address", "alice@hollow.example", "fail/no-address",
           "550 5.1.8", "neither an MX record nor an address"),
    domain("MX at private addresses", "alice@inner.example",
           "fail/unroutable", "550 5.1.8", "10.0.0.25"),
    domain("MX at loopback", "alice@looped.example", "fail/unroutable",
           "550 5.1.8", "127.0.0.1"),
    domain("MX that does not exist", "alice@absent.example",
           "fail/unroutable", "550 5.1.8", "mx.absent.example does not exist"),
    domain("an address for MX", "alice@literal.example", "fail/unroutable",
           "550 5.1.8", "45.30.2.1 is an address and no host name"),
    domain("MX is localhost", "alice@self.example", "fail/unroutable",
           "550 5.1.8", "localhost is the host that asks"),
    domain("MX is neither", "alice@partly.example", "pass"),
    domain("a private address for MX", "alice@private.example",
           "fail/unroutable", "550 5.1.8", "192.168.1.25"),
    domain("a private literal", "alice@[10.0.0.25]", "fail/unroutable",
           "550 5.1.8", "[10.0.0.25]"),
    domain("MX is this host", "alice@ours.example", "fail/points-at-us",
           "550 5.1.8", "mx.home.example"),
    domain("MX is one of us", "alice@relayed.example", "fail/points-at-us",
           "550 5.1.8", "relay.home.example"),
    domain("SERVFAIL for MX", "alice@broken.example", "temperror",
           DNS_TROUBLE, "broken.example could not be looked up"),
    domain("SERVFAIL for its address", "alice@lame.example", "temperror",
           DNS_TROUBLE, "mx.lame.example could not be looked up"),
    domain("the null sender", "", "none"),
    domain("our own domain", "alice@home.example", "none"),
    domain("below our own domain", "alice@host.home.example", "none"),
    domain("by MX", "alice@good.example", "pass"),
    domain("by A", "alice@addressed.example", "pass"),
    domain("by AAAA", "alice@addressed6.example", "pass"),
    domain("by literal", "alice@[45.30.2.1]", "pass"),
    domain("by IPv6 literal", "alice@[IPv6:2a10:30:2::1]", "pass"),
    domain("by the second MX", "alice@second.example", "pass"),
    domain("a null MX among others", "alice@dotted.example", "pass"),
    domain("we are a backup", "alice@backup.example", "pass"),
    domain("in capitals, with a dot", "alice@GOOD.Example.", "pass"),
]

# What an exchanger says, what is found, and what of it the reply repeats.
ACCEPTS, NO_MAILBOX, NO_BOUNCES, GREYLISTED, UNREACHABLE = (
    "pass", "fail/no-such-mailbox", "fail/refuses-bounces",
    "temperror/greylisted", "temperror/unreachable")
BLOCKED, NEEDS_TLS = "unknown/blocked-us", "unknown/needs-tls"
CODES = {NO_MAILBOX: "550 5.1.7", NO_BOUNCES: "550 5.1.7",
         GREYLISTED: "450 4.1.7", UNREACHABLE: "450 4.1.7",
         BLOCKED: "450 4.1.7", NEEDS_TLS: "450 4.1.7"}
SILENT, NO_ROUTE = ("45.40.0.1", "2a10:40::1"), ("45.41.0.1", "2a10:41::1")
REFUSED = "45.30.60.60", "2a10:30:60::60"

EXCHANGERS = [
    ("accepts", dict(), ACCEPTS, ""),
    ("forwards", dict(rcpt="251 2.1.5 will forward"), ACCEPTS, ""),
    ("cannot-tell", dict(rcpt="252 2.1.5 will try"), ACCEPTS, ""),
    ("full", dict(rcpt="552 5.2.2 mailbox full"), ACCEPTS, ""),
    ("full-plain", dict(rcpt="552 no room"), ACCEPTS, ""),
    ("full-now", dict(rcpt="452 4.2.2 over quota"), ACCEPTS, ""),
    ("dies-after", dict(rcpt=["250 2.1.5 ok", RESET]), ACCEPTS, ""),
    ("no-such-user", dict(rcpt="550 5.1.1 no such user"), NO_MAILBOX,
     'answered 550 to RCPT TO:<alice@no-such-user.{}.example>:'
     ' "5.1.1 no such user"'),
    ("no-status", dict(rcpt="550 unknown user"), NO_MAILBOX, "unknown user"),
    ("lines", dict(rcpt=["550-5.1.1 no such user", "550 5.1.1 go away"]),
     NO_MAILBOX, "go away"),
    ("disabled", dict(rcpt="550 5.2.1 mailbox disabled"), NO_MAILBOX,
     "mailbox disabled"),
    ("no-relay", dict(rcpt="554 5.7.1 relay access denied"), NO_MAILBOX,
     "relay access denied"),
    ("no-relaying", dict(rcpt="550 relaying denied"), NO_MAILBOX, "relaying"),
    ("list", dict(rcpt="524 5.2.4 Mailing list expansion problem"),
     NO_MAILBOX, "answered 524"),
    ("policy-no-user", dict(rcpt="550 5.7.1 No such user!"), NO_MAILBOX,
     "No such user!"),
    ("no-relay-to-us", dict(rcpt=["550-log in, mx.home.example",
                                  "550 you are not permitted to relay"]),
     NO_MAILBOX, "not permitted to relay"),
    ("full-not-found", dict(rcpt="552 1 aborted, mailbox not found"),
     NO_MAILBOX, "mailbox not found"),
    ("no-bounces-to-it",
     dict(rcpt="550 5.7.1 <>: Sender address rejected: Access denied"),
     NO_BOUNCES, "answered 550 to RCPT"),
    ("no-bounces", dict(mail={"": "550 5.1.7 no bounces"}), NO_BOUNCES,
     "answered 550 to MAIL FROM:<>"),
    ("no-null-sender", dict(mail="553 sender needed"), NO_BOUNCES,
     "sender needed"),
    ("greylists", dict(rcpt="450 4.2.0 come later"), GREYLISTED,
     "come later"),
    ("greylists-mail", dict(mail="451 4.7.1 not now"), GREYLISTED,
     "not now"),
    ("unwelcome", dict(greeting="554 5.7.1 no service"), BLOCKED,
     "answered 554 to our connection"),
    ("unwelcome-name", dict(ehlo="550 go away", helo="550 go away"), BLOCKED,
     "answered 550 to EHLO or HELO"),
    ("names-us", dict(rcpt="550 5.1.1 mx.home.example is not welcome"),
     BLOCKED, "not welcome"),
    ("names-address", dict(rcpt="550 5.7.1 {us} is listed"), BLOCKED,
     "is listed"),
    ("names-address-plain", dict(mail="550 {us} rejected"), BLOCKED,
     "rejected"),
    ("blocklist", dict(rcpt="554 refused, see www.spamhaus.org"), BLOCKED,
     "spamhaus"),
    ("policy", dict(rcpt="550 5.7.1 not by our policy"), BLOCKED,
     "not by our policy"),
    ("needs-tls", dict(mail="530 5.7.0 issue STARTTLS first"), NEEDS_TLS,
     "STARTTLS"),
    ("open-relay", dict(rcpt="551 excessive unknown recipients, open relay"),
     BLOCKED, "open relay"),
    ("denies", dict(rcpt="554 denied"), BLOCKED, "denied"),
    ("no-rcpt", dict(rcpt="502 5.5.1 unrecognised"), BLOCKED, "502"),
    ("busy", dict(greeting=["421 4.3.2 busy", CLOSE]), UNREACHABLE,
     "answered 421"),
    ("busy-greeting", dict(greeting="450 4.3.2 not now"), UNREACHABLE,
     "answered 450"),
    ("busy-later", dict(rcpt=["421 4.3.2 shutting down", CLOSE]),
     UNREACHABLE, "answered 421"),
    ("closes", dict(greeting=[CLOSE]), UNREACHABLE, "closed the connection"),
    ("resets", dict(rcpt=[RESET]), UNREACHABLE, "closed the connection"),
    ("mute", dict(greeting=[SILENCE]), UNREACHABLE, "did not answer"),
    ("falls-silent", dict(rcpt=[SILENCE]), UNREACHABLE, "did not answer"),
    ("ourselves", dict(greeting="220 mx.home.example ESMTP"), UNREACHABLE,
     "is ourselves"),
    ("not-smtp", dict(greeting="SSH-2.0-OpenSSH_9.9"), UNREACHABLE,
     "that is not SMTP"),
    ("refuses", REFUSED, UNREACHABLE, "refused the connection"),
    ("nobody", SILENT, UNREACHABLE, "did not answer our connection in time"),
    ("no-route", NO_ROUTE, UNREACHABLE, "could not be reached"),
]
FAMILIES = ("four", "six")


def exchanger_address(number, family, script):
    """Where an exchanger stands: where its row says, or at its number."""
    if isinstance(script, tuple):
        return script[family]
    return f"2a10:30:50::{number}" if family else f"45.30.50.{number}"


def sites():
    """Each row of EXCHANGERS twice: number, family, its domain, and itself."""
    for number, row in enumerate(EXCHANGERS, 1):
        for family, word in enumerate(FAMILIES):
            yield number, family, f"{row[0]}.{word}.example", row


def site_records():
    """An MX and one address for each of the sites."""
    for number, family, name, row in sites():
        yield (f"{name} MX 10 mx.{name}\nmx.{name} {('A', 'AAAA')[family]}"
               f" {exchanger_address(number, family, row[1])}\n")


def open_sites(lab):
    """Start the exchangers that are scripted."""
    ours = "45.1.0.1", "2a10:1::1"
    for number, family, _, (_, script, *_) in sites():
        if isinstance(script, dict):
            said = {step: what.replace("{us}", ours[family])
                    if isinstance(what, str) else what
                    for step, what in script.items()}
            lab.peer(exchanger_address(number, family, script), **said)


def callouts():
    """The cases about EXCHANGERS; IPv4 clients send from sites of IPv4."""
    for _, family, name, (what, _, finding, words) in sites():
        words = words.replace("{}", FAMILIES[family])
        yield Case(f"callout: {what} by {('IPv4', 'IPv6')[family]}",
                   GOOD[family], NAME, f"alice@{name}",
                   refused(CODES[finding], words) if finding in CODES
                   else TAKEN, f"callout={finding} sender-domain=pass")


# What is not known in time, and what the retry finds then.
SLOW_POLICY = POLICY.replace("policy:\n", "policy:\n  reply-within: 500ms\n", 1)
SLOW_SITE = SITE | {
    "dns": '{servers: ["45.30.0.54"], timeout: 3s, attempts: 1, budget: 6s}'}
PATIENCE = "still verifying"
SLOW = [
    Case("sender-domain: not in time", GOOD, NAME, "alice@slow.example",
         refused(DNS_TROUBLE, PATIENCE),
         "sender-domain=temperror/in-progress"),
    Case("callout: not in time", GOOD, NAME, "alice@slow-exchanger.example",
         refused("450 4.1.7", PATIENCE), "callout=temperror/in-progress"),
    Case("callout: not in time, refused then", GOOD, NAME,
         "nobody@slow-exchanger.example",
         refused("450 4.1.7", PATIENCE), "callout=temperror/in-progress"),
]
RETRIED = [
    replace(SLOW[0], reply=TAKEN, finds="sender-domain=pass callout=pass"),
    replace(SLOW[1], reply=TAKEN, finds="callout=pass",
            logged={"kept": "dns,callout"}),
    replace(SLOW[2], reply=refused("550 5.1.7", "no such mailbox"),
            finds="callout=fail/no-such-mailbox",
            logged={"kept": "dns,callout"}),
]
SLOW_RECORDS = """
slow-exchanger.example  MX    10 mx.slow-exchanger.example
mx.slow-exchanger.example  A  45.30.51.1
"""


def main():
    records = RECORDS + SLOW_RECORDS + "".join(site_records())
    with Lab(policy=POLICY, site=SITE, records=records) as lab:
        broken = dnsfaults.rcode(SERVFAIL)
        lab.dns.on("broken.example", "MX", broken)
        lab.dns.on("mx.lame.example", "*", broken)
        lab.dns.on("slow.example", "MX", dnsfaults.pause(1800),
                   dnsfaults.truth)
        for address in ("45.30.2.1", "2a10:30:2::1"):
            lab.peer(address)
        slow = lab.peer("45.30.51.1", greeting=[0.8, "220 slow"],
                        mail=[0.8, "250 2.1.0 ok"],
                        rcpt={"nobody@*": "550 5.1.1 no such mailbox"})
        open_sites(lab)
        lab.play([*SENDER_DOMAIN, *callouts()])
        lab.reload(SLOW_POLICY, **SLOW_SITE)
        lab.play(SLOW, at_once=16)
        time.sleep(2)
        lab.play(RETRIED)
        lab.tally.equal("callout: the slow exchanger was asked once for each",
                        2, len(slow.sessions))


run(main, "postfix", "sendmail")
