"""How sinks speak HTTP, against a receiver that fails, stalls, redirects and lies."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.alert import http
from probe.alert.address import loopback, origin, secrets, shown, without
from probe.alert.http import Answer, post, remarks
from probe.alert.sink import Undelivered
from probe.alert.words import Secret
from tests.receiver import CLOSE, CUT, DRIP, FLOOD, RUBBISH, STALL, Fault, Receiver, Says, receiver
from tests.world import in_trio

SECRET = "T0000SECRET/B0000SECRET"
JSON = {"Content-Type": "application/json"}


async def tried(there: Receiver, headers: Mapping[str, str] = JSON, seconds: float = 10) -> Undelivered:
    """What comes of a POST that fails; no part of the address but its host may be in it."""
    with pytest.raises(Undelivered) as caught:
        await post(there.url(f"/services/{SECRET}?token=QUERYSECRET"), b"{}", headers, timeout=seconds)
    said = str(caught.value)
    assert "SECRET" not in said
    assert "services" not in said
    assert said.startswith(there.url(""))
    return caught.value


@in_trio
async def test_a_post_arrives_as_it_is_and_the_answer_comes_back() -> None:
    with receiver(Says(202, b"taken", {"X-Request-Id": "7"})) as there:
        answer = await post(there.url("/a?b=c"), b'{"a": 1}', {**JSON, "X-Key": "k"}, timeout=10)
    assert (answer.status, answer.body, answer.headers["x-request-id"]) == (202, b"taken", "7")
    (got,) = there.got
    assert (got.method, got.path, got.body) == ("POST", "/a?b=c", b'{"a": 1}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-key"] == "k"
    assert got.headers["user-agent"].startswith("probe/")


@pytest.mark.parametrize("status", [400, 405, 410, 413, 414, 415, 422, 431])
@in_trio
async def test_what_is_refused_for_what_it_is_is_not_sent_again(status: int) -> None:
    with receiver(Says(status, b"too\nlarge")) as there:
        error = await tried(there)
    assert error.final
    assert str(error).endswith(f"answered {status}: too large")


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504])
@in_trio
async def test_what_may_heal_is_sent_again(status: int) -> None:
    with receiver(Says(status, b"")) as there:
        error = await tried(there)
    assert not error.final
    assert str(error).endswith(f"answered {status}")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (CLOSE, "left without an answer"),
        (CUT, "left without an answer"),
        (RUBBISH, "does not speak HTTP"),
    ],
)
@in_trio
async def test_an_answer_that_is_none(fault: Fault, words: str) -> None:
    with receiver(fault) as there:
        error = await tried(there)
    assert words in str(error)
    assert not error.final


@pytest.mark.parametrize("fault", [STALL, DRIP])
@in_trio
async def test_an_answer_that_does_not_end_is_waited_for_no_longer_than_was_said(fault: Fault) -> None:
    with receiver(fault) as there, trio.fail_after(10):
        error = await tried(there, seconds=0.3)
    assert "no whole answer within 0.3 s" in str(error)
    assert not error.final


@in_trio
async def test_of_a_flood_the_beginning_is_read() -> None:
    with receiver(FLOOD) as there:
        answer = await post(there.url(), b"", {}, timeout=10)
    assert len(answer.body) == http.MOST_BYTES


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@in_trio
async def test_a_redirect_is_not_followed_and_is_named_by_its_host(status: int) -> None:
    with receiver() as elsewhere:
        says = Says(status, b"", {"Location": elsewhere.url("/SECRET/elsewhere")})
        with receiver(says) as there:
            error = await tried(there)
        assert elsewhere.got == []
    assert f"redirects are not followed (to {elsewhere.url('')})" in str(error)
    assert not error.final


@in_trio
async def test_what_a_receiver_repeats_of_our_secrets_is_not_shown() -> None:
    body = f"no team /services/{SECRET}?token=QUERYSECRET for Bearer HEADERSECRET \x1b[31mred\u202e".encode()
    with receiver(Says(404, body)) as there:
        error = await tried(there, {"Authorization": "Bearer HEADERSECRET"})
    assert str(error).endswith("\ufffd[31mred\ufffd")
    assert "no team …" in str(error)


@in_trio
async def test_what_a_receiver_says_is_cut() -> None:
    with receiver(Says(500, b"x" * 100_000)) as there:
        error = await tried(there)
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999999", 3600),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("", None),
        ("9" * 5000, 3600),
    ],
)
@in_trio
async def test_how_long_to_wait_in_seconds(text: str, seconds: float | None) -> None:
    assert http._after(text, datetime(2026, 3, 1, tzinfo=UTC)) == seconds
    if text.isascii() and len(text) < 100:
        with receiver(Says(429, b"", {"Retry-After": text})) as there:
            assert (await tried(there)).after == seconds


@pytest.mark.parametrize(("away", "seconds"), [(90, 90), (-90, 0), (10**6, 3600)])
def test_how_long_to_wait_until_a_date(away: int, seconds: float) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    date = format_datetime(now + timedelta(seconds=away), usegmt=True)
    assert http._after(date, now) == seconds


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_retry_after_breaks_it(text: str) -> None:
    seconds = http._after(text, datetime(2026, 3, 1, tzinfo=UTC))
    assert seconds is None or 0 <= seconds <= http.MOST_WAITING


@in_trio
async def test_nobody_listens_and_no_such_name() -> None:
    with receiver() as there:
        pass
    assert "refuses connections" in str(await tried(there))
    with pytest.raises(Undelivered, match=r"^https://nowhere\.invalid: its name is not resolved$"):
        await post("https://nowhere.invalid/SECRET", b"", {}, timeout=30)


@pytest.mark.parametrize(
    "url", ["", "hooks.slack.com/a", "ftp://example.org/", "https://", "https://[::1", "file:///x"]
)
@in_trio
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Undelivered, match="no address"):
        await post(url, b"", {}, timeout=5)
    with pytest.raises(ValueError, match="https://"):
        list(remarks(url))


@in_trio
async def test_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_HOOK", raising=False)
    with pytest.raises(Undelivered, match="the environment has no NO_SUCH_HOOK"):
        await post(Secret("env:NO_SUCH_HOOK"), b"", {}, timeout=5)
    with pytest.raises(LookupError):
        list(remarks(Secret("env:NO_SUCH_HOOK")))
    assert origin(Secret("env:NO_SUCH_HOOK")) == ""


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nX-C: d"}, {"X A": "b"}, {"X-A": "ä€"}])
@in_trio
async def test_headers_that_cannot_be(headers: dict[str, str]) -> None:
    with receiver() as there:
        assert "none that HTTP can carry" in str(await tried(there, headers))
    assert there.got == []


# --- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _once(there: Receiver, ca: Path | None) -> Answer:
    return trio.run(partial(post, there.url("/SECRET"), b"", {}, timeout=10, ca=ca))


def test_whom_nobody_vouches_for_is_refused_unless_its_authority_is_given(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with receiver(tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="certificate is refused: unable to get local issuer") as caught:
            _once(there, None)
        assert not caught.value.final
        assert there.got == []
        assert _once(there, ca).status == 200


def test_a_certificate_of_another_name_or_time_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    old = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    for certificate, words in ((authority.issue_cert("127.0.0.2"), "mismatch"), (old, "expired")):
        with receiver(tls=certificate) as there:
            with pytest.raises(Undelivered, match=words):
                _once(there, ca)
            assert there.got == []


def test_a_file_of_authorities_is_read_again_when_it_has_changed(authority: trustme.CA, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    with receiver(tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="refused"):
            _once(there, ca)
        ca.write_bytes(authority.cert_pem.bytes())
        assert _once(there, ca).status == 200


def test_a_file_without_authorities(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ValueError, match=f"ca: cannot read certificates from .*{name}"):
            list(remarks("https://example.org", ca=tmp_path / name))


@in_trio
async def test_where_tls_is_due_plain_text_is_not_spoken() -> None:
    with receiver() as there:
        there.scheme = "https"
        error = await tried(there)
    assert "TLS failed" in str(error)
    assert there.got == []


# --- what the environment has a say in, and what not


@in_trio
async def test_a_proxy_is_used_but_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as there:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        await post(there.url("/here"), b"", {}, timeout=10)
        await post("http://hooks.contoso.com/there", b"", {}, timeout=10)
    assert [got.path for got in there.got] == ["/here"]
    assert [got.path for got in proxy.got] == ["http://hooks.contoso.com/there"]


@pytest.mark.parametrize("proxy", ["http://user:PROXYSECRET@127.0.0.1:{}", "socks5://127.0.0.1:{}", "nonsense://x"])
@in_trio
async def test_a_proxy_that_does_not_serve(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(Says(403, b"PROXYSECRET")) as there:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.format(there.port))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(Undelivered, match=r"^https://hooks\.contoso\.com: the proxy") as caught:
            await post("https://hooks.contoso.com/SECRET", b"", {}, timeout=10)
    assert "SECRET" not in str(caught.value)


@in_trio
async def test_no_netrc_no_cookies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with receiver(Says(200, b"", {"Set-Cookie": "a=b; Path=/"})) as there:
        async with http.posting(there.url(), timeout=10) as send:
            await send(b"1", {})
            await send(b"2", {})
    assert len(there.got) == 2
    for got in there.got:
        assert "authorization" not in got.headers
        assert "cookie" not in got.headers


@in_trio
async def test_no_log_holds_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver() as there:
        await post(there.url(f"/{SECRET}"), b"", {"Authorization": "Bearer HEADERSECRET"}, timeout=10)
    assert "SECRET" not in caplog.text


# --- addresses


def test_what_is_remarked_of_an_address() -> None:
    assert list(remarks(Secret("http://127.0.0.1:9/x"))) == []
    assert list(remarks("https://hooks.contoso.com/x")) == []
    (plain,) = remarks("http://hooks.contoso.com/SECRET")
    assert "plain http" in plain
    (sight,) = remarks(Secret("https://hooks.contoso.com/SECRET"))
    assert "in plain sight" in sight
    assert len(list(remarks(Secret("http://hooks.contoso.com/SECRET")))) == 2
    assert "SECRET" not in plain + sight


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "[::1]", "localhost", "a.localhost", "LOCALHOST."])
def test_what_is_loopback(host: str) -> None:
    assert loopback(f"http://{host}:80/")


@pytest.mark.parametrize("host", ["128.0.0.1", "localhost.contoso.com", "127.0.0.1.contoso.com", "[::2]", "0.0.0.0"])
def test_what_is_not(host: str) -> None:
    assert not loopback(f"http://{host}/")


def test_an_origin_has_neither_user_nor_path() -> None:
    assert origin("https://user:SECRET@Hooks.contoso.com:8443/SECRET?SECRET#SECRET") == "https://hooks.contoso.com:8443"
    assert origin("https://[2001:db8::1]/x") == "https://[2001:db8::1]"
    assert "\x1b" not in origin("https://a\x1b[31m/")


@settings(deadline=None)
@given(st.from_regex("[A-Za-z0-9]{8,30}", fullmatch=True), st.text("0 /-", max_size=120))
def test_nothing_of_a_path_survives_blotting(path: str, noise: str) -> None:
    hidden = tuple(secrets(f"https://hooks.contoso.com/{path}/{path[::-1]}?key={path}%20x"))
    said = without(f"{noise}{path.swapcase()}{noise}{path[::-1]} {path} x", hidden)
    assert path.casefold() not in said.casefold()
    assert path[::-1].casefold() not in said.casefold()
    assert len(said) <= 200


def test_what_is_encoded_in_an_address_is_known_in_plain_as_well() -> None:
    assert without("no team a secret key", tuple(secrets("https://hooks.contoso.com/a%20secret%20key"))) == "no team …"


@settings(deadline=None)
@given(st.text(), st.integers(1, 50))
def test_shown_is_one_printable_line(text: str, most: int) -> None:
    assert shown(text, most).isprintable()
    assert len(shown(text, most)) <= most
