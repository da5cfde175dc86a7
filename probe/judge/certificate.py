"""One certificate, read: what its fields say, in the words that Exchange prints them in."""

import hashlib
import ipaddress
import re
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from probe.judge import dn, spki

SMALL = spki.SMALL  # bytes; hostile ones beyond it are remembered for no longer than they are judged
MOST_LARGE = 2**20  # bytes of larger certificates; two of the longest chains that are kept of a peer

T = TypeVar("T", bound=x509.ExtensionType)

_HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE
)


_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

# Digests so old that the library has no names for them.
_FORGOTTEN = {"1.2.840.113549.1.1.2": "MD2", "1.2.840.113549.1.1.3": "MD4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """`subject` and `issuer` are in Windows' form, digests lower-case hex, `serial` upper-case hex, dates UTC.

    `names` is what the certificate stands for: the names of the SAN, with the common name in front where it is a host
    name and not among them. `usages` are the OIDs of the extended key usage, None where it has none and thus no limits.
    `name_count` counts the names of every kind, and the attributes of the subject; `constraint_count` what the names of
    others are constrained to.
    """

    der: bytes = field(repr=False)
    subject: str
    issuer: str
    subject_name: dn.Name = field(repr=False)
    issuer_name: dn.Name = field(repr=False)
    common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    ip_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    serial: str
    sha1: str
    sha256: str
    spki_sha256: str
    self_signed: bool
    is_ca: bool
    key: str
    rsa_bits: int | None
    signature: str
    usages: tuple[str, ...] | None
    can_sign_or_encipher: bool
    aia: tuple[str, ...]
    name_count: int
    constraint_count: int

    @property
    def names(self) -> tuple[str, ...]:
        in_san = (*self.dns_names, *self.ip_names)
        hosts = (name.lower() for name in self.common_names if is_host(name))
        return (*(host for host in hosts if host not in in_san), *in_san)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Bytes presented as a certificate that cannot be read as one; `error` says why."""

    der: bytes = field(repr=False)
    sha1: str
    sha256: str
    error: str


def is_host(name: str) -> bool:
    """Whether this is the form of a host name or of a wildcard for hosts. `EX01` is one."""
    return len(name) < 254 and _HOST.fullmatch(name) is not None


def parse(der: bytes) -> Certificate | Unreadable:
    """Read one certificate. Total: what cannot be read is a value too."""
    if len(der) <= SMALL:
        return _parsed(der)
    if der not in _large:
        if sum(map(len, _large)) + len(der) > MOST_LARGE:
            _large.clear()
        _large[der] = _parsed.__wrapped__(der)
    return _large[der]


_large: dict[bytes, Certificate | Unreadable] = {}


@lru_cache(maxsize=4096)  # a thousand targets have some two leaves each
def _parsed(der: bytes) -> Certificate | Unreadable:
    sha1, sha256 = hashlib.sha1(der, usedforsecurity=False).hexdigest(), hashlib.sha256(der).hexdigest()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library grumbles at old oddities that we report ourselves
            return _read(x509.load_der_x509_certificate(der), der, sha1, sha256)
    except _UNREADABLE as error:
        return Unreadable(der=der, sha1=sha1, sha256=sha256, error=str(error) or type(error).__name__)


def _read(found: x509.Certificate, der: bytes, sha1: str, sha256: str) -> Certificate:
    extensions = found.extensions
    san = _extension(extensions, x509.SubjectAlternativeName)
    constraints = _extension(extensions, x509.BasicConstraints)
    usage = _extension(extensions, x509.KeyUsage)
    extended = _extension(extensions, x509.ExtendedKeyUsage)
    access = _extension(extensions, x509.AuthorityInformationAccess)
    limits = _extension(extensions, x509.NameConstraints)
    subject, issuer = dn.from_x509(found.subject), dn.from_x509(found.issuer)
    key, rsa_bits = _key(found, der)
    return Certificate(
        der=der,
        subject=dn.text(subject),
        issuer=dn.text(issuer),
        subject_name=subject,
        issuer_name=issuer,
        common_names=tuple(str(a.value) for a in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)),
        dns_names=tuple(name.lower() for name in san.get_values_for_type(x509.DNSName)) if san else (),
        ip_names=tuple(str(ip) for ip in san.get_values_for_type(x509.IPAddress)) if san else (),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        serial=_serial(found.serial_number),
        sha1=sha1,
        sha256=sha256,
        spki_sha256=_spki_digest(der),
        self_signed=found.subject == found.issuer and _signed_by(found, found, der),
        is_ca=bool(constraints and constraints.ca),
        key=key,
        rsa_bits=rsa_bits,
        signature=_signature(found),
        usages=tuple(oid.dotted_string for oid in extended) if extended else None,
        can_sign_or_encipher=not usage or usage.digital_signature or usage.key_encipherment or usage.key_agreement,
        aia=tuple(
            place.access_location.value
            for place in access or ()
            if place.access_method == AuthorityInformationAccessOID.CA_ISSUERS
            and isinstance(place.access_location, x509.UniformResourceIdentifier)
        ),
        name_count=sum(map(len, subject)) + (len(san) if san else 0),
        constraint_count=len(limits.permitted_subtrees or ()) + len(limits.excluded_subtrees or ()) if limits else 0,
    )


def _extension(extensions: x509.Extensions, kind: type[T]) -> T | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _serial(number: int) -> str:
    """As Exchange prints it: whole bytes, upper-case, `00` in front where the top bit would read as a sign."""
    return number.to_bytes(number.bit_length() // 8 + 1, signed=True).hex().upper()


def _spki_digest(der: bytes) -> str:
    found = spki.of(der)
    return hashlib.sha256(found).hexdigest() if found else ""


def _key(found: x509.Certificate, der: bytes) -> tuple[str, int | None]:
    if not spki.of_certificate(der).loadable:
        return "unknown", None
    try:
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown", None
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}", key.key_size
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}", None
        case ed25519.Ed25519PublicKey():
            return "Ed25519", None
        case ed448.Ed448PublicKey():
            return "Ed448", None
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}", None
        case _:
            return "unknown", None


def _signature(found: x509.Certificate) -> str:
    try:
        algorithm = found.signature_hash_algorithm
    except UnsupportedAlgorithm:
        oid = found.signature_algorithm_oid.dotted_string
        return _FORGOTTEN.get(oid, oid)
    return re.sub("^SHA(?!3-)", "SHA-", algorithm.name.upper()) if algorithm else "EdDSA"


def _signed_by(child: x509.Certificate, parent: x509.Certificate, der: bytes) -> bool:
    """`der` is the parent's."""
    if not spki.of_certificate(der).verifiable:
        return True  # the names agree, and a key that we don't use is no proof against it
    try:
        child.verify_directly_issued_by(parent)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True  # the names agree, and an algorithm too old for the library is no proof against it
    return True


@lru_cache(maxsize=128)
def issued(child: bytes, parent: bytes) -> bool:
    """Whether the certificate `parent` (DER) signed the certificate `child` (DER); both are readable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _signed_by(x509.load_der_x509_certificate(child), x509.load_der_x509_certificate(parent), parent)


@lru_cache(maxsize=4096)
def host_address(name: str) -> str | None:
    """The canonical text of an address, None where the name is none."""
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        return None
