# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP client that speaks from any address of the lab's clients."""

import base64
import re
import socket
import ssl

from . import net


class Reply(str):
    """A whole reply, lines joined by newlines; empty when they hung up."""

    @property
    def code(self):
        return self[:3]

    @property
    def flat(self):
        """On one line, as bonafided logs it: codes once, then the lines."""
        codes = re.match(r"\d{3}[ -][245]\.\d+\.\d+|\d{3}", self)
        # Sendmail says first whom a reply to RCPT is about
        lines = (re.sub(r"^[245]\.\d+\.\d+ (<\S*>\.\.\. )?", "", line[4:])
                 for line in self.split("\n"))
        return f"{codes[0].replace('-', ' ')} {' / '.join(lines)}"


class Client:
    """One connection to `server` from an address; a context manager.

    The address is one of `host`; None is whichever that takes.
    """

    def __init__(self, server, address, port=25, seconds=60, host="clients"):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with net.inside(host):
            self._socket = socket.socket(family)
        self._socket.settimeout(seconds)
        if address is not None:
            self._socket.bind((address, 0))
        self._socket.connect((server, port))
        self._stream = self._socket.makefile("rb")
        self.greeting = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the connection without a word."""
        self._stream.close()
        self._socket.close()

    def send(self, octets):
        """Send as it is, without waiting for a reply."""
        self._socket.sendall(octets)

    def reply(self):
        """Read one reply."""
        lines = []
        while True:
            line = self._stream.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                return Reply("")
            lines.append(line)
            if line[3:4] != "-":
                return Reply("\n".join(lines))

    def say(self, command):
        """Send a command line and return the reply."""
        self.send(command.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.reply()

    def ehlo(self, name):
        return self.say(f"EHLO {name}")

    def mail(self, sender):
        return self.say(f"MAIL FROM:<{sender}>")

    def rcpt(self, recipient):
        return self.say(f"RCPT TO:<{recipient}>")

    def data(self, message):
        """Send a whole message, given with newlines, after DATA."""
        reply = self.say("DATA")
        if reply.code != "354":
            return reply
        lines = message.rstrip("\n").split("\n")
        stuffed = ("." + line if line.startswith(".") else line
                   for line in lines)
        return self.say("\r\n".join([*stuffed, "."]))

    def quit(self):
        return self.say("QUIT")

    def starttls(self):
        """Go on over TLS, whatever the certificate, if the server will."""
        reply = self.say("STARTTLS")
        if reply.code == "220":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._stream.close()
            self._socket = context.wrap_socket(self._socket)
            self._stream = self._socket.makefile("rb")
        return reply

    def auth(self, user, password):
        """AUTH PLAIN."""
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.say(f"AUTH PLAIN {secret}")
