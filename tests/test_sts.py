"""MTA-STS judged: what came of the fetch, what is remembered, which hosts keep the policy, what follows for mail."""

import gzip
import hashlib
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import (
    ADDRESS,
    AT,
    GREETING,
    HOST,
    SECOND,
    SESSION,
    answer,
    by_mx,
    dialogue,
    evidence,
    failed,
    hello,
)
from fixtures.build import hop as via
from fixtures.build import seen as connected
from fixtures.certificates import CLIENT_AUTH, authority, leaf
from fixtures.promised import (
    DOMAIN,
    ENFORCE,
    ID,
    POLICY_HOST,
    TESTING,
    fetched,
    policy,
    record,
    remembered,
    response,
    unfetched,
)
from probe.judge.catalogue.sts import STS
from probe.judge.chain import Anchors
from probe.judge.standard import Standard, Want
from probe.judge.sts import StsJudgement, judge_sts, remember
from probe.judge.sts.hosts import MOST_COMPARED, MOST_HOSTS, folded, matching, nearest
from probe.judge.sts.webpki import FAULTS
from probe.model import (
    Delivery,
    Evidence,
    Failure,
    Finding,
    Hop,
    Kind,
    MtaSts,
    Observation,
    Outcome,
    Policy,
    Record,
    RouteKind,
    RuleBook,
    Speaker,
    Stage,
    Sts,
    Turn,
    Verdict,
)

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
CATALOGUE = {entry.code: entry for entry in STS}
ROOT = authority("CN=STS Test Root")
ISSUING = authority("CN=STS Test Issuing", ROOT)
ANCHORS = Anchors(label="test roots", der=(ROOT.der,))

GOOD = (leaf("CN=A Mail Host", ISSUING, (HOST,)).der, ISSUING.der)
MISNAMED = (leaf("CN=other", ISSUING, ("other.contoso.com",)).der, ISSUING.der)
COMMON_NAME = (leaf(f"CN={HOST}", ISSUING, ("elsewhere.contoso.com",)).der, ISSUING.der)
EXPIRED = (leaf("CN=old", ISSUING, (HOST,), until=AT - timedelta(days=1)).der, ISSUING.der)
EARLY = (leaf("CN=new", ISSUING, (HOST,), not_before=AT + timedelta(days=1)).der, ISSUING.der)
FOR_CLIENTS = (leaf("CN=client", ISSUING, (HOST,), usage=CLIENT_AUTH).der, ISSUING.der)
SELF_SIGNED = (authority("CN=EX01").der,)
POLICY_LEAF = leaf("CN=policy", ISSUING, (POLICY_HOST,))
POLICY_CHAIN = (POLICY_LEAF.der, ISSUING.der)

WHOLE = fetched(response(ENFORCE), *POLICY_CHAIN)
HOUR = timedelta(hours=1)
REFUSED = Failure(stage=Stage.CONNECT, kind=Kind.REFUSED)


def to(*hosts: str, **changes: Any) -> Any:
    """The route to these hosts, each with an address."""
    return by_mx(*(via(host, 10, answer(host, "A", ADDRESS)) for host in hosts), **changes)


def domain(asked: MtaSts | None, *observations: Observation, hosts: Iterable[str] = (HOST,)) -> Evidence:
    return replace(evidence(*observations, given=DOMAIN, route=to(*hosts)), mta_sts=asked)


def judged(
    asked: MtaSts | None = None,
    *observations: Observation,
    hosts: Iterable[str] = (HOST,),
    want: Want = Want.AUTO,
    at: datetime = AT,
) -> StsJudgement:
    """A domain whose one host is in order, where nothing else is said."""
    observations = observations or (connected(*GOOD),)
    found = judge_sts(
        domain(asked or policy(None, WHOLE), *observations, hosts=hosts), Standard(mta_sts=want), ANCHORS, at
    )
    for finding in found.findings:  # whatever is found is explained
        if finding.code in CATALOGUE:
            assert finding.fact("cause") in (CATALOGUE[finding.code].causes or {None})
        assert all(len(value) <= 300 for _, value in finding.facts)
    return found


def of(found: StsJudgement) -> Sts:
    assert found.promise
    return found.promise


def told(found: StsJudgement) -> dict[str, Verdict]:
    """The findings on record, policy and their hosts, each with its cause."""
    own = (each for each in found.findings if each.code in CATALOGUE or each.code == "certificate-expires-soon")
    return {":".join(filter(None, (each.code, each.fact("cause")))): each.verdict for each in own}


def the(found: StsJudgement, code: str) -> Finding:
    (finding,) = (each for each in found.findings if each.code == code)
    return finding


def body(*mx: str, mode: str = "enforce", max_age: int = 604800) -> str:
    return "".join(
        f"{line}\n" for line in ("version: STSv1", f"mode: {mode}", f"max_age: {max_age}", *(f"mx: {m}" for m in mx))
    )


def under(text: str) -> MtaSts:
    return policy(None, fetched(response(text), *POLICY_CHAIN))


# The whole


def test_a_domain_that_keeps_its_promise() -> None:
    found = judged()
    promise = of(found)
    assert (promise.record, promise.policy, promise.reason) == (Record.VALID, Policy.VALID, "")
    assert (promise.mode, promise.id, promise.max_age, promise.mx, promise.origin) == (
        "enforce",
        ID,
        604800,
        (HOST,),
        "fetched",
    )
    host = promise.hosts[HOST]
    assert (host.in_policy, host.certificate, host.delivery) == (True, "ok", Delivery.OK)
    assert told(found) == {"sts-policy-valid": OK, "sts-host-accepted": OK}
    assert found.strict == {HOST}


def test_a_domain_that_promises_nothing() -> None:
    found = judged(policy(record()))
    promise = of(found)
    assert (promise.record, promise.policy, promise.mode, promise.origin) == (Record.NONE, Policy.NONE, None, None)
    host = promise.hosts[HOST]
    assert (host.in_policy, host.certificate, host.delivery) == (None, "ok", Delivery.OK)
    assert told(found) == {"sts-absent": OK}
    assert found.strict == frozenset()


@pytest.mark.parametrize(("asked", "want"), [(None, Want.AUTO), (None, Want.OFF), (policy(None, WHOLE), Want.OFF)])
def test_nothing_is_said_of_what_was_not_asked(asked: MtaSts | None, want: Want) -> None:
    found = judge_sts(domain(asked, connected(*GOOD)), Standard(mta_sts=want), ANCHORS, AT)
    assert found == StsJudgement()


def test_what_is_required_and_was_not_asked_is_not_in_force() -> None:
    found = judge_sts(domain(None, connected(*GOOD)), Standard(mta_sts=Want.REQUIRE), ANCHORS, AT)
    assert (found.promise, told(found)) == (None, {"sts-required:not-asked": UNKNOWN})


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMEOUT, Outcome.BOGUS])
def test_could_not_look_is_not_nothing(outcome: Outcome) -> None:
    found = judged(policy(record(outcome=outcome, detail="SERVFAIL")))
    promise = of(found)
    assert (promise.record, promise.policy) == (Record.UNKNOWN, Policy.UNKNOWN)
    assert promise.hosts[HOST].delivery is Delivery.UNKNOWN
    assert told(found) == {"sts-lookup-failed": UNKNOWN}


def test_a_broken_record_harms_no_mail() -> None:
    # RFC 8461 §3.1: the policy is not even looked for.
    found = judged(policy(record("v=STSv1; id=a-b"), WHOLE))
    promise = of(found)
    assert (promise.record, promise.policy) == (Record.INVALID, Policy.NONE)
    assert "a-b" in promise.reason
    assert promise.hosts[HOST].delivery is Delivery.OK
    assert told(found) == {"sts-record-invalid:id": WARN}


def test_mode_none_asks_for_nothing() -> None:
    found = judged(under(body(mode="none")), connected(*SELF_SIGNED))
    promise = of(found)
    assert (promise.policy, promise.mode, promise.origin) == (Policy.VALID, "none", "fetched")
    assert (promise.hosts[HOST].in_policy, promise.hosts[HOST].delivery) == (None, Delivery.OK)
    assert told(found) == {"sts-policy-valid": OK}
    assert found.strict == frozenset()


def test_what_is_odd_and_harmless_is_noted() -> None:
    text = body(HOST, max_age=3600) + "mode: none\ncolour: red\n"
    alias = replace(record("v=STSv1; id=1"), aliases=(f"_mta-sts.{DOMAIN}",), canonical="sts.fabrikam.com")
    note = the(judged(policy(alias, fetched(response(text), *POLICY_CHAIN))), "sts-policy-valid").fact("note") or ""
    for part in ("alias of sts.fabrikam.com", "after 3600 s", "the first mode of several", "ignored: colour"):
        assert part in note
    assert the(judged(), "sts-policy-valid").fact("note") is None


# The fetch


def came(said: str, **changes: Any) -> MtaSts:
    return policy(None, fetched(said, *POLICY_CHAIN, **changes))


def of_policy_host(*records: str, outcome: Outcome) -> MtaSts:
    found = answer(POLICY_HOST, "A", *records, outcome=outcome, detail="SERVFAIL")
    return replace(policy(), addresses=(answer(POLICY_HOST, "AAAA", outcome=Outcome.NODATA), found))


OLD_TLS = replace(SESSION, version="TLSv1.1")
CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
CLOSING = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
LATE = Failure(stage=Stage.AFTER, kind=Kind.TIMEOUT)
CUT = Failure(stage=Stage.AFTER, kind=Kind.CLOSED)


@pytest.mark.parametrize(
    "said",
    [
        response(ENFORCE, media="text/plain; charset=utf-8"),  # RFC 8461 §3.2: parameters are ignored
        response(ENFORCE, media="text/plain; charset=utf-16; x=y"),
        response(ENFORCE, media="Text/PLAIN"),  # RFC 9110 §8.3.1: in any case
        response(ENFORCE, headers=("Content-Encoding: identity",)),
        "HTTP/1.1 100 Continue\r\n\r\n" + response(ENFORCE),  # interim, then the answer
        f"{CHUNKED}{len(ENFORCE):x}\r\n{ENFORCE}\r\n0\r\n\r\n",
        CLOSING + ENFORCE,  # as long as the connection lasts
        response(ENFORCE, status="200 Fine"),
    ],
)
def test_a_response_that_is_a_policy(said: str) -> None:
    assert of(judged(came(said))).policy is Policy.VALID


@pytest.mark.parametrize(
    ("asked", "cause", "reason"),
    [
        (of_policy_host(outcome=Outcome.NXDOMAIN), "name", "mta-sts.contoso.com has no address"),
        (of_policy_host(outcome=Outcome.FAILED), "lookup", "mta-sts.contoso.com A: SERVFAIL"),
        (of_policy_host(outcome=Outcome.BOGUS), "lookup", "SERVFAIL"),
        (policy(None, unfetched(REFUSED)), "connection", "192.0.2.80 port 443: the connection was refused"),
        (policy(None, unfetched(replace(REFUSED, kind=Kind.UNREACHABLE))), "connection", "there is no way to it"),
        (policy(None, unfetched(replace(REFUSED, kind=Kind.TIMEOUT))), "timeout", "it took too long"),
        (
            policy(None, unfetched(Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="protocol version"))),
            "tls",
            "alert",
        ),
        (policy(None, unfetched(Failure(stage=Stage.HANDSHAKE, kind=Kind.TIMEOUT))), "timeout", "it took too long"),
        (came(response(ENFORCE), session=OLD_TLS), "tls", "the policy host speaks TLSv1.1"),  # RFC 8461 §7.2
        (policy(None, unfetched(LATE, *POLICY_CHAIN)), "timeout", "no HTTP response"),
        (policy(None, unfetched(CUT, *POLICY_CHAIN)), "response", "no HTTP response: it closed the connection"),
        (came("220 mail.contoso.com ESMTP\r\n"), "response", "no HTTP response"),
        (came(response(ENFORCE, status="301 Moved", headers=("Location: https://contoso.com/x",))), "redirect", "/x"),
        (came(response(ENFORCE, status="302 Found")), "redirect", "status 302, to nowhere"),
        (came(response(ENFORCE, status="404 Not Found")), "status", "status 404"),
        (came(response(ENFORCE, status="203 Changed")), "status", "status 203"),  # §3.3: only 200
        (came(response(ENFORCE, status="304 Not Modified")), "redirect", "status 304"),
        (came(response(ENFORCE, media="text/html")), "media-type", "the media type is text/html"),
        (came(response(ENFORCE, media="text/plainly")), "media-type", "text/plainly"),
        (came(response(ENFORCE, media="text/plain, text/plain")), "media-type", "text/plain, text/plain"),
        (came(response(ENFORCE, media=None)), "media-type", "there is no Content-Type"),
        (came(response("x", headers=("Content-Encoding: gzip",))), "encoding", "encoded as gzip"),
        (came(response("#" * 65537)), "too-large", "more than 65536 bytes"),
        (came(response(ENFORCE)[:-1]), "response", "the response is not whole"),  # RFC 9112 §8
        (came(response(ENFORCE)[:-1], failure=LATE), "timeout", "not whole"),
        (came(CLOSING + ENFORCE, failure=CUT), "response", "not whole: it closed the connection"),
        (came(f"{CHUNKED}{len(ENFORCE):x}\r\n{ENFORCE}\r\n"), "response", "not whole"),  # the last chunk is missing
    ],
)
def test_a_policy_that_cannot_be_fetched(asked: MtaSts, cause: str, reason: str) -> None:
    found = judged(asked)
    promise = of(found)
    assert (promise.record, promise.policy, promise.origin, promise.mode) == (
        Record.VALID,
        Policy.FETCH_ERROR,
        None,
        None,
    )
    assert reason in promise.reason
    assert told(found) == {f"sts-policy-fetch-error:{cause}": WARN}
    assert promise.hosts[HOST].delivery is Delivery.OK  # RFC 8461 §3.3: as though MTA-STS were not there
    assert of(judged(asked, want=Want.REQUIRE)).policy is Policy.FETCH_ERROR
    assert told(judged(asked, want=Want.REQUIRE))["sts-required:no-policy"] is FAIL


def test_what_we_broke_off_is_not_said_to_have_ended() -> None:
    broken = Failure(stage=Stage.AFTER, kind=Kind.PROTOCOL, detail="more than 2048 pieces")
    reason = of(judged(came(response(ENFORCE)[:-9], failure=broken))).reason
    assert reason == "the response is not whole: more than 2048 pieces"


def test_compression_is_not_inflated() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000).decode("latin-1")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(bomb)}\r\n\r\n"
    assert told(judged(came(head + bomb))) == {"sts-policy-invalid:syntax": WARN}


@pytest.mark.parametrize(
    "asked", [policy(), policy(None, replace(unfetched(REFUSED), attempted=False, failure=None))], ids=("no", "late")
)
def test_a_policy_host_that_nobody_asked(asked: MtaSts) -> None:
    found = judged(asked, want=Want.REQUIRE)
    assert told(found) == {"sts-policy-fetch-error:timeout": UNKNOWN}
    assert of(found).hosts[HOST].delivery is Delivery.UNKNOWN


def test_a_policy_host_in_the_other_half_of_the_internet() -> None:
    only = replace(policy(), addresses=(answer(POLICY_HOST, "A"),))
    found = judged(only, want=Want.REQUIRE)
    assert told(found) == {"sts-policy-fetch-error:name": UNKNOWN}
    assert of(found).reason == "mta-sts.contoso.com has no A record; AAAA was not asked for"
    gone = replace(policy(), addresses=(answer(POLICY_HOST, "A", outcome=Outcome.NXDOMAIN),))
    assert told(judged(gone)) == {"sts-policy-fetch-error:name": WARN}


def test_a_policy_that_is_none() -> None:
    found = judged(under(ENFORCE.replace("enforce", "strict")))
    assert told(found) == {"sts-policy-invalid:mode": WARN}
    assert (of(found).policy, of(found).hosts[HOST].delivery) == (Policy.INVALID, Delivery.OK)
    assert "line 2: mode is strict" in of(found).reason


@pytest.mark.parametrize(
    ("chain", "cause", "reason"),
    [
        (GOOD, "host-mismatch", f"the certificate is for {HOST}, not for {POLICY_HOST}"),
        ((leaf("CN=A Web Host", ISSUING, (DOMAIN,)).der, ISSUING.der), "host-mismatch", "for contoso.com, not"),
        ((leaf("CN=e", ISSUING, (f"*.mta-sts.{DOMAIN}",)).der, ISSUING.der), "host-mismatch", "*.mta-sts"),
        ((leaf(f"CN={POLICY_HOST}", ISSUING, ("a.b",)).der, ISSUING.der), "host-mismatch", "not for"),  # a DNS-ID it is
        (POLICY_CHAIN[:1], "not-trusted", "CN=STS Test Issuing is missing"),
        ((authority("CN=alone").der,), "not-trusted", "CN=alone is self-signed"),
        ((leaf("CN=x", authority("CN=Y"), (POLICY_HOST,)).der, authority("CN=Y").der), "not-trusted", "CN=Y"),
        ((leaf("CN=f", ISSUING, (POLICY_HOST,), until=AT - HOUR).der, ISSUING.der), "expired", "CN=f expired"),
        ((leaf("CN=g", ISSUING, (POLICY_HOST,), not_before=AT + HOUR).der, ISSUING.der), "not-yet-valid", "CN=g"),
        ((leaf("CN=h", ISSUING, (POLICY_HOST,), usage=CLIENT_AUTH).der, ISSUING.der), "wrong-usage", "clientAuth"),
        ((b"rubbish", ISSUING.der), "unreadable", "no certificate that can be read"),
    ],
)  # fmt: skip
def test_a_policy_host_that_is_not_trusted(chain: tuple[bytes, ...], cause: str, reason: str) -> None:
    alert = Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="handshake failure")
    for asked in (policy(None, fetched(response(ENFORCE), *chain)), policy(None, unfetched(alert, *chain))):
        found = judged(asked)
        assert told(found) == {f"sts-webpki-invalid:{cause}": WARN}
        assert reason in of(found).reason
        assert (of(found).policy, of(found).origin) == (Policy.WEBPKI_INVALID, None)
        assert of(found).hosts[HOST].delivery is Delivery.OK


def test_every_fault_of_a_certificate_has_its_cause() -> None:
    assert set(FAULTS.values()) == set(CATALOGUE["sts-webpki-invalid"].causes)


@pytest.mark.parametrize("name", [POLICY_HOST, f"*.{DOMAIN}"])
def test_a_policy_host_with_a_good_name(name: str) -> None:
    chain = (leaf("CN=w", ISSUING, (name,)).der, ISSUING.der)
    assert of(judged(policy(None, fetched(response(ENFORCE), *chain)))).policy is Policy.VALID


def test_the_name_is_the_policy_host_s_whoever_was_asked() -> None:
    astray = replace(WHOLE, endpoint=replace(WHOLE.endpoint, host="web.contoso.com"))
    assert of(judged(policy(None, astray))).policy is Policy.VALID


def test_no_certificate_is_none_that_can_be_read() -> None:
    assert told(judged(policy(None, fetched(response(ENFORCE), session=SESSION)))) == {
        "sts-webpki-invalid:unreadable": WARN
    }


def test_a_policy_host_s_certificate_that_ends_soon() -> None:
    ends = leaf("CN=soon", ISSUING, (POLICY_HOST,), until=AT + timedelta(days=5))
    found = judged(policy(None, fetched(response(ENFORCE), ends.der, ISSUING.der)))
    assert told(found) == {"certificate-expires-soon": WARN, "sts-policy-valid": OK, "sts-host-accepted": OK}
    assert the(found, "certificate-expires-soon").where.host == POLICY_HOST


def test_of_several_addresses_the_one_that_answered_speaks() -> None:
    other = replace(WHOLE, endpoint=replace(WHOLE.endpoint, address="192.0.2.81"))
    assert of(judged(policy(None, unfetched(REFUSED), other))).policy is Policy.VALID
    hung = unfetched(Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="x"), *POLICY_CHAIN)
    assert told(judged(policy(None, hung, unfetched(REFUSED)))) == {"sts-policy-fetch-error:tls": WARN}


# The hosts


@pytest.mark.parametrize(
    ("host", "pattern", "covered"),
    [
        ("mail.example.com", "mail.example.com", True),
        ("mail.example.com", "MAIL.Example.COM", True),  # RFC 4343: case says nothing
        ("MAIL.example.com", "mail.example.com", True),
        ("mail.example.com.", "mail.example.com", True),
        ("mail.example.com", "*.example.com", True),  # RFC 8461 §4.1
        ("example.com", "*.example.com", False),
        ("foo.bar.example.com", "*.example.com", False),
        ("foo.bar.example.com", "*.bar.example.com", True),
        ("mail.example.com", "example.com", False),
        ("mailexample.com", "*.example.com", False),
        ("mail.example.com.evil.org", "*.example.com", False),
        ("xn--mller-kva.example.com", "*.example.com", True),  # a whole label, whatever it is
        ("contoso-com.mail.protection.outlook.com", "*.mail.protection.outlook.com", True),
        ("contoso-com.k-v1.mx.microsoft", "*.mx.microsoft", False),
        ("contoso-com.k-v1.mx.microsoft", "*.k-v1.mx.microsoft", True),
        ("localhost", "*.localhost", False),
        ("localhost", "localhost", True),
        ("", "*.", False),
    ],
)
def test_which_hosts_a_pattern_covers(host: str, pattern: str, covered: bool) -> None:
    assert (matching(host, folded(("other.example", pattern))) == pattern) is covered


@pytest.mark.parametrize(
    ("host", "patterns", "near", "why", "publish"),
    [
        (
            "contoso-com.k-v1.mx.microsoft",
            ("*.mail.protection.outlook.com", "*.mx.microsoft"),
            "*.mx.microsoft",
            "a wildcard covers one label; `*.k-v1.mx.microsoft` would",
            "*.k-v1.mx.microsoft",
        ),
        ("ex.com", ("*.ex.com",), "*.ex.com", "a wildcard does not cover ex.com itself", "ex.com"),
        ("mx.ex.com", ("ex.com",), "ex.com", "it covers ex.com alone; `*.ex.com` would", "*.ex.com"),
        ("mx2.ex.com", ("mx1.ex.com",), "mx1.ex.com", "it covers other hosts; `mx2.ex.com` would", "mx2.ex.com"),
        ("mx.ex.com", ("mx.ex.org", "a.ex.net"), "", "no pattern is of its domain", "mx.ex.com"),
        ("mx.ex.com", ("mx.other.com",), "", "no pattern is of its domain", "mx.ex.com"),  # ".com" is no kin
        ("mx.ex.com", (), "", "no pattern is of its domain", "mx.ex.com"),
        ("a.b.ex.com", ("*.ex.com", "*.c.b.ex.com"), "*.c.b.ex.com", "it covers other hosts", "a.b.ex.com"),
        ("a.b.ex.com", ("mx.ex.com", "*.ex.com"), "*.ex.com", "a wildcard covers one label", "*.b.ex.com"),
        ("localhost", ("*.localhost",), "*.localhost", "a wildcard does not cover localhost itself", "localhost"),
    ],
)  # fmt: skip
def test_the_nearest_pattern_and_why_it_fails(
    host: str, patterns: tuple[str, ...], near: str, why: str, publish: str
) -> None:
    assert matching(host, folded(patterns)) is None
    found = nearest(host, folded(patterns))
    assert (found[0], found[2]) == (near, publish)
    assert found[1].startswith(why)
    assert matching(host, folded((publish,))) == publish  # what is advised would do


@pytest.mark.parametrize(
    ("mode", "verdict", "delivery"),
    [("enforce", FAIL, Delivery.BLOCKED), ("testing", WARN, Delivery.WOULD_BE_BLOCKED)],
)
def test_a_host_that_the_policy_does_not_name(mode: str, verdict: Verdict, delivery: Delivery) -> None:
    found = judged(under(body("*.mx.microsoft", mode=mode)), hosts=(HOST, "contoso-com.k-v1.mx.microsoft"))
    assert told(found) == {"sts-policy-valid": OK, "mx-not-in-policy": verdict}
    first, second = (each for each in found.findings if each.code == "mx-not-in-policy")
    assert (first.where.kind, first.where.host, first.fact("nearest")) == ("host", HOST, None)
    assert second.fact("publish") == "mx: *.k-v1.mx.microsoft"
    seen, unseen = of(found).hosts.values()
    assert (seen.in_policy, seen.certificate, seen.delivery) == (False, "ok", delivery)  # however good its certificate
    assert (unseen.in_policy, unseen.certificate, unseen.delivery) == (False, "unknown", delivery)
    assert found.strict == frozenset()


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        (MISNAMED, "certificate-host-mismatch"),
        (COMMON_NAME, "certificate-host-mismatch"),  # RFC 8461 §4.2: a DNS-ID
        (EXPIRED, "certificate-expired"),
        (EARLY, "certificate-not-yet-valid"),
        (FOR_CLIENTS, "certificate-wrong-usage"),
        (GOOD[:1], "certificate-not-trusted"),  # RFC 8460 has no word for an incomplete chain
        (SELF_SIGNED, "certificate-not-trusted"),
        ((b"rubbish",), "certificate-unreadable"),
    ],
)
@pytest.mark.parametrize(
    ("mode", "verdict", "delivery"),
    [("enforce", FAIL, Delivery.BLOCKED), ("testing", WARN, Delivery.WOULD_BE_BLOCKED)],
)
def test_a_certificate_that_the_policy_does_not_allow(
    chain: tuple[bytes, ...], code: str, mode: str, verdict: Verdict, delivery: Delivery
) -> None:
    found = judged(under(body(HOST, mode=mode)), connected(*chain))
    host = of(found).hosts[HOST]
    assert (host.in_policy, host.certificate, host.delivery) == (True, code, delivery)
    finding = the(found, code)
    assert (finding.verdict, finding.fact("required_by")) == (verdict, f"MTA-STS ({mode})")
    assert (finding.where.address, finding.where.port, finding.where.position) == (ADDRESS, 25, 0)
    assert "sts-host-accepted" not in told(found)
    assert found.strict == {HOST}


WITHOUT_STARTTLS = failed(
    Stage.DIALOGUE,
    Kind.REJECTED,
    "STARTTLS is not offered",
    transcript=dialogue(GREETING, hello("SIZE 1"))[:-1],
)


def test_a_host_without_starttls() -> None:
    found = judged(under(body(HOST)), WITHOUT_STARTTLS)
    assert of(found).hosts[HOST].certificate == "starttls-not-supported"
    assert of(found).hosts[HOST].delivery is Delivery.BLOCKED
    finding = the(found, "starttls-not-supported")
    assert (finding.verdict, finding.fact("required_by"), finding.fact("cause")) == (
        FAIL,
        "MTA-STS (enforce)",
        "not-offered",
    )


def test_a_host_whose_handshake_fails() -> None:
    found = judged(under(body(HOST)), failed(Stage.HANDSHAKE, Kind.ALERT, "handshake failure"))
    assert (of(found).hosts[HOST].certificate, of(found).hosts[HOST].delivery) == ("not-observed", Delivery.BLOCKED)
    assert the(found, "not-observed").fact("required_by") == "MTA-STS (enforce)"
    # Its chain was seen all the same, and says more.
    found = judged(under(body(HOST)), failed(Stage.HANDSHAKE, Kind.ALERT, "handshake failure", *MISNAMED))
    assert of(found).hosts[HOST].certificate == "certificate-host-mismatch"


@pytest.mark.parametrize(
    "seen",
    [
        failed(Stage.CONNECT, Kind.TIMEOUT),
        failed(Stage.CONNECT, Kind.REFUSED),
        failed(Stage.DIALOGUE, Kind.REJECTED, "554 go away"),
        failed(Stage.HANDSHAKE, Kind.TIMEOUT),
        failed(Stage.HANDSHAKE, Kind.TIMEOUT, "", *GOOD, session=None),
        replace(failed(Stage.CONNECT, Kind.TIMEOUT), attempted=False, failure=None),
    ],
    ids=str,
)
def test_what_was_not_seen_is_unknown(seen: Observation) -> None:
    found = judged(under(body(HOST)), seen)
    host = of(found).hosts[HOST]
    assert (host.in_policy, host.certificate, host.delivery) == (True, "unknown", Delivery.UNKNOWN)
    assert told(found) == {"sts-policy-valid": OK}


def test_what_fails_inside_tls_is_no_business_of_the_policy() -> None:
    late = failed(Stage.AFTER, Kind.TIMEOUT, "", *GOOD, session=SESSION)
    assert of(judged(under(body(HOST)), late)).hosts[HOST].delivery is Delivery.OK


def test_mail_stops_where_every_address_is_refused() -> None:
    good, bad = connected(*GOOD), connected(*MISNAMED, address=SECOND)
    dead = failed(Stage.CONNECT, Kind.TIMEOUT, address="203.0.113.25")
    found = judged(under(body(HOST)), good, bad, dead)
    host = of(found).hosts[HOST]
    assert (host.certificate, host.delivery) == ("certificate-host-mismatch", Delivery.OK)
    assert the(found, "certificate-host-mismatch").where.address == SECOND
    assert "sts-host-accepted" not in told(found)
    assert of(judged(under(body(HOST)), bad, dead)).hosts[HOST].delivery is Delivery.BLOCKED


def test_a_second_certificate_counts_as_well() -> None:
    # Seen with a narrower offer, as other senders would.
    other = connected(*EXPIRED)
    other = replace(other, endpoint=replace(other.endpoint, offer="rsa"))
    seen = replace(
        domain(under(body(HOST)), connected(*GOOD)), alternatives=(other, failed(Stage.HANDSHAKE, Kind.ALERT))
    )
    found = judge_sts(seen, Standard(), ANCHORS, AT)
    assert (the(found, "certificate-expired").verdict, the(found, "certificate-expired").fact("seen")) == (
        FAIL,
        "to clients that offer RSA alone",
    )
    assert of(found).hosts[HOST].certificate == "ok"


def test_rubbish_behind_a_good_chain_is_no_fault() -> None:
    assert of(judged(under(body(HOST)), connected(*GOOD, b"rubbish"))).hosts[HOST].certificate == "ok"


def test_a_connector_s_expectations_are_another_matter() -> None:
    standard = Standard(name="*.fabrikam.com", thumbprints=("0" * 40,))
    found = judge_sts(domain(policy(None, WHOLE), connected(*GOOD)), standard, ANCHORS, AT)
    assert told(found) == {"sts-policy-valid": OK, "sts-host-accepted": OK}
    found = judge_sts(domain(policy(None, WHOLE), connected(*COMMON_NAME)), standard, ANCHORS, AT)
    assert the(found, "certificate-host-mismatch").rule_book is RuleBook.RFC
    found = judge_sts(domain(policy(None, WHOLE), WITHOUT_STARTTLS), standard, ANCHORS, AT)
    assert the(found, "starttls-not-supported").rule_book is RuleBook.RFC


def test_every_host_has_its_entry() -> None:
    found = judged(under(body("*.contoso.com")), hosts=(HOST, "mx2.contoso.com", "mx.fabrikam.com"))
    kept = {host: (kept.in_policy, kept.delivery) for host, kept in of(found).hosts.items()}
    assert kept == {
        HOST: (True, Delivery.OK),
        "mx2.contoso.com": (True, Delivery.UNKNOWN),
        "mx.fabrikam.com": (False, Delivery.BLOCKED),
    }
    assert found.strict == {HOST, "mx2.contoso.com"}


def omitting(*hosts: str, asked: MtaSts) -> StsJudgement:
    """A route to the one host that is looked at, whose MX answer names these as well."""
    found = domain(asked, connected(*GOOD))
    mx = answer(DOMAIN, "MX", f"10 {HOST}.", *(f"20 {host}." for host in hosts))
    route = replace(found.route, answers=(mx,), omitted=len(hosts))
    return judge_sts(replace(found, route=route), Standard(), ANCHORS, AT)


@pytest.mark.parametrize(
    ("text", "covered", "other"),
    [
        (body("*.contoso.com"), (True, Delivery.UNKNOWN), (False, Delivery.BLOCKED)),
        (body("*.contoso.com", mode="testing"), (True, Delivery.UNKNOWN), (False, Delivery.WOULD_BE_BLOCKED)),
        (body(mode="none"), (None, Delivery.OK), (None, Delivery.OK)),
    ],
)
def test_hosts_that_nobody_looked_at_have_their_entry(
    text: str, covered: tuple[bool | None, Delivery], other: tuple[bool | None, Delivery]
) -> None:
    found = omitting("mx2.contoso.com", "mx.fabrikam.com", asked=under(text))
    kept = of(found).hosts
    assert set(kept) == {HOST, "mx2.contoso.com", "mx.fabrikam.com"}
    assert (kept["mx2.contoso.com"].in_policy, kept["mx2.contoso.com"].delivery) == covered
    assert (kept["mx.fabrikam.com"].in_policy, kept["mx.fabrikam.com"].delivery) == other
    assert {each.certificate for host, each in kept.items() if host != HOST} == {"unknown"}
    assert "mx-not-in-policy" not in told(found)  # the finding on what was cut off says that there is more


def test_of_very_many_hosts_so_many_have_an_entry() -> None:
    found = omitting(*(f"h{number}.contoso.com" for number in range(5000)), asked=under(body("*.contoso.com")))
    assert len(of(found).hosts) == MOST_HOSTS


def test_without_mx_records_the_domain_is_its_own_host() -> None:
    hop = Hop(host=DOMAIN, preference=None, addresses=(ADDRESS,))
    seen = replace(
        domain(under(body(DOMAIN)), connected(*GOOD, host=DOMAIN)), route=by_mx(hop, kind=RouteKind.IMPLICIT_MX)
    )
    found = judge_sts(seen, Standard(), ANCHORS, AT)
    assert of(found).hosts[DOMAIN].certificate == "certificate-host-mismatch"
    assert found.strict == {DOMAIN}


# What is remembered


LONG = ENFORCE.encode() + b"note: more than 64 KiB\r\n" * 3000
FETCH_FAILS = policy(None, unfetched(REFUSED), remembered=remembered())
LOST = {
    "gone": policy(record(), remembered=remembered()),
    "no-such-name": policy(record(outcome=Outcome.NXDOMAIN), remembered=remembered()),
    "not-looked-up": policy(record(outcome=Outcome.TIMEOUT), remembered=remembered()),
    "record-invalid": policy(record("v=STSv1;"), remembered=remembered()),
    "fetch-error": FETCH_FAILS,
    "not-asked": policy(remembered=remembered()),
    "invalid": policy(None, fetched(response("hello\n"), *POLICY_CHAIN), remembered=remembered()),
    "not-trusted": policy(None, fetched(response(TESTING), *GOOD), remembered=remembered()),
}


@pytest.mark.parametrize("case", LOST)
def test_a_remembered_policy_counts_as_long_as_it_lives(case: str) -> None:
    # RFC 8461 §3.3: the sender must apply the cached policy.
    found = judged(LOST[case], connected(*MISNAMED))
    promise = of(found)
    assert (promise.mode, promise.id, promise.max_age, promise.origin) == ("enforce", ID, 604800, "remembered")
    assert promise.hosts[HOST].delivery is Delivery.BLOCKED
    assert promise.policy is not Policy.VALID
    assert promise.reason
    finding = the(found, "sts-policy-remembered")
    assert (finding.verdict, finding.where.kind, finding.fact("why")) == (WARN, "policy", promise.reason)
    assert finding.fact("until") == "2026-11-27 09:35:00 UTC"  # its max_age after it was fetched
    assert the(found, "certificate-host-mismatch").verdict is FAIL
    assert "sts-absent" not in told(found)
    # We know what senders do, though we could not look.
    assert told(found).get("sts-lookup-failed") is (WARN if case == "not-looked-up" else None)
    assert told(found).get("sts-policy-fetch-error:timeout") is (WARN if case == "not-asked" else None)
    # A day after its end nothing is left of it.
    later = judged(LOST[case], connected(*MISNAMED), at=AT + timedelta(days=7))
    assert of(later).origin is None
    assert "sts-policy-remembered" not in told(later)


def test_a_remembered_policy_ends_with_its_max_age() -> None:
    end = AT + timedelta(days=6)
    assert of(judged(FETCH_FAILS, at=end - timedelta(seconds=1))).origin == "remembered"
    assert of(judged(FETCH_FAILS, at=end)).origin is None
    assert of(judged(policy(None, unfetched(REFUSED), remembered=remembered(days=-0.1)))).origin is None


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "fabrikam.com"},
        {"digest": "0" * 64},
        {"body": b"", "digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"id": ""},
        {"id": "x" * 33},
        {"id": "\x1b[31m"},
        {"fetched": AT + timedelta(seconds=1)},  # not yet
        {"fetched": datetime(1, 1, 1, tzinfo=UTC)},
        {"expires": datetime(1, 1, 1, tzinfo=UTC)},
        {"fetched": datetime.max.replace(tzinfo=UTC), "expires": datetime.max.replace(tzinfo=UTC)},
        {"body": LONG, "digest": hashlib.sha256(LONG).hexdigest()},
    ],
    ids=str,
)
def test_what_is_remembered_is_believed_only_where_it_is_whole(changes: dict[str, Any]) -> None:
    asked = replace(FETCH_FAILS, remembered=replace(remembered(), **changes))
    assert of(judged(asked)).origin is None
    assert remember(domain(asked), ANCHORS, AT) is None


def test_a_forged_expiry_does_not_outlive_max_age() -> None:
    asked = replace(FETCH_FAILS, remembered=replace(remembered(), expires=datetime.max.replace(tzinfo=UTC)))
    assert of(judged(asked, at=AT + timedelta(days=7))).origin is None


def test_a_fetched_policy_takes_the_place_of_the_remembered_one() -> None:
    asked = policy(record("v=STSv1; id=2"), fetched(response(TESTING), *POLICY_CHAIN), remembered=remembered())
    found = judged(asked)
    assert (of(found).mode, of(found).id, of(found).origin) == ("testing", "2", "fetched")
    assert told(found) == {"sts-policy-valid": OK, "sts-host-accepted": OK}


def test_a_policy_that_changed_under_its_id() -> None:
    found = judged(policy(None, fetched(response(TESTING), *POLICY_CHAIN), remembered=remembered()))
    assert of(found).mode == "testing"
    finding = the(found, "sts-policy-id-unchanged")
    assert (finding.verdict, finding.fact("id"), finding.fact("remembered")) == (WARN, ID, f"enforce, {HOST}")


def changed(before: str, *observations: Observation, hosts: Iterable[str] = (HOST,)) -> str | None:
    """Under a policy that allows everything, and another one that is remembered by the same id: whom that blocks."""
    asked = policy(None, fetched(response(body("*.contoso.com")), *POLICY_CHAIN), remembered=remembered(before))
    return the(judged(asked, *observations, hosts=hosts), "sts-policy-id-unchanged").fact("blocked")


def test_whom_the_policy_blocks_that_is_still_remembered() -> None:
    second = "mx2.contoso.com"
    assert changed(body(HOST), hosts=(HOST, second)) == second
    assert changed(body(second), hosts=(HOST, second)) == HOST
    assert changed(body(HOST, second), connected(*MISNAMED), hosts=(HOST, second)) == HOST  # by its certificate
    assert changed(body(HOST)) is None
    assert changed(body(second, mode="testing"), hosts=(HOST, second)) is None
    assert changed(body(mode="none"), hosts=(HOST, second)) is None
    many = [f"h{number}.contoso.com" for number in range(20)]
    assert changed(body("other.example"), hosts=many) == f"{', '.join(many[:8])} and 12 more"


def test_a_policy_that_changed_under_its_id_does_not_take_the_place_of_the_remembered_one() -> None:
    kept = remembered()
    asked = policy(None, fetched(response(TESTING), *POLICY_CHAIN, at=AT), remembered=kept)
    assert remember(domain(asked), ANCHORS, AT) == kept
    # So the next run warns again, until it has ended: then whoever fetches has the new one.
    end = AT + timedelta(days=6)
    renewed = remember(domain(replace(asked, fetches=(replace(asked.fetches[0], at=end),))), ANCHORS, end)
    assert renewed
    assert (renewed.body, renewed.fetched) == (TESTING.encode(), end)
    # The same policy under the same id is as good as fetched anew.
    again = remember(domain(policy(None, WHOLE, remembered=kept)), ANCHORS, AT)
    assert again
    assert (again.body, again.fetched) == (kept.body, AT)


def test_an_id_that_changed_above_its_policy() -> None:
    found = judged(policy(record("v=STSv1; id=2"), WHOLE, remembered=remembered()))
    finding = the(found, "sts-policy-body-unchanged")
    assert (finding.verdict, finding.fact("id"), finding.fact("before")) == (OK, "2", ID)
    assert of(found).id == "2"


def test_what_has_not_changed_and_what_has_ended_is_not_compared() -> None:
    assert told(judged(policy(None, WHOLE, remembered=remembered()))) == told(judged())
    ended = policy(None, fetched(response(TESTING), *POLICY_CHAIN), remembered=remembered(days=-0.1))
    assert "sts-policy-id-unchanged" not in told(judged(ended))


def test_what_to_remember() -> None:
    kept = remember(domain(policy(None, WHOLE)), ANCHORS, AT)
    assert kept
    assert (kept.domain, kept.id, kept.body.decode()) == (DOMAIN, ID, ENFORCE)
    assert (kept.fetched, kept.expires) == (AT, AT + timedelta(seconds=604800))
    assert kept.digest == remembered().digest
    # It comes back as it went.
    again = policy(record(), remembered=kept)
    assert of(judged(again, at=AT + timedelta(days=6))).origin == "remembered"
    assert remember(domain(again), ANCHORS, AT + timedelta(days=6)) == kept
    assert remember(domain(again), ANCHORS, AT + timedelta(days=7)) is None
    # A good policy replaces it, mode none as well as any; a bad one does not.
    laxer = policy(record("v=STSv1; id=2"), fetched(response(body(mode="none")), *POLICY_CHAIN), remembered=kept)
    replaced = remember(domain(laxer), ANCHORS, AT)
    assert replaced
    assert (replaced.id, replaced.body) == ("2", body(mode="none").encode())
    assert remember(domain(replace(FETCH_FAILS, remembered=kept)), ANCHORS, AT) == kept
    assert remember(domain(policy(None, fetched(response(ENFORCE), *GOOD))), ANCHORS, AT) is None
    assert remember(domain(policy(record())), ANCHORS, AT) is None
    assert remember(domain(None), ANCHORS, AT) is None


def test_a_policy_fetched_at_the_end_of_time() -> None:
    end = datetime.max.replace(tzinfo=UTC)
    kept = remember(domain(policy(None, replace(WHOLE, at=end))), ANCHORS, AT)
    assert kept
    assert kept.expires == end


# What is required


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (policy(None, WHOLE), None),
        (under(TESTING), ("mode-testing", WARN)),
        (under(body(mode="none")), ("mode-none", FAIL)),
        (policy(record()), ("no-record", FAIL)),
        (policy(record("v=STSv1")), ("no-policy", FAIL)),
        (under("hello\n"), ("no-policy", FAIL)),
        (policy(None, unfetched(REFUSED)), ("no-policy", FAIL)),
        (FETCH_FAILS, None),  # the remembered one is in force
        (LOST["gone"], ("no-record", FAIL)),  # what a domain publishes is what it promises
        (LOST["record-invalid"], ("no-policy", FAIL)),
        (replace(LOST["not-looked-up"], remembered=remembered(TESTING)), None),
        (policy(record(outcome=Outcome.FAILED)), None),  # UNKNOWN says it
        (policy(), None),
    ],
)
def test_what_is_required_must_be_in_force(asked: MtaSts, expected: tuple[str, Verdict] | None) -> None:
    found = judged(asked, want=Want.REQUIRE)
    required = [each for each in found.findings if each.code == "sts-required"]
    assert [(each.fact("cause"), each.verdict) for each in required] == ([expected] if expected else [])
    assert "sts-absent" not in told(found)
    assert "sts-required" not in {each.code for each in judged(asked).findings}


# Whatever comes


CHANGE = st.tuples(
    st.integers(0, 260),
    st.integers(0, 8),
    st.sampled_from(
        ["", "\r\n", "\n", ":", " ", "\0", "ÿ", "é", "0", "chunked", "Content-Length: 9\r\n", "HTTP/1.1 ", "*."]
    ),
)
SAID = (response(ENFORCE), response(TESTING, media="text/plain; charset=utf-8"), f"{CHUNKED}4\r\nmode\r\n0\r\n\r\n")


@settings(deadline=None, max_examples=2000)
@given(st.sampled_from(SAID), st.lists(CHANGE, max_size=4), st.sampled_from([None, LATE, CUT, REFUSED]))
def test_mutated_responses_raise_nothing_but_findings(
    said: str, changes: list[tuple[int, int, str]], failure: Failure | None
) -> None:
    for place, length, put in changes:
        said = said[:place] + put + said[place + length :]
    found = judged(came(said, failure=failure))
    promise = of(found)
    assert promise.policy in (Policy.VALID, Policy.INVALID, Policy.FETCH_ERROR)
    assert (promise.origin == "fetched") is (promise.policy is Policy.VALID) is ("sts-policy-valid" in told(found))
    assert len(promise.reason) <= 300


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.text(max_size=40), max_size=3),
    st.sampled_from(list(Outcome)),
    st.binary(max_size=60),
    st.text(max_size=8),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
    st.text(max_size=20),
)
def test_whatever_evidence_holds_it_is_judged(
    records: list[str], outcome: Outcome, text: bytes, word: str, start: datetime, end: datetime, host: str
) -> None:
    kept = replace(remembered(), id=word, body=text, fetched=start, expires=end)
    txt = replace(record(outcome=outcome), records=tuple(records))
    turn = Turn(who=Speaker.SERVER, data=word, tls=True)
    seen = replace(WHOLE, transcript=(turn,), endpoint=replace(WHOLE.endpoint, host=host, address=word))
    asked = MtaSts(txt=txt, addresses=(txt,), fetches=(seen,), remembered=kept)
    found = judged(asked, connected(b"", host=host), hosts=(host, word))
    assert set(of(found).hosts) == {host, word}
    remember(domain(asked), ANCHORS, AT)


def test_a_long_policy_is_held_against_many_hosts_in_no_time() -> None:
    patterns = [f"{'a.' * 20}x{number}.example" for number in range(1000)]
    found = judged(under(body(*patterns)), hosts=[f"{'a.' * 60}h{number}.example" for number in range(16)])
    assert told(found) == {"sts-policy-valid": OK, "mx-not-in-policy": FAIL}
    assert len(of(found).mx) == 1000


def test_the_largest_policy_is_held_against_many_hosts_in_no_time() -> None:
    patterns = [f"a{number}" for number in range(6600)]
    hosts = [f"h{number}.mail.contoso.com" for number in range(16)]
    begun = time.process_time()
    found = folded(patterns)
    assert [matching(host, found) for host in hosts] == [None] * 16
    reasons = {nearest(host, found)[1] for host in hosts}
    assert time.process_time() - begun < 1
    assert reasons == {f"none of the first {MOST_COMPARED} patterns is of its domain"}


def test_the_nearest_pattern_is_looked_for_among_the_first_ones() -> None:
    others = [f"a{number}.example" for number in range(MOST_COMPARED - 1)]
    assert nearest(HOST, folded([*others, "mx.contoso.com", "other.example"]))[0] == "mx.contoso.com"
    assert nearest(HOST, folded([*others, "other.example", "mx.contoso.com"]))[0] == ""
    assert matching(HOST, folded([*others, "other.example", HOST.upper()])) == HOST.upper()
