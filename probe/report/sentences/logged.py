"""The sentences on what protocol logs show."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {}

MORE: Mapping[str, Mapping[str, str]] = {}
