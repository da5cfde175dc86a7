"""`probe status`: what matters first, nothing that stands in the way of being told, and an honest exit code."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from probe.model import Verdict
from probe.model.duty import Notice, Pending, Standing
from probe.report.kept import next_end
from probe.report.layout import plain
from probe.report.status import Overview, render
from probe.report.status_json import render as to_json
from probe.report.status_json import schema
from probe.state import Mute, Run, Store
from tests.recalling import ago, data, remember, say, stopped_clock  # noqa: F401 - a fixture
from tests.standings import AT, DAY, episode, sighting, standing

HOUR = timedelta(hours=1)


def pending(sink: str = "slack", *, stuck: bool = False, error: str = "", attempts: int = 1) -> Pending:
    notice = Notice(target="mail", given="mail.contoso.com:25", at=AT, verdict=Verdict.FAIL)
    return Pending(
        id=1,
        sink=sink,
        key="k",
        notice=notice,
        created=AT - 3 * HOUR,
        due=AT + timedelta(minutes=4),
        attempts=attempts,
        error=error,
        stuck=stuck,
    )


def ran(number: int, began: datetime, ended: datetime | None = None, kind: str = "run") -> Run:
    return Run(number=number, kind=kind, began=began, ended=ended, verdict=Verdict.OK if ended else None, targets=3)


def muted(target: str, reason: str = "") -> Mute:
    return Mute(target=target, until=AT + 2 * HOUR, reason=reason, made=AT)


def text(*standings: Standing, verbosity: int = 0, width: int = 80, **more: Any) -> str:
    return plain(render(Overview(at=AT, standings=standings, **more), verbosity=verbosity, width=width))


FAILED = standing("b", Verdict.FAIL, episodes=[episode()], certificates=[sighting(days=-3)], good=AT - 3 * DAY)


def test_a_whole_overview() -> None:
    late = standing("a", Verdict.WARN, episodes=[episode("certificate-expires-soon", Verdict.WARN)])
    told = text(
        standing("c", certificates=[sighting(days=25)]),
        late,
        FAILED,
        pending=[pending(stuck=True, error="404 Not Found")],
        mutes=[muted("c", "new certificate")],
        runs=[ran(42, AT - HOUR, AT - HOUR + timedelta(seconds=12))],
    )
    assert told == (
        "         target                               expires   since  looked  last good\n"
        "FAIL     b                                    expired     2 d     0 s        3 d\n"
        "         certificate-expired at mail.contoso.com 192.0.2.25:25\n"
        "WARN     a                                       59 d     2 d     0 s\n"
        "         certificate-expires-soon at mail.contoso.com 192.0.2.25:25\n"
        "OK       c                                       24 d     2 d     0 s\n"
        "         muted until 2026-11-21 11:35 UTC: new certificate\n"
        "\n"
        "3 targets: 1 OK, 1 WARN, 1 FAIL; 1 muted\n"
        "  alerts    1 stuck at slack since 2026-11-21 06:35 UTC: 404 Not Found\n"
        "            `probe alerts retry` sends again what is stuck, `probe alerts drop`\n"
        "            forgets it\n"
        "  last run  42 (run), 60 min ago, took 12 s: 3 targets, OK\n"
    ).replace("60 min", "1 h")


def test_what_was_never_looked_at_stands_behind_what_is_unknown() -> None:
    several = (standing("warn", Verdict.WARN), standing("unknown", Verdict.UNKNOWN), FAILED)
    told = text(*several, never=["new", "x" * 70], mutes=[muted("new")]).splitlines()
    assert [line.split()[:2] for line in told if line[:4].isupper()] == [
        ["FAIL", "b"],
        ["UNKNOWN", "unknown"],
        ["UNKNOWN", "new"],
        ["UNKNOWN", "x" * 70],
        ["WARN", "warn"],
    ]
    at = told.index("UNKNOWN  new                                                    never      never")
    assert told[at + 1] == "         muted until 2026-11-21 11:35 UTC"
    assert "5 targets: 1 WARN, 3 UNKNOWN, 1 FAIL; 1 muted" in told
    assert not any("not looked at yet" in line for line in told)
    assert text(never=["new"]).splitlines()[1].startswith("UNKNOWN  new ")


def test_the_gravest_first_then_what_expires_next() -> None:
    standings = [
        standing("ok-later", certificates=[sighting(days=60)]),
        standing("ok-none", certificates=[]),
        standing("ok-next", certificates=[sighting(days=60), sighting("192.0.2.26", days=3)]),
        standing("warn", Verdict.WARN),
        standing("unknown", Verdict.UNKNOWN),
        standing("fail", Verdict.FAIL),
    ]
    ordered = [each.name for each in Overview(at=AT, standings=standings).ordered]
    assert ordered == ["fail", "unknown", "warn", "ok-next", "ok-later", "ok-none"]


def test_what_an_endpoint_no_longer_shows_does_not_expire() -> None:
    gone = replace(sighting(days=2), sha256="00" * 32, last=AT - 2 * DAY)
    unseen = replace(sighting("192.0.2.26", days=9), last=AT - DAY)  # it could not be looked at since
    end = next_end(standing(certificates=[gone, sighting(days=60), unseen]))
    assert end == AT + 8 * DAY  # its chain ends a day earlier
    assert next_end(standing(certificates=[])) is None


@pytest.mark.parametrize(
    ("standings", "more", "verdict"),
    [
        ([], {}, Verdict.UNKNOWN),
        ([standing()], {}, Verdict.OK),
        ([standing(), FAILED], {}, Verdict.FAIL),
        ([standing(), FAILED], {"mutes": [muted("b")]}, Verdict.OK),
        ([standing(), FAILED], {"mutes": [muted("*")]}, Verdict.OK),
        ([standing()], {"pending": [pending()]}, Verdict.OK),
        ([standing()], {"pending": [pending(stuck=True)]}, Verdict.WARN),
        ([FAILED], {"pending": [pending(stuck=True)]}, Verdict.FAIL),
        ([standing()], {"never": ["new"]}, Verdict.UNKNOWN),
        ([standing()], {"never": ["new"], "mutes": [muted("new")]}, Verdict.OK),
        ([FAILED], {"never": ["new"]}, Verdict.FAIL),
    ],
)
def test_the_exit_code(standings: Sequence[Standing], more: dict[str, Any], verdict: Verdict) -> None:
    assert Overview(at=AT, standings=standings, **more).verdict is verdict


@pytest.mark.parametrize(
    ("since_last", "looks", "begun", "stale"),
    [
        (2 * DAY, [0 * HOUR], [], False),  # nothing tells how often: a day is usual
        (4 * DAY, [0 * HOUR], [], True),
        (2 * HOUR, [0 * HOUR], [1, 2, 3, 4], False),  # hours before the last look: every hour, and a gap now of two
        (4 * HOUR, [0 * HOUR], [0, 1, 2, 3], True),
        (4 * HOUR, [0 * HOUR], [0, 4, 8, 500, 504], False),  # one outage long ago does not make that usual
        (100 * HOUR, [0 * HOUR], [0, 4, 8, 500, 504], True),
        (2 * HOUR, [minutes * HOUR / 60 for minutes in range(60)], [], False),  # an agent comes round every hour
        (4 * HOUR, [minutes * HOUR / 60 for minutes in range(60)], [], True),
        (timedelta(minutes=14), [0 * HOUR, HOUR / 3600], [], False),  # five minutes at least
        (timedelta(minutes=16), [0 * HOUR, HOUR / 3600], [], True),
    ],
)
def test_when_nobody_looks_any_more(
    since_last: timedelta, looks: list[timedelta], begun: list[float], stale: bool
) -> None:
    standings = [replace(standing(f"t{number}"), at=AT - back) for number, back in enumerate(looks)]
    runs = [ran(99 - number, AT - hours * HOUR, AT) for number, hours in enumerate(begun)]
    overview = Overview(at=AT + since_last, standings=standings, runs=runs)
    assert overview.stale is stale
    assert overview.verdict is (Verdict.UNKNOWN if stale else Verdict.OK)
    assert ("still at work?" in plain(render(overview))) is stale


def test_alerts_that_wait_say_why_and_until_when() -> None:
    told = text(standing(), pending=[pending("pager", error="no answer within 15 s", attempts=3), pending("pager")])
    assert "2 waiting for pager, tried 3 times, again in 4 min: no answer within" in told
    assert "alerts retry" not in told


def test_a_window_for_a_name_that_nobody_knows_is_shown() -> None:
    told = text(standing("c"), mutes=[muted("typo"), muted("*", "night of the move")])
    assert "typo (not looked at yet), until 2026-11-21 11:35 UTC\n" in told
    assert "all targets, until 2026-11-21 11:35 UTC: night of the move" in told


def test_more_is_said_where_it_is_asked_for() -> None:
    told = text(FAILED, runs=[ran(2, AT - HOUR), ran(1, AT - 2 * HOUR, AT - HOUR)], verbosity=1)
    assert "FAIL certificate-expired: mail.contoso.com 192.0.2.25:25: ? expired" in told
    assert "since 2026-11-20 09:35 UTC, for 24 h" in told
    assert "2 (run), 1 h ago: not ended" in told
    assert "1 (run), 2 h ago, took 1 h: 3 targets, OK" in told


def test_many_faults_are_counted() -> None:
    codes = ("certificate-expired", "certificate-not-trusted", "chain-incomplete", "address-drift", "tls-version-old")
    told = text(standing(verdict=Verdict.FAIL, episodes=[episode(code) for code in codes]))
    assert "; and 2 more faults" in " ".join(told.split())


def test_eighty_columns_and_no_control_characters() -> None:
    hostile = "\x1b[31mred\u202e\nFAIL     forged"
    evil = replace(standing(hostile, Verdict.FAIL, episodes=[episode()], good=None), tags=(hostile,))
    told = text(
        evil,
        standing("a-name-that-is-much-longer-than-its-column-allows.example.org:587"),
        pending=[pending(hostile, stuck=True, error=hostile), pending(hostile, error=hostile)],
        mutes=[muted(hostile, hostile), muted("other\x07", hostile)],
    )
    assert "\\x1b[31mred\\u202e\\nFAIL" in told
    assert told.replace("\n", "").isprintable()
    assert not [line for line in told.splitlines() if len(line) > 80]
    assert max(map(len, text(standing(), width=120).splitlines())) == 120


def test_json_obeys_its_schema_and_keeps_the_order() -> None:
    overview = Overview(
        at=AT,
        standings=[standing(), FAILED],
        pending=[pending(stuck=True, error="no")],
        mutes=[muted("mail")],
        runs=[ran(1, AT - HOUR)],
    )
    line = to_json(overview)
    told = json.loads(line)
    jsonschema.validate(told, schema())
    assert b"\n" not in line
    assert told["verdict"] == "FAIL"
    assert told["counts"] == {"OK": 1, "WARN": 0, "FAIL": 1, "UNKNOWN": 0}
    assert [each["name"] for each in told["targets"]] == ["b", "mail"]
    assert told["targets"][0]["faults"][0]["where"] == {
        "kind": "endpoint",
        "host": "mail.contoso.com",
        "address": "192.0.2.25",
        "port": 25,
    }
    assert told["outbox"][0]["stuck"] is True


# The command


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("status") / "probe.db"
    looks = {"alpha": "healthy", "beta": "expired"}
    return remember(path, [(ago(0.02), looks), (ago(0.01), looks)])


def test_it_reads_a_real_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = say(capsys, "status", "--store", store)
    assert (said.code, said.err) == (2, "")
    lines = said.out.splitlines()
    assert lines[1].startswith("FAIL     beta ")
    assert lines[2] == "         certificate-expired at 192.0.2.25:25"
    assert lines[3].startswith("OK       alpha ")
    assert "2 targets: 1 OK, 1 FAIL" in lines
    jsonschema.validate(data(say(capsys, "status", "--store", store, "--format", "json")), schema())


def test_tags_choose(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = say(capsys, "status", "--store", store, "--tag", "a")
    assert said.code == 0
    assert "beta" not in said.out
    wrong = say(capsys, "status", "--store", store, "--tag", "mxx")
    assert (wrong.code, wrong.out) == (3, "")
    assert wrong.err == "error: the tag `mxx` is not remembered\nhint: did you mean `mx`?\n"


def test_the_store_is_found_through_the_configuration(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "probe.toml"
    for named in (f'[store]\npath = "{store}"\n\n[[target]]\ntarget = "x"', f'store = {{ path = "{store}" }}'):
        config.write_text(f"[defaults]\ntags = []\n{named}" if named[0] == "[" else named)
        assert say(capsys, "status", "--config", config).code == 2
    (tmp_path / "relative.db").write_bytes(store.read_bytes())
    config.write_text('[store]\npath = "relative.db"\n\n[[target]]\ntarget = not yet finished')
    assert say(capsys, "status", "--config", config).code == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, "error: cannot read the configuration"),
        ("[store]\npath = ", "error: "),
        ('[store]\npath = "elsewhere.db"', "error: there is no store at"),
    ],
)
def test_what_cannot_be_read_is_said(
    text: str | None, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "probe.toml"
    if text is not None:
        config.write_text(text)
    said = say(capsys, "status", "--config", config)
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith(error)
    assert len(said.err.splitlines()) == 2


NAMED = """
[defaults]
tags = ["shared"]
[[target]]
name = "alpha"  # seen
target = "a.example.org"
[[ target ]]  # by its target
tags = ["own"]
target = ' b.example.org '
[[target]]
target = "c.example.org"
"name" = "new"
"""


INLINE = """
target = [{name = "alpha", target = "a"}, {target = "b.example.org", tags = ["own"]}, {target = "c", name = "new"}]
defaults = {tags = ["shared"]}
"""


@pytest.mark.parametrize(
    "text",
    [
        NAMED,
        NAMED.replace('"new"', '"n\\u0065w"'),
        NAMED + 'expect_name = """\n[[target]]\nname = "no"\n"""',
        NAMED.replace('name = "alpha"', "name = 'alpha'").replace("\n", "\r\n"),
        "\ufeff" + NAMED,
        INLINE,
    ],
)
def test_targets_that_nobody_has_looked_at_are_unknown(
    text: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "probe.toml"
    config.write_bytes(text.encode())
    given = ("status", "--config", config, "--store", store)
    said = say(capsys, *given)
    assert (said.code, said.err) == (2, "")
    lines = said.out.splitlines()
    assert [line.split() for line in lines if line.startswith("UNKNOWN")] == [
        ["UNKNOWN", "b.example.org", "never", "never"],
        ["UNKNOWN", "new", "never", "never"],
    ]
    assert "4 targets: 1 OK, 2 UNKNOWN, 1 FAIL" in lines
    told = data(say(capsys, *given, "--format", "json"))
    jsonschema.validate(told, schema())
    assert told["never"] == ["b.example.org", "new"]
    assert told["counts"] == {"OK": 1, "WARN": 0, "FAIL": 1, "UNKNOWN": 2}
    assert data(say(capsys, *given, "--tag", "own", "--format", "json"))["never"] == ["b.example.org"]
    assert data(say(capsys, *given, "--tag", "shared", "--format", "json"))["never"] == ["new"]
    assert "b.example.org" not in say(capsys, "status", "--store", store).out, (
        "of --store alone the store alone is told"
    )


def test_a_store_without_a_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "probe.db"
    Store.open(path, ago(0)).close()
    said = say(capsys, "status", "--store", path)
    assert (said.code, said.out) == (3, "No target has been looked at yet: `probe run` does.\n")


def test_it_loads_nothing_that_looks_or_judges(store: Path) -> None:
    heavy = ("trio", "OpenSSL", "cryptography", "dns", "rich", "httpx2", "hypercorn")
    code = f"import sys\nfrom probe.cli import run\nrun(['status', '--store', {str(store)!r}])\n"
    code += f"sys.exit(', '.join({{name.partition('.')[0] for name in sys.modules}} & set({heavy!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "\n" or (done.returncode, done.stderr) == (0, "")
