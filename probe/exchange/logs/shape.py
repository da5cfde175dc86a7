"""What sessions that tell the same have in common: their rows, less what differs from one to the next.

A log's many thousand sessions are nearly all one of a few dozen, word by word, but for times, identifiers, ports,
addresses and the names by which strangers greet. What the first of a shape came to, all others come to as well.
"""

from probe.exchange.logs.gathering import Gathered
from probe.exchange.logs.row import quoted
from probe.exchange.logs.story import EXCHANGE_ONLINE

Shape = tuple[object, ...]

LONGEST = 8192  # bytes of a shape that is worth remembering
_ONLINE = EXCHANGE_ONLINE.encode()
_GREETS = frozenset([b"EHLO", b"HELO"])


def shape(gathered: Gathered) -> tuple[Shape, bytes, bytes]:
    """The shape, and this server's and the peer's endpoints as logged, empty where the log has none."""
    local = remote = b""
    parts: list[object] = [gathered.header, gathered.mailed]
    for line in gathered.rows:
        try:
            fields = line.split(b",", 7) if line[24:26] != b',"' else quoted(line)
            _, connector, _, number, here, there, event, said = fields
        except ValueError:
            parts.append(line)  # nothing is left out, so that no other session is like it
            continue
        local, remote = local or here, remote or there
        if len(parts) == 2:
            parts.append(connector)
        parts += number, event, _bare(event, said)
    return tuple(parts), local, remote


def _bare(event: bytes, said: bytes) -> bytes:
    """The end of a row, less the date of a banner, the address in an answer to EHLO, and the name by which a peer
    greets, unless it is Exchange Online's."""
    word = said[:4]
    if word == b'"220':
        banner, ready, date = said.partition(b" ready at ")
        return banner if ready and b"*" not in date else said
    if word[:3] == b"250":
        greeting, hello, behind = said.partition(b" Hello [")
        address, _, keywords = behind.partition(b"]")
        return greeting + keywords if hello and b" " not in address else said
    if word in _GREETS and event == b"<" and b'"' not in said and _ONLINE not in said.lower():
        return said[:5]
    return said
