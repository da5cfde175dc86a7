"""Public keys: the bytes of one as they stand in a certificate, and what one has signed.

RFC 6698 §2.1.2: selector 1 is about the SubjectPublicKeyInfo as encoded. To read the key and write it out again could
change it (a compressed point, say), and a key that no library knows could not be read at all; so the certificate is
walked through, and nothing of it understood but lengths.
"""

import warnings
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from probe.judge.certificate import MOST_EXPONENT

_SEQUENCE, _VERSION = 0x30, 0xA0
_BEFORE_THE_KEY = 5  # serial number, signature algorithm, issuer, validity, subject (RFC 5280 §4.1)
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


@lru_cache(maxsize=512)
def of(certificate: bytes) -> bytes | None:
    """The SubjectPublicKeyInfo of a certificate (DER), None where there is none to be found."""
    try:
        _, place, _ = _element(certificate, 0, _SEQUENCE)
        _, place, end = _element(certificate, place, _SEQUENCE)
        tag, _, after = _element(certificate, place)
        place = after if tag == _VERSION else place
        for _ in range(_BEFORE_THE_KEY):
            _, _, place = _element(certificate, place)
        _, _, after = _element(certificate, place, _SEQUENCE)
    except ValueError:
        return None
    return certificate[place:after] if after <= end else None


def whole(der: bytes) -> bool:
    """Whether these bytes are one SEQUENCE, and nothing behind it."""
    try:
        return _element(der, 0, _SEQUENCE)[2] == len(der)
    except ValueError:
        return False


def _element(der: bytes, place: int, wanted: int | None = None) -> tuple[int, int, int]:
    """Tag, place of the contents, place behind them. Raises ValueError where that leads out of the bytes."""
    head = der[place : place + 6]
    if len(head) < 2 or (wanted is not None and head[0] != wanted):
        raise ValueError("not the element that is due")
    size, start = head[1], place + 2
    if size >= 0x80:
        octets = size - 0x80
        if not 1 <= octets <= 4:
            raise ValueError("a length that DER does not have, or nobody needs")
        size, start = int.from_bytes(head[2 : 2 + octets]), start + octets
    if start + size > len(der):
        raise ValueError("an element that is longer than its surroundings")
    return head[0], start, start + size


def readable(spki: bytes) -> bool:
    """Whether these bytes are a public key of a kind that can be made out."""
    try:
        load_der_public_key(spki)
    except _UNREADABLE:
        return False
    return True


def signed(certificate: bytes, spki: bytes) -> bool:
    """Whether the private half of this key made the signature on the certificate (DER)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities that are none of ours here
            return _verified(x509.load_der_x509_certificate(certificate), spki)
    except (InvalidSignature, *_UNREADABLE):
        return False


def _verified(found: x509.Certificate, spki: bytes) -> bool:
    """Raises where the signature does not hold, or is of another kind than the key."""
    key, signature, signed_part = load_der_public_key(spki), found.signature, found.tbs_certificate_bytes
    digest, how = found.signature_hash_algorithm, found.signature_algorithm_parameters
    match key:
        case rsa.RSAPublicKey() if digest and not isinstance(how, ec.ECDSA | None):
            if key.public_numbers().e.bit_length() > MOST_EXPONENT:
                return False
            key.verify(signature, signed_part, how, digest)
        case ec.EllipticCurvePublicKey() if isinstance(how, ec.ECDSA):
            key.verify(signature, signed_part, how)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed_part)
        case _:
            return False
    return True
