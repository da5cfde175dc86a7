"""What came to the listener, whatever anybody knows of the organisation: how far the client got, and what it showed."""

import re
from collections.abc import Iterator

from probe.dialogue.smtp import Envelope, hear
from probe.judge.find import at_endpoint, finding, noted
from probe.judge.inbound.chain import demand
from probe.judge.session import judge_agreed
from probe.judge.standard import Standard
from probe.model import Failure, Finding, Kind, Observation, RuleBook, Speaker, Stage, Verdict

BOOK = RuleBook.EXCHANGE_ONLINE

LEFT = "client-left"
_MORE = re.compile(r"\(([0-9]{1,9}) lines more\)")  # as `dialogue.smtp.kept` ends what is too long

# By the name of the client's alert (RFC 8446 §6.2), or OpenSSL's word for what the client sent.
_HOW = {
    **dict.fromkeys(
        (
            "unknown ca",
            "bad certificate",
            "certificate expired",
            "certificate unknown",
            "certificate revoked",
            "unsupported certificate",
            "certificate unobtainable",
            "access denied",
        ),
        "refused-ours",
    ),
    **dict.fromkeys(
        ("bad signature", "digest check failed", "wrong signature type", "wrong signature size"),
        "key-mismatch",
    ),
    **dict.fromkeys(
        (
            "protocol version",
            "unsupported protocol",
            "version too low",
            "inappropriate fallback",
            "handshake failure",
            "insufficient security",
            "no shared cipher",
            "no suitable key share",
            "no shared signature algorithms",
            "no suitable signature algorithm",
        ),
        "nothing-in-common",
    ),
    **dict.fromkeys(
        (
            "wrong version number",
            "http request",
            "https proxy request",
            "record layer failure",
            "packet length too long",
        ),
        "not-tls",
    ),
}


def judge_capture(seen: Observation, said: Envelope, standard: Standard) -> Iterator[Finding]:
    """Findings on the client's way to TLS, and on the session that it got; not on its chain."""
    where = at_endpoint(seen.endpoint)
    if seen.early:
        # RFC 3207 §4.2: a client that sends on before the answer to STARTTLS cannot know what it sends inside of.
        lines = [line for line in seen.early.split("\r\n") if line]
        more = _MORE.fullmatch(lines[-1]) if lines else None
        number = len(lines) - 1 + int(more[1]) if more else len(lines)
        text = "; ".join(lines)[:200]
        yield finding("plaintext-injected", Verdict.FAIL, where, BOOK, cause="client", lines=number, text=text)
    elif seen.session:
        for found in judge_agreed(seen, seen.session, standard, demand(standard)):
            yield found if found.verdict is Verdict.OK else noted(found, cause="client")
        yield from _after(seen, said)
        if seen.chain is None or not seen.chain.der:
            expected = Verdict.FAIL if standard.expects else Verdict.WARN
            yield finding("client-certificate-not-sent", expected, where, BOOK, greeted=_greeted(said))
    elif seen.failure and (seen.failure.stage is Stage.HANDSHAKE or _left_for_tls(seen, seen.failure, said)):
        yield _handshake(seen, seen.failure, said)
    else:
        yield _plain(seen, said, standard)


def _greeted(said: Envelope) -> str | None:
    return said.greeted_inside or said.greeted


def _left_for_tls(seen: Observation, failure: Failure, said: Envelope) -> bool:
    """Whether it asked for TLS and hung up as it got it, before a handshake began."""
    heard = hear(seen.transcript).starttls
    return said.asked and failure.kind is Kind.CLOSED and (heard is None or heard.positive)


def _handshake(seen: Observation, failure: Failure, said: Envelope) -> Finding:
    stalled = failure.kind is Kind.TIMEOUT
    return finding(
        "client-handshake-failed",
        Verdict.UNKNOWN if stalled else Verdict.FAIL,
        at_endpoint(seen.endpoint),
        BOOK,
        cause="timed-out" if stalled else _how(failure),
        kind=failure.kind,
        detail=failure.detail,
        greeted=_greeted(said),
    )


def _how(failure: Failure) -> str | None:
    # Without a usable key Windows gives up on its side (SEC_E_NO_CREDENTIALS) and hangs up without an alert.
    return "closed" if failure.kind is Kind.CLOSED else _HOW.get(failure.detail.lower())


def _after(seen: Observation, said: Envelope) -> Iterator[Finding]:
    """TLS stood. That a client leaves thereafter, as it likes, is no fault, if only it says something first: one that
    looks at our certificate when all is done, and does not like it, goes without a word."""
    if seen.failure and seen.failure.kind is Kind.ALERT and _how(seen.failure) == "refused-ours":
        yield _handshake(seen, seen.failure, said)
    elif not any(turn.tls and turn.who is Speaker.CLIENT and turn.data.strip() != "QUIT" for turn in seen.transcript):
        yield finding(
            LEFT,
            Verdict.WARN,
            at_endpoint(seen.endpoint),
            BOOK,
            ending="QUIT" if said.left else None,
            detail=seen.failure.detail if seen.failure else None,
            greeted=_greeted(said),
        )


def _plain(seen: Observation, said: Envelope, standard: Standard) -> Finding:
    """It never began TLS: it named a sender without, was put off by us, or left before it had said what it wants."""
    cause = "put-off" if said.asked else None if said.senders else "left"
    fault = Verdict.FAIL if standard.expects else Verdict.WARN
    failure = seen.failure
    return finding(
        "client-without-tls",
        Verdict.UNKNOWN if cause else fault,
        at_endpoint(seen.endpoint),
        BOOK,
        cause=cause,
        greeted=_greeted(said),
        detail=failure.detail if failure and cause else None,
    )
