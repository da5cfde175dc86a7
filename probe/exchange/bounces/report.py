"""Whole non-delivery reports: MIME messages of RFC 3462 and 3464, or their text as a mail program shows it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_string
from email.message import Message
from email.utils import parsedate_to_datetime

from probe.exchange.bounces.clean import clean, from_html, looks_like_html, masked
from probe.exchange.bounces.fields import host_of

MOST_PARTS = 100  # of a message; a report has three, and what is nested deeper is nobody's report
MOST_BOUNDARIES = 20
MOST_RECIPIENTS = 1000
DETAILS = 20_000  # characters of the details for administrators

_HEADERS = re.compile(r"\A\s*(?:From [^\n]*\n)?(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]*\n(?:[ \t][^\n]*\n){0,200}){2}")
_FIELD = re.compile(r"^(Diagnostic-Code|Status|Remote-MTA|Reporting-MTA|Final-Recipient):[ \t]*([^\n]*)", re.MULTILINE)
_DETAILS = re.compile(
    r"Diagnostic information for administrators|More Info for Email Admins|Error Details", re.IGNORECASE
)
_BEHIND = re.compile(r"Original message headers|Message Hops|Received: from", re.IGNORECASE)
_GENERATING = re.compile(r"Generating server:\s*([^\s<>]{1,253})", re.IGNORECASE)
_FAILED = re.compile(
    r"(?:delivery has failed to these recipients|couldn't be delivered|Your message to)[^@]{0,300}…@([\w.-]{1,253})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report says: `entry` is the reply with the details for administrators, in which replies are looked for."""

    entry: str
    generating_server: str | None = None
    remote_server: str | None = None
    domain: str | None = None
    recipients: int = 1
    date: datetime | None = None


@dataclass(slots=True)
class _Seen:
    status: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    recipients: int = 0


def is_report(text: str) -> bool:
    """Whether the text is a report: a message with its headers, or the telling words of one."""
    lowered = text[:200_000].lower()
    if "content-type:" in lowered and _HEADERS.match(text):
        return True
    return "diagnostic-code:" in lowered or "generating server:" in lowered or bool(_DETAILS.search(lowered))


def read_report(text: str) -> Report:
    """The report in the text, whatever its form."""
    seen, date = _Seen(), None
    if _HEADERS.match(text) and text.lower().count("boundary=") <= MOST_BOUNDARIES:
        try:
            message = message_from_string(text.lstrip())
            date = _date(message)
            _walk(message, seen)
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            seen = _Seen()  # built to break parsers: read it as the text that it is as well
    if not seen.texts and not seen.status:
        seen.texts.append(from_html(text) if looks_like_html(text) else text)
        for name, value in _FIELD.findall(text):
            seen.status.setdefault(name.lower(), masked(value))
    return _told(seen, date)


def _walk(message: Message, seen: _Seen) -> None:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for block in _blocks(part):
                if block.get("Final-Recipient") or block.get("Original-Recipient"):
                    seen.recipients += 1
                for name in ("Diagnostic-Code", "Status", "Remote-MTA", "Reporting-MTA", "Final-Recipient"):
                    if value := block.get(name):
                        seen.status.setdefault(name.lower(), masked(str(value))[:4000])
        elif kind in ("message/rfc822", "text/rfc822-headers"):
            return  # what follows is the message that came back
        elif kind in ("text/plain", "text/html") and len(seen.texts) < 3:
            shown = _content(part)
            seen.texts.append(from_html(shown) if kind == "text/html" else shown)


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload[:MOST_RECIPIENTS] if isinstance(block, Message))


def _content(part: Message) -> str:
    if part.get("Content-Transfer-Encoding", "").strip().lower() not in ("base64", "quoted-printable"):
        payload = part.get_payload()
        return payload if isinstance(payload, str) else ""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:  # a charset that nobody knows
        return raw.decode("latin-1")


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message.get("Date", ""))[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _told(seen: _Seen, date: datetime | None) -> Report:
    text = masked(clean("\n".join(seen.texts)))
    status = seen.status
    diagnostic = status.get("diagnostic-code", "").partition(";")[2] or status.get("diagnostic-code", "")
    recipient = status.get("final-recipient", "")
    failed = _FAILED.search(text[:DETAILS])
    generating = _GENERATING.search(text)
    return Report(
        entry="\n".join(filter(None, (diagnostic.strip(), _details(text, diagnostic), status.get("status", "")))),
        generating_server=host_of(generating[1]) if generating else _mta(status.get("reporting-mta")),
        remote_server=_mta(status.get("remote-mta")),
        domain=host_of(recipient.rpartition("@")[2]) or (host_of(failed[1]) if failed else None),
        recipients=max(seen.recipients, 1),
        date=date,
    )


def _details(text: str, diagnostic: str) -> str:
    """The details for administrators, without the headers of the message that came back. Where there are none, the
    whole text will do only if there is nothing better: it is written to people and about people."""
    found = _DETAILS.search(text)
    if not found and diagnostic:
        return ""
    shown = text[found.start() :] if found else text
    end = _BEHIND.search(shown)
    return (shown[: end.start()] if end else shown)[:DETAILS]


def _mta(text: str | None) -> str | None:
    """ "dns;mail.contoso.com (192.0.2.25, the server for the domain)"."""
    return host_of((text or "").rpartition(";")[2].partition("(")[0]) if text else None
