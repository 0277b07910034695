#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""DNS that is broken, hostile or gone: rows D of the faults.

Whatever a server does, the finding is that of the row, it comes in time, and
nothing is refused because DNS was broken. D23, a resolver that lies, has a
file of its own. Rows that need no server have their tests beside the code: D5
(an hour without any) and D19 (lives) in t/unit; D14 (where no callout goes) is
in t/lab/callout_lab.py.
"""

import asyncio
import struct
import time
from collections import namedtuple

from lab import Case, Lab, dnsfaults, run
from lab.cases import refused
from lab.dns import FORMERR, REFUSED, SERVFAIL, TC
from lab.dnsfaults import (ScriptedDns, changed, close, pause, raw, rcode,
                           silence, truncated, truth, wrong_id, wrong_question,
                           wrong_source)
from lab.milter import Milter
from lab.process import wait_until

CLIENT, NAME = "45.20.1.1", "mail.good.example"
BESIDE = "45.30.0.55"           # a server without TCP
NOBODY = "45.30.0.99"           # no server at all
TAKEN = "250 2\\.1\\.5 .*"
UNSURE = refused("451 4.4.3")
IN_TIME = r"\d{1,3}|1\d{3}|2[01]\d{2}"          # milliseconds

POLICY = """
policy:
  helo-forward: {fail: reject, temperror: tempfail}
  client-ptr: {fail: reject, temperror: tempfail}
  sender-domain: {fail: reject, temperror: tempfail}
"""


def site(*servers, timeout="400ms", budget="2s"):
    return {
        "log": "{to: stderr, level: debug}",
        "dns": f"{{servers: {list(servers) or []}, timeout: {timeout},"
               f" attempts: 2, budget: {budget}}}",
    }


# Acts that are used here alone.

async def octet_over_tcp(exchange):
    """TC over UDP; over TCP one octet of the length, and then nothing."""
    if exchange.transport == "udp":
        exchange.send(exchange.empty(TC))
    else:
        exchange.send_octets(b"\0")


async def drip_over_tcp(exchange):
    """TC over UDP; over TCP the truth, an octet now and then."""
    if exchange.transport == "udp":
        exchange.send(exchange.empty(TC))
        return
    answer = await exchange.truth()
    for octet in struct.pack("!H", len(answer)) + answer:
        exchange.send_octets(bytes([octet]))
        await asyncio.sleep(0.1)


async def close_tcp(exchange):
    """TC over UDP; over TCP good-bye."""
    await (truncated if exchange.transport == "udp" else close)(exchange)


async def flood_over_tcp(exchange):
    """TC over UDP; over TCP 64 KiB of records."""
    answer = exchange.empty()
    room = 65535 - len(answer)
    record = A_RECORD[:2] + RECORD
    if exchange.transport == "udp":
        exchange.send(exchange.empty(TC))
        return
    count = room // len(record)
    exchange.send(answer[:6] + struct.pack("!H", count) + answer[8:]
                  + record * count)


async def no_edns(exchange):
    """FORMERR to a query with OPT, the truth to one without."""
    if exchange.message[11]:
        exchange.send(exchange.empty(code=FORMERR))
    else:
        await truth(exchange)


async def empty(exchange):
    """NOERROR, and not even a SOA."""
    exchange.send(exchange.empty())


async def flood(exchange):
    """A thousand answers that were not asked for, then the truth."""
    for number in range(1000 if exchange.transport == "udp" else 0):
        exchange.send(struct.pack("!H", number) + exchange.empty()[2:])
    await truth(exchange)


async def bogus(exchange):
    """SERVFAIL as a validating resolver says it (RFC 8914)."""
    if not exchange.message[11]:
        return
    answer = exchange.empty(code=SERVFAIL)
    exchange.send(answer[:10] + b"\0\1" + answer[12:]
                  + b"\0\0\x29\4\xd0\0\0\0\0\0\x0c"
                  b"\0\x0f\0\x08\0\6no sig")


def appended(tail, answers=1):
    """An answer of these octets behind the question."""
    async def act(exchange):
        answer = exchange.empty()
        exchange.send(answer[:6] + struct.pack("!H", answers) + answer[8:]
                      + tail)
    return act


async def pointer_loop(exchange):
    """A record whose owner is a pointer to itself."""
    answer = exchange.empty()
    owner = struct.pack("!H", 0xc000 | len(answer))
    exchange.send(answer[:6] + b"\0\1" + answer[8:] + owner + RECORD)


both = changed(lambda answer: answer[:3] + bytes([answer[3] | 3]) + answer[4:])
A_RECORD = b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0"     # all but its data
RECORD = A_RECORD[2:] + b"\4\x2d\x14\1\1"         # all but its owner


# HELO names, each with an address that is the client's, but for what its
# server does about it: the acts for A, and for AAAA.

Fault = namedtuple("Fault", "row a aaaa finding", defaults=("pass",))
PASS, UNSURELY = "pass", "temperror"
AS_IT_IS = (truth,)


def of_a(row, *acts, finding=UNSURELY):
    return Fault(row, acts, AS_IT_IS, finding)


HELOS = [
    of_a("D3 SERVFAIL", rcode(SERVFAIL)),
    of_a("D3 REFUSED", rcode(REFUSED)),
    of_a("D4 silence", silence),
    of_a("D6 truncated", truncated, finding=PASS),
    of_a("D7 TCP closed", close_tcp),
    of_a("D7 TCP silent after an octet", octet_over_tcp),
    of_a("D7 TCP that drips", drip_over_tcp),
    of_a("FORMERR to EDNS", no_edns, finding=PASS),
    of_a("FORMERR to all", rcode(FORMERR)),
    of_a("D8 wrong id", wrong_id),
    of_a("D8 wrong id, then the truth", wrong_id, pause(20), truth,
         finding=PASS),
    of_a("D8 wrong question", wrong_question),
    of_a("D8 wrong question, then the truth", wrong_question, truth,
         finding=PASS),
    of_a("D8 wrong source", wrong_source),
    of_a("D8 wrong source, then the truth", wrong_source, pause(20), truth,
         finding=PASS),
    of_a("D8 a flood before the truth", flood, finding=PASS),
    of_a("D9 shorter than a header", raw(b"\x81\x80\0\1")),
    of_a("D9 a header alone", raw(b"\x81\x80\0\0\0\0\0\0\0\0")),
    of_a("D9 noise", raw(bytes(range(256)) * 4)),
    of_a("D9 a pointer to itself", pointer_loop),
    of_a("D9 rdata that is longer than the packet",
         appended(A_RECORD + b"\xff\x2d\x14\1\1")),
    of_a("D9 rdata that is too short", appended(A_RECORD + b"\2\x2d\x14")),
    of_a("D9 more records than there are", appended(b"", answers=9)),
    of_a("D9 64 KiB", flood_over_tcp),
    of_a("NXDOMAIN with data", both),
    of_a("D18 DNSSEC", bogus),
    Fault("empty NOERROR", (empty,), (empty,), "fail/no-address"),
    Fault("A found, AAAA SERVFAIL", AS_IT_IS, (rcode(SERVFAIL),), PASS),
    Fault("A found, AAAA silent", AS_IT_IS, (silence,), PASS),
    Fault("no A, AAAA SERVFAIL", (empty,), (rcode(SERVFAIL),), UNSURELY),
    Fault("A SERVFAIL, no AAAA", (rcode(SERVFAIL),), (empty,), UNSURELY),
]
CHAINS = {
    "D1 NXDOMAIN": ("nowhere.fault.example", "fail/nxdomain"),
    "D10 ten aliases": ("c2.chain.example", PASS),
    "D10 eleven aliases": ("c1.chain.example", UNSURELY),
    "D10 a circle of aliases": ("one.circle.example", UNSURELY),
    "D10 an alias of itself": ("self.circle.example", UNSURELY),
    "A 0.0.0.0": ("zero.fault.example", PASS),
    "A 127.0.0.1": ("loopback.fault.example", PASS),
}
HELO_REPLIES = {PASS: TAKEN, "none": TAKEN, UNSURELY: UNSURE}


def helo_name(number):
    return f"h{number}.fault.example"


HELO_RECORDS = "".join([
    *(f"{helo_name(number)} A {CLIENT}\n" for number in range(len(HELOS))),
    *(f"c{number}.chain.example CNAME c{number + 1}.chain.example.\n"
      for number in range(1, 12)),
    f"c12.chain.example A {CLIENT}\n",
    "one.circle.example CNAME two.circle.example.\n",
    "two.circle.example CNAME one.circle.example.\n",
    "self.circle.example CNAME self.circle.example.\n",
    "zero.fault.example A 0.0.0.0\nloopback.fault.example A 127.0.0.1\n",
])


def helo_case(row, name, finding):
    return Case(row, CLIENT, name, "a@good.example",
                HELO_REPLIES.get(finding, refused("550 5.7.1")),
                f"helo-forward={finding}", logged={"ms": IN_TIME})


def check_helo(lab):
    """Each HELO name by a server that does its row's acts."""
    for number, fault in enumerate(HELOS):
        lab.dns.on(helo_name(number), "A", *fault.a)
        lab.dns.on(helo_name(number), "AAAA", *fault.aaaa)
    cases = [helo_case(fault.row, helo_name(number), fault.finding)
             for number, fault in enumerate(HELOS)]
    lab.play(cases + [helo_case(row, *rest) for row, rest in CHAINS.items()],
             at_once=16)
    log = lab.bonafided.log()
    lab.tally.note("D8 strays are counted in the log",
                   " replies came that nobody had asked for" in log,
                   "a line", "none")
    lab.tally.note("D18 the server's words are in the log",
                   "server failure: extended error 6 no sig" in log, "a line",
                   "none")
    asked = len(lab.dns.questions("nowhere.fault.example"))
    lab.play([helo_case("D1 the second time", *CHAINS["D1 NXDOMAIN"])])
    lab.tally.equal("D1 is kept", asked,
                    len(lab.dns.questions("nowhere.fault.example")))


# Reverse names. The PTR records of the client 45.20.9.N, and what is found.

PTRS = [
    ("D16 200 names", [f"n{number}.many.example." for number in range(200)],
     "fail/unconfirmed"),
    ("D16 a space", ["a\\032b.example."], "fail/missing"),
    ("D16 a NUL", ["a\\000b.example."], "fail/missing"),
    ("D16 a line", ["a\\013\\010b.example."], "fail/missing"),
    ("D16 8-bit", ["b\\252cher.example."], "fail/missing"),
    ("D16 a quote", ["a\\034b.example."], "fail/missing"),
    ("D16 the root", ["."], "fail/missing"),
    ("D16 255 octets", [".".join(["a" * 62] * 4) + "."], "fail/unconfirmed"),
    ("D16 a bad one, then a good one", ["a\\032b.example.", "p9.example."],
     PASS),
    ("D17 of the other family", ["p10.example."], "fail/unconfirmed"),
    ("CNAME from PTR (RFC 2317)", None, PASS),
]


def ptr_client(number):
    return f"45.20.9.{number + 1}"


def ptr_records():
    for number, (_, names, _) in enumerate(PTRS):
        client = ptr_client(number)
        if names is None:
            owner = f"{number + 1}.0-15.9.20.45.in-addr.arpa"
            yield (f"{client} CNAME {owner}.\n{owner} PTR p11.example.\n"
                   f"p11.example A {client}\n")
        else:
            yield from (f"{client} PTR {name}\n" for name in names)
    yield (f"p9.example A {ptr_client(8)}\n"
           "p10.example AAAA 2a10:20:9::10\n"
           f"{'.'.join(['a' * 62] * 4)} A 45.20.9.250\n")


def check_ptr(lab):
    """Each client; of many names ten are followed, and the finding says so."""
    replies = {PASS: TAKEN, "fail/unconfirmed": refused("550 5.7.25"),
               "fail/missing": refused("550 5.7.25")}
    cases = [Case(row, ptr_client(number), NAME, "a@good.example",
                  replies[finding], f"client-ptr={finding}",
                  logged={"ms": IN_TIME})
             for number, (row, _, finding) in enumerate(PTRS)]
    cases[0].reply = refused("550 5.7.25",
                             "and 97 more (the first 10 were looked up)")
    lab.play(cases, at_once=16)
    lab.tally.equal("D16 names that were looked up", 10,
                    len({q.name for q in lab.dns.questions("n*.many.*")}))


# Senders' domains.

SENDERS = [
    ("D2 no MX", "nomx.example", "pass"),
    ("D10 MX is an alias", "alias.example", "pass"),
    ("D11 null MX", "nullmx.example", "fail/null-mx"),
    ("D12 an address for a name", "address.example", "fail/unroutable"),
    ("D12 no host names", "odd.example", "fail/unroutable"),
    ("D12 no host names, and one", "odder.example", "pass"),
    ("D13 200 MX", "manymx.example", "pass"),
]
SENDER_RECORDS = "".join([
    "nomx.example A 45.30.2.1\n",
    "alias.example MX 10 mx.alias.example.\n"
    "mx.alias.example CNAME mx.good.example.\n",
    "nullmx.example MX 0 .\n",
    "address.example MX 10 45.30.2.1.\n",
    "odd.example MX 10 a\\032b.example.\nodd.example MX 20 \\034.example.\n"
    "odd.example MX 30 b\\001.example.\n",
    "odder.example MX 10 a\\032b.example.\n"
    "odder.example MX 20 mx.good.example.\n",
    *(f"manymx.example MX 10 mx{number}.manymx.example.\n"
      f"mx{number}.manymx.example A 45.30.2.1\n" for number in range(200)),
])
SENDER_REPLIES = {"pass": TAKEN, "fail/null-mx": refused("550 5.7.27"),
                  "fail/unroutable": refused("550 5.1.8")}


def check_senders(lab):
    """Exchangers that are none, too many, or somebody else's name."""
    lab.play([Case(row, CLIENT, NAME, f"a@{domain}", SENDER_REPLIES[finding],
                   f"sender-domain={finding}", logged={"ms": IN_TIME})
              for row, domain, finding in SENDERS], at_once=16)
    asked = len({q.name for q in lab.dns.questions("mx*.manymx.example")})
    lab.tally.note("D13 exchangers that were looked up, for two messages",
                   0 < asked <= 10, "5 each at most", asked)


# Names that DNS is not asked about.

ODD_HELOS = ["", ".", "..", "a" * 60_000, "a b.example", "x_y", "[45.20.1]",
             "45.20.1.1", "[IPv6:1::2::3]", "a\tb.example", "\x7f.example",
             "m\u00fcller example", "-a.example", "a..b.example", "example"]


def check_odd_names(lab):
    """D21: what is no host name gets its finding without any question."""
    lab.dns.asked.clear()
    for helo in ODD_HELOS:
        with Milter() as milter:
            milter.negotiate()
            milter.connect("unknown")
            milter.helo(helo)
            milter.mail("<>")
            milter.rcpt("<odd@home.example>")
    lab.tally.equal("D21 questions about odd HELO names", [],
                    [q.name for q in lab.dns.questions()])
    wait_until(lambda: lab.bonafided.log().count("recipient=odd@home.example")
               == len(ODD_HELOS), "each has its verdict")
    longest = max(map(len, lab.bonafided.log().splitlines()))
    lab.tally.note("D21 the longest line of the log", longest < 4096,
                   "below 4096", longest)


# Names that nobody answers for, beside those that somebody does.

SILENT = 40                     # sessions that wait for silence at a time
SILENT_BUDGET = 6               # seconds

SILENCE_POLICY = POLICY + "  reply-within: 20s\n"


def check_silence(lab):
    """D4: unsure at the deadline, and not before; others wait for nobody."""
    lab.dns.on("*.silent.example", "*", silence)
    lab.reload(SILENCE_POLICY, **site(dnsfaults.ADDRESSES[0], timeout="10s",
                                      budget=f"{SILENT_BUDGET}s"))
    waiting = [Milter() for _ in range(SILENT)]
    try:
        for number, milter in enumerate(waiting):
            milter.begin("<a@good.example>", f"h{number}.silent.example")
            milter.ask(f"<d4-{number}@home.example>")
        lab.play([fresh("D4 beside silence", 10, PASS)])
        quick = [float(verdict["ms"]) / 1000
                 for verdict in lab.bonafided.verdicts()
                 if verdict.get("helo") == "fresh10.gone.example"]
        answers = [milter.answer() for milter in waiting]
    finally:
        for milter in waiting:
            milter.close()
    lab.tally.note("D4 another question beside silence, seconds",
                   quick and max(quick) < SILENT_BUDGET / 2,
                   f"below {SILENT_BUDGET / 2}", quick)
    lab.tally.equal("D4 silence: what is said", {"reply 451"},
                    {f"{answer.verdict} {answer.text[:3]}"
                     for answer in answers})
    # The budget began with HELO, the time taken here with RCPT.
    times = [answer.seconds for answer in answers]
    lab.tally.note("D4 silence: it lasts until the deadline, seconds",
                   SILENT_BUDGET - 2 < min(times)
                   and max(times) < SILENT_BUDGET + 4,
                   f"about {SILENT_BUDGET}", (min(times), max(times)))
    lab.reload(POLICY, **site(dnsfaults.ADDRESSES[0]))


# A name that has another address the next time.

def check_rebinding(lab):
    """D15: the callout goes where the name was when it was looked up."""
    elsewhere = appended(A_RECORD + b"\4\x0a\x1e\x09\x01")
    answers = iter((truth,))

    async def first_truth_then_elsewhere(exchange):
        await next(answers, elsewhere)(exchange)

    public, private = lab.peer("45.30.2.2"), lab.peer("10.30.9.1")
    lab.dns.on("mx.rebinding.example", "A", first_truth_then_elsewhere)
    lab.reload(POLICY + "  callout: {fail: reject, temperror: tempfail}\n",
               **site(dnsfaults.ADDRESSES[0]))
    lab.play([Case("D15 rebinding", CLIENT, NAME, "a@rebinding.example",
                   TAKEN, "callout=pass")], [lab.servers["postfix"]])
    lab.tally.equal("D15 lookups, and calls there and elsewhere", (1, 1, 0),
                    (len(lab.dns.questions("mx.rebinding.example", "A")),
                     len(public.sessions), len(private.sessions)))


# Servers that come and go.

def fresh(row, number, finding):
    """A HELO name that nobody has asked about."""
    return helo_case(row, f"fresh{number}.gone.example", finding)


GONE_RECORDS = "".join([
    "rebinding.example MX 10 mx.rebinding.example\n"
    "mx.rebinding.example A 45.30.2.2\n",
    *(f"fresh{number}.gone.example A {CLIENT}\n" for number in range(20))])


def check_servers(lab):
    """No server, one without TCP, a restart, and a resolv.conf rewritten."""
    postfix = [lab.servers["postfix"]]
    lab.reload(POLICY, **site(NOBODY))
    lab.play([fresh("D3 nobody listens", 0, UNSURELY)], postfix)
    lab.reload(POLICY, **site(NOBODY, dnsfaults.ADDRESSES[0]))
    lab.play([fresh("D3 nobody listens at the first", 1, PASS)], postfix)

    beside = ScriptedDns(lab.loop, (BESIDE,), tcp=False)
    beside.on("fresh2.gone.example", "A", truncated)
    lab.reload(POLICY, **site(BESIDE))
    lab.play([fresh("D6 truncated, TCP refused", 2, UNSURELY)], postfix)

    lab.reload(POLICY, **site(dnsfaults.ADDRESSES[0]))
    lab.dns.otherwise(silence)
    lab.play([fresh(f"D5 while it is gone, {number}", 3 + number, UNSURELY)
              for number in range(3)], postfix)
    lab.dns.otherwise(truth)
    lab.play([fresh("D5 the first when it is back", 6, PASS)], postfix)

    root = lab.bonafided.root
    root.write("/etc/resolv.conf", f"nameserver {NOBODY}\n")
    lab.reload(POLICY, **site())
    lab.play([fresh("D20 by resolv.conf: nobody", 7, UNSURELY)], postfix)
    root.write("/etc/resolv.conf", "search good.example\n"
               f"nameserver {dnsfaults.ADDRESSES[0]}\noptions ndots:5\n")
    time.sleep(1.1)
    lab.dns.asked.clear()
    lab.play([fresh("D20 resolv.conf was rewritten", 8, PASS),
              helo_case("D20 no search list", "mail", "none")], postfix)
    lab.tally.equal("D20 names that were searched for", [],
                    lab.dns.questions("*.good.example.good.example"))
    root.write("/etc/resolv.conf", "")
    time.sleep(1.1)
    lab.play([fresh("D20 resolv.conf was emptied", 9, PASS)], postfix)
    lab.tally.note("D20 the log names the file",
                   "/etc/resolv.conf: names no server" in lab.bonafided.log(),
                   "a line", "none")


def main():
    records = "".join([HELO_RECORDS, *ptr_records(), SENDER_RECORDS,
                       GONE_RECORDS])
    with Lab(policy=POLICY, site=site(dnsfaults.ADDRESSES[0]),
             records=records) as lab:
        check_helo(lab)
        check_ptr(lab)
        check_senders(lab)
        check_odd_names(lab)
        check_silence(lab)
        check_rebinding(lab)
        check_servers(lab)


run(main, "postfix", "sendmail")
