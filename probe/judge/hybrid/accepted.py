"""The domains that Exchange Online counts as the tenant's own, and what falls under them."""

from collections.abc import Iterable, Sequence

from probe.model import AcceptedDomain, Gap, Organisation

LONGEST = 255  # of a name in DNS (RFC 1035 §2.3.4)


def of_tenant(organisation: Organisation) -> tuple[AcceptedDomain, ...]:
    """Those of the tenant; where the exports do not tell, those of which it is not known whose they are."""
    online = tuple(found for found in organisation.domains if found.online is True)
    return online or tuple(found for found in organisation.domains if found.online is None)


def in_dns(name: str) -> str:
    """A domain, or `*.` and a domain, as DNS and certificates have it: in lower case, without the last dot, what is not
    ASCII as A-labels (RFC 5890 §2.3.2.1). What can be no name stays as it is."""
    name = name.strip().lower().removesuffix(".")
    if name.isascii() or len(name) > LONGEST:
        return name
    import idna  # hardly anybody needs it

    wildcard = "*." if name.startswith("*.") else ""
    try:
        return wildcard + idna.encode(name.removeprefix("*."), uts46=True).decode("ascii")
    except idna.IDNAError:
        return name


def covering(name: str, accepted: Iterable[AcceptedDomain]) -> str | None:
    """The accepted domain that the name falls under: it is the domain itself or, being a host, lies directly in it; or
    anywhere below where the domain's subdomains are accepted as well."""
    name = in_dns(name)
    base = name.removeprefix("*.")
    parent = None if name.startswith("*.") else base.partition(".")[2]
    for found in accepted:
        if in_dns(found.domain).removeprefix("*.") in (base, parent) or _is_below(base, found):
            return found.domain
    return None


def takes(domain: str, accepted: Iterable[AcceptedDomain]) -> bool | None:
    """Whether mail of this domain is the tenant's own: a parent's will not do, unless its subdomains are accepted as
    well. None: whether they are is not known."""
    domain = in_dns(domain)
    taken: bool | None = False
    for found in accepted:
        if in_dns(found.domain) == domain or _is_below(domain, found):
            return True
        if isinstance(found.match_subdomains, Gap) and domain.endswith(f".{in_dns(found.domain)}"):
            taken = None
    return taken


def _is_below(name: str, accepted: AcceptedDomain) -> bool:
    domain = in_dns(accepted.domain)
    everything_below = accepted.match_subdomains is True or domain.startswith("*.")
    return everything_below and name.endswith(f".{domain.removeprefix('*.')}")


def above(name: str, accepted: Iterable[AcceptedDomain]) -> list[AcceptedDomain]:
    """The accepted domains somewhere above a name, however far."""
    name = in_dns(name)
    return [found for found in accepted if name.endswith(f".{in_dns(found.domain)}")]


def may_cover(name: str, higher: Sequence[AcceptedDomain]) -> bool:
    """Whether a name that none of the domains above it covers may be taken all the same: their subdomains may be
    accepted, and how far below a wildcard may lie is not documented."""
    open_question = any(isinstance(found.match_subdomains, Gap) for found in higher) or name.startswith("*.")
    return bool(higher) and open_question
