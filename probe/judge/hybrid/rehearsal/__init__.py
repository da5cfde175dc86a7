"""Rehearsing a renewal: what would break if the next certificate were installed, and how to do it without breaking
anything.

Three verdicts. FAIL: something breaks if the certificate is installed and nothing else is done, at the latest when the
old one ends or is removed. WARN: care is needed. OK: install it, and restart transport. The steps are in the order in
which mail never stops, and `back` leads back from each stage. Nothing is looked up and nothing depends on the clock, so
the same exports, certificate and moment give the same plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors, follow
from probe.judge.find import finding
from probe.judge.hybrid.rehearsal.back import back
from probe.judge.hybrid.rehearsal.case import (
    MOST_CONNECTORS,
    MOST_SERVERS,
    ON_PREMISES,
    Case,
    borne,
    concerned,
    in_use,
    installed_today,
    needing,
)
from probe.judge.hybrid.rehearsal.certificate import judge_certificate
from probe.judge.hybrid.rehearsal.connectors import judge_on_premises, lacking
from probe.judge.hybrid.rehearsal.online import accepted_domains, judge_online, leading_here
from probe.judge.hybrid.rehearsal.plan import plan
from probe.judge.hybrid.rehearsal.step import Step, blanks
from probe.judge.hybrid.rehearsal.wire import judge_wire, sent, shown
from probe.judge.standard import Standard
from probe.model import Evidence, ExchangeCertificate, Finding, Organisation, Verdict, gravest

__all__ = ["Rehearsal", "Step", "rehearse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`identity` is how connectors will name the next certificate, `today` the one in use, None where that cannot be
    told; `held_on` are the servers, where that is the next one itself on all of them. `steps` are in order, each with
    the codes of the findings that it answers; `back` are the ways back."""

    next: Certificate
    identity: str
    today: ExchangeCertificate | None
    held_on: tuple[str, ...]
    at: datetime
    roots: str
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    back: tuple[Step, ...]

    @property
    def verdict(self) -> Verdict:
        return gravest(found.verdict for found in self.findings)


def rehearse(
    organisation: Organisation,
    chain: tuple[bytes, ...],
    standard: Standard,
    anchors: Anchors,
    at: datetime,
    evidence: Sequence[Evidence] = (),
) -> Rehearsal:
    """The renewal by `chain` (DER, leaf first), as of `at` (UTC). `evidence` is of the endpoints that will show it.

    Raises ValueError where the leaf cannot be read.
    """
    leaf, path = parse(chain[0]) if chain else None, follow(chain, anchors, at)
    if not isinstance(leaf, Certificate) or path is None:
        raise ValueError(leaf.error if leaf and not isinstance(leaf, Certificate) else "there is no certificate")
    connectors = concerned(organisation)
    named = installed_today(organisation, connectors, at)
    today = in_use(named, shown(evidence), at)
    used = today is not None and today.thumbprint == leaf.sha1.upper()
    before = None if used else today
    certificates = tuple(found for found in named if found.thumbprint != leaf.sha1.upper())
    case = lacking(
        Case(
            organisation=organisation,
            leaf=leaf,
            chain=chain,
            path=path,
            standard=standard,
            anchors=anchors,
            at=at,
            evidence=tuple(evidence),
            connectors=connectors[:MOST_CONNECTORS],
            omitted=max(len(connectors) - MOST_CONNECTORS, 0),
            outbound=leading_here(organisation),
            domains=accepted_domains(organisation),
            servers=needing(organisation, connectors)[:MOST_SERVERS],
            lacking=(),
            replaced=certificates,
            used=used,
            today=before,
            names_today=borne((before,) if before else certificates),
            sent=sent(evidence),
        )
    )
    findings = _judged(case)
    steps = plan(case, findings)
    return Rehearsal(
        next=leaf,
        identity=case.identity,
        today=today,
        held_on=case.servers if case.settled else (),
        at=at,
        roots=anchors.label,
        findings=findings,
        steps=steps,
        back=back(case, steps),
    )


def _judged(case: Case) -> tuple[Finding, ...]:
    findings = [*judge_certificate(case), *judge_on_premises(case), *judge_online(case), *judge_wire(case)]
    if not case.connectors:
        findings.append(finding("rehearsal-not-exported", Verdict.UNKNOWN, ON_PREMISES, cause="on-premises"))
    elif not case.organisation.certificates:  # what connectors name is known all the same
        findings.append(finding("rehearsal-not-exported", Verdict.OK, ON_PREMISES, cause="certificates"))
    names = blanks(case)
    gravity = sorted(findings, key=lambda found: -found.verdict.gravity)
    return tuple(replace(found, names=names) for found in gravity)
