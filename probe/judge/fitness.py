"""Dates, usage and strength of every certificate on the path: three of the questions that a chain has to answer."""

from collections.abc import Iterator
from datetime import timedelta

from probe.judge.certificate import Certificate
from probe.judge.find import at_certificate, finding
from probe.judge.presented import Presented
from probe.judge.standard import Standard
from probe.model import Finding, Verdict

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


def judge_dates(case: Presented) -> Iterator[Finding]:
    """Of the leaf and of every certificate on the path. RFC 5280 §4.1.2.5: both dates are inclusive."""
    # By any standard: that some senders do not look is no excuse.
    book, verdict, at = case.demand.book, Verdict.FAIL, case.at
    for certificate in case.path.certificates:
        where = at_certificate(case.position(certificate))
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


def judge_usage(case: Presented) -> Iterator[Finding]:
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
                at_certificate(case.position(certificate)),
                case.demand.book,
                usage=problem,
                subject=certificate.subject,
                excused_by=case.demand.excuse(verdict),
            )


def judge_strength(case: Presented) -> Iterator[Finding]:
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
                at_certificate(case.position(certificate)),
                case.demand.book,
                weakness=", ".join(weaknesses),
                subject=certificate.subject,
                excused_by=case.demand.excuse(verdict),
            )
