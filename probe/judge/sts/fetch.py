"""What became of fetching the policy from `https://mta-sts.<domain>/.well-known/mta-sts.txt` (RFC 8461 §3.2, §3.3).

Here HTTPS carries all the trust that DNS cannot give, so it is strict throughout: a certificate for exactly this host
that leads to a trusted root, TLS 1.2 at least, status 200 and no other, `text/plain`, 64 KiB, one minute. Whatever
falls short of it is no policy, and senders that remember none deliver as if there were no MTA-STS.
"""

from dataclasses import dataclass
from datetime import datetime

from probe.dialogue.http import Response, hear
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.judge.sts.policy import MOST_BYTES, Flaw, Terms, read_policy
from probe.judge.sts.webpki import FAULTS, faults, gravest, judge_certificate
from probe.judge.txt import clipped
from probe.model import Failure, Finding, Kind, MtaSts, Observation, Outcome, Policy, Stage

# RFC 8461 §7.2 says TLS 1.2 of MTAs, not of policy hosts, and for the rest leads to RFC 7525, now RFC 9325. Its §3.1.1
# forbids everybody less: a sender that keeps to it does not get as far as the policy.
ENOUGH_TLS = ("TLSv1.2", "TLSv1.3")

_ENDED = {
    Kind.TIMEOUT: "it took too long",
    Kind.REFUSED: "the connection was refused",
    Kind.UNREACHABLE: "there is no way to it",
    Kind.CLOSED: "it closed the connection",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The policy, or why there is none: `reason` in words, `cause` under the code `sts-<policy>`.

    `looked` is False where nobody has asked the policy host, for want of time or of an address family. `findings` are
    those on its certificate that matter even so: that it expires soon.
    """

    policy: Policy
    terms: Terms | None = None
    body: bytes = b""
    at: datetime | None = None
    cause: str = ""
    reason: str = ""
    looked: bool = True
    findings: tuple[Finding, ...] = ()


def read_fetch(asked: MtaSts, host: str, standard: Standard, anchors: Anchors, at: datetime) -> Fetched:
    """The policy that the evidence holds, or why it holds none. `host` is the policy host's name."""
    fetches = [seen for seen in asked.fetches if seen.attempted]
    if not fetches:
        return _unasked(asked, host)
    # One address after another was tried: the one that came furthest speaks, of equals the last.
    seen = max(reversed(fetches), key=_progress)
    certificate = judge_certificate(seen, host, standard, anchors, at)
    if seen.session and seen.session.version not in ENOUGH_TLS:
        return _error("tls", f"the policy host speaks {seen.session.version}")
    if bad := faults(certificate):  # also where the handshake failed and the chain was shown
        worst = gravest(bad)
        reason = clipped(_untrusted(worst, host))
        return Fetched(policy=Policy.WEBPKI_INVALID, cause=FAULTS[worst.code], reason=reason)
    if not seen.session:
        return _no_tls(seen)
    return _read(seen, tuple(found for found in certificate if found.code == "certificate-expires-soon"))


def _progress(seen: Observation) -> int:
    if hear(seen.transcript):
        return 3
    return 2 if seen.session else int(bool(seen.chain))


def _error(cause: str, reason: str) -> Fetched:
    return Fetched(policy=Policy.FETCH_ERROR, cause=cause, reason=clipped(reason))


def _unasked(asked: MtaSts, host: str) -> Fetched:
    """Nobody was connected to: there was no address, or no time."""
    if asked.fetches or not asked.addresses or any(answer.records for answer in asked.addresses):
        reason = f"there was no time to ask {host}"
        return Fetched(policy=Policy.FETCH_ERROR, cause="timeout", reason=reason, looked=False)
    for answer in asked.addresses:
        if not answer.outcome.known:
            said = answer.detail or answer.outcome
            return _error("lookup", f"{answer.question.name} {answer.question.rtype}: {said}")
    unasked = {"A", "AAAA"} - {answer.question.rtype for answer in asked.addresses}
    if unasked and asked.addresses[0].outcome is Outcome.NODATA:  # it may well have addresses of the other family
        reason = f"{host} has no {asked.addresses[0].question.rtype} record; {min(unasked)} was not asked for"
        return Fetched(policy=Policy.FETCH_ERROR, cause="name", reason=reason, looked=False)
    return _error("name", f"{host} has no address")


def _untrusted(found: Finding, host: str) -> str:
    facts = dict(found.facts)
    subject = facts.get("subject", "the certificate")
    match found.code, facts.get("cause"):
        case "certificate-host-mismatch", _ if facts.get("presented") == host:  # RFC 8461 §3.3 demands a DNS-ID
            return f"the certificate bears {host} as its common name alone, which does not count"
        case "certificate-host-mismatch", _:
            return f"the certificate is for {facts.get('presented', 'another name')}, not for {host}"
        case "certificate-expired", _:
            return f"{subject} expired on {facts.get('not_after')}"
        case "certificate-not-yet-valid", _:
            return f"{subject} is not valid before {facts.get('not_before')}"
        case "certificate-wrong-usage", _:
            return f"{subject} is not made for TLS servers: {facts.get('usage')}"
        case "certificate-unreadable", _:
            return f"no certificate that can be read: {facts.get('error')}"
        case _, "self-signed":
            return f"{subject} is self-signed"
        case _, "path-invalid":
            return f"the chain is not valid: {facts.get('error')}"
        case _, "chain-incomplete":
            return f"the chain is not complete: {facts.get('issuer')} is missing"
    return f"the chain leads to {facts.get('issuer')}, which is not one of the trusted roots"


def _no_tls(seen: Observation) -> Fetched:
    """Why no session came about, at the address that came furthest."""
    failure, place = seen.failure, f"{seen.endpoint.address} port {seen.endpoint.port}"
    if failure is None:
        return _error("response", f"{place}: nothing was heard")
    said = _ended(failure)
    if failure.kind is Kind.TIMEOUT:
        return _error("timeout", f"{place}: {said}")
    if failure.stage is Stage.HANDSHAKE:
        return _error("tls", f"{place}: no TLS: {said}")
    return _error("connection", f"{place}: {said}")


def _ended(failure: Failure | None) -> str:
    if failure is None:
        return "nothing was heard"
    alert = "an alert, " if failure.kind is Kind.ALERT else ""
    return _ENDED.get(failure.kind) or f"{alert}{failure.detail or failure.kind}"


def _read(seen: Observation, soon: tuple[Finding, ...]) -> Fetched:
    """What the policy host said inside TLS."""
    response, failure = hear(seen.transcript), seen.failure
    slow = failure is not None and failure.kind is Kind.TIMEOUT
    if response is None:
        return _error("timeout" if slow else "response", f"no HTTP response: {_ended(failure)}")
    if refused := _refused(response):
        return refused
    if response.fault or failure:  # RFC 9112 §8: what is not complete is no response
        broken = failure is not None and failure.kind is Kind.PROTOCOL  # by us: the transcript has no more
        said = _ended(failure) if broken else response.fault or _ended(failure)
        return _error("timeout" if slow else "response", f"the response is not whole: {said}")
    terms = read_policy(response.body)
    if isinstance(terms, Flaw):
        return Fetched(policy=Policy.INVALID, cause=terms.cause, reason=terms.reason, findings=soon)
    return Fetched(policy=Policy.VALID, terms=terms, body=response.body, at=seen.at, findings=soon)


def _refused(response: Response) -> Fetched | None:
    """What its head, or its size, makes no policy of."""
    if 300 <= response.status < 400:  # RFC 8461 §3.3: redirects must not be followed
        return _error("redirect", f"status {response.status}, to {response.header('location') or 'nowhere'}")
    if response.status != 200:
        return _error("status", f"status {response.status}")
    coding = (response.header("content-encoding") or "identity").strip().lower()
    if coding != "identity":  # we asked for none (RFC 9110 §12.5.3)
        return _error("encoding", f"the policy is encoded as {coding}")
    # RFC 8461 §3.2: the media type is to be text/plain; its parameters are ignored.
    media = response.header("content-type")
    if media is None or media.partition(";")[0].strip(" \t").lower() != "text/plain":
        return _error("media-type", f"the media type is {media}" if media else "there is no Content-Type")
    announced = response.header("content-length") or ""  # as HTTP's framing has it, a number (RFC 9112 §6.3)
    if len(response.body) > MOST_BYTES or (announced.isdecimal() and int(announced[:20]) > MOST_BYTES):
        return _error("too-large", f"more than {MOST_BYTES} bytes")
    return None
