"""By which name we greet."""

import re
import socket
from collections.abc import Callable
from contextlib import suppress

import trio

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})+")


async def own_name(
    short: Callable[[], str] = socket.gethostname, full: Callable[[], str] = socket.getfqdn
) -> str | None:
    """This host's fully qualified name, None where it has none that is worth telling.

    RFC 5321 §4.1.1.1: a client without one greets with its address as a literal. `localhost` in any form is a name
    that every host has, and servers refuse it. The system may ask DNS for the `full` name, so it gets two seconds.
    """
    name = short()
    if not _useful(name):
        with trio.move_on_after(2), suppress(UnicodeError):  # of a name that DNS cannot carry, with a label of 64
            name = await trio.to_thread.run_sync(full, abandon_on_cancel=True)
    return name.lower() if _useful(name) else None


def _useful(name: str) -> bool:
    # Without a name, some systems give the reverse lookup's question.
    borrowed = name.lower().startswith("localhost") or name.lower().endswith(".arpa")
    return bool(_HOST.fullmatch(name)) and not borrowed and not name[-1].isdigit()
