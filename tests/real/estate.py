"""The estate that nginx serves: every way in which a mail server's TLS is set up, right and wrong, each on its port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from tests.pki import CLIENT_AUTH, TODAY, Authority, Issued, self_signed
from tests.real.client import Report, Run, run_probe
from tests.real.nginx import HOST, Listener
from tests.real.servers import LOOPBACK, Server

AIA = "http://pki.example.org/issuing.crt"
_SCHEMES = {"smtp": "smtp", "smtps": "smtps", "https": "https", "direct": "tls"}


@dataclass(frozen=True)
class Authorities:
    """Who issued what: a root that the tests trust, one that nobody does, and what stands below them."""

    @cached_property
    def root(self) -> Authority:
        return Authority.root()

    @cached_property
    def issuing(self) -> Authority:
        return self.root.intermediate()

    @cached_property
    def private_root(self) -> Authority:
        return Authority.root("CN=Contoso Private Root,O=Contoso,C=GB")

    @cached_property
    def private_issuing(self) -> Authority:
        return self.private_root.intermediate("CN=Contoso Private Issuing,O=Contoso,C=GB")


def listeners(authorities: Authorities) -> dict[str, Listener]:
    """Every case by name. All but those that say otherwise present a leaf for `HOST` and its issuer."""
    issuing, root = authorities.issuing, authorities.root
    good = (issuing.leaf(names=(HOST,)), issuing)

    def presenting(*chain: Issued) -> Listener:
        return Listener(chains=[chain])

    def dated(first_day: int, last_day: int) -> Listener:
        """Valid from and until so many days from now."""
        first, last = (TODAY + timedelta(days=days) for days in (first_day, last_day))
        return presenting(issuing.leaf(names=(HOST,), not_before=first, not_after=last), issuing)

    policy = root.intermediate("CN=Probe Test Policy CA,O=Probe Tests,C=GB", path_length=1)
    lower = policy.intermediate("CN=Probe Test Lower CA,O=Probe Tests,C=GB")
    stale = root.intermediate("CN=Probe Test Stale CA,O=Probe Tests,C=GB", not_after=TODAY - timedelta(days=3))
    return {
        "full-chain": presenting(*good),
        "rsa": presenting(issuing.leaf(names=(HOST,), key="rsa2048"), issuing),
        "both-keys": Listener(chains=[good, (issuing.leaf(names=(HOST,), key="rsa2048"), issuing)]),
        "leaf-only": presenting(issuing.leaf(names=(HOST,), aia=(AIA,))),
        "self-signed": presenting(self_signed()),
        "expired": dated(-100, -10),
        "not-yet-valid": dated(7, 90),
        "expires-soon": dated(-80, 10),
        "short-lived": dated(-1, 5),
        "issuer-expired": presenting(stale.leaf(names=(HOST,)), stale),
        "wrong-name": presenting(issuing.leaf(names=("other.example.org", "other.example.net")), issuing),
        "wildcard": presenting(issuing.leaf(names=("*.example.org",)), issuing),
        "common-name-only": presenting(issuing.leaf(names=(), subject=f"CN={HOST}"), issuing),
        "contoso": presenting(
            issuing.leaf(names=(HOST,), subject=f"CN={HOST},O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB"), issuing
        ),
        "private-root": presenting(
            authorities.private_issuing.leaf(names=(HOST,)), authorities.private_issuing, authorities.private_root
        ),
        "with-root": presenting(*good, root),
        "stranger-sent": presenting(*good, authorities.private_issuing),
        "misordered": presenting(lower.leaf(names=(HOST,)), policy, lower),
        "client-usage": presenting(issuing.leaf(names=(HOST,), eku=(CLIENT_AUTH,)), issuing),
        "sha1": presenting(issuing.leaf(names=(HOST,), signature="sha1"), issuing),
        "rsa1024": presenting(issuing.leaf(names=(HOST,), key="rsa1024"), issuing),
        "tls12": Listener(chains=[good], protocols="TLSv1.2"),
        "tls13": Listener(chains=[good], protocols="TLSv1.3"),
        "tls10": Listener(chains=[good], protocols="TLSv1", ciphers="ALL:@SECLEVEL=0"),
        "certificate-asked": Listener(chains=[good], verify_client="optional_no_ca"),
        "certificate-asked-tls12": Listener(chains=[good], verify_client="optional_no_ca", protocols="TLSv1.2"),
        "certificate-required": Listener(chains=[good], verify_client="on", client_ca=root),
        "no-starttls": Listener(),
        "smtps": Listener(chains=[good], speaks="smtps"),
        "smtps-wrong-name": Listener(chains=[(issuing.leaf(names=("other.example.org",)), issuing)], speaks="smtps"),
        "https": Listener(chains=[good], speaks="https"),
        "https-private-root": Listener(
            chains=[(authorities.private_issuing.leaf(names=(HOST,)), authorities.private_issuing)], speaks="https"
        ),
        "direct": Listener(chains=[good], speaks="direct"),
        "renewed": presenting(issuing.leaf(names=(HOST,)), issuing),
        "uneven": Listener(speaks="direct", proxies=("full-chain", "renewed")),
        "uneven-expired": Listener(speaks="direct", proxies=("full-chain", "expired")),
    }


@dataclass(frozen=True, kw_only=True)
class Estate:
    """nginx at work, and how to look at it."""

    log: Path
    server: Server
    listeners: Mapping[str, Listener]
    roots: Path

    def target(self, name: str) -> str:
        # What is passed on speaks SMTP, whatever passes it on.
        listener = self.listeners[name]
        scheme = "smtp" if listener.proxies else _SCHEMES[listener.speaks]
        return f"{scheme}://{HOST}:{self.server.ports[name]}"

    def chain(self, name: str) -> Sequence[Issued]:
        """What that listener presents, if it has one chain only."""
        (only,) = self.listeners[name].chains
        return only

    def arguments(self, *names: str) -> list[str]:
        """The words for `probe`: these listeners, trusting the tests' root alone."""
        return [*map(self.target, names), "--connect", LOOPBACK, "--roots", str(self.roots)]

    def look(self, name: str, *options: str | Path) -> Run:
        return run_probe(*self.arguments(name), *options)

    @cached_property
    def seen(self) -> Mapping[str, Report]:
        """Every listener without further options, in one run: for tests that only read what it says."""
        return dict(zip(self.listeners, run_probe(*self.arguments(*self.listeners)).reports, strict=True))
