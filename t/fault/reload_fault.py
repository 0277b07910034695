#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reloads: by the thousand while sessions go on, refused ones, and what a
session keeps. Rows P2, C-8 and C-11 of the faults to survive.
"""

import os
import re
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack

from lab import Lab, run
from lab.daemon import FILE, settings
from lab.milter import Milter
from lab.process import wait_until

POLICY = """
callout: {limits: {per-host: 1000, per-domain: 1000/1s}}
policy:
  reply-within: 20s
  helo-syntax: {fail: reject}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""
LENIENT = POLICY.replace("helo-syntax: {fail: reject}",
                         "helo-syntax: {fail: continue}")
BOB = "<bob@home.example>"
RELOADS = 1000
ANSWERS = {"word": "reply", "mail.good.example": "continue"}    # by HELO name


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        peer = lab.peer("45.30.2.1", rcpt=[1.0, "250 2.1.5 ok"])
        check_many(lab)
        check_notes(lab)
        check_other_kinds(lab)
        check_bad_files(lab)
        check_refused(lab)
        check_fixed_keys(lab)
        check_taken(lab)
        check_waiting(lab, peer)
        check_stopped_process(lab)


def reload(lab, text):
    """Have it read another file; what it has logged about that."""
    before = len(lab.bonafided.log())
    lab.bonafided.configure(text)
    lab.bonafided.reload()
    def said():
        return re.search(r".* taken.*", lab.bonafided.log()[before:])
    wait_until(said, "a word about the reload", 5)
    return lab.bonafided.log()[before:]


def verdict(helo):
    """What a session gets that greets so."""
    with Milter() as milter:
        milter.begin("<>", helo)
        return milter.rcpt(BOB).verdict


def check_many(lab):
    """A thousand of each signal, and of both by turns, while sessions begin,
    go on and end: none is dropped, each gets its answer (C-11).  CI plays this
    with the thread sanitizer too."""
    pid = lab.bonafided.child.pid
    over = threading.Event()
    answers = Counter()
    threads = [threading.Thread(target=keep_busy, args=(helo, over, answers))
               for helo in ANSWERS for _ in range(2)]
    with Milter() as lasting:
        lasting.begin("<>", "word")
        for thread in threads:
            thread.start()
        for name, signals in (("HUP", [signal.SIGHUP]),
                              ("USR1", [signal.SIGUSR1]),
                              ("both", [signal.SIGHUP, signal.SIGUSR1])):
            for number in range(RELOADS * len(signals)):
                os.kill(pid, signals[number % len(signals)])
            lab.bonafided.reload()
            lab.tally.equal(f"{RELOADS} {name}: runs", True,
                            lab.bonafided.running())
        over.set()
        for thread in threads:
            thread.join()
        lab.tally.equal("many reloads: a session that lasts", "reply",
                        lasting.rcpt(BOB).verdict)
    for helo, expected in ANSWERS.items():
        found = {answer for greeted, answer in answers if greeted == helo}
        lab.tally.equal(f"many reloads: every session with {helo}", {expected},
                        found)
    lab.tally.note("many reloads: sessions meanwhile", answers.total() > 20,
                   "over 20", answers.total())
    lab.tally.equal("many reloads: the same process", pid,
                    lab.bonafided.child.pid)


def keep_busy(helo, over, answers):
    """One session after the other, all with the same HELO name."""
    while not over.is_set():
        answers[helo, verdict(helo)] += 1


def wait_for_silence(notes):
    """Until the last of many reloads has been told of."""
    count = -1
    while len(notes) != count:
        count = len(notes)
        time.sleep(0.5)


def check_notes(lab):
    """The protocol of the service manager, in its order and with its time."""
    notes = lab.bonafided.notes
    wait_for_silence(notes)
    del notes[:]
    began = time.monotonic()
    lab.bonafided.reload()
    wait_until(lambda: len(notes) >= 5, "all notes", 5)
    told = "\n".join(notes)
    lab.tally.check("notes of a reload",
                    r"RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=\S.*\n"
                    r"READY=1\nSTATUS=Serving at inet:8894@127\.0\.0\.1", told)
    said = int(re.search(r"USEC=(\d+)", told)[1]) / 1e6
    lab.tally.note("its time", began <= said <= time.monotonic(),
                   f"{began:.3f} or a little later", said)


def check_bad_files(lab):
    """What cannot be taken leaves the policy as it was."""
    path = lab.bonafided.root.path(FILE)
    lab.tally.check("a misspelt key",
                    r".*error: /etc/bonafide/\S+:\d+:3: [^\n]*helo-sintax.*"
                    r"the policy stays as it was.*",
                    reload(lab, settings(POLICY.replace("syntax", "sintax"))))
    lab.tally.check("a misspelt key: told the service manager",
                    r"STATUS=Serving at \S+; the last reload failed, .*",
                    lab.bonafided.notes[-1])
    lab.tally.check("half a file", r".*error: .*stays as it was.*",
                    reload(lab, settings(POLICY)[:60] + "{"))
    os.unlink(path)
    before = len(lab.bonafided.log())
    lab.bonafided.reload()
    wait_until(lambda: "stays as it was" in lab.bonafided.log()[before:],
               "a word about the file that is gone", 5)
    for helo, expected in ANSWERS.items():
        lab.tally.equal(f"after bad files: {helo}", expected, verdict(helo))


def check_other_kinds(lab):
    """What is no file in the file's place: a FIFO would hold it for ever."""
    path = lab.bonafided.root.path(FILE)
    for make, kind in ((lambda: os.mkfifo(path), "a FIFO"),
                       (lambda: os.symlink("/dev/zero", path), "a device"),
                       (lambda: os.mkdir(path), "a folder")):
        before = len(lab.bonafided.log())
        os.rename(path, path + ".kept")
        make()
        lab.bonafided.reload()
        wait_until(lambda: "is not taken" in lab.bonafided.log()[before:],
                   f"a word about {kind}")
        lab.tally.check(f"{kind}: what it says", rf".* error: {FILE}: this is "
                        rf"{kind}, expected a regular file\n.*"
                        rf" error: {FILE} is not taken: the policy stays.*",
                        lab.bonafided.log()[before:])
        lab.tally.equal(f"{kind}: it serves", "reply", verdict("word"))
        os.rename(path, f"{path}.{kind}")
        os.rename(path + ".kept", path)


def check_refused(lab):
    """A policy that needs what was not negotiated needs a restart."""
    tagging = LENIENT.replace("reject, temp", "tag, temp")
    lab.tally.check("a policy that tags", r".*error: .*not taken.*restart.*",
                    reload(lab, settings(tagging)))
    lab.tally.equal("after it: the policy as it was", "reply", verdict("word"))


def check_fixed_keys(lab):
    """What is fixed at the start is told; the rest of the file is taken."""
    for name, site in (("listen", {"listen": "inet:9001@127.0.0.1"}),
                       ("user", {"user": "nobody"}),
                       ("socket", {"socket": '{mode: "600"}'}),
                       ("cache.memory", {"cache": "{memory: 9M}"})):
        log = reload(lab, settings(LENIENT, **site))
        lab.tally.check(f"another {name}: a word", rf".*warning: [^\n]*\b{name}"
                        r"\b[^\n]*restart.*notice: .*is taken.*", log)
        lab.tally.equal(f"another {name}: the rest is taken", "continue",
                        verdict("word"))
        log = reload(lab, settings(POLICY))
        lab.tally.equal(f"{name} as at the start: no word", 0,
                        log.count("restart"))


def check_taken(lab):
    """A session keeps the policy that it began with (C-11)."""
    with Milter() as before:
        before.begin("<>", "word")
        log = reload(lab, settings(LENIENT))
        lab.tally.check("a good file", r".*notice: .*bonafide.yaml is taken.*",
                        log)
        with Milter() as after:
            after.begin("<>", "word")
            lab.tally.equal("begun after", "continue", after.rcpt(BOB).verdict)
            lab.tally.equal("begun before", "reply", before.rcpt(BOB).verdict)
            before.abort()
            before.mail("<>")
            lab.tally.equal("begun before, the next message", "reply",
                            before.rcpt(BOB).verdict)
    reload(lab, settings(POLICY))


def check_waiting(lab, peer):
    """Callouts under way are not disturbed, by whatever file (C-11)."""
    with ExitStack() as stack:
        milters = [stack.enter_context(Milter()) for _ in range(100)]
        for number, milter in enumerate(milters):
            milter.begin(f"<user{number}@good.example>")
            milter.ask(BOB)
        wait_until(lambda: len(peer.said("RCPT")) == 100, "callouts")
        for text in (LENIENT.replace("20s", "1s"), POLICY):
            reload(lab, settings(text))
        answers = Counter(milter.answer().verdict for milter in milters)
    lab.tally.equal("100 that wait during a reload", {"continue": 100}, answers)
    lab.tally.equal("100 that wait: callouts", 100, len(peer.sessions))


def check_stopped_process(lab):
    """Signals that have gathered while the process was suspended."""
    for number in (signal.SIGSTOP, signal.SIGUSR1, signal.SIGHUP,
                   signal.SIGCONT):
        lab.bonafided.signal(number)
    lab.bonafided.reload()
    lab.tally.equal("reloads while suspended: serves", "reply", verdict("word"))


if __name__ == "__main__":
    run(main)
