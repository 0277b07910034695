#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""S20: our own way out is shut, and strangers who make it look so.

The daemon's clock goes ahead of the system's, by ahead.c, so that nobody waits
the minutes that a suspicion takes.
"""

import os
import struct

from lab import Case, Lab, net, run
from lab.cases import refused
from lab.daemon import settings
from lab.process import wait_until

GOOD = "45.20.1.1"
NAME = "mail.good.example"
TAKEN = "250 2\\.1\\.5 .*"
PUT_OFF = refused("450 4.1.7")
# Exchangers that answer, the witnesses too; a network of each is one.
OUTSIDE = ("45.30.97.0/24", "2a10:30:97::/48")
STRANGERS = 12              # domains with dead exchangers
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}',
}
RECORDS = "".join(
    f"dead{number}.example MX 10 mx.dead{number}.example\n"
    f"mx.dead{number}.example A 45.41.0.{number}\n"
    for number in range(STRANGERS)) + """
live.example            MX    10 mx.live.example
mx.live.example         A     45.30.97.1
other.example           MX    10 mx.other.example
mx.other.example        AAAA  2a10:30:97::2
mx.witness.example      A     45.30.97.9
mx.inside.example       A     10.30.0.9
"""


def policy(witness="none"):
    """A policy file with this `callout.witness`."""
    return f"""callout:
  timeout: {{connect: 1s, reply: 1s, total: 8s}}
  witness: {witness}
policy:
  callout: {{fail: reject, temperror: tempfail, unknown: continue}}
"""


class Quiet:
    """A site that knows nobody, and the sessions that it has."""

    def __init__(self, lab, what, witness="none"):
        self.lab, self.what, self.asked = lab, what, 0
        self.postfix = [lab.servers["postfix"]]
        lab.bonafided.stop()
        lab.bonafided.configure(settings(policy(witness), **SITE))
        set_ahead(lab, 0)
        launch(lab)
        self.said_before = len(lab.bonafided.log())

    def ask(self, domain, finding):
        """A message from a new sender of the domain."""
        self.asked += 1
        reply = PUT_OFF if finding.startswith("temperror") else TAKEN
        self.lab.play([Case(f"{self.what}: {domain}, {self.asked}", GOOD, NAME,
                            f"u{self.asked}@{domain}.example", reply,
                            f"callout={finding}")], self.postfix)

    def suspect(self):
        """Strangers write from dead domains, for more than five minutes."""
        for number in range(10):
            self.ask(f"dead{number}", "temperror/unreachable")
        set_ahead(self.lab, 301)
        self.ask("dead10", "temperror/unreachable")

    def wait_for(self, words):
        """Until the log has them."""
        wait_until(lambda: words in self.lab.bonafided.log()[
            self.said_before:], f"{self.what}: the log has `{words}`")

    def is_open(self):
        """Nothing has changed for anybody."""
        self.ask("dead11", "temperror/unreachable")
        self.ask("live", "pass")


def set_ahead(lab, seconds):
    """Let the daemon's clock be so many seconds ahead."""
    with open(lab.bonafided.root.path("/run/ahead"), "r+b") as file:
        file.write(struct.pack("q", seconds))


def launch(lab):
    """Start the daemon, with a clock that we set."""
    lab.bonafided.launch(LD_PRELOAD="/usr/lib/ahead.so",
                         LAB_AHEAD="/run/ahead")
    lab.bonafided.ready()


def sessions(peer):
    """What a peer was told in each of its sessions."""
    return [[line.text for line in session.lines] for session in peer.sessions]


def check_strangers(lab):
    """Where nobody has answered, and nobody is named, there is no wall."""
    site = Quiet(lab, "strangers alone")
    site.suspect()
    site.wait_for("too few others are known that could show whether our way "
                  "out to port 25 is shut (no exchanger has answered in the "
                  "last day)")
    site.is_open()


def check_answers(lab, live):
    """One that has answered is asked, and is no trouble to it."""
    site = Quiet(lab, "one has answered")
    site.ask("live", "pass")
    live.forget()
    site.suspect()
    site.wait_for("our way out to port 25 is open (mx.live.example "
                  "[45.30.97.1] greets with 220)")
    lab.tally.equal("one has answered: what it was told", [["QUIT"]],
                    sessions(live))
    site.is_open()


def check_one_dead(lab):
    """One that has answered, and is dead now, may be a stranger's."""
    site = Quiet(lab, "one has answered and is dead")
    site.ask("live", "pass")
    net.swallow("mx", OUTSIDE)
    site.suspect()
    site.wait_for("(mx.live.example [45.30.97.1] could not be connected to)")
    site.ask("dead11", "temperror/unreachable")
    site.ask("live", "temperror/unreachable")
    net.swallow_no_more("mx", OUTSIDE)


def check_shut(lab, live, witness="none", met=True):
    """Nothing gets out to port 25 any more, and then it does again."""
    site = Quiet(lab, f"shut, witness {witness}, {'met' if met else 'new'}",
                 witness)
    if met:
        site.ask("live", "pass")
        site.ask("other", "pass")
    net.swallow("mx", OUTSIDE)
    site.suspect()
    site.wait_for("is our way out to port 25 shut?")
    live.forget()
    site.ask("live", "unknown/walled-off")
    site.ask("dead11", "unknown/walled-off")
    lab.tally.equal(f"{site.what}: calls", [], sessions(live))
    net.swallow_no_more("mx", OUTSIDE)
    set_ahead(lab, 301 + 65)
    site.ask("live", "pass")
    site.wait_for("callouts can connect again")
    site.is_open()


def check_witness(lab, witness):
    """One that is named greets, and is called once; or does not as it must."""
    site = Quiet(lab, "a witness", "mx.witness.example")
    witness.forget()
    site.suspect()
    site.wait_for("our way out to port 25 is open (")
    lab.tally.equal("a witness: what it was told", [["QUIT"]],
                    sessions(witness))
    site.is_open()
    witness.answer("GREETING", "554 5.7.1 not you")
    site = Quiet(lab, "a witness that does not greet", "mx.witness.example")
    site.suspect()
    site.wait_for("mx.witness.example [45.30.97.9] greets with 554")
    site.wait_for("too few others are known")
    site.is_open()


def check_no_witness(lab, inside):
    """A name that leads nowhere, or into a private network, shows nothing."""
    for name in "mx.inside.example", "mx.missing.example":
        site = Quiet(lab, f"witness {name}", name)
        site.suspect()
        site.wait_for(f"{name} has no public address")
        site.is_open()
    lab.tally.equal("a witness inside: calls", [], sessions(inside))


def begin(lab):
    """Give the daemon a clock that we set; it is the test's from then on."""
    root = lab.bonafided.root
    root.show(os.environ["LAB_AHEAD"], "/usr/lib/ahead.so")
    root.write("/run/ahead", "\0" * 8, 0o666)


def main():
    # The sanitizers' own libraries want to come first, and need not.
    for name in "ASAN_OPTIONS", "TSAN_OPTIONS":
        os.environ[name] = ":".join(filter(None, (
            os.environ.get(name), "verify_asan_link_order=0")))
    with Lab(servers=["postfix"], policy=policy(), site=SITE,
             records=RECORDS) as lab:
        begin(lab)
        live = lab.peer("45.30.97.1")
        lab.peer("2a10:30:97::2")
        witness = lab.peer("45.30.97.9")
        inside = lab.peer("10.30.0.9")
        check_strangers(lab)
        check_answers(lab, live)
        check_one_dead(lab)
        check_shut(lab, live)
        check_shut(lab, live, "mx.witness.example", met=False)
        check_no_witness(lab, inside)
        check_witness(lab, witness)


run(main, "postfix")
