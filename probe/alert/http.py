"""How sinks speak HTTP: one POST, one answer, or `Undelivered` with a reason that holds no secret.

Redirects are not followed: whoever they point to would be told what is wrong with our mail, and where.
TLS is always verified. Proxies come from the environment, as everywhere, and have no part in what goes to loopback.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from probe.alert.address import loopback, origin, revealed, secrets, shown, without
from probe.alert.sink import Undelivered
from probe.alert.words import Secret

if TYPE_CHECKING:
    import ssl

    import httpx2

MOST_BYTES = 65536  # of an answer; what is beyond is not read
MOST_WAITING = 3600.0  # seconds: longer a Retry-After does not hold back an alert

# Refused for what it is, or for how it is sent: the same again would be refused again (RFC 9110 §15.5, RFC 6585 §5).
# Other refusals may heal: a path or a permission that is put right, a limit that is over.
_FINAL = (400, 405, 406, 410, 411, 413, 414, 415, 417, 422, 431)

_NO_REQUEST = "address or headers are none that HTTP can carry"

Post = Callable[[bytes, Mapping[str, str]], Awaitable["Answer"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered. Names of headers in lower case; of the body the first `MOST_BYTES`."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> str:
        """The body as text on one line. It is the receiver's, and may repeat a secret: see `address.without`."""
        return shown(self.body.decode(errors="replace"), MOST_BYTES)


async def post(
    url: Secret | str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,  # noqa: ASYNC109  it is there to become an `Undelivered`
    ca: Path | None = None,
    hide: tuple[str, ...] = (),
) -> Answer:
    """POST, once; the answer is a 2xx. `timeout` (seconds) is for everything from the name to the last byte of the
    answer. With `ca` the receiver's certificate must come from that file's authorities, without from the system's or
    Mozilla's. `hide` are secrets in the body; those in address and headers are known. Raises `Undelivered`."""
    async with posting(url, timeout=timeout, ca=ca, hide=hide) as send:
        return await send(body, headers)


@asynccontextmanager
async def posting(
    url: Secret | str,
    *,
    timeout: float,  # noqa: ASYNC109
    ca: Path | None = None,
    hide: tuple[str, ...] = (),
) -> AsyncIterator[Post]:
    """Like `post`, for several to one place over one connection. `timeout` is for all of them together."""
    import trio

    address = revealed(url)
    if not origin(address):
        raise Undelivered("what is configured is no address that begins with https:// or http://")
    hidden = (*secrets(address), *hide)
    with trio.move_on_after(timeout) as scope:
        async with _client(address, ca) as client:

            async def send(body: bytes, headers: Mapping[str, str]) -> Answer:
                return await _send(client, address, body, headers, hidden)

            yield send
    if scope.cancelled_caught:
        raise Undelivered(f"{origin(address)}: no whole answer within {timeout:g} s")


def remarks(url: Secret | str, *, secret: bool = True, ca: Path | None = None) -> Iterator[str]:
    """What `Sink.remarks` has to say of an address, and raises; `secret`: whoever knows it may post there."""
    address = url.reveal() if isinstance(url, Secret) else url
    if not (where := origin(address)):
        raise ValueError("the url has to begin with https:// or http://, and to name a host")
    if address.startswith("http:") and not loopback(address):
        yield f"{where}: plain http, whoever is on the way can read and change what is sent"
    if secret and isinstance(url, Secret) and url.literal and not loopback(address):
        yield f"{where}: the url is a secret, and in plain sight here; env:NAME or file:PATH keeps it elsewhere"
    try:
        trust(ca)
    except Undelivered as error:
        raise ValueError(str(error)) from None


def trust(ca: Path | None) -> "ssl.SSLContext":
    """Verifies certificates by the authorities of the file alone, or by the system's and Mozilla's. The file is read
    anew when it has changed. Raises `Undelivered` where it cannot serve."""
    try:
        return _context(ca, ca.stat().st_mtime_ns if ca else 0)
    except OSError as error:  # SSLError is one: a file without certificates
        raise Undelivered(f"ca: cannot read certificates from {ca}: {error.strerror or 'there are none'}") from None


@lru_cache(maxsize=16)  # to load a store takes some 20 ms
def _context(ca: Path | None, _changed: int) -> "ssl.SSLContext":
    import ssl

    if ca:
        return ssl.create_default_context(cafile=str(ca))
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


@asynccontextmanager
async def _client(url: str, ca: Path | None) -> AsyncIterator["httpx2.AsyncClient"]:
    import logging

    import httpx2

    import probe

    for name in ("httpx2", "httpcore2"):  # they log whole addresses, and headers
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = httpx2.AsyncClient(
            verify=trust(ca),
            trust_env=not loopback(url),
            follow_redirects=False,
            timeout=None,  # ours is over everything
            headers={"User-Agent": f"probe/{probe.__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
        )
    except (ImportError, ValueError, httpx2.InvalidURL):
        raise Undelivered(f"{origin(url)}: the proxy that the environment names cannot be used") from None
    async with client:
        yield client


async def _send(
    client: "httpx2.AsyncClient", url: str, body: bytes, headers: Mapping[str, str], hidden: tuple[str, ...]
) -> Answer:
    import httpx2

    try:
        async with client.stream("POST", url, content=body, headers=dict(headers)) as response:
            names = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status_code, names, await _bounded(response))
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
        raise Undelivered(f"{origin(url)}: {_why(error)}") from None
    finally:
        client.cookies.clear()
    if 200 <= answer.status < 300:
        return answer
    known = [piece for value in headers.values() for piece in (value, *value.split())]
    raise _refusal(answer, origin(url), (*hidden, *known))


async def _bounded(response: "httpx2.Response") -> bytes:
    import trio

    data = bytearray()
    # Left by a `break`, the library's inner generators would be closed by chance, outside of any task.
    with trio.CancelScope() as enough:
        async for piece in response.aiter_raw():
            data += piece
            if len(data) >= MOST_BYTES:
                enough.cancel()
    return bytes(data[:MOST_BYTES])


def _why(error: BaseException) -> str:
    """What went wrong, in words of our own: the library's may hold the whole address."""
    import ssl

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is refused: {shown(cause.verify_message, 200)}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {(cause.reason or 'no reason given').replace('_', ' ').lower()}"
        for kind, words in _words():
            if isinstance(cause, kind):
                return words
    return "no connection"


def _words() -> Iterator[tuple[type[Exception], str]]:
    import socket

    import httpx2

    yield socket.gaierror, "its name is not resolved"
    yield ConnectionRefusedError, "it refuses connections"
    yield httpx2.ProxyError, "the proxy does not let us through"
    yield httpx2.RemoteProtocolError, "it left without an answer, or does not speak HTTP"
    yield httpx2.ReadError, "the connection broke"
    yield httpx2.WriteError, "the connection broke"
    yield httpx2.LocalProtocolError, _NO_REQUEST
    yield httpx2.InvalidURL, _NO_REQUEST
    yield ValueError, _NO_REQUEST


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what is behind it. What is nearest to the wire tells most: it comes first."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) and len(chain) < 16:
        chain += inner.exceptions[:1] if isinstance(inner, BaseExceptionGroup) else [inner]
    return reversed(chain)


def _refusal(answer: Answer, where: str, hidden: tuple[str, ...]) -> Undelivered:
    after = _after(answer.headers.get("retry-after", ""), datetime.now(UTC))
    if 300 <= answer.status < 400:
        there = origin(answer.headers.get("location", ""))
        reason = f"redirects are not followed (to {there})" if there else "redirects are not followed"
        return Undelivered(f"{where} answered {answer.status}: {reason}", after=after)
    said = without(answer.said, hidden)
    reason = f"{where} answered {answer.status}" + (f": {said}" if said else "")
    return Undelivered(reason, final=answer.status in _FINAL, after=after)


def _after(text: str, now: datetime) -> float | None:
    """Seconds, of a number of them or a date (RFC 9110 §10.2.3), within bounds; None for anything else."""
    from email.utils import parsedate_to_datetime

    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MOST_WAITING)
    try:
        date = parsedate_to_datetime(text)
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), MOST_WAITING)
