"""The demo's deliveries: what its server on premises sends is what the listener sees, and comes out as built."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import trio
from cryptography.hazmat.primitives.serialization import Encoding

from probe.demo.deliveries import Delivery, deliveries
from probe.demo.estate import HOST
from probe.demo.show import hear_deliveries
from probe.dialogue.smtp import Envelope, attend
from probe.model import Attributed, Direction, Relay, Report, Verdict

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def told() -> dict[str, tuple[Delivery, Report, list[str]]]:
    """Every delivery as it came out, and in which ways otherwise than built."""
    found: dict[str, tuple[Delivery, Report, list[str]]] = {}

    def tell(case: Delivery, report: Report, wrong: list[str]) -> None:
        found[case.name] = case, report, wrong

    trio.run(hear_deliveries, tell)
    return found


NAMES = [case.name for case in deliveries("127.0.0.1", NOW).cases]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_is_what_is_seen(told: dict[str, tuple[Delivery, Report, list[str]]], name: str) -> None:
    case, report, wrong = told[name]
    assert wrong == []
    (seen,) = report.evidence.observations
    assert (seen.direction, seen.failure, seen.endpoint.address) == (Direction.INBOUND, None, "127.0.0.1")
    sent = tuple(one.public_bytes(Encoding.DER) for one in case.identity.chain) if case.identity else None
    assert (seen.chain and seen.chain.der) == sent
    domain = case.mail.sender.rpartition("@")[2]
    assert attend(seen.transcript) == Envelope(
        greeted=HOST,
        greeted_inside=HOST,
        asked=True,
        senders=(domain,),
        recipients=("fabrikam.example",),
        inside=True,
        left=True,
    )


@pytest.mark.parametrize(
    ("name", "outcome", "relay"),
    [
        ("attributed", Attributed.BY_CERTIFICATE, Relay.YES),
        ("sent without its chain", Attributed.CHAIN_BAD, Relay.NO),
        ("another certificate", Attributed.NO_CONNECTOR, Relay.NO),
        ("sent self-signed", Attributed.CHAIN_BAD, Relay.NO),
        ("no certificate sent", Attributed.NOT_SENT, Relay.NO),
        ("bounce by address", Attributed.BY_ADDRESS, Relay.ACCEPTED_SENDERS),
    ],
)
def test_what_exchange_online_would_make_of_it(
    told: dict[str, tuple[Delivery, Report, list[str]]], name: str, outcome: Attributed, relay: Relay
) -> None:
    found = told[name][1].attribution
    assert found
    assert (found.outcome, found.relay, bool(found.reply)) == (outcome, relay, name != "attributed")


def test_a_delivery_that_came_out_otherwise_says_how(told: dict[str, tuple[Delivery, Report, list[str]]]) -> None:
    case, report, _ = told["attributed"]
    other = replace(
        case,
        outcome=Attributed.BY_ADDRESS,
        verdict=Verdict.WARN,
        codes=frozenset({"relay-refused"}),
        causes=frozenset("x"),
    )
    assert other.otherwise(report) == [
        "attributed: no finding relay-refused",
        "attributed: no finding with the cause x",
        "attributed: OK, and was built to be WARN",
        "attributed: ATTRIBUTED_CERT, and was built for ATTRIBUTED_IP",
    ]


def test_dates_are_relative_to_the_given_now() -> None:
    leaf = next(case.identity for case in deliveries("127.0.0.1", NOW).cases if case.identity).chain[0]
    assert (leaf.not_valid_after_utc - NOW).days == 150


def test_a_fault_of_ours_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("probe.run.listen.receive", broken)
    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(hear_deliveries, lambda *_: None)
    assert caught.value.split(ZeroDivisionError)[1] is None
