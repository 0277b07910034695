#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A resolver that begins to lie while we run, and mends: row D23 of the faults.

Mail of a good sender is put off at most while it lies, and taken afterwards;
what does not exist is refused before and afterwards.
"""

import time
from collections import namedtuple

from lab import Case, Lab, dnsfaults, run
from lab.cases import refused
from lab.dns import NXDOMAIN
from lab.dnsfaults import rcode, truth
from lab.process import wait_until

CLIENT, NAME, SENDER = "45.20.1.1", "mail.good.example", "a@good.example"
EXCHANGER, STRANGER = "45.30.2.1", "45.30.2.9"
TAKEN = "250 2\\.1\\.5 .*"
PUT_OFF = refused("451 4.4.3", "the fault is ours")
NOT_REFUSED = f"{PUT_OFF}|{TAKEN}"

POLICY = """
policy:
  helo-forward: {fail: reject, temperror: tempfail}
  helo-match: {by: [address], fail: reject, temperror: tempfail}
  client-ptr: {fail: reject, temperror: tempfail}
  dnsbl: {zones: [{name: bl.example}], fail: reject, temperror: tempfail}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": f"{{servers: [{dnsfaults.ADDRESSES[0]}], timeout: 1s, attempts: 2,"
           " budget: 5s}",
}

# No round of the canary from before is good enough any more after so long.
STALE = 5.5


def finds(address):
    """Every name has this address; of anything else there is nothing."""
    record = (b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4"
              + bytes(map(int, address.split("."))))

    async def act(exchange):
        answer = exchange.empty()
        if exchange.type == "A":
            answer = answer[:6] + b"\0\1" + answer[8:] + record
        exchange.send(answer)
    return act


Lie = namedtuple("Lie", "name act words why first")
LIES = [
    Lie("denies", rcode(NXDOMAIN), "denies mx.home.example, our own name",
        "our own DNS resolver denies our own name", "helo-forward=temperror"),
    # Whoever goes by that address is a listed host that has no exchanger.
    Lie("finds", finds("127.0.0.9"), "finds bonafide-canary.",
        "our own DNS resolver finds a name that cannot exist",
        "helo-match=temperror"),
    # Or it is a stranger's mail server, which knows no mailbox of ours.
    Lie("leads", finds(STRANGER), "finds bonafide-canary.",
        "our own DNS resolver finds a name that cannot exist",
        "helo-match=temperror"),
]


def client(number):
    return f"45.20.7.{number + 1}"


def records():
    """For each lie names that nobody has asked about when it begins."""
    for number, lie in enumerate(LIES):
        domain = f"{lie.name}.example"
        yield (f"{domain} MX 10 mx.good.example\n"
               f"helo.{domain} A {CLIENT}\n"
               f"client.{domain} A {client(number)}\n"
               f"{client(number)} PTR client.{domain}\n")


def good_mail(row, number, lie, replies):
    """By a HELO name, a domain and a client that are new, each as they should
    be: the domain's first, for a callout takes a while."""
    domain = f"{lie.name}.example"
    return [Case(f"{row}: domain", CLIENT, NAME, f"a@{domain}", replies),
            Case(f"{row}: HELO name", CLIENT, f"helo.{domain}", SENDER,
                 replies),
            Case(f"{row}: client", client(number), f"client.{domain}", SENDER,
                 replies)]


def bad_mail(row, name):
    """What does not exist."""
    return [Case(f"{row}: HELO name", CLIENT, f"helo.{name}.none.example",
                 SENDER, refused("550 5.7.1"), "helo-forward=fail/nxdomain"),
            Case(f"{row}: domain", CLIENT, NAME, f"a@{name}.none.example",
                 refused("550 5.1.8"), "sender-domain=fail/nxdomain")]


def count(lab, words):
    """Lines of the log that say this of the resolver."""
    return lab.bonafided.log().count(f" dns: the resolver {words}")


def check_lie(lab, number, lie):
    """Before, meanwhile, and after."""
    row = f"D23 {lie.name}"
    said, well = count(lab, lie.words), count(lab, "tells the truth again")
    lab.play([Case(f"{row}, before", CLIENT, NAME, SENDER, TAKEN)]
             + bad_mail(f"{row}, before", lie.name))
    lab.dns.otherwise(lie.act)
    time.sleep(STALE)
    lab.play(good_mail(f"{row}, meanwhile", number, lie, PUT_OFF), at_once=3)
    lab.play([Case(f"{row}, in so many words", CLIENT, f"word.{lie.name}.test",
                   SENDER, refused("451 4.4.3", lie.why), lie.first)])
    lab.play([Case(f"{row}, kept", CLIENT, NAME, SENDER, NOT_REFUSED)])
    lab.tally.equal(f"{row}: said once", said + 1, count(lab, lie.words))
    lab.dns.otherwise(truth)
    wait_until(lambda: count(lab, "tells the truth again") > well,
               "it is well again", 30)
    lab.play(good_mail(f"{row}, after", number, lie, TAKEN)
             + bad_mail(f"{row}, after", lie.name))


def main():
    with Lab(servers=("postfix",), policy=POLICY, site=SITE,
             records="".join(records())) as lab:
        lab.peer(EXCHANGER)
        lab.peer(STRANGER, rcpt="550 5.1.1 no such user")
        for number, lie in enumerate(LIES):
            check_lie(lab, number, lie)


run(main, "postfix")
