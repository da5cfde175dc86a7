"""Do the servers' certificates have the name that Exchange Online expects: the outbound connector's TlsDomain?"""

from collections.abc import Iterable, Iterator, Sequence

from probe.judge.certificate import host_address, is_host
from probe.judge.hybrid.installed import names_of, subject_of
from probe.judge.hybrid.offline.case import Case, Use, listed, servers_of
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.judge.hybrid.offline.nameless import shown
from probe.judge.hybrid.way import level
from probe.judge.names import exchange_matches
from probe.judge.standard import AuthLevel
from probe.model import ExchangeCertificate, Finding, Many, OutboundConnector, RuleBook, Verdict, Where, known

BOOK = RuleBook.EXCHANGE_ONLINE


def judge_expected(case: Case) -> Iterator[Finding | Missed]:
    """For each outbound connector to the organisation's own servers, how far their certificates meet it."""
    for connector in case.outbound:
        yield from missed(connector.tls_settings, f"TlsSettings of {called(connector)}", "what Exchange Online demands")
        found = level(connector)
        if found is AuthLevel.DOMAIN_VALIDATION:
            yield from missed(connector.tls_domain, f"TlsDomain of {called(connector)}", "which name it expects")
            if expected := known(connector.tls_domain):
                yield from _judge(case, connector, expected.strip().lower())
        elif connector.tls_settings is None or found:
            where, told = Where(kind="connector", name=connector.name), str(found or "none")
            usual = "the wizard sets DomainValidation"
            yield case.found("outbound-level-weak", Verdict.OK, where, BOOK, level=told, doubt=usual)


def matching(certificate: ExchangeCertificate, expected: str) -> str | None:
    """The name of the certificate that Exchange Online takes for the expected one."""
    names = [name for name in names_of(certificate) if is_host(name) and not host_address(name)]
    if expected in names:
        return expected
    return next((name for name in names if exchange_matches(name, expected)), None)


def common_name(certificate: ExchangeCertificate) -> str | None:
    """The host that its subject names: what the wizard has Exchange Online expect."""
    named = (text.lower() for rdn in subject_of(certificate) or () for kind, text in rdn if kind == "CN")
    return next((name for name in named if is_host(name) and not host_address(name)), None)


def may_judge(certificate: ExchangeCertificate, expected: str) -> bool:
    """Whether its names are known, all of them or the one that counts."""
    cut = not certificate.der and isinstance(certificate.domains, Many) and certificate.domains.cut
    return bool(names_of(certificate)) and (not cut or matching(certificate, expected) is not None)


def unverified(certificates: Iterable[ExchangeCertificate], expected: str) -> str | None:
    """What of the answer on the name nobody has verified; None where it is known."""
    for certificate in certificates:
        matched = matching(certificate, expected)
        if matched == f"*.{expected}":
            return (
                f"that it takes {matched} for the bare {expected} is known of Exchange's code of 2013, unverified since"
            )
        if matched is None and expected.startswith("*.") and expected[2:] in names_of(certificate):
            return f"whether it takes {expected[2:]} for {expected} is unverified"
    return None


def _judge(case: Case, connector: OutboundConnector, expected: str) -> Iterator[Finding | Missed]:
    groups: dict[tuple[str, ...], list[tuple[Use, tuple[ExchangeCertificate, ...]]]] = {}
    for use in case.facing:
        candidates = shown(case, use)
        unclear = [found for found in candidates if not may_judge(found, expected)]
        for found in unclear:
            what = f"CertificateDomains of {found.thumbprint}"
            yield from missed(found.domains, what, f"whether it has the name {expected}")
        if candidates and not unclear:
            key = tuple(sorted({one.thumbprint for one in candidates}))
            groups.setdefault(key, []).append((use, candidates))
    met = any(matching(one, expected) for alike in groups.values() for one in alike[0][1])
    for alike in groups.values():
        yield _told(case, connector, expected, [use for use, _ in alike], alike[0][1], met=met)


def _told(
    case: Case,
    connector: OutboundConnector,
    expected: str,
    uses: Sequence[Use],
    candidates: Sequence[ExchangeCertificate],
    *,
    met: bool,
) -> Finding:
    """`met`: some server has the name, so that it can be a question of which servers count."""
    matched = [matching(one, expected) for one in candidates]
    first = next((one for one, name in zip(candidates, matched, strict=True) if not name), candidates[0])
    doubt, verdict, code = unverified(candidates, expected), Verdict.OK, "tls-domain-matches"
    if not all(matched):
        code = "tls-domain-mismatch"
        certain = not any(matched) and not (met and case.receives_at(uses[0].server) is None)
        verdict = Verdict.FAIL if certain else Verdict.WARN
        if met and not any(matched) and not certain:
            doubt = "the exports do not say whether Exchange Online's mail comes to these servers"
    servers = servers_of(uses)
    return case.found(
        code,
        verdict,
        Where(kind="connector", name=connector.name, host=servers[0] if len(servers) == 1 else None),
        BOOK,
        on=servers,
        outbound=connector,
        blanks=(("OLD-THUMBPRINT", first.thumbprint), ("NEW-NAME", common_name(first))),
        cause=None if all(matched) else "depends" if any(matched) else "no-name",
        expected=expected,
        presented=listed(names_of(first)),
        subject=known(first.subject),
        thumbprint=listed(one.thumbprint for one in candidates) if all(matched) else first.thumbprint,
        matched=listed(matched) if all(matched) else None,
        servers=listed(servers),
        connectors=listed(called(use.connector) for use in uses),
        doubt=doubt,
    )
