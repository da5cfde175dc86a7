"""The certificate on the wire against the ones that the front ends' connectors name.

A connector stores issuer and subject. So the names of the connectors are first resolved to thumbprints among what the
servers have installed, and those are compared; where two certificates share a name, the wire decides which is in use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from probe.judge import dn
from probe.judge.certificate import Certificate, Unreadable
from probe.judge.find import at_certificate, finding
from probe.judge.hybrid.connectors import server_of
from probe.judge.hybrid.installed import Resolution, covers, resolve, same_server
from probe.model import ExchangeCertificate, Finding, Organisation, ReceiveConnector, RuleBook, Verdict, known

# CAs date certificates back, by an hour or to the day's beginning, so that slow clocks take them.
BACKDATED = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A front end's connector and what its name comes to; None: it names none, or the export does not say."""

    connector: ReceiveConnector
    resolution: Resolution | None


def named(organisation: Organisation, connectors: Sequence[ReceiveConnector]) -> tuple[Named, ...]:
    """What each of the connectors names on its own server."""
    return tuple(
        Named(
            connector=connector,
            resolution=resolve(organisation, given, server_of(connector))
            if (given := known(connector.tls_certificate_name))
            else None,
        )
        for connector in connectors
    )


def judge_presented(
    leaf: Certificate | Unreadable,
    organisation: Organisation,
    connectors: Sequence[ReceiveConnector],
    *,
    validates: bool | None = None,
) -> Iterator[Finding]:
    """Is the leaf one that these connectors name? Nothing is said where it is not known what they name, or where they
    are not known. `validates`: whether Exchange Online checks the certificate here; None: not known."""
    told = named(organisation, connectors)
    expected = {found.thumbprint for one in told if one.resolution for found in one.resolution.here}
    presented = leaf.sha1.upper()
    holders = [found for found in organisation.certificates if found.thumbprint == presented]
    unset = [one.connector for one in told if one.connector.tls_certificate_name is None]
    if presented in expected:
        yield _matching(presented, told)
    elif by_fqdn := [connector for connector in unset if _is_found_by_fqdn(connector, holders)]:
        yield _found(presented, by_fqdn)
    elif expected:
        yield _differing(leaf, organisation, told, expected)
    elif holders and unset:
        yield _chosen(leaf, holders, unset, validates=validates)
    elif not holders and organisation.certificates and is_younger(leaf, organisation):
        yield outdated(leaf, organisation, expected)
    elif any(one.resolution and one.resolution.identity for one in told):
        yield from _by_name(leaf, organisation, told)
    elif unset and len(unset) == len(told) and all(_are_exported(organisation, one) for one in unset):
        yield _mismatch(leaf, "not-installed", Verdict.WARN, expected, holders, unset)


def _is_found_by_fqdn(connector: ReceiveConnector, holders: Sequence[ExchangeCertificate]) -> bool:
    """Whether Exchange would come upon it by the connector's Fqdn, and for being a CA's prefer it."""
    fqdn = known(connector.fqdn)
    return bool(fqdn) and any(found.is_self_signed is False and covers(found, fqdn or "") for found in holders)


def _found(presented: str, connectors: Sequence[ReceiveConnector]) -> Finding:
    names = ", ".join(dict.fromkeys(connector.name for connector in connectors))
    return finding(
        "connector-certificate-matches",
        Verdict.OK,
        at_certificate(0),
        RuleBook.EXCHANGE_ONLINE,
        by=f"the Fqdn of {names}, for no certificate is named (so by Exchange's code of 2013, unverified since)",
        thumbprint=presented,
    )


def _are_exported(organisation: Organisation, connector: ReceiveConnector) -> bool:
    """Whether the export has certificates of the connector's server; those of no server may be anybody's."""
    server = server_of(connector)
    holders = (known(found.server) for found in organisation.certificates)
    return any(holder is None or server is None or same_server(holder, server) for holder in holders)


def _matching(presented: str, told: Sequence[Named]) -> Finding:
    fits = [one for one in told if one.resolution and presented in _thumbprints(one.resolution.here)]
    several = max((len(_thumbprints(one.resolution.here)) for one in fits if one.resolution), default=0)
    return finding(
        "connector-certificate-matches",
        Verdict.OK,
        at_certificate(0),
        RuleBook.EXCHANGE_ONLINE,
        by="the TlsCertificateName of " + ", ".join(dict.fromkeys(one.connector.name for one in fits)),
        thumbprint=presented,
        ambiguous=f"{several} installed certificates share that name; this is the one in use" if several > 1 else None,
    )


def _thumbprints(certificates: Sequence[ExchangeCertificate]) -> set[str]:
    return {certificate.thumbprint for certificate in certificates}


def is_younger(leaf: Certificate | Unreadable, organisation: Organisation) -> bool:
    """Whether the export may be too old to know the certificate. One that does not say when it was made is as old as
    the youngest certificate in it, for all that we know."""
    if isinstance(leaf, Unreadable):
        return False
    if organisation.collected:
        return leaf.not_before > organisation.collected - BACKDATED
    begins = [begin for found in organisation.certificates if (begin := known(found.not_before))]
    return bool(begins) and leaf.not_before > max(begins)


def outdated(leaf: Certificate | Unreadable, organisation: Organisation, expected: set[str]) -> Finding:
    """The finding that says so; `expected` are the thumbprints that the export would have."""
    return finding(
        "export-outdated",
        Verdict.WARN,
        at_certificate(0),
        RuleBook.EXCHANGE_ONLINE,
        presented=leaf.sha1.upper(),
        subject=leaf.subject if isinstance(leaf, Certificate) else None,
        issued=_day(leaf.not_before) if isinstance(leaf, Certificate) else None,
        collected=_day(organisation.collected) if organisation.collected else None,
        expected=" or ".join(sorted(expected)),
    )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _chosen(
    leaf: Certificate | Unreadable,
    holders: Sequence[ExchangeCertificate],
    unset: Sequence[ReceiveConnector],
    *,
    validates: bool | None,
) -> Finding:
    """No certificate is named, and Exchange shows this one. A CA's may do all the same; its own does where nobody
    checks it."""
    if all(found.is_self_signed is False for found in holders) or validates is None:
        return _mismatch(leaf, "name-unset", Verdict.WARN, set(), holders, unset)
    if validates:
        return _mismatch(leaf, "name-unset", Verdict.FAIL, set(), holders, unset)
    excuse = "the outbound connector's TlsSettings"
    return _mismatch(leaf, "name-unset", Verdict.OK, set(), holders, unset, excused_by=excuse)


def _differing(
    leaf: Certificate | Unreadable, organisation: Organisation, told: Sequence[Named], expected: set[str]
) -> Finding:
    holders = [found for found in organisation.certificates if found.thumbprint == leaf.sha1.upper()]
    if not holders and is_younger(leaf, organisation):
        return outdated(leaf, organisation, expected)
    unset = [one.connector for one in told if one.connector.tls_certificate_name is None]
    if holders and unset:
        return _mismatch(leaf, "name-unset", Verdict.FAIL, expected, holders, unset)
    cause = "another-installed" if holders else "not-installed"
    return _mismatch(leaf, cause, Verdict.FAIL, expected, holders, [one.connector for one in told])


def _mismatch(
    leaf: Certificate | Unreadable,
    cause: str,
    verdict: Verdict,
    expected: set[str],
    holders: Sequence[ExchangeCertificate],
    connectors: Sequence[ReceiveConnector],
    **more: str,
) -> Finding:
    return finding(
        "connector-certificate-mismatch",
        verdict,
        at_certificate(0),
        RuleBook.EXCHANGE_ONLINE,
        cause=cause,
        expected=" or ".join(sorted(expected)),
        presented=leaf.sha1.upper(),
        subject=leaf.subject if isinstance(leaf, Certificate) else None,
        issuer=leaf.issuer if isinstance(leaf, Certificate) else None,
        servers=", ".join(dict.fromkeys(server for found in holders if (server := known(found.server)))),
        connectors=", ".join(dict.fromkeys(one.name for one in connectors)),
        **more,
    )


def _by_name(leaf: Certificate | Unreadable, organisation: Organisation, told: Sequence[Named]) -> Iterator[Finding]:
    """No installed certificate has the name, or none was exported: the names themselves are compared."""
    identities = {
        one.resolution.given: one.resolution.identity for one in told if one.resolution and one.resolution.identity
    }
    differences = {given: _differences(leaf, identity) for given, identity in identities.items()}
    fitting = [given for given, (issuer, subject) in differences.items() if not issuer and not subject]
    connectors = ", ".join(dict.fromkeys(one.connector.name for one in told if one.resolution))
    if fitting:
        yield finding(
            "connector-certificate-matches",
            Verdict.OK,
            at_certificate(0),
            RuleBook.EXCHANGE_ONLINE,
            by=f"issuer and subject, as in the TlsCertificateName of {connectors}",
            thumbprint=leaf.sha1.upper(),
        )
        return
    given, (issuer, subject) = min(differences.items(), key=lambda pair: sum(map(len, pair[1])))
    both = "issuer-and-subject-differ" if issuer and subject else None
    yield finding(
        "connector-certificate-mismatch",
        Verdict.FAIL,
        at_certificate(0),
        RuleBook.EXCHANGE_ONLINE,
        cause=both or ("issuer-differs" if issuer else "subject-differs"),
        expected=given,
        presented=leaf.sha1.upper(),
        subject=leaf.subject if isinstance(leaf, Certificate) else None,
        issuer=leaf.issuer if isinstance(leaf, Certificate) else None,
        rdns="; ".join((*(f"issuer {d}" for d in issuer), *(f"subject {d}" for d in subject))),
        named_by=connectors,
    )


def _differences(leaf: Certificate | Unreadable, identity: dn.Identity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(leaf, Unreadable):
        return (("cannot be read",) if identity.issuer else ()), ("cannot be read",)
    issuer = dn.differing(identity.issuer, leaf.issuer_name) if identity.issuer else ()
    return issuer, dn.differing(identity.subject, leaf.subject_name)
