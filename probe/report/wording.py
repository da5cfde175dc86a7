"""A finding in one plain sentence: what is so, with the facts of the case. What it means and how to mend it is the
catalogue's, which knows no case."""

from collections.abc import Iterable, Mapping, Sequence

from probe.judge.catalogue import Entry
from probe.model import Direction, Failure, Finding, Kind, Observation, Report, RouteKind, Stage, Where
from probe.report.escape import visible
from probe.report.sentences import MORE, MORE_OF_ANY, SENTENCES
from probe.report.sentences.inbound import HANDSHAKES

STAGES = {
    Stage.RESOLVE: "looking up the name",
    Stage.CONNECT: "connecting",
    Stage.DIALOGUE: "the dialogue before TLS",
    Stage.HANDSHAKE: "the TLS handshake",
    Stage.AFTER: "the dialogue inside TLS",
}
KINDS = {
    Kind.TIMEOUT: "timed out",
    Kind.REFUSED: "was refused",
    Kind.UNREACHABLE: "found no way to the address",
    Kind.CLOSED: "was cut short by the peer",
    Kind.REJECTED: "ended with a refusal",
    Kind.PROTOCOL: "met something that is not the protocol",
    Kind.ALERT: "ended with a TLS alert",
}
# A name that only the common name bears, and a certificate without names: by Exchange Online's book the common name is
# one of the names, by RFC 9525 §6.3 it is none.
COMMON_NAME_ALONE = (
    "the certificate bears {expected} as its common name alone, which does not count by RFC 9525; there is no such "
    "name in its SAN"
)
NAMELESS = "the certificate is not for {expected}; it has no names"

# Exchange Online puts the facts of the case into its bounces. So do we: it is the line that the user has before him.
BLANKS = {"expected": "Expected Subject: …", "subject": "Presented Subject: …", "thumbprint": "Thumbprint: …"}

PLACES = 6  # named of the places where the same is so
CUT = {"hosts_omitted": "host", "addresses_omitted": "address", "certificates_omitted": "certificate"}


def cause(finding: Finding) -> str | None:
    """Which of a code's causes it is, in the catalogue's words."""
    if finding.code == "not-observed":
        return f"{finding.fact('stage')}/{finding.fact('kind')}"
    return finding.fact("cause")


def sentence(finding: Finding) -> str:
    """What is so, without capital and full stop. Every fact in it is made visible."""
    facts = _Facts(finding)
    of_cause = MORE.get(f"{finding.code} {cause(finding)}", {})
    more = {**of_cause, **MORE.get(finding.code, {}), **MORE_OF_ANY}
    return _claim(finding, facts) + "".join(text.format_map(facts) for key, text in more.items() if key in facts)


def _claim(finding: Finding, facts: Mapping[str, str]) -> str:
    if finding.code == "not-observed":
        detail = finding.fact("detail") or ""
        return failed(Failure(stage=Stage(facts["stage"]), kind=Kind(facts["kind"]), detail=detail))
    if finding.code == "client-handshake-failed" and (words := _handshake(finding.fact("detail") or "")):
        return words
    if finding.code == "route-cut":
        cut = (count(int(facts[key]), thing) for key, thing in CUT.items() if key in facts)
        return f"left out: {', '.join(cut)}"
    if finding.code == "certificate-host-mismatch":
        presented = (finding.fact("presented") or "none").split(", ")
        if presented == ["none"]:
            return NAMELESS.format_map(facts)
        if (finding.fact("expected") or "").lower() in presented:
            return COMMON_NAME_ALONE.format_map(facts)
    template = SENTENCES.get(f"{finding.code} {cause(finding)}") or SENTENCES.get(finding.code)
    return template.format_map(facts) if template else finding.code


def bounces(finding: Finding, entry: Entry) -> tuple[str, ...]:
    """What Exchange Online says of it, with the facts of the case. Its long form needs all of them: else the short. The
    fact `reply` is what it would answer to this very delivery, empty where it would take it or that is not known."""
    if (reply := finding.fact("reply")) is not None:
        return (visible(reply),) if reply else ()
    facts = {key: visible(fact) for key in BLANKS if (fact := finding.fact(key))}
    details = ". ".join(BLANKS.values())
    filled = ". ".join(blank.replace("…", facts[key]) for key, blank in BLANKS.items() if key in facts)
    known = len(facts) == len(BLANKS)
    lines = (text.replace(f" {details}", f" {filled}" if known else "") for text in entry.exchange_online)
    domain = finding.fact("domain")
    if domain:
        lines = (text.replace("MX hosts of …", f"MX hosts of {visible(domain)}") for text in lines)
    return tuple(dict.fromkeys(lines))


def case(findings: Sequence[Finding], near: str = "", most: int = PLACES) -> str:
    """The sentence that these findings share, behind the places where it is so; the host `near` goes without saying."""
    named = places(findings, near, most)
    return f"{named}: {sentence(findings[0])}" if named else sentence(findings[0])


def places(findings: Iterable[Finding], near: str = "", most: int = PLACES) -> str:
    """Where these findings are, in a few words: "192.0.2.1:25 and 15 more"; nothing for the target as a whole."""
    named = list(dict.fromkeys(filter(None, (_where(finding.where, near) for finding in findings))))
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def _where(where: Where, near: str) -> str:
    match where.kind:
        case "target" | "policy":  # of the domain that the report is on
            return ""
        case "record":
            return "" if where.host == near else visible(where.host or "")
        case "connector":
            return visible(where.name or "")
        case "installed":
            return f"{visible(where.name or '')}{f' on {visible(where.host)}' if where.host else ''}"
        case "organisation" | "plan":
            return visible(where.name or "")
        case "log":
            within = (where.name or "").startswith(f"{where.host}\\")  # as in `EX01\Default Frontend EX01`
            host = None if within else where.host
            return ", ".join(visible(part) for part in (where.name, host, where.address) if part)
    there = spot(where.host, where.address, where.port, near)
    return f"{there}, certificate {where.position}" if where.position else there  # of 0, the leaf, most is said


def named(names: Sequence[str], domain: str = "", most: int = 2) -> str:
    """A few names beside one another on a line: "mx1, mx2 and 3 more". Within the domain, the first labels will do."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    within = f".{domain}" if domain else ""
    return ", ".join(visible(name.removesuffix(within) or name) for name in names[:most]) + more


def place(host: str | None, address: str | None, port: int | None) -> str:
    """ "mail.contoso.com 192.0.2.25:25", "[2001:db8::25]:25": as one would type it."""
    if address is None or port is None:
        return visible(host or address or "")
    there = f"[{visible(address)}]:{port}" if ":" in address else f"{visible(address)}:{port}"
    return there if host is None or host == address else f"{visible(host)} {there}"


def spot(host: str | None, address: str | None, port: int | None, near: str) -> str:
    """The same in a report on the host `near`, which goes without saying. An address that is its own host, and not that
    one, is a client's which came to our listener: the port is ours, and would read as the client's."""
    if address and host == address and near not in ("", host):
        return visible(address)
    return place(None if address and host == near else host, address, port)


def peer(seen: Observation) -> str:
    """Whom the connection was with: "192.0.2.25:25", of a client "192.0.2.25"."""
    there = seen.endpoint
    return place(None, there.address, None if seen.direction is Direction.INBOUND else there.port)


def nearby(report: Report) -> str:
    """What goes without saying in the places of a report: its host. Of a delivery it is the listener, named in full,
    for a client may well bear its address."""
    inbound = report.evidence.route.kind is RouteKind.INBOUND
    return report.target.given if inbound else report.target.name


_ABOUT_NAMES = {
    (Stage.RESOLVE, Kind.UNREACHABLE): "the name could not be looked up",
    (Stage.RESOLVE, Kind.PROTOCOL): "looking up the name leads nowhere",
}


def failed(failure: Failure, *, of_client: bool = False) -> str:
    """How an observation ended early: "the TLS handshake ended with a TLS alert: handshake failure". `of_client`: of
    one that came to our listener, whose words for it are OpenSSL's as a server."""
    if of_client and failure.stage is Stage.HANDSHAKE and (words := _handshake(failure.detail)):
        return words
    said = _ABOUT_NAMES.get((failure.stage, failure.kind)) or f"{STAGES[failure.stage]} {KINDS[failure.kind]}"
    return f"{said}: {visible(failure.detail)}" if failure.detail else said


def _handshake(detail: str) -> str:
    """What OpenSSL says of a client's handshake, as it is; empty where its own word is as good as ours."""
    words = HANDSHAKES.get(detail.lower())
    return f"{STAGES[Stage.HANDSHAKE]} failed: {words}" if words else ""


def count(number: int, thing: str) -> str:
    """ "1 day", "2 days", "3 addresses", "4 deliveries"."""
    if number == 1:
        return f"1 {thing}"
    if thing.endswith("ry"):
        return f"{number} {thing[:-1]}ies"
    return f"{number} {thing}es" if thing.endswith("s") else f"{number} {thing}s"


class _Facts(dict[str, str]):
    """The facts of a finding, fit to be printed; a fact that the judge did not give is a question mark."""

    def __init__(self, finding: Finding) -> None:
        super().__init__((key, _fact(key, value)) for key, value in finding.facts)

    def __missing__(self, key: str) -> str:
        return "?"


def _fact(key: str, value: str) -> str:
    if key.startswith("days_") and value.isdecimal():
        return count(int(value), "day")
    if key == "lines" and value.isdecimal():
        return count(int(value), "line")
    if key == "authorities":  # that a client certificate may come from
        return "it names no authority" if value == "any" else f"authority: {visible(value)}"
    return visible(value).removesuffix(":") if key == "one_line" else visible(value)  # a record may follow, or not
