"""`probe alerts`, `probe mute` and `probe unmute`, as they are typed; and groups of commands where none is named."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probe.config import anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Verdict
from probe.model.duty import Look, Notice
from probe.state import Store
from probe.state.standing import stand
from tests.alerts import item
from tests.recalling import NOW, ROOTS, Said, ago, remember, say, seen, stopped_clock  # noqa: F401 - a fixture
from tests.receiver import Receiver, Says, receiver

Say = Callable[..., Said]
HOSTILE = "\x1b[31m\u202e"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture(name="typed")
def _typed(capsys: pytest.CaptureFixture[str]) -> Say:
    return lambda *words: say(capsys, *words)


@pytest.fixture(name="store")
def _store(here: Path) -> Path:
    """Two targets. A notice on `beta` is stuck at `slack`, and one waits for `hook`."""
    path = remember(here / "probe.db", [(ago(1), {"alpha": "healthy", "beta": "expired"})])
    report = judge(seen("expired", ago(0.5)), Standard(), anchors([ROOTS]), ago(0.5))
    found = Look(name="beta", report=report)
    with Store.open(path, ago(0.5)) as store:
        after = stand(store.standing("beta")[0], found)
        notice = Notice(
            target="beta", given="beta", at=ago(0.5), verdict=Verdict.FAIL, items=(item(code="gone\u202e"),)
        )
        notices = dict.fromkeys(("hook", "slack"), (notice, NOW, False))
        store.record(found, after, after, (), notices, store.begin("run", ago(0.5)), None)
        (row,) = store.pending("slack")
        store.failed([row.id], f"it said no {HOSTILE}", NOW, True)
    return path


def stuck(path: Path) -> list[tuple[str, bool]]:
    with Store.open(path, NOW, writing=False) as store:
        return sorted((row.sink, row.stuck) for row in store.pending())


def muted(path: Path) -> list[str]:
    with Store.open(path, NOW, writing=False) as store:
        return [mute.target for mute in store.mutes(NOW)]


# list, retry, drop


@pytest.mark.parametrize("words", [("alerts",), ("alerts", "list")])
def test_what_waits_is_listed(words: tuple[str, ...], store: Path, typed: Say) -> None:
    told = typed(*words, "--store", store)
    assert (told.code, told.err) == (2, "")
    assert max(map(len, told.out.splitlines())) <= 80
    whole = told.out.replace("\n  ", " ")
    hook, slack, hint = sorted(whole.splitlines(), key=lambda line: (line.startswith("`"), line))
    assert hook == ("hook: beta, appeared gone\\u202e; since 2026-11-20 21:35 UTC, due 2026-11-21 09:35 UTC")
    assert slack.startswith("slack: beta, appeared ")
    assert slack.endswith("since 2026-11-20 21:35 UTC, stuck; 1 attempt, it said no \\x1b[31m\\u202e")
    assert hint == "`probe alerts retry` sends again what is stuck, `probe alerts drop` forgets it."


def test_waiting_is_not_as_bad_as_stuck_and_nothing_is_fine(store: Path, typed: Say) -> None:
    assert typed("alerts", "drop", "--store", store) == Said(0, "1 alert dropped.\n", "")
    told = typed("alerts", "--store", store)
    assert (told.code, len(told.out.replace("\n  ", " ").splitlines())) == (1, 1)
    with Store.open(store, NOW) as memory:
        memory.sent([row.id for row in memory.pending()], NOW)
    assert typed("alerts", "--store", store) == Said(0, "Nothing waits.\n", "")
    assert typed("alerts", "drop", "--store", store) == Said(0, "Nothing is stuck.\n", "")


def test_what_is_stuck_is_sent_again(store: Path, typed: Say) -> None:
    assert stuck(store) == [("hook", False), ("slack", True)]
    wrong = typed("alerts", "retry", "hook", "--store", store)
    assert wrong == Said(
        3, "", "error: nothing is stuck for `hook`\nhint: stuck are alerts for slack; see `probe alerts list`\n"
    )
    told = typed("alerts", "retry", "slack", "--store", store)
    assert told == Said(0, "1 alert will be sent again by the next run, or by a watch that is under way.\n", "")
    assert stuck(store) == [("hook", False), ("slack", False)]


@pytest.mark.parametrize("words", [("alerts", "list"), ("alerts", "retry"), ("alerts", "drop"), ("unmute", "alpha")])
def test_where_there_is_no_store_none_is_begun(words: tuple[str, ...], here: Path, typed: Say) -> None:
    told = typed(*words, "--store", "nowhere.db")
    assert (told.code, told.out) == (3, "")
    assert told.err.startswith("error: there is no store at ")
    assert not (here / "nowhere.db").exists()


def test_a_damaged_store_is_left_to_the_next_run(store: Path, here: Path, typed: Say) -> None:
    store.write_bytes(b"damaged" * 1000)
    for words in (("alerts", "retry"), ("mute", "beta", "--until", "2h"), ("unmute", "beta")):
        told = typed(*words, "--store", store)
        assert (told.code, told.out) == (3, "")
        assert told.err.splitlines()[1] == "hint: the next `probe run` sets it aside and begins a new one"
    assert not list(here.glob("*.damaged-*"))


# test


@pytest.fixture(name="hook")
def _hook() -> Iterator[Receiver]:
    with receiver(Says(200), Says(400, HOSTILE.encode())) as there:
        Path("probe.toml").write_text(
            '[[target]]\ntarget = "example.org"\n[[alert]]\nkind = "webhook"\n'
            f'url = "{there.url("/s3cret")}"\n[[alert]]\nkind = "command"\nrun = ["/bin/true"]\n'
        )
        yield there


def test_every_sink_is_tried(hook: Receiver, typed: Say) -> None:
    assert typed("alerts", "test") == Said(0, "webhook: delivered\ncommand: delivered\n", "")
    again = typed("alerts", "test", "webhook")
    assert (again.code, again.err) == (3, "")
    assert again.out.startswith("webhook: ")
    assert "400" in again.out
    assert not {"\x1b", "\u202e", "s3cret"} & set(again.out.split())
    assert "\x1b" not in again.out
    assert "\u202e" not in again.out
    assert len(hook.got) == 2


@pytest.mark.usefixtures("hook")
def test_a_sink_that_there_is_not(typed: Say) -> None:
    said = "error: the configuration has no alert `webhok`\nhint: did you mean `webhook`?\n"
    assert typed("alerts", "test", "webhok") == Said(3, "", said)


def test_nobody_to_tell(typed: Say) -> None:
    Path("probe.toml").write_text('[[target]]\ntarget = "example.org"\n')
    told = typed("alerts", "test")
    assert (told.code, told.out) == (3, "")
    assert told.err.startswith("error: the configuration has no [[alert]]\n")


# mute, unmute


def test_a_window_is_opened_and_closed(store: Path, typed: Say) -> None:
    told = typed("mute", "beta", "--until", "2h", "--reason", "disk", "--store", store)
    assert told == Said(0, "beta is muted until 2026-11-21 11:35 UTC.\n", "")
    assert muted(store) == ["beta"]
    wrong = typed("unmute", "alpha", "--store", store)
    assert wrong == Said(3, "", "error: `alpha` is not muted\nhint: muted are: beta\n")
    assert typed("unmute", "beta", "--store", store) == Said(0, "beta is no longer muted.\n", "")
    assert muted(store) == []
    told = typed("mute", "*", "--until", "2026-12-24T18:00+01:00", "--store", store)
    assert told == Said(0, "All targets are muted until 2026-12-24 17:00 UTC.\n", "")


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-11-21", "is over: it is 2026-11-21 09:35 UTC"),
        ("0h", "is over"),
        ("tomorrow", "is neither a moment nor how long"),
        ("9999-99-99", "is neither a moment nor how long"),
    ],
)
def test_no_time(until: str, said: str, store: Path, typed: Say) -> None:
    told = typed("mute", "beta", "--until", until, "--store", store)
    assert (told.code, told.out) == (3, "")
    assert f"--until `{until}` {said}" in told.err
    assert muted(store) == []


def test_targets_of_the_configuration_can_be_muted_before_the_first_look(here: Path, typed: Say) -> None:
    Path("probe.toml").write_text('[store]\npath = "x/new.db"\n[[target]]\nname = "gamma"\ntarget = "example.org"\n')
    wrong = typed("mute", "gama", "--until", "1d")
    assert wrong == Said(3, "", "error: there is no target `gama`\nhint: did you mean `gamma`?\n")
    assert typed("mute", "gamma", "--until", "1d").code == 0
    assert muted(here / "x" / "new.db") == ["gamma"]


# What is common to groups of commands


def test_groups_have_a_command_by_default(store: Path, typed: Say) -> None:
    Path("probe.toml").write_text(f'[store]\npath = "{store}"\n[[target]]\ntarget = "example.org"\n')
    assert typed("alerts") == typed("alerts", "list")
    assert typed("config") == typed("config", "check")
    assert typed("store", "--config", "probe.toml") == Said(0, f"{store} is sound\n", "")
    for group in ("alerts", "config", "store"):
        wrong = typed(group, "nonsense")
        assert wrong == Said(
            3, "", f"error: No such command 'nonsense'\nhint: `probe {group} --help` lists what there is\n"
        )
        assert typed(group, "--help").out.startswith(f"Usage: probe {group} ")


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("history",),
        ("history", "beta"),
        ("alerts",),
        ("alerts", "retry"),
        ("mute", "beta", "--until", "2h"),
        ("unmute", "*"),
        ("store", "check"),
    ],
)
def test_what_needs_no_sink_loads_none(words: tuple[str, ...], store: Path) -> None:
    Path("probe.toml").write_text(f'[store]\npath = "{store}"\n[[target]]\ntarget = "example.org"\n')
    code = f"import sys\nfrom probe.cli import run\nrun({list(words)!r})\n"
    code += "sys.exit(' '.join({'probe.alert', 'probe.config', 'trio', 'cryptography', 'ssl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1:] in ([], [""]) or done.stderr.startswith("error: `*` is not muted")
    assert not {"probe.alert", "probe.config", "trio"} & set(done.stderr.split())
