"""What an organisation's exports say by themselves, before anybody has looked at the wire.

Nothing is concluded from what is not known. A question that matters and that a form of export has lost the answer to
makes the judgement UNKNOWN, so that nobody takes silence for health; what nobody exported is a note.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from probe.judge.hybrid.connectors import on_premises
from probe.judge.hybrid.offline.case import MOST_USES, ORGANISATION, Case, Missed, listed, missed
from probe.judge.hybrid.offline.certificates import judge_certificates
from probe.judge.hybrid.offline.expected import judge_expected
from probe.judge.hybrid.offline.intent import judge_intent
from probe.judge.hybrid.offline.missing import judge_missing
from probe.judge.hybrid.offline.nameless import judge_nameless
from probe.judge.hybrid.offline.names import judge_names
from probe.judge.hybrid.offline.ranges import judge_ranges
from probe.judge.hybrid.offline.senders import judge_senders
from probe.judge.hybrid.offline.settings import judge_settings
from probe.judge.standard import Standard
from probe.model import Finding, Organisation, SendConnector, Verdict

JUDGES = (
    judge_names,
    judge_nameless,
    judge_certificates,
    judge_expected,
    judge_senders,
    judge_settings,
    judge_ranges,
    judge_intent,
    judge_missing,
)


def judge_organisation(organisation: Organisation, standard: Standard, at: datetime) -> tuple[Finding, ...]:
    """Every finding on the organisation, gravest first; by the standard's `warn_days` and `warn_lifetime`."""
    case = Case(organisation, standard, at)
    told = list(_told(case))
    findings = [one for one in told if isinstance(one, Finding)]
    findings += _lossy(case, (one for one in told if isinstance(one, Missed)))
    return tuple(sorted(findings, key=lambda found: -found.verdict.gravity))


def _told(case: Case) -> Iterator[Finding | Missed]:
    for judge in JUDGES:
        yield from judge(case)
    yield from _not_exported(case)


def _not_exported(case: Case) -> Iterator[Missed]:
    """Sides of the organisation of which the exports do not speak, and what therefore is open."""
    organisation = case.organisation
    sides = (
        (case.facing or case.sending, organisation.certificates, "certificates of the servers", "what names lead to"),
        (case.facing, organisation.outbound, "outbound connectors", "what Exchange Online demands of the servers"),
        (case.sending, organisation.inbound, "inbound connectors", "whether Exchange Online recognises the mail"),
        (case.outbound, organisation.receive, "receive connectors", "which certificates the servers show"),
        (on_premises(organisation.inbound), organisation.send, "send connectors", "which certificates servers show"),
    )
    for near, far, what, question in sides:
        if near and not far and what.removesuffix(" connectors") not in organisation.none:
            yield Missed(why="absent", what=what, question=question)
    for use in case.sending:
        if isinstance(use.connector, SendConnector):
            what = f"SourceTransportServers of {use.connector.name}"
            yield from missed(use.connector.source_transport_servers, what, "which servers need the certificate")
    if len(case.uses) == MOST_USES:
        yield Missed(why="cut", what=f"connectors beyond the first {MOST_USES}", question="whether they are in order")


def _lossy(case: Case, gaps: Iterable[Missed]) -> Iterator[Finding]:
    """One finding for each way in which answers are missing."""
    ways: dict[str, dict[Missed, None]] = {}
    for gap in gaps:
        ways.setdefault(gap.why, {})[gap] = None
    for why, each in ways.items():
        yield case.found(
            "export-lossy",
            Verdict.OK if why == "absent" else Verdict.UNKNOWN,
            ORGANISATION,
            cause=why,
            missing=listed(gap.what for gap in each),
            open=listed(gap.question for gap in each),
            doubt="nothing is concluded from that" if why == "absent" else None,
        )
