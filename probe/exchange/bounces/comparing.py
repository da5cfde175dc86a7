"""A bounce beside what a probe sees now: the same certificate or another, the fault still there or gone."""

from collections.abc import Iterator

from probe.exchange.bounces.bounce import Bounce
from probe.exchange.bounces.meaning import Cited, Comparison, Explanation, Outcome
from probe.judge.certificate import parse
from probe.model import Finding, Report, Stage, Verdict

AFTER = (Stage.RESOLVE, Stage.CONNECT)  # where an observation ended that says nothing about TLS


def compare(explanation: Explanation, report: Report) -> Comparison:
    """What the report says of the fault in the bounce."""
    bounce = explanation.bounce
    cited = {cited for told in explanation.meanings if told.command.target for cited in told.findings}
    faults = [found for found in report.findings if found.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN)]
    same = tuple(dict.fromkeys(found.code for found in faults if any(_is(found, one) for one in cited)))
    others = tuple(dict.fromkeys(found.code for found in faults if found.verdict is Verdict.FAIL))
    outcome = _outcome(report, bool(cited), same, others)
    sentences = (*_then(bounce), *_now(bounce, report), *_end(outcome, bounce, same or others))
    return Comparison(outcome=outcome, sentences=sentences, codes=same or others)


def _is(found: Finding, cited: Cited) -> bool:
    """Whether a finding is one of those that the bounce corresponds to. Of what could not be observed the cause counts:
    a connection that times out says nothing of a handshake that failed."""
    code, cause = cited
    if found.code != code:
        return False
    if code == "not-observed":
        return cause in (None, f"{found.fact('stage')}/{found.fact('kind')}")
    return True


def _outcome(report: Report, cited: bool, same: tuple[str, ...], others: tuple[str, ...]) -> Outcome:
    observations = report.evidence.observations
    if same:
        return Outcome.STILL
    looked = [seen for seen in observations if seen.failure is None or seen.failure.stage not in AFTER]
    if not cited or not looked or len(looked) < len(observations):
        return Outcome.UNKNOWN
    if others:
        return Outcome.OTHER
    unseen = any(found.verdict is Verdict.UNKNOWN for found in report.findings)
    return Outcome.UNKNOWN if unseen else Outcome.MENDED


def _then(bounce: Bounce) -> Iterator[str]:
    when = f" of {bounce.at.day} {bounce.at:%B %Y}" if bounce.at else ""
    said = bounce.status or " ".join(filter(None, (bounce.code, bounce.enhanced)))
    showed = (
        f" with {bounce.thumbprint}" if bounce.thumbprint else f" with {bounce.presented}" if bounce.presented else ""
    )
    yield f"The bounce{when} said {said}{showed}."


def _now(bounce: Bounce, report: Report) -> Iterator[str]:
    """Which certificates are presented now, and whether one is that of the bounce."""
    leaves = [parse(seen.chain.der[0]) for seen in report.evidence.observations if seen.chain and seen.chain.der]
    prints = list(dict.fromkeys(leaf.sha1.upper() for leaf in leaves))
    if not prints:
        yield "Now no certificate was seen."
    elif bounce.thumbprint in prints:
        more = f", and {len(prints) - 1} other beside it" if len(prints) > 1 else ""
        yield f"The same certificate is presented still{more}."
    elif len(prints) == 1:
        yield f"Now {prints[0]} is presented{', another certificate' if bounce.thumbprint else ''}."
    else:
        yield f"Now {len(prints)} certificates are presented, by address or by turns: {', '.join(prints[:4])}."
    expected = next((found for found in report.findings if found.code == "certificate-name-matches"), None)
    if expected and not any(found.code == "certificate-host-mismatch" for found in report.findings):
        yield f"Its names fit {expected.fact('expected')}."


def _end(outcome: Outcome, bounce: Bounce, codes: tuple[str, ...]) -> Iterator[str]:
    named = ", ".join(codes)
    match outcome:
        case Outcome.STILL:
            yield f"The fault is still there: {named}."
        case Outcome.OTHER:
            yield f"That fault is gone, but there is another: {named}."
        case Outcome.MENDED:
            again = (
                "The message itself has bounced: send it again."
                if (bounce.code or bounce.enhanced or "").startswith("5")
                else "What still waits in the queue is tried again by itself."
            )
            yield f"Mended, as seen from here. {again}"
        case Outcome.UNKNOWN:
            yield "Whether the fault is gone cannot be said: not everything that it is about could be looked at."
