"""From text to a `Bounce`: which form it has, and what each form says.

The surest form is tried first: XML of an event, a whole report, the fields of a last error, a reply; then the single
words. Every pattern here is bounded and without nested repetition, because the text comes from anywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from probe.errors import UsageError
from probe.exchange.bounces import fields
from probe.exchange.bounces.bounce import Bounce, Kind, Reply
from probe.exchange.bounces.capi2 import is_capi2, read_capi2
from probe.exchange.bounces.clean import clean, from_html, joined, looks_like_html, masked
from probe.exchange.bounces.pieces import Joining, is_square, joinings, pieces
from probe.exchange.bounces.promises import RESULTS
from probe.exchange.bounces.report import is_report, read_report
from probe.exchange.bounces.table import ROWS
from probe.exchange.bounces.windows import BY_NAME, BY_NUMBER, BY_WORD, EVENTS

MOST = 65_536  # characters in which a reply is looked for; who asks about one puts it first
MOST_REPLIES = 16  # in one text
ENTRY = 2000  # characters of a reply with all that is nested in it
SHOWN = 2000  # characters of text that are kept for showing

_REPLY = re.compile(r"(?<![\w.#-])(?:([245]\d\d)[ -]#?)?#?([245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)")
_BARE = re.compile(r"(?<![\w.#-])([245]\d\d)[ -](?=[A-Za-z])")
_HRESULT = re.compile(r"(?<![\w.])(?:0[xX])?([0-9A-Fa-f]{8})(?!\w)|(?<![\w.])(-2\d{9})(?!\w)")
_NAME = re.compile(r"\b(?:CERT|SEC|TRUST|CRYPT)_[EI]_[A-Z_]{2,40}\b")
_EVENT = re.compile(r"\bevent(?:[ -]?id)?[ :=#]{0,3}(\d{1,5})\b", re.IGNORECASE)
_KEYED = re.compile(
    r"(?:\[Message=|\{MSG=|Reason: ?|ChainValidityStatus ?= ?'?|validation status: ?'?|failed with error '?|"
    r"Security status '?|failed with status '?|due to |Status=')([A-Za-z]{4,30})\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\b[A-Z][A-Za-z]{4,30}\b")
_TOO_COMMON = frozenset({"valid", "revoked"})  # as words of English they prove nothing
_TYPE = re.compile(r"\b[A-Za-z]{2,20}(?:[-_][A-Za-z]{2,20}){1,4}\b")
_LOG = re.compile(
    r"\brelay=|\bstatus=(?:bounced|deferred)\b|\bH=[^\s]{1,300} \[|\bhost [^\s\[]{1,300}\[[^\]\s]{1,300}\] said",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"MX hosts of ([\w.-]{1,253}) failed|\b(?:to|rcpt to|for)[=:]? ?<?…@([\w.-]{1,253})|(?:\*\*|==) …@([\w.-]{1,253})",
    re.IGNORECASE,
)


def read(text: str) -> Bounce:
    """What the text says. Raises `UsageError` where nothing in it is known."""
    cleaned = clean(text).strip()
    if not cleaned:
        raise UsageError("there is nothing to explain", 'give it a code, as in `probe explain "550 5.7.64"`')
    bounce = _read(cleaned)
    if bounce is None:
        shown = masked(joined(cleaned[:400]))
        raise UsageError(
            f"nothing in `{shown[:80]}{'…' if len(shown) > 80 else ''}` is known",
            "it takes a reply (550 5.7.64 …), an enhanced code, a last error, a whole report, an event's XML, an "
            "HRESULT, a status word, or a finding's code: `probe explain` lists those",
        )
    return bounce


def _read(text: str) -> Bounce | None:
    if is_capi2(text):
        return _capi2(masked(text))
    if is_report(text):
        return _report(text)  # which masks what it decodes
    text = masked(from_html(text) if looks_like_html(text) else text)
    return _entry(text) or _word(joined(text))


def _capi2(text: str) -> Bounce:
    event = read_capi2(text)
    known = BY_NUMBER.get(event.result) if event.result is not None else None
    return Bounce(
        kind=Kind.CAPI2,
        text=joined(text)[:SHOWN],
        replies=tuple(reply for reply in _replies(joined(text[:MOST])) if reply.code),
        status=(known.word or None) if known else None,
        hresult=event.result,
        presented=event.subject,
        thumbprint=event.thumbprint,
        process=event.process,
        generating_server=event.computer,
        at=event.at,
    )


def _report(text: str) -> Bounce | None:
    report = read_report(text)
    found = _entry(report.entry) or _word(joined(report.entry[:ENTRY]))
    if found is None:
        return None
    return replace(
        found,
        kind=Kind.NDR,
        generating_server=report.generating_server,
        remote_server=report.remote_server,
        fqdn=found.fqdn or report.remote_server,
        domain=report.domain or found.domain,
        recipients=report.recipients,
        at=found.at or report.date,
    )


def _entry(text: str) -> Bounce | None:
    """The first reply or last error of the text."""
    found = [bounce for piece in pieces(text[:MOST]) if (bounce := _piece(piece))]
    return replace(found[0], further=len(found) - 1) if found else None


def _piece(text: str) -> Bounce | None:
    """One error, its lines joined in the way that tells most; of equals the first."""
    best, most = None, -1
    for joining, line in joinings(text):
        found = _one_line(line)
        known = _known(found) + (joining is Joining.CUT and is_square(text)) if found else -1
        if known > most:
            best, most = found, known
    return best


def _known(bounce: Bounce) -> int:
    """How much was understood: more of it tells that lines were put together as they were."""
    values = (bounce.status, bounce.fqdn, bounce.ip, bounce.lrt, bounce.thumbprint, bounce.expected, bounce.domain)
    lowered = bounce.text.casefold()
    telling = sum(words in lowered for row in ROWS for words in row.words)
    return len(bounce.replies) + telling + sum(value is not None for value in values)


def _one_line(text: str) -> Bounce | None:
    pairs = fields.pairs(text)
    replies = _replies(text)
    if not replies and not pairs:
        return None
    ip, port = fields.address_in(text)
    if not ip:
        ip, port = fields.address_and_port(pairs.get("ip", ""))
    expected, presented, thumbprint = fields.certificate_in(text)
    lrt = fields.time_in(pairs.get("lrt", ""))
    domain = _DOMAIN.search(text)
    kind = Kind.LAST_ERROR if pairs else Kind.LOG if _LOG.search(text) else Kind.REPLY
    return Bounce(
        kind=kind,
        text=text[:SHOWN],
        replies=replies,
        status=_status(text),
        message=fields.bracketed(text, "Message"),
        led=pairs.get("led") or None,
        msg=pairs.get("msg") or None,
        fqdn=fields.host_in(text) or fields.host_of(pairs.get("fqdn", "")),
        ip=ip,
        port=port,
        lrt=lrt,
        at=fields.exact_time_in(text) or lrt,
        expected=expected,
        presented=presented,
        thumbprint=thumbprint,
        hresult=_hresult(text, marked=True),
        domain=fields.host_of(next(filter(None, domain.groups()), "")) if domain else None,
        truncated=fields.is_cut(text),
        scrubbed=fields.is_scrubbed(text),
    )


def _replies(text: str) -> tuple[Reply, ...]:
    """The replies in the text, outermost first. Codes with a basic one are surer than those without; what went well
    before the fault, as in a dialogue, is left out."""
    found = [match for match, _ in zip(_REPLY.finditer(text), range(MOST_REPLIES * 4), strict=False)]
    found = [match for match in found if match[1]] or found
    found = [match for match in found if not match[2].startswith("2")] or found
    replies: dict[tuple[str | None, str], Reply] = {}
    for match in found:
        reply = Reply(code=match[1], enhanced=match[2], text=text[match.end() : match.end() + ENTRY].strip())
        replies.setdefault((reply.code, reply.enhanced), reply)
    return tuple(replies.values())[:MOST_REPLIES]


def _status(text: str) -> str | None:
    """The status word, where it stands behind one of its keys; else wherever it stands."""
    keyed = (found[1].casefold() for found in _KEYED.finditer(text))
    loose = (found[0].casefold() for found in _WORD.finditer(text) if found[0].casefold() not in _TOO_COMMON)
    for words in (keyed, loose):
        if known := next((BY_WORD[word] for word in words if word in BY_WORD), None):
            return known.word
    return None


def _hresult(text: str, *, marked: bool) -> int | None:
    """A number that Windows gives a fault, or its name. `marked`: only where `0x` says that it is hexadecimal."""
    if name := next((found[0] for found in _NAME.finditer(text) if found[0] in BY_NAME), None):
        return BY_NAME[name].number
    for found in _HRESULT.finditer(text):
        if found[2]:
            number = int(found[2]) & 0xFFFFFFFF
        elif marked and not found[0].lower().startswith("0x"):
            continue
        else:
            number = int(found[1], 16)
        if number in BY_NUMBER:
            return number
    return None


def _word(text: str) -> Bounce | None:
    """An HRESULT, a status, an event, a result type; else a reply without an enhanced code, by its words."""
    bounce = Bounce(kind=Kind.STATUS, text=text[:SHOWN])
    bare = text.strip(" .,;:'\"`()[]").casefold()
    if result := next((word for word in (bare, *_types(text)) if word in RESULTS), None):
        return replace(bounce, kind=Kind.RESULT_TYPE, result_type=result)
    if (event := _EVENT.search(text)) and int(event[1]) in EVENTS:
        return replace(bounce, kind=Kind.EVENT, event=int(event[1]))
    if (number := _hresult(text, marked=False)) is not None:
        return replace(bounce, kind=Kind.HRESULT, hresult=number, status=BY_NUMBER[number].word or None)
    if known := BY_WORD.get(bare):
        return replace(bounce, status=known.word)
    if word := _status(text):
        return replace(bounce, status=word)
    lowered = text[:ENTRY].casefold()
    for row in ROWS:
        if any(words in lowered for words in row.words):
            basic = _BARE.search(text)
            reply = Reply(code=basic[1] if basic else None, enhanced="", text=text[:ENTRY])
            return replace(bounce, kind=Kind.REPLY, replies=(reply,))
    return None


def _types(text: str) -> Iterator[str]:
    """What could be a result type, as a line of a TLSRPT report has it. A reason tells more than its type."""
    words = [found[0].casefold() for found in _TYPE.finditer(text[:ENTRY])]
    return iter(sorted(words, key=lambda word: "_" not in word))
