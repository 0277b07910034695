#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The lab itself: its servers answer as they should, and nothing gets out."""

import glob
import os
import signal
import socket
import subprocess
import sys
import time

from lab import Case, Lab, dnsfaults, enter, net, run
from lab.cases import Tally
from lab.client import Client
from lab.dns import NOERROR, NXDOMAIN, SERVFAIL, ask
from lab.mta import PASSWORD, USER
from lab.peer import CLOSE, Drip
from lab.process import wait_until

GOOD, GOOD6 = "45.20.1.1", "2a10:20:1::1"
RECEIVERS = ("postfix", "sendmail")
PEERS = ("postfix-peer", "exim-peer", "opensmtpd-peer")
ROOTS = ("postfix", "sendmail", "exim", "opensmtpd")

CASES = [
    Case("takes mail by IPv4", GOOD, "mail.good.example",
         "alice@good.example", "250 2\\.1\\.5 .*", header="Subject: lab-"),
    Case("takes mail by IPv6", GOOD6, "mail.good.example",
         "alice@good.example", "250 2\\.1\\.5 .*",
         header="Received: from mail\\.good\\.example"),
    Case("relays nothing", GOOD, "mail.good.example", "alice@good.example",
         "550 5\\.7\\.1 .*", rcpt="bob@good.example",
         postfix="554 5\\.7\\.1 .*"),
    Case("judges no HELO name", GOOD, "word", "alice@good.example", "250 .*"),
    Case("judges no sender", GOOD, "mail.good.example",
         "alice@nowhere.example", "250 .*"),
]


def main():
    with Lab(servers=RECEIVERS + PEERS) as lab:
        lab.play(CASES)
        check_sessions(lab)
        check_mailboxes(lab)
        check_dns(lab)
        check_peers(lab)
        lab.tally.equal("no way out of the lab", [], net.ways_out())


def check_sessions(lab):
    """What Postfix has beyond plain sessions, and what breaks no lab."""
    postfix = lab.servers["postfix"].addresses[0]
    with Client(postfix, GOOD) as client:
        client.ehlo("mail.good.example")
        lab.tally.check("postfix: STARTTLS", "220 .*", client.starttls())
        client.ehlo("mail.good.example")
        lab.tally.check("postfix: authentication", "235 .*",
                        client.auth(USER, PASSWORD))
    with Client(postfix, GOOD) as client:
        lab.tally.check("postfix: MAIL twice", "503 .*",
                        client.mail("a@good.example")
                        and client.mail("b@good.example"))


def check_mailboxes(lab):
    """The real exchangers: one mailbox and the null sender, no stranger."""
    for name in PEERS:
        server = lab.servers[name]
        domain = name.removesuffix("-peer") + ".example"
        for address in server.addresses:
            with Client(address, None, host="mx") as client:
                client.ehlo("mx.home.example")
                client.mail("")
                for local, expected in (("alice", "250 .*"),
                                        ("nobody", "5.. .*")):
                    lab.tally.check(f"{name} at {address}: {local}", expected,
                                    client.rcpt(f"{local}@{domain}"))


def check_dns(lab):
    """NSD tells the truth, and the scripted server what it is told to."""
    slow = dnsfaults.pause(200)
    for name, kind, rule, expected in (
            ("mail.good.example", "A", None, (NOERROR, 1)),
            ("mail.good.example", "AAAA", None, (NOERROR, 1)),
            (GOOD, "PTR", None, (NOERROR, 1)),
            (GOOD6, "PTR", None, (NOERROR, 1)),
            ("good.example", "A", None, (NOERROR, 0)),
            ("nowhere.example", "A", None, (NXDOMAIN, 0)),
            ("45.20.255.1", "PTR", None, (NXDOMAIN, 0)),
            ("mail.good.example", "A", (slow, dnsfaults.truth), (NOERROR, 1)),
            ("mail.good.example", "A", (dnsfaults.rcode(SERVFAIL),),
             (SERVFAIL, 0))):
        servers = [dnsfaults.ADDRESSES[":" in name]]
        lab.dns.forget()
        if rule is None:
            servers.append("45.30.0.53")
        else:
            lab.dns.on(name, kind, *rule)
        for server in servers:
            began = time.monotonic()
            answer = ask(name, kind, server)
            took = time.monotonic() - began
            lab.tally.equal(f"DNS at {server}: {name} {kind}", expected,
                            (answer.rcode, answer.count))
            if rule and slow in rule:
                lab.tally.note("DNS: as late as told", 0.2 <= took < 0.4,
                               "0.2 s or little more", f"{took:.3f} s")
        lab.tally.equal("DNS: the question was noted", [(name, kind, "udp")],
                        [(name if q.type == "PTR" else q.name, q.type,
                          q.transport) for q in lab.dns.questions(name)])
    check_dns_faults(lab)


def check_dns_faults(lab):
    """The faults that the octets themselves must show."""
    server = dnsfaults.ADDRESSES[0]

    def answer(*acts, **how):
        lab.dns.forget()
        lab.dns.otherwise(*acts)
        try:
            return ask("mail.good.example", "A", server, seconds=0.3, **how)
        except TimeoutError:
            return None

    lab.tally.equal("DNS: silence", None, answer(dnsfaults.silence))
    lab.tally.equal("DNS: answer from another port is not heard", None,
                    answer(dnsfaults.wrong_source))
    cut = answer(dnsfaults.truncated)
    lab.tally.equal("DNS: truncated", (True, 0),
                    (bool(cut.flags & 0x0200), cut.count))
    lab.tally.equal("DNS: whole by TCP", 1,
                    answer(dnsfaults.truncated, tcp=True).count)
    lab.tally.equal("DNS: wrong question", b"\x04lail",
                    answer(dnsfaults.wrong_question).message[12:17])
    junk = b"\x84\x00" + bytes(8) + b"junk"
    lab.tally.equal("DNS: octets as given", junk,
                    answer(dnsfaults.raw(junk)).message[2:])
    lab.tally.equal("DNS: wrong id is the only fault", 1,
                    answer(dnsfaults.wrong_id).count)


def check_peers(lab):
    """A scripted exchanger follows its script and notes what it hears."""
    peer = lab.peer("45.30.9.1", keywords=("SIZE",),
                    greeting=[0.2, "220-slow", "220 peer"],
                    mail={"": "550 5.7.1 no bounces"},
                    rcpt=[Drip("250 ok", 0.01), CLOSE])
    began = time.monotonic()
    with Client("45.30.9.1", None, host="mx") as client:
        for name, expected, got in (
                ("greeting", "220-slow\n220 peer", client.greeting),
                ("EHLO", "250-exchanger\n250 SIZE", client.ehlo("x")),
                ("null sender", "550 5.7.1 no bounces", client.mail("")),
                ("sender", "250 2.1.0 ok", client.mail("a@good.example")),
                ("recipient", "250 ok", client.rcpt("b@peer.example")),
                ("the end", "", client.reply())):
            lab.tally.equal(f"peer: {name}", expected, got)
    took = time.monotonic() - began
    lab.tally.note("peer: pauses and drips", 0.28 <= took < 1.0,
                   "0.28 s or a little more", f"{took:.3f} s")
    lab.tally.equal("peer: commands noted", [
        "EHLO x", "MAIL FROM:<>", "MAIL FROM:<a@good.example>",
        "RCPT TO:<b@peer.example>"], [line.text for line in peer.said("")])
    lab.tally.equal("peer: who called", ["45.1.0.1"],
                    [session.client for session in peer.sessions])
    for where, expected in (("45.40.0.1", TimeoutError),
                            ("45.41.0.1", OSError),
                            ("45.30.9.99", ConnectionRefusedError)):
        lab.tally.equal(f"nobody at {where}", expected, failure(where))


def failure(address):
    """How a connection from the mx to port 25 fails."""
    with net.inside("mx"):
        try:
            socket.create_connection((address, 25), 1).close()
        except (TimeoutError, ConnectionRefusedError) as error:
            return type(error)
        except OSError:
            return OSError
    return None


# What follows runs outside of the lab.

def fingerprint():
    """What of the machine a lab might change by mistake, as sets of lines."""
    found = {}
    for path in ("/etc/passwd", "/etc/group", "/etc/resolv.conf",
                 "/proc/self/mounts", "/var/lib/dpkg/status"):
        with open(path, encoding="utf-8") as file:
            found[path] = set(file)
    found["network links"] = set(os.listdir("/sys/class/net"))
    found["ports"] = set(listening({25, 53, 8894}))
    return found


def listening(ports):
    """Which of the ports something on this machine listens at."""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path, encoding="ascii") as table:
            for line in table.readlines()[1:]:
                _, local, _, state = line.split()[:4]
                port = int(local.rpartition(":")[2], 16)
                if state == "0A" and port in ports:
                    yield local


def inhabitants(space):
    """Processes in a pid namespace, as seen from here."""
    found = []
    for link in glob.glob("/proc/[0-9]*/ns/pid"):
        try:
            if os.readlink(link) == space:
                found.append(link.split("/")[2])
        except OSError:
            pass        # it has just ended
    return found


def hold():
    """Start a lab, say which pid namespace it has, and wait to be ended."""
    with Lab():
        print(os.readlink("/proc/self/ns/pid"), flush=True)
        time.sleep(600)


def check_end(tally, name, end):
    """A lab that is ended by `end(process)` leaves nothing behind."""
    lab = subprocess.Popen([sys.executable, __file__, "--hold"],
                           stdout=subprocess.PIPE, text=True,
                           start_new_session=True)
    space = lab.stdout.readline().strip()
    tally.note(f"{name}: it ran", len(inhabitants(space)) > 5,
               "more than 5 processes", len(inhabitants(space)))
    end(lab)
    lab.wait(20)
    wait_until(lambda: not inhabitants(space), f"{name}: all end", 5)
    tally.equal(f"{name}: processes left", [], inhabitants(space))


def outside():
    tally = Tally()
    before = fingerprint()
    if enter(main, *ROOTS) != 0:
        return 1
    check_end(tally, "SIGKILL", lambda lab: lab.kill())
    check_end(tally, "SIGTERM", lambda lab: lab.terminate())
    check_end(tally, "Ctrl-C", lambda lab: os.killpg(lab.pid, signal.SIGINT))
    for key, lines in fingerprint().items():
        tally.equal(f"changed in the machine's {key}", set(),
                    before[key] ^ lines)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--hold"]:
        run(hold, "postfix", "sendmail")
    sys.exit(outside())
