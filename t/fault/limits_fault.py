#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The machine's limits: who is let in, and what becomes of those who are in
when there is no descriptor or thread for them.

Rows P4, P5 and M13 of the faults to survive.
"""

import os
import re
import signal
import struct
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from lab import Lab, run
from lab.daemon import settings
from lab.milter import Milter
from lab.process import wait_until

REPLY_WITHIN = 2
PATIENCE = REPLY_WITHIN + 10    # a few seconds, on a busy machine
POLICY = f"""
callout: {{limits: {{total: 40, per-host: 1000, per-domain: 1000/1s}}}}
policy:
  reply-within: {REPLY_WITHIN}s
  helo-forward: {{fail: tempfail, temperror: tempfail}}
  sender-domain: {{fail: reject, temperror: tempfail}}
  callout: {{fail: reject, temperror: tempfail}}
"""
GOOD = "mail.good.example"
ALICE, BOB = "<alice@good.example>", "<bob@home.example>"
AS_USER = ["setpriv", "--reuid=899", "--regid=899", "--clear-groups"]
HALF = b"\0\0\0\x20H"           # a packet's head and first octet
LIMITS = (r"limits: (\d+) sessions, (\d+) of them waiting, (\d+) questions to "
          r"DNS and (\d+) callouts at once")


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        lab.peer("45.30.2.1", rcpt="250 2.1.5 ok")
        check_half_packets(lab)
        check_many_half_packets(lab)
        check_raised(lab)
        check_few_descriptors(lab)
        check_few_threads(lab)
        check_too_few_threads(lab)
        check_no_descriptor(lab)
        check_no_threads(lab)
        check_listen_from(lab)


def restart(lab, before=(), text=POLICY, environment=None, **site):
    if lab.bonafided.running():
        lab.bonafided.stop()
    lab.bonafided.configure(settings(text, **site))
    lab.bonafided.launch(before, **(environment or {}))
    lab.bonafided.ready()


def limited(option, most):
    """What starts it with a limit."""
    return ["prlimit", f"--{option}={most}", "--"]


def budget(lab):
    """The numbers that it has said last: sessions, waiting, DNS, callouts."""
    return [int(number) for number
            in re.findall(LIMITS, lab.bonafided.log())[-1]]


def descriptors(lab):
    """How many it has open."""
    return len(os.listdir(f"/proc/{lab.bonafided.child.pid}/fd"))


class Burning:
    """Processor time that it takes for the time of a with block."""

    def __init__(self, lab):
        self._stat = f"/proc/{lab.bonafided.child.pid}/stat"
        self.seconds = self.share = 0.0

    def _spent(self):
        with open(self._stat, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        self._began, self._before = time.monotonic(), self._spent()
        return self

    def __exit__(self, *_):
        self.seconds = self._spent() - self._before
        self.share = self.seconds / (time.monotonic() - self._began)


def outcome(sender):
    """What becomes of a whole session: the verdict of RCPT, "closed", or
    "silent" when there is none of these in time."""
    try:
        with Milter(seconds=PATIENCE) as milter:
            milter.begin(sender)
            return milter.rcpt(BOB).verdict
    except TimeoutError:
        return "silent"
    except (OSError, struct.error):
        return "closed"         # within a step


def outcomes(count, sender="<user{}@good.example>"):
    """Of so many sessions at once."""
    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(
            outcome, (sender.format(number) for number in range(count))))


def hold(stack, count):
    """Open so many connections that negotiate; those that were served."""
    held = []
    for _ in range(count):
        milter = stack.enter_context(Milter(seconds=PATIENCE))
        try:
            milter.negotiate()
            held.append(milter)
        except (OSError, struct.error):
            pass
    return held


def check_half_packets(lab):
    """M13: two peers send half a packet and no more, at the moment when a third
    one sends a whole one.  libmilter has two workers that wait, and gives them
    all three; the third one is served though nobody else comes.
    """
    for number in range(10):
        with ExitStack() as stack:
            first, second, third = hold(stack, 3)
            time.sleep(0.1)         # its workers wait again
            lab.bonafided.signal(signal.SIGSTOP)
            first.send_octets(HALF)
            second.send_octets(HALF)
            third.send(b"C", b"mail.good.example\0U")
            lab.bonafided.signal(signal.SIGCONT)
            lab.tally.equal(f"M13, beside half packets, {number}: answer", b"c",
                            received(third))


def check_many_half_packets(lab):
    """M13: a worker is held by each, and no more than that."""
    with ExitStack() as stack:
        halves, whole = hold(stack, 60), hold(stack, 20)
        for milter in halves:
            milter.send_octets(HALF)
        for milter in whole:
            milter.send(b"C", b"mail.good.example\0U")
        lab.tally.equal("M13, 60 half packets: others are answered",
                        {b"c": 20}, Counter(map(received, whole)))
        with Burning(lab) as burning:
            time.sleep(2)
        lab.tally.note("M13, half packets: processor", burning.share < 0.2,
                       "under 0.2", burning.share)


def received(milter):
    """The command of the next packet, or "silent"."""
    try:
        return milter.receive()[0]
    except TimeoutError:
        return "silent"


def check_raised(lab):
    """P4: it has as many as it may, whatever it is given to begin with."""
    restart(lab, limited("nofile", "300:1000"))
    lab.tally.check("P4: the limit is raised", r".* notice: limits: .*"
                    r"\(descriptors: 1000, threads: .*", lab.bonafided.log())


def check_few_descriptors(lab):
    """P4: with the fewest that it starts with, who cannot be served is sent
    away at once, which is logged; all others get what they would get else."""
    restart(lab, limited("nofile", 256))
    before = descriptors(lab)
    sessions, waiting, places, callouts = budget(lab)
    lab.tally.note("P4, 256 descriptors: the budget",
                   sessions + places + 2 * callouts < 256
                   and min(sessions, places, callouts) > 20,
                   "below 256", (sessions, waiting, places, callouts))
    lab.tally.check("P4: a policy that wants more", r".* warning: "
                    r"callout\.limits\.total is 40, but the limits of the "
                    rf"system leave room for {callouts}\n.*",
                    lab.bonafided.log())
    with ExitStack() as stack:
        held = hold(stack, sessions)
        lab.tally.equal("P4: as many as there is room for", sessions, len(held))
        wait_until(lambda: re.search(
            rf" warning: limits: \d+ sessions are open, of {sessions} that "
            r"are allowed\n", lab.bonafided.log()), "P4: a word at 80 %")
        with Burning(lab) as burning:
            got = outcomes(200)
            time.sleep(2)
        lab.tally.equal("P4: beyond it, sent away", {"closed": 200}, got)
        lab.tally.note("P4: processor", burning.share < 0.5, "under 0.5",
                       burning.share)
        lab.tally.check("P4: a word", rf".* warning: limits: new sessions "
                        rf"refused: \d+, while {sessions} were open.*",
                        lab.bonafided.log())
        lab.tally.note("P4: once a second", lab.bonafided.log().count(
            "new sessions refused") < 20, "under 20",
            lab.bonafided.log().count("new sessions refused"))
    wait_until(lambda: outcome("<after@good.example>") == "continue",
               "there is room again")
    wait_until(lambda: descriptors(lab) < before + 10, "all of them are over")
    got = outcomes(sessions - 10)
    lab.tally.equal("P4: all at once", {"continue": sessions - 10}, got)
    lab.tally.equal("P4: no fault of our own", [],
                    [line for line in lab.bonafided.verdicts()
                     if line.get("reason") == "internal"])


def check_few_threads(lab):
    """P5: with few threads every session is answered or closed."""
    restart(lab, limited("nproc", 40))
    sessions = budget(lab)[0]
    lab.tally.note("P5, 40 threads: the budget", 10 < sessions < 40,
                   "below 40", sessions)
    with Burning(lab) as burning:
        got = outcomes(60)
        time.sleep(3)
    lab.tally.equal("P5: sessions without an answer", 0, got["silent"])
    lab.tally.note("P5: sessions with one", got["continue"] >= sessions,
                   sessions, got)
    lab.tally.note("P5: processor", burning.share < 0.9, "under 0.9",
                   burning.share)
    wait_until(lambda: outcome("<after@good.example>") == "continue",
               "it serves afterwards")


def check_too_few_threads(lab):
    lab.bonafided.stop()
    status, words = lab.bonafided.other(
        "-f", "-c", "/etc/bonafide/bonafide.yaml", before=limited("nproc", 31))
    lab.tally.equal("P5, 31 threads: status", 71, status)
    lab.tally.check("P5, 31 threads: words", r".*\b31 threads.*", words)


def limit_now(lab, option, most):
    """Have the system allow it no more than this from now on."""
    subprocess.run([*AS_USER, "prlimit", f"--pid={lab.bonafided.child.pid}",
                    f"--{option}={most}:"], check=True)


def take_descriptors(lab):
    """Leave it none but those that it has."""
    time.sleep(1)                   # no question is under way
    taken = set(os.listdir(f"/proc/{lab.bonafided.child.pid}/fd"))
    limit_now(lab, "nofile", next(number for number in range(len(taken) + 1)
                                  if str(number) not in taken))


def check_no_descriptor(lab):
    """P4: the system has none left after all.  A session that is in already
    gets `internal-error`, with its cause; who comes is sent away."""
    for action, words in (("continue", r"continue "),
                          ("tempfail", r"reply 451.4\.3\.0 .*")):
        restart(lab, text=f"{POLICY}  internal-error: {action}\n")
        with Milter(seconds=PATIENCE) as milter:
            milter.begin("<early@good.example>")
            take_descriptors(lab)
            milter.mail("<late@fresh.good.example>")
            answer = milter.rcpt(BOB)
            lab.tally.check(f"P4, no descriptor: {action}", words,
                            f"{answer.verdict} {answer.text}")
            wait_until(lambda: late_verdict(lab), "a verdict")
            lab.tally.equal(f"P4, no descriptor: {action}, its cause",
                            (action, "sender-domain", "internal",
                             "no descriptor"), late_verdict(lab))
    check_descriptors_at_accept(lab)


def late_verdict(lab):
    """What was logged of the last one about the sender late@..."""
    found = [tuple(line.get(key) for key
                   in ("verdict", "check", "reason", "detail"))
             for line in lab.bonafided.verdicts()
             if line.get("sender", "").startswith("late@")]
    return found[-1] if found else None


def check_descriptors_at_accept(lab):
    restart(lab)
    take_descriptors(lab)
    with Burning(lab) as burning:
        got = outcomes(50)
        time.sleep(2)
    lab.tally.equal("P4, no descriptor: who comes", {"closed": 50}, got)
    lab.tally.note("P4, no descriptor: processor", burning.share < 0.3,
                   "under 0.3", burning.share)
    lab.tally.check("P4, no descriptor: a word", r".* error: limits: new "
                    r"sessions refused: \d+; the system .*",
                    lab.bonafided.log())
    limit_now(lab, "nofile", 1024)
    wait_until(lambda: outcome("<after@good.example>") == "continue",
               "there is room again")


def check_no_threads(lab):
    """P5: the system has none left after all, and libmilter loses session after
    session: each is closed, and the service manager has to do with one that has
    ended."""
    # At the end the address sanitizer looks for leaks on a thread of its own.
    restart(lab, environment={"LSAN_OPTIONS": "detect_leaks=0"})
    with ExitStack() as stack:
        for milter in hold(stack, 2):       # which hold the workers there are
            milter.send_octets(HALF)
        time.sleep(1)
        limit_now(lab, "nproc", 1)
        got = outcomes(20)
        lab.tally.equal("P5, no thread: sessions without an answer", 0,
                        got["silent"])
        lab.tally.equal("P5, no thread: it ends for a restart", 71,
                        lab.bonafided.wait(PATIENCE))
    lab.tally.check("P5, no thread: a word",
                    r".* error: watchdog: sessions that were not served, and "
                    r"are shut down: \d+\n.* error: watchdog: sessions that "
                    r"libmilter has lost, .*: \d+\n.*",
                    lab.bonafided.log())


def check_listen_from(lab):
    """Who may connect; our own connections are always let in."""
    lab.bonafided.configure(settings(POLICY, listen="inet:8894@0.0.0.0",
                                     **{"listen-from": "[45.1.0.0/24]"}))
    lab.bonafided.launch(WATCHDOG_USEC="3000000")
    lab.bonafided.ready()
    before = len(lab.bonafided.log())
    lab.tally.equal("listen-from: from elsewhere", "closed",
                    outcome("<alice@good.example>"))
    with Milter("45.1.0.1") as milter:
        milter.begin(ALICE)
        lab.tally.equal("listen-from: from there", "continue",
                        milter.rcpt(BOB).verdict)
    lab.tally.check("listen-from: a word", r".* warning: listen-from: "
                    r"connections from elsewhere refused: 1, the last from "
                    r"127\.0\.0\.1\n.*", lab.bonafided.log()[before:])
    lab.bonafided.notes.clear()
    wait_until(lambda: lab.bonafided.notes.count("WATCHDOG=1") >= 3,
               "it watches itself")
    lab.bonafided.configure(settings(POLICY, listen="inet:8894@0.0.0.0",
                                     **{"listen-from": "[127.0.0.1]"}))
    lab.bonafided.reload()
    lab.tally.equal("listen-from: after a reload", "continue",
                    outcome("<alice@good.example>"))


if __name__ == "__main__":
    run(main)
