"""Findings on endpoints held against an organisation's exports."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import HYBRID_CERTIFICATES, SET_CAPABILITIES

_OUTBOUND = "Microsoft Learn: Set-OutboundConnector (TlsSettings, TlsDomain, MtaStsMode, SmtpDaneMode)"
_RECEIVE = "Microsoft Learn: Set-ReceiveConnector (TlsDomainCapabilities, RemoteIPRanges)"
_COLLECT = (
    "Export again, in the Exchange Management Shell and in an Exchange Online session:",
    "    .\\Export-ProbeConnectors.ps1",
    "    .\\Export-ProbeConnectors.ps1 -Online",
)

HYBRID = (
    Entry(
        code="connector-applies",
        title="Exchange Online comes to this endpoint by an outbound connector",
        meaning=(
            "The connector's TlsSettings say how much is demanded, and its TlsDomain which name. The endpoint is "
            "judged by these."
        ),
        cause="The endpoint is one of the connector's smart hosts, or an MX host of a domain that it goes to by MX.",
        references=(_OUTBOUND,),
    ),
    Entry(
        code="connector-ambiguous",
        title="Several outbound connectors lead to this endpoint and differ",
        meaning=(
            "Which of them Exchange Online takes depends on the recipient's domain. The endpoint is judged by the one "
            "that demands most."
        ),
        cause="Connectors with different TlsSettings or TlsDomain and a smart host in common.",
        remedy=(
            "See which domains each of them is for:",
            "    Get-OutboundConnector | Format-List Name, RecipientDomains, SmartHosts, TlsSettings, TlsDomain",
        ),
        references=(_OUTBOUND,),
    ),
    Entry(
        code="connector-goes-elsewhere",
        title="Exchange Online takes mail for this domain to smart hosts, not by MX",
        meaning=(
            "The outbound connector for the domain names smart hosts. What its MX records say concerns other senders; "
            "MTA-STS has no part in it, and whether Exchange Online asks DANE of a smart host is not documented."
        ),
        cause="A connector with UseMXRecord off, as the Hybrid Configuration Wizard makes it.",
        remedy=("Probe the smart hosts, which are what Exchange Online connects to:", "    probe <HOST>:25"),
        references=(_OUTBOUND,),
    ),
    Entry(
        code="connector-none",
        title="No outbound connector is known to lead to this endpoint",
        meaning="What Exchange Online would demand here is not known; it is judged as for any sender.",
        cause="Another smart host than the target, a connector that is switched off, or an export without them.",
        remedy=(
            "See where the connectors lead:",
            "    Get-OutboundConnector | Format-List Name, Enabled, RecipientDomains, SmartHosts, UseMXRecord",
        ),
        references=(_OUTBOUND,),
        causes={
            "none-leads-here": Cause(
                title="None of the exported outbound connectors leads to this endpoint",
                meaning=(
                    "It is no smart host of any enabled outbound connector. Exchange Online does not come here, or the "
                    "export is old; the endpoint is judged as for any sender."
                ),
                remedy=(
                    "See where the connectors lead:",
                    "    Get-OutboundConnector | Format-List Name, Enabled, RecipientDomains, SmartHosts, UseMXRecord",
                    *_COLLECT,
                ),
            ),
            "not-exported": Cause(
                title="The exports hold no outbound connectors",
                meaning=(
                    "How much Exchange Online demands, and which name, is in its outbound connector, which was not "
                    "exported. The certificate is compared with the servers' own; beyond that the endpoint is judged "
                    "as for any sender."
                ),
                remedy=(
                    "In an Exchange Online session:",
                    "    .\\Export-ProbeConnectors.ps1 -Online",
                ),
            ),
        },
    ),
    Entry(
        code="export-outdated",
        title="The presented certificate is younger than the export",
        meaning=(
            "It was issued after the servers' certificates were exported, so that the export cannot know it. That is "
            "what a renewal looks like. Whether the connectors name the new certificate only a fresh export tells."
        ),
        cause="A renewal since the export.",
        remedy=_COLLECT,
        references=(HYBRID_CERTIFICATES,),
    ),
    Entry(
        code="client-certificate-asked",
        title="The server asks for a client certificate, as hybrid mail needs it",
        meaning=(
            "Exchange asks for one where TlsDomainCapabilities is set: so it has been seen to do, it is not "
            "documented. Exchange Online shows its certificate then, and its mail keeps the organisation's headers."
        ),
        cause="TlsDomainCapabilities on the connector that answered.",
        references=(_RECEIVE,),
    ),
    Entry(
        code="client-certificate-not-asked",
        title="The server does not ask for a client certificate",
        meaning=(
            "Exchange Online shows its certificate only where it is asked. Without it, its mail comes in as that of a "
            "stranger: no bounce says so, but it counts as external, and headers between the premises are lost."
        ),
        cause="TlsDomainCapabilities is missing on the connector that answered, or a device in between answers.",
        remedy=SET_CAPABILITIES,
        references=(_RECEIVE,),
        causes={
            "configured": Cause(
                title="TlsDomainCapabilities is set, yet no client certificate is asked for",
                meaning=(
                    "By the export the connector should ask. Another receive connector answers our address (the most "
                    "specific RemoteIPRanges wins, and Exchange Online's addresses may meet the right one), a device "
                    "in between ends TLS, or the export is old. That Exchange asks where the property is set has been "
                    "seen, it is not documented."
                ),
                remedy=(
                    "See which connectors answer on port 25, and for which addresses:",
                    "    Get-ReceiveConnector -Server '<SERVER>' | Format-List Identity, Bindings, RemoteIPRanges",
                    "The server's log names the connector that answered:",
                    "    Get-FrontendTransportService '<SERVER>' | Format-List ReceiveProtocolLogPath",
                ),
            ),
            "some-configured": Cause(
                title="TlsDomainCapabilities is missing on some of the front ends",
                meaning=(
                    "One that lacks it answered. Mail from Exchange Online that comes in there counts as external, and "
                    "headers between the premises are lost; no bounce says so."
                ),
                remedy=SET_CAPABILITIES,
            ),
            "not-configured": Cause(
                title="TlsDomainCapabilities is not set",
                meaning=(
                    "The front end has no rights to give to Exchange Online and so does not ask for its certificate. "
                    "Mail from there counts as external, and headers between the premises are lost; no bounce says so."
                ),
                remedy=SET_CAPABILITIES,
            ),
        },
    ),
)
