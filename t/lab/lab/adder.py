# SPDX-License-Identifier: BSD-2-Clause
"""A program of contrib/ that adds bonafided to an MTA, run in that MTA's root.

What is the same for each MTA: added and removed, a text is as it was, and what
is refused stays as it is.
"""

import os
import time

from . import net
from .daemon import FILE, PROGRAM, settings
from .dns import HERE

_CONTRIB = os.path.join(HERE, "..", "..", "contrib")
_FOLDER = os.path.dirname(PROGRAM)
_SHARED = "milter-add.sh"


class Adder:
    """contrib/NAME beside an MTA and bonafided; `file` is what it changes.

    The file is `head` and then the lines of a case.  A subclass has `value`,
    which tells the milters that its MTA makes of the file.
    """

    def __init__(self, lab, mta, name, file, head):
        self.tally = lab.tally
        self.root = mta.root
        self._host = mta.host
        self.file = file
        self.head = head
        self._program = f"{_FOLDER}/{name}"
        for script in (name, _SHARED):
            self.root.show(os.path.join(_CONTRIB, script),
                           f"{_FOLDER}/{script}")
        self.root.show(os.path.abspath(os.environ["BONAFIDED"]), PROGRAM)
        self.policy("")

    def policy(self, text, file=FILE, **site):
        """Write a policy file that the program finds."""
        self.root.write(file, settings(text, **site))

    def begin(self, lines):
        """Write the file with these lines; all its text."""
        self.root.write(self.file, self.head + lines)
        self._age()
        return self.head + lines

    def text(self):
        with open(self.root.path(self.file), encoding="utf-8") as file:
            return file.read()

    def run(self, *arguments):
        """Its exit status and all that it prints."""
        outcome = self.other(self._program, *arguments)
        self._age()
        return outcome

    def other(self, *command):
        """The exit status of another program there, and all that it prints.
        """
        with net.inside(self._host):
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

    def refuses(self, name, words, *arguments, status=65):
        """It says why, and the file stays as it is."""
        before = self.text()
        got, said = self.run(*arguments)
        self.tally.check(f"refuses {name}", f".*{words}.*", said)
        self.tally.equal(f"{name}: changes nothing", (status, True),
                         (got, self.text() == before))

    def _age(self):
        """Postfix waits two seconds for a file that has just been written."""
        path = self.root.path(self.file)
        if os.path.getmtime(path) > time.time() - 10:
            os.utime(path, (time.time() - 10,) * 2)
