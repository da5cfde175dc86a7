"""The `[[alert]]` entries: each a sink of its kind, as the table of kinds has them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from probe import alert
from probe.alert.sink import Sink
from probe.config.settings.allowed import choice
from probe.config.settings.document import Document, quoted
from probe.config.settings.fitting import nearest, struct
from probe.config.settings.places import Path as Place


def kinds() -> Mapping[str, type[Sink]]:
    """All kinds of sinks, by what the configuration calls them."""
    found: Mapping[str, type[Sink]] = alert.SINKS
    return found


def sinks(document: Document) -> Iterator[Sink]:
    """The sinks in order. A sink is called by its kind unless it is named; what waits for it is kept under that name,
    so two of one name cannot be. What is wrong is noted in the document."""
    given, taken = document.tables.get("alert", []), dict[str, int]()
    for number, table in enumerate(given if isinstance(given, list) else []):
        place: Place = ("alert", number)
        found = _sink(document, place, table) if isinstance(table, dict) else None
        if found is None:
            continue
        name = found.name or str(found.__struct_config__.tag)
        if not name.isprintable() or name != name.strip():
            document.refuse((*place, "name"), "blanks at an end and what cannot be printed are no name", "a short word")
        if (other := taken.setdefault(name, number)) != number:
            what = f"named {quoted(name)} as is [[alert]] #{other + 1}"
            document.refuse((*place, "name"), what, "give each a name of its own: what waits is kept by it")
        yield msgspec.structs.replace(found, name=name)


def _sink(document: Document, place: Place, table: dict[str, Any]) -> Sink | None:
    from difflib import get_close_matches

    kind, known = table.get("kind"), kinds()
    if not isinstance(kind, str):
        wrong = next((key for key in table if nearest(key, ("kind",))), None)
        if wrong and wrong != "kind":
            document.refuse((*place, wrong), f"unknown key {quoted(wrong)}", "did you mean kind?")
            return None
        what = "kind is missing" if kind is None else "kind is no text"
        document.refuse((*place, "kind"), what, choice(known))
        return None
    if kind not in known:
        near = get_close_matches(kind.lower(), known, n=1, cutoff=0.6)
        hint = f"did you mean {quoted(near[0])}?" if near else choice(known)
        document.refuse((*place, "kind"), f"kind is {quoted(kind)}", hint)
        return None
    return struct(document, place, table, known[kind])
