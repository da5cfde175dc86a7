"""The sentences on endpoints held against an organisation's exports."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "connector-applies": "judged by {connector}",
    "connector-ambiguous": "judged by {connector}, which demands most; {rivals} leads here as well",
    "connector-goes-elsewhere": "{connector} takes mail for this domain to {hosts}, whatever its MX records say",
    "connector-none": "no outbound connector is known to lead here",
    "connector-none none-leads-here": "no outbound connector of the export leads here",
    "connector-none not-exported": "the exports hold no outbound connectors: what Exchange Online demands is not known",
    "export-outdated": "{presented} is not in the export and may well be younger than it",
    "client-certificate-asked": "the server asks for a client certificate",
    "client-certificate-not-asked": "the server does not ask for a client certificate",
    "client-certificate-not-asked configured": "the server does not ask for a client certificate, though "
    "TlsDomainCapabilities is set on {connectors}",
    "client-certificate-not-asked some-configured": "the server does not ask for a client certificate; "
    "TlsDomainCapabilities is not set on {connectors}",
    "client-certificate-not-asked not-configured": "the server does not ask for a client certificate: "
    "TlsDomainCapabilities is not set on {connectors}",
}

MORE: Mapping[str, Mapping[str, str]] = {
    "connector-applies": {
        "settings": ": {settings}",
        "name": ", TlsDomain {name}",
        "dane": ", SmtpDaneMode {dane}",
        "sts": ", MtaStsMode {sts}",
    },
    "export-outdated": {"issued": "; it was issued on {issued}", "collected": ", the export is of {collected}"},
    "client-certificate-asked": {"unsaid": ", though by the export TlsDomainCapabilities is not set on {unsaid}"},
}
