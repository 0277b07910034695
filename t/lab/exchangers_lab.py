#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How callouts go about: which exchanger is asked, in what order, in which
words, how many at once, and which never."""

import time
from concurrent.futures import ThreadPoolExecutor

from lab import Case, Lab, run
from lab.client import Client
from lab.daemon import settings
from lab.peer import CLOSE, RESET, SILENCE

POLICY = """
callout:
  timeout: {connect: 1s, reply: 2s, total: 8s}
  limits: {total: 1000, per-host: 4, waiting: 1000}
policy:
  reply-within: 9s
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail, unknown: continue}
"""
CLIENT, NAME, BOB = "45.20.1.1", "mail.good.example", "bob@home.example"
TAKEN = r"250 .*"
REFUSED = r"550[ -]5\.1\.7 .*"
NO_USER = "550 5.1.1 no such user"

# What the first exchanger does, and whether the second is asked then.
FIRST = {
    "refuses": (None, True),
    "greets-4xx": (dict(greeting="450 4.3.2 not now"), True),
    "greets-5xx": (dict(greeting="554 5.7.1 go away"), True),
    "says-421": (dict(mail=["421 4.3.2 closing", CLOSE]), True),
    "is-silent": (dict(greeting=[SILENCE]), True),
    "greylists": (dict(rcpt="451 4.7.1 greylisted"), True),
    "blocks-us": (dict(rcpt="550 5.7.1 45.1.0.1 is blocked"), True),
    "resets": (dict(ehlo=[RESET]), True),
    "has-no-such-user": (dict(rcpt=NO_USER), False),
    "accepts": (dict(), False),
    "accepts-and-resets": (dict(rcpt=["250 2.1.5 ok", RESET]), False),
}
RECORDS = "".join(
    f"{name}.example MX 10 first.{name}.example\n"
    f"{name}.example MX 20 second.{name}.example\n"
    f"first.{name}.example A 45.30.70.{number}\n"
    f"second.{name}.example A 45.30.71.{number}\n"
    for number, name in enumerate(FIRST, 1)) + """
equal.example           MX    10 one.equal.example
equal.example           MX    10 two.equal.example
one.equal.example       A     45.30.72.1
two.equal.example       A     45.30.72.2
implicit.example        A     45.30.72.3
implicit6.example       AAAA  2a10:30:72::3
null.example            MX    0 .
null.example            A     45.30.72.4
old.example             MX    10 mx.old.example
mx.old.example          A     45.30.72.5
plain.example           MX    10 mx.plain.example
mx.plain.example        A     45.30.72.6
wordy.example           MX    10 mx.wordy.example
mx.wordy.example        A     45.30.72.7
many.example            MX    10 mx.many.example
mx.many.example         A     45.30.72.8
private.example         MX    10 mx.private.example
mx.private.example      A     10.1.2.3
when.example            MX    10 mx.when.example
mx.when.example         A     45.30.72.9
"""


def main():
    with Lab(servers=["postfix", "postfix-peer", "exim-peer",
                      "opensmtpd-peer"], policy=POLICY,
             records=RECORDS) as lab:
        check_real_exchangers(lab)
        check_next(lab)
        check_choice(lab)
        check_words(lab)
        check_limits(lab)
        check_memory(lab)
        check_when_and_begin(lab)
        check_networks(lab)


def talk(lab, sender, recipient=BOB, helo=NAME, client=CLIENT):
    """One session; the reply to RCPT."""
    with Client(lab.mtas[0].addresses[0], client) as link:
        link.ehlo(helo)
        link.mail(sender)
        return link.rcpt(recipient)


def check_real_exchangers(lab):
    lab.play([Case(f"{name}: {who}", CLIENT, NAME, f"{who}@{name}.example",
                   reply)
              for name in ("postfix", "exim", "opensmtpd")
              for who, reply in (("alice", TAKEN), ("nobody", REFUSED))])


def check_next(lab):
    first, second = {}, {}
    for number, (name, (script, _)) in enumerate(FIRST.items(), 1):
        if script is not None:
            first[name] = lab.peer(f"45.30.70.{number}", **script)
        second[name] = lab.peer(f"45.30.71.{number}")
    with ThreadPoolExecutor(len(FIRST)) as pool:
        replies = pool.map(lambda name: talk(lab, f"alice@{name}.example"),
                           FIRST)
    for name, reply in zip(FIRST, replies):
        goes_on = FIRST[name][1]
        lab.tally.check(f"the first {name}", REFUSED if name ==
                        "has-no-such-user" else TAKEN, reply)
        lab.tally.equal(f"the first {name}: sessions at the second",
                        int(goes_on), len(second[name].sessions))
        if name in first:
            lab.tally.equal(f"the first {name}: sessions there", 1,
                            len(first[name].sessions))


def check_choice(lab):
    one, two = lab.peer("45.30.72.1"), lab.peer("45.30.72.2")
    for number in range(24):
        talk(lab, f"user{number}@equal.example")
    lab.tally.note("equal preference: both are asked first at times",
                   len(one.sessions) > 2 and len(two.sessions) > 2
                   and len(one.sessions) + len(two.sessions) == 24,
                   "more than 2 each, 24 together",
                   (len(one.sessions), len(two.sessions)))
    for name, address in (("implicit", "45.30.72.3"),
                          ("implicit6", "2a10:30:72::3")):
        peer = lab.peer(address)
        lab.tally.check(f"no MX: {name}", TAKEN,
                        talk(lab, f"alice@{name}.example"))
        lab.tally.equal(f"no MX: {name}: sessions", 1, len(peer.sessions))
    null = lab.peer("45.30.72.4")
    lab.tally.check("null MX", r"550[ -]5\.7\.27 .*",
                    talk(lab, "alice@null.example"))
    lab.tally.equal("null MX: never called", 0, len(null.sessions))


def lines(peer):
    return [line.text for line in peer.sessions[0].lines]


def check_words(lab):
    old = lab.peer("45.30.72.5", ehlo="502 5.5.1 what?")
    talk(lab, "alice@old.example")
    lab.tally.equal("EHLO refused: HELO", [
        "EHLO mx.home.example", "HELO mx.home.example", "MAIL FROM:<>",
        "RCPT TO:<alice@old.example>", "QUIT"], lines(old))
    for name, address, keywords in (("without", "45.30.72.6", ()),
                                    ("with", "45.30.72.7", ("PIPELINING",))):
        peer = lab.peer(address, keywords=keywords,
                        mail=[0.3, "250 2.1.0 ok"], rcpt=[0.3, "250-2.1.5 a",
                                                          "250 2.1.5 b"])
        domain = "plain" if name == "without" else "wordy"
        lab.tally.check(f"{name} PIPELINING", TAKEN,
                        talk(lab, f"alice@{domain}.example"))
        lab.tally.equal(f"{name} PIPELINING: lines", [
            "EHLO mx.home.example", "MAIL FROM:<>",
            f"RCPT TO:<alice@{domain}.example>", "QUIT"], lines(peer))
    with Client("45.30.72.7", None, host="world") as link:
        link.send(b"QUIT\r\n")      # the peer itself is there


def check_limits(lab):
    peer = lab.peer("45.30.72.8", rcpt=[0.4, "250 2.1.5 ok"])
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(
            lambda number: talk(lab, f"user{number}@many.example"), range(16)))
    lab.tally.equal("per-host: all are answered", {"250"},
                    {reply.code for reply in replies})
    lab.tally.equal("per-host: sessions at once", 4, peer.at_once())
    lab.bonafided.configure(settings(POLICY.replace("total: 1000",
                                                    "total: 2")))
    lab.bonafided.reload()
    peer.forget()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(
            lambda number: talk(lab, f"more{number}@many.example"), range(8)))
    lab.tally.equal("total: all are answered", {"250"},
                    {reply.code for reply in replies})
    lab.tally.equal("total: sessions at once", 2, peer.at_once())
    lab.bonafided.configure(settings(POLICY))
    lab.bonafided.reload()


def check_memory(lab):
    before = len(lab.bonafided.verdicts())
    talk(lab, "more1@many.example")
    lab.tally.equal("the second session: kept", "dns,callout",
                    lab.bonafided.verdicts(before + 1)[before].get("kept"))


# callout.when, callout.begin, and after which commands a callout was made.
TIMES = [
    ("clean", "rcpt", NAME, (0, 1)), ("clean", "mail", NAME, (1, 1)),
    ("clean", "rcpt", "word", (0, 0)),
    ("suspicious", "rcpt", NAME, (0, 0)),
    ("suspicious", "rcpt", "word", (0, 1)),
    ("always", "rcpt", "word", (0, 1)), ("always", "mail", "word", (1, 1)),
    ("never", "rcpt", NAME, (0, 0)),
]


def check_when_and_begin(lab):
    peer = lab.peer("45.30.72.9")
    for number, (when, begin, helo, expected) in enumerate(TIMES):
        text = POLICY.replace("callout:\n", f"callout:\n  when: {when}\n"
                              f"  begin: {begin}\n", 1)
        text = text.replace("  sender-domain", "  helo-syntax: {fail: "
                            "tempfail}\n  sender-domain", 1)
        lab.bonafided.configure(settings(text))
        lab.bonafided.reload()
        peer.forget()
        with Client(lab.mtas[0].addresses[0], CLIENT) as link:
            link.ehlo(helo)
            link.mail(f"user{number}@when.example")
            time.sleep(0.3)
            after_mail = len(peer.sessions)
            link.rcpt(BOB)
            time.sleep(0.1)
        lab.tally.equal(f"when {when}, begin {begin}, HELO {helo}: callouts "
                        "after MAIL and RCPT", expected,
                        (after_mail, len(peer.sessions)))
    lab.bonafided.configure(settings(POLICY))
    lab.bonafided.reload()


def check_networks(lab):
    """A reserved network is called only when the file names it."""
    lab.tally.check("10.1.2.3, not allowed", r"550[ -]5\.1\.8 .*10\.1\.2\.3.*",
                    talk(lab, "alice@private.example"))
    lab.bonafided.configure(settings(POLICY.replace(
        "callout:\n", "callout:\n  networks: [10.0.0.0/8]\n", 1)))
    lab.bonafided.reload()
    lab.tally.check("10.1.2.3, allowed but not there", r"45\d[ -]4\.1\.7 .*",
                    talk(lab, "alice@private.example"))


run(main, "postfix", "exim", "opensmtpd")
