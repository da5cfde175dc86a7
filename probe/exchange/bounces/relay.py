"""Codes of mail from our servers to Exchange Online that it does not take for ours, and of partners' restrictions.

Which tenant mail from a connector belongs to, Exchange Online decides by the client certificate's domain, then by MAIL
FROM, then by RCPT TO; that order rests on a single announcement of February 2026.
"""

from probe.exchange.bounces.meaning import Check, Meaning, Party, row

_OURS = (Party.ON_PREMISES, Party.SENDER)
_LOGS = (
    "See in the SmtpSend log which certificate the server sends, and whether it sends one:",
    "    Get-TransportService '<SERVER>' | Format-List SendProtocolLogPath",
    "    probe logs '<FOLDER>'",
)

_ATTRIBUTION = Meaning(
    title="Exchange Online did not recognise the sending server as ours, and does not relay for strangers",
    says=(
        "For recipients outside the tenant an inbound connector of type OnPremises must match, by certificate or by "
        "address. It did not: the server sent no certificate; it sent its chain without the intermediate; the "
        "certificate's names (renewed, perhaps) are not those of TlsSenderCertificateName; the address changed; or a "
        "gateway in between makes TLS of its own. Since November 2023 the domain of the certificate or of MAIL FROM "
        "must be an accepted domain of the tenant as well; the From: header counts no longer."
    ),
    parties=_OURS,
    check=Check.SENDING,
    findings=(("log-refused", "not-attributed"), ("chain-incomplete", None), ("sender-name-mismatch", None)),
    remedy=_LOGS,
    doubts=(
        "That bounces and journal reports, whose MAIL FROM is empty, need the certificate is inferred, not documented.",
    ),
)
_ATTR36 = Meaning(
    title="The domain of the client certificate is not an accepted domain of the tenant",
    says=(
        "The connector may match; but the name in the certificate must lie in an accepted domain of the tenant: for "
        "host.sub.contoso.com that is sub.contoso.com. Or neither the certificate's domain nor that of MAIL FROM is "
        "one, for mail that is to be relayed."
    ),
    parties=(Party.EXCHANGE_ONLINE, Party.ON_PREMISES),
    check=Check.SENDING,
    findings=(("log-refused", "name-not-accepted"), ("sender-name-not-accepted", "foreign")),
    remedy=("Add the certificate's domain to the accepted domains, or use a certificate for a name in one.",),
)
_PARTNER = Meaning(
    title="A partner connector of the recipient's tenant takes mail only from certain servers",
    says=(
        "A connector of type Partner matches the message and restricts by certificate or by address, and the sending "
        "server shows neither the right one nor comes from the right place."
    ),
    parties=(Party.EXCHANGE_ONLINE, Party.SENDER),
    check=Check.SENDING,
    remedy=(
        "In the recipient's tenant, look at the partner connectors and their restrictions:",
        "    Get-InboundConnector | Format-List Name, ConnectorType, Restrict*, TlsSenderCertificateName, SenderIP*",
        "Then add the sender's certificate or address, or narrow the connector's sender domains.",
    ),
)
_OUTDATED = Meaning(
    title="The Exchange server is too old, and Exchange Online slows down or stops its mail",
    says=(
        "Mail over a connector of type OnPremises from an Exchange version without support is throttled first, then "
        "blocked, for some minutes of each hour. It has nothing to do with certificates."
    ),
    parties=(Party.ON_PREMISES,),
    remedy=(
        "Update Exchange. To win time, enforcement can be put off for 90 days of a year, in Exchange Online:",
        "    New-TenantExemptionInfo -BlockingScenario UnpatchedOnPremServer -NumberOfDays 30",
    ),
)

RELAY = (
    row("5.7.64", _ATTR36, "attr36"),
    row("5.7.64", _ATTRIBUTION, "tenantattribution", "relay access denied smtp", "relay access denied attr"),
    row("5.7.51", _PARTNER),
    row("4.7.230 5.7.230", _OUTDATED),
)
