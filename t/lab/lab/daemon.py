# SPDX-License-Identifier: BSD-2-Clause
"""bonafided on the mx, in a root without anything else in it."""

import os
import re
import signal
import socket
import threading

from . import net
from .dns import HERE, NSD
from .process import Failed, Process, wait_until
from .roots import Root

CONFIG = os.path.join(HERE, "..", "..", "config")       # the shipped files
SUPPRESSIONS = os.path.realpath(os.path.join(HERE, "..", "tsan.supp"))

PROGRAM = "/usr/sbin/bonafided"                         # in its root
FILE = "/etc/bonafide/bonafide.yaml"
OTHER = "/etc/bonafide/other.yaml"
_SITE = {
    "listen": "inet:8894@127.0.0.1",
    "listen-from": '[127.0.0.0/8, "::1"]',
    "user": "bonafide",
    "identity": "mx.home.example",
    "log": "{to: stderr, level: info}",
    "local": "{domains: [home.example]}",
    "dns": f'{{servers: ["{NSD[0]}"]}}',
}
_FIELD = re.compile(r'([\w-]+)=("(?:[^"\\]|\\.)*"|\S*)')
_SANITIZER = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:")


def shipped(name):
    """The text of a file of config/, for `settings`."""
    with open(os.path.join(CONFIG, name), encoding="utf-8") as file:
        return file.read()


def settings(text="", **site):
    """A policy file for the lab: `text` in YAML, with the keys of its site.

    The site's keys, which `site` may change, take the place of those in `text`.
    """
    site = _SITE | site
    if site["listen"].startswith("unix:"):
        del site["listen-from"]
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    kept = [block for block in blocks if block.partition(":")[0] not in site]
    return "".join([*kept, "" if text.endswith("\n") else "\n",
                    *(f"{key}: {value}\n" for key, value in site.items())])


def install(root, program=PROGRAM):
    """Put the program that $BONAFIDED names into a root, with its user."""
    built = os.environ.get("BONAFIDED")
    if not built:
        raise Failed("BONAFIDED must name the program to test")
    root.show(os.path.abspath(built), program)
    root.show(SUPPRESSIONS, SUPPRESSIONS)   # where $TSAN_OPTIONS has it
    add_user(root)


def add_user(root):
    """Give a root the user that the daemon serves as."""
    for file, line in (("passwd", "bonafide:x:899:899::/:/bin/false"),
                       ("group", "bonafide:x:899:")):
        with open(root.path(f"/etc/{file}"), "a", encoding="utf-8") as table:
            table.write(f"{line}\n")


class Bonafided(Process):
    """The daemon under test; the program is what $BONAFIDED names.

    `notes` holds what it has told its service manager, a line each.
    """

    def __init__(self, text, name="bonafided"):
        super().__init__(name, Root(None, name), "mx")
        install(self.root)
        self.root.write("/etc/hosts", "127.0.0.1 localhost\n"
                        "45.1.0.1 mx.home.example mx\n")
        self.root.write("/etc/resolv.conf", f"nameserver {NSD[0]}\n")
        self.notes = []
        self._listen()
        self.configure(text)
        self.launch()

    def configure(self, text):
        """Write its file; takes effect at the next start or reload."""
        self.root.write(FILE, text)

    def launch(self, before=(), **environment):
        """Start it, at first or again after `stop`; `before` is what starts it.
        """
        self.notes.clear()
        sanitizers = {key: value for key, value in os.environ.items()
                      if key.endswith("SAN_OPTIONS")}
        self.start([*before, PROGRAM, "-f", "-c", FILE],
                   NOTIFY_SOCKET="/run/notify", **sanitizers, **environment)

    def check(self, text):
        """What `bonafided -t` makes of a file: status and all its output."""
        self.root.write(OTHER, text)
        return self.other("-t", "-c", OTHER)

    def other(self, *arguments, before=()):
        """Run another one beside it, to its end: its status and output.

        `before` is what starts it: a shell, say.  After 10 s it is ended, and
        the status is 124.
        """
        with net.inside(self.host):
            done = self.root.output(["timeout", "10", *before, PROGRAM,
                                     *arguments])
        return done.returncode, done.stdout

    def background(self):
        """The process ids of those that went to the background."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                program = os.readlink(f"/proc/{entry}/exe")
            except OSError:
                continue        # it has just ended
            if program == self.root.path(PROGRAM):
                found.append(int(entry))
        return sorted({*found} - {self.child.pid})

    def ready(self, count=1):
        """Wait until it has said READY, `count` times since its start."""
        def said():
            if not self.running():
                raise Failed(f"{self.name} ended\n{self.log()}")
            return self.notes.count("READY=1") >= count
        wait_until(said, f"{self.name} is ready")

    def reload(self):
        """Have it read its file again, and wait until it has."""
        count = self.notes.count("READY=1")
        self.signal(signal.SIGHUP)
        self.ready(count + 1)

    def stop(self, seconds=15):
        """End it as a service manager does; Failed unless it ends well."""
        super().stop(seconds)
        return self.ended(seconds)

    def ended(self, seconds=15):
        """Wait for its end, once it was told; Failed unless it ends well."""
        status = self.wait(seconds)
        log = self.log()
        if status != 0 or _SANITIZER.search(log):
            raise Failed(f"{self.name} ended with status {status}\n{log}")
        return status

    def verdicts(self, least=0):
        """Its verdict lines, each as a dict of the fields.

        They are written a little after the reply: waits for `least` of them.
        At the level debug "findings" is there too: "RESULT[/REASON]" by check.
        """
        wait_until(lambda: self.log().count(" info: verdict=") >= least,
                   f"{least} verdicts are logged")
        verdicts, findings = [], {}
        for line in self.log().splitlines():
            fields = {key: _unquoted(value)
                      for key, value in _FIELD.findall(line)}
            of_message = findings.setdefault(fields.get("id"), {})
            if "verdict" in fields:
                verdicts.append(fields | {"findings": of_message})
                del findings[fields.get("id")]
            elif "check" in fields:
                of_message[fields["check"]] = "/".join(filter(None, (
                    fields["result"], fields.get("reason"))))
        return verdicts

    def _listen(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = self.root.path("/run/notify")
        notify.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._note, args=(notify,),
                         daemon=True).start()

    def _note(self, notify):
        while True:
            self.notes += notify.recv(65536).decode().splitlines()


def _unquoted(value):
    if value[:1] == '"':
        value = value[1:-1]
    return re.sub(r'\\(["\\])', r"\1", value)
