"""A rehearsal for people: the verdict, what speaks against it, the plan in order, and the ways back. It is made to be
pasted into a change ticket: plain lines, the same for the same input."""

from collections.abc import Iterator, Mapping, Sequence

from probe.judge.catalogue import explain
from probe.judge.hybrid.rehearsal import Rehearsal, Step
from probe.model import Finding, Verdict, known
from probe.report.escape import visible
from probe.report.findings import cases, glance, grouped
from probe.report.layout import BLANK, MARGIN, WIDTH, Line, Span, body, heading, row, unwrapped, wrapped
from probe.report.remedy import REPEATS, written
from probe.report.wording import bounces, cause, count, named

REASONS = 3  # said beside the verdict; the rest is below
_INDENT = 6  # columns where the text of a step begins
_SHELL = (
    "Commands are for the Exchange Management Shell, those below an instruction that says so for Exchange Online "
    "PowerShell, and those that begin with `probe` for any. Nothing was run."
)
_LIMITS = (
    "Rehearsed from the exports alone, and from what the targets showed where any were named: what was not exported "
    "was not rehearsed, and revocation was not looked up."
)


def render(rehearsal: Rehearsal, *, width: int = WIDTH) -> list[Line]:
    """The rehearsal as lines."""
    return [
        *_headline(rehearsal, width),
        *_certificates(rehearsal, width),
        *_faults(rehearsal, width),
        *_held(rehearsal.findings, width),
        *_steps("The plan", rehearsal.steps, width, numbered=True),
        *_steps("The way back: take the last stage that was reached first", rehearsal.back, width, numbered=False),
        *wrapped(_LIMITS, width=width, style="dim"),
    ]


def filled(step: Step) -> tuple[str, tuple[str, ...]]:
    """The instruction, and the commands as they are pasted: the blanks filled in, and repeated for each server."""
    common = dict(step.names.common)
    rows = [{**common, **dict(server)} for server in step.names.servers or ((),)]
    instruction, commands = step.instruction, list[str]()
    for first in range(0, len(rows), REPEATS):  # a plan leaves no server out
        ((instruction, *lines),) = written((step.instruction, *step.commands), rows[first : first + REPEATS])
        commands += lines if lines != commands[-len(lines) :] else []
    return instruction, tuple(command.removeprefix("    ") for command in commands)


def _headline(rehearsal: Rehearsal, width: int) -> Iterator[Line]:
    yield from heading(rehearsal.verdict, f"renewal by {visible(rehearsal.next.subject)}", width=width)
    bad = grouped(found for found in rehearsal.findings if found.verdict is not Verdict.OK)
    for group in bad[:REASONS]:
        for text in glance(group, ""):
            yield from body(text, width=width, hang=2)
    if len(bad) > REASONS:
        yield from body(f"and {count(len(bad) - REASONS, 'more fault')}, see below", width=width)
    if rehearsal.held_on:
        yield from body(
            f"It is the one in use already, {_installed(rehearsal)}{'' if bad else ': nothing to do'}.", width=width
        )
    elif not bad:
        yield from body("Install it, and restart transport: no connector has to change.", width=width)
    yield BLANK


def _certificates(rehearsal: Rehearsal, width: int) -> Iterator[Line]:
    leaf, today = rehearsal.next, rehearsal.today
    yield from row("next", visible(leaf.subject), width=width)
    yield from row("issuer", visible(leaf.issuer), width=width)
    yield from row("names", visible(", ".join(leaf.names)) or "none", width=width)
    yield from row("valid", f"{leaf.not_before:%Y-%m-%d %H:%M} until {leaf.not_after:%Y-%m-%d %H:%M} UTC", width=width)
    yield from row("key", f"{visible(leaf.key)}, signed with {visible(leaf.signature)}", width=width)
    yield from row("SHA-1", leaf.sha1.upper(), width=width)
    yield unwrapped("named", f"{' ' * 4}{visible(rehearsal.identity, 1024)}")
    if rehearsal.held_on:
        yield from row("in use", f"this one already, {_installed(rehearsal)}", width=width)
    elif today:
        until = known(today.not_after)
        subject = f", {visible(known(today.subject) or '')}" if known(today.subject) else ""
        ends = f", valid until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        yield from row("in use", f"{visible(today.thumbprint)}{subject}{ends}", width=width)
    else:
        yield from row("in use", "not known: the exports name none, or several", width=width)
    yield from row("as of", f"{rehearsal.at:%Y-%m-%d %H:%M:%S} UTC; roots: {visible(rehearsal.roots)}", width=width)
    yield BLANK


def _installed(rehearsal: Rehearsal) -> str:
    return f"installed on {named(rehearsal.held_on, most=8)}"


def _faults(rehearsal: Rehearsal, width: int) -> Iterator[Line]:
    """Each with the steps that mend it: commands stand in the plan, once."""
    where = _numbers(rehearsal.steps)
    for group in grouped(found for found in rehearsal.findings if found.verdict is not Verdict.OK):
        first = group[0]
        entry = explain(first.code, cause(first))
        yield from heading(first.verdict, first.code, width=width)
        for text in cases(group, ""):
            yield from body(text, width=width, hang=2)
        yield from body(entry.meaning, width=width, style="dim")
        for place, words in enumerate(_words(bounces(first, entry))):
            yield from row("Exchange" if place == 0 else "", words, width=width)
        if first.code in where:
            yield from row("Plan", where[first.code], width=width)
        else:
            instructions = (line for line in entry.remedy if not line.startswith(" "))
            for place, line in enumerate(instructions):
                yield from row("Fix" if place == 0 else "", line, width=width)
        yield BLANK


def _words(known_words: Sequence[str]) -> Sequence[str]:
    """Of Exchange's words today's, the older ones, and those of one's own server."""
    others = (words for words in known_words if words.startswith(("450 4.7.320 ", "454 ")))
    return tuple(dict.fromkeys((*known_words[:1], *others)))


def _numbers(steps: Sequence[Step]) -> Mapping[str, str]:
    """By code, which steps mend it: "steps 2, 5 and 6"."""
    found: dict[str, list[int]] = {}
    for number, step in enumerate(steps, 1):
        for code in step.answers:
            found.setdefault(code, []).append(number)
    return {code: _listed(numbers) for code, numbers in found.items()}


def _listed(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"steps {', '.join(most)} and {last}" if most else f"step {last}"


def _held(findings: Sequence[Finding], width: int) -> Iterator[Line]:
    """What need not change, said out: in a ticket a code alone says nothing."""
    good = [found for found in findings if found.verdict is Verdict.OK]
    if good:
        yield from heading(Verdict.OK, "what holds, or need not change", width=width, style="")
        for group in grouped(good):
            for text in cases(group, ""):
                yield from body(text, width=width, hang=2, style="dim")
        yield BLANK


def _steps(title: str, steps: Sequence[Step], width: int, *, numbered: bool) -> Iterator[Line]:
    if not steps:
        return
    yield (Span(title, "strong"),)
    if numbered:
        yield from body(_SHELL, width=width, style="dim")
    yield BLANK
    for number, step in enumerate(steps, 1):
        instruction, commands = filled(step)
        head = (Span(f"{number:>4}." if numbered else "   -", "label"),)
        yield from wrapped(visible(instruction), width=width, indent=_INDENT, head=head)
        if step.why:
            yield from body(visible(step.why, 2048), width=width, margin=" " * _INDENT, style="dim")
        yield from ((Span(f"{MARGIN * 4}{command}", "command"),) for command in commands)
        yield BLANK
