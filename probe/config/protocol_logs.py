"""Protocol logs that the user names: files, directories, standard input; as they are or in gzip."""

import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from probe.errors import ConfigError, ExportError
from probe.exchange.logs import other_log

STANDARD_INPUT = "standard input"

_CHUNK = 1 << 18
_GZIP = b"\x1f\x8b\x08"
_A_LOG = re.compile(r".*\.log(\.gz)?", re.IGNORECASE)
_NAME = re.compile(r"(?P<kind>.*?)(?P<date>\d{8,12})-(?P<number>\d{1,9})(?P<rest>\D.*)?", re.DOTALL)
_HINT = "name protocol logs, or a directory that holds them: TransportRoles\\Logs on the Exchange server"

Note = Callable[[str], None]


def _unsaid(_: str) -> None:
    """Nobody wants to know."""


def logs(paths: Iterable[Path | str], note: Note = _unsaid) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Every log that the paths name, in order of time within its directory, with its octets, unpacked; `-` is standard
    input. Each is opened when it is asked for, and closed when it was read to its end. `note` is told in one line what
    could only be read in part. Raises `ConfigError`, and `ExportError` for a named file that is another kind of log; in
    a directory such ones are passed over.
    """
    for path, named in [*_files(map(str, paths))]:
        if path is None:
            yield STANDARD_INPUT, _unpacked(_standard_input(), STANDARD_INPUT, note)
            continue
        chunks = _content(path, note)
        first = next(chunks, b"")
        if other := other_log(first):
            if named:
                raise ExportError(f"{path} is a {other}, not an SMTP protocol log", _HINT)
            continue
        yield str(path), chain((first,), chunks)


def _content(path: Path, note: Note) -> Iterator[bytes]:
    with _open(path) as file:
        yield from _unpacked(file, str(path), note)


def _files(words: Iterable[str]) -> Iterator[tuple[Path | None, bool]]:
    """The files, each once, and whether the user named it; None is standard input."""
    found = dict[Path, bool]()
    for word in words:
        path = Path(word)
        if not word:
            raise ConfigError("the name of a log is empty", _HINT)  # as of a variable that is not set
        if word == "-":
            yield None, True
        elif path.is_dir():
            inside = list(_below(path))
            if not inside:
                raise ConfigError(f"{path} holds no logs: there is no *.log in it, nor below it", _HINT)
            for file in inside:
                found.setdefault(file, False)
        else:
            found[path] = True
    yield from sorted(found.items(), key=lambda one: _time(one[0]))


def _below(directory: Path) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        raise ConfigError(f"cannot read the directory {error.filename}: {error.strerror}", "check your rights")

    for folder, _, names in os.walk(directory, onerror=refused):
        yield from (Path(folder, name) for name in names if _A_LOG.fullmatch(name))


def _time(path: Path) -> tuple[str, str, str, int, str]:
    """Sorts by directory, then by kind of log, date and number: SEND20141223-10 comes after SEND20141223-2."""
    parts = _NAME.fullmatch(path.name)
    if not parts:
        return str(path.parent), path.name.upper(), "", 0, path.name
    return str(path.parent), parts["kind"].upper(), parts["date"], int(parts["number"]), path.name


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read the log {path}: {error.strerror}", "check the path and your rights") from None


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise ConfigError("standard input is closed", "name the files, or a directory that holds them")
    return sys.stdin.buffer


def _unpacked(file: BinaryIO, name: str, note: Note) -> Iterator[bytes]:
    """The octets of a file, unpacked where its first ones say that it is gzip."""
    head = _read(file, name)
    if not head.startswith(_GZIP):
        while head:
            yield head
            head = _read(file, name)
        return
    unpacker, packed = zlib.decompressobj(wbits=31), head
    try:
        while packed:
            if chunk := unpacker.decompress(packed, _CHUNK):
                yield chunk
            packed = unpacker.unconsumed_tail
            if unpacker.eof:  # gzip files put behind one another are one (RFC 1952 §2.2)
                packed = unpacker.unused_data.lstrip(b"\0") or _read(file, name)
                if packed:
                    unpacker = zlib.decompressobj(wbits=31)
            elif not packed:
                packed = _read(file, name)
    except zlib.error:
        note(f"{name} is damaged: what stands before the damage was read")
        return
    if not unpacker.eof:
        note(f"{name} ends in the middle: what there is was read")


def _read(file: BinaryIO, name: str) -> bytes:
    try:
        return file.read1(_CHUNK) if hasattr(file, "read1") else file.read(_CHUNK)
    except OSError as error:
        raise ConfigError(f"cannot read the log {name}: {error.strerror}", "check the file and the disk") from None
