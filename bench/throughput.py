"""Processor time a probe: the reference in C, `probe` only observing, and the whole path with judging and JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import build, programs, table, target
from bench.authority import Files

PARALLEL = "256"
OBSERVING_GOAL, WHOLE_GOAL = 1.2, 1.6


@dataclass(slots=True)
class Client:
    """`command` without the file of endpoints; seconds of each round over all endpoints, and over one (start-up)."""

    name: str
    command: Sequence[str | Path]
    goal: float | None = None
    full: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)


def whole_path(python: Path, files: Files, targets: Path, parallel: str = PARALLEL) -> list[str | Path]:
    """The command of a sweep: every target judged, one line of JSON each."""
    return [
        python,
        "-m",
        "probe",
        "check",
        f"@{targets}",
        "--format",
        "json",
        "--roots",
        files.roots,
        "--parallel",
        parallel,
    ]


def measure(files: Files, port: int, directory: Path, *, count: int, rounds: int) -> str:
    """The table. Every client is run once unmeasured first, and must have got through to every endpoint."""
    python, reference = build.product(), build.reference()
    many, one = directory / "many", directory / "one"
    many.write_text("\n".join(target.endpoints(count, port)) + "\n")
    one.write_text("\n".join(target.endpoints(1, port)) + "\n")
    clients = [
        Client("observing alone", [python, build.HERE / "observe_only.py", "FILE", PARALLEL], OBSERVING_GOAL),
        Client("whole path, JSON", whole_path(python, files, Path("FILE")), WHOLE_GOAL),
    ]
    yardstick = None
    if reference:
        yardstick = Client(f"C, {build.openssl_of(reference)}", [reference, "FILE", PARALLEL])
        clients.insert(0, yardstick)

    def cost(client: Client, endpoints: Path, *, keep: bool = False) -> programs.Cost:
        command = [str(word).replace("FILE", str(endpoints)) for word in client.command]
        return programs.run(command, cwd=directory, keep=keep)

    for client in clients:
        output = cost(client, many, keep=True).output
        if _seen(output) != count:
            raise RuntimeError(f"{client.name}: not every endpoint got through: {output[:1000]}")
    for _ in range(rounds):
        for client in clients:
            client.single.append(cost(client, one).cpu)
            client.full.append(cost(client, many).cpu)
    return _report(clients, count, rounds, yardstick)


def _seen(output: str) -> int:
    """Endpoints that were looked at to the end, by the client's own account."""
    if output.startswith("ok "):
        return int(output.split()[1])
    reports = [json.loads(line) for line in output.splitlines()]
    return sum(report["verdict"] == "OK" and bool(report["observations"][0]["session"]) for report in reports)


def _report(clients: Sequence[Client], count: int, rounds: int, reference: Client | None) -> str:
    rows = []
    for client in clients:
        row = [client.name]
        verdicts = []
        for share in (_all_in, _running):
            costs = share(client, count)
            row.append(f"{median(costs) * 1e6:,.0f}")
            if reference is None:
                row.append("?")
                continue
            # Round by round, so that what slows the machine for a while slows both sides of a ratio.
            ratio = median(mine / theirs for mine, theirs in zip(costs, share(reference, count), strict=True))
            row.append(f"{ratio:.2f}")
            if client.goal:
                verdicts.append(table.verdict(ratio, client.goal))
        row.append(f"{median(client.single) * 1e3:,.0f}")
        row.append(f"≤ {client.goal:g}  {' / '.join(verdicts)}" if verdicts else "")
        rows.append(row)
    title = table.heading(
        "Processor time a probe, in µs",
        f"{count:,} endpoints, {PARALLEL} in flight, TLS 1.3, P-256 under P-384; median of {rounds} rounds.",
        "All in: start-up (ms) shared among the probes; running: without it; goal: both.",
    )
    lines = [title, table.table(("", "all in", "× C", "running", "× C", "start", "goal"), rows)]
    if reference is None:
        lines.append("not installed: a C compiler with libssl-dev, so there is nothing to compare with")
    return "\n".join(lines)


def _all_in(client: Client, count: int) -> list[float]:
    return [seconds / count for seconds in client.full]


def _running(client: Client, count: int) -> list[float]:
    start = median(client.single)
    return [(seconds - start) / (count - 1) for seconds in client.full]
