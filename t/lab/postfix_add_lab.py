#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/postfix-add puts bonafided before a real Postfix's other milters."""

import os

from lab import Case, Lab, run
from lab.adder import Adder
from lab.client import Client
from lab.daemon import Bonafided, FILE, PROGRAM, settings
from lab.mta import MILTER

MAIN, MASTER = "/etc/postfix/main.cf", "/etc/postfix/master.cf"
OTHER = "/etc/bonafide/other.yaml"
OURS = ("{ inet:127.0.0.1:8894, command_timeout=30s,"
        " default_action=accept }")
SECOND = "{ inet:127.0.0.1:8895, command_timeout=30s }"
UNIX = {"listen": "unix:/run/bonafide/socket"}

POLICY = """
policy:
  helo-forward: {fail: {do: reject, text: first}}
  client-ptr: {fail: tag}
"""
SECOND_POLICY = "policy:\n  helo-forward: {fail: {do: reject, text: second}}\n"

CLIENT, NAME, ALICE = "45.20.1.1", "mail.good.example", "alice@good.example"
NO_REVERSE, NO_NAME = "45.20.2.1", "no-such.good.example"
TAKEN = "250 2\\.1\\.5 .*"
FORGED = "Authentication-Results: mx.home.example; iprev=pass\n"
REFUSED = Case("the first refuses", CLIENT, NO_NAME, ALICE, "550 .*first.*",
               logged={"verdict": "reject", "check": "helo-forward"})
TAGGED = Case("it tags", NO_REVERSE, NAME, ALICE, TAKEN, sent_header=FORGED,
              header="Authentication-Results: .*x-client-ptr=fail",
              no_header="iprev=pass", logged={"verdict": "tag"})
UNASKED = [Case("not asked", CLIENT, NO_NAME, ALICE, TAKEN),
           Case("not tagged", NO_REVERSE, NAME, ALICE, TAKEN,
                sent_header=FORGED, header="iprev=pass",
                no_header="x-client-ptr")]
OTHER_REFUSES = [Case("the other refuses", CLIENT, NO_NAME, ALICE,
                      "550 .*second.*")]

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
        self.mta = mta = lab.servers["postfix"]
        with open(mta.root.path(MAIN), encoding="utf-8") as file:
            head = "".join(line for line in file
                           if not line.startswith("smtpd_milters"))
        # An smtpd that is idle at a reload may still serve another client.
        super().__init__(lab, mta, "postfix-add", MAIN, f"{head}max_use = 1\n")

    def value(self, folder="/etc/postfix"):
        return self.other("sh", "-c", f"postconf -c {folder} -xh smtpd_milters"
                          " 2>/dev/null")[1].strip()

    def restart(self):
        self.mta.stop()
        self.mta.launch()
        self.mta.ready()

    def reload(self):
        self.other("postfix", "reload")

    def expect(self, name, ours, *arguments):
        """Added to a file without milters, it says this."""
        self.begin("")
        status, _ = self.run(*arguments)
        self.tally.equal(name, (0, ours), (status, self.value()))


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
    add.begin("")
    add.refuses("no such policy", "/no/file", "--policy", "/no/file",
                status=66)
    add.policy("policy: {helo-sintax: off}\n", file=OTHER)
    add.refuses("a policy with a mistake", "helo-sintax", "--policy", OTHER,
                status=78)
    add.refuses("an unknown option", "postfix-add .--dry-run", "--listen",
                status=64)
    add.refuses("no such folder", "cannot read and write", "--config",
                "/etc/no", status=77)
    add.root.run(["umount", PROGRAM])
    add.root.run(["rm", PROGRAM])
    add.refuses("without bonafided", "no bonafided here", status=69)
    add.root.show(os.path.abspath(os.environ["BONAFIDED"]), PROGRAM)


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
    add.policy("", listen="unix:/run/with space")
    add.begin("")
    add.refuses("a socket it cannot name", "cannot tell .*with space")
    add.policy("")


def check_listener_changes(add):
    """The entry follows the policy, and goes when there is no policy."""
    before = add.begin("smtpd_milters = unix:/other\n")
    add.run()
    add.policy("", listen="inet:99@127.0.0.1")
    _, words = add.run()
    add.tally.check("the listener changes: the diff",
                    r".*\n-bonafide_milter = .*:8894,.*"
                    r"\n\+bonafide_milter = .*:99,.*", words)
    add.tally.equal("the listener changes",
                    f"{OURS.replace('8894', '99')}, unix:/other", add.value())
    add.root.write(FILE, "nonsense\n")
    add.run("--remove")
    add.tally.equal("removed whatever the policy", before, add.text())
    add.policy("")


def check_chroot(add):
    """A socket outside of the queue, where some smtpd has a chroot."""
    before = add.head
    add.policy("", **UNIX)
    for chroot, level, reached in (("n", "3.6", True), ("-", "3.6", True),
                                   ("y", "3.6", False), ("-", "0", False)):
        add.root.run(["postconf", "-F", f"*/*/chroot={chroot}"])
        add.head = before.replace("level = 3.6", f"level = {level}")
        name = f"chroot {chroot} at level {level}"
        if reached:
            add.expect(name, OURS.replace("inet:127.0.0.1:8894",
                                          UNIX["listen"]))
        else:
            add.begin("")
            add.refuses(name, "out of reach.*by hand: .*/var/spool/postfix")
    add.root.run(["postconf", "-F", "*/*/chroot=n"])
    add.head = before
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
    add.tally.note("no note otherwise", "note:" not in words, "none", words)


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


def check_mail(lab, add):
    """Mail passes us while we are added, and does not when we are not."""
    second = Bonafided(settings(SECOND_POLICY, listen="inet:8895@127.0.0.1"),
                       "second")
    second.ready()
    add.begin("")
    add.restart()
    lab.play(UNASKED)
    add.run()
    lab.play([REFUSED, TAGGED])
    check_body(lab, "added")
    add.begin(f"smtpd_milters = {SECOND}\n")
    add.reload()
    lab.play(OTHER_REFUSES)
    add.run()
    lab.play([REFUSED, TAGGED])
    check_body(lab, "before another")
    lab.bonafided.stop()
    lab.play(OTHER_REFUSES)
    check_body(lab, "while we are down")
    lab.bonafided.launch()
    lab.bonafided.ready()
    lab.play([REFUSED])
    add.run("--remove")
    lab.play(OTHER_REFUSES)
    second.stop()


def check_body(lab, name):
    """A message arrives whole."""
    mta = lab.servers["postfix"]
    body = f"lab body {name}\n.\n..dots\n\n\tand white space \nüäö\n"
    with Client(mta.addresses[0], CLIENT) as client:
        client.ehlo(NAME)
        client.mail(ALICE)
        client.rcpt("body@home.example")
        lab.tally.check(f"{name}: the message", "250 .*", client.data(
            f"Subject: body\n\n{body}"))
    arrived = mta.delivered(f"lab body {name}")
    lab.tally.equal(f"{name}: the body", body.encode(),
                    arrived.get_payload(decode=True))


def main():
    with Lab(servers=("postfix",), policy=POLICY) as lab:
        lab.tally.equal("where it is", "inet:8894@127.0.0.1", MILTER)
        add = PostfixAdd(lab)
        check_mail(lab, add)
        check_instance(add)
        lab.servers["postfix"].stop()       # for a reload takes a second
        for lines, expected in ROUNDS:
            add.round(lines, f"bonafide_milter = {OURS}", expected)
        check_moved(add)
        check_by_hand(add)
        check_refusals(add)
        check_policy(add)
        check_listener_changes(add)
        check_chroot(add)
        check_notes(add)


if __name__ == "__main__":
    run(main, "postfix")
