"""`probe demo` as a user runs it; and a demo that comes out otherwise than built says so."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.model import Verdict

CASES = {
    "healthy": Verdict.OK,
    "self-signed default": Verdict.FAIL,
    "missing intermediate": Verdict.FAIL,
    "expired": Verdict.FAIL,
    "wrong name": Verdict.FAIL,
    "no usable certificate": Verdict.FAIL,
    "inspecting firewall": Verdict.FAIL,
    "client certificate": Verdict.OK,
    "tarpit": Verdict.UNKNOWN,
    "expiring": Verdict.WARN,
}

# No server of the estate can speak the one version that this leaves: every handshake fails.
SABOTAGE = """
openssl_conf = conf
[conf]
ssl_conf = ssl
[ssl]
system_default = default
[default]
MaxProtocol = TLSv1.1
"""


def start(*args: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "probe", "demo", *args]
    pipe = subprocess.PIPE
    env = os.environ | {"PYTHONUTF8": "1"} | environment
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, encoding="utf-8", env=env)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """The demo as it is and a sabotaged one, side by side, since each has to wait for its tarpit."""
    conf = tmp_path_factory.mktemp("demo") / "openssl.cnf"
    conf.write_text(SABOTAGE)
    with start() as plain, start(OPENSSL_CONF=str(conf)) as broken:
        told = {name: process.communicate(timeout=60) for name, process in (("plain", plain), ("broken", broken))}
    return {"plain": (plain.returncode, *told["plain"]), "broken": (broken.returncode, *told["broken"])}


def reports(out: str) -> dict[str, str]:
    """What is printed of each case, by its name."""
    parts = out.split("── ")[1:]
    return {part.partition(" ─")[0]: part for part in parts}


def test_every_case_comes_out_as_built(runs: dict[str, tuple[int, str, str]]) -> None:
    code, out, err = runs["plain"]
    assert (code, err) == (0, "")
    assert list(reports(out)) == list(CASES)
    assert out.rstrip().endswith("Every endpoint got the verdict it was built to get.")


@pytest.mark.parametrize(("name", "verdict"), CASES.items())
def test_each_report_shows_its_verdict(runs: dict[str, tuple[int, str, str]], name: str, verdict: Verdict) -> None:
    told = reports(runs["plain"][1])[name]
    assert verdict in told
    # Commands stay whole, to be pasted; all else is wrapped.
    assert all(len(line) <= 80 for line in told.splitlines() if not line.startswith(" " * 6))
    assert "\x1b" not in told


def test_a_broken_case_is_noticed(runs: dict[str, tuple[int, str, str]]) -> None:
    code, out, err = runs["broken"]
    assert code == 2
    assert list(reports(out)) == list(CASES)
    assert out.rstrip().endswith("Not all came out as built.")
    errors = err.splitlines()
    assert all(line.startswith("error: ") for line in errors)
    assert "error: healthy: FAIL, and was built to be OK" in errors
    assert "error: self-signed default: no finding with the cause self-signed" in errors
    # Where no handshake was due, all is as it should be.
    assert not [line for line in errors if "tarpit" in line or "firewall" in line]


@pytest.fixture
def serving() -> Iterator[subprocess.Popen[str]]:
    with start("--serve") as process:
        yield process
        if process.poll() is None:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_an_estate_to_try_things_on(serving: subprocess.Popen[str]) -> None:
    assert serving.stdout
    commands = dict[str, str]()
    while len(commands) < len(CASES):
        line = serving.stdout.readline()
        if line.startswith("# "):
            name = line[2:].partition(":")[0]
        elif line.startswith("probe "):
            commands[name] = line
    assert list(commands) == list(CASES)
    for name in ("healthy", "expired", "expiring"):
        command = [sys.executable, "-m", *shlex.split(commands[name])]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (CASES[name].exit_code, b"")
    roots = Path(shlex.split(commands["healthy"])[-1])
    assert roots.is_file()
    serving.send_signal(signal.SIGINT)
    assert serving.wait(30) == 130
    assert serving.stderr
    assert serving.stderr.read() == ""
    assert not roots.exists()
