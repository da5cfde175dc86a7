"""The whole configuration: its file in, `Settings` out, or all that is wrong with it."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from probe.config.duty import Looking, Settings, Watched
from probe.config.settings.alerts import sinks
from probe.config.settings.document import Document, Problem, quoted, read
from probe.config.settings.files import Files
from probe.config.settings.fitting import path as relative
from probe.config.settings.fitting import unknown, values
from probe.config.settings.listening import listening
from probe.config.settings.meaning import meant
from probe.config.settings.places import Path as Place
from probe.config.settings.watching import Entry
from probe.config.settings.written import Expecting, Target
from probe.config.settings.written_once import Defaults, Listen, Store
from probe.errors import ConfigError

TABLES = ("defaults", "target", "alert", "store", "listen")
_LISTS = ("target", "alert")


def load(path: Path) -> Settings:
    """The configuration, resolved and checked. The network is not asked, nor is any secret. Raises `ConfigError`, with
    the first fault of the file."""
    found, problems = examine(path)
    if found is None:
        first = problems[0]
        more = f"; {len(problems) - 1} more: see `probe config check`" if len(problems) > 1 else ""
        raise ConfigError(first.message, first.hint + more)
    return found


def examine(path: Path) -> tuple[Settings | None, list[Problem]]:
    """The configuration; None where there are problems, which stand in the order of the file. Raises `ConfigError`
    where it cannot be read at all."""
    document = read(path)
    found = _settings(document)
    problems = sorted(dict.fromkeys(document.problems), key=lambda problem: problem.line or len(document.text))
    return (None if problems else found), problems


def _settings(document: Document) -> Settings:
    _known(document)
    files = Files(document.base)
    defaults = _once(document, "defaults", Defaults, files)
    store = _once(document, "store", Store, files)
    listen = _once(document, "listen", Listen, files)
    targets = tuple(_targets(document, defaults, files))
    return Settings(
        path=document.path,
        targets=targets,
        sinks=tuple(sinks(document)),
        looking=_looking(defaults, files),
        store=_path(document, ("store", "path"), store["path"]) if "path" in store else None,
        listen=listening(document, listen, defaults, {watched.name for watched in targets}),
        **({"keep": store["keep"]} if "keep" in store else {}),
    )


def _known(document: Document) -> None:
    """Note tables that there are not, and such as are of the wrong kind."""
    for key, value in document.tables.items():
        brackets = f"[[{key}]]" if key in _LISTS else f"[{key}]"
        if key not in TABLES:
            tables = [f"[[{name}]]" if name in _LISTS else f"[{name}]" for name in TABLES]
            unknown(document, (), key, TABLES, f"tables: {', '.join(tables)}")
        elif key in _LISTS and not (isinstance(value, list) and all(isinstance(entry, dict) for entry in value)):
            document.refuse((key,), f"{key} is no list of tables", f"write {brackets}, in two brackets, for each")
        elif key not in _LISTS and not isinstance(value, dict):
            document.refuse((key,), f"{key} is no table", f"write {brackets}, in one bracket, and its keys below it")


def _once(document: Document, key: str, kind: type[msgspec.Struct], files: Files) -> dict[str, Any]:
    table = document.tables.get(key, {})
    if not isinstance(table, dict):
        return {}
    return meant(document, (key,), values(document, (key,), table, kind), files, kinds(kind))


def _targets(document: Document, defaults: Mapping[str, Any], files: Files) -> Iterator[Watched]:
    shared = {key: value for key, value in defaults.items() if key in Expecting.__struct_fields__}
    taken: dict[str, int] = {}
    for number, table in entries(document, "target"):
        place: Place = ("target", number)
        own = meant(document, place, values(document, place, table, Target), files, kinds(Target))
        if "target" not in own or ("name" in table and "name" not in own):
            continue
        name = own.get("name", own["target"].given)
        if (other := taken.setdefault(name, number)) != number:
            what = f"named {quoted(name)} as is [[target]] #{other + 1}"
            document.refuse((*place, "name"), what, "give each a name of its own")
        yield Entry(document, place, own, shared, files).watched(name)
    if document.tables.get("target", []) == [] and "listen" not in document.tables:
        document.refuse((), "no target is named", "add [[target]], and below it target = a domain or host:25")


def entries(document: Document, key: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    found = document.tables.get(key, [])
    for number, table in enumerate(found if isinstance(found, list) else []):
        if isinstance(table, dict):
            yield number, table


def _looking(said: Mapping[str, Any], files: Files) -> Looking:
    given = {key: said[key] for key in ("trust_ad", "ehlo", "parallel") if key in said}
    return Looking(anchors=said.get("roots") or files.anchors(()), resolvers=said.get("resolver", ()), **given)


def _path(document: Document, place: Place, text: str) -> Path | None:
    try:
        found = relative(document.base, text)
        wrong = f"{text} is a directory" if found.is_dir() else None
    except ValueError as error:
        found, wrong = None, str(error)
    if wrong:
        document.refuse(place, f"{place[-1]}: {wrong}", "the path of a file")
    return found


@cache
def kinds(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The types of a table's keys."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
