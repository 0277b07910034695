# SPDX-License-Identifier: BSD-2-Clause
"""The RPM package is installed, upgraded to and removed by rpm, in a root that
lies over this machine's.

    t/package/rpm_root.py DIRECTORY     as t/package/rpm left it
"""

import glob
import os
import platform
import re
import subprocess
import sys

from lab import kernel, roots

SOURCE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CONFIG = "/etc/bonafide/bonafide.yaml"
STATE = "/var/lib/bonafide"
PACKAGE, EARLIER = "/bonafide.rpm", "/earlier.rpm"
MINE = "# mine\n"

# A release before the first one, with another default.
PORT = "inet:8894@127.0.0.1"
LISTEN = f'listen: "{PORT}"\n'
EARLIER_SPEC = f"""
Name: bonafide
Version: 0.0.1
Release: 1
Summary: Earlier release
License: BSD-2-Clause
BuildArch: noarch
%description
Earlier release.
%install
mkdir -p %{{buildroot}}/etc/bonafide %{{buildroot}}/usr/sbin
echo '# earlier' > %{{buildroot}}{CONFIG}
printf '#!/bin/sh\necho listen={PORT}\n' > %{{buildroot}}/usr/sbin/bonafided
%files
%attr(755, root, root) /usr/sbin/bonafided
%config(noreplace) {CONFIG}
"""


def wants(holds, what):
    if not holds:
        raise SystemExit(what)


class Machine(roots.Root):
    """A root without anything of ours, and the packages to be tried in it."""

    def __init__(self, package):
        super().__init__(None, "rpm")
        for path in ("/etc/bonafide", STATE, "/usr/sbin/bonafided",
                     "/var/lib/rpm"):
            self.run(["rm", "-rf", path])
        self.run(["sed", "-i", "/^bonafide:/d", "/etc/passwd", "/etc/shadow",
                  "/etc/group", "/etc/gshadow"])
        self.show(package, PACKAGE)
        self.write("/tmp/bonafide.spec", EARLIER_SPEC)
        self.run(["rpmbuild", "-bb", "--quiet", "--define", "_topdir /tmp/top",
                  "/tmp/bonafide.spec"])
        self.run(["sh", "-c", f"mv /tmp/top/RPMS/noarch/*.rpm {EARLIER}"])

    def rpm(self, *arguments):
        """--nodeps: what brings the libraries are Debian's packages, which rpm
        does not know."""
        self.run(["rpm", *arguments[:1], "--nodeps", *arguments[1:]])

    def says(self, *argv):
        done = self.output(argv)
        wants(done.returncode == 0, f"{argv}: {done.stdout}")
        return done.stdout.strip()

    def has(self, path):
        return os.path.lexists(self.path(path))

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def add_mine(self):
        with open(self.path(CONFIG), "a", encoding="utf-8") as file:
            file.write(MINE)


def try_installing(machine):
    machine.rpm("--install", PACKAGE)
    machine.rpm("--verify", "bonafide")
    wants(machine.says("stat", "--format", "%U:%G %a", STATE) ==
          "bonafide:bonafide 750", "the state is for others")
    machine.write("/etc/checked.yaml",
                  "identity: mx1.example.org\n" + machine.read(CONFIG))
    machine.run(["bonafided", "-t", "-c", "/etc/checked.yaml"])
    wants(subprocess.run([f"{SOURCE}/t/package/hardened",
                          machine.path("/usr/sbin/bonafided")],
                         check=False).returncode == 0, "it is not hardened")
    wants(machine.says("systemctl", "is-enabled", "bonafide.service") ==
          "enabled", "the unit is not as the presets, which are none, have it")


def try_upgrading(machine, default):
    machine.rpm("--install", EARLIER)
    machine.add_mine()
    before = machine.read(CONFIG)
    machine.rpm("--upgrade", PACKAGE)
    wants(machine.read(CONFIG) == before + LISTEN,
          "an upgrade takes what the administrator wrote, or the listener")
    wants(machine.read(CONFIG + ".rpmnew") == default, "no new default")
    wants(machine.says("rpm", "--query", "bonafide") ==
          machine.says("rpm", "--query", "--package", PACKAGE),
          "it is not the new release that is installed")
    os.unlink(machine.path(CONFIG + ".rpmnew"))


def try_untouched(machine, default):
    """The file is the next one then, and the listener the one that it was."""
    machine.rpm("--install", EARLIER)
    machine.rpm("--upgrade", PACKAGE)
    wants(machine.read(CONFIG) == re.sub("^listen: .*\n", LISTEN, default,
                                         flags=re.MULTILINE),
          "an upgrade of an untouched file takes the listener")


def try_removing(machine):
    """What was changed stays, under another name, and so does the state."""
    machine.add_mine()
    mine = machine.read(CONFIG)
    machine.write(STATE + "/state", "")
    machine.rpm("--erase", "bonafide")
    wants(machine.read(CONFIG + ".rpmsave") == mine,
          "removing takes what the administrator wrote")
    wants(machine.has(STATE + "/state"), "removing takes the state")
    files = machine.says("rpm", "--query", "--package", "--list", PACKAGE)
    links = glob.glob(machine.path("/etc/systemd/system/*/bonafide*"))
    left = links + [path for path in files.split()
                    if path not in (os.path.dirname(CONFIG), STATE)
                    and machine.has(path)]
    wants(not left, f"removing leaves {left}")
    machine.run(["rm", "-r", os.path.dirname(CONFIG), STATE])


def main(directory):
    packages = glob.glob(
        f"{directory}/first/bonafide-[0-9]*.{platform.machine()}.rpm")
    wants(len(packages) == 1, f"packages to try: {packages}")
    with open(f"{SOURCE}/config/monitor.yaml", encoding="utf-8") as file:
        default = file.read()
    roots.begin()
    machine = Machine(packages[0])
    try_installing(machine)
    wants(machine.read(CONFIG) == default, "it does not begin by watching")
    try_removing(machine)
    try_upgrading(machine, default)
    try_removing(machine)
    try_untouched(machine, default)
    try_removing(machine)


if __name__ == "__main__":
    sys.exit(kernel.enclose(lambda: main(os.path.realpath(sys.argv[1]))))
