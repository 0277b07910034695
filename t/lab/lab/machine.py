# SPDX-License-Identifier: BSD-2-Clause
"""A root with systemd as its process 1, on one of the lab's hosts."""

import os
import subprocess

from . import net
from .process import wait_until

# Process 1 gets a root of its own, as by switch_root(8): in a container / need
# not be a mount, as pivot_root(8) wants it. It must not set the kernel.
_BOOT = """
set -e
cd "$1"
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --move . /
exec chroot . env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    /lib/systemd/systemd --unit=basic.target
"""
ENTER = ["nsenter", "--mount", "--root", "--wd", "--target"]


class Machine:
    """The machine, booted; it ends with the enclosure."""

    def __init__(self, root, host="mx"):
        self.root = root
        for folder in ("pts", "shm"):
            os.mkdir(root.path(f"/dev/{folder}"))
        self.first = self._boot(host)
        wait_until(lambda: self.systemctl("is-active", "basic.target")[0] == 0,
                   "systemd is up")

    def _boot(self, host):
        """Process 1's id, as it is seen from here."""
        with net.inside(host):
            outer = subprocess.Popen(
                ["unshare", "--mount", "--propagation=unchanged", "--pid",
                 "--cgroup", "--fork", "--kill-child",
                 "sh", "-c", _BOOT, "sh", self.root.top],
                stdin=subprocess.DEVNULL)
        children = f"/proc/{outer.pid}/task/{outer.pid}/children"
        def child():
            with open(children, encoding="ascii") as file:
                return file.read().split()
        return wait_until(child, "process 1 is there")[0]

    def inside(self, *command):
        """Run a command there: its status and all its output."""
        done = subprocess.run(
            [*ENTER, self.first, "--pid", "--net", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def systemctl(self, *arguments):
        """Run systemctl there: its status and all its output."""
        return self.inside("systemctl", *arguments)

    def show(self, key, unit):
        """A property of a unit."""
        return self.systemctl("show", "--value", "--property", key,
                              unit)[1].strip()

    def journal(self, *units):
        """The lines about these units, their own ones among them; or all."""
        self.inside("journalctl", "--sync")
        return self.inside("journalctl", "--no-pager", "--output=cat",
                           *(f"--unit={unit}" for unit in units)
                           )[1].splitlines()
