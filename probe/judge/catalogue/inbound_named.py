"""Causes of a client's certificate that is not the one its send connector names."""

from collections.abc import Mapping

from probe.judge.catalogue.entry import Cause
from probe.judge.catalogue.words import REMOVE_OLD, RESTART, SEND_CERTIFICATE, SHOW_CERTIFICATES

SEND_NAMED: Mapping[str, Cause] = {
    "send-old-installed": Cause(
        title="The server shows an older certificate than its send connector names",
        meaning=(
            "It is for the same subject or names and ends earlier. Exchange holds its choice in memory until transport "
            "restarts, and may take an old certificate as long as it is installed. Compare thumbprints with care "
            "before you remove one: it is easy to take the good one for the bad."
        ),
        remedy=(
            "See which certificates the server has, with their Services, and which one the send connector names:",
            *SHOW_CERTIFICATES,
            "Restart transport, which holds the old choice in memory:",
            *RESTART,
            "If the old one comes again, and nothing else uses it any more (web mail, IMAP), remove it.",
            *REMOVE_OLD,
            *SEND_CERTIFICATE,
        ),
    ),
    "send-another-installed": Cause(
        title="The server shows another certificate than its send connector names",
        meaning=(
            "It is not an older one of the same name but one that is there for something else, such as web mail, or "
            "the one that Exchange made for itself: leave it where it is. Exchange holds its choice in memory until "
            "transport restarts, and takes another where it cannot use the one that is named. Exchange Online compares "
            "names alone, and is content where those and the chain are right."
        ),
        remedy=(
            "See which certificate it is, and which one the send connector names:",
            *SHOW_CERTIFICATES,
            "If the name is right, restart transport, which holds the old choice in memory:",
            *RESTART,
            "If it is not, or if the same comes again:",
            *SEND_CERTIFICATE,
            "If it stays, the named certificate has no key that transport can use: read the server's send log.",
        ),
    ),
    "send-not-installed": Cause(
        title="The certificate that was shown is installed on none of the servers",
        meaning=(
            "By its dates the export should know it, and does not. A gateway ends TLS on the way and begins it anew "
            "with a certificate of its own, or the delivery came from a server that was not exported. Hybrid mail "
            "needs an unbroken way."
        ),
        remedy=(
            "Find out what delivered: the finding has the client's address. Let a gateway pass TCP through.",
            "If it is a server that the export lacks, export again, with every server:",
            "    .\\Export-ProbeConnectors.ps1",
        ),
    ),
    "send-name-stale": Cause(
        title="The send connector names a certificate that is not there",
        meaning=(
            "Its issuer and subject are of no installed certificate, and not of the one that was shown: after a "
            "renewal often the issuer alone is another. By that connector nothing can be sent, so that this "
            "certificate came by another way: another connector, or a device in between."
        ),
        remedy=(
            "Give the send connector the new issuer and subject, and do so after every renewal.",
            *SEND_CERTIFICATE,
        ),
        exchange_online=(
            "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.",
        ),
    ),
}
