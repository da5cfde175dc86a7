"""`probe explain`: what a finding means, and what a bounce means. A finding's page loads next to nothing."""

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.cli import options as o
from probe.cli.bounced import Form, Looking, explained, told
from probe.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST = 8 * 2**20  # bytes of standard input that are read; what explains a bounce stands in its first thousands

Connectors = Annotated[
    list[Path],
    typer.Option(
        "--connectors",
        metavar="FILE",
        help="An export of Exchange's connectors, certificates, domains: a bounce is compared with it, its remedy "
        "filled in with the organisation's names, and --probe judges by the connectors, too. Repeatable.",
    ),
]


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODE|TEXT]...",
            help="A finding's code; or a bounce: a reply, an enhanced code, a queue's last error, a whole report, an "
            "event, an HRESULT, a status word. - for standard input. Without any, all findings are listed.",
            show_default=False,
        ),
    ] = None,
    connectors: Connectors = [],  # noqa: B006 - typer copies it
    probe: Annotated[
        bool, typer.Option("--probe", help="Run the command that checks the bounce, and compare then and now.")
    ] = False,
    connect: Annotated[
        list[str],
        typer.Option("--connect", metavar="ADDR", help="Probe this address, not the bounce's. Repeatable."),
    ] = [],  # noqa: B006
    resolver: o.Resolvers = [],  # noqa: B006
    timeout: o.Timeout = None,
    roots: o.Roots = [],  # noqa: B006
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.TEXT,
    no_color: o.NoColor = False,
) -> int:
    """Say what a finding or a bounce means, whose fault it is, and how to mend it.

    Exit code: 0, or with --probe that of the probe; 3 where the code is not known.
    """
    if connectors.count(Path("-")) and (not words or words == ["-"]):
        raise UsageError("standard input is either the bounce or the export", "name a file for one of them")
    given = _given(words or [])
    if given is None or given in _catalogue():
        if probe or connectors:
            option = "--probe" if probe else "--connectors"
            raise UsageError(f"{option} without a bounce has nothing to look at", "give it the bounce's text")
        return _pages(given, form, colour=not no_color)
    looking = Looking(connectors, connect, resolver, timeout, roots)
    if looking.words and not probe:
        raise UsageError("--connect, --resolver, --timeout and --roots are of no use without --probe", "add --probe")
    try:
        explanation = explained(given)
    except UsageError as error:
        raise _unknown(given, error) from None
    return told(explanation, looking, probe=probe, form=form, colour=not no_color)


def _given(words: list[str]) -> str | None:
    """What is to be explained; None: nothing, so that everything is listed."""
    # Options are let through to here, because a negative HRESULT is none.
    mistaken = next((word for word in words if re.match(r"-[A-Za-z]|--", word)), None)
    if mistaken:
        raise UsageError(f"there is no option {mistaken}", "`probe explain --help` lists what there is")
    if words == ["-"]:
        return _standard_input()
    if words:
        return " ".join(words)
    return (_standard_input() or None) if _piped() else None


def _piped() -> bool:
    """Whether something stands ready on standard input, by a pipe or from a file."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or no file at all
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _standard_input() -> str:
    if sys.stdin is None:
        raise ConfigError("standard input is closed", "give the bounce as an argument")
    raw = sys.stdin.buffer.read(MOST)
    utf_16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))  # PowerShell redirects like that
    return raw.decode("utf-16" if utf_16 else "utf-8-sig", "replace").strip()


def _catalogue() -> "Mapping[str, object]":
    from probe.judge.catalogue import CATALOGUE

    return CATALOGUE


def _pages(code: str | None, form: Form, *, colour: bool) -> int:
    """The catalogue's page of a finding, or the list of all."""
    from probe.cli.terminal import write
    from probe.judge.catalogue import CATALOGUE
    from probe.report.explain import listing, page

    if form is Form.JSON:
        from probe.codec import encode

        entries = CATALOGUE.values() if code is None else (CATALOGUE[code],)
        sys.stdout.buffer.write(b"".join(encode(entry) + b"\n" for entry in entries))
        sys.stdout.buffer.flush()
    else:
        write(listing(CATALOGUE.values()) if code is None else page(CATALOGUE[code]), colour=colour)
    return 0


def _unknown(given: str, error: UsageError) -> UsageError:
    """A single word is taken for a finding's code that was mistyped."""
    if not given or len(given) > 60 or any(character.isspace() or character.isdigit() for character in given):
        return error
    from difflib import get_close_matches

    near = get_close_matches(given, _catalogue(), 1)
    hint = f"did you mean {near[0]}?" if near else "`probe explain` lists them all; it takes bounces, too"
    return UsageError(f"there is no finding `{given}`", hint)
