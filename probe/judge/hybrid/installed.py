"""Which certificate does a connector name, and which should it?

A connector on premises names a certificate by issuer and subject (`TlsCertificateName`); which one that is depends on
what the server has installed. With two that match never is one asserted: the code of 2013 took the first valid one,
today's documentation says the one that expires last, and the choice is cached besides. The wire decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from probe.judge import dn
from probe.judge.certificate import Certificate, parse
from probe.judge.names import exchange_matches
from probe.model import ExchangeCertificate, Gap, Organisation, items, known


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What the text of a `TlsCertificateName` comes to on one server. `error` says why the text cannot be read.

    `here` are the certificates that it names there, `elsewhere` those on other servers; `kin` are installed there and
    have the same subject, or the same issuer where none has the same subject.
    """

    given: str
    identity: dn.Identity | None
    error: str
    here: tuple[ExchangeCertificate, ...] = ()
    elsewhere: tuple[ExchangeCertificate, ...] = ()
    kin: tuple[ExchangeCertificate, ...] = ()


def resolve(organisation: Organisation, given: str, server: str | None) -> Resolution:
    """Certificates that `given` names on the server; None: on whichever."""
    try:
        identity = dn.parse_identity(given)
    except ValueError as error:
        return Resolution(given=given, identity=None, error=str(error))
    matching = [found for found in organisation.certificates if is_named(found, identity)]
    held = list(installed_on(organisation, server))
    here = tuple(found for found in matching if found in held)
    kin = [found for found in held if found not in here]
    same_subject = tuple(c for c in kin if (name := subject_of(c)) and not dn.differing(identity.subject, name))
    issuer = identity.issuer
    same_issuer = tuple(c for c in kin if issuer and (name := issuer_of(c)) and not dn.differing(issuer, name))
    return Resolution(
        given=given,
        identity=identity,
        error="",
        here=here,
        elsewhere=tuple(found for found in matching if found not in held),
        kin=same_subject or same_issuer,
    )


def installed_on(organisation: Organisation, server: str | None) -> Iterator[ExchangeCertificate]:
    """The certificates of a server; an export that names no server for a certificate may speak of any."""
    for certificate in organisation.certificates:
        holder = known(certificate.server)
        if server is None or holder is None or same_server(holder, server):
            yield certificate


def same_server(one: str, other: str) -> bool:
    """Whether two spellings, `EX01` and `ex01.corp.contoso.com`, are of one server."""
    return one.partition(".")[0].casefold() == other.partition(".")[0].casefold()


def is_named(certificate: ExchangeCertificate, identity: dn.Identity) -> bool:
    """Whether issuer (where one is given) and subject are those of the certificate, compared as parsed lists."""
    subject, issuer = subject_of(certificate), issuer_of(certificate)
    if subject is None or dn.differing(identity.subject, subject):
        return False
    return identity.issuer is None or (issuer is not None and not dn.differing(identity.issuer, issuer))


def subject_of(certificate: ExchangeCertificate) -> dn.Name | None:
    """The subject, parsed; None where it is not known or cannot be read."""
    return _parsed(known(certificate.subject))


def issuer_of(certificate: ExchangeCertificate) -> dn.Name | None:
    """The issuer, likewise."""
    return _parsed(known(certificate.issuer))


@lru_cache(maxsize=4096)
def _parsed(text: str | None) -> dn.Name | None:
    if not text:
        return None
    try:
        return dn.parse(text)
    except ValueError:
        return None


def names_of(certificate: ExchangeCertificate) -> tuple[str, ...]:
    """The names that it is for, lower-case, the common name among them."""
    found = parse(certificate.der) if certificate.der else None
    if isinstance(found, Certificate):
        return found.names
    return tuple(name.lower() for name in items(certificate.domains))


def covers(certificate: ExchangeCertificate, expected: str) -> bool:
    """Whether Exchange Online would take it for the expected name (a TlsDomain)."""
    return any(exchange_matches(name, expected.lower()) for name in names_of(certificate))


def is_current(certificate: ExchangeCertificate, at: datetime) -> bool | None:
    """Whether its dates hold; None where they are not known."""
    begin, end = known(certificate.not_before), known(certificate.not_after)
    return None if begin is None or end is None else begin <= at <= end


def intended(organisation: Organisation, expected: str | None, at: datetime) -> ExchangeCertificate | None:
    """The installed certificate that remedies should name: current, with its key, not self-signed, for the expected
    name where there is one; of several the one that expires last, then the one on the most servers; else None."""
    fit = [
        certificate
        for certificate in organisation.certificates
        if is_current(certificate, at) is not False
        and certificate.has_private_key is not False
        and certificate.is_self_signed is not True
        and (expected is None or covers(certificate, expected))
    ]
    held = [certificate.thumbprint for certificate in fit]

    def rank(certificate: ExchangeCertificate) -> tuple[float, int, str]:
        end = certificate.not_after
        return (
            0 if isinstance(end, Gap) or end is None else end.timestamp(),
            held.count(certificate.thumbprint),
            certificate.thumbprint,
        )

    return max(fit, key=rank, default=None)
