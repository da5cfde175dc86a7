"""Real clients deliver to `probe listen`: it takes down exactly what each presented and told, and none can make it
resume a session, which would show no chain."""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pki import CLIENT_AUTH, TODAY, Issued, pem, self_signed
from tests.real.estate import Authorities
from tests.real.listening import Listening, listening
from tests.real.onpremises import HOST, OnPremises, Transport, on_premises
from tests.real.sending import CLIENTS, TLS12, TLS13, Go, Letter, build_go, openssl
from tests.real.servers import LOOPBACK, directory

NAME = "mail.contoso.com"
UNTRUSTED = "certificate-not-trusted"
Chain = Sequence[Issued]


@pytest.fixture(scope="module")
def chains(authorities: Authorities) -> dict[str, Chain]:
    issuing = authorities.issuing
    leaf = issuing.leaf(names=(NAME,))
    ended = issuing.leaf(names=(NAME,), not_before=TODAY - timedelta(days=390), not_after=TODAY - timedelta(days=20))
    return {
        "full": (leaf, issuing),
        "rsa": (issuing.leaf(names=(NAME,), key="rsa2048"), issuing),
        "root": (leaf, issuing, authorities.root),
        "leaf": (leaf,),
        "alone": (self_signed(),),
        "expired": (ended, issuing),
        "usage": (issuing.leaf(names=(NAME,), eku=(CLIENT_AUTH,)), issuing),
        "none": (),
    }


@pytest.fixture(scope="module")
def listener(roots: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with listening(directory(tmp_path_factory, "listen"), roots) as there:
        yield there


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    return build_go(tmp_path_factory.mktemp("go"))


@dataclass(frozen=True)
class Post:
    """Writes letters to the listener."""

    listener: Listening
    folder: Path

    def letter(self, name: str, chain: Chain, version: str) -> Letter:
        """One that is told from others by `name`."""
        home = self.folder / name
        home.mkdir(parents=True)
        recipient = f"someone@{name}.test"
        return Letter(
            home=home, name=f"{name}.test", port=self.listener.port, recipient=recipient, chain=chain, version=version
        )


@pytest.fixture(scope="module")
def post(listener: Listening, tmp_path_factory: pytest.TempPathFactory) -> Post:
    return Post(listener, directory(tmp_path_factory, "clients"))


@pytest.mark.parametrize("shown", ["full", "none"])
@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_shows_what_it_has(
    post: Post, chains: dict[str, Chain], client: str, version: str, shown: str
) -> None:
    name = f"{client}-{version[-1]}-{shown}"
    CLIENTS[client](post.letter(name, chains[shown], version))
    (delivery,) = post.listener.to(f"{name}.test")

    # swaks sends of its file the first certificate alone.
    alone = client == "swaks" and shown == "full"
    assert delivery.presented(*(chains["leaf"] if alone else chains[shown]))
    assert delivery.version == version
    assert delivery.said["greeted"] == delivery.said["greeted_inside"] == f"{name}.test"
    assert (delivery.said["senders"], delivery.said["recipients"]) == (["contoso.com"], [f"{name}.test"])
    assert delivery.observation["source"] == "127.0.0.1"
    faults = {"full": set(), "none": {"client-certificate-not-sent"}}[shown]
    assert delivery.faults == ({"chain-incomplete", UNTRUSTED} if alone else faults)


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_go_client_comes_back_and_is_heard_anew(post: Post, chains: dict[str, Chain], go: Go, version: str) -> None:
    name = f"go-{version[-1]}"
    said = go(post.letter(name, chains["full"], version))
    deliveries = post.listener.to(f"{name}.test", 2)

    assert said.count("resumed: false answer: 451 4.7.0") == 2
    assert [(one.presented(*chains["full"]), one.version, one.faults) for one in deliveries] == [
        (True, version, set())
    ] * 2
    assert deliveries[0].observation["server_name"] == "listener.test"


def test_nothing_is_resumed(post: Post, chains: dict[str, Chain]) -> None:
    """s_client tries to five times in a row, by the session that it had."""
    letter = post.letter("again", chains["full"], TLS12)
    said = openssl(letter, "-reconnect")
    deliveries = post.listener.by(letter.name, 6)

    assert (said.count("\nNew, "), said.count("\nReused, ")) == (6, 0)
    assert all(one.presented(*chains["full"]) for one in deliveries)


def test_a_session_of_another_day_is_not_resumed(post: Post, chains: dict[str, Chain]) -> None:
    """With TLS 1.3 there is a ticket to come back with; with 1.2 a client gets nothing that it could keep."""
    kept = post.folder / "session"
    first, then = (post.letter(day, chains["full"], TLS13) for day in ("first", "then"))
    openssl(first, "-sess_out", kept)
    assert "\nNew, " in openssl(then, "-sess_in", kept)

    (delivery,) = post.listener.by(then.name)
    assert delivery.presented(*chains["full"])


# Postfix, by what it presents: one transport each.
POSTFIX = {
    "full12": ("full", ("smtp_tls_mandatory_protocols = <=TLSv1.2",)),
    "full13": ("full", ("smtp_tls_mandatory_protocols = >=TLSv1.3",)),
    "rsa12": ("rsa", ("smtp_tls_mandatory_protocols = <=TLSv1.2",)),
    "root": ("root", ()),
    "leaf": ("leaf", ()),
    "alone": ("alone", ()),
    "expired": ("expired", ()),
    "usage": ("usage", ()),
    "none": ("none", ()),
    "plain": ("none", ("smtp_tls_security_level = none",)),
}
OURS = "listener.test"  # who asks for our certificate asks for this name


@pytest.fixture(scope="module")
def postfix_queue(
    listener: Listening,
    authorities: Authorities,
    chains: dict[str, Chain],
    roots: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OnPremises]:
    """Postfix, with a letter under way to the listener by each transport; by "careful", which verifies, none."""
    transports = {name: Transport(chain=chains[shown], options=told) for name, (shown, told) in POSTFIX.items()}
    careful = (f"smtp_tls_CAfile = {roots}", f"smtp_tls_secure_cert_match = {OURS}", "smtp_tls_security_level = secure")
    transports["careful"] = Transport(chain=chains["full"], options=careful)
    with on_premises(directory(tmp_path_factory, "queue"), transports, authorities.root) as postfix:
        for name in POSTFIX:
            postfix.send(name, listener.nexthop, f"{name}.test")
        yield postfix


@pytest.mark.parametrize("transport", POSTFIX)
def test_postfix_shows_what_it_was_given(
    listener: Listening, postfix_queue: OnPremises, chains: dict[str, Chain], transport: str
) -> None:
    domain = f"{transport}.test"
    (delivery,) = listener.to(domain)

    assert delivery.presented(*chains[POSTFIX[transport][0]])
    assert delivery.said["greeted"] == HOST
    assert (delivery.said["senders"], delivery.said["recipients"]) == (["contoso.com"], [domain])
    if transport == "plain":
        assert delivery.observation["session"] is None
    else:
        assert delivery.version == (TLS12 if transport.endswith("12") else TLS13)
    status, reason = postfix_queue.fate(domain)
    assert (status, "451 4.7.0 TLS probe: message not accepted" in reason) == ("deferred", True)


@pytest.mark.usefixtures("postfix_queue")
@pytest.mark.parametrize(
    ("transport", "faults"),
    [
        ("full12", {}),
        ("full13", {}),
        ("rsa12", {}),
        ("root", {}),
        ("leaf", {"chain-incomplete": "client", UNTRUSTED: "client-chain-incomplete"}),
        ("alone", {UNTRUSTED: "client-self-signed"}),
        ("expired", {"certificate-expired": "client"}),
        ("usage", {"certificate-wrong-usage": "client"}),
        ("none", {"client-certificate-not-sent": None}),
        ("plain", {"client-without-tls": None}),
    ],
)
def test_what_is_wrong_with_it_is_said(listener: Listening, transport: str, faults: dict[str, str | None]) -> None:
    (delivery,) = listener.to(f"{transport}.test")

    assert {code: delivery.finding(code)["facts"].get("cause") for code in delivery.faults} == faults


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_trust_us_tells_by_an_alert(listener: Listening, version: ssl.TLSVersion) -> None:
    context, name = ssl.create_default_context(), f"{version.name.lower()}.careful.test"
    context.minimum_version = context.maximum_version = version
    with (
        smtplib.SMTP(LOOPBACK, listener.port, local_hostname=name) as smtp,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        smtp.starttls(context=context)
    (delivery,) = listener.by(name)

    assert delivery.verdict == "FAIL"
    facts = delivery.finding("client-handshake-failed")["facts"]
    assert (facts["cause"], facts["detail"]) == ("refused-ours", "unknown ca")


def test_a_careful_postfix_wants_a_certificate_of_ours(
    authorities: Authorities,
    chains: dict[str, Chain],
    listener: Listening,
    postfix_queue: OnPremises,
    roots: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Postfix completes the handshake, and leaves with QUIT where it does not like what it saw."""
    postfix_queue.send("careful", listener.nexthop, "careful.test")
    assert postfix_queue.fate("careful.test") == ("deferred", "Server certificate not verified")

    home = directory(tmp_path_factory, "trusted")
    own = authorities.issuing.leaf(names=(OURS,))
    (home / "own.pem").write_bytes(own.key_pem + pem(own, authorities.issuing))
    with listening(home, roots, "--cert", home / "own.pem") as trusted:
        postfix_queue.send("careful", trusted.nexthop, "trusting.test")
        (delivery,) = trusted.to("trusting.test")
    assert delivery.presented(*chains["full"])
    assert delivery.verdict == "OK"
