"""`probe run` and `probe watch`: what the configuration says, once or for years."""

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import duty_options as d
from probe.cli import options as o
from probe.errors import UsageError

if TYPE_CHECKING:
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
    from probe.config.settings import find, load

    settings = load(find(config))
    chosen = choose(settings.targets, target, tag)
    with memory(store or settings.store, dry_run=dry_run) as remembered:
        if not target and format is not d.RunFormat.NAGIOS:
            chosen = _due(chosen, remembered)
        ended = _once(settings, remembered, chosen, log_format, dry_run=dry_run)
        if textfile and not dry_run:
            _textfile(textfile, remembered, settings)
    from probe.cli.ran import tell, would_tell

    if dry_run:
        would_tell(ended)
    return tell(ended, format, verbosity=verbose - quiet, colour=not no_color)


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
                raise UsageError(f"{option} `{word}`: the configuration has none", _nearest(word, there))
    return [
        watched
        for watched in targets
        if (not names or watched.name in names) and (not tags or not set(tags).isdisjoint(watched.tags))
    ]


def _nearest(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=1)
    return f"did you mean `{near[0]}`?" if near else f"it has {', '.join(sorted(known)[:10]) or 'none at all'}"


@contextmanager
def memory(path: Path | None, *, dry_run: bool = False) -> Iterator["Store"]:
    """The store, ours alone while it is open; for a dry run a copy that is thrown away. Says loudly where a damaged
    one had to be set aside."""
    from probe.run.alone import alone
    from probe.state import Store, default_path

    path = path or default_path()
    with ExitStack() as stack:
        if dry_run:
            copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="probe-"))) / path.name
            if path.exists():
                with Store.open(path, now(), writing=False) as there:
                    there.backup(copy)
            path = copy
        stack.enter_context(alone(path))
        store = stack.enter_context(Store.open(path, now()))
        if store.set_aside:
            say_aside(store.set_aside)
        yield store


def say_aside(path: Path) -> None:
    """A store was damaged: nobody should wonder later where the past has gone."""
    print(
        f"warning: the store was damaged; it is kept as {path}, and a new one begins: "
        "what was known is not, and faults that were told may be told again",
        file=sys.stderr,
    )


def _due(chosen: Sequence["Watched"], store: "Store") -> list["Watched"]:
    from probe.run.schedule import due

    last = {standing.name: standing.at for standing in store.standings()}
    return [watched for watched in chosen if due(watched.schedule, watched.name, last.get(watched.name), now())]


def _once(
    settings: "Settings",
    store: "Store",
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
        duty = Duty(settings, store, eyes, log, now, store.begin("run", now()), kind="run")
        duty.begin()
        return await once(duty, chosen, now, telling=not dry_run)

    ended: Ended = trio.run(all_of_it)
    return ended


def _textfile(path: Path, store: "Store", settings: "Settings") -> None:
    from probe import __version__
    from probe.report.prometheus import exposition
    from probe.run.textfile import write
    from probe.run.window import agent

    known = {watched.name for watched in settings.targets}
    standings = [standing for standing in store.standings() if standing.name in known]
    write(path, exposition(standings, now(), agent=agent(store, settings, __version__, now())))


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

    A target without a schedule is looked at every 15 minutes. SIGHUP has the configuration read again; SIGTERM and
    SIGINT end it, within seconds.
    """
    from probe.config.settings import find, load

    path = find(config)
    settings = load(path)
    with memory(store or settings.store) as remembered:
        _watch(settings, remembered, path, (metrics, metrics_allow, textfile), log_format)
    return 0


def _watch(
    settings: "Settings",
    store: "Store",
    path: Path,
    wishes: tuple[str | None, list[str], Path | None],
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
    wanted = Wishes(metrics=bind(metrics) if metrics else None, allowed=tuple(allowed), textfile=textfile)
    manager = Manager.of(os.environ)

    async def all_of_it() -> None:
        log.event("started", version=__version__, config=path, targets=len(settings.targets))
        eyes = Eyes(settings.looking, await own_name())
        duty = Duty(settings, store, eyes, log, now, store.begin("watch", now()))
        await Watch(duty, lambda: load(path), log, now, version=__version__, wishes=wanted, manager=manager).keep()

    trio.run(all_of_it)
