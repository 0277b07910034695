#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""TLS in callouts, and rows T of the faults.

T1 (a certificate that is expired, of another name, signed by nobody) holds for
every peer here; T7 (memory) is in t/unit/tls_test.c.
"""

import os
import ssl
import subprocess
import tempfile
from collections import namedtuple

from lab import Case, Lab, run
from lab.cases import refused
from lab.peer import CLOSE, RESET, SECURELY, SILENCE, TLS, Drip
from lab.process import wait_until

GOOD, NAME = "45.20.1.1", "mail.good.example"
TAKEN = "250 2\\.1\\.5 .*"
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}',
}
OFFERS = ("PIPELINING", "STARTTLS")


def policy(use):
    return f"""
callout:
  tls: {use}
  timeout: {{connect: 1s, reply: 1s, total: 6s}}
policy:
  sender-domain: {{fail: reject, temperror: tempfail}}
  callout: {{fail: reject, temperror: tempfail, unknown: tempfail}}
"""


# A peer; what is found, with these words in the reply if any; and the commands
# of each of its sessions.

CLEAR = "EHLO MAIL RCPT QUIT"
SECURED = f"EHLO STAR {CLEAR}"
TRIED = "EHLO STAR"
Row = namedtuple("Row", "row script finding words sessions",
                 defaults=("pass", "", (SECURED,)))

ROWS = [
    Row("T1 accepts", dict(keywords=OFFERS)),
    Row("T1 refuses", dict(keywords=OFFERS, rcpt="550 5.1.1 nobody"),
        "fail/no-such-mailbox", "answered 550 to RCPT"),
    Row("no TLS", dict(), sessions=(CLEAR,)),
    Row("T2 no TLS at all behind 220",
        dict(keywords=OFFERS, star=["220 go", "500 what is that?", CLOSE]),
        sessions=(TRIED, CLEAR)),
    Row("T2 closes", dict(keywords=OFFERS, star=["220 go", CLOSE]),
        sessions=(TRIED, CLEAR)),
    Row("T2 resets", dict(keywords=OFFERS, star=["220 go", RESET]),
        sessions=(TRIED, CLEAR)),
    Row("T2 hangs", dict(keywords=OFFERS, star=["220 go", SILENCE]),
        sessions=(TRIED, CLEAR)),
    Row("T2 fails, and refuses in the clear",
        dict(keywords=OFFERS, star=["220 go", CLOSE],
             rcpt="550 5.1.1 nobody"),
        "fail/no-such-mailbox", "in the clear, for TLS with it failed",
        (TRIED, CLEAR)),
    Row("T2 fails, and demands it",
        dict(keywords=OFFERS, star=["220 go", CLOSE],
             mail="530 5.7.0 issue STARTTLS first"),
        "unknown/needs-tls", "STARTTLS", (TRIED, CLEAR)),
    Row("T3 not now", dict(keywords=OFFERS, star="454 4.7.0 not now"),
        sessions=(f"EHLO STAR {CLEAR[5:]}",)),
    Row("T3 what?", dict(keywords=OFFERS, star="501 5.5.4 what?"),
        sessions=(f"EHLO STAR {CLEAR[5:]}",)),
    Row("S15 says more than 220 in the clear",
        dict(keywords=OFFERS, star=[b"220 go\r\n250 2.1.5 yes\r\n", TLS]),
        sessions=(TRIED, CLEAR)),
    Row("T4 leaves within a reply",
        dict(keywords=OFFERS, rcpt=[b"550 5.1.1 no", RESET]),
        "temperror/unreachable", "closed the connection", (SECURED[:-5],)),
    Row("T4 leaves without a word", dict(keywords=OFFERS, mail=[RESET]),
        "temperror/unreachable", "closed the connection", (SECURED[:-10],)),
    Row("T5 an octet a record",
        dict(keywords=OFFERS, rcpt=Drip("250 2.1.5 drop by drop", 0.01))),
    Row("T5 a long reply in many records",
        dict(keywords=OFFERS, rcpt=["550-5.1.1 no"] * 90 + ["550 5.1.1 no"]),
        "fail/no-such-mailbox"),
    Row("demands what it does not offer",
        dict(mail="530 5.7.0 Must issue a STARTTLS command first"),
        "unknown/needs-tls", "STARTTLS", (CLEAR, SECURED)),
    Row("demands what it has and does not offer",
        dict(mail=SECURELY), sessions=(CLEAR, SECURED)),
]
REQUIRED = [
    Row("required: offered", dict(keywords=OFFERS)),
    Row("required: not offered", dict(), "temperror/unreachable",
        "could not agree on TLS", ("EHLO QUIT",)),
    Row("required: refused", dict(keywords=OFFERS, star="454 4.7.0 not now"),
        "temperror/unreachable", "could not agree on TLS",
        ("EHLO STAR QUIT",)),
    Row("required: fails", dict(keywords=OFFERS, star=["220 go", CLOSE]),
        "temperror/unreachable", "could not agree on TLS", (TRIED,)),
]
OFF = [
    Row("off: offered", dict(keywords=OFFERS), sessions=(CLEAR,)),
    Row("off: demanded",
        dict(keywords=OFFERS, mail="530 5.7.0 issue STARTTLS first"),
        "unknown/needs-tls", "STARTTLS", (CLEAR,)),
]
ALL = ROWS + REQUIRED + OFF


def site(row):
    """A row's domain and the address of its exchanger."""
    number = ALL.index(row) + 1
    return f"t{number}.example", f"45.30.80.{number}"


def records():
    for name, address in map(site, ALL):
        yield f"{name} MX 10 mx.{name}\nmx.{name} A {address}\n"


def server_context():
    """A server's side of TLS, with a certificate that nobody would believe."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = (os.path.join(folder, name)
                            for name in ("key", "certificate"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=elsewhere",
             "-keyout", key, "-out", certificate], check=True,
            capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    return context


def check(lab, rows, context):
    """Each row by Postfix: what is found, and what was said to its peer."""
    replies = {"pass": None, "fail": "550 5.1.7"}
    peers, cases = {}, []
    for row in rows:
        name, address = site(row)
        peers[row.row] = lab.peer(address, tls=context, **row.script)
        codes = replies.get(row.finding.partition("/")[0], "450 4.1.7")
        cases.append(Case(row.row, GOOD, NAME, f"alice@{name}",
                          refused(codes, row.words) if codes else TAKEN,
                          f"callout={row.finding}"))
    lab.play(cases, [lab.servers["postfix"]])
    for row in rows:
        peer = peers[row.row]
        wait_until(lambda peer=peer: all(s.ended for s in peer.sessions),
                   f"{row.row}: the end")
        lab.tally.equal(f"{row.row}: what was said", list(row.sessions),
                        [" ".join(line.text[:4] for line in session.lines)
                         for session in peer.sessions])


def main():
    with Lab(servers=["postfix"], policy=policy("opportunistic"), site=SITE,
             records="".join(records())) as lab:
        context = server_context()
        check(lab, ROWS, context)
        lab.reload(policy("required"), **SITE)
        check(lab, REQUIRED, context)
        lab.reload(policy("off"), **SITE)
        check(lab, OFF, context)


run(main, "postfix")
