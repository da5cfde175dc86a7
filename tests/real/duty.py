"""The agent on duty as cron and systemd start it, and a disk that fills up under it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real.client import ROOT
from tests.real.servers import need_root, program, unavailable

PATIENCE = 30.0  # seconds, for whatever another process has to get done
Json = dict[str, Any]


def until(fine: Callable[[], bool], what: str) -> None:
    """Waits for another process, which tells nobody when it is done."""
    deadline = time.monotonic() + PATIENCE
    while not fine():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@dataclass(frozen=True)
class SmallDisk:
    """A tmpfs at `path` that nobody sees but whoever is started with `inside` in front of the command."""

    path: Path
    pid: int

    @property
    def inside(self) -> Sequence[str]:
        return str(program("nsenter")), f"--mount=/proc/{self.pid}/ns/mnt", f"--wd={ROOT}", "--"

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self.pid}/root{self.path}/ballast")

    def fill(self, but: int = 0) -> None:
        """To the last byte, `but` so many."""
        with self._ballast.open("ab", buffering=0) as file:
            with suppress(OSError):
                while file.write(bytes(512)):
                    pass
            file.truncate(file.tell() - but)

    def clear(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(path: Path, size: str = "1m") -> Iterator[SmallDisk]:
    need_root()
    mounting = f'mount -t tmpfs -o size={size} none "$0" && echo mounted && exec sleep 600'
    command = [program("unshare"), "--mount", "--propagation=private", "/bin/sh", "-c", mounting, path]
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().decode().strip()
            if said != "mounted":
                unavailable(f"nothing can be mounted here ({said})")
            yield SmallDisk(path, process.pid)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Json:
        return dict(json.loads(self.stdout))


@dataclass(frozen=True)
class Agent:
    """`probe` as cron calls it, with the configuration in `home`; `inside` comes before the command."""

    home: Path
    inside: Sequence[str] = ()

    def configure(
        self,
        targets: Sequence[Json],
        alerts: Sequence[Json] = (),
        *,
        store: str | Path = "probe.db",
        **defaults: object,
    ) -> None:
        """Writes the configuration; the store lies beside it."""
        tables: list[tuple[str, Mapping[str, object]]] = [("[store]", {"path": store}), ("[defaults]", defaults)]
        tables += [("[[target]]", target) for target in targets] + [("[[alert]]", alert) for alert in alerts]
        lines = [line for head, values in tables for line in (head, *_pairs(values), "")]
        (self.home / "probe.toml").write_text("\n".join(lines))

    def command(self, *words: str) -> list[str]:
        return [*self.inside, sys.executable, "-m", "probe", *words, "--config", str(self.home / "probe.toml")]

    def __call__(self, *words: str) -> Done:
        done = subprocess.run(
            self.command(*words), cwd=ROOT, env=_ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def past(self, name: str) -> list[tuple[str, str, str]]:
        """What became of the target: kind, code and verdict of each change, oldest first."""
        changes = self("history", name, "--format", "json").json["changes"]
        return [(change["kind"], change["code"], change["verdict"]) for change in changes]

    @contextmanager
    def watching(self, *words: str) -> Iterator["Watching"]:
        """`probe watch`, until the block ends."""
        log = self.home / "watch.log"
        command = self.command("watch", "--log-format", "json", *words)
        with log.open("wb") as output, subprocess.Popen(command, cwd=ROOT, env=_ENVIRONMENT, stderr=output) as process:
            try:
                yield Watching(process, log)
            finally:
                process.kill()


@dataclass(frozen=True)
class Watching:
    """An agent that stays."""

    process: subprocess.Popen[bytes]
    log: Path

    def events(self, name: str) -> list[Json]:
        """Those of that name, oldest first."""
        lines = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [event for line in lines if (event := json.loads(line))["event"] == name]

    def heard(self, name: str, fine: Callable[[list[Json]], bool] = bool) -> list[Json]:
        """Waits until there are such events."""
        until(lambda: fine(self.events(name)), f"no such {name}: {self.log.read_text()}")
        return self.events(name)


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    """As TOML has them: JSON's texts, lists and numbers are TOML's as well."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{key} = {{ {', '.join(_pairs(value))} }}"
        else:
            yield f"{key} = {json.dumps(value, default=str)}"


_ENVIRONMENT = {**os.environ, "NO_COLOR": "1"}
