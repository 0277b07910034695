#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whatever octets strangers send, a line of the log stays one line, and a
reply one reply. Rows P16 and M9 of the faults to survive.
"""

import re

from lab import Lab, run
from lab.client import Client
from lab.daemon import settings
from lab.milter import Milter

POLICY = r"""
policy:
  helo-syntax: {fail: {do: reject,
    text: "%{helo} from %{sender} to %{recipient}: %{detail}"}}
"""
BOB = "<bob@home.example>"
# What a stranger may hope to get into a log or a reply, with every octet
TRICKS = (b"\r\nverdict=accept", b'" verdict=accept x="', b"%s%n%{client}",
          b"\x1b]0;x\x07\x1b[2J", b"\\x41\\", b"=", b"\xe2\x80\xae\xff",
          b"a b", b"'$(id)`id`")
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "
                  r"(?:error|warning|notice|info|debug): [ -~]*")
REPLY = re.compile(r"550([ -])5\.5\.2 [ -~]*")


def main():
    with Lab(servers=["postfix"], policy=POLICY,
             site={"log": "{to: stderr, level: debug}"}) as lab:
        check_octets(lab)
        check_tricks(lab)
        check_length(lab)
        check_through_postfix(lab)
        check_lines(lab)
        lab.bonafided.configure(settings(POLICY))


def say(text):
    """A session that says these octets wherever it can: the reply's lines.

    The milter's protocol ends every text with NUL, so that is never in one.
    """
    text = text.decode("utf-8", "surrogateescape")
    with Milter() as milter:
        milter.negotiate()
        milter.connect(text, "45.20.1.1")
        milter.helo(text, j=text)
        milter.mail(f"<{text}@good.example>", f"X={text}", i=text)
        answer = milter.rcpt(f"<{text}@home.example>", i=text)
    return answer.text.split("\r\n")


def compare(lab, name, text):
    """Say it, and look at the reply and the verdict's line."""
    count = len(lab.bonafided.verdicts())
    lines = say(text)
    lab.tally.equal(f"{name}: lines of the reply that are none", [],
                    [line for line in lines if not REPLY.fullmatch(line)])
    lab.tally.equal(f"{name}: one verdict", ["reject"],
                    [line["verdict"] for line
                     in lab.bonafided.verdicts(count + 1)[count:]])


def check_octets(lab):
    """Every octet there is, alone, within a word, and doubled."""
    before = len(lab.bonafided.verdicts())
    broken = []
    for octet in range(1, 256):
        one = bytes([octet])
        for text in (one, b"a" + one, one * 2):
            broken += [(text, line) for line in say(text)
                       if not REPLY.fullmatch(line)]
    lab.tally.equal("every octet: lines of a reply that are none", [], broken)
    verdicts = lab.bonafided.verdicts(before + 3 * 255)[before:]
    lab.tally.equal("every octet: verdicts", 3 * 255, len(verdicts))


def check_tricks(lab):
    for text in TRICKS:
        compare(lab, f"{text}", text)


def check_length(lab):
    """Long texts are cut, and what follows them still stands."""
    for text in (b"x" * 30000, b"\xff" * 30000, b"%" * 30000,
                 b"x." * 15000 + b"\r\n"):
        compare(lab, f"{text[:2]} {len(text)} octets", text)
        last = lab.bonafided.log().splitlines()[-1]
        lab.tally.note("a line has its end", len(last) < 2200, "under 2200",
                       len(last))


def check_through_postfix(lab):
    """The same through an MTA, which lets most of it pass."""
    server = lab.mtas[0].addresses[0]
    for text in TRICKS[1:]:
        with Client(server, "45.20.1.1") as client:
            shown = text.decode("utf-8", "surrogateescape")
            client.ehlo(shown)
            client.mail("a@good.example")
            reply = client.rcpt(BOB[1:-1])
            lab.tally.equal(f"postfix, {text}: lines that are none", [],
                            [line for line in reply.split("\n")
                             if not REPLY.fullmatch(line)])


def check_lines(lab):
    log = lab.bonafided.log()
    lab.tally.equal("the log: lines that are none", [],
                    [line for line in log.split("\n")[:-1]
                     if not LINE.fullmatch(line)])
    lab.tally.equal("the log: verdicts that were not ours", {"reject"},
                    {line["verdict"] for line in lab.bonafided.verdicts()})


if __name__ == "__main__":
    run(main, "postfix")
