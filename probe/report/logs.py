"""What `probe logs` prints: the verdict, what was read, the kinds of sessions, what is wrong and how to mend it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from probe.judge.logged.groups import breaks_off, sha1, went_well
from probe.model import Digest, Finding, Group, Leaf, Stage, Verdict, Way, gravest
from probe.report.escape import visible
from probe.report.findings import faults, glance, grouped, held
from probe.report.layout import BLANK, WIDTH, Line, Span, body, heading, row, wrapped
from probe.report.wording import count, failed, places, sentence

LEAF_ONLY = (
    "A log shows the certificates' own data and no chains: what was sent along with them, only the wire tells. Names "
    "by which peers greet are their own claims."
)
WITH_MORE = "probe logs … --connectors FILE --probe puts exports and the wire beside it."
REASONS = 3  # said beside the verdict; the rest is below
QUIET = 7  # columns of a verdict where verdicts stand under one another
AGREES = "log-certificate-agrees"
SHOWN = 40  # lines of the table, of many the latest
PEERS = 2  # named of those who share a line
GOOD, PLAIN, BREAKS_OFF = "good", "no TLS", "the log breaks off here"
TIMES = 36  # columns of "2026-11-21 09:30 to 2026-12-01 08:12"


def render(
    digest: Digest,
    findings: Sequence[Finding],
    at: datetime,
    *,
    sources: Sequence[str] = (),
    notes: Sequence[str] = (),
    verbosity: int = 0,
    width: int = WIDTH,
) -> list[Line]:
    """The report as lines. `sources` are the files as the user named them, `notes` what could be read in part only.
    `verbosity` -1 is the verdict alone; 1 adds what held, and every kind of session."""
    verdict = gravest(finding.verdict for finding in findings)
    if verbosity < 0:
        return list(_verdict(findings, sources, verdict, width))
    return [
        *_headline(findings, sources, verdict, width),
        *_read(digest, at, notes, width),
        *_table(digest.groups, verbosity, width),
        *faults(findings, "", verbosity=verbosity, width=width),
        *_held(findings, verbosity, width),
        *wrapped(f"{LEAF_ONLY} {WITH_MORE}", width=width, style="dim"),
    ]


def _verdict(findings: Sequence[Finding], sources: Sequence[str], verdict: Verdict, width: int) -> Iterator[Line]:
    codes = ", ".join(dict.fromkeys(finding.code for finding in findings if finding.verdict is not Verdict.OK))
    head = (Span(f"{verdict:<{QUIET}}", verdict),)
    yield from wrapped(f"{_named(sources)}  {codes}".rstrip(), width=width, indent=QUIET + 2, head=head)


def _headline(findings: Sequence[Finding], sources: Sequence[str], verdict: Verdict, width: int) -> Iterator[Line]:
    """The verdict, and for each of the gravest faults where and why."""
    yield from heading(verdict, _named(sources), width=width)
    bad = grouped(finding for finding in findings if finding.verdict is not Verdict.OK)
    for group in bad[:REASONS]:
        for text in glance(group, ""):
            yield from body(text, width=width, hang=2)
    if len(bad) > REASONS:
        yield from body(f"and {count(len(bad) - REASONS, 'more fault')}, see below", width=width)
    yield BLANK


def _named(sources: Sequence[str]) -> str:
    more = f" and {len(sources) - REASONS} more" if len(sources) > REASONS else ""
    names = ("standard input" if source == "-" else visible(source) for source in sources[:REASONS])
    return ", ".join(names) + more or "protocol logs"


def _read(digest: Digest, at: datetime, notes: Sequence[str], width: int) -> Iterator[Line]:
    counts = [
        count(digest.files, "file"),
        size(digest.octets),
        count(digest.rows, "row"),
        count(digest.sessions, "session"),
        *([f"{count(digest.damaged, 'row')} damaged"] if digest.damaged else []),
        *([f"{count(digest.omitted, 'session')} left out"] if digest.omitted else []),
        *([f"{digest.unfinished} without an end"] if digest.unfinished else []),
    ]
    yield from row("read", ", ".join(counts), width=width)
    for note in notes:
        yield from row("", visible(note), width=width, style="bad")
    if digest.groups:
        first, last = min(group.first for group in digest.groups), max(group.last for group in digest.groups)
        yield from row("times", f"{_times(first, last)} UTC; judged as of {at:%Y-%m-%d %H:%M:%S} UTC", width=width)
    yield BLANK


def size(octets: int) -> str:
    """An amount as one says it: "812 bytes", "23 KB", "4.1 MB"."""
    if octets < 1000:
        return count(octets, "byte")
    return f"{octets / 1e3:.0f} KB" if octets < 1e6 else f"{octets / 1e6:.1f} MB"


def _held(findings: Sequence[Finding], verbosity: int, width: int) -> Iterator[Line]:
    """What held. Who had a look at the wire sees log, wire and connector beside one another, also where they agree."""
    beside: dict[str, list[Finding]] = defaultdict(list)
    others: list[Finding] = []
    for found in findings:
        compared = verbosity <= 0 and found.code == AGREES and found.fact("wire")
        (beside[_in_step(found) or sentence(found)] if compared else others).append(found)
    if beside:
        yield from heading(Verdict.OK, AGREES, width=width, style="")
        for text, alike in beside.items():
            yield from body(f"{places(alike, most=PEERS)}: {text}", width=width, hang=2)
        yield BLANK
    yield from held(others, "", verbosity=verbosity, width=width)


def _in_step(found: Finding) -> str:
    """The three in short, where they are one and the same; otherwise empty."""
    sent, named = found.fact("sent") or "", found.fact("named")
    if found.fact("note") or found.fact("wire") != sent or named not in (sent, None):
        return ""
    return f"{visible(sent)} is in the log and on the wire{', and the connector names it' if named else ''}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A line of the table. `peer` is whom it tells of, in words."""

    way: str
    connector: str
    server: str
    peer: str
    sent: str
    version: str
    outcome: str
    good: bool
    sessions: int
    first: datetime
    last: datetime


def _table(groups: Sequence[Group], verbosity: int, width: int) -> Iterator[Line]:
    """The kinds of sessions by connector and server, peer, and certificate sent; of each its number, times, TLS and
    end. Peers to whom the same happened share a line; of very many lines the latest are shown. -v has all apart."""
    kinds = _kinds(groups, apart=verbosity > 0)
    shown = kinds if verbosity > 0 else kinds[:SHOWN]
    for place, of_place in groupby(sorted(shown, key=_order), key=lambda kind: (kind.way, kind.connector, kind.server)):
        way, connector, server = place
        name = visible(connector) or "no connector"
        yield from wrapped(
            f"{name}{f' on {visible(server)}' if server else ''}",
            width=width,
            indent=len(way) + 2,
            head=(Span(way, "label"),),
            style="strong",
        )
        for peer, of_peer in groupby(of_place, key=lambda kind: kind.peer):
            yield from body(f"{'to' if way == Way.SEND else 'from'} {peer}", width=width, hang=5)
            for sent, alike in groupby(of_peer, key=lambda kind: kind.sent):
                yield from _of_certificate(sent, alike, width)
        yield BLANK
    if len(kinds) > len(shown):
        more = count(len(kinds) - len(shown), "kind") + " of sessions"
        yield from body(f"and {more} more, of earlier times: -v shows them, so does --format json", width=width)
        yield BLANK


def _order(kind: _Kind) -> tuple[str, str, str, str, str, datetime]:
    return kind.way, kind.connector, kind.server, kind.peer, kind.sent, kind.first


def _kinds(groups: Sequence[Group], *, apart: bool) -> list[_Kind]:
    """The lines of the table, the latest first."""
    found: dict[object, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda group: group.last, reverse=True):
        alone = group.peer if apart or not group.peer[:1].isdigit() else ""
        found[
            group.way, group.connector, group.server, alone, _sent(group.sent), _version(group), _outcome(group)
        ].append(group)
    return [_kind(alike) for alike in found.values()]


def _kind(alike: Sequence[Group]) -> _Kind:
    latest, outcome = alike[0], _outcome(alike[0])
    peers = list(dict.fromkeys(group.peer for group in alike))
    more = f" and {len(peers) - PEERS} more" if len(peers) > PEERS else ""
    return _Kind(
        way=latest.way,
        connector=latest.connector,
        server=latest.server,
        peer=", ".join(map(visible, peers[:PEERS])) + more or "a peer that the log does not name",
        sent=_sent(latest.sent),
        version=_version(latest),
        outcome=outcome,
        good=went_well(latest) or outcome in (PLAIN, BREAKS_OFF),
        sessions=sum(group.sessions for group in alike),
        first=min(group.first for group in alike),
        last=latest.last,
    )


def _version(group: Group) -> str:
    return group.observation.session.version if group.observation.session else "-"


def _sent(leaf: Leaf | None) -> str:
    if leaf is None:
        return "no certificate sent"
    text = leaf.thumbprint or ""
    odd = f" ({count(len(text), 'character')}: no thumbprint)" if text and not sha1(leaf) else ""
    subject = f"  {visible(leaf.subject)}" if leaf.subject else ""
    return f"sent {visible(text) or 'a certificate without a thumbprint'}{odd}{subject}"


def _of_certificate(sent: str, kinds: Iterable[_Kind], width: int) -> Iterator[Line]:
    yield from body(sent, width=width, margin=" " * 4, hang=5)
    for kind in kinds:
        head = f"{kind.sessions:>9}x {_times(kind.first, kind.last):<{TIMES}} {kind.version:<7} "
        style = "" if kind.good else "bad"
        yield from wrapped(kind.outcome, width=width, indent=len(head), head=(Span(head),), style=style)


def _times(first: datetime, last: datetime) -> str:
    """First and last, no longer than `TIMES`: seconds where both are of one day."""
    if first == last:
        return f"{first:%Y-%m-%d %H:%M:%S}"
    if first.date() == last.date():
        return f"{first:%Y-%m-%d %H:%M:%S} to {last:%H:%M:%S}"
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def _outcome(group: Group) -> str:
    """How the sessions ended, in the log's words where it has some."""
    failure = group.observation.failure
    words = [group.status, group.validation if group.validation != "Valid" else "", group.reply]
    if group.masked:
        words.append("commands overwritten")
    if not any(words) and failure:
        left = failure.stage is Stage.AFTER and group.ended
        words.append(f"left: {group.ended}" if left else failed(failure))
    if group.capabilities:
        words.append(group.capabilities if group.capabilities != "None" else "no capabilities")
    told = ", ".join(visible(word, 100) for word in words if word)
    if told or group.observation.session:
        return told or GOOD
    return BREAKS_OFF if breaks_off(group) else PLAIN
