"""Findings on deliveries to our listener: to whom would Exchange Online attribute the mail, and would it relay it?"""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.inbound_capture import CAPTURE
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    NAME_NOT_ACCEPTED,
    NOT_ATTRIBUTED,
    PARTNER_RESTRICTED,
    SEND_CERTIFICATE,
    SET_INBOUND,
    SHOW_CERTIFICATES,
)

_INBOUND = "Microsoft Learn: Set-InboundConnector (TlsSenderCertificateName, SenderIPAddresses)"
_RELAY = "Exchange Team blog: Updated Requirements for SMTP Relay through Exchange Online (November 2023)"
_KB = "Microsoft KB 3212877 (550 5.7.64 TenantAttribution)"
_ONLINE = (
    "In Exchange Online PowerShell:",
    "    Get-InboundConnector | Format-List Name, Enabled, ConnectorType, TlsSender*, SenderIP*",
)
_COLLECT = ("Export again, in an Exchange Online session:", "    .\\Export-ProbeConnectors.ps1 -Online")
_A_STRANGER_S = (
    "Mail for the tenant's own recipients would be taken as a stranger's, through the spam filter and without its "
    "internal headers; for anybody else's it is refused with 5.7.64."
)
_USE_DOMAIN = (
    "Show a certificate whose name lies under an accepted domain, and let the inbound connector know it.",
    *SEND_CERTIFICATE,
    *SET_INBOUND,
)

ATTRIBUTION = (
    Entry(
        code="attributed-by-certificate",
        title="Exchange Online would know the mail by its certificate",
        meaning=(
            "An inbound connector of the tenant knows a name of the client's certificate, whose chain is whole as it "
            "was sent. The finding says whether mail may be relayed. It goes by the exports and by documented rules; "
            "Exchange Online's own list of roots and its checks for revocation are approximated."
        ),
        cause="Connector, certificate and accepted domains agree.",
        references=(_INBOUND, _RELAY),
    ),
    Entry(
        code="attributed-by-address",
        title="Exchange Online would know the mail by the client's address",
        meaning=(
            "An inbound connector has the address among its SenderIPAddresses; seen from Exchange Online the server "
            "may come from another. Without a certificate under an accepted domain, mail for others is taken only "
            "from senders in accepted domains: neither reports of non-delivery nor forwarded mail passes."
        ),
        cause="A connector made for addresses, or a certificate that does not count.",
        references=(_INBOUND, _RELAY),
    ),
    Entry(
        code="not-attributed",
        title="Exchange Online would take the mail for nobody's",
        meaning=f"No inbound connector of the tenant knows the client. {_A_STRANGER_S}",
        cause="No certificate, one that does not count, or one that no connector knows.",
        remedy=(*_ONLINE, *SEND_CERTIFICATE, *SET_INBOUND),
        exchange_online=(NOT_ATTRIBUTED,),
        references=(_KB, _INBOUND, HYBRID_CERTIFICATES),
        causes={
            "not-sent": Cause(
                title="Not attributed: the client showed no certificate",
                meaning=f"And no inbound connector knows its address. {_A_STRANGER_S}",
                remedy=(
                    "See which certificate the send connector names, if any:",
                    *SHOW_CERTIFICATES,
                    *SEND_CERTIFICATE,
                    "If a gateway on the way ends TLS, let it pass TCP through.",
                ),
            ),
            "chain-bad": Cause(
                title="Not attributed: the client's certificate does not count",
                meaning=(
                    "Exchange Online counts a certificate only if it is a CA's, in date, and sent with all its "
                    f"intermediates; the finding has its word for what is wrong. {_A_STRANGER_S}"
                ),
                remedy=("Mend what the finding on the certificate says is wrong with it: it says how, too.",),
            ),
            "self-signed": Cause(
                title="Not attributed: the client's certificate is self-signed",
                meaning=(
                    "Exchange Online counts a certificate only if it is a CA's; a self-signed one counts for nothing, "
                    f"whoever trusts it. {_A_STRANGER_S}"
                ),
                remedy=(
                    "Let the send connector name another certificate, a CA's.",
                    *SEND_CERTIFICATE,
                ),
            ),
            "no-connector": Cause(
                title="Not attributed: no inbound connector knows the certificate",
                meaning=(
                    "The certificate is in order, and none of its names is one that an inbound connector expects. A "
                    f"wildcard stands for one label. {_A_STRANGER_S}"
                ),
                remedy=(
                    "If another certificate is meant, let the send connector name it.",
                    *SEND_CERTIFICATE,
                    "If this one is right, let the inbound connector know it.",
                    *SET_INBOUND,
                ),
            ),
            "plain-text": Cause(
                title="Not attributed: the client did not use TLS",
                meaning=f"So it showed no certificate, and no inbound connector knows its address. {_A_STRANGER_S}",
                remedy=(
                    "Let the send connector require TLS:",
                    "    Set-SendConnector '<SEND-CONNECTOR>' -IgnoreSTARTTLS $false -RequireTLS $true",
                ),
            ),
            "no-connectors-at-all": Cause(
                title="Not attributed: the tenant has no inbound connector for its own servers",
                meaning=f"None of type OnPremises is enabled, so that nothing is attributed. {_A_STRANGER_S}",
                remedy=(
                    *_ONLINE,
                    "If there is one and it is off, enable it:",
                    "    Set-InboundConnector '<INBOUND-CONNECTOR>' -Enabled $true",
                    "Else run the Hybrid Configuration Wizard, which makes one.",
                ),
            ),
        },
    ),
    Entry(
        code="attribution-ambiguous",
        title="Several inbound connectors know the client",
        meaning=(
            "Which of them Exchange Online takes is not documented. Where they differ in what they allow, so does what "
            "becomes of the mail."
        ),
        cause="Two connectors with the same name or overlapping addresses, often one of an earlier run of the wizard.",
        remedy=(*_ONLINE, "Switch off the one that is not meant, or give each a name or an address of its own."),
        references=(_INBOUND,),
    ),
    Entry(
        code="attribution-unknown",
        title="The exports do not tell what Exchange Online would make of the mail",
        meaning="Nothing is concluded from what is not known. The finding says what is missing.",
        cause="An export of one side only, in a form that loses lists, or without some cmdlets.",
        remedy=_COLLECT,
        references=(_INBOUND,),
        causes={
            "connectors": Cause(
                title="The exports do not tell whether an inbound connector knows the client",
                meaning="Nothing is concluded from what is not known. The finding says what is missing.",
                remedy=_COLLECT,
            ),
            "address": Cause(
                title="The client's address here is not the one that Exchange Online would see",
                meaning=(
                    "It came from an address inside, or by IPv6, and an inbound connector of the tenant goes by public "
                    "addresses of IPv4. Whether the client's is among them cannot be seen here."
                ),
                remedy=(
                    "In Exchange Online PowerShell, see which addresses the connectors know:",
                    "    Get-InboundConnector | Format-List Name, Enabled, ConnectorType, SenderIPAddresses",
                    "If the address that the firewall gives the server's mail is among them, the mail is attributed.",
                ),
            ),
            "accepted-domains": Cause(
                title="The exports do not tell which domains the tenant accepts",
                meaning=(
                    "The mail would be attributed; whether it may be relayed hangs on the accepted domains of Exchange "
                    "Online, and the exports do not tell enough of them."
                ),
                remedy=(
                    "In an Exchange Online session, add them to the exports:",
                    "    Get-AcceptedDomain | Export-Clixml AcceptedDomain-Online.xml",
                ),
            ),
        },
    ),
    Entry(
        code="relay-refused",
        title="Exchange Online would know the mail and not relay it",
        meaning=(
            "For recipients outside of the tenant the certificate's domain or that of MAIL FROM has to be an accepted "
            "domain. The From that people see has not counted since November 2023."
        ),
        cause="Forwarded mail, reports of non-delivery, or an application that sends by another domain.",
        remedy=_USE_DOMAIN,
        exchange_online=(NOT_ATTRIBUTED,),
        references=(_RELAY, _KB),
        causes={
            "null-sender": Cause(
                title="Exchange Online would not relay mail of the null sender",
                meaning=(
                    "Reports of non-delivery and journal reports have an empty MAIL FROM, so that only a certificate "
                    "under an accepted domain could let them pass; the From that people see has not counted since "
                    "November 2023."
                ),
                remedy=_USE_DOMAIN,
            ),
            "foreign-sender": Cause(
                title="Exchange Online would not relay mail of this sender",
                meaning=(
                    "The domain of MAIL FROM is none of the tenant's, as with forwarded mail and with services that "
                    "send in one's name; only a certificate under an accepted domain could let it pass. The From that "
                    "people see has not counted since November 2023."
                ),
                remedy=_USE_DOMAIN,
            ),
            "name-not-accepted": Cause(
                title="The certificate's name lies under no accepted domain of the tenant",
                meaning=(
                    "Since July 2017 Exchange Online refuses to relay for such a certificate (ATTR36), though a "
                    "connector knows it; the rules of November 2023 let an accepted domain in MAIL FROM make up for "
                    "it. Mail of others, and of the null sender, is refused by both."
                ),
                remedy=(*_USE_DOMAIN, "Or add the domain to the tenant and verify it: then it is an accepted domain."),
                exchange_online=(NAME_NOT_ACCEPTED, NOT_ATTRIBUTED),
            ),
        },
    ),
    Entry(
        code="partner-restricted",
        title="A partner connector of the tenant refuses this sender",
        meaning=(
            "A connector of type Partner takes the sender's domain to itself and asks for a certificate or an address, "
            "which the client has not. The mail is refused for every recipient."
        ),
        cause="A renewed certificate or a new address of a partner, or a connector that takes every domain.",
        remedy=(
            "In Exchange Online PowerShell, see whom the connector is for, and what it asks of them:",
            "    Get-InboundConnector '<INBOUND-CONNECTOR>' | Format-List *Sender*, *Restrict*",
        ),
        exchange_online=(PARTNER_RESTRICTED,),
        references=(_INBOUND,),
    ),
)

INBOUND = (*ATTRIBUTION, *CAPTURE)
