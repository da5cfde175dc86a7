"""Where the time goes: what start-up imports, and which functions a sweep spends its time in."""

import io
import pstats
import re
import subprocess
from collections import Counter
from pathlib import Path

from bench import build, programs, table, target, throughput
from bench.authority import Files

SHOWN = 25


def imports(port: int, directory: Path) -> str:
    """What one `probe HOST:PORT` imports, dearest first."""
    command: list[str | Path] = [build.product(), "-X", "importtime", "-m", "probe", f"127.0.0.1:{port}"]
    with programs.on_core(programs.CLIENT_CORE):
        done = subprocess.run(
            command, cwd=directory, env=programs.BASE_ENVIRONMENT, capture_output=True, encoding="utf-8", check=False
        )
    own: Counter[str] = Counter()
    rows: list[tuple[int, str]] = []
    for microseconds, cumulative, name in re.findall(r"import time: +(\d+) \| +(\d+) \| +(\S+)", done.stderr):
        own[name.partition(".")[0]] += int(microseconds)
        rows.append((int(cumulative), name))
    packages = [(name, f"{spent / 1e3:.1f}") for name, spent in own.most_common(SHOWN)]
    modules = [(name, f"{spent / 1e3:.1f}") for spent, name in sorted(rows, reverse=True)[:SHOWN]]
    total = sum(own.values()) / 1e3
    return "\n".join(
        (
            table.heading(
                f"Imports of `probe HOST:PORT`: {total:.0f} ms with the tracing", "Each package's own modules"
            ),
            table.table(("", "ms"), packages),
            "\nModules with all that they import",
            table.table(("", "ms"), modules),
        )
    )


def sweep(files: Files, port: int, directory: Path, *, count: int) -> str:
    """The functions in which the whole path over that many endpoints spends its time, and their packages."""
    targets, dump = directory / "many", directory / "profile"
    targets.write_text("\n".join(target.endpoints(count, port)) + "\n")
    python, *words = throughput.whole_path(build.product(), files, targets)
    programs.run([python, "-m", "cProfile", "-o", dump, *words], cwd=directory, keep=False)
    text = io.StringIO()
    stats = pstats.Stats(str(dump), stream=text)
    packages: Counter[str] = Counter()
    rows = []
    for (file, line, function), (_, calls, own, cumulative, _) in stats.stats.items():  # type: ignore[attr-defined]
        packages[_package(file, function)] += own
        rows.append((own, cumulative, calls, f"{_package(file, function)}:{line} {function}"[:50]))
    rows.sort(reverse=True)
    figures = [
        (name, f"{own / count * 1e6:.0f}", f"{total / count * 1e6:.0f}", f"{calls / count:.1f}")
        for own, total, calls, name in rows[:SHOWN]
    ]
    return "\n".join(
        (
            table.heading("The whole path under cProfile, µs a probe", "The tracing itself makes Python look dearer."),
            table.table(("", "own"), [(name, f"{s / count * 1e6:.0f}") for name, s in packages.most_common(SHOWN)]),
            "",
            table.table(("", "own", "with callees", "calls"), figures),
        )
    )


def _package(file: str, function: str) -> str:
    if file == "~":
        return "C: _openssl" if "_openssl" in function or "Lib." in function else "C"
    for folder in ("/site-packages/", "/lib/python3"):
        if folder in file:
            name = file.split(folder, 1)[1].removesuffix(".py")
            return (
                name
                if name.startswith("probe")
                else name.partition("/")[0]
                if folder == "/site-packages/"
                else "stdlib"
            )
    return Path(file).name
