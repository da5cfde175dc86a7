"""Postfix in the place of the server on premises: a queue, and a transport for each way of presenting a certificate;
and the exports of the organisation that it belongs to, as the collector writes them."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from probe.judge.certificate import Certificate, parse
from tests.pki import Authority, Issued, pem
from tests.real.client import Json
from tests.real.duty import PATIENCE, until
from tests.real.postfix import postfix_outgoing
from tests.real.servers import program, tail

HOST = "ex01.contoso.com"
SENDER = "sender@contoso.com"  # and recipients are someone: so that bounces are told from letters


@dataclass(frozen=True, kw_only=True)
class Transport:
    """What it presents, leaf first (nothing: no certificate), and what it is told besides."""

    chain: Sequence[Issued] = ()
    options: Sequence[str] = ()


@dataclass(frozen=True)
class OnPremises:
    home: Path
    log: Path

    def send(self, transport: str, nexthop: str, domain: str, sender: str = SENDER) -> None:
        """Hand it a letter for somebody at the domain. Without a sender it is a bounce."""
        letter = f"X-Route: {transport}:{nexthop}\nSubject: test\n\ntest\n"
        self._run("sendmail", "-f", sender or "<>", f"someone@{domain}", said=letter)

    def fate(self, domain: str) -> tuple[str, str]:
        """What became of the letter at last, deferred or bounced or sent, and why, in the words of Postfix."""
        told = re.compile(rf"to=<someone@{re.escape(domain)}>.* status=(\w+) \((.*)\)$", re.MULTILINE)
        until(lambda: bool(told.search(self._said())), f"nothing became of the letter to {domain}:\n{tail(self.log)}")
        *_, (status, reason) = told.findall(self._said())
        return status, reason

    def _said(self) -> str:
        return self.log.read_text(errors="replace")

    def queued(self, domain: str) -> Sequence[Json]:
        """The letters to the domain that lie in a queue, as postqueue lists them."""
        letters = [json.loads(line) for line in self._run("postqueue", "-j").splitlines()]
        meant = f"someone@{domain}"
        return [letter for letter in letters if meant in (one["address"] for one in letter["recipients"])]

    def hurry(self, letter: Json) -> None:
        """Try this letter again at once, as an administrator does who cannot wait."""
        self._run("postqueue", "-i", letter["queue_id"])

    def present(self, transport: str, chain: Sequence[Issued]) -> None:
        """Another certificate by this transport; it is read by whichever process is started from now on."""
        _write(self.home, transport, chain)

    def _run(self, name: str, *words: str, said: str = "") -> str:
        # Beside Postfix, for there may be a sendmail of Exim's, too.
        command = [str(program("postfix").with_name(name)), *words]
        environment = {"MAIL_CONFIG": str(self.home / "config")}
        done = subprocess.run(
            command, input=said, text=True, capture_output=True, timeout=PATIENCE, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def on_premises(home: Path, transports: Mapping[str, Transport], client_ca: Authority) -> Iterator[OnPremises]:
    told: dict[str, Sequence[str]] = {}
    for name, transport in transports.items():
        file = (f"smtp_tls_chain_files={_write(home, name, transport.chain)}",) if transport.chain else ()
        told[name] = (*file, *transport.options)
    with postfix_outgoing(home, HOST, told, client_ca) as log:
        yield OnPremises(home, log)


def _write(home: Path, name: str, chain: Sequence[Issued]) -> Path:
    file = home / f"{name}.pem"
    file.write_bytes(chain[0].key_pem + pem(*chain))
    return file


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """What the collector writes of an organisation: its inbound connectors, accepted domains, and on premises its one
    send connector to Microsoft, with the certificates of its one server."""

    inbound: Sequence[Json]
    accepted: Sequence[str]
    names: Issued  # the certificate that TlsCertificateName names
    installed: Sequence[Issued] = ()

    def written(self, file: Path) -> Path:
        domains = [
            {"DomainName": name, "DomainType": "Authoritative", "MatchSubDomains": False} for name in self.accepted
        ]
        certificates = [
            {"Server": "EX01", "RawData": base64.b64encode(one.der).decode(), "HasPrivateKey": True, "Services": "SMTP"}
            for one in self.installed
        ]
        export = {
            "collected": datetime.now(UTC).isoformat(),
            "inbound": [*self.inbound],
            "domains": domains,
            "send": [_send_connector(tls_certificate_name(self.names))],
            "certs": certificates,
        }
        file.write_text(json.dumps(export))
        return file


def tls_certificate_name(certificate: Issued) -> str:
    """The `TlsCertificateName` that stands for it."""
    found = parse(certificate.der)
    assert isinstance(found, Certificate)
    return f"<I>{found.issuer}<S>{found.subject}"


def inbound(name: str, **changes: Any) -> Json:
    """An inbound connector; by itself it knows nobody."""
    return {
        "Enabled": True,
        "ConnectorType": "OnPremises",
        "SenderIPAddresses": [],
        "SenderDomains": ["smtp:*;1"],
        "RequireTls": True,
        "RestrictDomainsToIPAddresses": False,
        "RestrictDomainsToCertificate": False,
        "CloudServicesMailEnabled": True,
        "TlsSenderCertificateName": None,
        "Name": name,
        "Identity": name,
        **changes,
    }


def _send_connector(certificate: str) -> Json:
    return {
        "DNSRoutingEnabled": True,
        "TlsDomain": "mail.protection.outlook.com",
        "TlsAuthLevel": "DomainValidation",
        "Port": "25",
        "FrontendProxyEnabled": False,
        "IgnoreSTARTTLS": False,
        "CloudServicesMailEnabled": True,
        "Fqdn": "mail.contoso.com",
        "TlsCertificateName": certificate,
        "RequireTLS": True,
        "Enabled": True,
        "SmartHosts": [],
        "AddressSpaces": ["smtp:contoso.mail.onmicrosoft.com;1"],
        "SourceTransportServers": ["EX01"],
        "Name": "Outbound to Office 365",
        "Identity": "Outbound to Office 365",
    }
