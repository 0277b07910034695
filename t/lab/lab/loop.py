# SPDX-License-Identifier: BSD-2-Clause
"""The thread on which scripted servers run, in the network of the world."""

import asyncio
import threading

from . import kernel, net


class Loop:
    """An asyncio loop on a thread that lives in the namespace of `host`."""

    def __init__(self, host="world"):
        self._loop = None
        self._ready = threading.Event()
        threading.Thread(target=self._run, args=(host,), daemon=True).start()
        self._ready.wait()

    def call(self, coroutine, seconds=10):
        """Run a coroutine there and return its result."""
        return asyncio.run_coroutine_threadsafe(
            coroutine, self._loop).result(seconds)

    def _run(self, host):
        kernel.enter_network(net.path(host))
        self._loop = asyncio.new_event_loop()
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
