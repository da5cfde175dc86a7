"""Four independent questions on the chain as presented: path, names, dates, usage. The last two are in `fitness`.

One certificate can so earn several findings, each precise, instead of one sentence about the first fault that some
library came across.
"""

from collections.abc import Iterator
from datetime import datetime

from probe.judge.certificate import Certificate, Unreadable, host_address, parse
from probe.judge.chain import Anchors, follow, misordered, superfluous
from probe.judge.find import at_certificate, at_endpoint, finding
from probe.judge.fitness import judge_dates, judge_strength, judge_usage
from probe.judge.names import by_exchange, by_rfc
from probe.judge.presented import Presented
from probe.judge.standard import AuthLevel, Demand, Standard
from probe.model import Endpoint, Finding, RuleBook, Verdict


def judge_chain(
    endpoint: Endpoint, der: tuple[bytes, ...], anchors: Anchors, at: datetime, standard: Standard, demand: Demand
) -> Iterator[Finding]:
    """Findings on a presented chain."""
    for position, certificate in enumerate(map(parse, der)):
        if isinstance(certificate, Unreadable):
            verdict = demand.fault if position == 0 else Verdict.WARN
            where = at_certificate(endpoint, position)
            yield finding("certificate-unreadable", verdict, where, demand.book, error=certificate.error)
    path = follow(der, anchors, at)
    leaf = parse(der[0])
    if path and isinstance(leaf, Certificate):
        case = Presented(
            endpoint=endpoint,
            der=der,
            leaf=leaf,
            path=path,
            anchors=anchors,
            at=at,
            standard=standard,
            demand=demand,
        )
        # Exchange Online looks at the name before the chain, and reports the first fault alone.
        names_first = demand.book is RuleBook.EXCHANGE_ONLINE
        for question in (_judge_names, _judge_path) if names_first else (_judge_path, _judge_names):
            yield from question(case)
        yield from _judge_order(case)
        yield from judge_dates(case)
        yield from judge_usage(case)
        yield from judge_strength(case)


def _judge_path(case: Presented) -> Iterator[Finding]:
    path, book, where = case.path, case.demand.book, at_certificate(case.endpoint, 0)
    if not path.cause:
        yield finding("certificate-trusted", Verdict.OK, where, book, anchor=path.end.subject, roots=case.anchors.label)
        return
    verdict = case.demand.trust
    excuse = case.demand.excuse(verdict)
    if path.cause == "chain-incomplete":  # what is so comes before what follows from it
        yield finding(
            "chain-incomplete",
            verdict,
            where,
            book,
            missing=path.end.issuer,
            child=path.end.subject,
            aia=" ".join(path.end.aia),
            excused_by=excuse,
        )
    yield finding(
        "certificate-not-trusted",
        verdict,
        where,
        book,
        cause=path.cause,
        subject=case.leaf.subject,
        issuer=path.end.issuer,
        roots=case.anchors.label,
        error=path.error,
        excused_by=excuse,
    )


def _judge_order(case: Presented) -> Iterator[Finding]:
    where, book = at_endpoint(case.endpoint), case.demand.book
    if misordered(case.der, case.path):
        order = " > ".join(c.subject if isinstance(c, Certificate) else "unreadable" for c in map(parse, case.der))
        yield finding("chain-misordered", Verdict.WARN, where, book, order=order)
    extra = superfluous(case.der, case.path)
    if extra:
        # An expired one misled old clients (May 2020: AddTrust); else it only costs bytes.
        expired = any(isinstance(e.certificate, Certificate) and e.certificate.not_after < case.at for e in extra)
        yield finding(
            "chain-superfluous",
            Verdict.WARN if expired else Verdict.OK,
            where,
            book,
            positions=", ".join(str(e.position) for e in extra),
            why=", ".join(dict.fromkeys((*(e.why for e in extra), *(("expired",) if expired else ())))),
        )


def _judge_names(case: Presented) -> Iterator[Finding]:
    demand, leaf, where = case.demand, case.leaf, at_certificate(case.endpoint, 0)
    expected = _reference(case)
    verdict = demand.naming
    if expected is None or (host_address(expected) and not leaf.ip_names):
        # An address, and a certificate that speaks of none: there is nothing to compare.
        yield finding(
            "certificate-name-unchecked",
            Verdict.OK,
            where,
            demand.book,
            presented=", ".join(leaf.names),
            excused_by=demand.excuse(verdict),
        )
        return
    by_book = by_exchange if demand.book is RuleBook.EXCHANGE_ONLINE and demand.name else by_rfc
    if matched := by_book(leaf, expected):
        otherwise = "the common name or the bare parent of a wildcard does not count there"
        yield finding(
            "certificate-name-matches",
            Verdict.OK,
            where,
            demand.book,
            expected=expected,
            matched=matched,
            rfc_9525=otherwise if by_book is by_exchange and not _rfc_agrees(leaf, expected) else None,
        )
    else:
        yield finding(
            "certificate-host-mismatch",
            verdict,
            where,
            demand.book,
            expected=expected,
            presented=", ".join(leaf.names) or "none",
            subject=leaf.subject,
            thumbprint=leaf.sha1.upper(),
            excused_by=demand.excuse(verdict),
        )


def _reference(case: Presented) -> str | None:
    """The name that the certificate should have; None where the level does not ask for one."""
    if case.demand.name:
        return case.demand.name
    if case.demand.level in (AuthLevel.ENCRYPTION_ONLY, AuthLevel.CERTIFICATE_VALIDATION):
        return None
    # RFC 9525 §6.1.1: the name that the client set out with. An address gives none, unless SNI named one.
    endpoint = case.endpoint
    return endpoint.server_name if host_address(endpoint.host) and endpoint.server_name else endpoint.host


def _rfc_agrees(leaf: Certificate, expected: str) -> bool:
    return expected in leaf.dns_names or (not expected.startswith("*.") and by_rfc(leaf, expected) is not None)
