"""Findings on endpoints held against an organisation's exports."""

from probe.judge.catalogue.entry import Entry

HYBRID: tuple[Entry, ...] = ()
