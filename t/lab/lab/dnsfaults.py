# SPDX-License-Identifier: BSD-2-Clause
"""The lab's DNS as it should not be: a server that does what a script says.

It stands before NSD and asks it for the truth; rules say whose answers come
late, spoilt, or not at all.  What happens to a query is a row of acts:

    dns = ScriptedDns(loop)
    dns.otherwise(pause(20), truth)                 # 20 ms from everyone
    dns.on("slow.example", "A", pause(700), truth)
    dns.on("45.20.2.4", "PTR", rcode(SERVFAIL))
    dns.on("*.forged.example", "*", wrong_id, wrong_source, pause(5), truth)

An act is a coroutine function that takes the Exchange; a test may bring its
own.
"""

import asyncio
import fnmatch
import socket
import struct
import time
from collections import namedtuple

from .dns import NSD, TC, TYPES, reverse

ADDRESSES = ("45.30.0.54", "2a10:30::54")

_QR = 0x8000
_KEPT_FLAGS = 0x7900            # opcode and RD of the question
_TYPE_NAMES = {number: name for name, number in TYPES.items()}

Question = namedtuple("Question", "at name type transport")
Question.__doc__ = "What a server was asked; `at` is on the monotonic clock."


class Exchange:
    """One query, and the ways to answer it."""

    def __init__(self, server, message, link):
        self.message = message
        self._server = server
        self._link = link               # _UdpLink or _TcpLink
        self.transport = link.transport
        self.name, self.type, self._end = _question(message)

    def send(self, message):
        """Send a whole DNS message to where the query came from."""
        self._link.send(message)

    def send_octets(self, octets):
        """Send as they are: part of a TCP stream, or a datagram."""
        self._link.send_octets(octets)

    def send_elsewhere(self, message):
        """Send from a port that was not asked, if by UDP."""
        self._link.send_elsewhere(message)

    def close(self):
        """End the connection, if by TCP."""
        self._link.close()

    async def truth(self):
        """The answer of the server behind."""
        return await self._server.ask_behind(self.message, self.transport)

    def empty(self, flags=0, code=0):
        """An answer that repeats the question and says nothing more."""
        ident, asked = struct.unpack_from("!HH", self.message)
        flags |= _QR | asked & _KEPT_FLAGS | code
        return (struct.pack("!HHHHHH", ident, flags, 1, 0, 0, 0)
                + self.message[12:self._end])


async def truth(exchange):
    """Answer as NSD does."""
    exchange.send(await exchange.truth())


async def silence(_):
    """Do not answer."""


async def close(exchange):
    """End the TCP connection."""
    exchange.close()


async def truncated(exchange):
    """Say TC over UDP, so that the client comes by TCP, where truth waits."""
    if exchange.transport == "udp":
        exchange.send(exchange.empty(TC))
    else:
        await truth(exchange)


async def wrong_source(exchange):
    """Answer the truth from another port."""
    exchange.send_elsewhere(await exchange.truth())


def pause(milliseconds):
    """Wait before the next act."""
    async def act(_):
        await asyncio.sleep(milliseconds / 1000)
    return act


def rcode(code):
    """Answer with a response code and nothing else."""
    async def act(exchange):
        exchange.send(exchange.empty(code=code))
    return act


def changed(change):
    """Answer with what `change` (octets to octets) makes of the truth."""
    async def act(exchange):
        exchange.send(change(await exchange.truth()))
    return act


def raw(message):
    """Answer with these octets after the id of the query."""
    async def act(exchange):
        exchange.send(exchange.message[:2] + message)
    return act


wrong_id = changed(lambda answer: bytes([answer[0] ^ 0x55]) + answer[1:])
wrong_question = changed(
    lambda answer: answer[:13] + bytes([answer[13] ^ 1]) + answer[14:])


class ScriptedDns:
    """A server at `addresses`, port 53; without a rule it tells the truth.

    `asked` holds every Question that arrived.  With tcp=False, connections are
    refused.
    """

    def __init__(self, loop, addresses=ADDRESSES, behind=NSD[0], tcp=True):
        self.asked = []
        self._behind = behind
        self._rules = []
        self._otherwise = (truth,)
        self._tasks = set()
        loop.call(self._listen(addresses, tcp))

    def on(self, name, kind, *acts):
        """What is done with questions for a name and type; first match wins.

        In a name `*` spans dots, and an address stands for the name of its PTR
        records; "*" is any type.
        """
        self._rules.append((reverse(name).lower(), kind, acts))

    def otherwise(self, *acts):
        """What is done when no rule matches."""
        self._otherwise = acts

    def forget(self):
        """Drop all rules and questions."""
        self._rules, self._otherwise, self.asked = [], (truth,), []

    def questions(self, name="*", kind="*"):
        """What was asked about names and types that match, as in `on`."""
        pattern = reverse(name).lower()
        return [question for question in self.asked
                if _matches(pattern, kind, question)]

    def take(self, message, link):
        """Begin what the rules say about a query; for the links."""
        exchange = Exchange(self, message, link)
        question = Question(time.monotonic(), exchange.name, exchange.type,
                            exchange.transport)
        self.asked.append(question)
        acts = next((acts for name, kind, acts in self._rules
                     if _matches(name, kind, question)), self._otherwise)
        task = asyncio.ensure_future(_perform(acts, exchange))
        self._tasks.add(task)       # the loop itself holds no reference
        task.add_done_callback(self._tasks.discard)

    async def ask_behind(self, message, transport):
        """The true answer to a query, fetched by the same transport."""
        if transport == "udp":
            answer = asyncio.get_running_loop().create_future()
            link, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Asker(answer), remote_addr=(self._behind, 53))
            link.sendto(message)
            try:
                return await answer
            finally:
                link.close()
        reader, writer = await asyncio.open_connection(self._behind, 53)
        writer.write(_framed(message))
        try:
            return await _read_framed(reader)
        finally:
            writer.close()

    async def _listen(self, addresses, tcp):
        loop = asyncio.get_running_loop()
        for address in addresses:
            await loop.create_datagram_endpoint(
                lambda: _UdpServer(self), local_addr=(address, 53))
            if tcp:
                await asyncio.start_server(self._serve_tcp, address, 53)

    async def _serve_tcp(self, reader, writer):
        link = _TcpLink(writer)
        try:
            while True:
                self.take(await _read_framed(reader), link)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class _UdpServer(asyncio.DatagramProtocol):
    def __init__(self, server):
        self._server = server
        self._socket = None

    def connection_made(self, transport):
        self._socket = transport

    def datagram_received(self, data, addr):
        self._server.take(data, _UdpLink(self._socket, addr))


class _UdpLink:
    transport = "udp"

    def __init__(self, transport, client):
        self._socket, self._client = transport, client

    def send(self, message):
        self._socket.sendto(message, self._client)

    send_octets = send

    def send_elsewhere(self, message):
        own = self._socket.get_extra_info("sockname")
        family = self._socket.get_extra_info("socket").family
        with socket.socket(family, socket.SOCK_DGRAM) as other:
            other.bind((own[0], 0))
            other.sendto(message, self._client)

    def close(self):
        pass


class _TcpLink:
    transport = "tcp"

    def __init__(self, writer):
        self._writer = writer

    def send(self, message):
        self._writer.write(_framed(message))

    send_elsewhere = send

    def send_octets(self, octets):
        self._writer.write(octets)

    def close(self):
        self._writer.close()


class _Asker(asyncio.DatagramProtocol):
    """Hands the first datagram that arrives to a future."""

    def __init__(self, answer):
        self._answer = answer

    def datagram_received(self, data, addr):
        if not self._answer.done():
            self._answer.set_result(data)


async def _perform(acts, exchange):
    for act in acts:
        await act(exchange)


def _matches(pattern, kind, question):
    return (kind in ("*", question.type)
            and fnmatch.fnmatchcase(question.name.lower(), pattern))


def _question(message):
    """Name, type and end of a query's question."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]])
        at += 1 + message[at]
    kind, = struct.unpack_from("!H", message, at + 1)
    return (b".".join(labels).decode("latin-1"),
            _TYPE_NAMES.get(kind, str(kind)), at + 5)


def _framed(message):
    return struct.pack("!H", len(message)) + message


async def _read_framed(reader):
    length, = struct.unpack("!H", await reader.readexactly(2))
    return await reader.readexactly(length)
