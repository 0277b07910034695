#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the policy makes of findings: order, soft actions, exceptions, texts,
the stage of the reply, and monitor mode.
"""

import time
from dataclasses import replace

from lab import Case, Lab, run
from lab.cases import refused
from lab.client import Client
from lab.mta import PASSWORD, USER
from lab.process import wait_until

SITE = {
    "dns": '{servers: ["45.30.0.53"], timeout: 1s, attempts: 2, budget: 5s}'}
RECORDS = """
mail.other.example      AAAA  2a10:20:3::1
2a10:20:3::1            PTR   mail.other.example
mail.noreverse.example  AAAA  2a10:20:2::1
mail.noreverse.example  AAAA  2a10:20:2::2
mail.noreverse.example  AAAA  2a10:20:2:1::1
picky.example           MX    10 mx.picky.example
mx.picky.example        A     45.30.2.2
slow.example            MX    10 mx.slow.example
mx.slow.example         A     45.30.2.3
"""


def pair(number):
    """A client's IPv4 and IPv6 address."""
    return f"45.20.{number}.1", f"2a10:20:{number}::1"


GOOD, NO_REVERSE = pair(1), pair(2)
NAME, OTHER, NOWHERE = (
    "mail.good.example", "mail.other.example", "mail.nowhere.example")
NAMELESS = "mail.noreverse.example"
ALICE, NOBODY = "alice@good.example", "nobody@picky.example"
BOB = "bob@home.example"
TAKEN = "250 2\\.1\\.5 .*"

# The strongest action wins, and of equal ones the first check's reply.

ORDER_POLICY = """
policy:
  helo-syntax: {fail: continue}
  helo-identity: {fail: tag}
  helo-forward: {fail: tempfail}
  helo-match: {fail: tempfail}
  client-ptr: {fail: reject}
  sender-domain: {fail: reject, fail/null-mx: tempfail}
"""
ORDER = [
    Case("order: continue is nothing", GOOD, "word", ALICE, TAKEN,
         logged={"verdict": "continue", "check": None}),
    Case("order: the first of two tempfails", GOOD, NOWHERE, ALICE,
         refused("450 4.7.1", NOWHERE),
         logged={"verdict": "tempfail", "check": "helo-forward",
                 "result": "fail", "reason": "nxdomain"}),
    Case("order: tempfail above tag", GOOD, "home.example", ALICE,
         refused("450 4.7.1", "home.example"),
         logged={"verdict": "tempfail", "check": "helo-forward"}),
    Case("order: reject above tempfail", NO_REVERSE, NOWHERE, ALICE,
         refused("550 5.7.25"),
         logged={"verdict": "reject", "check": "client-ptr",
                 "result": "fail", "reason": "missing"}),
    Case("order: the first of two rejects", NO_REVERSE, NAMELESS,
         "alice@nowhere.example", refused("550 5.7.25"),
         logged={"verdict": "reject", "check": "client-ptr"}),
    Case("order: a reject further down", GOOD, NOWHERE,
         "alice@nowhere.example", refused("550 5.1.8"),
         logged={"verdict": "reject", "check": "sender-domain"}),
]

# Tempfail for a while, then reject: from the first sight of the subject.

SOFT_POLICY = """
policy:
  helo-forward: {fail: {tempfail: 2s, then: reject}}
  helo-match: {fail: {tempfail: 1h, then: reject}}
  client-ptr: {fail: {tempfail: 2s, then: {do: reject, text: "too late"}}}
  sender-domain: {fail: {tempfail: 2s, then: tag}}
  callout: {fail: {tempfail: 2s, then: reject}}
"""


def soft(name, client, helo, sender, codes):
    """A subject that fails, and how hard it is taken."""
    return Case(f"soft: {name}", client, helo, sender,
                refused(codes) if codes else TAKEN)


SOFT_FIRST = [
    soft("HELO name", GOOD[0], NOWHERE, ALICE, "450 4.7.1"),
    soft("HELO match", GOOD, OTHER, ALICE, "450 4.7.1"),
    soft("client", NO_REVERSE, NAMELESS, ALICE, "450 4.7.25"),
    soft("domain", GOOD, NAME, "alice@nowhere.example", "450 4.1.8"),
    soft("sender", GOOD[0], NAME, NOBODY, "450 4.1.7"),
]
SOFT_LATER = [
    soft("HELO name, later", GOOD[0], NOWHERE, ALICE, "550 5.7.1"),
    soft("another HELO name", GOOD[0], f"other.{NOWHERE}", ALICE,
         "450 4.7.1"),
    soft("HELO name of another client", GOOD[1], NOWHERE, ALICE,
         "450 4.7.1"),
    soft("HELO match, not much later", GOOD, OTHER, ALICE, "450 4.7.1"),
    Case("soft: client, later", NO_REVERSE, NAMELESS, ALICE,
         "550 5\\.7\\.25 (<.*>\\.\\.\\. )?too late"),
    Case("soft: client of the same network, later", "2a10:20:2::2", NAMELESS,
         ALICE, "550 5\\.7\\.25 (<.*>\\.\\.\\. )?too late"),
    soft("client of another network", "2a10:20:2:1::1", NAMELESS, ALICE,
         "450 4.7.25"),
    Case("soft: another sender of the domain, later", GOOD, NAME,
         "bob@nowhere.example", TAKEN,
         header="Authentication-Results: .*x-sender-domain=fail",
         logged={"verdict": "tag", "check": "sender-domain"}),
    soft("another domain", GOOD, NAME, "bob@nowhere2.example", "450 4.1.8"),
    soft("sender, later", GOOD[1], NAME, NOBODY, "550 5.1.7"),
    soft("another sender", GOOD[0], NAME, "nobody2@picky.example",
         "450 4.1.7"),
]

# Exceptions: the first whose conditions all hold.

EXCEPTIONS_POLICY = """
policy:
  helo-syntax: {fail: reject}
  helo-forward: {fail: reject}
exceptions:
  - {name: by sender and client, clients: [45.20.3.1, "2a10:20:3::/64"],
     senders: ["*@both.example"], do: accept}
  - {name: by network, clients: [45.20.2.0/24, "2a10:20:2::/48"], do: accept}
  - {name: by login, authenticated: true, do: accept}
  - {name: by HELO, helo: ["Partner*"], do: accept}
  - {name: by sender, senders: ["*@Friend.example", "<>"], do: accept}
  - {recipients: ["postmaster@*", "abuse@*"], do: accept}
  - {name: softer, senders: ["soft@*"], policy:
      {helo-syntax: {fail: tempfail}}}
  - {name: softer still, senders: ["soft@*"], do: accept}
  - {name: without one, senders: ["off@*"], policy: {helo-syntax: off}}
  - {name: not so strict, senders: ["reason@*"], policy:
      {helo-syntax: {fail/bare-address: continue}}}
"""


def accepted(name, by, client, helo, sender, rcpt=None):
    """An exception accepts."""
    return Case(f"exceptions: {name}", client, helo, sender, TAKEN, rcpt=rcpt,
                logged={"verdict": "accept", "reason": by, "check": None})


def judged(name, client, helo, sender, codes="550 5.5.2", rcpt=None):
    """None applies, or one that judges too."""
    return Case(f"exceptions: {name}", client, helo, sender,
                refused(codes) if codes else TAKEN, rcpt=rcpt)


EXCEPTIONS = [
    accepted("a network", "by network", NO_REVERSE, "word", ALICE),
    judged("another network", GOOD, "word", ALICE),
    accepted("a HELO name", "by HELO", GOOD, "PARTNER", ALICE),
    judged("another HELO name", GOOD, "a-partner", ALICE),
    accepted("a sender", "by sender", GOOD, "word", "Any@friend.EXAMPLE"),
    judged("a domain below the sender's", GOOD, "word", "a@x.friend.example"),
    accepted("the null sender", "by sender", GOOD, "word", ""),
    accepted("a recipient", "exception 6", GOOD, "word", ALICE,
             "Postmaster@home.example"),
    accepted("another recipient", "exception 6", GOOD, "word", ALICE,
             "abuse@home.example"),
    judged("no such recipient", GOOD, "word", ALICE,
           rcpt="notpostmaster@home.example"),
    accepted("both conditions", "by sender and client", pair(3), "word",
             "a@both.example"),
    judged("one of two conditions", pair(3), "word", ALICE),
    judged("the other of two conditions", GOOD, "word", "a@both.example"),
    judged("a policy of its own, the first that holds", GOOD, "word",
           "soft@good.example", "450 4.5.2"),
    judged("the keys it does not name", GOOD, NOWHERE, "soft@good.example",
           "550 5.7.1"),
    judged("a check switched off", GOOD, "word", "off@good.example", None),
    judged("but not the others", GOOD, NOWHERE, "off@good.example",
           "550 5.7.1"),
    judged("one reason let through", GOOD, "45.20.1.1", "reason@good.example",
           None),
    judged("the other reasons not", GOOD, "word", "reason@good.example"),
]


def check_login(lab):
    """M12: who has authenticated himself is accepted; who only may, is not."""
    postfix = lab.servers["postfix"]
    for address, client in zip(postfix.addresses, GOOD):
        for password, expected in ((PASSWORD, TAKEN),
                                   ("guessed", refused("550 5.5.2"))):
            rcpt = f"login-{password[:4]}-{len(client)}@home.example"
            with Client(address, client) as session:
                session.ehlo("word")
                session.starttls()
                session.ehlo("word")
                session.auth(USER, password)
                session.mail(ALICE)
                lab.tally.check(f"{postfix.name:9} authenticated by "
                                f"\"{password}\"", expected,
                                session.rcpt(rcpt))


def check_two_recipients(lab):
    """Each recipient of a message gets an answer of its own."""
    answers = {"postmaster@home.example": TAKEN, "postmaster": TAKEN,
               BOB: refused("550 5.5.2"), "abuse@home.example": TAKEN}
    for mta in lab.mtas:
        for address, client in zip(mta.addresses, GOOD):
            for order in (list(answers), list(reversed(answers))):
                with Client(address, client) as session:
                    session.ehlo("word")
                    session.mail(ALICE)
                    for rcpt in order:
                        lab.tally.check(f"{mta.name:9} one of {order}",
                                        answers[rcpt], session.rcpt(rcpt))
                    mark = f"two-{order.index(BOB)}-{mta.name}-{client}"
                    lab.tally.check(f"{mta.name:9} the rest is delivered",
                                    "250 .*",
                                    session.data(f"Subject: {mark}\n\n"))
                    mta.delivered(mark)


# Texts, codes and placeholders.

TEXTS = [
    ('{do: reject, code: 554, status: 5.7.0, text: "go away"}',
     "554 5.7.0", "go away"),
    ('{do: reject, status: 5.7.0}', "550 5.7.0", "The HELO name word is"),
    ('{do: tempfail, code: 451, text: "a while"}', "451 4.5.2", "a while"),
    ('{do: reject, text: "all 100% of %{helo} %s%n %%{helo} %d"}',
     "550 5.5.2", "all 100% of word %s%n %word %d"),
    ('{do: reject, text: "one\\ntwo\\n\\nthree"}',
     "550 5.5.2", "one / two / three"),
    ('{do: reject, text: "you: %{client} %{reverse} %{helo} %{sender}'
     ' %{recipient} %{reason}"}', "550 5.5.2",
     "you: 45.20.1.1 mail.good.example word text5@good.example {rcpt}"
     " unqualified"),
    ('{do: reject, text: "%{detail}"}', "550 5.5.2",
     "the HELO name word is a single word"),
    ('{do: reject, text: "' + 'long words ' * 60 + 'end"}', "550 5.5.2",
     ("long words " * 43).strip() + " long / words " + "long words " * 16
     + "end"),
    ('{do: reject, text: "550 5.1.1 no such user"}', "550 5.5.2",
     " 550 5.1.1 no such user"),
]
TEXTS_POLICY = ("policy:\n  helo-syntax: {fail: reject}\nexceptions:\n"
                + "".join(f'  - {{senders: ["text{number}@*"], policy:'
                          f" {{helo-syntax: {{fail: {how}}}}}}}\n"
                          for number, (how, *_) in enumerate(TEXTS)))


def check_texts(lab):
    """The reply as a text of the file has it, and as it is logged."""
    for mta in lab.mtas:
        for number, (_, codes, words) in enumerate(TEXTS):
            rcpt = f"text{number}-{mta.name}@home.example"
            with Client(mta.addresses[0], GOOD[0]) as session:
                session.ehlo("word")
                session.mail(f"text{number}@good.example")
                reply = session.rcpt(rcpt)
            expected = f"{codes} {words.replace('{rcpt}', rcpt)}"
            lab.tally.equal(f"{mta.name:9} text {number}", expected,
                            reply.flat[:len(expected)])


PERCENT = [
    Case("texts: % in a HELO name", GOOD, "%s%n%d", ALICE,
         refused("550 5.5.2", '"%s%n%d" is not a valid domain name'),
         logged={"helo": "%s%n%d"}),
]

# The stage at which the answer is given.

STAGE_POLICY = """
policy:
  reply-at: {stage}
  helo-syntax: {{fail: reject}}
  helo-forward: {{fail: tempfail}}
  sender-domain: {{fail: reject}}
  callout: {{fail: reject}}
exceptions:
  - {{name: friend, senders: ["*@friend.example"], do: accept}}
"""
# HELO name, sender; the step that is refused under `helo` and under `mail`, the
# stage of the verdict, and the codes.
STAGES = [
    (NAME, ALICE, None, None),
    ("word", ALICE, "helo", "550 5.5.2"),
    (NOWHERE, ALICE, "helo", "450 4.7.1"),
    (NAME, "alice@nowhere.example", "mail", "550 5.1.8"),
    (NAME, NOBODY, "mail", "550 5.1.7"),
    (NAME, "a@friend.example", None, None),
]


def check_stage(lab, reply_at):
    """M17: every reply comes at the command where it is due."""
    for mta in lab.mtas:
        for address, client in zip(mta.addresses, GOOD):
            for helo, sender, found_at, codes in STAGES:
                name = f"{mta.name:9} at {reply_at}: {helo}, <{sender}>"
                with Client(address, client) as session:
                    replies = {"ehlo": session.ehlo(helo),
                               "mail": session.mail(sender),
                               "rcpt": session.rcpt(BOB)}
                due = step_of(reply_at, found_at)
                for step, reply in replies.items():
                    expected = (refused(codes) if step == due
                                else "250.*" if due is None
                                or list(replies).index(step)
                                < list(replies).index(due) else "[45].*")
                    lab.tally.check(f"{name}, {step.upper()}", expected,
                                    reply)
                if due:
                    check_logged_stage(lab, name, replies[due], reply_at,
                                       found_at)


def step_of(reply_at, found_at):
    """The command that gets the reply: what is refused at HELO both MTAs say
    at the next one.
    """
    if found_at == "mail" and reply_at == "helo":
        return "rcpt"
    return found_at and "mail"


def check_logged_stage(lab, name, reply, reply_at, found_at):
    """The verdict's line names the stage."""
    stage = "mail" if reply_at == "mail" else {"helo": "helo",
                                               "mail": "rcpt"}[found_at]
    verdict = wait_until(
        lambda: next((verdict for verdict in lab.bonafided.verdicts()
                      if verdict.get("reply") == reply.flat), None),
        f"a verdict with the reply {reply.flat}")
    lab.tally.equal(f"{name}: stage logged", stage, verdict["stage"])


# Monitor mode: all is logged and nothing done.

MONITOR_POLICY = """
policy:
  mode: monitor
  helo-syntax: {fail: reject}
  helo-match: {fail: tag}
  client-ptr: {fail: {tempfail: 1s, then: reject}}
  sender-domain: {fail: reject}
  callout: {fail: reject}
exceptions:
  - {name: friend, senders: ["*@friend.example"], do: accept}
"""


def monitored(name, helo, sender, client=GOOD, **logged):
    """A session that is let through whatever the verdict."""
    return Case(f"monitor: {name}", client, helo, sender, TAKEN,
                logged={"mode": "monitor"} | logged,
                no_header="Authentication-Results")


MONITOR = [
    monitored("nothing failed", NAME, ALICE, verdict="continue", reply=None),
    monitored("a reject", "word", ALICE, verdict="reject",
              check="helo-syntax", result="fail", reason="unqualified",
              reply="550 5\\.5\\.2 .*"),
    monitored("a tag", OTHER, ALICE, verdict="tag", check="helo-match"),
    monitored("a soft action", NAMELESS, ALICE, NO_REVERSE,
              verdict="tempfail", check="client-ptr",
              reply="450 4\\.7\\.25 .*"),
    monitored("an exception", "word", "a@friend.example", verdict="accept",
              reason="friend", reply=None),
    monitored("a callout", NAME, NOBODY, verdict="reject", check="callout",
              reply="550 5\\.1\\.7 .*no such user.*"),
]
MONITOR_LATER = [replace(MONITOR[3], name="monitor: records no first sight")]


def check_monitor(lab):
    """Nobody waits for a verdict; it is logged once it is there."""
    for mta in lab.mtas:
        began = time.monotonic()
        case = monitored("a slow callout", NAME, f"{mta.name}@slow.example",
                         GOOD[0], verdict="reject", check="callout",
                         ms="1[0-9]{3}")
        with Client(mta.addresses[0], GOOD[0]) as session:
            session.ehlo(NAME)
            session.mail(case.mail)
            session.rcpt(f"slow-{mta.name}@home.example")
            took = time.monotonic() - began
        lab.tally.note(f"{mta.name:9} monitor: no wait", took < 0.8,
                       "less than 0.8 s", f"{took:.3f} s")
        lab.play([case], [mta])


def main():
    with Lab(policy=ORDER_POLICY, site=SITE, records=RECORDS) as lab:
        lab.peer("45.30.2.1")
        lab.peer("45.30.2.2", rcpt="550 5.1.1 no such user")
        lab.peer("45.30.2.3", greeting=[1.2, "220 slow"],
                 rcpt="550 5.1.1 no such user")
        lab.play(ORDER)
        lab.reload(EXCEPTIONS_POLICY, **SITE)
        lab.play(EXCEPTIONS)
        check_login(lab)
        check_two_recipients(lab)
        lab.reload(TEXTS_POLICY, **SITE)
        check_texts(lab)
        lab.play(PERCENT)
        lab.reload(MONITOR_POLICY, **SITE)
        lab.play(MONITOR)
        time.sleep(1.1)
        lab.play(MONITOR_LATER)
        check_monitor(lab)
        lab.reload(SOFT_POLICY, **SITE)
        lab.play(SOFT_FIRST)
        time.sleep(2.1)
        lab.play(SOFT_LATER)
        for stage in ("mail", "helo"):
            lab.restart(STAGE_POLICY.format(stage=stage), **SITE)
            check_stage(lab, stage)


run(main, "postfix", "sendmail")
