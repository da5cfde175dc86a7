"""The real agent on one core beside real servers on another: `probe watch` for minutes, and what it used."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import authority, programs, target

CONFIGURATION = """
[store]
path = "watch.db"

[defaults]
roots = ["{roots}"]
schedule = "{every}s"
"""
TARGET = """
[[target]]
name = "target-{number}"
target = "{endpoint}"
"""
FIRST_ROUND = 300.0  # seconds of patience: at the start all targets come at once
MINUTE = 60.0
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """`cpu` and `seconds` by the clock, after the first round; `looks` in them, of which `bad` ended otherwise than
    OK. `resident` (at the most) and `store` in MiB; `scrapes` in seconds, by the clock."""

    seconds: float
    every: int
    cpu: float
    looks: int
    bad: int
    missed: int
    resident: float
    store: float
    scrapes: tuple[float, ...]


def watch(python: Path, directory: Path, *, count: int, seconds: float, every: int) -> Watched | str:
    """What `probe watch` used; in words why it could not be measured."""
    if missing := target.missing():
        return f"not installed: {missing}; without it there is no server to watch"
    files = authority.make(directory)
    with target.serve(files, directory) as port:
        lines = [CONFIGURATION.format(roots=files.roots, every=every)]
        lines += [
            TARGET.format(number=number, endpoint=endpoint)
            for number, endpoint in enumerate(target.endpoints(count, port))
        ]
        (directory / "probe.toml").write_text("".join(lines))
        log = directory / "watch.log"
        with _agent(python, directory, log) as (agent, metrics):
            _await_all(agent, log, count)
            return _measured(agent, metrics, log, directory, seconds, every)


@contextmanager
def _agent(python: Path, directory: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    metrics = _free_port()
    command: list[str | Path] = [
        python,
        "-m",
        "probe",
        "watch",
        "--metrics",
        f"127.0.0.1:{metrics}",
        "--log-format",
        "json",
    ]
    with programs.on_core(programs.CLIENT_CORE), log.open("wb") as events:
        agent = subprocess.Popen(
            command,
            cwd=directory,
            env=programs.BASE_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=events,
        )
    try:
        yield agent, metrics
    finally:
        agent.send_signal(signal.SIGTERM)
        try:
            agent.wait(30)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()


def _measured(
    agent: subprocess.Popen[bytes], metrics: int, log: Path, directory: Path, seconds: float, every: int
) -> Watched:
    skipped, began, used = log.stat().st_size, time.monotonic(), _used(agent.pid)
    scrapes, next_scrape, peak = [], began, 0.0
    while (now := time.monotonic()) < began + seconds:
        if now >= next_scrape:
            next_scrape += MINUTE
            scrapes.append(_scraped(metrics))
        peak = max(peak, _resident(agent.pid))
        time.sleep(min(1.0, max(0.0, began + seconds - time.monotonic())))
    cpu, passed = _used(agent.pid) - used, time.monotonic() - began
    events = _events(log, skipped)
    verdicts = [event["verdict"] for event in events if event["event"] == "look"]
    return Watched(
        seconds=passed,
        every=every,
        cpu=cpu,
        looks=len(verdicts),
        bad=sum(verdict != "OK" for verdict in verdicts),
        missed=sum(event["event"] == "slot-missed" for event in events),
        resident=peak,
        store=sum(path.stat().st_size for path in directory.glob("watch.db*")) / 2**20,
        scrapes=tuple(scrapes),
    )


def _events(log: Path, skipped: int = 0) -> list[dict[str, str]]:
    lines = log.read_bytes()[skipped:].splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def _await_all(agent: subprocess.Popen[bytes], log: Path, count: int) -> None:
    """Until every target was looked at. Raises RuntimeError where the agent ends, or it takes too long."""
    end = time.monotonic() + FIRST_ROUND
    while time.monotonic() < end:
        if agent.poll() is not None:
            raise RuntimeError(f"the watch ended with {agent.returncode}:\n{log.read_text()[-2000:]}")
        if len({event["target"] for event in _events(log) if event["event"] == "look"}) >= count:
            return
        time.sleep(1.0)
    raise RuntimeError(f"not every target was looked at within {FIRST_ROUND:.0f} s:\n{log.read_text()[-2000:]}")


def _scraped(port: int) -> float:
    began = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        answer.read()
    return time.monotonic() - began


def _used(pid: int) -> float:
    """Seconds of processor of the process, user and system (proc(5): fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
