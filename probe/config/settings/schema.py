"""The JSON Schema of `probe.toml`, for editors: made from the types that read it, so that it can't be another."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType

from probe.alert.sink import Sink
from probe.alert.words import Duration, Hidden, Hours, Secret
from probe.config.settings.alerts import kinds
from probe.config.settings.allowed import bare
from probe.config.settings.written import Target
from probe.config.settings.written_once import Defaults, Listen, Store

# What all sinks have in common, and what most have; a kind says more of its own keys where that is needed.
_COMMON = {
    "name": "What it is called where its troubles are told: its kind, unless named. No two have one name.",
    "tags": "It is told only of targets with one of these tags. Without any: of all.",
    "verdicts": "It is told only of changes from or to one of these.",
    "quiet": "At these hours of the day, local time, a WARN waits.",
    "timeout": "Of one delivery.",
    "url": "Where to send. It may be a secret: env:NAME or file:PATH.",
    "urls": "Where to send: one, or several. They may be secrets: env:NAME or file:PATH.",
    "ca": "A PEM file of the authorities that vouch for the receiver, in place of the system's.",
    "username": "As whom to sign in.",
    "password": "With which password to sign in: env:NAME or file:PATH.",
}
_TYPES: Mapping[type, dict[str, object]] = {
    Duration: {"type": "string", "pattern": r"^\s*[0-9]{1,9}\s*[smhdw]\s*$", "examples": ["90s", "15m", "24h", "7d"]},
    Hours: {"type": "string", "pattern": r"^\s*\d\d?:\d\d\s*-\s*\d\d?:\d\d\s*$", "examples": ["22:00-07:00"]},
    Hidden: {"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$", "examples": ["env:PROBE_SECRET"]},
    Secret: {"type": "string", "minLength": 1},
    Path: {"type": "string", "minLength": 1},
}


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    sinks = tuple(_alike(name, kind) for name, kind in kinds().items())
    whole = msgspec.defstruct(
        "Configuration",
        [
            ("target", Annotated[list[Target], Meta(min_length=1)] | UnsetType, UNSET),
            ("defaults", Defaults | UnsetType, UNSET),
            ("alert", list[Union[sinks]] | UnsetType, UNSET),  # type: ignore[valid-type] # noqa: UP007
            ("store", Store | UnsetType, UNSET),
            ("listen", Listen | UnsetType, UNSET),
        ],
        forbid_unknown_fields=True,
        namespace={"__doc__": "The configuration of probe, probe.toml."},
    )
    (found,), parts = msgspec.json.schema_components([whole], schema_hook=_hook)
    parts = _tidied(parts)
    parts["Configuration"]["anyOf"] = [{"required": [key]} for key in ("target", "listen")]
    for name, kind in kinds().items():
        if needs := getattr(kind, "needs", ()):
            parts[f"Alert_{name}"]["anyOf"] = [{"required": [key]} for key in needs]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "probe.toml",
        **found,
        "$defs": parts,
    }


def to_json() -> bytes:
    """The schema as text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False).encode() + b"\n"


def _alike(name: str, kind: type[Sink]) -> type[msgspec.Struct]:
    """A type with the same keys, each with a description, and none with a default, which JSON may have no word for."""
    fields: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(kind):
        value = bare(field.type)
        if field.encode_name in _COMMON and not _described(value):
            value = Annotated[value, Meta(description=_COMMON[field.encode_name])]
        again = (
            msgspec.field(name=field.encode_name)
            if field.required
            else msgspec.field(default=UNSET, name=field.encode_name)
        )
        fields.append((field.name, value if field.required else Union[value, UnsetType], again))  # noqa: UP007
    return msgspec.defstruct(
        f"Alert_{name}",
        fields,
        tag=name,
        tag_field="kind",
        forbid_unknown_fields=True,
        kw_only=True,
        namespace={"__doc__": (kind.__doc__ or "").strip()},
    )


def _described(kind: Any) -> bool:
    return get_origin(kind) is Annotated and any(
        isinstance(meta, Meta) and meta.description for meta in kind.__metadata__
    )


def _hook(kind: type) -> dict[str, object]:
    return next(schema for known, schema in _TYPES.items() if issubclass(kind, known))


def _tidied(value: Any) -> Any:
    """Without the titles and the line breaks of our docstrings."""
    if isinstance(value, dict):
        return {
            key: " ".join(inner.split()) if key == "description" and isinstance(inner, str) else _tidied(inner)
            for key, inner in value.items()
            if not (key == "title" and isinstance(inner, str))
        }
    return [_tidied(inner) for inner in value] if isinstance(value, list) else value
