"""What `probe` says of itself, before any command."""

from typing import Annotated

import typer


def _version(wanted: bool) -> None:
    if wanted:
        import probe

        print(f"probe {probe.__version__}")
        raise typer.Exit


def front(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Look at the TLS of mail servers and say what is wrong, in Exchange Online's words, and how to mend it.

    `probe TARGET...` is short for `probe check TARGET...`.

    Exit code: 0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN and every fault of our own.
    """
