"""What a client of our listener showed: is it what its send connector names, and how did it fail to show it?"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.build import AT, CLIENT, MAIL, SESSION, delivered, delivery, stopped
from fixtures.certificates import leaf, sample
from fixtures.scenes import CONTOSO, ISSUING, LEAF, ROOTS, scenes
from probe.config import organisation as exported
from probe.judge.catalogue import explain
from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors
from probe.judge.inbound import refusal
from probe.judge.inbound.attribution import NO_DELIVERY
from probe.judge.judging import judge
from probe.judge.standard import AuthLevel, Standard
from probe.model import (
    AcceptedDomain,
    Attributed,
    Direction,
    Endpoint,
    ExchangeCertificate,
    Failure,
    Finding,
    Gap,
    InboundConnector,
    Kind,
    Many,
    Observation,
    Organisation,
    PresentedChain,
    Report,
    Speaker,
    Stage,
    Turn,
    Verdict,
)
from probe.report.attribution import attribution
from probe.report.remedy import steps
from probe.report.sentences.inbound import HANDSHAKES
from probe.report.wording import cause, sentence
from tests.organisations import HOST, INBOUND, NAME, SEND, SUBJECT, installed, organisation

ANCHORS = Anchors(label="roots", der=ROOTS)
WHOLE = (sample("renewed_same"), sample("int2025"))
EXPIRED = (sample("old"), sample("int2025"))
SELF_SIGNED = (sample("selfsigned"),)
RENEWED, OLD, SETUP = (installed(name).thumbprint for name in ("renewed_same", "old", "selfsigned"))
OTHER = (LEAF.der, ISSUING.der)  # for the same names, by another CA
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
CODES = ("connector-certificate-matches", "connector-certificate-mismatch", "export-outdated")


def judged(found: Observation, whole: Organisation | None = None) -> Report:
    return judge(delivered(found), Standard(), ANCHORS, AT, whole)


def told(whole: Organisation, *chain: bytes, greeted: str = "EX01.corp.contoso.com") -> list[Finding]:
    """What is said of the certificate and the send connector."""
    found = delivery(*chain, said=(f"EHLO {greeted}", *MAIL[1:]))
    return [found for found in judged(found, whole).findings if found.code in CODES]


def sending(**changes: Any) -> Organisation:
    """The usual organisation with another send connector."""
    whole = organisation()
    return replace(whole, send=(replace(whole.send[0], **changes),))


def held(der: bytes) -> ExchangeCertificate:
    """Any certificate as it is installed on the first server."""
    found = parse(der)
    assert isinstance(found, Certificate)
    own: dict[str, Any] = {
        "thumbprint": found.sha1.upper(),
        "subject": found.subject,
        "issuer": found.issuer,
        "der": der,
    }
    return replace(installed("renewed_same"), **own)


def test_the_certificate_is_the_one_that_the_send_connector_names() -> None:
    (found,) = told(organisation(), *WHOLE)
    assert (found.verdict, found.fact("by")) == (OK, f"the TlsCertificateName of {SEND}")
    assert found.fact("ambiguous") is None


@pytest.mark.parametrize(("chain", "thumbprint"), [(WHOLE, RENEWED), (EXPIRED, OLD)])
def test_of_two_that_share_the_pair_the_wire_tells_which_is_in_use(chain: tuple[bytes, ...], thumbprint: str) -> None:
    whole = organisation(certificates=(installed("renewed_same"), installed("old")))
    (found,) = told(whole, *chain)
    assert (found.verdict, found.fact("thumbprint")) == (OK, thumbprint)
    assert "2 installed certificates share that name" in sentence(found)


def test_another_thumbprint_than_the_connector_s() -> None:
    """As in the case of 2014: the log has another thumbprint than the certificate that was assigned."""
    (found,) = told(organisation(), *SELF_SIGNED)
    assert (found.verdict, cause(found)) == (FAIL, "send-another-installed")
    assert (found.fact("expected"), found.fact("presented")) == (RENEWED, SETUP)
    assert (found.fact("connectors"), found.fact("servers")) == (SEND, "EX01")

    assert "of CN=EX01" in sentence(found)

    lines = mended(found)
    assert f"    Set-SendConnector '{SEND}' -TlsCertificateName $n" in lines
    assert f"    $c = Get-ExchangeCertificate -Server 'EX01' -Thumbprint '{RENEWED}'" in lines
    assert any("Restart-Service MSExchangeTransport" in line for line in lines)
    assert not any("Set-ReceiveConnector" in line for line in lines)


def mended(found: Finding) -> list[str]:
    """The lines of the remedy, filled in."""
    return [line for step in steps([found], explain(found.code, cause(found))) for line in step]


WEBMAIL = leaf("CN=webmail.contoso.com", ISSUING, ("webmail.contoso.com",)).der
EARLIER = leaf(CONTOSO, ISSUING, (HOST,), until=AT - timedelta(days=3)).der
LATER = leaf(CONTOSO, ISSUING, (HOST,), until=AT + timedelta(days=800)).der
MORE_NAMES = leaf("CN=mail.contoso.com,O=Contoso", ISSUING, (HOST, "x.contoso.com")).der


@pytest.mark.parametrize(
    ("der", "why"),
    [
        (EARLIER, "send-old-installed"),
        (MORE_NAMES, "send-another-installed"),
        (LATER, "send-another-installed"),
        (WEBMAIL, "send-another-installed"),
        (SELF_SIGNED[0], "send-another-installed"),
    ],
    ids=["earlier", "more-names", "later", "webmail", "self-signed"],
)
def test_only_a_predecessor_is_ever_removed(der: bytes, why: str) -> None:
    whole = organisation(certificates=(installed("renewed_same"), held(der)))
    (found,) = told(whole, der, ISSUING.der)
    assert cause(found) == why
    lines = mended(found)
    presented = found.fact("presented")
    removal = f"    Remove-ExchangeCertificate -Server 'EX01' -Thumbprint '{presented}'"
    assert (removal in lines) is (why == "send-old-installed")
    assert any("$null" in line for line in lines) is (why == "send-old-installed")
    assert any("Remove-ExchangeCertificate" in line for line in lines) is (why == "send-old-installed")


def test_where_the_named_one_is_no_better_nothing_is_removed() -> None:
    """Without it the server would have none at all."""
    keyless = installed("renewed_same", has_private_key=False)
    (found,) = told(organisation(certificates=(keyless, held(EARLIER))), EARLIER, ISSUING.der)
    assert cause(found) == "send-another-installed"


def test_one_that_is_known_all_the_same_is_no_failure() -> None:
    whole = organisation(certificates=(installed("renewed_same"), held(LEAF.der)))
    (found,) = told(whole, *OTHER)
    assert (found.verdict, cause(found)) == (WARN, "send-old-installed")


def test_a_renewed_one_that_the_export_does_not_have_yet() -> None:
    """It bears issuer and subject that the connector names: it was installed since, whenever it was issued."""
    (found,) = told(organisation(certificates=(installed("old"),)), *WHOLE)
    assert (found.verdict, found.code) == (OK, "connector-certificate-matches")
    assert f"another one installed: {OLD} (expired 2026-11-02)" in sentence(found)


def test_a_stranger_s_certificate() -> None:
    stranger = leaf("CN=gateway.fabrikam.com", ISSUING, ("gateway.fabrikam.com",)).der
    (found,) = told(organisation(), stranger, ISSUING.der)
    assert (found.verdict, cause(found)) == (FAIL, "send-not-installed")


def test_a_certificate_younger_than_the_export() -> None:
    young = leaf(CONTOSO, ISSUING, (HOST,), not_before=AT - timedelta(hours=1)).der
    (found,) = told(organisation(), young, ISSUING.der)
    assert (found.code, found.verdict) == ("export-outdated", WARN)


def test_a_name_that_no_certificate_has() -> None:
    whole = sending(tls_certificate_name=f"<I>CN=Fabrikam TLS RSA CA 2024, C=US<S>{SUBJECT}")
    (found,) = told(whole, *WHOLE)
    assert (found.verdict, cause(found)) == (WARN, "send-name-stale")
    assert "issuer CN: expected `Fabrikam TLS RSA CA 2024`" in sentence(found)


def test_a_name_compared_where_no_certificates_were_exported() -> None:
    (found,) = told(organisation(certificates=()), *WHOLE)
    assert found.verdict is OK
    assert (found.fact("by") or "").startswith("issuer and subject")
    (found,) = told(organisation(certificates=()), *OTHER)
    assert cause(found) == "send-name-stale"


def test_where_no_name_is_set_the_fqdn_counts() -> None:
    (found,) = told(sending(tls_certificate_name=None), *WHOLE)
    assert (found.verdict, found.code) == (OK, "connector-certificate-matches")
    assert "Fqdn" in (found.fact("by") or "")
    (found,) = told(sending(tls_certificate_name=None), *SELF_SIGNED)
    assert (cause(found), found.fact("expected")) == ("send-another-installed", RENEWED)


@pytest.mark.parametrize(
    "whole",
    [
        sending(tls_certificate_name=Gap.ABSENT),
        sending(tls_certificate_name="<S>, OU=Domain Control Validated"),
        sending(tls_certificate_name=None, fqdn=Gap.ABSENT),
        organisation(send=()),
    ],
    ids=["absent", "scrubbed", "no-fqdn", "no-connector"],
)
def test_nothing_is_said_where_it_is_not_known_what_is_named(whole: Organisation) -> None:
    assert told(whole, *WHOLE) == []


def test_the_greeting_tells_which_server_it_may_have_been() -> None:
    whole = organisation(certificates=(installed("renewed_same", "EX01"), installed("old", "EX02")))
    (found,) = told(whole, *SELF_SIGNED, greeted="ex02.corp.contoso.com")
    assert (found.fact("expected"), found.fact("senders")) == (OLD, "EX02")
    assert [dict(row)["SERVER"] for row in found.names.servers] == ["EX02"]
    (found,) = told(whole, *SELF_SIGNED, greeted="[192.0.2.1]")
    assert found.fact("senders") == "EX01, EX02"
    # It is a hint and no more.
    (found,) = told(whole, *WHOLE, greeted="EX02")
    assert found.code == "connector-certificate-matches"


# How it failed


@pytest.mark.parametrize(
    ("kind", "detail", "how"),
    [
        (Kind.ALERT, "unknown ca", "refused-ours"),
        (Kind.ALERT, "bad certificate", "refused-ours"),
        (Kind.ALERT, "certificate expired", "refused-ours"),
        (Kind.ALERT, "certificate unknown", "refused-ours"),
        (Kind.CLOSED, "the connection was closed", "closed"),
        (Kind.CLOSED, "Connection reset by peer", "closed"),
        (Kind.PROTOCOL, "bad signature", "key-mismatch"),
        (Kind.ALERT, "decrypt error", None),
        (Kind.PROTOCOL, "unsupported protocol", "nothing-in-common"),
        (Kind.PROTOCOL, "no shared cipher", "nothing-in-common"),
        (Kind.ALERT, "handshake failure", "nothing-in-common"),
        (Kind.PROTOCOL, "wrong version number", "not-tls"),
        (Kind.PROTOCOL, "http request", "not-tls"),
        (Kind.ALERT, "internal error", None),
    ],
)
def test_failed_handshakes_are_told_apart(kind: Kind, detail: str, how: str | None) -> None:
    (found,) = judged(stopped(Stage.HANDSHAKE, kind, detail)).findings
    assert (found.code, found.verdict, cause(found)) == ("client-handshake-failed", FAIL, how)
    assert found.fact("detail") == detail
    assert detail in sentence(found) or detail in HANDSHAKES


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("unsupported protocol", "the client offers no TLS 1.2 or later"),
        ("no shared cipher", "client and listener have no cipher suite in common"),
        ("bad signature", "the client's key is not that of its certificate"),
        ("wrong version number", "what the client sent is not TLS"),
        ("http request", "what the client sent is HTTP and not TLS"),
    ],
)
def test_how_it_failed_is_said_as_it_is(detail: str, words: str) -> None:
    (found,) = judged(stopped(Stage.HANDSHAKE, Kind.PROTOCOL, detail)).findings
    assert sentence(found) == f"the TLS handshake failed: {words} (EX01.corp.contoso.com)"


def test_every_word_that_is_put_otherwise_is_one_that_is_told_apart() -> None:
    for detail in HANDSHAKES:
        (found,) = judged(stopped(Stage.HANDSHAKE, Kind.PROTOCOL, detail)).findings
        assert cause(found) in ("key-mismatch", "nothing-in-common", "not-tls")


@pytest.mark.parametrize(
    "found",
    [stopped(Stage.HANDSHAKE, Kind.CLOSED, "the connection was closed"), delivery()],
    ids=["closed", "none-shown"],
)
def test_what_should_have_been_shown_is_told(found: Observation) -> None:
    """An old certificate of the same name, or one without its key, is what makes Windows give up."""
    whole = organisation(certificates=(installed("renewed_same", has_private_key=False), installed("old")))
    told = next(found for found in judged(found, whole).findings if found.code.startswith("client-"))
    assert f"{RENEWED} without its key" in sentence(told)
    assert f"{OLD} (expired 2026-11-02)" in sentence(told)


def test_remedies_use_the_good_certificate_and_remove_another() -> None:
    whole = organisation(certificates=(installed("renewed_same"), installed("old")))
    for found in (stopped(Stage.HANDSHAKE, Kind.CLOSED, ""), delivery(*EXPIRED)):
        (blanks,) = {one.names.common for one in judged(found, whole).findings if one.verdict is FAIL}
        assert (dict(blanks)["THUMBPRINT"], dict(blanks)["OLD-THUMBPRINT"]) == (RENEWED, OLD)
    (blanks,) = {one.names.common for one in judged(delivery(*WHOLE[:1]), whole).findings if one.verdict is FAIL}
    assert dict(blanks)["THUMBPRINT"] == RENEWED
    assert "OLD-THUMBPRINT" not in dict(blanks)


def recommended(found: Observation, whole: Organisation) -> set[str | None]:
    """The certificates to show, as the remedies of this delivery name them."""
    return {dict(one.names.common).get("THUMBPRINT") for one in judged(found, whole).findings if one.verdict is not OK}


BY_WEBMAIL = held(WEBMAIL)
TO_WEBMAIL = replace(organisation().send[0], name="Other", tls_certificate_name="<S>CN=webmail.contoso.com")
MAIL_ALONE = InboundConnector(
    name="In", enabled=True, connector_type="OnPremises", tls_sender_certificate_name=HOST, sender_ip_addresses=Many()
)


@pytest.mark.parametrize(
    ("changes", "shown", "thumbprint"),
    [
        # Web mail's ends latest and would be a guess.
        ({"send": (), "outbound": ()}, (), RENEWED),
        (
            {"send": (), "outbound": (), "inbound": (replace(MAIL_ALONE, tls_sender_certificate_name=NAME),)},
            (),
            RENEWED,
        ),
        ({"send": (), "outbound": (), "inbound": (replace(MAIL_ALONE, tls_sender_certificate_name="x.y"),)}, (), None),
        ({"send": (), "outbound": (), "inbound": ()}, (), None),
        # The connector's own word goes before what would fit.
        ({"send": (TO_WEBMAIL,)}, (), "W"),
        # It names the certificate that is no good.
        ({"send": (replace(organisation().send[0], tls_certificate_name="<S>CN=EX01"),)}, SELF_SIGNED, RENEWED),
        ({"send": (replace(organisation().send[0], tls_certificate_name="<S>CN=EX01"),)}, (), RENEWED),
        ({"certificates": (installed("renewed_same"),)}, WHOLE, None),
        ({"send": (), "domains": (AcceptedDomain(domain="contoso.net", online=True),)}, WHOLE, None),
        ({"send": (organisation().send[0], TO_WEBMAIL)}, (), RENEWED),
    ],
    ids=[
        "by-name",
        "by-pair",
        "by-none",
        "no-connector",
        "by-send",
        "self-signed",
        "self-signed-unshown",
        "itself",
        "itself-attr36",
        "two",
    ],
)
def test_no_certificate_is_recommended_blindly(
    changes: dict[str, Any], shown: tuple[bytes, ...], thumbprint: str | None
) -> None:
    late = replace(BY_WEBMAIL, not_after=AT + timedelta(days=900))
    held_here = (installed("selfsigned"), installed("renewed_same"), late)
    own: dict[str, Any] = {"inbound": (MAIL_ALONE,), "certificates": held_here, **changes}
    whole = organisation(**own)
    if shown and "certificates" in changes:  # in order by itself, and no connector knows it
        whole = replace(whole, inbound=(replace(MAIL_ALONE, tls_sender_certificate_name="x.y"),))
    assert recommended(delivery(*shown), whole) == {late.thumbprint if thumbprint == "W" else thumbprint}


def test_a_key_may_be_to_be_repaired() -> None:
    keyless = organisation(certificates=(installed("renewed_same", has_private_key=False),))
    assert recommended(stopped(Stage.HANDSHAKE, Kind.CLOSED, ""), keyless) == {RENEWED}
    assert recommended(delivery(), keyless) == {None}


def test_the_name_that_a_client_calls_for_is_not_its_own() -> None:
    found = delivery(*WHOLE)
    found = replace(found, endpoint=replace(found.endpoint, server_name="listener.fabrikam.com"))
    standard = Standard(auth_level=AuthLevel.DOMAIN_VALIDATION)
    assert judge(delivered(found), standard, ANCHORS, AT).verdict is OK


def test_a_client_may_leave_as_tls_begins() -> None:
    (found,) = judged(stopped(Stage.DIALOGUE, Kind.CLOSED, "Connection reset by peer")).findings
    assert cause(found) == "closed"


def test_a_certificate_of_ours_that_is_refused_afterwards() -> None:
    late = Failure(stage=Stage.AFTER, kind=Kind.ALERT, detail="unknown ca")
    report = judged(delivery(*WHOLE, said=(), failure=late))
    (found,) = (found for found in report.findings if found.verdict is not OK)
    assert (found.verdict, cause(found)) == (FAIL, "refused-ours")


@pytest.mark.parametrize("exports", [None, organisation()], ids=["alone", "exports"])
@pytest.mark.parametrize(
    ("said", "words"), [(("QUIT",), "the client said nothing but QUIT"), ((), "the client said nothing")]
)
def test_who_says_nothing_inside_tls_has_not_delivered(
    said: tuple[str, ...], words: str, exports: Organisation | None
) -> None:
    report = judged(delivery(*WHOLE, said=said), exports)
    (found,) = (found for found in report.findings if found.verdict is not OK)
    assert (found.code, found.verdict, cause(found)) == ("client-left", WARN, None)
    assert sentence(found) == f"TLS stood, and {words} (EX01.corp.contoso.com)"
    assert {"tls-established", "certificate-trusted"} <= {found.code for found in report.findings}
    if report.attribution:
        assert (report.attribution.outcome, report.attribution.because) == (Attributed.UNKNOWN, NO_DELIVERY)


def test_what_it_showed_before_it_left_is_judged() -> None:
    report = judged(delivery(*EXPIRED, said=("QUIT",)), organisation())
    codes = {found.code for found in report.findings if found.verdict is not OK}
    assert {"client-left", "certificate-expired"} <= codes
    assert "not-attributed" not in codes


@pytest.mark.parametrize(
    ("early", "number", "words"),
    [
        ("EHLO injected\r\n", "1", "1 line came in plain text behind STARTTLS: EHLO injected"),
        (
            "AUTH PLAIN ***\r\nMAIL FROM:<***@contoso.com>\r\n",
            "2",
            "2 lines came in plain text behind STARTTLS: AUTH PLAIN ***; MAIL FROM:<***@contoso.com>",
        ),
        (f"{'NOOP' + chr(13) + chr(10)}" * 50 + "(7 lines more)\r\n", "57", "57 lines came in plain text"),
        ("EHLO x", "1", "1 line came in plain text behind STARTTLS: EHLO x"),
        ("\r\n", "0", "0 lines came in plain text"),
    ],
)
def test_what_came_too_early_is_counted_in_lines_and_shown(early: str, number: str, words: str) -> None:
    report = judged(replace(delivery(said=(), session=None, certificate_requested=False), early=early))
    (found,) = report.findings
    assert (found.code, found.fact("lines"), found.fact("bytes")) == ("plaintext-injected", number, None)
    assert sentence(found).startswith(words)
    assert len(found.fact("text") or "") <= 200


# Whatever comes

WORDS = (
    "EHLO",
    "HELO",
    "MAIL",
    "RCPT",
    "STARTTLS",
    "QUIT",
    "AUTH",
    "250",
    "220",
    "451",
    " ",
    "FROM:",
    "TO:",
    "<>",
    "@",
)
TEXT = st.one_of(
    st.text(max_size=20), st.lists(st.sampled_from((*WORDS, "contoso.com", "\r\n")), max_size=9).map("".join)
)
TURNS = st.lists(st.builds(Turn, who=st.sampled_from(Speaker), data=TEXT, tls=st.booleans()), max_size=6).map(tuple)
CERTIFICATES = st.one_of(
    st.sampled_from((*WHOLE, *EXPIRED, *SELF_SIGNED, *OTHER, *ROOTS, WHOLE[0][:99])), st.binary(max_size=40)
)
OBSERVATIONS = st.builds(
    Observation,
    endpoint=st.builds(
        Endpoint, host=st.just(CLIENT), address=st.one_of(st.just(CLIENT), TEXT), port=st.just(25), server_name=TEXT
    ),
    at=st.just(AT),
    transcript=TURNS,
    early=TEXT,
    certificate_requested=st.booleans(),
    session=st.sampled_from((None, SESSION, replace(SESSION, version="TLSv9", cipher="", cipher_bits=0))),
    chain=st.one_of(
        st.none(), st.builds(PresentedChain, der=st.lists(CERTIFICATES, max_size=3).map(tuple), omitted=st.just(0))
    ),
    failure=st.one_of(
        st.none(), st.builds(Failure, stage=st.sampled_from(Stage), kind=st.sampled_from(Kind), detail=TEXT)
    ),
    direction=st.just(Direction.INBOUND),
)
GAPS = st.sampled_from((None, *Gap))
LISTS = st.one_of(
    GAPS,
    st.builds(
        Many,
        st.lists(st.one_of(TEXT, st.sampled_from((CLIENT, "0.0.0.0/0", "smtp:*;1", "1-2"))), max_size=3).map(tuple),
        cut=st.booleans(),
    ),
)
FLAGS = st.one_of(GAPS, st.booleans())
CONNECTORS = st.builds(
    InboundConnector,
    name=TEXT,
    enabled=FLAGS,
    connector_type=st.one_of(GAPS, st.sampled_from(("OnPremises", "Partner", "?"))),
    sender_domains=LISTS,
    sender_ip_addresses=LISTS,
    tls_sender_certificate_name=st.one_of(GAPS, TEXT, st.sampled_from((HOST, "*.contoso.com", NAME, "<S>", "<I>"))),
    restrict_domains_to_certificate=FLAGS,
    restrict_domains_to_ip_addresses=FLAGS,
)
DOMAINS = st.builds(
    AcceptedDomain,
    domain=st.one_of(TEXT, st.sampled_from(("contoso.com", "*.contoso.com"))),
    match_subdomains=FLAGS,
    online=st.sampled_from((None, True, False)),
)
ORGANISATIONS = st.builds(
    lambda inbound, domains, sent: replace(sent, inbound=tuple(inbound), domains=tuple(domains)),
    st.lists(CONNECTORS, max_size=3),
    st.lists(DOMAINS, max_size=2),
    st.sampled_from((organisation(), sending(tls_certificate_name=None), organisation(certificates=(), send=()))),
)
STANDARDS = (
    Standard(),
    Standard(name=HOST),
    Standard(auth_level=AuthLevel.ENCRYPTION_ONLY, min_tls="TLSv1.3", thumbprints=("0" * 40,)),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(OBSERVATIONS, st.sampled_from(STANDARDS), st.one_of(st.none(), ORGANISATIONS))
def test_whatever_comes_is_judged(found: Observation, standard: Standard, whole: Organisation | None) -> None:
    report = judge(delivered(found), standard, ANCHORS, AT, whole)

    assert report.findings
    assert (report.attribution is None) is (whole is None)
    for one in report.findings:
        assert "\n" not in sentence(one)
        assert explain(one.code, cause(one)).title
    assert isinstance(refusal(found, standard, ANCHORS, AT, whole), str)


def test_no_delivery_at_all_is_unknown() -> None:
    report = judge(replace(delivered(delivery()), observations=()), Standard(), ANCHORS, AT, organisation())
    assert (report.verdict, report.findings) == (UNKNOWN, ())


@pytest.mark.parametrize("name", [name for name in scenes() if name.startswith("delivery-")])
def test_every_scene_is_judged_with_exports(name: str) -> None:
    report = judge(scenes()[name], Standard(), ANCHORS, AT, organisation())
    assert report.attribution is not None
    assert all(found.where.address == CLIENT for found in report.findings)


# Exports in every form

EXPORTS = Path("fixtures/exchange/exports")
WHOLES = [EXPORTS / "org", *sorted((EXPORTS / "forms").iterdir())]
PARTS = sorted(path for path in EXPORTS.rglob("*") if path.is_file())


@pytest.mark.parametrize("exports", WHOLES, ids=lambda path: path.name)
def test_a_good_delivery_is_good_by_every_form_of_the_exports(exports: Path) -> None:
    report = judge(scenes()["delivery-whole"], Standard(), ANCHORS, AT, exported([exports]))
    assert (report.verdict, attribution(report.attribution)) == (
        OK,
        f"attributed to connector {INBOUND} by certificate; relay possible: yes",
    )
    assert "connector-certificate-matches" in {found.code for found in report.findings}


@pytest.mark.parametrize("part", PARTS, ids=lambda path: str(path.relative_to(EXPORTS)))
def test_what_a_part_of_the_exports_lacks_is_no_fault_of_the_delivery_s(part: Path) -> None:
    report = judge(scenes()["delivery-whole"], Standard(), ANCHORS, AT, exported([part]))
    assert report.verdict in (OK, UNKNOWN)
    unknown = [sentence(found) for found in report.findings if found.code == "attribution-unknown"]
    assert all("(Get-InboundConnector)" in text or "(Get-AcceptedDomain)" in text for text in unknown)
    assert bool(unknown) is (report.verdict is UNKNOWN)
