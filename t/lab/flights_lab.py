#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""When a callout is made, how many at once, and what is kept of them."""

import time

from lab import Case, Lab, net, run
from lab.cases import refused
from lab.client import Client
from lab.peer import CLOSE
from lab.process import wait_until

GOOD = "45.20.1.1", "2a10:20:1::1"
NAME, OTHER, NOWHERE = (
    "mail.good.example", "mail.other.example", "mail.nowhere.example")
TAKEN = "250 2\\.1\\.5 .*"
REFUSED = refused("550 5.1.7")
PUT_OFF = refused("450 4.1.7")
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}',
}


def policy(**keys):
    """A policy file with these keys of `callout`, and its timeouts."""
    callout = {"timeout": "{connect: 1s, reply: 1s, total: 8s}"} | keys
    return ("callout:\n"
            + "".join(f"  {key}: {value}\n" for key, value in callout.items())
            + """
policy:
  helo-match: {fail: continue}
  helo-forward: {fail: tempfail}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail, unknown: tempfail}
exceptions:
  - {recipients: ["postmaster@*"], do: accept}
""")


# When it is made, and when it begins.

# The value, the session, its HELO name, whether the exchanger is called.
WHEN = [
    ("clean", "clean", NAME, True),
    ("clean", "suspicious", OTHER, True),
    ("clean", "tempfail", NOWHERE, False),
    ("suspicious", "clean", NAME, False),
    ("suspicious", "suspicious", OTHER, True),
    ("suspicious", "tempfail", NOWHERE, True),
    ("always", "clean", NAME, True),
    ("always", "tempfail", NOWHERE, True),
    ("never", "clean", NAME, False),
    ("never", "suspicious", OTHER, False),
]


def check_when(lab, peer):
    """callout.when in its four values."""
    for way in ("clean", "suspicious", "always", "never"):
        lab.reload(policy(when=way), **SITE)
        rows = [row for row in WHEN if row[0] == way]
        lab.play([Case(f"when: {way}: {what}", GOOD[0], helo,
                       f"{way}-{what}@good.example",
                       refused("450 4.7.1") if helo == NOWHERE else TAKEN)
                  for _, what, helo, _ in rows])
        time.sleep(0.2)     # a callout may go on behind a refusal
        for _, what, _, called in rows:
            lab.tally.equal(
                f"when: {way}: {what}: calls", int(called),
                len(peer.said(f"RCPT TO:<{way}-{what}@")))


def check_begin(lab, peer):
    """callout.begin in its two values: who has been called by when."""
    for begin, calls in (("rcpt", [0, 0, 0, 1]), ("mail", [0, 1, 1, 1])):
        lab.reload(policy(begin=begin), **SITE)
        for mta in lab.mtas:
            sender = f"{begin}-{mta.name}@good.example"
            found = []
            with Client(mta.addresses[0], GOOD[0]) as client:
                for command in (f"EHLO {NAME}", f"MAIL FROM:<{sender}>",
                                "RCPT TO:<postmaster@home.example>",
                                "RCPT TO:<bob@home.example>"):
                    client.say(command)
                    time.sleep(0.2)
                    found.append(len(peer.said(f"RCPT TO:<{sender}>")))
            lab.tally.equal(f"{mta.name:9} begin: {begin}: calls after EHLO,"
                            " MAIL, postmaster, bob", calls, found)
    lab.reload(policy(), **SITE)
    for mta in lab.mtas:
        with Client(mta.addresses[0], GOOD[0]) as client:
            client.ehlo(NAME)
            client.mail(f"relay-{mta.name}@good.example")
            lab.tally.check(f"{mta.name:9} begin: rcpt: relaying", "5.*",
                            client.rcpt("bob@elsewhere.example"))
            time.sleep(0.2)
        lab.tally.equal(f"{mta.name:9} begin: rcpt: no call for a recipient "
                        "that the MTA refuses", [],
                        peer.said(f"RCPT TO:<relay-{mta.name}@"))


# How much at once, and how often.

LIMITS_RECORDS = "".join(
    f"busy{number}.example MX 10 mx.busy{number}.example\n"
    f"mx.busy{number}.example A 45.30.93.{number}\n" for number in range(1, 9)
) + "busy9.example MX 10 mx.busy8.example\n"


def senders(what, domains):
    """A session for each of these domains, from a sender of its own."""
    return [Case(f"{what}: sender {number}", GOOD[number % 2], NAME,
                 f"{what}{number}@{domain}", TAKEN)
            for number, domain in enumerate(domains)]


def most_at_once(peers):
    """How many sessions there were with all the peers at the same time."""
    edges = sorted((at, step) for peer in peers for session in peer.sessions
                   for at, step in ((session.began, 1), (session.ended, -1)))
    most = count = 0
    for _, step in edges:
        count += step
        most = max(most, count)
    return most


def check_limits(lab):
    """callout.limits: all together, and for a host."""
    peers = [lab.peer(f"45.30.93.{number}", greeting=[0.4, "220 busy"])
             for number in range(1, 7)]
    domains = [f"busy{number}.example" for number in range(1, 7)]
    postfix = [lab.servers["postfix"]]
    for what, limit, where, most in (
            ("unlimited", "{}", domains, {4, 5, 6}),
            ("total", "{total: 2}", domains, {2}),
            ("per-host", "{per-host: 1}", domains[:1] * 4, {1}),
            ("per-host-2", "{per-host: 2}", domains[:1] * 4, {2})):
        lab.reload(policy(limits=limit), **SITE)
        for peer in peers:
            peer.forget()
        lab.play(senders(what, where), postfix)
        time.sleep(0.1)     # until the peers have seen the end
        lab.tally.equal(f"limits: {limit}: calls", len(where),
                        sum(len(peer.sessions) for peer in peers))
        found = most_at_once(peers)
        lab.tally.note(f"limits: {limit}: at once, at most", found in most,
                       most, found)


def check_capacity(lab):
    """S17: who has no turn in time is unknown, and no call is made for him; who
    has one is told that it is under way, and finds its answer when he retries.
    """
    postfix = [lab.servers["postfix"]]
    slow = lab.peer("45.30.93.7", greeting=[2.5, "220 slow"])

    def ask(what, sender, reply, finding):
        return Case(f"capacity: {what}", GOOD[0], NAME,
                    f"{sender}@busy7.example", reply, f"callout={finding}")

    for limit in ("{per-host: 1}", "{total: 1}", "{per-domain: 1/1m}"):
        slow.forget()
        text = policy(limits=limit, timeout="{connect: 1s, reply: 4s,"
                      " total: 8s}")
        lab.restart(text.replace("policy:\n", "policy:\n  reply-within: 1s\n",
                                 1), **SITE)
        lab.play([ask(f"{limit}: one that is asked about", "first",
                      refused("450 4.1.7", "still verifying"),
                      "temperror/in-progress")], postfix)
        lab.play([ask(f"{limit}: one over the limit", "second",
                      refused("450 4.1.7", "too many senders"),
                      "unknown/capacity")], postfix)
        time.sleep(1.5)
        lab.play([ask(f"{limit}: the first again", "first", TAKEN, "pass")],
                 postfix)
        lab.tally.equal(f"capacity: {limit}: who was called about",
                        ["RCPT TO:<first@busy7.example>"],
                        [line.text for line in slow.said("RCPT")])


def check_rate(lab):
    """S17: who is over his domain's rate is told so at once, and that has an
    action of its own; who is known as good, and other domains, do not notice.
    """
    postfix = [lab.servers["postfix"]]
    text = policy(limits="{per-domain: 2/1h}").replace(
        "unknown: tempfail", "unknown: reject, unknown/capacity: tempfail")
    lab.restart(text, **SITE)
    victim = lab.peer("45.30.93.8")

    def ask(what, sender, domain, reply, finding):
        before = time.monotonic()
        lab.play([Case(f"rate: {what}", GOOD[0], NAME,
                       f"{sender}@{domain}.example", reply,
                       f"callout={finding}")], postfix)
        return time.monotonic() - before

    over = refused("450 4.1.7", "too many senders")
    ask("the first", "good", "busy8", TAKEN, "pass")
    ask("the second", "second", "busy8", TAKEN, "pass")
    for number in range(5):
        taken = ask(f"forged {number}", f"forged{number}", "busy8", over,
                    "unknown/capacity")
        # A tenth of reply-within, 8 s, is kept back: 7.2 s were waited.
        lab.tally.note(f"rate: forged {number}: at once", taken < 5, "< 5 s",
                       f"{taken:.1f} s")
    ask("a known one", "good", "busy8", TAKEN, "pass")
    ask("another domain there", "good", "busy9", TAKEN, "pass")
    lab.tally.equal("rate: who was called about",
                    ["RCPT TO:<good@busy8.example>",
                     "RCPT TO:<second@busy8.example>",
                     "RCPT TO:<good@busy9.example>"],
                    [line.text for line in victim.said("RCPT")])


def check_waiting(lab):
    """Who may not wait is told at once to come again."""
    lab.reload(policy(limits="{waiting: 1}"), **SITE)
    clients = [Client(mta.addresses[0], GOOD[0])
               for mta in lab.mtas for _ in range(3)]
    for number, client in enumerate(clients):
        client.ehlo(NAME)
        client.mail(f"waiting{number}@busy1.example")
    for client in clients:
        client.send(b"RCPT TO:<bob@home.example>\r\n")
    replies = [client.reply() for client in clients]
    for client in clients:
        client.close()
    lab.tally.equal("limits: {waiting: 1}: taken, and told to retry", (1, 5),
                    (sum(reply.code == "250" for reply in replies),
                     sum("still verifying" in reply for reply in replies)))


def check_sharing(lab):
    """One address, many sessions at once: one callout."""
    lab.reload(policy(), **SITE)
    peer = lab.peer("45.30.94.1", greeting=[0.6, "220 slow"],
                    rcpt={"shared@*": "250 2.1.5 ok", "*": "550 5.1.1 none"})
    for local, reply in (("shared", TAKEN), ("nobody", REFUSED)):
        peer.forget()
        lab.play([Case(f"sharing: {local} {number}", GOOD[number % 2], NAME,
                       f"{local}@shared.example", reply)
                  for number in range(8)], at_once=16)
        lab.tally.equal(f"sharing: {local}: calls of 16 sessions", 1,
                        len(peer.sessions))


KEPT = [
    ("pass", {}, TAKEN, "callout=pass"),
    ("fail", dict(rcpt="550 5.1.1 no such user"), REFUSED,
     "callout=fail/no-such-mailbox"),
    ("unknown", dict(rcpt="554 5.7.1 your address is blocked"), PUT_OFF,
     "callout=unknown/blocked-us"),
    ("unreachable", dict(greeting=["450 busy", CLOSE]), PUT_OFF,
     "callout=temperror/unreachable"),
]


def check_memory(lab):
    """What was learnt is said without a call, for as long as it is kept."""
    lab.reload(policy(), **SITE,
               cache="{valid: 2s, invalid: 2s, temperror: 2s}")
    peers = {name: lab.peer(f"45.30.95.{number}", **script)
             for number, (name, script, *_) in enumerate(KEPT, 1)}

    def ask(what, kept):
        lab.play([Case(f"memory: {name}, {what}", GOOD[0], NAME,
                       f"alice@kept-{name}.example", reply, finding,
                       logged={"kept": kept})
                  for name, _, reply, finding in KEPT],
                 [lab.servers["postfix"]])
        return {name: len(peer.sessions) for name, peer in peers.items()}

    for what, kept, calls in (("new", None, 1), ("known", "dns,callout", 1)):
        lab.tally.equal(f"memory: calls, {what}",
                        {name: calls for name in peers}, ask(what, kept))
    time.sleep(2.1)
    lab.tally.equal("memory: calls, later", {name: 2 for name in peers},
                    ask("forgotten", "dns"))


def check_belief(lab):
    """A pass is verified again in the background, and outlives one refusal; no
    answer for long enough is given up.
    """
    postfix = [lab.servers["postfix"]]
    lab.reload(policy(**{"give-up": "3s"}), **SITE,
               cache="{valid: 1d, refresh: 1s, invalid: 2s, temperror: 1s}")
    fickle = lab.peer("45.30.95.9")
    lab.peer("45.30.95.10", greeting=["421 busy", CLOSE])

    def ask(what, domain, reply, finding, calls=None):
        lab.play([Case(f"belief: {what}", GOOD[0], NAME,
                       f"alice@{domain}.example", reply,
                       f"callout={finding}")], postfix)
        if calls is not None:
            wait_until(lambda: len(fickle.sessions) == calls,
                       f"{what}: {calls} calls")

    ask("accepted", "fickle", TAKEN, "pass", 1)
    ask("not yet stale", "fickle", TAKEN, "pass", 1)
    ask("no answer", "mute", PUT_OFF, "temperror/unreachable")
    fickle.answer("RCPT", "550 5.1.1 no such user")
    time.sleep(1.1)
    ask("stale, and refused behind it", "fickle", TAKEN, "pass", 2)
    ask("one refusal is none", "fickle", TAKEN, "pass", 2)
    time.sleep(2.1)
    ask("refused again behind it", "fickle", TAKEN, "pass", 3)
    time.sleep(0.1)     # until it is learnt
    ask("refused twice", "fickle", REFUSED, "fail/no-such-mailbox", 3)
    ask("no answer for too long", "mute",
        refused("450 4.1.7", "longer than we put mail off"),
        "unknown/given-up")


def check_greylisted(lab):
    """S11: who puts us off is asked again in the background, once."""
    lab.reload(policy(), **SITE)
    peer = lab.peer("45.30.95.23",
                    rcpt="451 4.7.1 greylisted, come back in 3 seconds")
    never = lab.peer("45.30.95.24",
                     rcpt="451 4.7.1 greylisted, come back in 3 seconds")

    def ask(what, domain, reply, finding, kept):
        lab.play([Case(f"greylisted: {what}", GOOD[0], NAME,
                       f"alice@{domain}.example", reply, f"callout={finding}",
                       logged={"kept": kept})], lab.mtas[:1])

    for domain in "grey", "black":
        ask(domain, domain, PUT_OFF, "temperror/greylisted", None)
        ask(f"{domain}, before the time", domain, PUT_OFF,
            "temperror/greylisted", "dns,callout")
    peer.answer("RCPT", "250 2.1.5 yes")
    wait_until(lambda: len(peer.sessions) == len(never.sessions) == 2,
               "nobody has come back")
    time.sleep(0.2)     # until it is learnt
    ask("after it", "grey", TAKEN, "pass", "dns,callout")
    ask("put off for good", "black", PUT_OFF, "temperror/greylisted",
        "dns,callout")
    time.sleep(4)
    lab.tally.equal("greylisted: calls, by address and null sender",
                    [["MAIL FROM:<>", "RCPT TO:<alice@black.example>"]] * 2,
                    [[line.text for line in session.lines[1:3]]
                     for session in never.sessions])


def check_hosts(lab):
    """A host that has no time for us, or does not want us, is left alone."""
    lab.reload(policy(), **SITE)
    busy = lab.peer("45.30.95.21", greeting=["421 4.3.2 too busy", CLOSE])
    rude = lab.peer("45.30.95.22", greeting="554 5.7.1 not you")

    def ask(what, sender, words, finding):
        lab.play([Case(f"hosts: {what}", GOOD[0], NAME, sender,
                       refused("450 4.1.7", words), f"callout={finding}")],
                 lab.mtas[:1])

    ask("busy", "a@busy.example", "answered 421 to our connection",
        "temperror/unreachable")
    time.sleep(1.1)
    ask("busy, and another's exchanger too", "b@busy-too.example",
        'mx.busy-too.example [45.30.95.21] is left alone for a while, for it '
        'answered 421 to our connection: "4.3.2 too busy" (1 second ago)',
        "temperror/unreachable")
    lab.tally.equal("hosts: calls to the busy one", 1, len(busy.sessions))
    for number in range(7):
        ask(f"not us, {number}", f"{number}@rude.example",
            "answered 554 to our connection", "unknown/blocked-us")
    lab.tally.equal("hosts: calls to the rude one", 5, len(rude.sessions))


MEMORY_RECORDS = """
grey.example            MX    10 mx.grey.example
mx.grey.example         A     45.30.95.23
black.example           MX    10 mx.black.example
mx.black.example        A     45.30.95.24
busy.example            MX    10 mx.busy.example
mx.busy.example         A     45.30.95.21
busy-too.example        MX    10 mx.busy-too.example
mx.busy-too.example     A     45.30.95.21
rude.example            MX    10 mx.rude.example
mx.rude.example         A     45.30.95.22
shared.example          MX    10 mx.shared.example
mx.shared.example       A     45.30.94.1
fickle.example          MX    10 mx.fickle.example
mx.fickle.example       A     45.30.95.9
mute.example            MX    10 mx.mute.example
mx.mute.example         A     45.30.95.10
port.example            MX    10 mx.port.example
mx.port.example         A     45.30.96.1
four.example            MX    10 mx.four.example
mx.four.example         A     45.30.96.2
six.example             MX    10 mx.six.example
mx.six.example          AAAA  2a10:30:96::1
""" + "".join(
    f"kept-{name}.example MX 10 mx.kept-{name}.example\n"
    f"mx.kept-{name}.example A 45.30.95.{number}\n"
    for number, (name, *_) in enumerate(KEPT, 1))


def check_port(lab):
    """callout.port takes the place of 25."""
    lab.reload(policy(port=2525), **SITE)
    usual = lab.peer("45.30.96.1", rcpt="550 5.1.1 wrong port")
    other = lab.peer("45.30.96.1", port=2525)
    lab.play([Case("port: 2525", GOOD, NAME, "alice@port.example", TAKEN,
                   "callout=pass")])
    lab.tally.equal("port: calls to 25, and to 2525", (0, 1),
                    (len(usual.sessions), len(other.sessions)))


def check_name(lab, peer):
    """callout.name takes the place of the identity, in EHLO."""
    lab.reload(policy(name="Callout.home.example"), **SITE)
    before = len(peer.sessions)
    lab.play([Case("name", GOOD, NAME, "name@good.example", TAKEN,
                   "callout=pass")])
    lab.tally.equal("name: what the exchanger was greeted with",
                    ["EHLO callout.home.example"],
                    [session.lines[0].text
                     for session in peer.sessions[before:]])


# callout.bind, an exchanger's domain, who calls there.
BIND = [
    ("[45.1.0.25]", "four", "45.1.0.25"),
    ("[45.1.0.25]", "six", net.MX[1]),
    ('["2a10:1::25"]', "six", "2a10:1::25"),
    ('["2a10:1::25"]', "four", net.MX[0]),
    ('["2a10:1::26", 45.1.0.26]', "six", "2a10:1::26"),
    ('["2a10:1::26", 45.1.0.26]', "four", "45.1.0.26"),
    ("[45.99.9.9]", "four", None),
    ('["2a10:99::9"]', "six", None),
]


def check_bind(lab):
    """callout.bind chooses whence a call comes; an address that is not ours
    never costs mail, whether or not the system lets us bind to it.
    """
    postfix = [lab.servers["postfix"]]
    peers = {"four": lab.peer("45.30.96.2"), "six": lab.peer("2a10:30:96::1")}
    for foreign in "01":
        net.allow_foreign_binds("mx", foreign)
        for number, (bind, domain, caller) in enumerate(BIND):
            lab.reload(policy(bind=bind), **SITE)
            peers[domain].forget()
            name = f"bind: {bind} to {domain}, nonlocal_bind {foreign}"
            lab.play([Case(name, GOOD[0], NAME,
                           f"bind{foreign}{number}@{domain}.example", TAKEN,
                           "callout=" + ("pass" if caller else
                                         "temperror/internal"))], postfix)
            lab.tally.equal(f"{name}: who called", [caller] if caller else [],
                            [session.client
                             for session in peers[domain].sessions])
    log = lab.bonafided.log()
    lab.tally.equal("bind: what is not ours is a warning and an error", (4, 1),
                    (log.count("which this host does not have now"),
                     log.count("or `callout.bind` is not an address of")))


def check_no_ipv6(lab):
    """Where IPv6 is switched off there is no route by it: that is no fault of
    ours, and exchangers that have nothing else are out of reach.
    """
    lab.reload(policy(), **SITE)
    faults = lab.bonafided.log().count("no callout: ")
    net.switch_ipv6_off("mx")
    lab.play([Case("IPv6 is off", GOOD[0], NAME, "off@six.example", PUT_OFF,
                   "callout=temperror/unreachable")], [lab.servers["postfix"]])
    lab.tally.equal("IPv6 is off: faults of ours", faults,
                    lab.bonafided.log().count("no callout: "))


def main():
    records = LIMITS_RECORDS + MEMORY_RECORDS
    with Lab(policy=policy(), site=SITE, records=records) as lab:
        good = lab.peer("45.30.2.1")
        check_when(lab, good)
        check_begin(lab, good)
        check_limits(lab)
        check_capacity(lab)
        check_rate(lab)
        check_waiting(lab)
        check_sharing(lab)
        check_memory(lab)
        check_belief(lab)
        check_greylisted(lab)
        check_hosts(lab)
        check_port(lab)
        check_name(lab, good)
        check_bind(lab)
        check_no_ipv6(lab)


run(main, "postfix", "sendmail")
