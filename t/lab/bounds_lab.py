#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is asked of an MTA, at its bound: fields to remove, a field to insert,
lines of a reply (M9, M18).
"""

import os
import re
import time

from lab import Lab, run
from lab.client import Client
from lab.process import wait_until

MOST = 50               # AUTHRES_FORGED_MOST
FIELD_MOST = 2047       # AUTHRES_SIZE without the terminator
LINE_MOST = 998         # RFC 5322 2.1.1
REPLY_LINES, REPLY_LINE = 8, 479
TIMES = 17              # that the sender stands in the text of a reply
# Fields like those below that make 1 MB, or what Sendmail takes of a header.
MANY = {"postfix": 17000, "sendmail": 450}

TAGS = """
policy:
  helo-syntax: {fail: tag}
  helo-forward: {fail: tag}
  helo-match: {fail: tag}
  client-ptr: {fail: tag}
  sender-domain: {fail: tag}
exceptions:
  - {name: postmaster, recipients: ["postmaster@*"], do: accept}
"""
REPLIES = f"""
policy:
  sender-domain: {{fail: {{do: reject, text: "{'%{sender}' * TIMES}"}}}}
"""

GOOD, NO_REVERSE = "45.20.1.1", "45.20.2.1"
NAME, OTHER = "mail.good.example", "mail.other.example"
ALICE = "alice@good.example"
FORGED = "Authentication-Results: mx.home.example; iprev=pass (forged)\n"
GENUINE = "Authentication-Results: mx.other.example; none (genuine)\n"
# 250 octets: Sendmail takes no more of a name or a path.
LONG = ".".join(["a" * 63] * 2 + ["b" * 30, "none.example"])
ODD_HELO = '"' * 250
ODD_SENDER = f"{'%' * 64}@{LONG}"


def send(mta, fields, mark, *, helo=NAME, client=GOOD, sender=ALICE,
         recipients=("bob",)):
    """Send a message with these fields; the reply, and seconds until it."""
    mark = f"{mark}-{mta.name}"
    with Client(mta.addresses[0], client, seconds=120) as connection:
        connection.ehlo(helo)
        connection.mail(sender)
        for recipient in recipients:
            connection.rcpt(f"{recipient}@home.example")
        begun = time.monotonic()
        reply = connection.data(f"{fields}Subject: {mark}\n\n{mark}\n")
        return reply, time.monotonic() - begun


def kept(mta, mark):
    """Those of the delivered messages that hold `mark`, as they are there."""
    folder = mta.root.path("/var/mail/lab/all/new")
    found = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="latin-1") as file:
            text = file.read()
        if f"{mark}-{mta.name}" in text:
            found.append(text)
    return found


def delivered(mta, mark):
    """That one, once it is there."""
    mta.delivered(f"{mark}-{mta.name}")
    return kept(mta, mark)[0]


def verdicts(lab, count):
    """The lines about forged fields, once there are so many."""
    def found():
        said = [verdict for verdict in lab.bonafided.verdicts()
                if verdict.get("reason") == "forged-results"]
        return said if len(said) >= count else None
    return wait_until(found, f"{count} lines about forged fields")


def check_removed(lab):
    """As many as are removed: by themselves, and each behind a long header."""
    for mta in lab.mtas:
        for name, others in (("alone", 0), ("far", MANY[mta.name])):
            reply, seconds = send(mta, GENUINE * others + FORGED * MOST, name,
                                  helo=OTHER)
            lab.tally.check(f"{mta.name:9} {MOST} forged, {name}"
                            f" ({seconds:.1f} s)", "250 .*", reply)
            message = delivered(mta, name)
            lab.tally.equal(f"{mta.name:9} {name}: what is left, and ours",
                            (others, 0, 1),
                            (message.count("(genuine)"),
                             message.count("(forged)"),
                             message.count("x-helo-match=fail")))


def check_too_many(lab):
    """One more, and as many as a header holds: the message is refused."""
    count = 0
    for mta in lab.mtas:
        for forged, sender, recipients in (
                (MOST + 1, ALICE, ("bob", "postmaster")),
                (MANY[mta.name], "", ("postmaster",))):
            reply, seconds = send(mta, FORGED * forged, "refused",
                                  sender=sender, recipients=recipients)
            lab.tally.check(f"{mta.name:9} {forged} forged from <{sender}>"
                            f" ({seconds:.1f} s)",
                            fr"550[ -]5\.7\.1 This message has {forged} .*id"
                            r" \w{8}", reply)
            count += 1
            said = verdicts(lab, count)
            lab.tally.equal(f"{mta.name:9} {forged}: lines", count, len(said))
            lab.tally.equal(f"{mta.name:9} {forged}: as logged",
                            ("reject", "data", reply.flat),
                            tuple(said[-1].get(key) for key in
                                  ("verdict", "stage", "reply")))
        reply, _ = send(mta, "", "after")
        lab.tally.check(f"{mta.name:9} a message after these", "250 .*", reply)
        message = delivered(mta, "after")
        lab.tally.equal(f"{mta.name:9} and none of them was delivered",
                        (0, []), (message.count("(forged)"),
                                  kept(mta, "refused")))
        lab.tally.equal(f"{mta.name:9} no panic, no fatal error", [],
                        re.findall(r".*(?:panic|fatal):.*", mta.log()))


def check_inserted(lab):
    """A field with as much in it as strangers can put there."""
    for mta in lab.mtas:
        reply, _ = send(mta, "", "inserted", helo=ODD_HELO, client=NO_REVERSE,
                        sender=ODD_SENDER)
        lab.tally.check(f"{mta.name:9} a large field", "250 .*", reply)
        field = re.search(r"^Authentication-Results:.*\n(?:[ \t].*\n)*",
                          delivered(mta, "inserted"), re.MULTILINE)[0]
        lines = field.splitlines()
        lab.tally.note(f"{mta.name:9} its size", 1200 < len(field) <=
                       FIELD_MOST + 2 * len(lines), f"at most {FIELD_MOST}",
                       len(field))
        lab.tally.note(f"{mta.name:9} its longest line",
                       500 < max(map(len, lines)) <= LINE_MOST,
                       f"at most {LINE_MOST}", max(map(len, lines)))
        lab.tally.check(
            f"{mta.name:9} it is whole",
            r"Authentication-Results: mx\.home\.example; iprev=permerror .*;"
            r' x-helo-syntax=fail reason=\S+ smtp\.helo="(\\")+" \(.*\);'
            r" x-client-ptr=fail .*; x-sender-domain=fail .*\)",
            " ".join(field.split()))


def check_replied(lab):
    """The most lines of a reply, the longest, with what has to be doubled."""
    lab.restart(REPLIES)
    for mta in lab.mtas:
        with Client(mta.addresses[0], GOOD) as client:
            client.ehlo(NAME)
            client.mail(ODD_SENDER)
            reply = client.rcpt("bob@home.example")
            lines = reply.flat.removeprefix("550 5.1.8 ").split(" / ")
            lab.tally.equal(f"{mta.name:9} lines of a reply",
                            [REPLY_LINE] * REPLY_LINES,
                            [len(line) for line in lines])
            lab.tally.equal(f"{mta.name:9} their text",
                            (ODD_SENDER * TIMES)[:REPLY_LINES * REPLY_LINE],
                            "".join(lines))
            lab.tally.check(f"{mta.name:9} the next command", "250 .*",
                            client.say("RSET"))


def main():
    with Lab(policy=TAGS) as lab:
        check_removed(lab)
        check_too_many(lab)
        check_inserted(lab)
        check_replied(lab)


run(main, "postfix", "sendmail")
