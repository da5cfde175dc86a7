"""Everything else that has a chat, a phone or an app, through Apprise's addresses: https://appriseit.com/services/.

The library is an extra of its own, `starttls-probe[apprise]`. It blocks, so it runs in a thread, and it logs what it
does with whole addresses, which nobody gets to see: an address holds the password. What it says of a failure is that
there was one. Where one of several addresses fails, all of them hear the message again; with a sink for each, they
do not.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from probe.alert.address import revealed, shown
from probe.alert.message import headline, text
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Secret
from probe.model import Verdict
from probe.model.duty import Message

if TYPE_CHECKING:
    import apprise

MISSING = "apprise is not installed: pip install 'starttls-probe[apprise]'"
NAME = 40  # characters of a scheme


class Apprise(Sink, kw_only=True, frozen=True, tag="apprise"):
    """`urls` are Apprise's addresses."""

    urls: Annotated[tuple[Secret, ...], Meta(min_length=1, max_length=64)]

    @property
    def place(self) -> str:
        """The schemes: of what follows, Apprise alone knows what is a host and what is a token."""
        return ", ".join(_scheme(url) for url in self.urls)

    async def send(self, message: Message) -> None:
        import trio

        urls = [revealed(url) for url in self.urls]
        with trio.move_on_after(self.timeout) as scope:
            # A thread that was given up must not take a place from anybody.
            limiter = trio.CapacityLimiter(1)
            failed = await trio.to_thread.run_sync(_notify, urls, message, abandon_on_cancel=True, limiter=limiter)
        if scope.cancelled_caught:
            raise Undelivered(f"{self.place}: not done within {self.timeout:g} s")
        if failed:
            raise Undelivered(
                ", ".join(f"url {number + 1} ({_scheme(self.urls[number])}): {why}" for number, why in failed)
            )

    def remarks(self) -> Iterator[str]:
        try:
            library = _library()
        except ImportError:
            raise ValueError(MISSING) from None
        for number, url in enumerate(self.urls, 1):
            if _service(library, url.reveal()) is None:
                raise ValueError(f"urls: apprise does not know what to do with url {number} ({_scheme(url)})")
            if url.literal:
                held = f"url {number} ({_scheme(url)}) is a secret, and in plain sight here"
                yield f"{held}; env:NAME or file:PATH keeps it elsewhere"


def _notify(urls: list[str], message: Message) -> list[tuple[int, str]]:
    """Tells them one after another: those that failed, by number, and why."""
    try:
        library = _library()
    except ImportError:
        raise Undelivered(MISSING) from None
    kinds = {Verdict.FAIL: "failure", Verdict.WARN: "warning", Verdict.UNKNOWN: "warning", Verdict.OK: "success"}
    title, body = headline(message), text(message)
    failed = []
    for number, url in enumerate(urls):
        service = _service(library, url)
        if service is None:
            failed.append((number, "apprise does not know what to do with it"))
            continue
        try:
            done = service.notify(body=body, title=title, notify_type=kinds[message.verdict], body_format="text")
        except Exception as error:  # a plug-in of somebody's: whatever it raises, it did not deliver
            failed.append((number, f"failed ({type(error).__name__})"))
        else:
            if not done:
                failed.append((number, "not delivered"))
    return failed


def _library() -> "type[apprise.Apprise]":
    import logging

    import apprise

    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return apprise.Apprise


def _service(library: "type[apprise.Apprise]", url: str) -> "apprise.Apprise | None":
    """Of one address; None where it is none. No redirect is followed, nothing kept on disk, no event loop run."""
    import apprise

    asset = apprise.AppriseAsset(async_mode=False, storage_mode="memory", http_redirects=False)
    service = library(asset=asset)
    return service if service.add(url) and len(service) else None


def _scheme(url: Secret) -> str:
    try:
        scheme, there, _ = url.reveal().partition("://")
    except LookupError:
        return "?"
    return shown(scheme, NAME) if there else "?"
