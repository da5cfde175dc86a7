"""What `Export-Clixml` writes: objects with their types, properties, and members that were added later.

Elements: Obj; TN and T, its types, most specific first, and TNRef, an earlier list of them; ToString; Props, and MS for
added members; LST, IE, QUE and STK, lists; DCT of En, a dictionary; Ref, an object again that stood before; and a short
element for every simple value. `_x000D_` escapes a character. Certificates have hardly more than RawData here.

`SerializationData` is a program of .NET's for making the object again, and is never read, not even as base64; nor is a
secure string. XML may bring no document type and no entities. References cost what they point to, so that a few lines
cannot stand for millions of values, and never point to an object that they stand in.
"""

from typing import Any
from xml.parsers.expat.errors import XML_ERROR_JUNK_AFTER_DOC_ELEMENT, codes

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from probe.exchange.forms.clixml_elements import LISTS, Element, gathered, object_value, types_of
from probe.exchange.forms.clixml_scalars import SCALARS, TEXTS, scalar, unescaped
from probe.exchange.forms.limits import (
    AGAIN,
    DEEPEST,
    LESS,
    LONGEST_VALUE,
    MOST_ELEMENTS,
    MOST_VALUES,
    ONE_EACH,
    Flaw,
    counted,
    shown,
    too_many_values,
)
from probe.exchange.raw import Raw, Read, Value
from probe.model import Gap

_UNREAD = frozenset({"SS", "PR", "XD"})  # a secure string, a progress record, a document
_PIECE = 1 << 16  # characters
_MORE_BEHIND = codes[XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_BLOB = "serializationdata"
_DEEPEST_ELEMENT = 3 * DEEPEST  # Obj, its Props or LST, and what is in there


def read(text: str) -> Read:
    builder = _Builder()
    parser = XMLParser(target=builder, encoding="utf-8", forbid_dtd=True)
    builder.parser = parser.parser
    try:
        _feed(parser, text)
        objects = parser.close()
    except DefusedXmlException:
        raise Flaw(None, "it brings its own document type or entities, which no Export-Clixml does") from None
    except ParseError as error:
        line, column = error.position
        what = str(error).partition(":")[0]
        hint = ONE_EACH if error.code == _MORE_BEHIND else AGAIN
        raise Flaw(line, f"column {column + 1}: the XML cannot be read: {what}", hint) from None
    return Read(form="clixml", objects=tuple(objects))


def _feed(parser: XMLParser, text: str) -> None:
    """In pieces: the parser keeps a tag or a comment until its end, and none is so long."""
    fed = 0
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE].encode("utf-8", "replace")
        parser.feed(piece)
        fed += len(piece)
        if fed - parser.parser.CurrentByteIndex > LONGEST_VALUE:
            raise Flaw(parser.parser.CurrentLineNumber, "a tag or a comment has more than 1 MiB", LESS)


class _Builder:
    """The parser's target: builds values from the inside out, so that nothing is kept but what they are made of."""

    parser: Any = None

    def __init__(self) -> None:
        self._open: list[Element] = []
        self._objects: list[Raw] = []
        self._types: dict[str, tuple[str, ...]] = {}
        self._known: dict[str, Element] = {}  # finished objects, by the number that references have
        self._unfinished: dict[str, int] = {}
        self._elements = 0
        self._values = 0
        self._unread = 0  # how deep we are within what is not read

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        line = self.parser.CurrentLineNumber
        if not self._open and tag != "Objs":
            raise Flaw(line, f"its root is {shown(tag)}, not Objs: that is no Export-Clixml", _other_hint(tag))
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise Flaw(line, f"the file has more than {MOST_ELEMENTS} elements", LESS)
        if len(self._open) + self._unread > _DEEPEST_ELEMENT:
            raise Flaw(line, f"objects stand within objects more than {DEEPEST} deep")
        name = unescaped(attributes["N"]) if "N" in attributes else None
        if self._unread or tag in _UNREAD or (name or "").lower() == _BLOB:
            self._unread += 1
            return
        element = Element(tag, name, attributes.get("RefId"), line)
        if tag == "Obj" and element.reference is not None:
            self._unfinished[element.reference] = self._unfinished.get(element.reference, 0) + 1
        self._open.append(element)

    def data(self, text: str) -> None:
        element = self._open[-1]
        if self._unread or element.tag not in TEXTS:
            return
        element.length += len(text)
        if element.length > LONGEST_VALUE:
            raise Flaw(element.line, f"the value of {shown(element.name or element.tag)} has more than 1 MiB", LESS)
        element.text.append(text)

    def end(self, _: str) -> None:
        if self._unread:
            self._unread -= 1
            return
        element = self._open.pop()
        if not self._open:
            return
        outer = self._open[-1]
        match element.tag:
            case "Obj":
                self._finish_object(element, outer)
            case "Ref":
                self._refer(element, outer)
            case "TN" | "TNRef":
                outer.types = types_of(element, self._types)
            case "T" if outer.tag == "TN":
                outer.unnamed.append(unescaped("".join(element.text)))
            case "ToString":
                outer.shown = unescaped("".join(element.text))
            case "Props" | "MS" | "LST" | "IE" | "QUE" | "STK" | "DCT" | "En":
                outer.hold(element)
            case tag if tag in SCALARS:
                self._deliver(element, outer, scalar(element), weight=1, height=0)
            case _:  # what PowerShell may come to write
                self._deliver(element, outer, Gap.LOST, weight=1, height=0)

    def close(self) -> list[Raw]:
        return self._objects

    def _finish_object(self, element: Element, outer: Element) -> None:
        element.value = object_value(element)
        if element.reference is not None:
            self._unfinished[element.reference] -= 1
            self._known[element.reference] = element
        if self._at_the_top(outer) and (properties := gathered(element)).properties:
            counted(self._objects, properties.raw(types=element.types, text=element.shown))
        self._deliver(element, outer, element.value, weight=element.weight + 1, height=element.height)

    def _at_the_top(self, outer: Element) -> bool:
        """Whether what stands here is one of the file's objects, itself or in the one list that the file is."""
        return len(self._open) == 1 or (len(self._open) == 3 and outer.tag in LISTS)

    def _refer(self, element: Element, outer: Element) -> None:
        """An object again. One that is not finished is one that this stands in: its value here is given up."""
        reference = element.reference or ""
        if self._unfinished.get(reference):
            self._deliver(element, outer, Gap.LOST, weight=1, height=0)
            return
        known = self._known.get(reference)
        if known is None:
            raise Flaw(element.line, f"a reference to {shown(reference)}, which is nowhere before")
        if len(self._open) + known.height > _DEEPEST_ELEMENT:
            raise Flaw(element.line, f"objects stand within objects more than {DEEPEST} deep")
        self._deliver(element, outer, known.value, weight=known.weight + 1, height=known.height)

    def _deliver(self, element: Element, outer: Element, value: Value, *, weight: int, height: int) -> None:
        """Hand a value to the element that it stands in. `weight`: of how many values it is made."""
        self._values += weight if element.tag == "Ref" else 1
        if self._values > MOST_VALUES:
            raise too_many_values(element.line)
        if len(self._open) > 1:
            outer.take(element, value, weight, height + 1)


def _other_hint(tag: str) -> str:
    if tag in {"Event", "Events"}:
        return "`probe explain` reads events"
    return AGAIN
