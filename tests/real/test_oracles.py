"""Other people's verifiers look at the internet of these tests, and agree with its table.

So the table says what RFC 7672 asks for, and not what `probe` happens to do. Where one of them disagrees, it stands
here, with the section that says who is right. danetool and ldns-dane know DANE, but nothing of SMTP's share in it.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real.internet import Internet
from tests.real.internet.dane import Case
from tests.real.internet.oracles import Jail, drill, ldns_dane, ldns_dane_live, write_chain
from tests.real.servers import directory

# By case: what is said instead, and why the table says something else.
Exceptions = Mapping[str, tuple[str, str]]
_AT_ONCE = 4


def _each(names: str, said: str, why: str) -> Exceptions:
    return dict.fromkeys(names.split(), (said, why))


POSTTLS_FINGER: Exceptions = {
    **_each("one-address-wrong", "honoured|broken", "looks at one address of the host, whichever comes first"),
    **_each("postfix-one-of-two", "honoured", "offers both kinds of key, and so sees the better chain alone"),
    **_each("no-data", "said: posttls-finger: panic: mymalloc", "Postfix 3.7 aborts; RFC 7672 §2.2: unusable"),
}

DANETOOL: Exceptions = {
    **_each("misnamed-211 common-name-beside", "honoured", "compares no names under DANE-TA(2): RFC 7672 §3.2.2"),
    **_each("not-the-issuer", "honoured", "takes any presented certificate for an anchor: RFC 7671 §5.2"),
    **_each("whole-certificate bare-key", "said: ", "seeks the anchor in the chain alone: RFC 7671 §5.2.2, §5.2.3"),
    **_each("whole-root", "broken", "seeks the anchor in the chain alone: RFC 7671 §5.2.2"),
    **_each("unsent-issuer anchor-is-the-leaf", "said: ", "fails without a word where a leaf stands alone"),
    **_each("usage-0 usage-1", "honoured", "uses what is unusable for SMTP: RFC 7672 §3.1.3"),
    **_each("unusable-beside-wrong", "honoured", "uses what is unusable for SMTP: RFC 7672 §3.1.3"),
    **_each("usage-4 selector-2", "said: ", "fails without a word; RFC 7672 §2.2: unusable"),
    **_each("matching-3 short-digest long-digest", "broken", "RFC 7672 §2.2: malformed, and so unusable"),
    **_each("sha512-as-sha256 not-a-certificate", "broken", "RFC 7672 §2.2: malformed, and so unusable"),
    **_each("no-data", "said: ", "drops the whole answer as corrupt; RFC 7672 §2.2: unusable"),
    **_each("agile-stale", "honoured", "knows no digest algorithm agility: RFC 7671 §9"),
    **_each("one-address-wrong", "honoured|broken", "looks at one address of the host, whichever comes first"),
    **_each("postfix-one-of-two", "honoured|broken", "sees one of the two chains alone"),
    **_each("alias-expanded alias-sni", "none", "does not ask at what the host is an alias of: RFC 7672 §2.2.3"),
    **_each("alias-both", "broken", "asks at the name as it is given first: RFC 7672 §2.2.3"),
    **_each("alias-first alias-servfail", "honoured", "asks at the name as it is given first: RFC 7672 §2.2.3"),
    **_each("tlsa-servfail", "none", "takes no answer for no records: RFC 7672 §2.1.2"),
}

LDNS_DANE: Exceptions = {
    **_each("misnamed-311 misnamed-301 misnamed-both", "broken", "compares names under DANE-EE(3): RFC 7671 §5.1"),
    **_each("self-signed-311", "broken", "compares names under DANE-EE(3): RFC 7671 §5.1"),
    **_each("next-hop", "broken", "knows no next-hop domain: RFC 7672 §3.2.2"),
    **_each("whole-certificate", "broken", "seeks a whole certificate in the chain alone: RFC 7671 §5.2.2"),
    **_each("postfix-one-of-two", "honoured", "is given the better chain alone"),
    **_each("usage-0 usage-1", "broken", "uses what is unusable for SMTP, and finds no public path: RFC 7672 §3.1.3"),
}

# Servers that say no word of TLS: danetool waits for one without end, ldns-dane is given a chain and asks nobody.
SILENT = {"unusable-without-tls", "no-starttls", "no-tls-now", "no-handshake", "not-now", "nobody"}


@pytest.fixture(scope="module")
def jail(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jail]:
    root = directory(tmp_path_factory, "jail")
    yield Jail.build(root, resolver=internet.validating, anchor=internet.anchor)
    shutil.rmtree(root)  # pytest keeps what it is left; this is large


def disagreements(ask: Callable[[Case], str], cases: Iterable[Case], known: Exceptions) -> dict[str, str]:
    """What is said of each case that is not what the table says, nor what is known; and what is known, but not so."""
    cases = list(cases)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = dict(zip((case.name for case in cases), pool.map(ask, cases), strict=True))
    expected = {case.name: status(case) for case in cases}
    others = {name: word for name, word in said.items() if not (name in known or word == expected[name])}
    gone = {name: word for name, word in said.items() if name in known and not _as_known(word, known[name][0])}
    missing = {name: "not asked" for name in known if name not in said}
    return others | gone | missing


def _as_known(word: str, known: str) -> bool:
    return any(word == each or (each.startswith("said: ") and word.startswith(each)) for each in known.split("|"))


def status(case: Case) -> str:
    """The only host's; where the MX answer is of no use, no host is known, and mail waits."""
    statuses = [host.status for host in case.hosts.values()] or ["deferred"]
    (only,) = statuses
    return only


def single(internet: Internet) -> Iterable[Case]:
    """The mail domains with one host or none, but not those that take no mail."""
    return (case for case in internet.dane.values() if case.mx and len(case.hosts) < 2 and case.name != "null")


def only_host(case: Case) -> str:
    (host,) = case.hosts
    return host


def test_posttls_finger_agrees(internet: Internet, jail: Jail) -> None:
    assert disagreements(lambda case: jail.posttls_finger(case.target), single(internet), POSTTLS_FINGER) == {}


def test_posttls_finger_agrees_on_each_of_several_hosts(internet: Internet, jail: Jail) -> None:
    hosts = internet.dane["hosts"].hosts

    assert {host: jail.posttls_finger(f"[{host}]") for host in hosts} == {
        host: expected.status for host, expected in hosts.items()
    }


def test_danetool_agrees(internet: Internet, jail: Jail) -> None:
    cases = [case for case in single(internet) if case.hosts and case.name not in SILENT]

    assert disagreements(lambda case: jail.danetool(only_host(case)), cases, DANETOOL) == {}


def test_ldns_dane_agrees(internet: Internet, tmp_path: Path) -> None:
    def ask(case: Case) -> str:
        chain, *_ = internet.papers.presented(case.machine)
        file = write_chain(tmp_path / f"{case.name}.pem", *chain)
        return ldns_dane(only_host(case), file, resolver=internet.validating)

    cases = [case for case in single(internet) if case.machine and case.name not in SILENT]
    assert disagreements(ask, cases, LDNS_DANE) == {}


def test_ldns_dane_agrees_where_tls_is_spoken_at_once(internet: Internet) -> None:
    def ask(case: Case) -> str:
        port = int(case.target.rpartition(":")[2])
        return ldns_dane_live(only_host(case), port, resolver=internet.validating, roots=internet.roots)

    cases = [case for case in internet.dane.values() if case.target.startswith(("smtps:", "https:"))]
    assert disagreements(ask, cases, {}) == {}


# The response code, whether the resolver vouches for the answer, whether it says that validation failed.
DNS = {
    (".", "SOA"): ("NOERROR", True, False),
    ("right-311.mx.dane.example", "A"): ("NOERROR", True, False),
    ("right-311.mx.dane.example", "AAAA"): ("NOERROR", True, False),
    ("nothing.dane.example", "A"): ("NXDOMAIN", True, False),
    ("mx.nsec3.example", "A"): ("NOERROR", True, False),
    ("mx.nsec3.example", "AAAA"): ("NOERROR", True, False),
    ("nothing.nsec3.example", "A"): ("NXDOMAIN", True, False),
    ("plain.plain.example", "MX"): ("NOERROR", False, False),
    ("nothing.plain.example", "A"): ("NXDOMAIN", False, False),
    ("alias-expanded.mx.dane.example", "A"): ("NOERROR", True, False),
    ("alias-away.mx.dane.example", "A"): ("NOERROR", False, False),
    ("alias-away.mx.dane.example", "CNAME"): ("NOERROR", True, False),
    ("_25._tcp.tlsa-alias.mx.dane.example", "TLSA"): ("NOERROR", True, False),
    ("_25._tcp.tlsa-alias-away.mx.dane.example", "TLSA"): ("NOERROR", False, False),
    ("_25._tcp.tlsa-wildcard.mx.dane.example", "TLSA"): ("NOERROR", True, False),
    ("_25._tcp.tlsa-unsigned.mx.dane.example", "TLSA"): ("NOERROR", False, False),
    ("_25._tcp.tlsa-bogus.mx.dane.example", "TLSA"): ("SERVFAIL", False, True),
    ("_25._tcp.tlsa-expired.mx.dane.example", "TLSA"): ("SERVFAIL", False, True),
    ("_25._tcp.tlsa-servfail.mx.dane.example", "TLSA"): ("SERVFAIL", False, False),
    ("bogus.example", "MX"): ("SERVFAIL", False, True),
    ("expired.example", "MX"): ("SERVFAIL", False, True),
    ("servfail.example", "MX"): ("SERVFAIL", False, False),
    ("mx.tampered.example", "MX"): ("SERVFAIL", False, True),
    ("mx.address.tampered.example", "A"): ("SERVFAIL", False, True),
    ("_25._tcp.mx.tlsa.tampered.example", "TLSA"): ("SERVFAIL", False, True),
}


def test_the_validating_resolver_vouches_for_what_is_signed(internet: Internet) -> None:
    assert {question: drill(*question, resolver=internet.validating) for question in DNS} == DNS


def test_the_other_resolver_vouches_for_nothing(internet: Internet) -> None:
    answers = {question: drill(*question, resolver=internet.unaware) for question in DNS}

    # What is bogus is an answer like any other to it; what fails, fails.
    failed = {question for question, (code, *_) in answers.items() if code == "SERVFAIL"}
    assert failed == {("servfail.example", "MX"), ("_25._tcp.tlsa-servfail.mx.dane.example", "TLSA")}
    assert {vouched for _, vouched, _ in answers.values()} == {False}
