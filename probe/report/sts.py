"""MTA-STS in a line, and with -v the policy that counts."""

from collections.abc import Iterable, Iterator, Mapping

from probe.model import DaneStatus, Delivery, Policy, Record, Report, Sts, StsHost, Verdict
from probe.report.escape import visible
from probe.report.layout import MARGIN, Line, body, unwrapped
from probe.report.wording import count, named

MOST_PATTERNS = 16  # shown of a policy's mx lines
REASON = 100  # characters of why there is no better policy; the findings have more
STRICT, ALONE = "strict senders", "senders that know MTA-STS alone"

_NO_POLICY = {
    Policy.NONE: "no policy",
    Policy.UNKNOWN: "policy unknown",
    Policy.FETCH_ERROR: "policy not to be had",
    Policy.WEBPKI_INVALID: "policy host not trusted",
    Policy.INVALID: "policy invalid",
}


def sts_lines(sts: Sts, report: Report, verbosity: int, width: int) -> Iterator[Line]:
    """The promise and who keeps it; with -v the policy that counts."""
    bad = _trouble(sts, report) or any(
        host.delivery is Delivery.BLOCKED or (sts.mode == "enforce" and _in_part(host)) for host in sts.hosts.values()
    )
    yield unwrapped("MTA-STS:", in_a_line(sts, report), "bad" if bad else "")
    if verbosity > 0 and sts.origin:
        for text in _policy(sts):
            yield from body(text, width=width, margin=2 * MARGIN, hang=2)


def _policy(sts: Sts) -> Iterator[str]:
    known = (("id", sts.id), ("max_age", sts.max_age))
    if told := ", ".join(f"{key} {visible(str(value))}" for key, value in known if value is not None):
        yield told
    yield from (f"mx: {visible(pattern)}" for pattern in sts.mx[:MOST_PATTERNS])
    if len(sts.mx) > MOST_PATTERNS:
        yield f"and {count(len(sts.mx) - MOST_PATTERNS, 'more pattern')}"


def in_a_line(sts: Sts, report: Report) -> str:
    """ "enforce, mx2 not covered → mail from strict senders stops"."""
    trouble = _trouble(sts, report)
    reason = f": {visible(sts.reason, REASON)}" if sts.reason else ""
    if not sts.origin:
        if sts.record is Record.NONE:
            return "none"
        # RFC 8461 §3.3: without a policy, and with none remembered, senders deliver as if there were no promise.
        unknown = sts.record is Record.UNKNOWN or trouble == _NO_POLICY[Policy.UNKNOWN]
        return f"{trouble}{reason}" + ("" if unknown else f" → {STRICT} go without")
    mode = "mode none" if sts.mode == "none" else visible(sts.mode or "?")
    if sts.origin == "remembered":
        mode += f", remembered ({trouble}{reason})" if trouble else ", remembered (no record now)"
    return f"{mode}: asks for nothing" if sts.mode == "none" else f"{mode}, {_kept(sts, report)}"


def _trouble(sts: Sts, report: Report) -> str:
    """What stands in the way of a fresh policy; empty where there is one, and where the domain publishes none."""
    match sts.record:
        case Record.NONE:
            return ""
        case Record.UNKNOWN:
            return "record not to be looked up"
        case Record.INVALID:
            return "record invalid"
        case Record.VALID:
            unsure = any(  # nobody asked the policy host: for want of time, or of an address family
                finding.where.kind == "policy"
                and finding.code.startswith("sts-")
                and finding.verdict is Verdict.UNKNOWN
                for finding in report.findings
            )
            return _NO_POLICY.get(Policy.UNKNOWN if unsure else sts.policy, "")


def _kept(sts: Sts, report: Report) -> str:
    """By which hosts the policy is kept, and what becomes of mail where it is not."""
    if not sts.hosts:
        return "no host to hold it against"
    domain = report.target.name
    blocked = {name: fault for name, host in sts.hosts.items() if (fault := _fault(host))}
    dane = report.promises.dane.hosts if report.promises.dane else {}
    by_dane = {name for name in blocked if name in dane and dane[name].status is DaneStatus.HONOURED}
    alone = len(sts.hosts) == 1  # then it needs no name
    clauses = []
    # RFC 8461 §2: where DANE holds, a sender that knows both goes by DANE.
    for who, names in ((STRICT, [name for name in blocked if name not in by_dane]), (ALONE, by_dane)):
        faults = _faults({name: fault for name, fault in blocked.items() if name in names}, domain, alone=alone)
        stops = "stops" if sts.mode == "enforce" else "would stop under enforce"
        clauses += [f"{faults} → mail from {who} {stops}"] if faults else []
    partly = {name: host.certificate for name, host in sts.hosts.items() if _in_part(host)}
    for code, names in _by_value(partly):
        whose = "" if alone else f"{named(names, domain)} "
        clauses.append(f"{whose}in part only: {visible(code)}")
    unseen = [name for name, host in sts.hosts.items() if host.delivery is Delivery.UNKNOWN]
    missing = [f"{named(unseen, domain)} not seen"] if unseen else []
    if clauses:
        return "; ".join(clauses + missing)
    kept = sum(host.delivery is Delivery.OK for host in sts.hosts.values())
    return ", ".join([f"honoured by {kept} of {count(len(sts.hosts), 'host')}", *missing])


def _faults(blocked: Mapping[str, str], domain: str, *, alone: bool) -> str:
    """ "mail certificate-expired, mx2 not covered"."""
    return ", ".join(
        fault if alone and fault != "not covered" else f"{named(names, domain)} {fault}"
        for fault, names in _by_value(blocked)
    )


def _by_value(words: Mapping[str, str]) -> Iterable[tuple[str, list[str]]]:
    """What is said, and of whom."""
    said: dict[str, list[str]] = {}
    for name, word in words.items():
        said.setdefault(word, []).append(name)
    return said.items()


def _fault(host: StsHost) -> str:
    """Why no mail goes there; empty where it does."""
    if host.delivery not in (Delivery.BLOCKED, Delivery.WOULD_BE_BLOCKED):
        return ""
    return "not covered" if host.in_policy is False else visible(host.certificate)


def _in_part(host: StsHost) -> bool:
    """Whether mail goes there, by some of its addresses and not by others."""
    return host.delivery is Delivery.OK and bool(host.in_policy) and host.certificate not in ("ok", "unknown")
