"""Findings on connectors' settings, and on the wizard's configuration held against them."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    OFFER_TLS,
    SET_CAPABILITIES,
    STARTTLS_REQUIRED,
    refusal,
)

_RECEIVE = "Microsoft Learn: Set-ReceiveConnector"
_SEND = "Microsoft Learn: Set-SendConnector"
_WIZARD = "Microsoft Learn: Hybrid Configuration wizard"
_SHOW_INTENT = "    Get-HybridConfiguration | Format-List"
_SILENTLY = (
    "Nothing fails and nobody is told: mail from colleagues in Exchange Online is taken as a stranger's, marked "
    "external, and its internal headers are lost."
)

SETTINGS: tuple[Entry, ...] = (
    Entry(
        code="receive-without-tls",
        title="The connector that Exchange Online comes to offers no TLS",
        meaning=(
            "Its AuthMechanism lacks Tls, without which STARTTLS is never offered, whatever certificate there is. "
            "Exchange Online keeps its mail where the outbound connector demands TLS."
        ),
        cause="Somebody set AuthMechanism to what an application needs, and left the rest out.",
        remedy=OFFER_TLS,
        exchange_online=STARTTLS_REQUIRED,
        tlsrpt="starttls-not-supported",
        references=(_RECEIVE,),
    ),
    Entry(
        code="receive-range-catches",
        title="Another receive connector takes Exchange Online's connections",
        meaning=(
            "Of a server's connectors the one with the narrowest RemoteIPRanges around the sender's address answers. "
            "This one stands before the connector that is made ready for Exchange Online, and is not ready itself. "
            "From elsewhere, as a rule this program's address too, the other one answers, and all looks well."
        ),
        cause="A relay connector for an application, whose range takes in far more than the application.",
        remedy=(
            "See which addresses each connector is for:",
            "    Get-ReceiveConnector -Server '<SERVER>' | Format-List Identity, Bindings, RemoteIPRanges",
            "Give this one the addresses of its own senders, and no more:",
            "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -RemoteIPRanges '<ADDRESS>'",
        ),
        exchange_online=(*STARTTLS_REQUIRED, *refusal("SubjectMismatch")),
        references=(_RECEIVE, "Microsoft Learn: Office 365 URLs and IP address ranges"),
    ),
    Entry(
        code="capabilities-set",
        title="Exchange Online's mail is trusted as the organisation's own",
        meaning=(
            "TlsDomainCapabilities gives Exchange Online the right to send as a part of the organisation, to whomever "
            "shows its certificate. The server asks for a client certificate then."
        ),
        cause="The Hybrid Configuration Wizard set it.",
        references=(_RECEIVE,),
    ),
    Entry(
        code="capabilities-missing",
        title="Exchange Online's mail is not trusted as the organisation's own",
        meaning=f"TlsDomainCapabilities does not name Exchange Online. {_SILENTLY}",
        cause="A server that was added, or a connector made anew, after the wizard had run.",
        remedy=SET_CAPABILITIES,
        references=(_RECEIVE, HYBRID_CERTIFICATES),
        causes={
            "none": Cause(
                title="TlsDomainCapabilities is empty",
                meaning=f"No sender gets rights by its certificate, and the server does not ask for one. {_SILENTLY}",
                remedy=SET_CAPABILITIES,
            ),
            "legacy": Cause(
                title="TlsDomainCapabilities names a certificate of before April 2016",
                meaning=(
                    "It holds issuer and subject instead of a domain. Exchange Online's certificate has had another "
                    f"issuer since 15 April 2016, and such entries match nothing. {_SILENTLY}"
                ),
                remedy=SET_CAPABILITIES,
            ),
            "other-domain": Cause(
                title="TlsDomainCapabilities gives rights to others, not to Exchange Online",
                meaning=f"None of its entries is mail.protection.outlook.com with AcceptCloudServicesMail. {_SILENTLY}",
                remedy=SET_CAPABILITIES,
            ),
        },
    ),
    Entry(
        code="send-ignores-starttls",
        title="The connector to Exchange Online ignores STARTTLS",
        meaning=(
            "With IgnoreSTARTTLS it never uses TLS, so that it shows no certificate: mail is not attributed to the "
            "tenant by it, and travels in plain text."
        ),
        cause="It was switched on to get around a fault of TLS, and left so.",
        remedy=(
            "Let the connector use TLS, and demand it:",
            "    Set-SendConnector '<SEND-CONNECTOR>' -IgnoreSTARTTLS $false",
            "    $t = @{ RequireTLS = $true; TlsAuthLevel = 'DomainValidation' }",
            "    Set-SendConnector '<SEND-CONNECTOR>' @t -TlsDomain 'mail.protection.outlook.com'",
        ),
        exchange_online=("550 5.7.64 TenantAttribution; Relay Access Denied SMTP",),
        references=(_SEND,),
    ),
    Entry(
        code="send-level-not-evaluated",
        title="The send connector's TlsAuthLevel is set in vain",
        meaning=(
            "TlsAuthLevel counts only where RequireTLS is true: so by Exchange's code of 2013, and Microsoft's text "
            "says that the one cannot be set without the other. As it is, the peer's certificate is not checked, and "
            "mail may go in plain text."
        ),
        cause="RequireTLS was switched off later, or written by a tool that does not check.",
        remedy=("Demand TLS:", "    Set-SendConnector '<SEND-CONNECTOR>' -RequireTLS $true"),
        references=(_SEND,),
    ),
    Entry(
        code="hybrid-configuration-agrees",
        title="The connectors are as the Hybrid Configuration Wizard left them",
        meaning="What the wizard was last asked for agrees with the connectors, in the respects named.",
        cause="Nothing was changed by hand since, or both were.",
        references=(_WIZARD,),
    ),
    Entry(
        code="hybrid-configuration-drift",
        title="The connectors are not what the wizard was last asked for",
        meaning=(
            "The hybrid configuration is the wizard's last intent, not a state: mail goes by the connectors. The next "
            "run of the wizard makes the intent true, and undoes what was done by hand."
        ),
        cause="A renewal or a move by hand, without the wizard.",
        remedy=("Look at the intent, then run the wizard with what is right today:", _SHOW_INTENT),
        references=(_WIZARD,),
        causes={
            "certificate": Cause(
                title="The wizard was last asked for another certificate",
                meaning=(
                    "The connectors name another certificate than the hybrid configuration does. If the certificate "
                    "was renewed by hand, that is as it must be; but the next run of the wizard brings the old name "
                    "back."
                ),
                remedy=(
                    "Run the Hybrid Configuration Wizard, choose to update the secure mail certificate, then look:",
                    _SHOW_INTENT,
                ),
            ),
            "connectors-stale": Cause(
                title="The connectors are behind the wizard: they name an older certificate",
                meaning=(
                    "The certificate that the wizard was last asked for is installed and current, and the one that the "
                    "connectors name is not. Here the intent is right and the connectors are behind: the wizard did "
                    "not come to its end, or somebody has put the old name back."
                ),
                remedy=(
                    "Point the connectors at the wizard's certificate: run the wizard again, or mend them by hand.",
                    "Then look:",
                    _SHOW_INTENT,
                    "    Get-SendConnector '<SEND-CONNECTOR>' | Format-List TlsCertificateName",
                ),
            ),
            "smart-host": Cause(
                title="The wizard was last asked for another smart host",
                meaning=(
                    "Exchange Online connects to the outbound connector's smart hosts, and the wizard's is not among "
                    "them. The next run of the wizard sets it again."
                ),
                remedy=(
                    "See which host is right, then run the wizard with it:",
                    "    Get-HybridConfiguration | Format-List OnPremisesSmartHost",
                    "    Get-OutboundConnector '<OUTBOUND-CONNECTOR>' | Format-List SmartHosts",
                ),
            ),
            "domains": Cause(
                title="The outbound connectors leave out domains of the wizard",
                meaning=(
                    "Mail from Exchange Online for these domains does not take the outbound connector: it goes by MX, "
                    "without the connector's demands and without its trust."
                ),
                remedy=(
                    "See which domains are right, then run the wizard with them:",
                    "    Get-HybridConfiguration | Format-List Domains",
                    "    Get-OutboundConnector '<OUTBOUND-CONNECTOR>' | Format-List RecipientDomains",
                ),
            ),
            "servers": Cause(
                title="Other servers send to Exchange Online than the wizard was told",
                meaning=(
                    "A server that sends needs the certificate with its key, and a way through the firewall. "
                    "Of servers that the wizard does not know, nobody may have thought."
                ),
                remedy=(
                    "See which servers are right, then run the wizard with them:",
                    "    Get-HybridConfiguration | Format-List SendingTransportServers, EdgeTransportServers",
                    "    Get-SendConnector '<SEND-CONNECTOR>' | Format-List SourceTransportServers",
                ),
            ),
        },
    ),
)
