"""`probe store`: what keeps the memory in order."""

from pathlib import Path
from typing import Annotated

import typer

from probe.cli import duty_options as d
from probe.cli.recalled import changing, memory, now
from probe.errors import UsageError
from probe.model import Verdict

app = typer.Typer(cls=d.by_default("check"), rich_markup_mode=None)
_DEFAULT = 400 * 86400.0  # seconds: what a configuration has that says nothing of it

Keep = Annotated[
    str | None,
    typer.Option(
        "--keep", metavar="DURATION", help="What is older goes, as in 400d. [default: as configured, or 400d]"
    ),
]
Copy = Annotated[Path, typer.Argument(metavar="FILE", help="Where to; nothing is written over.", show_default=False)]


@app.callback()
def store() -> None:
    """The memory of `probe run` and `probe watch`: prune, back up, check. Without a command: check."""


@app.command(short_help="Forget what is old.")
def prune(keep: Keep = None, config: d.Config = None, store: d.StoreOption = None) -> int:
    """Forget what is older than the retention. What waits to be told stays, and how targets stand.

    `probe watch` does so by itself, once a day. It may go on meanwhile.
    """
    seconds = _kept(config) if keep is None else _duration(keep)
    with changing(config, store) as found:
        gone = found.prune(now(), seconds)
    told = ", ".join(f"{kind} {count}" for kind, count in gone.items() if count)
    print(f"forgot: {told}" if told else "nothing is that old")
    return Verdict.OK.exit_code


@app.command(short_help="Copy it, while it is in use.")
def backup(to: Copy, config: d.Config = None, store: d.StoreOption = None) -> int:
    """Copy the store into one new file, as of one moment. `probe watch` may go on meanwhile.

    To go back to it, end what runs, and put it in the store's place (without the -wal and -shm files beside it).
    """
    with memory(config, store) as found:
        found.backup(to)
    return Verdict.OK.exit_code


@app.command(short_help="Say whether it is sound.")
def check(config: d.Config = None, store: d.StoreOption = None) -> int:
    """Read all of the store, and say what in it cannot be right, a line each: exit code 2. Changes nothing."""
    from probe.report.escape import visible

    with memory(config, store) as found:
        problems = found.check()
        for problem in problems:
            print(visible(problem))
        if not problems:
            print(f"{visible(str(found.path))} is sound")
    return (Verdict.FAIL if problems else Verdict.OK).exit_code


def _duration(text: str) -> float:
    from probe.alert.words import Duration

    try:
        return Duration.parse(text)
    except ValueError as error:
        raise UsageError(f"--keep {text}: {error}", "as in `--keep 400d`") from None


def _kept(config: Path | None) -> float:
    """The configuration's retention, or where there is none what it would be."""
    from probe.config.settings import find, load
    from probe.errors import ConfigError

    try:
        path = find(config)
    except ConfigError:
        path = None
    return load(path).keep if path else _DEFAULT
