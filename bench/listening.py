"""What a delivery to our listener costs it, beside other servers that put mail off; what idle clients cost.

The processor time is the server's own, so it is a rate for one core whatever the clients are busy with.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench import build, programs, table
from bench.authority import Files

DELIVERIES, HELD = 200.0, 150.0  # goals: a second of one core; MiB more for a thousand idle
AT_ONCE, PATIENCE, TICKS = 16, 60.0, os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """`each`: seconds of processor time of a delivery, `wall` by the clock, of each round; `alone`: milliseconds of
    single deliveries."""

    name: str
    how: str
    command: Sequence[str | Path]
    port: int | None = None  # where the program does not choose one and tell it
    each: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)


def measure(files: Files, directory: Path, *, count: int, held: int, rounds: int) -> str:
    """Both tables."""
    servers = _servers(files)
    for _ in range(rounds):
        for server in servers:
            _round(server, files, directory, count)
    return f"{_deliveries(servers)}\n{_idle(files, directory, held)}"


def _ours() -> list[str | Path]:
    return [build.product(), build.HERE / "listener.py", "5000", "5000", "100000", "600"]


def _servers(files: Files) -> list[Server]:
    others: list[str | Path] = [
        sys.executable,
        build.HERE / "aiosmtpd_listener.py",
        files.chain,
        files.key,
        files.roots,
    ]
    servers = [
        Server("probe listen, TLS", "tls", _ours()),
        Server("aiosmtpd, TLS", "tls", others),
        Server("probe listen, plain text", "plain", _ours()),
        Server("aiosmtpd, plain text", "plain", others),
    ]
    if sink := programs.find("smtp-sink"):
        port = _free()
        command: list[str | Path] = [sink.path, "-u", "nobody", "-r", "RCPT", f"127.0.0.1:{port}", "1024"]
        servers.append(Server("smtp-sink (C), plain text", "plain", command, port=port))
    return servers


def _round(server: Server, files: Files, directory: Path, count: int) -> None:
    with serving(server.command, directory, server.port) as (pid, port):
        server.alone += clients(server.how, port, count // 8, 1, files, directory)
        before, started = processor(pid), time.perf_counter()
        clients(server.how, port, count, AT_ONCE, files, directory)
        server.each.append((processor(pid) - before) / count)
        server.wall.append((time.perf_counter() - started) / count)


def _deliveries(servers: Sequence[Server]) -> str:
    rows = []
    for server in servers:
        rate, beside = 1 / median(server.each), next(one for one in servers if one.how == server.how)
        hundredths = quantiles(server.alone, n=100)
        ours = server.name.startswith("probe")
        goal = f"≥ {DELIVERIES:g}  {table.verdict(-rate, -DELIVERIES)}" if ours else ""
        ratio = f"{median(server.each) / median(beside.each):.2f}"
        times = [f"{value:.1f}" for value in (median(server.alone), hundredths[-1])]
        rows.append((server.name, f"{rate:,.0f}", f"{1 / median(server.wall):,.0f}", ratio, *times, goal))
    heading = table.heading(
        "Deliveries to a listener",
        "From the connection to the answer to QUIT, every command waiting for its answer;",
        "in TLS with a client certificate. A second: of a core's own time, and by the",
        f"clock, with {AT_ONCE} at once; ms: one at a time.",
    )
    return "\n".join((heading, table.table(("", "a core's", "wall", "× ours", "p50 ms", "p99 ms", "goal"), rows)))


def _idle(files: Files, directory: Path, held: int) -> str:
    rows = []
    for how, name in (("idle-plain", "in plain text"), ("idle-tls", "inside TLS")):
        with serving(_ours(), directory) as (pid, port):
            clients(how.removeprefix("idle-"), port, 50, 1, files, directory)
            before = resident(pid)
            with holding(how, port, held, files, directory):
                more = (resident(pid) - before) * 1000 / held
        rows.append((name, f"{before:.1f}", f"{more:.1f}", f"≤ {HELD:g} MiB  {table.verdict(more, HELD)}"))
    title = table.heading("A thousand idle clients of the listener", f"MiB resident, of {held:,} measured.")
    return "\n".join((title, table.table(("", "before", "more", "goal"), rows)))


@contextmanager
def serving(command: Sequence[str | Path], directory: Path, port: int | None = None) -> Iterator[tuple[int, int]]:
    """A server on the servers' core: its process and its port, which it prints where it is not given."""
    with programs.on_core(programs.SERVER_CORE):
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=directory, env=programs.BASE_ENVIRONMENT
        )
    try:
        assert server.stdout
        yield server.pid, _up(port) if port else int(server.stdout.readline())
    finally:
        server.kill()
        server.communicate()


def _up(port: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return port


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _command(how: str, port: int, count: int, at_once: int, files: Files) -> list[str | Path]:
    numbers = map(str, (port, count, at_once))
    return [sys.executable, build.HERE / "delivering.py", how, *numbers, files.chain, files.key]


def clients(how: str, port: int, count: int, at_once: int, files: Files, directory: Path) -> list[float]:
    """So many deliveries; milliseconds of each."""
    took: list[float] = json.loads(programs.run(_command(how, port, count, at_once, files), cwd=directory).output)
    return took


@contextmanager
def holding(how: str, port: int, count: int, files: Files, directory: Path) -> Iterator[None]:
    """So many clients are connected, and say nothing."""
    with programs.on_core(programs.CLIENT_CORE):
        client = subprocess.Popen(
            _command(how, port, count, AT_ONCE, files), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=directory
        )
    try:
        assert client.stdout
        if client.stdout.readline() != b"held\n":
            raise RuntimeError(f"not all of {count} clients got in")
        yield
    finally:
        client.kill()
        client.communicate()


def processor(pid: int) -> float:
    """Seconds, user and system."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def resident(pid: int) -> float:
    """MiB."""
    words = Path(f"/proc/{pid}/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) / 1024
