"""Deliveries to our listener, which stands where Exchange Online would stand: what the client showed, whether that is
what its connector names, and whose mail Exchange Online would take it for."""

from datetime import datetime
from typing import TYPE_CHECKING

from probe.dialogue.smtp import attend
from probe.judge.chain import Anchors
from probe.judge.inbound.capture import judge_capture
from probe.judge.inbound.chain import judge_client_chain
from probe.judge.standard import Standard
from probe.model import Attribution, Evidence, Finding, Observation

if TYPE_CHECKING:
    from probe.model import Organisation

__all__ = ["judge_deliveries", "refusal"]


def judge_deliveries(
    evidence: Evidence, standard: Standard, anchors: Anchors, at: datetime, organisation: "Organisation | None"
) -> tuple[tuple[Finding, ...], Attribution | None]:
    """Findings on every delivery, and the attribution of the last, where there are exports to know it by."""
    findings, attribution = list[Finding](), None
    for seen in evidence.observations:
        chain = judge_client_chain(seen, standard, anchors, at)
        told = (*judge_capture(seen, attend(seen.transcript), standard), *chain)
        if organisation:
            from probe.judge.inbound.exports import judge_by_exports  # what reads exports takes its time

            attribution, told = judge_by_exports(seen, told, organisation, at)
        findings += told
    return tuple(findings), attribution


def refusal(
    seen: Observation, standard: Standard, anchors: Anchors, at: datetime, organisation: "Organisation | None"
) -> str:
    """The reply that Exchange Online would give to the recipient whom the client has just named; empty where it would
    take it, or where that is not known."""
    if organisation is None:
        return ""
    from probe.judge.inbound.exports import reply

    return reply(seen, judge_client_chain(seen, standard, anchors, at), organisation)
