"""docs/duty.md is as it says.

Its `console` blocks are one story, told in order: each `probe run` comes some hours after the one before, and sees
recorded evidence instead of the world. Its examples of settings are checked by `probe config check`, its tables by the
program itself.
"""

import json
import os
import re
import shlex
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from probe.alert.command import Command, variables
from probe.alert.message import text
from probe.alert.webhook import Webhook, filled
from probe.alert.words import Hidden, Secret
from probe.cli import run
from probe.config.settings.schema import schema
from probe.model import Evidence, Target, Verdict
from probe.model.duty import Became
from probe.report.prometheus import FAMILIES
from probe.run.events import EVENTS
from probe.run.outbox import merged
from probe.state import Store
from tests.alerts import message
from tests.recalling import seen
from tests.receiver import receiver
from tests.test_docs import A_STORY, BLOCK, COMMAND, HOUSE
from tests.world import in_trio

DUTY = (HOUSE / "docs" / A_STORY).read_text()
PLACE = "/srv/probe"  # where the story takes place
COMMON = {"kind", "name", "tags", "verdicts", "quiet", "timeout"}  # keys of every alert

# What `probe run` sees in the story: how many hours later, and which fixture shows the target of that name.
STORY = (
    (0, {"mail.contoso.com": "healthy", "contoso.com": "sts-enforced"}),
    (24, {"mail.contoso.com": "expired", "contoso.com": "sts-enforced"}),
    (1, {"mail.contoso.com": "not-observed-connect-refused", "contoso.com": "sts-enforced"}),
    (3, {"mail.contoso.com": "healthy", "contoso.com": "sts-testing"}),
)


def _blocks(language: str) -> list[str]:
    return [block for kind, block in BLOCK.findall(DUTY) if kind == language]


# The story


class Hurried:
    """The module trio, in which time passes at once."""

    def __init__(self, clock: list[datetime]) -> None:
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(trio, name)

    async def sleep(self, seconds: float) -> None:
        self._clock[0] += timedelta(seconds=seconds)
        await trio.lowlevel.checkpoint()


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with every file that the examples name, and an environment with every variable."""
    monkeypatch.chdir(tmp_path)
    for name in set(re.findall(r'"env:(\w+)"', DUTY)):
        monkeypatch.setenv(name, f"{'ntfys' if name == 'NTFY_URL' else 'https'}://example.org/{name}")
    for name in set(re.findall(r'"file:([\w/.]+)"', DUTY)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("https://secret.example.org/0123456789")
    for name in ("onprem.json", "exo.json"):
        shutil.copy(HOUSE / "fixtures" / "exchange" / "exports" / "org" / name, tmp_path)
    for name in ("roots.pem", "ca.pem"):
        shutil.copy(HOUSE / "fixtures" / "roots.pem", tmp_path / name)
    (script,), (template, _) = _blocks("sh"), _blocks("json")
    (tmp_path / "told.sh").write_text(script)
    (tmp_path / "ticket.json").write_text(template)
    return tmp_path


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """`next` of it goes on to the next run."""
    clock, shown = [datetime(2026, 11, 18, 9, 35, tzinfo=UTC)], dict[str, Evidence]()

    async def gather(target: Target, *_: object) -> Evidence:
        return replace(shown[target.name], target=target)

    for module in ("look", "once"):
        monkeypatch.setattr(f"probe.run.{module}.trio", Hurried(clock))
    monkeypatch.setattr("probe.run.look.gather", gather)
    monkeypatch.setattr("socket.gethostname", lambda: "probe.contoso.com")
    for module in ("onduty", "recalled"):
        monkeypatch.setattr(f"probe.cli.{module}.now", lambda: clock[0])

    def told() -> Iterator[Mapping[str, str]]:
        for hours, fixtures in STORY:
            clock[0] += timedelta(hours=hours)
            shown.update({name: seen(fixture, clock[0]) for name, fixture in fixtures.items()})
            yield fixtures

    return told()


def test_the_story_is_told_as_it_is(
    directory: Path, story: Iterator[Mapping[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, block in BLOCK.findall(DUTY):
        if kind == "toml" and block.startswith("# probe.toml"):
            with Path("probe.toml").open("a" if "at its end" in block.splitlines()[0] else "w") as file:
                file.write(block)
        elif kind == "console":
            assert _said(block, directory, story, capsys) == block
        elif kind == "text":
            with Store.open(Path("probe.db"), datetime.now(UTC), writing=False) as store:
                waiting = merged(store.pending("desk"), max(row.notice.at for row in store.pending("desk")))
            assert waiting
            assert text(waiting) == block
    assert next(story, None) is None
    assert len(Path("told.log").read_text().splitlines()) == 2  # what a mute keeps quiet is not told


def _said(block: str, directory: Path, story: Iterator[Mapping[str, str]], capsys: pytest.CaptureFixture[str]) -> str:
    """The block with what its commands print."""
    said = ""
    for command, _ in COMMAND.findall(block):
        words = shlex.split(command)[1:]
        if words[0] == "run":
            next(story)
        run(words)
        out, err = capsys.readouterr()
        said += f"$ {command}\n" + (out + err).replace(os.path.realpath(directory), PLACE)
    return said


# Its examples


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own
@pytest.mark.parametrize("example", [block for block in _blocks("toml") if "at its end" not in block])
def test_an_example_of_settings_is_sound(example: str, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = "" if "[[target]]" in example else '[[target]]\ntarget = "contoso.com"\n'
    Path("probe.toml").write_text(example + target)
    assert (run(["config", "check"]), capsys.readouterr().err) == (0, "")


@in_trio
async def test_what_is_said_of_signatures_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {}
    exec(_blocks("python")[0], known)
    monkeypatch.setenv("SIGNED_BY", "correct horse")
    with receiver() as there:
        await Webhook(url=Secret(there.url()), secret=Hidden("env:SIGNED_BY")).send(message())
    got, genuine = there.got[0], known["genuine"]
    header = got.headers["probe-signature"]
    assert genuine(got.body, header, "correct horse")
    assert not genuine(got.body + b" ", header, "correct horse")
    assert not genuine(got.body, header, "battery staple")
    assert not genuine(got.body, header.replace("t=", "t=1"), "correct horse")
    known["time"] = type("Later", (), {"time": lambda: time.time() + 301})
    assert not genuine(got.body, header, "correct horse")


def test_the_template_makes_a_ticket() -> None:
    ticket = json.loads(filled(_blocks("json")[0], message()))
    assert ticket["priority"] == "FAIL"
    assert ticket["body"] == text(message())
    assert ticket["changes"][0]["code"] == "certificate-expired"


@in_trio
async def test_the_script_hears_of_it(directory: Path) -> None:
    await Command(run=("/bin/sh", "told.sh")).send(message())
    told = variables(message())
    assert (directory / "told.log").read_text() == f"{told['PROBE_AT']} FAIL {told['PROBE_HEADLINE']}\n"


# Its tables


def _table(after: str) -> dict[str, str]:
    """The first table behind these words: what stands in the first two columns. Several may share a line."""
    (rest,) = DUTY.split(after)[1:]
    found = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", found[0] if found else "", re.MULTILINE)
    return {key: second for keys, second in rows for key in re.findall(r"`\$?\{?(\S+?)\}?`", keys)}


DEFINITIONS: Mapping[str, Any] = schema()["$defs"]
KINDS = sorted(name.removeprefix("Alert_") for name in DEFINITIONS if name.startswith("Alert_"))


def _is_all_of(table: Mapping[str, str], definition: str, *, but: Collection[str] = ()) -> None:
    known = DEFINITIONS[definition]
    assert table.keys() == known["properties"].keys() - set(but)
    assert {key for key, default in table.items() if default == "required"} == set(known["required"]) - set(but)


def test_every_key_is_named_and_none_invented() -> None:
    _is_all_of(_table("### Targets\n"), "Target")
    _is_all_of(_table("### Defaults\n"), "Defaults", but=set(DEFINITIONS["Target"]["properties"]))
    _is_all_of(_table("Key of `[store]`"), "Store")
    _is_all_of(_table("Key of `[listen]`"), "Listen")
    assert _table("### Every alert\n").keys() == COMMON
    for kind in KINDS:
        _is_all_of(_table(f"### `{kind}`\n"), f"Alert_{kind}", but=COMMON)
    assert sorted(re.findall(r"^### `(\w+)`$", DUTY, re.MULTILINE)) == KINDS


def test_other_tables_are_whole() -> None:
    assert _table("Within quotation marks:").keys() == {"key", "at", "sender", "verdict", "headline", "text"}
    assert _table("## What changes are\n").keys() == set(Became)
    assert _table('timeout = "10s"').keys() == variables(message()).keys()
    assert re.findall(r"^\| ([A-Z]+) \| (\d) \|", DUTY, re.MULTILINE) == [
        (verdict, str(verdict.exit_code)) for verdict in (Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN)
    ]


def test_metrics_and_events_are_there() -> None:
    metrics = re.findall(r"`(probe_\w+)`", DUTY)
    assert metrics
    assert set(metrics) <= FAMILIES.keys()
    line = json.loads(_blocks("json")[1])
    assert EVENTS[line["event"]][0] == line["level"]
    assert line.keys() - {"ts", "level", "event"} == set(EVENTS["look"][1].partition(": ")[2].rstrip(".").split(", "))
