# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, version 6, in any order one likes.

    with Milter() as milter:
        milter.negotiate()
        milter.connect("mail.good.example", "45.20.1.1")
        print(milter.helo("mail.good.example").seconds)

Each step sends its packet, whatever went before, and waits for the answer.
"""

import socket
import struct
import time
from dataclasses import dataclass, field

from . import net

VERSION = 6
ALL_ACTIONS = 0x1ff
ALL_PROTOCOL = 0x1fffff

# Step: the bit by which the filter declines it, and by which it answers not.
_BITS = {
    b"C": (0x001, 0x01000), b"H": (0x002, 0x02000), b"M": (0x004, 0x04000),
    b"R": (0x008, 0x08000), b"T": (0x200, 0x10000), b"L": (0x020, 0x00080),
    b"N": (0x040, 0x40000), b"B": (0x010, 0x80000), b"U": (0x100, 0x20000),
}

_VERDICTS = {b"a": "accept", b"c": "continue", b"d": "discard",
             b"r": "reject", b"t": "tempfail", b"y": "reply", b"s": "skip",
             b"f": "conn-fail", b"4": "shutdown"}
_CHANGES = {b"h": "add-header", b"i": "insert-header", b"m": "change-header",
            b"q": "quarantine", b"+": "add-recipient",
            b"-": "delete-recipient", b"b": "replace-body",
            b"e": "change-from"}


@dataclass
class Answer:
    """What the filter said to a step, and after how many seconds.

    `verdict` is a word of the protocol, "declined" for a step that the filter
    did not want, or "silent" for one that it does not answer; `text` is the
    SMTP reply when the verdict is "reply".
    """
    verdict: str
    text: str = ""
    seconds: float = 0.0
    progress: int = 0
    changes: list = field(default_factory=list)


class Milter:
    """A connection from an MTA on the mx to a filter; a context manager.

    An address that begins with a slash is the path of a unix socket.
    """

    def __init__(self, address="127.0.0.1", port=8894, seconds=60):
        self.actions = self.protocol = 0
        self.symbols = {}           # stage: the macros asked for there
        self._asked = None
        with net.inside("mx"):
            self._socket = socket.socket(_family(address))
        self._socket.settimeout(seconds)
        if self._socket.family == socket.AF_UNIX:
            self._socket.connect(address)
        else:
            self._socket.connect((address, port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the connection without a word."""
        self._stream.close()
        self._socket.close()

    def negotiate(self, version=VERSION, actions=ALL_ACTIONS,
                  protocol=ALL_PROTOCOL):
        """Offer, and note what the filter wants of it; its version."""
        self.send(b"O", struct.pack("!III", version, actions, protocol))
        _, data = self.receive()
        version, self.actions, self.protocol = struct.unpack_from("!III", data)
        rest = data[12:]
        while rest:
            stage, = struct.unpack_from("!I", rest)
            names, _, rest = rest[4:].partition(b"\0")
            self.symbols[stage] = names.decode().split()
        return version

    def begin(self, sender, helo="mail.good.example", client="45.20.1.1"):
        """All that comes before RCPT, as an MTA tells it."""
        self.negotiate()
        self.connect(helo, client)
        self.helo(helo)
        return self.mail(sender)

    def connect(self, name, address=None, port=40000, **macros):
        """The client's name and address; without one, of unknown family."""
        data = _text(name) + b"U"
        if address is not None:
            family = b"6" if ":" in address else b"4"
            data = (_text(name) + family + struct.pack("!H", port)
                    + _text(address))
        return self._step(b"C", data, macros)

    def helo(self, name, **macros):
        return self._step(b"H", _text(name), macros)

    def mail(self, path, *parameters, **macros):
        """The reverse-path in its angle brackets."""
        return self._step(b"M", _texts(path, *parameters), macros)

    def rcpt(self, path, *parameters, **macros):
        return self._step(b"R", _texts(path, *parameters), macros)

    def ask(self, path):
        """RCPT without waiting; `answer` is what comes of it."""
        self._asked = time.monotonic()
        self.send(b"R", _text(path))

    def answer(self):
        """The answer to the last `ask`."""
        return self._answer(self._asked)

    def data(self, **macros):
        return self._step(b"T", b"", macros)

    def header(self, name, value):
        return self._step(b"L", _texts(name, value), {})

    def end_of_headers(self, **macros):
        return self._step(b"N", b"", macros)

    def body(self, octets):
        return self._step(b"B", octets, {})

    def end_of_message(self, **macros):
        return self._step(b"E", b"", macros)

    def unknown(self, line):
        return self._step(b"U", _text(line), {})

    def abort(self):
        """The message is over without end; has no answer."""
        self.send(b"A")

    def quit(self):
        """The client is gone; has no answer."""
        self.send(b"Q")

    def next_client(self):
        """The client is gone, another follows on this connection."""
        self.send(b"K")

    def send(self, command, data=b""):
        """Send a packet as it is."""
        self._socket.sendall(struct.pack("!I", 1 + len(data)) + command + data)

    def send_octets(self, octets):
        """Send what need not be a packet."""
        self._socket.sendall(octets)

    def receive(self):
        """The next packet: command and data; b"" when the filter hung up."""
        size = self._stream.read(4)
        if len(size) < 4:
            return b"", b""
        packet = self._stream.read(*struct.unpack("!I", size))
        return packet[:1], packet[1:]

    def _step(self, command, data, macros):
        declines, silent = _BITS.get(command, (0, 0))
        if self.protocol & declines:
            return Answer("declined")
        if macros:
            pairs = (_texts(_macro(name), value)
                     for name, value in macros.items())
            self.send(b"D", command + b"".join(pairs))
        began = time.monotonic()
        self.send(command, data)
        if self.protocol & silent:
            return Answer("silent")
        return self._answer(began)

    def _answer(self, began):
        answer = Answer("closed")
        while True:
            command, data = self.receive()
            if command == b"p":
                answer.progress += 1
            elif command in _CHANGES:
                answer.changes.append((_CHANGES[command], data))
            else:
                break
        answer.seconds = time.monotonic() - began
        if command:
            answer.verdict = _VERDICTS[command]
            answer.text = data.rstrip(b"\0").decode("latin-1")
        return answer


def _family(address):
    if address.startswith("/"):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _macro(name):
    """A macro's name as the protocol has it: braces unless one letter."""
    return name if len(name) == 1 else "{%s}" % name


def _text(value):
    return value.encode("utf-8", "surrogateescape") + b"\0"


def _texts(*values):
    return b"".join(map(_text, values))
