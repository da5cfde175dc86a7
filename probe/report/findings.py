"""What is wrong and how to mend it, gravest first; then what is as it should be.

The same fault at several places is explained once, and commands that one fault gave are not repeated for the next: a
report with three faults of one cause would otherwise be three times as long and no wiser.
"""

from collections.abc import Iterable, Iterator

from probe.judge.catalogue import Entry, explain
from probe.model import Finding, Report, RuleBook, Verdict
from probe.report.escape import visible
from probe.report.layout import BLANK, MARGIN, Line, Span, body, heading, row
from probe.report.wording import case, cause, sentence

Group = list[Finding]
Step = tuple[str, ...]  # an instruction and its commands

# Exchange Online puts the facts of the case into its bounces. So do we: it is the line that the user has before him.
BLANKS = {"expected": "Expected Subject: …", "subject": "Presented Subject: …", "thumbprint": "Thumbprint: …"}


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """What is explained together: the same fault, at however many places, in the order given."""
    groups: dict[object, Group] = {}
    for finding in findings:
        key = (finding.code, cause(finding), finding.verdict, finding.rule_book)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def cases(group: Group, near: str) -> Iterator[str]:
    """The sentences of a group, each once, with all the places where it is so; `near` goes without saying."""
    said: dict[str, Group] = {}
    for finding in group:
        said.setdefault(sentence(finding), []).append(finding)
    return (case(findings, near) for findings in said.values())


def faults(report: Report, *, verbosity: int, width: int) -> Iterator[Line]:
    """Every fault: where it is, what it means, what Exchange Online says, what to do."""
    told: set[Step] = set()
    for group in grouped(finding for finding in report.findings if finding.verdict is not Verdict.OK):
        finding = group[0]
        entry = explain(finding.code, cause(finding))
        book = ", by Exchange Online's rules" if finding.rule_book is RuleBook.EXCHANGE_ONLINE else ""
        yield from heading(finding.verdict, finding.code + book, width=width)
        for text in cases(group, report.target.name):
            yield from body(text, width=width, hang=2)
        yield from body(entry.meaning, width=width, style="dim")
        if verbosity > 0 or cause(finding) not in entry.causes:  # otherwise the meaning is the cause's own
            yield from row("Cause", entry.cause, width=width)
        yield from _quotes(finding, entry, verbosity, width)
        yield from _remedy(entry, told, width)
        if verbosity > 0:
            yield from _references(entry, width)
        yield BLANK


def held(report: Report, *, verbosity: int, width: int) -> Iterator[Line]:
    """What is as it should be: the codes, with -v the facts."""
    good = grouped(finding for finding in report.findings if finding.verdict is Verdict.OK)
    if not good:
        return
    if verbosity > 0:
        for group in good:
            yield from heading(Verdict.OK, group[0].code, width=width, style="")
            for text in cases(group, report.target.name):
                yield from body(text, width=width, hang=2, style="dim")
    else:
        yield from heading(Verdict.OK, ", ".join(dict.fromkeys(map(_note, good))), width=width, style="")
    yield BLANK


def _note(group: Group) -> str:
    """A code among those that hold; a fault that the connector's own level excuses is no praise."""
    excuse = group[0].fact("excused_by")
    return f"{group[0].code} (excused by {visible(excuse)})" if excuse else group[0].code


def _quotes(finding: Finding, entry: Entry, verbosity: int, width: int) -> Iterator[Line]:
    """Exchange Online's words: today's, and those of before 2023 where they differ. With -v all that are known."""
    today = entry.exchange_online[:1]
    older = tuple(text for text in entry.exchange_online if text.startswith("450 4.7.320"))
    label = "Exchange"
    for text in entry.exchange_online if verbosity > 0 else dict.fromkeys((*today, *older)):
        for key, blank in BLANKS.items():
            if fact := finding.fact(key):
                text = text.replace(blank, blank.replace("…", visible(fact)))
        yield from row(label, text, width=width)
        label = ""


def _remedy(entry: Entry, told: set[Step], width: int) -> Iterator[Line]:
    """The steps, each an instruction with its commands, which are never wrapped: they are for pasting."""
    steps = list(_steps(entry.remedy))
    if not steps:
        return
    if told.issuperset(steps):
        yield from row("Fix", "as above", width=width)
        return
    yield from row("Fix", "", width=width)
    for step in steps:
        instruction, *commands = step
        if step not in told:
            yield from body(instruction, width=width, margin=2 * MARGIN)
            yield from ((Span(MARGIN + command, "command"),) for command in commands)
        elif commands:
            yield from body(f"{instruction.rstrip(':.')}, as above.", width=width, margin=2 * MARGIN)
    told.update(steps)


def _steps(remedy: Iterable[str]) -> Iterator[Step]:
    step: list[str] = []
    for line in remedy:
        if step and not line.startswith(" "):
            yield tuple(step)
            step = []
        step.append(line)
    if step:
        yield tuple(step)


def _references(entry: Entry, width: int) -> Iterator[Line]:
    if entry.tlsrpt:
        yield from row("TLS-RPT", entry.tlsrpt, width=width)
    if entry.hresult:
        yield from row("Windows", entry.hresult, width=width)
    yield from row("See", "; ".join(entry.references), width=width)
