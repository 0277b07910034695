#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What callouts ask beside the sender, in whose name, and whom they spare."""

from lab import Case, Lab, run
from lab.cases import refused

GOOD, NAME = "45.20.1.1", "mail.good.example"
TAKEN = "250 2\\.1\\.5 .*"
SITE = {
    "log": "{to: stderr, level: debug}",
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}',
}
OURS = "postmaster@home.example"
NO_USER = "550 5.1.1 no such user"
NO_NULL = "550 5.7.1 the null sender is not accepted"


def policy(**keys):
    """A policy file with these keys of `callout`."""
    callout = {"timeout": "{connect: 1s, reply: 1s, total: 8s}"} | keys
    return ("callout:\n"
            + "".join(f"  {key}: {value}\n" for key, value in callout.items())
            + """
policy:
  callout: {fail: reject, temperror: tempfail, unknown: tempfail}
""")


RECORDS = "".join(
    f"{name}.example MX 10 mx.{name}.example\nmx.{name}.example A {address}\n"
    for name, address in (
        ("anything", "45.30.97.1"), ("usual", "45.30.97.2"),
        ("headless", "45.30.97.3"), ("proud", "45.30.97.4"),
        ("prouder", "45.30.97.5"), ("spared", "45.30.97.6"))
) + "wary.example MX 10 mx.exim.example\n"


def commands(peer):
    """What was said to a peer by session, without name and digits."""
    return [" ".join(line.text.split("-")[0] for line in session.lines[1:])
            for session in peer.sessions]


def ask(lab, what, sender, reply, finding, client=GOOD, helo=NAME):
    lab.play([Case(what, client, helo, sender, reply, f"callout={finding}")],
             lab.mtas[:1])


def check_catch_all(lab):
    """S12: a mailbox that cannot be is asked about, once a domain."""
    lab.reload(policy(**{"catch-all": "true"}), **SITE)
    anything = lab.peer("45.30.97.1")
    usual = lab.peer("45.30.97.2", rcpt={"nobody-*": NO_USER, "no@*": NO_USER})
    for local in "a", "b":
        ask(lab, f"S12 anything: {local}", f"{local}@anything.example",
            refused("450 4.1.7", "a mailbox at anything.example that cannot "
                    "exist"), "unknown/accepts-anything")
    ask(lab, "S12 usual: yes", "yes@usual.example", TAKEN, "pass")
    ask(lab, "S12 usual: no", "no@usual.example", refused("550 5.1.7"),
        "fail/no-such-mailbox")
    lab.tally.equal("S12 anything: what was said",
                    ["MAIL FROM:<> RCPT TO:<nobody QUIT"], commands(anything))
    lab.tally.equal(
        "S12 usual: what was said",
        ["MAIL FROM:<> RCPT TO:<nobody RSET MAIL FROM:<> "
         "RCPT TO:<yes@usual.example> QUIT",
         "MAIL FROM:<> RCPT TO:<no@usual.example> QUIT"], commands(usual))


def check_postmaster(lab):
    """A domain without postmaster, and one with."""
    lab.reload(policy(postmaster="true"), **SITE)
    lab.peer("45.30.97.3", rcpt={"postmaster@*": NO_USER})
    for local in "a", "b":
        ask(lab, f"postmaster: {local}", f"{local}@headless.example",
            refused("550 5.1.7", "<postmaster@headless.example>"),
            "fail/no-postmaster")
    ask(lab, "postmaster: there is one", "late@usual.example", TAKEN, "pass")


def check_fallback(lab):
    """Who refuses the null sender is asked in our name, if we have one."""
    proud = lab.peer("45.30.97.4", mail=NO_NULL)
    lab.reload(policy(), **SITE)
    ask(lab, "fallback: none", "a@proud.example",
        refused("550 5.1.7", "answered 550 to MAIL FROM:<>"),
        "fail/refuses-bounces")
    lab.reload(policy(**{"fallback-sender": OURS}), **SITE)
    proud.answer("MAIL", {"": NO_NULL})
    prouder = lab.peer("45.30.97.5", mail={"": NO_NULL},
                       rcpt={"no@*": NO_USER})
    ask(lab, "fallback: accepted", "yes@prouder.example", TAKEN, "pass")
    ask(lab, "fallback: refused", "no@prouder.example", refused("550 5.1.7"),
        "fail/no-such-mailbox")
    ask(lab, "fallback: it was known", "b@proud.example", TAKEN, "pass")
    said = f"MAIL FROM:<{OURS}> RCPT TO:<%s@%s.example> QUIT"
    lab.tally.equal(
        "fallback: what was said",
        ["MAIL FROM:<> RCPT TO:<yes@prouder.example> RSET "
         + said % ("yes", "prouder"), said % ("no", "prouder")],
        commands(prouder))
    lab.tally.equal("fallback: what was said to whom was known",
                    said % ("b", "proud"), commands(proud)[-1])


def check_mutual(lab):
    """A verifier that verifies our fallback sender in turn is not called."""
    lab.reload(policy(**{"fallback-sender": OURS}), **SITE)
    ask(lab, "mutual: Exim calls us back", "alice@wary.example", TAKEN, "pass")
    called_back = ('verdict=continue client=45.30.1.2 helo=mx.exim.example '
                   f'sender="" recipient={OURS} ')
    lab.tally.note("mutual: its callout at our Postfix",
                   called_back in lab.bonafided.log(), called_back, "no such")


def check_spared(lab):
    """Domains and hosts that are never called, and hosts of the sender's."""
    peer = lab.peer("45.30.97.6", rcpt=NO_USER)
    for what, keys in (
            ("domains", {"never": '{domains: ["*.example"]}'}),
            ("hosts", {"never": '{hosts: ["mx.spared.example"]}'})):
        lab.reload(policy(**keys), **SITE)
        ask(lab, f"never: {what}", f"{what}@spared.example", TAKEN, "none")
    lab.reload(policy(**{"except": "[own-host]"}), **SITE)
    ask(lab, "except: its own host", "own@good.example", TAKEN, "none")
    ask(lab, "except: another's host", "other@spared.example",
        refused("550 5.1.7"), "fail/no-such-mailbox")
    lab.tally.equal("spared: calls", 1, len(peer.sessions))


def main():
    with Lab(servers=("postfix", "exim-peer"), policy=policy(), site=SITE,
             records=RECORDS) as lab:
        check_catch_all(lab)
        check_postmaster(lab)
        check_fallback(lab)
        check_mutual(lab)
        check_spared(lab)


run(main, "postfix", "exim")
