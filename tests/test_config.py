"""Words and files of the user: what is understood, and what is refused with a line that names it."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.certificates import sample
from fixtures.make import HERE
from fixtures.scenes import scenes
from probe import config
from probe.codec import encode
from probe.errors import ConfigError, EvidenceError, ProbeError, UsageError
from probe.model import Target

SHA1 = "52b4aa6defe3b5cb25122b92519b89be3082bba1"


def refused(ask: Callable[[], Any], error: type[ProbeError], said: str) -> None:
    with pytest.raises(error) as raised:
        ask()
    assert said in str(raised.value)
    for line in (str(raised.value), raised.value.hint):
        assert line
        assert "\n" not in line
        assert not line.endswith(".")


# Targets


@pytest.mark.parametrize(
    ("word", "name", "port", "dialogue"),
    [
        ("mail.example.org:25", "mail.example.org", 25, "smtp"),
        ("MAIL.Example.ORG.:25", "mail.example.org", 25, "smtp"),
        ("EX01:25", "ex01", 25, "smtp"),
        ("192.0.2.1:25", "192.0.2.1", 25, "smtp"),
        ("192.0.2.1", "192.0.2.1", 25, "smtp"),
        ("[2001:db8::1]:25", "2001:db8::1", 25, "smtp"),
        ("[2001:DB8:0::1]", "2001:db8::1", 25, "smtp"),
        ("2001:db8::1", "2001:db8::1", 25, "smtp"),
        ("[IPv6:2001:db8::1]:25", "2001:db8::1", 25, "smtp"),
        ("[fe80::1%eth0]:25", "fe80::1%eth0", 25, "smtp"),
        ("fe80::1%eth0", "fe80::1%eth0", 25, "smtp"),
        ("example.org", "example.org", None, "smtp"),
        ("example.org.", "example.org", None, "smtp"),
        ("org", "org", None, "smtp"),
        ("user@example.org", "example.org", None, "smtp"),
        ('"odd@local"@Example.org', "example.org", None, "smtp"),
        ("bücher.example:25", "xn--bcher-kva.example", 25, "smtp"),
        ("BÜCHER.example", "xn--bcher-kva.example", None, "smtp"),
        ("user@bücher.example", "xn--bcher-kva.example", None, "smtp"),
        ("mail。example。org:25", "mail.example.org", 25, "smtp"),  # ideographic full stops
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None, "smtp"),
        ("_smtp.example.org:25", "_smtp.example.org", 25, "smtp"),
        ("smtp://mail.example.org", "mail.example.org", 25, "smtp"),
        ("smtp://mail.example.org:2525", "mail.example.org", 2525, "smtp"),
        ("SMTP://mail.example.org/", "mail.example.org", 25, "smtp"),
        ("submission://mail.example.org", "mail.example.org", 587, "submission"),
        ("smtps://mail.example.org", "mail.example.org", 465, "smtps"),
        ("smtps://[2001:db8::1]:4650", "2001:db8::1", 4650, "smtps"),
        ("https://mail.example.org", "mail.example.org", 443, "direct"),
        ("https://mail.example.org:8443/owa/?x=1", "mail.example.org", 8443, "direct"),
        ("https://192.0.2.1", "192.0.2.1", 443, "direct"),
        ("tls://mail.example.org:993", "mail.example.org", 993, "direct"),
        ("mail.example.org:465", "mail.example.org", 465, "smtps"),
        ("mail.example.org:443", "mail.example.org", 443, "direct"),
        ("mail.example.org:993", "mail.example.org", 993, "direct"),
        ("mail.example.org:587", "mail.example.org", 587, "submission"),
        ("  mail.example.org:25\t", "mail.example.org", 25, "smtp"),
        ("judge", "judge", None, "smtp"),
        ("a" * 63 + ".example", "a" * 63 + ".example", None, "smtp"),
    ],
)
def test_targets(word: str, name: str, port: int | None, dialogue: str) -> None:
    assert config.target(word) == Target(given=word.strip(), name=name, port=port, dialogue=dialogue)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "is not a target"),
        (".", "is not a target"),
        ("..", "is not a target"),
        ("mail..example.org", "is not a target"),
        (".example.org", "is not a target"),
        ("example.org..", "is not a target"),
        ("-mail.example.org", "is not a target"),
        ("mail-.example.org", "is not a target"),
        ("mail example.org", "is not a target"),
        ("mail.example.org/x", "is not a target"),
        ("*.example.org", "is not a target"),
        ("a" * 64 + ".example", "is not a target"),
        (".".join(["a" * 60] * 5), "is not a target"),
        ("user@", "is not a target"),
        ("user@example.org:25", "is not a target"),
        ("mail.example.org:", "the port ``"),
        ("mail.example.org:0", "the port `0`"),
        ("mail.example.org:65536", "the port `65536`"),
        ("mail.example.org:-25", "the port `-25`"),
        ("mail.example.org:+25", "the port `+25`"),
        ("mail.example.org:2 5", "the port `2 5`"),
        ("mail.example.org:25x", "the port `25x`"),
        ("mail.example.org:٢٥", "the port `٢٥`"),
        ("mail.example.org:" + "9" * 5000, "the port"),
        ("mail.example.org:25:25", "the port `25:25`"),
        ("http://mail.example.org", "unknown scheme `http`"),
        ("://mail.example.org", "unknown scheme ``"),
        ("tls://mail.example.org", "names no port"),
        ("smtp://", "is not a target"),
        ("smtp://user@mail.example.org", "is not a target"),
        ("[mail.example.org]:25", "no address between its brackets"),
        ("[]:25", "no address between its brackets"),
        ("[2001:db8::1", "is not a target"),
        ("[2001:db8::1]25", "is not a target"),
        ("[2001:db8::1]:x", "the port `x`"),
        ("[2001:db8::1%]:25", "no address between its brackets"),
        ("[2001:db8::1%a b]:25", "no address between its brackets"),
        ("192.0.2", "looks like an address and is none"),
        ("192.0.2.256:25", "looks like an address and is none"),
        ("1", "looks like an address and is none"),
        ("192.0.2.1%eth0", "is not a target"),
        ("mail\x1b[31m.example.org", "cannot be printed"),
        ("mail\x00.example.org", "cannot be printed"),
        ("mail\udcff.example.org", "cannot be printed"),
        ("mail\u202eexample.org", "cannot be printed"),
        ("\ufeff", "cannot be printed"),
        ("xn--a\u0300.example", "no international domain name"),
        ("ü" * 70 + ".example", "no international domain name"),
    ],
)
def test_what_is_no_target(word: str, said: str) -> None:
    refused(lambda: config.target(word), UsageError, said)


@settings(deadline=None)
@given(st.text(max_size=30) | st.text(st.sampled_from("a1.-:[]@/%*ü \x00٢"), max_size=20))
def test_any_word_is_a_target_or_refused(word: str) -> None:
    try:
        found = config.target(word)
    except UsageError:
        return
    assert found.given == word.strip()
    assert found.name.isascii()
    assert found.name == found.name.lower() or "%" in found.name
    assert not found.name.endswith(".")
    assert found.port is None or 0 < found.port < 65536


LIST = "\n".join(
    (
        "# ours",
        "mail.example.org:25   # the first",
        "",
        "   ",
        "user@example.org",
        "\t[2001:db8::1]:25\t",
        "#mail.example.net:25",
    )
)


@pytest.mark.parametrize(
    "raw",
    [
        LIST.encode(),
        LIST.replace("\n", "\r\n").encode(),
        LIST.encode("utf-8-sig"),
        LIST.encode("utf-16"),  # what PowerShell's > writes
        b"\xfe\xff" + LIST.encode("utf-16-be"),
    ],
)
def test_a_list_of_targets(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "targets"
    path.write_bytes(raw)
    found = list(config.targets(["a.example", f"@{path}", "b.example"]))
    assert [target.given for target in found] == [
        "a.example",
        "mail.example.org:25",
        "user@example.org",
        "[2001:db8::1]:25",
        "b.example",
    ]


@pytest.mark.parametrize("raw", [b"good.example\nbad..example\n", b"good.example\n\xff\xfe.example\n"])
def test_a_bad_line_is_named(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "targets"
    path.write_bytes(raw)
    refused(lambda: list(config.targets([f"@{path}"])), UsageError, f"{path}, line 2: ")


def test_an_empty_list_names_nothing(tmp_path: Path) -> None:
    path = tmp_path / "targets"
    path.write_text("# nothing\n\n")
    assert list(config.targets([f"@{path}"])) == []


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_list_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    refused(lambda: list(config.targets([f"@{tmp_path / name}"])), ConfigError, "cannot read a list of targets from")


# Single options


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24 18:00:01", datetime(2026, 12, 24, 18, 0, 1, tzinfo=UTC)),
        ("2026-12-24T18:00:00Z", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24T18:00:00+09:00", datetime(2026, 12, 24, 9, tzinfo=UTC)),
        ("2026-12-31T23:00:00-05:00", datetime(2027, 1, 1, 4, tzinfo=UTC)),
        ("20261224T180000Z", datetime(2026, 12, 24, 18, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    found = config.moment(text)
    assert (found, found.tzinfo) == (moment, UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "24.12.2026", "2026-02-30", "2026-13-01", "1", "2026-12-24T25:00"])
def test_what_is_no_date(text: str) -> None:
    refused(lambda: config.moment(text), UsageError, f"--at `{text}` is not a date")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_beyond_the_calendar(text: str) -> None:
    refused(lambda: config.moment(text), UsageError, "beyond the calendar")


@pytest.mark.parametrize(
    "text",
    [
        SHA1,
        SHA1.upper(),
        ":".join(SHA1[place : place + 2] for place in range(0, 40, 2)),
        " ".join(SHA1[place : place + 2] for place in range(0, 40, 2)),
        f"\u200e{SHA1}",  # the mark that Windows' certificate dialog puts in front
        f"\u200f\ufeff{SHA1}\u202c\n",
        f"{SHA1[:8]}-{SHA1[8:]}\u00a0",
    ],
)
def test_thumbprints(text: str) -> None:
    assert config.thumbprint(text) == SHA1
    assert config.thumbprint(text + "0" * 24) == SHA1 + "0" * 24


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not hexadecimal"),
        ("zz" * 20, "is not hexadecimal"),
        (SHA1[:-1], "has 39 digits"),
        (SHA1 + "0", "has 41 digits"),
        (SHA1 + "0" * 23, "has 63 digits"),
        (f"0x{SHA1}", "is not hexadecimal"),
        ("٠" * 40, "is not hexadecimal"),
    ],
)
def test_what_is_no_thumbprint(text: str, said: str) -> None:
    refused(lambda: config.thumbprint(text), UsageError, said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("[::1]:53", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("::1", ("::1", 53)),
        ("fe80::1%eth0", ("fe80::1%eth0", 53)),
    ],
)
def test_resolvers(text: str, expected: tuple[str, int]) -> None:
    assert config.resolver(text) == expected


@pytest.mark.parametrize("text", ["", "dns.example", "192.0.2.53:0", "192.0.2.53:x", "[::1", "192.0.2", "::1:53x"])
def test_what_is_no_resolver(text: str) -> None:
    refused(lambda: config.resolver(text), UsageError, f"--resolver `{text}` is not an address")


@pytest.mark.parametrize(
    ("text", "expected"), [("192.0.2.1", "192.0.2.1"), ("[::1]", "::1"), ("2001:DB8:0::1", "2001:db8::1")]
)
def test_addresses(text: str, expected: str) -> None:
    assert config.address(text, "--connect") == expected


@pytest.mark.parametrize("text", ["", "mail.example.org", "192.0.2.1:25", "[192.0.2.1]:25", "192.0.2.1%eth0"])
def test_what_is_no_address(text: str) -> None:
    refused(lambda: config.address(text, "--connect"), UsageError, f"--connect `{text}` is not an address")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail.contoso.com", "mail.contoso.com"),
        ("*.Contoso.com", "*.contoso.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("EX01", "ex01"),
    ],
)
def test_expected_names(text: str, expected: str) -> None:
    assert config.expected_name(text) == expected


@pytest.mark.parametrize("text", ["", "*", "*.", "*.*.org", "a.*.org", "m*.contoso.com", "mail contoso", "a:25"])
def test_what_is_no_expected_name(text: str) -> None:
    refused(lambda: config.expected_name(text), UsageError, "--expect-name")


def test_identities() -> None:
    assert config.identity("<S>CN=mail.contoso.com").subject == ((("CN", "mail.contoso.com"),),)
    refused(lambda: config.identity("CN=mail.contoso.com"), UsageError, "--expect-certificate cannot be read")


# Files


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def test_roots_add_up(tmp_path: Path) -> None:
    own = written(tmp_path / "own.pem", b"comment\n" + (HERE / "exchange" / "root.pem").read_bytes())
    certifi, both = config.anchors(["certifi"]), config.anchors(["certifi", own, own])
    assert len(certifi.der) > 100
    assert both.der == (*certifi.der, sample("root"))
    assert certifi.label.startswith("Mozilla's list (certifi 20")
    assert both.label.startswith(f"{certifi.label} and own.pem")


def test_a_file_may_hold_several_roots_in_any_dress(tmp_path: Path) -> None:
    pems = [ssl.DER_cert_to_PEM_cert(sample(name)) for name in ("root", "int2025")]
    path = written(tmp_path / "roots.pem", "\ufeff# ours\n\n".join(("", *pems)).replace("\n", "\r\n").encode())
    assert config.anchors([path]).der == (sample("root"), sample("int2025"))


def test_the_system_s_roots() -> None:
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or (paths.capath and any(Path(paths.capath).glob("*.pem")))):
        pytest.skip("this system has no list of roots where OpenSSL looks for one")
    found = config.anchors(["system"])
    assert found.der
    assert found.label == "the system's list"


GOOD = ssl.DER_cert_to_PEM_cert(sample("root"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no certificate"),
        (b"not PEM\n", "holds no certificate"),
        (sample("root"), "holds no certificate"),  # DER
        (GOOD.partition("-----END")[0].encode(), "holds no certificate"),
        (GOOD.replace("CERTIFICATE", "PRIVATE KEY").encode(), "holds no certificate"),
        (GOOD.replace("MII", "M!I", 1).encode(), "damaged"),
        (GOOD.replace("MII", "MI", 1).encode(), "damaged"),
        (GOOD.replace("MII", "MIü", 1).encode(), "damaged"),
        (GOOD.replace("MIID", "MIIE", 1).encode(), "damaged"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged"),
        (GOOD.encode() + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 2 is damaged"),
    ],
)
def test_roots_that_are_none(tmp_path: Path, data: bytes, said: str) -> None:
    path = written(tmp_path / "roots.pem", data)
    refused(lambda: config.anchors([path]), ConfigError, said)


@pytest.mark.parametrize("name", ["missing.pem", "."])
def test_roots_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    refused(lambda: config.anchors([str(tmp_path / name)]), ConfigError, "cannot read roots from")


def test_evidence_is_read_line_by_line(tmp_path: Path) -> None:
    lines = [encode(scenes()[name]) for name in ("healthy", "expired")]
    path = tmp_path / "evidence"
    written(path, b"\r\n".join((lines[0], b"", lines[1], b"")))
    assert list(config.evidence(path)) == [scenes()["healthy"], scenes()["expired"]]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", EvidenceError, "holds no evidence"),
        (b"\n \n", EvidenceError, "holds no evidence"),
        (encode(scenes()["healthy"]) + b"\n{}\n", EvidenceError, "line 2: not evidence of a probe"),
        (b'{"format":7}', EvidenceError, "line 1: evidence of format 7"),
    ],
)
def test_evidence_that_is_none(tmp_path: Path, data: bytes, error: type[ProbeError], said: str) -> None:
    path = Path(written(tmp_path / "evidence", data))
    refused(lambda: list(config.evidence(path)), error, said)
    refused(lambda: list(config.evidence(tmp_path / "missing")), ConfigError, "cannot read evidence from")


def test_client_certificates(tmp_path: Path) -> None:
    chain, key = GOOD.encode(), b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"
    leaf, both = Path(written(tmp_path / "leaf.pem", chain)), Path(written(tmp_path / "both.pem", chain + key))
    secret = Path(written(tmp_path / "key.pem", key))
    assert config.client_certificate(leaf, secret) == (chain, key)
    assert config.client_certificate(both, None) == (chain + key, chain + key)
    refused(lambda: config.client_certificate(leaf, None), ConfigError, "leaf.pem holds no private key")
    refused(lambda: config.client_certificate(secret, None), ConfigError, "key.pem holds no certificate")
    refused(lambda: config.client_certificate(leaf, leaf), ConfigError, "leaf.pem holds no private key")
    refused(lambda: config.client_certificate(tmp_path / "x", None), ConfigError, "cannot read the client certificate")


DER, SECRET = sample("root"), b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (GOOD.encode(), (DER,)),
        (DER, (DER,)),
        (b"0 is how this comment begins\n" + GOOD.encode(), (DER,)),
        (SECRET + GOOD.encode() + GOOD.encode(), (DER,)),  # each once
        ((GOOD + ssl.DER_cert_to_PEM_cert(sample("int2025"))).encode(), (DER, sample("int2025"))),
    ],
)
def test_certificates(tmp_path: Path, data: bytes, found: tuple[bytes, ...]) -> None:
    path = Path(written(tmp_path / "certificate", data))
    assert config.certificates([path, path]) == found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no certificate"),
        (SECRET, "holds no certificate"),
        (DER[:-1], "certificate 1 is damaged"),
        (DER + b"\n", "certificate 1 is damaged"),
        (DER[:4], "certificate 1 is damaged"),
        (b"\x30\x82", "certificate 1 is damaged"),
        (GOOD.encode() + GOOD.replace("MII", "MIA", 1).encode(), "certificate 2 is damaged"),
        (ssl.DER_cert_to_PEM_cert(DER + b"\x00").encode(), "certificate 1 is damaged"),
    ],
)
def test_what_are_no_certificates(tmp_path: Path, data: bytes, said: str) -> None:
    path = Path(written(tmp_path / "certificate", data))
    refused(lambda: config.certificates([path]), ConfigError, said)
    if not data.startswith(b"\x30"):  # --next-certificate is PEM alone
        refused(lambda: config.chain(path), ConfigError, said)
    with pytest.raises(ConfigError) as raised:
        config.certificates([path])
    assert "c2VjcmV0" not in f"{raised.value}{raised.value.hint}"


def test_a_chain_keeps_its_order_and_what_it_repeats(tmp_path: Path) -> None:
    pem = (GOOD + ssl.DER_cert_to_PEM_cert(sample("int2025")) + GOOD).encode()
    path = Path(written(tmp_path / "chain.pem", SECRET + pem))
    assert config.chain(path) == (DER, sample("int2025"), DER)
    refused(lambda: config.chain(tmp_path / "missing"), ConfigError, "cannot read certificates from")
