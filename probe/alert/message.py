"""A message as people read it: alike changes together, the gravest first, in plain words.

Slack, Teams and e-mail each lay it out in their own way, from the same blocks and phrases.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from probe.model import Verdict
from probe.model.duty import Became, Item, Message

MOST_BLOCKS = 40  # of one message in plain text
MOST_PLACES = 20  # named in one block
MOST_HEADLINE = 200  # characters

# How a change is called, and in which order people want to read those that are equally grave.
KINDS = {
    Became.APPEARED: "new",
    Became.WORSENED: "worse",
    Became.EASED: "eased",
    Became.REMINDER: "still so",
    Became.CLEARED: "cleared",
    Became.CERTIFICATE: "certificate changed",
    Became.POLICY: "policy changed",
}
_ORDER = {kind: number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Block:
    """Alike changes: one thing to read, and to do, at one or more places. `first` stands for them all."""

    items: tuple[Item, ...]

    @property
    def first(self) -> Item:
        return self.items[0]

    @property
    def cleared(self) -> bool:
        return self.first.kind is Became.CLEARED

    @property
    def note(self) -> bool:
        """Whether it tells of something that is no fault, now or before."""
        return self.first.kind in (Became.CERTIFICATE, Became.POLICY) and self.first.verdict is Verdict.OK

    @property
    def alarm(self) -> bool:
        """Whether somebody should look now: it is grave, and it is news."""
        grave = self.first.verdict in (Verdict.FAIL, Verdict.UNKNOWN)
        return grave and self.first.kind not in (Became.REMINDER, Became.EASED)

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is so, each place once."""
        return tuple(dict.fromkeys(map(place, self.items)))

    @property
    def state(self) -> str:
        """ "new FAIL", "worse: WARN → FAIL", "still FAIL", "cleared (was FAIL)", "certificate changed"."""
        item = self.first
        was = f"{item.before} → " if item.before not in (None, item.verdict) else ""
        match item.kind:
            case Became.CLEARED:
                return f"cleared (was {item.before})" if item.before else "cleared"
            case Became.WORSENED | Became.EASED:
                return f"{KINDS[item.kind]}: {was}{item.verdict}"
            case Became.APPEARED | Became.REMINDER:
                return f"{'new' if item.kind is Became.APPEARED else 'still'} {item.verdict}"
        return KINDS[item.kind] + ("" if item.verdict is Verdict.OK else f": {item.verdict}")

    @property
    def since(self) -> str:
        """Since when it is so, of all places the earliest; of what is cleared, how long it was."""
        began = min(item.since for item in self.items)
        at = self.first.at
        if self.cleared:
            return f"{moment(began)} to {moment(at)}, {span(at - began)}"
        if self.first.kind in (Became.CERTIFICATE, Became.POLICY):
            return moment(at)
        return moment(began) + (f", for {span(at - began)}" if at - began >= timedelta(minutes=1) else "")

    @property
    def remedy(self) -> tuple[str, ...]:
        """What to do; nothing where nothing is left to do."""
        return () if self.cleared else self.first.remedy

    @property
    def exchange(self) -> tuple[str, ...]:
        """What Exchange Online says of it; nothing any more where it is cleared."""
        return () if self.cleared else self.first.exchange


def blocks(message: Message) -> list[Block]:
    """All that changed, alike things together, the gravest first."""
    alike: dict[tuple[object, ...], list[Item]] = {}
    for item in message.items:
        key = (item.kind, item.code, item.verdict, item.before, item.title, item.sentence, item.remedy, item.exchange)
        alike.setdefault(key, []).append(item)
    found = [Block(tuple(items)) for items in alike.values()]
    return sorted(found, key=lambda block: (-block.first.verdict.gravity, _ORDER[block.first.kind]))


def place(item: Item) -> str:
    """Where it is so, with the name of the target where the place does not tell it."""
    if not item.place:
        return item.target
    return item.place if item.target in item.place else f"{item.place} ({item.target})"


def headline(message: Message, most: int = MOST_HEADLINE) -> str:
    """What a pager or a subject shows: the gravest change and its place, and how much more there is."""
    found = blocks(message)
    if not found:
        return cut(f"{message.verdict}: nothing has changed", most)
    first = found[0]
    item, places = first.first, first.places
    how = {Became.REMINDER: " (still)", Became.CLEARED: " cleared"}.get(item.kind, "")
    if item.kind in (Became.WORSENED, Became.EASED) and item.before:
        how = f" (was {item.before})"
    more = f" and {count(len(places) - 1, 'more place')}" if len(places) > 1 else ""
    others = f", and {count(len(found) - 1, 'more change')}" if len(found) > 1 else ""
    rest = f"{more}{others}"
    return cut(f"{item.verdict} {item.code}{how} at {places[0]}", most - len(rest)) + rest


def document(message: Message) -> bytes:
    """The whole message for programs: JSON by `docs/alert.schema.json`, on one line."""
    from probe.alert.document import render

    return render(message, headline(message))


def text(message: Message, most: int = MOST_BLOCKS) -> str:
    """The whole message in plain text, lines ended by line feeds."""
    found = blocks(message)
    parts = ["\n".join(_block(block)) for block in found[:most]]
    if len(found) > most:
        parts.append(f"and {count(len(found) - most, 'more change')}: `probe status` shows how all targets stand")
    sent = f"probe on {message.sender}, {moment(message.at)}"
    return "\n\n".join([headline(message), *parts, sent]) + "\n"


def _block(block: Block) -> Iterator[str]:
    item = block.first
    yield f"{block.state}: {item.title} ({item.code})"
    if item.sentence:
        yield f"  {item.sentence}"
    for number, where in enumerate(listed(block.places)):
        yield f"  {'where' if number == 0 else '     '}  {where}"
    yield f"  {'when ' if block.cleared or block.note else 'since'}  {block.since}"
    for said in block.exchange:
        yield f"  Exchange Online says: {said}"
    if block.remedy:
        yield "  what to do:"
        yield from (f"    {line}" for line in block.remedy)


def listed(places: Sequence[str], most: int = MOST_PLACES) -> list[str]:
    """The places, as many as there is room for, and how many more there are."""
    if len(places) <= most:
        return list(places)
    return [*places[:most], f"and {len(places) - most} more"]


def steps(block: Block, most: int, size: Callable[[str], int] = len) -> list[str]:
    """The lines of what to do that there is room for, none cut in two: a command that lacks its end does harm."""
    kept: list[str] = []
    for line in block.remedy:
        if (most := most - size(line) - 1) < 0:
            return [*kept, f"… `probe explain {cut(block.first.code, 100)}` tells all of it"]
        kept.append(line)
    return kept


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """How long, in the largest unit that it has two of, or one."""
    seconds = max(length.total_seconds(), 0)
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * unit or (seconds >= unit and unit == 60):
            return count(int(seconds // unit), name)
    return "less than a minute"


def count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def cut(words: str, most: int) -> str:
    """No more than so many characters, "…" for the rest."""
    return words if len(words) <= most else words[: max(most - 1, 0)] + "…"
