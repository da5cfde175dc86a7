"""Real servers as child processes: each with its own directory, on loopback, ended by its own process id.

`tests/install-servers` brings the programs. One that is missing skips the tests that need it, except where `CI` is set
in the environment: there nothing may be left out silently.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

DIRECTORY = Path(os.environ.get("PROBE_TEST_SERVERS", "/opt/probe-tests"))
LOOPBACK = "127.0.0.1"
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: what it logs, and the port of each of its listeners by name."""

    log: Path
    ports: Mapping[str, int]


def unavailable(reason: str) -> NoReturn:
    """Skips the test, but fails it where everything is meant to be installed."""
    if "CI" in os.environ:
        pytest.fail(f"{reason}; tests/install-servers installs what is needed", pytrace=False)
    pytest.skip(reason)


def program(name: str) -> Path:
    """The path of an installed program, looked for in what tests/install-servers unpacked first, then on PATH."""
    unpacked = (DIRECTORY / folder for folder in ("usr/sbin", "usr/bin"))
    folders = os.pathsep.join([*map(str, unpacked), os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"])
    found = shutil.which(name, path=folders)
    if found is None:
        unavailable(f"{name} is not installed")
    return Path(found)


def need_root() -> None:
    """Servers that drop privileges, and everything on port 25, have to be started by root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        unavailable("only root may start this server")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago; held together, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(closing(socket.create_server((LOOPBACK, 0)))) for _ in range(count)]
        return [int(sock.getsockname()[1]) for sock in sockets]


def directory(factory: pytest.TempPathFactory, name: str) -> Path:
    """A directory that a server reaches after it gave up root: pytest closes the way to its own for other users."""
    made, base = factory.mktemp(name), factory.getbasetemp()
    of_user = [base.parent] if base.parent.name.startswith("pytest-of-") else []
    for path in (made, base, *of_user):
        path.chmod(0o711)
    return made


@contextmanager
def running(
    *command: str | Path,
    log: Path,
    listens: Sequence[tuple[str, int]],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Runs a command in the foreground until the block ends; enters it when every address in `listens` answers.

    What it prints is appended to `log`, where its own log may go as well.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is for pytest, which then ends the servers
        )
    try:
        _wait_until_listening(process, log, listens)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], log: Path, listens: Sequence[tuple[str, int]]) -> None:
    """A refused connection is the only sign that servers without a readiness protocol give, so this asks again."""
    deadline = time.monotonic() + _START_SECONDS
    waiting = list(listens)
    while waiting:
        try:
            socket.create_connection(waiting[0], timeout=1).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{process.args!r} does not listen on {waiting[0]}: {error}\n{tail(log)}", pytrace=False)
            time.sleep(0.02)
        else:
            waiting.pop(0)


def tail(log: Path, characters: int = 4000) -> str:
    """The end of a log, for whoever reads about a failed test."""
    return log.read_text(errors="replace")[-characters:] if log.exists() else "(no log)"
