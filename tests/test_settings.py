"""`probe.toml`: what it says becomes settings; its defaults, its files, its expectations."""

import json
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from fixtures.certificates import sample
from fixtures.make import HERE
from probe import config
from probe.config.duty import Door, Listening, Schedule, Settings
from probe.config.settings import check, find, load
from probe.config.settings.document import Document
from probe.config.settings.places import places
from probe.errors import ConfigError
from probe.judge.standard import AuthLevel, Standard, Want
from probe.model import Reply, Target
from tests.pki import Authority, pem
from tests.sinks import use_two_kinds

SHA1 = "52b4aa6defe3b5cb25122b92519b89be3082bba1"
NEXT = "7b502c3a1f48c8609ae212cdfb639dee39673f5e"
EXPORT = HERE / "exchange" / "exports" / "exo-outbound.json"
OUTBOUND = "Outbound to 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"

Written = Callable[[str], Settings]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Loads a text as `probe.toml`, in a directory of its own with the exports of one organisation."""
    use_two_kinds(monkeypatch)
    (tmp_path / "outbound.json").write_bytes(EXPORT.read_bytes())

    def written(text: str) -> Settings:
        path = tmp_path / "probe.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return written


def test_a_target_alone_is_a_configuration(read: Written, tmp_path: Path) -> None:
    found = read('[[target]]\ntarget = "example.org"\n')
    (watched,) = found.targets
    assert watched.name == "example.org"
    assert watched.target == Target(given="example.org", name="example.org", port=None)
    assert watched.standard == Standard()
    assert (watched.retries, watched.pause, watched.timeout, watched.remind) == (2, 20.0, None, 86400.0)
    assert watched.schedule == Schedule()
    assert found.path == tmp_path / "probe.toml"
    assert (found.sinks, found.store, found.keep, found.listen) == ((), None, 400 * 86400.0, None)
    assert found.names == {"example.org"}
    assert "certifi" in found.looking.anchors.label
    assert found.looking.parallel == 64


def test_every_key_of_a_target(read: Written, tmp_path: Path) -> None:
    (tmp_path / "next.pem").write_text(_pem())
    found = read(
        f"""
        [[target]]
        name = "mail"
        target = "mail.contoso.com:25"
        connectors = "outbound.json"
        thumbprints = {{ current = "{SHA1.upper()}", next = ["{NEXT}", "{SHA1}"] }}
        expect_name = "*.Contoso.com"
        expect_certificate = "<I>CN=Issuing CA, C=US<S>CN=mail.contoso.com"
        auth_level = "DomainValidation"
        dane = "require"
        mta_sts = "off"
        tlsrpt = "auto"
        min_tls = "1.3"
        warn_days = 30
        next_certificate = "next.pem"
        schedule = "15m"
        tags = ["hybrid", "prod", "hybrid"]
        retries = 0
        pause = "5s"
        timeout = "90s"
        remind = "off"
        """
    )
    (watched,) = found.targets
    assert watched.name == "mail"
    assert watched.standard == Standard(
        thumbprints=(SHA1, NEXT),
        name="*.contoso.com",
        identity=config.identity("<I>CN=Issuing CA, C=US<S>CN=mail.contoso.com"),
        auth_level=AuthLevel.DOMAIN_VALIDATION,
        dane=Want.REQUIRE,
        mta_sts=Want.OFF,
        min_tls="TLSv1.3",
        min_tls_demanded=True,
        warn_days=30,
        next_certificate=(sample("old"),),
    )
    assert watched.organisation is not None
    assert watched.organisation.outbound[0].name == OUTBOUND
    assert watched.schedule == Schedule(every=900.0)
    assert watched.tags == ("hybrid", "prod")
    assert (watched.retries, watched.pause, watched.timeout, watched.remind) == (0, 5.0, 90.0, None)


def _pem() -> str:
    import ssl

    return ssl.DER_cert_to_PEM_cert(sample("old"))


def test_what_a_target_says_goes_before_the_defaults(read: Written) -> None:
    found = read(
        """
        [defaults]
        warn_days = 10
        tags = ["all"]
        min_tls = 1.2
        schedule = "0 6 * * 1"
        remind = "12h"
        [[target]]
        target = "example.org"
        [[target]]
        target = "contoso.com"
        warn_days = 20
        tags = ["own"]
        schedule = "1h"
        remind = "off"
        """
    )
    first, second = found.targets
    assert (first.standard.warn_days, second.standard.warn_days) == (10, 20)
    assert (first.tags, second.tags) == (("all",), ("own",))
    assert (first.schedule, second.schedule) == (Schedule(cron="0 6 * * 1"), Schedule(every=3600.0))
    assert (first.remind, second.remind) == (43200.0, None)
    assert first.standard.min_tls_demanded
    assert second.standard.min_tls == "TLSv1.2"


def test_how_all_are_looked_at(read: Written, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_bytes((HERE / "roots.pem").read_bytes())
    found = read(
        """
        [defaults]
        resolver = ["127.0.0.1:5353", "[::1]"]
        trust_ad = true
        ehlo = "[IPv6:2001:db8::1]"
        parallel = 8
        roots = "roots.pem"
        [[target]]
        target = "example.org"
        """
    ).looking
    assert found.resolvers == (("127.0.0.1", 5353), ("::1", 53))
    assert (found.trust_ad, found.ehlo, found.parallel) == (True, "[IPv6:2001:db8::1]", 8)
    assert found.anchors == config.anchors([str(HERE / "roots.pem")])


def test_store_and_listen(read: Written, tmp_path: Path) -> None:
    found = read(
        """
        [[target]]
        target = "example.org"
        [store]
        path = "memory/probe.db"
        keep = "30d"
        [listen]
        """
    )
    assert found.store == tmp_path / "memory" / "probe.db"
    assert found.keep == 30 * 86400
    assert found.listen == Listening()
    assert found.listen.door == Door(address=None, port=25, allow=())
    assert found.names == {"example.org", "listen"}


def test_every_key_of_the_listener(read: Written, tmp_path: Path) -> None:
    ca = Authority.root()
    own = ca.leaf(names=["listener.example"])
    chain = pem(own, ca)
    (tmp_path / "cert.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(own.key_pem)
    found = read(
        """
        [defaults]
        connectors = "outbound.json"
        expect_name = "mail.contoso.com"
        thumbprints = "aa00000000000000000000000000000000000000"
        warn_days = 7
        tags = ["all"]
        remind = "12h"
        [[target]]
        target = "example.org"
        [listen]
        name = "hybrid in"
        address = "::1"
        port = 2525
        host = "Listener.Example."
        cert = "cert.pem"
        key = "key.pem"
        allow = ["192.0.2.7/24", "2001:db8::1"]
        reply = "exchange"
        full_addresses = true
        user = "nobody"
        expect_certificate = "<I>CN=Issuing CA<S>CN=mail.contoso.com"
        thumbprints = ["bb00000000000000000000000000000000000000"]
        min_tls = "1.3"
        tags = ["in"]
        """
    ).listen
    assert found is not None
    assert found.door == Door(
        address="::1",
        port=2525,
        host="listener.example",
        own=(chain, own.key_pem),
        allow=(ip_network("192.0.2.0/24"), ip_network("2001:db8::1/128")),
        full=True,
        user="nobody",
    )
    assert (found.name, found.reply, found.tags, found.remind) == ("hybrid in", Reply.EXCHANGE, ("in",), 43200.0)
    assert found.standard == Standard(
        identity=config.identity("<I>CN=Issuing CA<S>CN=mail.contoso.com"),
        thumbprints=("bb" + "0" * 38,),
        warn_days=7,
        min_tls="TLSv1.3",
        min_tls_demanded=True,
    ), "what the defaults expect of certificates they expect of servers"
    assert found.organisation is not None
    assert found.organisation.outbound
    assert "PRIVATE" not in repr(found)


def test_a_listener_alone_is_a_configuration(read: Written) -> None:
    found = read("[listen]\nport = 2525\n")
    assert not found.targets
    assert found.names == {"listen"}


def test_a_key_may_stand_with_its_certificate(read: Written, tmp_path: Path) -> None:
    own = Authority.root().leaf()
    (tmp_path / "both.pem").write_bytes(own.pem + own.key_pem)
    found = read('[[target]]\ntarget = "example.org"\n[listen]\ncert = "both.pem"\n').listen
    assert found is not None
    assert found.door.own == (own.pem + own.key_pem, own.pem + own.key_pem)


def test_what_is_not_wise_of_a_listener_is_said(read: Written) -> None:
    found = read(
        """
        [[target]]
        target = "example.org"
        [[alert]]
        kind = "hook"
        url = "https://hooks.contoso.com"
        tags = ["in"]
        [listen]
        allow = ["192.0.2.1", "::/0"]
        tags = ["in"]
        """
    )
    assert [text for text in check(found) if text.startswith("[listen]")] == [
        "[listen]: ::/0 may connect, which is everybody: name the addresses of your servers",
        "[listen]: without connectors it is not known whether a delivery would be attributed",
    ]
    bounces = read('[[target]]\ntarget = "example.org"\n[listen]\nreply = "exchange"\nconnectors = "outbound.json"\n')
    assert [text.partition(":")[0] for text in check(bounces)] == ["[listen]"]
    assert "bounces" in check(bounces)[0]


def test_the_named_connector_decides(read: Written, tmp_path: Path) -> None:
    """What it demands is demanded, and it is the only one that is left to be found by the endpoint."""
    exported = json.loads(EXPORT.read_bytes())
    first = exported[0] if isinstance(exported, list) else exported
    other = {**first, "Name": "Other", "Identity": "Other", "TlsDomain": "other.example.org"}
    (tmp_path / "outbound.json").write_text(json.dumps([other, first]))
    target = '[[target]]\ntarget = "other.example.org:25"\nconnectors = ["outbound.json"]\n'
    (watched,) = read(f'{target}connector = "{OUTBOUND.upper()}"\n').targets
    assert watched.standard.connector == OUTBOUND
    assert watched.standard.auth_level is AuthLevel.DOMAIN_VALIDATION
    assert watched.standard.name
    assert watched.organisation is not None
    assert [found.name for found in watched.organisation.outbound] == [OUTBOUND]
    (unnamed,) = read(target).targets
    assert unnamed.standard.connector is None
    assert unnamed.organisation is not None
    assert len(unnamed.organisation.outbound) == 2


def test_exports_and_roots_are_read_once(read: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(name: str) -> None:
        real = getattr(config, name)

        def call(given: Any) -> Any:
            asked.append(name)
            return real(given)

        monkeypatch.setattr(config, name, call)

    counted("organisation")
    counted("anchors")
    entries = "".join(f'[[target]]\ntarget = "{n}.example.org"\nconnectors = "outbound.json"\n' for n in range(50))
    found = read(entries)
    assert sorted(asked) == ["anchors", "organisation"]
    assert len({id(watched.organisation) for watched in found.targets}) == 1


def test_a_demand_in_the_defaults_is_of_those_that_can_meet_it(read: Written) -> None:
    found = read(
        """
        [defaults]
        dane = "require"
        mta_sts = "require"
        tlsrpt = "require"
        [[target]]
        target = "example.org"
        [[target]]
        target = "mail.example.org:25"
        [[target]]
        target = "192.0.2.1"
        """
    )
    wants = [(one.standard.dane, one.standard.mta_sts, one.standard.tlsrpt) for one in found.targets]
    assert wants == [(Want.REQUIRE,) * 3, (Want.REQUIRE, Want.AUTO, Want.AUTO), (Want.AUTO,) * 3]


def test_sinks_are_called_by_their_kind_unless_named(read: Written, tmp_path: Path) -> None:
    found = read(
        """
        [[target]]
        target = "example.org"
        [[alert]]
        kind = "hook"
        url = "https://hooks.contoso.com/x"
        password = "file:secret"
        ca = "ca.pem"
        quiet = "22:00-07:00"
        timeout = "30s"
        [[alert]]
        kind = "hook"
        name = "other"
        url = "env:HOOK"
        verdicts = ["FAIL"]
        """
    )
    first, second = found.sinks
    assert (first.name, second.name) == ("hook", "other")
    assert first.timeout == 30.0
    assert second.verdicts == ("FAIL",)
    assert getattr(first, "ca", None) == tmp_path / "ca.pem"
    assert getattr(first, "password").base == tmp_path  # noqa: B009 - of a kind that is the test's own


# Finding it


def test_it_is_found_here_then_in_the_users_then_in_the_systems_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, user, system = (tmp_path / name for name in ("here", "user", "system"))
    for folder in (here, user, system):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: user)
    monkeypatch.setattr("platformdirs.site_config_path", lambda *_, **__: system)
    with pytest.raises(ConfigError) as raised:
        find(None)
    assert "probe config init" in raised.value.hint
    for folder, expected in ((system, system / "probe.toml"), (user, user / "probe.toml"), (here, Path("probe.toml"))):
        (folder / "probe.toml").touch()
        assert find(None) == expected
    assert find(Path("missing")) == Path("missing")


# Remarks


def test_what_is_not_wise_is_remarked_on(read: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.contoso.com/x")
    (tmp_path / "secret").write_text("hunter2\n")
    (tmp_path / "secret").chmod(0o644)
    text = """
        [[target]]
        target = "example.org"
        schedule = "30s"
        timeout = "60s"
        [[alert]]
        kind = "hook"
        url = "env:HOOK"
        password = "file:secret"
        tags = ["nobody"]
        """
    found = check(read(text))
    assert [said for said in found if "[[target]]" in said] == [
        '[[target]] "example.org": it is due every 30 seconds, and one look may take 60'
    ]
    assert any("no target has one of its tags (nobody)" in said for said in found)
    assert any("all users may read it" in said for said in found)
    assert any("the test remarks" in said for said in found)
    (tmp_path / "secret").chmod(0o600)
    assert not any("all users" in said for said in check(read(text)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "env:PROBE_TEST_NOWHERE"', "the environment has no PROBE_TEST_NOWHERE"),
        ('url = "x"\npassword = "file:missing"', "cannot read missing"),
        ('url = "x"\nca = "missing.pem"', "ca: there is no file"),
        ('url = "contradiction"', "it contradicts itself"),
        ('url = "x"\nheaders = { A = "env:PROBE_TEST_NOWHERE" }', "the environment has no PROBE_TEST_NOWHERE"),
    ],
)
def test_what_cannot_work_is_a_fault(read: Written, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(read(f'[[target]]\ntarget = "example.org"\n[[alert]]\nkind = "hook"\n{line}\n'))


# Lines


def test_every_key_and_element_has_its_line() -> None:
    text = (
        "# a comment [x]\n"
        "a.\"b.c\".'d' = 1.5\r\n"
        "[defaults]\n"
        '"x\\u0041" = """\n[no]\n"quoted\\""""\n'
        'tags = [ "a", # with [brackets]\n  "b",\n\n  {k=1.5, l=[1,2], m.n="x,}"},\n]\n'
        "when = 2020-01-01 10:00:00\n"
        "[[target]]\ntarget = '''\n[[no]]\n'''\n"
        "[target.thumbprints]\ncurrent = []\n"
        "[[target]]\nt = {a={}, b=1}\n"
        'several = ["""a\n""", 1]\n'
    )
    assert places(text) == {
        ("a",): 2,
        ("a", "b.c"): 2,
        ("a", "b.c", "d"): 2,
        ("defaults",): 3,
        ("defaults", "xA"): 4,
        ("defaults", "tags"): 7,
        ("defaults", "tags", 0): 7,
        ("defaults", "tags", 1): 8,
        ("defaults", "tags", 2): 10,
        ("defaults", "tags", 2, "k"): 10,
        ("defaults", "tags", 2, "l"): 10,
        ("defaults", "tags", 2, "l", 0): 10,
        ("defaults", "tags", 2, "l", 1): 10,
        ("defaults", "tags", 2, "m"): 10,
        ("defaults", "tags", 2, "m", "n"): 10,
        ("defaults", "when"): 12,
        ("target",): 13,
        ("target", 0): 13,
        ("target", 0, "target"): 14,
        ("target", 0, "thumbprints"): 17,
        ("target", 0, "thumbprints", "current"): 18,
        ("target", 1): 19,
        ("target", 1, "t"): 20,
        ("target", 1, "t", "a"): 20,
        ("target", 1, "t", "b"): 20,
        ("target", 1, "several"): 21,
        ("target", 1, "several", 0): 21,
        ("target", 1, "several", 1): 22,
    }


def test_a_problem_that_is_in_no_line_names_the_file() -> None:
    document = Document(Path("probe.toml"), "", {})
    document.refuse((), "nothing", "something")
    assert document.problems[0].message == "probe.toml: nothing"
