# SPDX-License-Identifier: BSD-2-Clause
"""The lab's DNS as it should be: NSD with the whole world in one zone.

NSD is authoritative for the root and so for every name there is: what the zone
does not hold does not exist.
"""

import ipaddress
import os
import secrets
import socket
import struct
from collections import namedtuple

from . import net
from .process import Process
from .roots import Root

NSD = ("45.30.0.53", "2a10:30::53")

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28}
AA, TC = 0x0400, 0x0200

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

Answer = namedtuple("Answer", "flags rcode count message")
Answer.__doc__ = "A DNS answer: flags, rcode, records in it, all its octets."


def reverse(name):
    """The name of an address's PTR records; any other name as it is."""
    try:
        return ipaddress.ip_address(name).reverse_pointer
    except ValueError:
        return name


def zone_text(more=""):
    """The root zone: t/lab/world.zone, then `more` in the same form.

    It is a master file but for one thing: an owner written as an address stands
    for the name of its PTR records.
    """
    with open(f"{HERE}/world.zone", encoding="utf-8") as zone:
        lines = (zone.read() + more).splitlines()
    parts = (line.partition(" ") for line in lines)
    return "\n".join(reverse(owner) + space + rest
                     for owner, space, rest in parts) + "\n"


class Nsd(Process):
    """The authoritative server, with the world's zone and `more` records."""

    def __init__(self, more=""):
        super().__init__("nsd", Root("nsd", "nsd"), "world")
        with open(f"{HERE}/etc/nsd.conf", encoding="utf-8") as conf:
            self.root.write("/etc/nsd/nsd.conf", conf.read())
        self.root.write("/etc/nsd/root.zone", zone_text(more))
        os.mkdir(self.root.path("/run/nsd"))
        self.start(["nsd", "-d"])

    def ready(self):
        self.wait_for_port(NSD[0], 53)


def query(name, kind):
    """The octets of a question, with RD set as a stub resolver would."""
    labels = b"".join(bytes([len(label)]) + label for label
                      in os.fsencode(reverse(name)).split(b".") if label)
    return (struct.pack("!HHHHHH", secrets.randbits(16), 0x0100, 1, 0, 0, 0)
            + labels + b"\0" + struct.pack("!HH", TYPES[kind], 1))


def ask(name, kind, server=NSD[0], host="mx", tcp=False, seconds=3):
    """Ask a server from one of the lab's hosts; TimeoutError for silence."""
    question = query(name, kind)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with net.inside(host):
        link = socket.socket(family, socket.SOCK_STREAM if tcp
                             else socket.SOCK_DGRAM)
    with link:
        link.settimeout(seconds)
        link.connect((server, 53))
        if tcp:
            link.sendall(struct.pack("!H", len(question)) + question)
            stream = link.makefile("rb")
            message = stream.read(*struct.unpack("!H", stream.read(2)))
        else:
            link.send(question)
            message = link.recv(65535)
    _, flags, _, count = struct.unpack_from("!HHHH", message)
    return Answer(flags, flags & 15, count, message)
