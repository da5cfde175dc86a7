"""The options of the commands that go by a configuration, each said once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


def by_default(command: str) -> type[TyperGroup]:
    """A group of commands of which one is meant where none is named."""

    class ByDefault(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            named = args and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
            return super().parse_args(ctx, args if named else [command, *args])

    return ByDefault


class RunFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    NAGIOS = "nagios"


class LogForm(StrEnum):
    TEXT = "text"
    JSON = "json"


Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration. [default: ./probe.toml, or else the platform's]"),
]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="FILE", help="The memory. [default: the configuration's, or else the platform's]"),
]
Names = Annotated[
    list[str], typer.Option("--target", metavar="NAME", help="These targets of the configuration alone. Repeatable.")
]
Tags = Annotated[list[str], typer.Option("--tag", metavar="TAG", help="Targets with this tag alone. Repeatable.")]
RunFormatOption = Annotated[
    RunFormat, typer.Option("--format", help="How to print. nagios: as a plug-in, which probes whether due or not.")
]
Textfile = Annotated[
    Path | None,
    typer.Option("--textfile", metavar="FILE", help="Write metrics there, for Prometheus' node exporter."),
]
LogFormat = Annotated[
    LogForm | None,
    typer.Option("--log-format", help="Log events to stderr, a line each. [default: none; with watch text]"),
]
