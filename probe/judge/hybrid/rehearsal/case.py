"""What a rehearsal rests on: the next certificate, the connectors that it is for, and the certificates it replaces.

The connectors on premises are those of the way between the organisation and Exchange Online, and whatever others name
the same certificate. An export is a stranger's text, so there are limits; real organisations are well within them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from probe.judge import dn
from probe.judge.certificate import Certificate
from probe.judge.chain import Anchors, Path
from probe.judge.hybrid.connectors import (
    MICROSOFT,
    front_ends,
    is_default,
    receiving_servers,
    server_of,
    to_microsoft,
)
from probe.judge.hybrid.installed import intended, is_current, is_named, names_of, short
from probe.judge.standard import Standard
from probe.model import (
    Evidence,
    ExchangeCertificate,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
    Text,
    Where,
    items,
    known,
)

PLAN = Where(kind="plan")
ON_PREMISES = Where(kind="organisation", name="on premises")
ONLINE = Where(kind="organisation", name="Exchange Online")
Connector = SendConnector | ReceiveConnector

MOST_CONNECTORS, MOST_SERVERS = 500, 500  # that are judged, and have commands of their own
MOST_NAMES = 20  # different texts of TlsCertificateName on the way
MOST_HOSTS = 500  # names of the certificates in use that are compared; a CA puts in 100 to 250
MOST_LIKE = 500  # certificates with the same common name and different issuers or subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`connectors` are those on premises that name, or should name, the certificate, `servers` where it is needed,
    `lacking` those that do not have it yet. `outbound` are the connectors of Exchange Online that lead here,
    `domains` what the tenant accepts mail for.

    `replaced` are the certificates that the connectors name now, one of each thumbprint; `today` is the one in use
    among them, None where that cannot be told: with two of one name the wire decides. `used`: the next certificate is
    in use already. `names_today` is what it is for,
    or all of those that may be it. `sent` are the issuers that the endpoints send today.
    """

    organisation: Organisation
    leaf: Certificate
    chain: tuple[bytes, ...]
    path: Path
    standard: Standard
    anchors: Anchors
    at: datetime
    evidence: tuple[Evidence, ...]
    connectors: tuple[Connector, ...]
    omitted: int
    outbound: tuple[OutboundConnector, ...]
    domains: Mapping[str, None]
    servers: tuple[str, ...]
    lacking: tuple[str, ...]
    replaced: tuple[ExchangeCertificate, ...]
    used: bool
    today: ExchangeCertificate | None
    names_today: tuple[str, ...]
    sent: tuple[bytes, ...]

    @property
    def identity(self) -> str:
        """How a connector names the next certificate."""
        return f"<I>{self.leaf.issuer}<S>{self.leaf.subject}"

    @property
    def thumbprint(self) -> str:
        return self.leaf.sha1.upper()

    @property
    def settled(self) -> bool:
        """Whether the next certificate is the one in use already, on every server that needs it."""
        return self.used and not self.lacking


def place(connector: Connector) -> Where:
    """Where a finding on the connector is."""
    server = known(connector.server) if isinstance(connector, ReceiveConnector) else None
    return Where(kind="connector", name=connector.name, host=server.lower() if server else None)


def concerned(organisation: Organisation) -> tuple[Connector, ...]:
    """The connectors on premises that the certificate is for, those that send first."""
    way: list[Connector] = [*to_microsoft(organisation), *_receiving(organisation)]
    texts = dict.fromkeys(text for connector in way if (text := known(connector.tls_certificate_name)))
    named = [found for text in list(texts)[:MOST_NAMES] if (found := identity_of(text))]
    others: tuple[Connector, ...] = (*organisation.send, *organisation.receive)
    ids = {id(connector) for connector in way}
    alike = (other for other in others if id(other) not in ids and other.enabled is not False)
    return (*way, *(other for other in alike if _names_one_of(other.tls_certificate_name, texts, named)))


def _receiving(organisation: Organisation) -> Iterator[ReceiveConnector]:
    """Of the front ends those that take Exchange Online's connections: by its rights there, or as they take all; behind
    an Edge server they take none of them."""
    servers = receiving_servers(organisation)
    for connector in front_ends(organisation):
        if servers is not None and (server := server_of(connector)) and short(server) not in servers:
            continue
        rights = " ".join(items(connector.tls_domain_capabilities)).casefold()
        if is_default(connector) or MICROSOFT in rights:
            yield connector


def _names_one_of(given: Text, texts: dict[str, None], named: Sequence[dn.Identity]) -> bool:
    text = known(given)
    if not text or text in texts:
        return bool(text)
    found = identity_of(text)
    return found is not None and any(same_identity(found, one) for one in named)


@lru_cache(maxsize=1024)
def identity_of(text: str) -> dn.Identity | None:
    """A TlsCertificateName, read; None where it cannot be."""
    try:
        return dn.parse_identity(text)
    except ValueError:
        return None


def same_identity(one: dn.Identity, other: dn.Identity) -> bool:
    """Whether the two name the same certificates; one without an issuer names more."""
    if (one.issuer is None) is not (other.issuer is None):
        return False
    same_issuer = one.issuer is None or other.issuer is None or not dn.differing(one.issuer, other.issuer)
    return same_issuer and not dn.differing(one.subject, other.subject)


def installed_today(
    organisation: Organisation, connectors: Sequence[Connector], at: datetime
) -> tuple[ExchangeCertificate, ...]:
    """The installed certificates that these connectors name, each thumbprint once; where they name none, the one that
    is fit for what Exchange Online expects. The next certificate may be among them."""
    texts = dict.fromkeys(text for connector in connectors if (text := known(connector.tls_certificate_name)))
    found: dict[str, ExchangeCertificate] = {}
    for identity in filter(None, map(identity_of, list(texts)[:MOST_NAMES])):
        for certificate in _named(organisation, identity):
            found.setdefault(certificate.thumbprint, certificate)
    if found:
        return tuple(sorted(found.values(), key=lambda certificate: certificate.thumbprint))
    expected = next((name for connector in organisation.outbound if (name := known(connector.tls_domain))), None)
    fit = intended(organisation, expected, at)
    return (fit,) if fit else ()


def _named(organisation: Organisation, identity: dn.Identity) -> Iterator[ExchangeCertificate]:
    """By common name first, which takes no parsing."""
    common = next((value.casefold() for rdn in identity.subject for kind, value in rdn if kind.upper() == "CN"), "")
    answers: dict[tuple[Text, Text], bool] = {}
    for certificate in organisation.certificates:
        if common in (known(certificate.subject) or "").casefold():
            pair = certificate.subject, certificate.issuer
            if pair not in answers and len(answers) < MOST_LIKE:
                answers[pair] = is_named(certificate, identity)
            if answers.get(pair):
                yield certificate


def in_use(
    certificates: Sequence[ExchangeCertificate], shown: frozenset[str], at: datetime
) -> ExchangeCertificate | None:
    """The one of them that is used today: the only one, the only one on the wire (`shown`), or the only current one."""
    on_the_wire = [found for found in certificates if found.thumbprint in shown]
    current = [found for found in certificates if is_current(found, at) is not False]
    return next((choice[0] for choice in (certificates, on_the_wire, current) if len(choice) == 1), None)


def borne(certificates: Sequence[ExchangeCertificate]) -> tuple[str, ...]:
    """What these certificates are for, together."""
    return tuple(dict.fromkeys(name for one in certificates for name in names_of(one)))[:MOST_HOSTS]


def needing(organisation: Organisation, connectors: Sequence[Connector]) -> tuple[str, ...]:
    """The servers of these connectors; all, where the exports do not say which they are."""
    found: dict[str, str] = {}
    for connector in connectors:
        if isinstance(connector, ReceiveConnector):
            names: tuple[str, ...] = tuple(filter(None, (known(connector.server),)))
        else:
            names = items(connector.source_transport_servers)
        for name in (name.partition(".")[0] for name in names):
            found.setdefault(name.casefold(), name)
    return tuple((list(found.values()) or list(organisation.server_names))[:MOST_SERVERS])
