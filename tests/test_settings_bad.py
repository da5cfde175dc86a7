"""A `probe.toml` that is wrong: one line names file, line, table, key and what was found, one what is allowed."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.make import HERE
from probe.config.settings import examine, load
from probe.config.settings.alerts import kinds
from probe.config.settings.document import MOST_BYTES
from probe.config.settings.written import Target
from probe.config.settings.written_once import Defaults, Listen, Store
from probe.errors import ConfigError
from tests.pki import Authority
from tests.sinks import use_two_kinds

EXPORT = HERE / "exchange" / "exports" / "exo-outbound.json"
A_TARGET = '[[target]]\ntarget = "example.org"\n'
A_HOST = '[[target]]\ntarget = "mail.example.org:25"\n'
AN_ADDRESS = '[[target]]\ntarget = "192.0.2.1:25"\n'
HOOK = f'{A_TARGET}[[alert]]\nkind = "hook"\nurl = "x"\n'
LETTER = f'{A_TARGET}[[alert]]\nkind = "letter"\nfrom = "x"\nto = ["y"]\n'


def locked() -> bytes:
    """A private key that only a passphrase opens."""
    form = serialization.PrivateFormat.PKCS8
    secret = serialization.BestAvailableEncryption(b"secret")
    return Authority.root().private_key.private_bytes(serialization.Encoding.PEM, form, secret)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    use_two_kinds(monkeypatch)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with files that are good for something else."""
    (tmp_path / "empty").touch()
    (tmp_path / "outbound.json").write_bytes(EXPORT.read_bytes())
    (tmp_path / "roots.pem").write_bytes((HERE / "roots.pem").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(text: str | bytes) -> tuple[str, str]:
    """What is told of this text: message and hint, each one line."""
    Path("probe.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as raised:
        load(Path("probe.toml"))
    message, hint = str(raised.value), raised.value.hint
    for line in (message, hint):
        assert line
        assert "\n" not in line
        assert not line.endswith(".")
    return message, hint


# Keys. Of each: values that it cannot have, and what is told of them. A wrong type is tried of all of them below.

WRONG: tuple[tuple[str, str, str], ...] = (
    ("target", '""', 'target is ""'),
    ("target", '"x..example"', "`x..example` is not a target"),
    ("target", '"http://x.example"', "unknown scheme `http`"),
    ("target", '"x.example:99999"', "the port `99999`"),
    ("target", '"@FILE"', "`@FILE` is a list"),
    ("target", '"-"', "`-` is a list"),
    ("target", '"x\\u0000"', "cannot be printed"),
    ("name", '""', 'name is ""'),
    ("name", f'"{"x" * 201}"', "name is"),
    ("name", '"*"', "are no name"),
    ("name", '" x"', "are no name"),
    ("name", '"a\\nb"', "are no name"),
    ("connectors", '""', 'connectors is ""'),
    ("connectors", '["x", ""]', 'connectors[1] is ""'),
    ("connectors", '"missing.json"', "cannot read an export from"),
    ("connectors", '"empty"', "connectors: "),
    ("connectors", '"\\u0000"', "connectors: a path"),
    ("thumbprints", '"abc"', "`abc` has 3 digits"),
    ("thumbprints", '["x"]', "`x` is not hexadecimal"),
    ("thumbprints", "[3]", "thumbprints[0] is 3"),
    ("thumbprints", '{ next = ["x"] }', "`x` is not hexadecimal"),
    ("thumbprints", "{ next = [3] }", "thumbprints.next[0] is 3"),
    ("thumbprints", "{ current = 3, nxt = 4 }", "thumbprints.current is 3"),
    ("thumbprints", "{ nxt = 4 }", 'thumbprints has the unknown key "nxt"'),
    ("expect_name", '""', "`` is not a host name"),
    ("expect_name", '"192.0.2.1"', "`192.0.2.1` is an address"),
    ("expect_certificate", '"CN=x"', "expect_certificate: "),
    ("auth_level", '"Maybe"', 'auth_level is "Maybe"'),
    ("dane", '"maybe"', 'dane is "maybe"'),
    ("mta_sts", '"on"', 'mta_sts is "on"'),
    ("tlsrpt", '""', 'tlsrpt is ""'),
    ("min_tls", '"1.4"', 'min_tls is "1.4"'),
    ("min_tls", "1.4", "1.4 is not a version of TLS"),
    ("warn_days", '"soon"', 'warn_days is "soon"'),
    ("warn_days", "-1", "warn_days is -1"),
    ("warn_days", "36526", "warn_days is 36526"),
    ("warn_days", "nan", "warn_days is nan"),
    ("warn_days", "inf", "warn_days is inf"),
    ("next_certificate", '"missing.pem"', "cannot read certificates from"),
    ("next_certificate", '"~nobody-at-all/x"', "home directory that is not known"),
    ("next_certificate", '"empty"', "holds no certificate"),
    ("schedule", '"soon"', "`soon` is neither"),
    ("schedule", '"0s"', "0 seconds are too few"),
    ("schedule", '"99999w"', "are too many"),
    ("schedule", '"61 * * * *"', "`61 * * * *`: bad minute"),
    ("schedule", '"0 0 30 2 *"', "bad day-of-month"),
    ("schedule", '"0 0 * * * *"', "is neither"),
    ("tags", '[""]', 'tags[0] is ""'),
    ("tags", '["a", " "]', "are no name"),
    ("tags", f'["{"x" * 65}"]', "tags[0] is"),
    ("retries", "-1", "retries is -1"),
    ("retries", "21", "retries is 21"),
    ("retries", "1.5", "retries is 1.5"),
    ("pause", '"2h"', "7200 seconds are too many"),
    ("pause", '"soon"', 'pause is "soon"'),
    ("timeout", '"0s"', "0 seconds are too few"),
    ("timeout", '"2h"', "7200 seconds are too many"),
    ("remind", '"59s"', "59 seconds are too few"),
    ("remind", '"never"', "remind: "),
    ("connector", '"x"', "there are no exports"),
    ("resolver", '"dns.example"', "`dns.example` is not an address"),
    ("resolver", '["::1", "192.0.2.1:0"]', "`192.0.2.1:0` is not an address"),
    ("trust_ad", "1", "trust_ad is 1"),
    ("ehlo", '""', "`` is not a host name"),
    ("ehlo", '"[x]"', "`x` is not an address"),
    ("parallel", "0", "parallel is 0"),
    ("parallel", "10001", "parallel is 10001"),
    ("roots", '"missing.pem"', "cannot read roots from"),
    ("roots", '["certifi", "empty"]', "holds no certificate"),
    ("store.path", '""', 'path is ""'),
    ("store.path", '"."', ". is a directory"),
    ("store.path", '"\\u0000"', "a path is"),
    ("store.keep", '"1h"', "3600 seconds are too few"),
    ("store.keep", '"400"', 'keep is "400"'),
    ("listen.address", '"localhost"', "`localhost` is not an address"),
    ("listen.port", "0", "port is 0"),
    ("listen.port", "65536", "port is 65536"),
    ("listen.allow", '["x"]', "allow: "),
    ("listen.allow", "[]", "allow is an empty list"),
    ("listen.name", '""', 'name is ""'),
    ("listen.name", '"example.org"', 'named "example.org" as is a target'),
    ("listen.host", '"[192.0.2.1]"', "is not a host name"),
    ("listen.reply", '"never"', 'reply is "never"'),
    ("listen.reply", '"exchange"', "there are no exports"),
    ("listen.full_addresses", "1", "full_addresses is 1"),
    ("listen.user", '""', 'user is ""'),
    ("listen.user", '" root"', "are no name"),
    ("listen.connectors", '"missing.json"', "cannot read an export from"),
    ("listen.thumbprints", '"abc"', "`abc` has 3 digits"),
    ("listen.expect_name", '"192.0.2.1"', "`192.0.2.1` is an address"),
    ("listen.expect_certificate", '"CN=x"', "expect_certificate: "),
    ("listen.min_tls", "1.4", "1.4 is not a version of TLS"),
    ("listen.warn_days", "-1", "warn_days is -1"),
    ("listen.tags", '[""]', 'tags[0] is ""'),
    ("listen.remind", '"59s"', "59 seconds are too few"),
    ("listen.cert", '"."', "Is a directory"),
    ("listen.cert", '"missing.pem"', "cannot read a certificate from"),
    ("listen.cert", '"empty"', "holds no certificate"),
    ("listen.cert", '"roots.pem"', "holds no private key"),
    ("listen.cert", '"~nobody-at-all/x"', "home directory that is not known"),
    ("listen.key", '"roots.pem"', "key without cert"),
    ("listen.key", '""', 'key is ""'),
)
TABLES = {"target": Target, "defaults": Defaults, "store": Store, "listen": Listen}
EVERY_KEY = [(table, name) for table, kind in TABLES.items() for name in kind.__struct_fields__]


def written(table: str, key: str, value: str) -> tuple[str, int]:
    """A configuration with one key, and the line in which it stands."""
    if table == "target":
        entry = "" if key == "target" else 'target = "example.org"\n'
        return f"\n[[target]]\n{entry}{key} = {value}\n", 3 if key == "target" else 4
    return f"\n[{table}]\n{key} = {value}\n{A_TARGET}", 3


@pytest.mark.parametrize(("key", "value", "said"), WRONG)
def test_a_wrong_value(key: str, value: str, said: str, here: Path) -> None:
    table, _, name = key.rpartition(".")
    table = table or ("target" if key in Target.__struct_fields__ else "defaults")
    text, line = written(table, name, value)
    message, hint = told(text)
    assert message.startswith(f"probe.toml, line {line}: [")
    assert f"[{table}]" in message
    assert name in message
    assert said in message
    assert hint


@pytest.mark.parametrize(("table", "key"), EVERY_KEY)
def test_a_wrong_type(table: str, key: str, here: Path) -> None:
    for value, found in (("[[]]", "an empty list"), ("{ x = 1 }", '"x"'), ("2026-12-24", "a date or a time")):
        text, line = written(table, key, value)
        message, hint = told(text)
        assert message.startswith(f"probe.toml, line {line}: [")
        assert key in message
        assert found in message or "is a table" in message or "is a list" in message
        assert hint


@pytest.mark.parametrize(("table", "key"), EVERY_KEY)
def test_a_misspelt_key_names_the_nearest(table: str, key: str, here: Path) -> None:
    text, line = written(table, f"{key}z", "1")
    message, hint = told(text)
    known = TABLES[table].__struct_fields__
    assert f"line {line}: " in message
    assert f'unknown key "{key}z"' in message
    assert hint.startswith("did you mean ")
    assert hint.removeprefix("did you mean ").partition("?")[0] in known
    if key != "target":  # of which there is the name, too
        assert key in hint


def test_every_wrong_key_is_in_the_table_above() -> None:
    free = {"trust_ad", "connector"}
    tried = {key for key, _, _ in WRONG}
    names = {name if table in ("target", "defaults") else f"{table}.{name}" for table, name in EVERY_KEY}
    assert names <= tried | free


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (b"", "key: key.pem holds no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n", "key.pem cannot be read"),
        (Authority.root().leaf().key_pem, "key.pem is not that of the first certificate in"),
        (locked(), "key.pem has a passphrase"),
    ],
    ids=["none", "damaged", "another", "locked"],
)
def test_a_key_that_cannot_serve_the_listener(key: bytes, said: str, here: Path) -> None:
    (here / "cert.pem").write_bytes(Authority.root().leaf().pem)
    (here / "key.pem").write_bytes(key)
    message, _ = told(f'{A_TARGET}[listen]\ncert = "cert.pem"\nkey = "key.pem"\n')
    assert message.startswith(f"probe.toml, line {A_TARGET.count(chr(10)) + 3}: [listen]: key: ")
    assert said.removeprefix("key: ") in message.replace(f"{here}/", "")


# Tables


@pytest.mark.parametrize(
    ("text", "said", "hinted"),
    [
        ("", "probe.toml: no target is named", "[[target]]"),
        ("[target]\ntarget = 'x'", "line 1: target is no list of tables", "[[target]]"),
        ("target = 'x'", "target is no list of tables", "[[target]]"),
        ("target = []\n", "no target is named", "[[target]]"),
        ("target = [3]\n", "target is no list of tables", "[[target]]"),
        (f"[[defaults]]\n{A_TARGET}", "defaults is no table", "[defaults]"),
        (f"store = 3\n{A_TARGET}", "line 1: store is no table", "[store]"),
        (f"[alert]\nkind = 'hook'\n{A_TARGET}", "alert is no list of tables", "[[alert]]"),
        (f"warn_days = 3\n{A_TARGET}", 'line 1: unknown key "warn_days"', "below [defaults]"),
        ("target = 'x'\n[[targets]]\nx = 1\n", "target is no list", "[[target]]"),
        (f"{A_TARGET}[[targets]]\nx = 1\n", 'line 3: unknown key "targets"', "did you mean target?"),
        (f"{A_TARGET}[zzz]\n", 'line 3: unknown key "zzz"', "[defaults], [[target]]"),
        (f"{A_TARGET}resolver = '::1'\n", 'line 3: [[target]] #1 "example.org": unknown key "resolver"', "[defaults]"),
        ("[[target]]\nname = 'x'\n", 'line 1: [[target]] #1 "x": target is missing', "host:25"),
        ("[[target]]\n", "line 1: [[target]] #1: target is missing", "host:25"),
        ("[[target]]\ntargte = 'x'\n", 'line 2: [[target]] #1: unknown key "targte"', "did you mean target?"),
        (
            f"{A_TARGET}{A_TARGET}",
            'line 3: [[target]] #2 "example.org": named "example.org" as is [[target]] #1',
            "name",
        ),
        (f"{A_TARGET}{A_HOST}name = 'example.org'\n", "line 5: ", "name"),
        # What contradicts itself
        (f"{A_HOST}mta_sts = 'require'\n", 'line 3: [[target]] #1 "mail.example.org:25": mta_sts is', "mail domain"),
        (f"{A_HOST}tlsrpt = 'require'\n", "tlsrpt is", "mail domain"),
        (f"{AN_ADDRESS}dane = 'require'\n", "dane is", "name the host"),
        (f"{AN_ADDRESS}auth_level = 'DomainValidation'\n", "DomainValidation has no name", "expect_name"),
        (
            f"[defaults]\nauth_level = 'DomainValidation'\n{AN_ADDRESS}",
            "line 2: [defaults]: DomainValidation",
            "expect_name",
        ),
        (f"{A_TARGET}dane = 'off'\nnext_certificate = 'roots.pem'\n", "next_certificate without DANE", "leave"),
        (f"{A_TARGET}connectors = 'outbound.json'\nconnector = 'Outbund'\n", 'connector is "Outbund"', "Outbound to"),
        (f"[defaults]\nconnector = 'x'\n{A_TARGET}", "line 2: [defaults]: connector names one", "connectors"),
        # Alerts
        (f"{A_TARGET}[[alert]]\n", "line 3: [[alert]] #1: kind is missing", '"hook" or "letter"'),
        (f"{A_TARGET}[[alert]]\nkidn = 'hook'\n", 'line 4: [[alert]] #1: unknown key "kidn"', "did you mean kind?"),
        (f"{A_TARGET}[[alert]]\nkind = 3\n", "line 4: [[alert]] #1: kind is no text", '"hook" or "letter"'),
        (f"{A_TARGET}[[alert]]\nkind = 'hok'\n", 'line 4: [[alert]] #1 "hok": kind is "hok"', 'did you mean "hook"?'),
        (f"{A_TARGET}[[alert]]\nkind = 'zzz'\n", 'kind is "zzz"', '"hook" or "letter"'),
        (f"{A_TARGET}[[alert]]\nkind = 'hook'\n", 'line 3: [[alert]] #1 "hook": url is missing', "env:NAME"),
        (f"{HOOK}[[alert]]\nkind = 'hook'\nurl = 'y'\n", 'named "hook" as is [[alert]] #1', "name"),
        (f"{HOOK}name = ' x'\n", "are no name", "short"),
        (f"{HOOK}url_ = 'y'\n", 'unknown key "url_"', "did you mean url?"),
        (f"{HOOK}password = 'hunter2'\n", 'line 6: [[alert]] #1 "hook": password is a secret', "env:NAME"),
        (f"{HOOK}password = 'env:'\n", "password is a text that does not fit", "env:NAME"),
        (f"{HOOK}password = 'env:a-b'\n", "password is a text that does not fit", "env:NAME"),
        (f"{HOOK}password = 'file:'\n", "password is a text that does not fit", "env:NAME"),
        (f"{HOOK}password = 3\n", "password is a number", "env:NAME"),
        (f"{HOOK}ca = ''\n", 'ca is ""', "path"),
        (f"{HOOK}headers = {{ A = 'x', B = 3 }}\n", "headers.B is a number", "table"),
        (f"{HOOK}headers = 3\n", "headers is a number", "table"),
        (f"{HOOK}labels = {{ a = 'x', B = 'y' }}\n", "labels", "table"),
        (f"{HOOK}port = 0\n", "port is 0", "a whole number, 1 to 65535"),
        (f"{HOOK}tls = 'maybe'\n", 'tls is "maybe"', '"starttls" or "none"'),
        (f"{HOOK}verdicts = ['fail']\n", 'verdicts[0] is "fail"', '"FAIL"'),
        (f"{HOOK}quiet = 'night'\n", 'quiet is "night"', "22:00-07:00"),
        (f"{HOOK}timeout = 15\n", "timeout is 15", "90s"),
        (f"{HOOK}tags = 'x'\n", 'tags is "x"', "a list, each: a text"),
        (f"{LETTER}sender = 'x'\n", 'unknown key "sender"', "known keys: name"),
        (f"{LETTER}urls = ['env:A', 'hunter2']\n", "urls[1] is a secret", "env:NAME"),
        (LETTER.replace("['y']", "[]").replace('["y"]', "[]"), "to is an empty list", "a list of 1 or more"),
    ],
)
def test_a_wrong_table(text: str, said: str, hinted: str, here: Path) -> None:
    message, hint = told(text)
    assert said in message
    assert hinted in hint
    assert "hunter2" not in message + hint


def test_no_secret_is_echoed_wherever_it_is_put(here: Path) -> None:
    for line in (
        'password = "hunter2"',
        'passwd = "hunter2"',
        'headers = "hunter2"',
        'headers = ["hunter2"]',
        "url = ['hunter2']",
        'headers = { A = ["hunter2"] }',
        'url = "file:hunter2\\u0000"',
        'password = "hunter2',
        'kind.x = "hunter2"',
    ):
        message, hint = told(f'{A_TARGET}[[alert]]\nkind = "hook"\n{line}\n')
        assert "hunter2" not in message + hint


# Files


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[[target]\n", "line 1, column 9: this is not TOML: "),
        (b"a = \n", "line 1, column 5: this is not TOML: invalid value"),
        (b"a = 1\na = 2\n", "this is not TOML: cannot overwrite a value"),
        (b"a = [", "at its end: this is not TOML"),
        (b"\n\xff\n", "line 2: this is not UTF-8"),
        ("[[target]]".encode("utf-16"), "line 1: this is not UTF-8"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"a = " + b"9" * 10_000, "a value is beyond what can be read"),
        (b"warn_days = 0x" + b"f" * 10_000, 'unknown key "warn_days"'),
        (b"[defaults]\nwarn_days = 0x" + b"f" * 10_000, "warn_days is a number beyond all bounds"),
        (b"#" * (MOST_BYTES + 1), "larger than 16 MiB"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_a_file_that_is_no_configuration(data: bytes, said: str, here: Path) -> None:
    assert said in told(data)[0]


@pytest.mark.parametrize("name", ["missing.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_read(name: str, here: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load(Path(name))


def test_a_byte_order_mark_is_passed_over(here: Path) -> None:
    Path("probe.toml").write_bytes(b"\xef\xbb\xbf" + A_TARGET.encode())
    assert load(Path("probe.toml")).targets


def test_all_problems_are_told_in_the_order_of_the_file(here: Path) -> None:
    text = f"{HOOK}port = 0\n[[target]]\ntarget = 'x..y'\nretries = 99\n[defaults]\nwarn_days = -1\n[store]\nkeep = 3\n"
    Path("probe.toml").write_text(text)
    found, problems = examine(Path("probe.toml"))
    assert found is None
    assert [problem.line for problem in problems] == [6, 8, 9, 11, 13]
    assert told(text)[1].endswith("4 more: see `probe config check`")


# Whatever it is

PIECES = st.sampled_from(
    ["[[target]]", "[defaults]", "[[alert]]", "target", "kind", " = ", "\n", *"\"'[]{},.#1"],
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_configuration_or_a_fault_of_ours(here: Path, text: str) -> None:
    _examined(text.encode(errors="replace"))


def _toml(value: Any) -> str:
    """A value as TOML, which has JSON's texts, lists, numbers and truth."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value).replace("\x7f", "\\u007f")


WORDS = st.sampled_from(
    [
        *(
            "example.org",
            "mail.example.org:25",
            "192.0.2.1",
            "15m",
            "0s",
            "off",
            "require",
            "outbound.json",
            "roots.pem",
        ),
        *("DomainValidation", "1.2", "env:HOME", "file:x", "hook", "* * * * *", "~nobody-at-all/x", "\0", "FAIL", "."),
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
SCALARS = WORDS | TEXTS | st.integers() | st.floats() | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["current", "next", "A"]), inner),
    max_leaves=4,
)


def _table(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from([*names, "x"]), VALUES, max_size=6)


@given(
    _table(*Defaults.__struct_fields__),
    st.lists(_table(*Target.__struct_fields__), max_size=3),
    st.lists(_table("kind", "url", "password", "headers", "labels", "tags", "name", "quiet", "from", "to"), max_size=2),
    _table("path", "keep"),
    _table(*Listen.__struct_fields__),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_is_a_setting_or_a_fault_of_ours(
    here: Path, defaults: Any, targets: Any, alerts: Any, store: Any, listen: Any
) -> None:
    for entry in alerts:
        entry.setdefault("kind", "hook")
    whole = {"defaults": defaults, "target": targets, "alert": alerts, "store": store, "listen": listen}
    _examined("".join(f"{key} = {_toml(value)}\n" for key, value in whole.items()).encode())


def _examined(data: bytes) -> None:
    Path("probe.toml").write_bytes(data)
    try:
        found, problems = examine(Path("probe.toml"))
    except ConfigError:
        return
    assert (found is None) == bool(problems)
    for problem in problems:
        assert problem.message.startswith("probe.toml")
        assert problem.hint


def test_the_kinds_are_asked_for_when_they_are_needed() -> None:
    assert set(kinds()) == {"hook", "letter"}
