"""Bounces: whatever people paste is read, told apart by its words, and checked by the right command."""

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from io import FileIO
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.make import HERE
from probe.cli import explaining, run
from probe.codec import decode_evidence
from probe.demo.peer import Script, listen
from probe.demo.pki import Identity, server_context
from probe.errors import ProbeError, UsageError
from probe.exchange.bounces import Bounce, Kind, Outcome, Party, explain, read
from probe.exchange.bounces.beside import Exported, aimed, beside
from probe.exchange.bounces.checking import private
from probe.exchange.bounces.clean import masked
from probe.exchange.bounces.comparing import compare
from probe.exchange.bounces.meaning import Meaning
from probe.exchange.bounces.promises import RESULTS
from probe.exchange.bounces.table import ROWS, codes, rows
from probe.exchange.bounces.windows import BY_NAME, BY_NUMBER, BY_WORD, EVENTS, STATUSES
from probe.judge.catalogue import CATALOGUE
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Evidence, Gap, Organisation, Report, Target
from probe.report.bounces import render, render_comparison
from probe.report.bounces_json import to_json
from probe.report.layout import plain
from tests.pki import Authority, Issued, self_signed
from tests.real.client import probe

BOUNCES = HERE / "exchange" / "bounces"
LAST_ERRORS = (BOUNCES / "last-errors.txt").read_text().splitlines()
LONG_FORM = LAST_ERRORS[2]
SELF_SIGNED = "7CE9A6EA5C5B345E5749246CBD32CFCC350DA857"
RENEWED = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
MOMENT = datetime(2026, 11, 21, 9, 35, 2, tzinfo=UTC)
HYBRID = "probe mail.contoso.com:25 --connect 192.0.2.25 --expect-name mail.contoso.com"
TO_MICROSOFT = "contoso-mail-onmicrosoft-com.mail.protection.outlook.com"


def fixture(name: str) -> str:
    return (BOUNCES / name).read_text()


def titles(text: str) -> list[str]:
    return [told.title for told in explain(read(text)).meanings]


def only(text: str) -> str:
    (title,) = titles(text)
    return title


def shown(text: str) -> str:
    return plain(render(explain(read(text))))


# Last errors


# Line of the fixture, first code, status, what it means, which command.
EVERY_LAST_ERROR = (
    ("450 4.7.320", "SubjectMismatch", "certificate check failed: SubjectMismatch", HYBRID),
    ("450 4.7.320", "UntrustedRoot", "certificate check failed: UntrustedRoot", HYBRID),
    ("450 4.4.317", "SubjectMismatch", "certificate check failed: SubjectMismatch", HYBRID),
    ("450 4.4.317", None, "did not offer STARTTLS", HYBRID),
    ("450 4.4.317", "SocketError", "handshake failed: SocketError", HYBRID),
    ("550 5.4.317", None, "did not offer STARTTLS", None),
    ("450 4.4.316", None, "refused the connection", "probe mail.contoso.com:25 --connect 192.0.2.25"),
    ("450 4.4.101", None, "did not offer STARTTLS", None),
    ("451 4.4.395", None, "did not answer", f"probe {TO_MICROSOFT}:25 --connect 198.51.100.12"),
    ("451 4.4.397", "SocketError", "lost in the middle", f"probe {TO_MICROSOFT}:25 --connect 198.51.100.12"),
    ("451 4.4.0", None, "could not connect", None),
    ("454 4.7.5", None, "send connector names is not there", None),
    ("550 5.7.64", None, "did not recognise the sending server", None),
    ("550 5.7.64", None, "not an accepted domain", None),
    ("550 5.7.325", None, "Under DANE, the certificate is for another name", None),
    ("450 4.7.5", "UntrustedRoot", "does not do for MTA-STS: UntrustedRoot", None),
    ("450 4.4.8", None, "does not name this MX host", "probe fabrikam.com"),
)


@pytest.mark.parametrize(("line", "told"), [*zip(LAST_ERRORS, EVERY_LAST_ERROR, strict=True)])
def test_every_form_of_a_last_error(line: str, told: tuple[str, str | None, str, str | None]) -> None:
    code, status, title, command = told
    bounce = read(line)
    assert (f"{bounce.code} {bounce.enhanced}", bounce.status) == (code, status)
    assert not bounce.truncated
    assert not bounce.scrubbed
    (meaning,) = explain(bounce).meanings
    assert title in meaning.title
    assert meaning.command.text == command
    assert command is not None or meaning.command.notes


def test_the_long_form_field_by_field() -> None:
    bounce = read(LONG_FORM)
    assert (bounce.kind, bounce.fqdn, bounce.ip, bounce.port) == (Kind.LAST_ERROR, "mail.contoso.com", "192.0.2.25", 25)
    assert (bounce.expected, bounce.presented, bounce.thumbprint) == ("mail.contoso.com", "CN=EX01", SELF_SIGNED)
    assert bounce.lrt == MOMENT
    assert bounce.at == MOMENT.replace(microsecond=123000)
    assert bounce.msg is None
    assert bounce.message
    assert bounce.message.startswith("SubjectMismatch Expected Subject")
    explanation = explain(bounce)
    assert explanation.meanings[0].findings == (("certificate-host-mismatch", None),)
    assert any("bare computer name" in note for note in explanation.notes)


def test_a_last_error_whose_fqdn_has_lost_its_name() -> None:
    bounce = read(LAST_ERRORS[0].partition("]")[0].replace("{FQDN=", "").replace("11/21/2026 9:35:02 AM", ""))
    assert (bounce.fqdn, bounce.ip, bounce.msg, bounce.lrt) == (
        "mail.contoso.com",
        "192.0.2.25",
        "SubjectMismatch",
        None,
    )


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("11/21/2026 9:35:02 AM", MOMENT),
        ("11/21/2026 9:35:02 PM", MOMENT.replace(hour=21)),
        ("11/21/2026 12:35:02 AM", MOMENT.replace(hour=0)),
        ("21/11/2026 09:35:02", MOMENT),
        ("13/13/2026 9:35:02 AM", None),
        ("", None),
    ],
)
def test_the_last_retry(written: str, moment: datetime | None) -> None:
    assert read(f"{{LED=450 4.4.316 Connection refused}};{{LRT={written}}}").lrt == moment


@pytest.mark.parametrize("line", LAST_ERRORS, ids=range(len(LAST_ERRORS)))
def test_cut_anywhere_it_is_read_or_refused_and_never_misread(line: str) -> None:
    whole, all_titles = read(line), {meaning.title for row in ROWS for meaning in [row.meaning]}
    for end in range(len(line)):
        try:
            bounce = read(line[:end])
            explanation = explain(bounce)
        except UsageError:
            continue
        assert bounce.thumbprint in (None, whole.thumbprint)
        assert bounce.ip is None or str(whole.ip).startswith(bounce.ip)
        for told in explanation.meanings:
            known = {told.title, told.title.rpartition(": ")[0], told.title.partition(",")[0]}
            assert known & all_titles or any(told.title == status.title for status in STATUSES)


def test_what_is_cut_is_said_to_be() -> None:
    bounce = read(LONG_FORM[: LONG_FORM.index("CFCC")])
    assert bounce.truncated
    assert bounce.thumbprint is None
    assert "cut off" in plain(render(explain(bounce)))


@pytest.mark.parametrize("mark", ["###.###.###.###", "xxx.xxx.xxx.xxx", "***", "[redacted]"])
def test_addresses_that_were_taken_out(mark: str) -> None:
    bounce = read(LONG_FORM.replace("192.0.2.25", mark))
    assert (bounce.ip, bounce.fqdn, bounce.scrubbed) == (None, "mail.contoso.com", True)
    (told,) = explain(bounce).meanings
    assert told.command.text == "probe mail.contoso.com:25 --expect-name mail.contoso.com"
    assert "taken out" in " ".join(told.command.notes)


def test_names_that_were_taken_out() -> None:
    bounce = read(LAST_ERRORS[1].replace("mail.contoso.com", "########").replace("192.0.2.25", "###.###.###.###"))
    (told,) = explain(bounce).meanings
    assert told.command.text is None
    assert told.title.endswith("UntrustedRoot")


def wrapped(width: int) -> Callable[[str], str]:
    return lambda text: "\n".join(text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(" ", "\r\n"),
        lambda text: "> > " + text.replace(" ", "\n> > "),
        lambda text: f"“{text}”",
        lambda text: text.replace(" ", "\xa0"),
        lambda text: "\u200e" + text.replace("4", "4\u200b"),
        lambda text: f"  Last Error: '{text}'  ",
        *map(wrapped, (40, 71, 80, 119, 120)),
    ],
)
@pytest.mark.parametrize("line", LAST_ERRORS, ids=range(len(LAST_ERRORS)))
def test_what_pasting_does_to_a_line_changes_nothing(line: str, change: Callable[[str], str]) -> None:
    before, after = read(line), read(change(line))
    for name in ("code", "enhanced", "status", "fqdn", "ip", "port", "lrt", "thumbprint", "expected", "presented"):
        assert getattr(after, name) == getattr(before, name), name
    assert titles(change(line)) == titles(line)


# Codes


# The codes of Microsoft's list of reports, as of its edition with the codes for high volume mail; a range stands as its
# ends and something in between.
CODES_OF_THE_LIST = """
4.3.2 4.4.7 4.4.8 4.4.316 4.4.317 4.5.3 4.7.5 4.7.26 4.7.321 4.7.322 4.7.323 4.7.324 4.7.325 4.7.500 4.7.600 4.7.699
4.7.850 4.7.870 4.7.899 5.0.350 5.1.0 5.1.1 5.1.2 5.1.8 5.1.10 5.1.20 5.1.90 5.2.2 5.2.121 5.2.122 5.3.190 5.4.1 5.4.6
5.4.14 5.4.8 5.4.300 5.5.0 5.6.11 5.7.1 5.7.5 5.7.12 5.7.23 5.7.25 5.7.57 5.7.64 5.7.124 5.7.133 5.7.134 5.7.13 5.7.135
5.7.136 5.7.232 5.7.233 5.7.236 5.7.321 5.7.322 5.7.323 5.7.324 5.7.325 5.7.367 5.7.501 5.7.502 5.7.503 5.7.504 5.7.505
5.7.506 5.7.507 5.7.508 5.7.509 5.7.510 5.7.511 5.7.512 5.7.513 5.7.606 5.7.620 5.7.649 5.7.700 5.7.703 5.7.705 5.7.708
5.7.750 5.7.800 4.3.240 4.4.244 5.7.142 5.7.143 5.7.144 5.1.241 5.2.240 5.6.240 5.6.241 5.7.240 5.7.241 5.7.242 5.7.243
5.7.244 5.7.245 5.7.246
"""
# And those of connectors and queues that it leaves out.
OTHER_CODES = """
4.2.1 4.4.0 4.4.1 4.4.2 4.4.101 4.4.312 4.4.315 4.4.318 4.4.395 4.4.397 4.7.0 4.7.230 4.7.320 5.4.312 5.4.315 5.4.316
5.4.317 5.4.318 5.7.3 5.7.51 5.7.230 5.7.320 4.4.3 4.4.4 4.7.4 5.4.4 5.7.4
"""
LISTED, OTHERS = CODES_OF_THE_LIST.split(), OTHER_CODES.split()
AMBIGUOUS = {
    "4.7.5": 3,
    "5.4.1": 2,
    "5.7.1": 3,
    "5.7.64": 2,
    "4.3.2": 3,
    "4.7.4": 3,
    "5.2.2": 2,
    "5.7.3": 4,
    "5.7.4": 3,
}


@pytest.mark.parametrize("code", [*LISTED, *OTHERS])
def test_every_code_alone(code: str) -> None:
    explanation = explain(read(code))
    bounce = explanation.bounce
    assert (bounce.kind, bounce.code, bounce.enhanced) == (Kind.REPLY, None, code)
    if code in AMBIGUOUS:
        assert len(explanation.meanings) == AMBIGUOUS[code]
        assert f"has {AMBIGUOUS[code]} meanings" in shown(code)
    basic = f"{'450' if code.startswith('4') else '550'} {code}"
    assert titles(basic) == titles(f"#{code} smtp;{basic} ") == [told.title for told in explanation.meanings]


def test_there_is_no_code_that_no_test_names() -> None:
    named = {code for code in codes() if "-" not in code}
    assert named <= {*LISTED, *OTHERS, "5.4.7", "5.4.101"}


@pytest.mark.parametrize(
    "code", ["4.7.499", "4.7.700", "4.7.849", "4.7.900", "5.7.605", "5.7.650", "5.7.751", "5.1.21"]
)
def test_beside_a_range_nothing_is_known(code: str) -> None:
    with pytest.raises(UsageError, match=re.escape(code)) as caught:
        explain(read(code))
    assert "of the same subject are known" in caught.value.hint


def test_synonyms_mean_the_same() -> None:
    new = "450 4.4.317 Cannot connect to remote server [Message={}]"
    old = "450 4.7.320 Certificate validation failed [Message={}]"
    for status in ("SubjectMismatch", "UntrustedRoot", "CertificateExpired", "WrongUsage", "Revoked"):
        assert explain(read(new.format(status))).meanings == explain(read(old.format(status))).meanings


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.",
            "send con",
        ),
        ("454 4.7.5 Certificate validation failure", "An Exchange server did not accept"),
        ("450 4.7.5 Remote certificate failed MTA-STS validation. Reason: SubjectMismatch", "MTA-STS: SubjectMismatch"),
        ("550 5.7.5 Remote certificate failed MTA-STS validation", "does not do for MTA-STS"),
        ("550 5.4.1 Recipient address rejected: Access denied", "address does not exist"),
        ("550 5.4.1 Relay Access Denied", "does not take mail for this domain"),
        ("550 5.7.1 Unable to relay", "does not relay"),
        ("530 5.7.1 Client was not authenticated", "authenticated senders only"),
        ("550 5.7.1 Delivery not authorized, message refused", "may not write to this recipient"),
        ("454 4.7.0 Temporary authentication failure because negotiated Tls cipher strength is too weak", "too weak"),
        ("454 4.7.0 Failed to establish appropriate TLS channel: Access Denied", "No suitable TLS channel"),
        ("454 4.7.0 TLS not available due to local problem", "offered STARTTLS and refused it"),
        ("454 4.7.0 Something else", "a reason of security that the code does not tell"),
        ("451 4.7.0 Temporary server error. Please try again later. PRX4", "front end of an Exchange server"),
        ("454 4.7.0 Temporary authentication failure", "two exchange servers"),
        ("451 5.7.3 Cannot achieve Exchange Server authentication", "two exchange servers"),
        ("535 5.7.3 Authentication unsuccessful", "login failed"),
        ("504 5.7.4 Unrecognized Authentication Type", "login failed"),
        ("552 5.2.2 mailbox full", "mailbox is full"),
        ("554 5.2.2 Submission quota exceeded", "too many messages"),
        ("421 4.3.2 Service not active", "takes no mail for the moment"),
        ("432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", "too many messages at once"),
        ("421 4.3.2 The maximum number of concurrent connections has exceeded a limit", "too many connections"),
        ("451 4.4.0 DNS query failed. The error was: DNS query failed with error ErrorRetry", "was not found"),
        ("550 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain", "was not found"),
        (
            "451 4.4.397 Error communicating with target host. -> 421 4.2.1 Unable to connect -> Socket error 10061",
            "refused the connection",
        ),
        ("550 5.7.64 Relay Access Denied ATTR11", "did not recognise"),
        ("530 5.7.0 Must issue a STARTTLS command first", "demands TLS"),
        ("451 5.7.3 STARTTLS is required to send mail", "did not offer STARTTLS"),
        ("450 4.4.317 Cannot connect to remote server [Message=454 4.7.0 TLS not available]", "refused it"),
        ("450 4.4.317 Cannot connect to remote server [Message=451 4.4.0 Security status Renegotiate]", "Renegotiate"),
        (
            "450 4.4.317 Cannot connect to remote server [Message=Something new]",
            "TLS with the receiving server did not",
        ),
        ("450 4.4.315 Connection timed out [Message=Socket error code 10060]", "did not answer"),
        ("450 4.4.318 Connection was closed abruptly (SuspiciousRemoteServerError)", "closed abruptly"),
        ("450 4.4.312 DNS query failed [Message=InfoDomainNonexistent]", "was not found"),
        ("421 4.4.1 Connection timed out", "did not answer"),
        ("421 4.4.2 Connection dropped due to TimedOut", "lost in the middle"),
        ("550 5.7.51 TenantInboundAttribution; There is a partner connector configured", "partner connector"),
        ("450 4.7.230 Connecting Exchange server version is out-of-date; throttled for 5 mins/hr", "too old"),
        ("550 5.7.230 Connecting Exchange server version is out-of-date; blocked for 10 mins/hr", "too old"),
        ("4.7.323 tlsa-invalid: The domain failed DANE validation.", "No TLSA record"),
        ("The message can't be submitted because the sender's submission quota was exceeded", "too many recipients"),
        ("550 Relay access denied: TenantAttribution", "did not recognise"),
    ],
)
def test_words_tell_meanings_apart(text: str, title: str) -> None:
    assert title.casefold() in only(text).casefold()


def test_what_is_ambiguous_lists_all_and_mends_nothing_yet() -> None:
    told = shown("5.7.64")
    assert "has 2 meanings, and nothing in the text decides" in told
    assert "1. The domain of the client certificate" in told
    assert "2. Exchange Online did not recognise" in told
    assert "Import-Certificate" not in told


def test_dane_for_what_is_not_valid_yet() -> None:
    assert ("certificate-not-yet-valid", None) in explain(read("5.7.323")).meanings[0].findings
    assert explain(read("5.7.322")).meanings[0].findings == (("certificate-expired", None),)
    assert "not verified" in " ".join(explain(read("5.7.322")).meanings[0].doubts)


def test_the_way_to_exchange_online_is_ours_to_mend() -> None:
    (told,) = explain(read(LAST_ERRORS[8])).meanings
    assert told.theirs
    assert told.parties[0] is Party.ON_PREMISES
    page = shown(LAST_ERRORS[8])
    assert "Let the sending server reach" in page
    assert "Let Exchange Online's address ranges" not in page


# Reports


def test_a_report_of_exchange_online() -> None:
    bounce = read(fixture("exchange-online.eml"))
    assert (bounce.kind, bounce.code, bounce.enhanced) == (Kind.NDR, "550", "5.4.317")
    assert [reply.enhanced for reply in bounce.replies] == ["5.4.317", "5.7.3", "4.4.317"]
    assert (bounce.fqdn, bounce.ip, bounce.port) == ("mail.contoso.com", "192.0.2.25", 25)
    assert bounce.generating_server == "db5pr01mb0001.eurprd01.prod.exchangelabs.com"
    assert bounce.domain == "contoso.com"
    assert bounce.at == datetime(2026, 11, 22, 9, 35, 2, 123000, tzinfo=UTC)
    assert only(fixture("exchange-online.eml")) == "The receiving server did not offer STARTTLS"
    assert HYBRID in shown(fixture("exchange-online.eml"))


def test_a_report_of_a_server_on_premises() -> None:
    bounce = read(fixture("on-premises.eml"))
    assert (bounce.enhanced, bounce.generating_server) == ("5.7.64", "ex01.contoso.com")
    assert bounce.remote_server == bounce.fqdn == "contoso-com.mail.protection.outlook.com"
    assert (bounce.domain, bounce.recipients) == ("fabrikam.com", 2)
    assert "tells of 2 recipients" in shown(fixture("on-premises.eml"))


def test_the_text_of_an_older_report() -> None:
    bounce = read(fixture("details.txt"))
    assert [(reply.code, reply.enhanced) for reply in bounce.replies] == [("530", "5.7.1")]
    assert (bounce.generating_server, bounce.fqdn) == ("mail.fabrikam.com", "mail.contoso.com")


def test_the_html_of_a_newer_report() -> None:
    bounce = read(fixture("report.html"))
    assert [reply.enhanced for reply in bounce.replies] == ["5.7.51"]
    assert bounce.fqdn == "contoso-com.mail.protection.outlook.com"


def test_a_message_that_has_nothing_but_html_in_base64() -> None:
    head, _, rest = fixture("on-premises.eml").partition("--b\n")
    bounce = read(f"{head}--b\n{rest.partition('--b')[0]}--b--\n")
    assert (bounce.kind, bounce.enhanced, bounce.generating_server) == (Kind.NDR, "5.7.64", "ex01.contoso.com")


def test_the_delivery_status_alone() -> None:
    text = fixture("on-premises.eml").partition("message/delivery-status\n\n")[2]
    bounce = read(text)
    assert (bounce.kind, bounce.enhanced, bounce.domain) == (Kind.NDR, "5.7.64", "fabrikam.com")


@pytest.mark.parametrize(
    "name", ["exchange-online.eml", "on-premises.eml", "details.txt", "report.html", "postfix.log"]
)
def test_nobody_s_address_is_kept(name: str) -> None:
    explanation = explain(read(fixture(name)))
    told = to_json(explanation).decode() + plain(render(explanation)) + repr(explanation)
    for person in ("alice", "bob", "carol", "dave", "Baker", "Archer"):
        assert person not in told
    assert "door" not in told


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("to bob@contoso.com, carol@fabrikam.com", "to …@contoso.com, …@fabrikam.com"),
        ('"Bob B. Baker"@contoso.com', "…@contoso.com"),
        ("<bob+tag!x@contoso.com>", "<…@contoso.com>"),
        ("@ and a@ b", "@ and a@ b"),
        ("x@[192.0.2.1]", "…@[192.0.2.1]"),
        (masked("bob@contoso.com"), "…@contoso.com"),
    ],
)
def test_masking(text: str, kept: str) -> None:
    assert masked(text) == kept


def test_log_lines_of_postfix_and_exim() -> None:
    postfix, exim = read(fixture("postfix.log")), read(fixture("exim.log"))
    assert (postfix.kind, postfix.enhanced, postfix.ip, postfix.port) == (Kind.LOG, "5.7.64", "198.51.100.12", 25)
    assert (postfix.fqdn, postfix.domain) == ("contoso-com.mail.protection.outlook.com", "contoso.com")
    assert (exim.kind, exim.enhanced, exim.ip, exim.port) == (Kind.LOG, "5.7.321", "192.0.2.80", 2525)
    assert (exim.fqdn, exim.domain) == ("mail.fabrikam.com", "fabrikam.com")
    assert explain(exim).meanings[0].command.text == "probe fabrikam.com"


# What else people paste


def test_a_report_of_exchange_online_in_today_s_form() -> None:
    bounce = read(fixture("exchange-online-today.eml"))
    assert (bounce.kind, bounce.code, bounce.enhanced, bounce.status) == (Kind.NDR, "550", "5.4.317", "SubjectMismatch")
    assert (bounce.expected, bounce.presented, bounce.thumbprint) == ("mail.contoso.com", "CN=EX01", SELF_SIGNED)
    assert (bounce.fqdn, bounce.domain, bounce.recipients) == ("mail.contoso.com", "contoso.com", 1)
    assert bounce.generating_server == "am0pr01mb0001.eurprd01.prod.exchangelabs.com"
    assert "4.4.316" not in [reply.enhanced for reply in bounce.replies]  # which stands in the returned message


def test_a_report_of_postfix() -> None:
    bounce = read(fixture("postfix.eml"))
    assert (bounce.kind, bounce.enhanced, bounce.generating_server) == (Kind.NDR, "5.7.64", "relay.contoso.com")
    assert (bounce.fqdn, bounce.domain) == ("contoso-com.mail.protection.outlook.com", "fabrikam.com")


def test_a_report_in_another_language() -> None:
    bounce = read(fixture("outlook-german.txt"))
    assert (bounce.enhanced, bounce.status, bounce.fqdn) == ("5.4.317", "UntrustedRoot", "mail.contoso.com")


def test_of_several_queues_the_first_is_told_and_nothing_of_the_others() -> None:
    bounce = read(fixture("get-queue.txt"))
    assert (bounce.code, bounce.enhanced, bounce.further) == ("454", "4.7.5", 1)
    assert (bounce.fqdn, bounce.ip) == (TO_MICROSOFT, "198.51.100.12")  # which the console broke within
    assert "another error, which is not explained here" in " ".join(shown(fixture("get-queue.txt")).split())
    without = fixture("get-queue.txt").replace("FQDN=contoso-mail", "FQDN=").replace("{IP=198.51.100.12};", "")
    assert read(without).ip is None


def test_of_several_log_lines_the_first_is_told() -> None:
    one, other = fixture("postfix-own.log").splitlines()[0], fixture("postfix.log")
    bounce = read(f"{one}\n{other}")
    assert (bounce.fqdn, bounce.enhanced, bounce.further) == ("mail.contoso.com", "4.7.5", 1)


@pytest.mark.parametrize(
    ("name", "enhanced", "fqdn", "lrt"),
    [
        ("tracking-log.txt", "5.7.64", "contoso-com.mail.protection.outlook.com", datetime(2026, 11, 21, 10, 35, 2)),  # noqa: DTZ001
        ("tracking-log-cut.txt", "4.4.395", None, None),
        ("message-trace.txt", "4.4.317", "mail.contoso.com", datetime(2026, 11, 21, 9, 35, 2)),  # noqa: DTZ001
    ],
)
def test_tracking_logs_and_traces(name: str, enhanced: str, fqdn: str | None, lrt: datetime | None) -> None:
    bounce = read(fixture(name))
    assert (bounce.enhanced, bounce.fqdn) == (enhanced, fqdn)
    assert bounce.lrt == (lrt.replace(tzinfo=UTC) if lrt else None)


def test_a_last_retry_is_not_sold_as_utc() -> None:
    assert "by the sender's clock" in shown(LAST_ERRORS[0])
    assert "2026-11-21 09:35:02 UTC" in shown(LONG_FORM)  # which has an exact time as well


def test_the_last_endpoint_that_was_attempted() -> None:
    text = (
        'LastError : 451 4.4.0 Primary target IP address responded with: "451 5.7.3 STARTTLS is required to send\n'
        '             mail." Attempted failover to alternate host, but that did not succeed. Either there are no\n'
        "             alternate hosts, or delivery failed to all. The last endpoint attempted was 192.0.2.25:25"
    )
    assert only(text) == "The receiving server did not offer STARTTLS"
    assert explain(read(text)).meanings[0].command.text == "probe 192.0.2.25:25"


OF_POSTFIX = (
    ("4.7.5", "Postfix did not trust", True),
    ("4.7.4", "did not offer STARTTLS", True),
    ("4.7.5", "for another name", True),
    ("4.7.5", "handshake failed", True),
    ("4.7.5", "did not accept the other side", False),
    ("4.4.1", "did not answer", True),
    ("4.4.1", "refused the connection", True),
    ("5.4.4", "was not found", True),
    ("4.4.2", "lost in the middle", True),
    ("4.7.0", "front end of an Exchange server", False),
)


@pytest.mark.parametrize(("line", "told"), [*zip(fixture("postfix-own.log").splitlines(), OF_POSTFIX, strict=True)])
def test_what_postfix_says_itself(line: str, told: tuple[str, str, bool]) -> None:
    enhanced, title, probed = told
    bounce = read(line)
    (meaning,) = explain(bounce).meanings
    assert (bounce.kind, bounce.enhanced, bounce.fqdn) == (Kind.LOG, enhanced, "mail.contoso.com")
    assert title in meaning.title
    assert (meaning.command.target is not None) is probed


def test_what_went_well_before_the_fault_is_no_fault() -> None:
    dialogue = "220 2.0.0 SMTP server ready; 250 2.1.0 Sender OK; 550 5.7.64 TenantAttribution; Relay Access Denied"
    assert [reply.enhanced for reply in read(dialogue).replies] == ["5.7.64"]
    with pytest.raises(UsageError, match=re.escape("2.6.0")) as caught:
        explain(read("250 2.6.0 Queued mail for delivery"))
    assert "went well" in caught.value.hint


def test_words_that_nobody_knows_are_said_to_be() -> None:
    assert "words of its own" in shown("550 5.7.1 Message rejected as spam")
    assert "words of its own" not in shown("550 5.7.1")


def test_a_reply_beside_an_event_is_named() -> None:
    text = f"550 5.7.64 TenantAttribution; Relay Access Denied SMTP\n\n{fixture('capi2-from-the-web.txt')}"
    assert read(text).kind is Kind.CAPI2
    assert "Beside the event the text says 550 5.7.64" in " ".join(shown(text).split())


# Windows


@pytest.mark.parametrize(
    ("name", "subject", "thumbprint", "at"),
    [
        ("capi2.xml", "mail.contoso.com & co", "FBAC8F57D56D72876131291BD96C0D847D392237", 2026),
        ("capi2-from-the-web.txt", "*.contoso.com", "EC53EBC94A796C42E5B4E5851F961874F013D94C", 2016),
    ],
)
def test_an_event_describes_the_host_that_logged_it(name: str, subject: str, thumbprint: str, at: int) -> None:
    bounce = read(fixture(name))
    assert (bounce.kind, bounce.hresult, bounce.status) == (Kind.CAPI2, 0x800B0109, "UntrustedRoot")
    assert (bounce.presented, bounce.thumbprint, bounce.process) == (subject, thumbprint, "lsass.exe")
    assert bounce.at
    assert bounce.at.year == at
    (told,) = explain(bounce).meanings
    assert "LOGGED" in told.doubts[0]
    assert Party.SENDER in told.parties
    assert ("certificate-not-trusted", "chain-incomplete") in told.findings
    assert told.command.text is None


@pytest.mark.parametrize(("value", "title"), [("0", "found good"), ("800B0FFF", "0x800B0FFF"), ("x", "does not say")])
def test_other_results_of_an_event(value: str, title: str) -> None:
    assert title in only(fixture("capi2.xml").replace("800B0109", value))


@pytest.mark.parametrize(
    "text",
    ["0x800B0109", "800B0109", "800b0109", "-2146762487", "CERT_E_UNTRUSTEDROOT", "Error: 0x800b0109 (-2146762487)"],
)
def test_one_hresult_in_every_way(text: str) -> None:
    bounce = read(text)
    assert (bounce.kind, bounce.hresult, bounce.status) == (Kind.HRESULT, 0x800B0109, "UntrustedRoot")
    assert "CERT_E_UNTRUSTEDROOT 0x800B0109" in only(text)


def test_every_number_name_and_word_of_windows() -> None:
    for number, status in BY_NUMBER.items():
        assert read(f"0x{number:08x}").hresult == number
        assert status.name in only(f"0x{number:08X}")
    for name in BY_NAME:
        assert read(name).hresult == BY_NAME[name].number
    for word, status in BY_WORD.items():
        assert read(word).status == status.word
        assert read(f"TLS negotiation failed with error {status.word}").status == status.word
        assert read(f"ChainValidityStatus = {status.word}.").status == status.word


@pytest.mark.parametrize(
    ("text", "status", "party"),
    [
        ("NoCredentials", "NoCredentials", Party.ON_PREMISES),
        ("TLS negotiation failed with error UnknownCredentials", "UnknownCredentials", Party.ON_PREMISES),
        ("Client certificate chain validation status: 'EmptyCertificate'", "EmptyCertificate", Party.UNKNOWN),
        ("subjectmismatch", "SubjectMismatch", Party.UNKNOWN),
    ],
)
def test_status_words(text: str, status: str, party: Party) -> None:
    explanation = explain(read(text))
    assert explanation.bounce.status == status
    assert explanation.meanings[0].parties == (party,)


@pytest.mark.parametrize(
    "text", ["event 12014", "Event ID: 12014", "MSExchangeFrontEndTransport EventID 12014 was logged"]
)
def test_an_event_in_words(text: str) -> None:
    assert read(text).event == 12014
    assert explain(read(text)).meanings[0].findings == (("starttls-not-supported", "no-usable-certificate"),)


def test_every_event() -> None:
    for number in EVENTS:
        assert read(f"event {number}").event == number


@pytest.mark.parametrize("word", RESULTS)
def test_every_result_of_a_tls_report(word: str) -> None:
    assert read(word.upper()).result_type == word
    assert read(f'"result-type": "validation-failure", "failure-reason-code": "{word}"').result_type == (
        word if "_" in word else "validation-failure"
    )


# What is told


def every_meaning() -> list[Meaning]:
    return [*(row.meaning for row in ROWS), *EVENTS.values(), *RESULTS.values()]


def test_every_finding_that_is_cited_exists() -> None:
    cited = [finding for meaning in every_meaning() for finding in meaning.findings]
    for code, cause in (*cited, *(finding for status in STATUSES for finding in status.findings)):
        assert code in CATALOGUE
        assert cause is None or cause in CATALOGUE[code].causes, (code, cause)


def test_every_meaning_reads_well() -> None:
    for meaning in every_meaning():
        assert len(meaning.title) <= 100
        assert not meaning.title.endswith(".")
        assert meaning.says.endswith((".", "?")) or not meaning.says
        assert meaning.parties
        assert meaning.findings or meaning.remedy or meaning.says
        assert all(doubt.endswith(".") for doubt in meaning.doubts)
        for line in (*meaning.remedy, *(line for status in STATUSES for line in status.remedy)):
            assert len(line) <= 110
            assert line.endswith((".", ":")) or line.startswith("    ")
            assert line.isascii() or not line.startswith(" ")


def test_words_are_written_as_they_are_compared() -> None:
    assert all(word == word.casefold() for row in ROWS for word in row.words)


def test_rows_with_a_code_come_before_ranges() -> None:
    assert [row.codes for row in rows("5.7.703")] == [("5.7.703",)]
    assert [row.codes for row in rows("5.7.704")] == [("5.7.700-750",)]
    assert rows("9.9.9") == ()


@pytest.mark.parametrize(
    "text",
    [*LAST_ERRORS, *LISTED, *OTHERS, "NoCredentials", "event 12014", "0x80090326", fixture("exchange-online.eml")],
)
def test_everything_fits_into_eighty_columns(text: str) -> None:
    explanation = explain(read(text))
    for line in render(explanation):
        whole = "".join(span.text for span in line)
        prose = all(span.style != "command" for span in line)
        assert len(whole) <= 80 or not prose or max(map(len, whole.split())) > 60, whole
        assert whole.isprintable()


def test_json_says_the_same() -> None:
    told = json.loads(to_json(explain(read(LONG_FORM))))
    assert told["bounce"]["thumbprint"] == SELF_SIGNED
    (meaning,) = told["meanings"]
    assert meaning["command"] == HYBRID
    assert meaning["findings"][0]["code"] == "certificate-host-mismatch"
    assert meaning["findings"][0]["remedy"]
    assert meaning["whose"] == ["the receiving server", "our own servers on premises"]
    assert told["seen"] is None


# The command


@pytest.mark.parametrize(
    ("address", "left_out"),
    [
        ("192.0.2.25", False),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("100.64.0.9", True),
        ("127.0.0.1", True),
        ("169.254.1.1", True),
        ("2001:db8::25", False),
        ("fd00::1", True),
        ("fe80::1", True),
    ],
)
def test_private_addresses_are_left_out_with_a_word(address: str, left_out: bool) -> None:
    assert private(address) is left_out
    (told,) = explain(read(LAST_ERRORS[1].replace("192.0.2.25:25", address))).meanings
    connect = "" if left_out else f" --connect {address}"
    assert told.command.text == f"probe mail.contoso.com:25{connect} --expect-name mail.contoso.com"
    assert any("private" in note for note in told.command.notes) is left_out


def test_an_address_without_a_name() -> None:
    text = "450 4.4.316 Connection refused [Message=10061] [LastAttemptedIP=[2001:db8::25]:2525]"
    (told,) = explain(read(text)).meanings
    assert told.command.text == "probe '[2001:db8::25]:2525'"


def test_the_name_that_a_connector_expects() -> None:
    (told,) = explain(
        read(LONG_FORM.replace("Expected Subject: mail.contoso.com", "Expected Subject: *.contoso.com"))
    ).meanings
    assert told.command.text
    assert told.command.text.endswith("--expect-name '*.contoso.com'")
    assert not told.command.notes
    (told,) = explain(read(LAST_ERRORS[0])).meanings
    assert any("TlsDomain" in note for note in told.command.notes)


@pytest.mark.parametrize(
    "host",
    ["-oProxy.example", "a b.example", "$(reboot).example", "`id`.example", "x';id.example", "..", "a\x1b[2J.example"],
)
def test_a_hostile_name_never_comes_into_a_command(host: str) -> None:
    text = (
        f"[{{LED=450 4.4.317 Cannot connect [Message=UntrustedRoot] [LastAttemptedServerName={host}]}};{{FQDN={host}}}]"
    )
    for told in explain(read(text)).meanings:
        assert told.command.text is None or not re.search(r"[$`;\x1b]|\s-o|reboot", told.command.text)


# Then and now


def report(name: str, expected: str | None = "mail.contoso.com") -> Report:
    evidence: Evidence = decode_evidence((HERE / "evidence" / f"{name}.json").read_bytes().splitlines()[0])
    from probe import config

    anchors: Anchors = config.anchors([str(HERE / "roots.pem")])
    return judge(evidence, Standard(name=expected), anchors, evidence.at)


def compared(name: str, text: str = LONG_FORM, expected: str | None = "mail.contoso.com") -> tuple[Outcome, str]:
    found = compare(explain(read(text)), report(name, expected))
    return found.outcome, " ".join(found.sentences)


def test_mended_by_another_certificate() -> None:
    outcome, said = compared("healthy")
    assert outcome is Outcome.MENDED
    assert f"The bounce of 21 November 2026 said SubjectMismatch with {SELF_SIGNED}." in said
    assert f"Now {RENEWED} is presented, another certificate. Its names fit mail.contoso.com." in said
    assert "tried again by itself" in said


def test_still_there_with_the_same_certificate() -> None:
    outcome, said = compared("self-signed")
    assert outcome is Outcome.STILL
    assert "The same certificate is presented still." in said
    assert "certificate-host-mismatch" in said


def test_another_fault_instead() -> None:
    outcome, said = compared("expired")
    assert outcome is Outcome.OTHER
    assert "certificate-expired" in said


@pytest.mark.parametrize("name", ["not-observed-connect-timeout", "not-observed-connect-refused", "never-attempted"])
def test_what_could_not_be_looked_at_is_not_mended(name: str) -> None:
    outcome, said = compared(name)
    assert outcome is Outcome.UNKNOWN
    assert "Now no certificate was seen." in said
    assert "cannot be said" in said


def test_what_was_seen_at_one_of_two_addresses_is_not_the_whole() -> None:
    outcome, said = compared("one-address-refused")
    assert outcome is Outcome.UNKNOWN
    assert "is presented, another certificate" in said


def test_records_that_cannot_be_looked_up_are_not_mended() -> None:
    text = "450 4.7.323 tlsa-invalid: The domain failed DANE validation. [LastAttemptedServerName=mail.contoso.com]"
    assert compared("dane-tlsa-failed", text, None)[0] is Outcome.UNKNOWN
    assert compared("dane-other-key", text, None)[0] is Outcome.STILL
    assert compared("dane-honoured", text, None)[0] is Outcome.MENDED


def test_a_connection_that_is_refused_still() -> None:
    refused = LAST_ERRORS[6]
    assert compared("not-observed-connect-refused", refused)[0] is Outcome.STILL
    assert compared("not-observed-connect-timeout", refused)[0] is Outcome.UNKNOWN
    assert compared("healthy", refused)[0] is Outcome.MENDED


def test_what_has_bounced_must_be_sent_again() -> None:
    _, said = compared("healthy", fixture("exchange-online.eml"))
    assert "send it again" in said


def test_a_comparison_as_lines() -> None:
    found = compare(explain(read(LONG_FORM)), report("healthy"))
    assert plain(render_comparison(found)).startswith("OK  The bounce and now: mended\n")


# The command line


def test_the_command_line_takes_words_and_joins_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "550", "5.7.64", "TenantAttribution;", "Relay", "Access", "Denied"]) == 0
    assert "did not recognise" in capsys.readouterr().out
    assert run(["explain", "-2146762487"]) == 0
    assert "CERT_E_UNTRUSTEDROOT" in capsys.readouterr().out
    assert run(["explain", "--format", "json", "4.7.320"]) == 0
    assert json.loads(capsys.readouterr().out)["bounce"]["replies"][0]["enhanced"] == "4.7.320"
    assert run(["explain", "certificate-expired", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "certificate-expired"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["5.9.9"], "the code 5.9.9 is not known"),
        (["completely unknown words"], "nothing in `completely unknown words` is known"),
        (["nonsense-word"], "there is no finding `nonsense-word`"),
        (["--nonsense", "4.7.5"], "there is no option --nonsense"),
        (["-x"], "there is no option -x"),
        ([""], "nothing to explain"),
        (["certificate-expired", "--probe"], "--probe without a bounce"),
        (["5.7.64 TenantAttribution", "--probe"], "there is no command that checks this"),
        (["4.7.320", "--probe"], "there is no command that checks this"),
        (["4.7.320", "--timeout", "3"], "of no use without --probe"),
        (["4.7.320", "--connect", "192.0.2.1"], "of no use without --probe"),
        (["certificate-expired", "--connectors", "x.json"], "--connectors without a bounce"),
        (["4.7.320", "--connectors", "missing.json"], "cannot read an export from missing.json"),
        (["-", "--connectors", "-"], "standard input is either"),
        (["250 2.6.0 Queued mail"], "the code 2.6.0 is not known"),
        (["\x1b[31m\u202e unknown"], "nothing in `"),
    ],
)
def test_bad_words_are_two_lines_and_a_3(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *args]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    error, hint, end = err.split("\n")
    assert said in error
    assert hint.startswith("hint: ")
    assert end == ""
    assert err.replace("\n", "").isprintable()


class Piped:
    """Standard input that comes from a file."""

    def __init__(self, file: FileIO) -> None:
        self.buffer = file

    def fileno(self) -> int:
        return self.buffer.fileno()


@pytest.fixture
def piped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], FileIO]]:
    with ExitStack() as stack:

        def pipe(data: bytes) -> FileIO:
            (tmp_path / "input").write_bytes(data)
            file = stack.enter_context((tmp_path / "input").open("rb", buffering=0))
            monkeypatch.setattr("sys.stdin", Piped(file))
            return file

        yield pipe


@pytest.mark.parametrize("args", [["explain", "-"], ["explain"]])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_report_on_standard_input(
    args: list[str], encoding: str, piped: Callable[[bytes], FileIO], capsys: pytest.CaptureFixture[str]
) -> None:
    piped(fixture("exchange-online.eml").encode(encoding))
    assert run(args) == 0
    assert "did not offer STARTTLS" in capsys.readouterr().out


def test_reading_and_explaining_load_no_cryptography() -> None:
    program = (
        "import sys; from probe.exchange.bounces import explain, read; from probe.report.bounces import render; "
        "from probe.report.layout import plain; plain(render(explain(read(sys.argv[1])))); "
        "print(explain(read(sys.argv[1])).meanings[0].title, *sys.modules, sep='\\n')"
    )
    command = [sys.executable, "-c", program, LONG_FORM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    title, *modules = done.stdout.splitlines()
    assert "SubjectMismatch" in title
    loaded = {name.partition(".")[0] for name in modules}
    assert not loaded & {"trio", "OpenSSL", "cryptography", "dns", "rich"}


def test_of_several_findings_none_is_mended_before_it_is_known_which() -> None:
    bare, told = shown("4.7.320"), shown("450 4.7.320 Certificate validation failed [Message=SubjectMismatch]")
    assert "Enable-ExchangeCertificate" not in bare
    assert "see `probe explain certificate-host-mismatch`" in " ".join(bare.split())
    assert "Enable-ExchangeCertificate" in told


def test_an_empty_pipe_lists_everything(piped: Callable[[bytes], FileIO], capsys: pytest.CaptureFixture[str]) -> None:
    piped(b"")
    assert run(["explain"]) == 0
    assert "certificate-expired" in capsys.readouterr().out


@pytest.mark.parametrize(("scene", "code", "said"), [("healthy", 0, "mended"), ("self-signed", 2, "still there")])
def test_probing_at_once(
    scene: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = decode_evidence((HERE / "evidence" / f"{scene}.json").read_bytes().splitlines()[0])
    asked: list[tuple[Target, Sequence[str], Standard]] = []

    def look(targets: list[Target], *, connect: list[str], standard: Standard, **_: object) -> list[Evidence]:
        asked.append((targets[0], connect, standard))
        return [evidence]

    monkeypatch.setattr("probe.cli.live.look", look)
    roots = ["--roots", str(HERE / "roots.pem")]
    assert run(["explain", LONG_FORM, "--probe", *roots]) == code
    out = capsys.readouterr().out
    assert out.index("The certificate check failed") < out.index(f"The bounce and now: {said}")
    target, connect, standard = asked[0]
    assert (target.name, target.port, connect) == ("mail.contoso.com", 25, ["192.0.2.25"])
    assert standard.name == "mail.contoso.com"
    assert run(["explain", LONG_FORM, "--probe", "--format", "json", *roots]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["seen"]["outcome"] == said
    assert told["seen"]["report"]["format"] == 1


# Beside an organisation's exports


ORGANISATION = HERE / "exchange" / "exports" / "org"
OUTBOUND = "Outbound to 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"
DEMAND = "DomainValidation: a trusted certificate for mail.contoso.com"
SEND = "Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    from probe import config

    return config.organisation([ORGANISATION])


def besides(text: str, organisation: Organisation) -> Exported:
    return beside(explain(read(text)), organisation, MOMENT)


def test_whose_the_presented_certificate_is_and_which_one_is_named(organisation: Organisation) -> None:
    exported = besides(LONG_FORM, organisation)
    assert exported.sentences == (
        f"Exchange Online comes there by {OUTBOUND}, which demands {DEMAND}.",
        f"The presented {SELF_SIGNED} is the self-signed certificate, CN=EX01, on EX01.",
        f"EX01\\Default Frontend EX01 names {RENEWED}, not the presented one.",
        f"For mail.contoso.com there is {RENEWED} on EX01, EX02, valid until 1 May 2027.",
        "By the exports alone nothing is wrong on this way: it was mended by then, or the reason is elsewhere.",
    )
    assert exported.connector
    assert exported.connector.name == OUTBOUND


def test_the_remedy_is_filled_in(organisation: Organisation) -> None:
    told = plain(render(explain(read(LONG_FORM)), besides(LONG_FORM, organisation)))
    assert f"Enable-ExchangeCertificate -Server 'EX02' -Thumbprint '{RENEWED}' -Services SMTP" in told
    assert "Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName $n" in told
    assert f"Set-SendConnector '{SEND}'" in told
    assert f"Validate-OutboundConnector '{OUTBOUND}'" in told
    assert "'<SERVER>'" not in told


def test_a_meaning_s_own_remedy_is_filled_in_too(organisation: Organisation) -> None:
    explanation = explain(read("550 5.7.64 TenantAttribution; Relay Access Denied SMTP"))
    exported = beside(explanation, organisation, MOMENT)
    told = plain(render(explanation, exported))
    assert "Get-TransportService 'EX01' | Format-List SendProtocolLogPath" in told
    assert {"sender-name-matches", "connector-name-resolves"} <= {found.code for found in exported.held}
    remedy = json.loads(to_json(explanation, exported))["meanings"][0]["remedy"]
    assert any("'EX02'" in line for line in remedy)


def test_a_name_that_was_changed_since(organisation: Organisation) -> None:
    other = besides(LONG_FORM.replace("Subject: mail.contoso.com", "Subject: old.contoso.com"), organisation)
    assert any("expected old.contoso.com, and by the export" in sentence for sentence in other.sentences)


def test_a_certificate_that_no_server_has(organisation: Organisation) -> None:
    exported = besides(LONG_FORM.replace(SELF_SIGNED, "0" * 40), organisation)
    assert any("on no server in the exports" in sentence for sentence in exported.sentences)


def test_a_presented_name_without_its_thumbprint(organisation: Organisation) -> None:
    exported = besides(LONG_FORM[: LONG_FORM.index(". Thumbprint")], organisation)
    assert f"The presented CN=EX01 may be {SELF_SIGNED}, self-signed, CN=EX01, on EX01." in exported.sentences


def test_a_host_to_which_no_connector_leads(organisation: Organisation) -> None:
    exported = besides(
        LAST_ERRORS[6].replace("mail.contoso.com", "x.contoso.com").replace("192.0.2.25", "192.0.2.9"), organisation
    )
    assert exported.sentences == ("No outbound connector in the exports leads to x.contoso.com.",)
    assert exported.faults == ()


def test_nothing_is_concluded_from_what_is_not_exported(organisation: Organisation) -> None:
    told = " ".join(besides(LONG_FORM, Organisation()).sentences)
    assert "hold no outbound connectors" in told
    assert "hold no certificates" in told
    assert "is open" in told
    lost = replace(organisation, outbound=tuple(replace(one, smart_hosts=Gap.LOST) for one in organisation.outbound))
    exported = besides(LONG_FORM, lost)
    assert "Whether an outbound connector leads there is open" in exported.sentences[0]
    assert exported.connector is None


def test_what_is_wrong_in_the_exports_comes_first(organisation: Organisation) -> None:
    stale = (
        "<I>CN=Fabrikam TLS RSA CA 2024, O=Fabrikam<S>CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
    )
    send = tuple(replace(one, tls_certificate_name=stale) for one in organisation.send)
    receive = tuple(replace(one, tls_certificate_name=None) for one in organisation.receive)
    text = LAST_ERRORS[11]
    explanation = explain(read(text))
    exported = beside(explanation, replace(organisation, send=send, receive=receive), MOMENT)
    assert {found.code for found in exported.faults} == {"connector-name-stale"}
    assert {found.where.name for found in exported.faults} == {SEND}
    assert exported.held == ()
    both = tuple(replace(one, tls_certificate_name=stale) for one in organisation.receive)
    shared = beside(explanation, replace(organisation, send=send, receive=both), MOMENT)
    assert {(found.code, found.where.name) for found in shared.faults} == {("connector-name-stale", SEND)}
    told = plain(render(explanation, exported))
    assert "connector-name-stale:" in told
    assert told.index("Exports") < told.index("Fix") < told.index(f"Set-SendConnector '{SEND}'")
    inward = besides(LONG_FORM, replace(organisation, send=send, receive=receive))
    assert "receive-name-null" in {found.code for found in inward.faults}
    assert SEND not in {found.where.name for found in inward.faults}
    assert any("names no certificate: Exchange takes one by its FQDN" in sentence for sentence in inward.sentences)


def test_the_command_judges_by_the_exports(organisation: Organisation) -> None:
    explanation = explain(read(LAST_ERRORS[0]))
    exported = beside(explanation, organisation, MOMENT)
    (told,) = aimed(explanation, exported, ["a b.json", "c.json"]).meanings
    assert told.command.text == (
        "probe mail.contoso.com:25 --connect 192.0.2.25 --connectors 'a b.json' --connectors c.json"
    )
    assert told.command.notes == ()
    unknown = beside(explanation, Organisation(), MOMENT)
    (told,) = aimed(explanation, unknown, ["c.json"]).meanings
    assert told.command.name == "mail.contoso.com"


def test_hostile_names_of_an_export_stay_where_they_are(organisation: Organisation) -> None:
    bad = "x'; Remove-Mailbox $(reboot) \x1b[2J\n"
    outbound = tuple(replace(one, name=bad) for one in organisation.outbound)
    receive = tuple(replace(one, name=bad, server=bad) for one in organisation.receive)
    exported = besides(LONG_FORM, replace(organisation, outbound=outbound, receive=receive))
    for line in render(explain(read(LONG_FORM)), exported):
        assert all(span.text.isprintable() for span in line)
        assert "'x'; Remove" not in "".join(span.text for span in line)
    assert msgspec.json.decode(to_json(explain(read(LONG_FORM)), exported))


def test_exports_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", LONG_FORM, "--connectors", str(ORGANISATION)]) == 0
    out = capsys.readouterr().out
    assert "Exports   Exchange Online comes there by" in out
    assert run(["explain", LONG_FORM, "--connectors", str(ORGANISATION), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["exports"]["connector"] == OUTBOUND
    assert told["meanings"][0]["command"].endswith(f"--connectors {ORGANISATION}")


# Against a server


def served(script: Script, *words: str, text: str) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """What the command says of a bounce that a server on the loopback has given; and its port."""

    async def main() -> tuple[subprocess.CompletedProcess[bytes], int]:
        async with trio.open_nursery() as nursery:
            port = await listen(nursery, script)
            given = text.replace("[LastAttemptedIP=192.0.2.25:25]", f"[LastAttemptedIP=127.0.0.1:{port}]")

            def ask() -> subprocess.CompletedProcess[bytes]:
                return probe("explain", given, "--probe", "--connect", "127.0.0.1", *words)

            done = await trio.to_thread.run_sync(ask)
            nursery.cancel_scope.cancel()
        return done, port

    return trio.run(main)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def roots(root: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("bounces") / "roots.pem"
    file.write_bytes(root.pem)
    return str(file)


def showing(*certificates: Issued) -> Script:
    identity = Identity(certificates[0].private_key, tuple(one.certificate for one in certificates))
    return Script(tls=server_context(identity))


def presenting(leaf: Issued) -> str:
    return LONG_FORM.replace(SELF_SIGNED, leaf.sha1.upper())


def test_still_there_on_the_wire(roots: str) -> None:
    default = self_signed(names=("EX01",))
    done, port = served(showing(default), "--roots", roots, text=presenting(default))
    said = " ".join(done.stdout.decode().split())
    assert done.returncode == 2, done.stderr
    assert f"probe mail.contoso.com:{port} --expect-name mail.contoso.com --connect 127.0.0.1 --roots {roots}" in said
    assert "The bounce and now: still there" in said
    assert "The same certificate is presented still. The fault is still there: certificate-host-mismatch." in said


def test_mended_on_the_wire(root: Authority, roots: str) -> None:
    between = root.intermediate()
    leaf = between.leaf(names=("mail.contoso.com",))
    done, _ = served(showing(leaf, between), "--roots", roots, "--timeout", "20", text=LONG_FORM)
    said = " ".join(done.stdout.decode().split())
    assert done.returncode == 0, said
    assert "--timeout 20" in said
    assert f"Now {leaf.sha1.upper()} is presented, another certificate. Its names fit mail.contoso.com." in said
    assert "Mended, as seen from here." in said


def test_another_fault_on_the_wire(root: Authority, roots: str) -> None:
    leaf = root.intermediate().leaf(names=("mail.contoso.com",))
    done, _ = served(showing(leaf), "--roots", roots, "--format", "json", text=LONG_FORM)
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert told["seen"]["outcome"] == "another fault"
    assert "certificate-not-trusted" in told["seen"]["codes"]


def test_the_probe_judges_by_the_exports_as_well(root: Authority, roots: str) -> None:
    between = root.intermediate()
    leaf = between.leaf(names=("mail.contoso.com",))
    words = ("--roots", roots, "--connectors", str(ORGANISATION), "--format", "json")
    done, port = served(showing(leaf, between), *words, text=LONG_FORM)
    told = json.loads(done.stdout)
    codes = {found["code"] for found in told["seen"]["report"]["findings"]}
    assert {"connector-applies", "certificate-name-matches"} <= codes
    assert told["meanings"][0]["command"] == (
        f"probe mail.contoso.com:{port} --connectors {ORGANISATION} --connect 127.0.0.1 --roots {roots}"
    )


def test_the_printed_command_is_the_one_that_is_run(root: Authority, roots: str) -> None:
    """Pasted, it comes to the same findings."""
    default = self_signed(names=("EX01",))

    async def main() -> tuple[set[str], set[str]]:
        async with trio.open_nursery() as nursery:
            port = await listen(nursery, showing(default), showing(default))
            text = presenting(default).replace("LastAttemptedIP=192.0.2.25:25", f"LastAttemptedIP=127.0.0.1:{port}")
            words = ("explain", text, "--probe", "--connect", "127.0.0.1", "--roots", roots, "--format", "json")
            first = await trio.to_thread.run_sync(lambda: json.loads(probe(*words).stdout))
            _, *pasted = shlex.split(first["meanings"][0]["command"])
            second = await trio.to_thread.run_sync(lambda: json.loads(probe(*pasted, "--format", "json").stdout))
            nursery.cancel_scope.cancel()
        then, now = ({found["code"] for found in one["findings"]} for one in (first["seen"]["report"], second))
        return then, now

    then, now = trio.run(main)
    assert then == now
    assert "certificate-host-mismatch" in then


# Hostile input


def read_and_told(text: str) -> None:
    """Nothing but a ProbeError may come of any text, and nothing unprintable of an explanation."""
    try:
        explanation = explain(read(text))
    except ProbeError:
        return
    assert all(span.text.isprintable() for line in render(explanation) for span in line)
    assert msgspec.json.decode(to_json(explanation))


SAMPLES = [*LAST_ERRORS, *(path.read_text() for path in sorted(BOUNCES.iterdir()))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutations_raise_nothing_else(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = at + data.draw(st.integers(0, 40))
        text = text[:at] + data.draw(st.text(max_size=20)) * data.draw(st.integers(0, 3)) + text[end:]
    read_and_told(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all(text: str) -> None:
    read_and_told(text)


HOSTILE: dict[str, Callable[[int], str]] = {
    "errors": lambda n: "[{LED=450 4.4.317 x};{FQDN=a.example}]\n" * (n // 40),
    "properties": lambda n: "LastError : 450 4.4.317 x\n" * (n // 26),
    "wrapped": lambda n: "450 4.4.317 x\n" + "                    y\n" * (n // 22),
    "stamps": lambda n: "Nov 21 09:35:02 x\n" * (n // 18) + "450 4.4.317",
    "returned": lambda n: "450 4.4.317 " + "a" * n + " Remote Server returned",
    "braces": lambda n: "[{LED=450 4.4.317 " + "{" * n,
    "brackets": lambda n: "450 4.4.317 [Message=" + "[" * n,
    "codes": lambda n: "450 4.4.317 " * n,
    "addresses": lambda n: "450 4.4.317 " + "a@" * n,
    "long word": lambda n: "450 4.4.317 " + "a" * n,
    "long word at": lambda n: "450 4.4.317 " + "a" * n + "@contoso.com",
    "tags": lambda n: "<html>550 5.7.64 " + "<" * n,
    "headers": lambda n: "Subject: x\n" * n + "Content-Type: multipart/report; boundary=b\n\n--b\n",
    "continuations": lambda n: "Subject: x\nContent-Type: text/plain\n" + " x\n" * n + "\n550 5.7.64",
    "status": lambda n: "450 4.4.317 " + "Message=" * n,
    "underscores": lambda n: "a_" * n,
    "xml": lambda n: "<Event><Result value='800B0109'/>CAPI2" + "<a b='" * n,
    "deep xml": lambda n: "<Event>CAPI2" + "<a>" * n + "<Result value='800B0109'/>" + "</a>" * n + "</Event>",
    "quotes": lambda n: '450 4.4.317 "' * n + "@x",
    "dots": lambda n: "450 4.4.317 [LastAttemptedServerName=" + "a." * n + "]",
    "blanks": lambda n: "450 4.4.317 Expected Subject: " + " " * n + "x",
    "events": lambda n: "event " * n,
    "spaced entities": lambda n: "<html>&lt;" * n + "550 5.7.64",
    "boundaries": lambda n: "A: b\nContent-Type: multipart/report; boundary=b\n\n" + "--b\n" * n,
    "parts": lambda n: (
        "A: b\nContent-Type: multipart/report; boundary=b\n\n" + "--b\nContent-Type: message/rfc822\n\n" * n
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    made = HOSTILE[name]

    def seconds(size: int) -> float:
        text = made(size)
        began = time.perf_counter()
        read_and_told(text)
        return time.perf_counter() - began

    small, large = min(seconds(20_000) for _ in range(2)), seconds(80_000)
    assert large < max(8 * small, 0.5)


def test_ten_megabytes_are_soon_done() -> None:
    began = time.perf_counter()
    for name in ("long word", "addresses", "tags", "codes", "headers", "braces", "boundaries"):
        read_and_told(HOSTILE[name](10_000_000 // 8))
    assert time.perf_counter() - began < 10


def nested(depth: int) -> str:
    heads = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return "From: x\nTo: y\n" + heads + "Content-Type: text/plain\n\n550 5.7.64 TenantAttribution\n"


@pytest.mark.parametrize("depth", [1, 5, 19, 21, 500, 5000])
def test_deep_nesting_is_bounded(depth: int) -> None:
    read_and_told(nested(depth))
    if depth < 100:
        assert read(nested(depth)).enhanced == "5.7.64"


def test_messages_in_messages_are_bounded() -> None:
    read_and_told("A: b\n" + "Content-Type: message/rfc822\n\n" * 5000 + "550 5.7.64")


BOMB = """<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">{}]>
<Event xmlns="x">CAPI2<Certificate fileRef="" subjectName="&z;"/><Result value="800B0109">&z;</Result></Event>"""


def test_an_xml_bomb_is_so_much_text() -> None:
    names = "abcdefghijklmnopqrstuvwxyz"
    entities = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names))
    bounce: Bounce = read(BOMB.format(entities))
    assert (bounce.hresult, bounce.presented) == (0x800B0109, "&z;")
    assert read(BOMB.format('<!ENTITY z "harmless">')).presented == "&z;"
    external = '<!DOCTYPE b [<!ENTITY z SYSTEM "file:///etc/passwd">]>'
    assert "root:" not in repr(read(external + fixture("capi2.xml").partition("?>")[2].replace("&amp;", "&z;")))


def test_bytes_that_are_no_text() -> None:
    assert read("550 5.7.64 \udcff\udc80 TenantAttribution").enhanced == "5.7.64"


def test_fifty_megabytes_on_standard_input() -> None:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "probe", "explain", "-"],
        input=b"550 5.7.64 TenantAttribution " + b"[{LED=450 4.4.317 x " * 2_500_000,
        capture_output=True,
        check=False,
        cwd=HERE.parent,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert len(done.stdout) < 20_000
    assert time.perf_counter() - began < 20


def test_standard_input_is_bounded(monkeypatch: pytest.MonkeyPatch, piped: Callable[[bytes], FileIO]) -> None:
    monkeypatch.setattr(explaining, "MOST", 100)
    long = piped(b"550 5.7.64 " + b"x" * 1000)
    assert run(["explain", "-"]) == 0
    assert long.tell() == 100


def test_an_event_that_names_its_machine_is_told_as_that_machine_s() -> None:
    event = re.sub(r"\s*<Computer>.*?</Computer>", "", fixture("capi2.xml"))
    assert "the text does not say which" in " ".join(shown(event).split())
    told = " ".join(shown(event.replace("<System>", "<System><Computer>CORP-SMTP1</Computer>", 1)).split())
    assert "the machine that logged it, CORP-SMTP1;" in told
    assert "the text does not say which" not in told
