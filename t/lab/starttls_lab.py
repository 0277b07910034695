#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Callouts by STARTTLS to real exchangers: Postfix, Exim, OpenSMTPD.

What came of it is told by the finding's detail and by the exchanger's own log.
Debian 12's OpenSMTPD offers STARTTLS and fails every handshake, for it is older
than OpenSSL 3 (its issue 1171): an opportunistic callout asks such a one in the
clear, and a required one asks it nothing.
"""

import ssl
from functools import partial

from lab import Case, Lab, run
from lab.cases import refused
from lab.client import Client
from lab.process import Failed, wait_until

GOOD, NAME = "45.20.1.1", "mail.good.example"
SITE = {"log": "{to: stderr, level: debug}"}
PEERS = {"postfix": 550, "exim": 550, "opensmtpd": 524}    # to a stranger

BY_TLS = r' \(by TLS\)'
FELL_BACK = r' \(in the clear, for TLS with it failed\)'


def policy(use):
    """A pass is refused as well, so that the reply gives its detail."""
    return f"""
callout:
  tls: {use}
  timeout: {{connect: 2s, reply: 5s, total: 10s}}
policy:
  sender-domain: {{fail: reject, temperror: tempfail}}
  callout: {{pass: {{do: reject, text: "%{{detail}}"}}, fail: reject,
    temperror: tempfail, unknown: tempfail}}
"""


def shakes_hands(server):
    """Whether TLS works with an exchanger, for somebody else than us."""
    with Client(server.addresses[0], None, host="mx") as client:
        client.ehlo("mx.home.example")
        try:
            client.starttls()
            return client.ehlo("mx.home.example").code == "250"
        except (ssl.SSLError, ConnectionError):
            return False


def answered(use, name, end):
    """A mailbox that is there and one that is not, and how it was asked for."""
    for local, code, finding in (("alice", 250, "pass"),
                                 ("nobody", PEERS[name],
                                  "fail/no-such-mailbox")):
        sender = f"{local}@{name}.example"
        said = f"answered {code} to RCPT TO:<{sender}>"
        yield Case(f"{use}: {sender}", GOOD, NAME, sender,
                   refused("550 5.1.7", said), f"callout={finding}",
                   {"reply": f'.*{said}: "[^"]*"{end}(\\. / .*)?'})


def gave_up(use, name):
    yield Case(f"{use}: {name}", GOOD, NAME, f"alice@{name}.example",
               refused("450 4.1.7", "could not agree on TLS"),
               "callout=temperror/unreachable")


# By use: the cases at an exchanger with whom TLS works, and with whom not.
EXPECTED = {
    "opportunistic": (partial(answered, end=BY_TLS),
                      partial(answered, end=FELL_BACK)),
    "required": (partial(answered, end=BY_TLS), gave_up),
    "off": (partial(answered, end=""),) * 2,
}


def sessions(lab):
    """How many sessions by TLS each exchanger has logged."""
    servers = (lab.servers[f"{name}-peer"] for name in PEERS)
    return [server.log().count(server.logs_tls) for server in servers]


def check(lab, use, works):
    before = sessions(lab)
    lab.play([case for name in PEERS
              for case in EXPECTED[use][not works[name]](use, name)])
    expected = [count + (2 if use != "off" and works[name] else 0)
                for count, name in zip(before, PEERS)]
    try:
        wait_until(lambda: sessions(lab) == expected, "they are logged", 5)
    except Failed:
        pass
    lab.tally.equal(f"{use}: sessions by TLS that {', '.join(PEERS)} saw",
                    expected, sessions(lab))


def main():
    servers = ["postfix", *(f"{name}-peer" for name in PEERS)]
    with Lab(servers=servers, policy=policy("opportunistic"),
             site=SITE) as lab:
        works = {name: shakes_hands(lab.servers[f"{name}-peer"])
                 for name in PEERS}
        lab.tally.equal("TLS works with Postfix and Exim", (True, True),
                        (works["postfix"], works["exim"]))
        check(lab, "opportunistic", works)
        for use in ("required", "off"):
            lab.restart(policy(use), **SITE)
            check(lab, use, works)


run(main, "postfix", "exim", "opensmtpd")
