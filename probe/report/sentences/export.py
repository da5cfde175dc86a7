"""The sentences on what exports say by themselves."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {}

MORE: Mapping[str, Mapping[str, str]] = {}
