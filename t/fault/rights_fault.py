#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A start under a filter of system calls that is too tight, or with another
library than the one it was built with, ends with words that say so.

Rows P18 and P20 of the faults to survive; versions in all their shapes are in
t/unit/versions_test.c.
"""

import os
import re

from lab import Lab, run
from lab.daemon import FILE, settings
from lab.milter import Milter
from lab.process import wait_until

DENY = "/usr/bin/deny"
LIBRARY = "/usr/lib/another-ldns.so"
POLICY = """
policy:
  helo-syntax: {fail: reject}
"""
NOT_PERMITTED, NO_FAMILY = (
    "Operation not permitted", "Address family not supported by protocol")
SETTINGS = "under systemd look at .*{}.*"
# What is denied, what of it the words name, and a setting that they name.
REFUSED = [
    ("threads", f"a thread: {NOT_PERMITTED}", "TasksMax="),
    ("socket=2", f"a UDP socket of IPv4: {NO_FAMILY}",
     "RestrictAddressFamilies=AF_INET,"),
    ("bind", f"a UDP socket of IPv4: {NOT_PERMITTED}", "SystemCallFilter="),
    ("connect", f"a UDP socket of IPv4: {NOT_PERMITTED}", "SystemCallFilter="),
    ("socket=1", f"sockets of AF_UNIX: {NO_FAMILY}",
     "RestrictAddressFamilies=AF_UNIX"),
    ("socket=16", f"this host's addresses: {NO_FAMILY}",
     "RestrictAddressFamilies=AF_NETLINK"),
    ("getrandom", f"random octets: {NOT_PERMITTED}", "SystemCallFilter="),
]


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        root = lab.bonafided.root
        root.show(os.environ["FAULT_DENY"], DENY)
        os.chmod(root.path(DENY), 0o755)
        check_versions(lab)
        lab.bonafided.stop()
        check_denied(lab)
        check_without_ipv6(lab)
        root.show(os.environ["FAULT_LDNS"], LIBRARY)
        check_library(lab)


def check_versions(lab):
    """P18: the log begins with the versions that -V tells."""
    _, told = lab.bonafided.other("-V")
    libraries = ", ".join(line.split(" (")[0]
                          for line in told.splitlines()[1:])
    lab.tally.check("the log's first line",
                    r"\S+ notice: bonafided [\d.]+ begins, with "
                    + re.escape(libraries), lab.bonafided.log().split("\n")[0])


def check_denied(lab):
    """P20: each right that is missing is named, before anything is served."""
    for call, words, setting in REFUSED:
        status, output = lab.bonafided.other("-f", "-c", FILE,
                                             before=[DENY, call, "--"])
        lab.tally.equal(f"without {call}: status", 77, status)
        lab.tally.check(f"without {call}: words",
                        r"error: a right is missing: " + re.escape(words)
                        + "; " + SETTINGS.format(re.escape(setting)), output)


def check_without_ipv6(lab):
    """Without IPv6 a host is whole, and the filter of one looks the same."""
    lab.bonafided.configure(settings(POLICY, log="{to: syslog}"))
    status, output = lab.bonafided.other("-c", FILE,
                                         before=[DENY, "socket=10", "--"])
    lab.tally.equal("without IPv6: it serves", (0, ""), (status, output))
    with Milter() as milter:
        milter.begin("<alice@good.example>", "word")
        lab.tally.equal("without IPv6: answers", "reply",
                        milter.rcpt("<bob@home.example>").verdict)
    pid = lab.bonafided.background()[0]
    os.kill(pid, 15)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "it ends", 10)


def check_library(lab):
    """P18: another major version of a library is refused by its name."""
    for arguments in (["-f", "-c", FILE], ["-t", "-c", FILE]):
        status, output = lab.bonafided.other(
            *arguments, before=["env", f"LD_PRELOAD={LIBRARY}"])
        lab.tally.equal(f"ldns 2, {arguments[0]}: status", 71, status)
        lab.tally.check(f"ldns 2, {arguments[0]}: words",
                        r"error: ldns 2\.0\.0 is installed, and bonafided was "
                        r"built with 1\.[\d.]+: .*", output)


if __name__ == "__main__":
    run(main)
