#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The callout: whom it asks, in what order, in which words, and whom never."""

import contextlib
import socket
import time
from collections import namedtuple

from lab import Case, Lab, run
from lab.cases import refused
from lab.loop import Loop
from lab.peer import CLOSE, RESET, SILENCE, Drip, Peer
from lab.process import wait_until

GOOD = "45.20.1.1", "2a10:20:1::1"
NAME = "mail.good.example"
TAKEN = "250 2\\.1\\.5 .*"
REFUSED = refused("550 5.1.7")
PUT_OFF = refused("450 4.1.7")
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}',
}

POLICY = """
callout:
  timeout: {connect: 1s, reply: 1s, total: 8s}
policy:
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail, unknown: tempfail}
"""


# S1: which of a domain's exchangers are asked. A host is a script, or SHUT:
# nobody listens; `asked` are the hosts that were called, in order.

SHUT = None
TAKES = dict()
GONE = dict(rcpt="550 5.1.1 no such user")
GREY = dict(rcpt="450 4.2.0 come later")
BLOCKS = dict(rcpt="554 5.7.1 blocked using a blocklist")

Route = namedtuple("Route", "name hosts finding asked")

ROUTES = [
    Route("first", [TAKES, TAKES], "pass", [0]),
    Route("shut", [SHUT, TAKES], "pass", [1]),
    Route("busy", [dict(greeting=["421 busy", CLOSE]), TAKES], "pass", [0, 1]),
    Route("later", [dict(greeting="450 later"), TAKES], "pass", [0, 1]),
    Route("unwelcome", [dict(greeting="554 no"), TAKES], "pass", [0, 1]),
    Route("unknown", [dict(ehlo="550 no", helo="550 no"), GONE],
          "fail/no-such-mailbox", [0, 1]),
    Route("leaves", [dict(rcpt=["421 bye", CLOSE]), TAKES], "pass", [0, 1]),
    Route("closes", [dict(mail=[CLOSE]), TAKES], "pass", [0, 1]),
    Route("resets", [dict(greeting=[RESET]), TAKES], "pass", [0, 1]),
    Route("silent", [dict(rcpt=[SILENCE]), TAKES], "pass", [0, 1]),
    Route("mute", [dict(greeting=[SILENCE]), TAKES], "pass", [0, 1]),
    Route("ourselves", [dict(greeting="220 mx.home.example ESMTP"), TAKES],
          "pass", [0, 1]),
    Route("ourselves-at-ehlo", [dict(ehlo="250 mx.home.example"), TAKES],
          "pass", [0, 1]),
    Route("babbles", [dict(greeting="hello"), TAKES], "pass", [0, 1]),
    Route("grey", [GREY, TAKES], "pass", [0, 1]),
    Route("grey-mail", [dict(mail="451 4.7.1 later"), GONE],
          "fail/no-such-mailbox", [0, 1]),
    Route("blocks", [BLOCKS, TAKES], "pass", [0, 1]),
    Route("gone", [GONE, TAKES], "fail/no-such-mailbox", [0]),
    Route("no-bounces", [dict(mail="550 5.1.7 no bounces"), TAKES],
          "fail/refuses-bounces", [0]),
    Route("grey-and-blocks", [GREY, BLOCKS], "temperror/greylisted", [0, 1]),
    Route("blocks-and-grey", [BLOCKS, GREY], "temperror/greylisted", [0, 1]),
    Route("blocks-and-shut", [BLOCKS, SHUT], "unknown/blocked-us", [0]),
    Route("shut-and-blocks", [SHUT, BLOCKS], "unknown/blocked-us", [1]),
    Route("busy-and-grey", [dict(greeting="421 busy"), GREY],
          "temperror/greylisted", [0, 1]),
    Route("all-shut", [SHUT] * 3, "temperror/unreachable", []),
    Route("third", [SHUT, GREY, TAKES, TAKES], "pass", [1, 2]),
    Route("too-many", [SHUT] * 5 + [TAKES], "temperror/unreachable", []),
]


def route_address(number, host):
    """IPv4 and IPv6 address of a domain's host; each has one of them."""
    if (number + host) % 2:
        return f"2a10:30:{100 + number}::{host + 1}"
    return f"45.30.{100 + number}.{host + 1}"


def route_records():
    """MX records in the order of hosts, the best last in the answer."""
    for number, route in enumerate(ROUTES):
        for host in reversed(range(len(route.hosts))):
            mx = f"mx{host}.{route.name}.example"
            address = route_address(number, host)
            yield (f"{route.name}.example MX {10 * host + 5} {mx}\n{mx}"
                   f" {'AAAA' if ':' in address else 'A'} {address}\n")


def check_routes(lab):
    """Each route by both MTAs: the second time it is not asked again."""
    peers = [[lab.peer(route_address(number, host), **script)
              if script is not SHUT else None
              for host, script in enumerate(route.hosts)]
             for number, route in enumerate(ROUTES)]
    replies = {"pass": TAKEN, "fail": REFUSED}
    lab.play([Case(f"route: {route.name}", GOOD[number % 2], NAME,
                   f"alice@{route.name}.example",
                   replies.get(route.finding.partition("/")[0], PUT_OFF),
                   f"callout={route.finding}")
              for number, route in enumerate(ROUTES)])
    for route, hosts in zip(ROUTES, peers):
        calls = sorted((session.began, host)
                       for host, peer in enumerate(hosts) if peer
                       for session in peer.sessions)
        lab.tally.equal(f"route: {route.name}: who was asked", route.asked,
                        [host for _, host in calls])


# Domains whose way is an odd one.

ODD_RECORDS = """
bare.example            A     45.30.90.1
bare6.example           AAAA  2a10:30:90::1
null.example            MX    0 .
null.example            A     45.30.90.2
double.example          MX    10 mx.double.example
mx.double.example       A     45.30.90.3
mx.double.example       A     45.30.90.4
polite.example          MX    10 mx.polite.example
mx.polite.example       A     45.30.90.9
mx.polite.example       AAAA  2a10:30:90::9
both.example            MX    10 mx.both.example
mx.both.example         AAAA  2a10:30:90::5
mx.both.example         A     45.30.90.5
twins.example           MX    10 mx1.twins.example
twins.example           MX    20 mx2.twins.example
mx1.twins.example       A     45.30.90.6
mx2.twins.example       A     45.30.90.6
eyes4.example           MX    10 mx.eyes4.example
mx.eyes4.example        A     45.30.90.31
mx.eyes4.example        AAAA  2a10:30:90::31
eyes6.example           MX    10 mx.eyes6.example
mx.eyes6.example        A     45.30.90.32
mx.eyes6.example        AAAA  2a10:30:90::32
equal.example           MX    10 mx1.equal.example
equal.example           MX    10 mx2.equal.example
mx1.equal.example       A     45.30.90.7
mx2.equal.example       A     45.30.90.8
"""


def check_odd_routes(lab):
    """No MX, a null one, and hosts with several addresses or with one."""
    peers = {address: lab.peer(address, **script) for address, script in (
        ("45.30.90.1", TAKES), ("2a10:30:90::1", TAKES), ("45.30.90.2", TAKES),
        ("45.30.90.4", TAKES), ("45.30.90.5", BLOCKS), ("2a10:30:90::5", TAKES),
        ("45.30.90.6", GREY), ("45.30.90.7", TAKES), ("45.30.90.8", TAKES),
        ("45.30.90.9", GREY), ("2a10:30:90::9", TAKES))}
    lab.play([
        Case("route: no MX", GOOD, NAME, "alice@bare.example", TAKEN),
        Case("route: no MX, IPv6", GOOD, NAME, "alice@bare6.example", TAKEN),
        Case("route: null MX", GOOD, NAME, "alice@null.example",
             refused("550 5.7.27"), "sender-domain=fail/null-mx callout=none"),
        Case("route: the other address", GOOD, NAME, "alice@double.example",
             TAKEN),
        Case("route: IPv4, then IPv6", GOOD, NAME, "alice@both.example",
             TAKEN),
        Case("route: a host that puts us off, once", GOOD, NAME,
             "alice@polite.example", PUT_OFF),
        Case("route: one server by two names", GOOD, NAME,
             "alice@twins.example", PUT_OFF),
        *(Case(f"route: equal ones, sender {number}", GOOD[0], NAME,
               f"alice{number}@equal.example", TAKEN)
          for number in range(20))])
    asked = {address: len(peer.sessions) for address, peer in peers.items()}
    equal = asked.pop("45.30.90.7"), asked.pop("45.30.90.8")
    lab.tally.equal("route: who was asked how often", {
        "45.30.90.1": 1, "2a10:30:90::1": 1, "45.30.90.2": 0,
        "45.30.90.4": 1, "45.30.90.5": 1, "2a10:30:90::5": 1,
        "45.30.90.6": 1, "45.30.90.9": 1, "2a10:30:90::9": 0}, asked)
    lab.tally.note("route: equal ones are asked at random",
                   sum(equal) == 20 and min(equal) > 0, "20, some each", equal)


async def _be_silent(address):
    """The sockets of a host whose queue of connections is full."""
    listener = socket.create_server((address, 25), backlog=0)
    sockets = [listener]
    for _ in range(2):
        filler = socket.socket(listener.family)
        filler.setblocking(False)
        filler.connect_ex((address, 25))
        sockets.append(filler)
    return sockets


@contextlib.contextmanager
def silent(lab, address):
    """A host that takes no connection, and refuses none."""
    sockets = lab.loop.call(_be_silent(address))
    try:
        yield
    finally:
        for each in sockets:
            each.close()


def check_two_families(lab):
    """S2: a host that is silent in one family is asked in the other, soon."""
    lab.reload(POLICY.replace("connect: 1s", "connect: 7s"), **SITE)
    peers = [lab.peer("45.30.90.32", **TAKES), lab.peer("2a10:30:90::31",
                                                        **TAKES)]
    with silent(lab, "45.30.90.31"):
        begun = time.monotonic()
        lab.play([Case("S2 families: silent in IPv4", GOOD[0], NAME,
                       "alice@eyes4.example", TAKEN, "callout=pass")],
                 lab.mtas[:1])
        took = time.monotonic() - begun
    lab.play([Case("families: nobody in IPv6", GOOD[0], NAME,
                   "alice@eyes6.example", TAKEN, "callout=pass")],
             lab.mtas[:1])
    lab.tally.equal("families: calls", [1, 1],
                    [len(peer.sessions) for peer in peers])
    lab.tally.note("families: the silent one is not waited for", took < 5,
                   "far below its 7 s", took)


# Exchangers that are real.

REAL = [
    Case(f"{name}: {local}", GOOD, NAME, f"{local}@{name}.example", reply,
         f"callout={finding}")
    for name in ("postfix", "exim", "opensmtpd")
    for local, reply, finding in (
        ("alice", TAKEN, "pass"),
        ("nobody", REFUSED, "fail/no-such-mailbox"))]


# What is said.

DIALOGUES = {
    "pipelining": (dict(gather=0.2), [["EHLO"], ["MAIL", "RCPT", "QUIT"]]),
    "in-turn": (dict(gather=0.2, keywords=("SIZE",)),
                [["EHLO"], ["MAIL"], ["RCPT"], ["QUIT"]]),
    "no-keywords": (dict(gather=0.2, keywords=()),
                    [["EHLO"], ["MAIL"], ["RCPT"], ["QUIT"]]),
    "helo": (dict(gather=0.2, ehlo="502 5.5.1 what?"),
             [["EHLO"], ["HELO"], ["MAIL"], ["RCPT"], ["QUIT"]]),
    "lines": (dict(greeting=["220-one", "220-", "220 three"],
                   mail=["250-2.1.0 one", "250 2.1.0 two"],
                   rcpt=["250-2.1.5 one", "250-2.1.5 two", "250 2.1.5 end"]),
              None),
    "drips": (dict(rcpt=Drip("250 2.1.5 drop by drop", 0.02)), None),
    "in-one": (dict(mail=[], rcpt=[b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n"]),
               None),
    "bare-lf": (dict(greeting=[b"220 unix\n"], rcpt=[b"250 ok\n"]), None),
    "dies": (dict(rcpt=["250 2.1.5 ok", RESET]), None),
    "no-quit": (dict(quit=[SILENCE]), None),
}


def dialogue_address(number):
    return f"45.30.91.{number + 1}"


def dialogue_records():
    for number, name in enumerate(DIALOGUES):
        yield (f"{name}.example MX 10 mx.{name}.example\n"
               f"mx.{name}.example A {dialogue_address(number)}\n")


def check_dialogues(lab):
    """The commands, and which of them came together."""
    peers = {name: lab.peer(dialogue_address(number), **script)
             for number, (name, (script, _)) in enumerate(DIALOGUES.items())}
    lab.play([Case(f"dialogue: {name}", GOOD[0], NAME,
                   f"Alice+x@{name}.example", TAKEN, "callout=pass")
              for name in DIALOGUES])
    for name, (_, turns) in DIALOGUES.items():
        sessions = peers[name].sessions
        wait_until(lambda: sessions[0].ended, f"{name}: the end")
        lab.tally.equal(f"dialogue: {name}: sessions, and who called",
                        ["45.1.0.1"], [session.client for session in sessions])
        lab.tally.equal(
            f"dialogue: {name}: the commands",
            ["EHLO mx.home.example"]
            + ["HELO mx.home.example"] * (name == "helo")
            + ["MAIL FROM:<>", f"RCPT TO:<Alice+x@{name}.example>"],
            [line.text for line in sessions[0].lines
             if line.text != "QUIT"])
        if turns:
            lab.tally.equal(f"dialogue: {name}: what came together", turns,
                            [[line[:4] for line in turn]
                             for turn in sessions[0].turns])


# Where a callout may go: D14.

RESERVED = [
    "0.0.0.0", "10.0.0.1", "10.30.9.9", "100.64.0.1", "127.0.0.1",
    "169.254.1.1", "172.16.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::ffff:45.30.9.9", "64:ff9b::1",
    "fe80::1", "fd30::9", "ff02::1", "2001:db8::1", "2002:a00:1::1"]

BOUNDS_RECORDS = """
inside.example          MX    10 mx.inside.example
mx.inside.example       A     10.30.9.1
mx.inside.example       AAAA  fd30::9:1
partly.example          MX    10 mx.inside.example
partly.example          MX    20 mx.partly.example
mx.partly.example       A     10.30.9.2
mx.partly.example       A     45.30.92.1
self.example            MX    10 mx.self.example
self.example            MX    20 mx.partly.example
mx.self.example         A     127.0.0.1
ours.example            MX    10 mx.home.example
behind.example          MX    10 mx.partly.example
behind.example          MX    20 mx.home.example
"""


def bounds_records():
    for number, address in enumerate(RESERVED):
        yield (f"r{number}.example MX 10 mx.r{number}.example\n"
               f"mx.r{number}.example {'AAAA' if ':' in address else 'A'}"
               f" {address}\n")


def check_bounds(lab):
    """Nobody at a reserved address or at one of ours is called."""
    here = Loop("mx")
    private = [lab.peer("10.30.9.1"), lab.peer("10.30.9.2"),
               lab.peer("fd30::9:1"), lab.peer("10.30.9.9"),
               lab.peer("fd30::9")]
    ours = [Peer(here, "127.0.0.1"), Peer(here, "::1"),
            Peer(here, "45.1.0.1"), Peer(here, "2a10:1::1")]
    public = lab.peer("45.30.92.1", rcpt={"grey@*": "450 4.2.0 later"})
    bounds = [
        *(Case(f"bounds: {address}", GOOD[0], NAME, f"alice@r{number}.example",
               refused("550 5.1.8"), "sender-domain=fail/unroutable")
          for number, address in enumerate(RESERVED)),
        Case("bounds: a private exchanger", GOOD, NAME,
             "alice@inside.example", refused("550 5.1.8"),
             "sender-domain=fail/unroutable"),
        Case("bounds: ours is the exchanger", GOOD, NAME,
             "alice@ours.example", refused("550 5.1.8"),
             "sender-domain=fail/points-at-us"),
        *(Case(f"bounds: {name}", GOOD[0], NAME, f"alice@{name}.example",
               TAKEN, "callout=pass") for name in ("partly", "self")),
        Case("bounds: we are the second", GOOD[0], NAME,
             "grey@behind.example", PUT_OFF, "callout=temperror/greylisted"),
    ]
    lab.play(bounds)
    lab.tally.equal("bounds: calls to reserved addresses and to us",
                    [0] * len(private + ours),
                    [len(peer.sessions) for peer in private + ours])
    lab.tally.equal("bounds: calls to a public one", 3, len(public.sessions))
    lab.reload(POLICY.replace("callout:\n", "callout:\n  networks:"
                              " [10.30.0.0/16, 'fd30::9:1', 127.0.0.1]\n", 1),
               **SITE)
    lab.play([
        Case("networks: a private exchanger that is listed", GOOD, NAME,
             "alice@inside.example", TAKEN, "callout=pass"),
        Case("networks: another one that is not", GOOD, NAME,
             f"alice@r{RESERVED.index('fd30::9')}.example",
             refused("550 5.1.8"), "sender-domain=fail/unroutable")])
    lab.tally.equal("networks: calls", [1, 0, 0, 0, 0],
                    [len(peer.sessions) for peer in private])


def main():
    records = "".join([
        *route_records(), *dialogue_records(), *bounds_records(), ODD_RECORDS,
        BOUNDS_RECORDS])
    servers = ("postfix", "sendmail", "postfix-peer", "exim-peer",
               "opensmtpd-peer")
    with Lab(servers=servers, policy=POLICY, site=SITE,
             records=records) as lab:
        lab.play(REAL)
        check_routes(lab)
        check_odd_routes(lab)
        check_dialogues(lab)
        check_bounds(lab)
        check_two_families(lab)


run(main, "postfix", "sendmail", "exim", "opensmtpd")
