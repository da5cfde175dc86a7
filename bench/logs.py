"""Protocol logs: megabytes a second on one core, and what is held at most.

The log is made of the samples' sessions in proportions as a hybrid server has them: nearly all of them go well, most
carry several messages, twenty are open at a time. Half of it is written as newer versions write it, half as older.
Beside it the unkindest logs that there are: short sessions and no mail.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench import build, programs, table

SPEED_GOAL, MEMORY_GOAL = 20.0, 150.0  # MB/s, MiB
_OPEN = 20
_SAMPLES = build.PROJECT / "fixtures" / "exchange" / "logs"
_WELL = (("new-SEND2026112109-1.LOG", 0), ("new-RECV2026112109-1.LOG", 0), ("old-SEND20141223-1.LOG", 1))
_ROW = b"%b,EX01\\Default Frontend EX01,%016X,%d,192.0.2.25:25,%b:%d,%b"
_BANNER = b'>,"220 EX01.corp.contoso.com Microsoft ESMTP MAIL Service ready at %b",'

Rows = list[bytes]


@dataclass(slots=True)
class Log:
    name: str
    path: Path
    seconds: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)  # MiB


def measure(directory: Path, *, megabytes: int, rounds: int) -> str:
    """The table. Each round reads each log once, in a process of its own."""
    python, dealer = build.product(), random.Random(4)
    logs = [
        Log("mail, as most of it is", directory / "mail.log"),
        Log("nothing but a balancer's health checks", directory / "health.log"),
        Log("strangers who only look, each once", directory / "strangers.log"),
    ]
    checks, strangers = (
        _looks(dealer, lambda: b"10.0.0.%d" % dealer.choice((7, 8))),
        _looks(dealer, lambda: _any(dealer)),
    )
    sizes = [
        _write(log.path, rows, size)
        for log, rows, size in zip(
            logs, (_mail(dealer), checks, strangers), (megabytes, megabytes // 4, megabytes // 2), strict=True
        )
    ]
    for _ in range(rounds):
        for log in logs:
            done = programs.run([python, build.HERE / "logs_only.py", log.path], cwd=directory)
            seconds, peak = done.output.split()[:2]
            log.seconds.append(float(seconds))
            log.peaks.append(float(peak))
    rows = []
    for log, size in zip(logs, sizes, strict=True):
        speeds = [size / second / 1e6 for second in log.seconds]
        speed, peak_size = median(speeds), max(log.peaks)
        met = speed >= SPEED_GOAL and peak_size <= MEMORY_GOAL
        rows.append(
            (
                log.name,
                f"{size / 1e6:.0f}",
                f"{speed:.1f}",
                f"{min(speeds):.0f}–{max(speeds):.0f}",
                f"{peak_size:.1f}",
                f"≥ {SPEED_GOAL:g} MB/s, ≤ {MEMORY_GOAL:g} MiB  {'reached' if met else 'MISSED'}",
            )
        )
    title = table.heading(
        "Protocol logs: read on one core, judged not",
        f"Processor time of the reading alone, median of {rounds} rounds; the most that the process had resident.",
    )
    return "\n".join((title, table.table(("", "MB", "MB/s", "lowest–highest", "MiB", "goal"), rows)))


def _write(path: Path, rows: Iterator[bytes], megabytes: int) -> int:
    size = 0
    with path.open("wb") as file:
        for row in rows:
            size += file.write(row + b"\r\n")
            if size >= megabytes * 1e6:
                break
    return size


def _sessions(name: str) -> list[Rows]:
    found: dict[bytes, Rows] = {}
    for line in (_SAMPLES / name).read_bytes().splitlines():
        if not line.startswith(b"#"):
            found.setdefault(line.split(b",")[2], []).append(line)
    return list(found.values())


def _mail(dealer: random.Random) -> Iterator[bytes]:
    """Rows of sessions that interleave, without end."""
    well = [_sessions(name)[place] for name, place in _WELL]
    every = [rows for name in sorted({name for name, _ in _WELL}) for rows in _sessions(name)]
    number, opened = 0, list[Rows]()
    while True:
        while len(opened) < _OPEN:
            number += 1
            rows = dealer.choice(well) if dealer.random() < 0.95 else dealer.choice(every)
            opened.append(_numbered(_with_mail(rows, dealer.choice((1, 1, 2, 5))), number)[::-1])
        chosen = dealer.choice(opened)
        yield chosen.pop()
        if not chosen:
            opened.remove(chosen)


def _looks(dealer: random.Random, address: Callable[[], bytes]) -> Iterator[bytes]:
    """Sessions of three rows, in which nothing is said but the banner: the most work that a megabyte can make."""
    at, number = datetime(2026, 11, 21, tzinfo=UTC), 0
    while True:
        at, number = at + timedelta(milliseconds=dealer.randrange(1, 900)), number + 1
        peer, port = address(), dealer.randrange(1024, 65536)
        time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
        for place, said in enumerate((b"+,,", _BANNER % f"{at:%a, %d %b %Y %H:%M:%S} +0000".encode(), b"-,,Remote")):
            yield _ROW % (time, number, place, peer, port, said)


def _any(dealer: random.Random) -> bytes:
    return b"%d.%d.%d.%d" % (dealer.randrange(11, 100), *(dealer.randrange(256) for _ in range(3)))


def _with_mail(rows: Rows, times: int) -> Rows:
    """The session with its message sent so many times."""
    begin = next((place for place, row in enumerate(rows) if b"MAIL FROM" in row), None)
    if begin is None:
        return rows
    end = next(place for place, row in enumerate(rows) if b",QUIT," in row)
    return rows[:begin] + rows[begin:end] * times + rows[end:]


def _numbered(rows: Rows, session: int) -> Rows:
    numbered = []
    for place, row in enumerate(rows):
        at, connector, _, _, rest = row.split(b",", 4)
        numbered.append(b",".join((at, connector, b"%016X" % session, b"%d" % place, rest)))
    return numbered
