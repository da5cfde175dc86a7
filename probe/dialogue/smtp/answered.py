"""What a client was told, read back from the transcript that our listener took down."""

from collections import deque

from probe.model import Speaker, Turn


def answered(transcript: tuple[Turn, ...], verb: str) -> tuple[str, ...]:
    """The last lines of the replies to the commands of that verb, in order and each once. A client may say several
    commands before it listens (RFC 2920): replies come in their order. Total: whatever stands there, this raises
    nothing."""
    waiting: deque[str] = deque()
    found: dict[str, None] = {}
    for turn in transcript:
        for line in filter(None, turn.data.split("\r\n")):
            if turn.who is Speaker.CLIENT:
                waiting.append(line.partition(" ")[0].upper())
            elif waiting and line[3:4] != "-" and waiting.popleft() == verb:  # nobody asked for the banner
                found[line] = None
    return tuple(found)
