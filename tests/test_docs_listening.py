"""docs/listening.md is as it says. What its `console` blocks print, and where its links lead, test_docs checks."""

import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from fixtures.certificates import sample
from probe.cli import run
from probe.cli.table import COMMANDS, built
from probe.dialogue.smtp import MAX_DIALOGUE, MAX_LINE, Envelope
from probe.dialogue.smtp.server import MOST_COMMANDS, MOST_ERRORS, NOT_NOW
from probe.judge.certificate import Certificate, parse
from probe.judge.inbound.attribution import Client, attribute
from probe.model import AcceptedDomain, InboundConnector, Many, Organisation
from probe.observe.accept import Patience
from probe.report.attribution import attribution
from probe.run.listen import Rules
from tests.test_docs import BLOCK, HOUSE

PAGE = (HOUSE / "docs" / "listening.md").read_text()
WORDS = " ".join(PAGE.split())
SVG = "{http://www.w3.org/2000/svg}"
LEAF = parse(sample("renewed_same"))
KNOWN = Client(
    address="192.0.2.25",
    said=Envelope(senders=("contoso.com",), recipients=("fabrikam.com",)),
    secure=True,
    shown=True,
    leaf=LEAF if isinstance(LEAF, Certificate) else None,
)


def blocks(language: str) -> list[str]:
    return [block for kind, block in BLOCK.findall(PAGE) if kind == language]


def test_what_it_says_on_starting_is_what_is_shown() -> None:
    """But for the port, and for whom it becomes, which is as the user is who starts it."""
    (block,) = blocks("text")
    command, *shown = block.splitlines()
    words = shlex.split(command.removeprefix("$ probe ").replace(" 25 ", " 0 "))
    exports = HOUSE / "fixtures" / "exchange" / "exports" / "org"
    done = subprocess.run(
        [sys.executable, "-m", "probe", *words, "--timeout", "0.1"],
        cwd=exports,
        env={"PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    first, *others = done.stderr.splitlines()
    said = re.sub(r"(?<= port )\d+", "25", first)
    assert [re.sub(", user nobody", "", line) for line in (said, *others)] == [
        *(re.sub(", user nobody", "", line) for line in shown),
        "nobody came to deliver",
    ]
    assert done.returncode == 3


@pytest.mark.parametrize("command", re.findall(r"^    probe (listen .*)$", PAGE, re.MULTILINE))
def test_a_command_that_is_only_shown_is_understood(command: str) -> None:
    words = shlex.split(command)
    typer.main.get_command(built()).commands[words[0]].make_context("probe", words[1:])  # type: ignore[attr-defined]


def test_options_that_are_named_exist() -> None:
    known = {name for one in typer.main.get_command(built()).commands["listen"].params for name in one.opts}  # type: ignore[attr-defined]
    named = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert named
    assert named <= known


def test_the_settings_are_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("toml")
    for name in ("onprem.json", "exo.json"):
        (tmp_path / name).write_bytes((HOUSE / "fixtures" / "exchange" / "exports" / "org" / name).read_bytes())
    (tmp_path / "probe.toml").write_text(example + '[[target]]\ntarget = "contoso.com"\n')
    assert (run(["config", "check"]), capsys.readouterr().err) == (0, "")


def test_the_bounds_are_those_of_the_code() -> None:
    rules, patience = Rules(), Patience()
    assert f"{rules.connections:,} connections in all and {rules.each} of one address" in WORDS
    assert f"{rules.handshakes} handshakes a second" in WORDS
    assert f"{MOST_COMMANDS} commands, {MOST_ERRORS} errors, lines of {MAX_LINE // 1024} KiB" in WORDS
    assert f"{MAX_DIALOGUE // 1024} KiB of dialogue, {patience.certificates} certificates" in WORDS
    assert (patience.dialogue, patience.handshake, patience.after) == (120, 15, 120)
    assert "two minutes before TLS, 15 seconds for it, two minutes inside" in WORDS
    assert f"every recipient `{' '.join(NOT_NOW.split()[:2])}`" in WORDS


def test_each_outcome_has_its_row() -> None:
    """In the words of the report."""
    rows = re.findall(r"^\| `((?:not )?attribut.*?)`(?:, because `(.*?)`)?(?: it)?(?: …)? \|", PAGE, re.MULTILINE)
    outcomes = [
        attribution(replace(attribute(client, organisation), connector="X"))
        for client, organisation in (
            (KNOWN, organisation_of("contoso.com")),
            (KNOWN, organisation_of("fabrikam.com")),
            (replace(KNOWN, leaf=None, shown=False), organisation_of("contoso.com", address=KNOWN.address)),
            (replace(KNOWN, leaf=None, shown=False, secure=False), organisation_of("contoso.com")),
            (replace(KNOWN, leaf=None, shown=False), organisation_of("contoso.com")),
            (replace(KNOWN, status="UntrustedRoot"), organisation_of("contoso.com")),
            (KNOWN, organisation_of("contoso.com", name="other.example")),
            (KNOWN, replace(organisation_of("contoso.com"), inbound=2 * organisation_of("contoso.com").inbound)),
            (KNOWN, Organisation()),
            (
                replace(KNOWN, address="10.0.0.7", leaf=None, shown=False),
                organisation_of("contoso.com", address="192.0.2.25"),
            ),
        )
    ]
    assert len(rows) == len(outcomes)
    for (said, because), outcome in zip(rows, outcomes, strict=True):
        assert outcome.startswith(said)
        assert because in outcome


def organisation_of(domain: str, *, name: str | None = "mail.contoso.com", address: str = "") -> Organisation:
    """With one accepted domain, and a connector that knows a certificate of that name, or else an address."""
    connector = InboundConnector(
        name="X",
        enabled=True,
        connector_type="OnPremises",
        tls_sender_certificate_name=None if address else name,
        sender_ip_addresses=Many((address,)) if address else None,
    )
    return Organisation(inbound=(connector,), domains=(AcceptedDomain(domain=domain, online=True),))


def test_the_picture_names_commands_that_exist() -> None:
    drawn = ElementTree.parse(HOUSE / "docs" / "both-directions.svg").getroot()
    texts = [one.text or "" for one in drawn.iter(f"{SVG}text")]
    commands = [text for text in texts if text.startswith("probe ")]
    assert {command.split()[1] for command in commands} - {"TARGET"} <= COMMANDS.keys()
    assert len(commands) == 4
    # What cannot be seen is told in words: in the picture itself, and where the page shows it.
    assert drawn.findtext(f"{SVG}title")
    for command in commands:
        assert command in " ".join((drawn.findtext(f"{SVG}desc") or "").split())
        assert command in WORDS.partition("![")[2].partition("]")[0]
