"""Listens for Prometheus (`--metrics ADDR:PORT`), and bounds what a client may cost.

Hypercorn speaks HTTP; what it leaves open is closed here. It waits for ever until a client takes its answer, even when
cancelled; it has no limit for connections, whose sockets the probes need; and an error in one connection ends them all.
So each connection is handed to it singly, with limits on how long it may idle and sending may take.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import trio

from probe.config.targets import host_and_port
from probe.errors import ConfigError, UsageError
from probe.run.http_app import App, Receive, Send, Source

if TYPE_CHECKING:
    from hypercorn.config import Config

MOST_CONNECTIONS = 256
IDLE_SECONDS = 5.0  # for the head of a request, and between two of them
SEND_SECONDS = 20.0  # until a client has taken what we say
MOST_HEAD = 16384  # bytes
_LOOPBACK = "127.0.0.1"
_HINT = "as in 127.0.0.1:9465, [::1]:9465, or :9465 for loopback"


def bind(text: str) -> tuple[str, int]:
    """Address and port of "ADDR:PORT"; of a port alone the address is loopback's. Raises `UsageError`."""
    word = text.strip()
    if word.removeprefix(":").isdecimal():
        word = f"{_LOOPBACK}:{word.removeprefix(':')}"
    try:
        host, port = host_and_port(word, text)
    except UsageError as error:
        raise UsageError(str(error), _HINT) from None
    if port is None:
        raise UsageError(f"`{text}` names no port to listen on", _HINT)
    return host, port


async def serve(
    address: tuple[str, int],
    source: Source,
    *,
    allowed: Sequence[str] = (),
    task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled. Reports what it listens on when it does. Raises `ConfigError` where it cannot."""
    listeners = await _listen(*address)
    async with trio.open_nursery() as nursery:
        clients = _Clients(App(source, nursery, allowed), source)
        task_status.started([listener.socket.getsockname()[:2] for listener in listeners])
        try:
            with _shortages(source):
                await trio.serve_listeners(clients.serve, listeners, handler_nursery=nursery)
        finally:
            clients.close()
            nursery.cancel_scope.cancel()


async def _listen(host: str, port: int) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"cannot listen on {host} port {port}: {reason}", "is it taken, or not ours?") from None


class _Shortage(logging.Handler):
    """Where nothing can be accepted for want of file descriptors, trio tells so ten times a second, to stderr."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            self._source.trouble(error)


@contextmanager
def _shortages(source: Source) -> Iterator[None]:
    logger, handler = logging.getLogger("trio.serve_listeners"), _Shortage(source)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


class _Clients:
    """Those that are connected."""

    def __init__(self, app: App, source: Source) -> None:
        self._app, self._source, self._config = app, source, _config()
        self._streams: set[trio.SocketStream] = set()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serves one until either side closes. Raises nothing: the others go on."""
        from hypercorn.app_wrappers import ASGIWrapper
        from hypercorn.trio.tcp_server import TCPServer
        from hypercorn.trio.worker_context import WorkerContext
        from hypercorn.typing import ConnectionState

        async with stream:
            if len(self._streams) >= MOST_CONNECTIONS:
                return
            self._streams.add(stream)
            client = _Client(stream, self._app)
            app = ASGIWrapper(cast("Any", client.app))
            try:
                with client.patience:
                    await TCPServer(app, self._config, WorkerContext(None), ConnectionState({}), cast("Any", client))
            except Exception as error:  # of the library, or raised in it by what a client said
                self._source.trouble(error)
            finally:
                self._streams.discard(stream)

    def close(self) -> None:
        """Ends what is being sent, which being cancelled does not."""
        for stream in self._streams:
            stream.socket.close()


class _Client:
    """One connection, as Hypercorn uses it: a stream and an application. `patience` is what it has when nothing is
    being answered: some ways to ask for HTTP/2 or WebSockets have Hypercorn wait for ever."""

    def __init__(self, stream: trio.SocketStream, app: App) -> None:
        self._stream, self._app = stream, app
        self.socket = stream.socket
        self.patience = trio.CancelScope(deadline=_soon())
        self._answering, self._gone = 0, False

    async def app(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """The application, which looks at the clock itself."""
        self._answering += 1
        self.patience.deadline = math.inf
        try:
            await self._app(scope, receive, send)
        finally:
            self._answering -= 1
            self._rest()

    def _rest(self) -> None:
        if not self._answering:
            self.patience.deadline = -math.inf if self._gone else _soon()

    async def send_all(self, data: bytes) -> None:
        """Raises `trio.BrokenResourceError` where it takes too long, as for any other peer that is gone."""
        try:
            with trio.fail_after(SEND_SECONDS):
                await self._stream.send_all(data)
        except trio.TooSlowError:
            raise trio.BrokenResourceError("the client does not take its answer") from None

    async def receive_some(self, most: int) -> bytes | bytearray:
        """As the stream's own. Who has left takes no place any more."""
        data = await self._stream.receive_some(most)
        if not data:
            self._gone = True
            self._rest()
        return data

    async def send_eof(self) -> None:
        """As the stream's own."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """As the stream's own."""
        await self._stream.aclose()


def _soon() -> float:
    return trio.current_time() + IDLE_SECONDS + 1  # Hypercorn is the first to lose patience


def _config() -> "Config":
    from hypercorn.config import Config

    config = Config()
    config.errorlog = config.accesslog = None
    config.include_server_header = False
    config.keep_alive_timeout = IDLE_SECONDS
    config.h11_max_incomplete_size = MOST_HEAD
    config.h2_max_concurrent_streams = 8
    config.h2_max_header_list_size = MOST_HEAD
    return config
