"""The command `rehearse`: what the next certificate will break, before anybody installs it."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import options as o

if TYPE_CHECKING:
    from probe.judge.standard import Standard
    from probe.model import Evidence

_MOST = 1 << 20  # bytes of the file that are looked at to say what it is
_PFX = b"\x02\x01\x03"  # the version that stands behind the first length (RFC 7292 §4)


class RehearsalFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def rehearse(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="[TARGET]...",
            help="What will show the certificate: also look there, at TLSA and at MTA-STS. Without one, nothing is "
            "asked of the network.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    connectors: Annotated[
        list[Path],
        typer.Option("--connectors", metavar="FILE", help="An export of Exchange's connectors. Repeatable."),
    ] = [],  # noqa: B006
    next_: Annotated[
        Path | None,
        typer.Option("--next", metavar="CERT", help="The next certificate in PEM, then its intermediates."),
    ] = None,
    resolver: o.Resolvers = [],  # noqa: B006
    connect: o.Connect = [],  # noqa: B006
    timeout: o.Timeout = None,
    roots: o.Roots = [],  # noqa: B006
    at: Annotated[
        str | None, typer.Option("--at", metavar="ISO-8601", help="Rehearse as of this moment. [default: now]")
    ] = None,
    format: Annotated[RehearsalFormat, typer.Option("--format", help="How to print it.")] = RehearsalFormat.TEXT,  # noqa: A002
    no_color: o.NoColor = False,
) -> int:
    """Rehearse a renewal: what the next certificate will break, and the commands in order, with the way back."""
    from probe import config
    from probe.errors import UsageError
    from probe.judge.hybrid.rehearsal import rehearse as judged
    from probe.judge.standard import Standard

    if not connectors:
        raise UsageError("no export is named", "--connectors FILE; contrib/Export-ProbeConnectors.ps1 makes them")
    if next_ is None:
        raise UsageError("no certificate is named", "--next CERT.pem: the next certificate, then its intermediates")
    chain = _next(next_)
    anchors = config.anchors(roots or ["certifi"])
    moment = datetime.now(UTC).replace(microsecond=0) if at is None else config.moment(at)
    standard = Standard(next_certificate=chain)
    organisation = config.organisation(connectors)
    seen = _look(targets, resolver, connect, timeout, standard)
    try:
        rehearsal = judged(organisation, chain, standard, anchors, moment, seen)
    except ValueError as error:
        raise _unusable(next_, f"cannot be read: {error}") from None
    if format is RehearsalFormat.JSON:
        from probe.report.rehearsal_json import to_json

        sys.stdout.flush()
        sys.stdout.buffer.write(to_json(rehearsal) + b"\n")
        sys.stdout.buffer.flush()
    else:
        from probe.cli.terminal import write
        from probe.report.rehearsal import render

        write(render(rehearsal), colour=not no_color)
    return rehearsal.verdict.exit_code


def _look(
    targets: list[str], resolver: list[str], connect: list[str], timeout: float | None, standard: "Standard"
) -> "list[Evidence]":
    """What the targets show; without any, options for looking are a mistake."""
    from probe import config
    from probe.cli import settings
    from probe.errors import UsageError

    if not targets:
        for option, given in (("--resolver", resolver), ("--connect", connect), ("--timeout", timeout)):
            if given:
                raise UsageError(f"{option} without a target has nothing to ask", "name what will show the certificate")
        return []
    found = list(config.targets(targets))
    settings.agree(found, standard, connect=connect)
    from probe.cli.live import look

    return look(found, resolver=resolver, connect=connect, timeout=timeout, standard=standard)


def _next(path: Path) -> tuple[bytes, ...]:
    """The next certificate and its issuers. Raises `ConfigError`; a key in the file is neither read nor shown."""
    from probe import config
    from probe.errors import ConfigError

    try:
        return config.certificates([path])
    except ConfigError as error:
        raise _unusable(path, "", error) from None


def _unusable(path: Path, what: str, error: "Exception | None" = None) -> Exception:
    """The fault, with a better word where the file is something that CAs and servers hand out beside certificates."""
    from probe.errors import ConfigError

    head = _head(path)
    if b"CERTIFICATE REQUEST-----" in head:
        hint = "it says neither who will sign it nor until when: rehearse with the certificate that the CA sends"
        return ConfigError(f"{path} holds a request for a certificate (CSR), and no certificate", hint)
    if b"-----BEGIN PKCS7-----" in head:
        hint = "take them out: openssl pkcs7 -print_certs -in FILE -out next.pem"
        return ConfigError(f"{path} holds its certificates as PKCS #7", hint)
    if head.startswith(b"\x30") and _PFX in head[2:9]:
        hint = "take them out, without the key: openssl pkcs12 -in FILE -nokeys -out next.pem"
        return ConfigError(f"{path} is a PFX file (PKCS #12)", hint)
    if isinstance(error, ConfigError):
        return error
    return ConfigError(f"{path} {what}", "check it with `openssl x509 -in FILE -noout -text`")


def _head(path: Path) -> bytes:
    """The beginning of a file; nothing of what can be read but once."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_MOST)
    except (OSError, ValueError):
        return b""
