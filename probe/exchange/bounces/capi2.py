"""Events of Windows' CAPI2 log, in which a machine tells how it judged a certificate.

Such an event describes the certificate as the LOGGING host sees it, which is as a rule its own one before it sends it:
what the other side sees it does not tell. Copies on the web are seldom well-formed, with tags lost on the way; then the
attributes are picked out one by one.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from probe.exchange.bounces.fields import exact_time_in

_ELEMENT = re.compile(r"<(?:\w{1,20}:)?(\w{1,40})((?:\s[^<>]*)?)/?>([^<>]{0,1000})")
_VALUE = re.compile(r"\b(\w{1,40})\s*=\s*(?:\"([^\"<>]{0,1000})\"|'([^'<>]{0,1000})')")
_WANTED = frozenset(
    {"Certificate", "Result", "EventAuxInfo", "SSLAdditionalPolicyInfo", "TimeCreated", "Policy", "EventID", "Computer"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capi2:
    """What an event says; None is what is not there."""

    subject: str | None
    thumbprint: str | None
    result: int | None
    process: str | None
    computer: str | None
    at: datetime | None


def is_capi2(text: str) -> bool:
    head = text[:200_000]
    return "<Result" in head and ("CAPI2" in head or "<Certificate" in head or "CERT_CHAIN_POLICY" in head)


def read_capi2(text: str) -> Capi2:
    """The event's fields. No entity is ever expanded and no document type read: a bomb is so much text."""
    found: dict[str, dict[str, str]] = {}
    for name, attributes, content in _elements(text):
        if name in _WANTED and name not in found:
            found[name] = {**attributes, "": content.strip()}
    certificate = found.get("Certificate", {})
    thumbprint = re.match(r"[0-9A-Fa-f]{40}(?![0-9A-Fa-f])", certificate.get("fileRef", ""))
    return Capi2(
        subject=certificate.get("subjectName") or None,
        thumbprint=thumbprint[0].upper() if thumbprint else None,
        result=_number(found.get("Result", {}).get("value", "")),
        process=found.get("EventAuxInfo", {}).get("ProcessName") or None,
        computer=found.get("Computer", {}).get("") or None,
        at=exact_time_in(found.get("TimeCreated", {}).get("SystemTime", "")),
    )


def _elements(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, attributes and text of each element, of well-formed XML or of what is left of it."""
    try:
        root = fromstring(text[text.find("<") : text.rfind(">") + 1])
    except (ParseError, DefusedXmlException, ValueError):
        for name, attributes, content in _ELEMENT.findall(text):
            values = {key: html.unescape(double or single) for key, double, single in _VALUE.findall(attributes)}
            yield name, values, html.unescape(content)
    else:
        for element in root.iter():
            yield str(element.tag).rpartition("}")[2], dict(element.attrib), (element.text or "")[:1000]


def _number(text: str) -> int | None:
    """The result, "800B0109" or "0": hexadecimal without a mark."""
    return int(text, 16) if re.fullmatch(r"(?:0[xX])?[0-9A-Fa-f]{1,8}", text) else None
