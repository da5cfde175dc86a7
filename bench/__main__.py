"""`python -m bench`: measures, and prints the tables of `bench` with the goals. See the package's own words."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench import authority, build, memory, oneoff, profiling, target, throughput


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which the clients take turns.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds and endpoints: a hint, not a figure.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time goes instead.")] = False,
) -> None:
    """What `probe` costs, beside a reference in C, a bare script and other tools. Takes a few minutes."""
    if missing := target.missing():
        print(f"not installed: {missing}; without it there is no server to look at")
        return
    if quick:
        rounds = min(rounds, 2)
    endpoints, held = (500, 250) if quick else (2000, 1000)
    build.BUILD.mkdir(exist_ok=True)
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
