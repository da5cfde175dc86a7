"""The files that the configuration names, each read once however many targets name it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from probe import config
from probe.config.settings.fitting import path
from probe.judge.chain import Anchors

if TYPE_CHECKING:
    from probe.model import Organisation

T = TypeVar("T")


class Files:
    """What they hold. Paths are relative to `base`. Raises `ProbeError` and `ValueError`."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.organisation = lru_cache(None)(self._organisation)
        self.chain = lru_cache(None)(self._chain)
        self.anchors = lru_cache(None)(self._anchors)
        self._alone: dict[tuple[int, str], Organisation] = {}

    def _organisation(self, paths: tuple[str, ...]) -> "Organisation | None":
        return config.organisation(path(self._base, text) for text in paths) if paths else None

    def _chain(self, text: str) -> tuple[bytes, ...]:
        return config.chain(path(self._base, text))

    def _anchors(self, sources: tuple[str, ...]) -> Anchors:
        """The roots; `certifi` and `system` are no paths."""
        given = [text if text in ("certifi", "system") else str(path(self._base, text)) for text in sources]
        return config.anchors(given or ["certifi"])

    def alone(self, organisation: "Organisation", connector: str) -> "Organisation":
        """The organisation with this outbound connector and no other, the same one each time. Raises `LookupError`."""
        key = (id(organisation), connector)
        if key not in self._alone:
            chosen = [found for found in organisation.outbound if found.name.casefold() == connector.casefold()]
            if not chosen:
                raise LookupError(connector)
            self._alone[key] = replace(organisation, outbound=(chosen[0],))
        return self._alone[key]


def several(value: T | Sequence[T]) -> tuple[T, ...]:
    """One, or a list of them."""
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
