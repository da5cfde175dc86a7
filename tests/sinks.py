"""Two kinds of sinks that have every type of key, and send nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from probe import alert
from probe.alert.sink import Sink
from probe.alert.words import Hidden, Secret


class Hook(Sink, kw_only=True, frozen=True, tag="hook"):
    """Every type that a key of a sink may have."""

    url: Secret
    password: Hidden | None = None
    ca: Path | None = None
    headers: dict[str, Secret] = msgspec.field(default_factory=dict)
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    tls: Literal["starttls", "none"] = "starttls"
    labels: dict[Annotated[str, msgspec.Meta(pattern="^[a-z]+$")], str] = msgspec.field(default_factory=dict)

    def remarks(self) -> Iterator[str]:
        if self.url.text == "contradiction":
            raise ValueError("it contradicts itself")
        yield "the test remarks on it"


class Letter(Sink, kw_only=True, frozen=True, tag="letter"):
    """A key by another name."""

    sender: str = msgspec.field(name="from")
    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    urls: tuple[Hidden, ...] = ()


def use_two_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the configuration know these alone."""
    monkeypatch.setattr(alert, "SINKS", {"hook": Hook, "letter": Letter})
