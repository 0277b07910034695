# SPDX-License-Identifier: BSD-2-Clause
"""The lab put together: a test takes what it needs of it."""

import sys

from . import cases, kernel, mta, net, roots
from .daemon import Bonafided, settings
from .dns import Nsd
from .dnsfaults import ScriptedDns
from .loop import Loop
from .peer import Peer
from .process import Failed

_SERVERS = {
    "postfix": mta.Postfix, "sendmail": mta.Sendmail,
    "postfix-peer": mta.PostfixPeer, "exim-peer": mta.EximPeer,
    "opensmtpd-peer": mta.OpenSmtpdPeer,
}


class Lab:
    """Everything started, for the time of a with block.

    servers  names of MTAs: postfix, sendmail (the receiving ones),
             postfix-peer, exim-peer, opensmtpd-peer
    policy   bonafided's file, or the part of it that is not the site's; None
             for no bonafided: then the MTAs ask no milter
    site     keys of the site to be set otherwise, as in daemon.settings
    records  lines added to the zone

    On the way out bonafided must stop in order, and if that or a comparison
    failed the logs are shown and the program ends with status 1.
    """

    def __init__(self, *, servers=("postfix", "sendmail"), policy=None,
                 site=None, records=""):
        roots.begin()
        net.build()
        self.tally = cases.Tally()
        self.loop = Loop()
        self.nsd = Nsd(records)
        self.dns = ScriptedDns(self.loop)
        self.bonafided = None
        self.mtas = []              # the receiving ones
        self.servers = {}
        if policy is not None:
            self.bonafided = Bonafided(settings(policy, **site or {}))
        for name in servers:
            make = _SERVERS[name]
            if make.host == "mx":
                self.servers[name] = make(milter=policy is not None)
                self.mtas.append(self.servers[name])
            else:
                self.servers[name] = make()

    def __enter__(self):
        try:
            for process in self._processes():
                process.ready()
        except Failed:
            self._show_logs()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is None and self.bonafided and self.bonafided.running():
            self._stop_bonafided()
        if self.tally.failed or kind not in (None, KeyboardInterrupt):
            self._show_logs()
        if kind is None and self.tally.failed:
            sys.exit(f"{self.tally.failed} did not come as expected")

    def play(self, table, mtas=None, at_once=8):
        """Play a table of cases against the receiving MTAs."""
        played = cases.play(self.tally, mtas or self.mtas, table, at_once)
        if self.bonafided:
            cases.compare_log(self.tally, self.bonafided, played)

    def reload(self, policy, **site):
        """Have bonafided go on under another file, made as the first one."""
        status, words = self.bonafided.check(settings(policy, **site))
        if status != 0:
            raise Failed(f"no policy: {words}")
        self.bonafided.configure(settings(policy, **site))
        self.bonafided.reload()

    def restart(self, policy, **site):
        """Have bonafided begin anew under another file."""
        self.bonafided.stop()
        self.bonafided.configure(settings(policy, **site))
        self.bonafided.launch()
        self.bonafided.ready()

    def peer(self, address, **script):
        """A scripted exchanger, see peer.Peer."""
        return Peer(self.loop, address, **script)

    def _stop_bonafided(self):
        try:
            self.bonafided.stop()
        except Failed as error:
            self.tally.note("bonafided stops in order", False,
                            "status 0, and no word of a sanitizer", error)

    def _processes(self):
        found = [self.nsd, *self.servers.values()]
        return found + [self.bonafided] if self.bonafided else found

    def _show_logs(self):
        for process in self._processes():
            print(f"---- log of {process.name}\n{process.log()[-6000:]}",
                  flush=True)


def run(main, *needed):
    """Be a test program: `main()` in an enclosure, its status is ours.

    `needed` are the keys of roots.PACKAGES that it uses beside nsd.
    """
    sys.exit(enter(main, *needed))


def enter(main, *needed):
    """Run `main()` in an enclosure, with the roots there; its exit status."""
    try:
        roots.prepare(["nsd", *needed])
        return kernel.enclose(main)
    except (kernel.Unsupported, Failed) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
