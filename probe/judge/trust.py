"""Four independent questions on the chain as presented: path, names, dates, usage.

One certificate can so earn several findings, each precise, instead of one sentence about the first fault that some
library came across.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from probe.judge.certificate import Certificate, Unreadable, host_address, parse
from probe.judge.chain import Anchors, Path, follow, misordered, superfluous
from probe.judge.find import at_certificate, at_endpoint, finding
from probe.judge.names import by_exchange, by_rfc
from probe.judge.standard import AuthLevel, Demand, Standard
from probe.model import Endpoint, Finding, RuleBook, Verdict

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
ANY_USAGE = "2.5.29.37.0"
_USAGES = {
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}

# RFC 9155 retires MD5 and SHA-1 signatures; RSA below 2048 bits is 112 bits of strength no more (NIST SP 800-57).
_WEAK_SIGNATURES = ("MD2", "MD4", "MD5", "SHA-1")
_LEAST_RSA = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A chain in question: whose, what was sent, where it leads, and by what it is judged."""

    endpoint: Endpoint
    der: tuple[bytes, ...]
    leaf: Certificate
    path: Path
    anchors: Anchors
    at: datetime
    standard: Standard
    demand: Demand

    def position(self, certificate: Certificate | Unreadable) -> int | None:
        return self.der.index(certificate.der) if certificate.der in self.der else None


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
        yield from _judge_path(case)
        yield from _judge_order(case)
        yield from _judge_names(case)
        yield from _judge_dates(case)
        yield from _judge_usage(case)
        yield from _judge_strength(case)


def _judge_path(case: Presented) -> Iterator[Finding]:
    path, book, where = case.path, case.demand.book, at_certificate(case.endpoint, 0)
    if not path.cause:
        yield finding("certificate-trusted", Verdict.OK, where, book, anchor=path.end.subject, roots=case.anchors.label)
        return
    verdict = case.demand.trust
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
        excused_by=case.demand.excuse(verdict),
    )
    if path.cause == "chain-incomplete":
        yield finding(
            "chain-incomplete",
            verdict,
            where,
            book,
            missing=path.end.issuer,
            child=path.end.subject,
            aia=" ".join(path.end.aia),
            excused_by=case.demand.excuse(verdict),
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


def _judge_dates(case: Presented) -> Iterator[Finding]:
    """Of the leaf and of every certificate on the path. RFC 5280 §4.1.2.5: both dates are inclusive."""
    book, verdict, at = case.demand.book, case.demand.dates, case.at
    for certificate in case.path.certificates:
        where = at_certificate(case.endpoint, case.position(certificate))
        until = certificate.not_after.strftime("%Y-%m-%d %H:%M:%S UTC")
        left = certificate.not_after - at
        if left < timedelta(0):
            yield finding(
                "certificate-expired",
                verdict,
                where,
                book,
                not_after=until,
                days_ago=-left // timedelta(days=1),
                subject=certificate.subject,
            )
        elif at < certificate.not_before:
            yield finding(
                "certificate-not-yet-valid",
                verdict,
                where,
                book,
                not_before=certificate.not_before.strftime("%Y-%m-%d %H:%M:%S UTC"),
                days_ahead=(certificate.not_before - at) // timedelta(days=1),
                subject=certificate.subject,
            )
        elif certificate.der in case.der:  # an anchor's own end is no business of the server's
            soon = _ends_soon(certificate, left, case.standard)
            if soon or certificate is case.leaf:
                yield finding(
                    "certificate-expires-soon" if soon else "certificate-current",
                    Verdict.WARN if soon else Verdict.OK,
                    where,
                    book,
                    not_after=until,
                    days_left=left // timedelta(days=1),
                    subject=certificate.subject,
                )


def _ends_soon(certificate: Certificate, left: timedelta, standard: Standard) -> bool:
    lifetime = certificate.not_after - certificate.not_before
    return left < timedelta(days=standard.warn_days) and left < lifetime * (standard.warn_lifetime / 100)


def _judge_usage(case: Presented) -> Iterator[Finding]:
    """RFC 5280 §4.2.1.12: no extended key usage means no limits. §4.2.1.3 likewise for the key usage."""
    verdict = case.demand.trust
    for certificate in case.path.certificates:
        usages, problem = certificate.usages, ""
        if usages is not None and not {SERVER_AUTH, ANY_USAGE} & set(usages):
            problem = f"only for {', '.join(_USAGES.get(oid, oid) for oid in usages)}"
        elif certificate is case.leaf and not certificate.can_sign_or_encipher:
            problem = "its key usage allows neither signing nor encipherment"
        if problem:
            yield finding(
                "certificate-wrong-usage",
                verdict,
                at_certificate(case.endpoint, case.position(certificate)),
                case.demand.book,
                usage=problem,
                subject=certificate.subject,
                excused_by=case.demand.excuse(verdict),
            )


def _judge_strength(case: Presented) -> Iterator[Finding]:
    """How each certificate of the path was made. An anchor is trusted as it is: nobody looks at its signature."""
    for certificate in case.path.certificates:
        anchor = certificate.self_signed or (case.path.cause is None and certificate is case.path.end)
        weaknesses = []
        if certificate.signature in _WEAK_SIGNATURES and not anchor:
            weaknesses.append(f"{certificate.signature} signature")
        if certificate.rsa_bits and certificate.rsa_bits < _LEAST_RSA:
            weaknesses.append(f"{certificate.key} key")
        if weaknesses:
            verdict = case.demand.trust
            yield finding(
                "certificate-weak",
                verdict,
                at_certificate(case.endpoint, case.position(certificate)),
                case.demand.book,
                weakness=", ".join(weaknesses),
                subject=certificate.subject,
                excused_by=case.demand.excuse(verdict),
            )
