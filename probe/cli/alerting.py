"""`probe alerts`, `probe mute` and `probe unmute`: what waits to be told, and what is not to be."""

from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import duty_options as d
from probe.cli import recalled
from probe.errors import UsageError
from probe.model import Verdict

if TYPE_CHECKING:
    from probe.model.duty import Pending
    from probe.state import Store

app = typer.Typer(cls=d.by_default("list"), rich_markup_mode=None)

Sinks = Annotated[list[str] | None, typer.Argument(metavar="SINK...", help="These alone.", show_default=False)]
Until = Annotated[
    str,
    typer.Option("--until", metavar="WHEN", help="A moment in ISO 8601 (UTC without an offset), or as long as 2h, 3d."),
]
TargetName = Annotated[str, typer.Argument(metavar="TARGET", help="Its name in the configuration; * is all of them.")]


@app.callback()
def alerts() -> None:
    """The alerts that wait, those that are stuck, and a test of every sink. Without a command: list."""


@app.command("list", short_help="Say what waits, and what is stuck.")
def listed(config: d.Config = None, store: d.StoreOption = None) -> int:
    """Say what waits in the outbox: 0 nothing, 1 something waits, 2 something is stuck."""
    from probe.cli.terminal import encodable
    from probe.report.layout import WIDTH, plain, wrapped

    with recalled.memory(config, store) as memory:
        waiting = memory.pending()
    lines = (line for row in waiting for line in wrapped(_row(row), width=WIDTH, hang=2))
    print(encodable(plain(lines)), end="")
    if not waiting:
        print("Nothing waits.")
        return Verdict.OK.exit_code
    if not any(row.stuck for row in waiting):
        return Verdict.WARN.exit_code
    print("`probe alerts retry` sends again what is stuck, `probe alerts drop` forgets it.")
    return Verdict.FAIL.exit_code


def _row(row: "Pending") -> str:
    from probe.report.escape import visible
    from probe.report.moments import moment
    from probe.report.wording import count

    state = "stuck" if row.stuck else f"due {moment(row.due)} UTC"
    why = f"; {count(row.attempts, 'attempt')}, {visible(row.error)}" if row.attempts or row.error else ""
    what = (
        ", ".join(
            dict.fromkeys(
                item.code if item.kind == item.code else f"{item.kind} {item.code}" for item in row.notice.items
            )
        )
        or "what is open"
    )
    since = f"since {moment(row.created)} UTC"
    return f"{visible(row.sink)}: {visible(row.notice.target)}, {visible(what)}; {since}, {state}{why}"


@app.command(short_help="Have what is stuck sent again.")
def retry(sinks: Sinks = None, config: d.Config = None, store: d.StoreOption = None) -> int:
    """Have what is stuck sent again, by the next run or by a watch that is under way."""
    with recalled.changing(config, store) as memory:
        number = memory.retry(_stuck(memory, sinks))
    print(_done(number, "will be sent again by the next run, or by a watch that is under way"))
    return 0


@app.command(short_help="Forget what is stuck.")
def drop(sinks: Sinks = None, config: d.Config = None, store: d.StoreOption = None) -> int:
    """Forget what is stuck: nobody will be told of it."""
    with recalled.changing(config, store) as memory:
        number = memory.drop(_stuck(memory, sinks))
    print(_done(number, "dropped"))
    return 0


def _done(number: int, what: str) -> str:
    from probe.report.wording import count

    return f"{count(number, 'alert')} {what}." if number else "Nothing is stuck."


def _stuck(memory: "Store", sinks: list[str] | None) -> list[int]:
    """The rows that are stuck. Raises `UsageError` for a sink for which none is."""
    rows = [row for row in memory.pending() if row.stuck]
    there = {row.sink for row in rows}
    for sink in sinks or ():
        if sink not in there:
            what = f"stuck are alerts for {', '.join(sorted(there))}" if there else "nothing is stuck at all"
            raise UsageError(f"nothing is stuck for `{sink}`", f"{what}; see `probe alerts list`")
    return [row.id for row in rows if not sinks or row.sink in sinks]


@app.command("test", short_help="Send every sink a test.")
def tried(sinks: Sinks = None, config: d.Config = None) -> int:
    """Send every sink a message that says that it is a test."""
    from probe.config.settings import find, load

    settings = load(find(config))
    names = [sink.name for sink in settings.sinks]
    for word in sinks or ():
        if word not in names:
            raise UsageError(f"the configuration has no alert `{word}`", recalled.nearest(word, names))
    chosen = [sink for sink in settings.sinks if not sinks or sink.name in sinks]
    if not chosen:
        raise UsageError("the configuration has no [[alert]]", "add one; `probe config init` shows how")
    import trio

    from probe.cli.terminal import encodable
    from probe.report.escape import visible
    from probe.run.trial import trial

    faults: dict[str, str] = trio.run(trial, chosen)
    for sink in chosen:
        print(encodable(f"{visible(sink.name)}: {visible(faults.get(sink.name) or 'delivered')}"))
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
    from probe.report.moments import moment

    at = recalled.now().replace(microsecond=0)
    end = recalled.ahead(until, at, "--until")
    with recalled.changing(config, store, new=True) as memory:
        names = {standing.name for standing in memory.standings()}.union(recalled.targets(config))
        if target != "*" and target not in names:
            raise UsageError(f"there is no target `{target}`", recalled.nearest(target, names))
        memory.mute(target, end, reason[:500], at)
    print(f"{_owner(target)} muted until {moment(end)} UTC.")
    return 0


def unmute(target: TargetName, config: d.Config = None, store: d.StoreOption = None) -> int:
    """End a maintenance window."""
    with recalled.changing(config, store) as memory:
        names = {mute.target for mute in memory.mutes(recalled.now())}
        if not memory.unmute(target):
            raise UsageError(f"`{target}` is not muted", f"muted are: {', '.join(sorted(names)[:8]) or 'none'}")
    print(f"{_owner(target)} no longer muted.")
    return 0


def _owner(target: str) -> str:
    from probe.cli.terminal import encodable
    from probe.report.escape import visible

    return "All targets are" if target == "*" else f"{encodable(visible(target))} is"
