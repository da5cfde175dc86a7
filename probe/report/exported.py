"""The files of exports: what each is, what it holds, and what its reader should know about it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from probe.exchange.remarks import REMARKS
from probe.model import Export, Remark
from probe.report.escape import visible
from probe.report.layout import MARGIN, Line, body
from probe.report.properties import listed, said
from probe.report.wording import count

PLACES = 4  # of one remark
KINDS = {  # what a file holds, by the names of the types
    "InboundConnector": "inbound connector",
    "OutboundConnector": "outbound connector",
    "SendConnector": "send connector",
    "ReceiveConnector": "receive connector",
    "ExchangeCertificate": "certificate",
    "AcceptedDomain": "accepted domain",
    "HybridConfiguration": "hybrid configuration",
    "ExchangeServer": "server",
}


def files(exports: Iterable[Export], *, verbosity: int, width: int) -> Iterator[Line]:
    """What was read, and what its reader should know about it."""
    for export in exports:
        found: dict[str, int] = defaultdict(int)
        for thing in export.things:
            found[KINDS[type(thing).__name__]] += 1
        made = (
            f", {'collected' if export.certain else 'written'} {said(export.collected)} UTC" if export.collected else ""
        )
        holds = ", ".join(count(number, kind) for kind, number in found.items()) or "nothing that is read here"
        text = f"{visible(export.source)}  {visible(export.form)}, {visible(export.encoding)}{made}: {holds}"
        yield from body(text, width=width, hang=2)
        yield from _remarks(export.remarks, verbosity, width)


def _remarks(remarks: Iterable[Remark], verbosity: int, width: int) -> Iterator[Line]:
    """Each kind of remark once, with the places where it is so."""
    places: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for remark in remarks:
        quoted = f"({remark.text})" if verbosity > 0 and remark.text else ""
        places[remark.what][remark.of].append(f"{remark.key} {quoted}".strip())
    for what, objects in places.items():
        where = list(filter(None, (_place(of, keys) for of, keys in objects.items())))
        there = f"{listed(where, len(where) if verbosity > 0 else PLACES)}: " if where else ""
        yield from body(
            f"{there}{visible(REMARKS.get(what, what))}", width=width, margin=2 * MARGIN, hang=2, style="dim"
        )


def _place(of: str, keys: Iterable[str]) -> str:
    """ "TlsDomain, SmartHosts of Outbound to Contoso" """
    return " of ".join(filter(None, (listed(list(dict.fromkeys(filter(None, keys)))) if any(keys) else "", of)))
