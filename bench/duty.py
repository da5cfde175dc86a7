"""What it costs to be on duty for a thousand targets, every five minutes, on one core: time, memory, room on the disk.

First a week in minutes (`week`): recorded evidence under a virtual clock, into the real store, sinks and metrics. Then
`watching`: the real agent beside real servers, by the clock on the wall.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import build, programs, table, watching
from bench.watching import Watched
from bench.week import STORE

TARGETS, EVERY, KEPT = 1000, 300.0, 400  # seconds between two looks; days that the store keeps by default
SCRAPED = 60.0  # seconds between two scrapes
RESIDENT, GROWTH, ROOM, STATUS = 250.0, 1.02, 1024.0, 300.0  # goals: MiB, after the first hour, MiB, milliseconds
HOURS, WEEK = 48, 168
DAY = 24  # hours
Hour = dict[str, float]


def measure(directory: Path, *, quick: bool, week: bool) -> str:
    """Both tables. `week`: all of it, however long that takes."""
    python = build.product()
    hours, seconds = (WEEK, 86400.0) if week else (2, 60.0) if quick else (HOURS, 480.0)
    with _receiver() as port:
        told = _week(directory, port, hours, seconds)
    status = median(_status(python, directory) for _ in range(5))
    seen = watching.watch(python, directory, count=TARGETS, seconds=60 if quick else 600, every=30 if quick else 300)
    return f"{_of_week(told, status)}\n{_of_watch(seen)}"


@contextmanager
def _receiver() -> Iterator[int]:
    with programs.on_core(programs.SERVER_CORE):
        server = subprocess.Popen(
            [sys.executable, build.HERE / "receiver.py"], stdout=subprocess.PIPE, encoding="utf-8"
        )
    try:
        assert server.stdout
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.communicate()


def _week(directory: Path, port: int, hours: int, seconds: float) -> list[Hour]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "bench.week",
        directory,
        str(port),
        str(TARGETS),
        str(hours),
        str(seconds),
    ]
    done = programs.run(command, cwd=build.PROJECT, timeout=seconds * 2 + 600)
    return [json.loads(line) for line in done.output.splitlines()]


def _status(python: Path, directory: Path) -> float:
    """Milliseconds of `probe status` on the week's store, by the clock on the wall."""
    command: list[str | Path] = [python, "-m", "probe", "status", "--store", directory / STORE]
    return programs.run(command, cwd=directory, statuses=(0, 1, 2, 3)).wall * 1000


def _of_week(hours: list[Hour], status: float) -> str:
    first, last = hours[0], hours[-1]
    looks = last["looks"] - first["looks"]
    each = (last["cpu"] - first["cpu"]) / looks if looks else last["cpu"] / last["looks"]
    scrape = median(hour["scrape"] for hour in hours)
    growth = _resident(hours[-3:]) / _resident(hours[1:4] or hours)
    most = max(hour["resident"] for hour in hours)
    rows = [
        ("CPU a look, ms", f"{each * 1000:.2f}", ""),
        ("CPU a scrape of all, ms", f"{scrape * 1000:.0f}", ""),
        ("share of a core, %", f"{100 * (each * TARGETS / EVERY + scrape / SCRAPED):.2f}", ""),
        ("resident after an hour, MiB", f"{first['resident']:.1f}", _goal(first["resident"], RESIDENT, "MiB")),
        ("resident at the most, MiB", f"{most:.1f}", _goal(most, RESIDENT, "MiB")),
        ("growth after the first hour, ×", f"{growth:.3f}", _goal(growth, GROWTH, "×")),
        ("store at the end, MiB", f"{last['store']:.1f}", _goal(last["store"], ROOM, "MiB")),
        (f"store after {KEPT} days, MiB*", *_extrapolated(hours)),
        ("`probe status`, ms", f"{status:.0f}", _goal(status, STATUS, "ms")),
    ]
    title = f"On duty: {TARGETS:,} targets every five minutes, {len(hours)} hours of a week"
    heading = table.heading(
        title,
        f"Recorded evidence, {last['looks']:,.0f} looks; {first['begun_with']:.1f} MiB were resident before the first.",
        "The share counts a scrape a minute; the network's part of a look is in the table below.",
    )
    notes = (
        "Growth: the median of the last three hours by that of the three after the first.",
        "* extrapolated: the growth of the last hours measured, a day's at most, goes on for as long as is kept.",
    )
    return "\n".join((heading, table.table(("", "measured", "goal"), rows), *notes))


def _resident(hours: list[Hour]) -> float:
    """Usually: it goes up and down by a MiB or two, as a scrape comes and goes."""
    return median(hour["resident"] for hour in hours)


def _goal(value: float, goal: float, unit: str) -> str:
    return f"≤ {goal:g} {unit}  {table.verdict(value, goal)}"


def _extrapolated(hours: list[Hour]) -> tuple[str, str]:
    """What a day adds, for as long as things are kept: the first hour, which begins every history, is not typical."""
    back = min(len(hours) - 1, DAY)
    if not back:
        return "-", "too short to say"
    last, before = hours[-1], hours[-1 - back]
    room = last["store"] + (last["store"] - before["store"]) / back * DAY * KEPT
    return f"{room:.0f}", _goal(room, ROOM, "MiB")


def _of_watch(seen: Watched | str) -> str:
    if isinstance(seen, str):
        return seen
    rows = [
        ("share of a core, %", f"{100 * seen.cpu / seen.seconds:.1f}", ""),
        ("CPU a look, scrapes included, ms", f"{1000 * seen.cpu / seen.looks:.2f}" if seen.looks else "-", ""),
        ("resident at the most, MiB", f"{seen.resident:.1f}", _goal(seen.resident, RESIDENT, "MiB")),
        ("slots missed", str(seen.missed), _goal(seen.missed, 0, "slots")),
        ("looks that did not come to OK", str(seen.bad), ""),
        ("store, MiB", f"{seen.store:.1f}", ""),
        ("`/metrics`, ms", f"{median(seen.scrapes) * 1000:.0f}" if seen.scrapes else "-", ""),
    ]
    heading = table.heading(
        f"`probe watch`: {TARGETS:,} targets on loopback, every {seen.every} s, for {seen.seconds:.0f} s",
        f"One core; after the first round, in which all come at once. {seen.looks:,} looks, scraped once a minute.",
    )
    return "\n".join((heading, table.table(("", "measured", "goal"), rows)))
