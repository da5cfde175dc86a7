"""`probe demo` as a user runs it; and a demo that comes out otherwise than built says so."""

import os
import shlex
import signal
import socket
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
DELIVERIES = {
    "attributed": Verdict.OK,
    "sent without its chain": Verdict.FAIL,
    "another certificate": Verdict.FAIL,
    "sent self-signed": Verdict.FAIL,
    "no certificate sent": Verdict.FAIL,
    "bounce by address": Verdict.FAIL,
}
BOTH = CASES | DELIVERIES

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
    assert list(reports(out)) == list(BOTH)
    assert out.rstrip().endswith("Every endpoint and every delivery got the verdict it was built to get.")


@pytest.mark.parametrize(("name", "verdict"), BOTH.items())
def test_each_report_shows_its_verdict(runs: dict[str, tuple[int, str, str]], name: str, verdict: Verdict) -> None:
    told = reports(runs["plain"][1])[name]
    assert verdict in told
    # Commands stay whole, to be pasted; all else is wrapped.
    assert all(len(line) <= 80 for line in told.splitlines() if not line.startswith(" " * 6))
    assert "\x1b" not in told


def test_a_broken_case_is_noticed(runs: dict[str, tuple[int, str, str]]) -> None:
    code, out, err = runs["broken"]
    assert code == 2
    assert list(reports(out)) == list(BOTH)
    assert out.rstrip().endswith("Not all came out as built.")
    errors = err.splitlines()
    assert all(line.startswith("error: ") for line in errors)
    assert "error: healthy: FAIL, and was built to be OK" in errors
    assert "error: attributed: FAIL, and was built to be OK" in errors
    assert "error: self-signed default: no finding with the cause self-signed" in errors
    # Where no handshake was due, all is as it should be.
    assert not [line for line in errors if "tarpit" in line or "firewall" in line]


@pytest.fixture
def serving() -> Iterator[subprocess.Popen[str]]:
    with start("--serve") as process:
        yield process
        if process.poll() is None:
            process.kill()


def heard(listen: str, deliver: str) -> int:
    """How one command ends when the other has delivered to it, on a port that is free."""
    port = str(free_port())
    command = [sys.executable, "-m", *shlex.split(listen.replace("2525", port)), "--timeout", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listening:
        assert listening.stderr
        listening.stderr.readline()  # it is there
        subprocess.run(deliver.replace("2525", port), shell=True, capture_output=True, timeout=30, check=False)
        return listening.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port: int = there.getsockname()[1]
        return port


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
    for line in serving.stdout:
        if line.startswith("printf "):
            break
        if line.startswith("probe listen "):
            listen = line
    for name in ("healthy", "expired", "expiring"):
        command = [sys.executable, "-m", *shlex.split(commands[name])]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (CASES[name].exit_code, b"")
    assert heard(listen, line) == 0
    roots = Path(shlex.split(commands["healthy"])[-1])
    assert roots.is_file()
    serving.send_signal(signal.SIGINT)
    assert serving.wait(30) == 130
    assert serving.stderr
    assert serving.stderr.read() == ""
    assert not roots.exists()
