"""What may stand where: a type in words, for whoever wrote something else there."""

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Meta, Struct, UnsetType

from probe.alert.words import Duration, Hidden, Hours, Secret
from probe.config.settings.document import quoted

_WORDS: Mapping[type, str] = {
    bool: "true or false",
    Duration: "a duration, as in 90s, 15m, 24h, 7d, 2w",
    Hours: "hours of the day, as in 22:00-07:00",
    Hidden: "env:NAME or file:PATH, which hold it",
    Secret: "a text, or env:NAME or file:PATH, which hold it",
    Path: "the path of a file",
    str: "a text",
    int: "a whole number",
    float: "a number",
    dict: "a table",
}


def bare(kind: Any) -> Any:
    """The type without what stands for "not there"."""
    if get_origin(kind) in (Union, UnionType):
        left = [part for part in get_args(kind) if part not in (NoneType, UnsetType)]
        return Union[tuple(left)]  # noqa: UP007 - there may be one alone, or several
    return kind


def allowed(kind: Any, *limits: Meta) -> str:
    """What a value of the type is, in words. `Meta(extra={"allowed": …})` says it better."""
    kind = bare(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        found = [meta for meta in args[1:] if isinstance(meta, Meta)]
        said = next((meta.extra["allowed"] for meta in found if meta.extra and "allowed" in meta.extra), None)
        return str(said) if said else allowed(args[0], *limits, *found)
    if origin in (Union, UnionType):
        return ", or ".join(allowed(part) for part in args)
    if origin is Literal:
        return choice(map(str, args))
    if origin in (tuple, list, frozenset, set):
        return f"a list{_length(limits)}, each: {allowed(args[0])}"
    if origin is dict:
        return f"a table, each value: {allowed(args[1])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return choice(str(member.value) for member in kind)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return "a table"
    if kind is str:
        return f"a text{_length(limits, ' of ', 'characters')}"
    return f"{_WORDS.get(kind, 'another value')}{_range(limits)}"


def choice(texts: Iterable[str]) -> str:
    """Texts to choose from."""
    *others, last = map(quoted, texts)
    return f"{', '.join(others)} or {last}" if others else last


def _range(limits: Iterable[Meta]) -> str:
    least = next((meta.ge for meta in limits if meta.ge is not None), None)
    most = next((meta.le for meta in limits if meta.le is not None), None)
    if least is not None and most is not None:
        return f", {least} to {most}"
    return f", {least} at least" if least is not None else f", {most} at most" if most is not None else ""


def _length(limits: Iterable[Meta], of: str = " of ", what: str = "or more") -> str:
    least = next((meta.min_length for meta in limits if meta.min_length is not None), 0)
    most = next((meta.max_length for meta in limits if meta.max_length is not None), None)
    if most is not None:
        return f"{of}{least} to {most}" + (f" {what}" if what != "or more" else "")
    return f"{of}{least} or more" + (f" {what}" if what != "or more" else "") if least else ""


def is_secret(kind: Any) -> bool:
    """Whether a value of the type is not to be shown, or may hold one that is not."""
    if isinstance(kind, type) and issubclass(kind, Secret):
        return True
    return any(is_secret(part) for part in get_args(kind))


def shown(value: object, *, secret: bool) -> str:
    """What was found, in words; of what may be a secret, the kind alone."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "a text that does not fit" if secret else quoted(value)
        case int() if not -(1 << 63) <= value < 1 << 63:
            return "a number beyond all bounds"
        case int() | float():
            return "a number" if secret else repr(value)
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a table"
        case _:
            return "a date or a time"
