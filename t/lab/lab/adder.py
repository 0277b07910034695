# SPDX-License-Identifier: BSD-2-Clause
"""A program of contrib/ that adds bonafided to an MTA, run in that MTA's root.

What is the same for each MTA: added and removed, a text is as it was; what is
refused stays as it is; and mail passes us while we are added.
"""

import os
import time

from . import kernel, net
from .cases import Case
from .client import Client
from .daemon import Bonafided, FILE, PROGRAM, add_user, settings
from .dns import HERE

OTHER = "/etc/bonafide/other.yaml"          # another policy file
SECOND = "inet:8895@127.0.0.1"              # where a second milter is
POLICY = """
policy:
  helo-forward: {fail: {do: reject, text: first}}
  client-ptr: {fail: tag}
"""

_CONTRIB = os.path.join(HERE, "..", "..", "contrib")
_FOLDER = os.path.dirname(PROGRAM)
_SHARED = "milter-add.sh"
_SOCKETS = "/run/bonafide"

_SECOND_POLICY = "policy:\n  helo-forward: {fail: {do: reject, text: second}}\n"
_CLIENT, _NAME, _ALICE = "45.20.1.1", "mail.good.example", "alice@good.example"
_NO_REVERSE, _NO_NAME = "45.20.2.1", "no-such.good.example"
_TAKEN = "250 2\\.1\\.5 .*"
_FORGED = "Authentication-Results: mx.home.example; iprev=pass\n"
_REFUSED = Case("we refuse", _CLIENT, _NO_NAME, _ALICE, "550 .*first.*",
                logged={"verdict": "reject", "check": "helo-forward"})
_TAGGED = Case("we tag", _NO_REVERSE, _NAME, _ALICE, _TAKEN,
               header="Authentication-Results: .*x-client-ptr=fail",
               no_header="iprev=pass", sent_header=_FORGED,
               logged={"verdict": "tag"})
_UNASKED = [Case("not asked", _CLIENT, _NO_NAME, _ALICE, _TAKEN),
            Case("not tagged", _NO_REVERSE, _NAME, _ALICE, _TAKEN,
                 sent_header=_FORGED, header="iprev=pass",
                 no_header="x-client-ptr")]
_OTHER_REFUSES = [Case("the other refuses", _CLIENT, _NO_NAME, _ALICE,
                       "550 .*second.*")]


class Adder:
    """contrib/NAME beside an MTA and bonafided; `file` is what it changes.

    The file is `head`, the lines of a case and `tail`.  A subclass has `value`,
    which tells the milters that its MTA makes of the file, and `load`, which
    has the MTA go by the file as it is.
    """

    def __init__(self, lab, mta, name, file, head, tail=""):
        self.tally = lab.tally
        self.mta = mta
        self.root = mta.root
        self.file = file
        self.head = head
        self.tail = tail
        self._name = name
        for script in (name, _SHARED):
            self.root.show(os.path.join(_CONTRIB, script),
                           f"{_FOLDER}/{script}")
        self._show_program()
        add_user(self.root)
        self.policy("")

    def policy(self, text, file=FILE, **site):
        """Write a policy file that the program finds."""
        self.root.write(file, settings(text, **site))

    def begin(self, lines):
        """Write the file with these lines; what `text` says then."""
        self.root.write(self.file, self.head + lines + self.tail)
        self._age()
        return self.text()

    def text(self):
        """What the program may change."""
        with open(self.root.path(self.file), encoding="utf-8") as file:
            return file.read()

    def run(self, *arguments):
        """Its exit status and all that it prints."""
        outcome = self.other(self._name, *arguments)
        self._age()
        return outcome

    def other(self, *command):
        """The exit status of another program there, and all that it prints.
        """
        with net.inside(self.mta.host):
            done = self.root.output(command)
        return done.returncode, done.stdout

    def round(self, lines, printed, expected):
        """Dry, added, added again, removed, removed again.

        `printed` must be in the diff; `expected` are the milters once added.
        """
        name, tally, before = repr(lines), self.tally, self.begin(lines)
        status, words = self.run("--dry-run")
        tally.note(f"{name}: the dry diff", f"\n+{printed}" in words, printed,
                   words)
        tally.equal(f"{name}: dry", (0, before), (status, self.text()))
        status, words = self.run()
        tally.note(f"{name}: the diff", f"\n+{printed}" in words, printed,
                   words)
        tally.equal(f"{name}: added", (0, expected), (status, self.value()))
        added = self.text()
        status, words = self.run()
        tally.check(f"{name}: added again", ".*nothing to change.*", words)
        tally.equal(f"{name}: no change", (0, added), (status, self.text()))
        for step in ("removed", "removed again"):
            status, words = self.run("--remove")
            tally.equal(f"{name}: {step}", (0, before), (status, self.text()))
        tally.check(f"{name}: {step}", ".*nothing to change.*", words)

    def expect(self, name, milters, *arguments):
        """Added where no milter was, these are the milters."""
        self.begin("")
        status, _ = self.run(*arguments)
        self.tally.equal(name, (0, milters), (status, self.value()))

    def follows(self, lines, diff, milters):
        """The entry follows the policy, and goes when there is no policy."""
        before = self.begin(lines)
        self.run()
        self.policy("", listen="inet:99@127.0.0.1")
        _, words = self.run()
        self.tally.check("the listener changes: the diff", diff, words)
        self.tally.equal("the listener changes", milters, self.value())
        self.root.write(FILE, "nonsense\n")
        self.run("--remove")
        self.tally.equal("removed whatever the policy", before, self.text())
        self.policy("")

    def refuses(self, name, words, *arguments, status=65):
        """It says why, and the file stays as it is."""
        before = self.text()
        got, said = self.run(*arguments)
        self.tally.check(f"refuses {name}", f".*{words}.*", said)
        self.tally.equal(f"{name}: changes nothing", (status, True),
                         (got, self.text() == before))

    def refuses_at_all(self):
        """What has to do with bonafided or the command line alone."""
        self.begin("")
        self.refuses("no such policy", "/no/file", "--policy", "/no/file",
                     status=66)
        self.policy("policy: {helo-sintax: off}\n", file=OTHER)
        self.refuses("a policy with a mistake", "helo-sintax", "--policy",
                     OTHER, status=78)
        self.refuses("an unknown option", f"{self._name} .--dry-run",
                     "--listen", status=64)
        self.refuses("no such folder", "there is no /etc/no/", "--config",
                     "/etc/no", status=66)
        before = self.text()
        status, words = self.other("setpriv", "--reuid=65534", "--regid=65534",
                                   "--clear-groups", self._name)
        self.tally.check("refuses without permission",
                         ".*cannot read and write.*", words)
        self.tally.equal("without permission: changes nothing", (77, before),
                         (status, self.text()))
        self.policy("", listen="unix:/run/with space")
        self.refuses("a socket it cannot name", "cannot tell .*with space")
        self.policy("")
        self.root.run(["umount", PROGRAM])
        self.root.run(["rm", PROGRAM])
        self.refuses("without bonafided", "no bonafided here", status=69)
        self._show_program()

    def _show_program(self):
        self.root.show(os.path.abspath(os.environ["BONAFIDED"]), PROGRAM)

    def _age(self):
        """Postfix waits two seconds for a file that has just been written."""
        path = self.root.path(self.file)
        if os.path.getmtime(path) > time.time() - 10:
            os.utime(path, (time.time() - 10,) * 2)


def check_mail(lab, add, line):
    """Mail passes us while we are added, and does not when we are not.

    `line` has the MTA ask a second milter.
    """
    second = Bonafided(settings(_SECOND_POLICY, listen=SECOND), "second")
    second.ready()
    add.begin("")
    add.load()
    lab.play(_UNASKED)
    add.run()
    lab.play([_REFUSED, _TAGGED])
    check_body(lab, add, "added")
    add.begin(line)
    add.load()
    lab.play(_OTHER_REFUSES)
    add.run()
    lab.play([_REFUSED, _TAGGED])
    check_body(lab, add, "before another")
    lab.bonafided.stop()
    lab.play(_OTHER_REFUSES)
    check_body(lab, add, "while we are down")
    share_folder(lab.bonafided.root, add.root)
    for listen in ("inet6:8894@[::1]", f"unix:{_SOCKETS}/socket"):
        add.policy("", listen=listen)
        lab.restart(POLICY, listen=listen, socket='{mode: "666"}')
        add.run()
        lab.play([_REFUSED])
    add.run("--remove")
    lab.play(_OTHER_REFUSES)
    add.policy("")
    second.stop()


def share_folder(of_bonafided, of_mta):
    """Make a folder for bonafided's socket that the MTA sees too."""
    of_bonafided.run(["install", "-d", "-o", "bonafide", _SOCKETS])
    of_mta.run(["mkdir", _SOCKETS])
    kernel.bind(of_bonafided.path(_SOCKETS), of_mta.path(_SOCKETS))


def check_body(lab, add, name):
    """A message arrives whole."""
    body = f"lab body {name}\n.\n..dots\n\n\tand white space \nüäö\n"
    with Client(add.mta.addresses[0], _CLIENT) as client:
        client.ehlo(_NAME)
        client.mail(_ALICE)
        client.rcpt("body@home.example")
        lab.tally.check(f"{name}: the message", "250 .*", client.data(
            f"Subject: body\n\n{body}"))
    arrived = add.mta.delivered(f"lab body {name}")
    lab.tally.equal(f"{name}: the body", body.encode(),
                    arrived.get_payload(decode=True))
