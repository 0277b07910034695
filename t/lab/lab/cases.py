# SPDX-License-Identifier: BSD-2-Clause
"""Tables of SMTP sessions, and a tally of what came as expected.

A row says what a client does and what must come of it: the reply as the client
sees it, what bonafided found, and what it wrote to its log.
"""

import itertools
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .client import Client, Reply

DOMAIN = "home.example"         # what the receiving MTAs take mail for

_marks = itertools.count(1)


@dataclass
class Case:
    """One session: who says what, and what the last reply must look like.

    `client` is an address, or several of them: each plays the session.  A
    `helo` of None is none at all.  `reply` is a regular expression for the
    whole reply to RCPT, or to the command before it that was refused;
    `postfix` and `sendmail` take its place for that MTA.  Without `rcpt` every
    session has a recipient of its own.

    `finds` are findings of that recipient's verdict, "CHECK=RESULT[/REASON]"
    with spaces between; when the mail is refused the verdict must be for the
    first of them.  `logged` are fields that the verdict's line must have, with
    their values as regular expressions; None for a field that must be absent.
    Either also compares the reply in the log with that to the client.  Findings
    are logged at the level debug.

    With `header` the message is sent as well, and must arrive with what that
    expression finds in its header, a line for each unfolded field; `no_header`
    likewise must not be found.
    """
    name: str
    client: str | tuple
    helo: str
    mail: str
    reply: str
    finds: str = ""
    logged: dict = field(default_factory=dict)
    rcpt: str = None
    postfix: str = None
    sendmail: str = None
    header: str = None
    no_header: str = None
    sent_header: str = ""


@dataclass
class Played:
    """A session that was played: what it was, and the reply that ended it."""
    name: str
    case: Case
    rcpt: str
    reply: Reply
    rows: list

    @property
    def key(self):
        """What its verdict is found by: the id in the reply, or the recipient.
        """
        found = re.search(r"\bid (\w{8})$", self.reply)
        return found[1] if found else self.rcpt


def refused(codes, words=""):
    """A regular expression for a refusal: "550 5.7.1", and words of its text,
    in either case.
    """
    code, _, status = codes.partition(" ")
    return f"{code}[ -]{re.escape(status)} .*(?i:{re.escape(words)}).*"


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


def play(tally, mtas, cases, at_once):
    """Play every case against every MTA, so many at a time; a list of Played.
    """
    runs = [(mta, case, client) for case in cases for mta in mtas
            for client in _listed(case.client)]
    played = []
    with ThreadPoolExecutor(at_once) as pool:
        for session in pool.map(lambda run: _play(*run), runs):
            played.append(session)
            for row in session.rows:
                tally.check(*row)
    return played


def compare_log(tally, bonafided, played):
    """Compare what was found and logged with what the cases expect."""
    awaited = [session for session in played
               if session.case.finds or session.case.logged]
    for session, verdict in zip(awaited, _verdicts(bonafided, awaited)):
        if verdict is None:
            tally.note(f"{session.name}: log", False, "a verdict", "none")
            continue
        if session.case.finds:
            _compare_findings(tally, session, verdict)
        _compare_fields(tally, session, verdict)


def _verdicts(bonafided, sessions, seconds=10):
    """The verdict of each session, None for what does not come in time."""
    limit = time.monotonic() + seconds
    while True:
        logged = {verdict[key]: verdict for verdict in bonafided.verdicts()
                  for key in ("id", "recipient") if key in verdict}
        found = [logged.get(session.key) for session in sessions]
        if None not in found or time.monotonic() > limit:
            return found
        time.sleep(0.1)


def _compare_findings(tally, session, verdict):
    """The findings, and that of them which decided."""
    expected = session.case.finds.split()
    found = {f"{check}={finding}"
             for check, finding in verdict["findings"].items()}
    tally.note(f"{session.name}: findings", found.issuperset(expected),
               " ".join(expected), " ".join(sorted(found)))
    if expected and verdict["verdict"] in ("reject", "tempfail"):
        reason = "/" + verdict["reason"] if "reason" in verdict else ""
        tally.equal(f"{session.name}: decided by", expected[0],
                    f"{verdict['check']}={verdict['result']}{reason}")


def _compare_fields(tally, session, verdict):
    """The fields that the case names, and the reply."""
    for key, value in session.case.logged.items():
        if value is None:
            tally.equal(f"{session.name}: no {key}", None, verdict.get(key))
        else:
            tally.check(f"{session.name}: {key}", value, verdict.get(key, ""))
    if "mode" not in verdict:       # monitor: nobody is told
        given = session.reply.flat if session.reply.code[:1] in "45" else None
        tally.equal(f"{session.name}: reply as logged", given,
                    verdict.get("reply"))


def _listed(client):
    return client if isinstance(client, tuple) else (client,)


def _play(mta, case, client):
    """One session; its rows are names, expected and got."""
    name = f"{mta.name:9} {case.name}"
    if isinstance(case.client, tuple):
        name += f", from {client}"
    rcpt = case.rcpt or f"u{next(_marks)}@{DOMAIN}"
    server = mta.addresses[":" in client]
    with Client(server, client) as connection:
        reply = _envelope(connection, case, rcpt)
        expected = getattr(case, mta.name, None) or case.reply
        rows = [(name, expected, reply)]
        if case.header is not None or case.no_header is not None:
            rows += _message(name, mta, connection, case)
        connection.quit()
    return Played(name, case, rcpt, reply, rows)


def _envelope(client, case, rcpt):
    """Greet and give the envelope; the reply that ends it."""
    reply = client.greeting
    for step, argument in ((client.ehlo, case.helo), (client.mail, case.mail),
                           (client.rcpt, rcpt)):
        if argument is None:
            continue
        reply = step(argument)
        if reply.code[:1] != "2":
            break
    return reply


def _message(name, mta, client, case):
    """Send the message and look at its header where it was delivered."""
    mark = f"lab-{next(_marks)}-{mta.name}"
    reply = client.data(f"{case.sent_header}Subject: {mark}\n\n{mark}\n")
    rows = [(f"{name}: message", r"250 .*", reply)]
    if reply.code == "250":
        header = "".join(f"{key}: {' '.join(value.split())}\n" for key, value
                         in mta.delivered(mark).items())
        if case.header is not None:
            rows.append((f"{name}: header", f".*{case.header}.*", header))
        if case.no_header is not None:
            rows.append((f"{name}: not in header",
                         f"(?!.*{case.no_header}).*", header))
    return rows


def _shown(value):
    return str(value).replace("\n", "\n                    ")
