"""What Exchange writes, read: exports of its configuration here, its protocol logs and its bounces in rooms of their
own. Pure: bytes and text in, values out.

Cryptography is loaded only where certificates are read, so that explaining a bounce needs none of it.
"""

from collections.abc import Iterable
from datetime import datetime

from probe.exchange.remarks import REMARKS
from probe.model import Export, Organisation

__all__ = ["REMARKS", "organisation", "read"]


def read(data: bytes, source: str, modified: datetime | None = None) -> Export:
    """An export, of whatever form. `source` is the name by which messages call the file, `modified` when it was last
    written, UTC, for exports that don't say when they were made. Raises `ExportError`."""
    from probe.exchange import reading

    return reading.read(data, source, modified)


def organisation(exports: Iterable[Export]) -> Organisation:
    """All exports as one organisation, each object once: what the youngest export says of it that speaks of it, and of
    what that one doesn't know, the others."""
    from probe.exchange import merged

    return merged.organisation(exports)
