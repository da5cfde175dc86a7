"""What this probe saw, told as a sender tells it to the domain: the JSON report of RFC 8460 §4.4.

So that whoever reads such reports already can read this one. One report a target; its range is the moment at which the
probe looked. A field that has nothing to say is left out, as the real reports leave it out.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import UNSET, Struct, UnsetType

from probe.codec import encode
from probe.dialogue.smtp import hear
from probe.judge.certificate import is_host
from probe.model import Observation, Report
from probe.report.escape import visible
from probe.report.sessions import Applied, Failed, Tally, tallied
from probe.report.wording import sentence

NOBODY = "probe.invalid"  # whose report it is where we have no name (RFC 2606 §2)
REASON = 300  # characters


class DateRange(Struct, rename="kebab", frozen=True):
    start_datetime: datetime
    end_datetime: datetime


class Policy(Struct, rename="kebab", frozen=True):
    policy_type: str
    policy_string: tuple[str, ...]
    policy_domain: str
    mx_host: tuple[str, ...]


class Summary(Struct, rename="kebab", frozen=True):
    total_successful_session_count: int
    total_failure_session_count: int


class FailureDetails(Struct, rename="kebab", frozen=True, omit_defaults=True):
    result_type: str
    failed_session_count: int
    sending_mta_ip: str | UnsetType = UNSET
    receiving_mx_hostname: str | UnsetType = UNSET
    receiving_mx_helo: str | UnsetType = UNSET
    receiving_ip: str | UnsetType = UNSET
    failure_reason_code: str | UnsetType = UNSET


class Result(Struct, rename="kebab", frozen=True):
    policy: Policy
    summary: Summary
    failure_details: tuple[FailureDetails, ...]


class Document(Struct, rename="kebab", frozen=True):
    organization_name: str
    date_range: DateRange
    contact_info: str
    report_id: str
    policies: tuple[Result, ...]


def render(report: Report) -> bytes:
    """The report as one JSON object without a line break. The same evidence gives the same report, its id included."""
    sender, (begin, end) = _sender(report), _range(report)
    results = tuple(_result(report, applied, tally) for applied, tally in tallied(report).items())
    told = encode((report.target.given, sender, begin, end, results))
    return encode(
        Document(
            organization_name=sender,
            date_range=DateRange(start_datetime=begin, end_datetime=end),
            contact_info=f"postmaster@{sender}",
            report_id=f"{hashlib.sha256(told).hexdigest()[:32]}@{sender}",
            policies=results,
        )
    )


def file_name(report: Report, again: int = 0) -> str:
    """RFC 8460 §5.1: `sender!policy-domain!begin!end.json`, with a unique id where there was such a file `again`."""
    begin, end = (max(0, int(moment.timestamp())) for moment in _range(report))
    unique = f"!{again:03}" if again else ""
    return f"{_for_a_file(_sender(report))}!{_for_a_file(report.target.name)}!{begin}!{end}{unique}.json"


def _for_a_file(name: str) -> str:
    """Evidence may have been written by anybody: nothing in its names reaches a file system but what names are of."""
    return re.sub(r"[^a-z0-9._-]", "_", name.lower())[:80].lstrip(".") or "_"


def _sender(report: Report) -> str:
    """The name by which we greeted, where that is one and no address literal."""
    name = (report.evidence.ehlo or "").lower()
    return name if len(name) <= 253 and is_host(name) and "*" not in name else NOBODY


def _range(report: Report) -> tuple[datetime, datetime]:
    """From the moment when the probe began to that when it last connected to anything; in UTC, whole seconds."""
    evidence = report.evidence
    moments = [
        at.astimezone(UTC).replace(microsecond=0) for at in (evidence.at, *(seen.at for seen in evidence.observations))
    ]
    return moments[0], max(moments)


def _result(report: Report, applied: Applied, tally: Tally) -> Result:
    return Result(
        policy=Policy(
            policy_type=applied.kind, policy_string=applied.text, policy_domain=applied.domain, mx_host=applied.mx
        ),
        summary=Summary(total_successful_session_count=tally.successful, total_failure_session_count=tally.failed),
        failure_details=tuple(_details(report, failed) for failed in tally.details),
    )


def _details(report: Report, failed: Failed) -> FailureDetails:
    seen, reason = failed.seen, visible(sentence(failed.why), REASON)
    return FailureDetails(
        result_type=failed.result,
        failed_session_count=failed.number,
        sending_mta_ip=next(_sources(report, seen), UNSET),
        receiving_mx_hostname=failed.host or UNSET,
        receiving_mx_helo=(_helo(seen) if seen else None) or UNSET,
        receiving_ip=_bare(seen.endpoint.address) if seen else UNSET,
        failure_reason_code=reason,
    )


def _sources(report: Report, seen: Observation | None) -> Iterator[str]:
    """Our own address in this session, or else in another: it is the same machine."""
    fetches = report.evidence.mta_sts.fetches if report.evidence.mta_sts else ()
    for each in (*((seen,) if seen else ()), *report.evidence.observations, *fetches):
        if each.source:
            yield _bare(each.source)


def _bare(address: str) -> str:
    """Without the zone, which means nothing elsewhere (RFC 5952 has none)."""
    return address.partition("%")[0]


def _helo(seen: Observation) -> str | None:
    """The name by which the host introduced itself: the first word of its banner (RFC 5321 §4.2)."""
    banner = hear(seen.transcript).banner
    name = banner.lines[0].partition(" ")[0] if banner and banner.lines else ""
    return name if is_host(name) and len(name) <= 253 else None
