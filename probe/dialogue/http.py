"""HTTP as the client that fetches an MTA-STS policy: one GET inside TLS, one response (RFC 8461 §3.3, RFC 9112).

The framing is h11's. The peer is not to be trusted, so what it may send is counted: up to and with the final head, in
the body, and in all, whatever it spends it on (interim responses, chunks of one octet, extensions of chunks). So are
the pieces that it comes in, for each costs us time, and an octet to the piece makes the most of it. Nothing is
followed, decoded or inflated: a redirect, a status, a content coding are for the judge.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache

from probe.errors import PeerClosed, PeerError
from probe.model import Speaker, Turn

PATH = "/.well-known/mta-sts.txt"  # RFC 8461 §3.2

MAX_HEAD = 16384  # bytes, interim responses (1xx) included
MAX_BODY = 65536  # RFC 8461 §3.3 suggests it
MAX_RESPONSE = 98304  # what is left beside a whole head and a whole body is for chunks
MAX_INTERIM = 64  # responses
MAX_PIECES = 2048  # of the body, as chunks cut it or as it arrives, and of the whole, as it arrives

_CUT_SHORT = "the response ended before it was complete"
_QUOTE = re.compile(r":? ?bytearray\(.*", re.DOTALL)  # h11 repeats in its complaints what it was sent, at any length


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The final response, as far as it came. Header names are lower case, in order, one character a byte.

    `fault` says what is wrong with the message, empty where it is whole. A body that lasts until the connection is
    closed looks whole here wherever it ends: that the connection ended otherwise is the observation's `failure`.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fault: str = ""

    def header(self, name: str) -> str | None:
        """The value of a field; of several, with commas between them (RFC 9110 §5.3). `name` is in lower case."""
        values = [value for field, value in self.headers if field == name]
        return ", ".join(values) if values else None


class _Exchange:
    """One request, and the response to it in the making."""

    def __init__(self, host: str) -> None:
        import h11  # only here: few targets have a policy, and it takes its time

        self._h11 = h11
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_RESPONSE)
        self._heard = 0
        self._times = 0  # that something came
        self._interim = 0
        self._pieces = 0  # of the body
        self._over = b""
        self.status = 0  # so far
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.complete = False
        headers = {"Host": host, "User-Agent": "probe", "Accept-Encoding": "identity", "Connection": "close"}
        request = h11.Request(method="GET", target=PATH, headers=list(headers.items()))
        self.request = (self._connection.send(request) or b"") + (self._connection.send(h11.EndOfMessage()) or b"")

    def feed(self, heard: bytes) -> None:
        """Take in what came; `b""` means that the peer closed, which may be how the body ends (RFC 9112 §6.3)."""
        if not (heard or self._heard):
            raise PeerClosed("the connection was closed while a response was due")
        self._times += 1
        if self._times > MAX_PIECES:
            raise PeerError(f"more than {MAX_PIECES} pieces")
        if not heard:
            self._parse(b"")
        elif not self.status:  # no more than a head may have, and the rest when there is one
            head, heard = heard[: MAX_HEAD - self._heard], heard[MAX_HEAD - self._heard :]
            self._take_in(head)
            if heard and not self.status:
                raise PeerError(f"more than {MAX_HEAD} bytes of headers")
        fits, self._over = heard[: MAX_RESPONSE - self._heard], heard[MAX_RESPONSE - self._heard :]
        self._take_in(fits)
        if self._over and not self.complete:
            raise PeerError(f"more than {MAX_RESPONSE} bytes of response")

    def rest(self) -> bytes:
        """What was heard behind the response."""
        return self._connection.trailing_data[0] + self._over

    def _take_in(self, heard: bytes) -> None:
        self._heard += len(heard)
        if heard:  # to h11, nothing means that the peer closed
            self._parse(heard)

    def _parse(self, heard: bytes) -> None:
        self._connection.receive_data(heard)
        try:
            while not self.complete and self._take(self._connection.next_event()):
                pass
        except self._h11.RemoteProtocolError as error:
            if not heard:
                raise PeerClosed(_CUT_SHORT) from None
            # Its check on the first octet is the one that it makes for servers.
            reason = _QUOTE.sub("", str(error)).replace("request line", "status line")
            raise PeerError(f"not HTTP: {reason[:120]}") from None

    def _take(self, event: object) -> bool:
        """Take in an event; whether there may be another one."""
        h11 = self._h11
        if isinstance(event, h11.InformationalResponse):
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise PeerError(f"more than {MAX_INTERIM} interim responses")
        elif isinstance(event, h11.Response):
            self.status = event.status_code
            self.headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
            announced = next((value for name, value in self.headers if name == "content-length"), "0")
            if int(announced[:20]) > MAX_BODY:  # digits alone, h11 has seen to it
                raise PeerError(f"more than {MAX_BODY} bytes of body")
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self.body += event.data
            if len(self.body) > MAX_BODY:
                raise PeerError(f"more than {MAX_BODY} bytes of body")
            if self._pieces > MAX_PIECES:
                raise PeerError(f"more than {MAX_PIECES} pieces of body")
        self.complete = isinstance(event, h11.EndOfMessage)
        return event is not h11.NEED_DATA


def get(host: str) -> Generator[bytes, bytes, bytes]:
    """Ask `host` for its policy and hear the response, no further than to its end."""
    exchange = _Exchange(host)
    exchange.feed((yield exchange.request))
    while not exchange.complete:
        exchange.feed((yield b""))
    return exchange.rest()


def hear(transcript: tuple[Turn, ...]) -> Response | None:
    """Read a transcript back; None where no final head was heard. Total: whatever was heard, this raises nothing."""
    return _read("".join(turn.data for turn in transcript if turn.who is Speaker.SERVER and turn.tls))


@lru_cache(maxsize=16)  # each is read more than once
def _read(text: str) -> Response | None:
    exchange, fault = _Exchange("host.invalid"), ""
    try:
        exchange.feed(text.encode("latin-1"))
        if not exchange.complete:
            exchange.feed(b"")
    except PeerError as error:
        fault = str(error)
    except UnicodeEncodeError:  # evidence from a file may hold what no wire can carry
        return None
    if not exchange.status:
        return None
    return Response(status=exchange.status, headers=exchange.headers, body=bytes(exchange.body), fault=fault)
