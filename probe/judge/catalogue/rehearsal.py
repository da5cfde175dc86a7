"""Findings on what the next certificate will break."""

from probe.judge.catalogue.entry import Entry
from probe.judge.catalogue.rehearsal_certificate import NEXT_CERTIFICATE
from probe.judge.catalogue.rehearsal_way import NEXT_WAY

REHEARSAL: tuple[Entry, ...] = (*NEXT_CERTIFICATE, *NEXT_WAY)
