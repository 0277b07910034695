# SPDX-License-Identifier: BSD-2-Clause
"""A root file system of its own for each server that the lab runs.

Debian's MTA packages exclude each other and start when they are installed, so
none may go onto the machine.  A root is an overlay over / in which an ordinary
`apt-get install` runs, with starts denied by policy-rc.d.  What that wrote is
kept as a tar file, under /var/cache/bonafide-lab; a lab unpacks it into memory
and lays it over / again, below a layer that takes what the server writes.

The machine's own sockets, spools and devices are covered in every root: a
socket that shows through an overlay would still lead to its live server.
"""

import fcntl
import hashlib
import os
import platform
import socket
import subprocess

from . import kernel

PACKAGES = {
    "nsd": ["nsd"],
    "postfix": ["postfix", "sasl2-bin", "libsasl2-modules",
                "libsasl2-modules-db"],
    "sendmail": ["sendmail", "sendmail-bin", "sendmail-cf", "m4"],
    "exim": ["exim4-base", "exim4-daemon-light"],
    "opensmtpd": ["opensmtpd"],
    "apparmor": ["apparmor", "strace"],
    "fail2ban": ["fail2ban"],
    "openrc": ["openrc"],
}

SCRATCH = "/run/lab"        # in the enclosure; memory, gone with it

_COVERED = ["/dev", "/run", "/tmp", "/var/mail", "/var/spool", "/var/tmp"]
_DEVICES = ["full", "null", "random", "urandom", "zero"]
_DISKS = ["/usr", "/var", "/var/lib", "/var/cache"]     # apart from / on some
_LEFT_OUT = ["./var/cache", "./var/lib/apt", "./var/log", "./usr/share/doc",
             "./usr/share/locale", "./usr/share/man"]
_HOST = "lab.example"       # qualified, or Sendmail looks for a minute


def prepare(names):
    """Make the roots that are not there yet; needs the network once for each.

    To be called outside of an enclosure.
    """
    kernel.require_root()
    for name in names:
        archive = _archive(name)
        if os.path.exists(archive):
            continue
        with locked():
            if not os.path.exists(archive):
                print(f"lab: making a root with {name} in it", flush=True)
                if kernel.enclose(lambda: _build(name, archive), net=False):
                    raise kernel.Unsupported(f"no root for {name}, see above")


def begin():
    """Give the enclosure a scratch folder in memory; call it once, first."""
    kernel.mount("tmpfs", "/run", "tmpfs", options="mode=755")
    os.mkdir(SCRATCH)
    socket.sethostname(_HOST)


class Tree:
    """A mounted root, at `top`: files to write and programs to run in it."""

    def __init__(self, top):
        self.top = top

    def show(self, outside, inside):
        """Show a file from outside, wherever it lies, at a path in the root."""
        self.write(inside, "")
        kernel.bind(outside, self.path(inside))

    def path(self, inside):
        """Where the file that the root calls `inside` is seen from outside."""
        return self.top + inside

    def write(self, inside, text, mode=0o644):
        """Write a file of the root anew, in the place of whatever is there."""
        _write(self.path(inside), text, mode)

    def command(self, argv, **environment):
        """The command that runs `argv` in the root, in this environment."""
        return ["chroot", self.top, "env", "-i", "LC_ALL=C.UTF-8", "HOME=/",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                *(f"{key}={value}" for key, value in environment.items()),
                *argv]

    def run(self, argv):
        """Run `argv` in the root, quietly unless it fails."""
        run(self.command(argv))

    def output(self, argv):
        """Run `argv` in the root: the CompletedProcess, all text in stdout."""
        return output(self.command(argv))


class Root(Tree):
    """A root over the machine's: a server to configure, run and throw away.

    `packages` is a key of PACKAGES, or None for the bare machine.  Roots made
    from the same packages under different names share nothing.
    """

    def __init__(self, packages, name):
        super().__init__(f"{SCRATCH}/root/{name}")
        layer = f"{SCRATCH}/layer/{packages}" if packages else None
        if layer and not os.path.isdir(layer):
            os.makedirs(layer)
            run(["tar", "--extract", "--xattrs", "--xattrs-include=*",
                 "--directory", layer, "--file", _archive(packages)])
        _overlay(self.top, f"{SCRATCH}/write/{name}", over=layer)
        _furnish(self.top, resolver="nameserver 127.0.0.1\n")


def cache():
    """The folder where roots are kept, and packages in "archives"."""
    base = os.environ.get("XDG_CACHE_HOME", "/var/cache")
    folder = os.path.join(base, "bonafide-lab")
    os.makedirs(os.path.join(folder, "archives", "partial"), exist_ok=True)
    return folder


def locked():
    """Hold the cache for this process alone, until the file is closed."""
    lock = open(os.path.join(cache(), "lock"), "w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def furnish_devices(root):
    """Give a root whose /dev is empty the devices that programs expect."""
    for device in _DEVICES:
        _write(f"{root}/dev/{device}", "", 0o666)
        kernel.bind(f"/dev/{device}", f"{root}/dev/{device}")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")


def run(argv):
    """Run a command that must succeed; what it says is shown if it does not."""
    done = output(argv)
    if done.returncode != 0:
        raise SystemExit(f"lab: {' '.join(argv)}: status {done.returncode}\n"
                         + done.stdout)


def output(argv):
    """Run a command: the CompletedProcess, all that it says in stdout."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def _archive(name):
    """The tar file of a root, named after all that it depends on."""
    key = hashlib.sha256("\n".join(PACKAGES[name]).encode())
    key.update(platform.freedesktop_os_release()["PRETTY_NAME"].encode())
    with open("/var/lib/dpkg/status", "rb") as status:
        key.update(status.read())
    return os.path.join(cache(), f"{name}-{key.hexdigest()[:16]}.tar")


def _build(name, archive):
    """Install the packages into an overlay and keep what that wrote."""
    with open("/etc/resolv.conf", encoding="utf-8") as conf:
        resolver = conf.read()
    begin()
    root, write = f"{SCRATCH}/root", f"{SCRATCH}/write"
    _overlay(root, write)
    _furnish(root, resolver)
    _write(f"{root}/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    kernel.bind(os.path.join(cache(), "archives"),
                f"{root}/var/cache/apt/archives")
    apt = ["chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get",
           "-qq", "-o", "APT::Sandbox::User=root",
           "-o", "APT::Keep-Downloaded-Packages=true"]
    install = [*apt, "install", "--yes", "--no-install-recommends",
               *PACKAGES[name]]
    if output(install).returncode != 0:         # perhaps for old lists
        run([*apt, "update"])
        run(install)
    run(["tar", "--create", "--xattrs",
         "--xattrs-include=trusted.overlay.opaque",
         *(f"--exclude={path}" for path in _LEFT_OUT),
         "--directory", f"{write}/upper", "--file", archive + ".part", "."])
    _forget_older(name, archive)
    os.rename(archive + ".part", archive)


def _forget_older(name, archive):
    folder = os.path.dirname(archive)
    for other in os.listdir(folder):
        if other.startswith(name + "-") and not other.endswith(".part"):
            os.unlink(os.path.join(folder, other))


def _overlay(top, write, over=None):
    """Mount at `top` what the machine has at /, and `over` in front of it.

    Parts of the machine on disks of their own are laid over likewise.
    """
    for disk in ["", *filter(os.path.ismount, _DISKS)]:
        upper, work = f"{write}/upper{disk}", f"{write}/work{disk or '/root'}"
        for folder in (top, upper, work):
            os.makedirs(folder, exist_ok=True)
        lower = disk or "/"
        if over and os.path.isdir(over + disk):
            lower = f"{over}{disk}:{lower}"
        try:
            kernel.mount("overlay", top + disk, "overlay", options=(
                f"lowerdir={lower},upperdir={upper},workdir={work},"
                "redirect_dir=off,metacopy=off,index=off"))
        except OSError as error:
            raise kernel.Unsupported(
                f"no overlay over {disk or '/'} ({error}). In a container, "
                "start it privileged and with / on something that overlayfs "
                "takes as its lower layer, or use a virtual machine") from None


def _furnish(root, resolver):
    """Cover what belongs to the machine, and say who and where we are."""
    for path in _COVERED:
        if os.path.isdir(root + path):
            kernel.mount("tmpfs", root + path, "tmpfs", options="mode=755")
    os.chmod(f"{root}/tmp", 0o1777)
    os.chmod(f"{root}/var/tmp", 0o1777)
    furnish_devices(root)
    kernel.mount("proc", f"{root}/proc", "proc")
    _write(f"{root}/etc/resolv.conf", resolver, 0o644)
    _write(f"{root}/etc/hosts", f"127.0.0.1 {_HOST} localhost\n", 0o644)


def _write(path, text, mode):
    """Write a file anew; a symbolic link there is replaced, not followed."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
