"""Findings about the way from the presented certificates to a trusted root."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.inbound_chain import (
    CLIENT_INCOMPLETE,
    CLIENT_MISORDERED,
    CLIENT_NOT_TRUSTED,
    CLIENT_SUPERFLUOUS,
)
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    IMPORT_INTERMEDIATE,
    NDR_LIST,
    PUBLIC_CERTIFICATE,
    ROOT_PROGRAMME,
    SHOW_CERTIFICATES,
    UNTRUSTED_ROOT_FIX,
    USE_CERTIFICATE,
    refusal,
)

_ROOTS = "The finding names the list of roots that it rests on; Microsoft's differs, and so may the outcome."

CHAIN = (
    Entry(
        code="certificate-trusted",
        title="The presented chain leads to a trusted root",
        meaning=(
            "The certificates as sent reach a root of the list that the finding names. Nothing was fetched, just as "
            f"Exchange Online fetches nothing. {_ROOTS} Revocation was not checked, and the name is another question."
        ),
        cause="The server sends its certificate with every intermediate.",
        references=("RFC 5280 §6.1", ROOT_PROGRAMME),
    ),
    Entry(
        code="certificate-not-trusted",
        title="The presented chain does not lead to a trusted root",
        meaning=(
            "A sender that checks certificates does not deliver here: connectors with CertificateValidation or "
            f"DomainValidation, MTA-STS in enforce mode. Others deliver, encrypted but unauthenticated. {_ROOTS}"
        ),
        cause="A self-signed or private certificate, a missing intermediate, or a root that the list does not have.",
        remedy=(*PUBLIC_CERTIFICATE, *USE_CERTIFICATE),
        exchange_online=refusal("UntrustedRoot"),
        tlsrpt="certificate-not-trusted",
        hresult="CERT_E_UNTRUSTEDROOT 0x800B0109",
        references=(
            "RFC 5280 §6.1",
            "RFC 8460 §4.3.1",
            "RFC 8461 §4.2",
            UNTRUSTED_ROOT_FIX,
            HYBRID_CERTIFICATES,
            ROOT_PROGRAMME,
            NDR_LIST,
        ),
        causes={
            "self-signed": Cause(
                title="The certificate is self-signed",
                meaning=(
                    "Nobody but the server itself vouches for it. Exchange makes such a certificate at installation "
                    "(CN=EX01, say) and sends it where the connector names no other. Checking senders refuse it; if "
                    "its name is wrong too, Exchange Online reports SubjectMismatch and not UntrustedRoot. A matching "
                    "DANE record (3 1 1) makes it good for DANE only."
                ),
                remedy=(
                    "See which certificates the server has and what its connectors name:",
                    *SHOW_CERTIFICATES,
                    *PUBLIC_CERTIFICATE,
                    *USE_CERTIFICATE,
                ),
            ),
            "unknown-root": Cause(
                title="The chain leads to an issuer that is not a trusted root",
                meaning=(
                    "Either that issuer is a root that the list does not have (a private CA's, a distrusted CA's, or "
                    "one too new), or it is no root and a further intermediate is missing. What was sent does not "
                    f"tell which. Checking senders refuse it unless they know that issuer. {_ROOTS}"
                ),
                remedy=(
                    "Look the issuer up at its CA. If it is an intermediate, send its certificate too:",
                    "    probe '<TARGET>' -v --chain presented.pem",
                    *IMPORT_INTERMEDIATE,
                    "If it is your own CA and only your own servers send here, judge by its root:",
                    "    probe '<TARGET>' --roots certifi --roots '<PEM-FILE>'",
                    "For Exchange Online and the Internet a private CA cannot do.",
                    *PUBLIC_CERTIFICATE,
                    *USE_CERTIFICATE,
                ),
            ),
            "chain-incomplete": Cause(
                title="The chain is not trusted because an intermediate is missing",
                meaning=(
                    "The server did not send a certificate that is needed on the way to the root. Exchange Online does "
                    "not fetch it from the address in the certificate (AIA), and reports UntrustedRoot. Browsers do "
                    "fetch it, or remember it, so there all looks well. Where a private CA issues leaves from its root "
                    "directly, it is that root which the other side lacks."
                ),
                remedy=IMPORT_INTERMEDIATE,
            ),
            "path-invalid": Cause(
                title="A step in the chain does not hold",
                meaning=(
                    "A signature does not fit, a certificate that is no CA signed another, or a limit of a CA was "
                    "passed: the finding has the words of the check. Windows knows these apart (TRUST_E_CERT_SIGNATURE "
                    "0x80096004, TRUST_E_BASIC_CONSTRAINTS 0x80096019, CERT_E_INVALID_NAME 0x800B0114); with which "
                    "word Exchange Online reports each has not been seen."
                ),
                remedy=(
                    "Check that the intermediate is the one that signed this leaf: CAs issue several by one name.",
                    *IMPORT_INTERMEDIATE,
                    "If the CA itself is at fault (a private one, say), have the certificate issued anew.",
                ),
                exchange_online=refusal(
                    "UntrustedRoot", "[Message=SignatureFailure]", "[Message=BasicConstraintsError]"
                ),
                hresult="CERT_E_CHAINING 0x800B010A",
            ),
            **CLIENT_NOT_TRUSTED,
        },
    ),
    Entry(
        code="chain-incomplete",
        title="The server does not send every intermediate certificate",
        meaning=(
            "The finding names the issuer that was not sent. Exchange Online takes only what the server sends: it does "
            "not follow the address in the certificate (AIA) and reports UntrustedRoot. Senders that fetch or remember "
            "intermediates see nothing wrong, so the fault goes unnoticed. Where a private CA issues leaves from its "
            "root directly, it is that root which the other side lacks, and sending it would not make it trusted."
        ),
        cause=(
            "On Exchange the intermediate is not in the store LocalMachine\\CA, often after the CA changed its "
            "intermediate with a renewal. Elsewhere the certificate file holds the leaf alone."
        ),
        remedy=IMPORT_INTERMEDIATE,
        exchange_online=refusal("UntrustedRoot"),
        tlsrpt="certificate-not-trusted",
        hresult="CERT_E_UNTRUSTEDROOT 0x800B0109",
        references=(
            "RFC 5246 §7.4.2",
            "RFC 8446 §4.4.2",
            "RFC 5280 §4.2.2.1",
            UNTRUSTED_ROOT_FIX,
            "Microsoft KB 3212877",
        ),
        causes=CLIENT_INCOMPLETE,
    ),
    Entry(
        code="chain-misordered",
        title="The certificates are not sent in order",
        meaning=(
            "Up to TLS 1.2 each certificate must be the issuer of the one before it; TLS 1.3 asks receivers to bear "
            "with disorder. Most do, Windows among them as far as is known; strict senders refuse the chain."
        ),
        cause="The files of the CA were joined in the wrong order.",
        remedy=(
            "Put the file in order: the leaf, then its issuer, then the issuer's issuer. Leave the root out.",
            "    cat leaf.pem intermediate.pem > chain.pem",
            "Then restart or reload the mail server. Exchange orders the chain itself; a device in front may not.",
        ),
        references=("RFC 5246 §7.4.2", "RFC 8446 §4.4.2"),
        causes=CLIENT_MISORDERED,
    ),
    Entry(
        code="chain-superfluous",
        title="The server sends certificates that nobody needs",
        meaning=(
            "A root, a repetition, or one that has nothing to do with the chain. It makes each handshake longer; an "
            "old cross-signed or expired one can lead a simple checker astray."
        ),
        cause="The root was put into the file, or an old intermediate was left in it after a renewal.",
        remedy=(
            "Leave in the file only the leaf and the intermediates up to, not including, the root.",
            "On Exchange, remove expired intermediates from LocalMachine\\CA, then restart transport:",
            "    Get-ChildItem Cert:\\LocalMachine\\CA | Where-Object NotAfter -lt (Get-Date)",
            "    Remove-Item 'Cert:\\LocalMachine\\CA\\<EXPIRED-THUMBPRINT>'",
            "    Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport",
        ),
        references=("RFC 5246 §7.4.2", "RFC 8446 §4.4.2"),
        causes=CLIENT_SUPERFLUOUS,
    ),
)
