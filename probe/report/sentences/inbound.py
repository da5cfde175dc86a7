"""The sentences on deliveries to our listener."""

from collections.abc import Mapping

# OpenSSL's words for what a client sent, as it is: how a handshake fails that no alert ended.
_OF_OLD = "the client offers no TLS 1.2 or later"
_NO_SIGNATURE = "client and listener have no signature algorithm in common"
_KEY = "the client's key is not that of its certificate"
HANDSHAKES: Mapping[str, str] = {
    **dict.fromkeys(("unsupported protocol", "version too low"), _OF_OLD),
    "no shared cipher": "client and listener have no cipher suite in common",
    "no suitable key share": "client and listener have no group for the key exchange in common",
    **dict.fromkeys(("no shared signature algorithms", "no suitable signature algorithm"), _NO_SIGNATURE),
    **dict.fromkeys(("bad signature", "digest check failed", "wrong signature type", "wrong signature size"), _KEY),
    "http request": "what the client sent is HTTP and not TLS",
    "https proxy request": "what the client sent is HTTP and not TLS",
    **dict.fromkeys(
        ("wrong version number", "record layer failure", "packet length too long"), "what the client sent is not TLS"
    ),
}

SENTENCES: Mapping[str, str] = {
    "attributed-by-certificate": "attributed to connector {connector} by certificate ({by}); relay possible: {relay}",
    "attributed-by-address": "attributed to connector {connector} by address ({by}); relay possible: {relay}",
    "not-attributed": "{because}",
    "attribution-ambiguous": "several inbound connectors know it: {connectors}; relay possible: {relay}",
    "attribution-unknown": "not known: {because}",
    "attribution-unknown accepted-domains": "whether it may be relayed is not known: {because}",
    "relay-refused": "from {sender} to {recipients}: this is your 550 5.7.64, because {because}",
    "relay-refused name-not-accepted": "connector {connector} knows the certificate ({by}), and {because}; relay "
    "possible: {relay}",
    "partner-restricted": "connector {connector} refuses mail from {sender} by this client",
    "client-certificate-not-sent": "no certificate was shown",
    "client-handshake-failed": "the TLS handshake failed: {detail}",
    "client-handshake-failed refused-ours": "the client refused the listener's certificate: {detail}",
    "client-handshake-failed closed": "the client hung up as TLS began: {detail}",
    "client-left": "TLS stood, and the client said nothing",
    "client-without-tls": "STARTTLS was offered and not asked for",
    "client-without-tls left": "it left before it named a sender or asked for TLS",
    "client-without-tls put-off": "STARTTLS was asked for, and put off",
    "certificate-not-trusted client-self-signed": "{subject} is self-signed and not one of the trusted roots: {roots}",
    "certificate-not-trusted client-unknown-root": "the client's chain as sent leads to {issuer}, which is not one of "
    "the trusted roots: {roots}",
    "certificate-not-trusted client-chain-incomplete": "without the certificate of {issuer} the chain does not come to "
    "a trusted root: {roots}",
    "certificate-not-trusted client-path-invalid": "the client's chain is not valid: {error}",
    "chain-incomplete client": "the client did not send the certificate of {missing}, which issued {child}",
    "certificate-wrong-usage client": "{subject} is not fit for Exchange: {usage}",
    "plaintext-injected client": "{lines} came in plain text behind STARTTLS: {text}",
    "tls-version-old client": "{version} is all that the client speaks, the least that is accepted is {minimum}",
    "cipher-weak client": "the client agreed on {cipher}, {bits} bits",
    "connector-certificate-mismatch send-old-installed": "{presented} was shown, the predecessor of the one that "
    "{connectors} names, {expected}",
    "connector-certificate-mismatch send-another-installed": "{presented} was shown, of {subject}; {connectors} names "
    "{expected}",
    "connector-certificate-mismatch send-not-installed": "{presented} was shown, which no server has installed; "
    "{connectors} names {expected}",
    "connector-certificate-mismatch send-name-stale": "{presented} was shown, and {connectors} names another: {rdns}",
}

_DOUBT = {"because": ", because {because}", "doubt": "; {doubt}"}
MORE: Mapping[str, Mapping[str, str]] = {
    "attributed-by-certificate": _DOUBT,
    "attributed-by-address": _DOUBT,
    "attribution-ambiguous": _DOUBT,
    "connector-certificate-mismatch send-old-installed": {"servers": "; it is still installed on {servers}"},
    "connector-certificate-mismatch send-another-installed": {"servers": "; it is installed on {servers}"},
    "not-attributed no-connector": {"presented": "; it is for {presented}", "expected": ", expected {expected}"},
    "not-attributed": {"inside": "; {inside}", "doubt": "; {doubt}"},
    "relay-refused": {"accepted": "; accepted are {accepted}", "doubt": "; {doubt}"},
    "client-certificate-not-sent": {"greeted": " ({greeted})", "expected": "; its connector names {expected}"},
    "client-handshake-failed": {"greeted": " ({greeted})", "expected": "; its connector names {expected}"},
    "client-left": {"ending": " but {ending}", "greeted": " ({greeted})"},
    "client-without-tls": {"greeted": " ({greeted})", "detail": ": {detail}"},
}
