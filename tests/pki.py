"""Certificates for tests: authorities, what they issue, and what nobody ought to issue.

    root = Authority.root()
    issuing = root.intermediate()
    leaf = issuing.leaf(names=("mail.example.org",))
    path.write_bytes(pem(leaf, issuing))      # the order of the arguments is the order in the file

A chain file is whatever is given to `pem()`: the full chain, the leaf alone, misordered, with the root, twice the same.
"""

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha1, sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH

# Wide enough for tests that judge at a fixed date.
_AUTHORITY_FROM = datetime(2016, 1, 1, tzinfo=UTC)
_AUTHORITY_UNTIL = datetime(2046, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key, in the forms that servers and assertions ask for."""

    certificate: x509.Certificate
    private_key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def sha1(self) -> str:
        return sha1(self.der).hexdigest()

    @property
    def sha256(self) -> str:
        return sha256(self.der).hexdigest()


@dataclass(frozen=True, slots=True)
class Authority(Issued):
    """An issuer of certificates: a root, or an intermediate below one."""

    @classmethod
    def root(
        cls,
        subject: str = "CN=Probe Test Root,O=Probe Tests,C=GB",
        *,
        key: str = "ec",
        not_before: datetime = _AUTHORITY_FROM,
        not_after: datetime = _AUTHORITY_UNTIL,
    ) -> "Authority":
        return cls(*_issue(None, subject, key, not_before, not_after, _authority_extensions(None)))

    def intermediate(
        self,
        subject: str = "CN=Probe Test Issuing CA,O=Probe Tests,C=GB",
        *,
        key: str = "ec",
        not_before: datetime = _AUTHORITY_FROM,
        not_after: datetime = _AUTHORITY_UNTIL,
        aia: Sequence[str] = (),
        signature: str = "sha256",
        path_length: int = 0,
    ) -> "Authority":
        """An authority that may issue leaves; `path_length` says how many further authorities may stand below it."""
        extensions = (*_authority_extensions(path_length), *_aia(aia))
        return Authority(*_issue(self, subject, key, not_before, not_after, extensions, signature))

    def leaf(
        self,
        *,
        names: Sequence[str] = ("mail.example.org",),
        subject: str | None = None,
        key: str = "ec",
        not_before: datetime = TODAY - timedelta(days=30),
        not_after: datetime = TODAY + timedelta(days=180),
        eku: Sequence[x509.ObjectIdentifier] = (SERVER_AUTH,),
        aia: Sequence[str] = (),
        signature: str = "sha256",
    ) -> Issued:
        """A certificate for a server.

        `names` become the SAN (none: no SAN); `subject` is in RFC 4514's form ("CN=mail,O=Contoso Ltd,C=GB") and is
        the first name's CN where it is left out. `key` is "ec", "ec384", "rsa2048" or another number of bits. `eku`
        without entries leaves the extension out. `signature` is the digest: "sha1" too, and "md5" by an RSA authority.
        """
        subject = f"CN={names[0]}" if subject is None else subject
        extensions = (*_leaf_extensions(names, eku), *_aia(aia))
        return Issued(*_issue(self, subject, key, not_before, not_after, extensions, signature))


def self_signed(
    *,
    names: Sequence[str] = ("EX01", "EX01.contoso.local"),
    subject: str = "CN=EX01",
    key: str = "rsa2048",
    not_before: datetime = TODAY - timedelta(days=30),
    not_after: datetime = TODAY + timedelta(days=5 * 365),
) -> Issued:
    """What Exchange makes for itself when it is installed: no authority, no authority key identifier."""
    extensions = _leaf_extensions(names, (SERVER_AUTH,))
    return Issued(*_issue(None, subject, key, not_before, not_after, extensions, identify=False))


def pem(*certificates: Issued) -> bytes:
    """A chain file, in exactly this order."""
    return b"".join(certificate.pem for certificate in certificates)


def _issue(
    issuer: Authority | None,
    subject: str,
    key: str,
    not_before: datetime,
    not_after: datetime,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
    signature: str = "sha256",
    identify: bool = True,
) -> tuple[x509.Certificate, PrivateKey]:
    private_key = _private_key(key, subject)
    # The openssl program signs again only what is self-signed so far, see `_sign_again`.
    signer = issuer if signature == "sha256" else None
    signing_key = private_key if signer is None else signer.private_key
    name = x509.Name.from_rfc4514_string(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if signer is None else signer.certificate.subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    if identify and signature == "sha256":
        identifier = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
        builder = builder.add_extension(identifier, critical=False).add_extension(authority, critical=False)
    certificate = builder.sign(signing_key, hashes.SHA256())
    if signature == "sha256":
        return certificate, private_key
    if issuer is None:
        raise ValueError("a root's own signature proves nothing: weaken what it signs")
    return _sign_again(certificate, issuer, signature), private_key


def _private_key(kind: str, owner: str) -> PrivateKey:
    match kind:
        case "ec":
            return ec.generate_private_key(ec.SECP256R1())
        case "ec384":
            return ec.generate_private_key(ec.SECP384R1())
        case _ if kind.startswith("rsa"):
            return _rsa_key(int(kind.removeprefix("rsa")), owner)
    raise ValueError(f"no such kind of key: {kind}")


@lru_cache
def _rsa_key(bits: int, owner: str) -> rsa.RSAPrivateKey:
    """An RSA key takes a second to make, so a subject keeps its own, as in a renewal."""
    # Weak keys are made on purpose here; cryptography has nothing against 1,024 bits.
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _authority_extensions(path_length: int | None) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    return (x509.BasicConstraints(ca=True, path_length=path_length), True), (_usage(signs_certificates=True), True)


def _leaf_extensions(
    names: Sequence[str], eku: Sequence[x509.ObjectIdentifier]
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield _usage(signs_certificates=False), True
    if names:
        yield x509.SubjectAlternativeName([_general_name(name) for name in names]), False
    if eku:
        yield x509.ExtendedKeyUsage(eku), False


def _aia(urls: Sequence[str]) -> Iterable[tuple[x509.ExtensionType, bool]]:
    if urls:
        method = AuthorityInformationAccessOID.CA_ISSUERS
        locations = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for url in urls]
        yield x509.AuthorityInformationAccess(locations), False


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _sign_again(certificate: x509.Certificate, issuer: Authority, digest: str) -> x509.Certificate:
    """cryptography signs with no digest that is broken; the openssl program still does."""
    with tempfile.TemporaryDirectory() as directory:
        given, signer, key = (Path(directory, name) for name in ("given.pem", "signer.pem", "key.pem"))
        given.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        signer.write_bytes(issuer.pem)
        key.write_bytes(issuer.key_pem)
        command = f"openssl x509 -in {given} -CA {signer} -CAkey {key} -{digest} -preserve_dates"
        serial = f"-set_serial {certificate.serial_number}"
        done = subprocess.run(f"{command} {serial}".split(), capture_output=True, check=True)
    return x509.load_pem_x509_certificate(done.stdout)
