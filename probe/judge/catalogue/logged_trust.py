"""Findings on what one side made of the other's certificate, as protocol logs tell it."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.logged_sessions import LOGS
from probe.judge.catalogue.words import REFRESH_ROOTS, SET_CAPABILITIES, SET_INBOUND, USE_CERTIFICATE

_BY_US = (
    "454 4.7.5 Certificate validation failure",
    "450 4.4.317 Cannot connect to remote server [Message=454 4.7.5 Certificate validation failure]",
)
_NOT_FOUND = "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found."
_STATUS = "The word is Exchange's own, as in its code of 2013; its text for the failure of a send session may differ."
_RELAY = "Microsoft KB 3212877 (550 5.7.64 TenantAttribution)"
_SHOW_EXPECTED = ("    Get-SendConnector '<SEND-CONNECTOR>' | Format-List TlsAuthLevel, TlsDomain, SmartHosts",)
_CONNECTORS_ONLINE = (
    "    Get-InboundConnector | Format-List Name, ConnectorType, TlsSenderCertificateName, SenderIPAddresses",
)

LOGGED_TRUST = (
    Entry(
        code="log-peer-refused",
        title="The server refused the other side's certificate",
        meaning=f"The server ended the session, or would not send, for what it was shown. {_STATUS}",
        cause="An old root store on the server, a device that answers in the peer's stead, or the peer's certificate.",
        remedy=("Look at the certificate that was received: the finding has its subject and thumbprint.",),
        exchange_online=_BY_US,
        hresult="CERT_E_UNTRUSTEDROOT 0x800B0109",
        references=(LOGS, "Microsoft Learn: Set-SendConnector (TlsAuthLevel)"),
        causes={
            "old-roots": Cause(
                title="The server does not trust Exchange Online's certificate",
                meaning=(
                    "The certificate is Microsoft's by its names, and the server finds no trusted root for it: its own "
                    "root store is old. In March 2026 Exchange Online moved to DigiCert Global Root G2, which a server "
                    f"without updates of its roots does not have. {_STATUS}"
                ),
                remedy=(
                    *REFRESH_ROOTS,
                    "The root that Exchange Online needs since March 2026, by its thumbprint:",
                    "    Get-Item Cert:\\LocalMachine\\Root\\DF3C24F9BFD666761B268073FE06D1CC8D4F82A4",
                ),
            ),
            "device-between": Cause(
                title="Another certificate than Exchange Online's was received",
                meaning=(
                    "The connector leads to Exchange Online, and the certificate bears none of its names: a gateway "
                    "or firewall on the way ends TLS and shows its own. Hybrid mail bears no such device in between."
                ),
                remedy=(
                    "Find the device whose certificate that is, and let it pass TCP port 25 through untouched.",
                    "See where the connector leads:",
                    *_SHOW_EXPECTED,
                ),
                hresult="CERT_E_CN_NO_MATCH 0x800B010F",
            ),
            "wrong-expectation": Cause(
                title="The connector expects another name than Exchange Online's",
                meaning=f"The certificate is Microsoft's; the connector's TlsDomain is none of its names. {_STATUS}",
                remedy=(
                    "Let the send connector expect the name that Exchange Online's certificate has:",
                    *_SHOW_EXPECTED,
                    "    Set-SendConnector '<SEND-CONNECTOR>' -TlsDomain 'mail.protection.outlook.com'",
                ),
                hresult="CERT_E_CN_NO_MATCH 0x800B010F",
            ),
            "not-shown": Cause(
                title="Exchange Online's certificate was refused, and the log lacks it",
                meaning=f"Without the certificate it cannot be told who is to blame. {_STATUS}",
                remedy=(
                    "If the word is UntrustedRoot, the server's root store is the first suspect.",
                    *REFRESH_ROOTS,
                    "If it is SubjectMismatch, see which name the connector expects, and what answers there:",
                    *_SHOW_EXPECTED,
                ),
            ),
            "peer": Cause(
                title="The server refused the peer's certificate",
                meaning=f"By the log the fault is in the certificate that the peer showed. {_STATUS}",
                remedy=(
                    "Tell the peer's postmaster; the finding has the certificate and the word.",
                    "If the peer's CA is a private one that you trust, put its root into LocalMachine\\Root.",
                ),
            ),
        },
    ),
    Entry(
        code="log-trust-granted",
        title="Exchange Online's connections got their hybrid trust",
        meaning=(
            "The receive connector knew Exchange Online by its certificate and took over the headers that make hybrid "
            "mail internal."
        ),
        cause="TlsDomainCapabilities on the receive connector.",
        references=(LOGS, "Microsoft Learn: Set-ReceiveConnector (TlsDomainCapabilities)"),
    ),
    Entry(
        code="log-trust-missing",
        title="Exchange Online's connections got no hybrid trust",
        meaning=(
            "Mail from the organisation's own mailboxes in Exchange Online is taken for a stranger's: marked as "
            "external, scanned for spam, without resolved senders. Nothing bounces, so it goes unnoticed."
        ),
        cause="TlsDomainCapabilities is empty on the connector that answered, or the certificate was not asked for.",
        remedy=SET_CAPABILITIES,
        references=(LOGS, "Microsoft Learn: Set-ReceiveConnector (TlsDomainCapabilities)"),
        causes={
            "no-domain": Cause(
                title="Exchange Online showed its certificate and got no rights for it",
                meaning=(
                    "The certificate matches no domain of TlsDomainCapabilities on the connector that answered. Mail "
                    "comes in, and is taken for a stranger's. Nothing bounces."
                ),
                remedy=(
                    *SET_CAPABILITIES,
                    "If another connector has them, it is not the one that answers: the narrowest RemoteIPRanges wins.",
                ),
            ),
            "no-certificate": Cause(
                title="Exchange Online showed no certificate",
                meaning=(
                    "As a rule it shows one when asked, and a connector asks where TlsDomainCapabilities is set: so it "
                    "was not asked (known of the code of 2013), or a device in between took it away."
                ),
                remedy=(
                    *SET_CAPABILITIES,
                    "If they are set, look for a gateway or load balancer that ends TLS and begins it anew.",
                ),
            ),
        },
    ),
    Entry(
        code="log-refused",
        title="The session ended with a refusal",
        meaning="The finding has the reply. One code has several meanings: it is the text that counts.",
        cause="What the reply says.",
        remedy=("Ask what the reply means:", "    probe explain '<THE-REPLY>'"),
        references=(LOGS,),
        causes={
            "not-attributed": Cause(
                title="Exchange Online does not take the mail for this organisation's",
                meaning=(
                    "It found no inbound connector for the certificate or the address, so relaying is refused. The "
                    "certificate's name must be the one that the inbound connector expects, its domain accepted in the "
                    "tenant, and its chain sent whole. By the rules of 2023 the envelope's sender counts, too."
                ),
                remedy=(
                    "In Exchange Online PowerShell, compare with the certificate that the server sends:",
                    *_CONNECTORS_ONLINE,
                    *SET_INBOUND,
                    "If the names agree, an intermediate may be missing on the server that sends; the log cannot tell.",
                ),
                exchange_online=("550 5.7.64 TenantAttribution; Relay Access Denied SMTP",),
            ),
            "name-not-accepted": Cause(
                title="The domain of the certificate's name is not accepted in the tenant",
                meaning=(
                    "Exchange Online attributes mail by the certificate only where its name lies under an accepted "
                    "domain of the tenant (enforced since July 2017)."
                ),
                remedy=(*SET_INBOUND, "Or send a certificate for a name under an accepted domain:", *USE_CERTIFICATE),
                exchange_online=("550 5.7.64 Relay Access Denied ATTR36",),
            ),
            "certificate-not-found": Cause(
                title="No certificate is found for the send connector's TlsCertificateName",
                meaning=(
                    "The connector names an issuer and a subject that no installed certificate has: after a renewal "
                    "often the issuer alone is another. Nothing is sent until the name is changed. The words are those "
                    "of the queue; that a log has them, too, was not seen."
                ),
                remedy=USE_CERTIFICATE,
                exchange_online=(_NOT_FOUND,),
            ),
            "partner-restricted": Cause(
                title="A partner connector of the tenant refuses this sender",
                meaning=(
                    "An inbound connector of type Partner matches and restricts by certificate or address, and neither "
                    "fits. It is the recipient's tenant that decides."
                ),
                remedy=("In Exchange Online PowerShell, see what the connectors demand:", *_CONNECTORS_ONLINE),
                exchange_online=("550 5.7.51 TenantInboundAttribution; There is a partner connector configured …",),
            ),
            "out-of-date": Cause(
                title="Exchange Online slows or blocks this server, as it is out of date",
                meaning="The version of Exchange is no longer supported. No certificate mends that.",
                remedy=(
                    "Update Exchange. For a pause meanwhile, in Exchange Online PowerShell:",
                    "    New-TenantExemptionInfo -BlockingScenario UnpatchedOnPremServer -NumberOfDays 30",
                ),
                exchange_online=("450 4.7.230 … throttled", "550 5.7.230 … blocked"),
            ),
        },
    ),
    Entry(
        code="log-revocation-unchecked",
        title="Revocation could not be checked, and was let pass",
        meaning=(
            "The list of revoked certificates could not be had, and Exchange went on. Whether it does so is a matter "
            "of its settings; sources differ on whether it can be fatal."
        ),
        cause="The server may not reach the CA's addresses, for lack of a proxy or by a firewall.",
        remedy=(
            "See whether the server reaches the addresses in the certificate:",
            "    certutil -verify -urlfetch '<CER-FILE>'",
            "    netsh winhttp show proxy",
        ),
        hresult="CRYPT_E_REVOCATION_OFFLINE 0x80092013",
        references=(LOGS,),
    ),
)
