"""What is contributed is as its README says: units that systemd accepts, commands that `probe` accepts, an image."""

import configparser
import contextlib
import http.server
import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import typer
from cronsim import CronSim

from probe.cli.table import built
from probe.run.clockwork import GRACE
from tests.real.servers import program
from tests.world import NOW

HOUSE = Path(__file__).parents[1]
CONTRIB = HOUSE / "contrib"
SYSTEMD = CONTRIB / "systemd"
PROGRAM = "/opt/probe/bin/probe"
CONFIG = "/etc/probe/probe.toml"


def understood(words: Sequence[str]) -> Mapping[str, str]:
    """The options of a command of ours, as it reads them; it fails for what the command does not know."""
    group = typer.main.get_command(built())
    command = getattr(group, "commands")[words[0]]  # noqa: B009
    context = command.make_context(words[0], list(words[1:]))
    return {name: str(value) for name, value in context.params.items() if value}


class Unit(configparser.ConfigParser):
    """A unit file. A key that is set several times keeps all of its values, one a line."""

    def __init__(self, path: Path) -> None:
        super().__init__(delimiters=("=",), comment_prefixes=("#",), interpolation=None, strict=False)
        text, seen = [], dict[str, int]()
        for line in path.read_text().splitlines():
            key, equals, value = line.partition("=")
            seen[key] = seen.get(key, -1) + 1
            text.append(f"{key}.{seen[key]}={value}" if equals and seen[key] and key[0] != "#" else line)
        self.read_string("\n".join(text))

    def optionxform(self, optionstr: str) -> str:
        return optionstr

    def command(self) -> list[str]:
        return shlex.split(self["Service"]["ExecStart"])


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Our units, with a program that is there in the place of the one that is to be installed."""
    made = []
    for unit in sorted(SYSTEMD.glob("probe*")):
        made.append(tmp_path / unit.name)
        made[-1].write_text(unit.read_text().replace(PROGRAM, sys.executable))
    assert [unit.name for unit in made] == ["probe-run.service", "probe-run.timer", "probe.service"]
    return made


def analyze(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [program("systemd-analyze"), "--no-pager", *words], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stderr


def test_the_index_names_everything() -> None:
    index = (CONTRIB / "README.md").read_text()
    for path in CONTRIB.rglob("*"):
        place = path.relative_to(CONTRIB)
        if path.is_file() and path.name not in ("README.md", "Dockerfile.dockerignore"):
            assert f"`{place.as_posix()}`" in index or f"`{place.parts[0]}/`" in index, place
    for named in re.findall(r"^\| (.*?) \|", index, re.MULTILINE)[2:]:
        for place in re.findall(r"`(.*?)`", named):
            assert (CONTRIB / place).exists(), place


def test_systemd_accepts_the_units(units: list[Path]) -> None:
    assert analyze("verify", *units) == (0, "")
    with units[0].open("a") as unit:
        unit.write("\nNoSuchKey=1\n")
    assert "NoSuchKey" in analyze("verify", *units)[1]


def test_systemd_accepts_the_drop_in_for_the_listener(units: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "probe.service.d"
    folder.mkdir()
    drop_in = folder / "listen.conf"
    drop_in.write_text((SYSTEMD / "listen.conf").read_text())
    service = next(unit for unit in units if unit.name == "probe.service")
    assert analyze("verify", service) == (0, "")
    assert analyze("security", "--offline=true", "--threshold=20", service)[0] == 0  # 2.0 of 10
    drop_in.write_text(drop_in.read_text() + "NoSuchKey=1\n")
    assert "NoSuchKey" in analyze("verify", service)[1]


@pytest.mark.parametrize("name", ["probe.service", "probe-run.service"])
def test_the_services_are_exposed_to_little(name: str, units: list[Path]) -> None:
    unit = next(path for path in units if path.name == name)
    assert analyze("security", "--offline=true", "--threshold=15", unit)[0] == 0  # 1.5 of 10
    unit.write_text(unit.read_text().replace("CapabilityBoundingSet=", "").replace("PrivateUsers=yes", ""))
    assert analyze("security", "--offline=true", "--threshold=15", unit)[0] != 0


@pytest.mark.parametrize("name", ["probe.service", "probe-run.service"])
def test_the_services_have_what_they_were_promised(name: str) -> None:
    service = Unit(SYSTEMD / name)["Service"]
    expected = {
        "DynamicUser": "yes",
        "StateDirectory": "probe",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "SystemCallFilter": "@system-service",
        "LoadCredential": "secrets:/etc/probe/secrets",
    }
    assert {key: service.get(key) for key in expected} == expected
    assert service["MemoryMax"] == "512M"
    assert f"file:/run/credentials/{name}/secrets_" in (SYSTEMD / name).read_text()  # systemd.exec(5), CREDENTIALS


def test_the_units_start_commands_that_there_are() -> None:
    program_, *watch = Unit(SYSTEMD / "probe.service").command()
    assert program_ == PROGRAM
    assert understood(watch) == {"config": CONFIG, "metrics": "127.0.0.1:9465", "log_format": "json"}
    program_, *run = Unit(SYSTEMD / "probe-run.service").command()
    assert program_ == PROGRAM
    assert understood(run)["config"] == CONFIG
    with pytest.raises(Exception, match="No such option"):
        understood([*run, "--no-such-option"])


def test_the_agent_is_heard_reloaded_and_given_its_time() -> None:
    service = Unit(SYSTEMD / "probe.service")["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert service["ExecReload"].endswith("kill -HUP $MAINPID")
    assert int(service["TimeoutStopSec"].removesuffix("s")) >= 3 * GRACE
    assert service["Restart"] == "on-failure"
    assert service["WatchdogSec"] == "2min"


def test_a_verdict_is_no_failure_of_the_run() -> None:
    service = Unit(SYSTEMD / "probe-run.service")["Service"]
    assert service["Type"] == "oneshot"
    assert service["SuccessExitStatus"] == "1 2"


def test_the_timer_catches_up_and_spreads() -> None:
    timer = Unit(SYSTEMD / "probe-run.timer")["Timer"]
    assert timer["Persistent"] == "yes"
    assert timer["RandomizedDelaySec"] == "30s"
    assert analyze("calendar", timer["OnCalendar"]) == (0, "")


def test_cron_finds_the_program_and_mails_what_is_printed() -> None:
    settings: dict[str, str] = {}
    jobs = []
    for line in (CONTRIB / "cron" / "probe").read_text().splitlines():
        if found := re.fullmatch(r"([A-Z]+)=(\S+)", line):
            settings[found[1]] = found[2]
        elif line and not line.startswith("#"):
            jobs.append(line)
    assert str(Path(PROGRAM).parent) in settings["PATH"].split(":")
    assert settings["MAILTO"]
    ((*when, user, name, rest),) = (job.split(maxsplit=7) for job in jobs)
    assert next(CronSim(" ".join(when), NOW)) > NOW
    assert (user, name) == ("probe", "probe")
    assert "%" not in rest  # which cron takes for a line break
    assert understood(rest.split())["config"] == CONFIG
    assert (CONTRIB / "cron" / "probe").read_text().endswith("\n")  # or else cron ignores the line


def test_the_windows_task_runs_a_command_that_there_is() -> None:
    """It cannot be run here, and says so."""
    script = (CONTRIB / "windows" / "Register-ProbeTask.ps1").read_text()
    assert "UNTESTED ON WINDOWS" in script
    assert script.isascii()  # Windows PowerShell 5.1 takes a file without a mark for its own code page
    argument = re.search(r'-Argument "(.*)"$', script, re.MULTILINE)
    assert argument
    words = shlex.split(
        argument[1].replace('`"', '"').replace("$Config", "C:/probe.toml").replace("$store", "C:/probe.db")
    )
    assert understood(words) == {**understood(["run"]), "config": "C:/probe.toml", "store": "C:/probe.db"}
    body = script.partition("#>")[2]
    for opening, closing in ("()", "{}", "[]"):
        assert body.count(opening) == body.count(closing)
    documented = set(re.findall(r"^\.PARAMETER (\w+)", script, re.MULTILINE))
    assert documented == set(re.findall(r"^    \[\w+\] \$(\w+) =", body, re.MULTILINE))
    assert set(re.findall(r"\b[A-Z][a-z]+-[A-Z]\w+", re.sub(r"#.*|'[^']*'", "", body))) == {
        "Get-Command", "Get-Date", "Join-Path", "New-Item", "New-TimeSpan", "Out-Null", "Resolve-Path", "Select-Object",
        "Set-StrictMode", "Test-Path", "New-ScheduledTaskAction", "New-ScheduledTaskPrincipal",
        "New-ScheduledTaskSettingsSet", "New-ScheduledTaskTrigger", "Register-ScheduledTask",
    }  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """What the Dockerfile does, in order."""
    text = (CONTRIB / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(verb, rest.strip()) for verb, _, rest in (line.partition(" ") for line in lines)]


def only(verb: str) -> str:
    (found,) = [rest for name, rest in instructions() if name == verb]
    return found


def test_the_image_starts_the_agent_and_not_as_root() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["probe"]
    options = understood(json.loads(only("CMD")))
    assert options == {"config": CONFIG, "metrics": "0.0.0.0:9465", "log_format": "json"}
    assert only("EXPOSE") == "9465"
    assert int(only("USER")) > 1000
    assert only("VOLUME") == only("WORKDIR") == "/var/lib/probe"
    assert "STATE_DIRECTORY=/var/lib/probe " in only("ENV")


def test_the_image_is_made_of_what_is_there() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())
    copied = {
        word for verb, rest in instructions() if verb == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    }
    assert all((HOUSE / name).exists() for name in copied)
    needed = {
        project["project"]["readme"],
        "pyproject.toml",
        "LICENSE",
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
    }
    assert copied == needed | {"constraints.txt"}
    ignored = (CONTRIB / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    install = next(rest for verb, rest in instructions() if verb == "RUN" and "pip install" in rest)
    words = shlex.split(install)
    assert words[words.index("--constraint") + 1] == "/source/constraints.txt"
    assert words[-1] == "/source[apprise]"
    assert "apprise" in project["project"]["optional-dependencies"]
    bases = [rest for verb, rest in instructions() if verb == "FROM"]
    assert len({base.removesuffix(" AS build") for base in bases}) == 1


@contextlib.contextmanager
def answering(status: int) -> Iterator[int]:
    """A server on loopback that answers /-/healthy with this status; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/-/healthy" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
def test_the_health_check_asks_the_agent(status: int, well: bool) -> None:
    command = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"
    with answering(status) as port:
        code = command[2].replace(":9465/", f":{port}/")
        done = subprocess.run([sys.executable, *command[1:2], code], capture_output=True, check=False)
    assert (done.returncode == 0) is well
