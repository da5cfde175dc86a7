"""Distinguished names as Windows prints them, and the pair of them by which a connector names a certificate.

Windows prints the RDNs in the reverse of their encoded order, `CN` first, separated by a comma
and a blank; several attributes in one RDN are joined by ` + `. The state is `S` where RFC 4514 has `ST`. A value that
holds a separator or quotes stands in double quotes, with inner ones doubled; a backslash is a letter like any other.
In text of OpenSSL or RFC 4514 it escapes, so outside quotes it does so here where RFC 4514 §2.4 has it do so, and stays
itself elsewhere (`CORP\user`). `TlsCertificateName` is `<I>`, the issuer, `<S>`, the subject. Texts are compared as parsed lists: letter case, runs of blanks, quoting, `S` or `ST`, and the
direction of the list don't count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

Attribute = tuple[str, str]  # type as Windows prints it, value
RDN = tuple[Attribute, ...]
Name = tuple[RDN, ...]  # in Windows' order, the most specific first

_TYPES = {
    "2.5.4.3": "CN",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "2.5.4.12": "T",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.17": "PostalCode",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "OID.0.9.2342.19200300.100.1.1",
    "1.2.840.113549.1.9.1": "E",
}
_SAME_TYPE = {
    "ST": "S",
    "STATE": "S",
    "EMAILADDRESS": "E",
    "EMAIL": "E",
    "TITLE": "T",
    "GIVENNAME": "G",
    "SURNAME": "SN",
}
_MUST_QUOTE = re.compile(r'[,+="<>#;\n\r]|^\s|\s$|^$')
_TYPOGRAPHIC = str.maketrans("“”„″‘’", '""""\'\'')


def from_x509(name: x509.Name) -> Name:
    """The name as Windows orders it and names its types."""
    return tuple(
        tuple((_TYPES.get(a.oid.dotted_string, f"OID.{a.oid.dotted_string}"), _text(a.value)) for a in rdn)
        for rdn in reversed(name.rdns)
    )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def text(name: Name) -> str:
    """The name as `Get-ExchangeCertificate` prints it."""
    return ", ".join(" + ".join(f"{kind}={_quoted(value)}" for kind, value in rdn) for rdn in name)


def _quoted(value: str) -> str:
    if not _MUST_QUOTE.search(value):
        return value
    return '"' + value.replace('"', '""') + '"'


def parse(given: str) -> Name:
    """A name from text, of Windows, OpenSSL or RFC 4514. Raises ValueError saying what is wrong."""
    return tuple(tuple(_attribute(part) for part in _split(rdn, "+")) for rdn in _split(given, ",;"))


def _split(given: str, separators: str) -> Iterator[str]:
    """Cut at separators outside quotes and not behind a backslash. Raises ValueError for a quote without its pair."""
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(given):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in separators and not quoted:
            yield given[start:place]
            start = place + 1
    if quoted:
        raise ValueError("a double quote has no partner")
    yield given[start:]


def _attribute(given: str) -> Attribute:
    kind, equals, value = given.strip().partition("=")
    kind, value = kind.strip(), value.strip()
    if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9.-]*|[0-9.]+", kind):
        raise ValueError(f"`{given.strip()[:60]}` is not of the form TYPE=value")
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        value = value[1:-1].replace('""', '"')
    dotted = kind.upper().removeprefix("OID.")
    return _TYPES.get(dotted, kind), re.sub(r"\\(.)", r"\1", value)


def differing(expected: Name, found: Name) -> tuple[str, ...]:
    """Which RDNs differ, as "O: expected `A`, found `B`"; empty where the names are the same."""
    wanted, seen = [_normal(rdn) for rdn in expected], [_normal(rdn) for rdn in found]
    if wanted in (seen, seen[::-1]):
        return ()
    missing = [rdn for rdn in expected if _normal(rdn) not in seen]
    extra = [rdn for rdn in found if _normal(rdn) not in wanted]
    if not missing and not extra:
        return ("the same parts, in another order",)
    lines = []
    for rdn in missing:
        rival = next((other for other in extra if _kinds(other) == _kinds(rdn)), None)
        if rival:
            extra.remove(rival)
        lines.append(f"{_kinds(rdn)}: expected `{_values(rdn)}`, found {f'`{_values(rival)}`' if rival else 'none'}")
    return (*lines, *(f"{_kinds(rdn)}: expected none, found `{_values(rdn)}`" for rdn in extra))


def _normal(rdn: RDN) -> RDN:
    return tuple(sorted((_kind(kind), " ".join(value.casefold().split())) for kind, value in rdn))


def _kind(kind: str) -> str:
    return _SAME_TYPE.get(kind.upper(), kind.upper())


def _kinds(rdn: RDN) -> str:
    return "+".join(_kind(kind) for kind, _ in rdn)


def _values(rdn: RDN) -> str:
    return "+".join(value for _, value in rdn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What `TlsCertificateName` names: a subject and, unless left out, an issuer. `given` is the text as typed."""

    given: str
    issuer: Name | None
    subject: Name


def parse_identity(given: str) -> Identity:
    """`<I>issuer<S>subject`; `<I>` may be left out. Raises ValueError saying what is wrong.

    Typographic quotes, which copying from web pages brings in, are taken for plain ones.
    """
    straight = given.translate(_TYPOGRAPHIC).strip().strip("'")
    parts = re.fullmatch(r"(?:<I>(?P<issuer>[^<]+))?<S>(?P<subject>.+)", straight, re.IGNORECASE | re.DOTALL)
    if not parts:
        raise ValueError("it is not of the form <I>issuer<S>subject")
    if parts["subject"].lstrip().startswith(","):
        raise ValueError("the subject begins with a comma: its CN was lost on the way, as link filters of forums do")
    return Identity(
        given=given,
        issuer=parse(parts["issuer"]) if parts["issuer"] else None,
        subject=parse(parts["subject"]),
    )
