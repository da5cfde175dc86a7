"""What one information row says (the event `*`), by its context; what else such rows hold is nothing to us.

The texts are Exchange's, as samples and its code of 2013 have them; newer versions were not seen to differ. How a
failed validation is worded outside a proxied session is not known, so its status is looked for in any row.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from probe.exchange.logs.certificate import from_parts, in_one_row
from probe.exchange.logs.row import pair, text
from probe.model import Kind, Leaf, Session


class What(Enum):
    ATTEMPT = auto()  # we connect: a send connector's session begins
    UNREACHABLE = auto()  # TCP did not come about: `kind`
    CERTIFICATE = auto()  # `whose`, `leaf`, `word` is the generation
    TITLE = auto()  # `whose`: of generation A, its parts follow
    PART = auto()  # of the certificate whose title was last: `word` is which, `data`
    AGREED = auto()  # TLS stands: `session`, None where its words are unknown
    BROKEN = auto()  # TLS does not come about: `word`
    CLIENT_CHAIN = auto()  # `word` is the status of the client's chain
    CAPABILITIES = auto()  # `word`, and `more` is the status
    PEER_CHAIN = auto()  # `word` is the status of the peer's chain, by which it was refused
    NAME_STALE = auto()  # no certificate is found for the connector's name: `word` is the whole text
    REVOCATION = auto()  # `word` is the status of a check that failed and was let pass


@dataclass(frozen=True, slots=True)
class Fact:
    what: What
    word: str = ""
    more: str = ""
    whose: str = ""
    data: bytes = b""
    leaf: Leaf | None = None
    session: Session | None = None
    kind: Kind | None = None


_LONGEST = 200  # characters of a text that is kept whole
_WHOSE = {"Sending": "ours", "Remote": "peer's", "Received": "peer's", "Proxy target": "target's"}
_TITLE = re.compile(r"(Sending|Remote|Received|Proxy target) certificate(.*)", re.DOTALL)
_PARTS = {
    "Certificate subject": "subject",
    "Certificate issuer name": "issuer",
    "Certificate serial number": "serial",
    "Certificate thumbprint": "thumbprint",
    "Certificate alternate names": "names",
}

_AGREED = re.compile(
    r"TLS protocol SP_PROT_(?P<version>[A-Z0-9_]{1,20})_(?:CLIENT|SERVER) negotiation succeeded using "
    r"bulk encryption algorithm (?:CALG_)?(?P<cipher>\w{1,40}) with strength (?P<bits>\d{1,5}) bits, "
    r"MAC hash algorithm (?:CALG_)?(?P<mac>\w{1,40}) with strength \d{1,5} bits and "
    r"key exchange algorithm (?:CALG_)?(?P<exchange>\w{1,40})"
)
_VERSIONS = {
    "SSL2": "SSLv2",
    "SSL3": "SSLv3",
    "TLS1": "TLSv1",
    "TLS1_0": "TLSv1",
    "TLS1_1": "TLSv1.1",
    "TLS1_2": "TLSv1.2",
    "TLS1_3": "TLSv1.3",
}
_WORDS: tuple[tuple[What, re.Pattern[str]], ...] = (
    (What.BROKEN, re.compile(r"TLS negotiation failed with error (?P<word>\w{1,60})")),
    (What.CLIENT_CHAIN, re.compile(r"Client certificate chain validation status: '(?P<word>\w{1,60})'")),
    (
        What.CAPABILITIES,
        re.compile(r"TlsDomainCapabilities='(?P<word>[^']{0,200})'(?:; Status='(?P<more>[^']{0,60})')?"),
    ),
    (What.REVOCATION, re.compile(r"CRL validation failed with status (?P<word>\w{1,60})")),
    (What.PEER_CHAIN, re.compile(r"ChainValidityStatus ?= ?'?(?P<word>\w{1,60})")),
    (
        What.PEER_CHAIN,
        re.compile(r"\b(?P<word>UntrustedRoot|SubjectMismatch|CertificateExpired|CertificateRevoked|NoCNMatch)\b"),
    ),
    (What.PEER_CHAIN, re.compile(r"TLS (?P<word>authentication failed)")),
)
# How a server that cannot connect says it; remembered, in no sample of ours. The numbers are Winsock's.
_WINSOCK = re.compile(r"Winsock error code:? (?P<number>\d{5})")
# In the queue it stands as the last error; in a log it was not seen.
_NAME_STALE = "specified in TlsCertificateName"
_UNREACHABLE = {"10060": Kind.TIMEOUT, "10061": Kind.REFUSED}


@lru_cache(maxsize=512)  # most of them come again word by word
def fact(said: bytes) -> Fact | None:
    """What the end of a row, data and context, says; None: nothing to us, or it was cut."""
    both = pair(said)
    if both is None:
        return None
    data, context = both[0], text(both[1])
    if found := _TITLE.fullmatch(context):
        return _certificate(_WHOSE[found[1]], found[2].strip(), data)
    if part := _PARTS.get(context):
        return Fact(What.PART, part, data=data)
    if context == "attempting to connect":
        return Fact(What.ATTEMPT)
    if found := _AGREED.match(context):
        return Fact(What.AGREED, session=_session(found))
    if context.startswith("TLS protocol ") and "succeeded" in context:
        return Fact(What.AGREED)
    for what, form in _WORDS:
        if found := form.search(context):
            return Fact(what, found["word"], found.groupdict().get("more") or "")
    return _in_words(f"{text(data)} {context}")


def _in_words(words: str) -> Fact | None:
    """What Exchange says in a sentence, wherever in the row it stands."""
    if _NAME_STALE in words:
        return Fact(What.NAME_STALE, words.strip()[:_LONGEST])
    if "ailed to connect" in words:
        code = _WINSOCK.search(words)
        return Fact(What.UNREACHABLE, code["number"] if code else "", kind=_unreachable(code and code["number"]))
    return None


def _certificate(whose: str, rest: str, data: bytes) -> Fact | None:
    if not rest:
        return Fact(What.TITLE, "A", whose=whose)
    if rest == "Certificate thumbprint":  # "Received certificate" in one row: what "Remote certificate" has told
        return Fact(What.CERTIFICATE, "", whose=whose, leaf=from_parts((("thumbprint", data),)))
    dated = "Not before" in rest
    leaf = in_one_row(data, dated=dated)
    return Fact(What.CERTIFICATE, "C" if dated else "B", whose=whose, leaf=leaf) if leaf else None


def _session(found: re.Match[str]) -> Session | None:
    version = _VERSIONS.get(found["version"])
    if version is None:
        return None
    words = " ".join((found["cipher"], found["mac"], found["exchange"]))
    return Session(version=version, cipher=words, cipher_bits=int(found["bits"]), group=None)


def _unreachable(number: str | None) -> Kind:
    return _UNREACHABLE.get(number or "", Kind.UNREACHABLE)
