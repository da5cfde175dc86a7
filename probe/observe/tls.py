"""The TLS that we speak: everything back to TLS 1.0, and nothing verified, so that a fault is seen and not refused.

A context costs as much as a score of handshakes and never changes, so there is one for each client certificate and no
more. The bytes go through memory BIOs and not through the socket: OpenSSL reading a socket on its own goes on for as
long as the peer keeps feeding it (session tickets, key updates), and no deadline reaches it there. Handed to it in
bounded pieces by us, they are counted, and a peer can neither hang us nor grow us.
"""

from dataclasses import dataclass
from functools import lru_cache

from OpenSSL import SSL, crypto

from probe.model import PresentedChain, Session

# Anonymous suites stay out: Postfix on TLS 1.2 would take one and show no certificate at all.
CIPHERS = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """PEM text of a certificate with its chain, and of its private key."""

    chain: bytes
    key: bytes


@lru_cache(maxsize=8)
def context(certificate: ClientCertificate | None = None) -> SSL.Context:
    """The one context for this client certificate. Raises `SSL.Error` where its key is not its own."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_min_proto_version(SSL.TLS1_VERSION)
    made.set_cipher_list(CIPHERS)
    made.set_options(SSL.OP_LEGACY_SERVER_CONNECT)  # servers without RFC 5746 are old, and we want to see them
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # a resumed session shows no chain
    # Accept everything: with VERIFY_NONE the chain of a TLS 1.2 handshake that then fails would be lost.
    made.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    made.set_info_callback(_notice_request)
    if certificate:
        leaf, *others = _certificates(certificate.chain)
        made.use_certificate(leaf)
        for other in others:
            made.add_extra_chain_cert(other)
        made.use_privatekey(crypto.load_privatekey(crypto.FILETYPE_PEM, certificate.key))
        made.check_privatekey()
    return made


def _certificates(pem: bytes) -> list[crypto.X509]:
    end = b"-----END CERTIFICATE-----"
    return [
        crypto.load_certificate(crypto.FILETYPE_PEM, block + end) for block in pem.split(end) if b"-----BEGIN" in block
    ]


def connection(made: SSL.Context, server_name: str | None) -> SSL.Connection:
    """A client's end over memory BIOs."""
    tls = SSL.Connection(made, None)
    tls.set_app_data([])
    tls.set_connect_state()
    if server_name is not None:
        tls.set_tlsext_host_name(server_name.encode("ascii"))
    return tls


def _notice_request(tls: SSL.Connection, where: int, _: int) -> None:
    # The list of authorities is empty both for no CertificateRequest and for Exchange's, which names none.
    if where == SSL.SSL_CB_CONNECT_LOOP and tls.get_state_string() == b"SSLv3/TLS read server certificate request":
        tls.get_app_data().append("certificate requested")


def certificate_requested(tls: SSL.Connection) -> bool:
    """Whether the server sent a CertificateRequest, also where the handshake failed then."""
    return bool(tls.get_app_data())


def session(tls: SSL.Connection) -> Session:
    """What was agreed, of a handshake that is done."""
    return Session(
        version=tls.get_protocol_version_name(),
        cipher=tls.get_cipher_name() or "",
        cipher_bits=tls.get_cipher_bits() or 0,
        group=tls.get_group_name(),
        certificate_requested=certificate_requested(tls),
        client_cas=tuple(_rfc4514(name) for name in tls.get_client_ca_list()),
    )


def _rfc4514(name: crypto.X509Name) -> str:
    return ", ".join(
        f"{key.decode()}={value.decode('utf-8', 'replace')}" for key, value in reversed(name.get_components())
    )


def chain(tls: SSL.Connection, limit: int) -> PresentedChain | None:
    """The certificates as sent, also where the handshake then failed; None where none came."""
    sent = tls.get_peer_cert_chain()
    if not sent:
        return None
    der = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in sent[:limit])
    return PresentedChain(der=der, omitted=max(0, len(sent) - limit))
