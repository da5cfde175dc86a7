"""The sentences on endpoints held against an organisation's exports."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {}

MORE: Mapping[str, Mapping[str, str]] = {}
