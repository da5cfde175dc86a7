"""Domains with DANE, right and wrong, and what RFC 7672 has to say of each: most are one mail host with its records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from tests.pki import Issued
from tests.real.internet.machines import MX, NOBODY, Papers, tlsa
from tests.real.internet.sts import RECORD, SHARED

DOMAIN = "dane.example"
# Digests of nothing, of the length that the matching type asks for.
WRONG = {1: "00" * 32, 2: "00" * 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is to be said of a host: the statuses of its answers, and `base`, the name that its records are found under
    (None: none are)."""

    status: str
    addresses: str = "secure"
    tlsa: str | None = "secure"
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A target, and what is to be said of it. `codes` are findings that have to be there; `lines` go to the zone.
    `machine` is the only one that its mail is for, where that is known."""

    target: str
    hosts: Mapping[str, Host] = field(default_factory=dict)
    mx: str | None = "secure"
    codes: frozenset[str] = frozenset()
    lines: Sequence[str] = ()
    machine: str = ""

    @property
    def name(self) -> str:
        """Of the case: the first label of its target."""
        return self.target.rpartition("/")[2].partition(".")[0]


CODES = {
    "honoured": {"dane-matched"},
    "broken": {"tlsa-invalid"},
    "unusable": {"tlsa-unusable"},
    "none": {"dane-absent"},
    "mixed": {"dane-matched", "tlsa-invalid"},
    "deferred": {"dane-lookup-failed"},
    "not-validated": {"dane-not-validated"},
}


def cases(papers: Papers) -> Mapping[str, Case]:
    """All of them by name."""
    every = [*_matrix(papers), *_anchors(papers), *_leaves(papers), *_unusable(papers), *_rolling(papers)]
    every += [*_silent(papers), *_servers(papers), *_several(papers), *_direct(papers)]
    found = {case.name: case for case in every}
    if len(found) != len(every):
        raise ValueError("two cases go by one name")
    return found


def host(name: str) -> str:
    return f"{name}.{MX}"


class Maker:
    """Makes the plain kind of case: a domain, one mail host of the same name on one machine, and its TLSA records."""

    def __init__(self, papers: Papers) -> None:
        self.papers = papers

    def __call__(self, name: str, machine: str, status: str, *records: str, codes: set[str] | None = None) -> Case:
        lines = [f"{name} MX 10 {host(name)}.", f"{host(name)}. A {self.papers.addresses[machine]}"]
        lines += [f"_25._tcp.{host(name)}. TLSA {record}" for record in records]
        expected = Host(status=status, base=host(name) if records else None)
        return Case(
            target=f"{name}.{DOMAIN}",
            hosts={host(name): expected},
            codes=frozenset(CODES[status] if codes is None else codes),
            lines=lines,
            machine=machine,
        )


def _matrix(papers: Papers) -> Iterator[Case]:
    """Every usage × selector × matching that SMTP knows, right and wrong."""
    make = Maker(papers)
    for usage, selector, matching in product((2, 3), (0, 1), (0, 1, 2)):
        numbers = f"{usage}{selector}{matching}"
        right = tlsa(usage, selector, matching, papers.issuing if usage == 2 else papers.leaf)
        yield make(f"right-{numbers}", "private", "honoured", right)
        wrong = tlsa(usage, selector, matching, papers.stranger if usage == 2 else papers.renewed)
        yield make(f"wrong-{numbers}", "private", "broken", wrong)


def _anchors(papers: Papers) -> Iterator[Case]:
    """DANE-TA(2): which certificate is the anchor, and whether it is there (RFC 7671 §5.2, RFC 7672 §3.1.1)."""
    make = Maker(papers)
    issuing, root = papers.issuing, papers.root
    for selector, matching in product((0, 1), (0, 1, 2)):
        yield make(f"root-2{selector}{matching}", "private", "honoured", tlsa(2, selector, matching, root))
    # A digest of an authority that the server does not present cannot be held against anything.
    yield make("unsent-root", "rootless", "broken", tlsa(2, 0, 1, root))
    yield make("unsent-issuer", "leaf-only", "broken", tlsa(2, 1, 1, issuing))
    # The record itself brings the anchor along: a whole certificate, or a bare key (RFC 7671 §5.2.2, §5.2.3).
    yield make("whole-certificate", "leaf-only", "honoured", tlsa(2, 0, 0, issuing))
    yield make("bare-key", "leaf-only", "honoured", tlsa(2, 1, 0, issuing))
    yield make("whole-root", "rootless", "honoured", tlsa(2, 0, 0, root))
    # Presented, but it issued nothing of this.
    yield make("not-the-issuer", "stranger", "broken", tlsa(2, 0, 1, papers.stranger))
    yield make("anchor-is-the-leaf", "self-signed", "broken", tlsa(2, 0, 1, papers.leaf))


def _leaves(papers: Papers) -> Iterator[Case]:
    """Names and dates: DANE-EE(3) asks for neither (RFC 7671 §5.1), DANE-TA(2) for both (RFC 7672 §3.1.2)."""
    make = Maker(papers)
    issuing, root = papers.issuing, papers.root
    for what in ("expired", "misnamed"):
        leaf: Issued = getattr(papers, what)
        yield make(f"{what}-311", what, "honoured", tlsa(3, 1, 1, leaf))
        yield make(f"{what}-301", what, "honoured", tlsa(3, 0, 1, leaf))
    yield make("self-signed-311", "self-signed", "honoured", tlsa(3, 1, 1, papers.self_signed))
    yield make("expired-211", "expired", "broken", tlsa(2, 1, 1, issuing), codes={"certificate-expired"})
    yield make("misnamed-211", "misnamed", "broken", tlsa(2, 1, 1, issuing), codes={"certificate-host-mismatch"})
    # An expired authority under a root that is good, and as the anchor itself.
    yield make("stale-issuer", "stale", "broken", tlsa(2, 1, 1, root), codes=set())
    # RFC 7672 §3.2.2: the next-hop domain is a reference identifier, too.
    yield make("next-hop", "next-hop", "honoured", tlsa(2, 1, 1, issuing))
    # RFC 7672 §3.2.3: the common name counts only where the certificate has no DNS-ID.
    yield make("common-name", "common-name", "honoured", tlsa(2, 1, 1, issuing))
    names = {"certificate-host-mismatch"}
    yield make("common-name-beside", "common-name-beside", "broken", tlsa(2, 1, 1, issuing), codes=names)
    # Either record may match: the leaf's is enough, whatever is wrong with names under the anchor's.
    yield make("misnamed-both", "misnamed", "honoured", tlsa(2, 1, 1, issuing), tlsa(3, 1, 1, papers.misnamed))


def _unusable(papers: Papers) -> Iterator[Case]:
    """Records that no sender can use: TLS is required, and nobody is authenticated (RFC 7672 §2.2, §3.1.3)."""
    make, leaf, issuing = Maker(papers), papers.leaf, papers.issuing
    yield make("usage-0", "private", "unusable", tlsa(0, 0, 1, issuing))
    yield make("usage-1", "private", "unusable", tlsa(1, 1, 1, leaf))
    yield make("usage-4", "private", "unusable", f"4 1 1 {WRONG[1]}")
    yield make("selector-2", "private", "unusable", f"3 2 1 {WRONG[1]}")
    yield make("matching-3", "private", "unusable", f"3 1 3 {WRONG[1]}")
    yield make("short-digest", "private", "unusable", "3 1 1 abcdef")
    yield make("long-digest", "private", "unusable", f"3 1 1 {'00' * 33}")
    yield make("sha512-as-sha256", "private", "unusable", f"3 1 2 {WRONG[1]}")
    yield make("no-data", "private", "unusable", r"\# 3 030101")
    yield make("not-a-certificate", "private", "unusable", "2 0 0 0123456789")
    yield make("unusable-without-tls", "postfix-no-starttls", "unusable", tlsa(1, 1, 1, leaf))
    # One that can be used decides alone.
    yield make("unusable-beside-right", "private", "honoured", tlsa(1, 1, 1, leaf), tlsa(3, 1, 1, leaf))
    yield make("unusable-beside-wrong", "private", "broken", tlsa(1, 1, 1, leaf), f"3 1 1 {WRONG[1]}")


def _rolling(papers: Papers) -> Iterator[Case]:
    """Several records: roll-overs (RFC 7671 §8), and digest algorithm agility (RFC 7671 §9)."""
    make, leaf, renewed = Maker(papers), papers.leaf, papers.renewed
    yield make("roll-311", "private", "honoured", tlsa(3, 1, 1, leaf), tlsa(3, 1, 1, renewed))
    yield make("rolled-311", "renewed", "honoured", tlsa(3, 1, 1, leaf), tlsa(3, 1, 1, renewed))
    yield make("roll-211", "private", "honoured", tlsa(3, 1, 1, leaf), tlsa(2, 1, 1, papers.issuing))
    yield make("rolled-211", "renewed", "honoured", tlsa(3, 1, 1, leaf), tlsa(2, 1, 1, papers.issuing))
    yield make("forgot-to-roll", "renewed", "broken", tlsa(3, 1, 1, leaf))
    yield make("agile", "private", "honoured", f"3 1 1 {WRONG[1]}", tlsa(3, 1, 2, leaf))
    # SHA-512 is there and does not match: the weaker digest is not looked at.
    yield make("agile-stale", "private", "broken", tlsa(3, 1, 1, leaf), f"3 1 2 {WRONG[2]}")
    # Agility is for one usage and selector at a time, and leaves whole records alone.
    yield make("agile-apart", "private", "honoured", tlsa(3, 1, 1, leaf), f"3 0 2 {WRONG[2]}")
    yield make("agile-whole", "private", "honoured", tlsa(3, 1, 0, leaf), f"3 1 2 {WRONG[2]}")


def _silent(papers: Papers) -> Iterator[Case]:
    """A usable record demands TLS (RFC 7672 §2.2)."""
    make, record = Maker(papers), tlsa(3, 1, 1, papers.leaf)
    yield make("no-starttls", "postfix-no-starttls", "broken", record, codes={"starttls-not-supported"})
    yield make("no-tls-now", "postfix-no-tls", "broken", record, codes={"starttls-not-supported"})
    yield make("no-handshake", "postfix-no-certificate", "broken", record, codes={"not-observed"})
    yield make("not-now", "postfix-not-now", "deferred", record, codes={"not-observed"})
    name = "nobody"
    lines = [f"{name} MX 10 {host(name)}.", f"{host(name)}. A {NOBODY}", f"_25._tcp.{host(name)}. TLSA {record}"]
    expected = Host(status="deferred", base=host(name))
    yield Case(target=f"{name}.{DOMAIN}", hosts={host(name): expected}, codes=frozenset({"not-observed"}), lines=lines)


def _servers(papers: Papers) -> Iterator[Case]:
    """The same by Postfix and by Exim, with one chain and with two."""
    make, leaf, rsa = Maker(papers), papers.leaf, papers.rsa
    yield make("postfix-both", "postfix", "honoured", tlsa(3, 1, 1, leaf), tlsa(3, 1, 1, rsa))
    # A sender that offers RSA alone meets the chain that no record covers; the others, and Postfix, do not.
    yield make("postfix-one-of-two", "postfix", "mixed", tlsa(3, 1, 1, leaf), codes={"tlsa-invalid"})
    yield make("postfix-anchor", "postfix", "honoured", tlsa(2, 0, 1, papers.root))
    yield make("postfix-wrong", "postfix", "broken", f"3 1 1 {WRONG[1]}")
    yield make("exim-311", "exim", "honoured", tlsa(3, 1, 1, rsa))
    yield make("exim-wrong", "exim", "broken", tlsa(3, 1, 1, leaf))
    yield make("exim-both", "exim-both", "honoured", tlsa(3, 1, 1, leaf), tlsa(3, 1, 1, rsa))
    yield make("exim-anchor", "exim-both", "honoured", tlsa(2, 1, 1, papers.issuing))


def _several(papers: Papers) -> Iterator[Case]:
    """Several addresses of one host, and several promises of one domain (see tests.real.internet.sts_cases)."""
    address = papers.addresses
    good = tlsa(3, 1, 1, papers.leaf)
    both = Maker(papers)("both", "private", "honoured", good)
    yield replace(both, lines=[*both.lines, f"_mta-sts.both TXT {RECORD}", f"mta-sts.both A {SHARED}"])
    for name, machines, status in (
        ("one-address-wrong", ("private", "renewed"), "mixed"),
        ("no-address-right", ("renewed", "public"), "broken"),
        ("both-addresses-right", ("private", "rootless"), "honoured"),
    ):
        lines = [f"{name} MX 10 {host(name)}.", f"_25._tcp.{host(name)}. TLSA {good}"]
        lines += [f"{host(name)}. A {address[machine]}" for machine in machines]
        expected = {host(name): Host(status=status, base=host(name))}
        yield Case(target=f"{name}.{DOMAIN}", hosts=expected, codes=frozenset(CODES[status]), lines=lines)


def _direct(papers: Papers) -> Iterator[Case]:
    """Hosts named with a port, as users name them: the records are those of that port, and there is no MX."""
    leaf, trusted, issuing = papers.leaf, papers.trusted, papers.public.issuing

    def case(name: str, scheme: str, port: int, machine: str, status: str, record: str, at: int | None = None) -> Case:
        lines = [f"{host(name)}. A {papers.addresses[machine]}", f"_{at or port}._tcp.{host(name)}. TLSA {record}"]
        expected = Host(status=status, base=host(name) if status != "none" else None)
        target = f"{scheme}://{host(name)}:{port}"
        return Case(target=target, mx=None, hosts={host(name): expected}, lines=lines, machine=machine)

    right, wrong = tlsa(3, 1, 1, leaf), f"3 1 1 {WRONG[1]}"
    yield case("smtps-right", "smtps", 465, "private", "honoured", right)
    yield case("smtps-wrong", "smtps", 465, "private", "broken", wrong)
    yield case("smtps-anchor", "smtps", 465, "private", "honoured", tlsa(2, 0, 1, papers.root))
    yield case("smtps-other-port", "smtps", 465, "private", "none", right, at=25)
    yield case("submission-right", "submission", 25, "private", "honoured", right)
    yield case("https-right", "https", 443, "private", "honoured", right)
    # RFC 7671 §5.3, §5.4: PKIX-TA(0) and PKIX-EE(1) are usable here, and ask for a public path besides.
    yield case("https-usage-1", "https", 443, "public", "honoured", tlsa(1, 1, 1, trusted))
    yield case("https-usage-0", "https", 443, "public", "honoured", tlsa(0, 0, 1, issuing))
    yield case("https-usage-1-wrong", "https", 443, "public", "broken", f"1 1 1 {WRONG[1]}")
    yield case("https-usage-1-private", "https", 443, "private", "broken", tlsa(1, 1, 1, leaf))
