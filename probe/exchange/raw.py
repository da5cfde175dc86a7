"""An export as its form gives it, before anybody asks what its objects are: the one shape that all forms are read to.

A form's reader (`exchange.forms`) makes `Raw` objects; what kind of object each is, and what its values mean, is
`exchange.objects`' business. Whatever is wrong is an `ExportError` that names file, line and property.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from probe.model import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """A value that is an object itself: its text as PowerShell prints it, its number where it is an enumeration, and
    its own properties, by lower-case name. An enumeration from a remote session may have any of these alone."""

    text: str | None = None
    number: int | None = None
    properties: Mapping[str, "Value"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list; `cut`: its end was left out (`{a, b...}`)."""

    values: tuple["Value", ...]
    cut: bool = False


# Text that a form prints for anything (`True`, `{a, b}` is split by the form, dates stay text) is str. A value that the
# form has lost, such as a list in CSV, is Gap.LOST; null is None; what the object does not have is not in its mapping.
Value = bool | int | float | str | bytes | datetime | Nested | Listed | Gap | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One object: its properties by lower-case name. `spelt` has each name as written. `types` are .NET's type names,
    most specific first, where the form has them; `Selected.` or `Deserialized.` may stand before one. `section` is the
    key of a combined file that it stood under, in lower case. `text` is the object as PowerShell prints it in a string,
    where the form has that. `line` is where it begins, `lines` where each property does (by lower-case name), as far as
    the form knows. `repeated` are the properties that came again with another value, of which the first counts.
    """

    properties: Mapping[str, Value]
    spelt: Mapping[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    section: str | None = None
    text: str | None = None
    line: int = 1
    lines: Mapping[str, int] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A file's objects. `form` is format-list, json, clixml or csv; `collected` is what a combined file says of itself
    (UTC). `encoding` is what its bytes were found to be in. `empty` are the sections of a combined file that hold
    nothing: it was asked, and there is none."""

    form: str
    objects: tuple[Raw, ...]
    collected: datetime | None = None
    encoding: str = ""
    empty: frozenset[str] = frozenset()
