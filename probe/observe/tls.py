"""The TLS that we speak: everything back to TLS 1.0, and nothing verified, so that a fault is seen and not refused.

A context costs as much as a score of handshakes and never changes, so there is one for each client certificate and
offer, and no more. The bytes go through memory BIOs and not through the socket: OpenSSL reading a socket on its own
goes on for as long as the peer keeps feeding it (session tickets, key updates), and no deadline reaches it there.
Handed to it in bounded pieces by us, they are counted, and no peer can keep us here or grow us without bound. What it
can do is choose costly arithmetic: a Diffie-Hellman group of 10,000 bits holds the whole program up for about a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL, crypto

from probe.model import PresentedChain, Session

# Anonymous suites stay out: Postfix on TLS 1.2 would take one and show no certificate at all.
CIPHERS = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"

# By `Endpoint.offer`: what leaves a server only the certificate with that kind of key. On TLS 1.3 cipher suites say
# nothing of keys, and pyOpenSSL has no setter for signature algorithms.
OFFERS = {"rsa": b"aRSA:!eNULL:@SECLEVEL=0", "ecdsa": b"aECDSA:!eNULL:@SECLEVEL=0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """PEM text of a certificate with its chain, and of its private key."""

    chain: bytes
    key: bytes = field(repr=False)


@lru_cache(maxsize=8)
def context(certificate: ClientCertificate | None = None, offer: str = "") -> SSL.Context:
    """The one context for this client certificate and this `Endpoint.offer`. Raises `SSL.Error` where its key is not
    its own, and `ValueError` or `TypeError` where the PEM is none or the key has a passphrase."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION if offer else SSL.TLS1_VERSION)
    if offer:
        made.set_max_proto_version(SSL.TLS1_2_VERSION)
    made.set_cipher_list(OFFERS[offer] if offer else CIPHERS)
    made.set_options(
        SSL.OP_NO_RENEGOTIATION | SSL.OP_LEGACY_SERVER_CONNECT
    )  # servers without RFC 5746 are old, and we want to see them
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # a resumed session shows no chain
    # No callback that says yes: OpenSSL would go on to check the signatures of the chain, dearer than all the rest of
    # the handshake. The chain stays readable all the same, also where the handshake then fails.
    made.set_verify(SSL.VERIFY_NONE)
    made.set_info_callback(_notice_request)
    if certificate:
        leaf, *others = load_pem_x509_certificates(certificate.chain)
        made.use_certificate(leaf)
        for other in others:
            made.add_extra_chain_cert(other)
        key = load_pem_private_key(certificate.key, None)
        if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
            raise ValueError("not a kind of key that signs in TLS")
        made.use_privatekey(key)
        made.check_privatekey()
    return made


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


def client_cas(tls: SSL.Connection) -> tuple[str, ...]:
    """The names of the authorities in the CertificateRequest."""
    return tuple(_rfc4514(name) for name in tls.get_client_ca_list())


def session(tls: SSL.Connection) -> Session:
    """What was agreed, of a handshake that is done."""
    return Session(
        version=tls.get_protocol_version_name(),
        cipher=tls.get_cipher_name() or "",
        cipher_bits=tls.get_cipher_bits() or 0,
        group=tls.get_group_name(),
    )


def other_offer(leaf: bytes) -> str:
    """Which `Endpoint.offer` shows the other certificate of a server that has two, where this one (DER) is the first;
    empty where its key cannot be read."""
    try:
        kind = crypto.load_certificate(crypto.FILETYPE_ASN1, leaf).get_pubkey().type()
    except crypto.Error:
        return ""
    return "ecdsa" if kind == crypto.TYPE_RSA else "rsa"


def _rfc4514(name: crypto.X509Name) -> str:
    return ", ".join(
        f"{key.decode()}={value.decode('utf-8', 'replace')}" for key, value in reversed(name.get_components())
    )


def chain(tls: SSL.Connection, limit: int) -> PresentedChain | None:
    """The certificates as sent, also where the handshake then failed; None where none came."""
    sent = tls.get_peer_cert_chain()
    if not sent:
        return None
    return presented(sent, limit)


def presented(sent: Sequence[crypto.X509], limit: int) -> PresentedChain:
    """These certificates, at most so many of them."""
    der = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in sent[:limit])
    return PresentedChain(der=der, omitted=max(0, len(sent) - limit))
