"""`probe config`: check it, begin one, and its schema."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import duty_options as d

if TYPE_CHECKING:
    from probe.config.duty import Settings

app = typer.Typer(cls=d.by_default("check"), rich_markup_mode=None)


@app.callback()
def configuration() -> None:
    """The configuration, `probe.toml`: check it, begin one, print its schema. Without a command: check."""


@app.command(short_help="Say whether all is well with it, without the network.")
def check(
    config: d.Config = None,
) -> int:
    """Check the configuration: every key, every file and every secret, without asking anything of the network."""
    from probe.config.settings import examine, find
    from probe.config.settings.checking import remarks
    from probe.model import Verdict

    path = find(config)
    settings, problems = examine(path)
    for problem in problems:
        _complain(problem.message, problem.hint)
    if settings is None:
        return Verdict.UNKNOWN.exit_code
    found = list(remarks(settings))
    for remark in found:
        if remark.fault:
            _complain(remark.at(path), remark.hint)
    if any(remark.fault for remark in found):
        return Verdict.UNKNOWN.exit_code
    _print(_summary(settings))
    _print([f"remark: {remark.text}" for remark in found])
    return (Verdict.WARN if found else Verdict.OK).exit_code


@app.command(short_help="Write one to begin with.")
def init(
    domains: Annotated[
        list[str],
        typer.Argument(metavar="[DOMAIN]...", help="What to probe: mail domains, or any target.", show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    connectors: Annotated[
        list[Path],
        typer.Option(
            "--connectors",
            metavar="FILE",
            help="Exports of Exchange's connectors: probe where they lead, and judge by them. Repeatable.",
        ),
    ] = [],  # noqa: B006
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; - is standard output.")
    ] = Path("probe.toml"),
) -> int:
    """Write a configuration to begin with, with comments. Nothing that is there is written over."""
    from probe import config
    from probe.config.settings.starter import beside, from_exports, starter
    from probe.errors import UsageError

    if listed := next((word for word in domains if word.startswith("@") or word == "-"), None):
        raise UsageError(f"`{listed}` is a list of targets", "name them one by one: each becomes an entry")
    if any(str(path) == "-" for path in connectors):
        raise UsageError("--connectors - cannot stand in a configuration", "name a file, which is read again each time")
    if export := next((word for word in domains if connectors and Path(word).is_file()), None):
        raise UsageError(f"`{export}` is a file", "--connectors before each, or once before their directory")
    words = [config.target(word).given for word in domains]
    led = from_exports(connectors) if connectors and not words else {}
    targets = [*dict.fromkeys([*words, *led])]
    text = starter(targets, beside(connectors, Path("probe.toml") if str(output) == "-" else output), led)
    if str(output) == "-":
        _write(text)
        return 0
    _create(output, text)
    count = f"{len(targets)} target{'s' * (len(targets) != 1)}" if targets else "an example"
    print(f"{output} is written, with {count}. Next: probe config check --config {output}", file=sys.stderr)
    return 0


@app.command(short_help="Print its JSON Schema.")
def schema() -> int:
    """Print the JSON Schema of the configuration, for editors that complete and check while one types."""
    from probe.config.settings.schema import to_json

    _write(to_json().decode())
    return 0


def _create(path: Path, text: str) -> None:
    """Write a file that was not there. Raises `ConfigError`."""
    from probe.errors import ConfigError

    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} is there already", "nothing is written over: --output FILE names another") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot write {path}: {reason}", "check the path and your rights") from None


def _summary(settings: "Settings") -> list[str]:
    """What `probe run` would do."""
    from probe.state import default_path

    targets, sinks, days = settings.targets, settings.sinks, settings.keep / 86400
    return [
        f"{settings.path} is sound: {_count(len(targets), 'target')}, {_count(len(sinks), 'alert')}",
        *[f"  target  {row}" for row in _targets(settings)],
        *[f"  listen  port {listen.door.port}, as {listen.name}" for listen in (settings.listen,) if listen],
        *[f"  alert   {sink.name}: {' '.join(sink.verdicts)}{f', {sink.place}' * bool(sink.place)}" for sink in sinks],
        f"  store   {settings.store or default_path()}, for {days:g} days",
    ]


def _targets(settings: "Settings", most: int = 20) -> list[str]:
    """What is looked at, and when."""
    rows = []
    for watched in settings.targets[:most]:
        every, cron = watched.schedule.every, watched.schedule.cron
        when = f"every {_span(every)}" if every else f'at "{cron}"' if cron else "with every run"
        named = "" if watched.name == watched.target.given else f" ({watched.target.given})"
        rows.append(f"{watched.name}{named}, {when}")
    left = len(settings.targets) - most
    return [*rows, f"and {left} more"] if left > 0 else rows


def _span(seconds: float) -> str:
    units = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
    size, unit = next((size, unit) for size, unit in units if not seconds % size)
    return f"{seconds / size:g}{unit}"


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' * (number != 1)}"


def _complain(message: str, hint: str) -> None:
    from probe.report.escape import visible

    print(f"error: {visible(message)}\nhint: {visible(hint)}", file=sys.stderr)


def _print(lines: list[str]) -> None:
    from probe.report.escape import visible

    _write("".join(f"{line[: len(line) - len(line.lstrip())]}{visible(line.lstrip())}\n" for line in lines))


def _write(text: str) -> None:
    from probe.cli.terminal import encodable

    sys.stdout.write(encodable(text))
