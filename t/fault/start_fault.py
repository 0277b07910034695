#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon's start: what it refuses, what it takes the place of, what it is
afterwards, and what it tells whoever started it.

Rows P4, P10, P11, P12, P14, P17 and P22 of the faults to survive.
"""

import os
import re
import signal
import socket
import stat

from lab import Lab, net, run
from lab.daemon import FILE, OTHER, settings
from lab.milter import Milter
from lab.process import wait_until

FOLDER = "/run/bonafide"
SOCKET = f"{FOLDER}/bonafide.sock"
UNIX = {"listen": f"unix:{SOCKET}", "socket": '{mode: "640", group: postbox}'}
POLICY = """
policy:
  helo-syntax: {fail: reject}
"""
NO_CIPHERS = """
openssl_conf = init
[init]
providers = providers
[providers]
null = null
[null]
activate = 1
"""
LARGE = "/etc/bonafide/large.yaml"
UID, GID, POSTBOX = 899, 899, 898       # of bonafide, and of its other group
AS_USER = ["setpriv", f"--reuid={UID}", f"--regid={GID}", "--clear-groups"]


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        prepare(lab)
        check_options(lab)
        check_files(lab)
        check_refusals(lab)
        check_too_early(lab)
        check_descriptors(lab)
        check_openssl(lab)
        check_notes(lab)
        check_abstract_notes(lab)
        check_watchdog(lab)
        check_listeners(lab)
        check_unix_socket(lab)
        check_privileges(lab)
        check_second_daemon(lab)
        check_overlap(lab)
        check_kill(lab)
        check_others_stay(lab)
        check_background(lab)
        check_unprivileged(lab)


def prepare(lab):
    """A group more for its user, and a folder where that may write."""
    root = lab.bonafided.root
    with open(root.path("/etc/group"), "a", encoding="ascii") as file:
        file.write(f"postbox:x:{POSTBOX}:bonafide\n")
    os.mkdir(root.path(FOLDER))
    os.chown(root.path(FOLDER), UID, GID)
    os.mkdir(root.path("/run/shut"), 0o700)


def restart(lab, **site):
    """Stop it if it runs, and start it with other keys of the site."""
    if lab.bonafided.running():
        lab.bonafided.stop()
    lab.bonafided.configure(settings(POLICY, **site))
    lab.bonafided.launch()
    lab.bonafided.ready()


def serves(path):
    """True when somebody takes connections at a unix socket."""
    with socket.socket(socket.AF_UNIX) as link:
        return link.connect_ex(path) == 0


def expect(lab, name, status, words, outcome):
    """Compare an exit status and all that was printed."""
    got, output = outcome
    lab.tally.equal(f"{name}: status", status, got)
    lab.tally.check(f"{name}: words", words, output)


def check_options(lab):
    for name, arguments, status, words in (
            ("-h", ["-h"], 0, r"usage: .*-c FILE.*"),
            ("-V", ["-V"], 0, r"bonafided \d[\d.]*\n(\w+ \d[^\n]*\n)+"),
            ("an unknown option", ["-x"], 64, r".*usage: .*"),
            ("-c alone", ["-c"], 64, r".*usage: .*"),
            ("an argument", ["file"], 64, r".*file: no argument.*usage: .*"),
            ("-t", ["-t", "-c", FILE], 0, rf"{FILE}: no errors\n"),
            ("-m", ["-m", "-c", FILE], 0,
             r"listen=inet:8894@127\.0\.0\.1\nreply-within=8000ms\n"
             rf"user=bonafide\nfile={FILE}\n"),
            ("-m, no such file", ["-m", "-c", "/no"], 66, r".*/no: .*"),
            ("no such file", ["-c", "/no/file"], 66, r".*/no/file: .*"),
            ("-t, no such file", ["-t", "-c", "/no"], 66, r".*/no: .*"),
            ("the default file", ["-t"], 66, r".*/bonafide\.yaml: .*")):
        if name == "the default file":
            os.rename(lab.bonafided.root.path(FILE),
                      lab.bonafided.root.path(FILE + ".kept"))
        expect(lab, name, status, words, lab.bonafided.other(*arguments))
    os.rename(lab.bonafided.root.path(FILE + ".kept"),
              lab.bonafided.root.path(FILE))


def check_files(lab):
    """Files that say something wrong, and those that cannot be read."""
    bad = "policy:\n  helo-sintax: {}\nx: 1\n"
    both = (rf"{OTHER}:2:3: [^\n]*helo-sintax[^\n]*helo-syntax[^\n]*\n"
            rf"{OTHER}:3:1: [^\n]*\n")
    expect(lab, "-t of a bad file", 78, both, lab.bonafided.check(bad))
    expect(lab, "start with a bad file", 78, both,
           lab.bonafided.other("-f", "-c", OTHER))
    lab.bonafided.root.write(OTHER, settings(POLICY), mode=0o600)
    expect(lab, "a file of another's", 66, rf".*{OTHER}: .*",
           lab.bonafided.other("-t", "-c", OTHER, before=AS_USER))
    os.mkfifo(lab.bonafided.root.path("/etc/fifo"))
    for name, file, status, words in (
            ("a folder", "/etc", 66, "this is a folder, expected a regular"),
            ("a FIFO", "/etc/fifo", 66, "this is a FIFO, expected a regular"),
            ("a device", "/dev/zero", 66, "this is a device, expected a reg"),
            ("a large file", LARGE, 78, "has 1048577 octets, expected 1 MiB")):
        if file == LARGE:
            lab.bonafided.root.write(LARGE, "\n" * (1 << 20) + "#")
        expect(lab, f"-t of {name}", status, f".*{file}: .*{words}.*",
               lab.bonafided.other("-t", "-c", file))
        expect(lab, f"start with {name}", status, f".*{file}: .*{words}.*",
               lab.bonafided.other("-f", "-c", file))
    expect(lab, "root as its user", 0, rf".*{OTHER}:\d+:1: warning: `user` is "
           "root: .*", lab.bonafided.check(settings(POLICY, user="root")))


def check_refusals(lab):
    """A start that cannot be says why, and what kind of reason it is (P10,
    P11)."""
    unix = f"unix:{FOLDER}"
    for name, status, words, site in (
            ("port in use", 69, r".*Address already in use.*", {}),
            ("no folder for the socket", 71, r".*No such file.*",
             {"listen": f"{unix}/none/sock"}),
            ("a path too long", 78, r".*:\d+:\d+: .*listen.*",
             {"listen": f"{unix}/{'x' * 120}"}),
            ("a folder that its user cannot enter", 77,
             r".*as the user that serves, .*Permission denied.*",
             {"listen": "unix:/run/shut/sock"}),
            ("a socket that its user cannot connect to", 77,
             r".*as the user that serves, .*Permission denied.*",
             {"listen": f"{unix}/sock", "socket": '{mode: "066"}'}),
            ("no such user", 78, r".*user: .*no user nobody-at-all.*",
             {"listen": f"{unix}/sock", "user": "nobody-at-all"}),
            ("no such group", 78, r".*socket\.group: .*no group none.*",
             {"listen": f"{unix}/sock",
              "socket": '{mode: "660", group: none}'})):
        lab.bonafided.root.write(OTHER, settings(POLICY, **site))
        expect(lab, name, status, words,
               lab.bonafided.other("-f", "-c", OTHER))
    os.unlink(lab.bonafided.root.path("/run/shut/sock"))    # he could not
    lab.tally.equal("after refusals: sockets left", [],
                    os.listdir(lab.bonafided.root.path(FOLDER)))


def check_too_early(lab):
    """P22: no name or no DNS server yet, as at boot, is 75, which is tried
    again; a name that is there and wrong, or any mistake beside it, is 78."""
    root = lab.bonafided.root
    nameless = "".join(
        line for line in settings(POLICY).splitlines(keepends=True)
        if not line.startswith("identity:"))
    early = (r".*`identity` is left out and this host has no fully qualified "
             r"name yet.* such as identity: mx1\.example\.org\n")
    late = r".*`identity` is left out and this host has no .* name, expected.*"
    mistake = r".*unknown key `word`.*"
    for name, host, text, status, words in (
            ("no name", "mx7", nameless, 75, early),
            ("a placeholder", "localhost", nameless, 75, early),
            ("a placeholder's domain", "mx7.localdomain", nameless, 75, early),
            ("a name that is none", "192.0.2.1", nameless, 78, late),
            ("no name, and a mistake", "mx7", nameless + "word: 1\n", 78,
             mistake)):
        root.write(OTHER, text)
        before = ["unshare", "--uts", "sh", "-c",
                  f'hostname {host}; exec "$@"', "sh"]
        for arguments in (["-t"], ["-f"], []):
            expect(lab, f"P22 {name}: {' '.join(arguments) or 'background'}",
                   status, words, lab.bonafided.other(*arguments, "-c", OTHER,
                                                      before=before))
    with open(root.path("/etc/resolv.conf"), encoding="ascii") as file:
        servers = file.read()
    root.write(OTHER, settings(POLICY, dns="{timeout: 2s}",
                               listen="inet:8895@127.0.0.1"))
    for name, text in (("no server", "search home.example\n"),
                       ("no file", None)):
        root.write("/etc/resolv.conf", text or "")
        if text is None:
            os.unlink(root.path("/etc/resolv.conf"))
        words = r"bonafided: .*/etc/resolv\.conf: (names no server|does not).*"
        for arguments in (["-f"], []):
            expect(lab, f"P22 {name}: {' '.join(arguments) or 'background'}",
                   75, f".*{words}|.*error: .*{words[11:]}",
                   lab.bonafided.other(*arguments, "-c", OTHER))
        expect(lab, f"P22 {name}: -t", 0, f"{OTHER}: no errors\n",
               lab.bonafided.other("-t", "-c", OTHER))
    root.write("/etc/resolv.conf", servers)


def check_descriptors(lab):
    def limited(most):
        return ["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh"]
    expect(lab, "too few descriptors", 71, r".*\b255 descriptors.*",
           lab.bonafided.other("-f", "-c", FILE, before=limited(255)))


def check_openssl(lab):
    """T6: a library that cannot do what is wanted of it says so itself."""
    lab.bonafided.root.write("/etc/no-ciphers.cnf", NO_CIPHERS)
    expect(lab, "OpenSSL without ciphers", 71,
           r".*TLS cannot be set up: library has no ciphers\n",
           lab.bonafided.other(
               "-f", "-c", FILE,
               before=["env", "OPENSSL_CONF=/etc/no-ciphers.cnf"]))


def check_notes(lab):
    notes = lab.bonafided.notes
    lab.tally.equal("told the service manager",
                    ["READY=1", "STATUS=Serving at inet:8894@127.0.0.1"], notes)


def check_abstract_notes(lab):
    """$NOTIFY_SOCKET may be no file."""
    with net.inside("mx"):
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind("\0lab-notify")
    told.settimeout(10)
    lab.bonafided.root.write(OTHER, settings(
        POLICY, listen="inet:8895@127.0.0.1", log="{to: syslog}"))
    expect(lab, "abstract notify socket", 0, "",
           lab.bonafided.other("-c", OTHER, before=[
               "env", "NOTIFY_SOCKET=@lab-notify"]))
    lab.tally.check("abstract notify socket: told", r"READY=1\n.*",
                    told.recv(4096).decode())
    end(lab.bonafided.background()[0])


def check_watchdog(lab):
    """Asked to, it goes on telling that it serves, at any kind of socket; what
    keeps it from that is in t/unit/watchdog_test.c."""
    for site in ({}, {"listen": '"inet6:8894@::"'}, UNIX):
        lab.bonafided.stop()
        lab.bonafided.configure(settings(POLICY, **site))
        lab.bonafided.launch(WATCHDOG_USEC="3000000")
        lab.bonafided.ready()
        before = len(lab.bonafided.log())
        wait_until(lambda: lab.bonafided.notes.count("WATCHDOG=1") >= 3,
                   f"notes at {site}")
        lab.tally.equal(f"watchdog, {site}: a word in the log", "",
                        lab.bonafided.log()[before:])


def check_listeners(lab):
    """All addresses, and IPv6, with and without brackets."""
    for listen, address in (("inet:8894@0.0.0.0", "127.0.0.1"),
                            ("inet6:8894@[::1]", "::1"),
                            ("inet6:8894@::", "::1")):
        restart(lab, listen=f'"{listen}"')
        lab.tally.equal(f"{listen}: serves", "reply", answer(address))


def check_unix_socket(lab):
    """Mode and group as the file says; the owner may remove it (P10)."""
    restart(lab, **UNIX)
    path = lab.bonafided.root.path(SOCKET)
    found = os.stat(path)
    lab.tally.equal("unix socket: mode", "srw-r-----",
                    stat.filemode(found.st_mode))
    lab.tally.equal("unix socket: owner and group", (UID, POSTBOX),
                    (found.st_uid, found.st_gid))
    lab.tally.equal("unix socket: serves", "reply", answer(path))


def check_privileges(lab):
    """Once it serves it is its user and nothing of root is left (P10)."""
    with open(f"/proc/{lab.bonafided.child.pid}/status",
              encoding="ascii") as file:
        found = dict(re.findall(r"^(\w+):\s*(.*?)\s*$", file.read(), re.M))
    for key, expected in (("Uid", [UID] * 4), ("Gid", [GID] * 4),
                          ("Groups", [POSTBOX, GID])):
        lab.tally.equal(f"privileges: {key}", expected,
                        [int(number) for number in found[key].split()])
    for key in ("CapEff", "CapPrm", "CapAmb"):
        lab.tally.equal(f"privileges: {key}", 0, int(found[key], 16))


def check_second_daemon(lab):
    """It goes, and the first one has noticed nothing (P11)."""
    path = lab.bonafided.root.path(SOCKET)
    before = os.stat(path).st_ino
    expect(lab, "a second daemon", 69, rf".*another process serves {SOCKET}.*",
           lab.bonafided.other("-f", "-c", FILE))
    lab.tally.equal("a second daemon: the first one's socket", before,
                    os.stat(path).st_ino)
    lab.tally.equal("a second daemon: the first one serves", True, serves(path))


def check_overlap(lab):
    """An old one that ends leaves the socket of a new one alone (P12)."""
    bonafided = lab.bonafided
    path = bonafided.root.path(SOCKET)
    old = bonafided.child
    os.unlink(path)
    bonafided.launch()
    bonafided.ready()
    lab.tally.equal("overlap: only one name in the folder",
                    [os.path.basename(SOCKET)],
                    os.listdir(os.path.dirname(path)))
    old.terminate()
    lab.tally.equal("overlap: the old one's status", 0, old.wait(10))
    lab.tally.equal("overlap: the new one's socket", True, serves(path))
    bonafided.stop()
    lab.tally.equal("overlap: its socket at its own end", False,
                    os.path.lexists(path))


def check_kill(lab):
    """After SIGKILL it starts as ever, whatever it listens at (P17)."""
    path = lab.bonafided.root.path(SOCKET)
    restart(lab, **UNIX)
    lab.bonafided.signal(signal.SIGKILL)
    lab.bonafided.wait(5)
    lab.tally.equal("SIGKILL: a stale socket", (True, False),
                    (os.path.exists(path), serves(path)))
    restart(lab, **UNIX)
    lab.tally.equal("SIGKILL: the stale socket is replaced", True,
                    serves(path))
    restart(lab)
    with Milter() as milter:
        milter.begin("<alice@good.example>", "word")
        lab.bonafided.signal(signal.SIGKILL)
        lab.bonafided.wait(5)
        restart(lab)
    lab.tally.equal("SIGKILL with a session: the next one", "reply", answer())
    lab.bonafided.stop()


def check_others_stay(lab):
    """What is no socket of ours, or a live one, stays as it is (P11)."""
    root = lab.bonafided.root
    path = root.path(SOCKET)
    lab.bonafided.configure(settings(POLICY, **UNIX))
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(root.path(f"{FOLDER}/live"))
        live.listen()
        for name, status, words, make in (
                ("a file", 78, r".*untouched.*",
                 lambda: root.write(SOCKET, "precious")),
                ("a link to a file", 78, r".*untouched.*",
                 lambda: os.symlink("/etc/passwd", path)),
                ("a link to nothing", 78, r".*untouched.*",
                 lambda: os.symlink("/run/none", path)),
                ("a link to a live socket", 78, r".*untouched.*",
                 lambda: os.symlink(f"{FOLDER}/live", path)),
                ("a pipe", 78, r".*untouched.*", lambda: os.mkfifo(path)),
                ("somebody's live socket", 69, r".*another process serves.*",
                 lambda: os.link(root.path(f"{FOLDER}/live"), path))):
            make()
            before = os.lstat(path)
            expect(lab, f"{name} in its place", status, words,
                   lab.bonafided.other("-f", "-c", FILE))
            after = os.lstat(path)
            lab.tally.equal(f"{name} in its place: as it was",
                            (before.st_ino, before.st_mode, before.st_uid),
                            (after.st_ino, after.st_mode, after.st_uid))
            os.unlink(path)


def check_background(lab):
    """Without -f the status comes once it serves.  It keeps no terminal and no
    folder, and finds its file again though it was named within one."""
    root = lab.bonafided.root
    quiet = {"log": "{to: syslog, level: info}"}
    lab.bonafided.configure(settings(POLICY, **quiet))
    expect(lab, "background, descriptors closed", 0, "",
           lab.bonafided.other("-c", os.path.basename(FILE), before=[
               "sh", "-c", f'cd {os.path.dirname(FILE)}; exec "$@" <&- >&- '
               '2>&-', "sh"]))
    lab.tally.equal("background: it serves at once", "reply", answer())
    pid = lab.bonafided.background()[0]
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        session = int(file.read().rpartition(")")[2].split()[3])
    lab.tally.equal("background: a session of its own", pid, session)
    lab.tally.equal("background: its folder", root.top,
                    os.readlink(f"/proc/{pid}/cwd"))
    lab.tally.equal("background: descriptors 0 to 2",
                    [root.path("/dev/null")] * 3,
                    [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)])
    lab.bonafided.configure(settings(POLICY.replace("reject", "continue"),
                                     **quiet))
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: answer() == "continue", "it finds its file again", 5)
    end(pid)
    expect(lab, "background, a bad file", 78, r".*:1:1: .*",
           lab.bonafided.check("word: 1\n"))
    lab.bonafided.root.write(OTHER, settings(POLICY, listen="unix:/none/sock",
                                             **quiet))
    expect(lab, "background, a start that fails", 71, r"bonafided: listen: .*",
           lab.bonafided.other("-c", OTHER))


def answer(address="127.0.0.1"):
    """What a bare word as HELO name gets."""
    with Milter(address) as milter:
        milter.begin("<alice@good.example>", "word")
        return milter.rcpt("<bob@home.example>").verdict


def end(pid):
    """End a daemon in the background by SIGTERM."""
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "it ends", 10)


def check_unprivileged(lab):
    """Started as its user it serves, where that user may."""
    root = lab.bonafided.root
    for name, status, site in (
            ("a port below 1024", 77, {"listen": "inet:25@127.0.0.1"}),
            ("a folder of root's", 77, {"listen": "unix:/run/sock"}),
            ("a group not his", 77, {
                "listen": f"unix:{SOCKET}",
                "socket": '{mode: "660", group: root}'})):
        root.write(OTHER, settings(POLICY, **site))
        expect(lab, f"as its user, {name}", status, r".*not permitted.*|"
               r".*Permission denied.*",
               lab.bonafided.other("-f", "-c", OTHER, before=AS_USER))
    lab.bonafided.configure(settings(POLICY))
    expect(lab, "as its user", 0, ".*",
           lab.bonafided.other("-c", FILE, before=AS_USER))
    lab.tally.equal("as its user: serves", "reply", answer())
    end(lab.bonafided.background()[0])


if __name__ == "__main__":
    run(main)
