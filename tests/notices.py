"""Messages for sinks, in a line."""

from datetime import UTC, datetime, timedelta
from typing import Any

from probe.model import Verdict, Where
from probe.model.duty import Became, Item, Message, Notice

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def item(kind: Became = Became.APPEARED, verdict: Verdict = Verdict.FAIL, **fields: Any) -> Item:
    """A certificate that has expired at mail.contoso.com, unless told otherwise."""
    plain: dict[str, Any] = {
        "kind": kind,
        "target": "contoso.com",
        "key": "0123456789abcdef",
        "code": "certificate-expired",
        "title": "The certificate has expired",
        "sentence": "It ended 2026-02-27 12:00:00 UTC, 2 days ago.",
        "place": "mail.contoso.com 192.0.2.25:25",
        "where": Where(kind="certificate", host="mail.contoso.com", address="192.0.2.25", port=25, position=0),
        "verdict": verdict,
        "since": AT - timedelta(days=2),
        "at": AT,
        "remedy": ("Renew it, then give it to the connector:", "    Set-SendConnector ..."),
        "exchange": ("450 4.7.320 Certificate validation failed",),
        "facts": {"days_left": "-2", "thumbprint": "AB" * 20},
    }
    return Item(**plain | fields)


def notice(*items: Item, target: str = "contoso.com", **fields: Any) -> Notice:
    plain: dict[str, Any] = {"target": target, "given": target, "at": AT, "verdict": Verdict.FAIL, "items": items}
    return Notice(**plain | fields)


def message(*notices: Notice, **fields: Any) -> Message:
    plain: dict[str, Any] = {"key": "k1", "at": AT, "sender": "watch.contoso.com", "notices": notices}
    return Message(**plain | fields)
