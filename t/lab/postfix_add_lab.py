#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/postfix-add puts bonafided before a real Postfix's other milters, and
its socket where that sees it."""

import os

from lab import Lab, run
from lab.adder import Adder, OTHER, POLICY, check_mail
from lab.daemon import FILE, settings
from lab.mta import MILTER

MAIN, MASTER = "/etc/postfix/main.cf", "/etc/postfix/master.cf"
OURS = ("{ inet:127.0.0.1:8894, command_timeout=30s,"
        " default_action=accept }")
SECOND = "{ inet:127.0.0.1:8895, command_timeout=30s }"
UNIX = {"listen": "unix:/run/bonafide/socket"}
QUEUE = "/var/spool/postfix"
MOVED_TO = f"unix:{QUEUE}/bonafide/milter"
IN_QUEUE = OURS.replace("inet:127.0.0.1:8894", "unix:bonafide/milter")

# Lines that were there, and what Postfix makes of them once we are added
ROUNDS = [
    ("", OURS),
    ("smtpd_milters =\n", OURS),
    ("smtpd_milters =\nlast = line\n", OURS),
    ("smtpd_milters=inet:127.0.0.1:9\n", f"{OURS},inet:127.0.0.1:9"),
    ("smtpd_milters = inet:127.0.0.1:9,\n  # why\n\n\tunix:/other\n",
     f"{OURS}, inet:127.0.0.1:9, unix:/other"),
    ("smtpd_milters =\n\tunix:/other\n", f"{OURS} unix:/other"),
    ("smtpd_milters = { unix:/other, connect_timeout=1s }\nlast = line\n",
     f"{OURS}, {{ unix:/other, connect_timeout=1s }}"),
    ("other = inet:127.0.0.1:9\nsmtpd_milters = $other\n",
     f"{OURS}, inet:127.0.0.1:9"),
]
# What others made of our lines since, and after the next time
MOVED = [
    ("smtpd_milters = unix:/a, $bonafide_milter\n",
     f"{OURS}, unix:/a", "unix:/a"),
    ("smtpd_milters = unix:/a, $bonafide_milter, unix:/b\n",
     f"{OURS}, unix:/a, unix:/b", "unix:/a, unix:/b"),
    ("smtpd_milters =\n unix:/a\n $bonafide_milter, unix:/b\n",
     f"{OURS} unix:/a unix:/b", "unix:/a unix:/b"),
    ("smtpd_milters = $bonafide_milter\n unix:/a\n",
     f"{OURS} unix:/a", "unix:/a"),
]
REFUSALS = [
    ("our listener by hand", "smtpd_milters = inet:127.0.0.1:8894\n",
     "in a way not ours"),
    ("our listener, second", "smtpd_milters = unix:/a { inet:127.0.0.1:8894 }"
     "\n", "in a way not ours"),
    ("ours by a variable", "o = inet:127.0.0.1:8894\nsmtpd_milters = $o\n",
     "in a way not ours"),
    ("ours in braces", "smtpd_milters = unix:/a, ${bonafide_milter}\n",
     "in a way not ours"),
    ("two lines", "smtpd_milters =\nsmtpd_milters = unix:/a\n",
     "smtpd_milters more than once"),
    ("two of ours", "bonafide_milter = a\nbonafide_milter = b\n",
     "bonafide_milter more than once"),
    ("no newline", "smtpd_milters =", "has no end"),
    ("an old Postfix", "mail_version = 2.11.3\n", "Postfix before 3\\.0"),
]


class PostfixAdd(Adder):
    """contrib/postfix-add beside the lab's Postfix."""

    def __init__(self, lab):
        mta = lab.servers["postfix"]
        with open(mta.root.path(MAIN), encoding="utf-8") as file:
            head = "".join(line for line in file
                           if not line.startswith("smtpd_milters"))
        # An smtpd that is idle at a reload may still serve another client.
        super().__init__(lab, mta, "postfix-add", MAIN, f"{head}max_use = 1\n")

    def value(self, folder="/etc/postfix"):
        return self.other("sh", "-c", f"postconf -c {folder} -xh smtpd_milters"
                          " 2>/dev/null")[1].strip()

    def listen(self):
        """What the policy file makes of `listen`."""
        return self.other("sh", "-c", "bonafided -m 2>/dev/null"
                          " | sed -n s/^listen=//p"
                          )[1].strip()

    def read(self, file):
        with open(self.root.path(file), encoding="utf-8") as text:
            return text.read()

    def has_folder(self):
        return os.path.isdir(self.root.path(f"{QUEUE}/bonafide"))

    def without_listen(self):
        """A policy file that leaves the socket to the default."""
        return "".join(line for line in settings("").splitlines(True)
                       if not line.startswith("listen"))

    def load(self):
        self.mta.stop()
        self.mta.launch()
        self.mta.ready()


def check_moved(add):
    for lines, added, removed in MOVED:
        name = repr(lines)
        add.begin(f"bonafide_milter = {OURS}\n{lines}")
        add.run()
        add.tally.equal(f"{name}: first again", added, add.value())
        add.run("--remove")
        add.tally.equal(f"{name}: removed", removed, add.value())
        add.tally.equal(f"{name}: nothing of it is left", False,
                        "bonafide_milter" in add.text())


def check_by_hand(add):
    """What README says to do by hand is what the program does."""
    before = add.begin(f"bonafide_milter = {OURS}\n"
                       "smtpd_milters = $bonafide_milter\n")
    _, words = add.run()
    add.tally.check("by hand", ".*nothing to change.*", words)
    add.tally.equal("by hand: no change", before, add.text())
    add.run("--remove")
    add.tally.equal("by hand: removed", add.head + "smtpd_milters =\n",
                    add.text())


def check_refusals(add):
    for name, lines, words in REFUSALS:
        add.begin(lines)
        add.refuses(name, f"{words}.*nothing was changed.*by hand: .*")
    add.begin("")
    add.run()
    add.begin(add.text().removeprefix(add.head)
              + "other = $bonafide_milter\n")
    add.refuses("to take out what is in use", "in use elsewhere", "--remove")


def check_policy(add):
    """The listener and reply-within, however the policy file says them."""
    for listen, endpoint in (
            ("inet:99@127.0.0.2", "inet:127.0.0.2:99"),
            ("inet:99@0.0.0.0", "inet:127.0.0.1:99"),
            ("inet:99@mx.home.example", "inet:mx.home.example:99"),
            ("inet6:99@[::1]", "inet:[::1]:99"),
            ('"inet6:99@::"', "inet:[::1]:99"),
            ("unix:/run/bonafide/socket", "unix:/run/bonafide/socket"),
            ("unix:/var/spool/postfix/bonafide/socket",
             "unix:bonafide/socket")):
        add.policy("", listen=listen)
        add.expect(listen, OURS.replace("inet:127.0.0.1:8894", endpoint))
    for within, seconds in (("{reply-within: 1m}", 82),
                            ("{mode: monitor, reply-within: 1500ms}", 24),
                            ("\n  reply-within: 20s  # long", 42)):
        add.policy(f"policy: {within}\n", file=OTHER)
        add.expect(f"policy: {within}", OURS.replace("30s", f"{seconds}s"),
                   "--policy", OTHER)
    add.policy("")


def check_chroot(add):
    """A socket outside of the queue, where some smtpd has a chroot: it moves,
    unless it is another instance that is told."""
    before = add.head
    for chroot, level, reached in (("n", "3.6", True), ("-", "3.6", True),
                                   ("y", "3.6", False), ("-", "0", False)):
        add.policy("", **UNIX)
        add.root.run(["postconf", "-F", f"*/*/chroot={chroot}"])
        add.head = before.replace("level = 3.6", f"level = {level}")
        name = f"chroot {chroot} at level {level}"
        if reached:
            add.expect(name, OURS.replace("inet:127.0.0.1:8894",
                                          UNIX["listen"]))
            continue
        add.begin("")
        add.refuses(name, "out of reach.*by hand: .*/var/spool/postfix",
                    "--config", "/etc/postfix")
        add.expect(f"{name}: moved", IN_QUEUE)
        add.tally.equal(f"{name}: listen", MOVED_TO, add.listen())
    add.root.run(["postconf", "-F", "*/*/chroot=n"])
    add.head = before
    add.policy("")


def check_move(add):
    """The standard socket goes where a chrooted smtpd sees it, whether or not
    the policy file names it; a port stays, and that is noted."""
    for name, text in (
            ("left out", add.without_listen()),
            ("named", add.without_listen() + "listen: unix:/run/bonafide/milter"
             "  # why\n"),
            ("named first", "listen : unix:/run/bonafide/milter\n"
             + add.without_listen())):
        add.root.run(["rm", "-rf", f"{QUEUE}/bonafide"])
        add.root.write(FILE, text, 0o640)
        add.root.run(["chgrp", "8", FILE])
        before = add.begin("")
        _, words = add.run("--dry-run")
        add.tally.check(f"{name}, dry: both diffs",
                        rf".*\n\+listen: {MOVED_TO}\n.*"
                        r"\n\+bonafide_milter = .*", words)
        add.tally.equal(f"{name}, dry: nothing changes", (before, text, False),
                        (add.text(), add.read(FILE), add.has_folder()))
        status, words = add.run()
        add.tally.check(f"{name}: what is left to do",
                        f".*restart bonafided now.*{QUEUE}.*", words)
        add.tally.equal(f"{name}: moved", (0, IN_QUEUE, MOVED_TO),
                        (status, add.value(), add.listen()))
        add.tally.equal(f"{name}: the folder", "2710 bonafide postfix\n",
                        add.other("stat", "-c", "%a %U %G",
                                  f"{QUEUE}/bonafide")[1])
        add.tally.equal(f"{name}: owner and mode of the policy", "640 0 8\n",
                        add.other("stat", "-c", "%a %u %g", FILE)[1])
        add.tally.equal(f"{name}: no more than that line", [],
                        sorted(set(text.splitlines())
                               - set(add.read(FILE).splitlines())
                               - {line for line in text.splitlines()
                                  if line.startswith("listen")}))
        _, words = add.run()
        add.tally.check(f"{name}: again", ".*nothing to change.*", words)
        add.run("--remove")
        add.tally.equal(f"{name}: removed", (before, MOVED_TO),
                        (add.text(), add.listen()))
    check_move_refused(add)
    check_move_fails(add)
    add.policy("")


def check_move_refused(add):
    """What it cannot change it leaves alone; a folder that has gone it makes.
    """
    add.begin("")
    add.run()
    add.root.run(["rm", "-r", f"{QUEUE}/bonafide"])
    add.run()
    add.tally.equal("the folder had gone", True, add.has_folder())
    text = add.without_listen() + "listen:\n  unix:/run/bonafide/milter\n"
    add.root.write(FILE, text)
    add.begin("")
    add.refuses("a value on a line of its own",
                f"cannot tell where .*by hand: have it say listen: {MOVED_TO}")
    text = add.without_listen().replace("user: bonafide", "user: no-such")
    add.root.write(FILE, text)
    add.refuses("no such user", "there is no user no-such")
    add.tally.equal("the policy is as it was", text, add.read(FILE))


def check_move_fails(add):
    """A service that does not start by the new file goes on by the old one."""
    add.root.write("/usr/sbin/systemctl", "#!/bin/sh\n"
                   f"echo $1 $2 $(grep ^listen {FILE}) >> /tmp/asked\n"
                   f"! grep -q {MOVED_TO} {FILE}\n", 0o755)
    add.root.run(["mkdir", "-p", "/run/systemd/system"])
    text = add.without_listen() + "listen: unix:/run/bonafide/milter\n"
    add.root.write(FILE, text, 0o640)
    before = add.begin("")
    status, words = add.run()
    add.tally.equal("no start: status", 69, status)
    add.tally.check("no start: words", ".*does not start again; .* as they "
                    "were.*", words)
    add.tally.equal("no start: both files are as they were", (before, text),
                    (add.text(), add.read(FILE)))
    add.tally.equal("no start: its mode", "640\n",
                    add.other("stat", "-c", "%a", FILE)[1])
    add.tally.equal("no start: restarted by either",
                    f"try-restart bonafide listen: {MOVED_TO}\n"
                    "restart bonafide listen: unix:/run/bonafide/milter\n",
                    add.read("/tmp/asked"))
    add.root.run(["rm", "-r", "/usr/sbin/systemctl", "/run/systemd"])
    add.policy("")


def check_notes(add):
    """What stays as it is, is said."""
    with open(add.root.path(MASTER), encoding="utf-8") as file:
        master = file.read()
    add.root.write(MASTER, master + "10025 inet n - n - - smtpd\n"
                   "  -o smtpd_milters=\n")
    add.begin("multi_instance_directories = /etc/postfix-out\n")
    _, words = add.run("--dry-run")
    add.tally.check("note of master.cf", ".*smtpd_milters: 10025/inet;.*",
                    words)
    add.tally.check("note of instances", ".*of several instances.*", words)
    add.root.write(MASTER, master)
    add.begin("")
    _, words = add.run("--dry-run")
    add.tally.check("note of the port", ".*any user of this machine.*8894.*",
                    words)
    add.policy("", listen=MOVED_TO)
    _, words = add.run("--dry-run")
    add.tally.note("no note otherwise", "note:" not in words, "none", words)
    add.policy("")


def check_instance(add):
    """--config: another instance, which does not run; main.cf is a link."""
    folder, real = "/etc/postfix-out", "/etc/postfix-out/real.cf"
    add.begin("")
    add.root.write(real, add.head.replace("/var/spool/postfix",
                                          "/var/spool/postfix-out"), 0o640)
    add.root.run(["sh", "-ec", f"cd {folder}; chown 1:2 {real};"
                  f" ln -s real.cf main.cf; cp {MASTER} ."])
    status, words = add.run("--config", folder)
    add.tally.check("another instance", ".*Postfix does not run.*", words)
    add.tally.equal("another instance: added", (0, OURS),
                    (status, add.value(folder=folder)))
    add.tally.equal("another instance: still a link, the owner and mode",
                    (f"{folder}/main.cf\n{folder}/master.cf\n{real}\n",
                     "640 1 2\n"),
                    tuple(add.other("sh", "-c", command)[1]
                          for command in (f"ls -d {folder}/*",
                                          f"stat -c '%a %u %g' {real}")))
    add.tally.equal("the first instance", "", add.value())


def main():
    with Lab(servers=("postfix",), policy=POLICY) as lab:
        lab.tally.equal("where it is", "inet:8894@127.0.0.1", MILTER)
        add = PostfixAdd(lab)
        check_mail(lab, add, f"smtpd_milters = {SECOND}\n")
        check_instance(add)
        lab.servers["postfix"].stop()       # for a reload takes a second
        for lines, expected in ROUNDS:
            add.round(lines, f"bonafide_milter = {OURS}", expected)
        check_moved(add)
        check_by_hand(add)
        check_refusals(add)
        add.refuses_at_all()
        check_policy(add)
        add.follows("smtpd_milters = unix:/other\n",
                    r".*\n-bonafide_milter = .*:8894,.*"
                    r"\n\+bonafide_milter = .*:99,.*",
                    f"{OURS.replace('8894', '99')}, unix:/other")
        check_chroot(add)
        check_move(add)
        check_notes(add)


if __name__ == "__main__":
    run(main, "postfix")
