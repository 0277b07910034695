#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The wall clock jumps while it runs, and the machine sleeps: deadlines, what
is kept and the log go on. Rows P8 and P9 of the faults to survive.

The wall clock is the daemon's alone: clock_preload.c adds to it what a file
says. CLOCK_MONOTONIC does not count the time of a suspend on Linux; what a
process sees of one is a stop, after which all that was due is late.
"""

import calendar
import os
import re
import signal
import time
from contextlib import ExitStack

from lab import Lab, run
from lab.dnsfaults import ADDRESSES, silence
from lab.milter import Milter
from lab.peer import SILENCE
from lab.process import wait_until

LIBRARY, SHIFT = "/usr/lib/clock.so", "/run/clock-shift"
HOUR, YEAR = 3600, 366 * 86400
BOB = "<bob@home.example>"
WITHIN, MORE = 3.0, 5.0         # reply-within; what a busy machine may need
SLEEP = 12.0                    # beyond every timeout below
WAITING = 20
SITE = {"dns": f'{{servers: ["{ADDRESSES[0]}"], timeout: 1s, budget: 5s}}'}
POLICY = """
callout: {when: always, timeout: {connect: 2s, reply: 4s, total: 6s},
          limits: {per-host: 1000, per-domain: 1000/1s}}
policy:
  reply-within: 3s
  helo-forward: {fail: {tempfail: 30m, then: reject}}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""


JUMPS = [("an hour on", HOUR), ("an hour back", -HOUR), ("a year on", YEAR),
         ("a year back", -YEAR)]
# One silent exchanger a jump, and one more: each is left alone afterwards.
RECORDS = "".join(f"silent{i}.example MX 10 mx.silent{i}.example\n"
                  f"mx.silent{i}.example A 45.30.2.{2 + i}\n"
                  for i in range(len(JUMPS) + 1))


def main():
    with Lab(servers=(), policy=POLICY, site=SITE, records=RECORDS) as lab:
        peer = lab.peer("45.30.2.1", rcpt={
            "gone@good.example": "550 5.1.1 no such user"})
        silent = [lab.peer(f"45.30.2.{2 + i}", rcpt=SILENCE)
                  for i in range(len(JUMPS) + 1)]
        lab.dns.on("silent.example", "*", silence)
        begin(lab)
        for number, (name, seconds) in enumerate(JUMPS):
            check_jump(lab, silent[number], f"silent{number}", name, seconds)
        lab.tally.equal("callouts about the known ones", 2, len(peer.sessions))
        check_end(lab)
        lab.bonafided.launch()
        lab.bonafided.ready()
        check_sleep(lab, silent[-1])


def set_clock(lab, seconds):
    """Show the daemon a wall clock so many seconds away from ours."""
    path = lab.bonafided.root.path(SHIFT)
    with open(path + "~", "w", encoding="ascii") as file:
        file.write(f"{seconds}\n")
    os.rename(path + "~", path)


def begin(lab):
    """Start it under the clock that can be set."""
    lab.bonafided.stop()
    lab.bonafided.root.show(os.environ["FAULT_CLOCK"], LIBRARY)
    set_clock(lab, 0)
    lab.bonafided.launch(LD_PRELOAD=LIBRARY, CLOCK_SHIFT=SHIFT)
    lab.bonafided.ready()


def ask(sender, helo="mail.good.example"):
    """What a message from a sender gets."""
    with Milter() as milter:
        milter.begin(sender, helo)
        return milter.rcpt(BOB)


def check_kept(lab, name):
    """What is known is served from memory, and a soft refusal stays soft."""
    count = len(lab.bonafided.verdicts())
    lab.tally.equal(f"{name}: a known sender", "continue",
                    ask("<known@good.example>").verdict)
    lab.tally.check(f"{name}: a refused one", r"550.5\.1\.7 .*",
                    ask("<gone@good.example>").text)
    lab.tally.check(f"{name}: a soft refusal", r"450.4\.7\.1 .*",
                    ask("<known@good.example>", "no.nowhere.example").text)
    return lab.bonafided.verdicts(count + 3)[count:]


def logged_at(line):
    """The wall-clock second of a line of the log."""
    found = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line)
    return calendar.timegm(time.strptime(found[0], "%Y-%m-%dT%H:%M:%SZ"))


def cpu(lab):
    """The seconds of CPU that it has used."""
    with open(f"/proc/{lab.bonafided.child.pid}/stat",
              encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check_jump(lab, peer, domain, name, seconds):
    """Somebody waits for an answer while the clock jumps, somebody else just
    has a session open."""
    set_clock(lab, 0)
    check_kept(lab, f"before {name}")
    with Milter() as waiting, Milter() as idle:
        idle.begin("<known@good.example>")
        waiting.begin(f"<user@{domain}.example>")
        waiting.ask(BOB)
        wait_until(lambda: peer.said("RCPT"), "a callout")
        set_clock(lab, seconds)
        answer = waiting.answer()
        lab.tally.check(f"{name}: who waits", r"reply 450.4\.1\.7 .*",
                        f"{answer.verdict} {answer.text}")
        lab.tally.note(f"{name}: his deadline",
                       WITHIN - 0.5 < answer.seconds < WITHIN + MORE,
                       f"{WITHIN} s, and {MORE} s at most beyond",
                       f"{answer.seconds:.2f} s")
        lab.tally.equal(f"{name}: a session from before", "continue",
                        idle.rcpt(BOB).verdict)
    lines = check_kept(lab, name)
    lab.tally.equal(f"{name}: kept", ["dns,callout"] * 3,
                    [line.get("kept") for line in lines])
    lab.tally.equal(f"{name}: callouts", 1, len(peer.sessions))
    away = logged_at(lab.bonafided.log().splitlines()[-1]) - time.time()
    lab.tally.note(f"{name}: the log's time", abs(away - seconds) < 60,
                   seconds, f"{away:.0f}")
    before = cpu(lab)
    time.sleep(2)
    lab.tally.note(f"{name}: CPU of 2 s at rest", cpu(lab) - before < 0.5,
                   "less than 0.5 s", f"{cpu(lab) - before:.2f} s")


def check_end(lab):
    """It ends as soon as ever, with the clock a year back."""
    began = time.monotonic()
    lab.bonafided.stop()
    took = time.monotonic() - began
    lab.tally.note("TERM after the jumps", took < 10, "within 10 s",
                   f"{took:.2f} s")


def check_sleep(lab, peer):
    """P9: it wakes up after all deadlines: they are over, and nothing is asked
    once more for that."""
    ask("<known@good.example>")
    with ExitStack() as stack:
        milters = [stack.enter_context(Milter()) for _ in range(WAITING)]
        for number, milter in enumerate(milters):
            domain = "silent4" if number % 2 else "silent"
            milter.begin(f"<sleep{number}@{domain}.example>")
            milter.ask(BOB)
        wait_until(lambda: len(peer.said("RCPT")) == WAITING // 2, "callouts")
        wait_until(lambda: lab.dns.questions("silent.example"), "questions")
        lab.bonafided.signal(signal.SIGSTOP)
        time.sleep(SLEEP)
        calls = len(peer.sessions)
        questions = len(lab.dns.questions())
        lab.bonafided.signal(signal.SIGCONT)
        woken = time.monotonic()
        answers = [milter.answer() for milter in milters]
        took = time.monotonic() - woken
    lab.tally.equal("after a sleep: all are put off", {"reply"},
                    {answer.verdict for answer in answers})
    lab.tally.equal("after a sleep: by what", {"450", "451"},
                    {answer.text[:3] for answer in answers})
    lab.tally.note("after a sleep: at once", took < MORE, f"within {MORE} s",
                   f"{took:.2f} s")
    time.sleep(3)
    lab.tally.equal("after a sleep: callouts begun anew", 0,
                    len(peer.sessions) - calls)
    more = len(lab.dns.questions()) - questions
    lab.tally.note("after a sleep: questions once more", more <= 8,
                   "8 at most, one server's", more)
    lab.tally.equal("after a sleep: a known sender", "continue",
                    ask("<known@good.example>").verdict)


if __name__ == "__main__":
    run(main)
