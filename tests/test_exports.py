"""Exports: every form of one object reads to one value, what is unknown stays unknown, many files are one organisation,
and whatever is in a file, only `ExportError` comes out."""

import base64
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.certificates import authority, leaf, sample
from fixtures.exchange_forms import EXPORTS, as_json
from fixtures.exchange_organisation import ISSUER, SUBJECT
from probe import config, exchange
from probe.errors import ConfigError, ExportError
from probe.exchange import dates
from probe.exchange.certificates import certificate
from probe.exchange.fields import Fields, Margin
from probe.exchange.kinds import Kind, kind
from probe.exchange.objects import READERS, name
from probe.exchange.raw import Listed, Nested, Raw, Value
from probe.exchange.remarks import REMARKS
from probe.judge.certificate import Certificate, parse
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    Export,
    Gap,
    HybridConfiguration,
    InboundConnector,
    Many,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    Remark,
    SendConnector,
    Thing,
)

PAIR = f"<I>{ISSUER}<S>{SUBJECT}"
SHA1 = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
CONTRIB = Path(__file__).parents[1] / "contrib"


def read_json(value: object, modified: datetime | None = None) -> Export:
    return exchange.read(as_json(value), "file.json", modified)


def only(export: Export) -> Any:
    assert len(export.things) == 1
    return export.things[0]


def remarked(export: Export) -> set[tuple[str, str]]:
    return {(remark.what, remark.key) for remark in export.remarks}


def send(**properties: object) -> Any:
    """A send connector of JSON with these properties."""
    return only(read_json({"Name": "Out", "AddressSpaces": ["smtp:*;1"], "DNSRoutingEnabled": True, **properties}))


def receive(**properties: object) -> Any:
    return only(read_json({"Identity": "EX01\\In", "Bindings": ["0.0.0.0:25"], "TransportRole": 32, **properties}))


def cert(**properties: object) -> Export:
    return read_json({"Thumbprint": SHA1, "RootCAType": "None", **properties})


# One object, every form.


def sample_of(name: str) -> Any:
    return only(exchange.read((EXPORTS / name).read_bytes(), name))


def agree(one: Thing, other: Thing) -> set[str]:
    """The properties of which both speak; a test fails where they say different things of one."""
    both = set()
    for part in fields(one):
        mine, its = getattr(one, part.name), getattr(other, part.name)
        if not isinstance(mine, Gap) and not isinstance(its, Gap) and part.name != "name":
            assert mine == its, part.name
            both.add(part.name)
    return both


def test_the_send_connector_is_the_same_in_every_form() -> None:
    whole = sample_of("onprem-sendconnector.ps51.json")
    assert whole == SendConnector(
        name="Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10",
        enabled=True,
        require_tls=True,
        tls_auth_level="DomainValidation",
        tls_domain="mail.protection.outlook.com",
        tls_certificate_name=PAIR,
        fqdn="mail.contoso.com",
        dns_routing_enabled=True,
        smart_hosts=Many(),
        address_spaces=Many(("smtp:contoso.mail.onmicrosoft.com;1",)),
        cloud_services_mail_enabled=True,
        ignore_starttls=False,
        domain_secure_enabled=False,
        frontend_proxy_enabled=False,
        source_transport_servers=Many(("EX01", "EX02")),
        protocol_logging_level="Verbose",
        connector_type="Default",
        changed=datetime(2025, 10, 21, 9, 12, 45, tzinfo=UTC),
    )
    assert len(agree(whole, sample_of("onprem-sendconnector.fl80.txt"))) == 10
    assert len(agree(whole, sample_of("onprem-sendconnector.clixml"))) == 10
    assert len(agree(whole, sample_of("onprem-sendconnector.csv"))) == 5


def test_the_receive_connector_is_the_same_in_every_form() -> None:
    printed, flat = (sample_of(f"onprem-receiveconnector.{form}") for form in ("fl.txt", "flat.json"))
    assert replace(printed, enabled=True) == flat
    assert flat.name == "EX01\\Default Frontend EX01"
    assert flat.tls_certificate_name is None
    assert flat.tls_domain_capabilities == Many(("mail.protection.outlook.com:AcceptCloudServicesMail",))
    assert flat.auth_mechanism.items[0] == "Tls"


def test_certificates_are_the_same_printed_and_by_their_bytes() -> None:
    printed, bytes_ = (
        exchange.read((EXPORTS / name).read_bytes(), name).things
        for name in ("onprem-certs.fl.txt", "onprem-certs.clixml")
    )
    for one, other in zip(printed, bytes_, strict=True):
        assert isinstance(one, ExchangeCertificate)
        assert isinstance(other, ExchangeCertificate)
        assert (one.dates_local, other.dates_local) == (True, False)
        assert len(agree(replace(one, dates_local=False, der=other.der), other)) == 11


FORMS = ("clixml", "csv", "fl120", "fl200", "fl80", "ps51", "ps7")
UNSAID = {  # what a form does not say, of what the collector says
    "csv": {"server", "domains"},
    "clixml": {"services", "status", "has_private_key", "root_ca_type"},
    **{form: {"server"} for form in ("fl80", "fl120", "fl200", "ps51", "ps7")},
}


@pytest.fixture(scope="module")
def healthy() -> Organisation:
    return config.organisation([EXPORTS / "org"])


def called(thing: Any) -> str:
    return str(getattr(thing, "name", None) or getattr(thing, "thumbprint", None) or getattr(thing, "domain", None))


@pytest.mark.parametrize("form", FORMS)
def test_the_organisation_is_the_same_in_every_form(form: str, healthy: Organisation) -> None:
    found = config.organisation([EXPORTS / "forms" / form])
    for part in ("inbound", "outbound", "send", "receive", "certificates", "servers"):
        mine, its = ({called(thing): thing for thing in getattr(whole, part)} for whole in (found, healthy))
        assert mine.keys() == its.keys()
        for key, thing in mine.items():
            unsaid = {one.name for one in fields(thing) if isinstance(getattr(thing, one.name), Gap)}
            if form == "csv":
                lists = {one.name for one in fields(thing) if isinstance(getattr(its[key], one.name), Many)}
                flags = {"auth_mechanism", "permission_groups", "services"}
                assert unsaid - UNSAID["csv"] == lists - UNSAID["csv"] - flags
            elif part == "certificates":
                assert unsaid == UNSAID[form]
            else:
                assert not unsaid
            if isinstance(thing, ExchangeCertificate):
                server = its[key].server if isinstance(thing.server, str) else thing.server
                thing = replace(thing, der=its[key].der, dates_local=False, server=server)
            agree(thing, its[key])
    assert found.hybrid is not None
    assert healthy.hybrid is not None
    if form == "fl80":
        assert found.hybrid.features == Many(("FreeBusy", "MoveMailbox", "Mailtips", "MessageTracking"), cut=True)
    elif form == "csv":
        assert found.hybrid.features is Gap.LOST
        assert found.hybrid.tls_certificate_name == PAIR
    else:
        assert found.hybrid == healthy.hybrid


def test_the_healthy_organisation_is_whole(healthy: Organisation) -> None:
    assert [len(part) for part in (healthy.inbound, healthy.outbound, healthy.send, healthy.receive)] == [1, 1, 1, 10]
    assert [(found.thumbprint[:4], found.server) for found in healthy.certificates] == [
        ("52B4", "EX01"),
        ("7CE9", "EX01"),
        ("52B4", "EX02"),
    ]
    assert {(found.domain, found.online) for found in healthy.domains} == {
        ("contoso.com", False),
        ("contoso.com", True),
        ("contoso.onmicrosoft.com", True),
        ("contoso.mail.onmicrosoft.com", False),
        ("contoso.mail.onmicrosoft.com", True),
    }
    assert healthy.collected == AT
    assert not any(export.remarks for export in healthy.exports)
    assert all(export.certain for export in healthy.exports)
    assert list(healthy.server_names) == ["EX01", "EX02"]


@pytest.mark.parametrize("path", sorted((EXPORTS / "broken").glob("*.json")), ids=lambda path: path.stem)
def test_broken_organisations_are_read_and_differ(path: Path, healthy: Organisation) -> None:
    found = config.organisation([path, EXPORTS / "org" / "exo.json"])
    assert replace(found, exports=()) != replace(healthy, exports=())


# Absent, null, lost.


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, Gap.ABSENT), ({"Fqdn": None}, None), ({"Fqdn": ""}, None), ({"Fqdn": "a.example"}, "a.example")],
)
def test_text_is_absent_null_or_there(given: dict[str, object], expected: object) -> None:
    assert send(**given).fqdn == expected


def test_an_empty_text_is_null_whatever_the_type() -> None:
    found = send(RequireTLS="", SmartHosts="", TlsAuthLevel=" ", WhenChangedUTC="", TlsCertificateName="")
    assert (found.require_tls, found.smart_hosts, found.tls_auth_level, found.changed) == (None, None, None, None)
    assert found.tls_certificate_name is None


@pytest.mark.parametrize(
    ("text", "none"),
    [
        (
            '{"collected": "2026-11-21T08:00:00Z", "inbound": [], "outbound": [{"Name": "a", "TlsDomain": "b.c"}]}',
            {"inbound"},
        ),
        ('{"collected": "2026-11-21T08:00:00Z", "outbound": [{"Name": "a", "TlsDomain": "b.c"}]}', set()),
        (
            (
                '{"collected": "2026-11-21T08:00:00Z", "inbound": [], "outbound": [{"Name": "a", "TlsDomain": "b.c"}], '
                '"errors": [{"Step": "Get-InboundConnector", "Message": "no"}]}'
            ),
            set(),
        ),
    ],
)
def test_asked_and_none_there_is_not_the_same_as_not_asked(text: str, none: set[str]) -> None:
    assert exchange.organisation([exchange.read(text.encode(), "exo.json")]).none == none


def test_a_collector_that_got_nothing_says_why() -> None:
    text = (
        '{"collected": "2026-11-21T08:00:00Z", "errors": [{"Step": "Get-SendConnector", "Message": "not recognised"}]}'
    )
    with pytest.raises(ExportError, match="the collector was told `Get-SendConnector: not recognised`"):
        exchange.read(text.encode(), "onprem.json")


def test_absent_null_and_lost_lists_are_three_things() -> None:
    header = '"Name","AddressSpaces","SmartHosts","TlsDomain"\n'
    lost = "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.SmartHost]"
    row = f'"Out","smtp:*;1","{lost}",""\n'
    found = only(exchange.read((header + row).encode(), "send.csv"))
    assert (found.smart_hosts, found.source_transport_servers, found.tls_domain) == (Gap.LOST, Gap.ABSENT, None)
    assert (send(SmartHosts=None).smart_hosts, send(SmartHosts=[]).smart_hosts) == (None, Many())


def test_a_list_that_is_lost_may_be_there_as_a_text() -> None:
    lost = "System.Collections.ArrayList"
    assert send(SmartHosts=lost, SmartHostsString="a.example, [192.0.2.1]").smart_hosts == Many(
        ("a.example", "[192.0.2.1]")
    )


# Values.


@pytest.mark.parametrize("given", [True, "True", "true", " TRUE ", 1, "1", "$true"])
def test_true_is_true(given: object) -> None:
    assert send(RequireTLS=given).require_tls is True


@pytest.mark.parametrize("given", [False, "False", "false", 0, "0", "$false"])
def test_false_is_false(given: object) -> None:
    assert send(RequireTLS=given).require_tls is False


@pytest.mark.parametrize("given", ["perhaps", 2, ["True", "False"], {"a": 1}])
def test_what_is_neither_is_refused_with_file_line_and_property(given: object) -> None:
    with pytest.raises(ExportError, match=r"file.json, line 7: RequireTLS is .*, neither True nor False") as error:
        send(RequireTLS=given)
    assert error.value.hint


@pytest.mark.parametrize(
    "given",
    [4, 4.0, "4", "DomainValidation", "domainvalidation", {"value": 4, "Value": "DomainValidation"}],
)
def test_an_enumeration_is_its_name(given: object) -> None:
    assert send(TlsAuthLevel=given).tls_auth_level == "DomainValidation"


def test_a_name_that_is_new_is_kept_and_a_number_that_is_new_is_lost() -> None:
    assert send(TlsAuthLevel="Quantum").tls_auth_level == "Quantum"
    assert send(TlsAuthLevel=4.5).tls_auth_level is Gap.LOST
    export = read_json({"Name": "Out", "AddressSpaces": [], "TlsAuthLevel": 3})
    assert only(export).tls_auth_level is Gap.LOST
    assert ("value-unknown", "TlsAuthLevel") in remarked(export)


@pytest.mark.parametrize(
    "given",
    [
        19,
        "19",
        "Tls, Integrated, ExchangeServer",
        "exchangeserver,TLS,Integrated",
        ["Tls", "ExchangeServer", "Integrated"],
        {"value": 19, "Value": "Tls, Integrated, ExchangeServer"},
    ],
)
def test_flags_are_names_in_the_order_of_their_numbers(given: object) -> None:
    assert receive(AuthMechanism=given).auth_mechanism == Many(("Tls", "Integrated", "ExchangeServer"))


@pytest.mark.parametrize(("given", "expected"), [(0, Many()), ("None", Many()), (64, Gap.LOST), (-1, Gap.LOST)])
def test_no_flags_and_unknown_flags(given: object, expected: object) -> None:
    assert receive(AuthMechanism=given).auth_mechanism == expected


@pytest.mark.parametrize("given", ["IP.WS..", "IP.WS.", 27, "SMTP, IIS, IMAP, POP", "IMAP, POP, IIS, SMTP"])
def test_services_come_as_letters_numbers_and_names(given: object) -> None:
    assert only(cert(Services=given)).services == Many(("IMAP", "POP", "IIS", "SMTP"))


@pytest.mark.parametrize(
    "given",
    [
        "EX01",
        {"Name": "EX01"},
        "CN=EX01,CN=Servers,CN=Exchange Administrative Group,DC=contoso,DC=com",
        {"DistinguishedName": "CN=EX01,CN=Servers,DC=contoso,DC=com"},
        "corp.contoso.com/Configuration/Services/Microsoft Exchange/Contoso/Servers/EX01",
    ],
)
def test_references_to_servers_are_their_names(given: object) -> None:
    assert send(SourceTransportServers=[given, "EX02"]).source_transport_servers == Many(("EX01", "EX02"))
    assert receive(Server=given).server == "EX01"


@pytest.mark.parametrize(
    "given",
    [
        "mail.protection.outlook.com:AcceptCloudServicesMail",
        ["mail.protection.outlook.com:acceptcloudservicesmail"],
        [{"Domain": "mail.protection.outlook.com", "Capabilities": 512, "SmtpX509Identifier": None}],
        [{"Domain": {"Address": "mail.protection.outlook.com"}, "Capabilities": "AcceptCloudServicesMail"}],
        [{"Domain": "mail.protection.outlook.com", "Capabilities": {"value": 512, "Value": "AcceptCloudServicesMail"}}],
    ],
)
def test_capabilities_come_as_text_and_as_objects(given: object) -> None:
    found = receive(TlsDomainCapabilities=given).tls_domain_capabilities
    assert found == Many(("mail.protection.outlook.com:AcceptCloudServicesMail",))


def test_capabilities_split_at_their_commas_are_put_together_again() -> None:
    old = "<I>CN=MSIT, O=Microsoft<S>CN=mail.protection.outlook.com, O=Microsoft:AcceptCloudServicesMail"
    two = "b.example:AcceptOorgProtocol,AcceptCloudServicesMail"
    pieces = [piece for entry in (old, "a.example:AllowSubmit", two) for piece in entry.split(",")]
    assert receive(TlsDomainCapabilities=pieces).tls_domain_capabilities == Many((old, "a.example:AllowSubmit", two))
    printed = f"Bindings : {{0.0.0.0:25}}\nIdentity : EX01\\In\nTlsDomainCapabilities : {{{old}, {two}}}\n"
    assert only(exchange.read(printed.encode(), "x")).tls_domain_capabilities == Many((old, two))


def test_objects_of_the_network_have_their_text() -> None:
    binding = {"Address": {"IPAddressToString": "::"}, "AddressFamily": 23, "Port": 25}
    span = {"LowerBound": {"IPAddressToString": "10.0.0.1"}, "UpperBound": {"IPAddressToString": "10.0.0.9"}}
    # Of IPv4, .NET's Address has a number of its own, 167772161 for 10.0.0.1.
    plain = {"Address": {"Address": 0, "AddressFamily": 2, "IPAddressToString": "0.0.0.0"}, "Port": 25}
    other = {part: {"Address": 167772161, "IPAddressToString": "10.0.0.1"} for part in ("LowerBound", "UpperBound")}
    found = receive(Bindings=[binding, plain], RemoteIPRanges=[span, other])
    assert found.bindings == Many(("[::]:25", "0.0.0.0:25"))
    assert found.remote_ip_ranges == Many(("10.0.0.1-10.0.0.9", "10.0.0.1"))
    space = {"Type": "smtp", "Address": "contoso.com", "Cost": 1}
    assert send(AddressSpaces=[space]).address_spaces == Many(("smtp:contoso.com;1",))
    assert send(TlsDomain={"Address": "*.contoso.com", "Domain": "contoso.com"}).tls_domain == "*.contoso.com"


@pytest.mark.parametrize("between", [" ", ",", ", ", ";", "; ", "\n"])
def test_a_list_that_came_as_one_text_is_a_list(between: str) -> None:
    """ConvertTo-Json joins by blanks what is beyond -Depth; in CSV it is people who join."""
    ranges = ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0-255.255.255.255", "10.0.0.0/8")
    bindings = ("[::]:25", "0.0.0.0:25")
    found = receive(Bindings=between.join(bindings), RemoteIPRanges=between.join(ranges))
    assert found.bindings == Many(bindings)
    assert found.remote_ip_ranges == Many(ranges)
    spaces = ("smtp:contoso.com;1", "smtp:*;20")
    assert send(AddressSpaces=between.join(spaces)).address_spaces == Many(spaces)
    rights = ("a.example:AcceptOorgProtocol", "mail.protection.outlook.com:AcceptCloudServicesMail")
    assert receive(TlsDomainCapabilities=between.join(rights)).tls_domain_capabilities == Many(rights)


def test_blanks_within_a_name_of_the_directory_divide_nothing() -> None:
    path = "contoso.com/Configuration/Services/Microsoft Exchange/First Organization/Servers/EX01"
    assert send(SourceTransportServers=path).source_transport_servers == Many(("EX01",))


@pytest.mark.parametrize(
    "given",
    [
        PAIR,
        {"CertificateIssuer": ISSUER, "CertificateSubject": SUBJECT, "SubjectCommonName": "mail.contoso.com"},
        PAIR.replace(", L=", ",\n   L="),
        PAIR.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
    ],
)
def test_certificate_names_are_one_text(given: object) -> None:
    assert send(TlsCertificateName=given).tls_certificate_name == PAIR


@pytest.mark.parametrize(
    ("given", "what", "kept"),
    [
        (PAIR[:100] + "...", "value-cut", False),
        (PAIR[:48], "value-cut", False),
        (f"<I>CN=A<S>CN={'a' * 242}"[:256], "value-cut", None),
        ("<I>CN=A<S>, OU=Domain Control Validated", "scrubbed", False),
        ("<I>CN=A<S>CN=#######", "scrubbed", False),
        ("<I>CN=A<S>CN=***.com, O=Contoso", "scrubbed", False),
        ("<I>CN=A<S>CN=mail.contoso.com, O=[redacted]", "scrubbed", False),
        ("<I>CN=A<S>CN=mail.contoso.com, O=Contoso Ltd, L", "value-cut", False),
        (PAIR.replace('"', "”"), "typographic-quotes", True),
        (PAIR.replace("<", "&lt;").replace(">", "&gt;"), "html-escaped", False),
        ("mail.contoso.com", "name-unreadable", True),
    ],
)
def test_traps_in_certificate_names_are_remarked(given: str, what: str, kept: bool | None) -> None:
    export = read_json({"Name": "Out", "AddressSpaces": [], "TlsCertificateName": given})
    found = only(export).tls_certificate_name
    if kept is None:  # of full length and readable all the same
        assert found == given
        return
    assert (what, "TlsCertificateName") in remarked(export)
    if kept:
        assert found == given
    elif what != "html-escaped":
        assert found is Gap.LOST


def test_a_pair_where_a_domain_should_be_is_kept() -> None:
    export = read_json({"Name": "In", "SenderDomains": ["smtp:*;1"], "TlsSenderCertificateName": PAIR})
    assert only(export).tls_sender_certificate_name == PAIR
    assert not export.remarks


@pytest.mark.parametrize(
    "given",
    [
        SHA1,
        SHA1.lower(),
        " ".join(SHA1[i : i + 2] for i in range(0, 40, 2)),
        ":".join(SHA1[i : i + 2] for i in range(0, 40, 2)),
        "-".join(SHA1[i : i + 2] for i in range(0, 40, 2)),
        f"\u200e{SHA1}\u200b",
    ],
)
def test_thumbprints_are_bare_hex(given: str) -> None:
    export = read_json({"Thumbprint": given, "RootCAType": "None"})
    assert only(export).thumbprint == SHA1
    assert not export.remarks


@pytest.mark.parametrize("given", [SHA1 + "0", SHA1[:-1], "A" * 64, "98765342"])
def test_what_is_no_thumbprint_is_kept_and_remarked(given: str) -> None:
    export = read_json({"Thumbprint": given, "RootCAType": "None"})
    assert only(export).thumbprint == given
    assert remarked(export) == {("thumbprint-not-sha1", "Thumbprint")}


# Dates.

END = datetime(2027, 5, 1, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "settled", "local"),
    [
        ("2027-05-01T23:59:59.0000000Z", None, False),
        ("2027-05-01T23:59:59.1234567", None, True),
        ("2027-05-01T23:59:59", None, True),
        ("2027-05-02T01:59:59+02:00", None, False),
        ("2027-05-01 23:59:59", None, True),
        ("5/1/2027 11:59:59 PM", dates.Order.MONTH, True),
        ("5/1/2027 11:59:59\u202fPM", dates.Order.MONTH, True),
        ("1/05/2027 11:59:59 p.m.", dates.Order.DAY, True),
        ("01/05/2027 23:59:59", dates.Order.DAY, True),
        ("01.05.2027 23:59:59", None, True),
        ("1-5-2027 23:59:59", None, True),
        ("2027. 05. 01. 23:59:59", None, True),
        ("2027/05/01 23:59:59", None, True),
    ],
)
def test_dates_of_every_culture(given: str, settled: dates.Order | None, local: bool) -> None:
    found, is_local = dates.moment(given, settled, utc=False)
    assert (found.replace(microsecond=0), is_local) == (END, local)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("10/19/2026 12:00:00 AM", datetime(2026, 10, 19, tzinfo=UTC)),
        ("19/10/2026 00:00", datetime(2026, 10, 19, tzinfo=UTC)),
        ("19.10.2026 00:00:00", datetime(2026, 10, 19, tzinfo=UTC)),
        ("7/7/2026 12:30:00 PM", datetime(2026, 7, 7, 12, 30, tzinfo=UTC)),
    ],
)
def test_dates_that_need_nothing_to_settle_them(given: str, expected: datetime) -> None:
    assert dates.moment(given, None, utc=True) == (expected, False)


@pytest.mark.parametrize(
    "given",
    ["", "tomorrow", "13/13/2026 00:00", "30.02.2026", "10/19/26", "5/13/2026 13:00 PM", "2026-10-19T25:00:00",
     "0001-01-01T00:00:00+14:00", "1" * 100_000, "10/19/2026" + " " * 100_000 + "x"],
)  # fmt: skip
def test_what_is_no_date_is_said_to_be_none(given: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        dates.moment(given, None, utc=True)
    assert not isinstance(error.value, dates.Ambiguous)


def test_a_date_is_settled_by_its_neighbours_or_not_at_all() -> None:
    alone = cert(NotBefore="3/5/2024 9:14:21 AM", NotAfter="3/5/2029 9:14:21 AM")
    assert only(alone).not_after is Gap.LOST
    assert remarked(alone) == {("date-ambiguous", "NotBefore"), ("date-ambiguous", "NotAfter")}
    beside = read_json(
        [
            {"Thumbprint": "A" * 40, "RootCAType": "None", "NotAfter": "3/5/2029 9:14:21 AM"},
            {"Thumbprint": "B" * 40, "RootCAType": "None", "NotAfter": "10/19/2026 12:00:00 AM"},
        ]
    )
    assert [thing.not_after for thing in beside.things if isinstance(thing, ExchangeCertificate)] == [
        datetime(2029, 3, 5, 9, 14, 21, tzinfo=UTC),
        datetime(2026, 10, 19, tzinfo=UTC),
    ]
    assert dates.order(["10/19/2026 00:00", "19/10/2026 00:00"]) is None


def test_dates_in_milliseconds_are_utc() -> None:
    found = only(cert(NotAfter="/Date(1809215999000)/"))
    assert (found.not_after, found.dates_local) == (END, False)


# Certificates.


def test_what_the_certificate_says_is_read_from_its_bytes() -> None:
    wrong = {"Subject": "CN=other", "NotAfter": "1/1/2000 00:00", "SerialNumber": "FF", "IsSelfSigned": True}
    ec = leaf("CN=mail.contoso.com", authority("CN=Root"), ["mail.contoso.com"]).der
    for der in (sample("renewed_same"), ec):
        truth = parse(der)
        assert isinstance(truth, Certificate)
        for raw in (base64.b64encode(der).decode(), list(der), {"value": list(der), "Count": len(der)}):
            found = only(read_json({"RawData": raw, "Thumbprint": truth.sha1, "Services": 16, **wrong}))
            assert found == ExchangeCertificate(
                thumbprint=truth.sha1.upper(),
                subject=truth.subject,
                issuer=truth.issuer,
                serial=truth.serial,
                not_before=truth.not_before,
                not_after=truth.not_after,
                domains=Many(truth.names),
                services=Many(("SMTP",)),
                is_self_signed=False,
                public_key_size=0 if der == ec else 2048,
                der=der,
            )


def test_bytes_that_are_cut_are_as_good_as_none() -> None:
    printed = f"Thumbprint : {SHA1}\nRootCAType : None\nRawData : {{48, 130, 3, 244...}}\n"
    found = only(exchange.read(printed.encode(), "x"))
    assert (found.thumbprint, found.der) == (SHA1, None)


def test_bytes_that_are_none_are_refused_or_remarked() -> None:
    with pytest.raises(ExportError, match="line 4: RawData is not base64"):
        cert(RawData="%%%")
    unreadable = cert(RawData=base64.b64encode(b"0" * 50).decode(), Subject="CN=a")
    assert only(unreadable).subject == "CN=a"
    assert remarked(unreadable) == {("rawdata-unreadable", "RawData")}
    other = cert(RawData=base64.b64encode(sample("old")).decode())
    assert only(other).thumbprint.startswith("3A12")
    assert remarked(other) == {("rawdata-disagrees", "Thumbprint")}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Server": "EX02", "PSComputerName": "ex01.corp.contoso.com"}, "EX02"),
        ({"Identity": f"ex02.corp.contoso.com\\{SHA1}", "PSComputerName": "ex01"}, "ex02"),
        ({"PSComputerName": "ex01.corp.contoso.com"}, "ex01"),
        ({"PSComputerName": "localhost"}, Gap.ABSENT),
        ({"PSComputerName": "10.1.2.3"}, Gap.ABSENT),
        ({"PSComputerName": "fe80::1"}, Gap.ABSENT),
        ({}, Gap.ABSENT),
    ],
)
def test_the_server_of_a_certificate(given: dict[str, object], expected: object) -> None:
    assert only(cert(**given)).server == expected


def test_a_session_that_asked_several_servers_names_none() -> None:
    export = read_json([{"Thumbprint": SHA1, "RootCAType": "None", "PSComputerName": "ex01"}] * 2)
    assert [thing.server for thing in export.things if isinstance(thing, ExchangeCertificate)] == [Gap.LOST] * 2
    assert remarked(export) == {("server-unknown", "")}


def test_lists_of_several_servers_one_after_another_place_nothing() -> None:
    listed = "\n\nThumbprint : {0}\nHasPrivateKey : {1}\nRootCAType : None\n"
    text = listed.format(SHA1, True) + listed.format("B" * 40, True) + listed.format(SHA1, False)
    export = exchange.read(text.encode(), "both.txt")
    (both, alone) = exchange.organisation([export]).certificates
    assert (both.server, both.has_private_key) == (Gap.LOST, Gap.LOST)
    assert (alone.server, alone.has_private_key) == (Gap.LOST, True)
    assert remarked(export) == {("server-unknown", "")}


# Kinds.


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("Name TlsDomain TlsCertificateName", Kind.SEND),
        ("Name TlsDomain TlsSettings", Kind.OUTBOUND),
        ("Name TlsDomain", None),
        ("Name TlsCertificateName", None),
        ("Identity TlsCertificateName", Kind.RECEIVE),
        ("Name TlsSenderCertificateName", Kind.INBOUND),
        ("Name AuthMechanism", Kind.RECEIVE),
        ("Name Bindings Fqdn", Kind.RECEIVE),
        ("Name SmartHosts AddressSpaces", Kind.SEND),
        ("Thumbprint Subject", Kind.CERTIFICATE),
        ("Subject Issuer", None),
        ("Name DomainName DomainType", Kind.DOMAIN),
        ("OnPremisesSmartHost", Kind.HYBRID),
        ("Name AdminDisplayVersion", Kind.SERVER),
        ("Name InternalTransportCertificateThumbprint", Kind.OTHER),
        ("Name DomainName IsInternal TargetDeliveryDomain AutoReplyEnabled", Kind.OTHER),  # Get-RemoteDomain
        ("Identity Server Banner X509CertificateName SSLBindings LoginType", Kind.OTHER),  # Get-PopSettings
        ("Name Status", None),
        ("Name Enabled", None),
        ("Colour", None),
    ],
)
def test_the_kind_by_a_few_properties(properties: str, expected: Kind | None) -> None:
    values: dict[str, Value] = {key.lower(): "EX01\\In" if key == "Identity" else "x" for key in properties.split()}
    assert kind(Raw(properties=values)) is expected


@pytest.mark.parametrize("prefix", ["", "Deserialized."])
def test_the_kind_by_type_and_by_section(prefix: str) -> None:
    types = (f"{prefix}Microsoft.Exchange.Data.Directory.SystemConfiguration.SmtpSendConnectorConfig", "System.Object")
    assert kind(Raw(properties={"bindings": None, "authmechanism": None}, types=types)) is Kind.SEND
    assert kind(Raw(properties={"name": "x"}, section="receive")) is Kind.RECEIVE
    assert kind(Raw(properties={"name": "x"}, section="certs")) is None


def test_a_file_that_holds_nothing_of_ours_is_refused() -> None:
    with pytest.raises(ExportError, match=r"file.json holds no connector, certificate or domain"):
        read_json([{"Colour": "blue"}])
    with pytest.raises(ExportError, match="holds no connector"):
        read_json({"collected": "2026-11-21T08:00:00Z", "inbound": [], "outbound": [], "domains": []})
    problem = {"Server": "", "Step": "Get-InboundConnector", "Message": "Access is\r\ndenied."}
    with pytest.raises(ExportError, match=r"holds no .*: .* told `Get-InboundConnector: Access is\\r\\ndenied.`"):
        read_json({"collected": "2026-11-21T08:00:00Z", "inbound": [], "errors": [problem]})


def test_further_objects_and_properties_are_ignored() -> None:
    export = read_json([{"Colour": "blue"}, {"TLSSendDomainSecureList": []}, {"Name": "In", "EFUsers": [], "X": 1}])
    assert export.things == (InboundConnector(name="In"),)
    assert [(remark.what, remark.of) for remark in export.remarks] == [("unknown-object", "line 2")]


# Sides.


def test_domains_are_of_the_side_of_their_file() -> None:
    domain = {"DomainName": "contoso.com", "DomainType": "Authoritative"}
    inbound = {"Name": "In", "SenderDomains": ["*"]}
    bindings = {"Identity": "EX01\\In", "Bindings": []}
    sides = []
    for others in ([inbound], [bindings], [], [inbound, bindings]):
        things = read_json([domain, *others]).things
        sides += [thing.online for thing in things if isinstance(thing, AcceptedDomain)]
    assert sides == [True, False, None, None]


# Many files.


def export(*things: Thing, collected: datetime | None = None, certain: bool = False) -> Export:
    return Export(source="x", form="json", encoding="UTF-8", things=things, collected=collected, certain=certain)


DAY = timedelta(days=1)


@pytest.mark.parametrize("turned", [False, True])
def test_the_younger_is_believed_and_its_gaps_are_filled(turned: bool) -> None:
    younger = SendConnector(
        name="Out", fqdn="new", tls_domain=None, smart_hosts=Gap.LOST, address_spaces=Many(("a",), cut=True)
    )
    older = SendConnector(
        name="OUT",
        fqdn="old",
        tls_domain="old",
        smart_hosts=Many(("h",)),
        address_spaces=Many(("a", "b")),
        enabled=True,
    )
    exports = [export(younger, collected=AT), export(older, collected=AT - DAY), export(older)]
    found = exchange.organisation(exports[::-1] if turned else exports)
    assert found.send == (
        SendConnector(
            name="Out",
            fqdn="new",
            tls_domain=None,
            smart_hosts=Many(("h",)),
            address_spaces=Many(("a", "b")),
            enabled=True,
        ),
    )


def test_a_cut_list_that_begins_otherwise_is_not_filled() -> None:
    cut = Many(("a", "c"), cut=True)
    young = export(SendConnector(name="Out", address_spaces=cut), collected=AT)
    old = export(SendConnector(name="Out", address_spaces=Many(("a", "b", "c"))))
    assert exchange.organisation([old, young]).send[0].address_spaces == cut


def test_certificates_are_one_for_each_server() -> None:
    printed = ExchangeCertificate(thumbprint=SHA1, server="ex01.corp.contoso.com", dates_local=True, not_after=AT)
    exact = ExchangeCertificate(
        thumbprint=SHA1,
        server="EX01",
        subject="CN=a",
        not_before=AT,
        not_after=END,
        der=b"der",
        services=Many(("POP",)),
    )
    elsewhere = ExchangeCertificate(thumbprint=SHA1, server="EX02")
    nowhere = ExchangeCertificate(thumbprint=SHA1, status="Valid")
    found = exchange.organisation([export(exact), export(printed, elsewhere, nowhere, collected=AT)])
    assert found.certificates == (
        replace(exact, server="ex01.corp.contoso.com", status="Valid"),
        replace(elsewhere, status="Valid"),
    )
    mixed = replace(nowhere, server=Gap.LOST)
    assert mixed in exchange.organisation([export(exact), export(mixed)]).certificates
    assert exchange.organisation([export(nowhere)]).certificates == (nowhere,)


def test_exact_dates_are_better_than_local_ones_however_old() -> None:
    local = ExchangeCertificate(thumbprint=SHA1, not_before=AT, not_after=END + DAY, dates_local=True)
    exact = ExchangeCertificate(thumbprint=SHA1, not_before=AT, not_after=END)
    found = exchange.organisation([export(exact), export(local, collected=AT)]).certificates[0]
    assert (found.not_after, found.dates_local) == (END, False)


def test_receive_connectors_are_known_by_their_identity() -> None:
    whole = ReceiveConnector(name="EX01\\Default Frontend EX01", server="EX01", fqdn="a")
    short = ReceiveConnector(name="default frontend ex01", require_tls=True)
    other = ReceiveConnector(name="EX02\\Relay")
    twin = ReceiveConnector(name="EX01\\Relay")
    relay = ReceiveConnector(name="Relay", fqdn="b")
    found = exchange.organisation([export(whole, other, twin), export(short, relay)]).receive
    assert set(found) == {replace(whole, require_tls=True), other, twin, relay}


def test_a_connector_without_a_name_is_the_only_other_one_unless_it_contradicts() -> None:
    named = OutboundConnector(name="Out", tls_domain="a", enabled=True)
    same = OutboundConnector(name="", tls_domain="a", tls_settings="DomainValidation")
    contrary = OutboundConnector(name="", tls_domain="b")
    found = exchange.organisation([export(named, same, contrary, contrary)]).outbound
    assert found == (replace(named, tls_settings="DomainValidation"), contrary)
    two = (named, replace(named, name="Other"), same)
    assert exchange.organisation([export(*two)]).outbound == two


def test_collected_is_of_the_oldest_that_speaks_of_certificates_or_receive_connectors() -> None:
    certificates = export(ExchangeCertificate(thumbprint=SHA1), collected=AT)
    connectors = export(ReceiveConnector(name="In"), collected=AT - DAY)
    others = export(InboundConnector(name="In"), collected=AT - 2 * DAY)
    assert exchange.organisation([certificates, connectors, others]).collected == AT - DAY
    assert exchange.organisation([others]).collected is None


def differing(*things: Thing) -> list[Remark]:
    """Remarks on exports, from the oldest to the youngest."""
    exports = [
        replace(export(thing, collected=AT + number * DAY), source=f"{number}.json")
        for number, thing in enumerate(things)
    ]
    found = exchange.organisation(exports).exports
    assert [one.source for one in found] == [one.source for one in exports]
    return [remark for one in found for remark in one.remarks]


def test_two_exports_that_contradict_each_other_are_told_of_with_both_files() -> None:
    old = SendConnector(name="Out", tls_certificate_name="<I>CN=A<S>CN=B", require_tls=True, fqdn="a")
    young = replace(old, name="OUT", tls_certificate_name=None, require_tls=False)
    text = "1.json, not 0.json"
    assert differing(old, young) == [
        Remark(what="exports-differ", of="Out", key="RequireTLS", text=text),
        Remark(what="exports-differ", of="Out", key="TlsCertificateName", text=text),
    ]
    wizard = HybridConfiguration(domains=Many(("a",)))
    assert differing(wizard, replace(wizard, domains=Many(("b",)))) == [
        Remark(what="exports-differ", of="the hybrid configuration", key="Domains", text=text)
    ]
    installed = ExchangeCertificate(thumbprint=SHA1, server="EX01", has_private_key=True)
    assert differing(installed, replace(installed, server="ex01.corp", has_private_key=False)) == [
        Remark(what="exports-differ", of=f"{SHA1} on EX01", key="HasPrivateKey", text=text)
    ]
    assert [remark.text for remark in differing(old, replace(old, fqdn="b"), replace(old, fqdn="c"))] == [
        "2.json, not 0.json",
        "2.json, not 1.json",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"fqdn": "a"}, {"fqdn": "A"}),
        ({"fqdn": "a"}, {}),
        ({"fqdn": "a"}, {"fqdn": Gap.LOST}),
        ({"smart_hosts": Many()}, {"smart_hosts": None}),
        ({"smart_hosts": Many(("a", "b"))}, {"smart_hosts": Many(("B", "A"))}),
        ({"smart_hosts": Many(("a", "b"))}, {"smart_hosts": Many(("a",), cut=True)}),
        ({"changed": AT}, {"changed": END}),
        ({"name": "Other", "fqdn": "a"}, {"fqdn": "b"}),
        ({"name": "", "fqdn": "a"}, {"name": "", "fqdn": "b"}),
    ],
)
def test_another_spelling_order_or_gap_is_no_contradiction(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert differing(SendConnector(**{"name": "Out", **one}), SendConnector(**{"name": "Out", **other})) == []


def test_a_certificate_that_is_read_otherwise_is_the_same() -> None:
    exact = ExchangeCertificate(thumbprint=SHA1, server="EX01", subject="CN=a, O=b", not_after=END, der=b"x")
    printed = replace(exact, subject="CN=a,O=b", not_after=END + DAY, dates_local=True, der=None)
    assert differing(exact, printed) == []


def test_contradictions_are_bounded() -> None:
    names = [f"{number} {'n' * 400}" for number in range(3000)]
    old, young = (export(*(SendConnector(name=name, fqdn=fqdn) for name in names), collected=AT) for fqdn in "ab")
    remarks = exchange.organisation([replace(old, source="s" * 5000), young]).exports[0].remarks
    assert len(remarks) == 101
    assert remarks[-1] == Remark(what="remarks-cut")
    assert all(len(remark.of) < 300 and len(remark.text) < 300 for remark in remarks)


# Remarks.


def by_hand(form: str, *objects: Raw) -> Margin:
    margin = Margin(source="x", form=form)
    for raw in objects:
        READERS[Kind.SEND](Fields(raw, margin, "Out"))
    return margin


def every_remark() -> Iterator[Remark]:
    exports = [
        *(exchange.read(path.read_bytes(), path.name) for path in EXPORTS.rglob("*.*") if path.is_file()),
        cert(NotAfter="3/5/2029 9:14:21 AM", NotBefore="long ago"),
        cert(RawData=base64.b64encode(b"0" * 50).decode()),
        cert(RawData=base64.b64encode(sample("old")).decode()),
        read_json({"Thumbprint": "98765342", "RootCAType": "None"}),
        read_json([{"Colour": "blue"}, {"Name": "In", "EFUsers": []}]),
        read_json([{"Thumbprint": SHA1, "RootCAType": "None", "PSComputerName": "ex01"}] * 2),
        read_json({"collected": "2026-11-21", "send": [{"Name": "Out"}], "errors": [{"Server": "EX02"}]}),
        read_json({"Name": "Out", "AddressSpaces": "System.Object[]", "TlsAuthLevel": 3, "Port": 25}),
        read_json([{"Name": f"Out {number}", "TlsAuthLevel": 3, "AddressSpaces": []} for number in range(1100)]),
        *exchange.organisation([export(SendConnector(name="Out", fqdn=name)) for name in "ab"]).exports,
        exchange.read(b"Name : In\nSenderDomains : {*}\nRequireTls : True\nrequiretls : False\n", "x"),
    ]
    names = (
        "<I>CN=A<S>, OU=X",
        "CN=a",
        PAIR[:48],
        PAIR.replace('"', "”"),
        PAIR.replace("<", "&lt;").replace(">", "&gt;"),
    )
    exports += [read_json({"Name": "Out", "AddressSpaces": [], "TlsCertificateName": text}) for text in names]
    for one in exports:
        yield from one.remarks


def test_every_remark_has_a_sentence_and_every_sentence_is_raised() -> None:
    assert {remark.what for remark in every_remark()} == set(REMARKS)
    assert all(re.fullmatch(r"[A-Z].*[a-z0-9>]\.", sentence) for sentence in REMARKS.values())


def test_what_was_lost_is_said_with_object_and_property() -> None:
    margin = by_hand("csv", Raw(properties={"smarthosts": Gap.LOST}, spelt={"smarthosts": "SmartHosts"}))
    assert Remark(what="lost-in-csv", of="Out", key="SmartHosts") in margin.remarks


def test_remarks_are_bounded() -> None:
    many = read_json([{"Name": "n" * 4000, "TlsAuthLevel": number, "AddressSpaces": []} for number in range(5, 2000)])
    assert len(many.remarks) == 1001
    assert all(len(remark.of) <= 300 for remark in many.remarks)
    with pytest.raises(ExportError, match="Fqdn has 5000 characters"):
        send(Fqdn="a" * 5000)


# Files.


def test_files_directories_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "exports"
    directory.mkdir()
    for file in ("onprem.json", "exo.json"):
        (directory / file).write_bytes((EXPORTS / "org" / file).read_bytes())
    (directory / "notes.md").write_text("no export")
    whole = config.organisation([directory])
    assert (len(whole.exports), len(whole.receive)) == (2, 10)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO((EXPORTS / "exo-inbound.json").read_bytes())))
    assert [found.source for found in config.organisation([Path("-")]).exports] == ["standard input"]


def test_without_a_date_of_its_own_an_export_is_as_old_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_bytes((EXPORTS / "exo-inbound.json").read_bytes())
    os.utime(path, (AT.timestamp(), AT.timestamp()))
    (found,) = config.organisation([path]).exports
    assert (found.collected, found.certain) == (AT, False)


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "large.json").touch()
    os.truncate(tmp_path / "large.json", (64 << 20) + 1)
    (tmp_path / "junk.txt").write_bytes(b"\0" * 100)
    for file, error, text in (
        ("missing.json", ConfigError, "No such file"),
        ("empty", ConfigError, "holds no export"),
        ("large.json", ExportError, "more than 64 MiB"),
        ("junk.txt", ExportError, "junk.txt"),
    ):
        with pytest.raises(error, match=text) as raised:
            config.organisation([tmp_path / file])
        assert "\n" not in str(raised.value)


def test_no_more_is_loaded_than_can_be_read() -> None:
    with pytest.raises(ExportError, match="/dev/zero"):
        config.organisation([Path("/dev/zero")])


# Hostile files.

EVERY = sorted(path for path in EXPORTS.rglob("*.*") if path.is_file() and "broken" not in path.parts)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: "/".join(path.parts[-2:]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_mutated_export_raises_nothing_but_export_errors(path: Path, data: st.DataObject) -> None:
    mutated = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(mutated)))
        end = min(len(mutated), start + data.draw(st.integers(0, 40)))
        token = st.sampled_from((b"null", b"[]", b"{}", b"-1", b'"', b"<Nil/>", b"<S>", b"1e999", b"{a, b...}", b"\n"))
        mutated[start:end] = data.draw(st.binary(max_size=20) | token)
    try:
        found = exchange.organisation([exchange.read(bytes(mutated), "mutated")])
    except ExportError as error:
        assert str(error).startswith("mutated")  # noqa: PT017 - whether it raises is not asked
    else:
        assert found.exports


HOSTILE: tuple[object, ...] = (
    *(None, True, -1, 10**30, 1.5, "", " ", "\0", "\ud800", "x" * 3000, "{", "1" * 3000, "<S>", "&lt;S&gt;", "@{a=1}"),
    *("<S>CN=mail.contoso.com, OID.=x", "<I>OID.=<S>CN=a.b", float("1e300"), "\ufeff", "a;b;1;;", "a b,c;d"),
    *([], [None], [[]], [{}], {}, {"value": {}}, {"value": 1, "Value": "x"}, {"a": {"b": {"c": {"d": {"e": 1}}}}}),
    *(["a"] * 1000, "/Date(99999999999999999)/", "99/99/9999", "System.Object[]", [5, "x", None, True]),
)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])
@pytest.mark.parametrize("section", ["inbound", "outbound", "send", "receive", "certs", "domains", "hybrid", "servers"])
def test_any_value_in_any_property(section: str, value: object) -> None:
    origin = json.loads((EXPORTS / "org" / ("exo.json" if "bound" in section else "onprem.json")).read_bytes())
    thing = origin[section][0]
    for key in thing:
        try:
            exchange.organisation([exchange.read(json.dumps({section: [{**thing, key: value}]}).encode(), "hostile")])
        except ExportError as error:
            assert key.lower() in str(error).lower() or "holds no" in str(error)  # noqa: PT017


def test_large_lists_and_many_objects_take_linear_time() -> None:
    begin = time.monotonic()
    receive(TlsDomainCapabilities=["x"] * 200_000)
    receive(TlsDomainCapabilities=["a.example:AllowSubmit"] + ["AllowSubmit"] * 20_000)
    send(SmartHosts=["h"] * 200_000)
    for trap in (" " * 4000, ": " * 2000, '"' * 4000, "<I>" * 1300, "a, " * 1300):
        send(TlsCertificateName=f"<S>CN=a{trap}b", Fqdn=trap)
        receive(TlsDomainCapabilities=[trap] * 200)
    many = [{"Name": "", "TlsDomain": f"{number}", "AddressSpaces": []} for number in range(10_000)]
    exchange.organisation([read_json(many), read_json(many)])
    assert time.monotonic() - begin < 20


# The collector.


class Asked(dict[str, Value]):
    """Properties that remember which of them were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_asked.add(key)
        return {"domainname": "a", "thumbprint": SHA1, "name": "a"}.get(key, default)


def asked_of(kind: Kind) -> set[str]:
    properties = Asked()
    of = Fields(Raw(properties=properties), Margin(source="x", form="json"))
    if kind is Kind.CERTIFICATE:
        certificate(of)
    else:
        name(of, on_server=kind is Kind.RECEIVE)
        READERS[kind](of)
    return properties.keys_asked - {"pscomputername"}


LISTS: Mapping[Kind, str] = {
    Kind.INBOUND: "Inbound",
    Kind.OUTBOUND: "Outbound",
    Kind.SEND: "Send",
    Kind.RECEIVE: "Receive",
    Kind.CERTIFICATE: "Certificates",
    Kind.DOMAIN: "Domains",
    Kind.HYBRID: "Hybrid",
    Kind.SERVER: "Servers",
}
SCRIPT = (CONTRIB / "Export-ProbeConnectors.ps1").read_text("ascii")
STRING = r"""'(?:[^']|'')*'|"(?:[^"`]|`.|"")*\""""


def listed(variable: str) -> set[str]:
    found = re.search(rf"^\${variable} = ((?:.|\n)*?)(?=\n(?:\$|\n))", SCRIPT, re.MULTILINE)
    assert found, variable
    names = {text.lower() for text in re.findall(r"'(\w+)'", found[1])}
    return names | (listed("Common") if "$Common" in found[1] else set())


@pytest.mark.parametrize(("kind", "variable"), LISTS.items(), ids=str)
def test_the_collector_writes_every_property_that_is_read(kind: Kind, variable: str) -> None:
    added = {"rawdata", "server"} if kind is Kind.CERTIFICATE else {"identity"} if kind is Kind.SERVER else set()
    assert asked_of(kind) <= listed(variable) | added


def test_the_collector_only_reads() -> None:
    code = re.sub(r"<#(?:.|\n)*?#>", "", SCRIPT)
    code = re.sub(rf"({STRING})|#.*", lambda found: found[1] or "", code)
    verbs = set(re.findall(r"(?<![\w$.'-])([A-Z][A-Za-z]+)-[A-Z]\w+", re.sub(STRING, "''", code)))
    assert verbs == {"Get", "New", "Add", "ForEach", "ConvertTo", "Write"}
    assert set(re.findall(r"New-Object (\S+)", code)) == {"System.Collections.ArrayList", "System.Text.UTF8Encoding"}
    assert not re.search("PrivateKey\\b(?<!HasPrivateKey)|Credential|Password|Invoke-", code)


def test_the_collector_is_balanced_and_plain() -> None:
    code = re.sub(r"<#(?:.|\n)*?#>", "", SCRIPT)
    code = re.sub(rf"({STRING})|#.*", lambda found: "s" if found[1] else "", code)
    assert "'" not in code
    assert '"' not in code
    pairs, open_ = {")": "(", "]": "[", "}": "{"}, list[str]()
    for character in code:
        if character in pairs.values():
            open_.append(character)
        elif character in pairs:
            assert open_.pop() == pairs[character]
    assert not open_
    assert max(map(len, SCRIPT.splitlines())) <= 120
    assert SCRIPT.startswith("<#\n.SYNOPSIS")


def test_a_question_of_the_collector_uses_no_name_of_the_function_that_runs_it() -> None:
    """PowerShell looks names up where a block is run, so those would hide the caller's."""
    asks = re.search(r"function Ask\((.*)\)", SCRIPT)
    assert asks
    for parameter in re.findall(r"\$(\w+)", asks[1]):
        assert len(re.findall(rf"\${parameter}\b", SCRIPT, re.IGNORECASE)) == 2


def test_nested_values_without_text_are_lost_not_guessed() -> None:
    raw = Raw(
        properties={"smarthosts": Listed(values=(Nested(),)), "fqdn": Nested(), "enabled": None},
        spelt={"smarthosts": "SmartHosts"},
    )
    margin = by_hand("json", raw)
    assert Remark(what="value-unknown", of="Out", key="SmartHosts") in margin.remarks
