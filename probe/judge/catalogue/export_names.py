"""Findings on the name by which a connector finds its certificate: `TlsCertificateName`."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    IMPORT_CERTIFICATE,
    RAISE_RANGE_UPPER,
    REMOVE_OLD,
    RESTART,
    SHOW_CERTIFICATES,
    STARTTLS_REQUIRED,
    USE_CERTIFICATE,
)

_NOT_FOUND = "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found."
_NO_CERTIFICATE = (*STARTTLS_REQUIRED, _NOT_FOUND)
_EVENT = "Microsoft Learn: Event ID 12014 (MSExchangeFrontEndTransport)"
_KB_256 = "Microsoft KB 4052493 (TlsCertificateName longer than 256 characters)"
_STOPS = (
    "A receive connector does not fall back to another certificate: it stops offering STARTTLS (event 12014), and "
    "Exchange Online keeps its mail. A send connector cannot send."
)

NAMES: tuple[Entry, ...] = (
    Entry(
        code="connector-name-resolves",
        title="The connector's name leads to an installed certificate",
        meaning=(
            "Issuer and subject that the connector stores are those of one certificate on the server. It does not "
            "prove that transport has taken it up: that shows on the wire."
        ),
        cause="Connector and certificate agree.",
        references=(HYBRID_CERTIFICATES,),
    ),
    Entry(
        code="connector-name-stale",
        title="The connector's name fits no certificate any more",
        meaning=(
            f"The certificate was renewed, and the connector still stores the issuer and subject of the old one. "
            f"{_STOPS} The same happens on the day on which the old one expires or is removed."
        ),
        cause="A renewal after which nobody gave the connectors the new issuer and subject.",
        remedy=USE_CERTIFICATE,
        exchange_online=_NO_CERTIFICATE,
        references=(HYBRID_CERTIFICATES, _EVENT),
        causes={
            "issuer-differs": Cause(
                title="The CA rotated its intermediate: only the issuer differs",
                meaning=(
                    "A certificate of the same subject is there, from another intermediate of the CA, as many CAs do "
                    f"with each renewal. The connector still stores the old issuer and does not find it. {_STOPS}"
                ),
                remedy=("Do this after every renewal, from the same script:", *USE_CERTIFICATE),
            ),
            "subject-differs": Cause(
                title="The certificate was renewed under another subject",
                meaning=(
                    "A certificate for that name is there, from the same issuer, and its subject differs in the parts "
                    f"named. S or ST, quoting and order were evened out before comparing. {_STOPS}"
                ),
                remedy=USE_CERTIFICATE,
            ),
            "issuer-and-subject-differ": Cause(
                title="The certificate was renewed by another CA, under another subject",
                meaning=(
                    "A certificate for that name is there; neither its issuer nor its subject is what the connector "
                    f"stores. {_STOPS}"
                ),
                remedy=USE_CERTIFICATE,
            ),
        },
    ),
    Entry(
        code="connector-name-finds-nothing",
        title="The connector's name leads to no certificate",
        meaning=f"No certificate of that issuer and subject is installed where the connector looks. {_STOPS}",
        cause="The certificate was removed, or was never put on this server.",
        remedy=(*IMPORT_CERTIFICATE, *USE_CERTIFICATE),
        exchange_online=_NO_CERTIFICATE,
        references=(HYBRID_CERTIFICATES, _EVENT),
        causes={
            "nowhere": Cause(
                title="No server that was exported has a certificate of that name",
                meaning=(
                    f"Nor is there one that looks like its renewal. {_STOPS} If the certificate is installed after "
                    "all, the export is too old, or was made where its key could not be seen."
                ),
                remedy=(
                    "See what is installed and what the connectors name:",
                    *SHOW_CERTIFICATES,
                    *IMPORT_CERTIFICATE,
                    *USE_CERTIFICATE,
                ),
            ),
            "server-lacks-it": Cause(
                title="Other servers have the certificate, this one has not",
                meaning=(
                    f"{_STOPS} With several servers behind one name that is a part of the mail, and which part is "
                    "chance."
                ),
                remedy=(
                    *IMPORT_CERTIFICATE,
                    "Then restart transport on these servers:",
                    *RESTART,
                ),
            ),
        },
    ),
    Entry(
        code="connector-name-ambiguous",
        title="Several certificates share the connector's issuer and subject",
        meaning=(
            "Which of them Exchange takes cannot be told from the export. The code of 2013 took the first valid one, "
            "Microsoft's text of today says the one that expires last, and the choice is kept in memory until "
            "transport restarts. The wire decides: probe the server."
        ),
        cause="A renewal by the same CA under the same subject, with the old certificate left in place.",
        remedy=(*RESTART, *REMOVE_OLD, *USE_CERTIFICATE),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "expired-among-them": Cause(
                title="One of several certificates of that name has expired",
                meaning=(
                    "Exchange should pass over the expired one, and has been seen not to: the choice is kept in memory "
                    "until transport restarts. Which one is in use the export cannot tell; probe the server."
                ),
                remedy=(
                    "A restart of transport makes Exchange choose anew:",
                    *RESTART,
                    "To be rid of the question, remove the expired certificate.",
                    *REMOVE_OLD,
                    *USE_CERTIFICATE,
                ),
            ),
            "several-current": Cause(
                title="Several certificates of that name are installed",
                meaning=(
                    "Which of them Exchange takes cannot be told from the export. The code of 2013 took the first "
                    "valid one, Microsoft's text of today says the one that expires last. The wire decides: probe the "
                    "server."
                ),
                remedy=(
                    "If the older one is not needed any more, restart transport, and then remove it:",
                    *RESTART,
                    *REMOVE_OLD,
                    *USE_CERTIFICATE,
                ),
            ),
        },
    ),
    Entry(
        code="connector-name-unreadable",
        title="The connector's name cannot be read",
        meaning=(
            "Exchange stores only what it can read, so the text was damaged on the way from there: cut by a console, "
            "or changed by a web page. Which certificate the connector names is therefore not known."
        ),
        cause="An export that was pasted, or whose long lines were cut.",
        remedy=(
            "Export the connectors to a file, with the collector that comes with this program, or read the value:",
            "    Get-ReceiveConnector '<RECEIVE-CONNECTOR>' | ConvertTo-Json",
            "Or, of a send connector:",
            "    Get-SendConnector '<SEND-CONNECTOR>' | ConvertTo-Json",
        ),
        references=(HYBRID_CERTIFICATES,),
    ),
    Entry(
        code="connector-name-long",
        title="The connector's name is about as long as the directory takes",
        meaning="The directory of an Edge server takes 256 characters of TlsCertificateName, unless told otherwise.",
        cause="Long names of the CA, or the many parts of an extended-validation certificate.",
        remedy=RAISE_RANGE_UPPER,
        references=(_KB_256,),
        causes={
            "edge": Cause(
                title="The connector's name is too long for Edge servers, or nearly",
                meaning=(
                    "Beyond 256 characters EdgeSync ends with Incomplete, and the Edge servers work on with the "
                    "connectors that they had. A renewal by a CA with a longer name may be enough."
                ),
                remedy=RAISE_RANGE_UPPER,
            ),
            "no-edge": Cause(
                title="The connector's name is too long for Edge servers",
                meaning="No Edge server is known from the exports. With one, EdgeSync would end with Incomplete.",
                remedy=RAISE_RANGE_UPPER,
            ),
        },
    ),
)
