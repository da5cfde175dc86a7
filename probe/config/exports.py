"""The exports that the user names: files, `-` for standard input, directories."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from probe.errors import ConfigError
from probe.model import Export, Organisation

_ENDINGS = (".json", ".xml", ".clixml", ".csv", ".txt")
_LARGEST = 64 << 20  # bytes of one file: what `exchange` reads at most, so that no more is loaded
_MOST = 1000  # files of one directory


def organisation(paths: Iterable[Path]) -> Organisation:
    """The exports of all files as one organisation. A directory stands for the files directly in it that end in .json,
    .xml, .clixml, .csv or .txt; every one of them must be an export, so that none is passed over in silence.

    Raises `ConfigError` and `ExportError`.
    """
    from probe import exchange

    return exchange.organisation([_export(path) for given in paths for path in _files(given)])


def _files(given: Path) -> Iterator[Path]:
    try:
        if not given.is_dir():
            yield given
            return
        found = sorted(path for path in given.iterdir() if path.suffix.lower() in _ENDINGS and path.is_file())
    except OSError as error:
        raise ConfigError(f"cannot look into {given}: {error.strerror}", "check the path and your rights") from None
    if not found:
        raise ConfigError(f"{given} holds no export", f"exports in a directory end in {', '.join(_ENDINGS)}")
    if len(found) > _MOST:
        raise ConfigError(f"{given} holds more than {_MOST} files", "name those that are exports")
    yield from found


def _export(path: Path) -> Export:
    from probe import exchange

    if str(path) == "-":
        if sys.stdin is None:
            raise ConfigError("standard input is closed", "name a file that holds the export")
        return exchange.read(sys.stdin.buffer.read(_LARGEST + 1), "standard input")
    return exchange.read(_start(path), str(path), _modified(path))


def _start(path: Path) -> bytes:
    """The file, or of one that is too large so much that this can be told; a device may have no end."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as error:
        hint = "check the path and your rights"
        raise ConfigError(f"cannot read an export from {path}: {error.strerror}", hint) from None


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None
