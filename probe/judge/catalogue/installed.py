"""Causes of a certificate that is not the connector's, as only an export of the servers can tell them apart."""

from collections.abc import Mapping

from probe.judge.catalogue.entry import Cause
from probe.judge.catalogue.words import RESTART, SHOW_CERTIFICATES, USE_CERTIFICATE

INSTALLED: Mapping[str, Cause] = {
    "name-unset": Cause(
        title="The connector names no certificate, and Exchange chose this one",
        meaning=(
            "Where TlsCertificateName is empty, Exchange looks for a certificate by the connector's Fqdn, on a front "
            "end the server's internal name. As a rule only the self-signed one of Exchange's setup bears it. Where "
            "that is presented, Exchange Online finds another name than it expects."
        ),
        remedy=USE_CERTIFICATE,
    ),
    "another-installed": Cause(
        title="Another installed certificate is presented than the connector names",
        meaning=(
            "The server has the certificate that the connector names, or another server has, and presents a different "
            "one. Exchange keeps its choice in memory until transport restarts; and a more specific receive connector, "
            "by RemoteIPRanges, may answer our address and not Exchange Online's."
        ),
        remedy=(
            "See which connector is meant for Exchange Online's addresses, and which certificates the server has:",
            *SHOW_CERTIFICATES,
            "If the names are right, restart transport, which holds the old choice in memory:",
            *RESTART,
            "If they are not:",
            *USE_CERTIFICATE,
        ),
    ),
    "not-installed": Cause(
        title="The presented certificate is installed on none of the servers",
        meaning=(
            "By its dates the export should know it, and does not. A load balancer or gateway ends TLS at this "
            "address, or the answer comes from a server that was not exported. Hybrid mail needs an unbroken way: a "
            "device in between loses the client certificate of the other direction as well."
        ),
        remedy=(
            "Find out what answers at this address. If a load balancer or gateway ends TLS, let it pass TCP through.",
            "If it is a server that the export lacks, export again, with every server:",
            "    .\\Export-ProbeConnectors.ps1",
        ),
    ),
}
