"""Findings on what protocol logs show."""

from probe.judge.catalogue.entry import Entry

LOGGED: tuple[Entry, ...] = ()
