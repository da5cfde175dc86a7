"""Words and files of the user, turned into values. Whatever is wrong with them is said here, before anything is asked
of the network: one line that names it, one hint."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from probe.config.files import anchors, certificates, chain, client_certificate, evidence, own_certificate
from probe.config.memory import Memory
from probe.config.targets import target, targets
from probe.config.words import address, expected_name, host_name, identity, moment, resolver, thumbprint

if TYPE_CHECKING:
    from probe.model import Organisation

__all__ = [
    "Memory",
    "address",
    "anchors",
    "certificates",
    "chain",
    "client_certificate",
    "evidence",
    "expected_name",
    "host_name",
    "identity",
    "logs",
    "moment",
    "organisation",
    "own_certificate",
    "resolver",
    "target",
    "targets",
    "thumbprint",
]


# What Exchange wrote takes its time to be read, and to be made ready to read: most commands have none of it.


def organisation(paths: Iterable[Path]) -> "Organisation":
    """See `probe.config.exports.organisation`."""
    from probe.config.exports import organisation

    return organisation(paths)


def logs(
    paths: Iterable[Path | str], note: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """See `probe.config.protocol_logs.logs`."""
    from probe.config.protocol_logs import logs

    return logs(paths, note)
