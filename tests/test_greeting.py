"""By which name we greet."""

import socket
import threading

import pytest
import trio

from probe.observe.greeting import own_name
from tests.world import in_mock_time, in_trio


async def name_of(short: str, full: str = "localhost") -> str | None:
    return await own_name(lambda: short, lambda: full)


@pytest.mark.parametrize(
    ("short", "full", "name"),
    [
        ("mx.example.org", "other.example.org", "mx.example.org"),
        ("MX.Example.ORG", "localhost", "mx.example.org"),
        ("mx", "mx.example.org", "mx.example.org"),
        ("localhost.localdomain", "mx.example.org", "mx.example.org"),
        ("a" * 63 + ".example", "", "a" * 63 + ".example"),
    ],
)
@in_trio
async def test_the_full_name_is_told(short: str, full: str, name: str) -> None:
    assert await name_of(short, full) == name


@pytest.mark.parametrize(
    "useless",
    [
        "localhost",
        "localhost.localdomain",
        "localhost6.localdomain6",
        "LOCALHOST.example.org",
        "EX01",
        "",
        "127.0.0.1",
        "::1",
        "1.0.0.127.in-addr.arpa",
        "mx.example.org.\r\nQUIT",
        "mx.example.org\n",
        "mx_1.example.org",
        "-mx.example.org",
        "mx..example.org",
        "bücher.example",
        "a" * 64 + ".example",
        "mx.example.org/x",
    ],
)
@in_trio
async def test_what_is_no_full_name_is_not(useless: str) -> None:
    assert await name_of(useless, useless) is None
    assert await name_of("ex01", useless) is None


@in_trio
async def test_the_full_name_is_looked_up_only_where_it_is_missing() -> None:
    assert await own_name(lambda: "mx.example.org", lambda: 1 // 0) == "mx.example.org"  # type: ignore[arg-type, return-value]


@in_trio
async def test_a_host_name_that_dns_cannot_carry() -> None:
    assert await own_name(lambda: "a" * 64, lambda: socket.getfqdn("a" * 64)) is None


@in_mock_time
async def test_the_system_gets_two_seconds() -> None:
    enough = threading.Event()

    def full() -> str:
        enough.wait()
        return "mx.example.org"

    began = trio.current_time()
    assert await own_name(lambda: "ex01", full) is None
    assert trio.current_time() - began == pytest.approx(2)
    enough.set()


@in_trio
async def test_this_host_has_a_name_or_none() -> None:
    name = await own_name()
    assert name is None or "." in name
