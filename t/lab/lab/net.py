# SPDX-License-Identifier: BSD-2-Clause
"""The lab's network: three hosts on one wire, and nowhere else to go.

    mx       the receiving side: the MTAs under test, bonafided
    clients  owns every address of CLIENTS: whoever sends mail to the mx
    world    owns every address of WORLD and RESERVED: name servers and mail
             exchangers

The addresses look public, for bonafided calls no reserved ones, but for those
of RESERVED; they exist in these namespaces alone.  No host has a default route
or a link to the machine.
"""

import subprocess
from contextlib import nullcontext

from . import kernel

MX = ("45.1.0.1", "2a10:1::1")              # what a callout comes from
MX_POSTFIX = ("45.1.0.25", "2a10:1::25")
MX_SENDMAIL = ("45.1.0.26", "2a10:1::26")
CLIENTS = ("45.20.0.0/16", "2a10:20::/32")
WORLD = ("45.30.0.0/16", "2a10:30::/32")
RESERVED = ("10.30.0.0/16", "fd30::/32")    # of the world too, but private
SILENT = ("45.40.0.0/16", "2a10:40::/32")   # swallows every packet
UNREACHABLE = ("45.41.0.0/16", "2a10:41::/32")      # ICMP; IPv6 after 1 s

_CLIENTS_GATE = ("45.1.0.2", "2a10:1::2")
_WORLD_GATE = ("45.1.0.3", "2a10:1::3")
_NOBODY = ("45.1.0.99", "2a10:1::99")

# Each host: the hardware address and the pairs of addresses on the wire.
_HOSTS = {
    "mx": ("02:00:00:00:00:01", (MX, MX_POSTFIX, MX_SENDMAIL)),
    "clients": ("02:00:00:00:00:02", (_CLIENTS_GATE,)),
    "world": ("02:00:00:00:00:03", (_WORLD_GATE,)),
}

_SYSCTL = {
    "ipv4/conf/all/forwarding": 1,      # or the world sends no ICMP errors
    "ipv6/conf/all/forwarding": 1,
    "ipv4/icmp_ratelimit": 0,
    "ipv6/icmp/ratelimit": 0,
    "ipv4/ip_nonlocal_bind": 1,         # IPv6 wants it to bind in CLIENTS
    "ipv6/ip_nonlocal_bind": 1,
    "ipv4/ip_local_port_range": "10000 65000",
    "ipv4/tcp_max_syn_backlog": 4096,
}


def inside(name):
    """Run the block, on this thread, in the namespace of a host."""
    return kernel.network(path(name))


def path(name):
    """The file that stands for a host's network namespace."""
    return f"/run/netns/{name}"


def build():
    """Make the hosts and the wire; they go away with the enclosure."""
    _ip("link add name wire type bridge mcast_snooping 0", "link set wire up")
    for name in _HOSTS:
        _host(name)
    for name in _HOSTS:
        _introduce(name)
    _route("mx", "via", CLIENTS, _CLIENTS_GATE)
    for networks in (WORLD, RESERVED, SILENT, UNREACHABLE):
        _route("mx", "via", networks, _WORLD_GATE)
    _own("clients", CLIENTS)
    _own("world", WORLD)
    _own("world", RESERVED)
    _route("world", "blackhole", SILENT)
    _route("world", "unreachable", UNREACHABLE)


def allow_foreign_binds(name, flag):
    """Let a host bind to addresses that are not its own ("1"), or not ("0").
    """
    with inside(name):
        for family in ("ipv4", "ipv6"):
            _set(f"{family}/ip_nonlocal_bind", flag)


def add_default_route(name):
    """Give a host a way to everywhere: it ends at the world's gate."""
    _route(name, "via", ("default", "default"), _WORLD_GATE)


def switch_ipv6_off(name):
    """Take IPv6 from a host, with its addresses and for good."""
    with inside(name):
        _set("ipv6/conf/all/disable_ipv6", 1)


def swallow(name, networks):
    """Have what a host sends to these networks vanish on the wire."""
    _ip(*(f"neigh replace {nobody} lladdr 02:00:00:00:00:99 nud permanent"
          " dev eth0" for nobody in _NOBODY),
        *(f"route replace {network} via {nobody}"
          for network, nobody in zip(networks, _NOBODY)), host=name)


def swallow_no_more(name, networks):
    """Let it out again."""
    _ip(*(f"route del {network} via {nobody}"
          for network, nobody in zip(networks, _NOBODY)), host=name)


def ways_out():
    """Default routes, and links other than loopback and the wire; none."""
    found = []
    for name in _HOSTS:
        with inside(name):
            found += _lines(["ip", "-4", "route", "show", "default"])
            found += _lines(["ip", "-6", "route", "show", "default"])
            found += [link for link in _lines(["ip", "-brief", "link"])
                      if not link.startswith(("lo ", "eth0@"))]
    found += [link for link in _lines(["ip", "-brief", "link"])
              if not link.startswith(("lo ", "wire ", "to-"))]
    return found


def _host(name):
    hardware, addresses = _HOSTS[name]
    _ip(f"netns add {name}",
        f"link add name to-{name} type veth"
        f" peer name eth0 address {hardware} netns {name}",
        f"link set to-{name} master wire up")
    with inside(name):
        for key, value in _SYSCTL.items():
            _set(key, value)
    _ip("link set lo up", "link set eth0 up",
        *(f"address add {ipv4}/24 dev eth0" for ipv4, _ in addresses),
        *(f"address add {ipv6}/64 dev eth0 nodad"
          # Connections go out from the first pair
          + (" preferred_lft 0" if (ipv4, ipv6) != addresses[0] else "")
          for ipv4, ipv6 in addresses),
        host=name)


def _introduce(name):
    """Tell a host who has which address: it need not ask, and find out late.

    Questions from an address that is not on the wire would get no answer.
    """
    for other in _HOSTS.keys() - {name}:
        hardware, addresses = _HOSTS[other]
        _ip(*(f"neighbour add {address} lladdr {hardware} dev eth0"
              for pair in addresses for address in pair), host=name)


def _own(name, networks):
    """Make every address of the networks one of the host's own."""
    _ip(*(f"route add local {network} dev lo" for network in networks),
        host=name)


def _route(name, kind, networks, gates=(None, None)):
    for network, gate in zip(networks, gates):
        way = f"{network} via {gate}" if gate else f"{kind} {network}"
        _ip(f"route add {way}", host=name)


def _ip(*commands, host=None):
    """Run ip(8) commands in one go, in a host's namespace or the outer one.

    Not by `ip -netns`, which does not work where / is no mount of its own.
    """
    with inside(host) if host else nullcontext():
        done = subprocess.run(["ip", "-batch", "-"], text=True,
                              input="\n".join(commands) + "\n",
                              capture_output=True, check=False)
    if done.returncode != 0:
        raise kernel.Unsupported(
            f"ip: {done.stderr.strip()}: {'; '.join(commands)}. The kernel "
            "must have network namespaces, veth, bridge and IPv6")


def _set(key, value):
    with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
        file.write(str(value))


def _lines(argv):
    return subprocess.run(argv, capture_output=True, text=True,
                          check=True).stdout.splitlines()
