"""Two exports of one object that say different things: the younger is believed, and its reader is told of it."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields, replace

from probe.exchange.spelling import spelt
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    ExchangeServer,
    Export,
    Gap,
    HybridConfiguration,
    Many,
    Remark,
    Thing,
    short,
)

MOST = 100  # remarks on one export
_SHOWN = 120  # characters of a name or a source
# What tells an object from others; and when it was changed, which differs wherever anything does.
_BESIDE = frozenset({"name", "server", "domain", "online", "thumbprint", "changed"})
# What a certificate says of itself never changes: exports differ in how exactly they tell of it.
_OF_CERTIFICATES = frozenset({"services", "status", "has_private_key"})
Told = dict[tuple[Hashable, str], tuple[object, str]]  # by object and property: the value, and whose it is


def with_differences(youngest_first: Sequence[Export]) -> Iterator[Export]:
    """The exports in this order, with remarks on what they say that one before them says otherwise."""
    told: Told = {}
    for export in youngest_first:
        found: list[Remark] = []
        said: Told = {}
        for thing in export.things:
            if (key := _key(thing)) is None:
                continue
            for name, value in _known(thing):
                earlier = told.get((key, name))
                said.setdefault((key, name), (value, export.source))
                if earlier and _differ(value, earlier[0]) and len(found) <= MOST:
                    found.append(_remark(thing, name, earlier[1], export.source))
        told = {**said, **told}
        yield replace(export, remarks=(*export.remarks, *_bounded(found))) if found else export


def _bounded(found: Sequence[Remark]) -> Iterable[Remark]:
    more = (Remark(what="remarks-cut"),) if len(found) > MOST else ()
    return (*dict.fromkeys(found[:MOST]), *more)


def _remark(thing: Thing, name: str, believed: str, other: str) -> Remark:
    text = f"{_cut(believed)}, not {_cut(other)}"
    return Remark(what="exports-differ", of=_cut(_called(thing)), key=spelt(thing, name), text=text)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _key(thing: Thing) -> Hashable | None:
    """What two exports of the object have in common; None for one without a name, which may be any."""
    kind = type(thing).__name__
    match thing:
        case HybridConfiguration():
            return kind
        case ExchangeCertificate():
            return (kind, thing.thumbprint, short(thing.server)) if isinstance(thing.server, str) else None
        case AcceptedDomain():
            return kind, thing.domain.casefold(), thing.online
        case ExchangeServer():
            return kind, short(thing.name)
    return (kind, thing.name.casefold()) if thing.name else None


def _called(thing: Thing) -> str:
    match thing:
        case HybridConfiguration():
            return "the hybrid configuration"
        case ExchangeCertificate():
            return f"{thing.thumbprint} on {thing.server}"
        case AcceptedDomain():
            return thing.domain
    return thing.name


def _known(thing: Thing) -> Iterator[tuple[str, object]]:
    of_certificate = isinstance(thing, ExchangeCertificate)
    for part in fields(thing):
        value = getattr(thing, part.name)
        asked = part.name in _OF_CERTIFICATES if of_certificate else part.name not in _BESIDE
        if asked and not isinstance(value, Gap):
            yield part.name, value


def _differ(one: object, other: object) -> bool:
    """Whether no spelling, order or cut explains it; an empty list is as good as none."""
    mine, its = _plain(one), _plain(other)
    if isinstance(mine, frozenset) and isinstance(its, frozenset) and (_is_cut(one) or _is_cut(other)):
        return not (mine <= its or its <= mine)
    return mine != its


def _plain(value: object) -> object:
    if isinstance(value, Many):
        return frozenset(item.casefold() for item in value.items) or None
    return value.casefold() or None if isinstance(value, str) else value


def _is_cut(value: object) -> bool:
    return isinstance(value, Many) and value.cut
