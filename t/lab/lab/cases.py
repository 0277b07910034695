# SPDX-License-Identifier: BSD-2-Clause
"""Tables of SMTP sessions, and a tally of what came as expected."""

import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .client import Client

RECIPIENT = "bob@home.example"

_AT_ONCE = 8
_marks = itertools.count(1)


@dataclass
class Case:
    """One session: who says what, and what the last reply must look like.

    `reply` is a regular expression for the whole reply to RCPT, or to the
    command before it that was refused; `postfix` and `sendmail` take its place
    for that MTA.  With `header` the message is sent as well, and must arrive
    with what that expression finds in its header; `no_header` likewise must not
    be found.
    """
    name: str
    client: str
    helo: str
    mail: str
    reply: str
    rcpt: str = RECIPIENT
    postfix: str = None
    sendmail: str = None
    header: str = None
    no_header: str = None
    sent_header: str = ""


class Tally:
    """Prints every comparison and counts those that failed."""

    def __init__(self):
        self.failed = 0
        self._lock = threading.Lock()

    def check(self, name, expected, got):
        """Compare a text with a regular expression for all of it."""
        self.note(name, re.fullmatch(expected, got, re.DOTALL), expected, got)

    def equal(self, name, expected, got):
        """Compare two values."""
        self.note(name, expected == got, expected, got)

    def note(self, name, good, expected, got):
        """Enter a comparison made by the caller."""
        with self._lock:
            self.failed += not good
            print(f"{'ok  ' if good else 'FAIL'}  {name}\n"
                  f"          expected  {_shown(expected)}\n"
                  f"          got       {_shown(got)}", flush=True)


def play(tally, mtas, cases):
    """Play every case against every MTA, some at a time."""
    runs = [(mta, case) for case in cases for mta in mtas]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for rows in pool.map(lambda run: _play(*run), runs):
            for row in rows:
                tally.check(*row)


def _play(mta, case):
    """One session; rows of name, expected and got."""
    name = f"{mta.name:9} {case.name}"
    server = mta.addresses[":" in case.client]
    with Client(server, case.client) as client:
        reply = _envelope(client, case)
        expected = getattr(case, mta.name, None) or case.reply
        rows = [(name, expected, reply)]
        if case.header is not None or case.no_header is not None:
            rows += _message(name, mta, client, case)
        client.quit()
    return rows


def _envelope(client, case):
    """Greet and give the envelope; the reply that ends it."""
    reply = client.greeting
    for step in (lambda: client.ehlo(case.helo),
                 lambda: client.mail(case.mail),
                 lambda: client.rcpt(case.rcpt)):
        reply = step()
        if reply.code[:1] != "2":
            break
    return reply


def _message(name, mta, client, case):
    """Send the message and look at its header where it was delivered."""
    mark = f"lab-{next(_marks)}-{mta.name}"
    reply = client.data(f"{case.sent_header}Subject: {mark}\n\n{mark}\n")
    rows = [(f"{name}: message", r"250 .*", reply)]
    if reply.code == "250":
        header = "".join(f"{key}: {value}\n" for key, value
                         in mta.delivered(mark).items())
        if case.header is not None:
            rows.append((f"{name}: header", f".*{case.header}.*", header))
        if case.no_header is not None:
            rows.append((f"{name}: not in header",
                         f"(?!.*{case.no_header}).*", header))
    return rows


def _shown(value):
    return str(value).replace("\n", "\n                    ")
