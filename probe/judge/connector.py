"""Is this the certificate that the connector names?

By thumbprint, SHA-1 as Exchange prints it or SHA-256, several where a renewal is under way; or by issuer and subject,
which is what a connector stores. A thumbprint would be the same idea as a DANE record that we made ourselves.
"""

from collections.abc import Iterator

from probe.judge import dn
from probe.judge.certificate import Certificate, Unreadable
from probe.judge.find import at_certificate, finding
from probe.judge.standard import Standard
from probe.model import Finding, RuleBook, Verdict


def judge_identity(leaf: Certificate | Unreadable, standard: Standard) -> Iterator[Finding]:
    """Findings on the leaf against the expected thumbprints, and against the expected issuer and subject.

    A leaf that cannot be read has a thumbprint all the same; its issuer and subject are not the expected ones.
    """
    held: list[str] = []
    failed: list[str] = []
    if standard.thumbprints:
        (held if {leaf.sha1, leaf.sha256} & set(standard.thumbprints) else failed).append("thumbprint")
    issuer, subject = _differences(leaf, standard)
    if standard.identity:
        (failed if issuer or subject else held).append("issuer-and-subject")
    where, book = at_certificate(0), RuleBook.EXCHANGE_ONLINE
    if failed:
        yield finding(
            "connector-certificate-mismatch",
            Verdict.FAIL,
            where,
            book,
            cause="thumbprint-differs" if "thumbprint" in failed else _cause(issuer, subject),
            expected=_expected(standard, failed),
            presented=_presented(leaf, standard, failed),
            subject=leaf.subject if isinstance(leaf, Certificate) else None,
            issuer=leaf.issuer if isinstance(leaf, Certificate) else None,
            rdns="; ".join((*(f"issuer {d}" for d in issuer), *(f"subject {d}" for d in subject))),
        )
    elif held:
        yield finding(
            "connector-certificate-matches",
            Verdict.OK,
            where,
            book,
            by=" and ".join(held),
            thumbprint=leaf.sha1.upper(),
        )


def _presented(leaf: Certificate | Unreadable, standard: Standard, failed: list[str]) -> str:
    """In SHA-1, as Exchange prints it, or in SHA-256, as the user wrote it: one can only compare like with like."""
    lengths = {len(text) for text in standard.thumbprints} if "thumbprint" in failed else set()
    if lengths == {64}:
        return leaf.sha256.upper()
    return leaf.sha1.upper() + (f", in SHA-256 {leaf.sha256.upper()}" if 64 in lengths else "")


def _differences(leaf: Certificate | Unreadable, standard: Standard) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not standard.identity:
        return (), ()
    if isinstance(leaf, Unreadable):
        return (("cannot be read",) if standard.identity.issuer else ()), ("cannot be read",)
    issuer = dn.differing(standard.identity.issuer, leaf.issuer_name) if standard.identity.issuer else ()
    return issuer, dn.differing(standard.identity.subject, leaf.subject_name)


def _cause(issuer: tuple[str, ...], subject: tuple[str, ...]) -> str:
    if issuer and subject:
        return "issuer-and-subject-differ"
    return "issuer-differs" if issuer else "subject-differs"


def _expected(standard: Standard, failed: list[str]) -> str:
    parts = [" or ".join(standard.thumbprints).upper().replace(" OR ", " or ")] if "thumbprint" in failed else []
    if "issuer-and-subject" in failed and standard.identity:
        parts.append(standard.identity.given)
    return " and ".join(parts)
