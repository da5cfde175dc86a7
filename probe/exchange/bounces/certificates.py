"""The certificate of a bounce and those of an organisation's exports: whose the presented one is, which one the
servers' connectors name, and which one would do."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from probe.exchange.bounces.bounce import Bounce
from probe.judge import dn
from probe.judge.hybrid.connectors import front_ends, server_of
from probe.judge.hybrid.installed import covers, is_current, resolve, subject_of
from probe.model import ExchangeCertificate, Gap, Many, Organisation, ReceiveConnector, known, same_server

MOST = 4  # connectors, certificates and servers that are told of


def presented(bounce: Bounce, organisation: Organisation, at: datetime) -> Iterator[str]:
    """Whose the certificate in the bounce is."""
    told = "checked" if bounce.process else "presented"
    if not (bounce.thumbprint or bounce.presented):
        return
    if not organisation.certificates:
        yield f"The exports hold no certificates: whose the {told} one is they do not tell."
        return
    held = [found for found in organisation.certificates if _is_it(found, bounce)]
    for thumbprint in list(dict.fromkeys(found.thumbprint for found in held))[:MOST]:
        same = [found for found in held if found.thumbprint == thumbprint]
        which = "is" if bounce.thumbprint else "may be"
        yield f"The {told} {bounce.thumbprint or bounce.presented} {which} {_described(same, at, bounce)}."
    if not held and bounce.thumbprint:
        yield (
            f"The {told} {bounce.thumbprint} is on no server in the exports: a gateway or load balancer ends TLS in "
            "between, or it was installed after the export or removed before it."
        )


def _is_it(certificate: ExchangeCertificate, bounce: Bounce) -> bool:
    if bounce.thumbprint:
        return certificate.thumbprint == bounce.thumbprint
    subject = subject_of(certificate)
    try:
        return subject is not None and dn.same_parts(dn.parse(bounce.presented or "")) == dn.same_parts(subject)
    except ValueError:
        return False


def _described(same: Sequence[ExchangeCertificate], at: datetime, bounce: Bounce) -> str:
    first = same[0]
    parts = [] if bounce.thumbprint else [first.thumbprint]
    if first.is_self_signed is True:
        parts.append("the self-signed certificate" if bounce.thumbprint else "self-signed")
    if subject := known(first.subject):
        parts.append(subject)
    parts.append(f"on {_servers(same)}")
    if is_current(first, at) is False:
        parts.append("not within its dates")
    if any(found.has_private_key is False for found in same):
        parts.append("without its private key")
    return ", ".join(parts)


def _servers(certificates: Sequence[ExchangeCertificate]) -> str:
    return listed([known(found.server) or "a server that the export does not name" for found in certificates])


def named(bounce: Bounce, organisation: Organisation) -> Iterator[str]:
    """Which certificates the connectors name at which Exchange Online arrives: those of the servers that hold the
    presented one, else all."""
    holders = [known(found.server) for found in organisation.certificates if _is_it(found, bounce)]
    connectors = [
        found
        for found in front_ends(organisation)
        if not holders or any(server is None or same_server(server, server_of(found) or "") for server in holders)
    ]
    for connector in connectors[:MOST]:
        yield from _names(connector, bounce, organisation)
    if len(connectors) > MOST:
        yield f"{len(connectors) - MOST} more connectors are not told of here: `probe connectors` lists them."


def _names(connector: ReceiveConnector, bounce: Bounce, organisation: Organisation) -> Iterator[str]:
    given = connector.tls_certificate_name
    if isinstance(given, Gap):
        return
    if not given:
        yield f"{connector.name} names no certificate: Exchange takes one by its FQDN, perhaps its self-signed one."
        return
    found = resolve(organisation, given, server_of(connector))
    prints = list(dict.fromkeys(one.thumbprint for one in found.here))
    if not prints and organisation.certificates and not found.error:
        yield f"{connector.name} names {given}, which no certificate of its server has."
    elif bounce.thumbprint in prints:
        shared = f", a name that {len(prints)} certificates share" if len(prints) > 1 else ""
        yield f"{connector.name} names the presented certificate{shared}."
    elif prints:
        yield f"{connector.name} names {listed(prints)}{', not the presented one' if bounce.thumbprint else ''}."


def fit(organisation: Organisation, expected: str | None, best: ExchangeCertificate | None) -> Iterator[str]:
    """The certificate to use; that there is none, only where the names of all are known."""
    if not expected:
        return
    if best and covers(best, expected):
        same = [found for found in organisation.certificates if found.thumbprint == best.thumbprint]
        ends = known(best.not_after)
        until = f", valid until {ends.day} {ends:%B %Y}" if ends else ""
        yield f"For {expected} there is {best.thumbprint} on {_servers(same)}{until}."
    elif organisation.certificates and all(
        found.der or isinstance(found.domains, Many) for found in organisation.certificates
    ):
        yield f"No certificate in the exports does for {expected}."


def listed(texts: Sequence[str]) -> str:
    each = list(dict.fromkeys(texts))
    more = f" and {len(each) - MOST} more" if len(each) > MOST else ""
    return ", ".join(each[:MOST]) + more
