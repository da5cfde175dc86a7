"""`probe watch` and `probe run` as processes: signals, the lock, reloading, the service manager, what is printed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from probe.state import StateError, Store

DEADLINE = 30.0  # seconds, for whatever is waited for

CONFIG = """
[store]
path = "probe.db"

[defaults]
retries = 0
schedule = "1s"

[[target]]
name = "closed"
target = "127.0.0.1:{port}"

[[alert]]
kind = "command"
name = "file"
run = ["/bin/sh", "-c", "cat >> alerts.jsonl"]
"""


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    with socket.socket() as taken:  # a port where nobody listens: bound, so that nobody else takes it meanwhile
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    (tmp_path / "probe.toml").write_text(CONFIG.format(port=port))
    return tmp_path


def _probe(home: Path, *args: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "probe", *args],
        cwd=home,
        env={**_environment(), **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


class Watch:
    """A watch under way, and what it has logged."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self._log = process, log

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    def named(self, name: str) -> list[dict[str, object]]:
        return [event for event in self.events if event["event"] == name]

    def wait_for(self, what: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE
        while not what():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.02)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(DEADLINE)


@contextmanager
def _watching(home: Path, *args: str, **more: str) -> Iterator[Watch]:
    log = home / "watch.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "probe", "watch", "--log-format", "json", *args],
            cwd=home,
            env={**_environment(), **more},
            stderr=stderr,
            stdout=stderr,
            stdin=subprocess.DEVNULL,
        )
    try:
        watch = Watch(process, log)
        watch.wait_for(lambda: watch.named("look"))
        yield watch
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals, home: Path) -> None:
    with _watching(home) as watch:
        watch.process.send_signal(number)
        assert watch.process.wait(DEADLINE) == 0
        assert [event["event"] for event in watch.events][-2:] == ["stopping", "stopped"] or watch.named("sent")
        assert watch.events[-1]["event"] == "stopped"
    told = json.loads((home / "alerts.jsonl").read_text())
    assert [change["code"] for change in told["changes"]] == ["not-observed"], "what waited was sent on the way out"


def test_it_looks_again_by_its_schedule_and_tells_once(home: Path) -> None:
    with _watching(home) as watch:
        watch.wait_for(lambda: len(watch.named("look")) >= 4)
        watch.end()
    assert len((home / "alerts.jsonl").read_text().splitlines()) == 1


def test_a_second_one_is_turned_away_and_a_dead_one_is_not_in_the_way(home: Path) -> None:
    with _watching(home) as watch:
        second = _probe(home, "run")
        assert second.returncode == 3
        assert f"another run is under way with {home / 'probe.db'} (process {watch.process.pid})" in second.stderr
        assert not second.stdout
        watch.process.kill()
        watch.process.wait()
    third = _probe(home, "run", "--target", "closed")
    assert third.returncode == 3  # UNKNOWN
    assert "not-observed" in third.stdout


def test_the_configuration_is_read_again_and_a_bad_one_leaves_the_old_in_force(home: Path) -> None:
    config = home / "probe.toml"
    with _watching(home) as watch:
        good = config.read_text()
        config.write_text(good + "\n[[target]]\ntarget = 'mail.example.org:25'\nwran_days = 3\n")
        watch.process.send_signal(signal.SIGHUP)
        watch.wait_for(lambda: watch.named("reload-refused"))
        (refused,) = watch.named("reload-refused")
        assert "wran_days" in str(refused["error"])
        before = len(watch.named("look"))
        watch.wait_for(lambda: len(watch.named("look")) > before)
        config.write_text(good.replace('name = "closed"', 'name = "renamed"'))
        watch.process.send_signal(signal.SIGHUP)
        watch.wait_for(lambda: watch.named("reloaded"))
        watch.wait_for(lambda: watch.named("look")[-1]["target"] == "renamed")
        assert watch.end() == 0
    assert '"name":"closed"' not in _probe(home, "status", "--format", "json").stdout


def test_metrics_are_served_and_written(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with _watching(home, "--metrics", str(port), "--textfile", "probe.prom") as watch:
        watch.wait_for(lambda: watch.named("listening"))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            served = answer.read().decode()
        assert 'probe_success{target="closed"} 0.0' in served
        assert 'probe_outbox_pending{sink="file"}' in served
        watch.wait_for(lambda: (home / "probe.prom").exists())
        assert "probe_success" in (home / "probe.prom").read_text()
        assert watch.end() == 0


def test_the_service_manager_hears_of_it(home: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(home / "notify"))
        manager.settimeout(DEADLINE)
        with _watching(home, NOTIFY_SOCKET=str(home / "notify"), WATCHDOG_USEC="400000") as watch:
            heard = ""
            for word in ("READY=1", "WATCHDOG=1", "WATCHDOG=1"):
                while word not in heard:
                    heard = manager.recv(4096).decode()
                heard = ""
            watch.process.send_signal(signal.SIGHUP)
            for word in ("RELOADING=1", "READY=1"):
                while word not in heard:
                    heard = manager.recv(4096).decode()
            watch.process.terminate()
            while "STOPPING=1" not in heard:
                heard = manager.recv(4096).decode()
            assert watch.process.wait(DEADLINE) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_interrupted_keeps_what_it_saw_and_the_next_one_tells_it(
    number: signal.Signals, home: Path
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        config = home / "probe.toml"
        good = config.read_text()
        slow = f"\n[[target]]\nname = 'silent'\ntarget = '127.0.0.1:{silent.getsockname()[1]}'\n"
        config.write_text(good + slow)
        run = subprocess.Popen(
            [sys.executable, "-m", "probe", "run"],
            cwd=home,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            end = time.monotonic() + DEADLINE
            while not _seen(home / "probe.db"):
                assert run.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
            run.send_signal(number)
            assert run.wait(DEADLINE) != 0
        finally:
            run.kill()
            run.wait()
    assert not (home / "alerts.jsonl").exists()
    config.write_text(good)
    for _ in range(2):
        assert _probe(home, "run", "--target", "closed").returncode == 3  # UNKNOWN
    (told,) = (home / "alerts.jsonl").read_text().splitlines()
    assert [change["code"] for change in json.loads(told)["changes"]] == ["not-observed"]
    assert _probe(home, "store", "check").returncode == 0


def _seen(path: Path) -> bool:
    """Whether the closed target has been looked at."""
    try:
        with Store.open(path, datetime.now(UTC), writing=False) as store:
            return store.standing("closed")[0] is not None
    except StateError:
        return False  # it is being made
