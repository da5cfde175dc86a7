"""A real store with a short past, for the tests of the commands that read it: evidence of the fixtures, judged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures.make import HERE
from probe.cli import run
from probe.config import anchors, evidence
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Evidence, Verdict, gravest
from probe.model.duty import Look
from probe.state import Store
from probe.state.changes import changes
from probe.state.standing import stand

ROOTS = str(HERE / "roots.pem")
NOW = datetime(2026, 11, 21, 9, 35, tzinfo=UTC)
DAY = timedelta(days=1)


def seen(fixture: str, at: datetime, given: str | None = None) -> Evidence:
    """What the fixture shows, as if it had been seen then; `given`: of another target."""
    (found,) = evidence(HERE / "evidence" / f"{fixture}.json")
    target = replace(found.target, given=given) if given else found.target
    return replace(found, at=at, target=target)


def saved(path: Path, *several: Evidence) -> Path:
    """A file of evidence."""
    from probe.codec import encode

    path.write_bytes(b"".join(encode(one) + b"\n" for one in several))
    return path


def remember(path: Path, past: Sequence[tuple[datetime, Mapping[str, str]]]) -> Path:
    """A store with a run at each of these moments, which saw of each target what the fixture of that name shows."""
    trusted = anchors([ROOTS])
    with Store.open(path, past[0][0]) as store:
        for at, targets in past:
            number, verdicts = store.begin("run", at), []
            for name, fixture in targets.items():
                report = judge(seen(fixture, at), Standard(), trusted, at)
                look = Look(name=name, tags=("mx", name[:1]), report=report)
                before, _ = store.standing(name)
                after = stand(before, look)
                store.record(look, after, after, changes(before, after), {}, number, None)
                verdicts.append(after.verdict)
            store.end(number, at + timedelta(seconds=12), gravest(verdicts or [Verdict.OK]), len(targets))
    return path


def ago(days: float) -> datetime:
    return NOW - days * DAY


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run on a day on which the fixtures' certificates are as they are meant to be."""
    monkeypatch.setattr("probe.cli.recalled.now", lambda: NOW)


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def say(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    """What a command line prints, and its exit code."""
    code = run([str(word) for word in words])
    out, err = capsys.readouterr()
    return Said(code, out, err)


def data(said: Said) -> dict[str, object]:
    """The one line of JSON."""
    (line,) = said.out.splitlines()
    found: dict[str, object] = json.loads(line)
    return found
