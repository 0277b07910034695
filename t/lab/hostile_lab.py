#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Exchangers and senders that mean us harm: rows S of the faults.

Each peer gets its domain; nothing that it says may hold us up, stand as the
answer to another command, or change a line of ours.  Each address is given to
the filter as no MTA would; nothing of it may become a command of its own.
"""

from collections import namedtuple

from lab import Case, Lab, run
from lab.cases import refused
from lab.milter import Milter
from lab.peer import CLOSE, RESET, SILENCE, Drip
from lab.process import wait_until

GOOD = "45.20.1.1", "2a10:20:1::1"
NAME = "mail.good.example"
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}',
}
POLICY = """
callout:
  timeout: {connect: 1s, reply: 1s, total: 3s}
policy:
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail, unknown: tempfail}
"""
TAKEN = "250 2\\.1\\.5 .*"
REPLY = {"pass": TAKEN, "fail": refused("550 5.1.7"),
         "temperror": refused("450 4.1.7"), "unknown": refused("450 4.1.7")}
IN_TIME = r"\d{1,3}|[12]\d{3}|3[01]\d{2}"       # milliseconds

PASS, NO_MAILBOX, NO_BOUNCES, UNREACHABLE, BLOCKED = (
    "pass", "fail/no-such-mailbox", "fail/refuses-bounces",
    "temperror/unreachable", "unknown/blocked-us")

# A peer, what is found, and what of its words the reply to the client repeats.
Hostile = namedtuple("Hostile", "row script finding words", defaults=("",))
NOT_SMTP = "that is not SMTP"
SILENT_STEP = "did not answer"
GONE = "closed the connection"

PEERS = [
    Hostile("S3 never greets", dict(greeting=[SILENCE]), UNREACHABLE,
            "did not answer our connection in time"),
    Hostile("S3 greets octet by octet",
            dict(greeting=Drip("220 " + "x" * 60, 0.2)), UNREACHABLE,
            SILENT_STEP),
    Hostile("S3 a line now and then",
            dict(greeting=["220-wait", 0.4] * 20 + ["220 at last"]),
            UNREACHABLE, SILENT_STEP),
    Hostile("S3 greets late", dict(greeting=[0.8, "220 hello"]), PASS),
    Hostile("S3 greets in pieces",
            dict(greeting=[b"22", 0.1, b"0-a\r", 0.1, b"\n220", 0.1,
                           b" b\r\n"]), PASS),
    Hostile("S3 greets in 50 lines",
            dict(greeting=[*["220-welcome"] * 49, "220 in"]), PASS),
    Hostile("S4 greets without end", dict(greeting=[b"220-x\r\n" * 100_000]),
            UNREACHABLE, NOT_SMTP),
    Hostile("S4 1 MiB without a newline",
            dict(greeting=[b"220 " + b"x" * (1 << 20)]), UNREACHABLE,
            NOT_SMTP),
    Hostile("S4 10,000 lines to RCPT",
            dict(rcpt=["550-5.1.1 no"] * 9999 + ["550 5.1.1 no"]),
            UNREACHABLE, NOT_SMTP),
    Hostile("S4 a long line", dict(rcpt="550 5.1.1 " + "long " * 1000),
            NO_MAILBOX, "long long"),
    Hostile("S5 NUL", dict(rcpt=[b"550 5.1.1 no\0pe\r\n"]), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 NULs alone", dict(greeting=[b"\0" * 4096]), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 bare CR", dict(rcpt=[b"550 5.1.1 no\r250 2.1.5 yes\r\n"]),
            UNREACHABLE, NOT_SMTP),
    Hostile("S5 bare LF", dict(rcpt=[b"550 5.1.1 nobody here\n"]), NO_MAILBOX,
            "nobody here"),
    Hostile("S5 8-bit", dict(rcpt=[b"550 5.1.1 \xe9\xff nobody\r\n"]),
            NO_MAILBOX, r"\xe9\xff nobody"),
    Hostile("S5 escapes", dict(rcpt=[b"550 5.1.1 \x1b[2J\x07\x7f nobody\r\n"]),
            NO_MAILBOX, r"\x1b[2J\x07\x7f nobody"),
    Hostile("S5 no digits", dict(rcpt="no such user"), UNREACHABLE, NOT_SMTP),
    Hostile("S5 two digits", dict(rcpt="55 no such user"), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 code 000", dict(rcpt="000 no such user"), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 code 999", dict(rcpt="999 no such user"), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 code 150", dict(rcpt="150 no such user"), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 code 354", dict(rcpt="354 go on"), UNREACHABLE,
            "answered 354 to RCPT"),
    Hostile("S5 two codes in one reply",
            dict(rcpt=["550-5.1.1 no", "250 2.1.5 yes"]), UNREACHABLE,
            NOT_SMTP),
    Hostile("S5 a status of another class", dict(rcpt="550 2.1.5 odd"),
            NO_MAILBOX, "odd"),
    Hostile("S6 greets and goes", dict(greeting=["220 hello", CLOSE]),
            UNREACHABLE, GONE),
    Hostile("S6 421 to EHLO", dict(ehlo=["421 bye", CLOSE]), UNREACHABLE,
            "answered 421 to EHLO"),
    Hostile("S6 421 to MAIL", dict(mail=["421 bye", CLOSE]), UNREACHABLE,
            "answered 421 to MAIL"),
    Hostile("S6 554 greeting", dict(greeting="554 no"), BLOCKED,
            "answered 554 to our connection"),
    Hostile("S7 HELO taken", dict(ehlo="500 what?"), PASS),
    Hostile("S7 HELO refused too", dict(ehlo="500 what?", helo="550 no"),
            BLOCKED, "answered 550 to EHLO or HELO"),
    Hostile("S8 refuses the null sender",
            dict(mail="550 5.7.1 no null sender here"), NO_BOUNCES,
            "answered 550 to MAIL FROM:<>"),
    Hostile("S9 251", dict(rcpt="251 2.1.5 will forward"), PASS),
    Hostile("S9 252", dict(rcpt="252 2.1.5 cannot verify, will try"), PASS),
    Hostile("S10 unknown", dict(rcpt="550 5.1.1 no such user"), NO_MAILBOX,
            "no such user"),
    Hostile("S10 names our address",
            dict(rcpt="550 5.1.1 45.1.0.1 may not send to us"), BLOCKED,
            "answered 550 to RCPT"),
    Hostile("S10 a policy", dict(rcpt="550 5.7.1 refused by policy"), BLOCKED,
            "refused by policy"),
    Hostile("S15 answers before it is asked",
            dict(greeting=[b"220 hello\r\n250 ok\r\n250 ok\r\n250 ok\r\n"]),
            UNREACHABLE, NOT_SMTP),
    Hostile("S15 answers EHLO twice",
            dict(keywords=(), ehlo=[b"250 hello\r\n250 hello\r\n"],
                 rcpt="550 5.1.1 nobody"), UNREACHABLE, NOT_SMTP),
    Hostile("S15 one answer too many",
            dict(keywords=(), mail=[b"250 ok\r\n250 2.1.5 ok\r\n"],
                 rcpt="550 5.1.1 nobody"), UNREACHABLE, NOT_SMTP),
    Hostile("S19 QUIT unanswered", dict(quit=[SILENCE]), PASS),
    Hostile("S19 a line a second to QUIT",
            dict(keywords=(), quit=["221-bye", 0.5] * 20), PASS),
    Hostile("S21 resets at the greeting", dict(greeting=[RESET]), UNREACHABLE,
            GONE),
    Hostile("S21 resets behind it", dict(greeting=["220 hello", RESET]),
            UNREACHABLE, GONE),
    Hostile("S21 resets at EHLO", dict(ehlo=[RESET]), UNREACHABLE, GONE),
    Hostile("S21 resets at MAIL", dict(mail=[RESET]), UNREACHABLE, GONE),
    Hostile("S21 resets at RCPT", dict(rcpt=[RESET]), UNREACHABLE, GONE),
    Hostile("S21 resets at QUIT",
            dict(keywords=(), rcpt="550 5.1.1 nobody", quit=[RESET]),
            NO_MAILBOX, "nobody"),
    Hostile("percent signs", dict(rcpt="550 5.1.1 100% %s %n %{client} %%"),
            NO_MAILBOX, "100% %s %n %{client} %%"),
    Hostile("quotes", dict(rcpt='550 5.1.1 " verdict=accept x="'), NO_MAILBOX,
            '" verdict=accept x="'),
    Hostile("a reply of ours", dict(rcpt=["550-5.1.1 no", "550 250 yes"]),
            NO_MAILBOX, "250 yes"),
]


def site(number):
    """A hostile peer's domain and its address; every other one is IPv6."""
    address = (f"2a10:30:70::{number + 1}" if number % 2
               else f"45.30.70.{number + 1}")
    return f"h{number}.example", address


def site_records():
    for number in range(len(PEERS)):
        name, address = site(number)
        yield (f"{name} MX 10 mx.{name}\n"
               f"mx.{name} {'AAAA' if ':' in address else 'A'} {address}\n")


def check_peers(lab):
    """Each peer by both MTAs; the second one finds what is kept."""
    for number, peer in enumerate(PEERS):
        lab.peer(site(number)[1], **peer.script)
    cases = []
    for number, peer in enumerate(PEERS):
        result = peer.finding.partition("/")[0]
        codes = {"fail": "550 5.1.7", "pass": None}.get(result, "450 4.1.7")
        cases.append(Case(
            f"peer: {peer.row}", GOOD[number % 2], NAME,
            f"alice@{site(number)[0]}",
            refused(codes, peer.words) if codes else TAKEN,
            f"callout={peer.finding}", logged={"ms": IN_TIME}))
    lab.play(cases, at_once=16)


# A reverse-path as the MTA would hand it on, what is found, and the address
# in the RCPT command that comes of it; None: none.

DOMAIN = "paths.example"
SYNTAX = "sender-domain=fail/syntax callout=none"
PASSES = "sender-domain=pass callout=pass"
Path = namedtuple("Path", "row path finds asked", defaults=(None,))


def verbatim(row, path):
    """An address that is asked about as it was given."""
    return Path(row, f"<{path}>", PASSES, path)


# M15: what may stand in MAIL.
PATHS = [
    Path("S14 CR LF", f"<a\r\nRSET\r\nb@{DOMAIN}>", SYNTAX),
    Path("S14 CR LF behind it", f"<alice@{DOMAIN}>\r\nQUIT", SYNTAX),
    Path("S14 CR", f"<a\rb@{DOMAIN}>", SYNTAX),
    Path("S14 LF in the domain", f"<alice@\n{DOMAIN}>", SYNTAX),
    Path("S14 CR LF in quotes", f'<"a\r\nb"@{DOMAIN}>', SYNTAX),
    Path("S14 NUL", f"<a\0b@{DOMAIN}>", SYNTAX),
    Path("S14 DEL", f"<a\x7fb@{DOMAIN}>", SYNTAX),
    Path("S14 space", f"<a b@{DOMAIN}>", SYNTAX),
    Path("S14 bracket", f"<a>b@{DOMAIN}>", SYNTAX),
    Path("S14 open bracket", f"<a<b@{DOMAIN}>", SYNTAX),
    Path("S14 parameters", f"<alice@{DOMAIN}> NOTIFY=NEVER", SYNTAX),
    Path("S14 an open quote", f'<"alice@{DOMAIN}>', SYNTAX),
    Path("S14 nothing", "", SYNTAX),
    verbatim("S13 quotes", f'"a b"@{DOMAIN}'),
    verbatim("S13 a quoted quote", f'"a\\"b"@{DOMAIN}'),
    verbatim("S13 a quoted bracket", f'"a>b"@{DOMAIN}'),
    verbatim("S13 percent hack", f"carol%elsewhere.example@{DOMAIN}"),
    verbatim("S13 bang path", f"host!carol@{DOMAIN}"),
    verbatim("S13 format", f"%s%n@{DOMAIN}"),
    verbatim("S13 local part of 65", f"{'l' * 65}@{DOMAIN}"),
    verbatim("S13 254 octets", f"{'m' * (253 - len(DOMAIN))}@{DOMAIN}"),
    Path("S13 255 octets", f"<{'m' * (254 - len(DOMAIN))}@{DOMAIN}>", SYNTAX),
    Path("S13 a long domain", f"<alice@{'d.' * 130}example>", SYNTAX),
    Path("S13 60,000 octets", f"<{'x' * 60_000}@{DOMAIN}>", SYNTAX),
    Path("S13 source route", f"<@one.example,@two.example:dave@{DOMAIN}>",
         PASSES, f"dave@{DOMAIN}"),
    Path("S13 needless quotes", f'<"erin"@{DOMAIN}>', PASSES,
         f"erin@{DOMAIN}"),
    Path("S13 SMTPUTF8, not offered", f"<j\u00fcrgen@{DOMAIN}>",
         "sender-domain=pass callout=unknown/no-smtputf8"),
    Path("S13 SMTPUTF8, offered", "<j\u00fcrgen@utf8.example>", PASSES,
         "j\u00fcrgen@utf8.example"),
    Path("S13 two @", f"<a@b@{DOMAIN}>", SYNTAX),
    Path("S13 literal", "<frank@[45.30.71.1]>", PASSES, "frank@[45.30.71.1]"),
    Path("S13 IPv6 literal", "<frank@[IPv6:2a10:30:71::1]>", PASSES,
         "frank@[IPv6:2a10:30:71::1]"),
    Path("S13 no literal", "<frank@[45.30.71]>", SYNTAX),
    Path("S13 a reserved literal", "<frank@[127.0.0.1]>",
         "sender-domain=fail/unroutable callout=none"),
    Path("S16 <postmaster>", "<postmaster>",
         "sender-domain=none callout=none"),
    Path("S16 <>", "<>", "sender-domain=none callout=none"),
    Path("S16 one of ours", "<bob@home.example>",
         "sender-domain=none callout=none"),
]

PATH_RECORDS = f"""
{DOMAIN}         MX    10 mx.{DOMAIN}
mx.{DOMAIN}      A     45.30.71.1
utf8.example     MX    10 mx.utf8.example
mx.utf8.example  A     45.30.71.2
"""


def check_paths(lab):
    """Each path in a session of its own, straight to the filter."""
    peers = [lab.peer(address) for address in ("45.30.71.1",
                                               "2a10:30:71::1")]
    peers.append(lab.peer("45.30.71.2", keywords=("SMTPUTF8",)))
    for number, path in enumerate(PATHS):
        with Milter() as milter:
            milter.begin(path.path)
            milter.rcpt(f"<path{number}@home.example>")
    expected = {"EHLO mx.home.example", "MAIL FROM:<>", "QUIT",
                "MAIL FROM:<> SMTPUTF8",
                *(f"RCPT TO:<{path.asked}>".encode().decode("latin-1")
                  for path in PATHS if path.asked)}
    lab.tally.equal("paths: all that was said", sorted(expected),
                    sorted({line.text for peer in peers
                            for line in peer.said("")}))
    wait_until(lambda: lab.bonafided.log().count(" recipient=path")
               == len(PATHS), "each path has its verdict")
    verdicts = {verdict.get("recipient"): verdict
                for verdict in lab.bonafided.verdicts()}
    for number, path in enumerate(PATHS):
        findings = verdicts.get(f"path{number}@home.example",
                                {}).get("findings", {})
        found = {f"{check}={finding}" for check, finding in findings.items()}
        lab.tally.note(f"path: {path.row}",
                       found.issuperset(path.finds.split()), path.finds,
                       " ".join(sorted(found)))


def main():
    with Lab(policy=POLICY, site=SITE, servers=("postfix", "sendmail"),
             records="".join(site_records()) + PATH_RECORDS) as lab:
        check_peers(lab)
        check_paths(lab)


run(main, "postfix", "sendmail")
