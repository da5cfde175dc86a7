"""The report for people: what it must say, and what must never come through."""

from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings

from fixtures import certificates
from probe.judge.catalogue import CATALOGUE
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Failure, Kind, PresentedChain, Report, Route, RouteKind, RuleBook, Stage, Verdict, Where
from probe.report.layout import Line
from probe.report.sentences import SENTENCES
from probe.report.text import coloured, plain, render, summary
from probe.report.wording import sentence
from tests import pki, reports

TWO_YEARS_AGO, LAST_MONTH, NEXT_MONTH = (
    reports.AT.replace(year=year, month=month) for year, month in ((2024, 11), (2026, 10), (2026, 12))
)


Made = pki.Issued | certificates.Made


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
        "            └─ not sent: CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n"
    ) in text
    assert "`- not sent: CN=Fabrikam TLS RSA CA 2025" in plain(render(reports.missing_intermediate()), ascii=True)


def test_a_whole_chain_ends_at_its_root() -> None:
    report = reports.report(reports.healthy(), [reports.observation("192.0.2.25", reports.LEAF, reports.ISSUING)])
    assert (
        "  chain     0 CN=mail.contoso.com\n"
        "            └─ 1 CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n"
        "               └─ CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, trusted\n"
    ) in said(report)


def test_a_chain_out_of_order_is_drawn_as_it_leads() -> None:
    inner = reports.ROOT.intermediate("CN=A", path_length=1)
    between = inner.intermediate("CN=B")
    leaf = between.leaf(names=(reports.HOST,))
    text = said(reports.report((), [reports.observation("192.0.2.25", leaf, inner, between)]))
    assert "  chain     0 CN=mail.contoso.com\n            └─ 2 CN=B\n               └─ 1 CN=A\n" in text
    assert "also sent" not in text


def test_what_is_not_on_the_way_was_also_sent() -> None:
    chain = (reports.LEAF, reports.EX01, reports.ISSUING, reports.ISSUING)
    text = said(reports.report(reports.healthy(), [reports.observation("192.0.2.25", *chain)]))
    assert (
        "            └─ 2 CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB\n"
        "               └─ CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, trusted\n"
        "  also sent 1 CN=EX01, self-signed\n"
        "            3 CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB, the same as 2\n"
    ) in text


def test_a_namesake_that_signed_nothing_is_not_on_the_way() -> None:
    namesake = pki.Authority.root("CN=Elsewhere,C=GB").intermediate("CN=Fabrikam TLS RSA CA 2025,O=Fabrikam Trust,C=GB")
    text = said(reports.report((), [reports.observation("192.0.2.25", reports.LEAF, namesake)]))
    assert "  chain     0 CN=mail.contoso.com\n  also sent 1 CN=Fabrikam TLS" in text


@pytest.mark.parametrize(
    ("chain", "end"),
    [
        (
            (reports.LEAF, reports.ISSUING),
            "CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, not sent and not a trusted root",
        ),
        (
            (reports.LEAF, reports.ROOT, reports.ISSUING),
            "1 CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, self-signed, not a trusted root",
        ),
        ((reports.LEAF,), "not sent: CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB"),
    ],
)
def test_the_tree_says_what_is_missing(chain: tuple[pki.Issued, ...], end: str) -> None:
    words = " ".join(said(judged(*chain, anchors=(reports.EX01,))).split())
    assert f"└─ {end} " in words


def test_a_root_that_was_sent_is_the_trusted_end() -> None:
    words = " ".join(said(judged(reports.LEAF, reports.ISSUING, reports.ROOT, anchors=(reports.ROOT,))).split())
    assert "└─ 2 CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB, self-signed, trusted OK" in words


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_ways_the_judges_is_drawn(order: tuple[int, int]) -> None:
    """The same issuer by two roots, of which one is trusted: whatever came first."""
    known, other = certificates.authority("CN=Known"), certificates.authority("CN=Other")
    ways = [certificates.authority("CN=CA", root, owner="CN=CA") for root in (known, other)]
    leaf = certificates.leaf(f"CN={reports.HOST}", ways[0], (reports.HOST,))
    good, bad = order.index(0) + 1, order.index(1) + 1
    text = said(judged(leaf, *(ways[place] for place in order), anchors=(known,)))
    assert f"            └─ {good} CN=CA\n               └─ CN=Known, trusted\n  also sent {bad} CN=CA\n" in text


def test_an_unreadable_certificate_has_a_row_of_its_own() -> None:
    seen = replace(reports.observation("192.0.2.25", reports.LEAF), chain=PresentedChain(der=(b"\x30\x00",)))
    text = said(reports.report((), [seen]))
    assert "\n  error     cannot be read: " in text
    assert "  chain     0 unreadable\n" in text


def test_the_headline_passes_over_no_place() -> None:
    addresses = [f"192.0.2.{n}" for n in range(1, 17)]
    assert "192.0.2.1:25, 192.0.2.2:25 and 14 more: the cert" in glance(reports.exchange_default(*addresses))
    different = [
        reports.finding("certificate-expired", Verdict.FAIL, reports.at(address, 0), subject=f"CN={address}")
        for address in addresses
    ]
    words = glance(reports.report(different))
    assert "192.0.2.1:25: CN=192.0.2.1 expired" in words
    assert words.endswith("; likewise at 192.0.2.2:25 and 14 more")


def test_the_headline_names_both_certificates() -> None:
    both = [
        reports.finding("certificate-expired", Verdict.FAIL, reports.at(position=n), subject=name)
        for n, name in enumerate(("CN=leaf", "CN=issuer"))
    ]
    words = glance(reports.report(both))
    assert "192.0.2.25:25: CN=leaf expired" in words
    assert "192.0.2.25:25, certificate 1: CN=issuer expired" in words


def glance(report: Report) -> str:
    return " ".join(said(report).partition("\n\n")[0].split())


def judged(*chain: Made, anchors: tuple[Made, ...], standard: Standard | None = None) -> Report:
    seen = replace(
        reports.observation("192.0.2.25", reports.LEAF), chain=PresentedChain(der=tuple(made.der for made in chain))
    )
    evidence = reports.report((), [seen]).evidence
    roots = Anchors(label="of the test", der=tuple(root.der for root in anchors))
    return judge(evidence, standard or Standard(), roots, reports.AT)


def test_name_findings_say_their_book() -> None:
    stranger = reports.ISSUING.leaf(names=("other.test",))
    text = said(judged(stranger, reports.ISSUING, anchors=(reports.ROOT,)))
    assert "WARN  certificate-host-mismatch, by RFC 9525\n" in text


@pytest.mark.parametrize(
    ("names", "subject", "words"),
    [
        ((), f"CN={reports.HOST}", f"bears {reports.HOST} as its common name alone, which does not count by RFC 9525"),
        ((), "O=Nobody", f"the certificate is not for {reports.HOST}; it has no names"),
        (("x.test",), "CN=x.test", f"the certificate is not for {reports.HOST}; it is for x.test"),
    ],
)
def test_a_mismatch_is_told_in_the_words_of_the_book(names: tuple[str, ...], subject: str, words: str) -> None:
    leaf = reports.ISSUING.leaf(names=names, subject=subject)
    assert words in glance(judged(leaf, reports.ISSUING, anchors=(reports.ROOT,)))


def test_a_note_on_what_holds_is_shown_without_asking() -> None:
    leaf = reports.ISSUING.leaf(names=(), subject=f"CN={reports.HOST}")
    report = judged(leaf, reports.ISSUING, anchors=(reports.ROOT,), standard=Standard(name=reports.HOST))
    words = " ".join(said(report).split())
    assert (
        "mail.contoso.com is matched by mail.contoso.com; Exchange Online accepts it, RFC 9525 does not, because "
        in words
    )


def test_the_words_have_no_holes() -> None:
    expired = reports.finding("certificate-expired", Verdict.FAIL, reports.at(position=0), subject="CN=EX01")
    text = " ".join(said(reports.report([expired])).split())
    assert "450 4.4.317 Cannot connect to remote server [Message=CertificateExpired] 450 4.7.320" in text


@pytest.mark.parametrize(
    ("cause", "facts", "words"),
    [
        ("none-shown", {"authorities": "any"}, "insists on a client certificate (it names no authority)"),
        ("refused", {"authorities": "CN=A", "alert": "unknown ca"}, "shown (authority: CN=A); its alert: unknown ca"),
        ("none-shown", {"reply": "421 4.7.1 no"}, "insists on a client certificate: 421 4.7.1 no"),
    ],
)
def test_client_certificates_not_shown_and_refused_are_told_apart(
    cause: str, facts: dict[str, str], words: str
) -> None:
    finding = reports.finding(
        "client-certificate-required", Verdict.FAIL, reports.at(), RuleBook.RFC, cause=cause, **facts
    )
    assert words in sentence(finding)


def test_several_dialogues_are_told_apart() -> None:
    seen = [reports.observation(f"192.0.2.{n}", reports.EX01) for n in (1, 2)]
    text = said(reports.report((), seen), transcript=True)
    for n in (1, 2):
        assert f"  dialogue  192.0.2.{n}:25\n  S:        220 mail" in text
    assert "  dialogue  " not in said(reports.report((), seen[:1]), transcript=True)


def test_a_mail_domain_shows_its_hosts_and_what_was_left_out() -> None:
    text = said(reports.mail_domain())
    assert "  MX 10     mail.contoso.com  192.0.2.25, 2001:db8::25\n" in text
    assert "  MX 20     mx2.contoso.com  198.51.100.25\n            and 1 host more, left out\n" in text
    assert "mx2.contoso.com  198.51.100.25:25\n  failed    connecting was refused\n" in text
    assert "  mx2.contoso.com 198.51.100.25:25: connecting was refused\n" in text
    assert "MX        contoso.com: 10 mail.contoso.com., 20 mx2.contoso.com. (not\n            validated)\n" in said(
        reports.mail_domain(), 1
    )
    assert "AAAA      mx2.contoso.com: NODATA (not validated)\n" in said(reports.mail_domain(), 1)


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
    assert (
        "OK  certificate-name-matches, by RFC 9525\n  192.0.2.25:25: mail.contoso.com is matched by mail.contoso.com\n"
        in text
    )
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
    by_themselves = {"not-observed", "route-cut"}
    for code, entry in CATALOGUE.items():
        causes = {f"{code} {cause}" for cause in entry.causes}
        assert code in by_themselves or code in SENTENCES or (causes and causes <= SENTENCES.keys()), code
    known = {f"{code} {cause}" for code, entry in CATALOGUE.items() for cause in entry.causes} | CATALOGUE.keys()
    # A rehearsal also tells apart what needs no explanation: what holds, and why.
    unknown = {key for key in SENTENCES if key not in known and not key.startswith("rehearsal-")}
    assert not unknown
    assert {key.partition(" ")[0] for key in SENTENCES} <= CATALOGUE.keys()


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
        a_line = verbosity < 0 and report.evidence.route.kind is RouteKind.INBOUND  # a delivery, as in a log
        assert a_line or [line for line in lines if too_wide(line)] == []


def too_wide(line: Line) -> bool:
    """Wider than 80 columns without being a promise, a command to paste or one long word."""
    if line and line[0].text.strip() in ("DANE:", "MTA-STS:", "TLSRPT:", "roll-over:", "roll-over"):
        return False
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
