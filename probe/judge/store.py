"""What OpenSSL makes of a chain: its store of anchors, asked for one path.

It loads and uses whatever key it gets, so it gets what `spki` lets through: no certificate whose key it would take its
time to load, and among the issuers that the peer sent none that signatures are not checked by.

What it says of a chain hangs on the clock only through the dates of the certificates at hand. Between two of these it
says the same, so an agent that meets the same chain every five minutes need not ask it every time.
"""

import warnings
from bisect import bisect_right
from datetime import UTC, datetime
from functools import lru_cache
from math import floor

from cryptography import x509
from OpenSSL import crypto

from probe.judge import spki
from probe.judge.certificate import SMALL

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, for which pyOpenSSL has no name
FEW = 8  # anchors; the store of more, the roots of the system, is kept, for it takes its time to fill

KEPT = 4096  # answers: a thousand targets have some two chains each

Error = tuple[int, str]  # OpenSSL's code and its words
Found = tuple[tuple[bytes, ...], Error | None]
Spell = tuple[int, int]


class Loaded:
    """A presented chain as OpenSSL has it, each certificate loaded once and none before it is needed."""

    def __init__(self) -> None:
        self._found: dict[bytes, crypto.X509 | None] = {}
        self._issuers: dict[bytes, crypto.X509 | None] = {}

    def path(self, chain: tuple[bytes, ...], anchors: tuple[bytes, ...], at: datetime, flags: int) -> Found:
        """The path from the first of these certificates to an anchor, from the leaf upwards, or why there is none."""
        small = sum(map(len, chain)) <= 2 * SMALL  # one beyond the usual size is not worth remembering
        spell = _spell(chain, anchors, at, flags) if small else None
        if spell is None:
            return self._path(chain, anchors, at, flags)
        known = _known(chain, anchors, flags, spell)
        if not known:
            known.append(self._path(chain, anchors, at, flags))
        return known[0]

    def _path(self, chain: tuple[bytes, ...], anchors: tuple[bytes, ...], at: datetime, flags: int) -> Found:
        store = (_filled if len(anchors) > FEW else _filled.__wrapped__)(anchors, flags)
        if not flags & NO_CHECK_TIME:  # a time that is set counts for more than the flag, before OpenSSL 4
            store.set_time(at.astimezone(UTC).replace(tzinfo=None))
        leaf = self._load(chain[0])
        if not leaf:  # the two libraries read alike but for the oddest of certificates
            return (), (0, "OpenSSL cannot read the leaf")
        issuers = [issuer for der in chain[1:] if (issuer := self._issuer(der))]
        try:
            found = crypto.X509StoreContext(store, leaf, issuers).get_verified_chain()
        except crypto.X509StoreContextError as error:
            code, _, text = error.errors
            return (), (int(code), str(text))
        return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in found), None

    def _load(self, der: bytes) -> crypto.X509 | None:
        if der not in self._found:
            self._found[der] = _load(der)
        return self._found[der]

    def _issuer(self, der: bytes) -> crypto.X509 | None:
        if der not in self._issuers:
            self._issuers[der] = self._load(der) if spki.of_certificate(der).verifiable else None
        return self._issuers[der]


@lru_cache(maxsize=KEPT)
def _known(chain: tuple[bytes, ...], anchors: tuple[bytes, ...], flags: int, spell: Spell) -> list[Found]:
    """Where the answer is kept, once there is one."""
    return []


def _spell(chain: tuple[bytes, ...], anchors: tuple[bytes, ...], at: datetime, flags: int) -> Spell | None:
    """Between which of the certificates' dates this moment lies; None where not all can be read."""
    if flags & NO_CHECK_TIME:
        return 0, 0
    these, those, second = _dates(chain), _dates(anchors), floor(at.timestamp())
    if these is None or those is None:
        return None
    return bisect_right(these, second), bisect_right(those, second)


@lru_cache(maxsize=KEPT)
def _dates(certificates: tuple[bytes, ...]) -> tuple[int, ...] | None:
    """When any of them begins or ends, and a second later, for versions differ in what counts on that second; in order,
    in whole seconds since 1970, as OpenSSL compares them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read = [x509.load_der_x509_certificate(der) for der in certificates]
            ends = {int(end.timestamp()) for one in read for end in (one.not_valid_before_utc, one.not_valid_after_utc)}
        except (ValueError, TypeError, x509.InvalidVersion):
            return None
    return tuple(sorted(ends | {end + 1 for end in ends}))


@lru_cache(maxsize=8)
def _filled(anchors: tuple[bytes, ...], flags: int) -> crypto.X509Store:
    store = crypto.X509Store()
    # An anchor is what the user calls one, be it an intermediate; strictness about form is not Exchange's.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN | flags)
    for der in anchors:
        if loaded := _load(der):
            store.add_cert(loaded)
    return store


def readable(der: bytes) -> bool:
    """Whether these bytes can serve as an anchor."""
    return _load(der) is not None


def _load(der: bytes) -> crypto.X509 | None:
    if not spki.of_certificate(der).loadable:
        return None
    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except crypto.Error:
        return None
