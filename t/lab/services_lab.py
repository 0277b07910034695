#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The service scripts for other systems than systemd's: contrib/openrc under
OpenRC itself, contrib/rc.d under a stand-in for FreeBSD's rc.subr(8), which
does what that page says of what the script uses.

Row P13 of the faults to survive; that the unit for systemd needs no pid file is
in t/package/service.
"""

import os
import stat
import time

from lab import net, roots, run
from lab.cases import Tally
from lab.daemon import install, settings
from lab.dns import NSD
from lab.milter import Milter
from lab.process import wait_until

CONTRIB = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "..", "..", "contrib")
FOLDER = "/run/bonafide"                # /var/run leads there
STRICT = settings("policy:\n  helo-syntax: {fail: reject}\n",
                  listen=f"unix:{FOLDER}/milter", log="{to: syslog}")
LENIENT = STRICT.replace("reject", "continue")
MISTAKE = STRICT + "word: 1\n"
RC_SUBR = """
load_rc_config() {
    . /etc/rc.conf
}
check_process() {
    pidof "$1"
}
warn() {
    echo "$0: WARNING: $*" >&2
}
run_rc_command() {
    eval enabled=\\$$rcvar precmd=\\$${1}_precmd own=\\$${1}_cmd
    [ "$enabled" = YES ] || exit 0
    running=$(pidof "$command")
    case $1 in
    reload | stop) [ "$running" ] || exit 1 ;;
    start) [ -r "$required_files" ] || exit 1 ;;
    esac
    [ -z "$precmd" ] || $precmd || exit 1
    case $1 in
    reload) kill -HUP $running ;;
    stop) kill -TERM $running ;;
    *) $own ;;
    esac
}
"""


class System:
    """A root with the daemon in it, and the script that starts it there."""

    def __init__(self, packages, name, prefix, script):
        self.root = roots.Root(packages, name)
        self.program = f"{prefix}/sbin/bonafided"
        self.file = ("/etc" if prefix == "/usr" else f"{prefix}/etc") \
            + "/bonafide/bonafide.yaml"
        self.script = script
        install(self.root, self.program)
        with open(f"{CONTRIB}/{name}/bonafide", encoding="ascii") as file:
            self.root.write(script, file.read(), mode=0o755)

    def say(self, *command, host=None):
        """Give the script a command, the host's own name being `host` if that
        is given; its status and all it prints."""
        named = ["unshare", "--uts", "sh", "-c",
                 f'hostname {host}; exec "$@"', "sh"] if host else []
        with net.inside("mx"):
            done = self.root.output(["timeout", "30", *named, self.script,
                                     *command])
        return done.returncode, done.stdout

    def pids(self):
        found = self.root.output(["pidof", self.program]).stdout
        return [int(pid) for pid in found.split()]


def main():
    roots.begin()
    net.build()
    tally = Tally()
    openrc = System("openrc", "openrc", "/usr", "/etc/init.d/bonafide")
    openrc.root.write("/run/openrc/softlevel", "default\n")
    openrc.root.run(["rc-status"])      # makes what booting would have made
    check_too_early(tally, openrc)
    check(tally, openrc, "check")
    check_respawn(tally, openrc)
    check_stop(tally, openrc)
    freebsd = System(None, "rc.d", "/usr/local",
                     "/usr/local/etc/rc.d/bonafide")
    freebsd.root.write("/etc/rc.subr", RC_SUBR)
    freebsd.root.write("/etc/rc.conf", "")
    tally.equal("rc.d: not enabled", (0, ""), freebsd.say("start"))
    freebsd.root.write("/etc/rc.conf", "bonafide_enable=YES\n")
    check_too_early(tally, freebsd)
    check(tally, freebsd, "configtest")
    check_stop(tally, freebsd)
    return tally.failed


def answer(system):
    """What a bare word as HELO name gets; "" while nobody serves."""
    try:
        with Milter(system.root.path(f"{FOLDER}/milter")) as milter:
            milter.begin("<alice@good.example>", "word")
            return milter.rcpt("<bob@home.example>").verdict
    except OSError:
        return ""


def check_too_early(tally, system):
    """P22: by a file without `identity`, at a host that has no name yet and no
    DNS server; it serves once there are both."""
    name = system.script
    system.root.write(system.file, "".join(
        line for line in STRICT.splitlines(keepends=True)
        if not line.startswith(("identity:", "dns:"))))
    system.root.write("/etc/hosts", "127.0.0.1 localhost\n")
    system.root.write("/etc/resolv.conf", "")
    tally.equal(f"P22 {name} start, too early", 0,
                system.say("start", host="mx")[0])
    time.sleep(7)                       # it is tried again meanwhile
    tally.equal(f"P22 {name}: nobody serves yet", "", answer(system))
    system.root.write("/etc/resolv.conf", f"nameserver {NSD[0]}\n")
    time.sleep(7)
    tally.equal(f"P22 {name}: still no name", "", answer(system))
    system.root.write("/etc/hosts", "127.0.0.1 localhost\n"
                      "45.1.0.1 mx.home.example mx\n")
    wait_until(lambda: answer(system), "it serves", 30)
    tally.equal(f"P22 {name}: serves", "reply", answer(system))
    check_stop(tally, system)


STALE = "/run/bonafide.pid"         # of a process that is no more
NOBODY = 4194304                    # above every process id


def check(tally, system, checking):
    """Start it, by a file in order alone, and reload likewise; a pid file that
    something left behind is nobody's concern (P13)."""
    name = system.script
    system.root.write(STALE, f"{NOBODY}\n")
    system.root.write(system.file, MISTAKE)
    status, words = system.say("start")
    tally.note(f"{name} start, a mistake", status != 0, "not 0", status)
    tally.check(f"{name} start, a mistake", r".*unknown key `word`.*", words)
    system.root.write(system.file, STRICT)
    tally.equal(f"{name} start", 0, system.say("start")[0])
    wait_until(lambda: answer(system), "it serves", 10)
    tally.equal(f"{name} start: serves", "reply", answer(system))
    before = system.pids()
    tally.equal(f"{name} start: its user", [899],
                [os.stat(f"/proc/{pid}").st_uid for pid in before])
    owned = os.stat(system.root.path(FOLDER))
    tally.equal(f"{name} start: its directory is root's alone (P21)",
                (0, 0, 0o755), (owned.st_uid, owned.st_gid,
                                stat.S_IMODE(owned.st_mode)))
    system.root.write(system.file, LENIENT)
    tally.equal(f"{name} {checking}", 0, system.say(checking)[0])
    tally.equal(f"{name} {checking}: takes nothing", "reply", answer(system))
    tally.equal(f"{name} reload", 0, system.say("reload")[0])
    wait_until(lambda: answer(system) == "continue", "the reload", 10)
    system.root.write(system.file, MISTAKE)
    for command in (checking, "reload"):
        status, words = system.say(command)
        tally.note(f"{name} {command}, a mistake", status != 0, "not 0", status)
        tally.check(f"{name} {command}, a mistake", r".*unknown key `word`.*",
                    words)
    tally.equal(f"{name}: still the same process, same policy",
                (before, "continue"), (system.pids(), answer(system)))
    system.root.write(system.file, STRICT)


def check_respawn(tally, system):
    """Killed, it comes again."""
    before = system.pids()
    os.kill(before[0], 9)
    wait_until(lambda: answer(system) == "reply", "another one serves", 20)
    tally.note("killed: another process", not {*before} & {*system.pids()},
               f"not {before}", system.pids())


def check_stop(tally, system):
    tally.equal(f"{system.script} stop", 0, system.say("stop")[0])
    wait_until(lambda: not system.pids(), "its end", 10)
    tally.equal(f"{system.script} stop: nobody serves", "", answer(system))
    tally.equal(f"{system.script}: starts over what it left", (0, "reply"),
                (system.say("start")[0],
                 wait_until(lambda: answer(system), "it serves", 10)))
    system.say("stop")
    wait_until(lambda: not system.pids(), "its end", 10)


if __name__ == "__main__":
    run(main, "openrc")
