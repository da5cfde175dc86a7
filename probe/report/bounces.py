"""What `probe explain` says of a bounce: for people, 80 columns wide, and as JSON."""

from collections.abc import Iterable, Iterator

import msgspec

from probe.codec import encode
from probe.exchange.bounces import Bounce, Cited, Command, Comparison, Explanation, Outcome, Told
from probe.judge.catalogue import Entry
from probe.judge.catalogue import explain as entry_of
from probe.model import FORMAT, Finding, Verdict, Where
from probe.report.escape import visible
from probe.report.layout import BLANK, MARGIN, WIDTH, Line, Span, body, heading, row, wrapped
from probe.report.remedy import Step, steps
from probe.report.wording import place

IN_FULL = 2  # findings whose remedies are printed; the others are named
_OUTCOMES = {
    Outcome.MENDED: Verdict.OK,
    Outcome.STILL: Verdict.FAIL,
    Outcome.OTHER: Verdict.FAIL,
    Outcome.UNKNOWN: Verdict.UNKNOWN,
}


def render(explanation: Explanation, *, width: int = WIDTH) -> Iterator[Line]:
    """The explanation as lines."""
    bounce, several = explanation.bounce, explanation.ambiguous
    if several:
        codes = _codes(bounce)
        yield from wrapped(
            f"has {len(explanation.meanings)} meanings, and nothing in the text decides between them.",
            width=width,
            indent=len(codes) + 1,
            head=(Span(codes, "strong"),),
        )
    elif codes := _codes(bounce):
        yield (Span(codes, "strong"),)
    told: set[Step] = set()
    for number, meaning in enumerate(explanation.meanings, 1):
        if several:
            yield BLANK
        yield from body(f"{number}. {meaning.title}" if several else meaning.title, width=width, style="strong")
        yield from _meaning(meaning, width)
        if number == 1 and not several:
            yield from _facts(bounce, width)
        yield from _findings(meaning, width)
        yield from _remedy(explanation, meaning, told, width)
        yield from _doubts(meaning.doubts, width)
        if not several:
            yield from _check([meaning.command], width)
    if several:
        yield BLANK
        yield from _facts(bounce, width)
        yield from _check((meaning.command for meaning in explanation.meanings), width)
    if explanation.notes:
        yield BLANK
    for note in explanation.notes:
        yield from body(visible(note, 600), width=width, style="dim")


def render_comparison(comparison: Comparison, *, width: int = WIDTH) -> Iterator[Line]:
    """Then and now, as lines."""
    text = f"The bounce and now: {comparison.outcome}"
    yield from heading(_OUTCOMES[comparison.outcome], text, width=width)
    for sentence in comparison.sentences:
        yield from body(visible(sentence, 600), width=width)


def _codes(bounce: Bounce) -> str:
    return " ".join(filter(None, (bounce.code, bounce.enhanced)))


def _meaning(told: Told, width: int) -> Iterator[Line]:
    if told.says:
        yield from body(visible(told.says, 2000), width=width)
    if told.why:
        yield from body(visible(told.why), width=width, style="dim")
    yield from row("Whose", ", ".join(told.parties), width=width)


def _facts(bounce: Bounce, width: int) -> Iterator[Line]:
    """What the text itself tells of the case."""
    for label, text in (
        ("Tried", place(bounce.fqdn, bounce.ip, bounce.port or 25) if bounce.fqdn or bounce.ip else ""),
        ("Told by", bounce.generating_server or bounce.process or ""),
        ("For", f"recipients in {bounce.domain}" if bounce.domain else ""),
        ("When", f"{bounce.at:%Y-%m-%d %H:%M:%S} UTC" if bounce.at else ""),
        ("Expected", bounce.expected or ""),
        ("Presented" if not bounce.process else "Checked", bounce.presented or ""),
        ("SHA-1", bounce.thumbprint or ""),
    ):
        if text:
            yield from row(label, visible(text), width=width)


def _findings(told: Told, width: int) -> Iterator[Line]:
    label = "Finding"
    for cited in told.findings:
        code, cause = cited
        yield from row(label, f"{code}{f' ({cause})' if cause else ''}: {_entry(cited).title}", width=width)
        label = ""


def _entry(cited: Cited) -> Entry:
    return entry_of(*cited)


def _steps(bounce: Bounce, cited: Cited) -> list[Step]:
    """The remedy of a finding, as if it had been found at the place that the bounce names."""
    code, cause = cited
    stage, _, kind = (cause or "").partition("/")
    facts = (("kind", kind), ("stage", stage)) if kind else (("cause", cause),) if cause else ()
    where = Where(kind="endpoint", host=bounce.fqdn, address=bounce.ip, port=bounce.port or 25)
    return steps([Finding(code=code, verdict=Verdict.FAIL, where=where, facts=facts)], _entry(cited))


def _own(remedy: Iterable[str]) -> Iterator[Step]:
    """The lines of a meaning's own remedy as steps: an instruction, and the commands below it."""
    step: list[str] = []
    for line in remedy:
        if step and not line.startswith(" "):
            yield tuple(step)
            step = []
        step.append(line)
    if step:
        yield tuple(step)


def _remedy(explanation: Explanation, told: Told, known: set[Step], width: int) -> Iterator[Line]:
    """Own steps first, then those of the likeliest findings. Of an ambiguous code the pages are named: which of them
    is to be done is not known yet."""
    in_full = told.findings[: 0 if explanation.ambiguous or told.theirs or told.open else IN_FULL]
    wanted = [*_own(told.remedy), *(step for cited in in_full for step in _steps(explanation.bounce, cited))]
    others = dict.fromkeys(code for code, _ in told.findings if code not in {code for code, _ in in_full})
    if not wanted and not others:
        return
    pages = ", ".join(f"`probe explain {code}`" for code in others)
    yield from row("Fix", "" if wanted else f"see {pages}", width=width)
    for step in dict.fromkeys(wanted):
        if step not in known:
            yield from body(step[0], width=width, margin=2 * MARGIN)
            yield from ((Span(MARGIN + command, "command"),) for command in step[1:])
    known.update(wanted)
    if wanted and pages:
        yield from body(f"Or see {pages}.", width=width, margin=2 * MARGIN)


def _doubts(doubts: Iterable[str], width: int) -> Iterator[Line]:
    for number, doubt in enumerate(doubts):
        yield from row("Doubtful" if number == 0 else "", doubt, width=width)


def _check(commands: Iterable[Command], width: int) -> Iterator[Line]:
    """Each command once, with what is to be said of it."""
    yield from row("Check", "", width=width)
    for text in dict.fromkeys(line for command in commands for line in (command.text, *command.notes) if line):
        if text.startswith("probe "):
            yield (Span(f"{MARGIN * 3}{text}", "command"),)
        else:
            yield from body(visible(text, 600), width=width, margin=2 * MARGIN)


class Page(msgspec.Struct, omit_defaults=True):
    """A finding that a meaning corresponds to. Its remedy is filled in as far as the bounce names the place."""

    code: str
    cause: str | None
    title: str
    remedy: tuple[str, ...]


class Meaning(msgspec.Struct):
    title: str
    says: str
    why: str
    whose: tuple[str, ...]
    findings: tuple[Page, ...]
    remedy: tuple[str, ...]
    doubts: tuple[str, ...]
    command: str | None
    notes: tuple[str, ...]


class Seen(msgspec.Struct):
    outcome: str
    sentences: tuple[str, ...]
    codes: tuple[str, ...]
    report: msgspec.Raw


class Document(msgspec.Struct):
    """The whole answer. `bounce` has every field that could be read."""

    format: int
    bounce: Bounce
    ambiguous: bool
    meanings: tuple[Meaning, ...]
    notes: tuple[str, ...]
    seen: Seen | None = None


def to_json(explanation: Explanation, comparison: Comparison | None = None, report: bytes = b"null") -> bytes:
    """One JSON object without a line break; `report` is the probe's own."""
    bounce = explanation.bounce
    meanings = tuple(
        Meaning(
            title=told.title,
            says=told.says,
            why=told.why,
            whose=tuple(told.parties),
            findings=tuple(
                Page(*cited, _entry(cited).title, tuple(line for step in _steps(bounce, cited) for line in step))
                for cited in told.findings
            ),
            remedy=told.remedy,
            doubts=told.doubts,
            command=told.command.text,
            notes=told.command.notes,
        )
        for told in explanation.meanings
    )
    seen = Seen(comparison.outcome, comparison.sentences, comparison.codes, msgspec.Raw(report)) if comparison else None
    return encode(Document(FORMAT, bounce, explanation.ambiguous, meanings, explanation.notes, seen))
