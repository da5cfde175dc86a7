"""A change, or a fault that is open, in words: everything that an alert says, so that no sink has to look anything up.

The words are those of the reports: the catalogue's title, the finding's sentence with the facts of the case, the
remedy with its blanks filled in, Exchange Online's own lines.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from probe.judge.catalogue import Entry, explain
from probe.model import Finding, Verdict
from probe.model.duty import Became, Change, Episode, Item, Standing
from probe.report.escape import visible
from probe.report.findings import BY_PROMISE
from probe.report.kept import presented
from probe.report.moments import moment, span
from probe.report.remedy import steps
from probe.report.wording import bounces, cause, places, sentence

MOST_LINES = 80  # of a remedy; commands for many servers are many lines
LONGEST = 2000  # characters of one line to paste, which is worth nothing if it is cut
A_DAY = timedelta(days=1)
PUBLISH = "Publish this record:"


def told(change: Change, near: str = "", standing: Standing | None = None) -> Item:
    """The change in words. The host `near` goes without saying in its place. With the `standing` of its target, the
    facts of what is so now tell which certificate is presented there, and how long it will do."""
    finding = _finding(change, change.verdict)
    over = change.kind is Became.CLEARED or change.kind is Became.CERTIFICATE
    known = _certificate(standing, change) if standing and not over and not finding.fact("thumbprint") else {}
    if change.kind is not Became.CLEARED:
        return _item(finding, change, near, _sentence(finding), known)
    length = change.at - change.since
    gone = f"no longer so; it was for {span(length)}, since {moment(change.since)} UTC"
    return _item(finding, change, near, gone, known)


def _certificate(standing: Standing, change: Change) -> dict[str, str]:
    """Thumbprint (as Exchange prints it) and whole days left of the leaf at the change's place."""
    place = (change.where.address, change.where.port)
    here = [seen for seen in presented(standing) if (seen.address, seen.port) == place]
    if not here:
        return {}
    leaf = min(here, key=lambda seen: (seen.not_after is None, seen.not_after))
    left = {} if leaf.not_after is None else {"days_left": str(int((leaf.not_after - change.at) / A_DAY))}
    return {"thumbprint": leaf.sha1.upper(), **left}


def of_episode(standing: Standing, episode: Episode) -> Item:
    """A fault that is open, in words: for whoever is told what is so, and not what changed. It reads as when it first
    appeared."""
    as_change = Change(
        kind=Became.APPEARED,
        target=standing.name,
        key=episode.key,
        code=episode.code,
        cause=episode.cause,
        where=episode.where,
        verdict=episode.verdict,
        since=min(episode.began, standing.at),
        at=standing.at,
        rule_book=episode.rule_book,
        facts=episode.facts,
        names=episode.names,
    )
    return told(as_change, standing.target.name, standing)


def _finding(change: Change, verdict: Verdict) -> Finding:
    """What the judge said, of which there is a whole room of words."""
    return Finding(
        code=change.code,
        verdict=verdict,
        where=change.where,
        facts=change.facts,
        rule_book=change.rule_book,
        names=change.names,
    )


def _item(finding: Finding, change: Change, near: str, said: str, known: Mapping[str, str]) -> Item:
    entry, over = _entry(finding), change.kind is Became.CLEARED
    return Item(
        kind=change.kind,
        target=visible(change.target),
        key=change.key,
        code=visible(change.code),
        title=entry.title if entry else visible(change.code),
        sentence=said,
        place=places([finding], near),
        where=change.where,
        verdict=change.verdict,
        before=change.before,
        since=change.since,
        at=change.at,
        remedy=tuple(_remedy(finding, entry)) if entry and not over else (),
        exchange=tuple(_exchange(finding, entry)) if entry and not over else (),
        facts={visible(key): visible(value) for key, value in {**known, **dict(change.facts)}.items()},
    )


def _entry(finding: Finding) -> Entry | None:
    try:
        return explain(finding.code, cause(finding))
    except KeyError:  # a newer release has written it down
        return None


def _sentence(finding: Finding) -> str:
    try:
        return sentence(finding)[:LONGEST]
    except ValueError:  # likewise: a stage, or a kind, that is not known here
        return visible(finding.code)


def _remedy(finding: Finding, entry: Entry) -> Iterator[str]:
    """The steps, and before them the line of a zone that would mend it."""
    record = finding.fact("publish") or ""
    lines = [PUBLISH, f"    {record}"] if record.startswith("_") else []
    lines += (line for step in steps([finding], entry) for line in step)
    yield from (visible(line, LONGEST) for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"And {len(lines) - MOST_LINES} more lines: `probe explain {finding.code}` has the commands."


def _exchange(finding: Finding, entry: Entry) -> Iterator[str]:
    """As in a report: for a promise its own words; else today's, and those of before 2023 where they differ."""
    words = bounces(finding, entry)
    required = (finding.fact("required_by") or "").partition(" ")[0]
    promised = [text for text in words if required in BY_PROMISE and text.startswith(BY_PROMISE[required])]
    older = [text for text in words if text.startswith("450 4.7.320")]
    yield from promised or dict.fromkeys((*words[:1], *older))
