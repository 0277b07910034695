# SPDX-License-Identifier: BSD-2-Clause
"""A scripted SMTP server: the exchanger that no real MTA would be.

A peer says at each step of the dialogue what its script tells it to, and notes
all that it is asked:

    Peer(loop, "45.30.9.1")                             # takes everything
    Peer(loop, "45.30.9.2", rcpt="550 5.1.1 no such user")
    Peer(loop, "45.30.9.3", greeting=[2.5, "220 at last"])
    Peer(loop, "45.30.9.4", greeting=["554-go", "554 away", CLOSE])
    Peer(loop, "45.30.9.5", keywords=(), mail={"": "550 5.7.1 no bounces"})
    Peer(loop, "45.30.9.6", rcpt=[Drip("250 2.1.5 ok", 0.2), RESET])

A reply is one of the following, or a list of them, done in order:
    str      a line, sent with CRLF
    bytes    octets, sent as they are
    number   seconds to wait
    Drip     a line, sent octet by octet with so many seconds between
    CLOSE    end the connection
    RESET    end it by RST
    SILENCE  say nothing more, until the other side goes
    TLS      begin TLS, as behind the reply to STARTTLS
    SECURELY 250 by TLS, 530 in the clear
For mail and rcpt a dict gives replies by address (`*` matches anything, the
null reverse-path is ""), the first that matches.
"""

import asyncio
import fnmatch
import re
import socket
import struct
import time
from collections import namedtuple
from dataclasses import dataclass

Line = namedtuple("Line", "at text")
Line.__doc__ = "A line that a client sent; `at` is on the monotonic clock."


@dataclass(frozen=True)
class Drip:
    """A line, sent octet by octet with `gap` seconds between."""
    line: str
    gap: float


CLOSE, RESET, SECURELY, SILENCE, TLS = (object() for _ in range(5))

_DEFAULTS = {
    "GREETING": "220 exchanger ESMTP",
    "HELO": "250 exchanger",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "MESSAGE": "250 2.0.0 taken",
    "RSET": "250 2.0.0 ok",
    "STAR": ["220 2.0.0 go on", TLS],
    "NOOP": "250 2.0.0 ok",
    "QUIT": ["221 2.0.0 bye", CLOSE],
    "OTHER": "500 5.5.1 unknown",
}


class _Over(Exception):
    """The script has ended the connection."""


class Session:
    """One connection to a peer: when, from where, and what was said."""

    def __init__(self, client):
        self.began = time.monotonic()
        self.ended = None
        self.client = client
        self.lines = []
        self.turns = []


class Peer:
    """A scripted server at one address; `sessions` holds all there were.

    `keywords` are what EHLO offers; the other arguments are named after the
    commands (`star` for STARTTLS, for which `tls` is an ssl.SSLContext), and
    `greeting`, `message` (after DATA) and `other`.  With `gather`
    it answers only when nothing has come for so many seconds, and a session's
    `turns` hold the commands that came together.
    """

    def __init__(self, loop, address, port=25,
                 keywords=("PIPELINING", "8BITMIME"), gather=None, tls=None,
                 **script):
        self.sessions = []
        self._tls = tls
        self._gather = gather
        offers = ["exchanger", *keywords]
        self._script = _DEFAULTS | {"EHLO": [
            f"250{' ' if offer is offers[-1] else '-'}{offer}"
            for offer in offers]}
        for step, reply in script.items():
            if step.upper() not in self._script:
                raise ValueError(f"no such step of a dialogue: {step}")
            self._script[step.upper()] = reply
        loop.call(asyncio.start_server(self._serve, address, port,
                                       backlog=1024))

    def said(self, verb):
        """Every line that began with `verb`, of all sessions."""
        return [line for session in list(self.sessions)
                for line in list(session.lines)
                if line.text.upper().startswith(verb.upper())]

    def at_once(self):
        """How many sessions there were at the same time, at most."""
        now = time.monotonic()
        edges = [(s.began, 1) for s in self.sessions]
        edges += [(s.ended or now, -1) for s in self.sessions]
        most = count = 0
        for _, step in sorted(edges):
            count += step
            most = max(most, count)
        return most

    def answer(self, step, reply):
        """Say this at a step from now on."""
        self._script[step] = reply

    def forget(self):
        """Begin the notes anew."""
        self.sessions = []

    async def _serve(self, reader, writer):
        session = Session(writer.get_extra_info("peername")[0])
        self.sessions.append(session)
        try:
            await self._converse(session, reader, writer)
        except (_Over, OSError, asyncio.IncompleteReadError):
            pass            # ssl.SSLError is an OSError
        finally:
            session.ended = time.monotonic()
            writer.close()

    async def _converse(self, session, reader, writer):
        await self._perform(self._script["GREETING"], reader, writer)
        while True:
            for text in await self._turn(session, reader):
                verb = text[:4].upper()
                if verb not in self._script:
                    verb = "OTHER"
                await self._perform(self._reply(verb, text), reader, writer)
                if verb == "DATA":
                    await reader.readuntil(b"\r\n.\r\n")
                    await self._perform(self._script["MESSAGE"], reader,
                                        writer)

    async def _turn(self, session, reader):
        """The next line; all that come together, if they are to be gathered."""
        turn = [await _line(session, reader)]
        while self._gather:
            try:
                turn.append(await asyncio.wait_for(_line(session, reader),
                                                   self._gather))
            except TimeoutError:
                break
        session.turns.append(turn)
        return turn

    async def _perform(self, reply, reader, writer):
        """Do what a script says for one step."""
        for step in reply if isinstance(reply, list) else [reply]:
            if isinstance(step, str):
                writer.write(step.encode() + b"\r\n")
            elif isinstance(step, bytes):
                writer.write(step)
            elif isinstance(step, (int, float)):
                await asyncio.sleep(step)
            elif step is TLS:
                await writer.start_tls(self._tls)
            elif step is SECURELY:
                writer.write(_securely(writer))
            elif step is SILENCE:
                await reader.read()
                raise _Over
            elif step is CLOSE:
                raise _Over
            elif step is RESET:
                _reset(writer)
                raise _Over
            else:
                await _drip(step, writer)
        await writer.drain()

    def _reply(self, verb, text):
        reply = self._script[verb]
        if not isinstance(reply, dict):
            return reply
        found = re.search(r"<(.*)>", text)
        address = found[1] if found else ""
        return next((of for pattern, of in reply.items()
                     if fnmatch.fnmatch(address, pattern)), _DEFAULTS[verb])


def _securely(writer):
    return (b"250 2.1.0 ok\r\n" if writer.get_extra_info("ssl_object")
            else b"530 5.7.0 Must issue a STARTTLS command first\r\n")


async def _line(session, reader):
    line = await reader.readuntil(b"\n")
    text = line.decode("latin-1").rstrip("\r\n")
    session.lines.append(Line(time.monotonic(), text))
    return text


async def _drip(step, writer):
    for octet in step.line.encode() + b"\r\n":
        writer.write(bytes([octet]))
        await asyncio.sleep(step.gap)


def _reset(writer):
    """Have close() send RST in the place of FIN."""
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
