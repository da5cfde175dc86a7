"""Findings of a rehearsal on connectors, servers, Exchange Online, and those who connect."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.rehearsal_online import NEXT_ONLINE
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    IMPORT_CERTIFICATE,
    REMOVE_OLD,
    REPAIR_KEY,
    RESTART,
    SHOW_CERTIFICATES,
    STARTTLS_REQUIRED,
    USE_CERTIFICATE,
)

# Where a connector names a certificate that is not to be found: STARTTLS is gone for those who send to the server, and
# the server itself cannot send.
_NAME_STALE = (
    *STARTTLS_REQUIRED,
    "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.",
)
_COLLECTOR = "Export everything with contrib/Export-ProbeConnectors.ps1, and name all its files with --connectors."
_LATER = (
    "As long as the old certificate is there and valid, nothing happens. When it has ended or is removed, the "
    "connector finds none: it offers no STARTTLS (event 12014), or cannot send. Then come these words."
)

NEXT_WAY = (
    Entry(
        code="rehearsal-connector",
        title="Whether a connector finds the next certificate by its name",
        meaning="Connectors on premises name a certificate by issuer and subject, which a renewal may change.",
        cause="A CA that issues from another intermediate, or particulars in the order that differ from last time.",
        remedy=USE_CERTIFICATE,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "issuer-changes": Cause(
                title="The connector would name the old issuer",
                meaning=f"The CA has issued from another intermediate; the subject is the same. {_LATER}",
                remedy=USE_CERTIFICATE,
                exchange_online=_NAME_STALE,
            ),
            "subject-changes": Cause(
                title="The connector would name the old subject",
                meaning=f"The order had other particulars than last time; the finding says which. {_LATER}",
                remedy=USE_CERTIFICATE,
                exchange_online=_NAME_STALE,
            ),
            "issuer-and-subject-change": Cause(
                title="The connector would name the old issuer and subject",
                meaning=f"The next certificate is of another CA, and for another subject. {_LATER}",
                remedy=USE_CERTIFICATE,
                exchange_online=_NAME_STALE,
            ),
            "unnamed": Cause(
                title="The connector names no certificate, and the next one is not for its Fqdn",
                meaning=(
                    "Without a name Exchange looks for the Fqdn of the connector among the certificates (so the code "
                    "of 2013), and would not find this one. It may show the self-signed one today already."
                ),
                remedy=USE_CERTIFICATE,
                exchange_online=(),
            ),
            "unreadable": Cause(
                title="The name in the connector cannot be read",
                meaning=(
                    "It is not of the form <I>issuer<S>subject, so that it cannot be compared. Perhaps the export has "
                    "cut it off, or it was pasted with typographic quotes."
                ),
                remedy=("Look at the connector itself:", *SHOW_CERTIFICATES, *USE_CERTIFICATE),
                exchange_online=(),
            ),
            "name-absent": Cause(
                title="The export does not say which certificate the connector names",
                meaning="The property is not in the export. Whether the renewal breaks this connector is not known.",
                remedy=(_COLLECTOR,),
                exchange_online=(),
            ),
            "name-lost": Cause(
                title="The export has lost which certificate the connector names",
                meaning="The export's form has lost the value. Whether the renewal breaks this connector is not known.",
                remedy=(_COLLECTOR,),
                exchange_online=(),
            ),
        },
    ),
    Entry(
        code="rehearsal-same-name",
        title="The old and the next certificate have the same issuer and subject",
        meaning=(
            "To connectors the two are one. Which is used, is told in two ways: the code of 2013 takes the first valid "
            "one, Microsoft's documentation today says the one that ends last; and Exchange keeps its choice in memory "
            "until transport is restarted. As long as both are valid, either is good; once the old one has ended, a "
            "server that still shows it is refused. So restart transport, see on the wire which one is shown, and only "
            "then remove the old one."
        ),
        cause="A renewal by the same CA from the same intermediate, as it should be.",
        remedy=("Restart transport after the import, and see what is shown:", *RESTART, *REMOVE_OLD),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "one-expired": Cause(
                title="An expired certificate has the same issuer and subject as the next one",
                meaning=(
                    "To connectors the two are one. Exchange should pass the expired one over, but cases are told in "
                    "which it did not, and sending failed with NoCredentials. Remove it when the new one is in use."
                ),
                remedy=(*REMOVE_OLD, *USE_CERTIFICATE),
            ),
        },
    ),
    Entry(
        code="rehearsal-hybrid-configuration",
        title="The Hybrid Configuration Wizard remembers the old certificate",
        meaning=(
            "What the wizard was last asked for names another issuer or subject. Mail does not depend on it, but the "
            "next run of the wizard may put the old name back into the connectors."
        ),
        cause="The wizard does not notice a renewal by itself.",
        remedy=("Run the Hybrid Configuration Wizard, and choose to update the secure mail certificate only.",),
        references=(HYBRID_CERTIFICATES,),
    ),
    Entry(
        code="rehearsal-names",
        title="Which names the next certificate keeps",
        meaning="A name of a host that the next certificate lacks is no longer answered for.",
        cause="An order that left names out.",
        remedy=("Order the certificate with all names of the old one that are in use.",),
        references=("RFC 9525 §6.3", HYBRID_CERTIFICATES),
        causes={
            "lost": Cause(
                title="The next certificate lacks names that the old one has",
                meaning=(
                    "Whatever asks for them fails when the certificate is used there: browsers and Outlook where it "
                    "serves IIS, other mail servers where it is a host's. What connectors expect has findings of its "
                    "own."
                ),
                remedy=(
                    "See whether these names are still in use. If so, order the certificate with them.",
                    "For mail alone it may do: leave the old one enabled for the other services meanwhile.",
                ),
            ),
        },
    ),
    Entry(
        code="rehearsal-servers",
        title="Which servers have the next certificate",
        meaning="Every server that sends or receives needs it with its key before a connector names it.",
        cause="It is yet to be installed.",
        remedy=IMPORT_CERTIFICATE,
        references=(HYBRID_CERTIFICATES,),
        causes={
            "no-key": Cause(
                title="The next certificate is installed without its key",
                meaning=(
                    "A certificate without a key is of no use: sending fails with NoCredentials, and STARTTLS goes or "
                    "the handshake is cut off. A CER file was imported, or the key was lost."
                ),
                remedy=(*IMPORT_CERTIFICATE, *REPAIR_KEY),
            ),
        },
    ),
    Entry(
        code="rehearsal-not-exported",
        title="The exports do not tell enough",
        meaning="What is not in the exports was not rehearsed, and may break.",
        cause="Only some of the exports were named, or they were made by hand.",
        remedy=(_COLLECTOR,),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "on-premises": Cause(
                title="No connector on premises is in the exports",
                meaning=(
                    "Of the servers' connectors none was found that leads to Exchange Online or takes its mail. What "
                    "they would do with the next certificate is not known."
                ),
                remedy=(_COLLECTOR,),
            ),
            "exchange-online": Cause(
                title="Connectors of Exchange Online are not in the exports",
                meaning=(
                    "Which names Exchange Online expects, and by which it knows the organisation, is not known. It may "
                    "refuse the next certificate for its names."
                ),
                remedy=(_COLLECTOR, "It has -Online for the session with Exchange Online."),
            ),
            "too-many": Cause(
                title="There are more connectors than are judged",
                meaning="Those beyond the limit were left out; nothing is known of them.",
                remedy=("Export only the connectors that serve mail to and from Exchange Online.",),
            ),
        },
    ),
    *NEXT_ONLINE,
)
