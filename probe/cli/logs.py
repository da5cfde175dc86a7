"""The command `logs`: what Exchange's protocol logs show, beside the exports and the wire where they are given."""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import options as o

if TYPE_CHECKING:
    from probe.judge.standard import Standard
    from probe.model import Evidence

PATIENCE = 1.0  # seconds before progress is shown
EVERY = 0.2  # seconds between two looks at it


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def logs(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|DIR...",
            help="SmtpSend and SmtpReceive logs, as they are or in gzip; a directory stands for all below it; - for "
            "standard input.",
            show_default=False,
        ),
    ],
    connectors: o.Connectors = [],  # noqa: B006 - typer copies it
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Look at the wire as well: at the endpoints that the exports name, or at --target."
        ),
    ] = False,
    target: Annotated[
        list[str], typer.Option("--target", metavar="TARGET", help="Look at this endpoint. Repeatable.")
    ] = [],  # noqa: B006
    resolver: o.Resolvers = [],  # noqa: B006
    connect: o.Connect = [],  # noqa: B006
    timeout: o.Timeout = None,
    expect_thumbprint: Annotated[
        list[str],
        typer.Option(
            "--expect-thumbprint",
            metavar="HEX",
            help="SHA-1 of the certificate that should be sent. Repeatable: any of them will do.",
        ),
    ] = [],  # noqa: B006
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="ISO-8601", help="Judge as of this moment. [default: the last session's]"),
    ] = None,
    format: Annotated[Form, typer.Option("--format", help="How to print the report.")] = Form.TEXT,  # noqa: A002
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say what held, too, and show every session.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="The verdict alone.")] = False,
    no_color: o.NoColor = False,
) -> int:
    """Read protocol logs of Exchange: certificates sent and received, TLS that failed, and why."""
    from probe import config
    from probe.cli import settings
    from probe.exchange.logs import digest
    from probe.judge.logged import judge_logs
    from probe.model import gravest

    standard = settings.standard(expect_thumbprint, None, None, None, None, warn_days, warn_lifetime)
    _agree(files, connectors, standard)
    moment = None if at is None else config.moment(at)
    organisation = config.organisation(connectors) if connectors else None
    places = settings.words(target, organisation) if probe or target else []
    notes: list[str] = []
    read = digest(_shown(config.logs(files, notes.append)))
    seen = _seen(places, resolver, connect, timeout)
    last = max((group.last for group in read.groups), default=datetime.now(UTC))
    at_last = moment or max((evidence.at for evidence in seen), default=last)
    findings = judge_logs(read, organisation, seen, standard, at_last)
    if format is Form.JSON:
        from probe.report.logs_json import render as to_json

        _print_json(to_json(read, findings, at_last, notes))
    else:
        from probe.cli.terminal import write
        from probe.report.logs import render

        verbosity = settings.verbosity(verbose, quiet)
        lines = render(read, findings, at_last, sources=files, notes=notes, verbosity=verbosity)
        write(lines, colour=not no_color)
    return gravest(finding.verdict for finding in findings).exit_code


def _agree(files: Iterable[str], connectors: Iterable[Path], standard: "Standard") -> None:
    from probe.errors import UsageError

    if "-" in files and Path("-") in connectors:
        raise UsageError("standard input is named twice", "the logs or the export, not both")
    if any(len(thumbprint) != 40 for thumbprint in standard.thumbprints):
        raise UsageError("--expect-thumbprint: logs know SHA-1 alone", "40 digits, as Exchange prints them")


def _seen(places: list[str], resolver: list[str], connect: list[str], timeout: float | None) -> "list[Evidence]":
    """What is on the wire there. Only where somebody asked for it is anything connected to."""
    if not places:
        return []
    from probe import config
    from probe.cli import settings
    from probe.cli.live import look
    from probe.judge.standard import Standard, Want

    targets = list(config.targets(places))
    leave = Standard(dane=Want.OFF, mta_sts=Want.OFF, tlsrpt=Want.OFF)  # it is certificates that are compared
    settings.agree(targets, leave, connect=connect)
    return look(targets, resolver=resolver, connect=connect, timeout=timeout, standard=leave)


def _print_json(line: bytes) -> None:
    """JSON is UTF-8 (RFC 8259 §8.1), whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _shown(files: Iterable[tuple[str, Iterator[bytes]]]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The same files, and where somebody watches and waits, a line on stderr that says how far it has come."""
    if not sys.stderr.isatty():
        yield from files
        return
    told = _Progress()
    try:
        for name, chunks in files:
            yield name, told.through(name, chunks)
    finally:
        told.clear()


class _Progress:
    """A line that comes after a second, and goes before anything is printed."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PATIENCE
        self._octets = 0
        self._said = False

    def through(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        from probe.report.escape import visible
        from probe.report.logs import size

        for chunk in chunks:
            self._octets += len(chunk)
            if time.monotonic() >= self._next:
                short = visible(Path(name).name, 40)
                print(f"\r\x1b[K{size(self._octets)} read, {short}", end="", file=sys.stderr, flush=True)
                self._next, self._said = time.monotonic() + EVERY, True
            yield chunk

    def clear(self) -> None:
        if self._said:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
