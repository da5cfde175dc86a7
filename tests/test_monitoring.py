"""What contrib/ has for Prometheus, Icinga 2 and Nagios: correct, and as the program has it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from probe.report.nagios import render as nagios_output
from probe.report.prometheus import FAMILIES
from tests import reports
from tests.real.servers import free_ports, program

CONTRIB = Path(__file__).parents[1] / "contrib"
RULES, SCRAPE = CONTRIB / "prometheus" / "alerts.yml", CONTRIB / "prometheus" / "scrape.yml"
ICINGA, NAGIOS = CONTRIB / "icinga2" / "probe.conf", CONTRIB / "nagios" / "probe.cfg"
PROGRAM = f"{sys.executable} -m probe"
PLUGIN = re.compile(r"PROBE (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| .+)?\n")
STATUS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def output(command: str, cwd: Path) -> tuple[int, str]:
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, cwd=cwd)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """Two targets where nobody listens; no name is asked for."""
    file = tmp_path / "probe.toml"
    targets = (
        f'[[target]]\nname = "{name}"\ntarget = "127.0.0.1:{port}"\ntags = ["{name}s"]\nretries = 0\n'
        for name, port in zip(("mx", "edge"), free_ports(2), strict=True)
    )
    file.write_text("\n".join([*targets, '[store]\npath = "probe.db"\n']))
    return file


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", RULES), ("check", "config", SCRAPE), ("test", "rules", RULES.parent / "alerts_test.yml")],
)
def test_promtool_agrees(arguments: tuple[str | Path, ...]) -> None:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, "FAILED" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr


def test_rules_speak_of_metrics_that_there_are() -> None:
    named = set(re.findall(r"\bprobe_\w+", RULES.read_text()))
    assert named <= set(FAMILIES)
    assert len(named) >= 8


def test_every_rule_has_a_test() -> None:
    rules = re.findall(r"alert: (\w+)", RULES.read_text())
    tests = (RULES.parent / "alerts_test.yml").read_text()
    fired = re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n", tests)
    assert set(rules) == set(fired)


def options(command: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "probe", command, "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z-]+", done.stdout))


def icinga(name: str) -> tuple[str, dict[str, str]]:
    """The subcommand of an Icinga CheckCommand, and its arguments, each with the start of its value."""
    (body,) = re.findall(rf'object CheckCommand "{name}" {{(.*?)\n}}', ICINGA.read_text(), re.DOTALL)
    (command,) = re.findall(r"command = \[ ProbeProgram, (.*) \]", body)
    return json.loads(command), dict(re.findall(r'^    "([a-z-]+)" = (.*)$', body, re.MULTILINE))


@pytest.mark.parametrize("name", ["probe", "probe-run"])
def test_icinga_names_options_that_there_are(name: str) -> None:
    command, arguments = icinga(name)
    assert set(arguments) - {"target"} <= options(command)
    assert arguments["--format"] == '"nagios"'


def test_icinga_runs_what_works(configuration: Path) -> None:
    fixed = {"target": f"127.0.0.1:{free_ports(1)[0]}", "--format": "nagios", "--config": str(configuration)}
    for name in ("probe", "probe-run"):
        command, arguments = icinga(name)
        words = [f"{'' if key == 'target' else key} {value}" for key, value in fixed.items() if key in arguments]
        code, said = output(" ".join([PROGRAM, command, *words]), configuration.parent)
        assert (code, said.split()[1]) == (3, "UNKNOWN")
        assert PLUGIN.match(said)


def nagios(name: str, *arguments: str) -> str:
    """A command line of the Nagios file, as its shell gets it."""
    (line,) = re.findall(rf"command_name +{name}\n +command_line +/usr/local/bin/probe (.*)", NAGIOS.read_text())
    for number, argument in enumerate(arguments, 1):
        line = line.replace(f"$ARG{number}$", argument)
    return f"{PROGRAM} {line}"


def test_nagios_runs_what_works(configuration: Path) -> None:
    port = free_ports(1)[0]
    commands = [
        nagios("check_probe", f"127.0.0.1:{port}", "--expect-name mail.contoso.com"),
        nagios("check_probe_run", str(configuration), "--tag mxs"),
    ]
    for command in commands:
        code, said = output(command, configuration.parent)
        assert (STATUS[code], code) == (said.split()[1], 3)
        assert PLUGIN.match(said)


def test_the_nagios_service_uses_the_command_as_it_is_meant() -> None:
    ((command, *arguments),) = (line.split("!") for line in re.findall(r"check_command +(.*)", NAGIOS.read_text()))
    line = nagios(command, *arguments)
    assert line == f'{PROGRAM} check "mail.contoso.com:25" --format nagios --expect-name mail.contoso.com'
    assert set(re.findall(r"--[a-z-]+", line)) <= options("check")


def test_performance_data_of_a_host_that_is_named_twice_comes_once() -> None:
    report = reports.report(reports.healthy(), [reports.observation("192.0.2.25", reports.LEAF)])
    labels = re.findall(r"'([^']+)'=", nagios_output([report, report]))
    assert labels
    assert len(labels) == len(set(labels))
