"""The listener on duty from within: what of all that comes is looked at, and what is answered."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import trio

from probe.alert.sink import Sink
from probe.config.duty import Door, Listening
from probe.errors import ConfigError
from probe.model import Many, Observation, Organisation, Reply, Report
from probe.report.ran import Ran
from probe.run import reception as module
from probe.run.events import Form, Log
from probe.run.hosting import dressed
from probe.run.listen import bind
from probe.run.look import judge_one
from probe.run.pace import ALL, EACH, MOST, NAMED, Pace
from probe.run.reception import Reception
from tests.deliveries import CLIENT, OTHER, SHOWN, delivered
from tests.duties import AT, Ear, Holder, Scene, scene
from tests.looks import HOUR
from tests.organisations import organisation
from tests.pki import Authority

FOREIGN = organisation(
    inbound=tuple(
        replace(one, tls_sender_certificate_name="other.example", sender_ip_addresses=Many(()))
        for one in organisation().inbound
    )
)


def real(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """In real time, for the sockets are real."""

    @wraps(test)
    def run(**fixtures: Any) -> None:
        async def inner() -> None:
            await test(**fixtures)

        trio.run(inner)

    return run


@dataclass
class Hall:
    """A listener on duty at a port, and what came of it."""

    on: Scene
    port: int
    reception: Reception
    log: io.StringIO
    seen: list[Ran] = field(default_factory=list)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [found for line in self.log.getvalue().splitlines() if (found := json.loads(line))["event"] == name]

    async def deliver(self, sender: str = "x@contoso.com") -> str:
        """In plain text; gives the answer to the recipient, or what was said instead of a banner."""
        lines = ("EHLO mail.contoso.com", f"MAIL FROM:<{sender}>", "RCPT TO:<y@elsewhere.example>", "QUIT")
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
            reply = await _reply(stream)
            if reply.startswith("220"):
                replies = []
                for line in lines:
                    await stream.send_all(f"{line}\r\n".encode())
                    replies.append(await _reply(stream))
                reply = replies[2]
            with trio.fail_after(10):
                while await stream.receive_some():  # it hangs up once it is done with us
                    pass
        return reply

    def listen(self, **changes: Any) -> None:
        """Another configuration is in force."""
        settings = self.on.duty.settings
        assert settings.listen
        self.on.duty.settings = replace(settings, listen=replace(settings.listen, **changes))


async def _reply(stream: trio.SocketStream) -> str:
    data = b""
    with trio.fail_after(10):
        while not data.endswith(b"\r\n") or data.splitlines()[-1][3:4] == b"-":
            data += await stream.receive_some()
    return data.decode()


@asynccontextmanager
async def hall(path: Path, sinks: Iterable[Sink] = (), by: Organisation | None = None) -> AsyncIterator[Hall]:
    async with scene(path, sinks) as on, trio.open_nursery() as nursery:
        log = io.StringIO()
        on.duty.log = Log(log, Form.JSON)
        listen = Listening(door=Door(host="listener.example"), organisation=by)
        on.duty.settings = replace(on.duty.settings, listen=listen)
        sockets = bind("127.0.0.1", 0)
        seen: list[Ran] = []
        reception = Reception(listen.door, sockets, on.duty, on.now, seen.append)
        await nursery.start(reception.serve)
        yield Hall(on, int(sockets[0].getsockname()[1]), reception, log, seen)
        reception.stop()
        await reception.ended.wait()


@real
async def test_the_answer_is_by_what_is_in_force_now(tmp_path: Path) -> None:
    async with hall(tmp_path, by=FOREIGN) as here:
        assert (await here.deliver()).startswith("451 4.7.0")
        here.listen(reply=Reply.EXCHANGE)
        assert (await here.deliver()).startswith("550 5.7.64 TenantAttribution")
        here.listen(organisation=None)
        assert (await here.deliver()).startswith("451 4.7.0"), "nobody knows what Exchange Online would say"


@real
async def test_what_is_the_same_is_looked_at_twice_a_minute(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with hall(tmp_path, [ear]) as here:
        for _ in range(30):
            await here.deliver()
        assert len(here.seen) == 1
        await here.on.duty.deliver()
    assert len(here.seen) == 2, "the newest has its turn, at the latest when all ends"
    assert [one["deliveries"] for one in here.events("listen-limited")] == [28]
    assert [code for _, code in ear.told] == ["client-without-tls"]


@real
async def test_whoever_holds_a_state_holds_it_as_long_as_the_client_is_known(tmp_path: Path) -> None:
    holder = Holder(name="holder")
    async with hall(tmp_path, [holder]) as here:
        await here.deliver()
        await here.on.duty.deliver()
    (notice,) = holder.heard[0].notices
    assert notice.until is not None
    assert notice.until - AT >= timedelta(days=30)


@real
async def test_a_bug_in_one_look_is_told_and_the_next_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Report:
        raise ZeroDivisionError

    async with hall(tmp_path) as here:
        monkeypatch.setattr(module, "judge_one", broken)
        await here.deliver()
        monkeypatch.setattr(module, "judge_one", judge_one)
        await here.deliver("")
    assert [(one["error"], one["target"]) for one in here.events("fault")] == [("ZeroDivisionError", "listen")]
    assert [ran.standing.name for ran in here.seen] == ["listen"]


@real
async def test_a_fault_of_its_own_ends_it_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Pace) -> tuple[int, int]:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "MINUTE", 0)
    async with hall(tmp_path) as here:
        assert here.reception.stands(here.reception.door)
        monkeypatch.setattr(Pace, "begin", broken)
        with trio.fail_after(10):
            await here.reception.ended.wait()
        assert not here.reception.stands(here.reception.door)
    assert [one["where"] for one in here.events("fault")] == ["listen"]


@real
async def test_a_stranger_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.run.hosting.AT_HOME", ())
    async with hall(tmp_path) as here:
        for _ in range(3):
            assert (await here.deliver()).startswith("554 5.7.1")
    assert [(one["client"], one["reason"]) for one in here.events("turned-away")] == [("127.0.0.1", "not-allowed")]
    assert [one["turned_away"] for one in here.events("listen-limited")] == [2]
    assert not here.seen


@real
async def test_who_only_knocks_is_no_delivery(tmp_path: Path) -> None:
    async with hall(tmp_path) as here, await trio.open_tcp_stream("127.0.0.1", here.port) as stream:
        await _reply(stream)
        await stream.send_all(b"EHLO scanner\r\nQUIT\r\n")
        while await stream.receive_some():
            pass
    assert not here.seen
    assert not here.events("delivery")


@real
async def test_without_its_table_nothing_is_looked_at_any_more(tmp_path: Path) -> None:
    async with hall(tmp_path) as here:
        here.on.duty.settings = replace(here.on.duty.settings, listen=None)
        assert (await here.deliver()).startswith("451")
    assert not here.seen


def test_a_certificate_that_tls_cannot_use_is_said_before_anything_begins() -> None:
    root = Authority.root()
    one, other = root.leaf(), root.leaf()
    assert dressed(one.pem, one.key_pem)
    with pytest.raises(ConfigError, match="TLS has no use"):
        dressed(one.pem, other.key_pem)


# What is worth a look


class Paced:
    """Deliveries at a pace, and those that were looked at."""

    def __init__(self) -> None:
        self.looked: list[Observation] = []
        self.pace = Pace(self.looked.append)

    def came(self, client: str = CLIENT, sender: str = "contoso.com", at: datetime = AT) -> Observation:
        seen = delivered(*SHOWN, client=client, sender=f"x@{sender}", at=at)
        self.pace.came(seen)
        return seen


def test_of_what_is_alike_the_first_and_the_newest_count() -> None:
    paced = Paced()
    all_of_them = [paced.came(at=AT + n * HOUR) for n in range(5)]
    assert paced.looked == [all_of_them[0]]
    assert paced.pace.begin() == (3, 0)
    assert paced.looked == [all_of_them[0], all_of_them[-1]]
    assert paced.pace.begin() == (0, 0)
    assert len(paced.looked) == 2


def test_what_is_not_alike_is_looked_at_at_once() -> None:
    paced = Paced()
    different = [paced.came(), paced.came(OTHER), paced.came(sender="contoso.net")]
    paced.pace.came(changed := replace(different[0], chain=None))
    assert paced.looked == [*different, changed]


def test_one_client_has_no_more_than_its_share() -> None:
    paced = Paced()
    for n in range(EACH * 3):
        paced.came(sender=f"{n}.example")
    assert len(paced.looked) == EACH
    paced.came(OTHER)
    assert paced.looked[-1].endpoint.address == OTHER, "and is in nobody's way"
    assert paced.pace.begin() == (EACH, 0), "so many waited, the rest is left out"
    assert len(paced.looked) == EACH * 2 + 1


def test_all_together_have_no_more_than_a_machine_can_bear() -> None:
    paced = Paced()
    for n in range(ALL + MOST + 5):
        paced.came(f"10.0.{n // 250}.{n % 250}")
    assert len(paced.looked) == ALL
    assert paced.pace.begin() == (5, 0)
    assert len(paced.looked) == ALL * 2
    for _ in range(MOST // ALL + 1):
        assert paced.pace.begin() == (0, 0)
    assert len({one.endpoint.address for one in paced.looked}) == len(paced.looked) == ALL + MOST, "each had its turn"


def test_so_many_who_are_turned_away_are_named() -> None:
    pace = Pace(lambda _: None)
    named = [pace.names(f"10.0.0.{n}", "too-many") for n in range(NAMED + 3)]
    assert named == [True] * NAMED + [False] * 3
    assert pace.begin() == (0, 3)
    assert pace.names("10.0.0.1", "too-many")
