"""TLSRPT (RFC 8460): where a domain wants to be told how TLS fared with its mail.

Senders that find the record at `_smtp._tls.<domain>` send a report a day. It changes nothing for mail; without it, or
with a broken one, nobody tells the domain that its DANE or MTA-STS keeps mail out. The record (§3) is of the same build
as the one of MTA-STS, with one field that has to be there:

    tlsrpt-rua = %s"rua=" tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri)
    tlsrpt-uri = URI              ; RFC 3986, with "," "!" and ";" always percent-encoded

Of the schemes, senders know `mailto` and `https`. Others are passed over, unless they are all there is.

A record that cannot be looked up costs nobody any mail: at most a day's report, and the sender asks again. So it is a
WARN, where the same of DANE or MTA-STS leaves open what becomes of mail, and is UNKNOWN. Where TLSRPT is required, it
is just what was to be known.
"""

import re
from collections.abc import Iterator

from probe.judge.find import TARGET, finding
from probe.judge.standard import Standard, Want
from probe.judge.txt import BLANKS, choose, clipped, fields, listed, shown, status
from probe.model import Answer, Evidence, Finding, Record, TlsRpt, Verdict

VERSION = b"v=TLSRPTv1"
SCHEMES = ("mailto", "https")

# RFC 3986 §3 and its appendix A, less the three characters that RFC 8460 §3 takes out.
_CHARACTER = rb"(?:[A-Za-z0-9._~$&'()*+=:@-]|%[0-9A-Fa-f]{2})"
_REST = rb"(?:[/?]|" + _CHARACTER + rb")*"
_URI = re.compile(
    rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):"
    rb"(?://(?:[A-Za-z0-9._~$&'()*+=:%-]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~$&'()*+=-]|%[0-9A-Fa-f]{2})*)"
    rb"(?::[0-9]*)?(?=[/?#]|\Z))?"
    rb"(?P<path>(?:/|" + _CHARACTER + rb")*)"
    rb"(?P<query>\?" + _REST + rb")?(?:\#" + _REST + rb")?"
)
_STRANGE = re.compile(rb"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~$&'()*+=:@/?#\[\]%-]")

# RFC 6068 §2: one address, as in RFC 5322 §3.4.1 without quotes and literals.
_ATOM = rb"(?:[A-Za-z0-9$&'*+=?^_`{|}~-]|%[0-9A-Fa-f]{2})+"
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(_ATOM + rb"(?:\." + _ATOM + rb")*@" + _LABEL + rb"(?:\." + _LABEL + rb")*")


def judge_tlsrpt(evidence: Evidence, standard: Standard) -> tuple[TlsRpt | None, tuple[Finding, ...]]:
    """TLSRPT of a domain, and what was found. None where nothing was asked, or nothing is wanted."""
    required = standard.tlsrpt is Want.REQUIRE
    if standard.tlsrpt is Want.OFF:
        return None, ()
    if evidence.tlsrpt is None:
        unasked = finding("tlsrpt-required", Verdict.UNKNOWN, TARGET, cause="not-asked")
        return None, (unasked,) if required else ()
    promise, findings = _judge(evidence.tlsrpt, Verdict.UNKNOWN if required else Verdict.WARN)
    if required and promise.record in (Record.NONE, Record.INVALID):
        cause = "no-record" if promise.record is Record.NONE else "record-invalid"
        lacking = finding("tlsrpt-required", Verdict.FAIL, TARGET, cause=cause, reason=findings[0].fact("reason"))
        kept = [found for found in findings if found.code != "tlsrpt-absent"]
        return promise, (lacking, *kept)
    return promise, findings


def _judge(answer: Answer, unknown: Verdict = Verdict.WARN) -> tuple[TlsRpt, tuple[Finding, ...]]:
    name = answer.question.name
    if not answer.outcome.known:
        reason = clipped(f"{name} TXT: {answer.detail or answer.outcome}")
        return TlsRpt(record=Record.UNKNOWN), (finding("tlsrpt-lookup-failed", unknown, TARGET, reason=reason),)
    chosen = choose(answer.records, VERSION)
    if chosen.text is not None:
        return _read(chosen.text)
    record = status(chosen)
    if record is Record.INVALID:
        return _invalid(chosen.cause, chosen.reason)
    reason = f"no TXT record at {name} begins with v=TLSRPTv1;" if chosen.others else f"{name} has no TXT record"
    return TlsRpt(record=record), (finding("tlsrpt-absent", Verdict.OK, TARGET, reason=clipped(reason)),)


def _invalid(cause: str, reason: str) -> tuple[TlsRpt, tuple[Finding, ...]]:
    found = finding("tlsrpt-record-invalid", Verdict.WARN, TARGET, cause=cause, reason=clipped(reason))
    return TlsRpt(record=Record.INVALID), (found,)


def _read(text: bytes) -> tuple[TlsRpt, tuple[Finding, ...]]:
    found = fields(text, VERSION, free=(b"rua",))
    lists = [value for name, value in found.pairs if name == b"rua"]
    if found.flaws:
        return _invalid("syntax", listed((*found.flaws, *_hints(text))))
    if not lists:
        return _invalid("rua", f"there is no rua in {shown(text)}")
    uris = lists[0].split(b",")
    uris = [uri.strip(BLANKS) if place else uri.rstrip(BLANKS) for place, uri in enumerate(uris)]
    if flaws := [flaw for uri in uris for flaw in _flaws(uri)]:
        return _invalid("rua", listed(flaws))
    known = tuple(uri.decode("ascii") for uri in uris if _scheme(uri) in SCHEMES)
    if not known:
        return _invalid("rua", f"neither mailto nor https: {listed(map(shown, uris))}")
    ignored = [shown(uri) for uri in uris if _scheme(uri) not in SCHEMES]
    # Spec: RFC 8460 does not say what a second rua means. By RFC 8461's rule for the same grammar the first one counts.
    ignored += (f"rua={shown(value)}" for value in lists[1:])
    rua = clipped(", ".join(known))
    valid = finding("tlsrpt-valid", Verdict.OK, TARGET, rua=rua, ignored=listed(ignored))
    return TlsRpt(record=Record.VALID, rua=known), (valid,)


def _hints(text: bytes) -> Iterator[str]:
    if b"rua=" in text and b";" in text.partition(b"rua=")[2].rstrip(BLANKS + b";"):
        yield "a semicolon within a URI is written %3B"


def _scheme(uri: bytes) -> str:
    return uri.partition(b":")[0].decode("ascii", "replace").lower()


def _flaws(uri: bytes) -> Iterator[str]:
    """What is wrong with one URI of the list."""
    told = shown(uri)
    if not uri:
        yield "a comma has no URI beside it"
    elif uri[:1] in (b" ", b"\t"):
        yield "a blank stands behind rua="
    elif b"!" in uri:
        yield f"{told}: an exclamation mark is written %21, and there is no limit of size as in DMARC"
    elif strange := _STRANGE.search(uri):
        yield f"{told}: {shown(strange[0])} must not stand in a URI"
    elif not (found := _URI.fullmatch(uri)):
        with_scheme = b"@" in uri and b":" not in uri
        yield f"{told} is not a URI{f': write mailto:{told}' if with_scheme else ''}"
    elif found["scheme"].lower() == b"mailto" and not _ADDRESS.fullmatch(found["path"]):
        yield f"{told}: mailto: takes one address, local@domain"
    elif found["scheme"].lower() == b"https" and not found["host"]:
        yield f"{told}: https:// takes a host"
