"""MTA-STS in a line."""

from collections.abc import Iterator

from probe.model import Delivery, Policy, Record, Sts, StsHost
from probe.report.dane import STOPS
from probe.report.escape import visible
from probe.report.layout import COLUMN, Line, row
from probe.report.wording import count, named

MOST_PATTERNS = 16  # shown of a policy's mx lines

_NO_POLICY = {
    Policy.NONE: "no policy",
    Policy.UNKNOWN: "policy unknown",
    Policy.FETCH_ERROR: "policy not to be had",
    Policy.WEBPKI_INVALID: "policy host not trusted",
    Policy.INVALID: "policy invalid",
}


def sts_lines(sts: Sts, domain: str, verbosity: int, width: int) -> Iterator[Line]:
    """The promise and who keeps it; with -v the policy that counts."""
    blocked = any(host.delivery is Delivery.BLOCKED for host in sts.hosts.values())
    yield from row(
        "MTA-STS", in_a_line(sts, domain, width - COLUMN), width=width, style="bad" if blocked or _trouble(sts) else ""
    )
    if verbosity > 0 and sts.origin:
        known = (("id", sts.id), ("max_age", sts.max_age))
        told = ", ".join(f"{key} {visible(str(value))}" for key, value in known if value is not None)
        if told:
            yield from row("", told, width=width)
        for pattern in sts.mx[:MOST_PATTERNS]:
            yield from row("", f"mx: {visible(pattern)}", width=width)
        if len(sts.mx) > MOST_PATTERNS:
            yield from row("", f"and {count(len(sts.mx) - MOST_PATTERNS, 'more pattern')}", width=width)


def in_a_line(sts: Sts, domain: str, room: int) -> str:
    """ "enforce, mx2 not covered → mail from strict senders stops there". Why there is no better policy is said where
    there is room for it; the findings say it in any case."""
    told = _told(sts, domain, f": {visible(sts.reason)}" if sts.reason else "")
    return told if len(told) <= room else _told(sts, domain, "")


def _told(sts: Sts, domain: str, reason: str) -> str:
    trouble = _trouble(sts)
    if not sts.origin:
        if sts.record is Record.NONE:
            return "none"
        # RFC 8461 §3.3: without a policy, and with none remembered, senders deliver as if there were no promise.
        outcome = "" if sts.record is Record.UNKNOWN else " → strict senders go without"
        return f"{trouble}{reason}{outcome}"
    mode = "mode none" if sts.mode == "none" else visible(sts.mode or "?")
    if sts.origin == "remembered":
        mode += f", remembered ({trouble}{reason})" if trouble else ", remembered (no record now)"
    return f"{mode}: asks for nothing" if sts.mode == "none" else f"{mode}, {_kept(sts, domain)}"


def _trouble(sts: Sts) -> str:
    """What stands in the way of a fresh policy; empty where there is one, and where the domain publishes none."""
    match sts.record:
        case Record.NONE:
            return ""
        case Record.UNKNOWN:
            return "record not to be looked up"
        case Record.INVALID:
            return "record invalid"
        case Record.VALID:
            return _NO_POLICY.get(sts.policy, "")


def _kept(sts: Sts, domain: str) -> str:
    """By which hosts the policy is kept, and what becomes of mail where it is not."""
    unkept: dict[str, list[str]] = {}
    for name, host in sts.hosts.items():
        if fault := _fault(host):
            unkept.setdefault(fault, []).append(name)
    unseen = [name for name, host in sts.hosts.items() if host.delivery is Delivery.UNKNOWN]
    missing = f", {named(unseen, domain)} not seen" if unseen else ""
    if not unkept:
        kept = sum(host.delivery is Delivery.OK for host in sts.hosts.values())
        return f"honoured by {kept} of {count(len(sts.hosts), 'host')}{missing}"
    alone = len(sts.hosts) == 1 and "not covered" not in unkept  # then it needs no name
    faults = ", ".join(fault if alone else f"{named(names, domain)} {fault}" for fault, names in unkept.items())
    there = "" if sum(map(len, unkept.values())) == len(sts.hosts) else " there"
    outcome = STOPS if sts.mode == "enforce" else "mail would stop under enforce"
    return f"{faults}{missing} → {outcome}{there}"


def _fault(host: StsHost) -> str:
    if host.delivery not in (Delivery.BLOCKED, Delivery.WOULD_BE_BLOCKED):
        return ""
    return "not covered" if host.in_policy is False else visible(host.certificate)
