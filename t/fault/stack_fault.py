#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The worst that strangers can send needs a quarter of a thread's stack at
most: each thread has one of 128 KiB here, not of 512. Row P7 of the faults to
survive; frames and chains of calls are measured by t/style/stack.
"""

import os

from lab import Lab, run
from lab.dnsfaults import ADDRESSES, raw
from lab.milter import Milter
from lab.process import wait_until

LIBRARY = "/usr/lib/small-stacks.so"
SITE = {"dns": f'{{servers: ["{ADDRESSES[0]}"], timeout: 1s, budget: 3s}}',
        "log": "{to: stderr, level: debug}"}
POLICY = """
callout: {when: always}
policy:
  helo-syntax: {fail: tag}
  helo-forward: {fail: tag}
  helo-match: {fail: tag}
  client-ptr: {fail: tag}
  dnsbl: {zones: [{name: bl.example}], fail: tag}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""
BOB = "<bob@home.example>"
LONG = 30000
DEEP = "policy:\n" + "".join(f"{'  ' * level}a:\n" for level in range(1, 15))
WIDE, PAIRS = "\u00e9." * 60, "\\x" * 5000
ROUTE = ",@".join(["x.example"] * 2000)
# HELO name and sender, each pair one session.
SAID = [
    ("x" * LONG, f"<{'x' * LONG}@good.example>"),
    ("x." * (LONG // 2), f"<a@{'x.' * (LONG // 2)}example>"),
    (f"{WIDE}example", f"<a@{WIDE}example>"),
    (".".join(["x" * 63] * 4), f'<"{PAIRS}"@good.example>'),
    ("[IPv6:" + ":" * LONG, f"<@{ROUTE}:a@b.example>"),
    ("%" * LONG, "<" + "(" * LONG + "a@good.example" + ")" * LONG + ">"),
    ("mail.good.example", "<alice@good.example>"),
    ("mail.pointers.example", "<alice@pointers.example>"),
    ("mail.many.example", "<alice@many.example>"),
]


def main():
    with Lab(servers=(), policy=POLICY, site=SITE) as lab:
        lab.peer("45.30.2.1", keywords=["8BITMIME"] * 99,
                 rcpt=["550-5.1.1 " + "no " * 150] * 90 + ["550 5.1.1 no"])
        lab.dns.on("*.pointers.example", "*", raw(b"\xc0\x0c" * 700))
        lab.dns.on("*.many.example", "*", raw(b"\xff" * 1200))
        lab.bonafided.root.show(os.environ["FAULT_STACK"], LIBRARY)
        lab.bonafided.stop()
        lab.bonafided.launch(LD_PRELOAD=LIBRARY)
        lab.bonafided.ready()
        check_size(lab)
        for helo, sender in SAID:
            check_session(lab, helo, sender)
        check_reload(lab)
        lab.tally.equal("it runs", True, lab.bonafided.running())


def check_size(lab):
    """The stacks are as small as is said here."""
    with open(f"/proc/{lab.bonafided.child.pid}/maps",
              encoding="ascii") as file:
        spans = [line.split()[0].split("-") for line in file
                 if line.split()[1] == "rw-p" and len(line.split()) == 5]
    sizes = [int(end, 16) - int(begin, 16) for begin, end in spans]
    threads = len(os.listdir(f"/proc/{lab.bonafided.child.pid}/task"))
    small = sum(size // 1024 == 128 for size in sizes)
    lab.tally.note("stacks of 128 KiB", small >= threads - 1,
                   f"{threads - 1} or more", small)


def check_session(lab, helo, sender):
    """It ends with a verdict, whichever."""
    count = len(lab.bonafided.verdicts())
    with Milter() as milter:
        milter.begin(sender, helo)
        answer = milter.rcpt(BOB)
        for number in range(50):
            milter.header(f"Authentication-Results-{number}", "x;" * 2000)
    lab.tally.note(f"{helo[:12]} {sender[:12]}: answered",
                   answer.verdict in ("reply", "continue"), "an answer",
                   answer.verdict)
    wait_until(lambda: len(lab.bonafided.verdicts()) > count, "its verdict")


def check_reload(lab):
    """A policy file as deep as one may be, on the thread that reads it."""
    count = lab.bonafided.notes.count("READY=1")
    lab.bonafided.configure(DEEP)
    lab.bonafided.signal(1)
    lab.bonafided.ready(count + 1)
    lab.tally.equal("a deep file: the policy stays", True,
                    "the policy stays as it was" in lab.bonafided.log())


if __name__ == "__main__":
    run(main)
