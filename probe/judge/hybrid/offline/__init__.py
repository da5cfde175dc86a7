"""What an organisation's exports say by themselves, before anybody has looked at the wire.

Nothing is concluded from what is not known. A question that matters and that a form of export has lost the answer to
makes the judgement UNKNOWN, so that nobody takes silence for health; what nobody exported is a note. So whatever was
exported, something is said of it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from probe.judge.hybrid.offline.case import ORGANISATION, Case, listed
from probe.judge.hybrid.offline.certificates import judge_certificates
from probe.judge.hybrid.offline.expected import judge_expected
from probe.judge.hybrid.offline.gaps import Missed
from probe.judge.hybrid.offline.intent import judge_intent
from probe.judge.hybrid.offline.missing import judge_missing
from probe.judge.hybrid.offline.nameless import judge_nameless
from probe.judge.hybrid.offline.names import judge_names
from probe.judge.hybrid.offline.ranges import judge_ranges
from probe.judge.hybrid.offline.senders import judge_senders
from probe.judge.hybrid.offline.settings import judge_settings
from probe.judge.hybrid.offline.sides import judge_sides
from probe.judge.hybrid.offline.unnamed import judge_unnamed
from probe.judge.standard import Standard
from probe.model import Finding, Organisation, Verdict

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
    judge_unnamed,
    judge_sides,
)


def judge_organisation(organisation: Organisation, standard: Standard, at: datetime) -> tuple[Finding, ...]:
    """Every finding on the organisation, gravest first; by the standard's `warn_days` and `warn_lifetime`."""
    case = Case(organisation, standard, at)
    told = [one for judge in JUDGES for one in judge(case)]
    findings = [one for one in told if isinstance(one, Finding)]
    findings += _lossy(case, (one for one in told if isinstance(one, Missed)))
    if not findings and _holds_anything(organisation):
        findings.append(case.found("export-without-questions", Verdict.OK, ORGANISATION))
    return tuple(sorted(findings, key=lambda found: -found.verdict.gravity))


def _holds_anything(organisation: Organisation) -> bool:
    """Whether there is anything that one could have asked after."""
    return any(
        (
            *(organisation.inbound, organisation.outbound, organisation.send, organisation.receive),
            *(organisation.certificates, organisation.domains, organisation.servers, organisation.hybrid),
        )
    )


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
