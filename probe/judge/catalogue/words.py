"""Text that several entries share: Exchange Online's sentences, and remedies as commands to paste.

The commands are PowerShell for the Exchange Management Shell unless the line above them says otherwise. They restart
the transport services where Exchange keeps the old certificate in memory until then.
"""

MAIL_FLOW = "Microsoft Learn: Mail flow intelligence (error codes 450 4.4.312 to 4.7.320)"
NDR_LIST = "Microsoft Learn: Email non-delivery reports and SMTP errors in Exchange Online"
UNTRUSTED_ROOT_FIX = "Microsoft Learn: Fix NDR error code 450 4.4.317 (Message=UntrustedRoot)"
ROOT_PROGRAMME = "Microsoft Trusted Root Program (list of participants)"
HYBRID_CERTIFICATES = "Microsoft Learn: Certificate requirements for hybrid deployments"

STARTTLS_REQUIRED = (
    "450 4.4.317 Cannot establish session with remote server [Message=451 5.7.3 STARTTLS is required to send mail]",
    "450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to send mail]",
    "550 5.4.317 Message expired, cannot connect to remote server(451 5.7.3 STARTTLS is required to send mail)",
)
STARTTLS_BY_DANE = "4.7.321 / 5.7.321 starttls-not-supported: Destination mail server must support TLS to receive mail."
MISMATCH_BY_DANE = (
    "4.7.325 / 5.7.325 certificate-host-mismatch: Remote certificate MUST have a common name or subject alternative "
    "name matching the hostname (DANE)"
)
NEGOTIATION_FAILED = (
    "450 4.4.317 Cannot connect to remote server [Message=451 4.4.0 TLS negotiation failed with error SocketError]"
)
CLOSED_ABRUPTLY = "450 4.4.318 Connection was closed abruptly"
THE_REPLY = "450 4.4.317 Cannot connect to remote server [Message=<the server's reply>]"
DNS_FAILED = "450 4.4.312 DNS query failed"


def refusal(status: str, *more: str) -> tuple[str, ...]:
    """How Exchange Online refuses a certificate: in today's words, in those of before 2023, and where MTA-STS asks."""
    return (
        f"450 4.4.317 Cannot connect to remote server [Message={status}]",
        f"450 4.7.320 Certificate validation failed [Message={status}]",
        f"4.7.5 / 5.7.5 Remote certificate failed MTA-STS validation. Reason: {status}",
        *more,
    )


def spelt_out(status: str) -> str:
    """The long form of today's words, which names the certificates; seen for SubjectMismatch and CertificateExpired."""
    details = "Expected Subject: …. Presented Subject: …. Thumbprint: …"
    return f"450 4.4.317 Cannot connect to remote server [Message={status} {details}]"


SHOW_CERTIFICATES = (
    "    Get-ExchangeCertificate -Server '<SERVER>' | Format-List Thumbprint, Subject, Issuer, NotAfter, Services",
    "    Get-ReceiveConnector -Server '<SERVER>' | Format-List Identity, Fqdn, AuthMechanism, TlsCertificateName",
)

RESTART = ("    Invoke-Command '<SERVER>' { Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport }",)

USE_CERTIFICATE = (
    "On Exchange, point the receive connector at the right certificate. The server must hold it with its key:",
    "    $c = Get-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>'",
    "    $n = '<I>{0}<S>{1}' -f $c.Issuer, $c.Subject",
    "    Enable-ExchangeCertificate -Server '<SERVER>' -Thumbprint $c.Thumbprint -Services SMTP",
    "    Set-ReceiveConnector '<SERVER>\\Default Frontend <SERVER>' -TlsCertificateName $n",
    *RESTART,
    "If asked whether to overwrite the default SMTP certificate, answer No. Do the same on every server.",
    "If the hybrid send connector names the old certificate, give it the new one, then restart once more:",
    "    Get-SendConnector | Where-Object CloudServicesMailEnabled | Set-SendConnector -TlsCertificateName $n",
    *RESTART,
    "Or run the Hybrid Configuration Wizard and choose to update the secure mail certificate only.",
)

IMPORT_CERTIFICATE = (
    "Put the certificate with its key on each server that lacks it:",
    "    $p = Read-Host -AsSecureString 'Password of the PFX file'",
    "    $b = [IO.File]::ReadAllBytes('<PFX-FILE>')",
    "    Import-ExchangeCertificate -Server '<SERVER>' -FileData $b -Password $p",
)

REPAIR_KEY = (
    "On the server, look at the certificate and its private key, and mend the link between them:",
    "    certutil -store my '<THUMBPRINT>'",
    "    certutil -repairstore my '<THUMBPRINT>'",
    "Let the transport services read the key, then restart them:",
    "    Enable-ExchangeCertificate '<THUMBPRINT>' -Server '<SERVER>' -Services SMTP -NetworkServiceAllowed",
    *RESTART,
    "If there is no key at all, import the PFX file again; a CER file alone holds no key.",
)

IMPORT_INTERMEDIATE = (
    "Get the missing intermediate certificate from the CA; where the finding gives an address, it is there.",
    "On every Exchange server put it into the machine's intermediate store, then restart transport:",
    "    Import-Certificate -FilePath '<CER-FILE>' -CertStoreLocation Cert:\\LocalMachine\\CA",
    "    Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport",
    "Other servers send what their file holds. Put the leaf first, then each intermediate, without the root.",
    "Postfix: smtpd_tls_chain_files. Exim: tls_certificate. Dovecot: ssl_cert. nginx: ssl_certificate.",
)

PUBLIC_CERTIFICATE = (
    "Get a certificate from a CA in the Microsoft Trusted Root Program, then install it with its intermediates.",
)

OFFER_TLS = (
    "    Get-ReceiveConnector '<SERVER>\\Default Frontend <SERVER>' | Format-List AuthMechanism, RemoteIPRanges",
    "If Tls is not in AuthMechanism, add it to what is there. With the defaults that is:",
    "    $a = 'Tls', 'Integrated', 'BasicAuth', 'BasicAuthRequireTLS', 'ExchangeServer'",
    "    Set-ReceiveConnector '<SERVER>\\Default Frontend <SERVER>' -AuthMechanism $a",
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
