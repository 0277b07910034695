# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for systemd where it is not process 1: it does what a unit says.

The maintainer scripts of a package call systemctl.  A shell script in its place
answers what files tell by the real one, and asks the test for the rest, which
starts and stops the daemon as the unit file wants it.
"""

import os
import shlex
import shutil
import socket
import threading

from lab.process import Failed, Process, wait_until

_SYSTEMCTL = """#!/bin/sh
for verb; do
    case $verb in
    -p) exit 0 ;;       # a property: of this service it has none
    -*) ;;
    is-enabled | enable | disable | preset) exec systemd-ctl --root=/ "$@" ;;
    *) break ;;
    esac
done
exec 9> /run/systemd/lock
flock 9
echo "$*" > /run/systemd/asked
read -r status < /run/systemd/answer
exit "$status"
"""
_UNITS = ["/etc/systemd/system", "/usr/lib/systemd/system"]


class Unit(Process):
    """The daemon of a service unit of the type notify.

    It gets the unit's user, umask, limit of descriptors, no capabilities, its
    directories, and where ProtectSystem is strict no others to write to.
    """

    def __init__(self, name, root, host):
        super().__init__(name, root, host)
        self._notes = []
        self._listen()
        with open(self.log_file, "ab"):
            pass        # what it logs goes elsewhere, and may be read before

    def settings(self):
        """The values of each key of the unit file, in order."""
        found = {}
        for folder in _UNITS:
            path = self.root.path(f"{folder}/{self.name}.service")
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    for line in file:
                        key, sign, value = line.strip().partition("=")
                        if sign and not key.startswith(("#", ";")):
                            found.setdefault(key, []).append(value)
                return found
        raise Failed(f"there is no unit file of {self.name}")

    def launch(self):
        """Start it, and wait until it serves."""
        unit = self.settings()
        if unit["Type"] != ["notify"]:
            raise Failed(f"{self.name}: of the type {unit['Type']}")
        self._notes.clear()
        folders = [self._folder(unit, key, parent) for key, parent in (
            ("RuntimeDirectory", "/run"), ("StateDirectory", "/var/lib"))]
        self.start(self._confined(unit, folders),
                   NOTIFY_SOCKET="/run/systemd/notify")
        def serves():
            if not self.running():
                raise Failed(f"{self.name} ended\n{self.log()}")
            return "READY=1" in self._notes
        wait_until(serves, f"{self.name} is ready")

    def end(self):
        """Stop it, Failed unless it ends well, and forget what lives in /run.
        """
        status = self.stop()
        if status != 0:
            raise Failed(f"{self.name} ended with status {status}")
        for name in self.settings()["RuntimeDirectory"]:
            shutil.rmtree(self.root.path(f"/run/{name}"))

    def credentials(self):
        """Its user's number, and the capabilities it could ever have."""
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as file:
            found = dict(line.strip().split(":\t", 1) for line in file)
        return int(found["Uid"].split()[0]), found["CapBnd"]

    def _folder(self, unit, key, parent):
        [name] = unit[key]
        path = self.root.path(f"{parent}/{name}")
        os.makedirs(path, exist_ok=True)
        os.chmod(path, int(unit[f"{key}Mode"][0], 8))
        self.root.run(["chown", f"{unit['User'][0]}:{unit['Group'][0]}",
                       f"{parent}/{name}"])
        return f"{parent}/{name}"

    def _confined(self, unit, folders):
        """The command that becomes the unit's ExecStart."""
        [start] = unit["ExecStart"]
        writable = [*folders, *(path.lstrip("-") for path
                                in unit.get("ReadWritePaths", []))]
        script = f"""
            for folder in {shlex.join(writable)}; do
                [ ! -d "$folder" ] || mount --bind "$folder" "$folder"
            done
            {"mount -o remount,bind,ro /"
             if unit["ProtectSystem"] == ["strict"] else ""}
            umask {unit["UMask"][0]}
            ulimit -n {unit["LimitNOFILE"][0]}
            exec setpriv --reuid={unit["User"][0]} --regid={unit["Group"][0]} \
                --init-groups --inh-caps=-all --bounding-set=-all \
                --no-new-privs {start}"""
        return ["unshare", "--mount", "sh", "-ec", script]

    def _listen(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = self.root.path("/run/systemd/notify")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        notify.bind(path)
        os.chmod(path, 0o666)
        def note():
            while True:
                self._notes += notify.recv(65536).decode().splitlines()
        threading.Thread(target=note, daemon=True).start()


class Systemctl:
    """What answers for systemd in a root.

    It starts and stops `unit`, and knows of one service more: when that shall
    be reloaded it calls `reload`.
    """

    def __init__(self, root, unit, other, reload):
        self._unit = unit
        self._other = other
        self._reload = reload
        self._told = []
        self._asked = root.path("/run/systemd/asked")
        self._answer = root.path("/run/systemd/answer")
        for path in (self._asked, self._answer):
            os.mkfifo(path)
        os.mkdir(root.path("/run/systemd/system"))  # by which it is seen to run
        os.rename(root.path("/usr/bin/systemctl"),
                  root.path("/usr/bin/systemd-ctl"))
        root.write("/usr/bin/systemctl", _SYSTEMCTL, 0o755)
        threading.Thread(target=self._serve, daemon=True).start()

    def take(self):
        """The verbs that it was told for the unit since this was asked last."""
        told, self._told = self._told, []
        return told

    def _serve(self):
        while True:
            with open(self._asked, encoding="utf-8") as fifo:
                words = [word for word in fifo.read().split()
                         if not word.startswith("-")]
            try:
                status = self._obey(*words)
            except Failed as error:
                print(f"systemctl {' '.join(words)}: {error}", flush=True)
                status = 1
            with open(self._answer, "w", encoding="ascii") as fifo:
                fifo.write(f"{status}\n")

    def _obey(self, verb, service=""):
        """The status of systemctl for this."""
        service = service.removesuffix(".service")
        if verb == "daemon-reload":
            return 0
        if (verb, service) == ("reload", self._other):
            self._reload()
            return 0
        if service != self._unit.name:
            return 5        # there is none
        if verb == "is-active":
            return 0 if self._unit.running() else 3
        self._told.append(verb)
        if verb in ("stop", "restart") and self._unit.running():
            self._unit.end()
        if verb in ("start", "restart") and not self._unit.running():
            self._unit.launch()
        return 0 if verb in ("start", "stop", "restart") else 1
