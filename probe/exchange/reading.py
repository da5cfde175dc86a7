"""One file to one `Export`: its form, its objects, what is to be remarked."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from probe.errors import ExportError
from probe.exchange import dates, forms
from probe.exchange.as_text import text_of
from probe.exchange.certificates import certificate
from probe.exchange.fields import Fields, Margin
from probe.exchange.kinds import Kind, kind
from probe.exchange.objects import READERS, name
from probe.exchange.raw import Raw
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    Export,
    Gap,
    InboundConnector,
    OutboundConnector,
    Thing,
)

_DATES = ("notbefore", "notafter", "whenchangedutc", "whencreatedutc", "whenchanged", "whencreated")
_HINT = "connectors and certificates are read from `Get-… | ConvertTo-Json -Depth 6`, Export-Clixml or Format-List *"


def read(data: bytes, source: str, modified: datetime | None) -> Export:
    """As `probe.exchange.read` says."""
    found = forms.read(data, source)
    margin = Margin(source=source, form=found.form, order=dates.order(_date_texts(found.objects)))
    things = tuple(_things(found.objects, margin))
    if not things:
        raise ExportError(f"{source} holds no connector, certificate or domain of Exchange", _HINT)
    return Export(
        source=source,
        form=found.form,
        encoding=found.encoding,
        things=_with_side(things),
        remarks=tuple(margin.remarks),
        collected=found.collected or modified,
        certain=found.collected is not None,
    )


def _date_texts(objects: Iterable[Raw]) -> Iterable[str]:
    for raw in objects:
        for key in _DATES:
            text = raw.properties.get(key)
            if isinstance(text, str):
                yield text


def _things(objects: Iterable[Raw], margin: Margin) -> Iterable[Thing]:
    certificates: list[tuple[ExchangeCertificate, bool]] = []
    for raw in objects:
        of = Fields(raw, margin)
        for key in raw.repeated:
            margin.add("duplicate-property", of=_called(raw), key=raw.spelt.get(key, key))
        match kind(raw):
            case None:
                margin.add("unknown-object", of=_called(raw))
            case Kind.OTHER:
                pass
            case Kind.PROBLEM:
                parts = (text_of(raw.properties.get(key)) for key in ("server", "step", "message"))
                margin.add("not-collected", text=": ".join(part for part in parts if part))
            case Kind.CERTIFICATE:
                of.name = text_of(raw.properties.get("thumbprint")) or ""
                found, from_session = certificate(of)
                if found:
                    certificates.append((found, from_session))
                else:
                    margin.add("unknown-object", of=_called(raw))
            case known:
                of.name = name(of, on_server=known is Kind.RECEIVE)
                thing = READERS[known](of)
                if thing:
                    yield thing
                else:
                    margin.add("unknown-object", of=_called(raw))
    yield from _placed(certificates, margin)


def _called(raw: Raw) -> str:
    """How to speak of an object of which we know nothing: by its type, else by its name, else by its line."""
    of_type = next((found.rpartition(".")[2] for found in raw.types), None)
    return of_type or text_of(raw.properties.get("name")) or f"line {raw.line}"


def _placed(found: list[tuple[ExchangeCertificate, bool]], margin: Margin) -> Iterable[ExchangeCertificate]:
    """Certificates on their servers. A session that was asked for those of several servers names itself for all: where
    the same one is there twice, the session's server says nothing of any."""
    of_session = [(one.thumbprint, one.server) for one, from_session in found if from_session]
    several = len(set(of_session)) < len(of_session)
    if of_session:
        margin.add("server-unknown" if several else "server-of-session", text=str(of_session[0][1]))
    for one, from_session in found:
        yield replace(one, server=Gap.LOST) if several and from_session else one


def _with_side(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """Accepted domains are of the side of which the rest of the file is; alone, or with both, of neither for sure."""
    online = any(isinstance(thing, InboundConnector | OutboundConnector) for thing in things)
    on_premises = any(not isinstance(thing, InboundConnector | OutboundConnector | AcceptedDomain) for thing in things)
    side = online if online is not on_premises else None
    return tuple(replace(thing, online=side) if isinstance(thing, AcceptedDomain) else thing for thing in things)
