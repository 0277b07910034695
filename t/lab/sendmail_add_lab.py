#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/sendmail-add puts bonafided before a real Sendmail's other milters.
"""

from lab import Lab, run
from lab.adder import Adder, OTHER, POLICY, SECOND, check_mail
from lab.mta import MILTER
from lab.process import wait_until

MC, CF = "/etc/mail/sendmail.mc", "/etc/mail/sendmail.cf"
OURS = "S=inet:8894@127.0.0.1, T=S:30s;R:30s"
CF_M4 = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n"


def asked(name, socket="local:/other"):
    """A line of sendmail.mc that has a filter asked."""
    return f"INPUT_MAIL_FILTER(`{name}', `S={socket}, T=R:4m')dnl\n"


def known(name):
    """A line of sendmail.mc that only says where a filter is."""
    return f"MAIL_FILTER(`{name}', `S=local:/{name}')dnl\n"


def listed(names):
    """A line of sendmail.mc that says which filters are asked."""
    return f"define(`confINPUT_MAIL_FILTERS', `{names}')dnl\n"


# Lines that were there, and which filters are asked once we are added
ROUNDS = [
    ("", "bonafide"),
    (asked("a"), "bonafide, a"),
    (f"dnl # why\ndnl\n{asked('a')}dnl\n{asked('b')}", "bonafide, a, b"),
    (f"dnl {asked('bonafide')}", "bonafide"),
    ("include(`/etc/mail/m4/filters.m4')dnl\n", "bonafide, m"),
    (known("a") + listed("a"), "bonafide, a"),
    (asked("a") + asked("b") + listed("b,a"), "bonafide, b,a"),
    (known("a") + listed("a") + asked("b"), "bonafide, a, b"),
    (listed(""), "bonafide"),
]
# What others made of our line since, and after the next time
MOVED = [
    (asked("a") + asked("bonafide"), "bonafide, a", "a"),
    (asked("bonafide") + asked("a"), "bonafide, a", "a"),
    (asked("a") + asked("bonafide") + listed("a, bonafide"),
     "bonafide, a", "a"),
    (asked("a") + asked("b") + asked("bonafide") + listed("a, bonafide, b"),
     "bonafide, a, b", "a, b"),
]
REFUSALS = [
    ("ours on two lines", asked("bonafide").replace(", `", ",\n`"),
     "filters would be: bonafide bonafide"),
    ("ours known elsewhere", known("bonafide"), "bonafide in a way not ours"),
    ("our listener by another name", asked("a", "inet:8894@127.0.0.1"),
     "8894@127\\.0\\.0\\.1 in a way not ours"),
    ("a list on two lines", known("a") + listed("a").replace(", `", ",\n`"),
     "filters would be: a;"),
    ("what asks for filters",
     "ifdef(`confINPUT_MAIL_FILTERS', `define(`confDELAY_LA', `9')')dnl\n",
     "other parts of sendmail\\.cf"),
    ("what m4 does not take", "include(`/no/file')dnl\n",
     "m4 has a complaint.*/no/file"),
    ("what Sendmail does not take", asked("a", "carrier-pigeon:1"),
     "Sendmail does not take it: .*carrier-pigeon"),
]


class SendmailAdd(Adder):
    """contrib/sendmail-add beside the lab's Sendmail.

    Its sendmail.mc is that of the lab, and after `debian` that of Debian.
    """

    def __init__(self, lab):
        mta = lab.servers["sendmail"]
        with open(mta.root.path(MC), encoding="utf-8") as file:
            self._debian = file.read()
        with open(mta.root.path("/etc/mail/lab.mc"), encoding="utf-8") as file:
            head, _, rest = file.read().partition("INPUT_MAIL_FILTER")
        super().__init__(lab, mta, "sendmail-add", MC, CF_M4 + head,
                         rest.partition("\n")[2])
        self.root.write("/etc/mail/m4/filters.m4", asked("m"))

    def debian(self):
        before = "dnl #\ndnl # Default Mailer setup\n"
        head, _, tail = self._debian.partition(before)
        self.head, self.tail = head, before + tail

    def begin(self, lines):
        super().begin(lines)
        self.other("sh", "-c", f"cd /etc/mail; m4 {MC} >{CF} 2>/dev/null")
        return self.text()

    def text(self):
        """Comments of sendmail.cf say when it was made."""
        return super().text() + self.other("grep", "-v", "^#", CF)[1]

    def run(self, *arguments):
        starts = self._starts()
        status, words = super().run(*arguments)
        if "Sendmail reads it now" in words:
            wait_until(lambda: self._starts() > starts, "Sendmail restarts")
            self.mta.ready()
        return status, words

    def value(self):
        return self.asked(), self.ours()

    def asked(self):
        """The filters that are asked, in their order."""
        return self.other("sed", "-n", "s/^O InputMailFilters=//p",
                          CF)[1].strip()

    def ours(self):
        """Where we are, and how long we are waited for."""
        return self.other("sed", "-n", "s/^Xbonafide, //p", CF)[1].strip()

    def load(self):
        self.mta.stop()
        self.mta.launch()
        self.mta.ready()

    def _starts(self):
        return self.mta.log().count("starting daemon")


def check_moved(add):
    for lines, added, removed in MOVED:
        name = repr(lines)
        add.begin(lines)
        add.run()
        add.tally.equal(f"{name}: first again", (added, OURS), add.value())
        add.run("--remove")
        add.tally.equal(f"{name}: removed", (removed, ""), add.value())
        add.tally.equal(f"{name}: nothing of it is left", False,
                        "bonafide" in add.text())


def check_by_hand(add):
    """What README says to do by hand is what the program does."""
    add.begin(f"INPUT_MAIL_FILTER(`bonafide', `{OURS}')dnl\n")
    _, words = add.run("--dry-run")
    add.tally.note("by hand: it means the same", "\n+O " not in words
                   and "\n+X" not in words, "no change of the .cf", words)
    add.run("--remove")
    add.tally.equal("by hand: removed", add.begin(""), add.text())


def check_refusals(add):
    for name, lines, words in REFUSALS:
        add.begin(lines)
        add.refuses(name, f"{words}.*nothing was changed.*by hand: .*")
    add.begin(asked("bonafide").replace(", `", ",\n`"))
    add.refuses("to take out what is not ours", "bonafide", "--remove")
    add.begin("")
    add.root.run(["sh", "-c", f"echo O SingleLineFromHeader=True >>{CF}"])
    add.refuses("a .cf that was edited", "not what m4 makes of sendmail\\.mc")
    tail, add.tail = add.tail, "MAILER(`smtp')"
    add.begin("")
    add.refuses("no newline", "has no end")
    add.tail = tail


def check_policy(add):
    """The listener and reply-within, however the policy file says them."""
    for listen, socket in (
            ("inet:99@127.0.0.2", "inet:99@127.0.0.2"),
            ("inet:99@0.0.0.0", "inet:99@127.0.0.1"),
            ("inet6:99@[::1]", "inet6:99@::1"),
            ('"inet6:99@::"', "inet6:99@::1"),
            ("unix:/run/bonafide/socket", "unix:/run/bonafide/socket")):
        add.policy("", listen=listen)
        add.expect(listen, ("bonafide", OURS.replace("inet:8894@127.0.0.1",
                                                     socket)))
    add.policy("")
    for within, seconds in (("{reply-within: 1m}", 82),
                            ("\n  reply-within: 1500ms  # short", 24)):
        add.policy(f"policy: {within}\n", file=OTHER)
        add.expect(f"policy: {within}",
                   ("bonafide", OURS.replace("30s", f"{seconds}s")),
                   "--policy", OTHER)


def check_service(add):
    """Where systemd runs Sendmail it is systemd that is asked to reload it."""
    add.root.run(["mkdir", "-p", "/run/systemd/system"])
    add.root.write("/usr/sbin/systemctl", "#!/bin/sh\necho systemctl \"$@\"\n",
                   0o755)
    add.begin("")
    _, words = add.run()
    add.tally.check("systemd reloads it",
                    ".*systemctl reload-or-restart sendmail.*", words)
    add.root.run(["rm", "-r", "/run/systemd", "/usr/sbin/systemctl"])


def check_down(add):
    """A Sendmail that does not run, and a process that is not Sendmail."""
    add.mta.stop()
    add.begin("")
    _, words = add.run()
    add.tally.check("Sendmail does not run", ".*does not run: .*", words)
    add.root.write("/run/sendmail/mta/sendmail.pid", "1\nno sendmail\n")
    _, words = add.run("--remove")
    add.tally.check("another process has its id", ".*does not run: .*", words)


def main():
    with Lab(servers=("sendmail",), policy=POLICY) as lab:
        lab.tally.equal("where it is", "inet:8894@127.0.0.1", MILTER)
        add = SendmailAdd(lab)
        check_mail(lab, add, asked("second", SECOND))
        check_service(add)
        check_down(add)
        add.debian()
        for lines, filters in ROUNDS:
            add.round(lines, f"INPUT_MAIL_FILTER(`bonafide', `{OURS}')dnl\n",
                      (filters, OURS))
        check_moved(add)
        check_by_hand(add)
        check_refusals(add)
        add.refuses_at_all()
        check_policy(add)
        add.follows(asked("a"), r".*\n-INPUT_MAIL_FILTER[^\n]*:8894@"
                    r".*\n\+INPUT_MAIL_FILTER[^\n]*:99@"
                    r".*\n-Xbonafide, [^\n]*:8894@"
                    r".*\n\+Xbonafide, [^\n]*:99@.*",
                    ("bonafide, a", OURS.replace("8894", "99")))


if __name__ == "__main__":
    run(main, "sendmail")
