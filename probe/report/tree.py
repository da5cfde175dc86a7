"""The chain as a small tree: the way from the leaf upwards, each issuer below what it issued, and what is missing.

The way is the judge's: a presented certificate is on it that signed the one before, in whatever order it was sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from probe.judge.certificate import Certificate, Unreadable, issued
from probe.model import Finding
from probe.report.escape import visible
from probe.report.layout import COLUMN, Line, Span, row, wrapped
from probe.report.wording import count

MOST_CHECKS = 64  # signatures checked to draw a chain, which may be hostile

Chain = Sequence[Certificate | Unreadable]
Facts = Mapping[str, Mapping[str, str]]  # of the findings on one endpoint, by code


class _Branch(NamedTuple):
    text: str
    style: str = ""


def tree(chain: Chain, findings: Iterable[Finding], omitted: int, width: int) -> Iterator[Line]:
    """The way, then the certificates that were also sent. `findings` are those on the endpoint, `omitted` says how many
    certificates were not kept."""
    facts = {finding.code: dict(finding.facts) for finding in findings}
    way = _way(chain, facts)
    head: Line = (Span("  chain", "label"),)
    for depth, (text, style) in enumerate(_branches(chain, way, facts)):
        branch = "   " * (depth - 1) + "└─ " if depth else ""
        begin = (*head, Span(" " * (COLUMN - sum(len(span.text) for span in head)) + branch, "dim"))
        yield from wrapped(text, width=width, indent=COLUMN + len(branch), hang=2, head=begin, style=style)
        head = ()
    label = "also sent"
    for position, certificate in enumerate(chain):
        if position not in way:
            again = chain.index(certificate)
            same = (f"the same as {again}",) if again < position else ()
            yield from row(label, _named(position, certificate, *same), width=width)
            label = ""
    if omitted:
        yield from row(label, f"{count(omitted, 'certificate')} more, not kept", width=width, style="bad")


def _way(chain: Chain, facts: Facts) -> list[int]:
    """The positions of the certificates from the leaf upwards, as far as issuers were sent or to the trusted root."""
    anchor = facts.get("certificate-trusted", {}).get("anchor")
    superfluous = facts.get("chain-superfluous", {}).get("positions", "").split(", ")
    way, child, checks = [0], chain[0], iter(range(MOST_CHECKS))
    while isinstance(child, Certificate) and not child.self_signed and child.subject != anchor:
        issuer = next(
            (
                position
                for position, other in enumerate(chain)
                if isinstance(other, Certificate)
                and other.subject_name == child.issuer_name
                and all(other.der != chain[known].der for known in way)
                # Superfluous to the judge is what is off the way, and a root, which may be at its end.
                and (other.self_signed or str(position) not in superfluous)
                and next(checks, None) is not None
                and issued(child.der, other.der)
            ),
            None,
        )
        if issuer is None:
            break
        way.append(issuer)
        child = chain[issuer]
    return way


def _branches(chain: Chain, way: Sequence[int], facts: Facts) -> Iterator[_Branch]:
    """The certificates on the way, and last what is not among those sent."""
    anchor = facts.get("certificate-trusted", {}).get("anchor")
    unknown = facts.get("certificate-not-trusted", {}).get("cause") in ("unknown-root", "client-unknown-root")
    for position in way:
        certificate = chain[position]
        notes, style = [], ""
        if isinstance(certificate, Unreadable):
            style = "bad"
        elif certificate.subject == anchor:
            notes.append("trusted")
        elif unknown and certificate.self_signed:
            notes.append("not a trusted root")
            style = "bad"
        yield _Branch(_named(position, certificate, *notes), style)
    end = chain[way[-1]]
    if isinstance(end, Unreadable) or end.self_signed or end.subject == anchor:
        return
    issuer = visible(end.issuer)
    if end.issuer == anchor:
        yield _Branch(f"{issuer}, trusted", "dim")
    elif end.issuer == facts.get("chain-incomplete", {}).get("missing"):
        yield _Branch(f"not sent: {issuer}", "bad")
    elif unknown:
        yield _Branch(f"{issuer}, not sent and not a trusted root", "bad")


def _named(position: int, certificate: Certificate | Unreadable, *notes: str) -> str:
    if isinstance(certificate, Unreadable):
        return ", ".join((f"{position} unreadable", *notes))
    signed = ("self-signed",) if certificate.self_signed else ()
    return ", ".join((f"{position} {visible(certificate.subject)}", *signed, *notes))
