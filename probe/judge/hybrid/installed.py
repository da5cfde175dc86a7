"""Which certificate does a connector name, and which should it?

A connector on premises names a certificate by issuer and subject (`TlsCertificateName`); which one that is depends on
what the server has installed. With two that match never is one asserted: the code of 2013 took the first valid one,
today's documentation says the one that expires last, and the choice is cached besides. The wire decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice

from probe.judge import dn
from probe.judge.certificate import Certificate, parse
from probe.judge.names import exchange_matches
from probe.model import ExchangeCertificate, Gap, Organisation, items, known
from probe.model import same_server as same_server  # for those who look for it here
from probe.model import short as short

MOST = 16  # certificates elsewhere, and kin, that are told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What the text of a `TlsCertificateName` comes to on one server. `error` says why the text cannot be read.

    `here` are the certificates that it names there, `elsewhere` those on other servers; `kin` are installed there and
    have the same subject, or the same issuer where none has the same subject. Where names have the same parts in
    another order, it is taken for the same name: `reordered` says which of `here` these are.
    """

    given: str
    identity: dn.Identity | None
    error: str
    here: tuple[ExchangeCertificate, ...] = ()
    elsewhere: tuple[ExchangeCertificate, ...] = ()
    kin: tuple[ExchangeCertificate, ...] = ()
    reordered: tuple[ExchangeCertificate, ...] = ()


Holders = dict[str | None, list[ExchangeCertificate]]  # by the server's short name; None: the export names no server


class Inventory:
    """What the servers of an organisation have installed, by server and by name: a look-up does not go through all."""

    def __init__(self, organisation: Organisation) -> None:
        self._everywhere = organisation.certificates
        self._on: Holders = defaultdict(list)
        self._named: dict[tuple[dn.Name, dn.Name | None], Holders] = defaultdict(lambda: defaultdict(list))
        self._issued: dict[dn.Name, Holders] = defaultdict(lambda: defaultdict(list))
        self._unread: Holders = defaultdict(list)
        self._asked: dict[str, tuple[ExchangeCertificate, ...]] = {}
        self._resolved: dict[tuple[str, str | None], Resolution] = {}
        for certificate in organisation.certificates:
            holder = short(name) if (name := known(certificate.server)) else None
            self._on[holder].append(certificate)
            subject, issuer = _parts(subject_of(certificate)), _parts(issuer_of(certificate))
            if subject:
                self._named[subject, None][holder].append(certificate)
            if subject and issuer:
                self._named[subject, issuer][holder].append(certificate)
            else:
                self._unread[holder].append(certificate)
            if issuer:
                self._issued[issuer][holder].append(certificate)

    def on(self, server: str | None) -> tuple[ExchangeCertificate, ...]:
        """The certificates of a server, None being any; those of which the export names no server may be anybody's."""
        if server is None:
            return self._everywhere
        if short(server) not in self._asked:
            self._asked[short(server)] = tuple(_of(self._on, server))
        return self._asked[short(server)]

    def unread(self, server: str | None) -> ExchangeCertificate | None:
        """One of them whose issuer or subject is not known, so that it may have any name."""
        return next(_of(self._unread, server), None)

    def resolve(self, given: str, server: str | None) -> Resolution:
        """Certificates that `given` names on the server; None: on whichever. Of each kind the first few are told."""
        key = given, short(server) if server else None
        if key not in self._resolved:
            self._resolved[key] = self._resolve(given, server)
        return self._resolved[key]

    def _resolve(self, given: str, server: str | None) -> Resolution:
        try:
            identity = dn.parse_identity(given)
        except ValueError as error:
            return Resolution(given=given, identity=None, error=str(error))
        subject, issuer = dn.same_parts(identity.subject), _parts(identity.issuer)
        holders = self._named.get((subject, issuer), {})
        here = tuple(islice(_of(holders, server), MOST))
        same_subject = tuple(islice(_of(self._named.get((subject, None), {}), server), MOST))
        same_issuer = tuple(islice(_of(self._issued.get(issuer, {}), server), MOST)) if issuer else ()
        mine = (None, short(server or ""))
        others = (found for holder, held in holders.items() if server and holder not in mine for found in held)
        return Resolution(
            given=given,
            identity=identity,
            error="",
            here=here,
            elsewhere=tuple(islice(others, MOST)),
            kin=tuple(found for found in same_subject or same_issuer if found not in here),
            reordered=tuple(found for found in here if _is_reordered(found, identity)),
        )


def _of(holders: Holders, server: str | None) -> Iterator[ExchangeCertificate]:
    if server is None:
        return (found for held in holders.values() for found in held)
    return (found for holder in (short(server), None) for found in holders.get(holder, ()))


def _parts(name: dn.Name | None) -> dn.Name | None:
    return dn.same_parts(name) if name else None


def _may_be_on(certificate: ExchangeCertificate, server: str | None) -> bool:
    holder = known(certificate.server)
    return server is None or holder is None or same_server(holder, server)


def _is_reordered(certificate: ExchangeCertificate, identity: dn.Identity) -> bool:
    """Whether the certificate's name differs from the given one, by its order then."""
    pairs = ((identity.subject, subject_of(certificate)), (identity.issuer, issuer_of(certificate)))
    return any(given and found and dn.differing(given, found) for given, found in pairs)


def resolve(organisation: Organisation, given: str, server: str | None) -> Resolution:
    """Certificates that `given` names on the server; None: on whichever."""
    return inventory(organisation).resolve(given, server)


def inventory(organisation: Organisation) -> Inventory:
    """The organisation's; the one of last time is kept, for questions come in rows."""
    if not _latest or _latest[0][0] is not organisation:
        _latest[:] = [(organisation, Inventory(organisation))]
    return _latest[0][1]


_latest: list[tuple[Organisation, Inventory]] = []


def installed_on(organisation: Organisation, server: str | None) -> Iterator[ExchangeCertificate]:
    """The certificates of a server; an export that names no server for a certificate may speak of any."""
    return (certificate for certificate in organisation.certificates if _may_be_on(certificate, server))


def is_named(certificate: ExchangeCertificate, identity: dn.Identity) -> bool:
    """Whether issuer (where one is given) and subject have the parts of the certificate's, in whatever order."""
    subject, issuer = subject_of(certificate), issuer_of(certificate)
    if subject is None or dn.same_parts(identity.subject) != dn.same_parts(subject):
        return False
    if identity.issuer is None:
        return True
    return issuer is not None and dn.same_parts(identity.issuer) == dn.same_parts(issuer)


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
    holders = Counter(certificate.thumbprint for certificate in fit)

    def rank(certificate: ExchangeCertificate) -> tuple[float, int, str]:
        end = certificate.not_after
        return (
            0 if isinstance(end, Gap) or end is None else end.timestamp(),
            holders[certificate.thumbprint],
            certificate.thumbprint,
        )

    return max(fit, key=rank, default=None)
