"""The documents run: every `console` block is executed and must print what it shows."""

import re
import shlex
from pathlib import Path

import pytest

from probe.cli import run

HOUSE = Path(__file__).parents[1]
DOCUMENTS = [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _examples() -> list[tuple[str, str, str]]:
    found = []
    for document in DOCUMENTS:
        for block in BLOCK.findall(document.read_text()):
            for command, output in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                found.append((document.name, command, output))
    return found


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / link).exists(), link
