"""The report on exports as one JSON object, on one line; its schema comes from the same types.

The objects have the properties of `model`, by the same names. What is null is null in Exchange; a property that is left
out is not in the exports, and one that they have lost is named in `lost`. A list whose end they lack is named in `cut`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from types import GenericAlias, MappingProxyType
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from probe import model
from probe.codec import encode
from probe.model import FORMAT, Gap, Many, Organisation, Verdict, gravest
from probe.report import document
from probe.report.json import told

_BESIDE = frozenset({"der"})  # whole certificates: the thumbprint is there to find them by
_AS_JSON = MappingProxyType({Gap: UnsetType, Many: tuple[str, ...]})


class File(Struct, frozen=True):
    """One export. `collected` is when it was made; not `certain`: when the file was last written."""

    source: str
    form: str
    encoding: str
    collected: document.Moment | None
    certain: bool
    remarks: tuple[model.Remark, ...]


def _mirror(kind: type) -> type[Struct]:
    """A type of the model as JSON has it."""
    hints = get_type_hints(kind)
    members: list[Any] = []
    for name in _properties(kind):
        gaps = Gap in get_args(hints[name])
        members.append((name, _json(hints[name]), UNSET) if gaps else (name, _json(hints[name])))
    names = tuple[str, ...] | UnsetType
    members += [
        ("lost", Annotated[names, Meta(description="Properties whose value the export has lost.")], UNSET),
        ("cut", Annotated[names, Meta(description="Lists of which the export has the beginning only.")], UNSET),
    ]
    doc = " ".join((kind.__doc__ or "").split())
    return msgspec.defstruct(kind.__name__, members, frozen=True, kw_only=True, namespace={"__doc__": doc})


def _properties(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _BESIDE)


def _json(hint: Any) -> Any:
    whole, *others = (_AS_JSON.get(part, part) for part in get_args(hint) or (hint,))
    for other in others:
        whole |= other
    return whole


_MIRRORS: dict[type, type[Struct]] = {
    kind: _mirror(kind)
    for kind in (
        model.OutboundConnector,
        model.InboundConnector,
        model.SendConnector,
        model.ReceiveConnector,
        model.ExchangeCertificate,
        model.AcceptedDomain,
        model.ExchangeServer,
        model.HybridConfiguration,
    )
}
_LISTS: Mapping[str, type] = MappingProxyType(
    {
        "outbound": model.OutboundConnector,
        "inbound": model.InboundConnector,
        "send": model.SendConnector,
        "receive": model.ReceiveConnector,
        "certificates": model.ExchangeCertificate,
        "domains": model.AcceptedDomain,
        "servers": model.ExchangeServer,
    }
)
Document = msgspec.defstruct(
    "Connectors",
    [
        ("format", int),
        ("at", Annotated[datetime, Meta(tz=True, description="The moment judged for: RFC 3339, in UTC.")]),
        ("verdict", Verdict),
        ("findings", Annotated[tuple[document.Finding, ...], Meta(description="Gravest first.")]),
        ("exports", tuple[File, ...]),
        *((name, GenericAlias(tuple, (_MIRRORS[kind], ...))) for name, kind in _LISTS.items()),
        ("hybrid", _MIRRORS[model.HybridConfiguration] | None),
    ],
    frozen=True,
    kw_only=True,
    namespace={"__doc__": "What exports of Exchange say, each object once, and what follows from it."},
)


def to_json(organisation: Organisation, findings: Sequence[model.Finding], at: datetime) -> bytes:
    """The report as one JSON object without a line break."""
    return encode(
        Document(
            format=FORMAT,
            at=at,
            verdict=gravest(finding.verdict for finding in findings),
            findings=tuple(map(told, findings)),
            exports=tuple(map(_file, organisation.exports)),
            **{name: tuple(map(_thing, getattr(organisation, name))) for name in _LISTS},
            hybrid=_thing(organisation.hybrid) if organisation.hybrid else None,
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `to_json` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of probe connectors",
        **msgspec.json.schema(Document),
    }


def _file(export: model.Export) -> File:
    return File(export.source, export.form, export.encoding, export.collected, export.certain, export.remarks)


def _thing(thing: Any) -> Struct:
    values = {name: getattr(thing, name) for name in _properties(type(thing))}
    given = {name: _value(value) for name, value in values.items() if not isinstance(value, Gap)}
    lost = tuple(name for name, value in values.items() if value is Gap.LOST)
    cut = tuple(name for name, value in values.items() if isinstance(value, Many) and value.cut)
    return _MIRRORS[type(thing)](**given, lost=lost or UNSET, cut=cut or UNSET)


def _value(value: Any) -> Any:
    return value.items if isinstance(value, Many) else value
