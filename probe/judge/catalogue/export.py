"""Findings on what exports say by themselves."""

from probe.judge.catalogue.entry import Entry

EXPORT: tuple[Entry, ...] = ()
