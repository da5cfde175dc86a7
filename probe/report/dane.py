"""DANE in a line, and whether the key can be rolled.

The roll-over has a line of its own, for it is read by other people at other times; the record that it asks for is for
pasting and never wrapped.
"""

from collections.abc import Iterable, Iterator, Mapping

from probe.model import Dane, DaneHost, DaneStatus, Dnssec, Finding, Target, Verdict
from probe.report.escape import visible
from probe.report.layout import MARGIN, Line, Span, row
from probe.report.wording import count, named, place

MOST_RECORDS = 16  # shown of a host's
IN_FACTS = len("3 1 1 ") + 64  # characters of a record that a finding gives
ZONE_LINE = 2048  # characters: a whole certificate in a TLSA record may be cut, for nobody should publish one
STOPS, WAITS = "mail from strict senders stops", "mail from strict senders waits"

_COUNTED = (DaneStatus.HONOURED, DaneStatus.MIXED, DaneStatus.BROKEN)
_BAD = (DaneStatus.MIXED, DaneStatus.BROKEN, DaneStatus.DEFERRED)


def dane_lines(dane: Dane, target: Target, findings: Iterable[Finding], verbosity: int, width: int) -> Iterator[Line]:
    """`findings` are those of the report on the target, for what matches and for the roll-over."""
    if said := in_a_line(dane, target):
        bad = any(host.status in _BAD for host in dane.hosts.values()) or not dane.hosts
        yield from row("DANE", said, width=width, style="bad" if bad else "")
    if verbosity > 0:
        for name, host in dane.hosts.items():
            yield from _records(name, host, findings, width)
    for finding in findings:
        if finding.code == "dane-rollover":
            yield from _rollover(finding, target.name if len(dane.hosts) > 1 else None, width)


def in_a_line(dane: Dane, target: Target) -> str:
    """ "honoured by 2 of 4 addresses, not by mx2; mx3: none"; empty where mail goes nowhere and names are not to
    blame."""
    if not dane.hosts:
        return _without_hosts(dane)
    if all(host.status is DaneStatus.NONE for host in dane.hosts.values()):
        return f"none, {_why_none(dane)}"
    clauses = []
    counted = {name: host for name, host in dane.hosts.items() if host.status in _COUNTED}
    if counted:
        matching = sum(host.matching for host in counted.values())
        observed = sum(host.observed for host in counted.values())
        clauses.append(f"honoured by {matching} of {count(observed, 'address')}{_failing(counted, dane, target.name)}")
    others: dict[str, list[str]] = {}
    for name, host in dane.hosts.items():
        if name not in counted:
            others.setdefault(_uncounted(host), []).append(name)
    alike = len(others) + bool(counted) == 1  # what is so of all hosts needs no names
    clauses += [said if alike else f"{named(hosts, target.name)}: {said}" for said, hosts in others.items()]
    # RFC 7672 §2.2.1: senders may go by the hosts' records all the same, and the common ones do.
    unsigned = ", though the MX records are not signed" if counted and dane.mx_dnssec is Dnssec.INSECURE else ""
    return "; ".join(clauses) + unsigned + _outcome(dane, target)


def _failing(counted: Mapping[str, DaneHost], dane: Dane, domain: str) -> str:
    """Which of several hosts do not honour it. At an address that does so in part, somebody gets to see another
    certificate: the next connection, or a client that offers less."""
    words = {DaneStatus.MIXED: "in part by", DaneStatus.BROKEN: "not by"}
    failing = {status: [name for name, host in counted.items() if host.status is status] for status in words}
    if len(dane.hosts) > 1 and any(host.matching for host in counted.values()):
        return "".join(f", {words[status]} {named(names, domain)}" for status, names in failing.items() if names)
    return ", in part only" if any(not counted[name].matching for name in failing[DaneStatus.MIXED]) else ""


def _uncounted(host: DaneHost) -> str:
    """What there is to say of a host without an address that was held against a usable record."""
    match host.status:
        case DaneStatus.UNUSABLE:
            return "no usable record → TLS is required, whoever answers"  # RFC 7672 §2.2
        case DaneStatus.DEFERRED:
            return f"deferred, {_why_deferred(host)}"
        case DaneStatus.NOT_VALIDATED if host.records:
            return "not validated, wants --trust-ad or a validating resolver on loopback"
        case DaneStatus.NOT_VALIDATED:
            return "no TLSA record seen, not validated"
        case _:
            return "none"


def _why_deferred(host: DaneHost) -> str:
    for dnssec, what in ((host.addresses_dnssec, "addresses"), (host.tlsa_dnssec, "TLSA")):
        if dnssec is Dnssec.BOGUS:
            return f"{what} bogus"
        if dnssec is Dnssec.FAILED:
            return f"{what} not to be looked up"
    return "no address was observed" if host.tlsa_dnssec else "TLSA not to be looked up"


def _why_none(dane: Dane) -> str:
    if all(host.addresses_dnssec is Dnssec.INSECURE for host in dane.hosts.values()):
        return "the addresses are not signed"
    return "no TLSA record"


def _without_hosts(dane: Dane) -> str:
    match dane.mx_dnssec:
        case Dnssec.BOGUS:
            return f"deferred, MX bogus → {WAITS}"
        case Dnssec.FAILED:
            return f"deferred, MX not to be looked up → {WAITS}"
        case _:
            return ""


def _outcome(dane: Dane, target: Target) -> str:
    """What becomes of mail where no host is left that takes it."""
    found = {host.status for host in dane.hosts.values()}
    if found == {DaneStatus.BROKEN}:
        return f" → {STOPS if target.dialogue == 'smtp' else 'strict clients turn away'}"
    if target.dialogue != "smtp":  # a client that waits for better times is no client
        return ""
    return f" → {WAITS}" if found <= {DaneStatus.BROKEN, DaneStatus.DEFERRED} else ""


def _records(name: str, host: DaneHost, findings: Iterable[Finding], width: int) -> Iterator[Line]:
    """A host's records, and what each of them matches."""
    dnssec = [f"addresses {host.addresses_dnssec}"] if host.addresses_dnssec else []
    if host.tlsa_dnssec:
        dnssec.append(f"TLSA {host.tlsa_dnssec}" + (f" at {visible(host.tlsa_base)}" if host.tlsa_base else ""))
    if dnssec:
        yield from row("", f"{visible(name)}: {', '.join(dnssec)}", width=width)
    about = [finding for finding in findings if finding.where.host == name]
    for record in host.records[:MOST_RECORDS]:
        # `3 1 1 8d02536c887482bc…`: the answer for TLSA, further below, has all of it
        yield from row("", f"{visible(record, 24)} {_fate(record, about)}", width=width)
    if len(host.records) > MOST_RECORDS:
        yield from row("", f"and {count(len(host.records) - MOST_RECORDS, 'more record')}", width=width)


def _fate(record: str, about: Iterable[Finding]) -> str:
    """What became of a record, as the findings on its host have it."""
    matched, told = [], ""
    for finding in about:
        if finding.code == "dane-matched" and record[:IN_FACTS] in (finding.fact("record") or ""):
            matched.append(place(None, finding.where.address, finding.where.port))
        elif finding.code == "dane-rollover" and record[:IN_FACTS] in (finding.fact("unmatched") or ""):
            told = "matches nothing"
        elif finding.code == "dane-rollover" and record[:IN_FACTS] in (finding.fact("passed_over") or ""):
            told = "passed over for a stronger digest"  # RFC 7671 §9
    return f"matches {named(matched)}" if matched else told


def _rollover(finding: Finding, domain: str | None, width: int) -> Iterator[Line]:
    """The judge's line, and where there is one the record to publish. `domain` None: there is one host only."""
    whose = "" if domain is None else f"{named([finding.where.host or ''], domain)}: "
    said = (finding.fact("one_line") or "").removeprefix("roll-over ")  # so reads the label
    bad = finding.verdict is not Verdict.OK
    yield from row("roll-over", f"{whose}{visible(said)}", width=width, style="bad" if bad else "")
    if publish := finding.fact("publish"):
        yield to_paste(publish)


def to_paste(line: str) -> Line:
    """A line of a zone, never wrapped: a record must not be broken."""
    return (Span(f"{MARGIN}{MARGIN}{visible(line, ZONE_LINE)}", "command"),)
