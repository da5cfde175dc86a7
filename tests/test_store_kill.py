"""`kill -9` at random instants: whatever was said to be committed is there, and nothing is there by halves."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from probe.errors import StateError
from probe.state import Store
from tests.store_writer import SINKS
from tests.storing import AT, MINUTE, NAME, change, item, notice, record

KILLS, A_STORE = 240, 40  # in all, and of one store


@pytest.fixture
def writer() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.store_writer"]
    here = Path(__file__).parent.parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(stream: IO[str] | None) -> Iterator[list[str]]:
    assert stream
    for line in stream:
        yield line.split()


class NotBegun(Exception):
    """There is no store yet, or nothing in it."""


@contextmanager
def reader(path: Path) -> Iterator[Store]:
    try:
        store = Store.open(path, AT, writing=False)
    except StateError as error:
        assert "there is no store" in str(error) or "is empty" in str(error)  # noqa: PT017 - nothing else may be wrong
        raise NotBegun from None
    with store:
        yield store


def killed(writer: subprocess.Popen[str], path: Path, seconds: float, *, settled: bool, read: bool) -> list[list[str]]:
    """Let it write for so long, once it has begun, or `settled`: once it has recorded something; and kill it. `read`:
    read the store meanwhile. Gives what it said."""
    assert writer.stdin
    writer.stdin.write(f"{path}\n")
    writer.stdin.flush()
    said = lines(writer.stdout)
    word, child = next(said)
    assert word == "writing"
    found = [next(said)] if settled else []
    until = time.monotonic() + seconds
    while read and time.monotonic() < until:
        with suppress(NotBegun), reader(path) as store:
            before = len(store.history(NAME))
            assert len(store.standings()) <= 1
            assert len(store.history(NAME)) >= before
    time.sleep(max(0.0, until - time.monotonic()))
    os.kill(int(child), signal.SIGKILL)  # nobody waits for it before we have read what it said: the number is its own
    for words in said:
        if words == ["over"]:
            return found
        found.append(words)
    raise AssertionError("the writer is gone")


def numbers(said: list[list[str]], word: str) -> set[int]:
    return {int(words[1]) for words in said if words[0] == word}


def test_nothing_that_was_recorded_is_lost_and_nothing_is_there_by_halves(
    writer: subprocess.Popen[str], tmp_path: Path
) -> None:
    dice = random.Random(5)
    for place in range(KILLS // A_STORE):
        path, said, there = tmp_path / str(place) / "probe.db", list[list[str]](), 0
        for _ in range(A_STORE):
            how = {"settled": dice.random() < 0.7, "read": dice.random() < 0.3}
            before, now = there, killed(writer, path, dice.uniform(0, 0.02), **how)
            said += now
            try:
                there = agree(path, said)
            except NotBegun:
                there = 0
            assert there - max(numbers(now, "recorded"), default=before) in (0, 1)  # killed between commit and word
        assert len(numbers(said, "recorded")) > A_STORE // 2  # else it was killed before it did anything
        with Store.open(path, AT) as store:
            assert store.set_aside is None
            assert store.check() == []


def agree(path: Path, said: list[list[str]]) -> int:
    """What is in the store with what was said to be; gives the number of changes in it."""
    sent, sending = numbers(said, "sent"), numbers(said, "sending")
    with reader(path) as store:
        changes, waiting = store.history(NAME), Counter(row.notice.items[0].key for row in store.pending())
        now, told = store.standing(NAME)
        assert [change.key for change in changes] == [str(number) for number in range(1, len(changes) + 1)]
        for number in range(1, len(changes) + 1):
            if number in sent:
                assert waiting[str(number)] == 0
            elif number in sending:
                assert waiting[str(number)] in (0, len(SINKS))
            else:
                assert waiting[str(number)] == len(SINKS)
        assert waiting.total() <= len(changes) * len(SINKS)
        if changes:
            assert now
            assert now.at == changes[-1].at
            assert told is None or told.at == now.at
            assert store.evidence(NAME, now.at)
        else:
            assert (now, told) == (None, None)
        return len(changes)


def test_news_are_on_the_disk_before_they_are_told(tmp_path: Path) -> None:
    """A power cut cannot be had here; that SQLite is asked to wait for the disk can be seen."""

    def waits(store: Store) -> bool:
        with store._reading() as db:
            return bool(db.execute("PRAGMA synchronous").fetchone()[0] >= 2)

    with Store.open(tmp_path / "probe.db", AT) as store:
        record(store)
        assert not waits(store)
        record(store, happened=[change()])
        assert waits(store)
        record(store, AT + MINUTE, notices={"am": (notice(), AT, True)})  # what is so is said again with the next look
        assert not waits(store)
        record(store, notices={"ops": (notice(AT, item("a")), AT, False)})
        assert waits(store)
        with store._reading() as db:
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
