"""What is said on a connection around TLS, as generators over bytes. No sockets here, and no clock.

A `Talk` yields what to say (empty: just listen), receives what was heard next, and returns what was heard beyond its
end. `b""` sent into it means that the peer has closed. It raises `PeerRefusal` for an answer that is no, `PeerClosed`
for a peer that left, and `PeerError` for anything that is not the protocol. Whoever drives it decides about time.

A dialogue is up to three parts: what is said before TLS, what is said inside it, and the last word, whose answer
nobody waits for. In SMTP we greet, ask for TLS, greet again and leave: no mail is ever sent.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from probe.dialogue import http, smtp

Talk = Generator[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One protocol. `before` and `after` take the name by which we greet; None: nothing is said there.

    HTTP has no greeting: there the name is the host that is asked.
    """

    before: Callable[[str], Talk] | None = None
    after: Callable[[str], Talk] | None = None
    farewell: bytes = b""


DIALOGUES: Mapping[str, Dialogue] = {
    "smtp": Dialogue(before=smtp.starttls, after=smtp.greet_again, farewell=smtp.QUIT),
    "submission": Dialogue(before=smtp.starttls, after=smtp.greet_again, farewell=smtp.QUIT),  # demands TLS: RFC 8314
    "smtps": Dialogue(after=smtp.greet, farewell=smtp.QUIT),
    "direct": Dialogue(),
    "policy": Dialogue(after=http.get),  # no target's: where a domain's MTA-STS policy is fetched
}
