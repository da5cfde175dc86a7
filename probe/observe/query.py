"""One DNS question as bytes: what asks it, what may answer it, and what is no answer. Used by `ask` only."""

import functools
import struct
from collections.abc import Sequence
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode

from probe.model import Kind
from probe.observe.validation import ExtendedError

PAYLOAD = 1232  # the largest UDP answer we invite: DNS Flag Day 2020's, below RFC 9715's 1400 at most

HEAD = 12  # octets of a message's header
TC, AD = int(dns.flags.TC), int(dns.flags.AD)
_QR, _OPCODE = int(dns.flags.QR), 0x7800
# Servers that did not understand a question often leave it out of their answer.
_UNDERSTOOD_NOTHING = {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}


class NoAnswerError(Exception):
    """A response came, and leaves it open what is there: `what` it was instead, and `why` in more words.

    `kind` PROTOCOL: the fault is the zone's own, and no other resolver would know more. `errors` are what the resolver
    itself says of its reasons.
    """

    def __init__(
        self, what: str, why: str = "", kind: Kind | None = None, errors: Sequence[ExtendedError] = ()
    ) -> None:
        super().__init__(what, why)
        self.what, self.why, self.kind, self.errors = what, why, kind, errors

    def words(self, who: str) -> str:
        """What `who` said instead of an answer, as in "SERVFAIL from 192.0.2.53"."""
        said = f"{self.what} from {who}"
        if self.why:
            return f"{said}: {self.why}"
        return f"{said} ({self.errors[0].words})" if self.errors else said


class Query:
    """A question without its number, which each transport gives it anew.

    `unchecked` asks a validator for what it has and does not vouch for (CD, RFC 4035 §3.2.2).
    """

    __slots__ = ("_additional", "_head", "name", "question", "rtype")

    def __init__(self, name: dns.name.Name, rtype: str, *, edns: bool = True, unchecked: bool = False) -> None:
        self._head, kind, self._additional = _around(rtype, edns, unchecked)
        self.name, self.rtype = name, int.from_bytes(kind[:2])
        self.question = cast(bytes, name.to_wire()) + kind

    def wire(self, number: int) -> bytes:
        """The message, with that number (0 to 65535)."""
        return number.to_bytes(2) + self._head + self.question + self._additional

    def flags_of(self, wire: bytes) -> int | None:
        """The flags of a response to this question; None where it is no such thing: a stray, a forgery, rubbish.

        The number is not looked at. The question must come back (RFC 5452 §9.1), in whatever letters.
        """
        if len(wire) < HEAD:
            return None
        flags, questions = struct.unpack_from("!HH", wire, 2)
        if flags & (_QR | _OPCODE) != _QR:
            return None
        if not questions:
            return flags if flags & 0xF in _UNDERSTOOD_NOTHING else None
        asked = wire[HEAD : HEAD + len(self.question)]
        same = asked == self.question or (
            asked[:-4].lower() == self.question[:-4].lower() and asked[-4:] == self.question[-4:]
        )
        return flags if same and questions == 1 else None


@functools.lru_cache(64)
def _around(rtype: str, edns: bool, unchecked: bool) -> tuple[bytes, bytes, bytes]:
    """What stands around the name in a question of this type: the rest of the header, type and class, EDNS."""
    query = dns.message.make_query(dns.name.root, rtype, use_edns=0 if edns else False, payload=PAYLOAD)
    # RFC 6840 §5.7: AD in a query asks for AD in the answer, without all the signatures that DO would bring along.
    query.flags |= dns.flags.AD
    if unchecked:
        query.flags |= dns.flags.CD
    wire = query.to_wire()
    root = HEAD + 1
    return wire[2:HEAD], wire[root : root + 4], wire[root + 4 :]
