"""`probe connectors`: what was read and what it comes to, for people and for programs."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from probe.cli import run
from probe.config import organisation as read
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    ExchangeServer,
    Export,
    Finding,
    Gap,
    InboundConnector,
    Many,
    Names,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    Remark,
    SendConnector,
    Verdict,
    Where,
)
from probe.report.connectors import render
from probe.report.connectors_json import schema, to_json
from probe.report.layout import plain

EXPORTS = Path(__file__).resolve().parent.parent / "fixtures" / "exchange" / "exports"
HEALTHY = tuple(str(EXPORTS / "org" / name) for name in ("onprem.json", "exo.json"))
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
WHEN = "--at=2026-11-21T09:00:00Z"
THUMBPRINT = "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
NAME = "<I>CN=CA, O=Contoso<S>CN=mail.contoso.com"
VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
GOOD = Finding(code="certificate-current", verdict=Verdict.OK, where=Where(kind="organisation"))


def certificate(server: str | Gap = "EX01", thumbprint: str = THUMBPRINT, **told: Any) -> ExchangeCertificate:
    known: dict[str, Any] = {
        "subject": "CN=mail.contoso.com",
        "issuer": "CN=CA, O=Contoso",
        "not_before": datetime(2026, 1, 1, tzinfo=UTC),
        "not_after": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "has_private_key": True,
        "services": Many(("IIS", "SMTP")),
        "domains": Many(("mail.contoso.com",)),
        **told,
    }
    return ExchangeCertificate(server=server, thumbprint=thumbprint, **known)


def front_end(server: str, **told: Any) -> ReceiveConnector:
    known: dict[str, Any] = {
        "server": server,
        "transport_role": "FrontendTransport",
        "bindings": Many(("0.0.0.0:25",)),
        "fqdn": f"{server}.corp.contoso.com",
        "tls_certificate_name": NAME,
        **told,
    }
    return ReceiveConnector(name=f"{server}\\Default Frontend {server}", **known)


def said(organisation: Organisation, *findings: Finding, verbosity: int = 0, width: int = 80) -> str:
    return plain(render(organisation, findings or (GOOD,), AT, verbosity=verbosity, width=width))


def words(text: str) -> str:
    return " ".join(text.split())


# For people


def test_a_healthy_organisation_from_its_files() -> None:
    text = said(read(map(Path, HEALTHY)))
    flat = words(text)
    assert text.startswith("OK  ")
    assert "outbound connector Outbound to 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10 is Enabled True" in flat
    assert "TLS TlsSettings DomainValidation; TlsDomain mail.contoso.com to UseMXRecord False" in flat
    assert "receive connector EX01\\Default Frontend EX01, EX02\\Default Frontend EX02" in flat
    assert f"resolves to {THUMBPRINT}" in flat
    assert f"certificate {THUMBPRINT} on EX01, EX02" in flat
    assert "valid 2026-10-19 to 2027-05-01, 161 days left" in flat
    assert "named by no connector in the exports" in flat  # the self-signed one
    assert "collected 2026-11-21 08:00 UTC: 1 send connector, 10 receive connectors" in flat
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("verbosity", [0, 1])
def test_every_line_fits(width: int, verbosity: int) -> None:
    text = said(read(map(Path, HEALTHY)), verbosity=verbosity, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "\n\n\n" not in text


def test_quiet_is_one_line() -> None:
    bad = Finding(code="certificate-expired", verdict=Verdict.FAIL, where=Where(kind="organisation"))
    organisation = Organisation(exports=(Export(source="a.json", form="json", encoding="UTF-8", things=()),))
    assert said(organisation, bad, GOOD, verbosity=-1) == "FAIL     a.json  certificate-expired\n"


def test_absent_lost_and_null_are_told_apart() -> None:
    connector = SendConnector(
        name="To Contoso",
        enabled=True,
        tls_domain=None,
        smart_hosts=Gap.LOST,
        address_spaces=Many(("a", "b"), cut=True),
    )
    text = words(said(Organisation(send=(connector,))))
    assert "TlsDomain empty" in text
    assert "lost in the export: SmartHosts" in text
    assert "AddressSpaces a, b, … (cut off)" in text
    assert re.search(r"\? not in the export: ConnectorType, RequireTLS, TlsAuthLevel, IgnoreSTARTTLS", text)
    assert "RequireTLS ?" not in text
    assert "SmartHosts lost" not in text
    assert "False" not in text  # which would be a guess


def test_exchange_s_own_spelling() -> None:
    connectors = Organisation(
        inbound=(InboundConnector(name="i", require_tls=True, sender_ip_addresses=Many(("192.0.2.1",))),),
        outbound=(OutboundConnector(name="o", mta_sts_mode="None", use_mx_record=True),),
        receive=(front_end("EX01", require_tls=True, remote_ip_ranges=Many(("::/0",))),),
    )
    text = said(connectors)
    for name in ("RequireTls True", "SenderIPAddresses 192.0.2.1", "MtaStsMode None", "UseMXRecord True"):
        assert name in text
    assert "RequireTLS True" in text
    assert "RemoteIPRanges ::/0" in text


def test_servers_that_are_alike_are_told_of_together_and_others_apart() -> None:
    three = [front_end(server) for server in ("EX01", "EX02", "EX03")]
    text = said(Organisation(receive=(*three[:2], replace(three[2], tls_certificate_name=None))))
    assert "receive connector  EX01\\Default Frontend EX01, EX02\\Default Frontend EX02\n" in text
    assert "receive connector  EX03\\Default Frontend EX03\n" in text
    assert "EX01.corp.contoso.com, EX02.corp.contoso.com" in text


def test_connectors_that_exchange_online_does_not_reach_take_a_line() -> None:
    other = replace(front_end("EX01"), name="EX01\\Client", bindings=Many(("0.0.0.0:587",)), tls_certificate_name=None)
    organisation = Organisation(receive=(front_end("EX01"), other))
    assert "  587       EX01\\Client; TlsCertificateName empty\n" in said(organisation)
    assert "receive connector  EX01\\Client\n" in said(organisation, verbosity=1)


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ((certificate(), certificate("EX02")), f"resolves to {THUMBPRINT}"),
        ((certificate(),), f"resolves to {THUMBPRINT}, not on every server"),
        ((certificate(subject="CN=other.contoso.com"),), "resolves to no installed certificate"),
        (
            (certificate(), certificate("EX02"), certificate(thumbprint="A" * 40)),
            f"resolves to {THUMBPRINT}, {'A' * 40}: which of them is used is not certain",
        ),
    ],
)
def test_which_certificate_a_connector_names(installed: tuple[ExchangeCertificate, ...], expected: str) -> None:
    organisation = Organisation(receive=(front_end("EX01"), front_end("EX02")), certificates=installed)
    blocks = [words(block) for block in said(organisation).split("\n\n")]
    assert any(block.endswith(expected) for block in blocks)


def test_a_name_that_cannot_be_read_is_said_to_be() -> None:
    organisation = Organisation(receive=(front_end("EX01", tls_certificate_name="<S>"),), certificates=(certificate(),))
    assert "resolves to nothing: it is not of the form <I>issuer<S>subject" in words(said(organisation))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, "2026-01-01 to 2026-12-01, 10 days left"),
        ({"not_after": datetime(2026, 11, 20, tzinfo=UTC)}, "2026-01-01 to 2026-11-20, expired 1 day ago"),
        ({"not_before": datetime(2026, 11, 30, 9, tzinfo=UTC)}, "2026-11-30 to 2026-12-01, not yet, in 9 days"),
        ({"dates_local": True}, "10 days left, in the server's local time"),
        ({"not_before": Gap.ABSENT, "not_after": Gap.LOST}, "valid ? to lost"),
        ({"has_private_key": False}, "key no private key"),
        ({"has_private_key": Gap.ABSENT}, "key HasPrivateKey ?"),
        ({"is_self_signed": True}, "private key there; self-signed"),
        ({"services": None}, "Services empty"),
    ],
)
def test_what_is_said_of_a_certificate(told: dict[str, Any], expected: str) -> None:
    assert expected in words(said(Organisation(certificates=(certificate(**told),))))


def test_remarks_are_sentences_with_their_places() -> None:
    remarks = (
        Remark(what="lost-in-csv", of="To Contoso", key="SmartHosts"),
        Remark(what="lost-in-csv", of="To Contoso", key="AddressSpaces"),
        Remark(what="dates-local", text="19/10/2026"),
    )
    export = Export(source="s.csv", form="csv", encoding="UTF-8", things=(SendConnector(name="x"),), remarks=remarks)
    text = words(said(Organisation(exports=(export,))))
    assert "s.csv csv, UTF-8: 1 send connector SmartHosts, AddressSpaces of To Contoso: Export-Csv has written" in text
    assert "Dates are in the server's local time" in text
    assert "(19/10/2026)" in words(said(Organisation(exports=(export,)), verbosity=1))


@pytest.mark.parametrize("verbosity", [0, 1])
def test_what_could_not_be_asked_is_said_with_the_remark(verbosity: int) -> None:
    remarks = tuple(
        Remark(what="not-collected", text=f"EDGE{number}: Get-ExchangeCertificate: boom") for number in (1, 2)
    )
    export = Export(source="e.json", form="json", encoding="UTF-8", things=(SendConnector(name="x"),), remarks=remarks)
    text = words(said(Organisation(exports=(export,)), verbosity=verbosity))
    assert (
        "The collector could not ask for this: EDGE1: Get-ExchangeCertificate: boom, "
        "EDGE2: Get-ExchangeCertificate: boom " in text
    )


def test_exports_that_contradict_each_other_are_told_of_with_object_property_and_files(tmp_path: Path) -> None:
    onprem, older = json.loads(Path(HEALTHY[0]).read_text(encoding="utf-8-sig")), tmp_path / "older.json"
    onprem["collected"] = "2026-01-01T00:00:00Z"
    onprem["send"][0]["RequireTLS"] = False
    older.write_text(json.dumps(onprem), encoding="utf-8")
    text = words(said(read(map(Path, (*HEALTHY, str(older))))))
    name = onprem["send"][0]["Name"]
    assert f"RequireTLS of {name}: Two exports say different things of this" in text
    assert re.search(r"is believed: \S*onprem\.json, not \S*older\.json", text.replace("- ", "-"))


def test_hostile_names_are_seen_and_do_nothing() -> None:
    name = "\x1b[2J\u202eevil\n$(x)"
    organisation = Organisation(
        outbound=(OutboundConnector(name=name, tls_domain=name, smart_hosts=Many((name,))),),
        receive=(front_end("EX01", fqdn=name, tls_certificate_name=name),),
        certificates=(certificate(server=name, thumbprint=name, subject=name),),
        domains=(AcceptedDomain(domain=name, domain_type=name),),
        servers=(ExchangeServer(name=name, version=name),),
        exports=(Export(source=name, form="json", encoding="UTF-8", things=(), remarks=(Remark(what=name, of=name),)),),
    )
    text = said(organisation, verbosity=1)
    assert text.replace("\n", "").isprintable()
    assert "\\x1b[2J" in text
    line = to_json(organisation, (GOOD,), AT)
    assert b"\n" not in line
    assert b"\x1b" not in line
    VALIDATOR.validate(json.loads(line))


def test_a_fleet_is_listed_in_time_that_grows_with_it() -> None:
    servers = [f"EX{number}" for number in range(1500)]
    organisation = Organisation(
        receive=tuple(map(front_end, servers)),
        certificates=tuple(map(certificate, servers)),
        servers=tuple(ExchangeServer(name=server) for server in servers),
        domains=tuple(AcceptedDomain(domain=f"{number}.contoso.com") for number in range(5000)),
    )
    text = said(organisation)
    assert "and 1494 more" in text
    assert len(text.splitlines()) < 60


def test_a_fault_comes_with_commands_for_this_organisation() -> None:
    names = Names(
        common=(("THUMBPRINT", THUMBPRINT), ("SEND-CONNECTOR", "To Office 365's")),
        servers=((("RECEIVE-CONNECTOR", "EX01\\Default Frontend EX01"), ("SERVER", "EX01")),),
    )
    bad = Finding(
        code="certificate-expired", verdict=Verdict.FAIL, where=Where(kind="installed", host="EX01"), names=names
    )
    text = said(Organisation(certificates=(certificate(),)), bad)
    assert f"Enable-ExchangeCertificate -Server 'EX01' -Thumbprint '{THUMBPRINT}' -Services SMTP\n" in text
    assert "Set-SendConnector 'To Office 365''s' -TlsCertificateName $n\n" in text
    told = json.loads(to_json(Organisation(), (bad,), AT))["findings"][0]["remedy"]
    assert "    Set-SendConnector 'To Office 365''s' -TlsCertificateName $n" in told


# For programs


def test_the_schema_is_one_and_the_report_obeys_it() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    told = json.loads(to_json(read(map(Path, HEALTHY)), (GOOD,), AT))
    VALIDATOR.validate(told)
    assert (told["verdict"], told["outbound"][0]["tls_domain"]) == ("OK", "mail.contoso.com")
    assert [found["thumbprint"] for found in told["certificates"]].count(THUMBPRINT) == 2
    assert "der" not in told["certificates"][0]


def test_in_json_too_absent_lost_and_null_are_told_apart() -> None:
    connector = SendConnector(name="x", tls_domain=None, smart_hosts=Gap.LOST, address_spaces=Many(("a",), cut=True))
    told = json.loads(to_json(Organisation(send=(connector,)), (), AT))
    VALIDATOR.validate(told)
    assert told["verdict"] == "UNKNOWN"  # nothing was judged
    assert told["send"] == [
        {"name": "x", "tls_domain": None, "address_spaces": ["a"], "lost": ["smart_hosts"], "cut": ["address_spaces"]}
    ]


def test_the_schema_notices_what_is_missing() -> None:
    told = json.loads(to_json(Organisation(), (), AT))
    del told["certificates"]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(told)


# The command


def test_the_command_on_a_healthy_organisation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", *HEALTHY, WHEN, "--no-color"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("OK  ")
    assert "Fix" not in out
    assert not err


def test_the_exit_code_is_that_of_the_gravest_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", *HEALTHY, "--at=2028-01-01T00:00:00Z", "-q"]) == 2
    out = capsys.readouterr().out
    assert out.startswith("FAIL ")


def test_a_longer_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", *HEALTHY, WHEN, "--warn-days=200", "--warn-lifetime=100", "-q"]) == 1
    assert capsys.readouterr().out.startswith("WARN ")


def test_json_from_the_command(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["connectors", *HEALTHY, WHEN, "--format=json"]) == 0
    out = capfdbinary.readouterr().out
    assert out.count(b"\n") == 1
    VALIDATOR.validate(json.loads(out))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["no-such-file.json"], "no-such-file.json"),
        ([], "FILE"),
        ([*HEALTHY, "--at=yesterday"], "yesterday"),
        ([*HEALTHY, "--format=nagios"], "nagios"),
        ([*HEALTHY, "--warn-days=-1"], "--warn-days"),
    ],
)
def test_wrong_words_are_one_line_and_a_hint(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["connectors", *words]) == 3
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 2
    assert expected in err


@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 40, b'{"send": [', b"<Objs", b"hello"])
def test_a_file_that_is_no_export(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(data)
    assert run(["connectors", str(path)]) == 3
    out, err = capsys.readouterr()
    assert not out
    assert re.fullmatch(r"error: .*export\.json.*\nhint: .*\n", err)


def test_what_the_collector_was_told_is_cut_within_its_quotation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps(
            {"collected": "2026-11-21", "send": [], "errors": [{"Server": "EX01", "Step": "x", "Message": "é" * 900}]}
        )
    )
    assert run(["connectors", str(path)]) == 3
    error = capsys.readouterr().err.splitlines()[0]
    assert error.count("`") == 2
    assert error.endswith("…`")


@pytest.mark.parametrize(("name", "code"), [("onprem-certs.fl.txt", 1), ("onprem-certs.clixml", 1)])
def test_certificates_alone_are_no_riddle(name: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", str(EXPORTS / name), WHEN, "--no-color"]) == code
    text = words(capsys.readouterr().out)
    assert "is there several times, by the same issuer" in text
    assert "not exported: connectors of the servers" in text


def test_its_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "connectors"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()
