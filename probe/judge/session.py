"""What the dialogue and the TLS session come to, whatever certificate was shown."""

import re
from collections.abc import Iterator

from probe.dialogue.smtp import Heard, hear
from probe.judge.find import at_endpoint, finding
from probe.judge.standard import Demand, Standard
from probe.model import Failure, Finding, Kind, Observation, Session, Speaker, Stage, Verdict

VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")  # OpenSSL's names, oldest first

# An inspecting firewall (Cisco's fixup, later `inspect esmtp`) overwrites what it does not like in place: a keyword
# becomes XXXXXXXA, a banner 220 ****2*0**.
_MASKED = re.compile(r"X{4,}[A-Z]?|[*X ]*\*{4,}.*")

# Alerts by which a server says that it wants a certificate of ours (RFC 8446 §6.2; bad_certificate and
# handshake_failure where TLS 1.2 has no name for it).
_WANTS_CERTIFICATE = (
    "certificate required",
    "handshake failure",
    "bad certificate",
    "unsupported certificate",
    "certificate revoked",
    "certificate expired",
    "certificate unknown",
    "unknown ca",
    "access denied",
    "decode error",  # GnuTLS on TLS 1.2, for an empty list of certificates
)

_WEAK_CIPHER = re.compile(r"RC4|3DES|DES-CBC|NULL|EXP|IDEA|SEED|RC2|MD5")
_WEAK_BITS = 128


def judge_session(
    seen: Observation, standard: Standard, demand: Demand, *, others_answered: bool, certificate_shown: bool
) -> Iterator[Finding]:
    """Findings on one observation's way to TLS, and on the session that it got. `others_answered`: some address of the
    target did; `certificate_shown`: we had a client certificate to show."""
    where = at_endpoint(seen.endpoint)
    if seen.early:
        # RFC 3207 §4.2: nothing said in plain text may count inside TLS. A client that reads on is injected.
        yield finding(
            "plaintext-injected", Verdict.FAIL, where, demand.book, bytes=len(seen.early), text=seen.early[:200]
        )
    if seen.failure:
        yield _judge_failure(seen, seen.failure, demand, others_answered, certificate_shown)
    if seen.session:
        yield from judge_agreed(seen, seen.session, standard, demand)


def _judge_failure(
    seen: Observation, failure: Failure, demand: Demand, others_answered: bool, certificate_shown: bool
) -> Finding:
    where, heard = at_endpoint(seen.endpoint), hear(seen.transcript)
    if failure.stage is Stage.DIALOGUE and failure.kind is Kind.REJECTED:
        if heard.starttls:
            return finding(
                "starttls-not-supported", demand.fault, where, demand.book, cause="refused", reply=failure.detail
            )
        if heard.banner and heard.banner.positive and heard.ehlo and heard.ehlo.positive:
            return finding(
                "starttls-not-supported",
                demand.fault,
                where,
                demand.book,
                cause=_why_not_offered(heard),
                keywords=", ".join(heard.keywords) or "none",
            )
    if _misses_our_certificate(seen, failure):
        return finding(
            "client-certificate-required",
            demand.fault,
            where,
            demand.book,
            cause="refused" if certificate_shown else "none-shown",
            **{"alert" if failure.kind is Kind.ALERT else "reply": failure.detail},
            authorities="; ".join(seen.client_cas) or "any",
        )
    return finding(
        "not-observed",
        _gravity(seen, failure, others_answered),
        where,
        stage=failure.stage,
        kind=failure.kind,
        detail=failure.detail,
        attempts=len(seen.refusals) + 1 if seen.refusals else None,
    )


def _why_not_offered(heard: Heard) -> str:
    words = [keyword.partition(" ")[0].upper() for keyword in heard.keywords]
    banner = heard.banner.lines[0] if heard.banner and heard.banner.lines else ""
    if any(_MASKED.fullmatch(word) for word in words) or _MASKED.fullmatch(banner.upper()):
        return "masked"
    if "X-ANONYMOUSTLS" in words:
        # Exchange drops STARTTLS alone where the connector's certificate is not to be found (event 12014).
        return "no-usable-certificate"
    return "not-offered"


def _misses_our_certificate(seen: Observation, failure: Failure) -> bool:
    asked = seen.certificate_requested
    if failure.kind is Kind.ALERT:
        return failure.detail == "certificate required" or (asked and failure.detail in _WANTS_CERTIFICATE)
    # Others let TLS stand, and then say so in a reply (Postfix and nginx: 421 4.7.1) or drop the connection.
    said = failure.kind is Kind.REJECTED and "certificate" in failure.detail.lower()
    silent = failure.kind is Kind.CLOSED and not any(
        turn.tls and turn.who is Speaker.SERVER for turn in seen.transcript
    )
    return asked and failure.stage is Stage.AFTER and (said or silent)


def _gravity(seen: Observation, failure: Failure, others_answered: bool) -> Verdict:
    if not seen.attempted or failure.transient or (failure.kind is Kind.TIMEOUT and failure.stage is not Stage.CONNECT):
        return Verdict.UNKNOWN  # never looked, "not now", stalled: it may be well or not
    if failure.stage is Stage.CONNECT:
        # Where nobody answers it may be our own vantage: port 25 is often blocked. Senders try the other addresses.
        return Verdict.WARN if others_answered else Verdict.UNKNOWN
    if failure.stage is Stage.DIALOGUE and failure.kind in (Kind.CLOSED, Kind.UNREACHABLE):
        return Verdict.UNKNOWN  # before anything was refused: connection limits, a restart
    return Verdict.FAIL


def judge_agreed(seen: Observation, session: Session, standard: Standard, demand: Demand) -> Iterator[Finding]:
    """Findings on version and cipher."""
    where, weak = at_endpoint(seen.endpoint), False
    if _rank(session.version) < _rank(standard.min_tls):
        weak = True
        verdict = Verdict.FAIL if standard.min_tls_demanded else demand.fault
        yield finding(
            "tls-version-old",
            verdict,
            where,
            demand.book,
            cause="below-1.2" if _rank(session.version) < _rank("TLSv1.2") else "below-minimum",
            version=session.version,
            minimum=standard.min_tls,
        )
    if session.cipher_bits < _WEAK_BITS or _WEAK_CIPHER.search(session.cipher):
        weak = True
        yield finding("cipher-weak", demand.fault, where, demand.book, cipher=session.cipher, bits=session.cipher_bits)
    if not weak:
        yield finding(
            "tls-established",
            Verdict.OK,
            where,
            demand.book,
            version=session.version,
            cipher=session.cipher,
            group=session.group,
        )


def _rank(version: str) -> int:
    return VERSIONS.index(version) if version in VERSIONS else -1
