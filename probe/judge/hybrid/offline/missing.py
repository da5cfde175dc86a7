"""A hybrid that lacks a connector: the export was asked for it, and there is none."""

from collections.abc import Iterator

from probe.judge.hybrid.connectors import on_premises, to_microsoft
from probe.judge.hybrid.offline.case import ORGANISATION, Case
from probe.judge.hybrid.offline.gaps import Missed
from probe.model import Finding, Verdict


def judge_missing(case: Case) -> Iterator[Finding | Missed]:
    """Exchange Online's own connectors, where the servers or the wizard's intent show that there is a hybrid."""
    organisation = case.organisation
    sends = bool(to_microsoft(organisation))
    hybrid = sends or organisation.hybrid is not None
    if sends and "inbound" in organisation.none:
        yield case.found("hybrid-connector-missing", Verdict.WARN, ORGANISATION, cause="none-inbound")
    elif sends and organisation.inbound and not on_premises(organisation.inbound):
        yield case.found("hybrid-connector-missing", Verdict.WARN, ORGANISATION, cause="no-inbound-for-us")
    if hybrid and "outbound" in organisation.none:
        yield case.found("hybrid-connector-missing", Verdict.WARN, ORGANISATION, cause="none-outbound")
