"""Distinguished names as Windows prints them, and the pair of them by which a connector names a certificate.

Windows prints the RDNs in the reverse of their encoded order, `CN` first, separated by a comma and a blank; several
attributes in one RDN are joined by ` + `. The state is `S` where RFC 4514 has `ST`. A value that holds a separator or
quotes stands in double quotes, with inner ones doubled; a backslash is a letter like any other. In text of OpenSSL or
RFC 4514 it escapes, so outside quotes it does so here, too, where RFC 4514 §2.4 has it do so; and inside quotes where
the text makes no sense otherwise.

`TlsCertificateName` is `<I>`, the issuer, `<S>`, the subject. Texts are compared as parsed lists: letter case, runs of
blanks, quoting, `S` or `ST`, and the direction of the list don't count.
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
    "GN": "G",
    "SURNAME": "SN",
    "INITIALS": "I",
    # OpenSSL's names for what Windows prints as numbers, in extended validation mostly.
    "UID": "OID.0.9.2342.19200300.100.1.1",
    "BUSINESSCATEGORY": "OID.2.5.4.15",
    "ORGANIZATIONIDENTIFIER": "OID.2.5.4.97",
    "JURISDICTIONL": "OID.1.3.6.1.4.1.311.60.2.1.1",
    "JURISDICTIONST": "OID.1.3.6.1.4.1.311.60.2.1.2",
    "JURISDICTIONC": "OID.1.3.6.1.4.1.311.60.2.1.3",
}
_MUST_QUOTE = re.compile(r'[,+="<>#;\n\r]|^\s|\s$|^$')
_ESCAPED = re.compile(r"""\\(?P<itself>["+,;<>=#\\\s])|(?P<hex>(?:\\[0-9A-Fa-f]{2})+)""")  # RFC 4514 §2.4
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
    try:
        return _read(given, escapes=False)
    except ValueError:
        if '\\"' not in given:
            raise
        return _read(given, escapes=True)


def _read(given: str, *, escapes: bool) -> Name:
    """`escapes`: inside quotes a backslash escapes, as OpenSSL has it; to Windows it is a letter like any other."""
    return tuple(
        tuple(_attribute(part, escapes=escapes) for part in _split(rdn, "+", escapes=escapes))
        for rdn in _split(given, ",;", escapes=escapes)
    )


def _split(given: str, separators: str, *, escapes: bool) -> Iterator[str]:
    """Cut at separators outside quotes that are not escaped. Raises ValueError for a quote without its pair."""
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(given):
        if escaped:
            escaped = False
        elif character == "\\" and (escapes or not quoted):
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in separators and not quoted:
            yield given[start:place]
            start = place + 1
    if quoted:
        raise ValueError("a double quote has no partner")
    yield given[start:]


def _attribute(given: str, *, escapes: bool) -> Attribute:
    kind, equals, value = given.partition("=")
    kind, value = kind.strip(), re.sub(r"^\s+|(?<!\\)\s+$", "", value)
    if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9.-]*|[0-9.]+", kind):
        raise ValueError(f"`{given.strip()[:60]}` is not of the form TYPE=value")
    quoted = value.startswith('"') and value.endswith('"') and len(value) > 1
    if quoted:
        value = value[1:-1]
    value = _ESCAPED.sub(_unescaped, value) if escapes or not quoted else value.replace('""', '"')
    dotted = kind.upper().removeprefix("OID.")
    return _TYPES.get(dotted, f"OID.{dotted}" if dotted[0].isdigit() else kind), value


def _unescaped(found: re.Match[str]) -> str:
    if found["itself"]:
        return found["itself"]
    try:
        return bytes.fromhex(found["hex"].replace("\\", "")).decode()
    except UnicodeDecodeError:  # no bytes of a text: Windows' CORP\ad, say
        return found[0]


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
