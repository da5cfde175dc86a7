"""Write the documents that are made from the program itself, so that they cannot say anything else than it does.

    python docs/generate.py [NAME…]            write them (all, or those named)
    python docs/generate.py --check [NAME…]    exit 1 and name each one that is out of date

The help is taken from a child process, 80 columns wide and without colour, because that is how a user gets it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from probe.cli.more import Reporting, schema_of
from probe.judge.catalogue import CATALOGUE, Cause, Entry
from probe.run.events import EVENTS

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    *("check", "judge", "listen", "connectors", "rehearse", "logs"),
    *("run", "watch", "status", "history", "diff", "mute", "unmute"),
    *("config check", "config init", "config schema", "store prune", "store backup", "store check"),
    *("alerts list", "alerts retry", "alerts drop", "alerts test"),
    *("tlsa", "explain", "schema", "demo"),
)
# Each of these makes Typer and Rich believe that somebody is watching.
_WATCHED = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")


def findings() -> str:
    """`findings.md`: the whole catalogue, in its order."""
    return "\n".join(_findings()) + "\n"


def _findings() -> Iterator[str]:
    yield "# Findings"
    yield ""
    yield "Written by `docs/generate.py` from the catalogue; `probe explain CODE` prints the same."
    yield ""
    yield "Names in angle brackets and capitals, such as `<SERVER>`, are yours to fill in before pasting a command."
    yield "In a report on exports of your connectors, `probe` has filled in what they tell."
    yield "`<RECEIVE-CONNECTOR>` is called `<SERVER>\\Default Frontend <SERVER>` where nobody named it otherwise."
    yield "Where several lines of Exchange Online are given, today's come first and the older ones after them."
    yield ""
    yield "| Code | What is so |"
    yield "| --- | --- |"
    for entry in CATALOGUE.values():
        yield f"| [`{entry.code}`](#{entry.code}) | {_prose(entry.title)} |"
    for entry in CATALOGUE.values():
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    yield from ("", f"## {entry.code}", "", f"**{_prose(entry.title)}.**", "", _prose(entry.meaning), "")
    yield f"Usual causes: {_prose(entry.cause)}"
    yield from _remedy(entry.remedy)
    yield from _bullets("Exchange Online says", (f"`{words}`" for words in entry.exchange_online))
    yield from _elsewhere(entry)
    yield from _bullets("References", map(_prose, entry.references))
    for name, cause in entry.causes.items():
        yield from _cause(entry, name, cause)


def _cause(entry: Entry, name: str, cause: Cause) -> Iterator[str]:
    yield from ("", f"### {entry.code}: {name}", "", f"**{_prose(cause.title)}.**", "", _prose(cause.meaning))
    yield from _remedy(cause.remedy)
    yield from _bullets("Exchange Online says", (f"`{words}`" for words in cause.exchange_online or ()))
    yield from _elsewhere(cause)


def _elsewhere(told: Entry | Cause) -> Iterator[str]:
    names = (("TLS-RPT (RFC 8460)", told.tlsrpt), ("Windows", told.hresult))
    if said := [f"{where}: `{words}`" for where, words in names if words]:
        yield from ("", " · ".join(said))


def _remedy(lines: tuple[str, ...]) -> Iterator[str]:
    """Prose as paragraphs, commands as the indented blocks that they are already."""
    command = False
    for number, line in enumerate(lines):
        if number == 0:
            yield from ("", "What to do:")
        if not (command and line.startswith(" ")):
            yield ""
        command = line.startswith(" ")
        yield line if command else _prose(line)


def _bullets(heading: str, items: Iterable[str]) -> Iterator[str]:
    for number, item in enumerate(items):
        if number == 0:
            yield from ("", f"{heading}:", "")
        yield f"- {item}"


def _prose(text: str) -> str:
    """Plain text as Markdown: `<S>` would otherwise strike the rest of the page through."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


def schema(report: Reporting) -> str:
    """`<name>.schema.json`: the JSON Schema of what that command prints as JSON, or sends."""
    return json.dumps(schema_of(report), indent=2, ensure_ascii=False) + "\n"


def configuration() -> str:
    """`config.schema.json`: the JSON Schema of `probe.toml`, for editors."""
    from probe.config.settings.schema import to_json

    return to_json().decode()


def events() -> str:
    """`events.md`: what the agent logs."""
    rows = (f"| `{name}` | {level} | {_prose(meaning)} |" for name, (level, meaning) in EVENTS.items())
    head = (
        "# Events",
        "",
        "Written by `docs/generate.py`. One line each on stderr, with `--log-format json` one JSON object: `ts` (RFC",
        "3339, UTC), `level`, `event`, and the fields that the table names. Names stay; fields may be added.",
        "",
        "| Event | Level | What it says |",
        "| --- | --- | --- |",
    )
    return "\n".join((*head, *rows)) + "\n"


def usage() -> str:
    """`usage.md`: the help of the program and of each of its commands."""
    sections = [("probe", _help()), *((f"probe {command}", _help(*command.split())) for command in COMMANDS)]
    text = "".join(f"\n## {title}\n\n```text\n{text}\n```\n" for title, text in sections)
    return f"# Usage\n\nWritten by `docs/generate.py` from the help of the program.\n{text}"


def _help(*words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key not in _WATCHED}
    environment |= {"COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "probe", *words, "--help"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "findings.md": findings,
    "events.md": events,
    "config.schema.json": configuration,
    "report.schema.json": partial(schema, Reporting.CHECK),
    **{f"{report}.schema.json": partial(schema, report) for report in Reporting if report is not Reporting.CHECK},
    "usage.md": usage,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Write the generated documents.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a document is out of date")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these documents")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(DOCUMENTS):
        parser.error(f"no such document: {', '.join(sorted(unknown))}")
    stale = False
    for name in options.names or DOCUMENTS:
        path, text = ROOT / "docs" / name, DOCUMENTS[name]()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if options.check:
            stale = True
            print(f"out of date: docs/{name}", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
