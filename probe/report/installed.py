"""The certificates that servers have installed: which each is, how long it lasts, and which connectors name it."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from probe.judge.hybrid.connectors import server_of
from probe.judge.hybrid.installed import Resolution, names_of, resolve
from probe.model import (
    ExchangeCertificate,
    Gap,
    HybridConfiguration,
    Organisation,
    ReceiveConnector,
    SendConnector,
    items,
    known,
)
from probe.report.escape import visible
from probe.report.layout import BLANK, Line, Span, row, wrapped
from probe.report.properties import listed, said
from probe.report.wording import count

T = TypeVar("T")
Namer = SendConnector | ReceiveConnector | HybridConfiguration  # what names a certificate by issuer and subject

NAMERS = 4  # of one certificate, with -v all


def alike(things: Iterable[T], what: Callable[[T], Hashable]) -> list[list[T]]:
    """The things in groups that have the same in common."""
    groups: dict[Hashable, list[T]] = {}
    for thing in things:
        groups.setdefault(what(thing), []).append(thing)
    return list(groups.values())


def named_by(organisation: Organisation, namers: Sequence[Namer]) -> str | None:
    """Which installed certificates the name comes to, in a few words; None where there is no name."""
    found = [resolution for namer in namers for _, resolution in _resolutions(organisation, namer)]
    if not found or not organisation.certificates:
        return None
    errors = [resolution.error for resolution in found if resolution.error]
    if errors:
        return f"to nothing: {visible(errors[0])}"
    prints = dict.fromkeys(certificate.thumbprint for resolution in found for certificate in resolution.here)
    if not prints:
        return "to no installed certificate"
    several = any(len({found.thumbprint for found in resolution.here}) > 1 for resolution in found)
    lacking = ", not on every server" if not all(resolution.here for resolution in found) else ""
    return f"to {listed(list(prints))}" + (": which of them is used is not certain" if several else "") + lacking


def _resolutions(organisation: Organisation, namer: Namer) -> Iterator[tuple[str, Resolution]]:
    """What the name comes to, on each server where it is looked up."""
    given = known(namer.tls_certificate_name)
    if not given:
        return
    match namer:
        case ReceiveConnector():
            servers: Sequence[str | None] = [server_of(namer)]
        case SendConnector():
            servers = items(namer.source_transport_servers) or [None]
        case HybridConfiguration():
            servers = [None]
    label = "the hybrid configuration" if isinstance(namer, HybridConfiguration) else namer.name
    for server in servers:
        yield label, resolve(organisation, given, server)


def certificates(organisation: Organisation, at: datetime, *, verbosity: int, width: int) -> Iterator[Line]:
    """Each certificate once, with the servers that have it in the same way."""
    namers = _namers(organisation)
    for group in alike(organisation.certificates, lambda found: replace(found, server=Gap.ABSENT)):
        yield from _certificate(group, namers.get(group[0].thumbprint, {}), at, verbosity, width)


def _namers(organisation: Organisation) -> Mapping[str, Mapping[str, None]]:
    """By thumbprint, what names it."""
    named: dict[str, dict[str, None]] = defaultdict(dict)
    hybrid = (organisation.hybrid,) if organisation.hybrid else ()
    for namer in (*organisation.send, *organisation.receive, *hybrid):
        for label, resolution in _resolutions(organisation, namer):
            for certificate in resolution.here:
                named[certificate.thumbprint][label] = None
    return named


def _certificate(
    group: Sequence[ExchangeCertificate], namers: Mapping[str, None], at: datetime, verbosity: int, width: int
) -> Iterator[Line]:
    found = group[0]
    servers = [server for one in group if (server := known(one.server))]
    title = visible(found.thumbprint) + (f"  on {listed(servers)}" if servers else "")
    yield from wrapped(title, width=width, indent=13, head=(Span("certificate", "label"),), style="strong")
    yield from row("subject", said(found.subject), width=width)
    yield from row("issuer", said(found.issuer), width=width)
    names = names_of(found)
    if names:
        yield from row("names", listed(names), width=width)
    yield from _valid(found, at, width)
    yield from row("for", f"Services {said(found.services)}; Status {said(found.status)}", width=width)
    yield from _key(found, verbosity, width)
    label = listed(list(namers), len(namers) if verbosity > 0 else NAMERS) if namers else "no connector in the exports"
    yield from row("named by", label, width=width)
    yield BLANK


def _valid(found: ExchangeCertificate, at: datetime, width: int) -> Iterator[Line]:
    begin, end = known(found.not_before), known(found.not_after)
    text = f"{_day(found.not_before)} to {_day(found.not_after)}"
    style = "bad"
    if end and end < at:
        text += f", expired {count((at - end).days, 'day')} ago"
    elif begin and begin > at:
        text += f", not yet, in {count((begin - at).days, 'day')}"
    else:
        text, style = text + (f", {count((end - at).days, 'day')} left" if end else ""), ""
    if found.dates_local:
        text += ", in the server's local time"
    yield from row("valid", text, width=width, style=style)


def _day(moment: datetime | Gap | None) -> str:
    return f"{moment:%Y-%m-%d}" if isinstance(moment, datetime) else said(moment)


def _key(found: ExchangeCertificate, verbosity: int, width: int) -> Iterator[Line]:
    """Whether there is a key, which says most; with -v all that is known of it."""
    words = {True: "private key there", False: "no private key"}
    key = found.has_private_key
    text = words[key] if isinstance(key, bool) else f"HasPrivateKey {said(key)}"
    if found.is_self_signed is True:
        text += "; self-signed"
    if verbosity > 0:
        text += f"; PublicKeySize {said(found.public_key_size)}; RootCAType {said(found.root_ca_type)}"
        yield from row("serial", said(found.serial), width=width)
    yield from row("key", text, width=width, style="bad" if key is False else "")
