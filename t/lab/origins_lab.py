#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is said at the start, and at a reload, of the name that callouts give
and the addresses that they leave from."""

import re
import time

from lab import Lab, dnsfaults, net, run
from lab.dns import SERVFAIL
from lab.process import wait_until

POLICY = "policy: {callout: {fail: reject}}\n"
SCRIPTED = f'{{servers: ["{dnsfaults.ADDRESSES[0]}"]}}'
DEBUG = {"log": "{to: stderr, level: debug}"}
RIGHT4 = "debug: callouts are mx.home.example and leave from 45.1.0.1:.*"
RIGHT6 = "debug: callouts are mx.home.example and leave from 2a10:1::1:.*"

# Addresses that the mx does have: those of its MTAs.
RECORDS = """
45.1.0.25               PTR   mx.home.example
2a10:1::25              PTR   mx.home.example
noptr.home.example      A     45.1.0.26
noptr.home.example      AAAA  2a10:1::26
2a10:1::26              PTR   noptr.home.example
empty.home.example      TXT   "no address"
nat.home.example        A     45.1.9.1
nat.home.example        A     45.1.9.2
45.1.9.1                PTR   nat.home.example
45.1.9.2                PTR   host2.isp.example
again.home.example      A     45.1.9.3
again.home.example      AAAA  2a10:1::93
45.1.9.3                PTR   again.home.example
2a10:1::93              PTR   again.home.example
"""

FIRST = "[45.1.0.1, '2a10:1::1']"
SECOND = "[45.1.0.25, '2a10:1::25']"
THIRD = "[45.1.0.26, '2a10:1::26']"

# What it is, the keys of `callout`, and what is logged.
CASES = [
    ("right", f"bind: {FIRST}", [RIGHT4, RIGHT6]),
    ("right by the system's choice", "", [RIGHT4, RIGHT6]),
    ("wrong address", f"bind: {SECOND}",
     ["warning: the name mx.home.example resolves to 45.1.0.1, but callouts "
      "leave from 45.1.0.25: give the name an A record .* `callout.bind` .*",
      "warning: the name mx.home.example resolves to 2a10:1::1, but callouts "
      "leave from 2a10:1::25: give the name an AAAA record .*"]),
    ("wrong address in one family", "bind: [45.1.0.25]",
     ["warning: .* but callouts leave from 45.1.0.25: .*", RIGHT6]),
    ("no PTR record", f"bind: {THIRD}, name: noptr.home.example",
     [r"warning: there is no reverse name \(PTR record\) for 45.1.0.26: let "
      "whoever assigned the address set its PTR record to noptr.home.example",
      "debug: callouts are noptr.home.example .*"]),
    ("another PTR record", f"bind: {SECOND}, name: noptr.home.example",
     ["warning: the name noptr.home.example resolves to 45.1.0.26, but .* "
      "45.1.0.25: .*; the reverse name of 45.1.0.25 is mx.home.example: .*",
      "warning: .* 2a10:1::25: .*; the reverse name of 2a10:1::25 is .*"]),
    ("no address", f"bind: {FIRST}, name: empty.home.example",
     ["warning: the name empty.home.example has no IPv4 address in DNS, .*",
      "warning: the name empty.home.example has no IPv6 address in DNS, .*"]),
    ("no such name", f"bind: {FIRST}, name: none.home.example",
     ["warning: the name none.home.example does not exist in DNS, .* A .*",
      "warning: the name none.home.example does not exist in DNS, .* AAAA .*"]),
    ("behind NAT", "bind: [10.9.9.9, '2a10:1::1']",
     ["debug: callouts are mx.home.example and leave from 10.9.9.9, behind "
      "NAT: .*", RIGHT6]),
    ("wrong behind NAT", "bind: [10.9.9.9, 'fd00::9'], name: nat.home.example",
     ["warning: the reverse name of 45.1.9.2 is host2.isp.example: .*",
      "warning: the name nat.home.example has no IPv6 address in DNS, but "
      "callouts leave from fd00::9, behind NAT: .*"]),
]


def policy(callout):
    return f"callout: {{{callout}}}\n{POLICY}"


def said(lab, since):
    """What was logged of origins since the log had so many characters."""
    return [f"{level}: {text}" for level, text in
            re.findall(r" (\w+): callout: (.*)$", lab.bonafided.log()[since:],
                       re.MULTILINE)]


def check(lab, name, expected, since, seconds=20):
    """Wait for as many lines as are expected, and compare them."""
    if expected:
        wait_until(lambda: len(said(lab, since)) >= len(expected),
                   f"{name}: {len(expected)} lines", seconds)
    time.sleep(0.3)     # there may be more
    found = said(lab, since)
    lab.tally.equal(f"{name}: lines", len(expected), len(found))
    for pattern, line in zip(expected, found):
        lab.tally.check(name, pattern, line)


def check_start(lab):
    """Nothing is said before there is a way out; when there is, it is noticed
    without a reload.
    """
    check(lab, "no way out", [], 0)
    net.add_default_route("mx")
    check(lab, "the way out has come", [RIGHT4, RIGHT6], 0)


def check_quiet(lab):
    """At the usual level there is no word of what is right."""
    since = len(lab.bonafided.log())
    lab.reload(policy(""))
    time.sleep(1)
    check(lab, "right, at the level info", [], since)


def check_trouble(lab):
    """What DNS cannot tell is told apart from what is wrong, and asked again.
    """
    lab.dns.on("again.home.example", "A", dnsfaults.rcode(SERVFAIL))
    since = len(lab.bonafided.log())
    lab.reload(policy("bind: [45.1.9.3, '2a10:1::93'],"
                      " name: again.home.example"), **DEBUG, dns=SCRIPTED)
    lines = [
        r"notice: the name again.home.example could not be looked up \(server "
        r"failure\): whether .* is looked up again in 10 s",
        "debug: callouts are again.home.example and leave from 2a10:1::93: .*"]
    check(lab, "broken DNS", lines, since)
    lab.dns.forget()
    lines.append("debug: callouts are again.home.example and leave from "
                 "45.1.9.3: .*")
    check(lab, "mended DNS", lines, since)


def check_delay(lab):
    """Nobody waits for it: the start is as quick where no DNS answers."""
    lab.dns.otherwise(dnsfaults.silence)
    lab.bonafided.stop()
    began = time.monotonic()
    lab.bonafided.launch()
    lab.bonafided.ready()
    seconds = time.monotonic() - began
    lab.tally.note("start without DNS", seconds < 3, "below 3 s", seconds)


def main():
    with Lab(servers=(), policy=policy(""), site=DEBUG,
             records=RECORDS) as lab:
        check_start(lab)
        for name, callout, expected in CASES:
            since = len(lab.bonafided.log())
            lab.reload(policy(callout), **DEBUG)
            check(lab, name, expected, since)
        check_quiet(lab)
        check_trouble(lab)
        check_delay(lab)


run(main)
