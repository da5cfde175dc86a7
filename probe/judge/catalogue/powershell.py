"""Remedies that several entries share, as commands to paste. They are printed and never run by us.

They are PowerShell for the Exchange Management Shell unless the line above them says otherwise. `RESTART` and
`SHOW_CERTIFICATES` are commands alone, to stand under an instruction; all others bring theirs. What asks a question,
such as for a password, stands in a step of its own: a console takes the next pasted line for the answer.

Blanks are filled in from what is known of an organisation, see `report.remedy`. `<SERVER>` and `<RECEIVE-CONNECTOR>`
are each server's own. `<THUMBPRINT>` is of the certificate that should be used, `<HOLDER>` a server that has it,
`<OLD-THUMBPRINT>` of the one that should go. `<NAME>` is the name that Exchange Online expects now, `<NEW-NAME>` the
one that it should expect. No step is for receive and send connectors both: one that concerns neither is left out.

An Edge server can be neither asked nor told anything from elsewhere: `at_its_console` gives a step's commands as they
are pasted there.
"""

import re
from collections.abc import Iterable

EDGES = "EDGES"  # among a finding's names: the short names of the organisation's Edge servers, a line each
_LONGEST = 64  # characters of a server's name in an instruction
_INVOKED = re.compile(r"Invoke-Command '<SERVER>' \{ (.*) \}")
_AT_ITS_CONSOLE = (
    (" -Server '<SERVER>'", ""),
    (" -Server '<HOLDER>'", ""),
    (" -ComputerName '<SERVER>'", ""),
    (", MSExchangeFrontEndTransport", ""),  # an Edge server has no front end
    ("Get-FrontendTransportService", "Get-TransportService"),
    ("-Password $p", "-Password (Read-Host -AsSecureString 'Password of the PFX file')"),  # $p is of another console
)


def at_its_console(commands: Iterable[str]) -> tuple[str, ...]:
    """The commands, their blanks not yet filled in, as an Edge server takes them in its own Exchange Management
    Shell."""
    return tuple(map(_there, commands))


def _there(command: str) -> str:
    command = _INVOKED.sub(r"\1", command)
    for elsewhere, here in _AT_ITS_CONSOLE:
        command = command.replace(elsewhere, here)
    return command


def on_edge(server: str) -> str:
    """The instruction above such commands. A name that cannot be shown as it is, is left out."""
    named = server if len(server) <= _LONGEST and server.isprintable() else "the Edge server"
    return f"On {named} itself, in its Exchange Management Shell:"


SHOW_CERTIFICATES = (
    "    Get-ExchangeCertificate -Server '<SERVER>' | Format-List Thumbprint, Subject, Issuer, NotAfter, Services",
    "    Get-ReceiveConnector -Server '<SERVER>' | Format-List Identity, Fqdn, AuthMechanism, TlsCertificateName",
    "    Get-SendConnector | Format-List Identity, CloudServicesMailEnabled, TlsCertificateName",
)

RESTART = ("    Invoke-Command '<SERVER>' { Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport }",)
_RESTART_HERE = "    Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport"

_TAKE_NAME = (
    "    $c = Get-ExchangeCertificate -Server '<HOLDER>' -Thumbprint '<THUMBPRINT>'",
    "    $n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
)

USE_CERTIFICATE = (
    "On Exchange, enable the right certificate for SMTP on every server; each must hold it with its key.",
    "Line by line: if asked whether to overwrite the default SMTP certificate, answer No:",
    "    Enable-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>' -Services SMTP",
    "Point the receive connector at it, as a rule the Default Frontend; any server that holds it knows its name:",
    *_TAKE_NAME,
    "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsCertificateName $n",
    "Point the send connector at it, unless it names that certificate already:",
    *_TAKE_NAME,
    "    Set-SendConnector '<SEND-CONNECTOR>' -TlsCertificateName $n",
    "Restart transport on one server after the other; until then Exchange keeps the old certificate in memory:",
    *RESTART,
    "Or run the Hybrid Configuration Wizard and choose to update the secure mail certificate only.",
)

SEND_CERTIFICATE = (
    "On Exchange, point the send connector at the right certificate; each source server must hold it with its key:",
    *_TAKE_NAME,
    "    Set-SendConnector '<SEND-CONNECTOR>' -TlsCertificateName $n",
    "Restart transport on one server after the other; until then Exchange keeps the old certificate in memory:",
    *RESTART,
)

REMOVE_OLD = (  # of the same issuer and subject as the new one; USE_CERTIFICATE is to follow
    "Exchange keeps a certificate that a connector names, so take the name from the connectors first.",
    "Until they have it again, servers may show another certificate, and mail from Exchange Online waits:",
    "    Set-SendConnector '<SEND-CONNECTOR>' -TlsCertificateName $null",
    "Likewise from the receive connectors:",
    "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsCertificateName $null",
    "Remove the old certificate, line by line, as each asks for confirmation:",
    "    Remove-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<OLD-THUMBPRINT>'",
    "Then give the connectors the name of the right certificate at once.",
)

IMPORT_CERTIFICATE = (
    "Type the password of the PFX file that has the certificate with its key:",
    "    $p = Read-Host -AsSecureString 'Password of the PFX file'",
    "Put it on each server that lacks it:",
    "    $b = [IO.File]::ReadAllBytes('<PFX-FILE>')",
    "    Import-ExchangeCertificate -Server '<SERVER>' -FileData $b -Password $p",
)

REPAIR_KEY = (
    "On the server itself, look at the certificate and its private key, and mend the link between them:",
    "    certutil -store my '<THUMBPRINT>'",
    "    certutil -repairstore my '<THUMBPRINT>'",
    "If there is no key at all, bring it from the PFX file; Exchange's own import refuses what is there already:",
    "    certutil -importpfx '<PFX-FILE>'",
    "Let the transport services read the key. Line by line: keep the default SMTP certificate, answer No:",
    "    Enable-ExchangeCertificate '<THUMBPRINT>' -Server '<SERVER>' -Services SMTP -NetworkServiceAllowed",
    "Then restart transport:",
    *RESTART,
)

IMPORT_INTERMEDIATE = (
    "Get the missing intermediate certificate from the CA; where the finding gives an address, it is there.",
    "On every Exchange server put it into the machine's intermediate store, then restart transport:",
    "    Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",
    _RESTART_HERE,
    "Other servers send what their file holds. Put the leaf first, then each intermediate, without the root.",
    "Postfix: smtpd_tls_chain_files. Exim: tls_certificate. Dovecot: ssl_cert. nginx: ssl_certificate.",
)

PUBLIC_CERTIFICATE = (
    "Get a certificate from a CA in the Microsoft Trusted Root Program, then install it with its intermediates.",
)

LATENCY = "Exchange Online may take up to about an hour to use the new value."

VALIDATE = (
    "Then let Exchange Online test the way, in its PowerShell:",
    "    Validate-OutboundConnector '<OUTBOUND-CONNECTOR>' -Recipients 'postmaster@<DOMAIN>'",
)

SET_OUTBOUND = (
    "In Exchange Online PowerShell, let the outbound connector expect a name that the certificate has:",
    "    Set-OutboundConnector '<OUTBOUND-CONNECTOR>' -TlsSettings DomainValidation -TlsDomain '<NEW-NAME>'",
    LATENCY,
    *VALIDATE,
)

SET_INBOUND = (
    "In Exchange Online PowerShell, see which domains the tenant has; the name must lie under one of them:",
    "    Get-AcceptedDomain | Format-Table DomainName, DomainType",
    "Let the inbound connector expect a name that the certificate has; a wildcard such as *.contoso.com will do:",
    "    Set-InboundConnector '<INBOUND-CONNECTOR>' -TlsSenderCertificateName '<NEW-NAME>' -RequireTls $true",
    LATENCY,
)

SET_CAPABILITIES = (
    "Give Exchange Online its rights on the receive connector; if others are listed there, name them as well:",
    "    $d = 'mail.protection.outlook.com:AcceptCloudServicesMail'",
    "    Get-ReceiveConnector '<RECEIVE-CONNECTOR>' | Format-List TlsDomainCapabilities",
    "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsDomainCapabilities $d",
)

OFFER_TLS = (
    "See whether the receive connector may offer TLS:",
    "    Get-ReceiveConnector '<RECEIVE-CONNECTOR>' | Format-List AuthMechanism, RemoteIPRanges",
    "If Tls is not in AuthMechanism, add it to what is there. With the defaults that is:",
    "    $a = 'Tls', 'Integrated', 'BasicAuth', 'BasicAuthRequireTLS', 'ExchangeServer'",
    "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -AuthMechanism $a",
)

ENABLE_TLS_12 = (
    "On Windows, switch TLS 1.2 on for Schannel and for .NET, then restart the machine:",
    "    $k = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2'",
    "    'Client', 'Server' | ForEach-Object {",
    '      New-Item "$k\\$_" -Force | Out-Null',
    '      Set-ItemProperty "$k\\$_" Enabled 1 -Type DWord',
    '      Set-ItemProperty "$k\\$_" DisabledByDefault 0 -Type DWord }',
    "    'Microsoft', 'Wow6432Node\\Microsoft' | ForEach-Object {",
    '      $n = "HKLM:\\SOFTWARE\\$_\\.NETFramework\\v4.0.30319"',
    "      Set-ItemProperty $n SystemDefaultTlsVersions 1 -Type DWord",
    "      Set-ItemProperty $n SchUseStrongCrypto 1 -Type DWord }",
    "    Restart-Computer",
)

NO_TICKETS = (
    "On the gateway, switch TLS 1.3 session tickets off, or let it speak no more than TLS 1.2 to Exchange Online.",
    "OpenSSL: SSL_CTX_set_num_tickets(ctx, 0). Python: num_tickets = 0. Go: SessionTicketsDisabled.",
)

REFRESH_ROOTS = (
    "On the server, get today's list of trusted roots; Windows Update brings it unless a policy forbids that:",
    "    certutil -generateSSTFromWU roots.sst",
    "Look the file through before you trust what it holds. Then import it, and restart transport:",
    "    Import-Certificate -FilePath roots.sst -CertStoreLocation Cert:\\LocalMachine\\Root",
    _RESTART_HERE,
)

RAISE_RANGE_UPPER = (
    "On each Edge server, open the schema of AD LDS (localhost:50389) in ADSI Edit.",
    "Set rangeUpper of ms-Exch-Smtp-TLS-Certificate to 1024. Then synchronise from a mailbox server, and look:",
    "    Start-EdgeSynchronization -ForceFullSync",
    "    Test-EdgeSynchronization",
    "Or use a certificate with shorter names, or leave the name empty where the connector's Fqdn finds it as well.",
)

STOP_INSPECTION = (
    "Find the device between the Internet and the server, and let it pass SMTP untouched. On a Cisco ASA:",
    "    policy-map global_policy",
    "     class inspection_default",
    "      no inspect esmtp",
    "Or keep the inspection and let TLS through:",
    "    policy-map type inspect esmtp ALLOW-TLS",
    "     parameters",
    "      allow-tls",
    "    policy-map global_policy",
    "     class inspection_default",
    "      no inspect esmtp",
    "      inspect esmtp ALLOW-TLS",
)

OPEN_FIREWALL = (
    "Let Exchange Online's address ranges reach TCP port 25 of this address; Microsoft publishes the ranges.",
)

SCHANNEL_EVENTS = (
    "On Windows, look for Schannel events 36871, 36874, 36887 and 36888 at the time of the attempt:",
    "    Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='Schannel'} -MaxEvents 20",
)

SERVICES = (
    "On Exchange, see that the transport services run and are not short of disk or memory (event 15004, 15006):",
    "    Get-ServerComponentState '<SERVER>' | Format-Table Component, State",
    "    Invoke-Command '<SERVER>' { Get-Service MSExchangeTransport, MSExchangeFrontEndTransport }",
)

RECEIVE_LOG = (
    "Read the server's own log of the attempt. On Exchange:",
    "    Get-FrontendTransportService '<SERVER>' | Format-List ReceiveProtocolLogPath",
)

PATH_MTU = (
    "Check the path MTU: a firewall that drops ICMP or large TLS records stops exactly the certificate message.",
    "    ping -f -l 1472 '<ADDRESS>'",
    "Lower the MSS at the firewall if that does not pass, and try a server with a shorter chain for comparison.",
)
