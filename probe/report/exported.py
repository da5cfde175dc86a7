"""The files of exports: what each is, what it holds, and what its reader should know about it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from probe.exchange.remarks import BY_TEXT, REMARKS
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
    alike: dict[tuple[str, str], list[Remark]] = defaultdict(list)
    for remark in remarks:
        # What is so by its text is told for all objects of one text, or for no object at all.
        alike[remark.what, remark.text if remark.what in BY_TEXT and remark.of else ""].append(remark)
    for (what, _), same in alike.items():
        said_of = visible(REMARKS.get(what, what))
        if what in BY_TEXT:
            texts = list(dict.fromkeys(remark.text for remark in same if remark.text))
            said_of = f"{said_of.removesuffix('.')}: {_some(texts, verbosity)}" if texts else said_of
        where = _some(list(_places(same, verbosity)), verbosity)
        text = f"{where}: {said_of}" if where else said_of
        yield from body(text, width=width, margin=2 * MARGIN, hang=2, style="dim")


def _places(remarks: Iterable[Remark], verbosity: int) -> Iterator[str]:
    """Each object, with its properties of which it is so, and with -v what was found there."""
    keys: dict[str, list[str]] = defaultdict(list)
    for remark in remarks:
        found = f"({remark.text})" if verbosity > 0 and remark.text and remark.what not in BY_TEXT else ""
        keys[remark.of].append(f"{remark.key} {found}".strip())
    yield from filter(None, (_place(of, each) for of, each in keys.items()))


def _some(texts: Sequence[str], verbosity: int) -> str:
    return listed(texts, len(texts) if verbosity > 0 else PLACES) if texts else ""


def _place(of: str, keys: Iterable[str]) -> str:
    """ "TlsDomain, SmartHosts of Outbound to Contoso" """
    return " of ".join(filter(None, (listed(list(dict.fromkeys(filter(None, keys)))) if any(keys) else "", of)))
