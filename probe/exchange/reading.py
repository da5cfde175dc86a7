"""One file to one `Export`: its form, its objects, what is to be remarked."""

from collections import Counter
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
_SHOWN = 80  # characters of what the collector was told
_HINT = "connectors and certificates are read from `Get-… | ConvertTo-Json -Depth 6`, Export-Clixml or Format-List *"


def read(data: bytes, source: str, modified: datetime | None) -> Export:
    """As `probe.exchange.read` says."""
    found = forms.read(data, source)
    margin = Margin(source=source, form=found.form, order=dates.order(_date_texts(found.objects)))
    things = tuple(_things(found.objects, margin))
    if not things:
        raise _nothing(margin)
    return Export(
        source=source,
        form=found.form,
        encoding=found.encoding,
        things=_with_side(things),
        remarks=tuple(margin.remarks),
        collected=found.collected or modified,
        certain=found.collected is not None,
        # Where something could not be collected, an empty list may be just that.
        none=frozenset() if any(remark.what == "not-collected" for remark in margin.remarks) else found.empty,
    )


def _nothing(margin: Margin) -> ExportError:
    """Why there is nothing: the collector, where it wrote the file, knows it."""
    what = f"{margin.source} holds no connector, certificate or domain of Exchange"
    failed = next((remark.text for remark in margin.remarks if remark.what == "not-collected"), "")
    told = ascii(failed)[1:-1]
    told = told if len(told) <= _SHOWN else f"{told[:_SHOWN]}…"
    return ExportError(f"{what}: the collector was told `{told}`" if failed else what, _HINT)


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
    """Certificates on their servers. A session that was asked for those of several servers names itself for all, and
    lists that were put one after another name none: where the same one is there twice, nobody knows who has which, nor
    which of them have its key if they differ in that."""
    unplaced = [(one, from_session) for one, from_session in found if from_session or one.server is Gap.ABSENT]
    several = len({(one.thumbprint, one.server) for one, _ in unplaced}) < len(unplaced)
    if several:
        margin.add("server-unknown")
    elif of_session := next((one for one, from_session in unplaced if from_session), None):
        margin.add("server-of-session", text=str(of_session.server))
    keys = {(one.thumbprint, one.has_private_key) for one, _ in unplaced}
    holders = Counter(thumbprint for thumbprint, _ in keys)
    for one, from_session in found:
        if several and (from_session or one.server is Gap.ABSENT):
            differ = holders[one.thumbprint] > 1
            yield replace(one, server=Gap.LOST, has_private_key=Gap.LOST if differ else one.has_private_key)
        else:
            yield one


def _with_side(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """Accepted domains are of the side of which the rest of the file is; alone, or with both, of neither for sure."""
    online = any(isinstance(thing, InboundConnector | OutboundConnector) for thing in things)
    on_premises = any(not isinstance(thing, InboundConnector | OutboundConnector | AcceptedDomain) for thing in things)
    side = online if online is not on_premises else None
    return tuple(replace(thing, online=side) if isinstance(thing, AcceptedDomain) else thing for thing in things)
