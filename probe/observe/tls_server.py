"""The TLS that our listener speaks: 1.2 and 1.3, and a certificate asked of every client and refused to none.

An empty list of authorities is asked of, as Exchange does. Nothing that a client shows is a reason to break off: what
is wrong with it becomes a finding. Nothing is resumed, for a resumed session shows no chain, and that would look like a
client that shows nothing: no tickets, no cache, and a session id context, without which OpenSSL fails a client that
comes back as soon as there is one of the two after all.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificates
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from probe.model import PresentedChain
from probe.observe.tls import CIPHERS, presented

A_DAY = timedelta(days=1)
LASTS = timedelta(days=3650)  # longer than any listener is up


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """PEM text of our certificate with its chain, and of its private key."""

    chain: bytes
    key: bytes = field(repr=False)


def self_made(name: str, now: datetime) -> tuple[OwnCertificate, ...]:
    """Self-signed certificates for `name`, good from yesterday on: a sender has to content itself with encryption. One
    is cheap, the other is for clients that know RSA alone."""
    keys = (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return tuple(_self_signed(key, name, now) for key in keys)


def _self_signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str, now: datetime) -> OwnCertificate:
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - A_DAY)
        .not_valid_after(now.astimezone(UTC) + LASTS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return OwnCertificate(chain=certificate.public_bytes(Encoding.PEM), key=pem)


@lru_cache(maxsize=8)
def server_context(*own: OwnCertificate) -> SSL.Context:
    """The one context of a listener, with a certificate for each kind of key. Raises `SSL.Error` where a key is not its
    certificate's own, and `ValueError` or `TypeError` where the PEM is none or the key has a passphrase."""
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_cipher_list(CIPHERS)  # at security level 0, where a weak client certificate is seen and not refused
    made.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_session_id(b"probe listen")
    # OpenSSL checks as it asks, and there is no way around it; at depth 0 it goes no further than the leaf's issuer, so
    # that a client can have us check one signature of a dear key, and not those of a long chain.
    made.set_verify_depth(0)
    made.set_verify(SSL.VERIFY_PEER, _welcome)
    for one in own:
        _show(made, one)
    return made


def _show(made: SSL.Context, own: OwnCertificate) -> None:
    leaf, *others = load_pem_x509_certificates(own.chain)
    made.use_certificate(leaf)
    for other in others:
        made.add_extra_chain_cert(other)
    made.use_privatekey(load_pem_private_key(own.key, None))  # type: ignore[arg-type]  # what TLS cannot use, it refuses
    made.check_privatekey()


def _welcome(*_: object) -> bool:
    return True


def accepting(made: SSL.Context) -> SSL.Connection:
    """A server's end over memory BIOs."""
    tls = SSL.Connection(made, None)
    tls.set_accept_state()
    return tls


def client_chain(tls: SSL.Connection, limit: int) -> PresentedChain | None:
    """The client's certificates as sent, also where the handshake then failed; None where it showed none. On this side
    OpenSSL keeps the leaf apart from what came with it."""
    leaf = tls.get_peer_certificate()
    if leaf is None:
        return None
    return presented((leaf, *(tls.get_peer_cert_chain() or ())), limit)


def called_for(tls: SSL.Connection) -> str | None:
    """The name in the client's SNI, None where it sent none."""
    name = tls.get_servername()
    return name.decode("latin-1")[:255] if name else None
