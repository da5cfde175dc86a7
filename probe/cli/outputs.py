"""The files that are written beside the reports."""

import os
import ssl
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path

from probe.errors import ConfigError
from probe.model import Evidence
from probe.report.escape import visible

OFTEN = 1000  # reports of one name


def opened(path: Path | None) -> RawIOBase | None:
    """The file, emptied; None where none was asked for. Raises `ConfigError`."""
    if path is None:
        return None
    try:
        return path.open("wb", buffering=0)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}", "check the path and your rights") from None


def chains(evidence: Evidence) -> Iterator[str]:
    """Every chain that an endpoint presented, once, as PEM exactly as sent, headed by where it was seen."""
    shown = dict.fromkeys((seen.endpoint, seen.chain.der) for seen in evidence.observations if seen.chain)
    for endpoint, chain in shown:
        for position, der in enumerate(chain):
            where = f"{endpoint.host} {endpoint.address} port {endpoint.port}, certificate {position}"
            yield f"# {visible(where)}\n"
            yield ssl.DER_cert_to_PEM_cert(der)


class Folder:
    """Where a file for each report goes. Nothing that is there is written over; and what is there already, byte for
    byte, is not written again. Raises `ConfigError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make {path}: {error.strerror}", "check the path and your rights") from None
        if not os.access(path, os.W_OK | os.X_OK):
            raise ConfigError(f"cannot write in {path}", "check the path and your rights")

    def keep(self, data: bytes, name: Callable[[int], str]) -> Path:
        """Write it under the first of these names that is free. Raises `ConfigError`."""
        for again in range(OFTEN):
            path = self._path / name(again)
            try:
                if self._written(path, data):
                    return path
            except OSError as error:
                raise ConfigError(f"cannot write {path}: {error.strerror}", "is the disk full?") from None
        raise ConfigError(f"{self._path} has {OFTEN} reports of one name already", "give --reports another place")

    def _written(self, path: Path, data: bytes) -> bool:
        """Whether the file holds the data now. False: it is another's."""
        try:
            file = path.open("xb")  # never through a link that waits there
        except FileExistsError:
            return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
        try:
            with file:
                file.write(data)
        except OSError:
            path.unlink()
            raise
        return True
