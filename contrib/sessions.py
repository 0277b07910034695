# SPDX-License-Identifier: BSD-2-Clause
"""Plays the example sessions of contrib/try and prints what was replied."""

import argparse
import asyncio
import os
import re
import shutil
import signal
import socket
import sys
import textwrap
from collections import namedtuple

from lab import Lab, enter, net
from lab.client import Client
from lab.daemon import settings, shipped

POLICIES = ("bonafide.yaml", "strict.yaml")
# Whose list to believe is the site's to decide: the files name none.
LIST = "\n  dnsbl: {zones: [{name: bl.example}], fail: reject}"
BOB, POSTMASTER = "bob@home.example", "postmaster@home.example"
ALICE, NOBODY = "alice@good.example", "nobody@good.example"

Session = namedtuple("Session", "what client helo sender recipient replies")
Session.__doc__ = """One session; `replies` are how the reply must begin under
each of POLICIES: this is a test as well."""

# The sites are in t/lab/world.zone; good.example's exchanger is main()'s.
SESSIONS = [
    Session("a good client",
            "45.20.1.1", "mail.good.example", ALICE, BOB, ("250", "250")),
    Session("a bare word as HELO",
            "45.20.1.1", "workstation", ALICE, BOB,
            ("550 5.5.2", "550 5.5.2")),
    Session("a HELO name that is not in DNS",
            "45.20.1.1", "mail.nowhere.example", ALICE, BOB,
            ("450 4.7.1", "450 4.7.1")),
    Session("a HELO name that belongs to another host",
            "45.20.1.1", "mail.other.example", ALICE, BOB,
            ("250", "450 4.7.1")),
    Session("a client without reverse name",
            "45.20.2.1", "mail.noreverse.example", ALICE, BOB,
            ("250", "450 4.7.")),
    Session("a client that a blocklist names (bl.example, added to the file)",
            "45.20.4.1", "mail.listed.example", ALICE, BOB,
            ("550 5.7.1", "550 5.7.1")),
    Session("a sender whose mailbox is refused",
            "45.20.1.1", "mail.good.example", NOBODY, BOB,
            ("550 5.1.7", "550 5.1.7")),
    Session("the null sender",
            "45.20.1.1", "mail.good.example", "", BOB, ("250", "250")),
    Session("the refused sender, writing to postmaster",
            "45.20.1.1", "mail.good.example", NOBODY, POSTMASTER,
            ("250", "250")),
]


def main(relays):
    """Play all sessions under both policies; with relays, serve them then."""
    replies = {}
    with Lab(servers=["postfix"], policy=listing(POLICIES[0])) as lab:
        lab.peer("45.30.2.1", rcpt={
            ALICE: "250 2.1.5 welcome",
            "*": "550 5.1.1 there is no such mailbox here"})
        for policy in POLICIES:
            if policy != POLICIES[0]:
                lab.bonafided.stop()
                lab.bonafided.configure(settings(listing(policy)))
                lab.bonafided.launch()
                lab.bonafided.ready()
            for session in SESSIONS:
                replies[session, policy] = play(session)
        surprises = show(replies)
        if surprises:
            sys.exit(f"{surprises} replies are not as expected")
        if relays:
            tell_how_to_talk(relays)
            asyncio.run(serve(relays))


def listing(policy):
    """A shipped policy, with a blocklist."""
    return shipped(policy).replace("\npolicy:", "\npolicy:" + LIST, 1)


def play(session):
    """The reply that decides the session's fate."""
    with Client(net.MX_POSTFIX[0], session.client) as client:
        reply = client.ehlo(session.helo)
        for step, argument in ((client.mail, session.sender),
                               (client.rcpt, session.recipient)):
            if reply.code == "250":
                reply = step(argument)
        client.quit()
    return reply


def show(replies):
    """Print the table, and return how many replies should not be so."""
    print(f"\n{'HELO':24}{'client':12}{'sender':22}recipient")
    surprises = 0
    for session in SESSIONS:
        print(f"\n-- {session.what}\n{session.helo:24}{session.client:12}"
              f"{f'<{session.sender}>':22}<{session.recipient}>")
        for policy, expected in zip(POLICIES, session.replies):
            reply = replies[session, policy]
            good = re.match(expected.replace(" ", "[ -]"), reply)
            surprises += not good
            shown = "\n".join(textwrap.fill(
                line, 78, initial_indent=" " * 15, subsequent_indent=" " * 19)
                for line in reply.split("\n"))
            print(f"{policy:15}{shown[15:]}")
            if not good:
                print(f"{'':15}!! expected: {expected}")
    sys.stdout.flush()
    return surprises


# --keep: a port on the machine's loopback for each client, and a way back to
# the shell while all goes on.

def open_relays():
    """A listening socket on loopback for each client of the table."""
    clients = {session.client: session.helo for session in reversed(SESSIONS)}
    return {client: (helo, socket.create_server(("127.0.0.1", 0)))
            for client, helo in clients.items()}


def tell_how_to_talk(relays):
    print(f"\nAll is running, under config/{POLICIES[-1]}. Talk to Postfix:")
    for client, (helo, listener) in relays.items():
        port = listener.getsockname()[1]
        print(f"    nc -C 127.0.0.1 {port:<8}as {client}, whose name is {helo}")
    print(f"Stop it:\n    kill {os.environ['BONAFIDE_TRY']}", end="\n\0",
          flush=True)


async def serve(relays):
    """Carry each connection to Postfix, from the client's address."""
    for client, (_, listener) in relays.items():
        async def carry(reader, writer, client=client):
            with net.inside("clients"):
                link = socket.socket()
            link.bind((client, 0))
            link.setblocking(False)
            await asyncio.get_running_loop().sock_connect(
                link, (net.MX_POSTFIX[0], 25))
            there, back = await asyncio.open_connection(sock=link)
            await asyncio.gather(copy(reader, back), copy(there, writer))
        await asyncio.start_server(carry, sock=listener)
    await asyncio.Event().wait()


async def copy(reader, writer):
    try:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


def go_behind():
    """Go on in a child process; its parent prints until it is told to leave.

    What is printed goes through the parent, so that nobody who reads our
    output waits for the child to end.
    """
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.close(sink)
        os.environ["BONAFIDE_TRY"] = str(os.getpid())
        return
    os.close(sink)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # the child has it too
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    while octets := os.read(source, 65536):
        sys.stdout.buffer.write(octets.rstrip(b"\0"))
        sys.stdout.flush()
        if octets.endswith(b"\0"):
            os._exit(0)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xff)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--keep", action="store_true")
    wanted = parser.parse_args()
    status = 1
    if wanted.keep:
        go_behind()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        opened = open_relays() if wanted.keep else {}
        status = enter(lambda: main(opened), "postfix")
    finally:
        shutil.rmtree(wanted.scratch, ignore_errors=True)
    sys.exit(status)
