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
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509

from probe.judge.pasted import STRAIGHT, trap

__all__ = ["Identity", "Name", "differing", "from_x509", "parse", "parse_identity", "same_parts", "text", "trap"]

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
_TYPE = re.compile(r"(?:OID\.)?[0-9]+(?:\.[0-9]+)*|[A-Za-z][A-Za-z0-9-]*", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:\*\.)?[\w](?:[\w.-]*[\w])?", re.IGNORECASE)
LONGEST = 32_768  # characters; the directory takes 256 or 1024, and certificates of hundreds of names a few thousand
MOST_DIFFERENCES = 12  # that are told one by one


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
    if len(given) > LONGEST:
        raise ValueError(f"it has {len(given)} characters, and no name is that long")
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
    kind, value = kind.strip(), _stripped(value)
    if not equals or not _TYPE.fullmatch(kind):
        raise ValueError(f"`{given.strip()[:60]}` is not of the form TYPE=value")
    quoted = value.startswith('"') and value.endswith('"') and len(value) > 1
    if quoted:
        value = value[1:-1]
    value = _ESCAPED.sub(_unescaped, value) if escapes or not quoted else value.replace('""', '"')
    dotted = kind.upper().removeprefix("OID.")
    return _TYPES.get(dotted, f"OID.{dotted}" if dotted[0].isdigit() else kind), value


def _stripped(value: str) -> str:
    """Without the blanks around it; one that a backslash escapes is part of the value."""
    bare = value.strip()
    after = value[len(value.rstrip()) :]
    return bare + after[:1] if bare.endswith("\\") else bare


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
    missing, extra = _left(expected, Counter(seen)), _left(found, Counter(wanted))
    if not missing and not extra:
        return ("the same parts, in another order",)
    rivals: dict[str, deque[RDN]] = defaultdict(deque)
    for rdn in extra:
        rivals[_kinds(rdn)].append(rdn)
    lines = []
    for rdn in missing:
        rival = rivals[_kinds(rdn)].popleft() if rivals[_kinds(rdn)] else None
        lines.append(f"{_kinds(rdn)}: expected `{_values(rdn)}`, found {f'`{_values(rival)}`' if rival else 'none'}")
    alone = (rdn for left in rivals.values() for rdn in left)
    lines += [f"{_kinds(rdn)}: expected none, found `{_values(rdn)}`" for rdn in alone]
    more = len(lines) - MOST_DIFFERENCES
    return (*lines[:MOST_DIFFERENCES], *((f"and {more} more",) if more > 0 else ()))


def _left(rdns: Name, others: Counter[RDN]) -> list[RDN]:
    """Those that have no partner among the others."""
    left = []
    for rdn in rdns:
        if others[_normal(rdn)]:
            others[_normal(rdn)] -= 1
        else:
            left.append(rdn)
    return left


@lru_cache(maxsize=4096)
def same_parts(name: Name) -> Name:
    """What names that differ by their order alone have in common: whoever compares it leaves the order out."""
    return tuple(sorted(map(_normal, name)))


def _normal(rdn: RDN) -> RDN:
    return tuple(sorted((_kind(kind), " ".join(value.translate(STRAIGHT).casefold().split())) for kind, value in rdn))


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
    """`<I>issuer<S>subject`; `<I>` may be left out, as Exchange has it. Raises ValueError saying what is wrong.

    Typographic quotes, which copying from web pages brings in, are taken for plain ones. By Exchange's code of 2013 the
    subject must hold a CN that is a domain, or `*.` and a domain: it takes no other.
    """
    if len(given) > LONGEST:
        raise ValueError(f"it has {len(given)} characters, and no name is that long")
    straight = given.translate(STRAIGHT).strip().strip("'")
    parts = re.fullmatch(r"(?:<I>(?P<issuer>[^<]+))?<S>(?P<subject>.+)", straight, re.IGNORECASE | re.DOTALL)
    if not parts:
        raise ValueError(trap(given) or "it is not of the form <I>issuer<S>subject")
    if parts["subject"].lstrip().startswith(","):
        raise ValueError(trap(given) or "the subject begins with a comma")
    try:
        issuer, subject = parse(parts["issuer"]) if parts["issuer"] else None, parse(parts["subject"])
    except ValueError as error:
        raise ValueError(trap(given) or str(error)) from None
    if not any(_kind(kind) == "CN" and _DOMAIN.fullmatch(value) for rdn in subject for kind, value in rdn):
        raise ValueError(
            trap(given) or "its subject has no CN that is a domain, as in mail.contoso.com: Exchange takes no other"
        )
    return Identity(given=given, issuer=issuer, subject=subject)
