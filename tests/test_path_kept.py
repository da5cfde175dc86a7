"""What is kept of OpenSSL's answers: the same question, at any later time, gets the answer that it would get anew."""

from datetime import datetime, timedelta

import pytest

from fixtures.certificates import FROM, UNTIL, Made, authority, leaf
from probe.judge import store
from probe.judge.store import Found, Loaded
from tests.test_costs import counted

HOST = "mail.contoso.com"
SECOND = timedelta(seconds=1)
A_DAY = timedelta(days=1)

ROOT = authority("CN=Root", until=UNTIL - 2 * A_DAY)  # an anchor's dates count, too
ISSUING = authority("CN=Issuing CA", ROOT)
LEAF = leaf(f"CN={HOST}", ISSUING, (HOST,))
SHORT = leaf(f"CN={HOST}", ISSUING, (HOST,), not_before=FROM + A_DAY, until=UNTIL - A_DAY)
DATES = (FROM, FROM + A_DAY, UNTIL - 2 * A_DAY, UNTIL - A_DAY, UNTIL)
MOMENTS = [date + n * SECOND / 2 for date in DATES for n in range(-3, 4)]


def told(chain: tuple[bytes, ...], at: datetime) -> Found:
    return Loaded().path(chain, (ROOT.der,), at, 0)


def anew(chain: tuple[bytes, ...], at: datetime) -> Found:
    store._known.cache_clear()
    return told(chain, at)


@pytest.mark.parametrize("end", [LEAF, SHORT])
@pytest.mark.parametrize("order", [1, -1])
def test_around_every_date_it_says_what_openssl_says(end: Made, order: int) -> None:
    chain = (end.der, ISSUING.der)
    fresh = {at: anew(chain, at) for at in MOMENTS}
    assert {error for _, error in fresh.values()} > {None}
    store._known.cache_clear()
    assert {at: told(chain, at) for at in MOMENTS[::order]} == fresh
    assert {at: told(chain, at) for at in MOMENTS[::order]} == fresh


def test_between_two_dates_it_is_asked_once() -> None:
    chain, asked = (SHORT.der, ISSUING.der), []
    store._known.cache_clear()
    for at in (FROM + 2 * A_DAY, FROM + 3 * A_DAY, UNTIL - 3 * A_DAY, UNTIL - A_DAY):
        with counted() as calls:
            told(chain, at)
        asked.append(bool(calls["get_verified_chain"]))
    assert asked == [True, False, False, True]  # within its dates, and after the root's
