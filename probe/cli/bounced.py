"""`probe explain` with a bounce: what it means, what the organisation's exports tell of it, and how it is now."""

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from probe.errors import UsageError

if TYPE_CHECKING:
    from probe.exchange.bounces import Explanation
    from probe.exchange.bounces.beside import Exported
    from probe.model import Organisation


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Looking:
    """How to run the command of a bounce, beyond what the bounce itself says."""

    connectors: list[Path]
    connect: list[str]
    resolver: list[str]
    timeout: float | None
    roots: list[str]

    @property
    def words(self) -> tuple[str, ...]:
        """The options as words of a command line, without those of the exports."""
        given = (
            ("--connect", self.connect),
            ("--resolver", self.resolver),
            ("--timeout", [] if self.timeout is None else [f"{self.timeout:g}"]),
            ("--roots", self.roots),
        )
        return tuple(word for option, values in given for value in values for word in (option, value))

    def told(self, explanation: "Explanation") -> "Explanation":
        """The explanation with commands as they are run."""
        if not self.words:
            return explanation
        meanings = []
        for told in explanation.meanings:
            command = told.command
            connect = () if self.connect else command.connect
            command = replace(command, connect=connect, more=(*command.more, *self.words))
            meanings.append(replace(told, command=command))
        return replace(explanation, meanings=tuple(meanings))


def explained(text: str) -> "Explanation":
    """What the text means. Raises `UsageError` where nothing in it is known."""
    from probe.exchange.bounces import explain, read

    return explain(read(text))


def told(explanation: "Explanation", looking: Looking, *, probe: bool, form: Form, colour: bool) -> int:
    """Print it, and with `probe` what its command sees; the exit code."""
    organisation = exported = None
    if looking.connectors:
        from probe import config
        from probe.exchange.bounces.beside import aimed, beside

        organisation = config.organisation(looking.connectors)
        exported = beside(explanation, organisation, datetime.now(UTC))
        explanation = aimed(explanation, exported, list(map(str, looking.connectors)))
    explanation = looking.told(explanation)
    if probe:
        return _probed(explanation, exported, organisation, looking, form, colour=colour)
    _print(explanation, exported, form, colour=colour)
    return 0


def _print(explanation: "Explanation", exported: "Exported | None", form: Form, *, colour: bool) -> None:
    if form is Form.JSON:
        from probe.report.bounces_json import to_json

        _print_json(to_json(explanation, exported))
    else:
        from probe.cli.terminal import write
        from probe.report.bounces import render

        write(render(explanation, exported), colour=colour)


def _print_json(line: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _probed(
    explanation: "Explanation",
    exported: "Exported | None",
    organisation: "Organisation | None",
    looking: Looking,
    form: Form,
    *,
    colour: bool,
) -> int:
    """The explanation, the report of its command, and both beside each other; the exit code is the report's."""
    command = explanation.command
    if command is None or command.target is None:
        notes = [note for told in explanation.meanings for note in told.command.notes]
        raise UsageError("--probe: there is no command that checks this", notes[0] if notes else "see without --probe")

    from probe import config
    from probe.cli import settings
    from probe.cli.live import look
    from probe.exchange.bounces.comparing import compare
    from probe.judge.judging import judge

    standard = settings.standard([], command.name, None, None, None, 21, None)
    anchors = config.anchors(looking.roots or ["certifi"])
    targets = list(config.targets([command.target]))
    connect = looking.connect or list(command.connect)
    settings.agree(targets, standard, connect=connect)
    if form is Form.TEXT:
        _print(explanation, exported, form, colour=colour)
    (evidence,) = look(targets, resolver=looking.resolver, connect=connect, timeout=looking.timeout, standard=standard)
    report = judge(evidence, standard, anchors, evidence.at, organisation)
    comparison = compare(explanation, report)
    if form is Form.JSON:
        from probe.report.bounces_json import to_json
        from probe.report.json import render as in_json

        _print_json(to_json(explanation, exported, comparison, in_json(report)))
    else:
        from probe.cli.terminal import write
        from probe.report.bounces import render_comparison
        from probe.report.layout import BLANK
        from probe.report.text import render

        write([BLANK, *render(report), BLANK, *render_comparison(comparison)], colour=colour)
    return report.verdict.exit_code
