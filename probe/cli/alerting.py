"""`probe alerts`, `probe mute` and `probe unmute`: what waits to be told, and what is not to be."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import duty_options as d
from probe.errors import ConfigError, UsageError
from probe.model import Verdict

if TYPE_CHECKING:
    from probe.config.duty import Settings
    from probe.state import Store

app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)

Sinks = Annotated[list[str] | None, typer.Argument(metavar="SINK...", help="These alone.", show_default=False)]
Until = Annotated[
    str,
    typer.Option("--until", metavar="WHEN", help="A moment in ISO 8601 (UTC without an offset), or as long as 2h, 3d."),
]
TargetName = Annotated[str, typer.Argument(metavar="TARGET", help="Its name in the configuration; * is all of them.")]


@app.callback()
def alerts() -> None:
    """The alerts that wait, those that are stuck, and a test of every sink."""


@app.command("list")
def listed(config: d.Config = None, store: d.StoreOption = None) -> int:
    """Say what waits in the outbox: 0 nothing, 1 something waits, 2 something is stuck."""
    from probe.report.escape import visible

    with _store(config, store, writing=False) as (memory, _):
        waiting = memory.pending()
    for row in waiting:
        state = "stuck" if row.stuck else f"due {row.due:%Y-%m-%d %H:%M} UTC"
        why = f"; {row.attempts} tries, {visible(row.error)}" if row.attempts else ""
        what = ", ".join(dict.fromkeys(f"{item.kind} {item.code}" for item in row.notice.items)) or "what is open"
        since = f"since {row.created:%Y-%m-%d %H:%M}"
        print(f"{visible(row.sink)}: {visible(row.notice.target)}, {what}; {since}, {state}{why}")
    if not waiting:
        print("Nothing waits.")
        return Verdict.OK.exit_code
    return (Verdict.FAIL if any(row.stuck for row in waiting) else Verdict.WARN).exit_code


@app.command()
def retry(sinks: Sinks = None, config: d.Config = None, store: d.StoreOption = None) -> int:
    """Have what is stuck sent again, by the next run or by a watch that is under way."""
    with _store(config, store) as (memory, _):
        number = memory.retry(_stuck(memory, sinks))
    print(f"{number} will be sent again by the next run, or by a watch that is under way.")
    return 0


@app.command()
def drop(sinks: Sinks = None, config: d.Config = None, store: d.StoreOption = None) -> int:
    """Forget what is stuck: nobody will be told of it."""
    with _store(config, store) as (memory, _):
        number = memory.drop(_stuck(memory, sinks))
    print(f"{number} dropped.")
    return 0


def _stuck(memory: "Store", sinks: list[str] | None) -> list[int]:
    """The rows that are stuck. Raises `UsageError` for a sink for which nothing waits."""
    rows = [row for row in memory.pending() if row.stuck]
    there = {row.sink for row in rows}
    for sink in sinks or ():
        if sink not in there:
            raise UsageError(
                f"nothing is stuck for `{sink}`", f"stuck are those for {', '.join(sorted(there)) or 'none'}"
            )
    return [row.id for row in rows if not sinks or row.sink in sinks]


@app.command("test")
def tried(sinks: Sinks = None, config: d.Config = None) -> int:
    """Send every sink a message that says that it is a test."""
    from probe.config.settings import find, load

    settings = load(find(config))
    names = [sink.name for sink in settings.sinks]
    for word in sinks or ():
        if word not in names:
            raise UsageError(f"there is no alert `{word}`", f"there are {', '.join(names) or 'none'}")
    chosen = [sink for sink in settings.sinks if not sinks or sink.name in sinks]
    if not chosen:
        raise UsageError("the configuration has no [[alert]]", "add one; `probe config init` shows how")
    import trio

    from probe.run.trial import trial

    faults: dict[str, str] = trio.run(trial, chosen)
    for sink in chosen:
        print(f"{sink.name}: {faults.get(sink.name) or 'delivered'}")
    return 3 if faults else 0


def mute(
    target: TargetName,
    until: Until,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="To be read in `probe status`.")] = "",
    config: d.Config = None,
    store: d.StoreOption = None,
) -> int:
    """Tell nobody of a target until then: a maintenance window.

    It is probed all the same. What is still wrong afterwards is told then.
    """
    from probe.cli.onduty import now

    at = now()
    end = _moment(until, at)
    with _store(config, store, new=True) as (memory, settings):
        _known(target, memory, settings)
        memory.mute(target, end, reason[:500], at)
    print(f"{target} is muted until {end:%Y-%m-%d %H:%M} UTC.")
    return 0


def unmute(target: TargetName, config: d.Config = None, store: d.StoreOption = None) -> int:
    """End a maintenance window."""
    with _store(config, store) as (memory, _):
        if not memory.unmute(target):
            raise UsageError(f"`{target}` is not muted", "`probe status` shows what is")
    print(f"{target} is no longer muted.")
    return 0


def _moment(text: str, at: datetime) -> datetime:
    from probe.alert.words import Duration
    from probe.config import moment

    try:
        end = at + timedelta(seconds=Duration.parse(text))
    except ValueError:
        try:
            end = moment(text)
        except UsageError:
            raise UsageError(f"--until `{text}` is no time", "as in 2h, 3d or 2026-12-24T18:00") from None
    except OverflowError:
        raise UsageError(f"--until `{text}` is beyond the calendar", "as in 2h, 3d") from None
    if end <= at:
        raise UsageError(f"--until `{text}` is over", "a moment to come, as in 2h or 2026-12-24T18:00")
    return end


def _known(target: str, memory: "Store", settings: "Settings | None") -> None:
    names = {standing.name for standing in memory.standings()}
    names |= {watched.name for watched in settings.targets} if settings else set()
    if target != "*" and target not in names:
        raise UsageError(f"there is no target `{target}`", f"there are {', '.join(sorted(names)[:10]) or 'none'}")


@contextmanager
def _store(
    config: Path | None, store: Path | None, *, writing: bool = True, new: bool = False
) -> "Iterator[tuple[Store, Settings | None]]":
    """The store that the configuration names, and the configuration where one is found: --store alone needs none.
    `new`: it may be the first to use it."""
    from probe.cli.onduty import now
    from probe.config.settings import find, load
    from probe.state import Store, default_path

    settings = None
    try:
        settings = load(find(config))
    except ConfigError:
        if config or not store:
            raise
    path = store or (settings and settings.store) or default_path()
    if not new and not path.exists():
        raise UsageError(
            f"there is no store {path} yet", "`probe run` and `probe watch` make it; or name it with --store"
        )
    with Store.open(path, now(), writing=writing) as memory:
        yield memory, settings
