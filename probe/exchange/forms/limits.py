"""What every reader of a form keeps to: how much it takes, and how it says that something is wrong."""

from collections.abc import Mapping

from probe.errors import ExportError
from probe.exchange.raw import Raw, Value

MOST_OBJECTS = 20_000
MOST_PROPERTIES = 2_000  # of one object
LONGEST_VALUE = 1 << 20  # characters
MOST_VALUES = 1_000_000  # of a whole file, those within values counted
MOST_ELEMENTS = 2_000_000  # of XML, whatever they are
MOST_LINES = 2_000_000  # of text that is read line by line
LONGEST_ROW = 4 << 20  # characters, of a table
DEEPEST = 64  # objects within objects

AGAIN = "export it again; contrib/Export-ProbeConnectors.ps1 writes a form that loses nothing"
ONE_EACH = "keep each export in a file of its own; several files, or their directory, are read together"
LESS = "export less at a time, such as one kind of object a file"


class Flaw(Exception):
    """Something in a file that cannot be read, or is beyond a limit; `read` makes an `ExportError` of it, with the
    file's name. `line` counts from 1; None: the file as a whole."""

    def __init__(self, line: int | None, what: str, hint: str = AGAIN) -> None:
        super().__init__(what)
        self.line = line
        self.hint = hint

    def of(self, source: str) -> ExportError:
        place = source if self.line is None else f"{source}, line {self.line}"
        return ExportError(f"{place}: {self}", self.hint)


def shown(text: str) -> str:
    """Text of a file as it may stand in a message."""
    return f"`{ascii(text[:60])[1:-1]}`"


def too_many_values(line: int) -> Flaw:
    return Flaw(line, f"the file has more than {MOST_VALUES} values", LESS)


def too_many_properties(line: int) -> Flaw:
    return Flaw(line, f"an object has more than {MOST_PROPERTIES} properties", LESS)


def checked(text: str, name: str, line: int) -> str:
    """The same text, if it is no longer than a value may be."""
    if len(text) > LONGEST_VALUE:
        raise Flaw(line, f"the value of {shown(name)} has more than 1 MiB", LESS)
    return text


class Gathering:
    """The properties of one object, as its reader comes upon them. Of a name that comes again the first value is kept.

    Letter case does not tell names apart, as it does not to PowerShell.
    """

    __slots__ = ("_lines", "_properties", "_repeated", "_spelt", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self._properties: dict[str, Value] = {}
        self._spelt: dict[str, str] = {}
        self._lines: dict[str, int] = {}
        self._repeated: dict[str, None] = {}

    @property
    def properties(self) -> Mapping[str, Value]:
        return self._properties

    def add(self, name: str, value: Value, line: int) -> None:
        key = name.lower()
        if key in self._properties:
            if self._properties[key] != value:
                self._repeated[key] = None
            return
        if len(self._properties) == MOST_PROPERTIES:
            raise too_many_properties(line)
        self._properties[key] = value
        self._spelt[key] = name
        self._lines[key] = line

    def raw(self, *, types: tuple[str, ...] = (), section: str | None = None, text: str | None = None) -> Raw:
        return Raw(
            properties=self._properties,
            spelt=self._spelt,
            types=types,
            section=section,
            text=text,
            line=self.line,
            lines=self._lines,
            repeated=tuple(self._repeated),
        )


def counted(objects: list[Raw], more: Raw) -> None:
    """Append one more object, if a file may have so many."""
    if len(objects) == MOST_OBJECTS:
        raise Flaw(more.line, f"the file has more than {MOST_OBJECTS} objects", LESS)
    objects.append(more)
