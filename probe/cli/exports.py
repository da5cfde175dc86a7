"""The command that reads exports of Exchange's configuration. It touches no network."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from probe.cli import options as o


class Form(StrEnum):
    """How a report on exports is printed."""

    TEXT = "text"
    JSON = "json"


Exports = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Exports of connectors, certificates, domains, in any form that PowerShell writes; a directory of them; - "
        "for standard input. contrib/Export-ProbeConnectors.ps1 makes one of everything.",
        show_default=False,
    ),
]


def connectors(
    files: Exports,
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="ISO-8601", help="Judge as of this moment. [default: now]")
    ] = None,
    format: Annotated[Form, typer.Option("--format", help="How to print the report.")] = Form.TEXT,  # noqa: A002
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say what held, too, and show every connector and property.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="The verdict alone.")] = False,
    no_color: o.NoColor = False,
) -> int:
    """Read exports of Exchange's connectors and certificates, and say what is wrong before mail does."""
    from datetime import UTC, datetime

    from probe import config
    from probe.cli import settings
    from probe.judge.hybrid.offline import judge_organisation
    from probe.model import gravest

    standard = settings.standard([], None, None, None, None, warn_days, warn_lifetime)
    moment = datetime.now(UTC) if at is None else config.moment(at)
    organisation = config.organisation(files)
    findings = judge_organisation(organisation, standard, moment)
    if format is Form.JSON:
        from probe.report.connectors_json import to_json

        sys.stdout.flush()
        sys.stdout.buffer.write(to_json(organisation, findings, moment) + b"\n")  # UTF-8 (RFC 8259 §8.1)
        sys.stdout.buffer.flush()
    else:
        from probe.cli.terminal import write
        from probe.report.connectors import render

        told = render(organisation, findings, moment, verbosity=settings.verbosity(verbose, quiet))
        write(told, colour=not no_color)
    return gravest(finding.verdict for finding in findings).exit_code
