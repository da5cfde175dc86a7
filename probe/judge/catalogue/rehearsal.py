"""Findings on what the next certificate will break."""

from probe.judge.catalogue.entry import Entry

REHEARSAL: tuple[Entry, ...] = ()
