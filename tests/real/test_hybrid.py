"""A hybrid organisation's servers beside its exports: what Exchange Online would say of Postfix in Exchange's place,
and of small servers that show what no Postfix will.

Every case has its own organisation, exported as the collector writes it; the certificate of the year before is called
old, the renewed one has its subject and issuer, the re-issued one comes from the CA's next intermediate.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from probe.demo.peer import UNRECOGNIZED, Script, listen, reply
from probe.demo.pki import Identity, server_context
from probe.judge.certificate import Certificate, parse
from tests.pki import TODAY, Issued, self_signed
from tests.real.client import Report, Run, run_probe
from tests.real.estate import Authorities, Estate
from tests.real.nginx import HOST as ESTATE
from tests.real.postfix import Host, postfix_hosts
from tests.real.servers import directory

HOST = "mail.contoso.com"
SUBJECT = f"CN={HOST},O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB"
KEYWORDS = ("SIZE 37748736", "PIPELINING", "STARTTLS", "X-ANONYMOUSTLS", "X-EXPS GSSAPI NTLM", "8BITMIME", "XRDST")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The worked example's, with keys."""

    old: Issued
    renewed: Issued
    reissued: Issued
    default: Issued
    this_year: Issued
    next_year: Issued

    @classmethod
    def make(cls, authorities: Authorities) -> "Certificates":
        root = authorities.root
        this_year = root.intermediate("CN=Fabrikam TLS RSA CA 2025,O=Fabrikam Trust Services\\, Inc.,C=US")
        next_year = root.intermediate("CN=Fabrikam TLS RSA CA 2026,O=Fabrikam Trust Services\\, Inc.,C=US")
        names = (HOST, "autodiscover.contoso.com")
        ended = {"not_before": TODAY - timedelta(days=390), "not_after": TODAY - timedelta(days=20)}
        return cls(
            old=this_year.leaf(names=names, subject=SUBJECT, **ended),  # type: ignore[arg-type]
            renewed=this_year.leaf(names=names, subject=SUBJECT),
            reissued=next_year.leaf(names=names, subject=SUBJECT),
            default=self_signed(names=("EX01", "EX01.corp.contoso.com")),
            this_year=this_year,
            next_year=next_year,
        )


def name(certificate: Issued) -> str:
    """Its `TlsCertificateName`."""
    found = parse(certificate.der)
    assert isinstance(found, Certificate)
    return f"<I>{found.issuer}<S>{found.subject}"


def exported(folder: Path, installed: Sequence[Issued], collected: datetime | None = None, **changes: Any) -> Path:
    """The export of an organisation with one server, made just now; `changes` are properties of its front end or of its
    outbound connector."""
    front_end = {
        "Identity": "EX01\\Default Frontend EX01",
        "Name": "Default Frontend EX01",
        "Server": "EX01",
        "Enabled": True,
        "Fqdn": "EX01.corp.contoso.com",
        "Bindings": ["[::]:25", "0.0.0.0:25"],
        "RemoteIPRanges": ["0.0.0.0-255.255.255.255"],
        "TransportRole": "FrontendTransport",
        "AuthMechanism": "Tls, Integrated",
        "TlsCertificateName": name(installed[0]),
        "TlsDomainCapabilities": [],
        "DomainSecureEnabled": False,
    }
    outbound = {
        "Name": "Outbound to 5f3c8f0e",
        "Enabled": True,
        "ConnectorType": "OnPremises",
        "UseMXRecord": False,
        "SmartHosts": [HOST],
        "RecipientDomains": ["contoso.com"],
        "TlsSettings": "DomainValidation",
        "TlsDomain": HOST,
        "MtaStsMode": "Opportunistic",
        "SmtpDaneMode": "Opportunistic",
    }
    for key, value in changes.items():
        (outbound if key in outbound else front_end)[key] = value
    file = folder / "organisation.json"
    file.write_text(
        json.dumps(
            {
                "collected": (collected or datetime.now(UTC)).isoformat(),
                "receive": [front_end],
                "certs": [
                    {"Server": "EX01", "RawData": base64.b64encode(one.der).decode(), "HasPrivateKey": True}
                    for one in installed
                ],
                "outbound": [outbound],
            }
        )
    )
    return file


# Postfix in Exchange's place, each host on an address of its own.
ASKS = "smtpd_tls_ask_ccert=yes"
ADDRESSES = {
    "T1": "127.4.0.1",
    "T2": "127.4.0.2",
    "T3": "127.4.0.3",
    "T4": "127.4.0.4",
    "T5": "127.4.0.5",
    "T9": "127.4.0.9",
}


@pytest.fixture(scope="module")
def certificates(authorities: Authorities) -> Certificates:
    return Certificates.make(authorities)


@pytest.fixture(scope="module", autouse=True)
def hosts(
    authorities: Authorities, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    made = certificates
    chains = {
        "T1": (made.renewed, made.this_year),
        "T2": (made.default,),
        "T3": (made.renewed,),
        "T4": (made.old, made.this_year),
        "T5": (made.reissued, made.next_year),
        "T9": (made.renewed, made.this_year),
    }
    banner = "smtpd_banner=EX01.corp.contoso.com Microsoft ESMTP MAIL Service ready"
    postfixes = [
        Host(address=ADDRESSES[case], chains=[chain], options=(banner, *((ASKS,) if case == "T9" else ())))
        for case, chain in chains.items()
    ]
    with postfix_hosts(directory(tmp_path_factory, "hybrid"), postfixes, authorities.private_root) as log:
        yield log


def look(case: str, exports: Path, roots: Path, *words: str) -> Run:
    return run_probe(f"{HOST}:25", "--connect", ADDRESSES[case], "--connectors", exports, "--roots", roots, *words)


def told(report: Report, code: str) -> tuple[str, str | None]:
    found = report.finding(code)
    return found["verdict"], found["facts"].get("cause")


def test_t1_as_it_should_be(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    run = look("T1", exported(tmp_path, [certificates.renewed, certificates.default]), roots)
    # Postfix was not told to ask for a client certificate, and the front end of this export has no rights to give.
    assert run.report.faults == {"client-certificate-not-asked"}
    assert (
        run.report.finding("connector-certificate-matches")["facts"]["thumbprint"] == certificates.renewed.sha1.upper()
    )
    assert run.exit_code == 1


def test_t2_the_self_signed_default(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    exports = exported(tmp_path, [certificates.default, certificates.renewed], TlsCertificateName=None)
    run = look("T2", exports, roots)
    mismatch = run.report.finding("certificate-host-mismatch")
    thumbprint = certificates.default.sha1.upper()
    assert (
        "450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch "
        f"Expected Subject: {HOST}. Presented Subject: CN=EX01. Thumbprint: {thumbprint}]"
    ) in mismatch["exchange_online"]
    assert any(line.startswith("450 4.7.320 Certificate validation failed") for line in mismatch["exchange_online"])
    assert told(run.report, "certificate-not-trusted") == ("FAIL", "self-signed")
    assert told(run.report, "connector-certificate-mismatch") == ("FAIL", "name-unset")
    remedy = "\n".join(run.report.finding("connector-certificate-mismatch")["remedy"])
    assert f"Get-ExchangeCertificate -Server 'EX01' -Thumbprint '{certificates.renewed.sha1.upper()}'" in remedy
    assert "Set-ReceiveConnector 'EX01\\Default Frontend EX01' -TlsCertificateName $n" in remedy
    assert run.exit_code == 2


def test_t3_the_intermediate_is_not_sent(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    run = look("T3", exported(tmp_path, [certificates.renewed]), roots)
    assert told(run.report, "chain-incomplete")[0] == "FAIL"
    untrusted = run.report.finding("certificate-not-trusted")
    assert any("UntrustedRoot" in line for line in untrusted["exchange_online"])
    assert run.exit_code == 2


def test_t4_the_old_one_beside_the_renewed_one(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    """Issuer and subject are the connector's; which of the two it is only the wire tells."""
    run = look("T4", exported(tmp_path, [certificates.renewed, certificates.old]), roots)
    assert told(run.report, "certificate-expired")[0] == "FAIL"
    found = run.report.finding("connector-certificate-matches")["facts"]
    assert (found["thumbprint"], found["ambiguous"][:1]) == (certificates.old.sha1.upper(), "2")


def test_t5_reissued_by_the_next_intermediate(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    """Exchange Online is content with name and chain; the connector still names the issuer of before."""
    exports = exported(
        tmp_path, [certificates.reissued, certificates.default], TlsCertificateName=name(certificates.renewed)
    )
    run = look("T5", exports, roots)
    assert {"certificate-trusted", "certificate-name-matches"} <= run.report.codes
    assert told(run.report, "connector-certificate-mismatch") == ("FAIL", "issuer-differs")


def test_an_export_from_before_the_renewal(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(days=60)
    run = look("T5", exported(tmp_path, [certificates.old], collected=before), roots)
    assert told(run.report, "export-outdated") == ("WARN", None)
    assert "connector-certificate-mismatch" not in run.report.codes
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("case", "capabilities", "code", "verdict"),
    [
        ("T9", ["mail.protection.outlook.com:AcceptCloudServicesMail"], "client-certificate-asked", ("OK", None)),
        ("T9", [], "client-certificate-asked", ("OK", None)),
        (
            "T1",
            ["mail.protection.outlook.com:AcceptCloudServicesMail"],
            "client-certificate-not-asked",
            ("WARN", "configured"),
        ),
        ("T1", [], "client-certificate-not-asked", ("WARN", "not-configured")),
    ],
)
def test_t9_is_a_client_certificate_asked_for(
    certificates: Certificates,
    roots: Path,
    tmp_path: Path,
    case: str,
    capabilities: list[str],
    code: str,
    verdict: tuple[str, str | None],
) -> None:
    exports = exported(tmp_path, [certificates.renewed], TlsDomainCapabilities=capabilities)
    assert told(look(case, exports, roots).report, code) == verdict


def test_t10_nothing_newer_than_tls_1_0(
    estate: Estate, certificates: Certificates, roots: Path, tmp_path: Path
) -> None:
    exports = exported(tmp_path, [certificates.renewed], SmartHosts=[ESTATE], TlsDomain=ESTATE)
    run = estate.look("tls10", "--connectors", str(exports))
    found = run.report.finding("tls-version-old")
    assert found["verdict"] == "FAIL"
    assert any("TLS negotiation failed with error" in line for line in found["exchange_online"])


def test_without_a_target_the_smart_hosts_are_probed(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    exports = exported(tmp_path, [certificates.renewed], SmartHosts=[f"[{ADDRESSES['T1']}]"])
    run = run_probe("--connectors", exports, "--roots", roots)
    assert run.report.data["target"] == f"{ADDRESSES['T1']}:25"
    assert {"connector-certificate-matches", "certificate-name-matches"} <= run.report.codes


def served(scripts: Sequence[Script], exports: Path, roots: Path, *words: str) -> Run:
    """What the command says of a server that follows these scripts, one connection after another."""

    async def main() -> Run:
        async with trio.open_nursery() as nursery:
            port = await listen(nursery, *scripts)

            def ask() -> Run:
                place = (f"{HOST}:{port}", "--connect", "127.0.0.1", "--connectors", exports, "--roots", roots)
                return run_probe(*place, *words)

            run = await trio.to_thread.run_sync(ask)
            nursery.cancel_scope.cancel()
        return run

    return trio.run(main)


BANNER = reply(220, "EX01.corp.contoso.com Microsoft ESMTP MAIL Service ready")


def hello(*keywords: str) -> Any:
    return reply(250, "EX01.corp.contoso.com Hello", *keywords)


def test_t6_the_connector_finds_no_certificate(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    offered = [keyword for keyword in KEYWORDS if keyword != "STARTTLS"]
    script = Script(banner=BANNER, ehlo=hello(*offered), starttls=UNRECOGNIZED)
    report = served([script], exported(tmp_path, [certificates.renewed]), roots).report
    assert told(report, "starttls-not-supported") == ("FAIL", "no-usable-certificate")
    assert any(
        "451 5.7.3 STARTTLS is required" in line for line in report.finding("starttls-not-supported")["exchange_online"]
    )


def test_t7_an_inspecting_firewall(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    masked = reply(220, "*" * 40 + "0*2" + "*" * 20)
    script = Script(banner=masked, ehlo=hello("SIZE 37748736", "PIPELINING", "XXXXXXXA", "XXXXXXXXXXXXXB", "8BITMIME"))
    report = served([script], exported(tmp_path, [certificates.renewed]), roots).report
    assert told(report, "starttls-not-supported") == ("FAIL", "masked")


def test_t8_two_servers_behind_one_address(certificates: Certificates, roots: Path, tmp_path: Path) -> None:
    def presenting(*chain: Issued) -> Script:
        identity = Identity(chain[0].private_key, tuple(one.certificate for one in chain))
        return Script(banner=BANNER, ehlo=hello(*KEYWORDS), tls=server_context(identity, ask=True))

    good, old = (presenting(one, certificates.this_year) for one in (certificates.renewed, certificates.old))
    exports = exported(tmp_path, [certificates.renewed, certificates.old])
    report = served([good, old, good, old], exports, roots, "--repeat", "4").report
    assert told(report, "address-drift")[0] in ("WARN", "FAIL")
    assert report.finding("certificate-expired")["facts"]["seen"] == "2 of 4 connections"
