"""Every finding explained: what is so, what it does to mail, what Exchange Online calls it, and how to mend it.

Three things hold for the whole catalogue. The words of Exchange Online change: since about 2023 most certificate
faults come as `450 4.4.317 … [Message=…]`, before that as `450 4.7.320`; both are given, and both mean the same. One
code of Exchange has several meanings (`4.7.5` has three), so search for the text, not for the number. And where
Microsoft does not say what its service does, the entry says that it is not known.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from probe.judge.catalogue.certificate import CERTIFICATE
from probe.judge.catalogue.chain import CHAIN
from probe.judge.catalogue.connector import CONNECTOR
from probe.judge.catalogue.dane import DANE
from probe.judge.catalogue.duty import DUTY
from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.export import EXPORT
from probe.judge.catalogue.hybrid import HYBRID
from probe.judge.catalogue.inbound import INBOUND
from probe.judge.catalogue.logged import LOGGED
from probe.judge.catalogue.rehearsal import REHEARSAL
from probe.judge.catalogue.route import ROUTE
from probe.judge.catalogue.session import SESSION
from probe.judge.catalogue.sts import STS
from probe.judge.catalogue.tls import TLS
from probe.judge.catalogue.tlsrpt import TLSRPT
from probe.judge.catalogue.unobserved import UNOBSERVED

__all__ = ["CATALOGUE", "Cause", "Entry", "explain"]

_WIRE = (*ROUTE, UNOBSERVED, *SESSION, *TLS, *CHAIN, *CERTIFICATE, *CONNECTOR, *DANE, *STS, *TLSRPT)
_EVERY = (*_WIRE, *HYBRID, *EXPORT, *LOGGED, *REHEARSAL, *DUTY, *INBOUND)

CATALOGUE: Mapping[str, Entry] = {entry.code: entry for entry in _EVERY}


@lru_cache(maxsize=256)
def explain(code: str, cause: str | None = None) -> Entry:
    """The entry of `code`, told for that `cause`: its title, meaning, remedy and words stand in for the entry's.

    A cause that the entry does not tell apart changes nothing: saved evidence may come from a newer release.
    Raises KeyError for an unknown code.
    """
    entry = CATALOGUE[code]
    told = entry.causes.get(cause) if cause is not None else None
    if told is None:
        return entry
    return replace(
        entry,
        title=told.title,
        meaning=told.meaning,
        remedy=told.remedy,
        exchange_online=entry.exchange_online if told.exchange_online is None else told.exchange_online,
        tlsrpt=told.tlsrpt or entry.tlsrpt,
        hresult=told.hresult or entry.hresult,
    )
