#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A syslog that is not there, or takes nothing, holds up no session; what it
did not get is counted, and said when it is back. Row P15 of the faults to
survive.
"""

import os
import re
import socket
import time

from lab import Lab, run
from lab.milter import Milter
from lab.process import wait_until

POLICY = """
policy:
  helo-syntax: {fail: reject}
"""
SITE = {"log": "{to: syslog, level: info}"}
BOB = "<bob@home.example>"
QUEUE = 4096            # LINES_MOST of lib/base/log.c
MESSAGES, RECIPIENTS = 60, 100
LINES = MESSAGES * RECIPIENTS
SOON = 3.0              # seconds, on a busy machine
LOST = re.compile(r"log: lines lost here, for nobody took them: (\d+)")


class Log:
    """The /dev/log of a root: it reads only when it is told to."""

    def __init__(self, root):
        self.path = root.path("/dev/log")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        os.chmod(self.path, 0o666)
        self.verdicts = self.lost = 0

    def read(self):
        """Take what is there; the number of verdicts and lost lines so far."""
        while True:
            try:
                line = self._socket.recv(65536).decode()
            except BlockingIOError:
                return self.verdicts + self.lost
            self.verdicts += ": verdict=" in line
            found = LOST.search(line)
            self.lost += int(found[1]) if found else 0

    def remove(self):
        self._socket.close()
        os.unlink(self.path)


def main():
    with Lab(servers=(), policy=POLICY, site=SITE) as lab:
        check_missing(lab)
        log = Log(lab.bonafided.root)
        check_back(lab, log)
        check_blocked(lab, log)
        log.remove()
        check_missing(lab)
        log = Log(lab.bonafided.root)
        check_back(lab, log)
        check_end(lab)


def say(messages, recipients):
    """So many verdicts on one connection: the longest wait for one."""
    longest = 0.0
    with Milter() as milter:
        milter.negotiate()
        milter.connect("client", "45.20.1.1")
        milter.helo("word")
        for _ in range(messages):
            milter.mail("<alice@good.example>")
            for _ in range(recipients):
                answer = milter.rcpt(BOB)
                if answer.verdict != "reply":
                    raise SystemExit(f"not refused: {answer}")
                longest = max(longest, answer.seconds)
            milter.abort()
    return longest


def soon(lab, name, seconds):
    lab.tally.note(f"{name}: the longest wait", seconds < SOON,
                   f"under {SOON} s", f"{seconds:.3f} s")


def check_missing(lab):
    soon(lab, "no syslog", say(1, 50))


def check_back(lab, log):
    """The first line says how many there were before it."""
    time.sleep(1)               # for what the writer's thread has in hand
    say(1, 1)
    wait_until(lambda: log.read() >= 51, "51 verdicts, told or lost")
    lab.tally.note("syslog is back: lost", 50 <= log.lost <= 60,
                   "50 verdicts, and a few lines of the start", log.lost)
    lab.tally.note("syslog is back: told", 1 <= log.verdicts <= 5,
                   "1, or a few that were in hand yet", log.verdicts)


def check_blocked(lab, log):
    """More lines than the queue takes: each is told or counted, once."""
    seen, lost = log.read(), log.lost
    soon(lab, "syslog is blocked", say(MESSAGES, RECIPIENTS))
    wait_until(lambda: log.read() >= seen + LINES, "all are told or lost")
    lab.tally.equal("syslog is blocked: told and lost", LINES,
                    log.read() - seen)
    lab.tally.note("syslog is blocked: lost",
                   0 < log.lost - lost < LINES - QUEUE,
                   f"some, and less than {LINES - QUEUE}", log.lost - lost)


def check_end(lab):
    """Blocked, it ends all the same."""
    say(1, RECIPIENTS * 10)
    began = time.monotonic()
    lab.bonafided.stop()
    took = time.monotonic() - began
    lab.tally.note("syslog is blocked: TERM", took < 10, "within 10 s",
                   f"{took:.2f} s")


if __name__ == "__main__":
    run(main)
