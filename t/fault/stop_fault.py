#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon's end: with sessions in every state, by every signal, in every
mode. Rows P1, P3 and M11 of the faults to survive; a second signal, which ends
it on the spot, is in t/unit/signals_test.c.
"""

import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack

from lab import Lab, run
from lab.daemon import settings
from lab.dnsfaults import ADDRESSES, silence
from lab.milter import Milter
from lab.peer import SILENCE
from lab.process import wait_until

POLICY = """
callout: {when: always, limits: {per-host: 1000, per-domain: 1000/1s}}
policy:
  reply-within: 20s
  helo-syntax: {fail: reject}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""
BOB = "<bob@home.example>"
WAITING = 100


def main():
    with Lab(servers=(), policy=POLICY,
             site={"dns": f'{{servers: ["{ADDRESSES[0]}"]}}'}) as lab:
        peer = lab.peer("45.30.2.1", rcpt=SILENCE)
        lab.dns.on("silent.example", "*", silence)
        check_idle(lab)
        check_waiting(lab, peer)
        check_waiting_for_dns(lab)
        check_busy(lab)
        check_monitor(lab)
        check_signals(lab)
        check_mta_goes(lab, peer)
        launch(lab)


def launch(lab, policy=POLICY):
    """Start it, under a policy, after an end."""
    lab.bonafided.configure(settings(
        policy, dns=f'{{servers: ["{ADDRESSES[0]}"]}}'))
    lab.bonafided.launch()
    lab.bonafided.ready()


def end(lab, name, *, signals=(signal.SIGTERM,), most=3):
    """End it, and look at how it went; `most` is in seconds."""
    began = time.monotonic()
    for number in signals:
        lab.bonafided.signal(number)
    lab.tally.equal(f"{name}: status", 0, lab.bonafided.ended())
    took = time.monotonic() - began
    lab.tally.note(f"{name}: soon", took < most, f"within {most} s",
                   f"{took:.2f} s")


def check_idle(lab):
    """Sessions that wait for their MTA do not hold it up."""
    with ExitStack() as stack:
        milters = [stack.enter_context(Milter()) for _ in range(6)]
        milters[1].negotiate()
        milters[2].negotiate()
        milters[2].connect("mail.good.example", "45.20.1.1")
        milters[3].begin("<a@good.example>")
        milters[4].begin("<>")
        milters[4].rcpt(BOB)
        milters[4].header("Subject", "unfinished")
        milters[5].negotiate()
        milters[5].send_octets(b"\0\0\0\x20H")
        end(lab, "TERM, idle sessions")
        lab.tally.equal("TERM, idle sessions: told the service manager",
                        "STOPPING=1", lab.bonafided.notes[-2])
        lab.tally.check("TERM, idle sessions: status", r"STATUS=.*",
                        lab.bonafided.notes[-1])
    launch(lab)


def check_waiting(lab, peer):
    """Whoever waits for a callout is answered at once, and it is cut."""
    with ExitStack() as stack:
        milters = [stack.enter_context(Milter()) for _ in range(WAITING)]
        for number, milter in enumerate(milters):
            milter.begin(f"<user{number}@good.example>")
            milter.ask(BOB)
        wait_until(lambda: len(peer.said("RCPT")) == WAITING, "callouts")
        began = time.monotonic()
        lab.bonafided.signal(signal.SIGTERM)
        answers = [milter.answer() for milter in milters]
        took = time.monotonic() - began
        end(lab, "TERM, waiting sessions", signals=())
    lab.tally.equal("TERM, waiting sessions: answers",
                    {("reply", "450-4.1.7"): WAITING},
                    Counter((a.verdict, a.text[:9]) for a in answers))
    lab.tally.note("TERM, waiting sessions: answered at once", took < 2,
                   "within 2 s", f"{took:.2f} s")
    lab.tally.equal("TERM, waiting sessions: verdicts",
                    {("tempfail", "callout", "in-progress"): WAITING},
                    verdicts(lab, "user", "verdict", "check", "reason"))
    wait_until(lambda: all(session.ended for session in peer.sessions),
               "the callouts' connections end")
    launch(lab)


def verdicts(lab, sender, *keys):
    """Fields of the verdicts about senders that begin so, counted."""
    return Counter(tuple(line.get(key) for key in keys)
                   for line in lab.bonafided.verdicts()
                   if line.get("sender", "").startswith(sender))


def check_waiting_for_dns(lab):
    with Milter() as milter:
        milter.begin("<dora@silent.example>")
        milter.ask(BOB)
        wait_until(lambda: lab.dns.questions("silent.example"), "a question")
        time.sleep(0.5)         # which is MAIL's: RCPT waits a moment later
        began = time.monotonic()
        lab.bonafided.signal(signal.SIGTERM)
        answer = milter.answer()
        took = time.monotonic() - began
        end(lab, "TERM, waiting for DNS", signals=())
    lab.tally.check("TERM, waiting for DNS: answer",
                    r"reply 451-4\.4\.3 .*still verifying.*",
                    f"{answer.verdict} {answer.text}")
    lab.tally.note("TERM, waiting for DNS: at once", took < 2, "within 2 s",
                   f"{took:.2f} s")
    lab.tally.equal("TERM, waiting for DNS: verdict",
                    {("sender-domain", "temperror", "in-progress"): 1},
                    verdicts(lab, "dora", "check", "result", "reason"))
    launch(lab)


def check_busy(lab):
    """Callbacks that come while it stops do no harm."""
    over = threading.Event()
    threads = [threading.Thread(target=keep_busy, args=(over,))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    end(lab, "TERM, busy sessions")
    over.set()
    for thread in threads:
        thread.join()
    launch(lab)


def keep_busy(over):
    """Sessions without a pause, until they are cut."""
    while not over.is_set():
        try:
            with Milter() as milter:
                milter.begin("<>")
                while not over.is_set() and milter.rcpt(BOB).verdict:
                    milter.abort()
                    if milter.mail("<>").verdict == "closed":
                        break
        except OSError:
            time.sleep(0.01)


def check_monitor(lab):
    """In monitor mode nobody waits; the open verdicts are logged."""
    lab.bonafided.stop()
    launch(lab, POLICY.replace("policy:\n", "policy:\n  mode: monitor\n"))
    with Milter() as milter, Milter() as closed:
        for number, link in enumerate((milter, closed)):
            link.begin(f"<emil{number}@good.example>")
            answer = link.rcpt(BOB)
            lab.tally.equal("monitor: goes on", "continue", answer.verdict)
            lab.tally.note("monitor: at once", answer.seconds < 1,
                           "within 1 s", f"{answer.seconds:.2f} s")
        closed.close()
        lab.tally.equal("monitor: no verdict yet", {},
                        verdicts(lab, "emil", "verdict"))
        end(lab, "TERM, monitor")
    lab.tally.equal("TERM, monitor: open verdicts, also of who has gone",
                    {("tempfail", "monitor", "in-progress"): 2},
                    verdicts(lab, "emil", "verdict", "mode", "reason"))
    launch(lab)


def check_signals(lab):
    """What each signal does."""
    term, interrupt = signal.SIGTERM, signal.SIGINT
    for name, signals in (("INT", [interrupt]),
                          ("TERM among reloads",
                           [signal.SIGHUP, signal.SIGUSR1, term,
                            signal.SIGHUP, signal.SIGUSR1])):
        with Milter() as milter:
            milter.begin("<fay@good.example>")
            milter.ask(BOB)
            time.sleep(0.2)
            for number in signals:
                lab.bonafided.signal(number)
            lab.tally.equal(f"{name}: who waits is answered", "reply",
                            milter.answer().verdict)
            end(lab, name, signals=())
        launch(lab)
    lab.bonafided.signal(signal.SIGPIPE)
    time.sleep(0.2)
    lab.tally.equal("PIPE: runs", True, lab.bonafided.running())


def check_mta_goes(lab, peer):
    """An MTA that is gone before its answer (M11)."""
    peer.forget()
    for number in range(20):
        with Milter() as milter:
            milter.begin(f"<gone{number}@good.example>")
            milter.ask(BOB)
    wait_until(lambda: len(peer.said("RCPT")) == 20, "callouts go on")
    lab.tally.equal("MTA gone: runs", True, lab.bonafided.running())
    end(lab, "MTA gone, TERM")


if __name__ == "__main__":
    run(main)
