"""Messages for tests of sinks: one by hand, and any number of hostile ones.

`HOSTILE` are texts that mean something to some receiver: markup, mentions, macros, overrides, quotes. An item's texts
are visible already (see `Item`), so there are no control characters in them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from probe.model import Verdict
from probe.model.duty import Became, Item, Message, Notice
from probe.model.report import Where

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

HOSTILE = (
    "<!channel> <@U0000001> <!subteam^S0000001>",
    "<https://evil.example.org|click>",
    "[click](https://evil.example.org) ![](https://evil.example.org/x.png)",
    "https://evil.example.org/",
    "*bold* _it_ ~no~ `code` ```fence``` # head",
    "&lt;!channel&gt; &amp; <script>alert(1)</script>",
    "{{DATE(2026-03-01T12:00:00Z, LONG)}} ${headline} ${text}",
    "<at>everyone</at> @everyone :fire:",
    '"quoted" \\ \\u0022 {"a": 1}',
    "ÄÖÜ 証明書 𝔗𝔏𝔖",
)


def item(**changed: Any) -> Item:
    """A certificate that has expired on a host of Contoso's, but for what is `changed`."""
    usual: dict[str, Any] = {
        "kind": Became.APPEARED,
        "target": "contoso.com",
        "key": "0123456789abcdef",
        "code": "certificate-expired",
        "title": "The certificate has expired",
        "sentence": "the certificate expired on 2026-02-26",
        "place": "mail.contoso.com 192.0.2.25:25",
        "where": Where(kind="certificate", host="mail.contoso.com", address="192.0.2.25", port=25, position=0),
        "verdict": Verdict.FAIL,
        "before": None,
        "since": AT - timedelta(days=3),
        "at": AT,
        "remedy": ("Install a new certificate, and let the connectors use it:", "    Enable-ExchangeCertificate"),
        "exchange": ("450 4.7.320 Certificate validation failed",),
        "facts": {"not_after": "2026-02-26"},
    }
    return Item(**usual | changed)


def message(*items: Item, **changed: Any) -> Message:
    """One notice for each target of the items, the usual expired certificate where there are none."""
    by_target: dict[str, list[Item]] = {}
    for one in items or (item(),):
        by_target.setdefault(one.target, []).append(one)
    notices = tuple(
        Notice(target=name, given=name, tags=("edge",), at=AT, verdict=Verdict.FAIL, items=tuple(held))
        for name, held in by_target.items()
    )
    usual: dict[str, Any] = {"key": "fedcba9876543210", "at": AT, "sender": "probe.contoso.com", "notices": notices}
    return Message(**usual | changed)


_LINES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" "), max_size=200),
    st.sampled_from(HOSTILE).map(lambda text: text * 60),
)
_TIMES = st.integers(-(10**7), 0).map(lambda seconds: AT + timedelta(seconds=seconds))


@st.composite
def items(draw: st.DrawFn) -> Item:
    """Any item that keeps what `Item` promises."""
    return item(
        kind=draw(st.sampled_from(Became)),
        target=draw(_LINES) or "x",
        key=draw(st.integers(0, 16**16 - 1).map(lambda number: f"{number:016x}")),
        code=draw(_LINES) or "x",
        title=draw(_LINES),
        sentence=draw(_LINES),
        place=draw(_LINES),
        verdict=draw(st.sampled_from(Verdict)),
        before=draw(st.none() | st.sampled_from(Verdict)),
        since=draw(_TIMES),
        remedy=tuple(draw(st.lists(_LINES, max_size=4))),
        exchange=tuple(draw(st.lists(_LINES, max_size=3))),
        facts=draw(st.dictionaries(_LINES, _LINES, max_size=3)),
    )


def messages(most: int = 12) -> st.SearchStrategy[Message]:
    """Hostile messages of up to so many items; the same item again and again makes more of some."""
    few = st.lists(items(), min_size=1, max_size=most)
    return st.tuples(few, st.integers(1, 20)).map(lambda made: message(*(made[0] * made[1])))
