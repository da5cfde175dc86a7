"""What `probe explain` prints: the catalogue for a terminal."""

from collections.abc import Iterable, Iterator

from probe.judge.catalogue import Cause, Entry
from probe.report.layout import BLANK, WIDTH, Line, Span, body, row, wrapped


def listing(entries: Iterable[Entry]) -> Iterator[Line]:
    """All codes, a line each."""
    for entry in entries:
        yield from wrapped(entry.title, width=WIDTH, indent=33, head=(Span(entry.code, "strong"),))


def page(entry: Entry) -> Iterator[Line]:
    """Everything there is to say about one code."""
    yield (Span(entry.code, "strong"),)
    yield from body(entry.title, width=WIDTH)
    yield BLANK
    yield from body(entry.meaning, width=WIDTH)
    yield from row("Cause", entry.cause, width=WIDTH)
    yield from _told(entry)
    for name, cause in entry.causes.items():
        yield BLANK
        yield (Span(f"  cause {name}", "strong"),)
        yield from body(cause.title, width=WIDTH)
        yield from body(cause.meaning, width=WIDTH)
        yield from _told(cause)
    yield BLANK
    for reference in entry.references:
        yield from row("See", reference, width=WIDTH)


def _told(told: Entry | Cause) -> Iterator[Line]:
    for words in told.exchange_online or ():
        yield from row("Exchange", words, width=WIDTH)
    if told.tlsrpt:
        yield from row("TLSRPT", told.tlsrpt, width=WIDTH)
    if told.hresult:
        yield from row("Windows", told.hresult, width=WIDTH)
    for number, line in enumerate(told.remedy):
        if number == 0:
            yield (Span("  Fix", "label"),)
        if line.startswith(" "):
            yield (Span(f"  {line}", "command"),)  # to paste: never wrapped
        else:
            yield from body(line, width=WIDTH)
