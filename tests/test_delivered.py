"""How a listener stands: it is looked at by its clients, and what one shows says nothing of another."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from probe.model import InboundConnector, Many, Observation, Organisation, PresentedChain, Verdict
from probe.model.duty import Became, Standing
from probe.state import delivered as module
from probe.state.blobs import pack, unpack
from probe.state.changes import changes, tell
from probe.state.delivered import GONE, LEAVES, MOST, SETTLED
from probe.state.standing import stand
from tests.deliveries import CLIENT, OTHER, RENEWED, SHOWN, broken, delivered, look
from tests.looks import AT, EXPIRED, HOUR, SECOND
from tests.organisations import INBOUND, organisation

FAIL, OK = Verdict.FAIL, Verdict.OK
WHOLE = organisation()
NOBODYS = organisation(
    inbound=(
        InboundConnector(
            name=INBOUND,
            enabled=True,
            connector_type="OnPremises",
            tls_sender_certificate_name="other.example",
            sender_ip_addresses=Many(()),
        ),
    )
)
BY_ADDRESS = organisation(
    inbound=(
        InboundConnector(
            name=INBOUND,
            enabled=True,
            connector_type="OnPremises",
            tls_sender_certificate_name="",
            sender_ip_addresses=Many((CLIENT, OTHER)),
        ),
    )
)


def stood(*deliveries: Observation, by: Organisation | None = None) -> Standing:
    """How the listener stands after these, each an hour after the one before."""
    found: Standing | None = None
    for seen in deliveries:
        found = stand(found, look(seen, by))
    assert found
    return found


def later(hours: float) -> dict[str, Any]:
    return {"at": AT + hours * HOUR}


def opened(found: Standing) -> set[tuple[str, str | None]]:
    return {(episode.code, episode.where.host) for episode in found.episodes}


def test_what_one_client_shows_closes_nothing_of_another() -> None:
    found = stood(delivered(*EXPIRED), delivered(*SHOWN, client=OTHER, **later(1)))
    assert opened(found) == {("certificate-expired", CLIENT)}
    assert found.verdict is FAIL
    assert {(one.host, one.at) for one in found.endpoints} == {(CLIENT, AT), (OTHER, AT + HOUR)}
    assert {(one.host, one.last) for one in found.certificates} == {(CLIENT, AT), (OTHER, AT + HOUR)}
    mended = stand(found, look(delivered(*SHOWN, **later(2))))
    assert (opened(mended), mended.verdict) == (set(), OK)
    assert [change.kind for change in changes(found, mended)] == [Became.CLEARED, Became.CERTIFICATE]


def test_two_servers_behind_one_address_do_not_open_and_close_a_fault_in_turn() -> None:
    """A right and a wrong one, by turns every few minutes: one change, and not one a delivery."""
    found = stood(delivered(*EXPIRED))
    for minute in range(5, 60, 5):
        chain = SHOWN if minute % 10 else EXPIRED
        again = stand(found, look(delivered(*chain, at=AT + timedelta(minutes=minute))))
        assert opened(again) == {("certificate-expired", CLIENT)}
        assert not [change for change in changes(found, again) if change.code == "certificate-expired"]
        found = again
    mended = stand(found, look(delivered(*SHOWN, at=AT + timedelta(minutes=50) + SETTLED)))
    assert opened(mended) == set()


def test_the_same_fault_of_the_same_client_is_told_once() -> None:
    first = stood(delivered(*EXPIRED))
    _, told = tell(None, first, None)
    again = stand(first, look(delivered(*EXPIRED, **later(1))))
    assert again.episodes[0].began == AT
    assert (changes(first, again), tell(told, again, None)[0]) == ((), ())


@pytest.mark.parametrize("fault", [broken(), delivered(plain=True)], ids=["handshake", "plain"])
def test_what_kept_it_from_tls_is_over_with_a_session(fault: Observation) -> None:
    code = "client-without-tls" if fault.failure is None else "client-handshake-failed"
    bad = stood(fault)
    assert opened(bad) == {(code, CLIENT)}
    assert opened(stand(bad, look(delivered(*SHOWN, client=OTHER, **later(1))))) == {(code, CLIENT)}
    assert opened(stand(bad, look(delivered(*SHOWN, **later(1))))) == set()


def test_who_left_without_a_word_is_forgiven_once_it_delivers() -> None:
    bad = stood(delivered(*SHOWN, sender=None, transcript=delivered().transcript[:2]))
    assert opened(bad) == {("client-left", CLIENT)}
    refused = replace(broken(at=AT + HOUR), chain=PresentedChain(der=SHOWN))  # it showed them, and got no session
    assert opened(stand(bad, look(refused))) == {
        ("client-left", CLIENT),
        ("client-handshake-failed", CLIENT),
    }
    assert opened(stand(bad, look(delivered(*SHOWN, **later(1))))) == set()


def test_one_that_falls_back_to_plain_text_does_not_flap() -> None:
    """First TLS fails, then it delivers without: neither says that the other is mended."""
    found = stood(broken(), delivered(plain=True, **later(1)))
    assert {code for code, _ in opened(found)} == {"client-handshake-failed", "client-without-tls"}
    for hours in (2, 4):
        again = stand(found, look(broken(at=AT + hours * HOUR)))
        again = stand(again, look(delivered(plain=True, **later(hours + 1))))
        assert changes(found, again) == ()


def test_a_chain_is_not_mended_by_a_client_that_got_less_far() -> None:
    found = stood(delivered(*EXPIRED), broken(at=AT + HOUR))
    assert {code for code, _ in opened(found)} == {"certificate-expired", "client-handshake-failed"}


def test_whose_it_is_is_closed_where_that_was_found_out() -> None:
    bad = stood(delivered(*SHOWN), by=NOBODYS)
    assert ("not-attributed", CLIENT) in opened(bad)
    early = stand(bad, look(broken(at=AT + HOUR), NOBODYS))
    assert ("not-attributed", CLIENT) in opened(early)
    assert ("not-attributed", CLIENT) in opened(stand(bad, look(delivered(*SHOWN, client=OTHER, **later(1)), WHOLE)))
    assert ("not-attributed", CLIENT) not in opened(stand(bad, look(delivered(*SHOWN, **later(1)), WHOLE)))
    assert ("not-attributed", CLIENT) not in opened(stand(bad, look(delivered(*SHOWN, **later(1))))), "nobody asks"


def test_a_sender_that_may_relay_says_nothing_of_one_that_may_not() -> None:
    bad = stood(delivered(sender=""), by=BY_ADDRESS)
    assert ("relay-refused", CLIENT) in opened(bad)
    other = stand(bad, look(delivered(**later(1)), BY_ADDRESS))
    assert ("relay-refused", CLIENT) in opened(other), "bounces are still refused"
    assert [change.code for change in changes(bad, other) if change.code == "relay-refused"] == []
    same = stand(other, look(delivered(*SHOWN, sender="", **later(2)), WHOLE))
    assert ("relay-refused", CLIENT) not in opened(same)
    attributed = stand(other, look(delivered(*SHOWN, **later(2)), WHOLE))
    assert ("relay-refused", CLIENT) not in opened(attributed), "whoever the sender is"


def test_a_renewed_certificate_is_a_change() -> None:
    before = stood(delivered(*SHOWN), delivered(*SHOWN, client=OTHER, **later(1)))
    after = stand(before, look(delivered(*RENEWED, **later(2))))
    (change,) = changes(before, after)
    assert (change.kind, change.where.host) == (Became.CERTIFICATE, CLIENT)
    turned = stand(after, look(delivered(*SHOWN, client=OTHER, **later(3))))
    assert changes(after, turned) == ()


def test_a_client_that_shows_none_leaves_what_it_had_shown() -> None:
    found = stood(delivered(*SHOWN), delivered(**later(1)))
    assert opened(found) == {("client-certificate-not-sent", CLIENT)}
    assert [one.host for one in found.certificates] == [CLIENT]


def test_who_has_been_away_for_long_is_forgotten() -> None:
    bad = stood(delivered(*EXPIRED, client=SECOND))
    almost = stand(bad, look(delivered(*SHOWN, at=AT + GONE)))
    assert opened(almost) == {("certificate-expired", SECOND)}
    gone = stand(bad, look(delivered(*SHOWN, at=AT + GONE + timedelta(seconds=1))))
    assert (opened(gone), gone.verdict) == (set(), OK)
    assert [one.host for one in gone.endpoints] == [one.host for one in gone.certificates] == [CLIENT]


def test_so_many_clients_are_known_and_no_more() -> None:
    found = stood(*[delivered(*EXPIRED, client=f"10.0.0.{n}", at=AT + n * HOUR) for n in range(MOST + 2)])
    known = {f"10.0.0.{n}" for n in range(2, MOST + 2)}
    assert {one.host for one in found.endpoints} == known
    assert {one.host for one in found.certificates} == known
    assert {host for _, host in opened(found)} == known


def test_one_that_shows_another_certificate_each_time_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVES", 2)
    assert LEAVES > 2
    found = stood(delivered(*SHOWN), delivered(*RENEWED, **later(1)), delivered(*EXPIRED, **later(2)))
    found = stand(found, look(delivered(*SHOWN, client=OTHER, **later(3))))
    assert [one.last for one in found.certificates if one.host == CLIENT] == [AT + 2 * HOUR, AT + HOUR]


def test_it_is_kept_as_it_is() -> None:
    found = stood(delivered(*SHOWN))
    assert found.endpoints[0].at == AT
    assert unpack(pack(found), Standing) == found


def test_a_clock_that_was_ahead_leaves_no_client_in_the_future() -> None:
    found = stood(delivered(*SHOWN, at=AT + 400 * 24 * HOUR), delivered(*SHOWN, client=OTHER))
    assert {(one.host, one.at) for one in found.endpoints} == {(CLIENT, AT), (OTHER, AT)}
