"""What the configuration comes to: everything that `probe run` and `probe watch` need to know, resolved and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from probe.alert.sink import Sink
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model import Organisation, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a target is due: every so many seconds, or by a cron expression (local time). Neither: with every run."""

    every: float | None = None
    cron: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A target of the configuration. `retries` more looks, `pause` seconds apart, are taken before a new fault counts;
    `timeout` (seconds) is for one look. Of a FAIL that stays, it is reminded every `remind` seconds; None: never."""

    name: str
    target: Target
    standard: Standard = field(default_factory=Standard)
    organisation: Organisation | None = None
    schedule: Schedule = field(default_factory=Schedule)
    tags: tuple[str, ...] = ()
    retries: int = 2
    pause: float = 20.0
    timeout: float | None = None
    remind: float | None = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How all targets are looked at: `resolvers` (address and port; none: the system's), whether their AD bit is
    believed, by which name to greet (None: this host's), how many targets at a time, on which roots to rest."""

    anchors: Anchors
    resolvers: tuple[tuple[str, int], ...] = ()
    trust_ad: bool = False
    ehlo: str | None = None
    parallel: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`path` is the configuration's own; `store` None: in the platform's state directory. What is older than `keep`
    seconds is forgotten. `listen` is what the table of that name holds, for a command that is to come."""

    path: Path
    targets: tuple[Watched, ...]
    sinks: tuple[Sink, ...]
    looking: Looking
    store: Path | None = None
    keep: float = 400 * 86400.0
    listen: Mapping[str, object] = field(default_factory=dict)
