"""What an organisation's exports say by themselves: one that is in order, and everything that can be wrong with it.

The organisation is contoso.com of the samples. Each case changes as little of it as makes the fault.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from fixtures.certificates import sample
from probe.exchange import organisation as merged
from probe.exchange import read
from probe.judge.catalogue import CATALOGUE, explain
from probe.judge.catalogue.export import EXPORT
from probe.judge.certificate import Certificate, parse
from probe.judge.hybrid.accepted import covering
from probe.judge.hybrid.installed import resolve
from probe.judge.hybrid.offline import judge_organisation
from probe.judge.standard import Standard
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    ExchangeServer,
    Export,
    Finding,
    Gap,
    HybridConfiguration,
    InboundConnector,
    Many,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
    Verdict,
)
from probe.report.findings import faults
from probe.report.remedy import steps, written
from probe.report.wording import case as told
from tests.pki import CLIENT_AUTH, SERVER_AUTH, Authority

EXPORTS = Path(__file__).parents[1] / "fixtures" / "exchange" / "exports"
AT = datetime(2026, 11, 21, 9, 35, tzinfo=UTC)
OLD = "3A1268A55C8D7FF3B37044A58E82A139AC9B8175"
SAME = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
NEW = "FBAC8F57D56D72876131291BD96C0D847D392237"
OWN = "7CE9A6EA5C5B345E5749246CBD32CFCC350DA857"
FABRIKAM = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
NAME = f"<I>{FABRIKAM}<S>{SUBJECT}"
EVERYWHERE = Many(("0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
TO_OFFICE = "Outbound to Office 365 - 1"
FRONT = "EX01\\Default Frontend EX01"
IN, OUT = "Inbound from 1", "Outbound to 1"
RIGHT = "mail.protection.outlook.com:AcceptCloudServicesMail"


def installed(what: str | bytes, server: str | None = "EX01", **changes: Any) -> ExchangeCertificate:
    """A sample, or other DER, as an export with RawData tells of it."""
    der = sample(what) if isinstance(what, str) else what
    found = parse(der)
    assert isinstance(found, Certificate)
    made = ExchangeCertificate(
        thumbprint=found.sha1.upper(),
        server=Gap.ABSENT if server is None else server,
        subject=found.subject,
        issuer=found.issuer,
        not_before=found.not_before,
        not_after=found.not_after,
        domains=Many(found.names),
        services=Many(("IIS", "SMTP")),
        status="Valid",
        has_private_key=True,
        is_self_signed=found.self_signed,
        public_key_size=found.rsa_bits or 0,
        der=der,
    )
    return replace(made, **changes)


def printed(what: str | bytes, server: str | None = "EX01", **changes: Any) -> ExchangeCertificate:
    """The same as an export without RawData does: nothing can be read again, and the dates are the server's."""
    return replace(installed(what, server), **{"der": None, "dates_local": True, **changes})


def front_end(server: str, **changes: Any) -> ReceiveConnector:
    made = ReceiveConnector(
        name=f"{server}\\Default Frontend {server}",
        server=server,
        enabled=True,
        auth_mechanism=Many(("Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer")),
        require_tls=False,
        tls_certificate_name=NAME,
        fqdn=f"{server}.corp.contoso.com",
        tls_domain_capabilities=Many((RIGHT,)),
        domain_secure_enabled=False,
        bindings=Many(("[::]:25", "0.0.0.0:25")),
        remote_ip_ranges=EVERYWHERE,
        transport_role="FrontendTransport",
    )
    return replace(made, **changes)


SEND = SendConnector(
    name=TO_OFFICE,
    enabled=True,
    require_tls=True,
    tls_auth_level="DomainValidation",
    tls_domain="mail.protection.outlook.com",
    tls_certificate_name=NAME,
    fqdn="mail.contoso.com",
    ignore_starttls=False,
    cloud_services_mail_enabled=True,
    address_spaces=Many(("smtp:contoso.mail.onmicrosoft.com;1",)),
    source_transport_servers=Many(("EX01", "EX02")),
)
INBOUND = InboundConnector(
    name=IN,
    enabled=True,
    connector_type="OnPremises",
    tls_sender_certificate_name="mail.contoso.com",
    sender_ip_addresses=Many(),
)
OUTBOUND = OutboundConnector(
    name=OUT,
    enabled=True,
    connector_type="OnPremises",
    tls_settings="DomainValidation",
    tls_domain="mail.contoso.com",
    use_mx_record=False,
    smart_hosts=Many(("mail.contoso.com",)),
    recipient_domains=Many(("contoso.com",)),
    all_accepted_domains=False,
)
HYBRID = HybridConfiguration(
    tls_certificate_name=NAME,
    on_premises_smart_host="mail.contoso.com",
    domains=Many(("contoso.com",)),
    receiving_transport_servers=Many(("EX01", "EX02")),
    sending_transport_servers=Many(("EX01", "EX02")),
    edge_transport_servers=Many(),
)
ACCEPTED = (
    AcceptedDomain(domain="contoso.com", match_subdomains=False, online=True),
    AcceptedDomain(domain="contoso.mail.onmicrosoft.com", match_subdomains=False, online=True),
)
SERVERS = (ExchangeServer(name="EX01", edge=False), ExchangeServer(name="EX02", edge=False))
SETUP = (installed("selfsigned", "EX01"), installed("selfsigned", "EX02"))
HEALTHY = Organisation(
    inbound=(INBOUND,),
    outbound=(OUTBOUND,),
    send=(SEND,),
    receive=(front_end("EX01"), front_end("EX02")),
    certificates=(*SETUP, installed("renewed_same", "EX01"), installed("renewed_same", "EX02")),
    domains=ACCEPTED,
    hybrid=HYBRID,
    servers=SERVERS,
)


def org(**changes: Any) -> Organisation:
    return replace(HEALTHY, **changes)


def holding(*certificates: ExchangeCertificate) -> Organisation:
    """The organisation with these certificates beside those of its servers' setup."""
    return org(certificates=(*SETUP, *certificates))


def on_both(what: str | bytes, **changes: Any) -> tuple[ExchangeCertificate, ...]:
    return installed(what, "EX01", **changes), installed(what, "EX02", **changes)


def fronts(**changes: Any) -> Organisation:
    return org(receive=(front_end("EX01", **changes), front_end("EX02", **changes)))


def named(name: str | Gap | None) -> Organisation:
    """The organisation whose connectors all have this TlsCertificateName."""
    return replace(fronts(tls_certificate_name=name), send=(replace(SEND, tls_certificate_name=name),), hybrid=None)


def sends(**changes: Any) -> Organisation:
    return org(send=(replace(SEND, **changes),))


def takes(**changes: Any) -> Organisation:
    return org(inbound=(replace(INBOUND, **changes),))


def goes(**changes: Any) -> Organisation:
    return org(outbound=(replace(OUTBOUND, **changes),))


def intends(**changes: Any) -> Organisation:
    return org(hybrid=replace(HYBRID, **changes))


@cache
def made(
    *names: str,
    subject: str = "CN=mail.contoso.com,O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB",
    key: str = "rsa2048",
    client: bool = False,
) -> bytes:
    """A certificate of another CA, by the name of the samples' if nothing is said; valid when the fixtures are."""
    usage = (CLIENT_AUTH,) if client else (SERVER_AUTH,)
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    end = begin + timedelta(days=200)
    return _authority().leaf(names=names, subject=subject, key=key, not_before=begin, not_after=end, eku=usage).der


@cache
def _authority() -> Authority:
    return Authority.root("CN=Tailspin Root X1,O=Tailspin,C=GB")


def identity(der: bytes, *, issuer: bool = True) -> str:
    found = parse(der)
    assert isinstance(found, Certificate)
    return (f"<I>{found.issuer}" if issuer else "") + f"<S>{found.subject}"


def using(*ders: bytes, server: str | None = None) -> Organisation:
    """The organisation that has put these certificates to use, all of one name."""
    held = [installed(der, on) for der in ders for on in ((server,) if server else ("EX01", "EX02"))]
    return replace(named(identity(ders[0])), certificates=(*SETUP, *held))


def judged(organisation: Organisation, at: datetime = AT, **standard: Any) -> tuple[Finding, ...]:
    return judge_organisation(organisation, Standard(**standard), at)


def only(organisation: Organisation, code: str, cause: str | None = None, **more: Any) -> Finding:
    """The one finding of that code and cause."""
    findings = [found for found in judged(organisation, **more) if found.code == code]
    if cause:
        findings = [found for found in findings if found.fact("cause") == cause]
    assert len(findings) == 1, [(found.code, found.facts) for found in findings]
    return findings[0]


def sentence(found: Finding) -> str:
    return told([found])


def troubles(organisation: Organisation, at: datetime = AT, **standard: Any) -> set[str]:
    return {found.code for found in judged(organisation, at, **standard) if found.verdict is not Verdict.OK}


# ------------------------------------------------------------------------------------------------------ in order


def test_an_organisation_in_order_is_ok_and_what_holds_is_said() -> None:
    findings = judged(HEALTHY)
    assert {found.verdict for found in findings} == {Verdict.OK}
    assert [found.code for found in findings] == [
        "connector-name-resolves",
        "tls-domain-matches",
        "sender-name-accepted",
        "sender-name-matches",
        "capabilities-set",
        "hybrid-configuration-agrees",
    ]
    resolves = only(HEALTHY, "connector-name-resolves")
    assert sentence(resolves) == (
        f"{FRONT}: it names {SAME}, installed on EX01, EX02; likewise EX02\\Default Frontend EX02, {TO_OFFICE}"
    )
    assert (resolves.where.kind, resolves.where.name, resolves.where.host) == ("connector", FRONT, None)


@pytest.mark.parametrize("form", ["clixml", "fl80", "fl120", "fl200", "ps51", "ps7"])
def test_the_same_organisation_in_every_form_is_in_order(form: str) -> None:
    organisation = exported(*sorted((EXPORTS / "forms" / form).iterdir()))
    findings = judged(organisation)
    if form != "clixml":  # the certificates of two servers, one list after the other: who has which is lost
        lost = only(organisation, "export-lossy", "lost")
        assert (lost.fact("missing"), lost.fact("open")) == (
            f"the server of {SAME}",
            "whether EX01 has it, whether EX02 has it",
        )
    assert {found.code for found in findings if found.verdict is not Verdict.OK} <= {"export-lossy"}
    assert {found.code for found in findings} >= {"connector-name-resolves", "tls-domain-matches", "capabilities-set"}


def exported(*files: Path) -> Organisation:
    return merged(read(file.read_bytes(), str(file)) for file in files)


ONLINE = EXPORTS / "org" / "exo.json"


def test_the_organisation_of_the_exports_is_in_order() -> None:
    found = {found.code: found.verdict for found in judged(exported(EXPORTS / "org" / "onprem.json", ONLINE))}
    assert set(found.values()) == {Verdict.OK}
    assert "export-lossy" not in found


@pytest.mark.parametrize(
    ("export", "code", "cause", "verdict"),
    [
        ("stale-issuer", "connector-name-stale", "issuer-differs", Verdict.FAIL),
        ("one-server", "connector-name-finds-nothing", "server-lacks-it", Verdict.FAIL),
        ("twice", "connector-name-ambiguous", "expired-among-them", Verdict.WARN),
        ("no-key", "installed-certificate-keyless", None, Verdict.FAIL),
        ("expired", "installed-certificate-expired", None, Verdict.FAIL),
        ("null-name", "receive-name-null", "self-signed", Verdict.FAIL),
        ("drift", "hybrid-configuration-drift", "certificate", Verdict.WARN),
        ("no-capabilities", "capabilities-missing", "none", Verdict.WARN),
        ("no-tls", "receive-without-tls", None, Verdict.FAIL),
    ],
)
def test_broken_exports(export: str, code: str, cause: str | None, verdict: Verdict) -> None:
    organisation = exported(EXPORTS / "broken" / f"{export}.json", ONLINE)
    assert only(organisation, code, cause).verdict is verdict
    assert troubles(organisation) == {code}


def test_csv_has_lost_the_lists_and_nothing_is_concluded_from_that() -> None:
    organisation = exported(*sorted((EXPORTS / "forms" / "csv").iterdir()))
    assert troubles(organisation) == {"export-lossy"}
    lost = only(organisation, "export-lossy", "lost")
    assert lost.verdict is Verdict.UNKNOWN
    assert f"TlsDomainCapabilities of {FRONT}" in (lost.fact("missing") or "")


def test_nothing_at_all_is_nothing_to_judge() -> None:
    assert judged(Organisation()) == ()


ALONE = [path for path in sorted(EXPORTS.rglob("*.*")) if path.is_file() and path.suffix != ".md"]


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(EXPORTS))) for path in ALONE])
def test_of_any_export_alone_something_is_said_and_unknown_is_what_was_lost_or_cut(path: Path) -> None:
    findings = judged(exported(path))
    assert findings
    unknown = [found for found in findings if found.verdict is Verdict.UNKNOWN]
    assert {(found.code, found.fact("cause")) for found in unknown} <= {
        ("export-lossy", "lost"),
        ("export-lossy", "cut"),
        ("connector-name-unreadable", None),
    }


KINDS = ("inbound", "outbound", "send", "receive", "certificates", "domains", "hybrid", "servers")


@pytest.mark.parametrize("kinds", [kinds for number in (1, 2) for kinds in combinations(KINDS, number)])
def test_what_was_not_exported_is_a_note(kinds: tuple[str, ...]) -> None:
    findings = judged(Organisation(**{kind: getattr(HEALTHY, kind) for kind in kinds}))
    assert {found.verdict for found in findings} == {Verdict.OK}


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("certificates", "connectors of the servers"),
        ("domains", "connectors"),
        ("hybrid", "connectors"),
        ("servers", "connectors"),
        ("send", "certificates of the servers"),
    ],
)
def test_what_was_not_exported_is_named(kind: str, missing: str) -> None:
    found = only(Organisation(**{kind: getattr(HEALTHY, kind)}), "export-lossy", "absent")
    assert missing in (found.fact("missing") or "").split(", ")


def test_of_a_connector_that_leads_elsewhere_the_certificates_are_missed_too() -> None:
    elsewhere = SendConnector(name="o", tls_certificate_name=None, address_spaces=Many(("smtp:*;1",)))
    found = only(Organisation(send=(elsewhere,)), "export-lossy", "absent")
    assert (found.verdict, found.fact("missing")) == (Verdict.OK, "certificates of the servers")


def test_connectors_are_not_called_unexported_where_there_are_none() -> None:
    asked = Export(source="x", form="json", encoding="UTF-8", things=(), none=frozenset({"send", "receive"}))
    found = judged(Organisation(exports=(asked,), certificates=HEALTHY.certificates))
    assert {one.code for one in found} == {"export-without-questions"}


@pytest.mark.parametrize(
    ("spaces", "verdict"),
    [
        (Many(("smtp:a;1",), cut=True), Verdict.UNKNOWN),
        (Gap.LOST, Verdict.UNKNOWN),
        (Gap.ABSENT, Verdict.OK),
        (Many(("smtp:a;1",)), None),
    ],
)
def test_a_connector_of_which_it_is_not_known_where_it_leads(spaces: Many | Gap, verdict: Verdict | None) -> None:
    connector = SendConnector(name="Out", enabled=True, tls_certificate_name=None, address_spaces=spaces)
    found = judged(Organisation(send=(connector,), certificates=HEALTHY.certificates))
    told = [one for one in found if "AddressSpaces of Out" in (one.fact("missing") or "")]
    assert [one.verdict for one in told] == ([verdict] if verdict else [])


def test_a_connector_without_a_name_is_called_so() -> None:
    bare = replace(SEND, name="", source_transport_servers=Gap.ABSENT)
    missing = only(org(send=(bare,)), "export-lossy", "absent").fact("missing") or ""
    assert "SourceTransportServers of a connector without a name" in missing
    expired = replace(holding(*on_both("old")), send=(bare,), receive=(), hybrid=None)
    assert "named by a connector without a name" in sentence(only(expired, "installed-certificate-expired"))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"has_private_key": Gap.LOST}, f"HasPrivateKey of {SAME}"),
        ({"server": Gap.LOST}, f"the server of {SAME}"),
    ],
)
def test_what_is_lost_of_a_certificate_in_use_is_told(changes: dict[str, Any], what: str) -> None:
    held = on_both("renewed_same")
    organisation = holding(*(replace(one, **changes) for one in (held if "has_private_key" in changes else held[:1])))
    lost = only(organisation, "export-lossy", "lost")
    assert (lost.verdict, lost.fact("missing")) == (Verdict.UNKNOWN, what)
    other = installed(made("other.contoso.com", subject="CN=other.contoso.com"), **changes)  # which nothing names
    assert troubles(holding(*on_both("renewed_same"), other)) == set()


# Certificates of which no connector is known.


def bare(*certificates: ExchangeCertificate) -> Organisation:
    return Organisation(certificates=certificates)


def test_two_of_a_name_are_told_once_and_the_expired_one_not_again() -> None:
    organisation = exported(EXPORTS / "onprem-certs.fl.txt")
    assert troubles(organisation) == {"installed-certificates-alike"}
    assert OLD in (only(organisation, "installed-certificates-alike").fact("candidates") or "")
    several = bare(*on_both("renewed_same"), *on_both("old"))
    assert only(several, "installed-certificates-alike").fact("servers") == "EX01, EX02"
    assert "installed-certificate-out-of-date" not in {found.code for found in judged(several)}


def test_on_two_servers_one_each_is_no_pair() -> None:
    apart = bare(installed("renewed_same", "EX01"), installed("old", "EX02"))
    assert only(apart, "installed-certificate-out-of-date").where.host == "EX02"
    assert troubles(apart) == {"installed-certificate-out-of-date"}


def test_self_signed_ones_of_one_name_are_usual() -> None:
    pair = (installed("selfsigned"), installed("selfsigned", thumbprint="A" * 40, not_after=AT - timedelta(days=1)))
    assert troubles(bare(*pair)) == set()


@pytest.mark.parametrize(
    ("beside", "changes", "verdict"),
    [
        (None, {}, Verdict.WARN),
        (None, {"services": Many(("IIS",))}, Verdict.OK),
        ("renewed_newissuer", {}, Verdict.OK),
        ("selfsigned", {}, Verdict.WARN),
    ],
)
def test_an_expired_certificate_is_a_warning_unless_another_has_its_place(
    beside: str | None, changes: dict[str, Any], verdict: Verdict
) -> None:
    others = (installed(beside),) if beside else ()
    organisation = bare(installed("old", **changes), *others)
    found = only(organisation, "installed-certificate-out-of-date", "expired")
    assert found.verdict is verdict
    assert ("excused by" in sentence(found)) is (verdict is Verdict.OK)


def test_where_connectors_are_known_what_none_of_them_names_is_left_alone() -> None:
    assert not troubles(holding(*on_both("renewed_same"), installed(made("other.contoso.com")))) & {
        "installed-certificates-alike",
        "installed-certificate-out-of-date",
    }


# Who is behind: the wizard or the connectors?


@pytest.mark.parametrize(
    ("held", "cause"),
    [
        ("renewed_same", "connectors-stale"),  # the wizard's is there, the connectors' is not
        ("renewed_newissuer", "certificate"),  # neither's
    ],
)
def test_who_is_behind_of_wizard_and_connectors(held: str, cause: str) -> None:
    stale = replace(named(NAME.replace("2025", "2024")), hybrid=HYBRID, certificates=(*SETUP, *on_both(held)))
    assert only(stale, "hybrid-configuration-drift").fact("cause") == cause


def test_a_renewal_by_hand_leaves_the_wizard_behind() -> None:
    by_hand = intends(tls_certificate_name=NAME.replace("2025", "2024"))
    assert only(by_hand, "hybrid-configuration-drift").fact("cause") == "certificate"
    with_both = replace(by_hand, certificates=(*HEALTHY.certificates, installed("renewed_newissuer")))
    assert only(with_both, "hybrid-configuration-drift").fact("cause") == "certificate"


@pytest.mark.parametrize("longer", [{"Contoso Ltd": "C"}, {"Contoso Ltd": "C", "Reading": "R"}])
def test_a_quotation_that_is_cut_is_closed(longer: dict[str, str]) -> None:
    long = NAME.replace("Fabrikam TLS RSA CA 2025", "F" * 200)
    for short, letter in longer.items():
        long = long.replace(short, letter * 200)
    found = only(named(long), "connector-name-stale")
    text = sentence(found)
    assert text.count("`") % 2 == 0
    assert f"{'F' * 80}…`, found `Fabrikam TLS RSA CA 2025`" in text
    assert (found.fact("rdns") or "").endswith("; and 1 more") is ("Reading" in longer)


# ------------------------------------------------------------------------------------ everything that can be wrong


@dataclass(frozen=True)
class Wrong:
    """A fault: the organisation that has it, what is found and how grave it is, and words that its sentence has."""

    organisation: Organisation
    code: str
    cause: str | None = None
    verdict: Verdict = Verdict.FAIL
    words: Sequence[str] = ()
    also: frozenset[str] = field(default_factory=frozenset)  # other faults that come of it

    @property
    def id(self) -> str:
        return f"{self.code}-{self.cause or ''}-{self.verdict}".lower()


def relay(*ranges: str, **changes: Any) -> Organisation:
    """With a connector for an application beside the Default Frontend of EX01."""
    unready = {"tls_certificate_name": None, "tls_domain_capabilities": None, "remote_ip_ranges": Many(ranges)}
    beside = front_end("EX01", name="EX01\\Relay", **{**unready, **changes})
    return org(receive=(*HEALTHY.receive, beside))


# The same CA, and a subject with other particulars.
MOVED = NAME.replace("O=Contoso Ltd", "O=Contoso Holding")
LONG_NAME = NAME.replace("O=Contoso Ltd", f"O={'Contoso ' * 20}Ltd")
EDGE = (*SERVERS, ExchangeServer(name="EDGE01", edge=True))
HUB = "CN=hub.contoso.com,O=Contoso Ltd"
OTHER = made("mail.contoso.com")
WILD = made("*.contoso.com", subject="CN=*.contoso.com")
ONLY_FRONT = {"receive": (front_end("EX01"), front_end("EX02", tls_certificate_name=None))}


def none_of(kind: str) -> Organisation:
    """The collector asked, and there are none."""
    asked = Export(source="exo.json", form="json", encoding="UTF-8", things=(), none=frozenset({kind}))
    return org(exports=(asked,), **{kind: ()})


def long_named() -> Organisation:
    der = (
        _authority()
        .leaf(
            names=("mail.contoso.com",),
            subject=f"CN=mail.contoso.com,O={'Contoso ' * 7}Ltd,OU={'Mail ' * 12}x,L={'Reading ' * 11}x,C=GB",
            key="rsa2048",
            not_before=datetime(2026, 10, 1, tzinfo=UTC),
            not_after=datetime(2027, 5, 1, tzinfo=UTC),
        )
        .der
    )
    return using(der)


WRONG = (
    Wrong(
        holding(*on_both("renewed_newissuer")),
        "connector-name-stale",
        "issuer-differs",
        words=[NEW, "EX01, EX02", "issuer CN: expected `Fabrikam TLS RSA CA 2025`, found `Fabrikam TLS RSA CA 2026`"],
    ),
    Wrong(
        named(MOVED),
        "connector-name-stale",
        "subject-differs",
        words=[SAME, "subject O: expected `Contoso Holding`, found `Contoso Ltd`"],
    ),
    Wrong(
        replace(named(MOVED), certificates=(*SETUP, *on_both(OTHER))),
        "connector-name-stale",
        "issuer-and-subject-differ",
        words=["issuer CN: expected `Fabrikam TLS RSA CA 2025`, found `Tailspin Root X1`", "subject O: expected"],
    ),
    Wrong(
        holding(),
        "connector-name-finds-nothing",
        "nowhere",
        words=[SUBJECT, "fits no certificate on EX01, EX02"],
    ),
    Wrong(
        holding(installed("renewed_same", "EX01")),
        "connector-name-finds-nothing",
        "server-lacks-it",
        words=[f"it names {SAME}, which is on EX01 and not on EX02", f"likewise {TO_OFFICE}"],
    ),
    Wrong(
        holding(*on_both("renewed_same"), *on_both("old")),
        "connector-name-ambiguous",
        "expired-among-them",
        Verdict.WARN,
        words=[f"{OLD} (expired 2026-11-02)", f"{SAME} (until 2027-05-01)"],
    ),
    Wrong(
        using(OTHER, made("mail.contoso.com", "autodiscover.contoso.com")),
        "connector-name-ambiguous",
        "several-current",
        Verdict.OK,
    ),
    Wrong(
        named(NAME[:-30]),
        "connector-name-unreadable",
        None,
        Verdict.UNKNOWN,
        words=["cannot be read", f"the beginning of the name of {SAME}"],
    ),
    Wrong(replace(long_named(), servers=EDGE), "connector-name-long", "edge", Verdict.WARN, words=["characters"]),
    Wrong(long_named(), "connector-name-long", "no-edge", Verdict.OK),
    Wrong(
        fronts(tls_certificate_name=None),
        "receive-name-null",
        "self-signed",
        words=["EX01.corp.contoso.com", OWN, "the self-signed"],
    ),
    Wrong(
        fronts(tls_certificate_name=None, fqdn="mail.contoso.com"),
        "receive-name-null",
        "ca-issued",
        Verdict.OK,
        words=["of a CA", "unverified since"],
    ),
    Wrong(
        fronts(tls_certificate_name=None, fqdn="smtp.fabrikam.org"),
        "receive-name-null",
        "none",
        Verdict.WARN,
        words=["none is found"],
    ),
    Wrong(
        fronts(tls_certificate_name=None, fqdn=Gap.ABSENT), "receive-name-null", "unknown", Verdict.WARN, words=["Fqdn"]
    ),
    Wrong(
        sends(tls_certificate_name=None, fqdn="EX01.corp.contoso.com"),
        "send-name-null",
        "self-signed",
        words=[OWN],
    ),
    Wrong(sends(tls_certificate_name=None), "send-name-null", "ca-issued", Verdict.OK, words=["unverified since"]),
    Wrong(sends(tls_certificate_name=None, fqdn="fabrikam.org"), "send-name-null", "none", Verdict.WARN),
    Wrong(sends(tls_certificate_name=None, fqdn=None), "send-name-null", "unknown", Verdict.WARN),
    Wrong(
        replace(holding(*on_both("old")), hybrid=None),
        "installed-certificate-expired",
        words=["expired 18 days ago, on 2026-11-02 23:59:59 UTC", "EX01, EX02"],
    ),
    Wrong(
        holding(*on_both("renewed_same", not_before=AT + timedelta(days=2))),
        "installed-certificate-not-yet-valid",
        words=["not valid before 2026-11-23"],
    ),
    Wrong(
        holding(*on_both("renewed_same", not_after=AT + timedelta(days=9))),
        "installed-certificate-expires-soon",
        None,
        Verdict.WARN,
        words=["9 days left"],
    ),
    Wrong(
        holding(installed("renewed_same", "EX01"), installed("renewed_same", "EX02", has_private_key=False)),
        "installed-certificate-keyless",
        words=[f"{SAME} on EX02", "without its private key"],
    ),
    Wrong(
        named("<I>CN=EX01<S>CN=EX01"),
        "installed-certificate-untrusted",
        "self-signed",
        words=["CN=EX01 is self-signed"],
        also=frozenset({"tls-domain-mismatch", "sender-name-mismatch"}),
    ),
    Wrong(
        holding(*on_both("renewed_same", status="Revoked")),
        "installed-certificate-untrusted",
        "revoked",
        words=["is revoked"],
    ),
    Wrong(
        holding(*on_both("renewed_same", status="Untrusted")),
        "installed-certificate-untrusted",
        "status",
        Verdict.WARN,
        words=["Untrusted"],
    ),
    Wrong(
        using(made("mail.contoso.com", key="ec")),
        "installed-certificate-unfit",
        "elliptic",
        Verdict.WARN,
        words=["elliptic-curve"],
    ),
    Wrong(using(made("mail.contoso.com", client=True)), "installed-certificate-unfit", "usage", words=["serverAuth"]),
    Wrong(
        holding(*on_both("renewed_same", services=Many(("IIS",)))),
        "installed-certificate-not-for-smtp",
        None,
        Verdict.OK,
        words=["not enabled for SMTP", "excused by Microsoft's text"],
    ),
    Wrong(
        Organisation(certificates=(*on_both("renewed_same"), *on_both("old"))),
        "installed-certificates-alike",
        "expired-among-them",
        Verdict.WARN,
        words=[SUBJECT, f"{OLD} (expired 2026-11-02)", f"{SAME} (until 2027-05-01)", "no connector was exported"],
    ),
    Wrong(
        Organisation(
            certificates=(
                installed(OTHER),
                installed(made("mail.contoso.com", "autodiscover.contoso.com")),
            )
        ),
        "installed-certificates-alike",
        "several-current",
        Verdict.OK,
    ),
    Wrong(
        Organisation(certificates=on_both("old")),
        "installed-certificate-out-of-date",
        "expired",
        Verdict.WARN,
        words=["expired 18 days ago, on 2026-11-02", "EX01, EX02", "no connector was exported"],
    ),
    Wrong(
        Organisation(certificates=on_both("renewed_same", not_after=AT + timedelta(days=9))),
        "installed-certificate-out-of-date",
        "expires-soon",
        Verdict.WARN,
        words=["9 days left"],
    ),
    Wrong(
        goes(tls_domain="hybrid.contoso.com"),
        "tls-domain-mismatch",
        "no-name",
        words=["hybrid.contoso.com is expected", "mail.contoso.com, autodiscover.contoso.com", SAME],
    ),
    Wrong(
        replace(using(made("mail.contoso.com", subject=HUB), made("smtp.contoso.com", subject=HUB)), inbound=()),
        "tls-domain-mismatch",
        "depends",
        Verdict.WARN,
        words=["mail.contoso.com is expected", "has the names hub.contoso.com, smtp.contoso.com"],
    ),
    Wrong(goes(tls_settings="EncryptionOnly", tls_domain=None), "outbound-level-weak", None, Verdict.OK),
    Wrong(
        takes(tls_sender_certificate_name="smtp.contoso.com"),
        "sender-name-mismatch",
        "no-name",
        words=["expects smtp.contoso.com", "mail.contoso.com"],
    ),
    Wrong(
        takes(tls_sender_certificate_name=f"<I>CN=Old CA<S>{SUBJECT}"),
        "sender-name-mismatch",
        "legacy-differs",
        also=frozenset({"sender-name-legacy"}),
    ),
    Wrong(
        replace(
            using(made("x.contoso.com"), made("y.contoso.com")),
            inbound=(replace(INBOUND, tls_sender_certificate_name="x.contoso.com"),),
            outbound=(),
        ),
        "sender-name-mismatch",
        "depends",
        Verdict.WARN,
    ),
    Wrong(
        org(domains=(AcceptedDomain(domain="fabrikam.org", match_subdomains=False, online=True),)),
        "sender-name-not-accepted",
        "foreign",
        words=["mail.contoso.com lies under none of fabrikam.org"],
    ),
    Wrong(
        replace(
            using(made("a.b.contoso.com")),
            inbound=(replace(INBOUND, tls_sender_certificate_name="a.b.contoso.com"),),
            outbound=(),
        ),
        "sender-name-not-accepted",
        "deeper",
        words=["lies below contoso.com, and not directly"],
    ),
    Wrong(takes(tls_sender_certificate_name=NAME), "sender-name-legacy", None, Verdict.WARN, words=["it holds <I>CN="]),
    Wrong(takes(tls_sender_certificate_name=None), "sender-name-missing", None, Verdict.WARN),
    Wrong(
        org(inbound=(INBOUND, replace(INBOUND, name="By hand", tls_sender_certificate_name="*.contoso.com"))),
        "inbound-ambiguous",
        None,
        Verdict.WARN,
        words=[f"{IN}, By hand"],
    ),
    Wrong(
        relay("40.0.0.0-43.255.255.255"),
        "receive-range-catches",
        None,
        Verdict.WARN,
        words=["40.0.0.0-43.255.255.255", FRONT, "lacks a TlsCertificateName, TlsDomainCapabilities"],
    ),
    Wrong(
        relay("52.96.0.0(255.240.0.0)", auth_mechanism=Many(("ExternalAuthoritative",))),
        "receive-range-catches",
        words=["lacks Tls in its AuthMechanism"],
    ),
    Wrong(fronts(auth_mechanism=Many(("Integrated", "BasicAuth"))), "receive-without-tls", words=["lacks Tls"]),
    Wrong(fronts(tls_domain_capabilities=Many()), "capabilities-missing", "none", Verdict.WARN, words=["is empty"]),
    Wrong(
        fronts(
            tls_domain_capabilities=Many(("<I>CN=MSIT CA<S>CN=mail.protection.outlook.com:AcceptCloudServicesMail",))
        ),
        "capabilities-missing",
        "legacy",
        Verdict.WARN,
        words=["MSIT CA"],
    ),
    Wrong(
        fronts(tls_domain_capabilities=Many(("fabrikam.org:AcceptCloudServicesMail",))),
        "capabilities-missing",
        "other-domain",
        Verdict.WARN,
        words=["fabrikam.org"],
    ),
    Wrong(sends(ignore_starttls=True), "send-ignores-starttls"),
    Wrong(
        sends(require_tls=False), "send-level-not-evaluated", None, Verdict.WARN, words=["DomainValidation", "is off"]
    ),
    Wrong(
        intends(tls_certificate_name=f"<I>CN=Old CA<S>{SUBJECT}"),
        "hybrid-configuration-drift",
        "certificate",
        Verdict.WARN,
        words=["the wizard's certificate is <I>CN=Old CA", FABRIKAM[:20]],
    ),
    Wrong(
        replace(named(NAME.replace("2025", "2024")), hybrid=HYBRID),
        "hybrid-configuration-drift",
        "connectors-stale",
        Verdict.WARN,
        words=["is installed", "CA 2024", "which is not there to be used"],
        also=frozenset({"connector-name-stale"}),
    ),
    Wrong(
        intends(on_premises_smart_host="old.contoso.com"),
        "hybrid-configuration-drift",
        "smart-host",
        Verdict.WARN,
        words=["old.contoso.com", "mail.contoso.com"],
    ),
    Wrong(
        intends(domains=Many(("autod:contoso.com", "fabrikam.org"))),
        "hybrid-configuration-drift",
        "domains",
        Verdict.WARN,
        words=["fabrikam.org is left out"],
    ),
    Wrong(
        intends(sending_transport_servers=Many(("EX01",))),
        "hybrid-configuration-drift",
        "servers",
        Verdict.WARN,
        words=["the wizard's servers are EX01; the connectors' are EX01, EX02"],
    ),
    Wrong(
        fronts(tls_domain_capabilities=Gap.LOST),
        "export-lossy",
        "lost",
        Verdict.UNKNOWN,
        words=[f"TlsDomainCapabilities of {FRONT}"],
    ),
    Wrong(
        sends(source_transport_servers=Many(("EX01",), cut=True)),
        "export-lossy",
        "cut",
        Verdict.UNKNOWN,
        words=[f"SourceTransportServers of {TO_OFFICE}"],
    ),
    Wrong(org(outbound=()), "export-lossy", "absent", Verdict.OK, words=["outbound connectors"]),
    Wrong(
        Organisation(inbound=(replace(INBOUND, connector_type="Partner"),)),
        "export-without-questions",
        None,
        Verdict.OK,
    ),
    Wrong(none_of("inbound"), "hybrid-connector-missing", "none-inbound", Verdict.WARN),
    Wrong(none_of("outbound"), "hybrid-connector-missing", "none-outbound", Verdict.WARN),
    Wrong(
        org(inbound=tuple(replace(one, enabled=False) for one in HEALTHY.inbound)),
        "hybrid-connector-missing",
        "no-inbound-for-us",
        Verdict.WARN,
    ),
)


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=wrong.id) for wrong in WRONG])
def test_each_fault_is_found_alone_and_told(wrong: Wrong) -> None:
    found = only(wrong.organisation, wrong.code, wrong.cause)
    assert found.verdict is wrong.verdict
    text = sentence(found)
    for words in wrong.words:
        assert words in text
    assert "?" not in text
    assert "{" not in text
    expected = wrong.also if wrong.verdict is Verdict.OK else wrong.also | {wrong.code}
    assert troubles(wrong.organisation) == expected


def test_every_code_and_every_cause_is_raised() -> None:
    raised: set[tuple[str, str | None]] = {(wrong.code, wrong.cause) for wrong in WRONG} | {
        (found.code, None) for found in judged(HEALTHY)
    }
    for entry in EXPORT:
        wanted = set(entry.causes) if entry.causes else {None}
        assert {cause for code, cause in raised if code == entry.code} == wanted, entry.code


THERE_IS_NO_BETTER = (
    "connector-name-finds-nothing-nowhere",
    "installed-certificate-expired",
    "installed-certificate-not-yet-valid",
    "tls-domain-mismatch-no-name",
)


@pytest.mark.parametrize(
    "wrong", [pytest.param(wrong, id=wrong.id) for wrong in WRONG if wrong.verdict is not Verdict.OK]
)
def test_remedies_are_filled_in_with_the_organisation_s_names(wrong: Wrong) -> None:
    """Only what is for the reader to choose stays blank."""
    lines = list(faults([only(wrong.organisation, wrong.code, wrong.cause)], "", verbosity=0, width=120))
    blanks = set(re.findall(r"<[A-Z-]{2,}>", "\n".join("".join(span.text for span in line) for line in lines)))
    chosen = {"<PFX-FILE>", "<CER-FILE>", "<NEW-NAME>", "<DOMAIN>"}
    if wrong.code == "receive-range-catches":
        chosen |= {"<ADDRESS>"}
    if wrong.id.startswith(THERE_IS_NO_BETTER):
        chosen |= {"<THUMBPRINT>"}
    if wrong.code == "inbound-ambiguous":
        chosen |= {"<INBOUND-CONNECTOR>"}
    assert blanks <= chosen


def remedy(organisation: Organisation, code: str) -> list[str]:
    """The commands that are printed for the finding."""
    found = only(organisation, code)
    told = steps([found], explain(found.code, found.fact("cause")))
    return [line.strip() for step in told for line in step[1:]]


NEXT_NAME = NAME.replace("2025", "2026")


def test_a_partner_s_send_connector_is_mended_and_not_the_hybrid_one() -> None:
    partner = replace(
        SEND,
        name="To partner",
        cloud_services_mail_enabled=False,
        tls_domain="partner.example",
        address_spaces=Many(("smtp:partner.example;1",)),
        tls_certificate_name=NEXT_NAME,
    )
    told = remedy(org(send=(SEND, partner)), "connector-name-stale")
    assert [line for line in told if line.startswith("Set-")] == [
        "Set-SendConnector 'To partner' -TlsCertificateName $n"
    ]
    # The variable is set although the step for receive connectors is left out.
    assert told.index("$n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject") < told.index(
        "Set-SendConnector 'To partner' -TlsCertificateName $n"
    )


def test_the_very_receive_connectors_are_mended_and_not_the_default_ones() -> None:
    clients = tuple(
        front_end(
            server,
            name=f"{server}\\Client Frontend {server}",
            bindings=Many(("0.0.0.0:587",)),
            tls_certificate_name=NEXT_NAME,
        )
        for server in ("EX01", "EX02")
    )
    told = remedy(org(receive=(*HEALTHY.receive, *clients)), "connector-name-stale")
    assert [line for line in told if line.startswith("Set-")] == [
        f"Set-ReceiveConnector '{server}\\Client Frontend {server}' -TlsCertificateName $n"
        for server in ("EX01", "EX02")
    ]


def test_two_send_connectors_to_exchange_online_are_both_named() -> None:
    both = replace(holding(*on_both("renewed_newissuer")), send=(SEND, replace(SEND, name="Second")))
    told = remedy(both, "connector-name-stale")
    assert [line for line in told if line.startswith("Set-SendConnector")] == [
        f"Set-SendConnector '{name}' -TlsCertificateName $n" for name in (TO_OFFICE, "Second")
    ]


def test_for_five_servers_the_name_is_read_once_and_from_no_edge_server() -> None:
    servers = tuple(f"EX0{number}" for number in range(1, 6))
    many = org(
        receive=tuple(map(front_end, servers)),
        send=(replace(SEND, source_transport_servers=Many(servers)),),
        certificates=tuple(installed("renewed_newissuer", server) for server in ("EDGE01", *servers)),
        servers=(ExchangeServer(name="EDGE01", edge=True),),
        hybrid=None,
    )
    told = remedy(many, "connector-name-stale")
    assert {line for line in told if line.startswith("$c")} == {
        f"$c = Get-ExchangeCertificate -Server 'EX01' -Thumbprint '{NEW}'"
    }
    assert [line for line in told if line.startswith("Set-Receive")] == [
        f"Set-ReceiveConnector '{server}\\Default Frontend {server}' -TlsCertificateName $n" for server in servers
    ]


def test_no_step_is_for_both_kinds_of_connectors() -> None:
    """One kind may not be concerned, and the step is left out then."""
    for entry in CATALOGUE.values():
        for remedies in (entry.remedy, *(cause.remedy for cause in entry.causes.values())):
            for step in written(remedies, [{"SERVER": "EX01"}]):
                lines = " ".join(step[1:])
                assert not ("<SEND-CONNECTOR>" in lines and "<RECEIVE-CONNECTOR>" in lines), entry.code


@pytest.mark.parametrize(
    ("ranges", "changes"),
    [
        (("10.0.0.0/8", "192.168.1.25", "nonsense"), {}),
        (("40.92.0.0/15",), {"bindings": Many(("192.0.2.99:25",))}),  # another address of the server
        (("40.92.0.0/15",), {"tls_domain_capabilities": Gap.LOST}),
        (("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",), {}),  # no closer than the other
    ],
)
def test_a_connector_for_others_is_left_alone(ranges: tuple[str, ...], changes: dict[str, Any]) -> None:
    assert "receive-range-catches" not in troubles(relay(*ranges, **changes))


def test_of_an_edge_server_the_binding_decides_whatever_its_role() -> None:
    edge = front_end("EDGE01", name="EDGE01\\Default internal receive connector EDGE01", transport_role="HubTransport")
    via = org(
        receive=(*(front_end(server, tls_certificate_name=None) for server in ("EX01", "EX02")), edge),
        certificates=(*HEALTHY.certificates, installed("renewed_same", "EDGE01")),
        hybrid=replace(
            HYBRID,
            receiving_transport_servers=Many(),
            sending_transport_servers=Many(),
            edge_transport_servers=Many(("EDGE01",)),
        ),
        send=(replace(SEND, source_transport_servers=Many(("EDGE01",))),),
    )
    assert troubles(via) == set()
    unnamed = replace(via, receive=(*via.receive[:2], replace(edge, tls_certificate_name=None)))
    assert troubles(unnamed) == {"receive-name-null"}


def test_servers_that_are_gone_say_nothing_of_those_that_are_there() -> None:
    gone = replace(HYBRID, receiving_transport_servers=Many(("OLD9",)), sending_transport_servers=Gap.ABSENT)
    unnamed = tuple(front_end(server, tls_certificate_name=None) for server in ("EX01", "EX02"))
    assert "receive-name-null" in troubles(org(receive=unnamed, hybrid=gone))


def test_an_edge_server_has_a_console_of_its_own() -> None:
    edge = front_end("EDGE01", transport_role="HubTransport")
    via = replace(HYBRID, receiving_transport_servers=Many(), edge_transport_servers=Many(("EDGE01",)))
    lacking = org(receive=(edge,), hybrid=via, certificates=(*HEALTHY.certificates, installed("selfsigned", "EDGE01")))
    assert "EDGE01 is an Edge server" in sentence(only(lacking, "connector-name-finds-nothing"))


def test_the_new_name_is_the_one_that_the_wizard_would_take() -> None:
    (told,) = (
        line for line in remedy(goes(tls_domain="hybrid.contoso.com"), "tls-domain-mismatch") if "Set-Out" in line
    )
    assert told.endswith("-TlsSettings DomainValidation -TlsDomain 'mail.contoso.com'")
    other = takes(tls_sender_certificate_name="hybrid.contoso.com")
    (told,) = (line for line in remedy(other, "sender-name-mismatch") if "Set-In" in line)
    assert "-TlsSenderCertificateName 'mail.contoso.com'" in told


def test_gravest_first() -> None:
    broken = replace(holding(), outbound=(replace(OUTBOUND, tls_domain=Gap.LOST),), hybrid=None)
    broken = replace(broken, inbound=(replace(INBOUND, tls_sender_certificate_name=None),))
    gravities = [found.verdict.gravity for found in judged(broken)]
    assert gravities == sorted(gravities, reverse=True)
    assert len(set(gravities)) == 4


# ------------------------------------------------------------------------------------------------ what is no fault


@pytest.mark.parametrize(
    "name",
    [
        NAME.replace("S=Berkshire", "ST=Berkshire"),
        NAME.upper().replace("<I>", "<i>"),
        NAME.replace(", O=", ",O=").replace(", C=", ",  C="),
        NAME.replace("<I>", "<I>C=US, ").replace(", C=US<S>", "<S>"),
        "<S>" + ", ".join(reversed(SUBJECT.split(", "))),
        f"<S>{SUBJECT}",
        NAME.replace('"', "”"),
    ],
)
def test_spelling_and_order_do_not_make_a_name_stale(name: str) -> None:
    assert not troubles(named(name))


def test_another_order_is_told_as_a_doubt() -> None:
    doubt = only(named(NAME.replace("L=Reading, S=Berkshire", "S=Berkshire, L=Reading")), "connector-name-resolves")
    assert "in another order" in sentence(doubt)
    assert "order" not in sentence(only(named(NAME.replace("S=", "ST=")), "connector-name-resolves"))


def test_a_renewal_that_has_expired_itself_is_not_the_one_to_use() -> None:
    found = only(
        holding(*on_both("renewed_newissuer", not_after=AT - timedelta(days=1))), "connector-name-finds-nothing"
    )
    assert found.fact("cause") == "nowhere"


def test_a_name_for_the_old_certificate_and_one_server_that_has_only_the_new_one() -> None:
    """The old one, which another server still holds, has expired: the name is stale, no server lacks anything."""
    organisation = holding(installed("old", "EX01"), *on_both("renewed_newissuer"))
    assert only(organisation, "connector-name-stale", "issuer-differs").where.host == "EX02"
    assert only(organisation, "installed-certificate-expired").where.host == "EX01"


def test_a_server_whose_certificates_nobody_exported_lacks_nothing() -> None:
    organisation = org(certificates=(installed("renewed_same", "EX01"),))
    assert not troubles(organisation)
    assert "certificates of EX02" in (only(organisation, "export-lossy", "absent").fact("missing") or "")


def test_certificates_without_a_server_may_be_anybodys() -> None:
    nobodys = org(certificates=(installed("renewed_newissuer", None),))
    found = only(nobodys, "connector-name-stale")
    assert found.verdict is Verdict.WARN
    assert "does not say whose certificates these are" in sentence(found)
    assert not troubles(org(certificates=(installed("renewed_same", None),)))


@pytest.mark.parametrize("gap", [Gap.ABSENT, Gap.LOST])
def test_a_certificate_whose_names_are_not_known_may_be_the_one(gap: Gap) -> None:
    unread = holding(printed("renewed_same", "EX01", issuer=gap), printed("renewed_same", "EX02", subject=gap))
    assert troubles(unread) <= {"export-lossy"}
    assert only(unread, "export-lossy", gap.value).verdict is (Verdict.OK if gap is Gap.ABSENT else Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        (-30, "installed-certificate-expired"),
        (-10, "installed-certificate-expires-soon"),
        (10, "installed-certificate-expires-soon"),
        (24 * 40, None),
    ],
)
def test_local_dates_may_be_hours_off(hours: int, code: str | None) -> None:
    end = AT + timedelta(hours=hours)
    organisation = holding(
        printed("renewed_same", "EX01", not_after=end), printed("renewed_same", "EX02", not_after=end)
    )
    assert troubles(organisation) == ({code} if code else set())
    if code == "installed-certificate-expires-soon":
        assert "up to 14 hours off" in sentence(only(organisation, code))


@pytest.mark.parametrize("year", [1, 9999])
def test_dates_at_the_ends_of_the_calendar(year: int) -> None:
    edge = datetime(year, 1, 1, tzinfo=UTC)
    extreme = (printed("renewed_same", server, not_before=edge, not_after=edge) for server in ("EX01", "EX02"))
    expected = "installed-certificate-expired" if year == 1 else "installed-certificate-not-yet-valid"
    assert expected in troubles(holding(*extreme))


@pytest.mark.parametrize(("days", "share", "warned"), [(21, 100 / 3, False), (200, 100, True), (200, 50, False)])
def test_both_limits_must_be_undercut(days: float, share: float, *, warned: bool) -> None:
    codes = troubles(HEALTHY, warn_days=days, warn_lifetime=share)
    assert codes == ({"installed-certificate-expires-soon"} if warned else set())


def test_of_a_server_that_exchange_online_does_not_come_to_nothing_is_asked() -> None:
    apart = front_end("EX03", tls_certificate_name=None, tls_domain_capabilities=Many(), auth_mechanism=Many())
    organisation = org(receive=(*HEALTHY.receive, apart), certificates=(*HEALTHY.certificates, *third()))
    assert not troubles(organisation)
    unsure = replace(organisation, hybrid=None)
    assert troubles(unsure) == {"receive-name-null", "capabilities-missing", "receive-without-tls"}
    found = only(unsure, "receive-name-null")
    assert found.verdict is Verdict.WARN
    assert "do not say whether Exchange Online's mail comes to this server" in sentence(found)


def third() -> tuple[ExchangeCertificate, ...]:
    return (installed("selfsigned", "EX03", domains=Many(("EX03", "EX03.corp.contoso.com")), der=None),)


def test_with_edge_servers_the_default_front_ends_face_the_inside() -> None:
    edge = front_end("EDGE01", transport_role=Gap.ABSENT, fqdn="mail.contoso.com")
    organisation = org(
        receive=(*(front_end(server, tls_certificate_name=None) for server in ("EX01", "EX02")), edge),
        certificates=(*HEALTHY.certificates, installed("renewed_same", "EDGE01")),
        hybrid=replace(
            HYBRID,
            receiving_transport_servers=Many(),
            sending_transport_servers=Many(),
            edge_transport_servers=Many(("EDGE01",)),
        ),
        send=(replace(SEND, source_transport_servers=Many(("EDGE01",))),),
        servers=EDGE,
    )
    assert not troubles(organisation)


def test_a_connector_made_for_exchange_online_stands_before_the_default_one() -> None:
    plain = front_end("EX01", tls_certificate_name=None, tls_domain_capabilities=Many())
    dedicated = front_end("EX01", name="EX01\\From Exchange Online", remote_ip_ranges=Many(("40.92.0.0/15",)))
    assert not troubles(org(receive=(plain, dedicated, front_end("EX02"))))
    powerless = replace(dedicated, tls_domain_capabilities=Many())
    assert "capabilities-missing" in troubles(org(receive=(plain, powerless, front_end("EX02"))))


@pytest.mark.parametrize(
    "other",
    [
        front_end("EX01", name="EX01\\Client Frontend EX01", bindings=Many(("0.0.0.0:587",))),
        front_end("EX01", name="EX01\\Default EX01", bindings=Many(("0.0.0.0:2525",)), transport_role="HubTransport"),
        front_end("EX01", name="EX01\\Relay", enabled=False),
        front_end("EX01", name="EX01\\Something", bindings=Gap.ABSENT, transport_role=Gap.ABSENT),
    ],
)
def test_other_connectors_need_no_certificate_of_their_own(other: ReceiveConnector) -> None:
    bare = replace(other, tls_certificate_name=None, tls_domain_capabilities=None, auth_mechanism=Many())
    assert not troubles(org(receive=(*HEALTHY.receive, bare)))


def test_where_nothing_is_validated_the_self_signed_certificate_will_do() -> None:
    loose = replace(
        fronts(tls_certificate_name=None), outbound=(replace(OUTBOUND, tls_settings="EncryptionOnly", tls_domain=None),)
    )
    assert not troubles(loose)
    told_of = sentence(only(loose, "receive-name-null", "self-signed"))
    assert "excused by the outbound connector's TlsSettings" in told_of


def test_an_untrusted_certificate_for_the_fqdn_leaves_the_self_signed_one() -> None:
    """Event 2004: of two certificates for one name, Exchange passes over the one that it does not trust."""
    own = _authority().leaf(names=("EX01.corp.contoso.com",), subject="CN=EX01.corp.contoso.com", key="rsa2048").der
    internal = installed(own, "EX01", not_before=AT - timedelta(days=9), not_after=AT + timedelta(days=90))
    nameless = front_end("EX01", tls_certificate_name=None)
    for status, kind in (("Valid", "ca-issued"), ("RevocationCheckFailure", "ca-issued"), ("Untrusted", "self-signed")):
        held = (*HEALTHY.certificates, replace(internal, status=status))
        organisation = org(receive=(nameless, front_end("EX02")), certificates=held)
        assert only(organisation, "receive-name-null").fact("cause") == kind


def test_an_elliptic_curve_key_is_passed_over_where_none_is_named() -> None:
    begin = AT - timedelta(days=9)
    for key, kind in (("rsa2048", "ca-issued"), ("ec", "self-signed")):
        der = (
            _authority()
            .leaf(names=("EX01.corp.contoso.com",), key=key, not_before=begin, not_after=AT + timedelta(days=90))
            .der
        )
        organisation = org(
            receive=(front_end("EX01", tls_certificate_name=None), front_end("EX02")),
            certificates=(*HEALTHY.certificates, installed(der, "EX01")),
        )
        assert only(organisation, "receive-name-null").fact("cause") == kind


def test_an_expired_certificate_beside_one_whose_dates_are_not_known() -> None:
    organisation = holding(*on_both("old"), *on_both("renewed_same", not_before=Gap.ABSENT, not_after=Gap.ABSENT))
    assert only(organisation, "connector-name-ambiguous", "expired-among-them").verdict is Verdict.WARN


def test_a_connector_that_offers_no_tls_is_graver_where_tls_is_demanded() -> None:
    bare = fronts(auth_mechanism=Many(("Integrated",)))
    for settings, verdict in (("EncryptionOnly", Verdict.FAIL), (None, Verdict.WARN), (Gap.LOST, Verdict.WARN)):
        outbound = (replace(OUTBOUND, tls_settings=settings, tls_domain=None),)
        assert only(replace(bare, outbound=outbound), "receive-without-tls").verdict is verdict


def test_a_name_that_is_there_is_not_doubted_for_a_wildcard_beside_it() -> None:
    der = made("*.contoso.com", "contoso.com", subject="CN=*.contoso.com")
    organisation = replace(using(der), inbound=(), outbound=(replace(OUTBOUND, tls_domain="contoso.com"),))
    assert only(organisation, "tls-domain-matches").fact("doubt") is None


def test_as_a_client_the_self_signed_certificate_never_does() -> None:
    loose = (replace(OUTBOUND, tls_settings="EncryptionOnly", tls_domain=None),)
    found = {
        one.where.host or one.fact("connectors"): one.verdict
        for one in judged(replace(named("<I>CN=EX01<S>CN=EX01"), outbound=loose))
        if one.code == "installed-certificate-untrusted"
    }
    assert set(found.values()) == {Verdict.OK, Verdict.FAIL}


def test_a_connector_that_goes_by_mx_has_no_smart_host_to_compare() -> None:
    assert not troubles(goes(use_mx_record=True, smart_hosts=Many()))
    by_mx = replace(OUTBOUND, name="By MX", use_mx_record=True, smart_hosts=Many())
    agreed = only(org(outbound=(OUTBOUND, by_mx)), "hybrid-configuration-agrees")
    assert "smart-host" in (agreed.fact("compared") or "")


def test_not_knowing_what_is_demanded_a_null_name_is_a_warning() -> None:
    found = only(replace(fronts(tls_certificate_name=None), outbound=()), "receive-name-null", "self-signed")
    assert found.verdict is Verdict.WARN


def test_connectors_for_partners_and_those_switched_off_are_left_alone() -> None:
    partner = replace(OUTBOUND, name="To Fabrikam", connector_type="Partner", tls_domain="mail.fabrikam.org")
    off = replace(OUTBOUND, name="Off", enabled=False, tls_domain="mail.fabrikam.org")
    foreign = replace(
        INBOUND, name="From Fabrikam", connector_type="Partner", tls_sender_certificate_name="fabrikam.org"
    )
    idle = replace(SEND, name="Idle", enabled=False, tls_certificate_name="<S>CN=gone.contoso.com")
    assert not troubles(org(outbound=(OUTBOUND, partner, off), inbound=(INBOUND, foreign), send=(SEND, idle)))


def test_mail_may_be_attributed_by_address() -> None:
    by_address = replace(
        INBOUND, tls_sender_certificate_name="old.contoso.com", sender_ip_addresses=Many(("192.0.2.1",))
    )
    found = only(org(inbound=(by_address,)), "sender-name-mismatch", "no-name")
    assert found.verdict is Verdict.WARN
    assert "SenderIPAddresses may" in sentence(found)
    assert not troubles(takes(tls_sender_certificate_name=None, sender_ip_addresses=Many(("192.0.2.1",))))


def test_a_third_recipient_domain_is_somebodys_wish_and_no_drift() -> None:
    assert not troubles(goes(recipient_domains=Many(("contoso.com", "fabrikam.org"))))
    assert not troubles(goes(recipient_domains=Many(("*",))))
    assert not troubles(intends(domains=Many(("AutoD:contoso.com", "contoso.mail.onmicrosoft.com"))))
    assert not troubles(goes(recipient_domains=Many(("tailspin.org",)), all_accepted_domains=True))
    wider = replace(
        intends(domains=Many(("eu.contoso.com",))),
        outbound=(replace(OUTBOUND, recipient_domains=Many(("*.contoso.com",))),),
    )
    assert not troubles(wider)


def test_the_capability_may_be_given_to_a_wildcard_and_in_other_clouds() -> None:
    for entry in (
        "*.protection.outlook.com:AcceptCloudServicesMail",
        "mail.protection.office365.us:AcceptCloudServicesMail",
    ):
        assert not troubles(fronts(tls_domain_capabilities=Many((entry,))))
    assert troubles(fronts(tls_domain_capabilities=Many(("mail.protection.outlook.com:AllowSubmit",))))


# ------------------------------------------------------------------------------------------------- names, by tables


@pytest.mark.parametrize(
    ("expected", "presented", "met", "doubt"),
    [
        ("mail.contoso.com", "mail.contoso.com", True, None),
        ("mail.contoso.com", "*.contoso.com", True, None),
        ("a.b.contoso.com", "*.contoso.com", False, None),
        ("contoso.com", "*.contoso.com", True, "unverified since"),
        ("*.contoso.com", "*.contoso.com", True, None),
        ("*.contoso.com", "mail.contoso.com", True, None),
        ("*.contoso.com", "a.b.contoso.com", False, None),
        ("*.contoso.com", "contoso.com", False, "is unverified"),
        ("MAIL.Contoso.com", "mail.contoso.com", True, None),
    ],
)
def test_what_exchange_online_takes_for_the_expected_name(
    expected: str, presented: str, met: bool, doubt: str | None
) -> None:
    der = made(presented, subject=f"CN={presented},O=Contoso Ltd")
    organisation = replace(using(der), inbound=(), outbound=(replace(OUTBOUND, tls_domain=expected),))
    found = only(organisation, "tls-domain-matches" if met else "tls-domain-mismatch")
    assert (found.verdict is Verdict.OK) is met
    assert found.fact("expected") == expected.lower()
    assert (doubt is None) is (found.fact("doubt") is None)
    assert (doubt or "") in sentence(found)


def test_the_words_of_exchange_online_come_with_the_facts_of_the_case() -> None:
    found = only(goes(tls_domain="hybrid.contoso.com"), "tls-domain-mismatch")
    words = "\n".join("".join(span.text for span in line) for line in faults([found], "", verbosity=1, width=400))
    assert "450 4.7.320 Certificate validation failed [Message=SubjectMismatch]" in words
    assert (
        f"SubjectMismatch Expected Subject: hybrid.contoso.com. Presented Subject: {SUBJECT}. Thumbprint: {SAME}"
        in words
    )


@pytest.mark.parametrize(
    ("name", "domain", "below", "covered"),
    [
        ("contoso.com", "contoso.com", False, True),
        ("mail.contoso.com", "Contoso.com", False, True),
        ("*.contoso.com", "contoso.com", False, True),
        ("hostname.subdomain.contoso.com", "subdomain.contoso.com", False, True),
        ("hostname.subdomain.contoso.com", "contoso.com", False, False),
        ("hostname.subdomain.contoso.com", "contoso.com", True, True),
        ("hostname.subdomain.contoso.com", "*.contoso.com", False, True),
        ("*.subdomain.contoso.com", "contoso.com", False, False),
        ("*.subdomain.contoso.com", "contoso.com", True, True),
        ("mailcontoso.com", "contoso.com", True, False),
        ("com", "contoso.com", True, False),
    ],
)
def test_what_lies_under_an_accepted_domain(name: str, domain: str, below: bool, covered: bool) -> None:
    accepted = (AcceptedDomain(domain=domain, match_subdomains=below),)
    assert (covering(name, accepted) is not None) is covered


def test_how_deep_a_name_may_lie_is_doubtful_where_the_export_does_not_say() -> None:
    deep = replace(INBOUND, tls_sender_certificate_name="a.b.contoso.com")
    unsaid = (AcceptedDomain(domain="contoso.com", online=True),)
    found = only(org(inbound=(deep,), domains=unsaid), "sender-name-not-accepted", "deeper")
    assert found.verdict is Verdict.WARN


def test_the_domains_on_premises_say_nothing_of_the_tenant() -> None:
    own = (AcceptedDomain(domain="corp.contoso.com", match_subdomains=False, online=False),)
    assert not troubles(org(domains=own))
    assert "accepted domains of Exchange Online" in (only(org(domains=own), "export-lossy").fact("missing") or "")


# --------------------------------------------------------------------------------------------- remedies and bounds


def test_the_remedy_names_the_certificate_that_should_be_used_and_the_servers_that_need_it() -> None:
    lacking = only(holding(installed("renewed_same", "EX01")), "connector-name-finds-nothing")
    assert dict(lacking.names.common)["THUMBPRINT"] == SAME
    assert {dict(row)["SERVER"] for row in lacking.names.servers} == {"EX02"}
    stale = only(holding(*on_both("renewed_newissuer")), "connector-name-stale")
    assert dict(stale.names.common)["THUMBPRINT"] == NEW
    assert dict(stale.names.common)["HOLDER"] == "EX01"
    assert [dict(row) for row in stale.names.servers] == [
        *(
            {"SERVER": server, "RECEIVE-CONNECTOR": f"{server}\\Default Frontend {server}", "SEND-CONNECTOR": ""}
            for server in ("EX01", "EX02")
        ),
        *({"SERVER": server, "RECEIVE-CONNECTOR": "", "SEND-CONNECTOR": TO_OFFICE} for server in ("EX01", "EX02")),
    ]
    twice = only(holding(*on_both("renewed_same"), *on_both("old")), "connector-name-ambiguous")
    assert dict(twice.names.common)["THUMBPRINT"] == SAME
    assert dict(twice.names.common)["OLD-THUMBPRINT"] == OLD


def test_stale_names_say_the_words_that_come_of_them() -> None:
    words = explain("connector-name-stale", "issuer-differs").exchange_online
    assert any("451 5.7.3 STARTTLS is required" in line for line in words)
    assert any(line.startswith("454 4.7.5 The certificate specified in TlsCertificateName") for line in words)


GAPS = tuple(
    (kind, name, gap)
    for kind, one in (
        ("inbound", INBOUND),
        ("outbound", OUTBOUND),
        ("send", SEND),
        ("receive", HEALTHY.receive[0]),
        ("certificates", HEALTHY.certificates[2]),
        ("hybrid", HYBRID),
        ("servers", SERVERS[0]),
        ("domains", ACCEPTED[0]),
    )
    for name in one.__dataclass_fields__
    if name not in ("name", "thumbprint", "domain", "der", "dates_local", "online")
    for gap in (Gap.ABSENT, Gap.LOST)
)


@pytest.mark.parametrize(("kind", "name", "gap"), GAPS)
def test_nothing_is_concluded_from_what_is_not_known(kind: str, name: str, gap: Gap) -> None:
    held = getattr(HEALTHY, kind)
    if kind == "hybrid":
        changed = replace(HEALTHY, hybrid=replace(HYBRID, **{name: gap}))
    else:
        bare = {"der": None} if kind == "certificates" else {}
        changed = org(**{kind: tuple(replace(one, **{name: gap}, **bare) for one in held)})
    assert troubles(changed) <= ({"export-lossy"} if gap is Gap.LOST else set())


def test_a_huge_organisation_takes_no_longer_than_it_is_large() -> None:
    """Every connector and every certificate on one server, all of one subject, each name another."""
    many = 2000
    certificates = tuple(
        printed("renewed_same", "EX01", thumbprint=f"{number:040X}", issuer=f"CN=CA {number}") for number in range(many)
    )
    receive = tuple(
        front_end("EX01", name=f"EX01\\C{number}", tls_certificate_name=f"<I>CN=Other {number}<S>{SUBJECT}")
        for number in range(many)
    )
    begin = monotonic()
    findings = judged(org(receive=receive, certificates=certificates))
    assert monotonic() - begin < 20
    assert sum(bool(found.names.servers) for found in findings) <= 100


def test_resolving_one_name_at_a_time_is_the_same() -> None:
    organisation = holding(installed("renewed_same", "EX01"), installed("old", "EX02"))
    found = resolve(organisation, NAME, "ex01.corp.contoso.com")
    assert [one.thumbprint for one in found.here] == [SAME]
    assert [one.thumbprint for one in found.elsewhere] == [OLD]
    assert [one.thumbprint for one in resolve(organisation, NAME, None).here] == [SAME, OLD]
