"""What `probe explain` says of a bounce, for people, 80 columns wide. As JSON: `bounces_json`."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from probe.exchange.bounces import Bounce, Cited, Command, Comparison, Explanation, Kind, Outcome, Told
from probe.judge.catalogue import Entry
from probe.judge.catalogue import explain as entry_of
from probe.model import Finding, Names, Verdict, Where
from probe.report.escape import visible
from probe.report.findings import glance, grouped
from probe.report.layout import BLANK, MARGIN, WIDTH, Line, Span, body, heading, row, wrapped
from probe.report.remedy import Step, steps, written
from probe.report.wording import cause, place

if TYPE_CHECKING:
    from probe.exchange.bounces.beside import Exported

IN_FULL = 2  # findings whose remedies are printed; the others are named
_OUTCOMES = {
    Outcome.MENDED: Verdict.OK,
    Outcome.STILL: Verdict.FAIL,
    Outcome.OTHER: Verdict.FAIL,
    Outcome.UNKNOWN: Verdict.UNKNOWN,
}


def render(explanation: Explanation, exported: "Exported | None" = None, *, width: int = WIDTH) -> Iterator[Line]:
    """The explanation as lines; `exported` is what the organisation's exports tell."""
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
            yield from _exports(exported, width)
        yield from _findings(meaning, width)
        yield from _remedy(explanation, meaning, exported, told, width)
        yield from _doubts(meaning.doubts, width)
        if not several:
            yield from _check([meaning.command], width)
    if several:
        yield BLANK
        yield from _facts(bounce, width)
        yield from _exports(exported, width)
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
    if bounce.kind is Kind.CAPI2:
        return ""  # what stands beside an event is not what is explained
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
        ("Told by", ", ".join(filter(None, (bounce.generating_server, bounce.process)))),
        ("For", f"recipients in {bounce.domain}" if bounce.domain else ""),
        ("When", _when(bounce)),
        ("Expected", bounce.expected or ""),
        ("Presented" if not bounce.process else "Checked", bounce.presented or ""),
        ("SHA-1", bounce.thumbprint or ""),
    ):
        if text:
            yield from row(label, visible(text), width=width)


def _when(bounce: Bounce) -> str:
    """The time, and by whose clock: a last retry is written without one, and only Exchange Online's is surely UTC."""
    if bounce.at is None:
        return ""
    written = f"{bounce.at:%Y-%m-%d %H:%M:%S}"
    return (
        f"{written}, by the sender's clock (Exchange Online's is UTC)" if bounce.at == bounce.lrt else f"{written} UTC"
    )


def _exports(exported: "Exported | None", width: int) -> Iterator[Line]:
    """What the organisation's exports tell, and what in them may be why."""
    if exported is None:
        return
    label = "Exports"
    for sentence in exported.sentences:
        yield from row(label, visible(sentence, 600), width=width)
        label = ""
    for group in grouped(exported.faults or exported.held):
        for text in glance(group, ""):
            yield from row(label, f"{group[0].code}: {text}", width=width)
            label = ""


def _findings(told: Told, width: int) -> Iterator[Line]:
    label = "Finding"
    for cited in told.findings:
        code, which = cited
        yield from row(label, f"{code}{f' ({which})' if which else ''}: {entry(cited).title}", width=width)
        label = ""


def entry(cited: Cited) -> Entry:
    """The catalogue's entry on a finding and its cause."""
    return entry_of(*cited)


def of_finding(bounce: Bounce, cited: Cited, exported: "Exported | None") -> list[Step]:
    """The remedy of a finding, as if it had been found at the place that the bounce names."""
    code, which = cited
    stage, _, kind = (which or "").partition("/")
    facts = (("kind", kind), ("stage", stage)) if kind else (("cause", which),) if which else ()
    where = Where(kind="endpoint", host=bounce.fqdn, address=bounce.ip, port=bounce.port or 25)
    names = exported.names if exported else Names()
    return steps([Finding(code=code, verdict=Verdict.FAIL, where=where, facts=facts, names=names)], entry(cited))


def of_meaning(told: Told, exported: "Exported | None") -> list[Step]:
    """The steps of the meaning's own remedy."""
    names = exported.names if exported else Names()
    return written(told.remedy, [{**dict(names.common), **dict(server)} for server in names.servers or ((),)])


def _of_exports(exported: "Exported | None") -> Iterator[Step]:
    """The steps against what is wrong in the exports."""
    for group in grouped(exported.faults)[:IN_FULL] if exported else ():
        yield from steps(group, entry_of(group[0].code, cause(group[0])))


def _remedy(
    explanation: Explanation, told: Told, exported: "Exported | None", known: set[Step], width: int
) -> Iterator[Line]:
    """What the exports show to be wrong first, then own steps, then those of the likeliest findings. Of an ambiguous
    code the pages are named: which of them is to be done is not known yet."""
    in_full = told.findings[: 0 if explanation.ambiguous or told.theirs or told.open else IN_FULL]
    wanted = [
        *_of_exports(exported),
        *of_meaning(told, exported),
        *(step for cited in in_full for step in of_finding(explanation.bounce, cited, exported)),
    ]
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
