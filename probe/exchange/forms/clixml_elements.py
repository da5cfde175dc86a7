"""Elements of Clixml while they are read, and the values that they come to."""

from probe.exchange.forms.limits import Gathering
from probe.exchange.raw import Listed, Nested, Value

LISTS = ("LST", "IE", "QUE", "STK")


class Element:
    """One element: what stands in it, as far as it has come.

    `reference` is its RefId. `weight` is of how many values it is made, references counted as what they point to, and
    `height` how deep they go.
    """

    __slots__ = (
        "height",
        "held",
        "length",
        "line",
        "name",
        "named",
        "reference",
        "shown",
        "tag",
        "text",
        "types",
        "unnamed",
        "value",
        "weight",
    )

    def __init__(self, tag: str, name: str | None, reference: str | None, line: int) -> None:
        self.tag = tag
        self.name = name
        self.reference = reference
        self.line = line
        self.text: list[str] = []
        self.length = 0
        self.types: tuple[str, ...] = ()
        self.shown: str | None = None
        self.named: list[tuple[str, Value, int]] = []
        self.unnamed: list[Value] = []
        self.held: dict[str, Element] = {}
        self.value: Value = None
        self.weight = 0
        self.height = 0

    def take(self, element: "Element", value: Value, weight: int, height: int) -> None:
        """A value that stands in this one."""
        if element.name is None:
            self.unnamed.append(value)
        else:
            self.named.append((element.name, value, element.line))
        self._grow(weight, height)

    def hold(self, part: "Element") -> None:
        """A part of this one that is no value itself, such as its Props."""
        if part.tag == "En":
            entry = {name.lower(): value for name, value, _ in part.named}
            self.named.append((_text_of(entry.get("key")), entry.get("value"), part.line))
        else:
            self.held[part.tag] = part
        self._grow(part.weight, part.height + 1)

    def _grow(self, weight: int, height: int) -> None:
        self.weight += weight
        self.height = max(self.height, height)


def types_of(element: Element, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The types that a TN lists, or a TNRef repeats."""
    number = element.reference or ""
    if element.tag == "TN":
        known[number] = tuple(name for name in element.unnamed if isinstance(name, str))
    return known.get(number, ())


def object_value(element: Element) -> Value:
    """What an Obj stands for: a list, an enumeration, a simple value that had members added, or an object."""
    for tag in LISTS:
        if tag in element.held:
            return Listed(values=tuple(element.held[tag].unnamed))
    if element.unnamed:
        base = element.unnamed[0]
        if isinstance(base, int) and not isinstance(base, bool) and element.shown is not None:
            return Nested(text=element.shown, number=base)
        return base
    return Nested(text=element.shown, properties=gathered(element).properties)


def gathered(element: Element) -> Gathering:
    """Its properties, then the members that were added to it: a property goes before a member of the same name."""
    gathering = Gathering(element.line)
    for tag in ("Props", "DCT", "MS"):
        if tag in element.held:
            for name, value, line in element.held[tag].named:
                if tag != "MS" or name.lower() not in gathering.properties:
                    gathering.add(name, value, line)
    return gathering


def _text_of(key: Value) -> str:
    return key if isinstance(key, str) else str(key)
