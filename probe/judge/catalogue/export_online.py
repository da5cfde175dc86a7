"""Findings on what Exchange Online expects: the name of our servers, and the name of our mail."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    RESTART,
    SET_INBOUND,
    SET_OUTBOUND,
    USE_CERTIFICATE,
    refusal,
    spelt_out,
)

_INBOUND = "Microsoft Learn: Set-InboundConnector (TlsSenderCertificateName)"
_OUTBOUND = "Microsoft Learn: Set-OutboundConnector (TlsSettings, TlsDomain)"
_NOT_ATTRIBUTED = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
_ATTR36 = "550 5.7.64 Relay Access Denied ATTR36"
_MISMATCH = refusal("SubjectMismatch", spelt_out("SubjectMismatch"))
_AS_A_STRANGER = (
    "Mail that no inbound connector recognises is a stranger's: for Exchange Online's own recipients it passes the "
    "spam filter without its internal headers, and the rest is refused."
)

ONLINE: tuple[Entry, ...] = (
    Entry(
        code="tls-domain-matches",
        title="The servers' certificate has the name that Exchange Online expects",
        meaning=(
            "The outbound connector's TlsDomain is met by the certificate that the receive connectors name. Whether "
            "that one is presented, the wire tells."
        ),
        cause="Connectors and certificate agree.",
        references=(_OUTBOUND,),
    ),
    Entry(
        code="tls-domain-mismatch",
        title="The servers' certificate has not the name that Exchange Online expects",
        meaning=(
            "Exchange Online compares the outbound connector's TlsDomain with the names of the certificate, the common "
            "name among them, before anything else. If none matches, it keeps the mail, and in the end returns it."
        ),
        cause="A renewal with other names, or a connector that was made for another certificate.",
        remedy=(*USE_CERTIFICATE, *SET_OUTBOUND),
        exchange_online=_MISMATCH,
        tlsrpt="certificate-host-mismatch",
        hresult="CERT_E_CN_NO_MATCH 0x800B010F",
        references=(_OUTBOUND, HYBRID_CERTIFICATES),
        causes={
            "no-name": Cause(
                title="None of the certificate's names matches the connector's TlsDomain",
                meaning=(
                    "A wildcard stands for one label: *.contoso.com is good for mail.contoso.com, not for "
                    "a.b.contoso.com. An expected *.contoso.com takes any one label below contoso.com. If the "
                    "certificate named is presented, Exchange Online refuses it with these words."
                ),
                remedy=(
                    "If the certificate is the right one, let Exchange Online expect one of its names.",
                    *SET_OUTBOUND,
                    "If it is not, let the connectors name the right one.",
                    *USE_CERTIFICATE,
                ),
            ),
            "depends": Cause(
                title="The name matches some of the certificates that may be presented",
                meaning=(
                    "Several certificates can be meant, and not all of them have the expected name. Which is presented "
                    "the export cannot tell; probe the server."
                ),
                remedy=("Let the connectors name one that has the expected name.", *USE_CERTIFICATE),
            ),
        },
    ),
    Entry(
        code="outbound-level-weak",
        title="Exchange Online does not check the servers' name",
        meaning=(
            "The wizard sets TlsSettings to DomainValidation. With less, another server with a certificate of any "
            "public CA, with EncryptionOnly any server at all, and with none any without TLS, can take this mail."
        ),
        cause="A connector that was made by hand, or loosened to get mail flowing.",
        remedy=SET_OUTBOUND,
        references=(_OUTBOUND,),
    ),
    Entry(
        code="sender-name-matches",
        title="Exchange Online recognises the servers by their certificate",
        meaning=(
            "A name of the certificate that the send connector names is the inbound connector's "
            "TlsSenderCertificateName. That the certificate is really sent, only a receiver can tell."
        ),
        cause="Connectors and certificate agree.",
        references=(_INBOUND,),
    ),
    Entry(
        code="sender-name-mismatch",
        title="Exchange Online does not recognise the servers by their certificate",
        meaning=(
            "No inbound connector of type OnPremises has a TlsSenderCertificateName that a name of the client "
            f"certificate matches. {_AS_A_STRANGER}"
        ),
        cause="The certificate was renewed under another name, and the inbound connector still expects the old one.",
        remedy=(*SET_INBOUND, *USE_CERTIFICATE),
        exchange_online=(_NOT_ATTRIBUTED,),
        references=(_INBOUND, HYBRID_CERTIFICATES),
        causes={
            "no-name": Cause(
                title="No name of the client certificate is what the inbound connector expects",
                meaning=(
                    "The names of the certificate that the send connector names are compared with the inbound "
                    f"connector's TlsSenderCertificateName. {_AS_A_STRANGER}"
                ),
                remedy=(
                    "If the certificate is the right one, let the inbound connector expect its name.",
                    *SET_INBOUND,
                    "If it is not, let the send connector name the right one.",
                    *USE_CERTIFICATE,
                ),
            ),
            "legacy-differs": Cause(
                title="The inbound connector expects another issuer and subject",
                meaning=(
                    "It holds issuer and subject instead of a name, and both must be the certificate's. By a renewal "
                    f"from another intermediate they no longer are. {_AS_A_STRANGER}"
                ),
                remedy=("Give it a name, which outlives renewals.", *SET_INBOUND),
            ),
            "depends": Cause(
                title="Exchange Online recognises some of the certificates that may be sent",
                meaning=(
                    "Several certificates can be meant, and not all of them are what it expects. Which is sent the "
                    f"export cannot tell; the server's protocol log does. {_AS_A_STRANGER}"
                ),
                remedy=("Restart transport, so that Exchange chooses anew:", *RESTART, *USE_CERTIFICATE),
            ),
        },
    ),
    Entry(
        code="sender-name-accepted",
        title="TlsSenderCertificateName lies under an accepted domain",
        meaning="The inbound connector's TlsSenderCertificateName is, or lies directly under, a domain of the tenant.",
        cause="Connector and accepted domains agree.",
        references=(_INBOUND,),
    ),
    Entry(
        code="sender-name-not-accepted",
        title="TlsSenderCertificateName lies under no accepted domain",
        meaning=(
            "Since July 2017 Exchange Online relays for a certificate only where its domain is an accepted domain of "
            "the tenant. Otherwise it refuses mail for others' recipients, and non-delivery reports with it."
        ),
        cause="A certificate for an internal or a foreign name, or a domain that was never added to the tenant.",
        remedy=SET_INBOUND,
        exchange_online=(_ATTR36,),
        references=(_INBOUND, "Microsoft: important notice about certificates and connectors (5.7.64 ATTR36)"),
        causes={
            "foreign": Cause(
                title="TlsSenderCertificateName is in no accepted domain of the tenant",
                meaning=(
                    "Since July 2017 Exchange Online relays for a certificate only where its domain is an accepted "
                    "domain of the tenant. Otherwise it refuses mail for others' recipients, and non-delivery reports."
                ),
                remedy=(
                    *SET_INBOUND,
                    "Or add the domain to the tenant and verify it, so that it becomes an accepted domain.",
                ),
            ),
            "deeper": Cause(
                title="TlsSenderCertificateName lies too deep below an accepted domain",
                meaning=(
                    "For hostname.subdomain.contoso.com, subdomain.contoso.com has to be accepted: so in Microsoft's "
                    "example. That contoso.com is, does not do unless its subdomains are accepted with it."
                ),
                remedy=(
                    "Accept the subdomain as well, or use a name that lies directly in the accepted domain.",
                    *SET_INBOUND,
                ),
            ),
        },
    ),
    Entry(
        code="sender-name-legacy",
        title="TlsSenderCertificateName holds issuer and subject instead of a name",
        meaning=(
            "That is how older tenants had it. Both parts must be the certificate's, so that each renewal from another "
            "intermediate breaks it. Whether Exchange Online still honours it is not documented."
        ),
        cause="A connector from the early years, or a value pasted from the wrong command.",
        remedy=SET_INBOUND,
        exchange_online=(_NOT_ATTRIBUTED,),
        references=(_INBOUND,),
    ),
    Entry(
        code="sender-name-missing",
        title="The inbound connector has nothing to recognise anybody by",
        meaning=f"It has neither a TlsSenderCertificateName nor SenderIPAddresses. {_AS_A_STRANGER}",
        cause="A connector that was made by hand and never finished.",
        remedy=SET_INBOUND,
        exchange_online=(_NOT_ATTRIBUTED,),
        references=(_INBOUND,),
    ),
    Entry(
        code="inbound-ambiguous",
        title="Several inbound connectors recognise the same certificate",
        meaning=(
            "Which of them Exchange Online takes, and whose settings then hold, is not documented. Between tenants it "
            "is worse: mail is attributed to the other one."
        ),
        cause="A second run of the wizard, or a connector made by hand beside its own.",
        remedy=(
            "Look at them side by side, and switch off the one that is not needed:",
            "    Get-InboundConnector | Format-List Name, ConnectorSource, TlsSenderCertificateName, SenderIPAddresses",
            "    Set-InboundConnector '<INBOUND-CONNECTOR>' -Enabled $false",
        ),
        exchange_online=(_NOT_ATTRIBUTED,),
        references=(_INBOUND,),
    ),
)
