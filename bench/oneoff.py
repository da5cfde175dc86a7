"""The wall time of one look at one server, start-up and all, as somebody at a prompt waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import build, programs, table

GOAL = 1.6
LABEL = 42  # characters of a command that fit into the table


@dataclass(slots=True)
class Tool:
    """`statuses` are those of a tool that did its work: what it thinks of the certificate is not our question."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    statuses: Sequence[int] = (0,)
    goal: float | None = None
    walls: list[float] = field(default_factory=list)


def measure(port: int, directory: Path, *, rounds: int) -> str:
    """The table: the bare script first, then `probe`, then the tools that are installed."""
    python = build.product()
    ours = [
        Tool("bare script: trio, pyOpenSSL, cryptography", [python, build.HERE / "bare.py", "127.0.0.1", str(port)]),
        Tool(f"probe 127.0.0.1:{port}", [python.with_name("probe"), f"127.0.0.1:{port}"], statuses=(0, 1), goal=GOAL),
    ]
    for tool in ours:  # once unmeasured, so that what lies on disk is in memory
        _run(tool, directory)
    others, remarks = _others(port, directory)
    tools = [*ours, *others]
    for _ in range(rounds):
        for tool in tools:
            tool.walls.append(_run(tool, directory))
    bare, rows = median(ours[0].walls), []
    for tool in tools:
        wall = median(tool.walls)
        span = f"{min(tool.walls) * 1e3:,.0f}–{max(tool.walls) * 1e3:,.0f}"
        met = f"≤ {tool.goal:g}  {table.verdict(wall / bare, tool.goal)}" if tool.goal else ""
        rows.append((tool.name, f"{wall * 1e3:,.0f}", span, f"{wall / bare:.2f}", met))
    title = table.heading(
        "One look at one server on loopback: wall time of the whole process, in ms",
        f"Roots: Mozilla's, for the bare script as for probe. Median of {rounds} rounds.",
    )
    lines = [title, table.table(("", "ms", "lowest–highest", "× bare", "goal"), rows)]
    return "\n".join((*lines, *remarks))


def _run(tool: Tool, directory: Path) -> float:
    return programs.run(
        tool.command, cwd=directory, environment=tool.environment, statuses=tool.statuses, timeout=60.0
    ).wall


def _others(port: int, directory: Path) -> tuple[list[Tool], list[str]]:
    """What people use today, each asked for the nearest thing to what `probe` does; and a line on each that can't be.

    Each is run once, unmeasured, to see whether it works here: swaks, for one, does TLS only where Perl's
    Net::SSLeay is installed.
    """
    (directory / "main.cf").write_text("compatibility_level = 3.6\nmyhostname = client.example\n")
    commands: dict[str, list[str]] = {
        "openssl": ["s_client", "-starttls", "smtp", "-showcerts", "-connect", f"127.0.0.1:{port}"],
        "posttls-finger": ["-c", "-l", "may", f"[127.0.0.1]:{port}"],
        "swaks": ["--tls", "--quit-after", "TLS", "--server", "127.0.0.1", "--port", str(port)],
        "sslyze": ["--starttls", "smtp", "--certinfo", f"127.0.0.1:{port}"],
    }
    tools, remarks = [], []
    for name, words in commands.items():
        program = build.sslyze() if name == "sslyze" else programs.find(name)
        if program is None:
            remarks.append(f"not installed: {name}")
            continue
        tool = Tool(
            " ".join((name, *words))[:LABEL],
            [program.path, *words],
            {**program.environment, "MAIL_CONFIG": str(directory)},
        )
        try:
            _run(tool, directory)
        except RuntimeError as error:
            remarks.append(f"does not work here: {name}: {str(error).splitlines()[-1][:55]}")
        else:
            tools.append(tool)
    return tools, remarks
