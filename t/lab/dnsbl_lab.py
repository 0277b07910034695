#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""DNS lists: who is listed, by what, and what comes of it."""

import ipaddress

from lab import Case, Lab, dnsfaults, run
from lab.cases import refused
from lab.process import wait_until

SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.54"], timeout: 500ms, attempts: 2,'
           ' budget: 1500ms}',
}
NAME = "mail.good.example"
GOOD = "45.20.1.1", "2a10:20:1::1"
BAD = "45.20.7.1", "2a10:20:7::1"
TAKEN = "250 2\\.1\\.5 .*"
LISTED = "550 5.7.1"
UNSURE = refused("451 4.4.3")
TEXT = "https://bl.example/why?ip=here"


def listing(zone, address, *answers, text=None):
    """The records by which a list names an address, or a name."""
    try:
        reverse = ipaddress.ip_address(address).reverse_pointer
        owner = reverse.rsplit(".", 2)[0]
    except ValueError:
        owner = address
    lines = [f"{owner}.{zone} 60 A {answer}\n" for answer in answers]
    if text:
        lines.append(f'{owner}.{zone} 60 TXT "{text}"\n')
    return "".join(lines)


def test_entries(zone):
    """What every list of addresses must hold (RFC 5782 5)."""
    return (listing(zone, "127.0.0.2", "127.0.0.2")
            + listing(zone, "::ffff:127.0.0.2", "127.0.0.2"))


RECORDS = "".join([
    *(test_entries(f"{zone}.example") for zone in (
        "some", "error", "other", "slow", "wl")),
    *(listing(f"{zone}.example", "test", "127.0.1.2")
      for zone in ("names",)),
    listing("bl.example", "::ffff:127.0.0.2", "127.0.0.2"),
    *(listing("bl.example", client, "127.0.0.4", text=TEXT)
      for client in BAD),
    *(listing("some.example", client, answer) for client, answer in (
        ("45.20.7.2", "127.0.0.9"), ("45.20.7.3", "127.0.0.3"),
        ("45.20.7.4", "127.0.3.3"), ("45.20.7.1", "127.0.0.2"))),
    listing("error.example", "45.20.7.5", "127.255.255.254"),
    listing("error.example", "45.20.7.6", "45.30.99.99"),
    listing("error.example", "45.20.7.7", "127.255.255.252", "127.0.0.2",
            text="\\034; DROP \\200\\010 %s\\010"),
    listing("names.example", "helo.spam.example", "127.0.1.2",
            text="a bad name"),
    listing("names.example", "spam.example", "127.0.1.3"),
    listing("names.example", "client.spam.example", "127.0.1.4"),
    listing("wl.example", "45.20.7.8", "127.0.5.1"),
    "helo.spam.example A 45.20.7.20\n",
    "45.20.7.21 PTR client.spam.example.\n",
    "client.spam.example A 45.20.7.21\n",
    "spam.example MX 10 mx.good.example\n",
    "*.everybody.example 60 A 127.0.0.2\n",
])


def policy(zones, more=""):
    return ("policy:\n  helo-forward: {fail: reject}\n  dnsbl:\n    zones:\n"
            + "".join(f"      - {zone}\n" for zone in zones)
            + "    fail: reject\n    temperror: tempfail\n" + more)


PLAIN = policy(["{name: bl.example}"])
CASES = [
    Case("nobody lists it", GOOD, NAME, "a@good.example", TAKEN,
         "dnsbl=pass"),
    Case("listed, with a text", BAD, NAME, "a@good.example",
         refused(LISTED, "listed by bl.example (127.0.0.4): "
                 f'"{TEXT}"'), "dnsbl=fail"),
]

WORDS = policy(["{name: bl.example}"]).replace(
    "fail: reject", 'fail: {do: reject, code: 554, text: "no, %{reason}"}')
WORDS_CASES = [
    Case("%{reason} is the list's text", BAD, NAME, "a@good.example",
         f"554[ -]5\\.7\\.1 (.*\\.\\.\\. )?no, {TEXT}".replace("?ip", "\\?ip"),
         "dnsbl=fail"),
]

RANGES = policy(["{name: some.example, answers: [127.0.0.2-127.0.0.7,"
                 " 127.0.3.0/24]}"])
RANGE_CASES = [
    Case("answers: another one", "45.20.7.2", NAME, "a@good.example", TAKEN,
         "dnsbl=pass"),
    Case("answers: in a range", "45.20.7.3", NAME, "a@good.example",
         refused(LISTED, "(127.0.0.3)"), "dnsbl=fail"),
    Case("answers: in a network", "45.20.7.4", NAME, "a@good.example",
         refused(LISTED, "(127.0.3.3)"), "dnsbl=fail"),
]

ERRORS = policy(["{name: error.example}"])
ERROR_CASES = [
    Case("error: public resolver", "45.20.7.5", NAME, "a@good.example",
         refused("451 4.4.3", "does not answer to public"),
         "dnsbl=temperror"),
    Case("error: no list's answer", "45.20.7.6", NAME, "a@good.example",
         refused("451 4.4.3", "answered 45.30.99.99"), "dnsbl=temperror"),
    Case("error: and a listing; its text is shown escaped", "45.20.7.7", NAME,
         "a@good.example", refused(
             LISTED, '(127.0.0.2): ""; drop \\xc8\\x0a %s\\x0a"'),
         "dnsbl=fail"),
]

NEED = policy(["{name: bl.example}", "{name: some.example}"], "    need: 2\n")
NEED_CASES = [
    Case("need 2: both", BAD[0], NAME, "a@good.example", refused(LISTED),
         "dnsbl=fail"),
    Case("need 2: one", BAD[1], NAME, "a@good.example", TAKEN, "dnsbl=pass"),
]
SCORE = policy(["{name: bl.example, weight: 3}",
                "{name: some.example, weight: 2}"], "    score: 3\n")
SCORE_CASES = [
    Case("score 3: enough", BAD[1], NAME, "a@good.example", refused(LISTED),
         "dnsbl=fail"),
    Case("score 3: not enough", "45.20.7.3", NAME, "a@good.example", TAKEN,
         "dnsbl=pass"),
]

NAMES = policy(["{name: names.example, of: helo}",
                "{name: names.example, of: sender}",
                "{name: names.example, of: reverse}"])
NAME_CASES = [
    Case("of: helo", GOOD, "helo.spam.example", "a@good.example",
         refused(LISTED, 'helo.spam.example is listed by names.example'
                 ' (127.0.1.2): "a bad name"'), "dnsbl=fail"),
    Case("of: sender", GOOD, NAME, "a@spam.example",
         refused(LISTED, "spam.example is listed by"), "dnsbl=fail"),
    Case("of: sender, the null one", GOOD, NAME, "", TAKEN, "dnsbl=pass"),
    Case("of: reverse", "45.20.7.21", NAME, "a@good.example",
         refused(LISTED, "client.spam.example is listed by"), "dnsbl=fail"),
]

ALLOW = policy(["{name: bl.example}",
                "{name: wl.example, kind: allow, exempt: [helo-forward]}"])
ALLOW_CASES = [
    Case("allow: who is listed", "45.20.7.8", "nowhere.example",
         "a@good.example", TAKEN, "helo-forward=none dnsbl=pass"),
    Case("allow: who is not", GOOD, "nowhere.example", "a@good.example",
         refused("550 5.7.1", "does not exist"),
         "helo-forward=fail/nxdomain dnsbl=pass"),
]

SLOW = policy(["{name: slow.example}", "{name: bl.example}"])
SLOW_CASES = [
    Case("slow: what arrived counts", BAD[0], NAME, "a@good.example",
         refused(LISTED), "dnsbl=fail"),
    Case("slow: no longer than the budget", GOOD[0], NAME, "a@good.example",
         UNSURE, "dnsbl=temperror", logged={"ms": r"\d{3}|1\d{3}"}),
]


LEFT_OUT = [Case(f"slow: left out, {number}", GOOD[0], NAME,
                 "a@good.example", TAKEN, "dnsbl=pass",
                 logged={"ms": r"\d{1,2}"}) for number in range(2)]


def check_silence(lab):
    """A list that does not answer again and again is left out, and says so."""
    for _ in range(3):
        lab.play(SLOW_CASES[1:], [lab.servers["postfix"]])
    wait_until(lambda: "slow.example did not answer 5 times in a row"
               in lab.bonafided.log(), "slow.example is left out")
    lab.play(LEFT_OUT, [lab.servers["postfix"]])


def check_self_test(lab):
    """A list that lists everybody, or nobody, is switched off."""
    lab.reload(policy(["{name: everybody.example}",
                       "{name: nobody.example, of: sender}"]), **SITE)
    for line in ("everybody.example is switched off for IPv4 addresses: it"
                 " lists the entry that no list may have, 127.0.0.1",
                 "everybody.example is switched off for IPv6 addresses",
                 "nobody.example is switched off for names: it does not list"
                 " the test entry, test"):
        wait_until(lambda line=line: line in lab.bonafided.log(), line)
    lab.play([Case("self-test: such a list is not believed", GOOD, NAME,
                   "a@good.example", TAKEN, "dnsbl=none")])


def main():
    with Lab(policy=PLAIN, site=SITE, records=RECORDS) as lab:
        lab.peer("45.30.2.1")
        lab.dns.on("*.slow.example", "*", dnsfaults.silence)
        lab.play(CASES)
        for text, cases in ((WORDS, WORDS_CASES), (RANGES, RANGE_CASES),
                            (ERRORS, ERROR_CASES),
                            (NEED, NEED_CASES), (SCORE, SCORE_CASES),
                            (NAMES, NAME_CASES), (ALLOW, ALLOW_CASES),
                            (SLOW, SLOW_CASES)):
            lab.reload(text, **SITE)
            lab.play(cases)
        check_silence(lab)
        check_self_test(lab)


run(main, "postfix", "sendmail")
