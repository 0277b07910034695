# SPDX-License-Identifier: BSD-2-Clause
"""A server of the lab: started on one of its hosts, logging to a file."""

import os
import signal
import socket
import subprocess
import threading
import time

from . import net
from .roots import SCRATCH


class Failed(Exception):
    """Something in the lab did not start or answer; the text says what."""


def wait_until(happened, what, seconds=20):
    """Poll until `happened()` is true and return it; Failed after `seconds`."""
    limit = time.monotonic() + seconds
    while True:
        found = happened()
        if found:
            return found
        if time.monotonic() > limit:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Process:
    """A program in a root, in the network of `host`, that stays in front."""

    def __init__(self, name, root, host):
        self.name = name
        self.root = root
        self.host = host
        self.log_file = f"{SCRATCH}/log/{name}"
        self.child = None
        os.makedirs(os.path.dirname(self.log_file), exist_ok=True)

    def start(self, argv, **environment):
        """Start it; what it prints goes to the log."""
        with open(self.log_file, "ab") as log, net.inside(self.host):
            self.child = subprocess.Popen(
                self.root.command(argv, **environment),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)     # Ctrl-C is for the test alone

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self, seconds=15):
        """End it by SIGTERM and return its exit status."""
        if self.child.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds):
        """Its exit status, once it has ended by itself."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} still runs after {seconds} s") from None

    def running(self):
        return self.child is not None and self.child.poll() is None

    def log(self):
        """All it has logged so far."""
        with open(self.log_file, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_for_port(self, address, port):
        """Wait until something listens; shows the log if nothing does."""
        def answers():
            if not self.running():
                raise Failed(f"{self.name} ended\n{self.log()}")
            with net.inside(self.host):
                try:
                    socket.create_connection((address, port), 1).close()
                except OSError:
                    return False
                return True
        try:
            wait_until(answers, f"{self.name} at {address} port {port}")
        except Failed as error:
            raise Failed(f"{error}\n{self.log()}") from None


class Syslog:
    """The /dev/log of a root, for servers that log nowhere else."""

    def __init__(self, root, log_file):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = root.path("/dev/log")
        self._socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._copy, args=(log_file,),
                         daemon=True).start()

    def _copy(self, log_file):
        with open(log_file, "ab", buffering=0) as log:
            while True:
                log.write(self._socket.recv(65536).rstrip(b"\0\n") + b"\n")
