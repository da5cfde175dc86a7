"""Protocol logs: what the samples say, in every shape that a log comes in, and what nobody can do to the reader."""

import gzip
import io
import random
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe import config
from probe.dialogue.smtp import hear
from probe.errors import ConfigError, ExportError
from probe.exchange.logs import digest
from probe.exchange.logs.certificate import in_one_row
from probe.exchange.logs.counting import Counting
from probe.exchange.logs.gathering import Gathering
from probe.exchange.logs.replies import as_sent
from probe.judge.session import judge_session
from probe.judge.standard import Demand, Standard
from probe.model import Digest, Group, Kind, RuleBook, Session, Stage, Way

SAMPLES = Path(__file__).parents[1] / "fixtures" / "exchange" / "logs"
NEW_SEND, NEW_RECEIVE = "new-SEND2026112109-1.LOG", "new-RECV2026112109-1.LOG"
OLD_SEND, OLD_RECEIVE = "old-SEND20141223-1.LOG", "old-RECV20170414-1.LOG"
MIDDLE = "mid-SEND20160719-1.LOG"
ALL = (NEW_SEND, NEW_RECEIVE, OLD_SEND, OLD_RECEIVE, MIDDLE, "seed-001-RECV.LOG", "seed-003-SEND.LOG")

OLD, RENEWED = "3A1268A55C8D7FF3B37044A58E82A139AC9B8175", "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
SELF_SIGNED, ONLINE = "7CE9A6EA5C5B345E5749246CBD32CFCC350DA857", "BCE7F166E85F7DC345303B0D70E973D2D88FEB89"
GATEWAY = "A41D0C7FEE2233445566778899AABBCCDDEEFF00"
DEMAND = Demand(strict=True, identified=False, level=None, book=RuleBook.EXCHANGE_ONLINE, name=None)
CONNECTOR = "Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"
FAMILY = "*.protection.outlook.com"

TLS_1_2 = Session(version="TLSv1.2", cipher="AES_256 SHA_384 ECDH_EPHEM", cipher_bits=256, group=None)
TLS_1_0 = Session(version="TLSv1", cipher="AES_128 SHA1 RSA_KEYX", cipher_bits=128, group=None)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def read(*data: bytes, name: str = "x.log") -> Digest:
    return digest((name, [one]) for one in data)


def by_session(told: Digest) -> dict[str, Group]:
    return {group.example: group for group in told.groups}


def session(name: str, end: str) -> Group:
    return next(group for group in read(sample(name), name=name).groups if group.example.endswith(end))


def thumbprint(group: Group) -> tuple[str | None, str | None]:
    sent, received = group.sent, group.received
    return sent.thumbprint if sent else None, received.thumbprint if received else None


# What the samples say


@pytest.mark.parametrize(
    ("name", "way", "generation", "rows", "sessions"),
    [
        (NEW_SEND, Way.SEND, "C", 71, 5),
        (NEW_RECEIVE, Way.RECEIVE, "C", 83, 7),
        (OLD_SEND, Way.SEND, "A", 141, 4),
        (OLD_RECEIVE, Way.RECEIVE, "A", 113, 4),
        (MIDDLE, Way.SEND, "B", 10, 1),
        ("seed-001-RECV.LOG", Way.RECEIVE, "A", 6, 1),
        ("seed-003-SEND.LOG", Way.SEND, "A", 73, 2),
    ],
)
def test_every_sample_is_read_whole(name: str, way: Way, generation: str, rows: int, sessions: int) -> None:
    told = read(sample(name), name=name)
    assert (told.files, told.rows, told.sessions, told.damaged, told.omitted) == (1, rows, sessions, 0, 0)
    assert told.octets == len(sample(name))
    assert told.unfinished == (1 if name.startswith("seed-001") else 0)
    assert sum(group.sessions for group in told.groups) == sessions
    assert {group.way for group in told.groups} == {way}
    assert {group.generation for group in told.groups} - {""} == {generation}
    assert {group.source for group in told.groups} == {name}


@pytest.mark.parametrize(
    ("name", "end", "sent", "received", "status", "agreed", "failure"),
    [
        (NEW_SEND, "7E01", RENEWED, ONLINE, "", TLS_1_2, None),
        (NEW_SEND, "7E02", OLD, None, "NoCredentials", None, (Stage.HANDSHAKE, Kind.PROTOCOL, "NoCredentials")),
        (
            NEW_SEND,
            "7E03",
            RENEWED,
            GATEWAY,
            "SubjectMismatch",
            TLS_1_2,
            (Stage.AFTER, Kind.PROTOCOL, "SubjectMismatch"),
        ),
        (NEW_SEND, "7E04", RENEWED, ONLINE, "UntrustedRoot", TLS_1_2, (Stage.AFTER, Kind.PROTOCOL, "UntrustedRoot")),
        (NEW_SEND, "7E05", RENEWED, None, "SocketError", None, (Stage.HANDSHAKE, Kind.CLOSED, "SocketError")),
        (MIDDLE, "2DD3", OLD, None, "UnknownCredentials", None, (Stage.HANDSHAKE, Kind.PROTOCOL, "UnknownCredentials")),
        (OLD_SEND, "037F", OLD, None, "NoCredentials", None, (Stage.HANDSHAKE, Kind.PROTOCOL, "NoCredentials")),
        (OLD_SEND, "0387", RENEWED, ONLINE, "", TLS_1_0, None),
        (OLD_SEND, "0390", RENEWED, ONLINE, "UntrustedRoot", TLS_1_0, (Stage.AFTER, Kind.PROTOCOL, "UntrustedRoot")),
        (
            OLD_SEND,
            "0391",
            RENEWED,
            OLD,
            "CertificateExpired",
            TLS_1_0,
            (Stage.AFTER, Kind.PROTOCOL, "CertificateExpired"),
        ),
        (NEW_RECEIVE, "0001", RENEWED, ONLINE, "", TLS_1_2, None),
        (NEW_RECEIVE, "0002", SELF_SIGNED, ONLINE, "", TLS_1_2, (Stage.AFTER, Kind.CLOSED, "Remote(ConnectionReset)")),
        (
            NEW_RECEIVE,
            "0003",
            RENEWED,
            ONLINE,
            "",
            TLS_1_2,
            (Stage.AFTER, Kind.REJECTED, "454 4.7.5 Certificate validation failure"),
        ),
        (NEW_RECEIVE, "0004", None, None, "", None, (Stage.DIALOGUE, Kind.REJECTED, "STARTTLS is not offered")),
        (NEW_RECEIVE, "0005", RENEWED, None, "", TLS_1_2, None),
        (
            NEW_RECEIVE,
            "0006",
            None,
            None,
            "",
            None,
            (Stage.DIALOGUE, Kind.PROTOCOL, "500 5.3.3 Unrecognized command 'XXXXXXXX'"),
        ),
        (NEW_RECEIVE, "0007", RENEWED, None, "SocketError", None, (Stage.HANDSHAKE, Kind.CLOSED, "SocketError")),
        (OLD_RECEIVE, "204D", SELF_SIGNED, None, "", TLS_1_0, (Stage.AFTER, Kind.CLOSED, "Remote")),
        (OLD_RECEIVE, "204E", RENEWED, ONLINE, "", TLS_1_0, None),
        (OLD_RECEIVE, "2050", None, None, "", None, (Stage.DIALOGUE, Kind.REJECTED, "STARTTLS is not offered")),
    ],
)
def test_every_session_of_the_samples(
    name: str,
    end: str,
    sent: str | None,
    received: str | None,
    status: str,
    agreed: Session | None,
    failure: tuple[Stage, Kind, str] | None,
) -> None:
    group = session(name, end)
    seen = group.observation
    assert thumbprint(group) == (sent, received)
    assert group.status == status
    assert seen.session == agreed
    assert (seen.failure and (seen.failure.stage, seen.failure.kind, seen.failure.detail)) == failure
    assert (seen.leaf and seen.leaf.thumbprint) == (sent if group.way is Way.RECEIVE else received)
    assert not group.scrubbed


def test_a_certificate_of_the_newest_kind_is_told_whole() -> None:
    leaf = session(NEW_SEND, "7E01").sent
    assert leaf
    assert leaf.subject == "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
    assert leaf.issuer == 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
    assert leaf.serial == "0C11D22E33F44055166277388499AABB"
    assert (leaf.not_before, leaf.not_after) == (
        datetime(2026, 10, 19, tzinfo=UTC),
        datetime(2027, 5, 1, 23, 59, 59, tzinfo=UTC),
    )
    assert leaf.names == ("mail.contoso.com", "autodiscover.contoso.com")


@pytest.mark.parametrize(("name", "end"), [(NEW_SEND, "7E01"), (OLD_SEND, "0387"), (OLD_RECEIVE, "204E")])
def test_what_is_told_again_by_its_thumbprint_takes_nothing_away(name: str, end: str) -> None:
    leaf = session(name, end).received
    assert leaf
    assert leaf.subject
    assert leaf.names


def test_a_proxys_target_counts_where_nothing_is_told_of_the_peer() -> None:
    text = sample(NEW_SEND).replace(b"Received certificate", b"Proxy target certificate")
    assert thumbprint(by_session(read(text))["08DE2B1A3C5D7E01"])[1] == ONLINE
    text = text.replace(b",Remote certificate", b",Unheard of certificate").replace(
        b"*,BCE7F166E85F7DC345303B0D70E973D2D88FEB89", b"*," + GATEWAY.encode()
    )
    assert thumbprint(by_session(read(text))["08DE2B1A3C5D7E01"])[1] == GATEWAY


@pytest.mark.parametrize(("name", "end"), [(OLD_SEND, "0387"), (MIDDLE, "2DD3")])
def test_older_kinds_tell_all_but_the_dates(name: str, end: str) -> None:
    newest, older = session(NEW_SEND, "7E01").sent, session(name, end).sent
    assert newest
    assert older
    expected = replace(newest, not_before=None, not_after=None, thumbprint=older.thumbprint, serial=older.serial)
    assert older == expected


@pytest.mark.parametrize(
    ("end", "validation", "capabilities", "status", "peer"),
    [
        ("0001", "Valid", "AcceptCloudServicesMail", "Success", FAMILY),
        ("0003", "UntrustedRoot", "", "", FAMILY),
        ("0005", "EmptyCertificate", "None", "NoRemoteCertificate", "203.0.113.80"),
    ],
)
def test_what_a_receive_connector_says_of_its_client(
    end: str, validation: str, capabilities: str, status: str, peer: str
) -> None:
    group = session(NEW_RECEIVE, end)
    assert (group.validation, group.capabilities, group.capability_status) == (validation, capabilities, status)
    assert group.peer == peer
    assert (group.connector, group.server) == ("EX01\\Default Frontend EX01", "EX01")


def test_who_and_where() -> None:
    sending, receiving = session(NEW_SEND, "7E01"), session(NEW_RECEIVE, "0001")
    assert (sending.server, sending.peer) == ("mail.contoso.com", FAMILY)
    there, here = sending.observation, receiving.observation
    assert (there.endpoint.host, there.endpoint.address, there.endpoint.port, there.source) == (
        "db5eur01ft012.mail.protection.outlook.com",
        "198.51.100.12",
        25,
        "192.0.2.25",
    )
    assert (here.endpoint.host, here.endpoint.address, here.endpoint.port, here.source) == (
        "ex01.corp.contoso.com",
        "192.0.2.25",
        25,
        "104.47.1.10",
    )


@pytest.mark.parametrize(
    ("end", "offered", "asked", "masked", "ended"),
    [
        ("0001", ("STARTTLS", "X-ANONYMOUSTLS"), "STARTTLS", False, "Local"),
        ("0002", ("STARTTLS", "X-ANONYMOUSTLS"), "STARTTLS", False, "Remote(ConnectionReset)"),
        ("0004", ("X-ANONYMOUSTLS",), "", False, "Local"),
        ("0006", ("STARTTLS", "X-ANONYMOUSTLS"), "", True, "Local"),
    ],
)
def test_how_tls_was_offered_and_asked_for(
    end: str, offered: tuple[str, ...], asked: str, masked: bool, ended: str
) -> None:
    group = session(NEW_RECEIVE, end)
    assert (group.offered, group.asked, group.masked, group.ended) == (offered, asked, masked, ended)


def test_the_self_signed_certificate_of_seed_001() -> None:
    (group,) = read(sample("seed-001-RECV.LOG")).groups
    assert (group.server, group.peer, group.way) == ("SERVER1", "155.39.36.248", Way.RECEIVE)
    assert group.sent
    assert group.sent.subject == group.sent.issuer == "CN=SERVER1"
    assert group.sent.thumbprint == "9876534210FEDCBA9876534210FEDCBA123456789"  # 41 digits: no SHA-1
    assert group.sent.scrubbed
    assert group.scrubbed
    assert group.offered is None
    assert group.observation.failure is None  # the log breaks off: nobody knows what came


def test_what_failed_and_what_worked_in_seed_003() -> None:
    failed, worked = read(sample("seed-003-SEND.LOG")).groups
    assert thumbprint(failed) == ("76CDA7673866A90AF77973AA140621AECE384E66", None)
    assert thumbprint(worked) == (
        "40C17C1A4F34D7468D69388B7E99862DF24EC0BC",
        "3DFAEC8A810E8BF2D81D646ED4E11E0FFDF6FA55",
    )
    assert (failed.status, worked.status) == ("NoCredentials", "")
    assert failed.last < worked.first
    for group in (failed, worked):
        assert group.scrubbed
        assert group.sent
        assert group.sent.scrubbed
        assert group.sent.subject == ", OU=Domain Control Validated"
        assert group.sent.names == ()
        assert group.offered == ("STARTTLS",)
        assert group.peer == ""
        assert "STARTTLS" in hear(group.observation.transcript).keywords  # the greeting's code was taken out, too


# As evidence


@pytest.mark.parametrize(
    ("name", "end", "codes"),
    [
        (NEW_RECEIVE, "0001", {"tls-established"}),
        (NEW_RECEIVE, "0004", {"starttls-not-supported"}),
        (OLD_RECEIVE, "2050", {"starttls-not-supported"}),
        (OLD_SEND, "0387", {"tls-version-old"}),
        (NEW_SEND, "7E02", {"not-observed"}),
    ],
)
def test_the_judge_of_sessions_understands_it(name: str, end: str, codes: set[str]) -> None:
    seen = session(name, end).observation
    found = list(judge_session(seen, Standard(), DEMAND, others_answered=True, certificate_shown=False))
    assert {finding.code for finding in found} == codes
    causes = {dict(finding.facts).get("cause") for finding in found if finding.code == "starttls-not-supported"}
    assert causes <= {"no-usable-certificate"}


@pytest.mark.parametrize("name", [NEW_RECEIVE, OLD_RECEIVE])
def test_the_dialogue_can_be_heard_again(name: str) -> None:
    heard = hear(session(name, "0001" if name == NEW_RECEIVE else "204E").observation.transcript)
    assert heard.banner
    assert heard.banner.code == 220
    assert heard.keywords[:5] == ("SIZE 37748736", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS")
    assert heard.keywords[5:8] == ("X-ANONYMOUSTLS", "AUTH NTLM", "X-EXPS GSSAPI NTLM")
    assert heard.starttls
    assert heard.starttls.code == 220
    assert heard.after
    assert heard.after.positive


@pytest.mark.parametrize("name", ALL)
def test_no_mail_and_no_secret_gets_in(name: str) -> None:
    secrets = (
        b"2026-11-21T09:00:00.000Z,C,08DE2B1A3C5D7E01,%d,192.0.2.25:5,198.51.100.12:25,>,AUTH LOGIN,\r\n"
        b"2026-11-21T09:00:00.000Z,C,08DE2B1A3C5D7E01,%d,192.0.2.25:5,198.51.100.12:25,>,c2VjcmV0,\r\n"
        b"2026-11-21T09:00:00.000Z,C,08DE2B1A3C5D7E01,%d,192.0.2.25:5,198.51.100.12:25,<,"
        b"550 5.7.64 TenantAttribution; Relay Access Denied for <ben@contoso.com>,\r\n"
    ) % (30, 31, 32)
    text = repr(read(sample(name) + secrets.replace(b",C,", f",{CONNECTOR},".encode())))
    for word in ("anna@", "ben@", "MAIL FROM", "RCPT", "a1@contoso", "InternetMessageId", "RecordId", "c2VjcmV0"):
        assert word not in text


def test_a_late_refusal_is_kept_where_tls_or_attribution_is_to_blame() -> None:
    def told(reply: str) -> Group:
        row = f"2026-11-21T09:00:00.700Z,{CONNECTOR},08DE2B1A3C5D7E01,18,192.0.2.25:51422,198.51.100.12:25,<,"
        lines = sample(NEW_SEND).split(b"\r\n")
        lines.insert(20, f'{row}"{reply}",'.encode())
        return by_session(read(b"\r\n".join(lines)))["08DE2B1A3C5D7E01"]

    blocked = told("550 5.7.64 TenantAttribution; Relay Access Denied SMTP [DB5EUR01FT012 2026-11-21T09 08DE2B1B]")
    assert blocked.reply == "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
    assert blocked.observation.failure
    assert blocked.observation.failure.stage is Stage.AFTER
    assert told("550 5.1.1 User unknown").reply == ""


def test_a_wrong_password_is_no_matter_of_ours() -> None:
    rows = rows_of(NEW_RECEIVE)[:14]
    said = rows[-1].partition(b",13,")[0] + b",14,,,>,535 5.7.3 Authentication unsuccessful,\r\n"
    told = read(b"".join(rows) + said)
    assert [group.reply for group in told.groups] == [""]


def test_a_name_that_fits_no_certificate_is_a_refusal() -> None:
    words = b"454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found."
    row = b"2026-11-21T09:05:00.133Z,C,08DE2B1A3C5D7E02,%d,,198.51.100.12:25,*,,%b\r\n"
    (group,) = read(row % (0, b"attempting to connect") + row % (1, words)).groups
    assert group.reply == words.decode()


def test_a_connection_that_does_not_come_about() -> None:
    row = b"2026-11-21T09:00:00.000Z,O365,08DE2B1A3C5D7E99,%d,,198.51.100.12:25,*,,%s\r\n"
    error = b'"Failed to connect. Winsock error code: 10061, Win32 error code: 10061, Error Message: refused"'
    (group,) = read(row % (0, b"attempting to connect") + row % (1, error)).groups
    assert group.way is Way.SEND
    assert group.observation.failure
    assert (group.observation.failure.stage, group.observation.failure.kind) == (Stage.CONNECT, Kind.REFUSED)


def test_tls_among_servers_is_no_missing_starttls() -> None:
    text = (
        sample(NEW_RECEIVE)
        .replace(b"STARTTLS X-ANONYMOUSTLS", b"X-ANONYMOUSTLS")
        .replace(b"<,STARTTLS", b"<,X-ANONYMOUSTLS")
    )
    group = by_session(read(text))["08DE2B1B00000001"]
    assert (group.offered, group.asked) == (("X-ANONYMOUSTLS",), "X-ANONYMOUSTLS")
    assert group.observation.failure is None


def test_a_soft_failure_of_revocation_is_noted() -> None:
    text = sample(NEW_RECEIVE).replace(
        b"Client certificate chain validation status: 'Valid'",
        b"CRL validation failed with status RevocationOffline. Treating the failure as success.",
    )
    group = by_session(read(text))["08DE2B1B00000001"]
    assert group.revocation == "RevocationOffline"
    assert group.observation.failure is None


def test_words_of_a_failed_validation_outside_a_proxied_session() -> None:
    text = sample(NEW_SEND).replace(
        b"outbound TLS authentication failed for the proxy session due to certificate validation error. "
        b"ChainValidityStatus = SubjectMismatch.",
        b"Outbound certificate validation said SubjectMismatch",
    )
    assert by_session(read(text))["08DE2B1A3C5D7E03"].status == "SubjectMismatch"


@pytest.mark.parametrize(
    ("lost", "end", "failure", "offered"),
    [
        (b",2,", "0001", None, None),
        (b",9,", "0001", None, ("STARTTLS", "X-ANONYMOUSTLS")),  # the greeting inside TLS: others followed
        (b",8,", "0002", None, ("STARTTLS", "X-ANONYMOUSTLS")),
    ],
)
def test_nothing_is_concluded_from_rows_that_are_lost(
    lost: bytes, end: str, failure: None, offered: tuple[str, ...] | None
) -> None:
    kept = [row for row in rows_of(NEW_RECEIVE) if end.encode() + lost not in row]
    assert len(kept) == 82
    group = next(group for group in read(b"".join(kept)).groups if group.example.endswith(end))
    assert group.observation.failure is failure
    assert group.offered == offered


def test_a_keyword_that_is_lost_is_not_one_that_is_missing() -> None:
    kept = [row for row in rows_of(OLD_RECEIVE) if b"204E,8," not in row]  # 250-STARTTLS
    group = next(group for group in read(b"".join(kept)).groups if group.example.endswith("204E"))
    assert group.offered is None


def test_a_peer_that_leaves_politely_leaves_all_the_same() -> None:
    rows = [row for row in rows_of(NEW_SEND) if b"7E03," in row and b"ChainValidity" not in row]
    rows = [
        row.replace(b"7E03,%d," % old, b"7E03,%d," % (old - (old > 10)))
        for old, row in zip([*range(10), 11, 12, 13], rows, strict=True)
    ]
    (group,) = read(b"".join(rows)).groups
    assert group.status == ""
    assert group.observation.failure
    assert (group.observation.failure.stage, group.observation.failure.detail) == (Stage.AFTER, "QUIT")


# Certificates in one row


@pytest.mark.parametrize(
    ("joined", "subject", "issuer"),
    [
        ("CN=EX01 CN=EX01", "CN=EX01", "CN=EX01"),
        ("CN=a b, O=c CN=d e", "CN=a b, O=c", "CN=d e"),
        ('CN="a, b O=c" CN=d', 'CN="a, b O=c"', "CN=d"),
        ('CN="say ""x O=y"" now", C=GB CN=d', 'CN="say ""x O=y"" now", C=GB', "CN=d"),
        ("CN=a + OU=b, C=GB CN=d", "CN=a + OU=b, C=GB", "CN=d"),
        ("OID.2.5.4.15=x, CN=a CN=d", "OID.2.5.4.15=x, CN=a", "CN=d"),
        ("CN=a OID.2.5.4.97=d", "CN=a", "OID.2.5.4.97=d"),
        (", OU=Domain Control Validated CN=Starfield G2", ", OU=Domain Control Validated", "CN=Starfield G2"),
        ("no types here no types here", "no types here", "no types here"),
        ("CN=a O=b CN=c", None, None),  # it may begin at either: unknown
        ("gone", None, None),
    ],
)
def test_two_distinguished_names_in_one_text(joined: str, subject: str | None, issuer: str | None) -> None:
    row = f" {joined} 0C11D22E {RENEWED} 2026-10-19T00:00:00.000Z 2027-05-01T23:59:59.000Z mail.contoso.com"
    leaf = in_one_row(row.encode(), dated=True)
    assert leaf
    assert (leaf.subject, leaf.issuer) == (subject, issuer)
    assert leaf.thumbprint == RENEWED
    assert leaf.names == ("mail.contoso.com",)


@pytest.mark.parametrize(
    ("row", "dated", "scrubbed"),
    [
        (f" CN=a CN=b 0C11 {RENEWED} 2026-10-19T00:00:00.000Z 2027-05-01T23:59:59.000Z ", True, False),
        (f" CN=a CN=b 0C11 {RENEWED} 2026-10-19T00:00:00.000Z 2027-05-01T23:59:59.000Z ;;", True, True),
        (f" CN=a CN=b XXXXXXXX {RENEWED} 2026-10-19T00:00:00.000Z 2027-05-01T23:59:59.000Z", True, True),
        (f"  0C11 {RENEWED} 2026-10-19T00:00:00.000Z 2027-05-01T23:59:59.000Z a.example", True, True),
        (f" CN=a CN=b 0C11 {RENEWED}1 a.example", False, True),
        (f" CN=a CN=b 0C11 {RENEWED}", False, False),
    ],
)
def test_a_row_with_parts_missing(row: str, dated: bool, scrubbed: bool) -> None:
    leaf = in_one_row(row.encode(), dated=dated)
    assert leaf
    assert leaf.thumbprint
    assert leaf.thumbprint.startswith(RENEWED)
    assert leaf.scrubbed is scrubbed


@pytest.mark.parametrize("row", ["", " ", "CN=a", f"CN=a {RENEWED[:20]}", "a b c d e f g", "2026 2027"])
def test_a_row_that_is_no_certificate(row: str) -> None:
    assert in_one_row(row.encode(), dated=True) is None
    assert in_one_row(row.encode(), dated=False) is None


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (
            "250  a.example Hello [192.0.2.1] SIZE 1 AUTH NTLM LOGIN X-EXPS EXCHANGEAUTH GSSAPI XNEW CHUNKING",
            (
                "250-a.example Hello [192.0.2.1]",
                "250-SIZE 1",
                "250-AUTH NTLM LOGIN",
                "250-X-EXPS EXCHANGEAUTH GSSAPI XNEW",
                "250 CHUNKING",
            ),
        ),
        ("250  a.example Hello XXXXXXXA 8BITMIME", ("250-a.example Hello", "250-XXXXXXXA", "250 8BITMIME")),
        ("250 a.example", ("250 a.example",)),
        ("502 no", ("502 no",)),
    ],
)
def test_an_answer_that_was_run_together(row: str, lines: tuple[str, ...]) -> None:
    assert as_sent((row,)) == lines


# Every shape that a log comes in


def same(one: Digest, other: Digest) -> None:
    def groups(told: Digest) -> dict[str, Group]:
        return {group.example: replace(group, source="") for group in told.groups}

    assert groups(one) == groups(other)
    assert (one.sessions, one.unfinished) == (other.sessions, other.unfinished)


@pytest.mark.parametrize(
    "reshaped",
    [
        pytest.param(lambda data: data.replace(b"\r\n", b"\n"), id="LF"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="UTF-8 with a mark"),
        pytest.param(lambda data: data.decode().encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(lambda data: data.decode().encode("utf-16-le"), id="UTF-16LE"),
        pytest.param(lambda data: data.decode().encode("utf-16-be"), id="UTF-16BE"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\r\n\r\n"), id="blank lines"),
        pytest.param(lambda data: data + data[: data.index(b"\r\n2026-") + 2], id="header again"),
        pytest.param(lambda data: data[data.index(b"\r\n2026-") + 2 :], id="no header"),
    ],
)
@pytest.mark.parametrize("name", [NEW_SEND, NEW_RECEIVE])
def test_encodings_and_headers_make_no_difference(name: str, reshaped: object) -> None:
    assert callable(reshaped)
    told = read(reshaped(sample(name)), name="copy.log")
    same(told, read(sample(name)))
    assert told.damaged == 0


@pytest.mark.parametrize("name", ALL)
def test_chunks_of_any_size_make_no_difference(name: str) -> None:
    data = sample(name)
    for size in (1, 7, 4096):
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        assert digest([(name, chunks)]) == digest([(name, [data])])


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_connector_may_have_any_name(encoding: str) -> None:
    name = '"Ausgehend, für ""Bücher"""'
    text = sample(NEW_SEND).decode().replace("Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10", name)
    told = read(text.encode(encoding))
    assert {group.connector for group in told.groups} == {'Ausgehend, für "Bücher"'}
    assert (told.sessions, told.damaged) == (5, 0)
    same(unnamed(told), unnamed(read(sample(NEW_SEND))))


def unnamed(told: Digest) -> Digest:
    return replace(told, groups=tuple(replace(group, connector="") for group in told.groups))


def rows_of(name: str) -> list[bytes]:
    return [line + b"\r\n" for line in sample(name).splitlines() if not line.startswith(b"#")]


def test_sessions_that_interleave() -> None:
    """Rows of two files and eleven sessions, dealt like cards; what a row says tells which way it goes."""
    decks = [rows_of(name)[::-1] for name in (NEW_SEND, NEW_RECEIVE)]
    dealer, dealt = random.Random(4), list[bytes]()
    while any(decks):
        dealt.append(dealer.choice([deck for deck in decks if deck]).pop())
    same(read(b"".join(dealt), name="both.log"), read(sample(NEW_SEND), sample(NEW_RECEIVE)))


@pytest.mark.parametrize("name", [NEW_SEND, NEW_RECEIVE, OLD_SEND])
def test_rows_that_are_out_of_order(name: str) -> None:
    rows, shuffler = rows_of(name), random.Random(7)
    keyed = sorted(enumerate(rows), key=lambda both: both[0] + shuffler.uniform(0, 40))
    assert [row for _, row in keyed] != rows
    same(read(b"".join(row for _, row in keyed)), read(sample(name)))


@pytest.mark.parametrize("at", [900, 5000, 9000, 14000])
def test_a_session_goes_on_in_the_next_file(at: int) -> None:
    data = sample(NEW_SEND)
    cut = data.index(b"\r\n", at) + 2
    header = data[: data.index(b"2026-11-21T09:00:00.000Z,")]
    same(read(data[:cut], header + data[cut:]), read(data))


@pytest.mark.parametrize("name", [NEW_SEND, OLD_SEND])
def test_a_session_told_twice_is_one(name: str) -> None:
    same(read(b"".join(row for row in rows_of(name) for _ in range(2))), read(sample(name)))


def test_the_tail_of_a_session_is_none() -> None:
    told = read(b"".join(row for row in rows_of(NEW_SEND) if b",221 2.0.0" in row or b",-,," in row))
    assert (told.rows, told.sessions, told.groups) == (8, 0, ())


@pytest.mark.parametrize(("said", "way"), [("Send", Way.SEND), ("Receive", Way.RECEIVE)])
def test_the_header_says_which_way_where_the_rows_do_not(said: str, way: Way) -> None:
    row = "2026-11-21T09:00:00.000Z,Anything,08DE2B1A3C5D7E01,9,192.0.2.1:25,192.0.2.2:25,*,,Sending certificate\r\n"
    (group,) = read(f"#Log-type: SMTP {said} Protocol Log\r\n{row}{row.replace('*', '+')}".encode()).groups
    assert group.way is way


def test_the_same_identifier_on_two_servers_is_two_sessions() -> None:
    other = sample(NEW_RECEIVE).replace(b"EX01", b"EX02")
    told = read(sample(NEW_RECEIVE), other)
    assert told.sessions == 14
    assert {group.server for group in told.groups} == {"EX01", "EX02"}
    assert read(*map(sample, ALL)).sessions == 24  # three of the seeds' are among the samples' again


def test_sessions_that_are_alike_are_counted_together() -> None:
    again = [row.replace(b"08DE2B1A", b"08DE2B1B").replace(b"-21T09", b"-22T09") for row in rows_of(NEW_SEND)]
    told = read(sample(NEW_SEND), b"".join(again), name="SEND20261121-1.LOG")
    assert (told.sessions, len(told.groups), told.files) == (10, 5, 2)
    for group in told.groups:
        assert group.sessions == 2
        assert (group.first.day, group.last.day, group.observation.at.day) == (21, 22, 22)
        assert group.example.startswith("08DE2B1B")


def test_garbage_between_rows_is_counted_and_nothing_else() -> None:
    shuffler = random.Random(3)
    lines = list[bytes]()
    for row in rows_of(NEW_RECEIVE):
        lines += [row, bytes(shuffler.randrange(11, 256) for _ in range(shuffler.randrange(1, 60))), b"\r\n"]
    told = read(b"".join(lines), name="RECV20261121-1.LOG")
    same(told, read(sample(NEW_RECEIVE)))
    assert 0 < told.damaged <= 83


@pytest.mark.parametrize(
    ("rubbish", "damaged"), [(b"\0" * 500, 0), (b"2026-11-21T09:00:00.133Z,Outbound to Offi", 3), (b"> ", 3)]
)
def test_a_row_is_found_behind_what_was_cut_before_it(rubbish: bytes, damaged: int) -> None:
    told = read(sample(NEW_SEND).replace(b"2026-11-21T09:05:00.133Z", rubbish + b"2026-11-21T09:05:00.133Z"))
    same(told, read(sample(NEW_SEND)))
    assert told.damaged == damaged


def test_a_row_is_found_in_the_data_of_one_that_was_cut() -> None:
    cut = b"2026-11-21T09:05:00.132Z,Outbound,08DE2B1A3C5D7E02,7,192.0.2.25:51422,198.51.100.12:25,*, CN=mail.con"
    told = read(sample(NEW_SEND).replace(b"2026-11-21T09:05:00.133Z", cut + b"2026-11-21T09:05:00.133Z", 1))
    same(told, read(sample(NEW_SEND)))
    assert told.damaged == 1


@pytest.mark.parametrize("name", ALL)
def test_a_log_may_end_anywhere(name: str) -> None:
    data = sample(name)
    for end in [*range(400, len(data), 97), len(data) - 1]:
        told = read(data[:end], name=name)
        known = by_session(read(data, name=name))
        for group in told.groups:
            assert group.way is known[group.example].way
            assert not group.status or group.status == known[group.example].status
            if group.sent and group.sent.thumbprint and known[group.example].sent:
                whole = known[group.example].sent
                assert whole
                assert (whole.thumbprint or "").startswith(group.sent.thumbprint)
        assert told.damaged <= 1


# What nobody can do to the reader


def endless(row: bytes, count: int) -> Iterator[bytes]:
    for start in range(0, count, 1000):
        yield b"".join(row % number for number in range(start, start + 1000))


def test_a_line_without_end_is_damaged_and_not_held() -> None:
    data = sample(NEW_SEND)
    cut = data.index(b"2026-11-21T09:05")
    chunks = [data[:cut], *[b"x" * 100_000] * 100, b"\r\n", data[cut:]]
    tracemalloc.start()
    told = digest([("SEND.LOG", chunks)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    same(told, read(data))
    assert told.damaged == 1
    assert peak < 3 << 20
    assert read(b"".join(chunks), name="SEND.LOG") == told  # all in one, too


def test_what_is_held_is_bounded() -> None:
    """A session a row, none of which ends, each of a kind of its own."""
    row = b"2026-11-21T09:05:00.133Z,C%07d,%%016d,0,,198.51.100.12:25,*,,attempting to connect and more " + b"x" * 900
    rows = (b"%s\r\n" % ((row % number) % number) for number in range(12_000))
    tracemalloc.start()
    told = digest([("SEND.LOG", rows)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.rows == 12_000
    assert peak < 30 << 20


def test_strangers_beyond_the_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.exchange.logs.counting.MOST_GROUPS", 20)
    row = b"2026-11-21T09:05:00.133Z,EX01\\C,%016X,0,192.0.2.25:25,%b:1025,+,,\r\n"
    strangers = [row % (number, b"8.8.8.%d" % number) for number in range(100)]
    inside = [row % (200 + number, b"10.1.0.%d" % number) for number in range(100)]
    told = read(b"".join([*strangers, *inside]))
    by_peer = {group.peer: group.sessions for group in told.groups}
    assert (told.omitted, told.sessions, len(by_peer)) == (0, 200, 20)
    assert by_peer["*.*.*.*"] == 82
    assert (by_peer["10.1.*.*"], by_peer["8.8.8.8"]) == (100, 1)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_remembered_of_a_shape_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged and doubled logs come to the same, session by session, whether like ones are told anew or not."""
    dealer = random.Random(seed)
    rows = b"".join(map(sample, dealer.sample(ALL, 3))).splitlines(keepends=True)
    for _ in range(dealer.randrange(1, 12)):
        place = dealer.randrange(len(rows))
        row, cut = rows[place], dealer.randrange(len(rows[place]))
        if dealer.random() < 0.3 and len(rows) < 2000:
            rows += [other.replace(b"08DE2B1", b"08DE2C%d" % dealer.randrange(9)) for other in rows]
        elif not row.startswith(b"#"):
            rows[place] = dealer.choice(
                [b"", row[:cut], row + row, row[:cut] + b'"' + row[cut:], row.replace(b"E", b"*")]
            )
    remembered = read(b"".join(rows))
    monkeypatch.setattr("probe.exchange.logs.counting.LONGEST", 0)
    assert read(b"".join(rows)) == remembered


def test_a_gap_and_an_overwritten_banner_make_a_new_shape() -> None:
    refuses = [row for row in rows_of(NEW_RECEIVE) if b"08DE2B1B00000004" in row]
    gap = [row.replace(b"00000004,3,", b"0000000A,4,").replace(b"00000004", b"0000000A") for row in refuses]
    starred = [row.replace(b"00000004", b"0000000B").replace(b"+0000", b"****") for row in refuses]
    told = by_session(read(b"".join([*refuses, *gap, *starred])))
    offered = {end[-1]: (group.offered, group.masked) for end, group in told.items()}
    assert offered == {"4": (("X-ANONYMOUSTLS",), False), "A": (None, False), "B": (("X-ANONYMOUSTLS",), True)}


def test_addresses_dates_and_strangers_names_make_no_new_shape() -> None:
    gathering, counting = Gathering(), Counting()
    data = b"".join(rows_of(NEW_RECEIVE)[:14])
    for number in range(50):
        changed = data.replace(b"08DE2B1B", b"%08X" % number).replace(b"104.47.1.10", b"203.0.113.%d" % number)
        changed = changed.replace(b"09:30:00 +0000", b"09:%02d:00 +0000" % number)
        for gathered in gathering.take(changed.splitlines()):
            counting.count(gathered)
    for gathered in gathering.rest():
        counting.count(gathered)
    assert counting.sessions == 50
    assert len(counting._shapes) == 1


def test_kinds_beyond_the_limit_are_omitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.exchange.logs.counting.MOST_GROUPS", 2)
    told = read(sample(NEW_SEND))
    assert (len(told.groups), told.omitted, told.sessions) == (2, 3, 5)


@pytest.mark.parametrize("limit", ["gathering.MOST_HELD", "counting.MOST_HELD"])
def test_bytes_beyond_the_limit_are_not_held(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(f"probe.exchange.logs.{limit}", 9000)
    decks = [rows_of(name) for name in (NEW_SEND, NEW_RECEIVE)]
    told = read(b"".join(row for both in zip(*decks, strict=False) for row in both))
    assert (told.unfinished if "gathering" in limit else told.omitted) > 1


def test_sessions_beyond_the_limit_are_given_up_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.exchange.logs.gathering.MOST_OPEN", 1)
    decks = [rows_of(name) for name in (NEW_SEND, NEW_RECEIVE)]
    told = read(b"".join(row for both in zip(*decks, strict=False) for row in both))
    assert told.unfinished > 2


def test_a_session_without_end_keeps_little() -> None:
    row = b"2026-11-21T09:05:00.133Z,C,08DE2B1A3C5D7E02,%d,,198.51.100.12:25,*,,TLS what is this\r\n"
    first = row.replace(b"TLS what is this", b"attempting to connect")
    gathering = Gathering()
    for chunk in [first % 0, *endless(row, 50_000), first.replace(b"*", b"-") % 50_001]:
        assert not list(gathering.take(chunk.split(b"\n")[:-1]))
    (left,) = gathering.rest()
    assert gathering.rows == 50_002
    assert len(left.rows) < 300
    assert left.whole


@pytest.mark.parametrize(
    "data",
    [
        b"Name : Outbound to Office 365\r\nTlsCertificateName : <I>CN=x\r\n",
        bytes(range(256)) * 40,
        b'{"Name": "x"}',
        b"#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Fields: date time\r\n1 2\r\n",
    ],
)
def test_what_is_no_log_is_refused(data: bytes) -> None:
    with pytest.raises(ExportError, match=r"x\.log is no SMTP protocol log") as raised:
        digest([("x.log", [data])])
    assert raised.value.hint


def test_a_large_file_that_is_no_log_is_not_read_to_its_end() -> None:
    given: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(1000):
            given.append(number)
            yield b"binary\n" * 10_000

    with pytest.raises(ExportError):
        digest([("x.log", chunks())])
    assert len(given) < 30


def test_another_log_is_named() -> None:
    head = b"#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n#Log-type: Message Tracking Log\r\n"
    with pytest.raises(ExportError, match=r"m\.log is a Message Tracking Log, not an SMTP protocol log"):
        digest([("m.log", [head + b"1,2,3\r\n"])])


def test_an_empty_log_says_nothing() -> None:
    assert read(b"", b"\r\n").groups == ()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_logs_raise_nothing_else(data: st.DataObject) -> None:
    text = bytearray(sample(data.draw(st.sampled_from(ALL))))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(text)))
        end = place + data.draw(st.sampled_from([0, 0, 1, 1, 20, 300]))
        text[place:end] = data.draw(
            st.one_of(
                st.binary(max_size=20), st.sampled_from([b'"', b'""', b",", b"\r\n", b"\0", b"=", b" ", b"\xff\xfe"])
            )
        )
    try:
        told = digest([("x.log", [bytes(text)])])
    except ExportError:
        return
    for group in told.groups:
        hear(group.observation.transcript)
        list(judge_session(group.observation, Standard(), DEMAND, others_answered=True, certificate_shown=False))


# The files that the user names


def octets(paths: Iterable[Path | str]) -> list[tuple[str, bytes]]:
    return [(name, b"".join(chunks)) for name, chunks in config.logs(paths)]


def test_rotated_files_come_in_order_of_time(tmp_path: Path) -> None:
    names = ["SEND20261121-1.LOG", "SEND20261121-2.log", "SEND20261121-10.LOG", "SEND2026112209-1.LOG", "other.log"]
    for name in [*reversed(names), "notes.txt"]:
        (tmp_path / name).write_bytes(b"#")
    below = tmp_path / "Hub"
    below.mkdir()
    (below / "RECV20261121-1.log.gz").write_bytes(gzip.compress(b"##"))
    found = octets([tmp_path])
    assert [Path(name).name for name, _ in found if Path(name).name.startswith("SEND")] == names[:4]
    assert dict(found)[str(below / "RECV20261121-1.log.gz")] == b"##"
    assert len(found) == 6


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(sample(NEW_SEND))
    assert len(octets([tmp_path / "a.log", tmp_path, str(tmp_path / "a.log")])) == 1


@pytest.mark.parametrize("members", [1, 3])
def test_gzip_is_known_by_its_first_octets(tmp_path: Path, members: int) -> None:
    data = sample(NEW_SEND) * 50
    size = len(data) // members + 1
    (tmp_path / "SEND.LOG").write_bytes(
        b"".join(gzip.compress(data[at : at + size]) for at in range(0, len(data), size))
    )
    notes = list[str]()
    assert [(name, b"".join(chunks)) for name, chunks in config.logs([tmp_path / "SEND.LOG"], notes.append)] == [
        (str(tmp_path / "SEND.LOG"), data)
    ]
    assert notes == []


@pytest.mark.parametrize(("spoil", "said"), [("cut", "ends in the middle"), ("bent", "is damaged")])
def test_what_can_be_read_of_a_broken_gzip_is_read(tmp_path: Path, spoil: str, said: str) -> None:
    shuffler = random.Random(1)
    data = b"".join(b"%s%d\r\n" % (sample(NEW_SEND), shuffler.getrandbits(4000)) for _ in range(60))
    packed = bytearray(gzip.compress(data))
    if spoil == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2 : len(packed) // 2 + 30] = bytes(30)
    (tmp_path / "SEND.LOG.gz").write_bytes(packed)
    notes = list[str]()
    ((_, chunks),) = config.logs([tmp_path / "SEND.LOG.gz"], notes.append)
    read_of_it = b"".join(chunks)
    assert len(read_of_it) > 1000
    assert data.startswith(read_of_it[:1000])
    (note,) = notes
    assert said in note


def test_a_bomb_of_zeros_is_no_log_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.log.gz").write_bytes(gzip.compress(bytes(100 << 20), 1))
    tracemalloc.start()
    with pytest.raises(ExportError):
        digest(config.logs([tmp_path / "x.log.gz"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_other_logs_are_passed_over_in_a_directory_and_refused_by_name(tmp_path: Path) -> None:
    head = b"#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n#Log-type: Message Tracking Log\r\n"
    (tmp_path / "MSGTRK20261121-1.LOG").write_bytes(head + b"1,2,3\r\n")
    (tmp_path / "SEND20261121-1.LOG").write_bytes(sample(NEW_SEND))
    assert digest(config.logs([tmp_path])).files == 1
    with pytest.raises(ExportError, match="Message Tracking Log"):
        octets([tmp_path / "MSGTRK20261121-1.LOG"])


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the log .*gone\.log: No such file") as missing:
        octets([tmp_path / "gone.log"])
    with pytest.raises(ConfigError, match="holds no logs") as empty:
        octets([tmp_path])
    assert missing.value.hint
    assert empty.value.hint


def test_standard_input_may_hold_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(gzip.compress(sample(NEW_SEND)))

    monkeypatch.setattr(sys, "stdin", Input)
    assert octets(["-"]) == [("standard input", sample(NEW_SEND))]
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConfigError, match="standard input is closed"):
        octets(["-"])
