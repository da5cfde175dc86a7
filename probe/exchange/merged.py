"""Many exports, one organisation: each object once.

Of two exports that speak of an object the younger is believed. What it doesn't know of the object (a gap, or the end of
a list) is filled from the older; a null is knowledge and stays. Where the two contradict each other, that is remarked.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TypeVar

from probe.exchange.differing import with_differences
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    ExchangeServer,
    Export,
    Gap,
    HybridConfiguration,
    InboundConnector,
    Many,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
    Thing,
    short,
)

T = TypeVar("T", bound=Thing)
C = TypeVar("C", InboundConnector, OutboundConnector, SendConnector, ReceiveConnector)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_OF_DER = (
    *("subject", "issuer", "serial", "not_before", "not_after", "dates_local", "domains"),
    *("is_self_signed", "public_key_size", "der"),
)


def organisation(exports: Iterable[Export]) -> Organisation:
    """As `probe.exchange.organisation` says."""
    given = tuple(exports)
    sorted_by_age = _youngest_first(given)
    remarked = dict(zip(map(id, sorted_by_age), with_differences(sorted_by_age), strict=True))
    things = [thing for export in sorted_by_age for thing in export.things]
    hybrid = _once(_only(things, HybridConfiguration), lambda _: "one")
    receive = _once(_only(things, ReceiveConnector), lambda found: found.name.casefold())
    return Organisation(
        exports=tuple(remarked[id(export)] for export in given),
        inbound=_named(_once(_only(things, InboundConnector), lambda found: found.name.casefold())),
        outbound=_named(_once(_only(things, OutboundConnector), lambda found: found.name.casefold())),
        send=_named(_once(_only(things, SendConnector), lambda found: found.name.casefold())),
        receive=_named(_with_servers(receive)),
        certificates=_installed(_once(_only(things, ExchangeCertificate), _place)),
        domains=_once(_only(things, AcceptedDomain), lambda found: (found.domain.casefold(), found.online)),
        hybrid=hybrid[0] if hybrid else None,
        servers=_once(_only(things, ExchangeServer), lambda found: short(found.name)),
        collected=min(_made(given), default=None),
    )


def _youngest_first(exports: tuple[Export, ...]) -> list[Export]:
    """Exports of which nobody knows the age come last; of two of one age, the one named later comes first."""
    return sorted(exports, key=lambda export: (export.collected or _LONG_AGO, export.certain))[::-1]


def _made(exports: Iterable[Export]) -> Iterator[datetime]:
    for export in exports:
        tells = any(isinstance(thing, ExchangeCertificate | ReceiveConnector) for thing in export.things)
        if tells and export.collected:
            yield export.collected


def _only(things: Iterable[Thing], kind: type[T]) -> Iterator[T]:
    return (thing for thing in things if isinstance(thing, kind))


def _once(things: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Objects of one key as one, the younger first. Nameless ones are one where they are the same all through."""
    found: dict[Hashable, T] = {}
    for thing in things:
        place = key(thing) or thing
        found[place] = _filled(found[place], thing) if place in found else thing
    return tuple(found.values())


def _filled(younger: T, older: T) -> T:
    taken = {
        one.name: getattr(older, one.name)
        for one in fields(younger)
        if _adds(getattr(younger, one.name), getattr(older, one.name))
    }
    if isinstance(younger, ExchangeCertificate) and isinstance(older, ExchangeCertificate):
        taken |= _better_read(younger, older)
    return replace(younger, **taken) if taken else younger


def _adds(mine: object, other: object) -> bool:
    """Whether the older value says more: anything where there is a gap, a whole list that begins as the cut one."""
    if isinstance(mine, Gap):
        return other is not Gap.ABSENT
    if isinstance(mine, Many) and isinstance(other, Many) and mine.cut:
        return not other.cut and other.items[: len(mine.items)] == mine.items
    return False


def _better_read(younger: ExchangeCertificate, older: ExchangeCertificate) -> dict[str, object]:
    """A certificate does not change, so what is read of it exactly is better than what was printed, however old."""
    if younger.der is None and older.der is not None:
        return {name: getattr(older, name) for name in _OF_DER}
    known = isinstance(older.not_before, datetime) and isinstance(older.not_after, datetime)
    unknown = isinstance(younger.not_before, Gap) or isinstance(younger.not_after, Gap)
    if younger.der is None and known and (younger.dates_local or unknown):
        return {name: getattr(older, name) for name in ("not_before", "not_after", "dates_local")}
    return {}


def _named(connectors: tuple[C, ...]) -> tuple[C, ...]:
    """An export without names (`| fl Tls*`) may speak of any connector; where there is one alone, of that, if nothing
    they say contradicts."""
    named: list[C] = [found for found in connectors if found.name]
    nameless = [found for found in connectors if not found.name]
    if len(named) != 1:
        return connectors
    kept: list[C] = []
    for found in nameless:
        if _agree(named[0], found):
            named[0] = _filled(named[0], found)
        else:
            kept.append(found)
    return tuple(named + kept)


def _agree(one: Thing, other: Thing) -> bool:
    pairs = ((getattr(one, part.name), getattr(other, part.name)) for part in fields(one) if part.name != "name")
    return all(mine == its or isinstance(mine, Gap) or isinstance(its, Gap) or _cut(mine, its) for mine, its in pairs)


def _cut(one: object, other: object) -> bool:
    return _adds(one, other) or _adds(other, one)


def _with_servers(connectors: tuple[ReceiveConnector, ...]) -> tuple[ReceiveConnector, ...]:
    """`Default Frontend EX01` is `EX01\\Default Frontend EX01` where one server alone has a connector of that name."""
    whole: dict[str, list[str]] = defaultdict(list)
    for found in connectors:
        _, on_server, name = found.name.rpartition("\\")
        if on_server:
            whole[name.casefold()].append(found.name)
    spelt = (
        replace(found, name=names[0])
        if found.name and len(names := whole.get(found.name.casefold(), [])) == 1
        else found
        for found in connectors
    )
    return _once(spelt, lambda found: found.name.casefold())


def _installed(certificates: tuple[ExchangeCertificate, ...]) -> tuple[ExchangeCertificate, ...]:
    """An export that names no server for a certificate adds to what others know of it there; alone, it stands. Where a
    session mixed up the servers of several, it stands in any case: who else has it is not known."""
    anywhere = {found.thumbprint: found for found in certificates if not isinstance(found.server, str)}
    placed = {found.thumbprint for found in certificates if isinstance(found.server, str)}
    return tuple(
        _filled(found, replace(anywhere[found.thumbprint], server=Gap.ABSENT))
        if found.thumbprint in anywhere and isinstance(found.server, str)
        else found
        for found in certificates
        if isinstance(found.server, str) or found.server is Gap.LOST or found.thumbprint not in placed
    )


def _place(certificate: ExchangeCertificate) -> tuple[str, str | None]:
    server = certificate.server
    return certificate.thumbprint, short(server) if isinstance(server, str) else None
