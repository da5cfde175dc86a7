"""What protocol logs mean: findings, the join with exports and the wire, `probe logs`."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fixtures.certificates import sample
from probe.cli import run
from probe.exchange.logs import digest
from probe.judge.catalogue.logged import LOGGED
from probe.judge.logged import judge_logs
from probe.judge.standard import Standard
from probe.model import (
    Digest,
    Endpoint,
    Evidence,
    ExchangeCertificate,
    Failure,
    Finding,
    Group,
    Kind,
    Leaf,
    Many,
    Observation,
    Organisation,
    OutboundConnector,
    PresentedChain,
    ReceiveConnector,
    Route,
    RouteKind,
    SendConnector,
    Session,
    Speaker,
    Stage,
    Target,
    Turn,
    Verdict,
    Way,
)
from probe.report.layout import plain
from probe.report.logs import render
from probe.report.logs_json import render as to_json
from probe.report.logs_json import schema
from probe.report.wording import sentence

HOUSE = Path(__file__).resolve().parent.parent
LOGS = HOUSE / "fixtures" / "exchange" / "logs"
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MICROSOFT = "*.protection.outlook.com"
STRANGER = "203.0.113.80"
FRONT_END = "EX01\\Default Frontend EX01"
WIZARDS = "Outbound to Office 365 - 5f3c8f0e"

OLD = "3A1268A55C8D7FF3B37044A58E82A139AC9B8175"
RENEWED = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
OTHER = "FBAC8F57D56D72876131291BD96C0D847D392237"
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
ISSUER = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
NAME = f"<I>{ISSUER}<S>{SUBJECT}"

RIGHT = Leaf(
    thumbprint=RENEWED,
    subject=SUBJECT,
    issuer=ISSUER,
    not_before=datetime(2026, 10, 19, tzinfo=UTC),
    not_after=datetime(2027, 5, 1, tzinfo=UTC),
    names=("mail.contoso.com",),
)
EXPIRED = replace(RIGHT, thumbprint=OLD, not_before=AT - timedelta(days=365), not_after=AT - timedelta(days=19))
SELF_SIGNED = Leaf(
    thumbprint="7CE9A6EA5C5B345E5749246CBD32CFCC350DA857", subject="CN=EX01", issuer="CN=EX01", names=("EX01",)
)
MICROSOFTS = Leaf(
    thumbprint="BCE7F166E85F7DC345303B0D70E973D2D88FEB89",
    subject="CN=mail.protection.outlook.com, O=Microsoft Corporation",
    issuer=ISSUER,
    names=("mail.protection.outlook.com",),
)
GATEWAYS = Leaf(thumbprint="A" * 40, subject="CN=gw.contoso.com", issuer=ISSUER, names=("gw.contoso.com",))
TLS_12 = Session(version="TLSv1.2", cipher="AES_256 SHA_384 ECDH_EPHEM", cipher_bits=256, group=None)


def group(minute: float = 0, **changes: Any) -> Group:
    """One session of Exchange Online with our front end that went well, `minute` minutes after nine."""
    moment = AT + timedelta(minutes=minute)
    known: dict[str, Any] = {
        "way": Way.RECEIVE,
        "connector": FRONT_END,
        "server": "EX01",
        "peer": MICROSOFT,
        "sent": RIGHT,
        "received": None,
        "sessions": 1,
        "first": moment,
        "last": moment,
        "session": TLS_12,
        "failure": None,
        "transcript": (),
        "local": "192.0.2.25",
        **dict.fromkeys(("status", "validation", "capabilities", "capability_status", "reply"), ""),
        **changes,
    }
    observation = Observation(
        endpoint=Endpoint(host="ex01", address=known.pop("local"), port=25, server_name=None),
        at=known["last"],
        transcript=known.pop("transcript"),
        session=known.pop("session"),
        failure=known.pop("failure"),
    )
    return Group(
        observation=observation,
        scrubbed=known.pop("scrubbed", False),
        example="08DE2B1B00000001",
        source="RECV.LOG",
        generation="C",
        **known,
    )


def sending(minute: float = 0, **changes: Any) -> Group:
    """The same of a session that the hybrid send connector began."""
    return group(
        minute,
        **{"way": Way.SEND, "connector": WIZARDS, "server": "mail.contoso.com", "received": MICROSOFTS, **changes},
    )


def broken(word: str, **changes: Any) -> dict[str, Any]:
    """TLS that came to nothing."""
    failure = Failure(stage=Stage.HANDSHAKE, kind=Kind.PROTOCOL, detail=word)
    return {"status": word, "session": None, "received": None, "failure": failure, "ended": "Local", **changes}


def left(**changes: Any) -> dict[str, Any]:
    failure = Failure(stage=Stage.AFTER, kind=Kind.CLOSED, detail="Remote(ConnectionReset)")
    return {"failure": failure, "ended": "Remote(ConnectionReset)", **changes}


def refused(reply: str, **changes: Any) -> dict[str, Any]:
    return {"reply": reply, "failure": Failure(stage=Stage.AFTER, kind=Kind.REJECTED, detail=reply), **changes}


def without_starttls(*keywords: str) -> dict[str, Any]:
    lines = "".join(f"250-{word}\r\n" for word in keywords)
    return {
        "sent": None,
        "session": None,
        "failure": Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="STARTTLS is not offered"),
        "transcript": (
            Turn(who=Speaker.SERVER, data="220 EX01 Microsoft ESMTP MAIL Service ready\r\n"),
            Turn(who=Speaker.CLIENT, data="EHLO x\r\n"),
            Turn(who=Speaker.SERVER, data=f"250-EX01 Hello\r\n{lines}250 SIZE 1\r\n"),
        ),
    }


def certificate(thumbprint: str = RENEWED, server: str = "EX01", **changes: Any) -> ExchangeCertificate:
    found = ExchangeCertificate(
        thumbprint=thumbprint,
        server=server,
        subject=SUBJECT,
        issuer=ISSUER,
        not_before=datetime(2026, 10, 19, tzinfo=UTC),
        not_after=datetime(2027, 5, 1, tzinfo=UTC),
        domains=Many(("mail.contoso.com",)),
        has_private_key=True,
        is_self_signed=False,
    )
    return replace(found, **changes)


def organisation(*certificates: ExchangeCertificate, **changes: Any) -> Organisation:
    found = Organisation(
        send=(SendConnector(name=WIZARDS, tls_certificate_name=NAME, cloud_services_mail_enabled=True),),
        receive=(ReceiveConnector(name=FRONT_END, server="EX01", tls_certificate_name=NAME),),
        outbound=(OutboundConnector(name="Outbound to x", tls_domain="mail.contoso.com"),),
        certificates=certificates or (certificate(),),
        collected=AT + timedelta(hours=1),
    )
    return replace(found, **changes)


def on_the_wire(*names: str, address: str = "198.51.100.25") -> tuple[Evidence, ...]:
    seen = tuple(
        Observation(
            endpoint=Endpoint(host="mail.contoso.com", address=address, port=25, server_name=None),
            at=AT,
            chain=PresentedChain(der=(sample(name),)),
        )
        for name in names
    )
    target = Target(given="mail.contoso.com:25", name="mail.contoso.com", port=25)
    return (Evidence(target=target, at=AT, route=Route(kind=RouteKind.HOST), observations=seen),)


def read(*groups: Group, **changes: Any) -> Digest:
    number = sum(one.sessions for one in groups)
    found = Digest(groups=groups, files=1, rows=20, sessions=number, damaged=0, omitted=0, unfinished=0, octets=4000)
    return replace(found, **changes)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Logs in which one thing is so."""

    groups: Sequence[Group]
    code: str
    verdict: Verdict
    cause: str | None = None
    organisation: Organisation | None = None
    seen: Sequence[Evidence] = ()
    standard: Standard = field(default_factory=Standard)
    counts: dict[str, int] = field(default_factory=dict)

    def findings(self) -> tuple[Finding, ...]:
        logs = read(*self.groups, **self.counts)
        return judge_logs(logs, self.organisation, self.seen, self.standard, AT + timedelta(hours=2))


CHAIN_NOT_VALID = refused("454 4.7.5 Certificate validation failure", validation="UntrustedRoot")
SCENES: dict[str, Scene] = {
    "good": Scene(groups=[group()], code="log-sessions-good", verdict=OK),
    "no key": Scene(
        groups=[sending(**broken("NoCredentials"))], code="log-key-unusable", cause="no-credentials", verdict=FAIL
    ),
    "key not readable": Scene(
        groups=[sending(**broken("UnknownCredentials"))],
        code="log-key-unusable",
        cause="unknown-credentials",
        verdict=FAIL,
    ),
    "another one has its key": Scene(
        groups=[sending(), sending(1, **broken("NoCredentials", sent=EXPIRED))],
        code="log-key-unusable",
        cause="another-works",
        verdict=FAIL,
    ),
    "negotiation": Scene(groups=[sending(**broken("InvalidToken"))], code="log-tls-failed", verdict=FAIL),
    "socket": Scene(
        groups=[sending(**broken("SocketError"))], code="log-tls-failed", cause="socket-error", verdict=FAIL
    ),
    "socket of a stranger": Scene(
        groups=[group(**broken("SocketError", peer=STRANGER))],
        code="log-tls-failed",
        cause="socket-error",
        verdict=OK,
    ),
    "renegotiate": Scene(
        groups=[sending(**broken("Renegotiate"))], code="log-tls-failed", cause="renegotiate", verdict=FAIL
    ),
    "no version in common": Scene(
        groups=[sending(**broken("AlgorithmMismatch"))],
        code="log-tls-failed",
        cause="nothing-in-common",
        verdict=FAIL,
    ),
    "stalled": Scene(groups=[sending(**broken("TimedOut"))], code="log-tls-failed", cause="timed-out", verdict=FAIL),
    "hung up upon": Scene(
        groups=[
            group(
                session=None, failure=Failure(stage=Stage.HANDSHAKE, kind=Kind.CLOSED, detail="Remote(ConnectionReset)")
            )
        ],
        code="log-tls-failed",
        cause="socket-error",
        verdict=FAIL,
    ),
    "refused within": Scene(
        groups=[group(**broken("UntrustedRoot"))], code="log-tls-failed", cause="certificate-refused", verdict=FAIL
    ),
    "no STARTTLS of Exchange Online's": Scene(
        groups=[sending(received=None, **without_starttls("SIZE"))],
        code="log-cut-short",
        cause="no-starttls",
        verdict=FAIL,
    ),
    "no certificate for the name": Scene(
        groups=[sending(**refused("454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector"))],
        code="log-refused",
        cause="certificate-not-found",
        verdict=FAIL,
    ),
    "left our self-signed": Scene(
        groups=[group(**left(sent=SELF_SIGNED))], code="log-peer-left", cause="self-signed", verdict=FAIL
    ),
    "left our expired": Scene(
        groups=[group(**left(sent=EXPIRED))], code="log-peer-left", cause="expired", verdict=FAIL
    ),
    "left, nobody knows why": Scene(groups=[group(**left())], code="log-peer-left", cause="not-said", verdict=FAIL),
    "a stranger looked and left": Scene(
        groups=[group(**left(peer=STRANGER))], code="log-peer-left", cause="not-said", verdict=OK
    ),
    "masked": Scene(
        groups=[group(masked=True, reply="500 5.3.3 Unrecognized command 'XXXXXXXX'", session=None, sent=None)],
        code="log-command-masked",
        verdict=FAIL,
    ),
    "plain": Scene(
        groups=[group(session=None, sent=None, peer=STRANGER, offered=("STARTTLS",), ended="Remote")],
        code="log-plain-text",
        cause="others",
        verdict=OK,
    ),
    "plain, by Exchange Online": Scene(
        groups=[group(session=None, sent=None, offered=("STARTTLS",), ended="Remote")],
        code="log-plain-text",
        cause="exchange-online",
        verdict=WARN,
    ),
    "old TLS": Scene(groups=[group(session=replace(TLS_12, version="TLSv1"))], code="log-tls-old", verdict=WARN),
    "not reached": Scene(
        groups=[sending(session=None, sent=None, failure=Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT))],
        code="log-cut-short",
        verdict=WARN,
    ),
    "old roots": Scene(
        groups=[group(received=MICROSOFTS, **CHAIN_NOT_VALID)],
        code="log-peer-refused",
        cause="old-roots",
        verdict=FAIL,
    ),
    "a gateway in between": Scene(
        groups=[sending(received=GATEWAYS, status="SubjectMismatch")],
        code="log-peer-refused",
        cause="device-between",
        verdict=FAIL,
    ),
    "another name expected": Scene(
        groups=[sending(status="SubjectMismatch")],
        code="log-peer-refused",
        cause="wrong-expectation",
        verdict=FAIL,
    ),
    "refused unseen": Scene(
        groups=[group(**CHAIN_NOT_VALID)], code="log-peer-refused", cause="not-shown", verdict=FAIL
    ),
    "a partner's certificate": Scene(
        groups=[sending(connector="Partner", peer=STRANGER, received=GATEWAYS, status="CertificateExpired")],
        code="log-peer-refused",
        cause="peer",
        verdict=WARN,
    ),
    "trusted": Scene(
        groups=[group(received=MICROSOFTS, validation="Valid", capabilities="AcceptCloudServicesMail")],
        code="log-trust-granted",
        verdict=OK,
    ),
    "no rights": Scene(
        groups=[group(received=MICROSOFTS, validation="Valid", capabilities="None", capability_status="Success")],
        code="log-trust-missing",
        cause="no-domain",
        verdict=WARN,
    ),
    "not asked for": Scene(
        groups=[group(validation="EmptyCertificate", capabilities="None", capability_status="NoRemoteCertificate")],
        code="log-trust-missing",
        cause="no-certificate",
        verdict=WARN,
    ),
    "some refusal": Scene(
        groups=[sending(**refused("452 4.3.1 Insufficient system resources"))], code="log-refused", verdict=WARN
    ),
    "not attributed": Scene(
        groups=[sending(**refused("550 5.7.64 TenantAttribution; Relay Access Denied SMTP"))],
        code="log-refused",
        cause="not-attributed",
        verdict=FAIL,
    ),
    "not accepted": Scene(
        groups=[sending(**refused("550 5.7.64 Relay Access Denied ATTR36"))],
        code="log-refused",
        cause="name-not-accepted",
        verdict=FAIL,
    ),
    "a partner connector": Scene(
        groups=[sending(**refused("550 5.7.51 TenantInboundAttribution; There is a partner connector configured"))],
        code="log-refused",
        cause="partner-restricted",
        verdict=FAIL,
    ),
    "out of date": Scene(
        groups=[sending(**refused("450 4.7.230 Connecting Exchange server version is out-of-date"))],
        code="log-refused",
        cause="out-of-date",
        verdict=FAIL,
    ),
    "revocation": Scene(groups=[sending(revocation="RevocationOffline")], code="log-revocation-unchecked", verdict=OK),
    "self-signed, presented": Scene(
        groups=[group(sent=SELF_SIGNED, peer=STRANGER)],
        code="log-self-signed-sent",
        cause="receive",
        verdict=WARN,
    ),
    "self-signed, sent along": Scene(
        groups=[sending(sent=SELF_SIGNED)], code="log-self-signed-sent", cause="send", verdict=FAIL
    ),
    "changed": Scene(groups=[group(sent=EXPIRED), group(9)], code="log-certificate-changed", verdict=OK),
    "uneven servers": Scene(
        groups=[group(), group(1, connector="EX02\\Default Frontend EX02", server="EX02", sent=EXPIRED)],
        code="log-certificate-uneven",
        cause="by-server",
        verdict=WARN,
    ),
    "by turns": Scene(
        groups=[group(last=AT + timedelta(minutes=9)), group(5, sent=replace(RIGHT, thumbprint=OTHER))],
        code="log-certificate-uneven",
        cause="by-turns",
        verdict=WARN,
    ),
    "in step": Scene(
        groups=[group()],
        organisation=organisation(),
        seen=on_the_wire("renewed_same"),
        code="log-certificate-agrees",
        verdict=OK,
    ),
    "not the connector's": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint=OTHER))],
        organisation=organisation(certificate(), certificate(OTHER, issuer="CN=Another CA")),
        code="log-certificate-differs",
        cause="connector",
        verdict=WARN,
    ),
    "nothing is named": Scene(
        groups=[group()],
        organisation=organisation(certificate(issuer="CN=Another CA")),
        code="log-certificate-differs",
        cause="nothing-named",
        verdict=WARN,
    ),
    "not the wire's": Scene(
        groups=[group()],
        organisation=organisation(),
        seen=on_the_wire("old"),
        code="log-certificate-differs",
        cause="wire",
        verdict=WARN,
    ),
    "overtaken": Scene(
        groups=[group(sent=EXPIRED)],
        organisation=organisation(certificate(), certificate(OLD, issuer="CN=Another CA")),
        seen=on_the_wire("renewed_same"),
        code="log-certificate-agrees",
        cause="superseded",
        verdict=OK,
    ),
    "installed nowhere": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint=OTHER))],
        organisation=organisation(),
        code="log-certificate-not-installed",
        cause="nowhere",
        verdict=WARN,
    ),
    "installed elsewhere": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint=OTHER))],
        organisation=organisation(certificate(), certificate(OTHER, "EX02")),
        code="log-certificate-not-installed",
        cause="elsewhere",
        verdict=WARN,
    ),
    "an old export": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint=OTHER))],
        organisation=organisation(collected=AT - timedelta(hours=1)),
        code="log-certificate-not-installed",
        cause="export-older",
        verdict=WARN,
    ),
    "an old log": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint=OTHER))],
        organisation=organisation(collected=AT + timedelta(days=30)),
        code="log-certificate-not-installed",
        cause="since-removed",
        verdict=OK,
    ),
    "the expected one fails": Scene(
        groups=[sending(**broken("NoCredentials", sent=EXPIRED)), sending(9)],
        standard=Standard(thumbprints=(OLD.lower(),)),
        code="log-contradicted",
        cause="expected-fails",
        verdict=WARN,
    ),
    "the unfit one works": Scene(
        groups=[sending(**broken("NoCredentials", sent=EXPIRED)), sending(9)],
        organisation=organisation(certificate(has_private_key=False)),
        code="log-contradicted",
        cause="unfit-works",
        verdict=WARN,
    ),
    "41 digits": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint="9" * 41, scrubbed=True), scrubbed=True)],
        code="log-scrubbed",
        cause="no-thumbprint",
        verdict=OK,
    ),
    "41 digits, to be compared": Scene(
        groups=[group(sent=replace(RIGHT, thumbprint="9" * 41, scrubbed=True), scrubbed=True)],
        organisation=organisation(),
        code="log-scrubbed",
        cause="no-thumbprint",
        verdict=UNKNOWN,
    ),
    "no names": Scene(groups=[group(scrubbed=True, peer="")], code="log-scrubbed", cause="names", verdict=OK),
    "damaged": Scene(groups=[group()], counts={"damaged": 9}, code="log-incomplete", cause="damaged", verdict=WARN),
    "too many kinds": Scene(
        groups=[group()], counts={"omitted": 3}, code="log-incomplete", cause="omitted", verdict=UNKNOWN
    ),
    "health checks alone": Scene(
        groups=[group(session=None, sent=None, peer="10.0.0.7", ended="Remote")],
        code="log-incomplete",
        cause="no-tls",
        verdict=UNKNOWN,
    ),
    "empty": Scene(groups=[], code="log-incomplete", cause="empty", verdict=UNKNOWN),
    "nothing on the wire": Scene(
        groups=[group()], seen=on_the_wire(), code="log-incomplete", cause="wire-unseen", verdict=UNKNOWN
    ),
    "no receive log": Scene(
        groups=[sending()],
        organisation=organisation(
            receive=(ReceiveConnector(name=FRONT_END, server="EX01", protocol_logging_level="None"),)
        ),
        code="log-not-kept",
        cause="receive",
        verdict=WARN,
    ),
    "no send log": Scene(
        groups=[group()],
        organisation=organisation(
            send=(SendConnector(name=WIZARDS, cloud_services_mail_enabled=True, protocol_logging_level="None"),)
        ),
        code="log-not-kept",
        cause="send",
        verdict=WARN,
    ),
    # Codes of the wire that mean the same in a log
    "expired": Scene(groups=[group(sent=EXPIRED)], code="certificate-expired", verdict=FAIL),
    "soon to expire": Scene(
        groups=[group(sent=replace(RIGHT, not_after=AT + timedelta(days=9)))],
        code="certificate-expires-soon",
        verdict=WARN,
    ),
    "event 12014": Scene(
        groups=[group(**without_starttls("X-ANONYMOUSTLS"))],
        code="starttls-not-supported",
        cause="no-usable-certificate",
        verdict=FAIL,
    ),
    "a relay connector without TLS": Scene(
        groups=[group(peer=STRANGER, connector="EX01\\Relay", **without_starttls())],
        code="starttls-not-supported",
        cause="not-offered",
        verdict=OK,
    ),
    "expected": Scene(
        groups=[group()],
        standard=Standard(thumbprints=(RENEWED.lower(),)),
        code="connector-certificate-matches",
        verdict=OK,
    ),
    "not expected": Scene(
        groups=[group()],
        standard=Standard(thumbprints=(OLD.lower(),)),
        code="connector-certificate-mismatch",
        cause="thumbprint-differs",
        verdict=FAIL,
    ),
}
EVERY_SCENE = pytest.mark.parametrize("scene", [pytest.param(scene, id=name) for name, scene in SCENES.items()])


def find(findings: Sequence[Finding], code: str, cause: str | None = None) -> Finding:
    found = [one for one in findings if one.code == code and (cause is None or one.fact("cause") == cause)]
    assert len(found) == 1, [(one.verdict, one.code, one.fact("cause")) for one in findings]
    return found[0]


@EVERY_SCENE
def test_what_is_so_is_found(scene: Scene) -> None:
    found = find(scene.findings(), scene.code, scene.cause)
    assert (found.verdict, found.fact("cause") if scene.cause else scene.cause) == (scene.verdict, scene.cause)
    assert "?" not in sentence(found)  # a fact that the sentence needs and the judge did not give


@EVERY_SCENE
def test_the_gravest_comes_first(scene: Scene) -> None:
    gravity = [found.verdict.gravity for found in scene.findings()]
    assert gravity == sorted(gravity, reverse=True)


def test_every_code_and_cause_is_raised() -> None:
    raised = {(found.code, found.fact("cause")) for scene in SCENES.values() for found in scene.findings()}
    for entry in LOGGED:
        assert entry.code in {code for code, _ in raised}
        assert {cause for cause in entry.causes if (entry.code, cause) not in raised} == set(), entry.code


# The seeds: what two blogs copied from their logs


def logged(*names: str, standard: Standard | None = None, exports: Organisation | None = None) -> tuple[Finding, ...]:
    found = digest((name, [(LOGS / name).read_bytes()]) for name in names)
    last = max(one.last for one in found.groups)
    return judge_logs(found, exports, (), standard or Standard(), last)


FAILS, WORKS = "76CDA7673866A90AF77973AA140621AECE384E66", "40C17C1A4F34D7468D69388B7E99862DF24EC0BC"


def test_seed_003_the_certificate_that_fails_is_not_the_one_that_the_blog_blames() -> None:
    found = find(logged("seed-003-SEND.LOG"), "log-key-unusable", "another-works")
    assert found.verdict is WARN  # it is over
    assert (found.fact("thumbprint"), found.fact("works")) == (FAILS, WORKS)
    assert found.fact("last") == "2014-12-23 20:08:01 UTC"
    assert found.fact("works_when") == "1 session, 2014-12-23 20:20:31 UTC"
    assert dict(found.names.common) == {
        "THUMBPRINT": WORKS,
        "OLD-THUMBPRINT": FAILS,
        "SEND-CONNECTOR": "Outbound to Office 365",
    }


def test_seed_003_an_export_that_calls_the_good_one_expired_is_contradicted() -> None:
    """The blog removed 40C1…, as it says, for being expired; its own log goes on sending it."""
    expired = certificate(WORKS, server="d5-ex1", not_after=datetime(2014, 12, 1, tzinfo=UTC))
    found = find(logged("seed-003-SEND.LOG", exports=organisation(expired)), "log-contradicted", "unfit-works")
    assert sentence(found) == (
        f"by the export {WORKS} is expired, since 2014-12-01 00:00:00 UTC; in the log {FAILS} fails "
        f"(last on 2014-12-23 20:08:01 UTC) and {WORKS} works (1 session, 2014-12-23 20:20:31 UTC)"
    )


def test_seed_003_an_export_after_its_removal_is_contradicted_likewise() -> None:
    exports = organisation(certificate(FAILS, server="d5-ex1"))
    found = find(logged("seed-003-SEND.LOG", exports=exports), "log-contradicted", "unfit-works")
    assert found.fact("claim") == f"by the export {WORKS} is not installed"


def test_seed_003_who_expects_the_one_that_fails_is_told_so() -> None:
    standard = Standard(thumbprints=(FAILS.lower(),))
    found = logged("seed-003-SEND.LOG", standard=standard)
    assert find(found, "log-contradicted", "expected-fails").fact("works") == WORKS
    assert find(found, "connector-certificate-mismatch").fact("presented") == WORKS


def test_seed_001_names_the_server_and_compares_41_digits_with_nothing() -> None:
    found = find(logged("seed-001-RECV.LOG"), "log-self-signed-sent", "receive")
    assert found.verdict is WARN
    assert found.names.servers == ((("SERVER", "SERVER1"), ("RECEIVE-CONNECTOR", "SERVER1\\Default Frontend SERVER1")),)
    odd = find(logged("seed-001-RECV.LOG"), "log-scrubbed", "no-thumbprint")
    assert odd.fact("thumbprints") == "9876534210FEDCBA9876534210FEDCBA123456789 (41 characters)"
    same = certificate("9876534210FEDCBA9876534210FEDCBA123456789", server="SERVER1")
    asked = logged("seed-001-RECV.LOG", exports=organisation(same))
    assert find(asked, "log-scrubbed").verdict is UNKNOWN
    assert not [one for one in asked if one.code.startswith("log-certificate-")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "new-RECV2026112109-1.LOG",
            {
                ("log-peer-left", "self-signed", FAIL),
                ("log-peer-refused", "old-roots", FAIL),
                ("starttls-not-supported", "no-usable-certificate", FAIL),
                ("log-command-masked", None, FAIL),
                ("log-tls-failed", "socket-error", FAIL),
                ("log-self-signed-sent", "receive", WARN),
                ("log-certificate-uneven", "by-turns", WARN),
            },
        ),
        (
            "new-SEND2026112109-1.LOG",
            {
                ("log-key-unusable", "another-works", FAIL),
                ("log-peer-refused", "device-between", FAIL),
                ("log-peer-refused", "old-roots", FAIL),
                ("log-tls-failed", "socket-error", FAIL),
                ("certificate-expired", None, FAIL),
                ("log-certificate-uneven", "by-turns", WARN),
            },
        ),
        ("mid-SEND20160719-1.LOG", {("log-key-unusable", "unknown-credentials", FAIL)}),
        (
            "old-RECV20170414-1.LOG",
            {
                ("log-peer-refused", "not-shown", FAIL),
                ("starttls-not-supported", "no-usable-certificate", FAIL),
                ("log-peer-left", "self-signed", WARN),
                ("log-self-signed-sent", "receive", WARN),
                ("log-tls-old", None, WARN),
            },
        ),
    ],
)
def test_the_samples(name: str, expected: set[tuple[str, str | None, Verdict]]) -> None:
    found = {(one.code, one.fact("cause"), one.verdict) for one in logged(name) if one.verdict is not OK}
    assert found == expected


def test_our_own_probe_without_a_certificate_is_no_fault() -> None:
    probe = group(peer=STRANGER, validation="EmptyCertificate", capabilities="None")
    assert {one.verdict for one in Scene(groups=[probe], code="", verdict=OK).findings()} == {OK}


# Logs that break off


FIRST = (LOGS / "new-SEND2026112109-1.LOG").read_bytes().splitlines(keepends=True)[5:]  # behind the header


def cut(*rows: bytes) -> tuple[Digest, tuple[Finding, ...], str]:
    found = digest([("SEND.LOG", [b"".join(rows)])])
    findings = judge_logs(found, None, (), Standard(), AT)
    return found, findings, plain(render(found, findings, AT, verbosity=1))


@pytest.mark.parametrize("rows", range(1, 10))
def test_a_session_without_its_end_is_no_session_in_plain_text(rows: int) -> None:
    """Every log ends so that is still being written. The fifth row is the offer of STARTTLS, the sixth asks for it."""
    _, findings, text = cut(*FIRST[:rows])
    assert [(one.code, one.fact("cause"), one.verdict) for one in findings] == [("log-incomplete", "no-tls", UNKNOWN)]
    assert "the log breaks off here\n" in text
    assert "no TLS\n" not in text


def row_of_first(number: int, said: bytes) -> bytes:
    before = FIRST[4].split(b",", 6)[:6]
    return b",".join([*before[:3], b"%d" % number, *before[4:], said]) + b"\r\n"


MAIL = row_of_first(5, b">,MAIL FROM:<anna@contoso.com> SIZE=4711,")


@pytest.mark.parametrize(
    ("rows", "plain_text"),
    [
        ([MAIL], True),
        ([MAIL, row_of_first(6, b"<,250 2.1.0 Sender OK,")], True),
        ([row_of_first(5, b">,QUIT,")], True),
        ([row_of_first(5, b"-,,Remote(ConnectionReset)")], True),
        ([row_of_first(5, b"-,,")], True),
        ([row_of_first(5, b">,NOOP,")], False),
        ([row_of_first(5, b">,STARTTLS,"), MAIL.replace(b",5,", b",20,")], False),
    ],
)
def test_plain_text_is_what_went_on_or_ended_without_tls(rows: list[bytes], plain_text: bool) -> None:
    found, findings, text = cut(*FIRST[:5], *rows)
    assert ("log-plain-text" in {one.code for one in findings}) is plain_text
    assert ("no TLS\n" in text) is plain_text
    assert "anna" not in repr(found)


def test_a_session_that_breaks_off_is_not_counted_with_those_that_end() -> None:
    ended = [row.replace(b"7E01", b"7EFF") for row in (*FIRST[:5], row_of_first(5, b"-,,Local"))]
    found, findings, _ = cut(*ended, *FIRST[:5])
    assert sorted((one.sessions, one.ended) for one in found.groups) == [(1, ""), (1, "Local")]
    assert find(findings, "log-plain-text").fact("sessions") == "1"


# What is over, and what only seems so


def judged(*groups: Group, **changes: Any) -> tuple[Finding, ...]:
    return Scene(groups=groups, code="", verdict=OK, **changes).findings()


def test_a_fault_that_is_over_is_a_warning() -> None:
    found = find(judged(sending(**broken("NoCredentials")), sending(5, sessions=7)), "log-key-unusable")
    assert found.verdict is WARN
    assert found.fact("seen") == (
        "1 session, 2026-11-21 09:00:00 UTC; over: 7 sessions without it since, the last on 2026-11-21 09:05:00 UTC"
    )


def test_a_key_that_fails_at_times_is_no_matter_of_another_certificate() -> None:
    """The same certificate works as well: then its own key has to be mended."""
    found = find(judged(sending(), sending(1, **broken("NoCredentials"))), "log-key-unusable")
    assert found.fact("cause") == "no-credentials"
    assert dict(found.names.common)["THUMBPRINT"] == RENEWED


def test_a_fault_that_comes_and_goes_is_not_over() -> None:
    """Ten in an hour, the last of them a minute ago: one good session since proves nothing."""
    bad = sending(60, sessions=10, first=AT, **broken("SocketError"))
    assert find(judged(bad, sending(61)), "log-tls-failed").verdict is FAIL
    assert find(judged(bad, sending(75)), "log-tls-failed").verdict is WARN


def test_another_server_that_does_well_mends_nothing() -> None:
    elsewhere = sending(5, server="other.contoso.com")
    assert find(judged(sending(**broken("NoCredentials")), elsewhere), "log-key-unusable").verdict is FAIL


def test_another_peer_that_is_pleased_proves_nothing_but_for_the_key() -> None:
    pleased = group(5, peer=STRANGER)
    assert find(judged(group(**left(sent=SELF_SIGNED)), pleased), "log-peer-left").verdict is FAIL
    assert find(judged(group(**broken("NoCredentials")), pleased), "log-key-unusable").verdict is WARN


def test_one_broken_connection_among_many_good_ones_is_no_failure() -> None:
    broken_once = sending(30, **broken("SocketError"))
    assert find(judged(sending(sessions=20), broken_once), "log-tls-failed").verdict is WARN
    assert find(judged(sending(sessions=5), broken_once), "log-tls-failed").verdict is FAIL
    all_day = sending(90, first=AT, sessions=200)
    assert find(judged(all_day, broken_once), "log-tls-failed").verdict is OK


def test_an_outage_is_one_however_good_the_month_before_it_was() -> None:
    month = sending(0, first=AT - timedelta(days=30), sessions=100_000)
    outage = sending(60, first=AT + timedelta(minutes=1), sessions=9, **broken("SocketError"))
    assert find(judged(month, outage), "log-tls-failed").verdict is FAIL
    amid = sending(60, first=AT, sessions=900, **broken("SocketError"))
    passed = sending(90, first=AT - timedelta(days=30), sessions=100_000)  # some got through meanwhile
    assert find(judged(passed, amid), "log-tls-failed").verdict is WARN


def test_connections_that_never_come_about_are_a_failure() -> None:
    never = sending(60, first=AT, sessions=9, sent=None, received=None, session=None, peer="52.101.7.8")
    never = replace(
        never, observation=replace(never.observation, failure=Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT))
    )
    assert find(judged(never), "log-cut-short").verdict is FAIL
    assert find(judged(never, sending(30)), "log-cut-short").verdict is WARN  # others came about meanwhile
    once = replace(never, sessions=1, server="")  # the name is said only to those who are reached
    assert find(judged(once, sending(90, first=AT, sessions=500)), "log-cut-short").verdict is OK


def test_what_strangers_fail_at_is_theirs_where_others_do_well() -> None:
    strangers = [sending(connector="Internet", peer=f"203.0.113.{last}", received=GATEWAYS) for last in (1, 2)]
    fails = sending(1, connector="Internet", peer=STRANGER, **broken("SocketError"))
    assert find(judged(*strangers, fails), "log-tls-failed").verdict is OK
    assert find(judged(fails), "log-tls-failed").verdict is WARN
    old = replace(TLS_12, version="TLSv1")
    assert (
        find(
            judged(
                *strangers, replace(fails, observation=replace(fails.observation, session=old, failure=None), status="")
            ),
            "log-tls-old",
        ).verdict
        is OK
    )
    busy = sending(2, connector="Internet", peer=STRANGER, received=None, **refused("421 4.7.28 too many mails"))
    assert find(judged(busy), "log-refused").verdict is OK
    no_tls = sending(
        2,
        connector="Internet",
        peer=STRANGER,
        received=None,
        **refused("530 5.7.0 Must issue a STARTTLS command first"),
    )
    assert find(judged(no_tls), "log-refused").verdict is WARN


def test_servers_among_themselves_may_use_what_they_have_made() -> None:
    inside = group(sent=SELF_SIGNED, peer="10.0.0.12")
    anonymous = group(sent=SELF_SIGNED, peer=STRANGER, asked="X-ANONYMOUSTLS")
    for one in (inside, anonymous):
        assert {found.verdict for found in judged(one, group(1))} == {OK}


def test_addresses_that_are_told_together_keep_their_place() -> None:
    """`*.*.*.*` are strangers, `10.1.*.*` the inner network."""
    for peer, verdict in (("*.*.*.*", WARN), ("10.1.*.*", OK), ("192.168.*.*", OK), ("fd00::*", OK)):
        found = [one.verdict for one in judged(group(sent=SELF_SIGNED, peer=peer)) if one.code != "log-sessions-good"]
        assert found == ([verdict] if verdict is WARN else [])


def test_a_self_signed_client_certificate_to_strangers_is_a_note() -> None:
    to_somebody = sending(connector="Internet", peer=STRANGER, sent=SELF_SIGNED, received=GATEWAYS)
    assert find(judged(to_somebody), "log-self-signed-sent").verdict is OK


def test_each_server_s_own_self_signed_one_is_not_uneven() -> None:
    other = replace(SELF_SIGNED, thumbprint="B" * 40, subject="CN=EX02", issuer="CN=EX02")
    second = group(1, connector="EX02\\Default Frontend EX02", server="EX02", sent=other, peer=STRANGER)
    assert not [one for one in judged(group(sent=SELF_SIGNED, peer=STRANGER), second) if "uneven" in one.code]


# The join


def test_the_one_sentence_on_log_connector_and_wire() -> None:
    found = judged(
        group(sent=replace(RIGHT, thumbprint=FAILS)),
        organisation=organisation(certificate(), certificate(FAILS, issuer="CN=Another CA")),
        seen=on_the_wire("old"),
    )
    assert sentence(find(found, "log-certificate-differs")).startswith(
        f"the server sends {FAILS} in its logs, {OLD} is on the wire, the connector names {RENEWED}"
    )


AS_CLIENT = "what it sends as a client may rightly differ from what it presents as a server"
OLD_NAMED = replace(certificate(OLD), issuer="CN=Another CA")
NAMES_OLD = ReceiveConnector(name=FRONT_END, server="EX01", tls_certificate_name=f"<I>CN=Another CA<S>{SUBJECT}")


@pytest.mark.parametrize(
    "exports",
    [
        pytest.param(None, id="no exports"),
        pytest.param(organisation(certificate(), OLD_NAMED, receive=(NAMES_OLD,)), id="a receive connector names it"),
        pytest.param(
            organisation(certificate(), OLD_NAMED, receive=(replace(NAMES_OLD, tls_certificate_name=None),)),
            id="Exchange may choose it",
        ),
        pytest.param(organisation(receive=()), id="no receive connector is exported"),
        pytest.param(organisation(receive=(ReceiveConnector(name=FRONT_END),)), id="its name is absent"),
        pytest.param(organisation(certificates=()), id="what is installed is absent"),
    ],
)
def test_what_is_sent_as_client_may_differ_from_what_is_on_the_wire(exports: Organisation | None) -> None:
    found = find(judged(sending(), organisation=exports, seen=on_the_wire("old")), "log-certificate-agrees")
    assert (found.verdict, found.fact("wire"), found.fact("note")) == (OK, OLD, AS_CLIENT)


@pytest.mark.parametrize(
    "exports",
    [
        pytest.param(organisation(), id="all name another"),
        pytest.param(organisation(certificate(), OLD_NAMED), id="installed, and not named"),
        pytest.param(
            organisation(receive=(replace(NAMES_OLD, tls_certificate_name=None),)), id="Exchange may choose, not this"
        ),
    ],
)
def test_beside_a_send_log_what_no_connector_names_on_the_wire_is_told(exports: Organisation) -> None:
    found = find(judged(sending(), organisation=exports, seen=on_the_wire("old")), "log-certificate-differs", "wire")
    assert (found.verdict, found.fact("sent"), found.fact("wire"), found.fact("named")) == (WARN, RENEWED, OLD, RENEWED)
    assert found.fact("note") == f"{AS_CLIENT}, but by the exports no connector names what is on the wire"


def test_what_exchange_online_presents_is_no_connector_s_matter() -> None:
    (theirs,) = on_the_wire("old")
    seen = [
        replace(one, endpoint=replace(one.endpoint, host="contoso-com.mail.protection.outlook.com"))
        for one in theirs.observations
    ]
    theirs = replace(theirs, observations=tuple(seen))
    assert find(judged(sending(), organisation=organisation(), seen=(theirs,)), "log-certificate-agrees").verdict is OK
    both = (theirs, *on_the_wire("renewed_same"))
    found = find(judged(sending(), organisation=organisation(), seen=both), "log-certificate-agrees")
    assert (found.fact("wire"), found.fact("note")) == (RENEWED, None)


def test_a_look_at_the_wire_is_answered_without_being_asked_twice() -> None:
    """Log, wire and connector stand beside one another in the default output, agreed or not."""

    def told(one: Group, *wire: str, exports: Organisation | None = None) -> str:
        found = judged(one, organisation=exports, seen=on_the_wire(*wire))
        return " ".join(plain(render(read(one), found, AT)).split())

    both = organisation(certificate(), OLD_NAMED, receive=(NAMES_OLD,))
    sentence = (
        f"the server sends {RENEWED} in its logs, {OLD} is on the wire, the connector names {RENEWED}; {AS_CLIENT}"
    )
    assert f"OK log-certificate-agrees {WIZARDS}, mail.contoso.com, {MICROSOFT}: {sentence}" in told(
        sending(), "old", exports=both
    )
    assert f"{sentence}, but by the exports" in told(sending(), "old", exports=organisation())
    agreed = f"OK log-certificate-agrees {FRONT_END}, {MICROSOFT}: {RENEWED} is in the log and on the wire"
    assert f"{agreed} OK log-sessions-good" in told(group(), "renewed_same")
    assert f"{agreed}, and the connector names it OK log" in told(group(), "renewed_same", exports=organisation())
    assert RENEWED in told(group(), exports=organisation())
    assert "in its logs" not in told(group(), exports=organisation())  # nobody asked for the wire


def test_where_two_fit_the_log_says_which_is_in_use() -> None:
    two = organisation(certificate(), certificate(OLD))
    found = find(judged(group(), organisation=two), "log-certificate-agrees")
    assert found.fact("named") in (f"{RENEWED} or {OLD}", f"{OLD} or {RENEWED}")
    assert found.fact("note") == "the name fits several certificates: the log says which one is in use"


def test_the_server_s_own_address_on_the_wire_counts_before_others() -> None:
    other = on_the_wire("old", address="198.51.100.25")
    own = on_the_wire("renewed_same", address="192.0.2.25")
    assert find(judged(group(), seen=(*other, *own)), "log-certificate-agrees").fact("wire") == RENEWED


def test_a_certificate_newer_than_the_log_is_no_contradiction() -> None:
    before = group(sent=EXPIRED, first=AT - timedelta(days=90), last=AT - timedelta(days=90))
    found = find(judged(before, seen=on_the_wire("renewed_same")), "log-certificate-agrees", "superseded")
    assert found.verdict is OK


def test_a_newer_certificate_that_the_connector_does_not_name_is_told() -> None:
    before = AT - timedelta(days=90)
    exports = organisation(certificate(OLD, not_after=EXPIRED.not_after), collected=before + timedelta(hours=1))
    logs = group(sent=EXPIRED, first=before, last=before)
    found = find(
        judged(logs, organisation=exports, seen=on_the_wire("renewed_same")), "log-certificate-differs", "wire"
    )
    assert (found.verdict, found.fact("wire"), found.fact("named")) == (WARN, RENEWED, OLD)
    assert found.fact("note") == "the export is older than the certificate on the wire: make a new one"


@pytest.mark.parametrize(
    "exports",
    [
        organisation(receive=()),  # the connector is not exported
        organisation(receive=(ReceiveConnector(name=FRONT_END),)),  # its name is absent
        organisation(certificates=()),  # nor what is installed
    ],
)
def test_of_what_is_not_exported_nothing_is_concluded(exports: Organisation) -> None:
    assert not [one for one in judged(group(), organisation=exports) if one.code.startswith("log-certificate-")]


def test_a_connector_that_names_none_is_said_to() -> None:
    none = organisation(receive=(ReceiveConnector(name=FRONT_END, tls_certificate_name=None),))
    found = find(judged(group(), organisation=none), "log-certificate-agrees")
    assert found.fact("named") == "none, so that Exchange chooses by the host's name"


# The report


def test_the_report_reads_well() -> None:
    text = plain(render(read(group(**broken("NoCredentials"))), judged(group(**broken("NoCredentials"))), AT))
    assert text.startswith("FAIL  protocol logs\n")
    assert f"receive  {FRONT_END} on EX01\n  from {MICROSOFT}\n    sent {RENEWED}" in text
    assert "        1x 2026-11-21 09:00:00                  -       NoCredentials\n" in text
    assert "shows the certificates' own data and no chains" in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("      ")) <= 80


def test_hostile_text_never_reaches_the_terminal() -> None:
    evil = "\x1b[2J\u202e\n"
    hostile = group(
        connector=f"EX01\\{evil}",
        server=evil,
        peer=evil,
        sent=Leaf(thumbprint=evil, subject=evil, issuer=evil, names=(evil,)),
        **refused(f"550 {evil}"),
    )
    text = plain(render(read(hostile), judged(hostile), AT, sources=[evil], notes=[evil], verbosity=1))
    assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (18_400, "18 KB"),
        (4_100_000, "4.1 MB"),
        (3 << 30, "3221.2 MB"),
    ],
)
def test_how_much_was_read(octets: int, said: str) -> None:
    assert f"1 file, {said}, 20 rows" in plain(render(read(group(), octets=octets), (), AT))


def test_of_very_many_kinds_the_latest_are_shown() -> None:
    many = [group(minute, connector=f"EX01\\C{minute:02}") for minute in range(60)]
    short, whole = (plain(render(read(*many), (), AT, verbosity=verbosity)) for verbosity in (0, 1))
    assert "and 20 kinds of sessions more" in short
    assert "EX01\\C19" not in short
    assert "EX01\\C19" in whole


def test_peers_to_whom_the_same_happened_share_a_line() -> None:
    many = [group(minute, peer=f"203.0.113.{minute}") for minute in range(60)]
    short, whole = (plain(render(read(group(), *many), (), AT, verbosity=verbosity)) for verbosity in (0, 1))
    assert "  from 203.0.113.59, 203.0.113.58 and 58 more\n" in short
    assert "       60x 2026-11-21 09:00:00 to 09:59:00      TLSv1.2 good\n" in short
    assert f"  from {MICROSOFT}\n" in short
    assert "203.0.113.19\n" in whole


@EVERY_SCENE
def test_the_json_obeys_its_schema(scene: Scene) -> None:
    told = json.loads(to_json(read(*scene.groups, **scene.counts), scene.findings(), AT, ["a note"]))
    jsonschema.validate(told, schema())
    assert len(told["groups"]) == len(scene.groups)


def test_ten_thousand_kinds_are_judged_in_time() -> None:
    """One connector, one server: whatever compared each with each would take minutes."""
    words = ("NoCredentials", "SocketError", "", "SubjectMismatch")
    many = [
        group(
            number / 10,
            peer=f"203.0.{number // 250}.{number % 250}",
            sent=replace(RIGHT, thumbprint=f"{number:040X}"),
            status=words[number % 4],
            session=TLS_12 if not words[number % 4] else None,
        )
        for number in range(10_000)
    ]
    begun = time.monotonic()
    found = judged(*many, organisation=organisation(), seen=on_the_wire("old"))
    render(read(*many), found, AT)
    assert time.monotonic() - begun < 10


# The command


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", str(LOGS / "seed-003-SEND.LOG"), "--no-color"]) == 1
    assert f"of two certificates {WORKS}" in " ".join(capsys.readouterr().out.split())
    assert run(["logs", str(LOGS / "new-SEND2026112109-1.LOG"), "-q"]) == 2
    assert capsys.readouterr().out.startswith("FAIL     ")


def test_its_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "logs"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()
    assert run(["schema", "rehearsal"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Rehearsal of a renewal by probe"


def test_the_command_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", str(LOGS), "--format", "json"]) == 2
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, schema())
    assert told["read"]["files"] == len([*LOGS.iterdir()])


def test_the_command_with_exports_and_the_wire(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(targets: Sequence[Target], **_: object) -> list[Evidence]:
        asked.extend(target.given for target in targets)
        return list(on_the_wire("old"))

    monkeypatch.setattr("probe.cli.live.look", look)
    exports = str(HOUSE / "fixtures" / "exchange" / "exports" / "org")
    words = ["logs", str(LOGS / "new-RECV2026112109-1.LOG"), "--connectors", exports, "--probe", "--format", "json"]
    assert run(words) == 2
    assert asked == ["mail.contoso.com:25"]
    told = json.loads(capsys.readouterr().out)
    (differs,) = (one for one in told["findings"] if one["code"] == "log-certificate-differs")
    assert (differs["facts"]["sent"], differs["facts"]["wire"], differs["facts"]["named"]) == (RENEWED, OLD, RENEWED)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["no-such-file.log"], "no-such-file.log"),
        ([""], "the name of a log is empty"),
        (["fixtures/exchange/int2025.pem"], "int2025.pem"),
        (["fixtures/exchange/logs", "--probe"], "no target is named"),
        (["fixtures/exchange/logs", "--expect-thumbprint", "ab" * 32], "--expect-thumbprint"),
        (["fixtures/exchange/logs", "--at", "yesterday"], "--at `yesterday`"),
        (["-", "--connectors", "-"], "standard input is named twice"),
    ],
)
def test_wrong_input_is_one_line(
    words: list[str], error: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HOUSE)
    assert run(["logs", *words]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint"]
    assert error in err
