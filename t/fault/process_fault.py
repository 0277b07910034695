#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon's life: its start, its socket, its reloads and its end.

Rows P1 to P4, P10, P11, P14, P16 and P17 of the faults to survive.
"""

import os
import re
import signal
import socket
import stat
import time

from lab import Lab, run
from lab.daemon import settings
from lab.milter import Milter
from lab.peer import SILENCE
from lab.process import wait_until

FILE = "/etc/bonafide/bonafide.yaml"
FOLDER = "/run/bonafide"
SOCKET = f"{FOLDER}/bonafide.sock"
POLICY = """
callout: {when: always, timeout: {reply: 20s}}
policy:
  reply-within: 8s
  helo-syntax: {fail: reject}
  sender-domain: {fail: reject, temperror: tempfail}
  callout: {fail: reject, temperror: tempfail}
"""
MONITOR = POLICY.replace("policy:\n", "policy:\n  mode: monitor\n", 1)


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        lab.peer("45.30.2.1", rcpt=SILENCE)
        check_options(lab)
        check_files(lab)
        check_privileges(lab)
        check_reloads(lab)
        check_refused_reloads(lab)
        check_escapes(lab)
        check_stop(lab)
        check_stop_in_monitor_mode(lab)
        check_kill(lab)
        check_socket(lab)
        check_background(lab)


def program(lab, *arguments):
    """Run bonafided to its end: status and output."""
    done = lab.bonafided.root.output(["/usr/sbin/bonafided", *arguments])
    return done.returncode, done.stdout


def restart(lab, text):
    lab.bonafided.stop()
    lab.bonafided.configure(text)
    lab.bonafided.launch()
    lab.bonafided.ready()


def begin(milter, sender="<alice@good.example>"):
    """A session up to MAIL."""
    milter.negotiate()
    milter.connect("mail.good.example", "45.20.1.1")
    milter.helo("mail.good.example")
    milter.mail(sender)


def check_options(lab):
    for name, arguments, status, words in (
            ("-h", ["-h"], 0, r"usage: .*"),
            ("-V", ["-V"], 0, r"bonafided [\d.]+\nlibmilter .*ldns .*"),
            ("unknown option", ["-x"], 64, r".*usage: .*"),
            ("an argument", ["file"], 64, r".*file: no argument.*"),
            ("no such file", ["-t", "-c", "/no/file"], 66, r".*/no/file.*"),
            ("-t", ["-t", "-c", FILE], 0, r".*: no errors\n")):
        got, output = program(lab, *arguments)
        lab.tally.equal(f"{name}: status", status, got)
        lab.tally.check(f"{name}: output", words, output)
    status, output = lab.bonafided.check("policy:\n  helo-sintax: {}\nx: 1\n")
    lab.tally.equal("bad file: status", 78, status)
    lab.tally.check("bad file: the first error",
                    r".*/other.yaml:2:3: .*helo-syntax.*", output)
    lab.tally.check("bad file: the second", r".*/other.yaml:3:1: .*", output)


def check_files(lab):
    text = settings(POLICY, user="nobody-at-all", listen="inet:9001@127.0.0.1")
    lab.bonafided.root.write("/etc/bonafide/user.yaml", text)
    status, output = program(lab, "-f", "-c", "/etc/bonafide/user.yaml")
    lab.tally.equal("unknown user: status", 78, status)
    lab.tally.check("unknown user: words", r".*no user nobody-at-all.*", output)


def check_privileges(lab):
    with open(f"/proc/{daemon(lab)}/status", encoding="ascii") as file:
        status = file.read()
    lab.tally.check("not root: user", r".*\nUid:\s899\s899\s899\s899\n.*",
                    status)
    lab.tally.check("not root: group", r".*\nGid:\s899\s899\s899\s899\n.*",
                    status)
    lab.tally.check("not root: groups", r".*\nGroups:\s899\s*\n.*", status)


def daemon(lab):
    return lab.bonafided.child.pid


def check_reloads(lab):
    """1,000 of each signal while a session goes on."""
    with Milter() as milter:
        begin(milter)
        for number in (signal.SIGHUP, signal.SIGUSR1):
            for _ in range(1000):
                lab.bonafided.signal(number)
            lab.bonafided.reload()
        lab.tally.equal("reloads: the session goes on", "reply",
                        milter.rcpt("<bob@home.example>").verdict)
    lab.tally.equal("reloads: still runs", True, lab.bonafided.running())
    notes = "\n".join(lab.bonafided.notes)
    lab.tally.check("reloads: RELOADING with its time",
                    r".*RELOADING=1\nMONOTONIC_USEC=\d+\n.*", notes)
    lab.tally.check("reloads: STATUS", r".*STATUS=Serving at inet:.*", notes)


def check_refused_reloads(lab):
    bonafided = lab.bonafided
    bonafided.configure(settings(POLICY.replace("helo-syntax", "helo-sintax")))
    bonafided.reload()
    lab.tally.check("bad file at a reload", r".*:\d+:\d+: .*helo-sintax.*the "
                    "policy stays as it was.*", bonafided.log())
    bonafided.configure(settings(POLICY.replace("reject}", "tag}")))
    bonafided.reload()
    lab.tally.check("a reload that needs more", r".*not negotiated.*a restart "
                    "is needed.*", bonafided.log())
    bonafided.configure(settings(POLICY, listen="inet:9001@127.0.0.1"))
    bonafided.reload()
    lab.tally.check("another listen", r".*listen, socket, user and .* stay.*",
                    bonafided.log())
    with Milter() as milter:
        begin(milter)
        lab.tally.equal("a session after refused reloads", "reply",
                        milter.rcpt("<bob@home.example>").verdict)
    bonafided.configure(settings(POLICY))
    bonafided.reload()


def check_escapes(lab):
    """Whatever octet a stranger sends, a line of the log stays a line."""
    for octet in range(1, 256):
        text = bytes([octet]).decode("latin-1") + "x=\"y\" %s%n"
        with Milter() as milter:
            milter.negotiate()
            milter.connect("stranger", "45.20.1.1")
            milter.helo(text)
            milter.mail(f"<{text}@good.example>")
            milter.rcpt("<bob@home.example>")
    lines = [line for line in lab.bonafided.log().splitlines()
             if "helo-syntax" in line and "verdict=" in line]
    strange = [line for line in lines if not re.search(
        r"verdict=reject check=helo-syntax result=fail .* helo=\S", line)
        or re.search(r"[^\x20-\x7e]", line)]
    lab.tally.equal("all octets: lines", True, len(lines) >= 250)
    lab.tally.equal("all octets: broken lines", [], strange)


def check_stop(lab):
    """Idle, waiting for a callout, and within a message."""
    with Milter() as idle, Milter() as waiting, Milter() as within:
        idle.negotiate()
        begin(within)
        begin(waiting, "<dora@good.example>")
        began = time.monotonic()
        waiting.send(b"R", b"<bob@home.example>\0")
        time.sleep(0.5)
        lab.bonafided.signal(signal.SIGTERM)
        command, data = waiting.receive()
        waited = time.monotonic() - began
        lab.tally.check("TERM: who waits is answered", r"y 45[01].*",
                        f"{command.decode()} {data.decode()}")
        lab.tally.note("TERM: at once", waited < 4, "< 4 s", waited)
        status = lab.bonafided.wait(10)
        lab.tally.equal("TERM: status", 0, status)
    lab.tally.check("TERM: STOPPING", r".*STOPPING=1\n.*",
                    "\n".join(lab.bonafided.notes) + "\n")
    lab.tally.check("TERM: verdict", r".*result=temperror reason=in-progress.*",
                    lab.bonafided.log())


def check_stop_in_monitor_mode(lab):
    lab.bonafided.configure(settings(MONITOR))
    lab.bonafided.launch()
    lab.bonafided.ready()
    with Milter() as milter:
        begin(milter, "<emil@good.example>")
        answer = milter.rcpt("<bob@home.example>")
        lab.tally.equal("monitor: goes on", "continue", answer.verdict)
        lab.tally.note("monitor: at once", answer.seconds < 2, "< 2 s",
                       answer.seconds)
        lab.tally.equal("monitor: no verdict yet", [], told(lab, "emil"))
        lab.bonafided.stop(10)
    lab.tally.equal("monitor: the open verdict is logged",
                    [("tempfail", "monitor", "in-progress")],
                    told(lab, "emil"))


def told(lab, who):
    return [(line["verdict"], line.get("mode"), line.get("reason"))
            for line in lab.bonafided.verdicts()
            if line.get("sender", "").startswith(who)]


def check_kill(lab):
    bonafided = lab.bonafided
    make_folder(bonafided.root.path(FOLDER))
    bonafided.configure(settings(POLICY, listen=f"unix:{SOCKET}",
                                 socket="{mode: \"660\", group: bonafide}"))
    bonafided.launch()
    bonafided.ready()
    path = bonafided.root.path(SOCKET)
    status = os.stat(path)
    lab.tally.equal("unix socket: mode", "srw-rw----",
                    stat.filemode(status.st_mode))
    lab.tally.equal("unix socket: owner and group", (899, 899),
                    (status.st_uid, status.st_gid))
    lab.tally.equal("unix socket: a second daemon", 69,
                    program(lab, "-f", "-c", FILE)[0])
    bonafided.signal(signal.SIGKILL)
    bonafided.wait(5)
    lab.tally.equal("KILL: the socket is stale", True, os.path.exists(path))
    bonafided.launch()
    bonafided.ready()
    lab.tally.equal("KILL: the next start serves", True, connects(path))
    bonafided.stop()
    lab.tally.equal("its socket is gone at the end", False,
                    os.path.exists(path))


def make_folder(path):
    """Where the daemon's user may remove its socket."""
    os.mkdir(path)
    os.chown(path, 899, 899)


def connects(path):
    with socket.socket(socket.AF_UNIX) as link:
        return link.connect_ex(path) == 0


def check_socket(lab):
    """What is no socket of ours stays as it is."""
    path = lab.bonafided.root.path(SOCKET)
    for name, make in (
            ("file", lambda: lab.bonafided.root.write(SOCKET, "precious")),
            ("symlink", lambda: os.symlink("/etc/passwd", path)),
            ("folder", lambda: os.mkdir(path))):
        if os.path.lexists(path):
            os.unlink(path)
        make()
        before = os.lstat(path)
        status, output = program(lab, "-f", "-c", FILE)
        lab.tally.equal(f"{name} in its place: status", 78, status)
        lab.tally.check(f"{name} in its place: words",
                        rf".*{SOCKET} .*untouched.*", output)
        lab.tally.equal(f"{name} in its place: as it was", before.st_ino,
                        os.lstat(path).st_ino)
    os.rmdir(path)


def check_background(lab):
    """Without -f the started process tells how the start went."""
    bonafided = lab.bonafided
    bonafided.configure(settings(POLICY, listen=f"unix:{SOCKET}",
                                 log="{to: syslog, level: info}"))
    done = bonafided.root.output(["/bin/sh", "-c", "/usr/sbin/bonafided -c "
                                  f"{FILE} <&- >&- 2>&-; echo $?"])
    lab.tally.equal("background: status, all descriptors closed", "0\n",
                    done.stdout)
    path = bonafided.root.path(SOCKET)
    lab.tally.equal("background: serves", True, connects(path))
    status, output = program(lab, "-c", FILE)
    lab.tally.equal("background: a second one", 69, status)
    lab.tally.check("background: says why", r".*another process serves.*",
                    output)
    pid = pid_of("bonafided")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(path), "the socket goes", 10)


def pid_of(name):
    """The one process of this enclosure with that name."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with open(f"/proc/{entry}/comm", encoding="ascii") as file:
                if file.read().strip() == name:
                    return int(entry)
    raise AssertionError(f"no process {name}")


if __name__ == "__main__":
    run(main)
