"""What `ConvertTo-Json` writes: PowerShell 5.1's and 7's, Exchange Online's, and our collector's combined file.

PowerShell 5.1 writes enumerations as numbers, times as `\\/Date(ms)\\/`, and a list within an object now and then as
`{"value": […], "Count": n}`; an enumeration from a remote session may be `{"value": 4, "Value": "DomainValidation"}`.
PowerShell 7 and Exchange Online write plain texts, lists and ISO times; those stay text here, as some have no zone.
What is deeper than `-Depth` is one text; where that is only a type's name, the value was lost.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from probe.exchange.forms.json_nodes import Array, Member, Node, Object, nodes
from probe.exchange.forms.limits import Flaw, Gathering, counted, shown
from probe.exchange.forms.printed import told
from probe.exchange.raw import Listed, Nested, Raw, Read, Value

# The keys of our collector's file: those of the servers on premises, and of Exchange Online.
SECTIONS = frozenset(
    {"send", "receive", "hybrid", "certs", "servers", "transport", "domains", "inbound", "outbound"},
)

_DATE = re.compile(r"/Date\((?P<ms>-?[0-9]{1,17})(?:[+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGES = "put the lists of all pages into one, and leave @odata.nextLink out"
_OBJECTS = "export objects: `Get-SendConnector | ConvertTo-Json -Depth 6`"


def read(text: str) -> Read:
    objects: list[Raw] = []
    collected: datetime | None = None
    empty: set[str] = set()
    for node in nodes(text):
        if isinstance(node, Object) and _combined(node):
            collected = _collected(node) or collected
            for member in node.members:
                if member.name.lower() in SECTIONS and isinstance(member.value, Array) and not member.value.items:
                    empty.add(member.name.lower())
                for raw in _of_section(member):
                    counted(objects, raw)
        else:
            for raw in _raws(node, "the file"):
                counted(objects, raw)
    return Read(form="json", objects=tuple(objects), collected=collected, empty=frozenset(empty))


def _combined(node: Object) -> bool:
    """Whether it is our collector's: it says when it was collected, or has nothing but sections. A hybrid
    configuration has Domains, too, but neither alone nor as objects."""
    sections = [member for member in node.members if member.name.lower() in SECTIONS]
    names = {member.name.lower() for member in node.members}
    if "collected" in names and (sections or "errors" in names):
        return True
    return bool(sections) and len(sections) == len(node.members) and all(_holds_objects(m.value) for m in sections)


def _holds_objects(node: Node) -> bool:
    return (
        all(isinstance(item, Object) for item in node.items) if isinstance(node, Array) else not isinstance(node, str)
    )


def _collected(node: Object) -> datetime | None:
    for member in node.members:
        if member.name.lower() == "collected" and member.value is not None:
            found = value(member.value)
            try:
                time = found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
                return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
            except (ValueError, OverflowError):
                raise Flaw(member.line, "`collected` is no time, such as 2026-11-21T08:00:00Z") from None
    return None


def _of_section(member: Member) -> Iterator[Raw]:
    """The objects of one key. A key that we do not know may hold anything; what is an object there is handed on."""
    section = member.name.lower()
    if section in SECTIONS:
        yield from _raws(member.value, shown(member.name), section)
        return
    for node in member.value.items if isinstance(member.value, Array) else (member.value,):
        if isinstance(node, Object):
            yield _raw(node, section)


def _raws(node: Node, name: str, section: str | None = None, line: int | None = None) -> Iterator[Raw]:
    """The objects of a node: it is one, or a list of them; nothing is none."""
    match node:
        case Object():
            if (wrapped := _wrapped(node)) is None:
                yield _raw(node, section)
            else:
                yield from _raws(wrapped, name, section)
        case Array():
            for item in node.items:
                yield from _raws(item, name, section, node.line)
        case None:
            return
        case _:
            raise Flaw(line, f"{name} has {shown(str(node))} where an object should stand", _OBJECTS)


def _raw(node: Object, section: str | None) -> Raw:
    gathering = Gathering(node.line)
    for member in node.members:
        gathering.add(member.name, value(member.value), member.line)
    return gathering.raw(section=section)


def value(node: Node) -> Value:
    """What a node stands for as a property's value."""
    match node:
        case str():
            found = _item(node)
            return told(found) if isinstance(found, str) else found
        case Array():
            return Listed(values=tuple(_item(item) for item in node.items))
        case Object():
            return _object(node)
    return node


def _item(node: Node) -> Value:
    """As `value`; but the texts of a list are as they are, also where one is a type's name."""
    if not isinstance(node, str):
        return value(node)
    if date := _DATE.fullmatch(node):
        try:
            return _EPOCH + timedelta(milliseconds=int(date["ms"]))
        except OverflowError:
            return node
    return node


def _object(node: Object) -> Value:
    if (wrapped := _wrapped(node)) is not None:
        return value(wrapped)
    if enumeration := _enumeration(node):
        return enumeration
    gathering = Gathering(node.line)
    for member in node.members:
        gathering.add(member.name, value(member.value), member.line)
    time = gathering.properties.get("value")
    if isinstance(time, datetime) and "datetime" in gathering.properties:
        return time  # as PowerShell 5.1 writes what Get-Date gives, with its text beside it
    return Nested(properties=gathering.properties)


def _wrapped(node: Object) -> Array | None:
    """The list of `{"value": […], "Count": n}`, which PowerShell 5.1 makes of a list that has been extended, and of
    `{"@odata.context": …, "value": […]}`, which is how Exchange Online's REST interface answers."""
    lists, others = [], []
    for member in node.members:
        if member.name.lower() == "value" and isinstance(member.value, Array):
            lists.append(member.value)
        else:
            others.append(member)
    if len(lists) != 1 or not others or any(_says_more(member) for member in others):
        return None
    if more := next((member for member in others if member.name.lower() == "@odata.nextlink"), None):
        raise Flaw(more.line, "this is one page of several, as @odata.nextLink says", _PAGES)
    return lists[0]


def _says_more(beside: Member) -> bool:
    return beside.name.lower() != "count" and "@" not in beside.name


def _enumeration(node: Object) -> Nested | None:
    """`{"value": 4, "Value": "DomainValidation"}`: its number, and its name."""
    if [member.name.lower() for member in node.members] != ["value", "value"]:
        return None
    match sorted((member.value for member in node.members), key=lambda found: isinstance(found, str)):
        case [int() as number, str() as text]:
            return Nested(text=text, number=number)
    return None
