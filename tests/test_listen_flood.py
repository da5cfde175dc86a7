"""Our listener under a flood, as a process of its own, so that its size and its processor time can be measured."""

import json
import resource
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from bench import authority, build, listening
from bench.authority import Files
from tests.listening import Client, deliver

DELIVERED = ["250", "250", "451", "221"]
MANY = 2000
SOURCES = tuple(f"127.0.0.{number}" for number in range(2, 7))
HELLO = bytes.fromhex("1603014000010000fc0303")  # the beginning of a ClientHello that never ends


@pytest.fixture(scope="module", autouse=True)
def _many_files() -> Iterator[None]:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2 * MANY:
        pytest.skip("fewer files may be open than the flood has connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return authority.make(tmp_path_factory.mktemp("authority"))


def command(connections: int, each: int, handshakes: int = 100_000, seconds: int = 60) -> list[str | Path]:
    numbers = map(str, (connections, each, handshakes, seconds))
    return [sys.executable, build.HERE / "listener.py", *numbers]


@contextmanager
def crowd(port: int, count: int, sources: Sequence[str]) -> Iterator[list[socket.socket]]:
    """So many connections, begun at once, of which each source has its share."""
    with ExitStack() as stack, selectors.DefaultSelector() as waiting:
        sockets = []
        for number in range(count):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.bind((sources[number % len(sources)], 0))
            sock.connect_ex(("127.0.0.1", port))
            waiting.register(sock, selectors.EVENT_WRITE)
            sockets.append(sock)
        while waiting.get_map():
            for key, _ in waiting.select(10):
                waiting.unregister(key.fileobj)
        for sock in sockets:
            sock.settimeout(10)
        yield sockets


def first_words(sockets: Sequence[socket.socket]) -> list[bytes]:
    """The code that each is met with; nothing where it was cut off."""
    words = []
    for sock in sockets:
        try:
            words.append(sock.recv(4096)[:3])
        except ConnectionError:
            words.append(b"")
    return words


def misbehave(number: int, sock: socket.socket) -> None:
    """Say nothing; garbage; a command without end; STARTTLS and half of a handshake."""
    with suppress(ConnectionError):
        match number % 4:
            case 1:
                sock.sendall(bytes(range(256)) * 20)
            case 2:
                sock.sendall(b"NOOP " + b"x" * 4000)
            case 3:
                sock.sendall(b"EHLO a\r\nSTARTTLS\r\n")
                if b"\r\n220 " in sock.recv(4096):
                    sock.sendall(HELLO)


def test_two_thousand_at_once_keep_nobody_else_from_being_served(tmp_path: Path) -> None:
    """Those who are too many of one address are told so; what is left over serves the others."""
    with listening.serving(command(1000, 100), tmp_path) as (pid, port):
        for _ in range(5):
            assert deliver(port) == DELIVERED
        before = listening.resident(pid)
        with crowd(port, MANY, SOURCES) as sockets:
            words = first_words(sockets)
            assert words.count(b"220") == 100 * len(SOURCES)
            assert set(words) <= {b"220", b"421", b""}
            inside = [sock for sock, word in zip(sockets, words, strict=True) if word == b"220"]
            for number, sock in enumerate(inside):
                misbehave(number, sock)
            assert deliver(port) == DELIVERED
            assert listening.resident(pid) - before < 64
        assert [deliver(port) for _ in range(5)] == [DELIVERED] * 5
        assert listening.resident(pid) - before < 64


def test_whoever_floods_is_written_down_and_nothing_of_ours_breaks(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(5000, 5000, seconds=1), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    ) as server:
        assert server.stdout
        assert server.stdin
        port = int(server.stdout.readline())
        with crowd(port, MANY, SOURCES) as sockets:
            assert first_words(sockets) == [b"220"] * MANY
            for number, sock in enumerate(sockets):
                misbehave(number, sock)
            for sock in sockets:  # until the listener has had enough of each
                with suppress(ConnectionError):
                    while sock.recv(4096):
                        pass
        assert deliver(port) == DELIVERED
        server.stdin.close()
        assert json.loads(server.stdout.read()) == {"heard": MANY + 1, "away": 0, "faults": 0}


def test_a_thousand_idle_clients_cost_little(files: Files, tmp_path: Path) -> None:
    """MiB, in plain text and inside TLS."""
    with listening.serving(command(5000, 5000), tmp_path) as (pid, port):
        listening.clients("tls", port, 50, 4, files, tmp_path)
        sizes = [listening.resident(pid)]
        with listening.holding("idle-plain", port, 1000, files, tmp_path):
            sizes.append(listening.resident(pid))
            with listening.holding("idle-tls", port, 1000, files, tmp_path):
                sizes.append(listening.resident(pid))
                assert deliver(port) == DELIVERED
    assert sizes[1] - sizes[0] < 150
    assert sizes[2] - sizes[1] < 150


def test_two_hundred_deliveries_cost_no_more_than_a_second_of_a_core(files: Files, tmp_path: Path) -> None:
    """Of the listener's own time: what else the machine does is none of its business."""
    with listening.serving(command(5000, 5000), tmp_path) as (pid, port):
        listening.clients("tls", port, 50, 4, files, tmp_path)
        before = listening.processor(pid)
        took = listening.clients("tls", port, 600, 8, files, tmp_path)
        assert len(took) / (listening.processor(pid) - before) > 200


def test_a_listener_that_has_no_more_files_waits_until_somebody_leaves(tmp_path: Path) -> None:
    with listening.serving(command(1000, 1000), tmp_path) as (pid, port):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, 40))
        with crowd(port, 200, SOURCES) as sockets:
            sockets[0].recv(4096)
            sockets[-1].settimeout(0.3)
            with pytest.raises(TimeoutError):  # TCP took it in, and nobody greets it
                sockets[-1].recv(4096)
        assert deliver(port) == DELIVERED


def test_handshakes_beyond_the_rate_are_put_off(tmp_path: Path) -> None:
    with listening.serving(command(1000, 1000, handshakes=5), tmp_path) as (_, port):
        clients = [Client(port) for _ in range(40)]
        answers = [client.starttls()[:3] for client in clients]
        for client in clients:
            client.close()
    assert set(answers) == {"220", "454"}
    assert answers[0] == "220"
