# SPDX-License-Identifier: BSD-2-Clause
"""Real MTAs: two that receive mail behind bonafided, three to be called out to.

Each runs in a root of its own after its file in t/lab/etc.  Those to be called
out to offer STARTTLS, with a certificate that nobody has signed.
"""

import email
import email.policy
import os
import subprocess

from . import net
from .dns import HERE, NSD
from .process import Process, Syslog, wait_until
from .roots import Root

MILTER = "inet:8894@127.0.0.1"          # where bonafided is looked for
USER, PASSWORD = "carol@home.example", "open sesame"    # may authenticate

_KEPT = "/var/mail/lab/all/new"
_KEEP = f"""#!/bin/sh
umask 022
file=$(mktemp /var/mail/lab/all/tmp/XXXXXXXX) && cat >"$file" &&
exec mv "$file" {_KEPT}
"""
_RESOLVER = f"nameserver {NSD[0]}\noptions timeout:2 attempts:2\n"


class Mta(Process):
    """A mail server: what all of them need."""

    packages = None     # the key in roots.PACKAGES
    host = None         # "mx" or "world"
    addresses = None    # an IPv4 and an IPv6 address, both with port 25
    logs_tls = None     # what an exchanger logs once for a session by TLS

    def __init__(self, name):
        super().__init__(name, Root(self.packages, name), self.host)
        self.root.write("/etc/resolv.conf", _RESOLVER)
        self.root.write("/etc/nsswitch.conf", "hosts: files dns\n")
        self._folder("/var/mail/lab", 0o777)

    def ready(self):
        """Wait until it takes connections."""
        for address in self.addresses:
            self.wait_for_port(address, 25)

    def _configure(self, inside, template, **values):
        """Write the file `template` of t/lab/etc, @name@ replaced."""
        with open(f"{HERE}/etc/{template}", encoding="utf-8") as file:
            text = file.read()
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        self.root.write(inside, text)

    def _certify(self, common_name, group="root"):
        """Give it a certificate that nobody has signed, and the key."""
        self.root.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec",
                       "-pkeyopt", "ec_paramgen_curve:prime256v1",
                       "-subj", f"/CN={common_name}",
                       "-keyout", "/etc/ssl/lab.key",
                       "-out", "/etc/ssl/lab.pem"])
        self.root.run(["chgrp", group, "/etc/ssl/lab.key"])
        self.root.run(["chmod", "640", "/etc/ssl/lab.key"])

    def _folder(self, inside, mode=0o755):
        os.makedirs(self.root.path(inside), exist_ok=True)
        os.chmod(self.root.path(inside), mode)


class _Receiver(Mta):
    """An MTA on the mx, for home.example, that keeps all it accepts."""

    host = "mx"

    def __init__(self, name):
        super().__init__(name)
        for folder in ("", "/tmp", "/new"):
            self._folder(f"/var/mail/lab/all{folder}", 0o777)

    def delivered(self, mark, seconds=20):
        """The message that has `mark` in it, as soon as it was delivered."""
        folder = self.root.path(_KEPT)
        def find():
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb") as file:
                    octets = file.read()
                if mark.encode() in octets:
                    return email.message_from_bytes(
                        octets, policy=email.policy.default)
            return None
        return wait_until(find, f"{self.name} delivers {mark}", seconds)


class _AnyPostfix(Mta):
    """What both of the lab's Postfixes need."""

    packages = "postfix"

    def _begin(self, template, **values):
        """Start as `postfix start` does, but for its slow checks.

        The services listen at our addresses alone, told by name: of the world's
        addresses no interface has them, and Postfix would not find them.
        """
        self._configure("/etc/postfix/main.cf", template, **values)
        listen = (f"postconf -M '[{address}]:25/inet=[{address}]:25"
                  " inet n - n - - smtpd'" for address in self.addresses)
        self.root.run(["sh", "-ec", "\n".join([
            "cd /etc/postfix",
            "cp /usr/share/postfix/master.cf.dist master.cf",
            "postconf -MX smtp/inet",
            "postconf -F '*/*/chroot=n'",
            *listen,
            "mkdir -p -m 755 /var/spool/postfix/pid",
            "cd /var/spool/postfix",
            "install -d -o postfix -m 700 active bounce corrupt defer"
            " deferred flush hold incoming private saved trace",
            "install -d -o postfix -g postdrop -m 730 maildrop",
            "install -d -o postfix -g postdrop -m 710 public"])])
        self.launch()

    def launch(self):
        """Start it, at first or again after `stop`."""
        self.start(["/usr/lib/postfix/sbin/master", "-s"])


class Postfix(_Receiver, _AnyPostfix):
    """Postfix, with TLS and authentication to be had."""

    addresses = net.MX_POSTFIX

    def __init__(self, milter=True):
        super().__init__("postfix")
        port, _, host = MILTER.removeprefix("inet:").partition("@")
        self._certify("mx.home.example")
        self._admit(USER, PASSWORD)
        # command_timeout: above reply-within of bonafided's policy
        line = f"{{ inet:{host}:{port}, command_timeout=30s }}"
        self._begin("postfix-mx.cf", milters=line if milter else "")

    def _admit(self, user, password):
        self.root.write("/etc/postfix/sasl/smtpd.conf",
                        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                        "mech_list: PLAIN\n")
        name, _, realm = user.partition("@")
        subprocess.run(self.root.command(
            ["saslpasswd2", "-p", "-c", "-u", realm, name]),
            input=password, text=True, check=True)
        os.chmod(self.root.path("/etc/sasldb2"), 0o644)


class Sendmail(_Receiver):
    """Sendmail."""

    packages = "sendmail"
    addresses = net.MX_SENDMAIL

    def __init__(self, milter=True):
        super().__init__("sendmail")
        # R: above reply-within of bonafided's policy
        line = (f"INPUT_MAIL_FILTER(`bonafide', `S={MILTER}, F=T,"
                " T=C:30s;S:30s;R:30s;E:60s')dnl")
        self._configure("/etc/mail/lab.mc", "sendmail-mx.mc",
                        milters=line if milter else "dnl")
        self.root.write("/usr/libexec/lab-keep", _KEEP, 0o755)
        self._folder("/var/spool/mqueue", 0o700)
        self._folder("/run/sendmail/mta")
        self.root.run(["sh", "-c", "m4 -D_CF_DIR_=/usr/share/sendmail/cf/"
                       " /usr/share/sendmail/cf/m4/cf.m4 /etc/mail/lab.mc"
                       " >/etc/mail/sendmail.cf"])
        Syslog(self.root, self.log_file)
        self.launch()

    def launch(self):
        """Start it, at first or again after `stop`."""
        self.start(["/usr/libexec/sendmail/sendmail", "-bD"])


class PostfixPeer(_AnyPostfix):
    """Postfix as an exchanger of postfix.example."""

    host = "world"
    logs_tls = "TLS connection established from"
    addresses = ("45.30.1.1", "2a10:30:1::1")

    def __init__(self):
        super().__init__("postfix-peer")
        self._certify("mx.postfix.example")
        self._begin("postfix-peer.cf")


class EximPeer(Mta):
    """Exim as an exchanger of exim.example."""

    packages = "exim"
    host = "world"
    logs_tls = "TLS by "
    addresses = ("45.30.1.2", "2a10:30:1::2")

    def __init__(self):
        super().__init__("exim-peer")
        self._certify("mx.exim.example", group="Debian-exim")
        self._configure("/etc/exim4/exim4.conf", "exim-peer.conf")
        self.root.run(["install", "-d", "-o", "Debian-exim",
                       "/var/spool/exim4"])
        Syslog(self.root, self.log_file)
        self.start(["exim4", "-bdf", "-C", "/etc/exim4/exim4.conf"])


class OpenSmtpdPeer(Mta):
    """OpenSMTPD as an exchanger of opensmtpd.example."""

    packages = "opensmtpd"
    host = "world"
    logs_tls = "smtp tls ciphers="
    addresses = ("45.30.1.3", "2a10:30:1::3")

    def __init__(self):
        super().__init__("opensmtpd-peer")
        self._certify("mx.opensmtpd.example")
        self._configure("/etc/smtpd.conf", "opensmtpd-peer.conf")
        self._folder("/var/spool/smtpd", 0o711)
        self.start(["smtpd", "-d"])
