"""Programs of other people: where they are, and running one while counting what it costs."""

import contextlib
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SERVER_CORE, CLIENT_CORE = 0, 1

# Nothing of the caller's: PYTHONDONTWRITEBYTECODE or PYTHONUNBUFFERED would change what we measure.
BASE_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Program:
    """A path, and what the environment must add for it to run."""

    path: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, by the processor (user and system) and by the clock, and what was printed."""

    cpu: float
    wall: float
    output: str


def find(name: str) -> Program | None:
    """The program on PATH, in the directories for servers, or below PROBE_TEST_SERVERS, where packages that exclude
    each other (Postfix and Exim) lie unpacked. None: not installed."""
    path = shutil.which(name, path=os.pathsep.join((BASE_ENVIRONMENT["PATH"], "/usr/local/sbin", "/usr/sbin")))
    if path:
        return Program(path)
    unpacked = Path(os.environ.get("PROBE_TEST_SERVERS", "/opt/probe-tests"))
    candidate = unpacked / "usr" / "sbin" / name
    if candidate.is_file():
        return Program(str(candidate), {"LD_LIBRARY_PATH": str(unpacked / "usr" / "lib" / "postfix")})
    return None


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """Processes started inside run on that core, as far as the machine has it and lets us choose."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    keep: bool = True,
    statuses: Sequence[int] = (0,),
    timeout: float = 180.0,
) -> Cost:
    """Runs a client to its end on the clients' core. Without `keep`, what it prints goes to /dev/null.

    Raises RuntimeError, with its last words, where it ends with another status than those, or not in time.
    """
    before, started = _children(), time.perf_counter()
    with on_core(CLIENT_CORE):
        try:
            done = subprocess.run(
                command,
                cwd=cwd,
                env={**BASE_ENVIRONMENT, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if keep else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{command[0]} did not end within {timeout:.0f} s") from None
    wall, cpu = time.perf_counter() - started, _children() - before
    if done.returncode not in statuses:
        words = (done.stderr or done.stdout or "").strip()[-2000:]
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{words}")
    return Cost(cpu, wall, done.stdout or "")


def _children() -> float:
    """Seconds of processor time of every child that has ended: servers go on, so the difference is the client's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
