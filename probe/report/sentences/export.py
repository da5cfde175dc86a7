"""The sentences on what exports say by themselves."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "hybrid-connector-missing": "a connector is missing in Exchange Online",
    "hybrid-connector-missing none-inbound": "there is no inbound connector in Exchange Online",
    "hybrid-connector-missing no-inbound-for-us": "no enabled inbound connector in Exchange Online is "
    "of type OnPremises",
    "hybrid-connector-missing none-outbound": "there is no outbound connector in Exchange Online",
    "connector-name-resolves": "it names {thumbprint}, installed on {servers}",
    "connector-name-stale": "its name, {name}, fits no certificate on {servers}",
    "connector-name-stale issuer-differs": "its name fits no certificate on {servers}; "
    "{installed} is there, with another issuer: {rdns}",
    "connector-name-stale subject-differs": "its name fits no certificate on {servers}; "
    "{installed} is there, with another subject: {rdns}",
    "connector-name-stale issuer-and-subject-differ": "its name fits no certificate on {servers}; "
    "{installed} is there for that name: {rdns}",
    "connector-name-finds-nothing": "its name, {name}, fits no certificate on {servers}",
    "connector-name-finds-nothing server-lacks-it": "it names {thumbprint}, which is on {holders} and not on {servers}",
    "connector-name-ambiguous": "it names several certificates on {servers}: {candidates}",
    "connector-name-unreadable": "{name} cannot be read: {why}",
    "connector-name-long": "its TlsCertificateName has {length} characters",
    "receive-name-null": "it names no certificate; its Fqdn is {fqdn}",
    "receive-name-null self-signed": "it names no certificate; by its Fqdn, {fqdn}, the self-signed {thumbprint} is "
    "found on {servers}",
    "receive-name-null ca-issued": "it names no certificate; by its Fqdn, {fqdn}, {thumbprint} of a CA is found on "
    "{servers}",
    "receive-name-null none": "it names no certificate; by its Fqdn, {fqdn}, none is found on {servers}",
    "send-name-null": "it names no certificate; its Fqdn is {fqdn}",
    "send-name-null self-signed": "it names no certificate; by its Fqdn, {fqdn}, the self-signed {thumbprint} is found "
    "on {servers}",
    "send-name-null ca-issued": "it names no certificate; by its Fqdn, {fqdn}, {thumbprint} of a CA is found on "
    "{servers}",
    "send-name-null none": "it names no certificate; by its Fqdn, {fqdn}, none is found on {servers}",
    "installed-certificate-expired": "{subject} expired {days_ago} ago, on {not_after}; it is named by {connectors}",
    "installed-certificate-not-yet-valid": "{subject} is not valid before {not_before}; it is named by {connectors}",
    "installed-certificate-expires-soon": "{subject} is valid until {not_after}, {days_left} left; it is named by "
    "{connectors}",
    "installed-certificate-keyless": "{subject} is there without its private key; it is named by {connectors}",
    "installed-certificate-untrusted": "{subject} is not trusted; it is named by {connectors}",
    "installed-certificate-untrusted self-signed": "{subject} is self-signed; it is named by {connectors}",
    "installed-certificate-untrusted revoked": "{subject} is revoked, by its Status; it is named by {connectors}",
    "installed-certificate-untrusted status": "{subject} has the Status {status}; it is named by {connectors}",
    "installed-certificate-unfit": "{subject} is of a kind that Exchange may not take; it is named by {connectors}",
    "installed-certificate-unfit elliptic": "{subject} has an elliptic-curve key; it is named by {connectors}",
    "installed-certificate-unfit usage": "{subject} has no serverAuth in its usage; it is named by {connectors}",
    "installed-certificate-not-for-smtp": "{subject} is not enabled for SMTP; it is named by {connectors}",
    "installed-certificates-alike": "{subject} is there several times, by the same issuer: {candidates}; no connector "
    "was exported that could tell whether they are in use",
    "installed-certificate-out-of-date": "{subject} is out of date; no connector was exported that could tell whether "
    "it is in use",
    "installed-certificate-out-of-date expired": "{subject} expired {days_ago} ago, on {not_after}; no connector was "
    "exported that could tell whether it is in use",
    "installed-certificate-out-of-date expires-soon": "{subject} is valid until {not_after}, {days_left} left; no "
    "connector was exported that could tell whether it is in use",
    "tls-domain-matches": "{expected} is matched by {matched}, of {thumbprint} (for {connectors})",
    "tls-domain-mismatch": "{expected} is expected, and {thumbprint} (for {connectors}) has the names {presented}",
    "outbound-level-weak": "TlsSettings is {level}",
    "sender-name-matches": "{thumbprint} is recognised by {connectors} as {expected}",
    "sender-name-mismatch": "{connectors} expects {expected}, and {thumbprint} has the names {presented}",
    "sender-name-accepted": "{value} lies under {domain}",
    "sender-name-not-accepted": "{value} lies under none of {domain}",
    "sender-name-not-accepted deeper": "{value} lies below {domain}, and not directly",
    "sender-name-legacy": "it holds {value}",
    "sender-name-missing": "it has neither TlsSenderCertificateName nor SenderIPAddresses",
    "inbound-ambiguous": "{thumbprint} is recognised by {connectors}",
    "receive-range-catches": "its RemoteIPRanges, {ranges}, take Exchange Online's connections from {instead}, and it "
    "lacks {lacks}",
    "receive-without-tls": "its AuthMechanism lacks Tls",
    "capabilities-set": "TlsDomainCapabilities names Exchange Online",
    "capabilities-missing": "TlsDomainCapabilities does not name Exchange Online",
    "capabilities-missing none": "TlsDomainCapabilities is empty",
    "capabilities-missing legacy": "TlsDomainCapabilities names an old certificate: {capabilities}",
    "capabilities-missing other-domain": "TlsDomainCapabilities names others: {capabilities}",
    "send-ignores-starttls": "IgnoreSTARTTLS is on",
    "send-level-not-evaluated": "TlsAuthLevel is {level}, and RequireTLS is off",
    "hybrid-configuration-agrees": "intent and connectors agree in {compared}",
    "hybrid-configuration-drift": "intended is {intended}, found is {actual}",
    "hybrid-configuration-drift certificate": "the wizard's certificate is {intended}; {connectors} names {actual}",
    "hybrid-configuration-drift connectors-stale": "the wizard's certificate, {intended}, is installed; {connectors} "
    "names {actual}, which is not there to be used",
    "hybrid-configuration-drift smart-host": "the wizard's smart host is {intended}; the outbound connectors have "
    "{actual}",
    "hybrid-configuration-drift domains": "{intended} is left out; the outbound connectors have {actual}",
    "hybrid-configuration-drift servers": "the wizard's servers are {intended}; the connectors' are {actual}",
    "export-lossy": "not known: {missing}; open: {open}",
    "export-lossy lost": "lost: {missing}; open: {open}",
    "export-lossy cut": "cut: {missing}; open: {open}",
    "export-lossy absent": "not exported: {missing}; open: {open}",
    "export-without-questions": "nothing in the exports can be held against anything else",
}

# So that all the places of one fault are told with it.
# An Edge server cannot be managed from another one.
_EDGE = {"edge": "; {edge} is an Edge server"}
_WITH_OTHERS = {"also": "; likewise {also}", "doubt": "; {doubt}", **_EDGE}
_ON_SERVERS = {"servers": ", on {servers}", "doubt": "; {doubt}", **_EDGE}
_DOUBTED = {"doubt": "; {doubt}"}

MORE: Mapping[str, Mapping[str, str]] = {
    "connector-name-resolves": _WITH_OTHERS,
    "connector-name-stale": {"trap": "; {trap}", **_WITH_OTHERS},
    "connector-name-finds-nothing": {"trap": "; {trap}", **_WITH_OTHERS},
    "connector-name-ambiguous": _WITH_OTHERS,
    "connector-name-unreadable": _WITH_OTHERS,
    "connector-name-long": _WITH_OTHERS,
    "receive-name-null": _WITH_OTHERS,
    "send-name-null": _WITH_OTHERS,
    "installed-certificate-expired": _ON_SERVERS,
    "installed-certificate-not-yet-valid": _ON_SERVERS,
    "installed-certificate-expires-soon": _ON_SERVERS,
    "installed-certificate-keyless": _ON_SERVERS,
    "installed-certificate-untrusted": _ON_SERVERS,
    "installed-certificate-unfit": _ON_SERVERS,
    "installed-certificate-not-for-smtp": _ON_SERVERS,
    "installed-certificates-alike": _ON_SERVERS,
    "installed-certificate-out-of-date": _ON_SERVERS,
    "outbound-level-weak": _DOUBTED,
    "tls-domain-matches": _DOUBTED,
    "tls-domain-mismatch": _DOUBTED,
    "sender-name-matches": _DOUBTED,
    "sender-name-mismatch": _DOUBTED,
    "sender-name-not-accepted": _DOUBTED,
    "export-lossy": _DOUBTED,
    "receive-range-catches": _DOUBTED,
    "receive-without-tls": _WITH_OTHERS,
    "capabilities-set": _WITH_OTHERS,
    "capabilities-missing": _WITH_OTHERS,
}
