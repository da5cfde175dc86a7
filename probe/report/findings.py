"""What is wrong and how to mend it, gravest first; then what is as it should be.

The same fault at several places is explained once, and commands that one fault gave are not repeated for the next: a
report with three faults of one cause would otherwise be three times as long and no wiser.
"""

from collections.abc import Container, Iterable, Iterator, Sequence

from probe.judge.catalogue import Entry, explain
from probe.model import Finding, Report, RuleBook, Verdict
from probe.report.escape import visible
from probe.report.layout import BLANK, MARGIN, Line, Span, body, heading, row, wrapped
from probe.report.remedy import Step, steps
from probe.report.rollover import to_paste
from probe.report.wording import bounces, case, cause, count, places, sentence

Group = list[Finding]

NAME_FINDINGS = ("certificate-host-mismatch", "certificate-name-matches")  # on which the two rule books differ
NOTES = (
    "excused_by",
    "rfc_9525",
    "doubt",
    "ambiguous",
    "unsaid",
)  # facts by which something that holds is not simply good
# By whose demands it was judged: nobody should have to ask for that.
BY_WHOM = ("connector-applies", "connector-ambiguous", "connector-goes-elsewhere", "connector-none")
BY_PROMISE = {"DANE": "4.7.32", "MTA-STS": "4.7.5 "}  # how its words for each begin
REASONS = 3  # said beside the verdict; the rest is below
QUIET = 7  # columns of a verdict where verdicts stand under one another
AT_A_GLANCE = 2  # sentences of one fault, and places of each, where there is no room for all


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """What is explained together: the same fault, at however many places, in the order given."""
    groups: dict[object, Group] = {}
    for finding in findings:
        key = (finding.code, cause(finding), finding.verdict, finding.rule_book)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def cases(group: Group, near: str) -> Iterator[str]:
    """The sentences of a group, each once, with all the places where it is so; `near` goes without saying."""
    return (case(findings, near) for findings in _said(group))


def glance(group: Group, near: str) -> Iterator[str]:
    """The same in short: no place is passed over in silence, but few are named, and few sentences given."""
    first, *others = said = _said(group)
    if len(said) <= AT_A_GLANCE:
        yield from (case(findings, near, AT_A_GLANCE) for findings in said)
    else:
        rest = places((finding for findings in others for finding in findings), near, 1)
        yield case(first, near, 1) + (f"; likewise at {rest}" if rest else f"; and {len(others)} more of the kind")


def _said(group: Group) -> list[Group]:
    """Those of which the same sentence is true, together."""
    said: dict[str, Group] = {}
    for finding in group:
        said.setdefault(sentence(finding), []).append(finding)
    return list(said.values())


def outline(report: Report, what: str, width: int) -> Iterator[Line]:
    """The verdict on `what`, and the codes of all that is wrong: the whole report where nobody wants more."""
    codes = ", ".join(dict.fromkeys(finding.code for finding in report.findings if finding.verdict is not Verdict.OK))
    head = (Span(f"{report.verdict:<{QUIET}}", report.verdict),)
    yield from wrapped(f"{what}  {codes}".rstrip(), width=width, indent=QUIET + 2, head=head)


def reasons(findings: Iterable[Finding], near: str, width: int) -> Iterator[Line]:
    """For each of the gravest faults where and why, to stand below the verdict."""
    bad = grouped(finding for finding in findings if finding.verdict is not Verdict.OK)
    for group in bad[:REASONS]:
        for text in glance(group, near):
            yield from body(text, width=width, hang=2)
    if len(bad) > REASONS:
        yield from body(f"and {count(len(bad) - REASONS, 'more fault')}, see below", width=width)


def faults(
    findings: Iterable[Finding], near: str, *, verbosity: int, width: int, implied: Container[Finding] = ()
) -> Iterator[Line]:
    """Every fault: where it is, what it means, what Exchange Online says, what to do. `near` goes without saying. What
    is `implied` by a fault above it is mended with that, and explained with -v alone."""
    told: set[Step] = set()
    for group in grouped(finding for finding in findings if finding.verdict is not Verdict.OK):
        finding = group[0]
        entry = explain(finding.code, cause(finding))
        yield from heading(finding.verdict, finding.code + _book(finding), width=width)
        for text in cases(group, near):
            yield from body(text, width=width, hang=2)
        if verbosity <= 0 and all(one in implied for one in group):
            yield from row("Fix", "as above", width=width)
            yield BLANK
            continue
        yield from body(entry.meaning, width=width, style="dim")
        if verbosity > 0 or cause(finding) not in entry.causes:  # otherwise the meaning is the cause's own
            yield from row("Cause", entry.cause, width=width)
        yield from _quotes(finding, entry, verbosity, width)
        yield from _records(group, width)
        yield from _remedy(steps(group, entry), told, width)
        if verbosity > 0:
            yield from _references(entry, width)
        yield BLANK


def held(findings: Iterable[Finding], near: str, *, verbosity: int, width: int) -> Iterator[Line]:
    """What is as it should be: the codes, with -v the facts."""
    good = grouped(finding for finding in findings if finding.verdict is Verdict.OK)
    if not good:
        return
    if verbosity > 0:
        for group in good:
            yield from heading(Verdict.OK, _code(group[0]), width=width, style="")
            for text in cases(group, near):
                yield from body(text, width=width, hang=2, style="dim")
    else:
        yield from heading(Verdict.OK, ", ".join(dict.fromkeys(map(_note, good))), width=width, style="")
        for group in good:
            noted = [finding for finding in group if finding.code in BY_WHOM or any(map(finding.fact, NOTES))]
            for text in glance(noted, near) if noted else ():
                yield from body(text, width=width, hang=2, style="dim")
    yield BLANK


def _book(finding: Finding) -> str:
    if finding.rule_book is RuleBook.EXCHANGE_ONLINE:
        return ", by Exchange Online's rules"
    return ", by RFC 9525" if finding.code in NAME_FINDINGS else ""


def _code(finding: Finding) -> str:
    """Of what holds, with its book where that is part of what is said."""
    return finding.code + (_book(finding) if finding.code in NAME_FINDINGS else "")


def _note(group: Group) -> str:
    """A code among those that hold; a fault that the connector's own level excuses is no praise."""
    excuse = group[0].fact("excused_by")
    return f"{group[0].code} (excused by {visible(excuse)})" if excuse else group[0].code


def _quotes(finding: Finding, entry: Entry, verbosity: int, width: int) -> Iterator[Line]:
    """Exchange Online's words: where a promise is at stake, those for it; else today's, and those of before 2023 where
    they differ. With -v all that are known."""
    words = bounces(finding, entry)
    required = (finding.fact("required_by") or "").partition(" ")[0]
    promised = [text for text in words if required in BY_PROMISE and text.startswith(BY_PROMISE[required])]
    older = [text for text in words if text.startswith("450 4.7.320")]
    label = "Exchange"
    for text in words if verbosity > 0 else promised or dict.fromkeys((*words[:1], *older)):
        yield from row(label, text, width=width)
        label = ""


def _records(group: Group, width: int) -> Iterator[Line]:
    """The lines of a zone that would mend it."""
    lines = dict.fromkeys(line for finding in group if (line := finding.fact("publish") or "").startswith("_"))
    if lines:
        yield from row("Publish", "", width=width)
        yield from map(to_paste, lines)


def _remedy(wanted: Sequence[Step], told: set[Step], width: int) -> Iterator[Line]:
    """The steps, each an instruction with its commands, which are never wrapped: they are for pasting."""
    if not wanted:
        return
    if told.issuperset(wanted):
        yield from row("Fix", "as above", width=width)
        return
    yield from row("Fix", "", width=width)
    for step in wanted:
        instruction, *commands = step
        if step not in told:
            yield from body(instruction, width=width, margin=2 * MARGIN)
            yield from ((Span(MARGIN + command, "command"),) for command in commands)
        elif commands:
            yield from body(f"{instruction.rstrip(':.')}, as above.", width=width, margin=2 * MARGIN)
    told.update(wanted)


def _references(entry: Entry, width: int) -> Iterator[Line]:
    if entry.tlsrpt:
        yield from row("TLS-RPT", entry.tlsrpt, width=width)
    if entry.hresult:
        yield from row("Windows", entry.hresult, width=width)
    yield from row("See", "; ".join(entry.references), width=width)
