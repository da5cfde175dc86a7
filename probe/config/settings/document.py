"""The configuration's file as TOML: its tables, and how to speak of what is wrong in them."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from probe.config.settings.places import Path as Place
from probe.config.settings.places import places
from probe.errors import ConfigError

MOST_BYTES = 16 << 20  # of the file: 1,000 targets take some 200 KiB
_SHOWN = 60  # characters of what was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: what, and what is allowed. `line` is None where it is in none."""

    line: int | None
    message: str
    hint: str

    @property
    def error(self) -> ConfigError:
        return ConfigError(self.message, self.hint)


@dataclass
class Document:
    """A configuration that is TOML. What its keys mean is not known here. Problems are collected, for there may be
    several."""

    path: Path
    text: str
    tables: Mapping[str, object]
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def base(self) -> Path:
        """What paths in the file are relative to."""
        return self.path.absolute().parent

    @cached_property
    def _places(self) -> Mapping[Place, int]:
        try:
            return places(self.text)
        except (StopIteration, RuntimeError, LookupError, ValueError):  # an error without its line is one, too
            return {}

    def line(self, place: Place) -> int | None:
        """The line of what stands there, or of what it stands in."""
        return next((self._places[part] for n in range(len(place), 0, -1) if (part := place[:n]) in self._places), None)

    def refuse(self, place: Place, what: str, hint: str) -> None:
        """Note a problem: what is wrong there, and what is allowed."""
        line = self.line(place)
        where = f"{self.path}, line {line}" if line else f"{self.path}"
        table = _table(self.tables, place)
        self.problems.append(Problem(line=line, message=": ".join(filter(None, (where, table, what))), hint=hint))


def read(path: Path) -> Document:
    """Raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        hint = "check the path and your rights; `probe config init` writes a new one"
        raise ConfigError(f"cannot read the configuration from {path}: {reason}", hint) from None
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path} is larger than {MOST_BYTES >> 20} MiB", "is it a configuration of probe?")
    try:
        text = data.decode("utf-8-sig")  # Windows' editors put a mark in front
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: this is not UTF-8", "save the file as UTF-8") from None
    hint = "https://toml.io/en/v1.0.0 says how TOML is written; texts stand in quotes"
    try:
        return Document(path, text, tomllib.loads(text))
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply to be read", hint) from None
    except ValueError as error:  # TOML's own is one; int() has others, of numbers with thousands of digits
        where, reason = _placed(str(error))
        raise ConfigError(f"{path}{where}: this is not TOML: {reason}", hint) from None


def _placed(said: str) -> tuple[str, str]:
    """Where the library found the fault, and what it says of it."""
    reason, _, where = said.rstrip(")").rpartition(" (at ")
    if not reason:
        return "", "a value is beyond what can be read"
    line, _, column = where.removeprefix("line ").partition(", column ")
    reason = reason[:1].lower() + reason[1:]
    return (f", line {line}, column {column}", reason) if column else (", at its end", reason)


def _table(tables: Mapping[str, object], place: Place) -> str:
    """How to speak of the table that a key stands in: `[defaults]`, `[[target]] #2 "mail"`."""
    match place:
        case (str(kind), int(number), *_):
            entries = tables.get(kind)
            entry = entries[number] if isinstance(entries, list) else None
            name = title(entry) if isinstance(entry, dict) else ""
            return f"[[{kind}]] #{number + 1}" + (f" {quoted(name)}" if name else "")
        case (str(kind), _, *_):
            return f"[{kind}]"
        case _:
            return ""


def title(entry: Mapping[str, object]) -> str:
    """By what an entry is called."""
    return next((text for key in ("name", "target", "kind") if isinstance(text := entry.get(key), str) and text), "")


def quoted(text: str) -> str:
    """The text in quotes, as TOML has them, cut where it is long."""
    return json.dumps(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…", ensure_ascii=False)
