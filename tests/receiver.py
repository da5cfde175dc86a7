"""A real receiver of alerts over HTTP or HTTPS, on loopback, in a thread: keeps what it gets, misbehaves as told.

    with receiver(Says(503), Says(200, b"ok")) as there:           # in this order; the last one for all that follow
        await sink_with(there.url("/services/secret")).send(message)
    assert there.got[0].headers["user-agent"].startswith("probe/")
    assert there.got[0].json["verdict"] == "FAIL"

    with receiver(tls=authority.issue_cert("127.0.0.1")) as there:  # a certificate of trustme's

What it can do, beside `Says(status, body, headers)`, in place of an answer:

    STALL      says nothing at all             CLOSE      closes without an answer
    DRIP       200, and a body without end     RUBBISH    answers, but not in HTTP
    FLOOD      200, and bytes as fast as they are taken, without end
    CUT        200, and closes in the middle of a body whose length it has announced

As an HTTP proxy it serves, too: `got[n].path` is then the whole address. It takes GET, PUT and CONNECT like POST. What
is asked of it is bounded by nothing: it is for our own sinks. Nothing of it is left when the block ends.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme


class Fault(Enum):
    STALL = "stall"
    DRIP = "drip"
    FLOOD = "flood"
    CUT = "cut"
    CLOSE = "close"
    RUBBISH = "rubbish"


STALL, DRIP, FLOOD, CUT, CLOSE, RUBBISH = Fault


@dataclass(frozen=True, slots=True)
class Says:
    """An answer."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Got:
    """A request. Names of headers in lower case; `peer` is the port that it came from."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """`got` is all that came, oldest first. `answers` may be exchanged while it runs."""

    scheme: str
    port: int
    answers: list[Says | Fault]
    got: list[Got] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end

    def __init__(self, answers: list[Says | Fault], tls: trustme.LeafCert | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if tls and self.context:
            tls.configure_cert(self.context)
        self.there = Receiver("https" if tls else "http", self.server_address[1], answers)

    def finish_request(self, request: Any, client_address: Any) -> None:
        # Whoever does not trust us leaves in the middle of a handshake, and whoever has heard enough of an answer.
        with suppress(OSError):
            if self.context is None:
                super().finish_request(request, client_address)
                return
            request.settimeout(30)
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)

    def next(self, got: Got) -> Says | Fault:
        with self.lock:
            self.there.got.append(got)
            answers = self.there.answers
            return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # written in one go at the end of a request
    disable_nagle_algorithm = True
    server: _Server

    def take(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.next(Got(self.command, self.path, headers, body, self.client_address[1]))
        if isinstance(answer, Says):
            self._say(answer)
        else:
            self.close_connection = True
            self._misbehave(answer)

    do_POST = do_GET = do_PUT = do_CONNECT = take  # noqa: N815  the library's names

    def _say(self, answer: Says) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _misbehave(self, fault: Fault) -> None:
        over = self.server.over
        match fault:
            case Fault.STALL:
                over.wait(30)
            case Fault.RUBBISH:
                self._write(b"220 mail.contoso.com ESMTP\r\n")
            case Fault.CUT:
                self._write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
            case Fault.DRIP | Fault.FLOOD:
                self._write(b"HTTP/1.1 200 OK\r\n\r\n")
                while not over.wait(0.02 if fault is Fault.DRIP else 0):
                    self._write(b"ok" if fault is Fault.DRIP else bytes(65536))

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        pass


@contextmanager
def receiver(*answers: Says | Fault, tls: trustme.LeafCert | None = None) -> Iterator[Receiver]:
    """Listens on a port of 127.0.0.1 until the block ends. Without `answers` it says 200 and "ok" to everything."""
    with _Server(list(answers) or [Says()], tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.there
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
