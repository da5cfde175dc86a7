"""What a look came to, for the log."""

from collections.abc import Sequence

from probe.model.duty import Change, Look, Standing
from probe.run.events import Log


def say(log: Log, found: Look, after: Standing, happened: Sequence[Change], *, muted: bool) -> None:
    """The look, then each of its changes."""
    log.event(
        "look",
        target=found.name,
        verdict=after.verdict,
        seconds=round(found.seconds, 3),
        attempts=found.attempts,
        changes=len(happened),
        muted=muted,
    )
    for change in happened:
        log.event(
            "change",
            target=change.target,
            kind=change.kind,
            code=change.code,
            verdict=change.verdict,
            before=change.before,
            key=change.key,
        )
