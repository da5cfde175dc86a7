"""Findings of a rehearsal on what others expect: Exchange Online, senders by DANE and MTA-STS."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import HYBRID_CERTIFICATES, NDR_LIST, SET_INBOUND, SET_OUTBOUND, refusal, spelt_out

_LOOK = ("Look again when the endpoint answers:", "    probe '<TARGET>'")
_ONLINE = "Export the connectors in Exchange Online PowerShell with contrib/Export-ProbeConnectors.ps1 -Online."
_RELAY = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
_ATTR36 = "550 5.7.64 Relay Access Denied ATTR36"
_PUBLISH = (
    "Publish the record of the next certificate beside today's, and wait for twice the TTL before it is used.",
    "The record is in the finding; `probe tlsa CERT.pem --host NAME` prints it as well.",
)

NEXT_ONLINE = (
    Entry(
        code="rehearsal-tls-domain",
        title="Whether the next certificate bears the name that Exchange Online expects",
        meaning=(
            "An outbound connector with DomainValidation compares the names of the certificate that it meets with its "
            "TlsDomain. Exchange Online counts the common name, and takes a wildcard for one label."
        ),
        cause="A name that was left out of the order, or a connector that was never changed.",
        remedy=SET_OUTBOUND,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "not-covered": Cause(
                title="Exchange Online would refuse the next certificate for its names",
                meaning=(
                    "None of its names is the one that the outbound connector expects. Mail from Exchange Online would "
                    "wait with these words, for 24 hours, and then come back."
                ),
                remedy=("Order the certificate with this name, or change what is expected.", *SET_OUTBOUND),
                exchange_online=(spelt_out("SubjectMismatch"), *refusal("SubjectMismatch")[1:2]),
            ),
            "unknown": Cause(
                title="Which name the outbound connector expects is not known",
                meaning="It compares names, or may do so, and the export has no TlsDomain.",
                remedy=(_ONLINE,),
            ),
        },
    ),
    Entry(
        code="rehearsal-sender-name",
        title="Whether Exchange Online would know the next certificate",
        meaning=(
            "An inbound connector knows mail from the organisation's servers by a name in the certificate that they "
            "show (TlsSenderCertificateName). Which certificate a server shows, no probe from outside can see."
        ),
        cause="A name that was left out of the order, or a connector that was never changed.",
        remedy=SET_INBOUND,
        references=(HYBRID_CERTIFICATES, NDR_LIST),
        causes={
            "not-covered": Cause(
                title="Exchange Online would not know the next certificate",
                meaning=(
                    "None of its names is the one that the inbound connector knows. Mail to recipients in the tenant "
                    "would arrive as a stranger's, and mail through it would be refused with these words, unless the "
                    "address is known."
                ),
                remedy=("Order the certificate with this name, or change what is expected.", *SET_INBOUND),
                exchange_online=(_RELAY,),
            ),
            "unknown": Cause(
                title="By which name Exchange Online knows the organisation is not known",
                meaning="The export has lost TlsSenderCertificateName, or was made without it.",
                remedy=(_ONLINE,),
            ),
        },
    ),
    Entry(
        code="rehearsal-accepted-domain",
        title="Whether the certificate's name is under a domain of the tenant",
        meaning=(
            "The domain of the name by which the inbound connector knows the certificate, or its parent, has to be an "
            "accepted domain of the tenant; otherwise mail through Exchange Online is refused with these words."
        ),
        cause="A certificate for an internal name, or for a domain that is another tenant's.",
        remedy=SET_INBOUND,
        exchange_online=(_ATTR36,),
        references=(NDR_LIST,),
    ),
    Entry(
        code="rehearsal-endpoint",
        title="Which certificate an endpoint shows today",
        meaning="Endpoints that show the certificate in use will show the next one.",
        cause="What was observed during this rehearsal.",
        remedy=_LOOK,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "other-installed": Cause(
                title="An endpoint shows another certificate of the organisation",
                meaning=(
                    "It is installed, but the connectors on the way to Exchange Online do not name it: another "
                    "connector answers, or transport was not restarted. The renewal may not reach this endpoint."
                ),
                remedy=("See which connector answers there, and which certificate it names.", *_LOOK),
            ),
            "stranger": Cause(
                title="An endpoint shows a certificate that no export knows",
                meaning=(
                    "The export is older than the certificate, or a device in front of Exchange ends TLS. Then the "
                    "next certificate has to be installed there as well: nothing in this plan does that."
                ),
                remedy=(
                    "Export again. If no server has the certificate, find the device that ends TLS.",
                    "Let it pass TCP through, or install the next certificate there, too.",
                ),
            ),
            "unobserved": Cause(
                title="An endpoint could not be observed",
                meaning="Which certificate it shows, and whether the renewal reaches it, is not known.",
                remedy=_LOOK,
            ),
        },
    ),
    Entry(
        code="rehearsal-tlsa",
        title="Whether the TLSA records cover the next certificate",
        meaning=(
            "Senders that honour DANE, Exchange Online among them, deliver only to a certificate or key that a "
            "published record covers."
        ),
        cause="Records that cover the key in use alone.",
        remedy=_PUBLISH,
        references=("RFC 7671 §8.1", "RFC 7672 §2"),
        causes={
            "not-covered": Cause(
                title="No TLSA record covers the next certificate",
                meaning=(
                    "The moment that the server shows it, senders that honour DANE stop delivering, and go on stopping "
                    "for as long as they keep the old records."
                ),
                remedy=_PUBLISH,
                exchange_online=("4.7.323 / 5.7.323 tlsa-invalid: The domain failed DANE validation.",),
                tlsrpt="tlsa-invalid",
            ),
            "not-covered-unvalidated": Cause(
                title="No TLSA record covers the next certificate; DNSSEC was not validated",
                meaning=(
                    "There are records, and nobody whom we may trust has validated them. If they are secure, senders "
                    "that honour DANE stop delivering when the server shows the next certificate."
                ),
                remedy=("Ask a validating resolver: --resolver.", *_PUBLISH),
            ),
            "unknown": Cause(
                title="Whether there are TLSA records is not known",
                meaning="They could not be looked up, or nothing could be held against them.",
                remedy=("Look again, or ask another resolver: --resolver.",),
            ),
        },
    ),
    Entry(
        code="rehearsal-sts",
        title="Whether the next certificate keeps the MTA-STS policy",
        meaning=(
            "The policy names hosts, not certificates: it need not change. But senders that honour it want a "
            "certificate for the name of the MX host, from a CA that the web trusts."
        ),
        cause="A certificate that was ordered for the connectors alone.",
        remedy=("Order the certificate with the name of the MX host in its SAN.",),
        references=("RFC 8461 §4.2",),
        causes={
            "name": Cause(
                title="The next certificate is not for the MX host",
                meaning="Senders that honour the policy would refuse it; the common name does not count there.",
                remedy=("Order the certificate with the name of the MX host in its SAN.",),
                tlsrpt="certificate-host-mismatch",
            ),
            "not-trusted": Cause(
                title="Senders by MTA-STS would not trust the next certificate",
                meaning="It does not lead to a root that is trusted; the finding names the list of roots.",
                remedy=("Get a certificate from a public CA.",),
                exchange_online=refusal("UntrustedRoot")[2:3],
                tlsrpt="certificate-not-trusted",
            ),
            "unknown": Cause(
                title="Whether there is an MTA-STS policy is not known",
                meaning="Its record could not be looked up.",
                remedy=("Look again, or ask another resolver: --resolver.",),
            ),
        },
    ),
    Entry(
        code="rehearsal-not-looked",
        title="No endpoint was looked at",
        meaning=(
            "Without targets nothing is asked of the network: TLSA records, MTA-STS and what the endpoints show were "
            "left out. Name the MX domain or the smart host to have them rehearsed as well."
        ),
        cause="The command was given no target.",
        references=("RFC 7671 §8.1",),
    ),
)
