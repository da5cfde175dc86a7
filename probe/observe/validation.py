"""Whose word on DNSSEC counts, and how a validator says that an answer is bogus. Used by `ask` only."""

import ipaddress
import struct
from typing import NamedTuple

import dns.edns

# A container's DNS forwarder (Docker's) listens there. What it hands on came over the network, and so did its AD.
_FORWARDER = "127.0.0.11"

# RFC 8914 §4.7 to §4.13: the extended errors by which a validator tells that it refuses an answer.
_BOGUS = {
    6: "bogus",
    7: "signature expired",
    8: "signature not yet valid",
    9: "DNSKEY missing",
    10: "RRSIGs missing",
    11: "no zone key bit set",
    12: "NSEC missing",
}
_EXTENDED_ERROR = 15  # the EDNS option (RFC 8914 §2)
_MAX_ERRORS = 4
_MAX_TEXT = 120  # characters


class ExtendedError(NamedTuple):
    """Why a resolver has no answer, as it says itself. `text` is anybody's: what a zone's servers made it say."""

    code: int
    text: str

    @property
    def bogus(self) -> bool:
        """Whether it tells of signatures that do not hold."""
        return self.code in _BOGUS

    @property
    def words(self) -> str:
        """In words for people, as in "DNSSEC: signature expired"."""
        known = _BOGUS.get(self.code)
        words = f"DNSSEC: {known}" if known else f"extended error {dns.edns.EDECode.to_text(self.code)}"
        return f"{words}: {self.text}" if self.text else words


def extended_errors(options: bytes) -> list[ExtendedError]:
    """The extended errors among the EDNS options of a response, the first few; what cannot be read ends the list."""
    errors: list[ExtendedError] = []
    at = 0
    while at + 4 <= len(options) and len(errors) < _MAX_ERRORS:
        option, length = struct.unpack_from("!HH", options, at)
        data = options[at + 4 : at + 4 + length]
        at += 4 + length
        if option == _EXTENDED_ERROR and len(data) == length >= 2:
            text = data[2 : 2 + 4 * _MAX_TEXT].decode("utf-8", "replace").rstrip("\0")
            errors.append(ExtendedError(int.from_bytes(data[:2]), text[:_MAX_TEXT]))
    return errors


class Standing:
    """What a resolver's AD bit is worth. `declared`: the user says that it and the way to it may be trusted.

    On loopback, nobody comes between the resolver and us. From anywhere else AD proves nothing: whoever can change an
    answer on its way can set a bit.
    """

    def __init__(self, address: str, *, declared: bool) -> None:
        self.trusted = declared or _on_loopback(address)
        # A forwarder that does not validate sends no AD either. So its absence shows something to be unsigned only
        # where AD has been seen: True. False: the root, which is signed, came without it. None: not known yet.
        self.validates: bool | None = None
        self._looks = 2  # that may be taken at the root: one may fail in passing

    def secure(self, *, authentic: bool) -> bool | None:
        """`Answer.secure` of an answer from there that carries AD, or does not."""
        if not self.trusted:
            return None
        if authentic:
            self.validates = True
            return True
        return False if self.validates else None

    @property
    def is_open(self) -> bool:
        """Whether a look at the root is due, as an answer without AD may mean either of two things."""
        return self.trusted and self.validates is None and self._looks > 0

    def looked(self, *, answered: bool, authentic: bool) -> None:
        """Takes down how a look at the root ended."""
        self._looks -= 1
        if authentic:
            self.validates = True
        elif answered and self.validates is None:
            self.validates = False


def _on_loopback(address: str) -> bool:
    return address != _FORWARDER and ipaddress.ip_address(address).is_loopback
