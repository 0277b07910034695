#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The checks of HELO name and client: each result and each reason there is."""

import time

from lab import Case, Lab, dnsfaults, run
from lab.cases import refused
from lab.dns import SERVFAIL

POLICY = """
callout: {name: callout.home.example}
policy:
  helo-syntax: {fail: reject}
  helo-identity: {fail: reject}
  helo-forward: {fail: reject, temperror: tempfail}
  helo-match: {fail: reject, temperror: tempfail}
  client-ptr: {fail: reject, temperror: tempfail}
exceptions:
  - {senders: ["detail@*"], policy: {helo-syntax:
      {pass: {do: reject, text: "%{detail}"}}}}
"""
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.54"], timeout: 1s, attempts: 2, budget: 5s}',
    "local": "{domains: [home.example],"
             " addresses: [45.1.0.1, 45.20.8.1, '2a10:1::1', '2a10:20:8::1']}",
}


def pair(number):
    """A client's IPv4 and IPv6 address."""
    return f"45.20.{number}.1", f"2a10:20:{number}::1"


def host(number, name, *reverse):
    """Records: a host's addresses in the pair's place, its reverse names."""
    ipv4, ipv6 = pair(number)
    return "\n".join([f"{name} A {ipv4}", f"{name} AAAA {ipv6}",
                      *(f"{address} PTR {target}" for target in reverse
                        for address in (ipv4, ipv6)), ""])


MANY = [f"n{number}.many.example" for number in range(1, 13)]

RECORDS = "".join([
    "mail_1.good.example A 45.20.1.1\nmail_1.good.example AAAA 2a10:20:1::1\n",
    "v4.good.example A 45.20.1.1\nv6.good.example AAAA 2a10:20:1::1\n",
    "text.good.example TXT none\n",
    host(99, "out.good.example"),
    "mail.noreverse.example AAAA 2a10:20:2::1\n",
    "mail.other.example AAAA 2a10:20:3::1\n"
    "2a10:20:3::1 PTR mail.other.example\n",
    host(4, "mail.xn--bcher-kva.example", "mail.xn--bcher-kva.example"),
    host(5, "out.one.co.uk", "out.one.co.uk"),
    host(98, "mail.one.co.uk"), host(97, "mail.two.co.uk"),
    host(6, "mail.six.example", "elsewhere.six.example"),
    host(96, "elsewhere.six.example"),
    host(7, "mail.seven.example", "nowhere.seven.example"),
    host(8, "relay.home.example", "relay.home.example"),
    host(9, "mail.nine.example", "mail.nine.example"),
    host(10, "mail.ten.example", "lame.ten.example"),
    host(11, "mail.eleven.example", *MANY[:10]),
    host(11, MANY[9]),
    host(12, "mail.twelve.example", *MANY),
    host(13, "mail.thirteen.example", "not\\!a\\!name.example"),
    "half.good.example A 45.20.1.1\n",
    "none.good.example TXT none\n",
    host(14, "mail.slow.example", "mail.slow.example"),
    host(15, "mail.slower.example", "mail.slower.example"),
])

BROKEN = dnsfaults.rcode(SERVFAIL)


def break_dns(dns):
    """What the world's DNS gets wrong."""
    dns.on("half.good.example", "AAAA", BROKEN)
    dns.on("none.good.example", "AAAA", BROKEN)
    dns.on("broken.example", "*", BROKEN)
    dns.on("silent.example", "*", dnsfaults.silence)
    for address in pair(9):
        dns.on(address, "PTR", BROKEN)
    dns.on("lame.ten.example", "*", BROKEN)


GOOD, NO_REVERSE, OTHER, BUECHER, ONE = (pair(n) for n in range(1, 6))
OURS = pair(8)
GOOD_NAME = "mail.good.example"
ALICE = "alice@good.example"
TAKEN = "250 2\\.1\\.5 .*"
DNS_TROUBLE = "451 4.4.3"


def syntax(name, helo, reason, words, **more):
    """A HELO name that is none."""
    return Case(f"helo-syntax: {name}", GOOD, helo, ALICE,
                refused("550 5.5.2", words),
                f"helo-syntax=fail/{reason} helo-forward=none helo-match=none",
                **more)


HELO_SYNTAX = [
    syntax("no HELO", None, "missing", "the client gave no HELO name"),
    syntax("a word", "word", "unqualified",
           "the HELO name word is a single word"),
    syntax("a word and a dot", "Word.", "unqualified",
           "the HELO name word is a single word"),
    syntax("an empty label", "mail..good.example", "bad-label",
           "a label is empty"),
    syntax("a dot first", ".good.example", "bad-label",
           "a label is empty"),
    syntax("a label of 64", f"{'a' * 64}.example", "bad-label",
           "a label is longer than 63"),
    syntax("a hyphen first", "-mail.good.example", "bad-label",
           "begins or ends with a hyphen"),
    syntax("a hyphen last", "mail-.good.example", "bad-label",
           "begins or ends with a hyphen"),
    syntax("another character", "mail!.good.example", "bad-label",
           "other characters than letters"),
    syntax("a number last", "mail.good.123", "bad-label",
           "the last label is all digits"),
    syntax("no IPv4 address", "45.20.1.300", "bad-label",
           "the last label is all digits"),
    syntax("a name of 255", f"{'a.' * 124}example", "bad-label",
           "the name is longer than 253"),
    syntax("no U-label", "mail.\u2764.example", "bad-label",
           "not a valid internationalised one"),
    syntax("a bare IPv4 address", "45.20.1.1", "bare-address",
           "the HELO name is the bare address 45.20.1.1"),
    syntax("a bare IPv6 address", "2a10:20:1::1", "bare-address",
           "the HELO name is the bare address 2a10:20:1::1"),
    syntax("three octets", "[45.20.1]", "bad-literal",
           '"[45.20.1]" is not a valid address literal'),
    syntax("no bracket", "[45.20.1.1", "bad-literal",
           '"[45.20.1.1" is not a valid address literal'),
    syntax("nothing in brackets", "[]", "bad-literal",
           '"[]" is not a valid address literal'),
    syntax("no number in IPv6", "[IPv6:2a10:20:1::g]", "bad-literal",
           "is not a valid address literal"),
    Case("helo-syntax: a name", GOOD, GOOD_NAME, ALICE, TAKEN,
         "helo-syntax=pass helo-identity=pass helo-forward=pass"
         " helo-match=pass client-ptr=pass", logged={"verdict": "continue",
         "check": None, "result": None, "reason": None}),
    Case("helo-syntax: an underscore", GOOD, "mail_1.good.example", ALICE,
         TAKEN, "helo-syntax=pass helo-forward=pass helo-match=pass"),
    Case("helo-syntax: an underscore is told", GOOD, "mail_1.good.example",
         "detail@good.example", refused("550 5.5.2", "with an underscore"),
         "helo-syntax=pass"),
]


def borrowed(name, helo, words):
    """A stranger who greets as us."""
    return Case(f"helo-identity: {name}", GOOD, helo, ALICE,
                refused("550 5.7.1", words),
                "helo-identity=fail helo-syntax=pass")


HELO_IDENTITY = [
    borrowed("our name", "mx.home.example", "this mail server's own name"),
    borrowed("our name in capitals", "MX.Home.Example.",
             "this mail server's own name"),
    borrowed("our callouts' name", "callout.home.example",
             "is the name of our callouts"),
    borrowed("our domain", "home.example", "is a domain of this site"),
    borrowed("our IPv4 address", "[45.1.0.1]", "45.1.0.1 of this site"),
    borrowed("our IPv6 address", "[IPv6:2a10:1::1]",
             "2a10:1::1 of this site"),
    borrowed("our address, mapped", "[IPv6:::ffff:45.20.8.1]",
             "45.20.8.1 of this site"),
    Case("helo-identity: one of us, by name", OURS, "home.example", ALICE,
         refused("550 5.7.1", "home.example"),
         "helo-forward=fail/no-address helo-identity=pass"),
    Case("helo-identity: one of us, by address", OURS[0], "[45.20.8.1]",
         ALICE, TAKEN, "helo-identity=pass helo-match=pass"),
    Case("helo-identity: one of us, by IPv6 address", OURS[1],
         "[IPv6:2a10:20:8::1]", ALICE, TAKEN,
         "helo-identity=pass helo-match=pass"),
    Case("helo-identity: a host below our domain", OURS,
         "relay.home.example", ALICE, TAKEN, "helo-identity=pass"),
    Case("helo-identity: a stranger below our domain", GOOD,
         "relay.home.example", ALICE, refused("550 5.7.1", "resolves to"),
         "helo-match=fail helo-identity=pass"),
]

HELO_FORWARD = [
    Case("helo-forward: no such name", GOOD, "mail.nowhere.example", ALICE,
         refused("550 5.7.1", "mail.nowhere.example does not exist in DNS"),
         "helo-forward=fail/nxdomain"),
    Case("helo-forward: no address", GOOD, "text.good.example", ALICE,
         refused("550 5.7.1", "text.good.example has no address in DNS"),
         "helo-forward=fail/no-address"),
    Case("helo-forward: SERVFAIL", GOOD, "broken.example", ALICE,
         refused(DNS_TROUBLE, "broken.example could not be looked up"),
         "helo-forward=temperror"),
    Case("helo-forward: silence", GOOD, "silent.example", ALICE,
         refused(DNS_TROUBLE, "silent.example could not be looked up"),
         "helo-forward=temperror"),
    Case("helo-forward: IPv4 alone", GOOD[0], "v4.good.example", ALICE,
         TAKEN, "helo-forward=pass helo-match=pass"),
    Case("helo-forward: IPv6 alone", GOOD[1], "v6.good.example", ALICE,
         TAKEN, "helo-forward=pass helo-match=pass"),
    Case("helo-forward: IPv6 fails, IPv4 is there", GOOD[0],
         "half.good.example", ALICE, TAKEN, "helo-forward=pass"),
    Case("helo-forward: IPv6 fails, IPv4 is not there", GOOD,
         "none.good.example", ALICE,
         refused(DNS_TROUBLE, "none.good.example could not be looked up"),
         "helo-forward=temperror"),
    Case("helo-forward: a literal has none", GOOD[0], "[45.20.1.1]", ALICE,
         TAKEN, "helo-forward=none helo-match=pass"),
]

# What helo-match does is chosen by the sender.
WAYS = {
    "base": "{}",
    "address": "{by: [address]}",
    "name": "{by: [name]}",
    "organisation": "{by: [organisation]}",
    "both": "{by: [address, name], need: all}",
    "either": "{by: [address, name], need: any}",
    "all": "{by: [address, name, organisation], need: all}",
}
MATCH_POLICY = POLICY + "".join(
    f'  - {{senders: ["{way}@*"], policy:'
    f" {{helo-match: {what}, client-ptr: off}}}}\n"
    for way, what in WAYS.items())


def match(client, helo, passes, fails=""):
    """One client and HELO name, in the ways that pass and in those that fail.
    """
    for way in f"{passes} {fails}".split():
        good = way in passes.split()
        yield Case(f"helo-match: {helo} by {way}", client, helo,
                   f"{way}@good.example",
                   TAKEN if good else refused("550 5.7.1", ""),
                   f"helo-match={'pass' if good else 'fail'}")


def unsure(client, helo, ways):
    """DNS keeps from us whether it matches."""
    for way in ways.split():
        yield Case(f"helo-match: {helo} by {way}, with DNS broken", client,
                   helo, f"{way}@good.example", refused(DNS_TROUBLE, "could "
                   "not be looked up"), "helo-match=temperror")


HELO_MATCH = [
    *match(GOOD, "mail.good.example", " ".join(WAYS)),
    *match(GOOD, "out.good.example", "base organisation",
           "address name both either all"),
    *match(GOOD, "mail.other.example", "", " ".join(WAYS)),
    *match(NO_REVERSE, "mail.noreverse.example", "base address either",
           "name organisation both all"),
    *match(ONE, "mail.one.co.uk", "base organisation", "address name all"),
    *match(ONE, "mail.two.co.uk", "", "base organisation"),
    *match(pair(6), "elsewhere.six.example", "",
           "base address name organisation"),
    *match(pair(6), "mail.six.example", "base address", "organisation all"),
    *match(GOOD, "MAIL.Good.example.", " ".join(WAYS)),
    *match(BUECHER, "mail.xn--bcher-kva.example", "base address name both"),
    *match(BUECHER, "mail.b\u00fccher.example", "base address name both"),
    *match(BUECHER, "Mail.B\u00dcCHER.Example.", "name"),
    *match(BUECHER, "MAIL.XN--BCHER-KVA.EXAMPLE", "name"),
    *match(GOOD[0], "[45.20.1.1]", " ".join(WAYS)),
    *match(GOOD[0], "[45.20.3.1]", "", "base name all"),
    *match(GOOD[0], "[IPv6:::ffff:45.20.1.1]", "base name all"),
    *match(GOOD[0], "[IPv6:::FFFF:2d14:101]", "base"),
    *match(GOOD[1], "[45.20.1.1]", "", "base"),
    *match(GOOD[1], "[IPv6:2a10:20:1::1]", "base name all"),
    *match(GOOD[1], "[IPv6:2a10:20:1:0:0:0:0:1]", "base"),
    *match(GOOD[1], "[ipv6:2A10:0020:0001:0000:0000:0000:0000:0001]", "base"),
    *match(GOOD[1], "[IPv6:2a10:20:1::2]", "", "base name all"),
    *unsure(GOOD[1], "half.good.example", "address either"),
    *match(GOOD[1], "half.good.example", "base organisation", "name both all"),
    *match(GOOD[0], "half.good.example", "address", "name"),
    *unsure(pair(9), "mail.nine.example", "name organisation both all"),
    *match(pair(9), "mail.nine.example", "base address either"),
    *match(pair(9), "mail.other.example", "", "address both all"),
    *unsure(pair(9), "mail.other.example", "base either"),
    Case("helo-match: none after a bad HELO name", GOOD, "word",
         "all@good.example", refused("550 5.5.2", "word"),
         "helo-syntax=fail/unqualified helo-match=none"),
]


def reverse(name, number, helo, words, finding):
    """A client whose reverse name is wanting."""
    codes = "550 5.7.25" if finding.startswith("fail") else DNS_TROUBLE
    return Case(f"client-ptr: {name}", pair(number), helo, ALICE,
                refused(codes, words),
                f"client-ptr={finding} helo-match=pass")


CLIENT_PTR = [
    reverse("no PTR", 2, "mail.noreverse.example",
            "no reverse name (PTR record)", "fail/missing"),
    reverse("PTR to no host name", 13, "mail.thirteen.example",
            "holds no valid host name", "fail/missing"),
    reverse("resolves elsewhere", 6, "mail.six.example",
            "elsewhere.six.example (resolves to", "fail/unconfirmed"),
    reverse("does not resolve", 7, "mail.seven.example",
            "nowhere.seven.example (does not exist in DNS)",
            "fail/unconfirmed"),
    reverse("SERVFAIL for PTR", 9, "mail.nine.example",
            "could not be looked up", "temperror"),
    reverse("SERVFAIL for the name", 10, "mail.ten.example",
            "lame.ten.example (could not be looked up", "temperror"),
    reverse("twelve names", 12, "mail.twelve.example", "none of them resolves",
            "fail/unconfirmed"),
    Case("client-ptr: the tenth of ten names", pair(11),
         "mail.eleven.example", ALICE, TAKEN, "client-ptr=pass",
         logged={"reverse": MANY[9]}),
    Case("client-ptr: one name", GOOD, GOOD_NAME, ALICE, TAKEN,
         "client-ptr=pass", logged={"reverse": GOOD_NAME}),
]

SLOW_SITE = SITE | {
    "dns": '{servers: ["45.30.0.54"], timeout: 3s, attempts: 1, budget: 6s}'}
SLOW_POLICY = POLICY.replace("policy:\n", "policy:\n  reply-within: 500ms\n", 1)
PATIENCE = "still verifying, please retry"

SLOW = [
    Case("helo-forward: not in time", pair(14), "mail.slow.example", ALICE,
         refused(DNS_TROUBLE, PATIENCE), "helo-forward=temperror/in-progress"
         " helo-match=temperror/in-progress"),
    Case("client-ptr: not in time", pair(15), "mail.slower.example", ALICE,
         refused(DNS_TROUBLE, PATIENCE), "client-ptr=temperror/in-progress"
         " helo-match=pass"),
]
SLOW_RETRY = [
    Case(f"{case.name}, but for the retry", case.client, case.helo, ALICE,
         TAKEN, "helo-forward=pass helo-match=pass client-ptr=pass",
         logged={"kept": "dns"}) for case in SLOW]


def main():
    with Lab(policy=MATCH_POLICY, site=SITE, records=RECORDS) as lab:
        break_dns(lab.dns)
        lab.play(HELO_SYNTAX + HELO_IDENTITY + HELO_FORWARD + HELO_MATCH
                 + CLIENT_PTR)
        lab.tally.equal("client-ptr: names asked about, of twelve", 10,
                        len({q.name for q in lab.dns.questions("n*.many.*")
                             if q.type == "A"}))
        lab.reload(SLOW_POLICY, **SLOW_SITE)
        slow = dnsfaults.pause(1500), dnsfaults.truth
        lab.dns.on("mail.slow.example", "*", *slow)
        for address in pair(15):
            lab.dns.on(address, "PTR", *slow)
        lab.play(SLOW)
        time.sleep(1.5)
        lab.play(SLOW_RETRY)


run(main, "postfix", "sendmail")
