"""Tables into types: at once where all is well, key by key where something is not, so that each fault is told."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from probe.alert.words import Hidden, Secret
from probe.config.settings.allowed import allowed, bare, is_secret, shown
from probe.config.settings.document import Document, quoted
from probe.config.settings.places import Path as Place
from probe.config.settings.written_once import HOMES

S = TypeVar("S", bound=msgspec.Struct)
_UNKNOWN = re.compile(r"unknown field `(.*)`")
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+)\]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class InPlainSight(ValueError):
    """A secret stands in the configuration itself."""


def values(document: Document, place: Place, table: Mapping[str, object], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The keys of a table that are there and can be read, by name. What cannot be is noted in the document."""
    try:
        found = msgspec.convert(table, kind, dec_hook=_hook(document.base))
    except msgspec.ValidationError:
        return _one_by_one(document, place, table, kind)
    return {key: value for key in table if (value := getattr(found, key)) is not msgspec.UNSET}


def struct(document: Document, place: Place, table: Mapping[str, object], kind: type[S]) -> S | None:
    """The table as this type; None where it cannot be, which is noted in the document."""
    try:
        found = msgspec.convert(table, kind, dec_hook=_hook(document.base))
    except msgspec.ValidationError as error:
        before = len(document.problems)
        _one_by_one(document, place, table, kind)
        if len(document.problems) == before:  # each key is well, and yet all together are not
            document.refuse(place, str(error), "see what is said of this kind in the documentation")
        return None
    needs = getattr(kind, "needs", ())
    if needs and table.keys().isdisjoint(needs):
        document.refuse(place, f"{needs[0]} is missing", _needed(kind, needs))
        return None
    return found


def _needed(kind: type[msgspec.Struct], keys: Collection[str]) -> str:
    """What is allowed for each of the keys of which one must be there."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return "; or ".join(f"{key}: {allowed(types[key])}" for key in keys)


def unknown(document: Document, place: Place, key: str, known: Collection[str], hint: str = "") -> None:
    """Note a key that there is not, with where it belongs, or with the nearest that there is."""
    home = next((table for table, kind in HOMES.items() if key in kind.__struct_fields__), None)
    near = nearest(key, known)
    if home and place[:1] != ("alert",):
        hint = f"it belongs below {home}"
    elif near:
        hint = f"did you mean {near}?"
    document.refuse((*place, key), f"unknown key {quoted(key)}", hint or f"known keys: {', '.join(known)}")


def nearest(key: str, known: Collection[str]) -> str | None:
    """The key that was meant, if any of them resembles what is written."""
    return next(iter(get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.6)), None)


def _one_by_one(
    document: Document, place: Place, table: Mapping[str, object], kind: type[msgspec.Struct]
) -> dict[str, Any]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    tag = kind.__struct_config__.tag_field
    strange = [key for key in table if key not in fields and key != tag]
    for key in strange:
        unknown(document, place, key, fields)
    misspelt = {nearest(key, fields) for key in strange}
    found = {}
    for key, field in fields.items():
        if key in table:
            try:
                found[field.name] = msgspec.convert(table[key], bare(field.type), dec_hook=_hook(document.base))
            except msgspec.ValidationError as error:
                _refuse(document, (*place, key), table[key], field.type, error)
        elif field.required and key not in misspelt:  # one mistake is told once
            document.refuse(place, f"{key} is missing", allowed(field.type))
    return found


def _refuse(document: Document, place: Place, value: object, kind: Any, error: msgspec.ValidationError) -> None:
    """Note why the value, or what is wrong in it, is not of the type."""
    if isinstance(value, dict) and len(value) > 1:  # the library does not say of which key it speaks
        faults = [
            (part, fault) for part in ({key: value[key]} for key in value) if (fault := _fault(document, part, kind))
        ]
        for part, fault in faults:
            _refuse(document, place, part, kind, fault)
        if faults:
            return
    steps = _steps(value, str(error))
    for step in steps:
        value = cast(Any, value)[step]
    where = _words(place[-1], steps)
    if isinstance(error.__cause__, InPlainSight):
        hint = "name where it is kept: env:NAME, an environment variable, or file:PATH"
        document.refuse((*place, *steps), f"{where} is a secret, and must not stand in this file", hint)
        return
    inner = _UNKNOWN.search(str(error))
    what = f"{where} has the unknown key {quoted(inner[1])}" if inner else f"{where} is {_found(value, kind)}"
    document.refuse((*place, *steps), what, allowed(kind))


def _fault(document: Document, value: object, kind: Any) -> msgspec.ValidationError | None:
    try:
        msgspec.convert(value, bare(kind), dec_hook=_hook(document.base))
    except msgspec.ValidationError as error:
        return error
    return None


def _steps(value: object, said: str) -> list[str | int]:
    """The way from a value to what is wrong in it, as far as the library says it: it leaves out the keys of tables."""
    _, found, way = said.rpartition(" - at `")
    steps: list[str | int] = [name or int(number) for name, number in _STEP.findall(way if found else "")]
    if isinstance(value, dict) and len(value) == 1 and "`$[...]" in said:
        return [*value, *steps]
    return steps


def _found(value: object, kind: Any) -> str:
    return shown(value, secret=is_secret(kind))


def _words(key: str | int, steps: Iterable[str | int]) -> str:
    return str(key) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _hook(base: Path) -> Callable[[type, object], object]:
    """What makes the small types of settings; paths in them are relative to the file."""

    def made(kind: type, value: object) -> object:
        if issubclass(kind, Secret):
            return _secret(kind, value, base)
        if issubclass(kind, Path):
            return path(base, value)
        return kind.parse(value)  # type: ignore[attr-defined]

    return made


def _secret(kind: type[Secret], value: object, base: Path) -> Secret:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("a secret is a text")
    found = kind(value, base)
    if found.literal and issubclass(kind, Hidden):
        raise InPlainSight
    scheme, _, rest = value.partition(":")
    if not found.literal and not (_VARIABLE.fullmatch(rest) if scheme == "env" else rest):
        raise ValueError("a secret is somewhere")
    return found


def path(base: Path, value: object) -> Path:
    """A path of the file. Raises `ValueError`."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("a path is a text that is not empty")
    try:
        return base / Path(value).expanduser()
    except RuntimeError:  # nobody knows whose home it is
        raise ValueError(f"{value} is in a home directory that is not known") from None
