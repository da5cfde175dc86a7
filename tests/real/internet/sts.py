"""How a domain with MTA-STS is made: its record, its policy host, its mail hosts, and what RFC 8461 says of it all.

Nothing here is signed. Who stands where is in tests.real.internet.sts_cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.pki import Issued
from tests.real.internet.machines import NET, NOBODY, STS_MX, Papers
from tests.real.nginx import Listener

DOMAIN = "sts.example"
SHARED = f"{NET}.200"  # of most policy hosts: who is meant is said by SNI
_ALONE = 202  # from here on, those that nginx can only set up by the address
GOOD = f"good.{STS_MX}"
ID = "20260101T000000"
RECORD = f'"v=STSv1; id={ID};"'

# Of a mail host: whether the policy names it, what is wrong with its certificate, what becomes of mail for it.
Expected = tuple[bool | None, str, str]
ACCEPTED: Expected = (True, "ok", "ok")
UNPROMISED: Expected = (None, "ok", "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sts:
    """What is to be said of a domain. `tlsrpt` is None where there is no record of it, else its URIs, none where it is
    not valid. `codes` are findings that have to be there; `lines` go to the zone."""

    domain: str
    record: str = "valid"
    policy: str = "valid"
    mode: str | None = "enforce"
    hosts: Mapping[str, Expected] = field(default_factory=dict)
    tlsrpt: Sequence[str] | None = None
    codes: frozenset[str] = frozenset()
    lines: Sequence[str] = ()
    listener: Listener | None = None

    @property
    def name(self) -> str:
        return self.domain.partition(".")[0]


def policy(mode: str = "enforce", *mx: str, age: str = "604800", end: str = "\r\n") -> bytes:
    """A policy without a fault, for the mail hosts of "sts.example" unless told for which."""
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {pattern}" for pattern in mx or (f"*.{STS_MX}",))]
    return "".join(line + end for line in [*lines, f"max_age: {age}"]).encode()


class PolicyHost:
    """Writes policies where nginx finds them, and makes the listeners that serve them."""

    def __init__(self, papers: Papers, directory: Path) -> None:
        self.papers, self.directory = papers, directory
        self._alone = _ALONE

    def says(self, name: str, body: bytes, *, media: str = "text/plain", more: str = "") -> str:
        """nginx's words for a policy at its place."""
        file = self.directory / f"{name}.txt"
        file.write_bytes(body)
        return f'location = /.well-known/mta-sts.txt {{ types {{}} default_type "{media}"; alias {file}; {more} }}'

    def leaf(self, domain: str) -> tuple[Issued, ...]:
        """The good certificate for its policy host."""
        issuing = self.papers.public.issuing
        return issuing.leaf(names=(f"mta-sts.{domain}",)), issuing

    def listens(self, domain: str, answers: str, *, address: str = SHARED, chain: Sequence[Issued] = ()) -> Listener:
        return Listener(
            chains=[chain or self.leaf(domain)],
            addresses=[address],
            speaks="https",
            server_name=f"mta-sts.{domain}",
            answers=answers,
        )

    def own_address(self) -> str:
        self._alone += 1
        return f"{NET}.{self._alone - 1}"


class Maker:
    """Makes domains below "sts.example". What is not said is as it should be."""

    def __init__(self, host: PolicyHost) -> None:
        self.host = host

    def __call__(
        self,
        name: str,
        body: bytes | None = None,
        *,
        answers: str | None = None,
        chain: Sequence[Issued] = (),
        address: str = SHARED,
        txt: Sequence[str] = (f"TXT {RECORD}",),
        mx: Sequence[str] = (GOOD,),
        record: str = "valid",
        becomes: str = "valid",
        mode: str = "enforce",
        hosts: Mapping[str, Expected] | None = None,
        codes: Sequence[str] = (),
        tlsrpt: tuple[str, Sequence[str]] | None = None,
        more: Sequence[str] = (),
    ) -> Sts:
        """`txt` are the records at `_mta-sts`, `becomes` says what becomes of the policy, `tlsrpt` is a record and the
        URIs in it, `more` further lines for the zone."""
        domain = f"{name}.{DOMAIN}"
        lines = [f"{name} MX {number} {host}." for number, host in enumerate(mx, 10)]
        lines += [f"_mta-sts.{name} {data}" for data in txt]
        lines += [f"mta-sts.{name} A {address}"] if address else []
        lines += [f'_smtp._tls.{name} TXT "{tlsrpt[0]}"'] if tlsrpt else []
        in_force = becomes == "valid" and mode != "none"
        if answers is None:
            answers = self.host.says(name, policy() if body is None else body)
        listener = None
        if address not in ("", NOBODY):
            listener = self.host.listens(domain, answers, address=address, chain=chain)
        return Sts(
            domain=domain,
            record=record,
            policy=becomes,
            mode=mode if becomes == "valid" else None,
            hosts=dict.fromkeys(mx, ACCEPTED if in_force else UNPROMISED) if hosts is None else hosts,
            tlsrpt=tlsrpt[1] if tlsrpt else None,
            codes=frozenset(codes),
            lines=[*lines, *more],
            listener=listener,
        )
