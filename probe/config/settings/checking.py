"""What `probe config check` says of a configuration that can be read: what will fail, and what is not wise."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from probe.alert.sink import Sink
from probe.alert.words import Secret
from probe.config.duty import Settings, Watched
from probe.errors import ConfigError

READABLE_BY_ALL = stat.S_IROTH


class Remark(NamedTuple):
    """One thing to say. `fault`: it will not work so."""

    text: str
    fault: bool = False


def check(settings: Settings) -> list[str]:
    """What is valid and yet not wise. Raises `ConfigError` for what cannot work: a secret that is not there, settings
    that contradict each other. Asks nothing of the network."""
    found = list(remarks(settings))
    for remark in found:
        if remark.fault:
            raise ConfigError(f"{settings.path}: {remark.text}", "`probe config check` lists all that is wrong")
    return [remark.text for remark in found]


def remarks(settings: Settings) -> Iterator[Remark]:
    """Everything there is to say, the targets first."""
    for watched in settings.targets:
        for text in _of_target(watched):
            yield Remark(f'[[target]] "{watched.name}": {text}')
    tags = {tag for watched in settings.targets for tag in watched.tags}
    for sink in settings.sinks:
        for remark in _of_sink(sink, tags):
            yield Remark(f'[[alert]] "{sink.name}": {remark.text}', remark.fault)


def _of_target(watched: Watched) -> Iterator[str]:
    every, one = watched.schedule.every, watched.timeout or 60.0
    if every is not None and every < one:
        yield f"it is due every {every:.0f} seconds, and one look may take {one:.0f}"
    connector = watched.standard.connector
    if watched.organisation and any(
        found.name == connector and found.enabled is False for found in watched.organisation.outbound
    ):
        yield f'the connector "{connector}" is switched off in the exports'


def _of_sink(sink: Sink, tags: set[str]) -> Iterator[Remark]:
    if sink.tags and not tags.intersection(sink.tags):
        yield Remark(f"no target has one of its tags ({', '.join(sink.tags)}): it will never be told anything")
    told = set[str]()
    for secret in secrets(sink):
        try:
            secret.reveal()
        except (LookupError, ValueError) as error:
            told.add(_reason(error))
            yield Remark(_reason(error), fault=True)
        else:
            if (path := file_of(secret)) and _open_to_all(path):
                yield Remark(f"{path} holds a secret, and all users may read it: chmod o-r")
    for key, path in _files(sink):
        if not path.is_file():
            yield Remark(f"{key}: there is no file {path}", fault=True)
    try:
        yield from map(Remark, sink.remarks())
    except (LookupError, ValueError) as error:
        if _reason(error) not in told:
            yield Remark(_reason(error), fault=True)


def _files(sink: Sink) -> Iterator[tuple[str, Path]]:
    """The files that a sink names, with the keys by which it does."""
    for field in msgspec.structs.fields(type(sink)):
        if isinstance(value := getattr(sink, field.name), Path):
            yield field.encode_name, value


def _reason(error: Exception) -> str:
    """What an error says; a KeyError would put it in quotes."""
    return str(error.args[0]) if error.args else "its settings contradict each other"


def secrets(value: object) -> Iterator[Secret]:
    """All secrets of a sink, or in a value of it."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from secrets(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from secrets(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from secrets(inner)


def file_of(secret: Secret) -> Path | None:
    """The file that holds the secret, if one does."""
    kind, _, rest = secret.text.partition(":")
    return secret.base / Path(rest).expanduser() if kind == "file" else None


def _open_to_all(path: Path) -> bool:
    """Whether everybody on this machine may read it; Windows has no such bits."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & READABLE_BY_ALL)
    except OSError:
        return False
