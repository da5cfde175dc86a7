"""The certificates of the target: an EC P-256 leaf under a P-384 intermediate under a P-384 root, as public ones are.

A P-384 signature is dear to check, so a judge that checks a path anew for each of a thousand equal chains shows it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class Files:
    """PEM. `roots` is the root alone, `chain` what the server presents (leaf, intermediate), `key` the leaf's key."""

    roots: Path
    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Issuer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def make(directory: Path) -> Files:
    """Writes the three files to the directory."""
    root, root_key = issue("Benchmark Root", ec.SECP384R1(), None, ca=True)
    above = Issuer(root.subject, root_key)
    intermediate, intermediate_key = issue("Benchmark Intermediate", ec.SECP384R1(), above, ca=True)
    leaf, key = issue("mail.bench.test", ec.SECP256R1(), Issuer(intermediate.subject, intermediate_key), ca=False)
    files = Files(directory / "roots.pem", directory / "chain.pem", directory / "key.pem")
    files.roots.write_bytes(root.public_bytes(Encoding.PEM))
    files.chain.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in (leaf, intermediate)))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def issue(
    name: str, curve: ec.EllipticCurve, issuer: Issuer | None, *, ca: bool, now: datetime | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate and its key, valid from a day before `now` for 90 days after it; without an issuer, its own."""
    key = ec.generate_private_key(curve)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer or Issuer(subject, key)
    now = now or datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    if not ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName("bench.test")]), critical=False
        )
    algorithm = SHA384() if isinstance(signer.key.curve, ec.SECP384R1) else SHA256()
    return builder.sign(signer.key, algorithm), key
