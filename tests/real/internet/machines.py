"""The mail hosts of the internet: who presents what, and by which server.

Each has an address of its own: a server has to choose its certificate before it has heard a name.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from hashlib import sha256, sha512

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.pki import TODAY, Authority, Issued, self_signed
from tests.real.estate import Authorities
from tests.real.nginx import Listener

# Of this run's own, and beside the net of tests.real.mail, which listens on port 25 as well.
NET = f"127.{192 + os.getpid() % 62}.{os.getpid() // 62 % 256}"
NOBODY = f"{NET}.254"  # where nothing listens
MX = "mx.dane.example"
STS_MX = "mx.sts.example"

Chain = Sequence[Issued]


def tlsa(usage: int, selector: int, matching: int, issued: Issued) -> str:
    """The record's data for a certificate (RFC 6698 §2.1)."""
    key = issued.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    chosen = key if selector else issued.der
    data = {0: chosen, 1: sha256(chosen).digest(), 2: sha512(chosen).digest()}[matching]
    return f"{usage} {selector} {matching} {data.hex()}"


@dataclass(frozen=True)
class Papers:
    """Every authority and leaf that a record or a chain of the internet names. The private root is no public trust."""

    public: Authorities

    @cached_property
    def root(self) -> Authority:
        return Authority.root("CN=Example Private Root,O=Example")

    @cached_property
    def issuing(self) -> Authority:
        return self.root.intermediate("CN=Example Private Issuing,O=Example")

    @cached_property
    def stale(self) -> Authority:
        """An authority that is no longer valid."""
        return self.root.intermediate("CN=Example Stale,O=Example", not_after=TODAY - timedelta(days=3))

    @cached_property
    def stranger(self) -> Authority:
        """An authority that issued none of this."""
        return Authority.root("CN=Stranger Root,O=Stranger")

    @cached_property
    def leaf(self) -> Issued:
        return self.issuing.leaf(names=(f"*.{MX}",))

    @cached_property
    def renewed(self) -> Issued:
        """What follows upon `leaf`."""
        return self.issuing.leaf(names=(f"*.{MX}",))

    @cached_property
    def rsa(self) -> Issued:
        return self.issuing.leaf(names=(f"*.{MX}",), subject="CN=RSA", key="rsa2048")

    @cached_property
    def expired(self) -> Issued:
        first, last = TODAY - timedelta(days=100), TODAY - timedelta(days=10)
        return self.issuing.leaf(names=(f"*.{MX}",), not_before=first, not_after=last)

    @cached_property
    def misnamed(self) -> Issued:
        return self.issuing.leaf(names=("elsewhere.example",))

    @cached_property
    def next_hop(self) -> Issued:
        """For the domain itself, not for its mail host."""
        return self.issuing.leaf(names=("next-hop.dane.example",))

    @cached_property
    def common_name(self) -> Issued:
        """The mail host's name stands in the CN, and there is no other."""
        return self.issuing.leaf(names=(), subject=f"CN=common-name.{MX}")

    @cached_property
    def common_name_beside(self) -> Issued:
        """The mail host's name stands in the CN, beside a DNS-ID of another."""
        return self.issuing.leaf(names=("elsewhere.example",), subject=f"CN=common-name-beside.{MX}")

    @cached_property
    def self_signed(self) -> Issued:
        return self_signed()

    @cached_property
    def of_stale(self) -> Issued:
        return self.stale.leaf(names=(f"*.{MX}",))

    @cached_property
    def trusted(self) -> Issued:
        """What the tests' public root stands for, good for every mail host below "sts.example", too."""
        names = (f"*.{MX}", "*.dane.example", "*.sts.example", f"*.{STS_MX}", f"*.b.{STS_MX}")
        return self.public.issuing.leaf(names=names, subject="CN=Public")

    def chains(self, authorities: Sequence[Authority], *leaves: Issued) -> Sequence[Chain]:
        return [(leaf, *authorities) for leaf in leaves]

    @cached_property
    def of_nginx(self) -> Mapping[str, Sequence[Chain]]:
        ours = (self.issuing, self.root)
        public = (self.public.issuing,)
        dated = (TODAY - timedelta(days=100), TODAY - timedelta(days=10))
        late = self.public.issuing.leaf(names=(f"*.{STS_MX}",), not_before=dated[0], not_after=dated[1])
        elsewhere = self.public.issuing.leaf(names=("elsewhere.example",))
        return {
            "private": self.chains(ours, self.leaf),
            "renewed": self.chains(ours, self.renewed),
            "leaf-only": self.chains((), self.leaf),
            "rootless": self.chains((self.issuing,), self.leaf),
            "expired": self.chains(ours, self.expired),
            "misnamed": self.chains(ours, self.misnamed),
            "next-hop": self.chains(ours, self.next_hop),
            "common-name": self.chains(ours, self.common_name),
            "common-name-beside": self.chains(ours, self.common_name_beside),
            "self-signed": self.chains((), self.self_signed),
            "stranger": self.chains((*ours, self.stranger), self.leaf),
            "stale": self.chains((self.stale, self.root), self.of_stale),
            "public": self.chains(public, self.trusted),
            "public-expired": self.chains(public, late),
            "public-misnamed": self.chains(public, elsewhere),
            "nothing": (),
        }

    @cached_property
    def of_postfix(self) -> Mapping[str, tuple[Sequence[Chain], Sequence[str]]]:
        """The chains, one for each kind of key, and what that smtpd is told beyond them."""
        chains = self.chains((self.issuing, self.root), self.leaf, self.rsa)
        return {
            "postfix": (chains, ()),
            "postfix-no-starttls": (chains, ("smtpd_tls_security_level=none",)),
            "postfix-no-certificate": ((), ("smtpd_tls_chain_files=$config_directory/missing.pem",)),
            "postfix-no-tls": (chains, ("smtpd_tls_CAfile=$config_directory/missing.pem",)),
            "postfix-not-now": (chains, ("smtpd_delay_reject=no", "smtpd_client_restrictions=defer")),
        }

    @cached_property
    def of_exim(self) -> Mapping[str, Sequence[Chain]]:
        """The chains by machine; "exim-sni" has a stranger's for whoever does not ask for "expanded"."""
        ours = (self.issuing, self.root)
        return {
            "exim": self.chains(ours, self.rsa),
            "exim-both": self.chains(ours, self.leaf, self.rsa),
            "exim-sni": self.chains((), self.self_signed),
        }

    def presented(self, machine: str) -> Sequence[Chain]:
        """The chains of a machine, one for each kind of key; of "exim-sni", what it shows to strangers."""
        if machine in self.of_postfix:
            return self.of_postfix[machine][0]
        return {**self.of_nginx, **self.of_exim}[machine]

    @cached_property
    def addresses(self) -> Mapping[str, str]:
        machines = (*self.of_nginx, *self.of_postfix, *self.of_exim)
        return {name: f"{NET}.{number}" for number, name in enumerate(machines, 10)}

    def listeners(self) -> tuple[dict[str, Listener], list[int]]:
        """nginx's share, and its ports: STARTTLS on port 25, and TLS at once on 465 where a public chain is shown."""
        found = {
            name: Listener(chains=chains, addresses=[self.addresses[name]]) for name, chains in self.of_nginx.items()
        }
        ports = [25] * len(found)
        for name in ("private", "public"):
            for speaks, port in (("smtps", 465), ("https", 443)):
                chains, address = self.of_nginx[name], self.addresses[name]
                found[f"{name}-{speaks}"] = Listener(chains=chains, addresses=[address], speaks=speaks)
                ports.append(port)
        return found, ports
