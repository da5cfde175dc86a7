"""The domains that Exchange Online counts as the tenant's own, and what falls under them."""

from collections.abc import Iterable, Sequence

from probe.model import AcceptedDomain, Gap, Organisation


def of_tenant(organisation: Organisation) -> tuple[AcceptedDomain, ...]:
    """Those of the tenant; where the exports do not tell, those of which it is not known whose they are."""
    online = tuple(found for found in organisation.domains if found.online is True)
    return online or tuple(found for found in organisation.domains if found.online is None)


def covering(name: str, accepted: Iterable[AcceptedDomain]) -> str | None:
    """The accepted domain that the name falls under: it is the domain itself or, being a host, lies directly in it; or
    anywhere below where the domain's subdomains are accepted as well."""
    base = name.removeprefix("*.")
    parent = None if name.startswith("*.") else base.partition(".")[2]
    for found in accepted:
        domain = found.domain.lower()
        if domain.removeprefix("*.") in (base, parent) or _is_below(base, found):
            return found.domain
    return None


def takes(domain: str, accepted: Iterable[AcceptedDomain]) -> bool:
    """Whether mail of this domain is the tenant's own: a parent's will not do."""
    domain = domain.lower()
    return any(found.domain.lower() == domain or _is_below(domain, found) for found in accepted)


def _is_below(name: str, accepted: AcceptedDomain) -> bool:
    domain = accepted.domain.lower()
    everything_below = accepted.match_subdomains is True or domain.startswith("*.")
    return everything_below and name.endswith(f".{domain.removeprefix('*.')}")


def above(name: str, accepted: Iterable[AcceptedDomain]) -> list[AcceptedDomain]:
    """The accepted domains somewhere above a name, however far."""
    return [found for found in accepted if name.endswith(f".{found.domain.lower()}")]


def may_cover(name: str, higher: Sequence[AcceptedDomain]) -> bool:
    """Whether a name that none of the domains above it covers may be taken all the same: their subdomains may be
    accepted, and how far below a wildcard may lie is not documented."""
    open_question = any(isinstance(found.match_subdomains, Gap) for found in higher) or name.startswith("*.")
    return bool(higher) and open_question
