#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many sessions at once through Postfix, while callouts take two seconds."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from lab import Lab, run
from lab.client import Client
from lab.daemon import settings

SESSIONS = 200
POLICY = """
callout: {limits: {total: 1000, per-host: 200, per-domain: 1000/1s,
                   waiting: 1000}}
policy:
  reply-within: 20s
  helo-syntax: {fail: reject}
  helo-forward: {fail: tempfail}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""


def main():
    with Lab(servers=["postfix"], policy=POLICY) as lab:
        peer = lab.peer("45.30.2.1", rcpt={
            "bad*": [2.0, "550 5.1.1 no such user"],
            "*": [2.0, "250 2.1.5 ok"]})
        check_many_senders(lab, peer)
        check_one_sender(lab, peer)
        check_waiting(lab)


def talk(lab, sender, together):
    """One session up to RCPT; all say RCPT together."""
    server = lab.mtas[0].addresses[0]
    with Client(server, "45.20.1.1") as client:
        client.ehlo("mail.good.example")
        client.mail(sender)
        together.wait()
        return client.rcpt("bob@home.example")


def replies(lab, senders):
    together = threading.Barrier(len(senders))
    with ThreadPoolExecutor(len(senders)) as pool:
        return list(pool.map(lambda sender: talk(lab, sender, together),
                             senders))


def check_many_senders(lab, peer):
    """Every second one is refused."""
    senders = [f"{'bad' if i % 2 else 'good'}{i}@good.example"
               for i in range(SESSIONS)]
    codes = Counter((sender[:3], reply.code) for sender, reply
                    in zip(senders, replies(lab, senders)))
    lab.tally.equal("200 senders at once: replies",
                    {("goo", "250"): SESSIONS // 2,
                     ("bad", "550"): SESSIONS // 2}, dict(codes))
    lab.tally.equal("200 senders at once: verdicts", SESSIONS,
                    len(lab.bonafided.verdicts(SESSIONS)))
    lab.tally.equal("200 senders at once: each called once", SESSIONS,
                    len(peer.said("RCPT")))


def check_one_sender(lab, peer):
    peer.forget()
    codes = {reply.code for reply
             in replies(lab, ["one@good.example"] * SESSIONS)}
    lab.tally.equal("200 with one sender: replies", {"250"}, codes)
    lab.tally.equal("200 with one sender: connections", 1, len(peer.sessions))


def check_waiting(lab):
    """Beyond limits.waiting nobody waits."""
    lab.bonafided.configure(settings(POLICY.replace("waiting: 1000",
                                                    "waiting: 5")))
    lab.bonafided.reload()
    senders = [f"late{i}@good.example" for i in range(20)]
    codes = Counter(reply.code for reply in replies(lab, senders))
    lab.tally.note("5 may wait: they get their verdict", codes["250"] == 5,
                   5, codes)
    lab.tally.note("5 may wait: the others are told to come back",
                   codes["451"] + codes["450"] == 15, 15, codes)


if __name__ == "__main__":
    run(main, "postfix")
