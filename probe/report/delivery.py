"""The report on a delivery: whose mail Exchange Online would take it for, who came and what was presented, what is
wrong, and from where it was seen."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from probe.dialogue.smtp import Envelope, attend
from probe.dialogue.smtp.answered import answered
from probe.judge.certificate import parse
from probe.judge.inbound.attribution import NO_DELIVERY
from probe.judge.inbound.chain import STATUSES
from probe.model import Attribution, Finding, Observation, Report, Stage, Verdict
from probe.report.attribution import attribution
from probe.report.endpoint import certificate_rows, findings_on, session_row, times_row, transcript_rows
from probe.report.escape import visible
from probe.report.findings import faults, held, outline, reasons
from probe.report.layout import BLANK, Line, body, heading, row, wrapped
from probe.report.moments import moment
from probe.report.tree import tree
from probe.report.wording import failed, nearby, peer, place

MAILBOXES = 12  # of senders, and of recipients, that are shown
ANSWERS = 3
A_LINE = 1000  # columns: where that is all that is wanted, a delivery is a line, as in a log
NAME = 100  # characters of a greeting beside the verdict; below it is whole
# What the sentence on attribution has said already.
_SAID = ("not-attributed", "attribution-ambiguous", "attribution-unknown", "relay-refused", "partner-restricted")
# Of what a finding is the consequence, by its code and cause.
_FOLLOWS: Mapping[tuple[str, str | None], Collection[str]] = {
    ("certificate-not-trusted", "client-chain-incomplete"): ("chain-incomplete",),
    ("not-attributed", "chain-bad"): STATUSES,
}


def who(report: Report) -> str:
    """ "192.0.2.25 (mail.contoso.com)": the client's address, and the name that it goes by."""
    seen = next(iter(report.evidence.observations), None)
    if seen is None:
        return "nobody"
    said = attend(seen.transcript)
    name = said.greeted_inside or said.greeted
    return visible(seen.endpoint.address) + (f" ({visible(name, NAME)})" if name else "")


def render(report: Report, *, verbosity: int, transcript: bool, width: int) -> list[Line]:
    """The report as lines, as `text.render` has it."""
    if verbosity < 0:
        return list(outline(report, who(report), A_LINE))
    return [
        *headline(report, width),
        *(line for seen in report.evidence.observations for line in _block(report, seen, verbosity, transcript, width)),
        *faults(report.findings, nearby(report), verbosity=verbosity, width=width, implied=_implied(report.findings)),
        *held(report.findings, nearby(report), verbosity=verbosity, width=width),
        *_vantage(report, width),
    ]


def headline(report: Report, width: int) -> Iterator[Line]:
    """The verdict, the attribution, and what else is wrong with it."""
    yield from heading(report.verdict, f"delivery from {who(report)}", width=width)
    found = report.attribution
    if found is None or found.because != NO_DELIVERY:  # why it did not come to one is the first of the reasons
        yield from body(attribution(found), width=width, hang=2)
    yield from reasons(_unsaid(report), nearby(report), width)
    yield BLANK


def _unsaid(report: Report) -> Iterator[Finding]:
    """What the sentence on attribution does not say, each fact once."""
    said = _SAID if report.attribution else ()
    implied = _implied(report.findings)
    return (found for found in report.findings if found.code not in said and found not in implied)


def _implied(findings: Sequence[Finding]) -> frozenset[Finding]:
    """What follows from another fault of the same client and is mended with it: a chain that lacks its middle is not
    trusted, and by a certificate that does not count nothing is attributed."""
    bad = [found for found in findings if found.verdict is not Verdict.OK]
    at = {(found.where.address, found.code) for found in bad}
    return frozenset(
        found
        for found in bad
        if any((found.where.address, code) in at for code in _FOLLOWS.get((found.code, found.fact("cause")), ()))
    )


def _block(report: Report, seen: Observation, verbosity: int, transcript: bool, width: int) -> Iterator[Line]:
    said = attend(seen.transcript)
    here = place(None, seen.source, seen.endpoint.port) or f"port {seen.endpoint.port}"
    yield from wrapped(f"{peer(seen)} → {here}  {moment(seen.at)} UTC", width=width, style="strong")
    yield from row("EHLO", _names(said), width=width)
    if seen.endpoint.server_name is not None or verbosity > 0:
        yield from row("SNI", visible(seen.endpoint.server_name or "") or "none", width=width)
    if seen.session:
        yield from session_row(seen.session, width)
    elif not seen.certificate_requested:
        why = "STARTTLS was refused" if said.asked else "STARTTLS was not asked for"
        yield from row("session", f"none: {why}", width=width, style="bad")
    yield from _envelope(seen, said, report.attribution, width)
    if seen.failure:
        late = seen.failure.stage is Stage.AFTER  # what there was to see had been seen by then
        yield from row(
            "ended" if late else "failed",
            failed(seen.failure, of_client=True),
            width=width,
            style="" if late else "bad",
        )
    yield from _certificates(report, seen, verbosity, width)
    if verbosity > 0:
        yield from times_row(seen, width)
    if transcript:
        yield from transcript_rows(seen, width)
    yield BLANK


def _names(said: Envelope) -> str:
    """By which names it greeted."""
    before, inside = said.greeted, said.greeted_inside
    if before is None and inside is None:
        return "none"
    if before == inside:
        return f"{visible(before or '')}, inside TLS the same"
    return "; ".join((*([visible(before)] if before is not None else []), *_inside(inside)))


def _inside(name: str | None) -> Iterator[str]:
    if name is not None:
        yield f"inside TLS {visible(name)}"


def _envelope(seen: Observation, said: Envelope, found: Attribution | None, width: int) -> Iterator[Line]:
    """Whose mail it was, for whom, what it was told, and what Exchange Online would have told it."""
    if said.senders:
        plain = "" if said.inside else ", in plain text"
        named = _mailboxes(said.from_addresses, said.senders, "the null sender <>")
        yield from row("MAIL FROM", named + plain, width=width)
    if said.recipients:
        named = _mailboxes(said.to_addresses, said.recipients, "an address without a domain")
        yield from row("RCPT TO", named, width=width)
    label = "answered"
    for reply in answered(seen.transcript, "RCPT")[:ANSWERS]:
        yield from row(label, visible(reply), width=width)
        label = ""
    if found and found.reply:
        yield from row("Exchange", visible(found.reply), width=width)
    if found and found.doubt:
        yield from row("in doubt", visible(found.doubt), width=width)
    if said.more:
        yield from row("also said", f"{', '.join(map(visible, said.more))}, which was not taken", width=width)


def _mailboxes(addresses: Sequence[str], domains: Sequence[str], none: str) -> str:
    """The addresses that are known, and the domains of the others."""
    known = {address.rpartition("@")[2] if "@" in address else "" for address in addresses}
    named = [*addresses, *(domain or none for domain in domains if domain not in known)]
    more = f" and {len(named) - MAILBOXES} more" if len(named) > MAILBOXES else ""
    return ", ".join(map(visible, named[:MAILBOXES])) + more


def _certificates(report: Report, seen: Observation, verbosity: int, width: int) -> Iterator[Line]:
    """The chain as presented; that there is none is told where the client was asked."""
    if seen.chain and seen.chain.der:
        chain = [parse(der) for der in seen.chain.der]
        for position, certificate in enumerate(chain if verbosity > 0 else chain[:1]):
            yield from certificate_rows(certificate, position, report.at, verbosity, width)
        yield from tree(chain, findings_on(seen, report.findings), seen.chain.omitted, width)
    elif seen.session:
        yield from row("presented", "no certificate", width=width, style="bad")


def _vantage(report: Report, width: int) -> Iterator[Line]:
    """Where it was seen, and what is not to be known there."""
    places = dict.fromkeys(_places(report.evidence.observations))
    seen = f"Seen at {', '.join(places)}" if places else "Nobody came"
    text = (
        f"{seen}; roots: {visible(report.roots)}. It came here and not to Microsoft, for whom the server may have "
        "another connector, certificate or way. Microsoft's own roots, revocation checks and unpublished rules may "
        "decide otherwise."
    )
    yield from wrapped(text, width=width, style="dim")


def _places(observations: Iterable[Observation]) -> Iterator[str]:
    for seen in observations:
        port = seen.endpoint.port
        yield f"{visible(seen.source)} port {port}" if seen.source else f"port {port}"
