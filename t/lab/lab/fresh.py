# SPDX-License-Identifier: BSD-2-Clause
"""A fresh Debian with a mail server on it, which owes nothing to the machine.

mmdebstrap makes it once: the minimum, systemd and the MTA.  It is kept as a
folder beside the packed roots of the lab, and a test works in an overlay over
it whose writes go to memory.  No package is fetched within the test: those that
it will install are in the cache, with all they depend on.
"""

import glob
import hashlib
import os
import platform
import shutil
import socket

from . import kernel, roots
from .roots import SCRATCH, Tree

HOST = "mx.home.example"        # what it is called in a test

_ARCHIVES = "/var/cache/apt/archives"
_APT_CONF = """APT::Get::Assume-Yes "true";
APT::Keep-Downloaded-Packages "true";
APT::Sandbox::User "root";
Dpkg::Use-Pty "false";
"""
_SOURCES = ["/etc/apt/sources.list",
            "/etc/apt/sources.list.d/debian.sources",
            "/etc/apt/sources.list.d/ubuntu.sources"]


def prepare(mta, package):
    """Make the Debian with `mta` in it, and fetch what a .deb needs.

    To be called outside of an enclosure; needs the network the first time.
    """
    kernel.require_root()
    with roots.locked():
        if not os.path.isdir(_base(mta)):
            _make(mta)
        if _fetch(mta, package):        # the mirror has gone on meanwhile
            _make(mta)
            if _fetch(mta, package):
                raise kernel.Unsupported(f"no fresh {mta}, see above")


class Fresh(Tree):
    """A mounted fresh Debian with `mta` installed and nothing started.

    It has the packages of the cache; with `fetch` what it fetches goes there.
    """

    def __init__(self, mta, resolver, fetch=False):
        super().__init__(f"{SCRATCH}/fresh/{mta}")
        _overlay(self.path(""), _base(mta))
        for path in ("/dev", "/run", "/tmp"):
            kernel.mount("tmpfs", self.path(path), "tmpfs", options="mode=755")
        os.chmod(self.path("/tmp"), 0o1777)
        roots.furnish_devices(self.top)
        kernel.mount("proc", self.path("/proc"), "proc")
        kept = os.path.join(roots.cache(), "archives")
        if fetch:
            kernel.bind(kept, self.path(_ARCHIVES))
        else:
            _overlay(self.path(_ARCHIVES), kept)    # with a lock of its own
        self.write("/etc/apt/apt.conf.d/lab", _APT_CONF)
        self.write("/etc/resolv.conf", resolver)
        self.write("/etc/hosts",
                   f"127.0.0.1 localhost\n127.0.1.1 {HOST} mx\n")
        socket.sethostname(HOST)


def _command(mta):
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    sources = [path for path in _SOURCES
               if os.path.exists(path) and os.path.getsize(path)]
    return ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase",
            "--skip=cleanup/apt/lists", f"--include=apt,systemd,{mta}", suite,
            _base_path(mta, "part"), *sources[:1]]


def _base(mta):
    """The folder of a fresh Debian, named after what it is made of."""
    key = hashlib.sha256("\n".join(_command(mta)).encode())
    return _base_path(mta, key.hexdigest()[:16])


def _base_path(mta, end):
    return os.path.join(roots.cache(), f"fresh-{mta}-{end}")


def _make(mta):
    print(f"lab: making a fresh Debian with {mta} in it", flush=True)
    for older in glob.glob(_base_path(glob.escape(mta), "*")):
        shutil.rmtree(older)
    if kernel.enclose(lambda: roots.run(_command(mta)), net=False):
        raise kernel.Unsupported(f"no fresh Debian with {mta}, see above")
    os.rename(_base_path(mta, "part"), _base(mta))


def _fetch(mta, package):
    """Fetch into the cache; the exit status."""
    return kernel.enclose(lambda: _download(mta, package), net=False)


def _download(mta, package):
    with open("/etc/resolv.conf", encoding="utf-8") as conf:
        resolver = conf.read()
    roots.begin()
    root = Fresh(mta, resolver, fetch=True)
    inside = f"/tmp/{os.path.basename(package)}"
    root.show(package, inside)
    done = root.output(["apt", "--download-only", "install", inside])
    if done.returncode != 0:
        print(done.stdout)
    return done.returncode


def _overlay(top, lower):
    """Show a folder at `top`, in an enclosure; writes go to memory."""
    write = f"{SCRATCH}/write{top}"
    for folder in (top, f"{write}/upper", f"{write}/work"):
        os.makedirs(folder, exist_ok=True)
    kernel.mount("overlay", top, "overlay", options=(
        f"lowerdir={lower},upperdir={write}/upper,workdir={write}/work,"
        "redirect_dir=off,metacopy=off,index=off"))
