"""The documents run: every `console` block is executed and must print what it shows.

Those of docs/duty.md are in test_docs_duty.
"""

import re
import shlex
from pathlib import Path

import pytest
import typer

from probe.cli import run
from probe.cli.table import built

HOUSE = Path(__file__).parents[1]
DOCUMENTS = [HOUSE / "README.md", HOUSE / "contrib" / "README.md", *sorted((HOUSE / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
A_STORY = "duty.md"  # whose commands run one after another, in a place of their own


def _examples() -> list[tuple[str, str, str]]:
    return [
        (document.name, command, output)
        for document in DOCUMENTS
        if document.name != A_STORY
        for kind, block in BLOCK.findall(document.read_text())
        if kind == "console"
        for command, output in COMMAND.findall(block)
    ]


def test_the_readme_shows_something() -> None:
    assert any(document == "README.md" and output for document, _, output in _examples())


@pytest.mark.parametrize(("document", "command", "output"), _examples())
def test_an_example_prints_what_it_shows(
    document: str, command: str, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HOUSE)
    program, *words = shlex.split(command)
    assert program == "probe", document
    run(words)
    assert capsys.readouterr().out == output


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(HOUSE)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    written = document.read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", written):
        assert (document.parent / link).exists(), link
    titles = [re.sub(r"[^a-z0-9 -]", "", title.lower()) for title in re.findall(r"^#+ (.*)$", written, re.MULTILINE)]
    for anchor in re.findall(r"\]\(#([^)]+)\)", written):
        assert anchor in [title.replace(" ", "-") for title in titles], anchor


def _typed() -> list[str]:
    """The commands that are shown and not run."""
    written = "".join(path.read_text() for path in (HOUSE / "contrib" / "README.md", HOUSE / "docs" / A_STORY))
    return re.findall(r"^    (?:\S*/)?(probe [^#&\n]*)", written, re.MULTILINE)


@pytest.mark.parametrize("command", _typed())
def test_a_command_that_is_only_shown_is_understood(command: str) -> None:
    group, words = typer.main.get_command(built()), shlex.split(command)[1:]
    while subcommands := getattr(group, "commands", None):
        group = subcommands[words.pop(0)]
    group.make_context("probe", words)  # it fails for what the command does not know
