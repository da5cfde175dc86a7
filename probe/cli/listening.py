"""The command `listen`: options into values, and everything that may be wrong found before the first client comes."""

import ipaddress
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import options as o
from probe.cli.exports import Form
from probe.errors import UsageError

if TYPE_CHECKING:
    import socket

    from OpenSSL import SSL

    from probe.run.listen import Network

_HINT = "as in 25, 192.0.2.1:25 or [2001:db8::1]:25; 0 takes a free port"
_WHERE = re.compile(r"(?:(\[[^\[\]]+\]|[^:\[\]]+)?:)?([0-9]{1,5})")


class Answer(StrEnum):
    """`probe.model.Reply`, which would have to be loaded for each `--help`."""

    NOT_NOW = "not-now"
    EXCHANGE = "exchange"


def listen(
    where: Annotated[
        str | None,
        typer.Argument(metavar="[ADDR:]PORT", help="Where to listen; without ADDR at every address of this host."),
    ] = None,
    connectors: Annotated[
        list[Path],
        typer.Option(
            "--connectors",
            metavar="FILE",
            help="An export of Exchange's connectors and accepted domains: to which tenant would it be attributed, "
            "and may it relay? Repeatable.",
        ),
    ] = [],  # noqa: B006 - typer copies it
    guide: Annotated[
        bool,
        typer.Option(
            "--guide", help="Print how to make your servers deliver here once, as PowerShell, and how to undo it."
        ),
    ] = False,
    allow: Annotated[
        list[str],
        typer.Option(
            "--allow",
            metavar="NET",
            help="Who may connect besides loopback and private networks: an address or a network. Repeatable.",
        ),
    ] = [],  # noqa: B006
    reply: Annotated[
        Answer,
        typer.Option(
            "--reply",
            help="What recipients are answered: a temporary 451, so that mail stays queued; or what Exchange Online "
            "would answer, so that mail bounces.",
        ),
    ] = Answer.NOT_NOW,
    cert: Annotated[
        Path | None,
        typer.Option("--cert", metavar="PEM", help="Our certificate, then its chain. [default: a self-signed one]"),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PEM", help="Its key, where that is in a file of its own.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="HOST", help="What we call ourselves. [default: this host's full name]"),
    ] = None,
    full_addresses: Annotated[
        bool, typer.Option("--full-addresses", help="Keep senders and recipients whole, and not their domains alone.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Wait for one delivery, and exit with its verdict's code.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", help="End after so long. [default: when interrupted]"),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="Whom to become once it listens. [default of root: nobody]"),
    ] = None,
    expect_thumbprint: o.ExpectThumbprint = [],  # noqa: B006
    expect_name: o.ExpectName = None,
    expect_certificate: o.ExpectCertificate = None,
    min_tls: o.MinTls = None,
    warn_days: o.WarnDays = 21,
    warn_lifetime: o.WarnLifetime = None,
    roots: o.Roots = [],  # noqa: B006
    format: Annotated[Form, typer.Option("--format", help="How to print each delivery.")] = Form.TEXT,  # noqa: A002
    chain: o.Chain = None,
    evidence: o.EvidenceOut = None,
    transcript: o.Transcript = False,
    verbose: o.Verbose = False,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> int:
    """Stand where Exchange Online would, and judge what your servers show when they deliver. No mail is taken.

    Every delivery is judged and printed as it ends, until Ctrl-C; the exit code is the gravest verdict's, and 3 if
    nobody came.
    """
    from probe import config
    from probe.cli import settings

    if guide and once:
        raise UsageError("--guide listens to nobody, so there is nothing to do --once", "leave one of them away")
    if guide and format is Form.JSON:
        raise UsageError("--guide is for people, and has no --format json", "leave one of them away")
    place = None if where is None else _place(where)
    called = None if name is None else config.host_name(name, "--name")
    organisation = config.organisation(connectors) if connectors else None
    if guide:
        from probe.cli.guiding import show

        return show(organisation, place, called, colour=not no_color)
    if place is None:
        raise UsageError("no port is named", _HINT)
    if reply is Answer.EXCHANGE and organisation is None:
        raise UsageError("--reply exchange: the answer depends on your connectors", "name an export with --connectors")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise UsageError(f"--timeout {timeout:g} is no time", "a number of seconds above 0")
    standard = settings.standard(
        expect_thumbprint, expect_name, expect_certificate, None, min_tls, warn_days, warn_lifetime
    )
    anchors = config.anchors(roots or ["certifi"])
    networks = [_network(text) for text in allow]
    settings.outputs([evidence, chain], [*connectors, *roots, cert, key])

    from probe.cli.attending import Attending, Wishes
    from probe.cli.printer import Printer
    from probe.model import Reply
    from probe.run.privilege import NOBODY, is_root

    called = called or _own_name()
    context = _context(cert, key, called)
    user = user or (NOBODY if is_root() else None)
    with Printer(
        o.Format(format.value),
        standard,
        anchors,
        None,
        verbosity=settings.verbosity(verbose, quiet),
        transcript=transcript,
        colour=not no_color,
        several=False,
        chain=chain,
        evidence=evidence,
        organisation=organisation,
    ) as printer:
        wishes = Wishes(
            name=called,
            context=context,
            networks=tuple(networks),
            reply=Reply(reply.value),
            full=full_addresses,
            once=once,
            seconds=timeout,
            user=user,
            quiet=quiet,
        )
        sockets = _bound(place, user)
        return Attending(wishes, printer, standard, anchors, organisation).attend(sockets)


def _place(text: str) -> tuple[str | None, int]:
    """The address, None of every one, and the port. Raises `UsageError`."""
    from probe import config

    found = _WHERE.fullmatch(text.strip())
    if not found:
        raise UsageError(f"`{text}` is not where one can listen", _HINT)
    if int(found[2]) > 65535:
        raise UsageError(f"port {found[2]} is out of range", "a whole number from 0, a free one, to 65535")
    return config.address(found[1], "the address") if found[1] else None, int(found[2])


def _network(text: str) -> "Network":
    """A network, or an address as one of its own. Raises `UsageError`."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise UsageError(
            f"--allow `{text}` is neither an address nor a network", "as in 192.0.2.25, 192.0.2.0/24 or 2001:db8::/32"
        ) from None


def _own_name() -> str:
    import trio

    from probe.observe import own_name
    from probe.run.hosting import NAMELESS

    return trio.run(own_name) or NAMELESS


def _context(cert: Path | None, key: Path | None, name: str) -> "SSL.Context":
    """What TLS needs of us: the user's certificate, else one for that name. Raises `UsageError` and `ConfigError`."""
    from datetime import UTC, datetime

    from probe import config
    from probe.observe.tls_server import self_made, server_context
    from probe.run.hosting import dressed

    if cert is None:
        if key:
            raise UsageError("--key without a certificate", "name its certificate with --cert")
        return server_context(*self_made(name, datetime.now(UTC)))
    return dressed(*config.own_certificate(cert, key))


def _bound(place: tuple[str | None, int], user: str | None) -> "Sequence[socket.socket]":
    """Sockets that listen; and with that, root's rights are given up."""
    from probe.run.listen import bind
    from probe.run.privilege import drop

    sockets = bind(*place)
    try:
        if user:
            drop(user)
    except BaseException:
        for listening in sockets:
            listening.close()
        raise
    return sockets
