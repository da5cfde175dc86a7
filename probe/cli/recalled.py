"""The store, as the commands open it that only read it; and how moments are said to them."""

import re
import shutil
import sys
from collections.abc import Collection, Iterator
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
_TABLE = re.compile(r"^[ \t]*\[[ \t]*store[ \t]*\][^\n]*$(.*?)(?=^[ \t]*\[|\Z)", re.MULTILINE | re.DOTALL)
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


def place(config: Path | None) -> Path:
    """Where the store is, by the configuration, or the platform's place. Of the configuration no more is read than
    that: `probe status` should answer at once, and also where something else in it is wrong."""
    from probe.state import default_path

    path = config or next((there for there in _places() if there.is_file()), None)
    if path is None:
        return default_path()
    named = _named(path)
    return path.parent / Path(named).expanduser() if named else default_path()


def _places() -> Iterator[Path]:
    """As `config.settings.find`, which brings along everything that a configuration can say."""
    from platformdirs import site_config_path, user_config_path

    yield Path("probe.toml")
    yield user_config_path("probe", appauthor=False) / "probe.toml"
    yield site_config_path("probe", appauthor=False) / "probe.toml"


def _named(path: Path) -> str | None:
    """What the configuration calls the store's path. A large configuration takes long to read, its table does not."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(
            f"cannot read the configuration {path}: {reason}", "check --config, or name --store"
        ) from None
    tables = _TABLE.findall(text)
    if not tables and not re.search(r"\bstore\b", text):
        return None
    table = _toml(tables[0], path) if len(tables) == 1 else _toml(text, path).get("store")
    named = table.get("path") if isinstance(table, dict) else None
    return named if isinstance(named, str) and named else None


def _toml(text: str, path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
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


def known(word: str, there: Collection[str], what: str) -> str:
    """The word, where it is one of these. Raises `UsageError` that names the nearest one."""
    if word in there:
        return word
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in sorted(there)}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.5)
    some = ", ".join(sorted(there)[:8]) + (", …" if len(there) > 8 else "")
    raise UsageError(
        f"{what} `{word}` is not remembered",
        f"did you mean `{folded[near[0]]}`?" if near else f"there are {some}" if there else "`probe run` looks first",
    )


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
