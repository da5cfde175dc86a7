"""The report for people: what it must say, and what must never come through."""

from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings

from probe.judge.catalogue import CATALOGUE
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Failure, Kind, Report, Route, RouteKind, Stage, Verdict, Where
from probe.report.layout import Line
from probe.report.text import coloured, plain, render, summary
from probe.report.wording import SENTENCES, sentence
from tests import pki, reports

TWO_YEARS_AGO, LAST_MONTH, NEXT_MONTH = (
    reports.AT.replace(year=year, month=month) for year, month in ((2024, 11), (2026, 10), (2026, 12))
)


def said(report: Report, verbosity: int = 0, *, transcript: bool = False) -> str:
    return plain(render(report, verbosity=verbosity, transcript=transcript))


def test_a_glance_tells_verdict_address_reason_and_remedy() -> None:
    text = said(reports.exchange_default())
    glance = " ".join(text.partition("\n\n")[0].split())
    assert glance.startswith("FAIL mail.contoso.com:25 192.0.2.25:25: the certificate is not for mail.contoso.com")
    assert "CN=EX01 is self-signed and not one of the trusted roots: Mozilla" in glance
    assert f"  SHA-1     {reports.EX01.sha1.upper()}\n" in text
    assert f"  SHA-256   {reports.EX01.sha256.upper()}\n" in text
    assert "  valid     2024-03-05 to 2029-03-05, 834 days left\n" in text
    assert "  chain     0 CN=EX01, self-signed\n" in text
    assert "FAIL  certificate-host-mismatch, by Exchange Online's rules\n" in text
    assert "\nOK  tls-established, certificate-current\n" in text


def test_exchange_onlines_words_stand_beside_the_older_ones_and_carry_the_facts() -> None:
    words = " ".join(said(reports.exchange_default()).split())
    assert (
        "450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch Expected Subject: mail.contoso.com. "
        f"Presented Subject: CN=EX01. Thumbprint: {reports.EX01.sha1.upper()}]"
    ) in words
    assert "450 4.7.320 Certificate validation failed [Message=SubjectMismatch]" in words


def test_commands_are_whole_lines_and_given_once() -> None:
    lines = [line.strip() for line in said(reports.exchange_default()).splitlines()]
    command = "Set-ReceiveConnector '<SERVER>\\Default Frontend <SERVER>' -TlsCertificateName $n"
    assert lines.count(command) == 1
    assert "as above." in said(reports.exchange_default())


def test_the_same_fault_at_several_addresses_is_told_once() -> None:
    text = said(reports.exchange_default("192.0.2.25", "192.0.2.26"))
    assert text.count("FAIL  certificate-host-mismatch") == 1
    assert "  192.0.2.25:25, 192.0.2.26:25: the certificate is not for" in text
    assert text.count("  subject   CN=EX01\n") == 1
    assert "\nmail.contoso.com  192.0.2.25:25, 192.0.2.26:25\n" in text


def test_what_was_not_sent_has_its_place_in_the_chain() -> None:
    text = said(reports.missing_intermediate())
    assert (
        "  chain     0 CN=mail.contoso.com\n"
        "            └─ CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB, not sent\n"
    ) in text
    assert "`- CN=Fabrikam TLS RSA CA 2025" in plain(render(reports.missing_intermediate()), ascii=True)


def test_a_whole_chain_ends_at_its_root() -> None:
    report = reports.report(reports.healthy(), [reports.observation("192.0.2.25", reports.LEAF, reports.ISSUING)])
    assert (
        "  chain     0 CN=mail.contoso.com\n"
        "            └─ 1 CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n"
        "               └─ CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, trusted\n"
    ) in said(report)


def test_a_chain_out_of_order_is_drawn_as_sent() -> None:
    report = reports.report((), [reports.observation("192.0.2.25", reports.LEAF, reports.ROOT, reports.ISSUING)])
    assert (
        "  chain     0 CN=mail.contoso.com\n"
        "            1 CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, did not issue the one\n"
        "              before, self-signed\n"
        "            2 CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB, did not issue\n"
        "              the one before\n"
    ) in said(report)


def test_a_mail_domain_shows_its_hosts_and_what_was_left_out() -> None:
    text = said(reports.mail_domain())
    assert "  MX 10     mail.contoso.com  192.0.2.25, 2001:db8::25\n" in text
    assert "  MX 20     mx2.contoso.com  198.51.100.25\n            and 1 host more, left out\n" in text
    assert "mx2.contoso.com  198.51.100.25:25\n  failed    connecting was refused\n" in text
    assert "  mx2.contoso.com 198.51.100.25:25: connecting was refused\n" in text
    assert "MX        contoso.com: 10 mail.contoso.com., 20 mx2.contoso.com.\n" in said(reports.mail_domain(), 1)
    assert "AAAA      mx2.contoso.com: NODATA\n" in said(reports.mail_domain(), 1)


def test_the_null_mx_and_the_implicit_one_are_told_apart() -> None:
    null = reports.report(
        [reports.finding("no-mail", Verdict.OK, Where(kind="target"), domain="contoso.com")],
        given="contoso.com",
        route=Route(kind=RouteKind.NULL_MX),
    )
    assert "  MX 0 .    the null MX: this domain takes no mail (RFC 7505)\n" in said(null)
    assert "No connection was made" in said(null)
    implicit = replace(reports.mail_domain().evidence.route, kind=RouteKind.IMPLICIT_MX)
    hops = tuple(replace(hop, preference=None) for hop in implicit.hops[:1])
    text = said(reports.report((), given="contoso.com", route=replace(implicit, hops=hops)))
    assert "  no MX     mail.contoso.com  192.0.2.25, 2001:db8::25\n" in text


def test_repeats_count_each_certificate() -> None:
    old, new = (reports.observation("192.0.2.25", issued) for issued in (reports.EX01, reports.LEAF))
    text = said(reports.report((), [new, old, new]))
    assert (
        "mail.contoso.com 192.0.2.25:25  3 connections\n"
        f"  2 ×       {reports.LEAF.sha1.upper()}\n"
        f"  1 ×       {reports.EX01.sha1.upper()}\n"
    ) in text
    assert "\nmail.contoso.com  192.0.2.25:25 (2 connections)\n" in text


def test_every_report_ends_with_its_vantage() -> None:
    for report in (reports.exchange_default(), reports.mail_domain()):
        words = " ".join(said(report).split())
        assert words.endswith(
            "Seen from 192.0.2.2; names by 192.0.2.53; roots: Mozilla (certifi 2026.10.18). "
            "The peer may treat Microsoft's addresses differently."
        )


def test_quiet_is_the_verdict_alone() -> None:
    assert said(reports.mail_domain(), -1) == "WARN     contoso.com  not-observed, route-cut\n"


def test_verbose_shows_what_held_the_whole_chain_keywords_and_times() -> None:
    report = reports.report(reports.healthy(), [reports.observation("192.0.2.25", reports.LEAF, reports.ISSUING)])
    text = said(report, 1)
    assert "OK  certificate-name-matches\n  192.0.2.25:25: mail.contoso.com is matched by mail.contoso.com\n" in text
    assert f"  SHA-1     {reports.ISSUING.sha1.upper()}\n" in text
    assert "  keywords  SIZE 37748736, STARTTLS\n" in text
    assert "  times     connect 12.3 ms, dialogue 31.0 ms, handshake 45.7 ms, after 12.0 ms\n" in text


def test_the_transcript_names_the_speakers_and_marks_tls() -> None:
    text = said(reports.exchange_default(), transcript=True)
    assert "  S:        220 mail.contoso.com Microsoft ESMTP MAIL Service ready\n  C:        EHLO probe." in text
    assert "  C: TLS    EHLO probe.fabrikam.com\n" in text


def test_a_fault_that_the_level_excuses_is_no_praise() -> None:
    excuse = "auth level EncryptionOnly"
    finding = reports.finding("certificate-host-mismatch", Verdict.OK, reports.at(position=0), excused_by=excuse)
    assert "OK  certificate-host-mismatch (excused by auth level EncryptionOnly)\n" in said(reports.report([finding]))


def test_an_attempt_that_was_not_made_is_told() -> None:
    late = Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT)
    seen = reports.observation("192.0.2.25", attempted=False, failure=late, seconds={}, transcript=())
    assert "  not tried the time for the target ran out before\n" in said(reports.report((), [seen]))


def test_the_summary_counts_verdicts() -> None:
    targets = [reports.exchange_default(), reports.mail_domain(), reports.report(reports.healthy())]
    assert plain([summary([report.verdict for report in targets])]) == "3 targets: 1 OK, 1 WARN, 1 FAIL\n"
    assert plain([summary([targets[0].verdict])]) == "1 target: 1 FAIL\n"


def test_every_code_and_cause_has_its_sentence() -> None:
    told = {"not-observed", "route-cut", *SENTENCES}
    assert told >= CATALOGUE.keys()
    known = {f"{code} {cause}" for code, entry in CATALOGUE.items() for cause in entry.causes} | CATALOGUE.keys()
    assert known >= SENTENCES.keys()


@pytest.mark.parametrize(
    "chain",
    [
        (reports.LEAF, reports.ISSUING),
        (reports.LEAF,),
        (reports.LEAF, reports.ROOT, reports.ISSUING),
        (reports.EX01,),
        (
            pki.self_signed(
                names=("x",), key="rsa1024", not_before=TWO_YEARS_AGO, not_after=reports.AT.replace(month=10)
            ),
        ),
        (
            reports.ISSUING.leaf(
                names=(reports.HOST,), eku=(pki.CLIENT_AUTH,), not_before=LAST_MONTH, not_after=NEXT_MONTH
            ),
        ),
    ],
)
def test_the_judges_facts_fill_every_sentence(chain: tuple[pki.Issued, ...]) -> None:
    evidence = reports.report((), [reports.observation("192.0.2.25", *chain)]).evidence
    anchors = Anchors(label="of the test", der=(reports.ROOT.der,))
    report = judge(evidence, Standard(thumbprints=("00" * 20,)), anchors, reports.AT)
    assert len(report.findings) > 3
    assert [text for text in map(sentence, report.findings) if "?" in text] == []


@given(reports.any_report())
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_nothing_hostile_comes_through(report: Report) -> None:
    for verbosity in (-1, 0, 1):
        lines = render(report, verbosity=verbosity, transcript=True)
        text = plain(lines)
        assert text.count("\n") == len(lines)
        assert text.replace("\n", "").isprintable()
        assert plain(lines, ascii=True).isascii()
        assert [line for line in lines if too_wide(line)] == []


def too_wide(line: Line) -> bool:
    """Wider than 80 columns without being a command to paste or one long word."""
    width = len("".join(span.text for span in line).rstrip())
    return width > 80 and line[-1].style != "command" and " " in line[-1].text.strip()


@given(reports.any_report())
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_the_terminal_gets_the_same_text(report: Report) -> None:
    """rich may colour the lines; it may not read them as markup, emoji or links, nor wrap them again."""
    lines = render(report, verbosity=1, transcript=True)
    file = StringIO()
    coloured(lines, file)
    printed = "".join(line.rstrip() + "\n" for line in file.getvalue().split("\n")[:-1])
    assert printed == plain(lines)
