#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The milter protocol in any order: rows M1 to M8, M13, M14, M16 and M19.

Spoken to the daemon without an MTA between, so that steps can come as no MTA
sends them.
"""

import struct
from contextlib import ExitStack

from lab import Lab, run
from lab.client import Client
from lab.milter import Milter
from lab.process import wait_until

POLICY = """
policy:
  helo-syntax: {fail: reject}
  helo-forward: {fail: tempfail, temperror: tempfail}
  client-ptr: {fail: tag}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
exceptions:
  - {name: postmaster, recipients: ["postmaster@*"], do: accept}
"""
GOOD = "mail.good.example"
ALICE, NOBODY = "<alice@good.example>", "<nobody@good.example>"
BOB, POSTMASTER = "<bob@home.example>", "<postmaster@home.example>"
NO_MAILBOX = r"reply 550.5\.1\.7 .*no such user.*"
BAD_HELO = r"reply 550.5\.5\.2 .*"
GO_ON = "continue"


def main():
    with Lab(servers=["postfix"], policy=POLICY) as lab:
        lab.peer("45.30.2.1", rcpt={"nobody@*": "550 5.1.1 no such user",
                                    "*": "250 2.1.5 ok"})
        for name, steps in SESSIONS.items():
            play(lab, name, steps)
        check_nothing_said(lab)
        check_old_mta(lab)
        check_broken_packets(lab)
        check_held_packets(lab)
        check_odd_macros(lab)
        check_many_recipients(lab)
        check_starttls(lab)
        lab.tally.equal("still runs", True, lab.bonafided.running())
        lab.tally.equal("no word above debug about those who said nothing", [],
                        [line for line in lab.bonafided.log().splitlines()
                         if " error: " in line])


# A session is a row of steps, each a name of Milter's with its arguments; where
# a third part stands, it is what the answer must look like.
START = [("negotiate",), ("connect", (GOOD, "45.20.1.1"))]
SESSIONS = {
    "in order": [
        *START, ("helo", (GOOD,)), ("mail", (ALICE,)), ("rcpt", (BOB,), GO_ON)],
    "M2, HELO without CONNECT": [
        ("negotiate",), ("helo", (GOOD,)), ("mail", (ALICE,)),
        ("rcpt", (BOB,), GO_ON)],
    "M2, MAIL without CONNECT and HELO": [
        ("negotiate",), ("mail", (ALICE,)), ("rcpt", (BOB,), BAD_HELO)],
    "M3, no family": [
        ("negotiate",), ("connect", ("host",)), ("helo", ("word",)),
        ("mail", (ALICE,)), ("rcpt", (BOB,), BAD_HELO)],
    "M4, HELO twice, the last one counts": [
        *START, ("helo", ("word",)), ("helo", (GOOD,)), ("mail", (ALICE,)),
        ("rcpt", (BOB,), GO_ON)],
    "M4, HELO twice, the last one is bad": [
        *START, ("helo", (GOOD,)), ("helo", ("word",)), ("mail", (ALICE,)),
        ("rcpt", (BOB,), BAD_HELO)],
    "M4, HELO after MAIL": [
        *START, ("helo", ("word",)), ("mail", (ALICE,)), ("abort",),
        ("helo", (GOOD,)), ("mail", (ALICE,)), ("rcpt", (BOB,), GO_ON)],
    "M5, several messages": [
        *START, ("helo", (GOOD,)),
        ("mail", (ALICE,)), ("rcpt", (BOB,), GO_ON),
        ("end_of_message", (), r"accept|continue"),
        ("mail", (NOBODY,)), ("rcpt", (BOB,), NO_MAILBOX), ("abort",),
        ("mail", (ALICE,)), ("rcpt", (BOB,), GO_ON),
        ("end_of_message", (), r"accept|continue")],
    "M5, abort between": [
        *START, ("helo", (GOOD,)), ("mail", (NOBODY,)), ("abort",),
        ("mail", (ALICE,)), ("rcpt", (BOB,), GO_ON), ("abort",), ("abort",),
        ("mail", (NOBODY,)), ("rcpt", (BOB,), NO_MAILBOX)],
    "two recipients, two answers": [
        *START, ("helo", (GOOD,)), ("mail", (NOBODY,)),
        ("rcpt", (POSTMASTER,), GO_ON), ("rcpt", (BOB,), NO_MAILBOX),
        ("rcpt", (POSTMASTER,), GO_ON)],
    "M5, no reply is left over": [
        *START, ("helo", (GOOD,)), ("mail", (NOBODY,)),
        ("rcpt", (BOB,), NO_MAILBOX), ("abort",), ("mail", (ALICE,)),
        ("rcpt", (BOB,), GO_ON), ("abort",), ("helo", ("mail.none.example",)),
        ("mail", (ALICE,)), ("rcpt", (BOB,), r"reply 450.4\.7\.1 (?!.*mailbox)"
                             r".*mail\.none\.example.*")],
    "another client on the connection": [
        *START, ("helo", (GOOD,)), ("mail", (ALICE,)), ("rcpt", (BOB,), GO_ON),
        ("end_of_message", (), r"accept|continue"), ("next_client",),
        ("connect", ("mail.other.example", "45.20.3.1"), GO_ON),
        ("helo", ("word",)), ("mail", (ALICE,)), ("rcpt", (BOB,), BAD_HELO)],
    "MAIL begun anew without abort": [
        *START, ("helo", (GOOD,)), ("mail", (NOBODY,)),
        ("rcpt", (BOB,), NO_MAILBOX), ("mail", (ALICE,)),
        ("rcpt", (BOB,), GO_ON)],
    "close within a message": [
        *START, ("helo", (GOOD,)), ("mail", (ALICE,))],
    "quit": [*START, ("quit",)],
    "the longest HELO name": [
        *START, ("helo", ("a" * 60000,)), ("mail", (ALICE,)),
        ("rcpt", (BOB,), BAD_HELO)],
}


def play(lab, name, steps):
    with Milter() as milter:
        for number, (step, *rest) in enumerate(steps, 1):
            answer = getattr(milter, step)(*(rest[0] if rest else ()))
            if len(rest) > 1:
                lab.tally.check(f"{name}: {number} {step}", rest[1],
                                f"{answer.verdict} {answer.text}".strip())


def check_nothing_said(lab):
    """Connections that end without a byte, or after a negotiation (M1)."""
    for _ in range(20):
        Milter().close()
        with Milter() as milter:
            milter.negotiate()
    with Milter() as milter:    # a step without one gets no answer
        milter.send(b"H", GOOD.encode() + b"\0")


def check_old_mta(lab):
    """An MTA of version 2 that lets no header field be changed (M7): what it
    sends of them, unasked, changes nothing."""
    with Milter() as milter:
        milter.negotiate(version=2, actions=0x08, protocol=0x7f)
        lab.tally.equal("old MTA: actions asked for", 0, milter.actions)
        lab.tally.equal("old MTA: steps beyond its own", 0,
                        milter.protocol & ~0x7f)
        milter.connect(GOOD, "45.20.1.1")
        milter.helo(GOOD)
        milter.mail(NOBODY)
        answer = milter.rcpt(BOB)
        lab.tally.check("old MTA: reply", NO_MAILBOX,
                        f"{answer.verdict} {answer.text}")
        milter.abort()
        milter.mail(ALICE)
        lab.tally.equal("old MTA: goes on", GO_ON, milter.rcpt(BOB).verdict)
        lab.tally.equal("old MTA: a header field", GO_ON, milter.header(
            "Authentication-Results", "mx.home.example; iprev=pass").verdict)
        answer = milter.end_of_message()
        lab.tally.equal("old MTA: end", ("accept", []),
                        (answer.verdict.replace(GO_ON, "accept"),
                         answer.changes))
    with Milter() as milter:
        milter.negotiate()
        lab.tally.equal("macros at MAIL", {"i", "{auth_authen}"},
                        set(milter.symbols.get(2, [])))


def check_broken_packets(lab):
    """Packets that are none (M14)."""
    for name, octets in (("half a packet", b"\0\0\0\x20H"),
                         ("4 GiB", struct.pack("!I", 0xffffffff) + b"H"),
                         ("length 0", struct.pack("!I", 0)),
                         ("unknown command", struct.pack("!I", 1) + b"z")):
        with Milter() as milter:
            milter.negotiate()
            milter.send_octets(octets)
        with Milter() as milter:
            milter.negotiate()
            milter.connect(GOOD, "45.20.1.1")
            milter.helo(GOOD)
            milter.mail(ALICE)
            lab.tally.equal(f"after {name}: others are served", GO_ON,
                            milter.rcpt(BOB).verdict)


def check_held_packets(lab):
    """Half a packet, and then silence (M13), while others are served."""
    with ExitStack() as stack:
        for _ in range(20):
            milter = stack.enter_context(Milter())
            milter.negotiate()
            milter.send_octets(b"\0\0\0\x20H")
        for number in range(20):
            milter = stack.enter_context(Milter())
            milter.begin(ALICE)
            answer = milter.rcpt(BOB)
            lab.tally.equal(f"M13, silence held: session {number}",
                            (GO_ON, True),
                            (answer.verdict, answer.seconds < 2))


def check_odd_macros(lab):
    """A macro without a value, of each stage, after which libmilter reads what
    is not its own (M19): that connection ends, and nobody else's."""
    with Milter() as other:
        other.begin(ALICE)
        for stage in (b"C", b"H", b"M", b"R", b"T", b"N", b"E"):
            for count in (1, 3, 5, 7, 9, 31) * 3:
                with Milter() as milter:
                    milter.negotiate()
                    milter.send(b"D", stage + b"name\0" * count)
                    try:
                        milter.mail(ALICE)
                    except OSError:
                        pass            # it has hung up before
        lab.tally.equal("M19: a session that was open goes on", GO_ON,
                        other.rcpt(BOB).verdict)
    lab.tally.equal("M19: it has not ended", True, lab.bonafided.running())
    with Milter() as milter:
        milter.negotiate()
        milter.send(b"D", b"Mi\0")
        lab.tally.equal("M19: the connection ends", (b"", b""),
                        milter.receive())
    with Milter() as milter:
        milter.negotiate()
        milter.connect(GOOD, "45.20.1.1")
        milter.helo(GOOD)
        milter.mail(ALICE, i="M19-QUEUE", auth_authen="bob")
        lab.tally.equal("M19: macros with values are taken", GO_ON,
                        milter.rcpt(BOB, i="M19-QUEUE").verdict)
    wait_until(lambda: "queue=M19-QUEUE" in lab.bonafided.log(),
               "the queue id is logged")
    lab.tally.check("M19: it is said", ".* notice: .*a macro without a value.*",
                    lab.bonafided.log())


def check_many_recipients(lab):
    """One decision a message (M16)."""
    with Milter() as milter:
        milter.negotiate()
        milter.connect(GOOD, "45.20.1.1")
        milter.helo(GOOD)
        milter.mail(NOBODY)
        answers = {milter.rcpt(f"<user{i}@home.example>").verdict
                   for i in range(100)}
        lab.tally.equal("100 recipients: one answer", {"reply"}, answers)


def check_starttls(lab):
    """HELO again after STARTTLS, through Postfix (M4)."""
    server = lab.mtas[0].addresses[0]
    with Client(server, "45.20.1.1") as client:
        client.ehlo("word")
        client.starttls()
        client.ehlo(GOOD)
        client.mail(ALICE[1:-1])
        lab.tally.check("STARTTLS: the HELO after it counts", r"250 .*",
                        client.rcpt(BOB[1:-1]))


if __name__ == "__main__":
    run(main, "postfix")
