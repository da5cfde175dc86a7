"""DANE in a line, and with -v the records and what each of them matches."""

from collections.abc import Iterable, Iterator, Mapping

from probe.model import Dane, DaneHost, DaneStatus, Dnssec, Finding, Hop, Report
from probe.report.escape import visible
from probe.report.layout import MARGIN, Line, body, unwrapped
from probe.report.rollover import rollover_lines
from probe.report.wording import count, named, place

MOST_RECORDS = 16  # shown of a host's
IN_FACTS = len("3 1 1 ") + 64  # characters of a record that a finding gives
STOPS, WAITS = "mail from strict senders stops", "mail from strict senders waits"
UNASKED = "not asked for"  # so ends the detail of a finding, where it is we who did not look

_COUNTED = (DaneStatus.HONOURED, DaneStatus.MIXED, DaneStatus.BROKEN)
_BAD = (DaneStatus.MIXED, DaneStatus.BROKEN, DaneStatus.DEFERRED)


def dane_lines(dane: Dane, report: Report, verbosity: int, width: int) -> Iterator[Line]:
    """The promise and who keeps it, with -v of what it consists; then whether the key can be rolled."""
    if said := in_a_line(dane, report):
        bad = any(host.status in _BAD for host in dane.hosts.values()) or not dane.hosts
        yield unwrapped("DANE:", said, "bad" if bad else "")
    if verbosity > 0:
        for name, host in dane.hosts.items():
            about = [finding for finding in report.findings if finding.where.host == name]
            for text in _records(name, host, about):
                yield from body(text, width=width, margin=2 * MARGIN, hang=2)
    yield from rollover_lines(report.findings, dane.hosts, report.target.name)


def in_a_line(dane: Dane, report: Report) -> str:
    """ "honoured by 2 of 4 addresses, not by mx2; mx3: none, no address"; empty where mail goes nowhere and names are
    not to blame."""
    if not dane.hosts:
        return _without_hosts(dane)
    domain = report.target.name
    counted = {name: host for name, host in dane.hosts.items() if host.status in _COUNTED}
    clauses = [_addresses(counted, dane, report)] if counted else []
    others: dict[str, list[str]] = {}
    for name, host in dane.hosts.items():
        if name not in counted:
            others.setdefault(_uncounted(name, host, report), []).append(name)
    alike = len(others) + bool(counted) == 1  # what is so of all hosts needs no names
    clauses += [said if alike else f"{named(hosts, domain)}: {said}" for said, hosts in others.items()]
    # RFC 7672 §2.2.1: senders may go by the hosts' records all the same, and the common ones do.
    unsigned = ", though the MX records are not signed" if counted and dane.mx_dnssec is Dnssec.INSECURE else ""
    return "; ".join(clauses) + unsigned + _outcome(dane, report)


def _addresses(counted: Mapping[str, DaneHost], dane: Dane, report: Report) -> str:
    """By how many of all their addresses, which of several hosts fail, and how many addresses nobody got to see."""
    hops = _hops(report)
    matching = sum(host.matching for host in counted.values())
    observed = sum(host.observed for host in counted.values())
    unseen = sum(
        max(len(hops[name].addresses) + hops[name].omitted - host.observed, 0)
        for name, host in counted.items()
        if name in hops
    )
    failing = _failing(counted, dane, report.target.name)
    more = f", {unseen} not seen" if unseen else ""
    return f"honoured by {matching} of {count(observed + unseen, 'address')}{failing}{more}"


def _hops(report: Report) -> Mapping[str, Hop]:
    """By host; of those named twice the first, as the judge has it."""
    return {hop.host: hop for hop in reversed(report.evidence.route.hops)}


def _failing(counted: Mapping[str, DaneHost], dane: Dane, domain: str) -> str:
    """Which of several hosts do not honour it. At an address that does so in part, somebody gets to see another
    certificate: the next connection, or a client that offers less."""
    words = {DaneStatus.MIXED: "in part by", DaneStatus.BROKEN: "not by"}
    failing = {status: [name for name, host in counted.items() if host.status is status] for status in words}
    if len(dane.hosts) > 1 and any(host.matching for host in counted.values()):
        return "".join(f", {words[status]} {named(names, domain)}" for status, names in failing.items() if names)
    return ", in part only" if any(not counted[name].matching for name in failing[DaneStatus.MIXED]) else ""


def _uncounted(name: str, host: DaneHost, report: Report) -> str:
    """What there is to say of a host without an address that was held against a usable record."""
    match host.status:
        case DaneStatus.UNUSABLE:
            return "no usable record → TLS is required, whoever answers"  # RFC 7672 §2.2
        case DaneStatus.DEFERRED if _beyond(host):
            return f"not known, TLSA was {UNASKED}"
        case DaneStatus.DEFERRED if unasked := _unasked(name, report):
            return f"not known, {unasked}"
        case DaneStatus.DEFERRED:
            return f"deferred, {_why_deferred(host)}"
        case DaneStatus.NOT_VALIDATED if host.records:
            return "not validated, wants a resolver that validates, on loopback or with --trust-ad"
        case DaneStatus.NOT_VALIDATED if host.tlsa_dnssec is Dnssec.FAILED:
            return "TLSA not to be looked up, not validated"
        case DaneStatus.NOT_VALIDATED if _addressless(name, report):
            return "none to be seen, no address"
        case DaneStatus.NOT_VALIDATED:
            return "no TLSA record seen, not validated"
        case _:
            return f"none, {_why_none(name, host, report)}"


def _unasked(name: str, report: Report) -> str:
    """ "TLSA was not asked for": no reason for a sender to wait, only for us to say nothing. Else empty."""
    for finding in report.findings:
        detail = finding.fact("detail") or ""
        if finding.code == "dane-lookup-failed" and finding.where.host == name and detail.endswith(UNASKED):
            last = detail.rpartition("; ")[2]
            return visible(f"TLSA {last[3:]}" if last.startswith("it ") else last)
    return ""


def _beyond(host: DaneHost) -> bool:
    """Whether it is one of those that the limit left out, of which nothing was asked."""
    return host.addresses_dnssec is None and host.tlsa_dnssec is None


def _why_deferred(host: DaneHost) -> str:
    for dnssec, what in ((host.addresses_dnssec, "addresses"), (host.tlsa_dnssec, "TLSA")):
        if dnssec is Dnssec.BOGUS:
            return f"{what} bogus"
        if dnssec is Dnssec.FAILED:
            return f"{what} not to be looked up"
    return "no address was observed" if host.tlsa_dnssec else "TLSA not to be looked up"


def _why_none(name: str, host: DaneHost, report: Report) -> str:
    if _addressless(name, report):
        return "no address"
    if host.records and host.tlsa_dnssec is Dnssec.INSECURE:
        return "the TLSA records are not signed"
    if host.addresses_dnssec is Dnssec.INSECURE and host.tlsa_dnssec is None:
        return "the addresses are not signed"
    return "no TLSA record"


def _addressless(name: str, report: Report) -> bool:
    """Whether no mail can go there."""
    hop = _hops(report).get(name)
    asked = {answer.question.rtype for answer in hop.answers} if hop else set()
    return hop is not None and not hop.addresses and len(asked) != 1  # with -4 or -6 it may have the other kind


def _without_hosts(dane: Dane) -> str:
    match dane.mx_dnssec:
        case Dnssec.BOGUS:
            return f"deferred, MX bogus → {WAITS}"
        case Dnssec.FAILED:
            return f"deferred, MX not to be looked up → {WAITS}"
        case _:
            return ""


def _outcome(dane: Dane, report: Report) -> str:
    """What becomes of mail where no host is left that takes it. A host without an address takes none as it is."""
    mail = report.target.dialogue == "smtp"
    found = {
        host.status
        for name, host in dane.hosts.items()
        if host.status is not DaneStatus.NONE or not _addressless(name, report)
    }
    if found == {DaneStatus.BROKEN}:
        return f" → {STOPS if mail else 'strict clients turn away'}"
    # A client that waits for better times is no client; and what we did not ask, a sender does.
    if not mail or not found or any(_beyond(host) or _unasked(name, report) for name, host in dane.hosts.items()):
        return ""
    return f" → {WAITS}" if found <= {DaneStatus.BROKEN, DaneStatus.DEFERRED} else ""


def _records(name: str, host: DaneHost, about: Iterable[Finding]) -> Iterator[str]:
    """A host's records, and what each of them matches. `about` are the findings on the host."""
    dnssec = [f"addresses {host.addresses_dnssec}"] if host.addresses_dnssec else []
    if host.tlsa_dnssec:
        dnssec.append(f"TLSA {host.tlsa_dnssec}" + (f" at {visible(host.tlsa_base)}" if host.tlsa_base else ""))
    if dnssec:
        yield f"{visible(name)}: {', '.join(dnssec)}"
    for record in host.records[:MOST_RECORDS]:
        # `3 1 1 8d02536c887482bc…`: the answer for TLSA, further below, has all of it
        yield f"{visible(record, 24)} {_fate(record, about)}"
    if len(host.records) > MOST_RECORDS:
        yield f"and {count(len(host.records) - MOST_RECORDS, 'more record')}"


def _fate(record: str, about: Iterable[Finding]) -> str:
    """What became of a record, as the findings on its host have it."""
    matched, told = [], ""
    for finding in about:
        if finding.code == "dane-matched" and _names(finding.fact("record"), record):
            matched.append(place(None, finding.where.address, finding.where.port))
        elif finding.code == "dane-rollover":
            told = _left_over(finding, record)
    return f"matches {named(matched)}" if matched else told


def _left_over(finding: Finding, record: str) -> str:
    """What a roll-over's finding says of a record that holds nowhere."""
    if _names(found := finding.fact("found"), record):  # "2 1 1 aed789… (certificate-expired)"
        reason = (found or "").partition(record[:IN_FACTS])[2].partition("(")[2].partition(")")[0]
        return f"issuer found, but {visible(reason)}" if reason else "issuer found"
    if _names(finding.fact("unmatched"), record):
        return "matches nothing"
    return "passed over for a stronger digest" if _names(finding.fact("passed_over"), record) else ""  # RFC 7671 §9


def _names(fact: str | None, record: str) -> bool:
    return record[:IN_FACTS] in (fact or "")
