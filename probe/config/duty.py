"""What the configuration comes to: everything that `probe run` and `probe watch` need to know, resolved and checked."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from probe.alert.sink import Sink
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model import Organisation, Reply, Target


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
class Door:
    """Where the listener stands and whom it lets in: what cannot be another while it is open.

    `address` None: all addresses of this machine. `host` is what it calls itself, None: by this host's name. `own` is
    PEM text of its certificate with the chain, and of its key; None: one is made. `allow` is who may come besides those
    from loopback and private networks. `full`: addresses in envelopes are kept whole. `user` is who goes on once the
    port is open, None: as before.
    """

    address: str | None = None
    port: int = 25
    host: str | None = None
    own: tuple[bytes, bytes] | None = field(default=None, repr=False)
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    full: bool = False
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The listener of `probe watch`, which stands among the targets by its `name`, and how deliveries are judged."""

    name: str = "listen"
    door: Door = field(default_factory=Door)
    standard: Standard = field(default_factory=Standard)
    organisation: Organisation | None = None
    reply: Reply = Reply.NOT_NOW
    tags: tuple[str, ...] = ()
    remind: float | None = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`path` is the configuration's own; `store` None: in the platform's state directory. What is older than `keep`
    seconds is forgotten. `listen` None: nobody listens."""

    path: Path
    targets: tuple[Watched, ...]
    sinks: tuple[Sink, ...]
    looking: Looking
    store: Path | None = None
    keep: float = 400 * 86400.0
    listen: Listening | None = None

    @property
    def names(self) -> frozenset[str]:
        """Of all whose standing is kept: the targets, and the listener."""
        listening = {self.listen.name} if self.listen else set()
        return frozenset({watched.name for watched in self.targets} | listening)
