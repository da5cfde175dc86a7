"""The words behind "TLS negotiation failed with error", with Windows' numbers for them.

NoCredentials, UnknownCredentials, SocketError and Renegotiate have been seen; the others follow the names of Windows'
security status.
"""

from probe.exchange.bounces.meaning import Cited
from probe.exchange.bounces.status import Status

_OLD_TLS: tuple[Cited, ...] = (("tls-version-old", "below-1.2"), ("cipher-weak", None))
_HANDSHAKE: tuple[Cited, ...] = (("not-observed", "HANDSHAKE/CLOSED"), ("not-observed", "HANDSHAKE/ALERT"), *_OLD_TLS)
_KEY: tuple[Cited, ...] = (("starttls-not-supported", "refused"),)
_NOT_SEEN = "That this word appears follows from the names of Windows' security status; it was not seen in a bounce."

NEGOTIATION = (
    Status(
        "NoCredentials",
        0x8009030E,
        "SEC_E_NO_CREDENTIALS",
        "The machine that logs it has no usable private key for the certificate that it wants to show: only the "
        "certificate was imported, the key is lost, or the service may not read it.",
        (("log-key-unusable", "no-credentials"),),
        own=True,
    ),
    Status(
        "UnknownCredentials",
        0x8009030D,
        "SEC_E_UNKNOWN_CREDENTIALS",
        "The machine that logs it has a private key that Schannel cannot use: wrong rights, or a key provider that the "
        "service does not get on with.",
        (("log-key-unusable", "unknown-credentials"),),
        own=True,
    ),
    Status(
        "SocketError",
        None,
        "",
        "The connection broke off during the handshake. The other side closed it, because it knows no common version "
        "of TLS or no common cipher suite or has no usable key; or a device in between did.",
        _HANDSHAKE,
    ),
    Status(
        "Renegotiate",
        0x00090321,
        "SEC_I_RENEGOTIATE",
        "Exchange Online broke off a TLS 1.3 handshake. Seen with servers that send session tickets at once behind "
        "their Finished, such as gateways built on Go or OpenSSL; the certificate is not at fault.",
        remedy=(
            "On the gateway that ends TLS, send no TLS 1.3 session tickets, or offer TLS 1.2 at most.",
            "Go: SessionTicketsDisabled = true. OpenSSL: num_tickets = 0.",
        ),
        doubts=(
            "Whether Microsoft has mended this is not known. A probe completes such a handshake, and finds no fault.",
        ),
    ),
    Status(
        "CertExpired",
        0x80090328,
        "SEC_E_CERT_EXPIRED",
        "A certificate has expired.",
        (("certificate-expired", None),),
        (_NOT_SEEN,),
    ),
    Status(
        "CertUnknown",
        0x80090327,
        "SEC_E_CERT_UNKNOWN",
        "The certificate could not be processed, for a reason that is not told.",
        doubts=(_NOT_SEEN,),
    ),
    Status(
        "AlgorithmMismatch",
        0x80090331,
        "SEC_E_ALGORITHM_MISMATCH",
        "Both sides have no version of TLS, or no cipher suite, in common. Exchange Online wants TLS 1.2 or newer.",
        _OLD_TLS,
        (_NOT_SEEN,),
    ),
    Status(
        "IllegalMessage",
        0x80090326,
        "SEC_E_ILLEGAL_MESSAGE",
        "A message came that the protocol does not allow there; most often it is an alert about the version of TLS.",
        _HANDSHAKE,
        (_NOT_SEEN,),
    ),
    Status(
        "InvalidToken",
        0x80090308,
        "SEC_E_INVALID_TOKEN",
        "What came was not TLS, or was mangled on the way.",
        (("not-observed", "HANDSHAKE/PROTOCOL"),),
        (_NOT_SEEN,),
    ),
    Status(
        "MessageAltered",
        0x8009030F,
        "SEC_E_MESSAGE_ALTERED",
        "A message was changed on the way, or its protection does not hold.",
        (("not-observed", "HANDSHAKE/PROTOCOL"),),
        (_NOT_SEEN,),
    ),
    Status(
        "DecryptFailure",
        0x80090330,
        "SEC_E_DECRYPT_FAILURE",
        "A message could not be decrypted.",
        (("not-observed", "HANDSHAKE/PROTOCOL"),),
        (_NOT_SEEN,),
    ),
    Status(
        "InternalError",
        0x80090304,
        "SEC_E_INTERNAL_ERROR",
        "The security subsystem of the machine that logs it failed: often it cannot use the key, or the protocol is "
        "switched off.",
        _KEY,
        (_NOT_SEEN,),
        own=True,
    ),
    Status(
        "IncompleteCredentials",
        0x80090320,
        "SEC_E_INCOMPLETE_CREDENTIALS",
        "The server asked for a client certificate, and the client had none to show.",
        (("client-certificate-required", "none-shown"),),
        (_NOT_SEEN,),
    ),
    Status(
        "WrongPrincipal",
        0x80090322,
        "SEC_E_WRONG_PRINCIPAL",
        "The certificate is for other names than the expected one.",
        (("certificate-host-mismatch", None),),
        (_NOT_SEEN,),
    ),
    Status("LogonDenied", 0x8009030C, "SEC_E_LOGON_DENIED", "The credentials were refused.", doubts=(_NOT_SEEN,)),
)
