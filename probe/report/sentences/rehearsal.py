"""The sentences on what the next certificate will break."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {}

MORE: Mapping[str, Mapping[str, str]] = {}
