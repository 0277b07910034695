# SPDX-License-Identifier: BSD-2-Clause
"""Linux namespaces and mounts, which Python 3.11 does not offer by itself.

Everything the lab does to the system happens in an *enclosure*: a process in
mount, pid, network, ipc and host name namespaces of its own.  When that process
ends, in whatever way, the kernel ends all that was started in it and takes the
mounts, interfaces and addresses with it; so there is no clean-up to forget.
"""

import ctypes
import os
import select
import signal
import sys
import traceback
from contextlib import contextmanager

MNT, UTS, IPC, PID, NET = (
    0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000)

MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Unsupported(Exception):
    """This system does not let us do it; the text says what to do instead."""


def _call(name, *args):
    if getattr(_libc, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def mount(source, target, kind=None, flags=0, options=None):
    """mount(2); every argument a str or None."""
    source, target, kind, options = (
        os.fsencode(text) if text else None
        for text in (source, target, kind, options))
    _call("mount", source, target, kind, ctypes.c_ulong(flags), options)


def bind(source, target):
    """Show `source` at `target`, which must exist and be of the same kind."""
    mount(source, target, flags=MS_BIND)


@contextmanager
def network(path):
    """Run the block in the network namespace that `path` names.

    Sockets made and programs started in the block stay there.  Only the calling
    thread changes over.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter_network(path)
        try:
            yield
        finally:
            _call("setns", home, NET)
    finally:
        os.close(home)


def enter_network(path):
    """Move the calling thread into a network namespace for good."""
    there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("setns", there, NET)
    finally:
        os.close(there)


def require_root():
    """Fail with Unsupported in a process that is not root's."""
    if os.geteuid() != 0:
        raise Unsupported("the lab makes namespaces and mounts: run it as root")


def enclose(main, *, net=True):
    """Run `main()` in an enclosure and return its exit status.

    With net=False it shares the network of the machine.  A process that may not
    make namespaces says so and ends with status 1.
    """
    require_root()
    return _fork(lambda: _outer(main, net))


def _fork(body):
    """Run `body()` in a child process and return its exit status."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _exit_with(body)
    while True:
        try:
            _, status = os.waitpid(pid, 0)
            return os.waitstatus_to_exitcode(status)
        except KeyboardInterrupt:
            pass    # the whole process group has it: the child ends in order


def _exit_with(body):
    """Leave this process with what `body()` returns, never by an exception."""
    status = 1
    try:
        status = body() or 0
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except Unsupported as error:
        print(f"lab: {error}", file=sys.stderr)
    except SystemExit as leave:
        if isinstance(leave.code, str):
            print(leave.code, file=sys.stderr)
        else:
            status = leave.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if 0 <= status <= 255 else 1)


def _outer(main, net):
    """Leave the namespaces of the machine and hold the first process inside."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    try:
        _call("unshare", MNT | UTS | IPC | PID | (NET if net else 0))
    except OSError as error:
        raise Unsupported(
            f"{error}: this system allows no new namespaces. In a container,"
            " start it privileged, or use a virtual machine") from None
    _keep_mounts_private()
    alive, held = os.pipe()
    status = _fork(lambda: _first(main, alive, held))
    os.close(held)
    return status


def _first(main, alive, held):
    """Be process 1: adopt what daemons leave behind until `main()` is over."""
    os.close(held)
    _die_with_parent()
    if select.select([alive], [], [], 0)[0]:
        return 1    # the parent was gone before we asked to go with it
    mount("proc", "/proc", "proc")
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _exit_with(main)
    while True:
        done, status = os.wait()
        if done == pid:
            return os.waitstatus_to_exitcode(status)


def _die_with_parent():
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)


def _keep_mounts_private():
    """Let nothing that we mount appear outside.

    In a chroot, / need not be a mount: then each mount is told by itself.
    """
    try:
        mount(None, "/", flags=MS_REC | MS_PRIVATE)
    except OSError:
        with open("/proc/self/mountinfo", encoding="utf-8") as table:
            for line in table:
                mount(None, line.split()[4], flags=MS_PRIVATE)
