"""What protocol logs show, as findings: what Exchange wrote down itself, of both sides, while mail went through.

A log sees what no probe from outside can: the certificate that the server sends as a client, the peer's certificate,
and why the handshake failed on this side. It does not see chains, only leaves; nor what the peer thought when it left.
So a word of Exchange's is told as fact, and what a silence means as suspicion.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from probe.judge.logged.case import Case
from probe.judge.logged.certificates import judge_certificates
from probe.judge.logged.copy import judge_copy, judge_nothing
from probe.judge.logged.exports import Exports
from probe.judge.logged.joined import judge_contradictions, judge_joined
from probe.judge.logged.sessions import judge_sessions
from probe.judge.logged.trust import judge_trust
from probe.judge.standard import Standard
from probe.model import Digest, Evidence, Finding, Organisation

__all__ = ["judge_logs"]


def judge_logs(
    digest: Digest,
    organisation: Organisation | None,
    seen: Sequence[Evidence],
    standard: Standard,
    at: datetime,
) -> tuple[Finding, ...]:
    """The findings, gravest first. `organisation` is what exports say, `seen` what a live look at the endpoints showed;
    without them the logs speak for themselves. `at` (UTC) is the moment judged for: what expires soon, does so then.

    Of one code and place there may be several: one for each cause, word of the log and sort of peer, as they are mended
    in different ways."""
    case = Case(
        groups=sorted(digest.groups, key=lambda group: (group.last, group.first)),
        exports=Exports(organisation=organisation, at=at),
        seen=seen,
        standard=standard,
        at=at,
    )
    sessions = tuple(judge_sessions(case))
    found = (
        *sessions,
        *judge_trust(case),
        *judge_certificates(case),
        *judge_joined(case),
        *judge_contradictions(case, sessions),
        *judge_copy(case, digest),
    )
    return _gravest_first(found or judge_nothing(digest))


def _gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda found: -found.verdict.gravity))
