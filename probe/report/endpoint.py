"""What was seen at one endpoint, or at several that showed the same: address, session, leaf, chain."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from probe.dialogue.smtp import hear
from probe.judge.certificate import Certificate, Unreadable, parse
from probe.model import Endpoint, Finding, Observation, Report, Session, Speaker
from probe.report.escape import visible
from probe.report.layout import BLANK, COLUMN, Line, Span, row, wrapped
from probe.report.tree import tree
from probe.report.wording import count, failed, place

NAMES = 12  # names shown of a certificate
TRANSCRIPT_LINE = 1000  # characters shown of a line of the dialogue


def blocks(report: Report, *, verbosity: int, transcript: bool, width: int) -> Iterator[Line]:
    """One block for all endpoints that showed the same, in the order in which they came."""
    yield from _repeats(report.evidence.observations, width)
    for alike in _alike(report.evidence.observations):
        first = alike[0]
        yield from _addresses(alike, width)
        yield from _session(first, width)
        if first.chain and first.chain.der:
            chain = [parse(der) for der in first.chain.der]
            for position, certificate in enumerate(chain if verbosity > 0 else chain[:1]):
                yield from certificate_rows(certificate, position, report.at, verbosity, width)
            yield from tree(chain, findings_on(first, report.findings), first.chain.omitted, width)
        if verbosity > 0:
            for observation in alike:
                yield from _details(observation, width)
        if transcript:
            for observation in alike:
                if len(report.evidence.observations) > 1:
                    where = place(None, observation.endpoint.address, observation.endpoint.port)
                    yield from row("dialogue", where, width=width, style="strong")
                yield from transcript_rows(observation, width)
        yield BLANK


def _alike(observations: Iterable[Observation]) -> list[list[Observation]]:
    groups: dict[object, list[Observation]] = {}
    for seen in observations:
        key = (seen.session, seen.chain, seen.failure, seen.attempted, seen.endpoint.port, seen.endpoint.server_name)
        groups.setdefault(key, []).append(seen)
    return list(groups.values())


def _repeats(observations: Sequence[Observation], width: int) -> Iterator[Line]:
    """Where an endpoint was observed several times: how often each certificate came."""
    shown: dict[Endpoint, list[str]] = {}
    for seen in observations:
        leaf = parse(seen.chain.der[0]).sha1.upper() if seen.chain and seen.chain.der else "no certificate"
        shown.setdefault(seen.endpoint, []).append(leaf)
    for there, leaves in shown.items():
        if len(leaves) > 1:
            where = place(there.host, there.address, there.port)
            yield from wrapped(f"{where}  {count(len(leaves), 'connection')}", width=width, style="strong")
            for leaf, number in Counter(leaves).most_common():
                yield from row(f"{number} ×", leaf, width=width)
            yield BLANK


def _addresses(alike: Sequence[Observation], width: int) -> Iterator[Line]:
    """Whose block it is: each host with its addresses, and how many connections where there was more than one."""
    by_host: dict[str, Counter[str]] = {}
    for seen in alike:
        where = place(None, seen.endpoint.address, seen.endpoint.port)
        host = "" if seen.endpoint.host == seen.endpoint.address else f"{visible(seen.endpoint.host)}  "
        by_host.setdefault(host, Counter())[where] += 1
    for host, addresses in by_host.items():
        listed = ", ".join(where if n == 1 else f"{where} ({n} connections)" for where, n in addresses.items())
        yield from wrapped(f"{host}{listed}", width=width, style="strong")


def _session(seen: Observation, width: int) -> Iterator[Line]:
    if seen.session:
        yield from session_row(seen.session, width)
    if seen.certificate_requested:
        yield from row("asks for", f"a client certificate{_from(seen.client_cas[:NAMES])}", width=width)
    if not seen.attempted:
        yield from row("not tried", "the time for the target ran out before", width=width, style="bad")
    elif seen.failure:
        yield from row("failed", failed(seen.failure), width=width, style="bad")
    if seen.refusals:
        yield from row("put off", "; ".join(map(failed, seen.refusals)), width=width)


def session_row(session: Session, width: int) -> Iterator[Line]:
    """Version, group and cipher."""
    words = (session.version, session.group, session.cipher)
    return row("session", ", ".join(visible(word) for word in words if word), width=width)


def _from(authorities: Sequence[str]) -> str:
    return f" from {'; '.join(map(visible, authorities))}" if authorities else ""


def certificate_rows(
    certificate: Certificate | Unreadable, position: int, at: datetime, verbosity: int, width: int
) -> Iterator[Line]:
    """One certificate as presented, judged for `at`; with -v what few people need, under its position."""
    if verbosity > 0:
        yield (Span(f"  certificate {position}", "strong"),)
    if isinstance(certificate, Unreadable):
        yield from row("error", f"cannot be read: {visible(certificate.error)}", width=width, style="bad")
    else:
        yield from row("subject", visible(certificate.subject), width=width)
        yield from row("issuer", visible(certificate.issuer), width=width)
        if certificate.names or not certificate.is_ca:
            yield from row("names", _names(certificate.names), width=width)
        yield from _validity(certificate, at, width)
        if verbosity > 0:
            yield from row(
                "key", f"{visible(certificate.key)}, signed with {visible(certificate.signature)}", width=width
            )
            yield from row("serial", certificate.serial, width=width)
    # Upper case without separators is the form in which Exchange prints and wants thumbprints.
    yield from row("SHA-1", certificate.sha1.upper(), width=width)
    yield from row("SHA-256", certificate.sha256.upper(), width=width)
    if verbosity > 0 and isinstance(certificate, Certificate):
        yield from row("SPKI", certificate.spki_sha256.upper(), width=width)


def _names(names: Sequence[str]) -> str:
    more = f", … and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(map(visible, names[:NAMES])) + more if names else "none"


def _validity(certificate: Certificate, at: datetime, width: int) -> Iterator[Line]:
    left = (certificate.not_after - at).days
    if at < certificate.not_before:
        state, style = f"not yet, in {count((certificate.not_before - at).days, 'day')}", "bad"
    elif left < 0:
        state, style = f"expired {count((at - certificate.not_after).days, 'day')} ago", "bad"
    else:
        state, style = f"{count(left, 'day')} left", ""
    dates = f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
    yield from row("valid", f"{dates}, {state}", width=width, style=style)


def findings_on(seen: Observation, findings: Iterable[Finding]) -> list[Finding]:
    """The findings about this endpoint and its certificates."""
    there = seen.endpoint
    return [
        finding
        for finding in findings
        if (finding.where.host, finding.where.address, finding.where.port) == (there.host, there.address, there.port)
    ]


def _details(seen: Observation, width: int) -> Iterator[Line]:
    keywords = ", ".join(map(visible, hear(seen.transcript).keywords))
    if keywords:
        yield from row("keywords", keywords, width=width)
    yield from times_row(seen, width)


def times_row(seen: Observation, width: int) -> Iterator[Line]:
    """How long each stage took."""
    times = ", ".join(f"{visible(stage)} {seconds * 1000:.1f} ms" for stage, seconds in seen.seconds.items())
    if times:
        yield from row("times", times, width=width)


def transcript_rows(seen: Observation, width: int) -> Iterator[Line]:
    """The dialogue, line by line, and what came too early."""
    for turn in seen.transcript:
        for text in turn.data.removesuffix("\n").split("\n"):
            said = visible(text.removesuffix("\r"), TRANSCRIPT_LINE)
            style = "strong" if turn.who is Speaker.CLIENT else ""
            head = Span(f"  {turn.who}: {'TLS ' if turn.tls else '    '}", "label")
            yield from wrapped(said, width=width, indent=COLUMN, head=(head,), style=style)
    if seen.early:
        yield from row("early", visible(seen.early, TRANSCRIPT_LINE), width=width, style="bad")
