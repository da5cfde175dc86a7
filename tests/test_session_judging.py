"""How grave it is: what was promised, what failed, and whether anybody else answered."""

from dataclasses import replace

import pytest

from fixtures.build import (
    ADDRESS,
    AT,
    GO_AHEAD,
    GREETING,
    HOST,
    KEYWORDS,
    SECOND,
    SESSION,
    WHOLE,
    dialogue,
    evidence,
    failed,
    hello,
    seen,
)
from fixtures.certificates import sample
from fixtures.scenes import ENDINGS, OLD_TLS, ROOTS, scenes
from probe import config
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import AuthLevel, Standard
from probe.model import (
    Endpoint,
    Failure,
    Finding,
    Kind,
    Observation,
    Report,
    RuleBook,
    Session,
    Speaker,
    Stage,
    Turn,
    Verdict,
)

ANCHORS = Anchors(label="roots", der=ROOTS)
CHAIN = (sample("renewed_same"), sample("int2025"))
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN

# Ways of expecting anything at all.
EXPECTATIONS = (
    Standard(name=HOST),
    Standard(thumbprints=("0" * 40,)),
    Standard(identity=config.identity("<S>CN=x")),
    Standard(auth_level=AuthLevel.ENCRYPTION_ONLY),
    Standard(auth_level=AuthLevel.CERTIFICATE_VALIDATION),
    Standard(auth_level=AuthLevel.DOMAIN_VALIDATION),
)


def judged(*observations: Observation, standard: Standard | None = None, given: str = f"{HOST}:25") -> Report:
    return judge(evidence(*observations, given=given), standard or Standard(), ANCHORS, AT)


def find(report: Report, code: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.code == code)
    return finding


def without_tls(*replies: str, port: int = 25, dialect: str = "smtp") -> Observation:
    detail = replies[2].strip() if len(replies) > 2 else "STARTTLS is not offered"
    failure = Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail=detail)
    return seen(transcript=dialogue(*replies), failure=failure, port=port, dialogue=dialect)


# Who promised what


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (f"{HOST}:25", WARN),
        (f"smtp://{HOST}", WARN),
        ("contoso.com", WARN),
        (f"{HOST}:2525", WARN),
        (f"{HOST}:587", FAIL),
        (f"submission://{HOST}", FAIL),
        (f"submission://{HOST}:2587", FAIL),
        (f"smtps://{HOST}", FAIL),
        (f"{HOST}:465", FAIL),
        (f"https://{HOST}", FAIL),
        (f"{HOST}:443", FAIL),
        (f"tls://{HOST}:993", FAIL),
    ],
)
def test_an_untrusted_certificate_where_tls_is_opportunistic_or_demanded(given: str, verdict: Verdict) -> None:
    target = config.target(given)
    found = seen(sample("selfsigned"), port=target.port or 25, dialogue=target.dialogue)
    report = judged(found, given=given)
    assert find(report, "certificate-not-trusted").verdict is verdict
    assert find(report, "certificate-host-mismatch").verdict is verdict
    assert judged(found, given=given, standard=Standard(name=HOST)).verdict is FAIL


@pytest.mark.parametrize("standard", EXPECTATIONS)
def test_any_expectation_demands_starttls(standard: Standard) -> None:
    plain = without_tls(GREETING, hello("SIZE"))
    assert find(judged(plain), "starttls-not-supported").verdict is WARN
    assert find(judged(plain, standard=standard), "starttls-not-supported").verdict is FAIL


@pytest.mark.parametrize("port", [587, 2587])
def test_submission_demands_starttls(port: int) -> None:
    plain = without_tls(GREETING, hello("SIZE"), port=port, dialect="submission")
    assert judged(plain, given=f"submission://{HOST}:{port}").verdict is FAIL


@pytest.mark.parametrize("given", [f"{HOST}:25", f"https://{HOST}"])
@pytest.mark.parametrize("level", [None, AuthLevel.CERTIFICATE_VALIDATION, AuthLevel.DOMAIN_VALIDATION])
def test_expired_is_a_fail_by_every_standard_that_looks(given: str, level: AuthLevel | None) -> None:
    target = config.target(given)
    found = seen(sample("old"), sample("int2025"), port=target.port or 25, dialogue=target.dialogue)
    assert find(judged(found, given=given, standard=Standard(auth_level=level)), "certificate-expired").verdict is FAIL


@pytest.mark.parametrize(
    ("level", "trust", "name"),
    [
        (AuthLevel.ENCRYPTION_ONLY, OK, OK),
        (AuthLevel.CERTIFICATE_VALIDATION, FAIL, OK),
        (AuthLevel.DOMAIN_VALIDATION, FAIL, FAIL),
    ],
)
def test_a_level_demands_what_it_says_and_excuses_the_rest(level: AuthLevel, trust: Verdict, name: Verdict) -> None:
    standard = Standard(name=HOST, auth_level=level)
    report = judged(seen(sample("selfsigned")), standard=standard)
    for code, verdict in (("certificate-not-trusted", trust), ("certificate-host-mismatch", name)):
        finding = find(report, code)
        assert finding.verdict is verdict
        assert finding.fact("excused_by") == (f"auth level {level}" if verdict is OK else None)
        assert finding.rule_book is RuleBook.EXCHANGE_ONLINE
    assert report.verdict is max(trust, name, key=lambda verdict: verdict.gravity)


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        ("weak", "certificate-weak"),
        ("client-usage", "certificate-wrong-usage"),
        ("leaf-only", "chain-incomplete"),
        ("private-root", "certificate-not-trusted"),
    ],
)
def test_encryption_only_excuses_every_question_of_trust(scene: str, code: str) -> None:
    standard = Standard(auth_level=AuthLevel.ENCRYPTION_ONLY)
    report = judge(scenes()[scene], standard, ANCHORS, AT)
    assert report.verdict is OK
    found = [finding for finding in report.findings if finding.code == code]
    assert found
    assert {finding.fact("excused_by") for finding in found} == {"auth level EncryptionOnly"}


# Where it ended


def refused(address: str, **changes: object) -> Observation:
    return failed(Stage.CONNECT, Kind.REFUSED, "Connection refused", address=address, **changes)


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.TIMEOUT, Kind.UNREACHABLE, Kind.CLOSED])
@pytest.mark.parametrize("standard", [None, Standard(name=HOST)])
def test_an_address_that_does_not_answer(kind: Kind, standard: Standard | None) -> None:
    silent = failed(Stage.CONNECT, kind, "", address=SECOND)
    # It may be our own vantage…
    assert judged(silent, standard=standard).verdict is UNKNOWN
    assert judged(silent, refused(ADDRESS), standard=standard).verdict is UNKNOWN
    # …unless somebody else answered, and be it with a failure.
    report = judged(silent, seen(*CHAIN), standard=standard)
    assert (report.verdict, find(report, "not-observed").where.address) == (WARN, SECOND)
    mute = failed(Stage.DIALOGUE, Kind.TIMEOUT)
    verdicts = {f.where.address: f.verdict for f in judged(silent, mute, standard=standard).findings}
    assert verdicts == {SECOND: WARN, ADDRESS: UNKNOWN}


@pytest.mark.parametrize(("stage", "kind"), ENDINGS)
def test_what_ended_early_is_never_ok(stage: Stage, kind: Kind) -> None:
    detail = ENDINGS[stage, kind]
    chain = CHAIN if stage is Stage.AFTER else ()
    report = judged(failed(stage, kind, detail, *chain))
    finding = find(report, "not-observed")
    assert (finding.fact("stage"), finding.fact("kind"), finding.fact("detail")) == (stage, kind, detail)
    known = stage is not Stage.CONNECT and kind is not Kind.TIMEOUT and (stage, kind) != (Stage.DIALOGUE, Kind.CLOSED)
    assert report.verdict is (FAIL if known else UNKNOWN)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("554 5.7.1 No service", FAIL),
        ("550 5.7.1 Blocked", FAIL),
        ("421 4.3.2 Not now", UNKNOWN),
        ("450 4.7.1 Greylisted", UNKNOWN),
    ],
)
@pytest.mark.parametrize("stage", [Stage.DIALOGUE, Stage.AFTER])
def test_a_reply_that_refuses_for_good_or_for_now(reply: str, verdict: Verdict, stage: Stage) -> None:
    replies = (f"{reply}\r\n",) if stage is Stage.DIALOGUE else (GREETING, hello(*KEYWORDS), GO_AHEAD, f"{reply}\r\n")
    chain = CHAIN if stage is Stage.AFTER else ()
    found = failed(stage, Kind.REJECTED, reply, *chain, transcript=dialogue(*replies))
    report = judged(found, standard=Standard(name=HOST))
    assert find(report, "not-observed").verdict is verdict
    assert report.verdict is verdict


def test_a_4xx_to_ehlo_is_no_missing_starttls() -> None:
    reply = "451 4.3.0 Temporary system problem"
    found = failed(Stage.DIALOGUE, Kind.REJECTED, reply, transcript=dialogue(GREETING, f"{reply}\r\n"))
    assert {finding.code for finding in judged(found).findings} == {"not-observed"}
    assert judged(found).verdict is UNKNOWN


def test_attempts_are_counted() -> None:
    busy = Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="421 busy")
    found = failed(Stage.DIALOGUE, Kind.REJECTED, "421 busy", transcript=dialogue("421 busy\r\n"), refusals=(busy,))
    assert find(judged(found), "not-observed").fact("attempts") == "2"
    assert find(judged(replace(found, refusals=())), "not-observed").fact("attempts") is None


def test_tls_that_fails_behind_the_220_is_a_fail_even_where_it_is_opportunistic() -> None:
    for kind in (Kind.CLOSED, Kind.PROTOCOL, Kind.ALERT):
        assert judged(failed(Stage.HANDSHAKE, kind, "handshake failure")).verdict is FAIL


def test_never_attempted_is_unknown_even_where_others_answered() -> None:
    late = failed(Stage.CONNECT, Kind.TIMEOUT, "no time was left", address=SECOND, attempted=False)
    report = judged(late, seen(*CHAIN))
    assert (report.verdict, find(report, "not-observed").verdict) == (UNKNOWN, UNKNOWN)


def test_never_attempted_is_no_answer() -> None:
    late = failed(Stage.CONNECT, Kind.TIMEOUT, "no time was left", address=SECOND, attempted=False)
    assert judged(late, refused(ADDRESS)).verdict is UNKNOWN


# STARTTLS


@pytest.mark.parametrize(
    ("replies", "cause"),
    [
        ((GREETING, hello("SIZE", "PIPELINING")), "not-offered"),
        ((GREETING, hello()), "not-offered"),
        ((GREETING, hello("SIZE", "X-ANONYMOUSTLS")), "no-usable-certificate"),
        ((GREETING, hello("SIZE", "x-anonymoustls")), "no-usable-certificate"),
        ((GREETING, hello("SIZE", "XXXXXXXA")), "masked"),
        ((GREETING, hello("SIZE", "XXXXXXXX", "X-ANONYMOUSTLS")), "masked"),
        ((GREETING, hello("SIZE", "********")), "masked"),
        ((f"220 {'*' * 40}2**\r\n", hello("SIZE")), "masked"),
        ((GREETING, hello("SIZE", "XCLIENT", "XFORWARD", "XEXCH50")), "not-offered"),
        ((GREETING, hello("SIZE", "XXX")), "not-offered"),
        ((GREETING, hello(*KEYWORDS), "454 4.7.0 TLS not available\r\n"), "refused"),
        ((GREETING, hello(*KEYWORDS), "502 5.5.1 Unrecognized\r\n"), "refused"),
    ],
)
def test_why_there_is_no_starttls(replies: tuple[str, ...], cause: str) -> None:
    finding = find(judged(without_tls(*replies)), "starttls-not-supported")
    assert finding.fact("cause") == cause
    if cause == "refused":
        assert finding.fact("reply") == replies[2].strip()
    else:
        assert finding.fact("keywords")


def test_helo_alone_offers_nothing() -> None:
    turns = dialogue(GREETING, "502 5.5.1 Unrecognized\r\n", "250 mail.contoso.com\r\n")
    turns = tuple(replace(turn, data=turn.data.replace("STARTTLS", "HELO probe.fabrikam.com")) for turn in turns)
    failure = Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="STARTTLS is not offered")
    finding = find(judged(seen(transcript=turns, failure=failure)), "starttls-not-supported")
    assert (finding.fact("cause"), finding.fact("keywords")) == ("not-offered", "none")


@pytest.mark.parametrize("early", ["250 injected\r\n", "\x16\x03\x01"])
def test_injected_plain_text_is_a_fail_whatever_else_holds(early: str) -> None:
    finding = find(judged(seen(*CHAIN, early=early)), "plaintext-injected")
    assert (finding.verdict, finding.fact("bytes"), finding.fact("text")) == (FAIL, str(len(early)), early)


# TLS itself


@pytest.mark.parametrize(
    ("version", "minimum", "old"),
    [
        ("TLSv1.3", "TLSv1.2", False),
        ("TLSv1.2", "TLSv1.2", False),
        ("TLSv1.1", "TLSv1.2", True),
        ("TLSv1", "TLSv1.2", True),
        ("TLSv1.2", "TLSv1.3", True),
        ("TLSv1", "TLSv1", False),
        ("SSLv3", "TLSv1", True),
        ("Unknown", "TLSv1", True),
    ],
)
def test_old_versions(version: str, minimum: str, *, old: bool) -> None:
    found = seen(*CHAIN, session=replace(SESSION, version=version))
    report = judged(found, standard=Standard(min_tls=minimum))
    assert ("tls-version-old" in {finding.code for finding in report.findings}) is old
    assert ("tls-established" in {finding.code for finding in report.findings}) is not old
    demanded = judged(found, standard=Standard(min_tls=minimum, min_tls_demanded=True))
    assert demanded.verdict is (FAIL if old else OK)
    assert report.verdict is (WARN if old else OK)


@pytest.mark.parametrize(
    ("cipher", "bits", "weak"),
    [
        ("TLS_AES_128_GCM_SHA256", 128, False),
        ("ECDHE-RSA-CHACHA20-POLY1305", 256, False),
        ("ECDHE-RSA-AES128-SHA", 128, False),
        ("AES128-SHA", 128, False),
        ("CAMELLIA256-SHA", 256, False),
        ("DES-CBC3-SHA", 112, True),
        ("RC4-SHA", 128, True),
        ("RC4-MD5", 128, True),
        ("EXP-DES-CBC-SHA", 40, True),
        ("NULL-SHA256", 0, True),
        ("SEED-SHA", 128, True),
        ("IDEA-CBC-SHA", 128, True),
        ("A-NEW-NAME", 127, True),
    ],
)
def test_weak_ciphers(cipher: str, bits: int, *, weak: bool) -> None:
    report = judged(seen(*CHAIN, session=replace(SESSION, cipher=cipher, cipher_bits=bits)))
    assert ("cipher-weak" in {finding.code for finding in report.findings}) is weak


def test_old_and_weak_are_two_findings_and_none_says_that_tls_is_well() -> None:
    codes = {finding.code for finding in judged(seen(*CHAIN, session=OLD_TLS)).findings}
    assert {"tls-version-old", "cipher-weak"} <= codes
    assert "tls-established" not in codes


# A certificate of ours

AUTHORITY = "CN=Client CA, O=Contoso"


@pytest.mark.parametrize(
    ("asked", "stage", "kind", "detail", "required"),
    [
        (True, Stage.AFTER, Kind.ALERT, "certificate required", True),
        (False, Stage.AFTER, Kind.ALERT, "certificate required", True),
        (True, Stage.HANDSHAKE, Kind.ALERT, "handshake failure", True),
        (True, Stage.HANDSHAKE, Kind.ALERT, "bad certificate", True),
        (True, Stage.AFTER, Kind.CLOSED, "", True),
        (True, Stage.AFTER, Kind.REJECTED, "421 4.7.1 Client certificate not presented", True),
        (False, Stage.AFTER, Kind.CLOSED, "", False),
        (False, Stage.HANDSHAKE, Kind.ALERT, "handshake failure", False),
        (True, Stage.HANDSHAKE, Kind.ALERT, "protocol version", False),
        (True, Stage.AFTER, Kind.REJECTED, "421 4.7.0 Too busy", False),
        (True, Stage.HANDSHAKE, Kind.CLOSED, "", False),
        (True, Stage.AFTER, Kind.TIMEOUT, "", False),
    ],
)
def test_a_server_that_wants_our_certificate(
    asked: bool, stage: Stage, kind: Kind, detail: str, required: bool
) -> None:
    asking = {"certificate_requested": asked, "client_cas": (AUTHORITY,) if asked else ()}
    session = SESSION if stage is Stage.AFTER else None
    found = failed(stage, kind, detail, *CHAIN, session=session, transcript=WHOLE[:-3], **asking)
    codes = {finding.code for finding in judged(found).findings}
    assert ("client-certificate-required" in codes) is required
    assert ("not-observed" in codes) is not required
    if required:
        finding = find(judged(found), "client-certificate-required")
        told = finding.fact("alert" if kind is Kind.ALERT else "reply")
        assert (finding.verdict, told) == (WARN, detail or None)
        assert find(judged(found, standard=Standard(name=HOST)), "client-certificate-required").verdict is FAIL
        assert finding.fact("authorities") == (AUTHORITY if asked else "any")


def test_asking_alone_is_no_fault() -> None:
    assert judged(seen(*CHAIN, certificate_requested=True)).verdict is OK


def test_a_session_without_a_certificate() -> None:
    found = seen(session=Session(version="TLSv1.2", cipher="x", cipher_bits=128, group=None))
    finding = find(judged(found), "certificate-unreadable")
    assert (finding.verdict, finding.where.position) == (WARN, 0)


def test_the_place_of_a_finding_is_the_endpoint_s() -> None:
    endpoint = Endpoint(host=HOST, address="2001:db8::25", port=2525, server_name=None)
    found = replace(seen(*CHAIN), endpoint=endpoint)
    for finding in judged(found, given=f"{HOST}:2525").findings:
        assert (finding.where.host, finding.where.address, finding.where.port) == (HOST, "2001:db8::25", 2525)


def test_who_spoke_inside_tls_did_not_miss_our_certificate() -> None:
    spoke = (*WHOLE[:-3], Turn(who=Speaker.SERVER, data="250 ", tls=True))
    found = failed(Stage.AFTER, Kind.CLOSED, "gone", *CHAIN, transcript=spoke, certificate_requested=True)
    assert find(judged(found), "not-observed").verdict is FAIL


def test_a_server_that_is_known_by_its_address_alone_must_have_it_in_its_certificate() -> None:
    for given, verdict in (("192.0.2.25:25", OK), ("https://192.0.2.25", FAIL), ("smtps://192.0.2.25", FAIL)):
        target = config.target(given)
        found = seen(*CHAIN, host="192.0.2.25", port=target.port or 25, dialogue=target.dialogue)
        assert judged(found, given=given).verdict is verdict
    found = seen(*CHAIN, host="192.0.2.25", port=443, dialogue="direct")
    pinned = Standard(thumbprints=("52b4aa6defe3b5cb25122b92519b89be3082bba1",))
    assert judged(found, given="https://192.0.2.25", standard=pinned).verdict is OK
