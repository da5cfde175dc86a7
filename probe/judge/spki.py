"""A public key as it stands in a certificate: where it is, of which kind, and what it would cost to use it.

RFC 6698 §2.1.2: selector 1 is about the SubjectPublicKeyInfo as encoded. To read the key and write it out again could
change it (a compressed point, say), and a key that no library knows could not be read at all; so the certificate is
walked through, and nothing of it understood but lengths.

Keys are chosen by the peer, and libraries do as they are told: to load one of Diffie and Hellman's with 16,384 bits
takes 0.2 seconds, to check a signature by RSA with as many bits and a long exponent 5 milliseconds. So each is looked
at before a library gets it.
"""

from dataclasses import dataclass
from functools import lru_cache

SMALL = 8192  # bytes of a certificate; what is told of larger ones is not worth remembering
MOST_BYTES = 4096  # of a key that a library is given
MOST_RSA_READ, MOST_RSA, MOST_DSA = 16_384, 8192, 4096  # bits, to be read at all and to check signatures by
MOST_EXPONENT = 64  # bits; a public exponent as long as its modulus costs milliseconds a signature, and nobody has one

_SEQUENCE, _INTEGER, _BIT_STRING, _OID, _VERSION = 0x30, 0x02, 0x03, 0x06, 0xA0
_BEFORE_THE_KEY = 5  # serial number, signature algorithm, issuer, validity, subject (RFC 5280 §4.1)

_RSA = (bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d01010a"))  # the second for PSS alone
_DSA, _EC = bytes.fromhex("2a8648ce380401"), bytes.fromhex("2a8648ce3d0201")
_EDWARDS = (bytes.fromhex("2b6570"), bytes.fromhex("2b6571"))
_NIST = bytes.fromhex("6086480165030403")  # and an arc: ML-DSA, SLH-DSA
_CURVES = {  # microseconds a signature
    bytes.fromhex("2a8648ce3d030101"): 250,  # P-192
    bytes.fromhex("2b81040021"): 110,  # P-224
    bytes.fromhex("2a8648ce3d030107"): 80,  # P-256
    bytes.fromhex("2b81040022"): 550,  # P-384
    bytes.fromhex("2b81040023"): 500,  # P-521
    bytes.fromhex("2b8104000a"): 320,  # secp256k1
    bytes.fromhex("2b2403030208010107"): 340,  # brainpoolP256r1
    bytes.fromhex("2b240303020801010b"): 730,  # brainpoolP384r1
    bytes.fromhex("2b240303020801010d"): 950,  # brainpoolP512r1
}


@dataclass(frozen=True, slots=True)
class Key:
    """What can be told of a key from outside. `cost` is that of checking a signature by it, in microseconds or nearly:
    the machine's are its own. Not `loadable`: of no kind that signs, or beyond every size in use."""

    loadable: bool = False
    verifiable: bool = False
    cost: int = 0


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


def key(spki: bytes | None) -> Key:
    """What there is to be told of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), None being none."""
    if spki is None or len(spki) > MOST_BYTES:
        return Key()
    try:
        return _key(spki)
    except ValueError:
        return Key()


def of_certificate(certificate: bytes) -> Key:
    return _of_small(certificate) if len(certificate) <= SMALL else key(of(certificate))


@lru_cache(maxsize=4096)
def _of_small(certificate: bytes) -> Key:
    return key(of(certificate))


def _key(spki: bytes) -> Key:
    _, place, _ = _element(spki, 0, _SEQUENCE)
    _, start, after = _element(spki, place, _SEQUENCE)
    _, place, parameters = _element(spki, start, _OID)
    oid = spki[place:parameters]
    if oid in _RSA:  # RFC 3279 §2.3.1: SEQUENCE of modulus and exponent, in a BIT STRING
        _, place, _ = _element(spki, after, _BIT_STRING)
        _, place, _ = _element(spki, place + 1, _SEQUENCE)
        bits, place = _bits(spki, place)
        exponent, _ = _bits(spki, place)
        return Key(
            loadable=bits <= MOST_RSA_READ,
            verifiable=bits <= MOST_RSA and exponent <= MOST_EXPONENT,
            cost=30 + bits * bits * exponent // 2**22,
        )
    if oid == _DSA:  # §2.3.2: SEQUENCE of p, q, g
        _, place, _ = _element(spki, parameters, _SEQUENCE)
        bits, _ = _bits(spki, place)
        return Key(loadable=True, verifiable=bits <= MOST_DSA, cost=30 + 80 * bits * bits // 2**20)
    if oid == _EC:  # RFC 5480 §2.1.1: a curve that has a name; one in full is not to be used
        _, place, end = _element(spki, parameters, _OID)
        cost = _CURVES.get(spki[place:end])
        return Key(loadable=True, verifiable=True, cost=cost) if cost else Key()
    if oid in _EDWARDS:
        return Key(loadable=True, verifiable=True, cost=200)
    if oid[:-1] == _NIST:
        return Key(loadable=True, verifiable=True, cost=1000)
    return Key()


def _bits(der: bytes, place: int) -> tuple[int, int]:
    """How long the INTEGER here is, and the place behind it."""
    _, start, end = _element(der, place, _INTEGER)
    return int.from_bytes(der[start:end]).bit_length(), end


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
