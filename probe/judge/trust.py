"""Four independent questions on the chain as presented: path, names, dates, usage. The last two are in `fitness`.

One certificate can so earn several findings, each precise, instead of one sentence about the first fault that some
library came across.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from probe.judge.certificate import SMALL, Certificate, Unreadable, host_address, parse
from probe.judge.chain import Anchors, follow, misordered, superfluous
from probe.judge.connector import judge_identity
from probe.judge.find import ENDPOINT, at_certificate, finding, placed
from probe.judge.fitness import judge_dates, judge_strength, judge_usage
from probe.judge.names import by_exchange, by_rfc, doubtful, why_only_exchange
from probe.judge.presented import Presented
from probe.judge.standard import AuthLevel, Demand, Standard
from probe.model import Endpoint, Finding, RuleBook, Verdict


def judge_chain(
    endpoint: Endpoint, der: tuple[bytes, ...], anchors: Anchors, at: datetime, standard: Standard, demand: Demand
) -> Iterator[Finding]:
    """Findings on the chain that an endpoint presented, the expected certificate included."""
    name, leaf = _reference(endpoint, demand), parse(der[0])
    host = endpoint.host if demand.name and endpoint.host != demand.name else None
    bare = name and host_address(name) and not (isinstance(leaf, Certificate) and leaf.ip_names)
    if bare and (not demand.identified or standard.thumbprints or standard.identity):
        name = None  # an address, and a certificate that speaks of none: there is nothing to compare
    # A fleet presents the same few chains over and over; a chain beyond the usual size is not worth remembering.
    judged = _judge if sum(map(len, der)) <= 2 * SMALL else _judge.__wrapped__
    return (placed(found, endpoint) for found in judged(der, name, host, anchors, at, standard, demand))


@lru_cache(maxsize=512)
def _judge(
    der: tuple[bytes, ...],
    name: str | None,
    host: str | None,
    anchors: Anchors,
    at: datetime,
    standard: Standard,
    demand: Demand,
) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for position, certificate in enumerate(map(parse, der)):
        if isinstance(certificate, Unreadable):
            verdict = demand.trust if position == 0 else Verdict.WARN
            where = at_certificate(position)
            excuse = demand.excuse(verdict)
            findings.append(
                finding(
                    "certificate-unreadable", verdict, where, demand.book, error=certificate.error, excused_by=excuse
                )
            )
    path, leaf = follow(der, anchors, at), parse(der[0])
    if path and isinstance(leaf, Certificate):
        case = Presented(
            der=der,
            leaf=leaf,
            name=name,
            host=host,
            path=path,
            anchors=anchors,
            at=at,
            standard=standard,
            demand=demand,
        )
        # Exchange Online looks at the name before the chain, and reports the first fault alone.
        first, second = (
            (_judge_names, _judge_path) if demand.book is RuleBook.EXCHANGE_ONLINE else (_judge_path, _judge_names)
        )
        for question in (first, second, _judge_order, judge_dates, judge_usage, judge_strength):
            findings += question(case)
    return (*findings, *judge_identity(leaf, standard))


def _reference(endpoint: Endpoint, demand: Demand) -> str | None:
    """The name that the certificate should have; None where the level does not ask for one."""
    if demand.name:
        return demand.name
    if demand.level in (AuthLevel.ENCRYPTION_ONLY, AuthLevel.CERTIFICATE_VALIDATION):
        return None
    # RFC 9525 §6.1.1: the name that the client set out with. An address gives none, unless SNI named one.
    return endpoint.server_name if host_address(endpoint.host) and endpoint.server_name else endpoint.host


def _judge_path(case: Presented) -> Iterator[Finding]:
    path, book, where = case.path, case.demand.book, at_certificate(0)
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
        end=path.end.subject,
        issuer=path.end.issuer,
        roots=case.anchors.label,
        aia=" ".join(path.end.aia) if path.cause == "unknown-root" else None,
        error=path.error,
        excused_by=excuse,
    )


def _judge_order(case: Presented) -> Iterator[Finding]:
    where, book = ENDPOINT, case.demand.book
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
    demand, leaf, expected, where = case.demand, case.leaf, case.name, at_certificate(0)
    verdict = demand.naming
    if expected is None:
        yield finding(
            "certificate-name-unchecked",
            Verdict.OK,
            where,
            demand.book,
            why=None if verdict is Verdict.OK else "the target is an address",
            presented=", ".join(leaf.names),
            excused_by=demand.excuse(verdict),
        )
        return
    by_book = by_rfc if demand.book is RuleBook.RFC or host_address(expected) else by_exchange
    if matched := by_book(leaf, expected):
        yield finding(
            "certificate-name-matches",
            Verdict.OK,
            where,
            demand.book,
            expected=expected,
            matched=matched,
            rfc_9525=why_only_exchange(leaf, matched, expected) if by_book is by_exchange else None,
            doubt=doubtful(leaf, matched, expected) if by_book is by_exchange else None,
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
            rfc_9525=_accepted_by_rfc(case) if by_book is by_exchange else None,
            doubt=doubtful(leaf, None, expected) if by_book is by_exchange else None,
            excused_by=demand.excuse(verdict),
        )


def _accepted_by_rfc(case: Presented) -> str | None:
    """For the host itself, which every other sender compares (RFC 9525 §6.1.1)."""
    found = by_rfc(case.leaf, case.host) if case.host else None
    return f"{found} stands for {case.host}, the host connected to" if found else None
