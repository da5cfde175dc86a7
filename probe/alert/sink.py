"""What all sinks have in common: their settings, how they are told, and how they fail."""

from collections.abc import Collection, Iterator
from typing import ClassVar

import msgspec

from probe.alert.words import Duration, Hours
from probe.model import Verdict
from probe.model.duty import Message


class Undelivered(Exception):
    """The message did not arrive, or we cannot know that it did. The text says why, and holds no secret.

    `final`: sending the same again cannot help (it was refused for what it is). `after`: seconds to wait at least,
    where the receiver said so. `told`: names of targets of which all arrived nonetheless.
    """

    def __init__(
        self, reason: str, *, final: bool = False, after: float | None = None, told: Collection[str] = ()
    ) -> None:
        super().__init__(reason)
        self.final, self.after, self.told = final, after, frozenset(told)


class Sink(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One `[[alert]]` of the configuration. A kind is a child of this in a module of its own, and a row in `SINKS`.

    `tags`: told only of targets with one of these (none: of all). `verdicts`: told only of changes from or to one of
    these. `quiet`: at these hours of the day no WARN is sent, it waits. `timeout`: of one delivery.
    """

    # `state`: it is told after every look what is open (a `Notice` even without items), and a newer notice on a target
    # replaces an older one. Others are told of changes alone.
    state: ClassVar[bool] = False
    # It is pinged when a run begins and ends, and told of no change.
    pings: ClassVar[bool] = False
    # It keeps count of what is open, so that something that was opened is to be closed again.
    keeps_count: ClassVar[bool] = False

    name: str = ""
    tags: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN)
    quiet: Hours | None = None
    timeout: Duration = Duration(15)

    @property
    def place(self) -> str:
        """Where it sends, for people: scheme and host, never a path, which may be a secret."""
        return ""

    async def send(self, message: Message) -> None:
        """Deliver the message, within `timeout`, which the caller enforces, too. Raises `Undelivered`."""
        raise NotImplementedError

    def remarks(self) -> Iterator[str]:
        """What `probe config check` says of settings that are valid and yet not wise. Raises `LookupError` for a secret
        that is not there, and `ValueError` for settings that contradict each other; asks nothing of the network."""
        yield from ()
