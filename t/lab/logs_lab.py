#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What logcheck and fail2ban make of the log, by the files that we ship for
them: of lines that the daemon wrote to syslog in sessions of every kind.
"""

import os
import re
import subprocess
import time

from lab import Lab, run
from lab.dns import NSD
from lab.milter import Milter
from lab.process import Syslog
from lab.roots import SCRATCH, Root

CONTRIB = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "..", "..", "contrib")
POLICY = r"""
policy:
  helo-syntax: {fail: reject}
  helo-identity: {fail: reject}
  helo-forward: {fail: tempfail}
  client-ptr: {fail: tag}
  dnsbl: {zones: [{name: bl.example}], fail: reject}
  sender-domain: {fail: reject}
exceptions:
  - {name: "our \"own\" = hosts", recipients: ["postmaster@*"], do: accept}
"""
MONITOR = POLICY.replace("policy:", "policy:\n  mode: monitor")
SITE = {"log": "{to: syslog, level: debug}", "dns": "{servers: []}"}
BOB, ALICE = "<bob@home.example>", "<alice@good.example>"
NAME = "mail.good.example"

# Who is refused for what he is, by address: his HELO name.
BANNED = {
    "45.20.5.2": "word",
    "45.20.3.1": "mx.home.example",
    "45.20.4.1": NAME,
    "45.20.5.1": "%" * 30000,
    "2a10:20:1::1": 'x" client=45.20.9.1 verdict=reject check=helo-syntax '
                    'result=fail reason=unqualified client=45.20.9.2 x="',
    "2a10:20:3::1": "\r\nNov 21 07:00:00 mx bonafided[1]: verdict=reject "
                    "check=helo-syntax result=fail client=45.20.9.3 \r\n",
}
# Who is not: client, HELO name, sender and recipient.
OTHERS = [
    ("45.20.1.1", NAME, ALICE, BOB),
    ("45.20.6.1", NAME, ALICE, BOB),
    ("45.20.6.2", "word", ALICE, "<postmaster@home.example>"),
    ("45.20.6.3", "mail.none.example", ALICE, BOB),
    ("45.20.6.4", NAME, "<a@none.example>", BOB),
    ("45.20.6.5", NAME, '<"a b=\\"c"@good.example>', BOB),
    ("45.20.6.6", NAME, "<>", BOB),
]
FILTER = "/etc/fail2ban/filter.d/bonafide.conf"
LOG = "/var/log/mail.log"
DATAGRAM = re.compile(r"<(\d+)>(\w{3} [ \d]\d [\d:]{8}) ([^\n]*)")
WARNING = 4                             # as syslog counts; less is worse


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        datagrams = f"{SCRATCH}/log/syslog"
        Syslog(lab.bonafided.root, datagrams)
        lab.restart(POLICY, **SITE)
        play(lab)
        with open(datagrams, encoding="ascii") as file:
            lines = [DATAGRAM.fullmatch(line.rstrip("\n")) for line in file]
        check_logcheck(lab, lines)
        check_fail2ban(lab, lines)


def session(client, helo, sender=ALICE, recipient=BOB):
    """One up to its verdict."""
    with Milter() as milter:
        milter.negotiate()
        milter.connect("client", client)
        milter.helo(helo)
        milter.mail(sender)
        milter.rcpt(recipient)


def play(lab):
    """Whatever makes the daemon say something."""
    for client, helo in BANNED.items():
        session(client, helo)
    for row in OTHERS:
        session(*row)
    lab.bonafided.root.write("/etc/resolv.conf",
                             f"nameserver {NSD[0]}\noptions edns0\n")
    time.sleep(1.2)                     # it looks once a second
    session("45.20.6.7", NAME)
    lab.reload(MONITOR, listen="inet:8895@127.0.0.1", **SITE)
    session("45.20.6.8", "word")
    lab.bonafided.configure("nonsense: 1\n")
    lab.bonafided.reload()
    lab.bonafided.stop()


def severity(line):
    return int(line[1]) & 7


def written(lines):
    """The same lines as two kinds of syslog servers write them."""
    return {
        "mx": [f"{line[2]} mx {line[3]}\n" for line in lines],
        "precise": ["2026-11-21T07:38:39.123456+01:00 mx.home.example "
                    f"{line[3]}\n" for line in lines],
    }


def rejected_by(rule, text):
    """The lines of the text that a rule of logcheck does not match."""
    return subprocess.run(
        ["grep", "-E", "--text", "--invert-match", "--regexp", rule],
        input=text, stdout=subprocess.PIPE, text=True, check=False).stdout


def is_of_note(line):
    return severity(line) <= WARNING or ": dnsbl: " in line[3]


def check_logcheck(lab, lines):
    """It reports warnings and worse, and news of DNS lists, which may be a
    warning at another time; nothing else, and no rule is idle."""
    lab.tally.equal("levels of the lines", {3, 4, 5, 6, 7},
                    {severity(line) for line in lines})
    with open(f"{CONTRIB}/logcheck/bonafide", encoding="ascii") as file:
        rules = [rule for rule in file.read().splitlines()
                 if not rule.startswith("#")]
    for kind, text in written(lines).items():
        lab.tally.equal(
            f"logcheck reports, {kind}",
            "".join(line for line, datagram in zip(text, lines)
                    if is_of_note(datagram)),
            rejected_by("\n".join(rules), "".join(text)))
        for rule in rules:
            lab.tally.note(f"logcheck's rule has lines, {kind}",
                           rejected_by(rule, "".join(text)) != "".join(text),
                           "some", rule)


def check_fail2ban(lab, lines):
    """It finds those who were refused for what they are, and nobody that a
    line only speaks of."""
    root = Root("fail2ban", "fail2ban")
    for name in ("filter.d", "jail.d"):
        with open(f"{CONTRIB}/fail2ban/{name}/bonafide.conf",
                  encoding="ascii") as file:
            root.write(f"/etc/fail2ban/{name}/bonafide.conf", file.read())
    for kind, text in written(lines).items():
        root.write(LOG, "".join(text))
        done = root.output(["fail2ban-regex", "-o", "ip", LOG, FILTER])
        lab.tally.equal(f"fail2ban, {kind}: finds", sorted(BANNED),
                        sorted(done.stdout.split()))
    done = root.output(["fail2ban-client", "--dp"])
    jail = [line for line in done.stdout.splitlines() if "'bonafide'" in line]
    lab.tally.check("fail2ban: the jail",
                    r".*\['set', 'bonafide', 'maxretry', 10\].*"
                    r"\['start', 'bonafide'\].*", "\n".join(jail))


if __name__ == "__main__":
    run(main, "fail2ban")
