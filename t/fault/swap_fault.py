#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""P21: root starts the daemon whose socket lies in a folder of the service's
user, who puts a link to a file of root's in the place of whatever appears
there.  Whatever becomes of the start, nothing of root's changes hands.
"""

import os
import shutil
import signal
import stat

from lab import Lab, run
from lab.daemon import OTHER, settings
from lab.milter import Milter
from lab.process import wait_until

UID = GID = 899                         # of bonafide
FOLDER = "/run/bonafide"
SOCKET = f"{FOLDER}/milter"
PRECIOUS = "/etc/precious"              # root's, a file
VAULT = "/etc/vault"                    # root's, a folder
POLICY = """
policy:
  helo-syntax: {fail: reject}
"""
STARTS = 20
EVIL = "evil"                           # the link, until it is put somewhere


def main():
    with Lab(servers=(), policy=POLICY) as lab:
        root = lab.bonafided.root
        root.write(PRECIOUS, "precious\n", mode=0o600)
        os.mkdir(root.path(VAULT), 0o755)
        os.mkdir(root.path(FOLDER))
        os.chown(root.path(FOLDER), UID, GID)
        check_race(lab)
        check_way(lab)
        check_groups(lab)


def site(listen=f"unix:{SOCKET}", **keys):
    """A policy for this socket; what is said goes to a log nobody reads."""
    return settings(POLICY, listen=listen, log="{to: syslog}", **keys)


def start(lab, text):
    """Start one in the background; its status and words, and its pid."""
    lab.bonafided.root.write(OTHER, text)
    status, words = lab.bonafided.other("-c", OTHER)
    return status, words, lab.bonafided.background() if status == 0 else []


def end(pids):
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda pid=pid: not os.path.exists(f"/proc/{pid}"),
                   "it ends")


def check_race(lab):
    """Twenty starts against somebody who is mostly faster: at whatever comes
    first, and at the socket alone."""
    root = lab.bonafided.root
    swaps = 0
    for number in range(STARTS):
        with Swapper(root.path(FOLDER), spares="." if number % 2 else "/"
                     ) as swapper:
            _, _, pids = start(lab, site())
        end(pids)
        swaps += swapper.count()
        empty(root.path(FOLDER))
    found = os.stat(root.path(PRECIOUS))
    lab.tally.equal("P21: owner and mode of root's file", (0, 0, 0o600),
                    (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)))
    lab.tally.note("P21: links were put there", swaps > 0, "some", swaps)
    status, words, pids = start(lab, site())
    lab.tally.equal("P21: a start in peace", (0, ""), (status, words))
    lab.tally.equal("P21: it serves", "reply", answer(root.path(SOCKET)))
    lab.tally.equal("P21: nothing beside the socket",
                    [os.path.basename(SOCKET)], os.listdir(root.path(FOLDER)))
    end(pids)
    lab.tally.equal("P21: nothing after its end", [],
                    os.listdir(root.path(FOLDER)))


def check_way(lab):
    """A link on the way to the folder counts when it is root's alone."""
    root = lab.bonafided.root
    os.symlink(VAULT, root.path(f"{FOLDER}/way"))
    os.lchown(root.path(f"{FOLDER}/way"), UID, GID)
    status, words, pids = start(lab, site(f"unix:{FOLDER}/way/milter"))
    lab.tally.equal("P21: a link of the user's on the way: status", 77, status)
    lab.tally.check("P21: a link of the user's on the way: words",
                    r".*cannot open the folder of .*not permitted.*", words)
    lab.tally.equal("P21: nothing in root's folder", [],
                    os.listdir(root.path(VAULT)))
    end(pids)
    os.unlink(root.path(f"{FOLDER}/way"))
    os.symlink("../run", root.path("/etc/run"))
    os.symlink(f"/etc/run/../..{FOLDER}", root.path("/etc/way"))
    status, words, pids = start(lab, site("unix:/etc/way/milter"))
    lab.tally.equal("links of root's on the way", (0, ""), (status, words))
    lab.tally.equal("links of root's on the way: it serves", "reply",
                    answer(root.path(SOCKET)))
    end(pids)
    os.symlink("loop", root.path("/etc/loop"))
    status, words, _ = start(lab, site("unix:/etc/loop/milter"))
    lab.tally.equal("links without an end: status", 71, status)


def check_groups(lab):
    """Whose the socket is: the folder's group if it has the bit, unless the
    file names one; a folder of root's does as well as the user's."""
    root = lab.bonafided.root
    path = root.path(SOCKET)
    for name, owner, mode, keys, wanted in (
            ("the user's group", (UID, GID), 0o755, {}, (UID, GID)),
            ("the folder's group", (UID, 8), 0o2755, {}, (UID, 8)),
            ("a group that is named", (UID, 8), 0o2755,
             {"socket": "{group: news}"}, (UID, 9)),
            ("a folder of root's", (0, 0), 0o755, {}, (UID, GID))):
        os.chown(root.path(FOLDER), *owner)
        os.chmod(root.path(FOLDER), mode)
        status, words, pids = start(lab, site(**keys))
        found = os.stat(path)
        lab.tally.equal(f"{name}: start", (0, ""), (status, words))
        lab.tally.equal(f"{name}: owner and mode", (*wanted, "srw-rw----"),
                        (found.st_uid, found.st_gid,
                         stat.filemode(found.st_mode)))
        end(pids)
    lab.tally.equal("a folder of root's: the socket stays at the end", True,
                    os.path.exists(path))
    status, words, pids = start(lab, site())
    lab.tally.equal("a folder of root's: the next start", (0, "", "reply"),
                    (status, words, answer(path)))
    end(pids)


def answer(path):
    """What a bare word as HELO name gets."""
    with Milter(path) as milter:
        milter.begin("<alice@good.example>", "word")
        return milter.rcpt("<bob@home.example>").verdict


def empty(folder):
    """Remove what is in it."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


class Swapper:
    """The service's user, at work in the folder for the time of a with block;
    names that begin with `spares` are left alone.
    """

    def __init__(self, folder, spares):
        self._folder = folder
        self._spares = spares
        self._ends = os.pipe()

    def __enter__(self):
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._swap()
            finally:
                os._exit(1)
        os.read(self._ends[0], 1)       # it is at work
        return self

    def __exit__(self, *_):
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._ends[1])

    def count(self):
        """How often it has put a link in the place of something."""
        found = b""
        while more := os.read(self._ends[0], 4096):
            found += more
        os.close(self._ends[0])
        return len(found)

    def _swap(self):
        os.setgroups([])
        os.setgid(GID)
        os.setuid(UID)
        os.chdir(self._folder)
        os.mkdir("aside")
        os.symlink(PRECIOUS, EVIL)
        os.write(self._ends[1], b".")
        done = {EVIL, "aside"}
        while True:
            for name in os.listdir():
                if name not in done and not name.startswith(self._spares) \
                        and replace(name, len(done)):
                    done.add(name)
                    os.write(self._ends[1], b".")


def replace(name, number):
    """Put the link in its place; False when it has gone meanwhile."""
    try:
        os.rename(name, f"aside/{number}")
        os.rename(EVIL, name)
    except OSError:
        return False
    os.symlink(PRECIOUS, EVIL)
    return True


if __name__ == "__main__":
    run(main)
