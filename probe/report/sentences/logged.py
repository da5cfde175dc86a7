"""The sentences on what protocol logs show."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "log-sessions-good": "{version}",
    "log-key-unusable": "{thumbprint} fails with {status}",
    "log-key-unusable another-works": "of two certificates {works} works ({works_when}), and {thumbprint} fails with "
    "{status}",
    "log-tls-failed": "TLS negotiation failed: {status}",
    "log-peer-left": "the other side left after it had seen {thumbprint}",
    "log-peer-left self-signed": "the other side left after it had seen {thumbprint}, self-signed, {subject}",
    "log-peer-left expired": "the other side left after it had seen {thumbprint}, which had expired",
    "log-command-masked": "a command arrived overwritten",
    "log-plain-text": "STARTTLS was offered and not asked for",
    "log-tls-old": "{version} was agreed on",
    "log-cut-short": "ended early ({stage}, {kind})",
    "log-cut-short no-starttls": "no STARTTLS was to be had",
    "log-peer-refused": "refused with {status}: {subject}, {received}",
    "log-peer-refused not-shown": "refused with {status}",
    "log-trust-granted": "{capabilities}",
    "log-trust-missing": "the certificate {received} got no capabilities",
    "log-trust-missing no-certificate": "no certificate was shown, so no capabilities were given",
    "log-refused": "{reply}",
    "log-revocation-unchecked": "{status}",
    "log-self-signed-sent": "{thumbprint} was sent, self-signed, {subject}",
    "log-certificate-changed": "{certificates}",
    "log-certificate-uneven": "{certificates}",
    "log-certificate-agrees": "the server sends {sent} in its logs",
    "log-certificate-differs": "the server sends {sent} in its logs",
    "log-certificate-not-installed": "{thumbprint} is sent and not installed",
    "log-certificate-not-installed elsewhere": "{thumbprint} is sent, and installed on {elsewhere} only",
    "log-certificate-not-installed export-older": "{thumbprint} is sent, and not in the export of {collected}",
    "log-certificate-not-installed since-removed": "{thumbprint} was sent, and is not in the export of {collected}",
    "log-contradicted": "{claim}; in the log {failing} fails (last on {failed}) and {works} works ({worked})",
    "log-scrubbed no-thumbprint": "no thumbprint, and compared with nothing: {thumbprints}",
    "log-scrubbed": "names or addresses were taken out: {connectors}",
    "log-incomplete damaged": "{damaged} of {rows} rows could not be read",
    "log-incomplete omitted": "{omitted} sessions were not looked at",
    "log-incomplete wire-unseen": "no certificate was seen on the wire: {targets}",
    "log-incomplete no-tls": "none of {sessions} sessions shows TLS",
    "log-incomplete": "no session in {rows} rows",
    "log-not-kept": "ProtocolLoggingLevel is None",
}

MORE: Mapping[str, Mapping[str, str]] = {
    "log-sessions-good": {"thumbprint": ", {thumbprint} sent", "peers": "; peers {peers}"},
    "log-tls-failed": {"thumbprint": ", {thumbprint} sent", "peers": "; peers {peers}"},
    "log-tls-old": {"peers": "; peers {peers}"},
    "log-peer-left": {"peers": "; peers {peers}"},
    "log-plain-text": {"peers": "; peers {peers}"},
    "log-command-masked": {"reply": ": {reply}"},
    "log-cut-short": {"detail": ": {detail}", "peers": "; peers {peers}"},
    "log-peer-refused": {"names_in_it": ", for {names_in_it}", "reply": "; answered {reply}"},
    "log-trust-missing": {"status": " ({status})"},
    "log-self-signed-sent": {"names_in_it": ", for {names_in_it}", "peers": "; peers {peers}"},
    "log-certificate-agrees": {"wire": ", {wire} is on the wire", "named": ", the connector names {named}"},
    "log-certificate-differs": {"wire": ", {wire} is on the wire", "named": ", the connector names {named}"},
}
# What has to be known to read it right comes last.
MORE = {code: {**more, "note": "; {note}"} for code, more in MORE.items()}
