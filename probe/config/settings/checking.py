"""What `probe config check` says of a configuration that can be read: what will fail, and what is not wise."""

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from probe.alert.sink import Sink
from probe.alert.words import Secret
from probe.config.duty import Listening, Settings, Watched
from probe.config.settings.places import Path as Place
from probe.config.settings.places import places
from probe.errors import ConfigError
from probe.model import Reply

_NEEDED = "env:NAME is a variable of the environment that probe runs in, file:PATH a file that it may read"
_A_PATH = "a path, beginning where this file is"
READABLE_BY_ALL = stat.S_IROTH


class Remark(NamedTuple):
    """One thing to say. `fault`: it will not work so. `key` of a sink, where it is about one, and `line` of the file,
    where that is known; `hint` says what would do."""

    text: str
    fault: bool = False
    key: str = ""
    line: int | None = None
    hint: str = "what is told here would never arrive"

    def at(self, path: Path) -> str:
        """The place, then what is to be said."""
        return f"{path}, line {self.line}: {self.text}" if self.line else f"{path}: {self.text}"


def check(settings: Settings) -> list[str]:
    """What is valid and yet not wise. Raises `ConfigError` for what cannot work: a secret that is not there, settings
    that contradict each other. Asks nothing of the network."""
    found = list(remarks(settings))
    for remark in found:
        if remark.fault:
            raise ConfigError(remark.at(settings.path), "`probe config check` lists all that is wrong")
    return [remark.text for remark in found]


def remarks(settings: Settings) -> Iterator[Remark]:
    """Everything there is to say, the targets first."""
    for watched in settings.targets:
        for text in _of_target(watched):
            yield Remark(f'[[target]] "{watched.name}": {text}')
    if settings.listen:
        for text in _of_listener(settings.listen):
            yield Remark(f"[listen]: {text}")
    tags = {tag for watched in (*settings.targets, settings.listen) if watched for tag in watched.tags}
    lines = _lines(settings.path)
    for number, sink in enumerate(settings.sinks):
        for remark in _of_sink(sink, tags):
            line = lines.get(("alert", number, remark.key)) or lines.get(("alert", number))
            named = f"{remark.key}: " if remark.key else ""
            yield remark._replace(text=f'[[alert]] "{sink.name}": {named}{remark.text}', line=line)


def _lines(path: Path) -> dict[Place, int]:
    """Where in the file everything stands; nothing where it is no longer what it was."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        tomllib.loads(text)
    except (OSError, ValueError):
        return {}
    return places(text)


def _of_target(watched: Watched) -> Iterator[str]:
    every, one = watched.schedule.every, watched.timeout or 60.0
    if every is not None and every < one:
        yield f"it is due every {every:.0f} seconds, and one look may take {one:.0f}"
    connector = watched.standard.connector
    if watched.organisation and any(
        found.name == connector and found.enabled is False for found in watched.organisation.outbound
    ):
        yield f'the connector "{connector}" is switched off in the exports'


def _of_listener(listen: Listening) -> Iterator[str]:
    if everybody := [str(network) for network in listen.door.allow if not network.prefixlen]:
        yield f"{everybody[0]} may connect, which is everybody: name the addresses of your servers"
    if listen.reply is Reply.EXCHANGE:
        yield "by its reply mail that Exchange Online would refuse is refused for good: what is sent here bounces"
    if not listen.organisation:
        yield "without connectors it is not known whether a delivery would be attributed"


def _of_sink(sink: Sink, tags: set[str]) -> Iterator[Remark]:
    if sink.tags and not tags.intersection(sink.tags):
        yield Remark(f"no target has one of its tags ({', '.join(sink.tags)}): it will never be told anything")
    told = set[str]()
    for field in msgspec.structs.fields(type(sink)):
        key, value = field.encode_name, getattr(sink, field.name)
        for secret in secrets(value):
            try:
                secret.reveal()
            except (LookupError, ValueError) as error:
                told.add(_reason(error))
                yield Remark(_reason(error), fault=True, key=key, hint=_NEEDED)
            else:
                if (path := file_of(secret)) and _open_to_all(path):
                    yield Remark(f"{path} holds a secret, and all users may read it: chmod o-r", key=key)
        if isinstance(value, Path) and not value.is_file():
            told.add(key)
            yield Remark(f"there is no file {value}", fault=True, key=key, hint=_A_PATH)
    try:
        yield from map(Remark, sink.remarks())
    except (LookupError, ValueError) as error:
        if not told:  # else it is the same once more
            yield Remark(_reason(error), fault=True)


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
