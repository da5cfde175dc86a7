"""By which name we greet."""

import re
import socket

import trio

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})+")


async def own_name() -> str | None:
    """This host's fully qualified name, None where it has none that is worth telling.

    RFC 5321 §4.1.1.1: a client without one greets with its address as a literal. `localhost` in any form is a name
    that every host has, and servers refuse it. The system may ask DNS for it, so it gets two seconds.
    """
    name: str = socket.gethostname()
    if not _useful(name):
        with trio.move_on_after(2) as time:
            name = await trio.to_thread.run_sync(socket.getfqdn, abandon_on_cancel=True)
        if time.cancelled_caught:
            return None
    return name.lower() if _useful(name) else None


def _useful(name: str) -> bool:
    return bool(_HOST.fullmatch(name)) and not name.lower().startswith("localhost") and not name[-1].isdigit()
