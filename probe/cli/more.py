"""The commands beside `check` and `judge`. None of them touches the network but `demo`, and that only on loopback."""

import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from probe.cli import options as o


def tlsa(
    certificates: Annotated[
        list[Path],
        typer.Argument(
            metavar="CERT...",
            help="Certificates in PEM or DER, the leaf first, or one file with the whole chain; - for standard input.",
            show_default=False,
        ),
    ],
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="NAME", help="Whose records they are: print whole lines of a zone file."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="The port, with --host.  [default: 25]")
    ] = None,
    ttl: Annotated[int | None, typer.Option("--ttl", metavar="SECONDS", help="Their TTL, with --host.")] = None,
    usage: Annotated[
        int | None,
        typer.Option("--usage", metavar="0-3", help="[default: 3 for the leaf and 2 for each authority]"),
    ] = None,
    selector: Annotated[
        int, typer.Option("--selector", metavar="0-1", help="0 the whole certificate, 1 its public key.")
    ] = 1,
    matching: Annotated[
        int, typer.Option("--matching", metavar="0-2", help="0 in full, 1 by SHA-256, 2 by SHA-512.")
    ] = 1,
) -> int:
    """Print the TLSA records for a certificate or a chain."""
    from probe import config
    from probe.cli.settings import in_range
    from probe.cli.terminal import encodable
    from probe.errors import ConfigError, UsageError
    from probe.report.zone import lines

    in_range("--port", port, 1, 65535)
    in_range("--ttl", ttl, 0, 2**31 - 1)  # RFC 2181 §8
    in_range("--usage", usage, 0, 3)
    in_range("--selector", selector, 0, 1)
    in_range("--matching", matching, 0, 2)
    for option, value in (("--port", port), ("--ttl", ttl)):
        if host is None and value is not None:  # without an owner there is no line for them to stand in
            raise UsageError(f"{option} is of no use without --host", "say whose records they are: --host NAME")
    name = None if host is None else config.host_name(host, "--host")
    chain = config.certificates(certificates)
    found = lines(chain, name, 25 if port is None else port, ttl, usage, selector, matching)
    if not found:
        message = (
            f"there is nothing to publish with usage {usage}" if usage is not None else "there is nothing to publish"
        )
        raise ConfigError(
            message, "usages 1 and 3 are for the leaf, 0 and 2 for authorities, which are CA certificates"
        )
    sys.stdout.write(encodable("".join(f"{line}\n" for line in found)))
    return 0


class Reporting(StrEnum):
    """What there is in JSON: the reports of commands, the rehearsal of a renewal, what a webhook is sent."""

    CHECK = "check"
    CONNECTORS = "connectors"
    LOGS = "logs"
    REHEARSAL = "rehearsal"
    RUN = "run"
    STATUS = "status"
    HISTORY = "history"
    DIFF = "diff"
    ALERT = "alert"


_SCHEMAS = {
    Reporting.CHECK: "probe.report.json",
    Reporting.RUN: "probe.report.ran_json",
    Reporting.ALERT: "probe.alert.document",
}


def schema_of(report: Reporting) -> dict[str, Any]:
    """The JSON Schema that every output of that kind obeys."""
    found: dict[str, Any] = import_module(_SCHEMAS.get(report, f"probe.report.{report}_json")).schema()
    return found


def schema(
    report: Annotated[Reporting, typer.Argument(help=f"Of which: {', '.join(Reporting)}.", metavar="[REPORT]")] = (
        Reporting.CHECK
    ),
) -> int:
    """Print the JSON Schema of the JSON report."""
    import json

    json.dump(schema_of(report), sys.stdout, indent=2)
    print()
    return 0


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Keep the estate up, and print where to find it.")] = False,
    no_color: o.NoColor = False,
) -> int:
    """Probe a broken hybrid estate that is built for it on loopback."""
    from probe.cli.demonstration import serve_it, show_it

    return serve_it() if serve else show_it(colour=not no_color)
