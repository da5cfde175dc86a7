"""A POST of JSON to whatever the user runs: the document of `docs/alert.schema.json`, or what a template makes of it.

Signed where a secret is given, as `Probe-Signature: t=<seconds since 1970>,v1=<hex>`: HMAC-SHA-256 over that number, a
full stop and the body. `Idempotency-Key` is the same when the same is sent again.

A template is a file of JSON with blanks. In it `${key}`, `${at}`, `${sender}`, `${verdict}`, `${headline}` and
`${text}` stand within quotation marks, and are escaped for there; `${changes}`, `${targets}` (arrays) and `${message}`
(the whole document) stand in place of a value. Nothing else is special; `\\u0024` writes a dollar sign before a brace.
"""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from probe.alert.address import origin, revealed, shown
from probe.alert.http import post, remarks
from probe.alert.message import document, text
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Hidden, Secret
from probe.model.duty import Message

MOST_TEMPLATE = 65536  # bytes

_BLANK = re.compile(r"\$\{([^}]*)\}")
_WITHIN_QUOTES = ("key", "at", "sender", "verdict", "headline", "text")
_VALUES = ("changes", "targets", "message")
_OURS = ("content-type", "content-length", "idempotency-key", "probe-signature", "host", "transfer-encoding")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2


class Webhook(Sink, kw_only=True, frozen=True, tag="webhook"):
    """`secret` signs what is sent; `headers` are sent along, their values may be secrets; `template` is a file, see
    above; `ca` a file of authorities, instead of the public ones."""

    url: Secret
    secret: Hidden | None = None
    headers: dict[str, Secret] = msgspec.field(default_factory=dict)
    template: Path | None = None
    ca: Path | None = None

    @property
    def place(self) -> str:
        return origin(self.url)

    async def send(self, message: Message) -> None:
        try:
            body = filled(_read(self.template), message) if self.template else document(message)
        except ValueError as error:
            raise Undelivered(str(error)) from None  # the file can be mended, and is read again
        headers = {name: revealed(value) for name, value in self.headers.items()}
        headers |= {"Content-Type": "application/json", "Idempotency-Key": message.key}
        if self.secret:
            headers["Probe-Signature"] = signature(revealed(self.secret), body, int(time.time()))
        hide = (revealed(self.secret),) if self.secret else ()
        await post(self.url, body, headers, timeout=self.timeout, ca=self.ca, hide=hide)

    def remarks(self) -> Iterator[str]:
        yield from remarks(self.url, ca=self.ca)
        if self.secret:
            self.secret.reveal()
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name) or name.lower() in _OURS:
                raise ValueError(f"headers: {shown(name, 80)} is no header that can be set here")
            if not re.fullmatch(r"[\t\x20-\x7e]*", value.reveal()):
                raise ValueError(f"headers: the value of {name} is not plain ASCII on one line")
        if self.template:
            filled(_read(self.template), _EXAMPLE)


def signature(secret: str, body: bytes, at: int) -> str:
    """The value of `Probe-Signature`."""
    import hmac

    digest = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return f"t={at},v1={digest}"


def filled(template: str, message: Message) -> bytes:
    """The template with its blanks filled in. Raises `ValueError` for a blank that nobody knows, and where what comes
    out is no JSON."""
    from probe.codec import escaped

    whole = document(message)
    parts: Mapping[str, msgspec.Raw] = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
    values = {name: bytes(parts[name]).decode() for name in (*_WITHIN_QUOTES, "changes", "targets") if name in parts}
    values = {name: value[1:-1] if name in _WITHIN_QUOTES else value for name, value in values.items()}
    values["text"] = escaped(msgspec.json.encode(text(message))).decode()[1:-1]
    values["message"] = whole.decode()

    def value(blank: re.Match[str]) -> str:
        if blank[1] not in values:
            known = ", ".join((*_WITHIN_QUOTES, *_VALUES))
            raise ValueError(f"template: nothing is called ${{{shown(blank[1], 40)}}}; there are {known}")
        return values[blank[1]]

    body = _BLANK.sub(value, template).encode()
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"template: what it makes is no JSON: {shown(str(error), 200)}") from None
    return body


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_TEMPLATE + 1)
        if len(data) > MOST_TEMPLATE:
            raise ValueError(f"template: {path} is longer than {MOST_TEMPLATE} bytes")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"template: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"template: {path} is not UTF-8") from None


_EXAMPLE = Message(key="example", at=datetime(2026, 3, 1, 12, tzinfo=UTC), sender="probe.example.org", notices=())
