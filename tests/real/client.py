"""The product as its users run it: the command line, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from probe.report.json import schema

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """One line of the JSON output, valid by its schema."""

    data: Json

    @property
    def verdict(self) -> str:
        return str(self.data["verdict"])

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.data["findings"]}

    @property
    def faults(self) -> set[str]:
        """The codes of everything that is not as it should be."""
        return {finding["code"] for finding in self.data["findings"] if finding["verdict"] != "OK"}

    @property
    def observation(self) -> Json:
        """The only observation."""
        (only,) = self.data["observations"]
        return dict(only)

    @property
    def thumbprints(self) -> list[str]:
        """SHA-1 of each presented certificate of the only observation, as sent."""
        return [certificate["sha1"] for certificate in self.observation["certificates"]]

    def all(self, code: str) -> list[Json]:
        return [finding for finding in self.data["findings"] if finding["code"] == code]

    def finding(self, code: str) -> Json:
        """The only finding of that code."""
        found = self.all(code)
        assert len(found) == 1, f"{code}: {len(found)} times in {sorted(self.codes)}"
        return found[0]

    def fact(self, code: str, key: str) -> str:
        return str(self.finding(code)["facts"][key])


@dataclass(frozen=True, slots=True)
class Run:
    exit_code: int
    reports: Sequence[Report]
    stdout: bytes
    stderr: str

    @property
    def report(self) -> Report:
        """The only report."""
        assert len(self.reports) == 1, f"{len(self.reports)} reports, exit code {self.exit_code}: {self.stderr}"
        return self.reports[0]


def run_probe(*arguments: str | Path, seconds: float = 60) -> Run:
    """Runs `probe … --format json`; every line that it prints is checked against the published schema."""
    done = probe(*arguments, "--format", "json", seconds=seconds)
    reports = [Report(json.loads(line)) for line in done.stdout.splitlines()]
    for report in reports:
        validator().validate(report.data)
    stderr = done.stderr.decode()
    assert "Traceback" not in stderr, stderr
    return Run(done.returncode, reports, done.stdout, stderr)


def probe(*arguments: str | Path, seconds: float = 60) -> subprocess.CompletedProcess[bytes]:
    """Runs `probe` with these words and nothing else."""
    command = [sys.executable, "-m", "probe", *map(str, arguments)]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=seconds, env=environment, check=False)


@lru_cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())
