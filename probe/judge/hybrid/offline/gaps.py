"""Questions that the exports leave open: nothing is concluded from what is not known, and that is said."""

from collections.abc import Iterator
from dataclasses import dataclass

from probe.model import Gap, InboundConnector, Many, OutboundConnector, ReceiveConnector, SendConnector

Connector = InboundConnector | OutboundConnector | ReceiveConnector | SendConnector


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A question that the exports leave open. `why` is lost, cut or absent; `what` is missing, of which object; and
    `question` is what is therefore not known."""

    why: str
    what: str
    question: str


def missed(value: object, what: str, question: str) -> Iterator[Missed]:
    """What is missed if this value is a gap, or a list that was cut."""
    if isinstance(value, Gap):
        yield Missed(why=value.value, what=what, question=question)
    elif isinstance(value, Many) and value.cut:
        yield Missed(why="cut", what=what, question=question)


def called(connector: Connector) -> str:
    """How to speak of it; an export of single properties may have left its name out."""
    return connector.name or "a connector without a name"
