"""Domains in a real DNS whose mail hosts listen on port 25, on loopback addresses of this run's own."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.pki import Authority
from tests.real.client import Report, Run, run_probe
from tests.real.dns import Resolver
from tests.real.nginx import Listener

# Several runs on one machine at a time keep out of each other's way.
NET = f"127.{64 + os.getpid() % 128}.{os.getpid() // 128 % 256}"


def _free_ipv6() -> bool:
    try:
        socket.create_server(("::1", 25), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def mail_hosts(issuing: Authority) -> dict[str, Listener]:
    """The listeners by name. Each has a certificate of its own that names every mail host below "test"."""
    names = ("*.mx.test", "large.test", "implicit.test")
    addresses = {"one": (1,), "two": (2,), "three": (3,), "four": (4,), "many": range(100, 140)}
    chains = {name: [(issuing.leaf(names=names, subject=f"CN={name}"), issuing)] for name in addresses}
    hosts = {
        name: Listener(chains=chains[name], addresses=[f"{NET}.{last}" for last in addresses[name]])
        for name in addresses
    }
    if _free_ipv6():
        hosts["six"] = Listener(chains=chains["one"], addresses=["::1"])
    return hosts


def records() -> str:
    """Every way in which mail is routed, and in which it is not. Nothing listens on the last address of the net."""
    return _RECORDS.format(
        net=NET,
        twenty="\n".join(
            f"twenty MX {number} h{number}.mx\nh{number}.mx A {NET}.{1 + number % 2}" for number in range(20)
        ),
        large="\n".join(f"large.mx A {NET}.{last}" for last in range(100, 140)),
    )


@dataclass(frozen=True, kw_only=True)
class Mail:
    """The mail hosts at work, and the resolver that knows the way to them."""

    log: Path
    resolver: Resolver
    listeners: Mapping[str, Listener]
    roots: Path

    @property
    def has_ipv6(self) -> bool:
        return "six" in self.listeners

    def look(self, *words: str) -> Run:
        return run_probe(*words, "--resolver", self.resolver.address, "--roots", self.roots)

    @cached_property
    def seen(self) -> Mapping[str, Report]:
        """Every domain without further options, in one run: for tests that only read what it says."""
        return dict(zip(DOMAINS, self.look(*(f"{domain}.test" for domain in DOMAINS)).reports, strict=True))

    def leaf(self, name: str) -> str:
        """The SHA-1 thumbprint of the leaf that this listener presents."""
        return self.listeners[name].chains[0][0].sha1


_RECORDS = """
one.mx A {net}.1
two.mx A {net}.2
three.mx A {net}.3
dual.mx A {net}.1
dual.mx AAAA ::1
drift.mx A {net}.1
drift.mx A {net}.2
dead.mx A {net}.254
half.mx A {net}.1
half.mx A {net}.254
text.mx TXT "no address here"
alias.mx CNAME one.mx
ring-a.mx CNAME ring-b.mx
ring-b.mx CNAME ring-a.mx

several MX 30 three.mx
several MX 10 one.mx
several MX 20 two.mx
families MX 10 dual.mx
implicit A {net}.4
null MX 0 .
renamed CNAME several
aliased MX 10 alias.mx
addressless MX 10 text.mx
nowhere MX 10 missing.mx
partly MX 10 missing.mx
partly MX 20 one.mx
ring MX 10 ring-a.mx
circle-a CNAME circle-b
circle-b CNAME circle-a
textual TXT "no mail here"
broken MX 10 host.servfail
drifting MX 10 drift.mx
dead MX 10 dead.mx
half MX 10 half.mx
large MX 10 large.mx
{large}
{twenty}
"""

DOMAINS = (
    *("several", "implicit", "null", "renamed", "aliased", "addressless", "nowhere", "partly", "ring", "circle-a"),
    *("textual", "missing", "servfail", "broken", "drifting", "dead", "half", "large", "twenty"),
)
