"""`probe run` and `probe watch`: what the configuration says, once or for years."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import duty_options as d
from probe.cli import options as o
from probe.cli.recalled import nearest
from probe.errors import UsageError

if TYPE_CHECKING:
    from socket import socket

    from probe.config.duty import Settings, Watched
    from probe.run.once import Ended
    from probe.state import Store


def run(
    config: d.Config = None,
    store: d.StoreOption = None,
    target: d.Names = [],  # noqa: B006 - typer copies it
    tag: d.Tags = [],  # noqa: B006
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look and judge; store nothing, and tell nobody but you.")
    ] = False,
    format: d.RunFormatOption = d.RunFormat.TEXT,  # noqa: A002
    textfile: d.Textfile = None,
    log_format: d.LogFormat = None,
    verbose: o.Verbose = False,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> int:
    """Probe the targets of the configuration that are due, store what changed, and alert.

    For cron, systemd timers and Windows tasks: it prints nothing when all is OK. A target without a schedule is due
    with every run; --target probes what it names, due or not.
    """
    from probe.cli.holding import working
    from probe.cli.ran import heard, measured, tell, would_tell
    from probe.config.settings import find, load

    settings = load(find(config))
    chosen = choose(settings.targets, target, tag)
    with heard(settings, dry_run=dry_run), working(store or settings.store, dry_run=dry_run) as (remembered, run, full):
        if not target and format is not d.RunFormat.NAGIOS:
            chosen = _due(chosen, remembered)
        ended = _once(settings, remembered, run, chosen, log_format, dry_run=dry_run)
        unwritten = measured(textfile, remembered.path, settings) if textfile and not dry_run else None
        if dry_run:
            would_tell(ended)
        return tell(ended, format, verbosity=verbose - quiet, colour=not no_color, fault=full or unwritten)


def now() -> datetime:
    """The time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def choose(targets: Sequence["Watched"], names: Sequence[str], tags: Sequence[str]) -> list["Watched"]:
    """The targets that the options leave. Raises `UsageError` for a name or a tag that there is not."""
    known = {watched.name for watched in targets}
    tagged = {tag for watched in targets for tag in watched.tags}
    for option, words, there in (("--target", names, known), ("--tag", tags, tagged)):
        for word in words:
            if word not in there:
                raise UsageError(f"{option} `{word}`: the configuration has none", nearest(word, there))
    return [
        watched
        for watched in targets
        if (not names or watched.name in names) and (not tags or not set(tags).isdisjoint(watched.tags))
    ]


def _due(chosen: Sequence["Watched"], store: "Store") -> list["Watched"]:
    from probe.run.schedule import due

    last = {standing.name: standing.at for standing in store.standings()}
    return [watched for watched in chosen if due(watched.schedule, watched.name, last.get(watched.name), now())]


def _once(
    settings: "Settings",
    store: "Store",
    run: int,
    chosen: Sequence["Watched"],
    log_format: d.LogForm | None,
    *,
    dry_run: bool,
) -> "Ended":
    import trio

    from probe.observe import own_name
    from probe.run.duty import Duty
    from probe.run.events import Form, Log
    from probe.run.look import Eyes
    from probe.run.once import once

    log = Log(sys.stderr if log_format else None, Form(log_format or "text"))

    async def all_of_it() -> "Ended":
        eyes = Eyes(settings.looking, settings.looking.ehlo or await own_name())
        duty = Duty(settings, store, eyes, log, now, run, kind="run")
        duty.begin()
        return await once(duty, chosen, now, telling=not dry_run)

    ended: Ended = trio.run(all_of_it)
    return ended


def watch(
    config: d.Config = None,
    store: d.StoreOption = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics", metavar="[ADDR:]PORT", help="Serve metrics for Prometheus there. [default ADDR: 127.0.0.1]"
        ),
    ] = None,
    metrics_allow: Annotated[
        list[str],
        typer.Option(
            "--metrics-allow",
            metavar="PATTERN",
            help="Targets that /probe may be asked for besides the configuration's hosts, as in *.contoso.com:25. "
            "Repeatable.",
        ),
    ] = [],  # noqa: B006
    textfile: d.Textfile = None,
    log_format: d.LogFormat = None,
) -> int:
    """Be on duty: probe each target of the configuration by its schedule, store what changes, and alert.

    A target without a schedule is looked at every 15 minutes. With a table [listen] it also listens for deliveries, as
    Exchange Online would, and judges each. SIGHUP has the configuration read again; SIGTERM and
    SIGINT end it, within seconds.
    """
    from probe.cli.holding import door, memory
    from probe.cli.ran import heard
    from probe.config.settings import find, load

    path = find(config)
    settings = load(path)
    with door(settings) as sockets, heard(settings), memory(store or settings.store) as remembered:
        _watch(settings, remembered, path, (metrics, metrics_allow, textfile), sockets, log_format)
    return 0


def _watch(
    settings: "Settings",
    store: "Store",
    path: Path,
    wishes: tuple[str | None, list[str], Path | None],
    sockets: tuple["socket", ...],
    log_format: d.LogForm | None,
) -> None:
    import os

    import trio

    from probe import __version__
    from probe.config.settings import load
    from probe.observe import own_name
    from probe.run.duty import Duty
    from probe.run.events import Form, Log
    from probe.run.exporter import bind
    from probe.run.look import Eyes
    from probe.run.sd import Manager
    from probe.run.watch import Watch, Wishes

    log = Log(sys.stderr, Form(log_format or "text"))
    metrics, allowed, textfile = wishes
    serving = bind(metrics) if metrics else None
    wanted = Wishes(metrics=serving, allowed=tuple(allowed), textfile=textfile, door=sockets)
    manager = Manager.of(os.environ)

    async def all_of_it() -> None:
        log.event("started", version=__version__, config=path, targets=len(settings.targets))
        eyes = Eyes(settings.looking, await own_name())
        duty = Duty(settings, store, eyes, log, now, store.begin("watch", now()))
        await Watch(duty, lambda: load(path), log, now, version=__version__, wishes=wanted, manager=manager).keep()

    trio.run(all_of_it)
