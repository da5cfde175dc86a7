"""Authorities and certificates of the demo, freshly made at every start and trusted by nobody else.

The two authorities are trustme's. Leaves are made here, because they need what trustme's do not have: a full
distinguished name as a public authority or Exchange writes it, dates around a given now, and the address where the
issuer's certificate can be fetched (AIA), which is what makes a missing intermediate easy to name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL

ORGANISATION = "Fabrikam Trust Services, Inc."
AIA = "http://aia.fabrikam.example/fabrikam-tls-ca.cer"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key and the certificates a server sends for it, leaf first."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def chain_pem(self) -> bytes:
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self.chain)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authorities:
    """A root, and the intermediate below it that issues. The root is what a client trusts and no server sends."""

    def __init__(self) -> None:
        self.root = trustme.CA(organization_name=ORGANISATION, organization_unit_name="Fabrikam Root CA")
        self.issuing = trustme.CA(
            parent_cert=self.root,
            path_length=0,
            organization_name=ORGANISATION,
            organization_unit_name="Fabrikam TLS CA",
        )

    @property
    def intermediate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.issuing.cert_pem.bytes())

    def issue(self, names: Sequence[str], not_before: datetime, not_after: datetime) -> Identity:
        """A server certificate for these DNS names, the first of which is the common name, with its full chain."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer_key = load_pem_private_key(self.issuing.private_key_pem.bytes(), None)
        assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)  # noqa: S101 — trustme's default
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
                x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Berkshire"),
                x509.NameAttribute(NameOID.LOCALITY_NAME, "Reading"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Contoso Ltd"),
                x509.NameAttribute(NameOID.COMMON_NAME, names[0]),
            ]
        )
        identifier = self.intermediate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            _server(subject, self.intermediate.subject, key, names, not_before, not_after)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .add_extension(
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(
                            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(AIA)
                        )
                    ]
                ),
                critical=False,
            )
        )
        return Identity(key, (builder.sign(issuer_key, hashes.SHA256()), self.intermediate))


def exchange_default(computer: str, domain: str, installed: datetime) -> Identity:
    """The self-signed certificate that Exchange's setup makes: RSA, five years, the computer's internal names."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, computer)])
    names = (computer, f"{computer}.{domain}")
    builder = _server(name, name, key, names, installed, installed + timedelta(days=5 * 365))
    return Identity(key, (builder.sign(key, hashes.SHA256()),))


def server_context(identity: Identity, *, ask: bool = False) -> SSL.Context:
    """A TLS server that sends this identity's chain and nothing else.

    With `ask` it requests a client certificate as Exchange does: an empty list of authorities, and content with any
    certificate or none.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_privatekey(identity.key)
    leaf, *rest = identity.chain
    context.use_certificate(leaf)
    for certificate in rest:
        context.add_extra_chain_cert(certificate)
    # A resumed session shows no chain: every client gets a full handshake.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_session_id(b"probe")  # with a client certificate asked for, OpenSSL fails a resuming client without it
    if ask:
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    return context


def _server(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    names: Sequence[str],
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """What every server certificate has, whoever signs it."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=isinstance(key, rsa.RSAPrivateKey),
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
