"""What a bare key, as a record has it, has signed. Keys are used as far as `spki` lets them."""

import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from probe.judge import spki as keys

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


def readable(spki: bytes) -> bool:
    """Whether these bytes are a public key of a kind that can be made out."""
    if not keys.key(spki).loadable:
        return False
    try:
        load_der_public_key(spki)
    except _UNREADABLE:
        return False
    return True


def signed(certificate: bytes, spki: bytes) -> bool:
    """Whether the private half of this key made the signature on the certificate (DER)."""
    if not keys.key(spki).verifiable:
        return False
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
            key.verify(signature, signed_part, how, digest)
        case ec.EllipticCurvePublicKey() if isinstance(how, ec.ECDSA):
            key.verify(signature, signed_part, how)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed_part)
        case _:
            return False
    return True
