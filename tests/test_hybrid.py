"""Endpoints held against an organisation's exports: by which connector, which certificate, asked for ours or not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures.build import (
    ADDRESS,
    AT,
    GO_AHEAD,
    GREETING,
    HOST,
    INSIDE,
    SECOND,
    answer,
    by_mx,
    dialogue,
    evidence,
    hello,
    hop,
    seen,
)
from fixtures.certificates import sample
from fixtures.scenes import ISSUING, LEAF, ROOTS
from probe.judge.catalogue.hybrid import HYBRID
from probe.judge.catalogue.installed import INSTALLED
from probe.judge.chain import Anchors
from probe.judge.hybrid.way import implied, is_smart_host, way
from probe.judge.judging import judge
from probe.judge.standard import AuthLevel, Standard
from probe.model import (
    Evidence,
    Failure,
    Finding,
    Gap,
    HybridConfiguration,
    Kind,
    Many,
    Organisation,
    Report,
    RuleBook,
    Stage,
    Verdict,
)
from tests.organisations import (
    GRANTED,
    NAME,
    OUTBOUND,
    front_end,
    installed,
    organisation,
    outbound,
)

ANCHORS = Anchors(label="roots", der=ROOTS)
GOOD = (sample("renewed_same"), sample("int2025"))
RENEWED, SELF_SIGNED = (installed(name).thumbprint for name in ("renewed_same", "selfsigned"))


def report(whole: Organisation, *chain: bytes, given: str = f"{HOST}:25", **changes: Any) -> Report:
    changes = {"certificate_requested": True, **changes}
    return judge(evidence(seen(*(chain or GOOD), **changes), given=given), Standard(), ANCHORS, AT, whole)


def told(found: Report) -> dict[str, tuple[Verdict, str | None]]:
    return {finding.code: (finding.verdict, finding.fact("cause")) for finding in found.findings}


def one(found: Report, code: str) -> Finding:
    (finding,) = (finding for finding in found.findings if finding.code == code)
    return finding


def test_all_is_well() -> None:
    found = report(organisation())
    assert found.verdict is Verdict.OK
    assert one(found, "connector-certificate-matches").fact("by") == (
        "the TlsCertificateName of EX01\\Default Frontend EX01"  # EX01 said so in its banner
    )
    assert one(found, "connector-applies").fact("connector") == OUTBOUND
    assert one(found, "certificate-name-matches").rule_book is RuleBook.EXCHANGE_ONLINE
    assert "client-certificate-asked" in told(found)


def test_a_banner_that_names_no_server_leaves_all_front_ends() -> None:
    transcript = dialogue("220 gateway ESMTP\r\n", hello("STARTTLS"), GO_AHEAD, INSIDE)
    found = one(report(organisation(), transcript=transcript), "connector-certificate-matches")
    assert found.fact("by") == ("the TlsCertificateName of EX01\\Default Frontend EX01, EX02\\Default Frontend EX02")


# The certificate on the wire, what of the organisation is otherwise, and what comes of it.
OLD_NAME = NAME.replace("2025", "2024")
PRESENTED = {
    "the self-signed one, for no certificate is named": (
        (sample("selfsigned"),),
        organisation(receive=(front_end(tls_certificate_name=None),)),
        ("connector-certificate-mismatch", Verdict.FAIL, "name-unset"),
    ),
    "the self-signed one, though another is named": (
        (sample("selfsigned"),),
        organisation(),
        ("connector-certificate-mismatch", Verdict.FAIL, "another-installed"),
    ),
    "one that no server has, and that the export should know": (
        (sample("old"), sample("int2025")),
        organisation(),
        ("connector-certificate-mismatch", Verdict.FAIL, "not-installed"),
    ),
    "one that is younger than the export": (
        GOOD,
        organisation(certificates=(installed("old"),), collected=datetime(2026, 10, 1, tzinfo=UTC)),
        ("export-outdated", Verdict.WARN, None),
    ),
    "one that is younger than all that an undated export knows": (
        GOOD,
        organisation(certificates=(installed("old"),), collected=None),
        ("export-outdated", Verdict.WARN, None),
    ),
    "a younger one, by an issuer that the connector does not name": (
        (sample("renewed_newissuer"), sample("int2026")),
        organisation(certificates=(installed("old"),), collected=datetime(2026, 10, 1, tzinfo=UTC)),
        ("export-outdated", Verdict.WARN, None),
    ),
    "the one of that name, where no certificate was exported": (
        GOOD,
        organisation(certificates=()),
        ("connector-certificate-matches", Verdict.OK, None),
    ),
    "one by another issuer, where no certificate was exported": (
        (sample("renewed_newissuer"), sample("int2026")),
        organisation(certificates=()),
        ("connector-certificate-mismatch", Verdict.FAIL, "issuer-differs"),
    ),
    "one with another subject, where no certificate was exported": (
        GOOD,
        organisation(certificates=(), receive=(front_end(tls_certificate_name=NAME.replace("Reading", "Slough")),)),
        ("connector-certificate-mismatch", Verdict.FAIL, "subject-differs"),
    ),
    "another one altogether, where no certificate was exported": (
        (sample("selfsigned"),),
        organisation(certificates=()),
        ("connector-certificate-mismatch", Verdict.FAIL, "issuer-and-subject-differ"),
    ),
    "one that cannot be read": (
        (b"\x30\x00",),
        organisation(certificates=()),
        ("connector-certificate-mismatch", Verdict.FAIL, "issuer-and-subject-differ"),
    ),
}


@pytest.mark.parametrize("case", PRESENTED)
def test_the_presented_certificate(case: str) -> None:
    chain, whole, (code, verdict, cause) = PRESENTED[case]
    assert told(report(whole, *chain))[code] == (verdict, cause)


BY_FQDN = organisation(receive=tuple(front_end(one, tls_certificate_name=None, fqdn=HOST) for one in ("EX01", "EX02")))
ONLY_OUR_RELAY = front_end(
    name="EX01\\Relay",
    tls_certificate_name=None,
    tls_domain_capabilities=None,
    remote_ip_ranges=Many(("10.0.0.0/8",)),
)
SILENT = {
    "no receive connector was exported": organisation(receive=()),
    "what they name was not exported": organisation(receive=(front_end(tls_certificate_name=Gap.ABSENT),)),
    "what they name was lost": organisation(receive=(front_end(tls_certificate_name=Gap.LOST),)),
}


@pytest.mark.parametrize("case", SILENT)
def test_where_it_is_not_known_what_is_named_nothing_is_a_mismatch(case: str) -> None:
    found = report(SILENT[case])
    assert found.verdict is Verdict.OK
    assert not {"connector-certificate-matches", "connector-certificate-mismatch"} & set(told(found))


def test_a_certificate_that_is_found_by_the_fqdn_is_as_good_as_named() -> None:
    found = report(BY_FQDN)
    assert found.verdict is Verdict.OK
    assert "the Fqdn of EX01" in (one(found, "connector-certificate-matches").fact("by") or "")


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [("DomainValidation", Verdict.FAIL), ("EncryptionOnly", Verdict.OK), (None, Verdict.OK), (Gap.LOST, Verdict.WARN)],
)
def test_a_self_signed_one_harms_where_somebody_checks_it(settings: Any, verdict: Verdict) -> None:
    whole = organisation(receive=(front_end(tls_certificate_name=None),), outbound=(outbound(tls_settings=settings),))
    found = one(report(whole, sample("selfsigned")), "connector-certificate-mismatch")
    assert (found.verdict, found.fact("cause")) == (verdict, "name-unset")


def test_a_ca_s_certificate_that_nobody_named_is_a_warning() -> None:
    found = one(report(organisation(receive=(front_end(tls_certificate_name=None),))), "connector-certificate-mismatch")
    assert (found.verdict, found.fact("cause")) == (Verdict.WARN, "name-unset")


def test_nobody_names_one_and_the_one_shown_is_on_no_server() -> None:
    whole = organisation(receive=(front_end(tls_certificate_name=None),))
    found = one(report(whole, sample("old"), sample("int2025")), "connector-certificate-mismatch")
    assert (found.verdict, found.fact("cause")) == (Verdict.WARN, "not-installed")
    elsewhere = organisation(receive=(front_end("EX09", tls_certificate_name=None),))
    assert "connector-certificate-mismatch" not in told(report(elsewhere, sample("old"), sample("int2025")))


def test_a_stale_name_is_told_by_its_difference() -> None:
    stale = organisation(certificates=(installed("renewed_newissuer"),))
    found = one(report(stale, sample("renewed_newissuer"), sample("int2026")), "connector-certificate-mismatch")
    assert found.fact("cause") == "issuer-differs"


def test_a_relay_for_the_inside_is_not_what_exchange_online_meets() -> None:
    beside = organisation(receive=(front_end("EX01"), front_end("EX02"), ONLY_OUR_RELAY))
    found = one(report(beside, sample("selfsigned")), "connector-certificate-mismatch")
    assert found.fact("cause") == "another-installed"
    asked = one(report(beside, certificate_requested=False), "client-certificate-not-asked")
    assert (asked.verdict, asked.fact("cause")) == (Verdict.WARN, "configured")


def test_a_connector_of_its_own_for_exchange_online_excuses_the_default_one() -> None:
    made = front_end(name="EX01\\From Exchange Online", remote_ip_ranges=Many(("40.92.0.0/15",)))
    plain = front_end(tls_domain_capabilities=None)
    found = one(
        report(organisation(receive=(plain, made)), certificate_requested=False), "client-certificate-not-asked"
    )
    assert found.verdict is Verdict.OK
    assert "From Exchange Online" in (found.fact("excused_by") or "")


def test_without_starttls_the_exports_tell_why_of_the_server_that_answered() -> None:
    transcript = dialogue(GREETING, hello("SIZE 37748736", "X-ANONYMOUSTLS"))
    refused = Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="no STARTTLS")

    def on(whole: Organisation) -> Report:
        without = seen(transcript=transcript, failure=refused)
        return judge(evidence(without, given=f"{HOST}:25"), Standard(), ANCHORS, AT, whole)

    renewed = tuple(installed("renewed_newissuer", server) for server in ("EX01", "EX02"))
    stale = one(on(organisation(certificates=renewed)), "connector-name-stale")
    assert (stale.where.name, stale.fact("also")) == ("EX01\\Default Frontend EX01", None)
    assert {dict(row).get("SERVER") for row in stale.names.servers} == {"EX01"}
    mute = organisation(receive=(front_end(auth_mechanism=Many(("ExchangeServer",))), front_end("EX02")))
    assert one(on(mute), "receive-without-tls").where.name == "EX01\\Default Frontend EX01"
    assert not {"connector-name-stale", "receive-without-tls"} & set(told(on(organisation())))


def test_two_installed_certificates_of_one_name_are_told_apart_by_the_wire() -> None:
    both = organisation(certificates=(installed("renewed_same"), installed("old")))
    found = one(report(both), "connector-certificate-matches")
    assert found.fact("thumbprint") == RENEWED
    assert found.fact("ambiguous") == "2 installed certificates share that name; this is the one in use"
    old = one(report(both, sample("old"), sample("int2025")), "connector-certificate-matches")
    assert old.fact("thumbprint") == installed("old").thumbprint


def test_nothing_is_concluded_from_a_name_that_the_export_lost() -> None:
    for gap in Gap:
        lost = organisation(receive=(front_end(tls_certificate_name=gap),), certificates=())
        assert not {"connector-certificate-matches", "connector-certificate-mismatch"} & set(told(report(lost)))


@pytest.mark.parametrize(
    ("asked", "capabilities", "verdict"),
    [
        (True, (GRANTED, GRANTED), ("client-certificate-asked", Verdict.OK, None)),
        (True, (None, None), ("client-certificate-asked", Verdict.OK, None)),
        (False, (GRANTED, GRANTED), ("client-certificate-not-asked", Verdict.WARN, "configured")),
        (False, (GRANTED, Many()), ("client-certificate-not-asked", Verdict.WARN, "some-configured")),
        (False, (None, Many()), ("client-certificate-not-asked", Verdict.WARN, "not-configured")),
        (False, (Gap.LOST, Gap.ABSENT), None),
        (False, (GRANTED, Gap.LOST), None),
        (True, (Gap.LOST, Gap.LOST), None),
    ],
)
def test_a_client_certificate_is_asked_for_where_rights_depend_on_it(
    asked: bool, capabilities: Sequence[Any], verdict: tuple[str, Verdict, str | None] | None
) -> None:
    # Both are of EX01: which of them answered, the banner cannot tell.
    connectors = (
        front_end(tls_domain_capabilities=capabilities[0]),
        front_end(name="EX01\\From Exchange Online", tls_domain_capabilities=capabilities[1]),
    )
    found = told(report(organisation(receive=connectors), certificate_requested=asked))
    about = {code: rest for code, rest in found.items() if code.startswith("client-certificate")}
    assert about == ({verdict[0]: verdict[1:]} if verdict else {})


LEVELS = {
    "DomainValidation": (AuthLevel.DOMAIN_VALIDATION, Verdict.FAIL, Verdict.FAIL),
    "CertificateValidation": (AuthLevel.CERTIFICATE_VALIDATION, Verdict.OK, Verdict.FAIL),
    "EncryptionOnly": (AuthLevel.ENCRYPTION_ONLY, Verdict.OK, Verdict.OK),
    None: (None, Verdict.WARN, Verdict.WARN),
}


@pytest.mark.parametrize("settings", LEVELS)
def test_the_connector_says_how_much_is_demanded(settings: str | None) -> None:
    """By a certificate that has neither the name nor a trusted issuer."""
    _, naming, trust = LEVELS[settings]
    domain = HOST if settings == "DomainValidation" else None
    whole = organisation(outbound=(outbound(tls_settings=settings, tls_domain=domain),))
    found = told(report(whole, sample("selfsigned")))
    assert found["certificate-not-trusted"][0] is trust
    assert found.get("certificate-host-mismatch", (Verdict.OK,))[0] is naming


def test_what_the_user_expects_goes_before_the_connector() -> None:
    standard = Standard(auth_level=AuthLevel.ENCRYPTION_ONLY)
    found = judge(evidence(seen(sample("selfsigned"))), standard, ANCHORS, AT, organisation())
    assert told(found)["certificate-not-trusted"] == (Verdict.OK, "self-signed")


@pytest.mark.parametrize(
    ("smart_host", "leads"),
    [
        (HOST, True),
        ("Mail.Contoso.COM.", True),
        (f"[{ADDRESS}]", True),
        (ADDRESS, True),
        ("192.0.2.0/24", True),
        ("192.0.3.0/24", False),
        ("other.contoso.com", False),
        ("", False),
        ("0/0/0", False),
    ],
)
def test_smart_hosts(smart_host: str, leads: bool) -> None:
    assert is_smart_host(outbound(smart_hosts=Many((smart_host,))), HOST, ADDRESS) is leads


def test_no_connector_leads_here() -> None:
    elsewhere = organisation(outbound=(outbound(smart_hosts=Many(("other.contoso.com",))),))
    assert told(report(elsewhere))["connector-none"] == (Verdict.WARN, "none-leads-here")
    off = organisation(outbound=(outbound(enabled=False),))
    assert told(report(off))["connector-none"] == (Verdict.WARN, "none-leads-here")
    assert told(report(organisation(outbound=())))["connector-none"] == (Verdict.OK, "not-exported")


def test_several_connectors_lead_here_and_differ() -> None:
    rival = outbound(name="All of it", tls_settings="EncryptionOnly", tls_domain=None)
    found = one(report(organisation(outbound=(rival, outbound()))), "connector-ambiguous")
    assert (found.verdict, found.fact("connector"), found.fact("rivals")) == (Verdict.OK, OUTBOUND, "All of it")
    twin = outbound(name="The same")
    assert "connector-ambiguous" not in told(report(organisation(outbound=(twin, outbound()))))


def domain(whole: Organisation, *, dane: str = "Opportunistic") -> Evidence:
    route = by_mx(hop(HOST, 10, answer(HOST, "A", ADDRESS)))
    return evidence(seen(*GOOD, certificate_requested=True), given="contoso.com", route=route)


def test_a_domain_whose_mail_goes_to_smart_hosts() -> None:
    whole = organisation(outbound=(outbound(smart_hosts=Many(("hybrid.contoso.com",))),))
    found = judge(domain(whole), Standard(), ANCHORS, AT, whole)
    assert one(found, "connector-goes-elsewhere").fact("hosts") == "hybrid.contoso.com"
    assert "connector-none" not in told(found)


@pytest.mark.parametrize("recipients", ["contoso.com", "*", "*.com"])
def test_a_domain_whose_mail_goes_by_mx(recipients: str) -> None:
    by_mx = outbound(use_mx_record=True, smart_hosts=Many(), recipient_domains=Many((recipients,)))
    whole = organisation(outbound=(by_mx,))
    found = judge(domain(whole), Standard(), ANCHORS, AT, whole)
    assert one(found, "connector-applies").fact("connector") == OUTBOUND


def test_modes_of_the_connector() -> None:
    mandatory = outbound(use_mx_record=True, smart_hosts=Many(), smtp_dane_mode="Mandatory", mta_sts_mode="None")
    whole = organisation(outbound=(mandatory,))
    found = judge(domain(whole), Standard(), ANCHORS, AT, whole)
    assert "dane-required" in told(found)
    applies = one(found, "connector-applies")
    assert (applies.fact("dane"), applies.fact("sts")) == ("Mandatory", "None")
    assert "dane-required" not in told(judge(domain(organisation()), Standard(), ANCHORS, AT, organisation()))


def test_an_endpoint_of_somebody_else_is_not_held_against_our_certificates() -> None:
    stranger = seen(LEAF.der, ISSUING.der, host="mx.fabrikam.com", certificate_requested=False)
    whole = organisation(outbound=())
    found = told(judge(evidence(stranger, given="mx.fabrikam.com:25"), Standard(), ANCHORS, AT, whole))
    assert not {"connector-certificate-mismatch", "client-certificate-not-asked"} & set(found)


def test_where_to_look_without_a_target() -> None:
    assert implied(organisation()) == (HOST,)
    whole = organisation(
        outbound=(
            outbound(smart_hosts=Many((f"[{SECOND}]", "10.0.0.0/8", HOST))),
            outbound(enabled=False, smart_hosts=Many(("off.contoso.com",))),
            outbound(use_mx_record=True, smart_hosts=Many(("mx.contoso.com",))),
        ),
        hybrid=HybridConfiguration(on_premises_smart_host="hybrid.contoso.com"),
    )
    assert implied(whole) == (SECOND, HOST, "hybrid.contoso.com")


def test_faults_bear_the_names_of_the_server_that_answered() -> None:
    found = one(report(organisation(), sample("selfsigned")), "certificate-host-mismatch")
    common = dict(found.names.common)
    assert common["THUMBPRINT"] == RENEWED
    assert common["OUTBOUND-CONNECTOR"] == OUTBOUND
    assert found.names.servers == ((("SERVER", "EX01"), ("RECEIVE-CONNECTOR", "EX01\\Default Frontend EX01")),)


@pytest.mark.parametrize(
    ("names", "expected", "because"),
    [
        (("*.contoso.com",), "contoso.com", "*.contoso.com stands for exactly one label, not for the bare contoso.com"),
        ((), HOST, "mail.contoso.com is its common name alone"),
    ],
)
def test_two_rule_books_side_by_side(names: tuple[str, ...], expected: str, because: str) -> None:
    from fixtures.certificates import leaf

    made = leaf("CN=mail.contoso.com,O=Contoso Ltd", ISSUING, names or ("autodiscover.contoso.com",))
    whole = organisation(outbound=(outbound(tls_domain=expected),), certificates=(), receive=())
    found = one(report(whole, made.der, ISSUING.der), "certificate-name-matches")
    assert found.verdict is Verdict.OK
    assert (found.fact("rfc_9525") or "").startswith(because)


def test_rfc_9525_accepts_what_exchange_online_does_not() -> None:
    whole = organisation(outbound=(outbound(tls_domain="hybrid.contoso.com"),))
    found = one(report(whole), "certificate-host-mismatch")
    assert found.verdict is Verdict.FAIL
    assert found.fact("rfc_9525") == f"{HOST} stands for {HOST}, the host connected to"


def test_every_code_and_cause_of_the_rooms_is_raised_here() -> None:
    raised = set()
    for chain, whole, _ in PRESENTED.values():
        raised |= {(code, cause) for code, (_, cause) in told(report(whole, *chain)).items()}
    assert {("connector-certificate-mismatch", cause) for cause in INSTALLED} <= raised
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{entry.code}"' in source for entry in HYBRID)
    assert all(f'"{cause}"' in source for entry in HYBRID for cause in entry.causes)


def test_the_web_is_no_business_of_a_connector() -> None:
    web = seen(*GOOD, port=443, dialogue="direct")
    assert way(organisation(), evidence(web, given=f"https://{HOST}"), web.endpoint).connector is None
