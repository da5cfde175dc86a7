"""From a `Bounce` to what it means.

A reply may hold another, as `450 4.4.317 … [Message=451 5.7.3 STARTTLS is required …]` does. From the outermost to the
innermost, the first whose words decide is believed; where none has such words, the innermost that is known, because
what is around it only says on the way where it was said. A code with several meanings whose words are missing stays
ambiguous: all of them are told.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from probe.errors import UsageError
from probe.exchange.bounces.bounce import Bounce, Kind
from probe.exchange.bounces.checking import command, to_microsoft
from probe.exchange.bounces.meaning import Check, Explanation, Meaning, Party, Row, Told
from probe.exchange.bounces.promises import RESULTS
from probe.exchange.bounces.status import Status
from probe.exchange.bounces.statuses import CHAIN
from probe.exchange.bounces.table import ROWS, codes, rows
from probe.exchange.bounces.windows import BY_NUMBER, BY_WORD, EVENTS

_CHAIN_WORDS = frozenset(status.word for status in CHAIN)
_LOGGING_HOST = (
    "A CAPI2 event tells how the host that LOGGED it judges a certificate, as a rule its own, before it sends it. It "
    "proves nothing about what Exchange Online checks; but a chain that this host cannot complete it cannot send "
    "either, and then the other side finds it incomplete."
)
_NAME_FIRST = (
    "Exchange compares the name before it looks at the chain: a self-signed certificate with a wrong name comes as "
    "SubjectMismatch, and so does the one that Exchange makes for itself."
)
# Towards Exchange Online: what is wrong on the way is on this side of it, as a rule.
_OUTGOING_PARTIES = (Party.ON_PREMISES, Party.DEVICE, Party.EXCHANGE_ONLINE)
_OUTGOING = (
    "Let the sending server reach TCP port 25 of Exchange Online's addresses, through every firewall and NAT.",
    "Exempt that traffic from SMTP inspection, and do not end its TLS in between.",
    "Read the SmtpSend log of the sending server with `probe logs`; probe from that server's network, not from here.",
)
_OTHER_WORDS = (
    "The text has words of its own, and they are none of those that are known with this code: trust them more."
)
_COMPUTER = re.compile(r"CN=[^.,=\s]{1,64}")


def explain(bounce: Bounce) -> Explanation:
    """Everything that it can mean. Raises `UsageError` where its code is not known."""
    meanings = tuple(_meanings(bounce))
    if not meanings:
        raise UsageError(f"the code {bounce.enhanced or bounce.code} is not known here", _near(bounce.enhanced or ""))
    notes = (*_notes(bounce), *((_OTHER_WORDS,) if len(meanings) > 1 and _has_words(bounce) else ()))
    return Explanation(bounce=bounce, meanings=meanings, notes=notes)


def _meanings(bounce: Bounce) -> Iterator[Told]:
    if bounce.event is not None:
        yield _told(EVENTS[bounce.event], bounce)
    elif bounce.result_type is not None:
        yield _told(RESULTS[bounce.result_type], bounce)
    elif bounce.kind is Kind.CAPI2:
        yield _capi2(bounce)
    elif not bounce.replies and (status := _status(bounce)):
        yield _of_status(status, bounce)
    else:
        found, why = _rows(bounce)
        if not found and (status := _status(bounce)):
            yield _of_status(status, bounce)
        for row in found:
            yield _with_status(row, bounce, why)


def _rows(bounce: Bounce) -> tuple[tuple[Row, ...], str]:
    """The rows that apply, and by what they were chosen."""
    for reply in bounce.replies:
        for row in rows(reply.enhanced) if reply.enhanced else ROWS:
            if found := next(filter(None, (_said(word, reply.text) for word in row.words)), None):
                return (row,), f"The text says “{found}”."
            if row.by_status and not row.words and bounce.status in _CHAIN_WORDS:
                return (row,), f"The text says “{bounce.status}”."
    for reply in reversed(bounce.replies):
        if known := rows(reply.enhanced):
            alone = next((row for row in known if not row.words and not row.by_status), None)
            return ((alone,) if alone else _distinct(known)), ""
    for reply in bounce.replies:
        if other := next((row for row in ROWS if any(_said(word, reply.text) for word in row.words)), None):
            return (other,), "The code is not known, but its words are."
    return (), ""


def _said(words: str, text: str) -> str | None:
    """The words as the text has them, in whatever case."""
    found = re.search(re.escape(words), text, re.IGNORECASE)
    return found[0] if found else None


def _distinct(known: tuple[Row, ...]) -> tuple[Row, ...]:
    usual = [row for row in known if not row.aside] or known
    return tuple({row.meaning.title: row for row in usual}.values())


def _with_status(row: Row, bounce: Bounce, why: str) -> Told:
    status = BY_WORD.get((bounce.status or "").casefold())
    if not row.by_status or status is None:
        return replace(_told(row.meaning, bounce), why=why)
    meaning = replace(
        row.meaning,
        title=f"{row.meaning.title}: {status.word}",
        says=f"{row.meaning.says} {status.word}: {status.says[0].lower()}{status.says[1:]}",
        findings=status.findings or row.meaning.findings,
        open=row.meaning.open and not status.findings,
        remedy=(*row.meaning.remedy, *status.remedy),
        doubts=(*row.meaning.doubts, *status.doubts),
        parties=(Party.RECEIVER, Party.ON_PREMISES) if status.own else row.meaning.parties,
    )
    return replace(_told(meaning, bounce), why=why)


def _status(bounce: Bounce) -> Status | None:
    if bounce.status:
        return BY_WORD.get(bounce.status.casefold())
    return BY_NUMBER.get(bounce.hresult) if bounce.hresult is not None else None


def _of_status(status: Status, bounce: Bounce) -> Told:
    meaning = Meaning(
        title=status.title,
        says=status.says,
        parties=(Party.ON_PREMISES,) if status.own else (Party.UNKNOWN,),
        check=Check.LOCAL if status.own else Check.NAME,
        findings=status.findings,
        remedy=status.remedy,
        doubts=status.doubts,
    )
    why = "" if status.own else "Whose certificate or connection it is about, the word does not say: its context does."
    return replace(_told(meaning, bounce), why=why)


def _capi2(bounce: Bounce) -> Told:
    status = BY_NUMBER.get(bounce.hresult) if bounce.hresult is not None else None
    whose = f"This host held the certificate of {bounce.presented} against its policy. " if bounce.presented else ""
    if bounce.hresult is None:
        title, says = "A certificate was checked, and the event does not say with what result", ""
    elif status:
        title, says = f"A certificate was checked on this host: {status.title}", status.says
    elif bounce.hresult == 0:
        title, says = "A certificate was checked on this host and found good", "Nothing is wrong by its rules."
    else:
        title, says = f"A certificate was checked on this host: 0x{bounce.hresult:08X}", "The number is not known here."
    meaning = Meaning(
        title=title,
        says=whose + says,
        parties=(Party.SENDER, Party.ON_PREMISES),
        check=Check.LOCAL,
        findings=status.findings if status else (),
        remedy=status.remedy if status else (),
        doubts=(_LOGGING_HOST, *(status.doubts if status else ())),
    )
    return _told(meaning, bounce)


def _told(meaning: Meaning, bounce: Bounce) -> Told:
    theirs = meaning.check in (Check.HOST, Check.NAME) and bool(to_microsoft(bounce))
    return Told(
        title=meaning.title,
        says=meaning.says,
        why="",
        theirs=theirs,
        open=meaning.open,
        parties=_OUTGOING_PARTIES if theirs else meaning.parties,
        findings=meaning.findings,
        remedy=(*meaning.remedy, *(_OUTGOING if theirs else ())),
        doubts=meaning.doubts,
        check=meaning.check,
        command=command(bounce, meaning.check),
    )


def _has_words(bounce: Bounce) -> bool:
    return any(character.isalpha() for character in bounce.replies[0].text)


def _notes(bounce: Bounce) -> Iterator[str]:
    """What holds whatever it means."""
    if bounce.truncated:
        yield "The text is cut off: what is missing may tell more."
    if bounce.scrubbed:
        yield "Parts of the text were taken out: what is missing may tell more."
    if bounce.further:
        count = "another error, which is" if bounce.further == 1 else f"{bounce.further} more errors, which are"
        yield f"The text holds {count} not explained here: give each by itself."
    if bounce.kind is Kind.CAPI2 and bounce.replies:
        yield f"Beside the event the text says {bounce.code} {bounce.enhanced}: give that line by itself."
    if bounce.recipients > 1:
        yield f"The report tells of {bounce.recipients} recipients; the first is explained."
    if bounce.status == "SubjectMismatch" and bounce.kind is not Kind.CAPI2:
        yield _NAME_FIRST
    if bounce.presented and bounce.kind is not Kind.CAPI2 and _COMPUTER.fullmatch(bounce.presented):
        yield f"{bounce.presented} is a bare computer name: probably the certificate that Exchange made for itself."
    if to_microsoft(bounce) and bounce.kind is not Kind.CAPI2:
        yield f"{bounce.fqdn} is Exchange Online: the sender is a server of ours, or a device in front of it."


def _near(code: str) -> str:
    """A hint for a code that is not known: those of the same subject, by RFC 3463 §3."""
    subject = code.rpartition(".")[0]
    if code.startswith("2."):
        return "codes that begin with 2 say that all went well"
    near = [known for known in codes() if subject and known.startswith(f"{subject}.")]
    if near:
        return f"of the same subject are known: {', '.join(near[:8])}"
    return "the reply's own words may tell more than its code"
