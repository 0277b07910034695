#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon answers within `reply-within`, however many sessions come at once
and whatever they wait for. Rows M6, M10, M16 and S18 of the faults to survive.
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from lab import Lab, run
from lab.daemon import settings
from lab.milter import Milter
from lab.peer import SILENCE
from lab.process import wait_until

POLICY = """
callout: {when: always, limits: {per-host: 1000, per-domain: 1000/1s,
                                 waiting: 1000}}
policy:
  reply-within: 2s
  helo-syntax: {fail: reject}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""
FOLDER = "/run/bonafide"
SOCKET = f"{FOLDER}/bonafide.sock"
BOB = "<bob@home.example>"
SESSIONS = 200
WITHIN, MORE = 2.0, 1.0         # reply-within; what it may take beyond that


def main():
    with Lab(servers=(), policy=POLICY,
             records="late.example MX 10 mx.late.example\n"
                     "mx.late.example A 45.30.2.2\n") as lab:
        lab.peer("45.30.2.1", rcpt=SILENCE)
        late = lab.peer("45.30.2.2", rcpt=[3.0, "550 5.1.1 no such user"])
        check_bursts(lab, "inet")
        check_unix(lab)
        check_budget(lab)
        check_message(lab)
        check_background(lab, late)


def burst(sender, address="127.0.0.1", count=SESSIONS):
    """Sessions at once: for each the seconds up to MAIL, and the answer."""
    together = threading.Barrier(count)

    def session(number):
        together.wait()
        with Milter(address) as milter:
            seconds = milter.begin(sender % number).seconds
            return seconds, milter.rcpt(BOB)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(session, range(count)))


def check_bursts(lab, name, address="127.0.0.1"):
    """Nobody is served only when somebody else's wait is over.

    The first burst finds but two of libmilter's workers, later ones more.
    """
    for number in range(3):
        found = burst(f"<{name}{number}-%d@good.example>", address)
        lab.tally.equal(f"{name}, burst {number}: answers", {"reply": SESSIONS},
                        Counter(answer.verdict for _, answer in found))
        slowest = max(seconds for seconds, _ in found)
        lab.tally.note(f"{name}, burst {number}: MAIL", slowest < MORE,
                       f"within {MORE} s", f"{slowest:.2f} s")
        times = sorted(answer.seconds for _, answer in found)
        lab.tally.note(f"{name}, burst {number}: RCPT",
                       WITHIN - 0.1 < times[0] and times[-1] < WITHIN + MORE,
                       f"{WITHIN} s to {WITHIN + MORE} s",
                       f"{times[0]:.2f} s to {times[-1]:.2f} s")


def check_unix(lab):
    """The same by a unix socket."""
    bonafided = lab.bonafided
    os.mkdir(bonafided.root.path(FOLDER))
    os.chown(bonafided.root.path(FOLDER), 899, 899)
    bonafided.stop()
    bonafided.configure(settings(POLICY, listen=f"unix:{SOCKET}"))
    bonafided.launch()
    bonafided.ready()
    check_bursts(lab, "unix", bonafided.root.path(SOCKET))
    bonafided.stop()
    bonafided.configure(settings(POLICY))
    bonafided.launch()
    bonafided.ready()


def check_budget(lab):
    """Of limits.waiting sessions each waits; the others are told at once."""
    lab.bonafided.configure(settings(POLICY.replace("waiting: 1000",
                                                    "waiting: 50")))
    lab.bonafided.reload()
    answers = [answer for _, answer in burst("<few%d@good.example>")]
    waited = sum(answer.seconds > WITHIN - 0.1 for answer in answers)
    lab.tally.equal("50 may wait: so many did", 50, waited)
    lab.tally.equal("50 may wait: answers", {"reply 450-4.1.7": SESSIONS},
                    Counter(f"{a.verdict} {a.text[:9]}" for a in answers))
    between = [answer.seconds for answer in answers
               if MORE < answer.seconds < WITHIN - 0.1]
    lab.tally.equal("50 may wait: the others at once", [], between)
    lab.bonafided.configure(settings(POLICY))
    lab.bonafided.reload()


def check_message(lab):
    """All recipients of a message wait together for that long, once."""
    with Milter() as milter:
        milter.begin("<many@good.example>")
        answers = [milter.rcpt(f"<user{number}@home.example>")
                   for number in range(100)]
    lab.tally.equal("100 recipients: answers", {"reply 450-4.1.7": 100},
                    Counter(f"{a.verdict} {a.text[:9]}" for a in answers))
    seconds = sum(answer.seconds for answer in answers)
    lab.tally.note("100 recipients: together",
                   WITHIN - 0.1 < seconds < WITHIN + MORE,
                   f"{WITHIN} s to {WITHIN + MORE} s", f"{seconds:.2f} s")


def check_background(lab, late):
    """What comes too late for one message is there for the next."""
    texts = []
    for _ in range(2):
        with Milter() as milter:
            milter.begin("<slow@late.example>")
            texts.append(milter.rcpt(BOB).text)
        wait_until(lambda: late.sessions and all(
            session.ended for session in late.sessions), "the callout's end")
    lab.tally.check("a late answer: the first message",
                    r"450.4\.1\.7 .*still verifying.*", texts[0])
    lab.tally.check("a late answer: the next message",
                    r"550.5\.1\.7 .*no such user.*", texts[1])
    lab.tally.equal("a late answer: callouts", 1, len(late.sessions))


if __name__ == "__main__":
    run(main)
