"""The report on a delivery: whose mail it would be, who came with what, and that a client's place has no port."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.cli import run
from probe.codec import encode
from probe.dialogue.smtp.answered import answered
from probe.judge.inbound.attribution import NO_DELIVERY
from probe.model import (
    Attributed,
    Attribution,
    Direction,
    Endpoint,
    Failure,
    Kind,
    Relay,
    Report,
    Speaker,
    Stage,
    Target,
    Turn,
    Verdict,
)
from probe.model.duty import Became, Change, Episode, Standing
from probe.report import nagios
from probe.report.alerting import told
from probe.report.attribution import attribution
from probe.report.delivery import headline
from probe.report.diff import Diff
from probe.report.diff import render as render_diff
from probe.report.differences import compare
from probe.report.history import Past
from probe.report.history import render as render_history
from probe.report.json import render as to_json
from probe.report.json import schema
from probe.report.layout import Line, plain
from probe.report.status import Overview
from probe.report.status import render as render_status
from probe.report.text import render, summary
from tests import reports
from tests.reports import HOSTILE, client, delivered, delivery, finding
from tests.standings import AT, DAY, met, sighting, standing

DENIED = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
RELAYED = Attribution(outcome=Attributed.BY_CERTIFICATE, relay=Relay.YES, connector="From EX", by="mail.contoso.com")
REFUSED = Attribution(
    outcome=Attributed.NOT_SENT,
    relay=Relay.NO,
    because="it showed no certificate, and no inbound connector knows its address",
    reply=DENIED,
    doubt="whether it is so",
)
ESTABLISHED = finding("tls-established", Verdict.OK, client(), version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
OLD = finding("tls-version-old", Verdict.WARN, client(), version="TLSv1.1", minimum="TLSv1.2")


def said(report: Report, verbosity: int = 0, *, transcript: bool = False, width: int = 80, ascii: bool = False) -> str:  # noqa: A002
    return plain(render(report, verbosity=verbosity, transcript=transcript, width=width), ascii=ascii)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (RELAYED, "attributed to connector From EX by certificate; relay possible: yes"),
        (
            replace(RELAYED, outcome=Attributed.BY_ADDRESS, relay=Relay.ACCEPTED_SENDERS),
            "attributed to connector From EX by address; relay possible: only for senders in accepted domains",
        ),
        (
            replace(RELAYED, outcome=Attributed.NOT_ACCEPTED, relay=Relay.ACCEPTED_SENDERS, passes=False, reply=DENIED),
            (
                "attributed to connector From EX by certificate; relay possible: only for senders in accepted domains, "
                "not for this one: this is your 550 5.7.64"
            ),
        ),
        (
            REFUSED,
            (
                "not attributed to any tenant; relay possible: no: this is your 550 5.7.64, because it showed no "
                "certificate, and no inbound connector knows its address"
            ),
        ),
        (
            replace(REFUSED, partner="P", reply="550 5.7.51 TenantInboundAttribution; There is", because="x"),
            (
                "not attributed to any tenant, and restricted by partner connector P; relay possible: no: this is "
                "your 550 5.7.51, because x"
            ),
        ),
        (
            replace(REFUSED, passes=True, reply="", because="it did not use TLS"),
            "not attributed to any tenant; relay possible: no, because it did not use TLS",
        ),
        (
            replace(RELAYED, outcome=Attributed.AMBIGUOUS, rivals=("A", "B")),
            "attributed to one of several connectors that match: A, B; relay possible: yes",
        ),
        (
            replace(RELAYED, relay=Relay.UNKNOWN, because="the exports have no accepted domains"),
            (
                "attributed to connector From EX by certificate; relay possible: unknown, because the exports have no "
                "accepted domains"
            ),
        ),
        (
            Attribution(outcome=Attributed.UNKNOWN, relay=Relay.UNKNOWN, because="the exports have no connectors"),
            "attribution is unknown, because the exports have no connectors",
        ),
        (
            None,
            (
                "attribution is not judged: that takes `--connectors FILE` with the inbound connectors and the "
                "accepted domains of Exchange Online"
            ),
        ),
    ],
)
def test_the_attribution_is_one_sentence(found: Attribution | None, sentence: str) -> None:
    assert attribution(found) == sentence
    report = delivery(delivered(reports.LEAF), ESTABLISHED, attribution=found)
    assert sentence in " ".join(said(report).split())


def test_a_whole_delivery() -> None:
    report = delivery(delivered(reports.LEAF, reports.ISSUING), ESTABLISHED, attribution=RELAYED)
    assert said(report) == (
        "OK  delivery from 192.0.2.25 (mail.contoso.com)\n"
        "  attributed to connector From EX by certificate; relay possible: yes\n"
        "\n"
        "192.0.2.25 → 192.0.2.2:2525  2026-11-21 09:35 UTC\n"
        "  EHLO      mail.contoso.com, inside TLS the same\n"
        "  session   TLSv1.3, X25519MLKEM768, TLS_AES_256_GCM_SHA384\n"
        "  MAIL FROM contoso.com\n"
        "  RCPT TO   fabrikam.com\n"
        "  answered  451 4.7.0 TLS probe: message not accepted\n"
        "  subject   CN=mail.contoso.com\n"
        "  issuer    CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n"
        "  names     mail.contoso.com, autodiscover.contoso.com\n"
        "  valid     2026-09-05 to 2027-03-05, 103 days left\n"
        f"  SHA-1     {reports.LEAF.sha1.upper()}\n"
        f"  SHA-256   {reports.LEAF.sha256.upper()}\n"
        "  chain     0 CN=mail.contoso.com\n"
        "            └─ 1 CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n"
        "\n"
        "OK  tls-established\n"
        "\n"
        "Seen at 192.0.2.2 port 2525; roots: Mozilla (certifi 2026.10.18). It came here\n"
        "and not to Microsoft, for whom the server may have another connector,\n"
        "certificate or way. Microsoft's own roots, revocation checks and unpublished\n"
        "rules may decide otherwise.\n"
    )


def test_what_the_sentence_on_attribution_says_is_not_said_twice() -> None:
    codes = ("not-attributed", "relay-refused", "partner-restricted", "attribution-unknown", "attribution-ambiguous")
    found = [finding(code, Verdict.FAIL, client()) for code in codes]
    _, *alone = headline(delivery(delivered(), OLD, attribution=REFUSED), 80)
    _, *beside = headline(delivery(delivered(), OLD, *found, attribution=REFUSED), 80)
    assert beside == alone
    assert "192.0.2.25: the server speaks TLSv1.1" in plain(alone)
    assert "and 2 more faults, see below" in plain(headline(delivery(delivered(), *found), 80))


def test_a_cut_chain_is_one_reason_and_two_findings() -> None:
    cut = finding("chain-incomplete", Verdict.FAIL, client(0), cause="client", missing="CN=CA", child="CN=x", aia="u")
    untrusted = finding(
        "certificate-not-trusted",
        Verdict.FAIL,
        client(0),
        cause="client-chain-incomplete",
        issuer="CN=CA",
        roots="Mozilla",
    )
    report = delivery(delivered(reports.LEAF), cut, untrusted, attribution=REFUSED)
    above = " ".join(plain(headline(report, 80)).split())
    assert "the client did not send the certificate of CN=CA, which issued CN=x" in above
    assert "trusted root" not in above
    below = said(report).partition("FAIL  certificate-not-trusted")[2]
    assert "192.0.2.25: without the certificate of CN=CA the chain does not come to a" in below
    assert "\n  Fix       as above\n" in below
    alone = plain(headline(delivery(delivered(reports.LEAF), untrusted, attribution=REFUSED), 80))
    assert "without the certificate of CN=CA" in alone


def test_what_follows_from_a_fault_is_told_in_two_lines() -> None:
    cut = finding("chain-incomplete", Verdict.FAIL, client(0), cause="client", missing="CN=CA", child="CN=x", aia="u")
    bad = finding("not-attributed", Verdict.FAIL, client(), cause="chain-bad", because="it does not count")
    untrusted = finding("certificate-not-trusted", Verdict.FAIL, client(0), cause="client-chain-incomplete")
    short = "\nFAIL  not-attributed\n  192.0.2.25: it does not count\n  Fix       as above\n\n"
    report = delivery(delivered(reports.LEAF), cut, untrusted, bad, attribution=REFUSED)
    assert short in said(report)
    assert short not in said(report, 1)
    assert "Exchange Online counts a certificate only if" in said(report, 1)
    excused = replace(untrusted, verdict=Verdict.OK)
    alone = said(delivery(delivered(reports.LEAF), excused, bad, attribution=REFUSED))
    assert "Mend what the finding on the certificate says" in alone
    elsewhere = replace(untrusted, where=replace(client(0), host="192.0.2.9", address="192.0.2.9"))
    assert short not in said(delivery(delivered(reports.LEAF), elsewhere, bad, attribution=REFUSED))


def test_what_came_to_no_delivery_is_not_said_to_be_unknown() -> None:
    failure = Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="unknown ca")
    found = finding("client-handshake-failed", Verdict.FAIL, client(), cause="refused-ours", detail="unknown ca")
    unknown = Attribution(outcome=Attributed.UNKNOWN, relay=Relay.UNKNOWN, because=NO_DELIVERY)
    report = delivery(delivered(session=None, failure=failure), found, attribution=unknown)
    assert plain(headline(report, 80)) == (
        "FAIL  delivery from 192.0.2.25 (mail.contoso.com)\n"
        "  192.0.2.25: the client refused the listener's certificate: unknown ca\n\n"
    )
    lacking = replace(unknown, because="the exports have no inbound connectors")
    assert "attribution is unknown, because the exports" in said(replace(report, attribution=lacking))


def test_who_greets_otherwise_inside_tls_is_called_so() -> None:
    seen = delivered()
    talk = tuple(
        replace(turn, data=turn.data.replace(reports.HOST, "ex01.contoso.com")) if turn.tls else turn
        for turn in seen.transcript
    )
    text = said(delivery(replace(seen, transcript=talk)))
    assert text.startswith("UNKNOWN  delivery from 192.0.2.25 (ex01.contoso.com)\n")
    assert "\n  EHLO      mail.contoso.com; inside TLS ex01.contoso.com\n" in text
    before = tuple(turn for turn in talk if not turn.tls)
    assert "\n  EHLO      mail.contoso.com\n" in said(delivery(replace(seen, transcript=before)))
    assert said(delivery(replace(seen, transcript=()))).startswith("UNKNOWN  delivery from 192.0.2.25\n")
    assert "\n  EHLO      none\n" in said(delivery(replace(seen, transcript=())))


def test_the_null_sender_is_one_and_many_recipients_are_counted() -> None:
    many = [f"RCPT TO:<***@r{number}.example>" for number in range(14)]
    text = " ".join(said(delivery(delivered(said=["MAIL FROM:<>", "RCPT TO:<***>", *many, "DATA"]))).split())
    assert "MAIL FROM the null sender <> RCPT TO an address without a domain, r0.example," in text
    assert "r10.example and 3 more answered 451 4.7.0" in text
    assert "also said DATA, which was not taken" in text


def test_whole_addresses_are_shown_where_they_were_kept() -> None:
    talk = [
        "MAIL FROM:<ann@contoso.com>",
        "RCPT TO:<bob@fabrikam.com>",
        "RCPT TO:<***@fabrikam.com>",
        "RCPT TO:<***@x>",
    ]
    report = delivery(delivered(said=talk))
    assert "\n  MAIL FROM ann@contoso.com\n  RCPT TO   bob@fabrikam.com, x\n" in said(report)
    found = json.loads(to_json(report))["observations"][0]["delivery"]
    assert (found["from_addresses"], found["to_addresses"]) == (["ann@contoso.com"], ["bob@fabrikam.com"])
    assert (found["senders"], found["recipients"]) == (["contoso.com"], ["fabrikam.com", "x"])

    null = said(delivery(delivered(said=["MAIL FROM:<>", "RCPT TO:<postmaster>"])))
    assert "\n  MAIL FROM the null sender <>\n  RCPT TO   postmaster\n" in null
    many = [f"RCPT TO:<a\x1b{number}@x>" for number in range(14)]
    text = " ".join(said(delivery(delivered(said=["MAIL FROM:<a@b>", *many]))).split())
    assert "RCPT TO a\\x1b0@x, " in text
    assert "a\\x1b11@x and 2 more answered" in text


def test_what_exchange_online_would_answer_stands_below_what_was_answered() -> None:
    text = said(delivery(delivered(), attribution=REFUSED))
    assert f"\n  answered  {reports.NOT_NOW}\n  Exchange  {DENIED}\n  in doubt  whether it is so\n" in text


def test_plain_text_is_told_and_no_certificate_was_asked_for() -> None:
    seen = delivered()
    talk = tuple(replace(turn, tls=False) for turn in seen.transcript if "STARTTLS" not in turn.data)
    text = said(delivery(replace(seen, transcript=talk, session=None, certificate_requested=False)))
    assert "\n  session   none: STARTTLS was not asked for\n" in text
    assert "\n  MAIL FROM contoso.com, in plain text\n" in text
    assert "certificate" not in text.partition("Seen at")[0].partition("\n\n")[2]


def test_none_shown_is_told_only_where_the_client_was_asked() -> None:
    assert "\n  presented no certificate\n" in said(delivery(delivered()))
    broken = Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="unknown ca")
    text = said(delivery(delivered(session=None, failure=broken)))
    assert "presented no certificate" not in text
    assert "none:" not in text
    refused = said(delivery(delivered(session=None, certificate_requested=False)))
    assert "\n  session   none: STARTTLS was refused\n" in refused
    assert "\n  failed    the TLS handshake ended with a TLS alert: unknown ca\n" in text


def test_a_handshake_that_failed_is_told_as_it_is() -> None:
    failure = Failure(stage=Stage.HANDSHAKE, kind=Kind.PROTOCOL, detail="unsupported protocol")
    seen = delivered(session=None, failure=failure)
    assert "\n  failed    the TLS handshake failed: the client offers no TLS 1.2 or later\n" in said(delivery(seen))
    late = replace(failure, stage=Stage.AFTER)
    assert "met something that is not the protocol" in said(delivery(delivered(failure=late)))


def test_who_leaves_late_has_not_failed() -> None:
    left = Failure(stage=Stage.AFTER, kind=Kind.CLOSED, detail="the client left without QUIT")
    lines = render(delivery(delivered(failure=left)))
    (line,) = (line for line in lines if plain([line]).startswith("  ended "))
    assert "bad" not in {span.style for span in line}


def test_with_v_the_whole_chain_the_name_called_for_and_the_times() -> None:
    text = said(delivery(delivered(reports.LEAF, reports.ISSUING)), 1)
    assert "\n  SNI       none\n" in text
    assert "  certificate 1\n  subject   CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n" in text
    assert "\n  times     dialogue 31.0 ms, handshake 45.7 ms, after 12.0 ms\n" in text
    there = Endpoint(host=reports.CLIENT, address=reports.CLIENT, port=2525, server_name="probe.contoso.com")
    assert "\n  SNI       probe.contoso.com\n" in said(delivery(delivered(endpoint=there)))


def test_the_dialogue_is_told_from_our_side() -> None:
    text = said(delivery(delivered()), transcript=True)
    assert "\n  C: TLS    MAIL FROM:<***@contoso.com>\n" in text
    assert f"\n  S: TLS    {reports.NOT_NOW}\n" in text


def test_quiet_is_one_line() -> None:
    weak = finding("certificate-not-trusted", Verdict.FAIL, client(0))
    report = delivery(delivered(), OLD, weak, ESTABLISHED, attribution=REFUSED)
    line = "FAIL     192.0.2.25 (mail.contoso.com)  certificate-not-trusted, tls-version-old\n"
    assert said(report, -1, width=60) == line


def test_an_unknown_root_is_marked_in_the_clients_chain_too() -> None:
    found = finding("certificate-not-trusted", Verdict.FAIL, client(0), cause="client-unknown-root")
    lines = render(delivery(delivered(reports.LEAF, reports.ISSUING, reports.ROOT), ESTABLISHED))
    marked = render(delivery(delivered(reports.LEAF, reports.ISSUING, reports.ROOT), found))
    assert "not a trusted root" not in plain(lines)
    assert "2 CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, self-signed, not a trusted root" in _joined(marked)


def _joined(lines: Sequence[Line]) -> str:
    return " ".join(plain(lines).split())


@pytest.mark.parametrize("width", [60, 80])
def test_it_fits_the_terminal_but_for_what_is_copied(width: int) -> None:
    report = delivery(delivered(reports.LEAF, reports.ISSUING), ESTABLISHED, attribution=REFUSED)
    for line in said(report, 1, transcript=True, width=width, ascii=True).splitlines():
        assert line.isascii()
        assert len(line) <= width or line.split()[0] in ("SHA-256", "SPKI")


# Where a client is


def test_a_clients_place_is_its_address_alone() -> None:
    report = delivery(delivered(reports.LEAF), OLD)
    assert "\n  192.0.2.25: the server speaks TLSv1.1" in said(report)
    assert "192.0.2.25:2525" not in said(report, 1)
    first, *more = nagios.render([report]).splitlines()
    assert first.startswith(
        "PROBE WARNING - probe.contoso.com:2525 tls-version-old at 192.0.2.25 | 'days_left'=103;;0: "
        "'192.0.2.25 days_left'=103;;0: '192.0.2.25 dialogue'=0.031000s;;;0"
    )
    assert more[0].startswith("WARNING probe.contoso.com:2525 tls-version-old: 192.0.2.25: the server speaks TLSv1.1")


def test_of_several_deliveries_they_are_counted_as_such() -> None:
    report = delivery(delivered(reports.LEAF), ESTABLISHED)
    assert nagios.render([report, report]).startswith("PROBE OK - 2 deliveries (2 OK): probe.contoso.com:2525 ")
    assert plain([summary([Verdict.OK, Verdict.FAIL], "delivery")]) == "2 deliveries: 1 OK, 1 FAIL\n"
    assert plain([summary([Verdict.OK], "delivery")]) == "1 delivery: 1 OK\n"


def test_a_client_at_the_listeners_own_address_is_none_the_less_a_client() -> None:
    report = delivery(delivered(reports.LEAF), OLD)
    target = Target(given=f"{reports.CLIENT}:2525", name=reports.CLIENT, port=2525)
    report = replace(report, target=target, evidence=replace(report.evidence, target=target))
    assert "\n  192.0.2.25: the server speaks TLSv1.1" in said(report)


def test_an_address_that_is_the_target_keeps_its_port() -> None:
    there = reports.observation("192.0.2.25", reports.LEAF, host="192.0.2.25")
    found = finding("tls-version-old", Verdict.WARN, reports.at(host="192.0.2.25"), version="TLSv1.1", minimum="x")
    assert "\n  192.0.2.25:25: the server speaks" in said(reports.report([found], [there], given="192.0.2.25:25"))


# What is remembered of a listener

FAULT = Episode(
    key="0123456789abcdef",
    code="tls-version-old",
    where=client(),
    verdict=Verdict.WARN,
    facts=OLD.facts,
    began=AT - DAY,
    changed=AT - DAY,
    seen=AT,
)


def listener(at_days: float = 0) -> Standing:
    """A listener to which one client came, so many days ago."""
    found = standing(
        "listen",
        Verdict.WARN,
        episodes=[FAULT],
        certificates=[sighting(reports.CLIENT, reports.CLIENT)],
        endpoints=[met(reports.CLIENT, reports.CLIENT)],
    )
    return replace(found, at=AT - at_days * DAY)


def test_status_and_history_name_the_client() -> None:
    status = plain(render_status(Overview(at=AT, standings=[listener()])))
    assert "\n         tls-version-old at 192.0.2.25\n" in status
    change = Change(
        kind=Became.APPEARED,
        target="listen",
        key=FAULT.key,
        code=FAULT.code,
        where=FAULT.where,
        verdict=Verdict.WARN,
        facts=FAULT.facts,
        since=AT,
        at=AT,
    )
    past = Past(
        at=AT,
        name="listen",
        standing=listener(),
        changes=[change],
        sightings=listener().certificates,
    )
    history = plain(render_history(past))
    assert "  heard     2026-11-21 09:35 UTC, 0 s ago\n" in history
    assert " WARN tls-version-old at 192.0.2.25\n" in history
    assert "\n  at        192.0.2.25\n" in history
    assert told(change, "listen.contoso.com").place == "192.0.2.25"


def test_that_nobody_delivers_does_not_hide_that_nobody_looks() -> None:
    assert not Overview(at=AT, standings=[listener(90)]).stale
    looked = replace(standing("mail"), at=AT - 4 * DAY)
    assert Overview(at=AT, standings=[looked]).stale
    assert Overview(at=AT, standings=[replace(looked, endpoints=())]).stale
    assert Overview(at=AT, standings=[looked, listener(90)]).stale
    assert Overview(at=AT, standings=[looked, listener(0)]).stale


def test_that_we_ask_for_a_certificate_is_no_difference() -> None:
    seen = delivered()
    plain_text = replace(seen, session=None, certificate_requested=False)
    (session,) = compare("listen", delivery(plain_text), delivery(seen)).differences[:1]
    assert (session.about, session.before) == ("session", ())
    assert session.after == ("TLSv1.3, X25519MLKEM768, TLS_AES_256_GCM_SHA384",)


def test_a_certificate_that_is_no_longer_presented_is_a_difference() -> None:
    before = delivery(delivered(reports.LEAF), ESTABLISHED, attribution=RELAYED)
    after = delivery(delivered(), OLD, attribution=REFUSED)
    differs = {each.about: each for each in compare("listen", before, after).differences}
    assert differs["certificate"].places == ("192.0.2.25",)
    assert differs["certificate"].after == ("none was presented",)
    assert differs["attribution"].before == (attribution(RELAYED),)
    assert "session" not in differs
    text = plain(render_diff(Diff(before="1", after="2", targets=[compare("listen", before, after)])))
    assert "+ WARN tls-version-old: 192.0.2.25: the server speaks" in text


# JSON


def test_json_is_one_line_and_obeys_the_schema() -> None:
    line = to_json(delivery(delivered(reports.LEAF), ESTABLISHED, attribution=REFUSED))
    assert b"\n" not in line
    found = json.loads(line)
    jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(found)
    assert found["route"]["kind"] == "inbound"
    (seen,) = found["observations"]
    assert (seen["direction"], seen["address"], seen["port"], seen["keywords"]) == ("inbound", "192.0.2.25", 2525, [])
    assert seen["delivery"] == {
        "greeted": "mail.contoso.com",
        "greeted_inside": "mail.contoso.com",
        "senders": ["contoso.com"],
        "recipients": ["fabrikam.com"],
        "from_addresses": [],
        "to_addresses": [],
        "inside": True,
        "answered": [reports.NOT_NOW],
        "more": [],
        "left": True,
    }
    assert found["attribution"] == {
        "outcome": "CERT_NOT_SENT",
        "relay": "no",
        "connector": None,
        "rivals": [],
        "by": None,
        "because": REFUSED.because,
        "passes": None,
        "reply": DENIED,
        "status": "",
        "partner": None,
        "doubt": "whether it is so",
    }


def test_a_server_that_we_looked_at_has_no_delivery() -> None:
    found = json.loads(to_json(reports.exchange_default()))
    assert found["attribution"] is None
    (seen,) = found["observations"]
    assert (seen["direction"], seen["delivery"]) == (Direction.OUTBOUND, None)


# What is refused, and what is hostile


@pytest.mark.parametrize("reading", [(), ("--reports", "out")])
def test_a_delivery_gives_no_tlsrpt_report(
    reading: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("seen.json").write_bytes(encode(delivery(delivered(reports.LEAF)).evidence))
    assert run(["judge", "seen.json", "--format", "tlsrpt", *reading]) == 3
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "--format tlsrpt: `probe.contoso.com:2525` is a listener" in heard.err
    assert not Path("out").exists()


def test_what_a_client_says_of_itself_paints_nothing() -> None:
    name = "x\x1b[2J\u202e"
    talk = (Turn(who=Speaker.CLIENT, data=f"EHLO {name}\r\nMAIL FROM:<a@b\x1b[31m>\r\nRCPT TO:<a@{'y' * 900}>\r\n"),)
    text = said(delivery(delivered(transcript=talk)))
    assert "\x1b" not in text
    assert "delivery from 192.0.2.25 (x\\x1b[2J" in text


def test_replies_belong_to_commands_in_their_order() -> None:
    seen = delivered(said=["MAIL FROM:<>", "RCPT TO:<a@b>", "NOOP", "RCPT TO:<c@d>"], reply="550 no")
    assert answered(seen.transcript, "RCPT") == ("550 no",)
    assert answered(seen.transcript, "QUIT") == ("221 2.0.0 Service closing transmission channel",)
    assert answered(seen.transcript, "EHLO") == ("250 STARTTLS", "250 PIPELINING")
    forged = (
        Turn(who=Speaker.CLIENT, data="EHLO x\x85RCPT TO:<a@b>\r\nNOOP\r\n"),
        Turn(who=Speaker.SERVER, data="250 x\r\n250 y\r\n"),
    )
    assert answered(forged, "RCPT") == ()


@given(st.lists(st.builds(Turn, who=st.sampled_from(Speaker), data=HOSTILE | st.just("RCPT TO:<a@b>\r\n250 y\r\n"))))
def test_whatever_stands_in_a_transcript_is_read(talk: list[Turn]) -> None:
    assert all(isinstance(reply, str) for reply in answered(tuple(talk), "RCPT"))


def test_several_are_counted_as_deliveries(capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"fixtures/evidence/{name}.json" for name in ("delivery-whole", "delivery-leaf-only", "healthy")]
    assert run(["judge", *files[:2], "--roots", "fixtures/roots.pem"]) == 2
    assert capsys.readouterr().out.endswith("\n2 deliveries: 1 OK, 1 FAIL\n")
    assert run(["judge", *files, "--roots", "fixtures/roots.pem"]) == 2
    assert capsys.readouterr().out.endswith("\n3 targets: 2 OK, 1 FAIL\n")
