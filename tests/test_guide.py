"""The guide to the listener: what it fills in from exports, what it asks of Exchange, what nobody can smuggle in."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from probe.model import ExchangeServer, Gap, Many, Organisation, SendConnector
from probe.report.guide import guide
from probe.report.layout import plain
from tests.organisations import HOST, NAME, SEND, organisation

AT = datetime(2026, 11, 21, tzinfo=UTC)


def told(known: Organisation | None, *, host: str | None = "probe.contoso.com", port: int = 25) -> str:
    return plain(guide(known, AT, host=host, port=port))


def commands(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def hybrid(**changes: Any) -> SendConnector:
    values: dict[str, Any] = {
        "name": SEND,
        "enabled": True,
        "cloud_services_mail_enabled": True,
        "tls_certificate_name": NAME,
        "fqdn": HOST,
        "frontend_proxy_enabled": False,
        "source_transport_servers": Many(("EX01", "EX02")),
    }
    return SendConnector(**{**values, **changes})


def of(*connectors: SendConnector, **changes: Any) -> Organisation:
    return organisation(send=connectors, **changes)


def strings(line: str) -> list[str]:
    """The single-quoted strings of a line, as PowerShell reads them: any of its five quotes ends one, two are one."""
    quote = "['\u2018\u2019\u201a\u201b]"
    found = re.findall(f"{quote}((?:[^'\u2018-\u201b]|{quote}{quote})*){quote}", line)
    return [re.sub(f"({quote}){quote}", r"\1", text) for text in found]


def test_the_inputs_of_the_hybrid_connector_are_copied_from_the_export() -> None:
    lines = commands(told(of(hybrid())))
    assert f"$probe.TlsCertificateName = '{NAME}'" in lines
    assert f"$probe.Fqdn = '{HOST}'" in lines
    assert "$probe.FrontendProxyEnabled = $false" in lines
    assert "$probe.SourceTransportServers = @('EX01', 'EX02')" in lines
    (new,) = (line for line in lines if line.startswith("New-SendConnector"))
    for part in (
        "@probe",
        "-AddressSpaces 'smtp:tlsprobe.invalid;1'",
        "-SmartHosts 'probe.contoso.com' -DNSRoutingEnabled $false",
        "-RequireTLS $true -TlsAuthLevel EncryptionOnly",
        "-ProtocolLoggingLevel Verbose",
    ):
        assert part in new
    assert "-Port" not in new, "25 is the default"
    assert not any("Get-SendConnector" in line for line in lines), "nothing is left to be asked"


def test_what_is_made_is_removed() -> None:
    text = told(of(hybrid(), hybrid(name="Outbound to Office 365 - 2", fqdn="other.contoso.com")))
    made = re.findall(r"New-SendConnector -Name '([^']+)'", text)
    assert made == re.findall(r"Remove-SendConnector '([^']+)'", text)
    assert len(set(made)) == 2, "two hybrid connectors, two temporary ones"
    spaces = re.findall(r"-AddressSpaces 'smtp:([^;]+);1'", text)
    assert spaces == re.findall(r"'To: probe@([^']+)'", text), "each gets a message of its own"
    assert len(set(spaces)) == 2
    assert set(re.findall(r"'Subject: ([^']+)'", text)) == set(re.findall(r"Subject -eq '([^']+)'", text))
    assert text.index("Remove-Message") < text.index("Remove-SendConnector"), "a message must not go another way"


@pytest.mark.parametrize("value", [None, ""])
def test_a_name_that_is_null_stays_away(value: str | None) -> None:
    lines = commands(told(of(hybrid(tls_certificate_name=value))))
    assert not any("TlsCertificateName" in line for line in lines)
    assert f"$probe.Fqdn = '{HOST}'" in lines


@pytest.mark.parametrize(
    "changes",
    [
        {"tls_certificate_name": Gap.ABSENT},
        {"fqdn": Gap.LOST},
        {"frontend_proxy_enabled": Gap.ABSENT},
        {"source_transport_servers": Gap.ABSENT},
        {"source_transport_servers": Many(("EX01",), cut=True)},
        {"source_transport_servers": Many(())},
        {"tls_certificate_name": "<I>CN=\u202eevil<S>CN=x"},
        {"fqdn": "a\nRemove-Mailbox x"},
    ],
)
def test_what_the_export_does_not_know_is_asked_of_that_connector(changes: dict[str, Any]) -> None:
    lines = commands(told(of(hybrid(**changes))))
    assert f"$like = Get-SendConnector '{SEND}'" in lines
    assert 'if ("$($like.TlsCertificateName)") { $probe.TlsCertificateName = "$($like.TlsCertificateName)" }' in lines
    assert not any("Remove-Mailbox" in line for line in lines)


@pytest.mark.parametrize("known", [None, Organisation(), of(hybrid(enabled=False))])
def test_without_a_connector_exchange_is_asked_for_one(known: Organisation | None) -> None:
    text = told(known)
    assert "$like = Get-SendConnector | Where-Object CloudServicesMailEnabled | Select-Object -First 1" in text
    assert ("no enabled send connector" in text) is (known is not None)


HOSTILE = (
    "it's",
    "'; Remove-Mailbox 'ceo' -Confirm:$false; '",
    "\u2019; Remove-Mailbox x; \u2018",
    "\u201a\u201b''",
    "$(Remove-Mailbox x)",
    '"`$x"',
    "@{} # <I><S>",
)


@pytest.mark.parametrize("evil", HOSTILE)
def test_whatever_a_name_is_it_stays_within_its_quotes(evil: str) -> None:
    proxied = hybrid(tls_certificate_name=evil, fqdn=evil, source_transport_servers=Many((evil, "EX02")))
    lines = commands(told(of(proxied), host=None))
    for key in ("TlsCertificateName", "Fqdn", "SourceTransportServers"):
        (line,) = (line for line in lines if line.startswith(f"$probe.{key} = "))
        assert strings(line)[0] == evil
        rest = line
        for text in strings(line):
            rest = rest.replace(re.sub("(['\u2018-\u201b])", r"\1\1", text), "")
        assert not re.search("Remove|[`;$(]", rest.removeprefix("$probe").replace("@(", "")), rest
    asked = commands(told(of(hybrid(name=evil, fqdn=Gap.ABSENT))))
    assert strings(asked[1]) == [evil]


@pytest.mark.parametrize("evil", ["two\nlines", "\x1b[2J", "\u202eEX01", "x" * 301])
def test_what_cannot_be_seen_leaves_its_blank(evil: str) -> None:
    text = told(of(hybrid(name=evil, fqdn=Gap.ABSENT)))
    assert "$like = Get-SendConnector '<SEND-CONNECTOR>'" in text
    assert evil not in text


def test_the_smart_host_and_the_port_are_the_listeners() -> None:
    text = told(of(hybrid()), host="192.0.2.9", port=2525)
    assert "-SmartHosts '192.0.2.9' -DNSRoutingEnabled $false -Port 2525 " in text
    assert "probe listen 2525 " in text
    assert "-SmartHosts '<HOST>'" in told(None, host=None)


def test_the_sender_is_of_the_main_domain_or_left_blank() -> None:
    assert "'From: postmaster@contoso.com'" in told(of(hybrid()))
    assert "'From: postmaster@<DOMAIN>'" in told(None)


def test_an_edge_server_is_told_apart() -> None:
    edge = of(hybrid(source_transport_servers=Many(("EDGE1",))), servers=(ExchangeServer(name="EDGE1", edge=True),))
    assert "Start-EdgeSynchronization" in told(edge)
    assert "Start-EdgeSynchronization" not in told(of(hybrid()))


def test_commands_are_never_wrapped_and_prose_fits() -> None:
    for line in told(of(hybrid(), hybrid(fqdn=Gap.ABSENT))).splitlines():
        assert line.startswith("    ") or len(line) <= 80, line
