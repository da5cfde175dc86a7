"""Saved evidence says the same later, and the other outputs of a live run."""

import json
from pathlib import Path

import pytest

from tests.real.client import probe, run_probe
from tests.real.estate import Estate
from tests.real.nginx import HOST

AT = "2027-01-15T12:00:00Z"


def findings(lines: bytes) -> list[str]:
    """The findings of each report, as they were printed."""
    return [json.dumps(json.loads(line)["findings"]) for line in lines.splitlines()]


def test_evidence_is_judged_as_the_live_run_was(estate: Estate, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    options = ("--expect-name", HOST, "--at", AT)
    live = run_probe(*estate.arguments(*estate.listeners), *options, "--evidence", evidence)
    replayed = probe("judge", evidence, "--roots", estate.roots, *options, "--format", "json")

    assert len(live.reports) == len(estate.listeners)
    assert replayed.returncode == live.exit_code
    assert findings(replayed.stdout) == findings(live.stdout)
    assert replayed.stdout == live.stdout


def test_yesterdays_evidence_ages(estate: Estate, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    estate.look("full-chain", "--evidence", evidence)
    done = probe("judge", evidence, "--roots", estate.roots, "--at", "2030-01-01", "--format", "json")

    assert done.returncode == 2
    assert "certificate-expired" in {finding["code"] for finding in json.loads(done.stdout)["findings"]}


def test_the_transcript_shows_the_dialogue(estate: Estate) -> None:
    done = probe(*estate.arguments("full-chain"), "--transcript")
    text = done.stdout.decode()

    assert done.returncode == 0
    for line in ("220 mail.example.org ESMTP ready", "STARTTLS", "250-8BITMIME", "QUIT"):
        assert line in text


def test_a_monitoring_system_reads_one_line(estate: Estate) -> None:
    done = probe(*estate.arguments("expired"), "--format", "nagios")
    first, _, performance = done.stdout.decode().splitlines()[0].partition("|")

    assert done.returncode == 2
    assert "FAIL" in first or "CRITICAL" in first
    assert "days_left" in performance


@pytest.mark.parametrize("case", ["full-chain", "leaf-only", "self-signed", "no-starttls", "certificate-required"])
def test_text_fits_eighty_columns(estate: Estate, case: str) -> None:
    done = probe(*estate.arguments(case))
    text = done.stdout.decode()

    assert "\x1b" not in text
    # Commands to paste stand whole, further in than all else.
    assert [line for line in text.splitlines() if len(line) > 80 and not line.startswith(" " * 6)] == []


def test_a_silent_server_costs_no_more_than_the_time_given(estate: Estate) -> None:
    # A server that speaks TLS at once waits for our hello while we wait for its banner.
    target = f"smtp://{HOST}:{estate.server.ports['smtps']}"
    done = probe(target, "--connect", "127.0.0.1", "--timeout", "2", "--format", "json", seconds=10)
    (observation,) = json.loads(done.stdout)["observations"]

    assert (observation["failure"]["stage"], observation["failure"]["kind"]) == ("DIALOGUE", "TIMEOUT")
    assert done.returncode == 3
