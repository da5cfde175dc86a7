"""What the agent tells its log: one line an event, for people or, as JSON, for programs. To stderr, never to stdout.

    2026-03-01T12:00:00.000Z info look target=mail verdict=FAIL attempts=3
    {"ts":"2026-03-01T12:00:00.000Z","level":"info","event":"look","target":"mail","verdict":"FAIL","attempts":3}

The names of the events are stable, `EVENTS` explains them; fields may be added. Text from peers cannot forge a line or
move a cursor: in JSON everything beyond ASCII is escaped, in text what cannot be seen as itself. Only plain values are
written, of anything else only its type: a secret, or a sink with one, cannot get here by mistake. Libraries put
addresses into the text of their errors, and a webhook's path is a secret: of addresses in there the host alone stays.

A log that cannot be written (closed, or its disk full) stops nothing. What was lost is counted, and said later.
"""

import json
import math
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Literal, TextIO

from probe.report.escape import visible

Name = Literal[
    "started", "ready", "reloaded", "reload-refused", "stopping", "cut-off", "stopped",
    "look", "not-looked", "change", "slot-missed", "clock-jumped", "fault",
    "sent", "undelivered", "stuck",
    "delivery", "turned-away", "listen-limited",
    "store-failed", "store-recovered", "store-set-aside", "textfile-failed", "pruned", "listening", "log-lost",
]  # fmt: skip
Level = Literal["info", "warning", "error"]

EVENTS: Mapping[Name, tuple[Level, str]] = {
    "started": ("info", "The agent begins: version, config, targets."),
    "ready": ("info", "Everything is set up, and looks are taken from now on."),
    "reloaded": ("info", "The configuration was read again and is in force: targets. What is in restart is not yet."),
    "reload-refused": ("error", "The new configuration cannot serve (error, hint); the old one stays in force."),
    "stopping": ("info", "No new look is begun; those under way have grace seconds to end."),
    "cut-off": ("warning", "The look at target had not ended by then when the agent stopped."),
    "stopped": ("info", "The agent ends."),
    "look": ("info", "A target was looked at: target, verdict, seconds, attempts, changes, muted."),
    "not-looked": ("error", "Target could not be looked at: reason, which lies with this machine. All else goes on."),
    "change": ("info", "Something is no longer as it was: target, kind, code, verdict, before, key."),
    "slot-missed": ("warning", "The look at target due at slot is left out: the one before is still at work (state)."),
    "clock-jumped": ("warning", "The wall clock was set, or the machine slept: by seconds, back is negative."),
    "fault": ("error", "A bug of ours (error, traceback), in the look at target, in sink, or where. All else goes on."),
    "sent": ("info", "Alerts were delivered: sink, notices."),
    "undelivered": ("warning", "Alerts could not be delivered: sink, reason. They are sent again when due."),
    "stuck": ("error", "Alerts are not sent again by themselves: sink, reason, notices; see `probe alerts`."),
    "store-failed": ("error", "What was seen of target could not be written down: reason. It is kept in memory."),
    "store-set-aside": ("error", "The store was damaged. It is kept as path, and a new one begun."),
    "store-recovered": ("info", "The store can be written again; what was kept in memory is being written down."),
    "textfile-failed": ("error", "The file with metrics cannot be written: reason."),
    "pruned": ("info", "What was too old was removed from the store: how many rows of what."),
    "listening": ("info", "Metrics are served, or deliveries awaited (what), at address."),
    "delivery": ("info", "A client delivered to the listener: target, client, verdict, outcome where exports tell it."),
    "turned-away": ("warning", "The listener did not hear client out: reason (not-allowed, too-many, or a shortage)."),
    "listen-limited": ("info", "Of the last minute so many deliveries were not looked at, and turned_away not named."),
    "log-lost": ("warning", "So many events before this one could not be written: events."),
}  # fmt: skip

FIELD, MOST = 2_000, 8_000  # characters of one field, in text and at all: of a traceback the end
ITEMS, DEPTH = 100, 4  # of a list or a mapping, and of such within each other

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/'\"<>]*@)?([^\s/'\"<>?#@]*)[^\s'\"<>]*", re.IGNORECASE)
_TEXTS = ("error", "reason", "hint", "traceback")  # fields whose text may be a library's
_BARE = re.compile(r"[\w.:/@+*%-]+")


class Form(StrEnum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Events go to `stream`, None: to nobody (a service without stderr)."""

    def __init__(self, stream: TextIO | None, form: Form = Form.TEXT, now: Callable[[], datetime] = _now) -> None:
        self._stream, self._form, self._now = stream, form, now
        self.lost = 0

    def event(self, name: Name, level: Level | None = None, /, **fields: object) -> None:
        """Write one event. `level` None: the usual one of that name. Never raises for what a field holds."""
        if self.lost and self._write("log-lost", EVENTS["log-lost"][0], {"events": self.lost}):
            self.lost = 0
        if not self._write(name, level or EVENTS[name][0], fields):
            self.lost += 1

    def fault(self, error: BaseException, /, **fields: object) -> None:
        """Write the event `fault`: an exception that nobody expected, with where it came from."""
        told = _redacted("".join(traceback.format_exception(error, limit=-20)))  # before a cut can hide what it is
        self.event("fault", None, **fields, error=_redacted(_summary(error))[:FIELD], traceback=told[-MOST:])

    def bug(self, error: BaseException, /, **fields: object) -> None:
        """Like `fault`, without what the exception says of itself: a library's may hold the secret of a sink. Where
        nobody reads this log, stderr hears of it."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        where = "".join(traceback.format_tb(error.__traceback__, limit=-20))[-MOST:]
        log = Log(sys.stderr) if self._stream is None else self
        log.event("fault", None, **fields, error=type(error).__name__, traceback=where)

    def _write(self, name: Name, level: Level, fields: Mapping[str, object]) -> bool:
        if self._stream is None:
            return True
        ts = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        held = {
            key: _plain(_redacted(value) if key in _TEXTS and isinstance(value, str) else value)
            for key, value in fields.items()
        }
        if self._form is Form.JSON:
            line = json.dumps({"ts": ts, "level": level, "event": name, **held}, separators=(",", ":"))
        else:
            line = "\n".join(_lines(f"{ts} {level} {name}", held))
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream was closed
            return False
        return True


def _lines(head: str, fields: Mapping[str, Plain]) -> Iterator[str]:
    """The event on one line, without what is empty; and below it, indented, a traceback."""
    told = {key: value for key, value in fields.items() if key != "traceback" and value not in (None, "")}
    yield " ".join([head, *(f"{key}={_word(value)}" for key, value in told.items())])
    yield from (f"    {visible(line)}" for line in str(fields.get("traceback", "")).splitlines())


def _word(value: Plain) -> str:
    text = visible(value if isinstance(value, str) else json.dumps(value), FIELD)
    return text if _BARE.fullmatch(text) or not isinstance(value, str) else json.dumps(text, ensure_ascii=False)


def _plain(value: object, depth: int = DEPTH) -> Plain:
    """What may be written of a value; of what is no plain one, its type."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return round(value, 6) if math.isfinite(value) else str(value)
        case str() | PurePath():
            text = str(value)
            return text if len(text) <= MOST else text[: MOST - 1] + "…"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case list() | tuple() if depth:
            return [_plain(item, depth - 1) for item in value[:ITEMS]]
        case Mapping() if depth:
            return {str(_plain(key, 0)): _plain(value[key], depth - 1) for key in list(value)[:ITEMS]}
        case _:
            return f"<{type(value).__name__}>"


def _summary(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _redacted(text: str) -> str:
    return _ADDRESS.sub(r"\1\2/…", text)
