"""The store, as the commands open it that do not look at anything; what they need of the configuration, without all of
it; and how moments are said to them."""

import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from probe.state import Store

NARROW, WIDE = 80, 132  # columns
# Of a configuration that is TOML: its table on the store; its targets, each up to the next table; and their names.
_TABLE = re.compile(r"^[ \t]*\[[ \t]*store[ \t]*\][^\n]*$(.*?)(?=^[ \t]*\[|\Z)", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^[ \t]*\[\[[ \t]*target[ \t]*\]\][^\n]*$(.*?)(?=^[ \t]*\[|\Z)", re.MULTILINE | re.DOTALL)
_CALLED = re.compile(r"^[ \t]*[\"']?(name|target)[\"']?[ \t]*=[ \t]*([^\n]*)$", re.MULTILINE)
_PLAIN = re.compile(r"""(?:"([^"\\]*)"|'([^']*)')\s*(?:#.*)?""")
_LENGTH = re.compile(r"([0-9]{1,5})\s*([smhdw])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Form(StrEnum):
    """How what is remembered is printed."""

    TEXT = "text"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("--format", help="How to print it.")]


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def memory(config: Path | None, store: Path | None) -> Iterator["Store"]:
    """The store, to be read while others write. Raises `StateError` where there is none, and `ConfigError`."""
    from probe.state import Store

    with Store.open(store or place(config), now(), writing=False) as found:
        yield found


@contextmanager
def changing(config: Path | None, store: Path | None, *, new: bool = False) -> Iterator["Store"]:
    """The store, to be written to beside a run or a watch. Raises as `memory` does, unless it may be `new`; a damaged
    one is left to the next run, which says so."""
    from probe.state import Store

    path = store or place(config)
    if path.exists() or not new:
        Store.open(path, now(), writing=False).close()
    with Store.open(path, now()) as found:
        yield found


def place(config: Path | None) -> Path:
    """Where the store is, by the configuration, or the platform's place. Of the configuration no more is read than
    that: `probe status` should answer at once, and also where something else in it is wrong."""
    from probe.state import default_path

    path = _configuration(config)
    named = _named(path) if path else None
    return path.parent / Path(named).expanduser() if path and named else default_path()


def targets(config: Path | None, tags: Collection[str] = ()) -> list[str]:
    """What the configuration calls its targets, those with one of the tags, where there are any; none where it has none
    that can be read. As little of it is read as `place` reads of it: of 1,000 targets that takes some milliseconds."""
    path = _configuration(config)
    try:
        text = _text(path) if path else ""
        names = None if tags or '"""' in text or "'''" in text else _plainly(text)
        return names if names is not None else list(_thoroughly(_toml(text, path or Path()), tags))
    except ConfigError:  # `probe config check` says it
        return []


def _plainly(text: str) -> list[str] | None:
    """None where the text is not as plain as it mostly is."""
    names = []
    for entry in _ENTRY.findall(text):
        found = {key: _PLAIN.fullmatch(value.strip()) for key, value in _CALLED.findall(entry)}
        called = found.get("name", found.get("target"))
        if called is None:
            return None
        names.append((called[1] or called[2] or "").strip())
    return names or None


def _thoroughly(tables: Mapping[str, Any], tags: Collection[str]) -> Iterator[str]:
    defaults, entries = tables.get("defaults"), tables.get("target")
    shared = defaults.get("tags") if isinstance(defaults, dict) else ()
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(name := entry.get("name", entry.get("target")), str):
            own = entry.get("tags", shared)
            if not tags or (isinstance(own, list) and any(tag in own for tag in tags)):
                yield name.strip()


def _configuration(given: Path | None) -> Path | None:
    """As `config.settings.find`, which brings along everything that a configuration can say."""
    return given or next((path for path in _places() if path.is_file()), None)


def _places() -> Iterator[Path]:
    yield Path("probe.toml")
    from platformdirs import site_config_path, user_config_path

    yield user_config_path("probe", appauthor=False) / "probe.toml"
    yield site_config_path("probe", appauthor=False) / "probe.toml"


def _named(path: Path) -> str | None:
    """What the configuration calls the store's path. A large configuration takes long to read, its table does not."""
    text = _text(path)
    tables = _TABLE.findall(text)
    if not tables and not re.search(r"\bstore\b", text):
        return None
    table = _toml(tables[0], path) if len(tables) == 1 else _toml(text, path).get("store")
    named = table.get("path") if isinstance(table, dict) else None
    return named if isinstance(named, str) and named else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(
            f"cannot read the configuration {path}: {reason}", "check --config, or name --store"
        ) from None


def _toml(text: str, path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOML's own is a ValueError, and others are of numbers without end
        raise ConfigError(f"{path}: {error}", "`probe config check` says where; --store names the store") from None


def when(text: str, at: datetime, option: str) -> datetime:
    """A moment in ISO 8601 (UTC without an offset), how long ago ("12h", "30d"), or "now". Raises `UsageError`."""
    try:
        if text == "now":
            return at
        if found := _LENGTH.fullmatch(text.strip()):
            return at - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "as in 30d, 12h, 2026-12-24 or 2026-12-24T18:00:00Z"
        raise UsageError(f"{option} `{text}` is neither a moment nor how long ago", hint) from None


def ahead(text: str, at: datetime, option: str) -> datetime:
    """A moment to come, in ISO 8601 (UTC without an offset), or how long from now ("2h", "3d"). Raises `UsageError`."""
    hint = "as in 2h, 3d or 2026-12-24T18:00"
    try:
        if found := _LENGTH.fullmatch(text.strip()):
            end = at + timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        else:
            given = datetime.fromisoformat(text.strip())
            end = (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{option} `{text}` is neither a moment nor how long", hint) from None
    if end <= at:
        from probe.report.moments import moment

        raise UsageError(f"{option} `{text}` is over: it is {moment(at)} UTC", hint)
    return end


def known(word: str, there: Collection[str], what: str) -> str:
    """The word, where it is one of these. Raises `UsageError` that names the nearest one."""
    if word in there:
        return word
    hint = nearest(word, there) if there else "`probe run` looks first"
    raise UsageError(f"{what} `{word}` is not remembered", hint)


def nearest(word: str, there: Collection[str]) -> str:
    """A hint for whoever wrote a word that there is not: the nearest one, or some of them."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in sorted(there)}
    if near := get_close_matches(word.casefold(), folded, n=1, cutoff=0.5):
        return f"did you mean `{folded[near[0]]}`?"
    return f"there are {', '.join(sorted(there)[:8])}{', …' * (len(there) > 8)}" if there else "there are none"


def width() -> int:
    """Columns to print in: those of the terminal within reason, and 80 where there is none."""
    if not sys.stdout.isatty():
        return NARROW
    return min(max(shutil.get_terminal_size((NARROW, 24)).columns, NARROW), WIDE)


def print_json(line: bytes) -> None:
    """JSON is UTF-8 (RFC 8259 §8.1), whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
