"""Programs as sinks: real ones, that do and do not do what they should."""

import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from probe.alert.command import KEPT, Command
from probe.alert.sink import Undelivered
from probe.alert.words import Duration
from probe.model import Verdict
from probe.model.duty import Became
from tests.notices import item, message, notice
from tests.world import in_trio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are for a POSIX shell")

MESSAGE = message(notice(item()))


def shell(script: str, *arguments: str, timeout: float = 20, environment: tuple[str, ...] = ()) -> Command:
    run = ("/bin/sh", "-c", script, "notify", *arguments)
    return Command(run=run, timeout=Duration(timeout), environment=environment)


async def refusal(send: Callable[[], Awaitable[None]]) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await send()
    return caught.value


@in_trio
async def test_it_gets_the_changes_and_what_matters_most(tmp_path: Path) -> None:
    body, words = tmp_path / "body", tmp_path / "words"
    several = message(
        notice(item(Became.CLEARED, Verdict.OK, code="starttls-not-supported"), item()),
        notice(item(target="fabrikam.com"), target="fabrikam.com"),
    )
    await shell(f"cat > {body}; env > {words}").send(several)

    told = json.loads(body.read_bytes())
    assert (told["format"], told["key"], len(told["changes"])) == (1, "k1", 3)
    found = dict(line.split("=", 1) for line in words.read_text().splitlines() if line.startswith("PROBE_"))
    headline = found.pop("PROBE_HEADLINE")
    assert headline.startswith("FAIL certificate-expired at mail.contoso.com 192.0.2.25:25")
    assert found == {
        "PROBE_KEY": "k1",
        "PROBE_AT": "2026-03-01T12:00:00+00:00",
        "PROBE_VERDICT": "FAIL",
        "PROBE_SENDER": "watch.contoso.com",
        "PROBE_COUNT": "3",
        "PROBE_TARGETS": "contoso.com fabrikam.com",
        "PROBE_CODES": "starttls-not-supported certificate-expired",
        "PROBE_KINDS": "cleared appeared",
        "PROBE_TARGET": "contoso.com",
        "PROBE_CODE": "certificate-expired",
        "PROBE_KIND": "appeared",
    }


@in_trio
async def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    said = tmp_path / "said"
    await shell('printf %s "$2" > "$1"', str(said), "$(id); `id` | *").send(MESSAGE)
    assert said.read_text() == "$(id); `id` | *"


@in_trio
async def test_of_our_environment_it_gets_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", "https://example.org/secret")
    monkeypatch.setenv("PAGER", "5")
    said = tmp_path / "said"
    await shell(f"env > {said}", environment=("PAGER", "NOT_THERE")).send(MESSAGE)
    names = {line.split("=", 1)[0] for line in said.read_text().splitlines()}
    assert {"PATH", "PAGER"} <= names
    assert not {"SLACK_URL", "NOT_THERE"} & names


@in_trio
async def test_values_are_bounded_and_hold_nothing_that_cannot_be_seen(tmp_path: Path) -> None:
    said = tmp_path / "said"
    hostile = item(target="a\0b\nPROBE_KEY=forged\x1b[2J" + "x" * 100_000, place="")
    await shell(f"env > {said}").send(message(notice(hostile)))
    lines = said.read_text().splitlines()
    assert "PROBE_KEY=k1" in lines
    assert max(map(len, lines)) < 5000
    assert not {"\0", "\x1b"} & set(said.read_text())


@in_trio
async def test_a_status_other_than_0_is_a_failure_with_its_last_words() -> None:
    error = await refusal(lambda: shell("echo first >&2; printf '\\033[31mno paper\\n' >&2; exit 7").send(MESSAGE))
    assert str(error) == "sh ended with status 7: \ufffd[31mno paper"
    assert not error.final


@in_trio
async def test_an_end_by_a_signal_is_named() -> None:
    error = await refusal(lambda: shell("kill -SEGV $$").send(MESSAGE))
    assert str(error) == "sh was ended by SIGSEGV"


@in_trio
async def test_a_program_that_is_not_there() -> None:
    error = await refusal(lambda: Command(run=("/nowhere/notify", "--token=hunter2")).send(MESSAGE))
    assert str(error) == "cannot start notify: No such file or directory"


@in_trio
async def test_it_need_not_read() -> None:
    large = message(notice(*(item(key=f"{number:016x}") for number in range(2000))))
    await shell("exec 0<&-; exit 0").send(large)


@in_trio
async def test_one_that_talks_without_end_fills_nothing() -> None:
    error = await refusal(
        lambda: shell(f"yes | head -c {KEPT * 5000} >&2; yes | head -c 9000000; exit 1").send(MESSAGE)
    )
    assert str(error) == "sh ended with status 1: y"


@in_trio
async def test_what_it_leaves_behind_does_not_hold_us_up(tmp_path: Path) -> None:
    left = tmp_path / "left"
    with trio.fail_after(15):  # far below how long that sleeps
        await shell(f"sleep 600 & echo $! > {left}").send(MESSAGE)
    pid = int(left.read_text())
    os.kill(pid, signal.SIGKILL)  # it is still there: what a program starts on purpose is its own


@in_trio
async def test_at_the_deadline_all_of_it_ends(tmp_path: Path) -> None:
    """Neither the program nor what it started listens to SIGTERM."""
    pids = tmp_path / "pids"
    stubborn = f"trap '' TERM; sleep 600 & echo $$ $! > {pids}; wait; wait; sleep 600"
    error = await refusal(lambda: shell(stubborn, timeout=2).send(MESSAGE))
    assert str(error) == "sh did not end within 2 s"
    for pid in map(int, pids.read_text().split()):
        gone(pid)


@in_trio
async def test_at_the_deadline_it_may_end_in_order(tmp_path: Path) -> None:
    said = tmp_path / "said"
    error = await refusal(
        lambda: shell(f"trap 'echo bye > {said}; exit 0' TERM; sleep 600 & wait", timeout=2).send(MESSAGE)
    )
    assert "did not end" in str(error)
    assert said.read_text() == "bye\n"


@in_trio
async def test_when_we_are_cancelled_it_ends_too(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with trio.move_on_after(2):
        await shell(f"echo $$ > {pids}; exec sleep 600").send(MESSAGE)
    gone(int(pids.read_text()))


def gone(pid: int) -> None:
    """Waits until there is no such process, or only what is left of one for its parent."""
    state, deadline = Path(f"/proc/{pid}/stat"), time.monotonic() + 20
    with suppress(FileNotFoundError, ProcessLookupError):
        while state.read_text().rpartition(")")[2].split()[0] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_remarks() -> None:
    assert list(Command(run=("/bin/sh",)).remarks()) == []
    assert [line.partition(";")[0] for line in Command(run=("no-such-program-of-ours",)).remarks()] == [
        "no-such-program-of-ours is looked for on PATH, which is another one under cron",
        "no-such-program-of-ours is not there, or is no program",
    ]
    with pytest.raises(ValueError, match="NUL"):
        list(Command(run=("/bin/sh", "a\0")).remarks())


def test_its_place_is_its_name_alone() -> None:
    assert Command(run=("/opt/secret/notify", "--token=hunter2")).place == "notify"
