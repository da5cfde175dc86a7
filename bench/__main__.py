"""`python -m bench`: measures, and prints the tables of `bench` with the goals. See the package's own words."""

import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bench import authority, build, duty, listening, logs, lookups, memory, oneoff, profiling, target, throughput


class Part(StrEnum):
    """What can be measured alone."""

    TLS = "tls"
    DNS = "dns"
    LOGS = "logs"
    DUTY = "duty"
    LISTEN = "listen"


def main(
    part: Annotated[Part | None, typer.Argument(help="Measure this alone.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which the clients take turns.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds and endpoints: a hint, not a figure.")] = False,
    week: Annotated[bool, typer.Option("--week", help="Of `duty` the whole week, which takes an hour or two.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time goes instead.")] = False,
) -> None:
    """What `probe` costs, beside a reference in C, a bare script and other tools. Takes half an hour."""
    if quick:
        rounds = min(rounds, 2)
    build.BUILD.mkdir(exist_ok=True)
    if part in (None, Part.LOGS) and not profile:
        _logs(rounds, quick)
    if part in (None, Part.DNS) and not profile:
        _dns(rounds, quick)
    if part in (None, Part.TLS):
        _tls(rounds, quick, profile)
    if part in (None, Part.LISTEN) and not profile:
        _listen(rounds, quick)
    if part in (None, Part.DUTY) and not profile:
        _duty(quick, week)


def _logs(rounds: int, quick: bool) -> None:
    with tempfile.TemporaryDirectory(dir=build.BUILD) as name:
        print(logs.measure(Path(name), megabytes=40 if quick else 200, rounds=rounds), flush=True)


def _listen(rounds: int, quick: bool) -> None:
    with tempfile.TemporaryDirectory(dir=build.BUILD) as name:
        directory = Path(name)
        files = authority.make(directory)
        count, held = (200, 250) if quick else (1000, 1000)
        print(listening.measure(files, directory, count=count, held=held, rounds=rounds), flush=True)


def _duty(quick: bool, week: bool) -> None:
    with tempfile.TemporaryDirectory(dir=build.BUILD) as name:
        print(duty.measure(Path(name), quick=quick, week=week), flush=True)


def _dns(rounds: int, quick: bool) -> None:
    if missing := lookups.missing():
        print(f"not installed: {missing}; without it there is nobody to ask for names")
        return
    with tempfile.TemporaryDirectory(dir=build.BUILD) as name:
        print(lookups.measure(Path(name), count=300 if quick else 1000, rounds=rounds), flush=True)


def _tls(rounds: int, quick: bool, profile: bool) -> None:
    if missing := target.missing():
        print(f"not installed: {missing}; without it there is no server to look at")
        return
    endpoints, held = (500, 250) if quick else (2000, 1000)
    with tempfile.TemporaryDirectory(dir=build.BUILD) as name:
        directory = Path(name)
        files = authority.make(directory)
        with target.serve(files, directory) as port:
            if profile:
                print(profiling.imports(port, directory))
                print(profiling.sweep(files, port, directory, count=endpoints))
                return
            print(throughput.measure(files, port, directory, count=endpoints, rounds=rounds), flush=True)
            print(memory.measure(files, directory, count=held), flush=True)
            print(oneoff.measure(port, directory, rounds=3 if quick else max(9, rounds)))


if __name__ == "__main__":
    if not sys.platform.startswith("linux"):
        sys.exit("the benchmark needs Linux: epoll, nginx, processes pinned to cores")
    typer.run(main)
