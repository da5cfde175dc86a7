"""What OpenSSL makes of a chain: its store of anchors, asked for one path.

It loads and uses whatever key it gets, so it gets what `spki` lets through: no certificate whose key it would take its
time to load, and among the issuers that the peer sent none that signatures are not checked by.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from OpenSSL import crypto

from probe.judge import spki

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, for which pyOpenSSL has no name
FEW = 8  # anchors; the store of more, the roots of the system, is kept, for it takes its time to fill

Error = tuple[int, str]  # OpenSSL's code and its words


class Loaded:
    """A presented chain as OpenSSL has it, each certificate loaded once and none before it is needed."""

    def __init__(self) -> None:
        self._found: dict[bytes, crypto.X509 | None] = {}
        self._issuers: dict[bytes, crypto.X509 | None] = {}

    def path(
        self, chain: Sequence[bytes], anchors: tuple[bytes, ...], at: datetime, flags: int
    ) -> tuple[list[bytes], Error | None]:
        """The path from the first of these certificates to an anchor, from the leaf upwards, or why there is none."""
        store = (_filled if len(anchors) > FEW else _filled.__wrapped__)(anchors, flags)
        if not flags & NO_CHECK_TIME:  # a time that is set counts for more than the flag, before OpenSSL 4
            store.set_time(at.astimezone(UTC).replace(tzinfo=None))
        leaf = self._load(chain[0])
        if not leaf:  # the two libraries read alike but for the oddest of certificates
            return [], (0, "OpenSSL cannot read the leaf")
        issuers = [issuer for der in chain[1:] if (issuer := self._issuer(der))]
        try:
            found = crypto.X509StoreContext(store, leaf, issuers).get_verified_chain()
        except crypto.X509StoreContextError as error:
            code, _, text = error.errors
            return [], (int(code), str(text))
        return [crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in found], None

    def _load(self, der: bytes) -> crypto.X509 | None:
        if der not in self._found:
            self._found[der] = _load(der)
        return self._found[der]

    def _issuer(self, der: bytes) -> crypto.X509 | None:
        if der not in self._issuers:
            self._issuers[der] = self._load(der) if spki.of_certificate(der).verifiable else None
        return self._issuers[der]


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
