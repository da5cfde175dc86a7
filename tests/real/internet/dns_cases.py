"""Domains whose point is the DNS itself: denials, aliases, signatures that do not hold, servers that fail.

The plain cases stand in tests.real.internet.dane; the zones that both stand in, in tests.real.internet.zones.
"""

from collections.abc import Iterator, Mapping

from tests.real.internet.dane import CODES, DOMAIN, Case, Host, host
from tests.real.internet.machines import MX, Papers, tlsa

BOGUS, FAILED = frozenset({"dnssec-invalid"}), frozenset({"dane-lookup-failed"})
_BELOW = "_25._tcp"  # of a mail host: the name of its records, or a zone of its own


def dns_cases(papers: Papers) -> Mapping[str, Case]:
    """All of them by name."""
    every = [*_denials(papers), *_aliased_hosts(papers), *_aliased_domains(papers), *_records(papers)]
    every += [*_halves(papers), *_broken()]
    found = {case.name: case for case in every}
    if len(found) != len(every):
        raise ValueError("two cases go by one name")
    return found


def good_host(papers: Papers, name: str, *, at: str | None = None) -> tuple[str, str]:
    """A mail host and its certificate's record, which may lie at another name."""
    record = tlsa(3, 1, 1, papers.leaf)
    return f"{name}. A {papers.addresses['private']}", f"{_BELOW}.{at or name}. TLSA {record}"


def _case(name: str, expected: Host, *lines: str, zone: str = DOMAIN, codes: frozenset[str] | None = None) -> Case:
    """A domain with one mail host below "mx.dane.example" that goes by the same name."""
    codes = frozenset(CODES[expected.status]) if codes is None else codes
    lines = (f"{name} MX 10 {host(name)}.", *lines)
    return Case(target=f"{name}.{zone}", hosts={host(name): expected}, codes=codes, lines=lines)


def _denials(papers: Papers) -> Iterator[Case]:
    """Nothing is promised, and the parent zone proves it."""
    address, none = papers.addresses["private"], Host(status="none")
    yield _case("absent", none, f"{host('absent')}. A {address}")
    yield _case("nodata", none, f"{host('nodata')}. A {address}", f"{_BELOW}.{host('nodata')}. TXT nothing")
    yield Case(target=f"null.{DOMAIN}", codes=frozenset({"no-mail"}), lines=["null MX 0 ."])
    implicit = f"implicit.{DOMAIN}"
    expected = {implicit: Host(status="honoured", base=implicit)}
    codes = frozenset(CODES["honoured"])
    yield Case(target=implicit, hosts=expected, codes=codes, lines=good_host(papers, implicit))
    # NSEC3: the same three.
    for name, status in (("nsec3", "honoured"), ("absent3", "none"), ("implicit3", "honoured")):
        target = "nsec3.example" if name == "nsec3" else f"{name}.nsec3.example"
        at = target if name == "implicit3" else f"mx.{target}"
        expected = {at: Host(status=status, base=at if status == "honoured" else None)}
        lines = good_host(papers, at)[: 1 if status == "none" else 2]
        routed = () if at == target else (f"{target}. MX 10 {at}.",)
        yield Case(target=target, hosts=expected, codes=frozenset(CODES[status]), lines=(*routed, *lines))


def _aliased_hosts(papers: Papers) -> Iterator[Case]:
    """Mail hosts that are aliases: where their records are looked for (RFC 7672 §2.2.3)."""
    wrong = f"TLSA {tlsa(3, 1, 1, papers.renewed)}"

    def case(name: str, expected: Host, target: str, *lines: str) -> Case:
        return _case(name, expected, f"{host(name)}. CNAME {target}.", *lines)

    def honoured(base: str, addresses: str = "secure") -> Host:
        return Host(status="honoured", base=base, addresses=addresses)

    there = host("expanded")
    yield case("alias-expanded", honoured(there), there, *good_host(papers, there))
    there, here = host("bare"), host("alias-original")
    yield case("alias-original", honoured(here), there, *good_host(papers, there, at=here))
    here = host("alias-both")
    yield case("alias-both", honoured(host("expanded")), host("expanded"), f"{_BELOW}.{here}. {wrong}")
    there, here = host("wrongly"), host("alias-first")
    expected = Host(status="broken", base=there)
    yield case("alias-first", expected, there, *good_host(papers, there, at=here), f"{_BELOW}.{there}. {wrong}")
    # Where the records cannot be looked up at the first base domain, the second is not asked.
    there, here = host("unanswered"), host("alias-servfail")
    expected = Host(status="deferred", tlsa="failed")
    yield case("alias-servfail", expected, there, *good_host(papers, there, at=here))
    # Aliases that lead out of the signed zones: only the original name may carry records.
    here, there = host("alias-away"), "mx.plain.example"
    yield case("alias-away", honoured(here, "insecure"), there, f"{_BELOW}.{here}. TLSA {tlsa(3, 1, 1, papers.leaf)}")
    yield case("alias-away-absent", Host(status="none", addresses="insecure"), there)
    # What is presented depends on the name asked for, which has to be the base domain (RFC 7672 §8.1).
    there = host("expanded-sni")
    record = f"{_BELOW}.{there}. TLSA {tlsa(3, 1, 1, papers.leaf)}"
    yield case("alias-sni", honoured(there), there, f"{there}. A {papers.addresses['exim-sni']}", record)


def _aliased_domains(papers: Papers) -> Iterator[Case]:
    """Domains that are aliases, and mail hosts of other zones: the MX answer is as good as every step (§2.2.1)."""
    right = host("right-311")
    hosts = {right: Host(status="honoured", base=right)}
    matched = frozenset(CODES["honoured"])
    insecurely = matched | {"dane-mx-insecure"}
    yield Case(target=f"alias.{DOMAIN}", hosts=hosts, codes=matched, lines=["alias CNAME right-311"])
    lines = ["over-plain CNAME plain.plain.example."]
    plain = {"mx.plain.example": Host(status="none", addresses="insecure", tlsa=None)}
    absent = frozenset(CODES["none"])
    yield Case(target=f"over-plain.{DOMAIN}", hosts=plain, mx="insecure", codes=absent, lines=lines)
    yield Case(target="plain.plain.example", hosts=plain, mx="insecure", codes=absent)
    yield Case(target="to-secure.plain.example", hosts=hosts, mx="insecure", codes=insecurely)
    # An alias in an unsigned zone: whither it leads is anybody's word.
    alias = {"alias.plain.example": Host(status="none", addresses="insecure", tlsa=None)}
    lines = ["from-plain MX 10 alias.plain.example."]
    yield Case(target=f"from-plain.{DOMAIN}", hosts=alias, codes=absent, lines=lines)


def _records(papers: Papers) -> Iterator[Case]:
    """TLSA by way of aliases, wildcards, and zones of their own that fail."""
    address, record = papers.addresses["private"], f"TLSA {tlsa(3, 1, 1, papers.leaf)}"

    def case(name: str, expected: Host, *lines: str, codes: frozenset[str] | None = None) -> Case:
        return _case(name, expected, f"{host(name)}. A {address}", *lines, codes=codes)

    def honoured(name: str) -> Host:
        return Host(status="honoured", base=host(name))

    name = "tlsa-alias"
    yield case(name, honoured(name), f"{_BELOW}.{host(name)}. CNAME store.{MX}.", f"store.{MX}. {record}")
    name = "tlsa-alias-away"
    expected = Host(status="none", tlsa="insecure")
    yield case(name, expected, f"{_BELOW}.{host(name)}. CNAME store.plain.example.")
    name = "tlsa-wildcard"
    yield case(name, honoured(name), f"*._tcp.{host(name)}. {record}")
    yield case("tlsa-servfail", Host(status="deferred", tlsa="failed"), codes=FAILED)
    yield case("tlsa-bogus", Host(status="deferred", tlsa="bogus"), codes=BOGUS)
    yield case("tlsa-expired", Host(status="deferred", tlsa="bogus"), codes=BOGUS)
    yield case("tlsa-unsigned", Host(status="none", tlsa="insecure"))


def _halves(papers: Papers) -> Iterator[Case]:
    """A secure MX answer with mail hosts in zones that are not, and with one of either."""
    plain = Host(status="none", addresses="insecure", tlsa=None)
    lines = ["to-plain MX 10 mx.plain.example."]
    absent = frozenset(CODES["none"])
    yield Case(target=f"to-plain.{DOMAIN}", hosts={"mx.plain.example": plain}, codes=absent, lines=lines)
    hosts = {
        host("right-311"): Host(status="honoured", base=host("right-311")),
        host("wrong-311"): Host(status="broken", base=host("wrong-311")),
        host("usage-1"): Host(status="unusable", base=host("usage-1")),
        host("tlsa-bogus"): Host(status="deferred", tlsa="bogus"),
        "mx.plain.example": plain,
    }
    lines = [f"hosts MX {number} {name}." for number, name in enumerate(hosts, 10)]
    codes = frozenset({"dane-matched", "tlsa-invalid", "tlsa-unusable", "dnssec-invalid", "dane-absent"})
    yield Case(target=f"hosts.{DOMAIN}", hosts=hosts, codes=codes, lines=lines)


def _broken() -> Iterator[Case]:
    """Zones whose signatures do not hold, and one whose server fails."""
    for zone in ("bogus", "expired"):
        yield Case(target=f"{zone}.example", mx="bogus", codes=BOGUS)
    yield Case(target="servfail.example", mx="failed", codes=frozenset({"not-observed"}))
    yield Case(target="mx.tampered.example", mx="bogus", codes=BOGUS)
    for name, addresses, tlsa_status in (("address", "bogus", None), ("tlsa", "secure", "bogus")):
        expected = {f"mx.{name}.tampered.example": Host(status="deferred", addresses=addresses, tlsa=tlsa_status)}
        yield Case(target=f"{name}.tampered.example", hosts=expected, codes=BOGUS)
    for zone, status, codes in (("bogus", "bogus", BOGUS), ("servfail", "failed", frozenset())):
        expected = {f"mx.{zone}.example": Host(status="deferred", addresses=status, tlsa=None)}
        lines = [f"to-{zone} MX 10 mx.{zone}.example."]
        yield Case(target=f"to-{zone}.{DOMAIN}", hosts=expected, codes=codes, lines=lines)
