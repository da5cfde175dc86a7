"""The two sides of `probe diff`: a run, a moment or a file, as the evidence on each target; and how it is judged."""

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from probe.cli import recalled
from probe.errors import ConfigError, UsageError
from probe.model import Evidence, Report

if TYPE_CHECKING:
    from probe.config.duty import Settings
    from probe.report.diff import Diff
    from probe.state import Store

Seen = Mapping[str, tuple[Evidence, datetime]]  # by target: what was seen, and as of when it is judged
_NUMBER = re.compile(r"#?([0-9]{1,9})", re.ASCII)


def diff(
    before: str, after: str, config: Path | None, store: Path | None, targets: Collection[str], roots: list[str]
) -> "Diff":
    """Both sides judged by today's judge and by the same expectations: those of the configuration for the targets that
    it has. Raises `UsageError`, `ConfigError`, `EvidenceError` and `StateError`."""
    from probe.report.diff import Diff
    from probe.report.differences import compare

    words, files = (before, after), [_file(word) for word in (before, after)]
    at, by_given = recalled.now(), any(files)
    with ExitStack() as stack:
        kept = None if all(files) else stack.enter_context(recalled.memory(config, store))
        sides = [
            _from_file(file) if file else _from_store(kept, word, at, by_given=by_given)
            for word, file in zip(words, files, strict=True)
            if file or kept
        ]
    old, new = sides
    for name in targets:
        recalled.known(name, {*old, *new}, "the target")
    chosen = [name for name in dict.fromkeys((*new, *old)) if not targets or name in targets]
    judge = _judging(config, roots)
    return Diff(
        before=before,
        after=after,
        targets=[
            compare(name, judge(name, *old[name]), judge(name, *new[name]))
            for name in chosen
            if name in old and name in new
        ],
        gone=[name for name in chosen if name not in new],
        come=[name for name in chosen if name not in old],
    )


def _file(word: str) -> Path | None:
    """A number or a length of time is never a file, unless it is written as a path."""
    path = Path(word)
    if _NUMBER.fullmatch(word) or not path.is_file():
        return None
    return path


def _from_file(path: Path) -> Seen:
    """The targets as they were given. Of a target that is in it several times, the last."""
    from probe.config import evidence

    return {seen.target.given: (seen, seen.at) for seen in evidence(path)}


def _from_store(store: "Store | None", word: str, at: datetime, *, by_given: bool) -> Seen:
    if store is None:
        return {}
    moment = _moment(store, word, at)
    found = ((name, store.evidence(name, moment)) for name in store.targets_at(moment))
    seen = {(one.target.given if by_given else name): (one, moment) for name, one in found if one}
    if not seen:
        raise UsageError(f"nothing is remembered of {word}", "`probe history` lists the runs")
    return seen


def _moment(store: "Store", word: str, at: datetime) -> datetime:
    """The end of the run of that number; else the moment that the word says. Raises `UsageError`."""
    if not (number := _NUMBER.fullmatch(word)):
        try:
            return recalled.when(word, at, "the side")
        except UsageError:
            hint = "a run's number, a moment as in 2026-12-24T18:00:00Z, how long ago as in 7d, or a file of evidence"
            raise UsageError(f"`{word}` is no side to compare", hint) from None
    runs = store.runs(1_000_000)
    run = next((run for run in runs if run.number == int(number[1])), None)
    if run is None:
        there = f"there are {runs[-1].number} to {runs[0].number}" if runs else "none is remembered"
        raise UsageError(f"there is no run {number[1]}", f"{there}; `probe history` lists them")
    return run.ended or at


def _judging(config: Path | None, roots: list[str]) -> Callable[[str, Evidence, datetime], Report]:
    """Judges a target as the configuration expects it, and one that it does not have as anybody would."""
    from probe import config as words
    from probe.judge.judging import judge
    from probe.judge.standard import Standard

    settings = _settings(config)
    watched = {each.name: each for each in settings.targets} if settings else {}
    watched |= {each.target.given: each for each in settings.targets} if settings else {}
    anchors = settings.looking.anchors if settings and not roots else words.anchors(roots or ["certifi"])

    def judged(name: str, evidence: Evidence, at: datetime) -> Report:
        expected = watched.get(name)
        if expected is None:
            return judge(evidence, Standard(), anchors, at)
        return judge(evidence, expected.standard, anchors, at, expected.organisation)

    return judged


def _settings(config: Path | None) -> "Settings | None":
    """None where there is no configuration. Raises `ConfigError` for one that cannot be read."""
    from probe.config.settings import find, load

    try:
        path = find(config)
    except ConfigError:
        return None
    return load(path)
