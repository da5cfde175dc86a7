"""Findings on how the sessions in protocol logs went."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    CLOSED_ABRUPTLY,
    ENABLE_TLS_12,
    NEGOTIATION_FAILED,
    NO_TICKETS,
    PATH_MTU,
    REPAIR_KEY,
    SCHANNEL_EVENTS,
    SHOW_CERTIFICATES,
    USE_CERTIFICATE,
    spelt_out,
)

LOGS = "Microsoft Learn: Protocol logging in Exchange Server"
_SCHANNEL_ERRORS = "Microsoft Learn: Schannel error codes for TLS (SEC_E_…)"
IN_THE_QUEUE = (
    "451 4.4.395 Target host responded with error. -> 421 4.4.1 Connection timed out",
    '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."',
)
_KEY_HELD = (
    "Exchange chose this certificate and Windows could not use its private key. No handshake takes place, so the other "
    "side never sees anything, and mail waits in the queue."
)

LOGGED_SESSIONS = (
    Entry(
        code="log-sessions-good",
        title="Sessions with TLS went well",
        meaning=(
            "TLS was agreed and the log complains of nothing. It shows the certificates' own data but no chains, so "
            "whether all intermediates were sent cannot be read from it."
        ),
        cause="Server and peer understood each other.",
        references=(LOGS,),
    ),
    Entry(
        code="log-key-unusable",
        title="The private key of the certificate cannot be used",
        meaning=_KEY_HELD,
        cause=(
            "Only the certificate was imported, without its key; the transport service may not read the key; or "
            "Exchange still uses a certificate that was removed or replaced."
        ),
        remedy=REPAIR_KEY,
        exchange_online=IN_THE_QUEUE,
        hresult="SEC_E_NO_CREDENTIALS 0x8009030E",
        references=(LOGS, _SCHANNEL_ERRORS),
        causes={
            "no-credentials": Cause(
                title="Windows finds no private key for the certificate",
                meaning=f"The log says NoCredentials. {_KEY_HELD}",
                remedy=REPAIR_KEY,
            ),
            "unknown-credentials": Cause(
                title="Windows cannot open the private key of the certificate",
                meaning=(
                    f"The log says UnknownCredentials. {_KEY_HELD} Often the key is there, but in a provider that "
                    "Exchange cannot use, or not readable to NETWORK SERVICE."
                ),
                remedy=(
                    *REPAIR_KEY,
                    "If that does not help, import the PFX anew into a provider of the old kind, on the server itself:",
                    "    certutil -csp 'Microsoft RSA SChannel Cryptographic Provider' -importpfx '<PFX-FILE>'",
                ),
                hresult="SEC_E_UNKNOWN_CREDENTIALS 0x8009030D",
            ),
            "another-works": Cause(
                title="One certificate fails for its key, another one works",
                meaning=(
                    "The same connector has sent two certificates: one whose private key Windows cannot use, and one "
                    "with which TLS is agreed. The one to mend or to remove is the one that fails. Compare thumbprints "
                    "with care before you remove one: it is easy to take the good one for the bad."
                ),
                remedy=(
                    "See which of the two the server has, and which one the connectors name:",
                    *SHOW_CERTIFICATES,
                    "If the one that fails is the renewed one, its key is missing: import the PFX file, which has it.",
                    "Otherwise put the one that works to use.",
                    *USE_CERTIFICATE,
                    "Then remove the one that fails, line by line, as each asks for confirmation:",
                    "    Remove-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<OLD-THUMBPRINT>'",
                ),
            ),
        },
    ),
    Entry(
        code="log-tls-failed",
        title="TLS negotiation failed",
        meaning=(
            "The handshake ended before TLS stood; the finding has Windows' word for it. Where TLS is required, mail "
            "waits and bounces in the end. Single cases among strangers' connections are daily life."
        ),
        cause="No common version or cipher, a device in between, a broken connection, or a key that cannot sign.",
        remedy=SCHANNEL_EVENTS,
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
        references=(LOGS, _SCHANNEL_ERRORS),
        causes={
            "socket-error": Cause(
                title="The connection broke off in the TLS handshake",
                meaning=(
                    "The log says SocketError: the other side, or a device in between, closed while TLS was being "
                    "agreed. Often there is no common version, or the certificate was refused there and then."
                ),
                remedy=(*SCHANNEL_EVENTS, *ENABLE_TLS_12, "See whether the failures began with a firewall's update."),
            ),
            "renegotiate": Cause(
                title="TLS broke off with the status Renegotiate",
                meaning=(
                    "Exchange Online has broken off TLS 1.3 so with gateways that send session tickets in the same "
                    "flight. Whether it still does is not known."
                ),
                remedy=NO_TICKETS,
                exchange_online=(
                    "450 4.4.317 Cannot connect to remote server [Message=451 4.4.0 Security status Renegotiate]",
                ),
            ),
            "nothing-in-common": Cause(
                title="The two sides have no TLS version or cipher in common",
                meaning=(
                    "Windows says that the offers do not meet. Exchange Online speaks TLS 1.2 and newer only; a server "
                    "with old Schannel settings has nothing to offer to it."
                ),
                remedy=(*ENABLE_TLS_12, "See which suites are on:", "    Get-TlsCipherSuite | Format-Table Name"),
                hresult="SEC_E_ALGORITHM_MISMATCH 0x80090331",
            ),
            "certificate-refused": Cause(
                title="A certificate was refused within the TLS handshake",
                meaning=(
                    "Exchange looks at the other side's certificate when TLS stands. So in the handshake it is, as a "
                    "rule, the other side that refused what this server sent, and Windows has the word from its alert. "
                    "That is concluded from Windows' names for it; in a log it was not seen."
                ),
                remedy=(
                    "Look at the certificate that was sent: its dates, its names, and whether its chain is whole.",
                    "    probe '<HOST>:25'",
                    *USE_CERTIFICATE,
                ),
                hresult="SEC_E_UNTRUSTED_ROOT 0x80090325",
            ),
            "timed-out": Cause(
                title="The TLS handshake stood still",
                meaning=(
                    "Nothing came any more. If it stops after the certificate was sent, large packets may get lost on "
                    "the way: an old suspicion, which a shorter chain can confirm."
                ),
                remedy=PATH_MTU,
                exchange_online=("421 4.4.2 Connection dropped due to TimedOut",),
            ),
        },
    ),
    Entry(
        code="log-peer-left",
        title="The other side left as soon as TLS stood",
        meaning=(
            "TLS was agreed, and the other side closed without a further word. So a certificate looks that is refused; "
            "so does a monitoring tool that wanted to see nothing else. The log does not say which."
        ),
        cause="The peer refuses the certificate that it was shown, or it only came to look.",
        remedy=("Look at the server from outside, as the other side does:", "    probe '<HOST>:25'"),
        exchange_online=(CLOSED_ABRUPTLY,),
        references=(LOGS,),
        causes={
            "self-signed": Cause(
                title="The other side left when it had seen a self-signed certificate",
                meaning=(
                    "The server showed the certificate that Exchange made for itself, and the other side closed "
                    "without a further word. The suspicion is strong that it refused it. Exchange Online says "
                    "SubjectMismatch then, for it compares names before it looks at the chain."
                ),
                remedy=USE_CERTIFICATE,
                exchange_online=(
                    spelt_out("SubjectMismatch"),
                    "450 4.7.320 Certificate validation failed [Message=SubjectMismatch]",
                ),
                tlsrpt="certificate-host-mismatch",
            ),
            "expired": Cause(
                title="The other side left when it had seen an expired certificate",
                meaning=(
                    "The certificate was past its date, and the other side closed without a further word. The "
                    "suspicion is strong that it refused it."
                ),
                remedy=USE_CERTIFICATE,
                exchange_online=(
                    spelt_out("CertificateExpired"),
                    "450 4.7.320 Certificate validation failed [Message=CertificateExpired]",
                ),
                tlsrpt="certificate-expired",
            ),
            "not-said": Cause(
                title="The other side left as soon as TLS stood, and nothing says why",
                meaning=(
                    "It may refuse the certificate for its name, or for an intermediate that was not sent: the log "
                    "shows no chain. A monitoring tool leaves in the same way."
                ),
                remedy=(
                    "Look at the server from outside: names and chain show there.",
                    "    probe '<HOST>:25'",
                    "If the peer is Exchange Online, search its message trace for the time of the session.",
                ),
            ),
        },
    ),
)
