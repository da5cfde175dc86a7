"""What a probe holds in memory while many are in flight, and whether TLS contexts multiply with the probes."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import build, programs, table, throughput
from bench.authority import Files
from bench.target import endpoints

GOAL = 100.0  # KiB each
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """The most that the client had resident until all were held, in KiB, and what it printed in the end."""

    peak: int
    output: str


def measure(files: Files, directory: Path, *, count: int) -> str:
    """The table: each client once with one probe held and once with all, the difference shared among the others."""
    python = build.product()
    commands: dict[str, list[str | Path]] = {
        "observing alone": [python, build.HERE / "observe_only.py", "FILE", str(count)],
        "whole path, JSON": throughput.whole_path(python, files, Path("FILE"), str(count)),
    }
    rows, outputs = [], []
    for name, command in commands.items():
        one, all_held = _hold(command, 1, files, directory), _hold(command, count, files, directory)
        each = (all_held.peak - one.peak) / (count - 1)
        sizes = [f"{held.peak / 1024:,.1f}" for held in (one, all_held)]
        rows.append((name, *sizes, f"{each:.1f}", f"≤ {GOAL:g} KiB  {table.verdict(each, GOAL)}"))
        outputs += [one.output, all_held.output]
    contexts = [output.split()[-1] for output in outputs if output.startswith("ok ")]
    met = table.verdict(int(contexts[1]), int(contexts[0]))
    lines = [
        table.heading(
            f"Memory with {count:,} in flight",
            "Peak resident size while the server holds back its answer to the second EHLO.",
        ),
        table.table(("", "1 held, MiB", f"{count:,} held, MiB", "KiB each", "goal"), rows),
        f"TLS contexts alive: {contexts[0]} with 1 held, {contexts[1]} with {count:,} held; goal: no more  {met}",
    ]
    return "\n".join(lines)


def _hold(command: Sequence[str | Path], count: int, files: Files, directory: Path) -> Held:
    """Runs the client against a server that holds it, and looks at its size when all of its probes are held."""
    with programs.on_core(programs.SERVER_CORE):
        holder = _start([build.product(), build.HERE / "holder.py", str(count), files.chain, files.key], directory)
    client = None
    try:
        assert holder.stdin
        assert holder.stdout
        port = int(holder.stdout.readline())
        targets = directory / "held"
        targets.write_text("\n".join(endpoints(count, port)) + "\n")
        with programs.on_core(programs.CLIENT_CORE):
            client = _start([str(word).replace("FILE", str(targets)) for word in command], directory)
        if holder.stdout.readline().strip() != "held":
            raise RuntimeError(f"{command[0]} did not bring {count} probes into flight within {PATIENCE:.0f} s")
        peak = _peak(client.pid)
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        output, _ = client.communicate(timeout=PATIENCE)
        if client.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {client.returncode}")
        return Held(peak, output)
    finally:
        for process in (client, holder):
            if process:
                process.kill()
                process.communicate()


def _start(command: Sequence[str | Path], directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        env=programs.BASE_ENVIRONMENT,
        encoding="utf-8",
    )


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1])
