"""Findings on connectors that a hybrid needs and Exchange Online has not."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import HYBRID_CERTIFICATES

_WIZARD = ("Run the Hybrid Configuration Wizard again; it makes the connectors that are missing.",)
_LIST = (
    "See in Exchange Online PowerShell which there are, and whether they are enabled:",
    "    Get-InboundConnector | Format-List Name, Enabled, ConnectorType, TlsSenderCertificateName",
    "    Get-OutboundConnector | Format-List Name, Enabled, ConnectorType, RecipientDomains, SmartHosts",
)
_NOT_ATTRIBUTED = (
    "Mail from our servers belongs to no tenant then: to Exchange Online's own recipients it comes as a stranger's, "
    "and what should be relayed is refused. Before the wizard has been run to its end that is so, too."
)
_REFUSED = ("550 5.7.64 TenantAttribution; Relay Access Denied SMTP",)

MISSING: tuple[Entry, ...] = (
    Entry(
        code="hybrid-connector-missing",
        title="Exchange Online lacks a connector that hybrid mail needs",
        meaning="The servers send to Exchange Online as a hybrid does, or the wizard was asked to have them do so.",
        cause="A connector was removed or disabled, or the Hybrid Configuration Wizard did not come to its end.",
        remedy=(*_LIST, *_WIZARD),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "none-inbound": Cause(
                title="Exchange Online has no inbound connector",
                meaning=_NOT_ATTRIBUTED,
                remedy=(*_LIST, *_WIZARD),
                exchange_online=_REFUSED,
            ),
            "no-inbound-for-us": Cause(
                title="No enabled inbound connector is of type OnPremises",
                meaning=_NOT_ATTRIBUTED,
                remedy=(*_LIST, *_WIZARD),
                exchange_online=_REFUSED,
            ),
            "none-outbound": Cause(
                title="Exchange Online has no outbound connector",
                meaning=(
                    "Mail for mailboxes on the servers takes the way of the MX records then, as everybody's does: "
                    "without demands on TLS, and without the headers of hybrid mail. Where MX leads to Exchange Online "
                    "itself, it goes in a circle."
                ),
                remedy=(*_LIST, *_WIZARD),
            ),
        },
    ),
)
