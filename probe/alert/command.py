"""A program of the user's: the changes as JSON on its standard input, what matters most of them in its environment.

Nothing passes through a shell. The program gets `PROBE_KEY`, `PROBE_AT`, `PROBE_VERDICT`, `PROBE_HEADLINE`,
`PROBE_SENDER`, `PROBE_COUNT` (of changes), `PROBE_TARGETS`, `PROBE_CODES` and `PROBE_KINDS` (each word once, blanks
between), and of the gravest change `PROBE_TARGET`, `PROBE_CODE` and `PROBE_KIND`. Of our own environment it gets the
variables that programs need to run at all, and those whose names the configuration lists: the rest may hold the secrets
of other sinks. Its standard output is not read. Exit status 0 means delivered; with any other, the last line on its
standard error says why.

At the deadline the program and everything that it started is asked to end (SIGTERM), and GRACE seconds later made to.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from probe.alert.address import shown
from probe.alert.message import blocks, document, headline
from probe.alert.sink import Sink, Undelivered
from probe.model.duty import Item, Message

if TYPE_CHECKING:
    import trio

GRACE = 2.0  # seconds between asking and making
LINGER = 0.5  # seconds that we listen on after the program has ended, while what it started holds its standard error
KEPT = 4096  # bytes of standard error: its end
VALUE = 4000  # characters of a variable
REASON = 200  # characters

# What a program needs to find other programs, its home, its language and its zone; the second line is Windows'.
INHERITED = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_MESSAGES",
        "TZ",
        "TMPDIR",
    ),
    *("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "USERNAME", "APPDATA", "PROGRAMDATA"),
)


class Command(Sink, kw_only=True, frozen=True, tag="command"):
    """`run` is the program, by its whole path, and its arguments. `environment` are the names of variables that it gets
    beyond those that every program gets."""

    run: Annotated[tuple[str, ...], Meta(min_length=1)]
    environment: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return self._program

    async def send(self, message: Message) -> None:
        import subprocess

        import trio

        environment = {**_inherited(self.environment), **variables(message)}
        said = bytearray()
        try:
            process = await trio.lowlevel.open_process(
                list(self.run),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,  # a group of its own, to be ended as one
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "a NUL in the command"
            raise Undelivered(f"cannot start {self._program}: {reason}") from None
        try:
            with trio.move_on_after(self.timeout):
                await _attend(process, document(message), said)
        finally:
            if late := process.returncode is None:
                await _end(process)
            await _close(process)
        if late:
            raise Undelivered(f"{self._program} did not end within {self.timeout:g} s")
        if process.returncode:
            last = shown(_last_line(bytes(said)), REASON)
            raise Undelivered(f"{self._program} {_ending(process.returncode)}" + (f": {last}" if last else ""))

    def remarks(self) -> Iterator[str]:
        import shutil

        if any("\0" in word for word in self.run):
            raise ValueError("run: a NUL cannot be in a command")
        if not PurePath(self.run[0]).is_absolute():
            yield f"{self._program} is looked for on PATH, which is another one under cron; give its whole path"
        if not shutil.which(self.run[0]):
            yield f"{self._program} is not there, or is no program"

    @property
    def _program(self) -> str:
        """Its name alone: where it lies is nobody's business, and an argument may be a secret."""
        return shown(PurePath(self.run[0]).name, REASON)


def variables(message: Message) -> dict[str, str]:
    """What a program that does not read JSON needs to know."""
    items = message.items
    gravest = next((block.first for block in blocks(message)), None)
    found = {
        "KEY": message.key,
        "AT": message.at.isoformat(),
        "VERDICT": message.verdict,
        "HEADLINE": headline(message),
        "SENDER": message.sender,
        "COUNT": str(len(items)),
        "TARGETS": _each(notice.target for notice in message.notices),
        "CODES": _each(item.code for item in items),
        "KINDS": _each(item.kind for item in items),
        **_of(gravest),
    }
    return {f"PROBE_{name}": shown(text, VALUE) for name, text in found.items()}


def _of(item: Item | None) -> Mapping[str, str]:
    return {"TARGET": item.target, "CODE": item.code, "KIND": item.kind} if item else {}


def _each(words: Iterator[str]) -> str:
    return " ".join(dict.fromkeys(words))


def _inherited(names: Sequence[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in (*INHERITED, *names) if name in os.environ}


async def _attend(process: "trio.Process", said_to_it: bytes, says: bytearray) -> None:
    """Feed it, hear it, wait for its end. It need not read, and may leave something behind that keeps talking."""
    import trio

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, process, said_to_it)
        nursery.start_soon(_hear, process, says)
        await process.wait()
        nursery.cancel_scope.deadline = min(nursery.cancel_scope.deadline, trio.current_time() + LINGER)


async def _feed(process: "trio.Process", data: bytes) -> None:
    import trio

    if process.stdin:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # it does not want to know
            await process.stdin.send_all(data)
        await process.stdin.aclose()


async def _hear(process: "trio.Process", says: bytearray) -> None:
    import trio

    if process.stderr:
        with suppress(trio.BrokenResourceError):
            async for piece in process.stderr:
                says += piece
                del says[:-KEPT]


async def _end(process: "trio.Process") -> None:
    """Ends it, whatever else is cancelled meanwhile. A process that not even SIGKILL ends is left to the system."""
    import trio

    with trio.CancelScope(shield=True):
        _signal(process, "SIGTERM")
        with trio.move_on_after(GRACE):
            await process.wait()
        _signal(process, "SIGKILL")
        with trio.move_on_after(GRACE):
            await process.wait()


def _signal(process: "trio.Process", name: str) -> None:
    """To the whole group, which outlives its first process; Windows knows none."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.Signals[name])


async def _close(process: "trio.Process") -> None:
    import trio

    with trio.CancelScope(shield=True):
        for stream in (process.stdin, process.stderr):
            if stream:
                await stream.aclose()


def _last_line(data: bytes) -> str:
    lines = data.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _ending(status: int) -> str:
    if status > 0:
        return f"ended with status {status}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"
