"""The name question, by two books of rules.

RFC 9525 counts the DNS names of the SAN alone; a wildcard is a whole first label and stands for exactly one label.
Exchange Online counts the common name beside them, has a wildcard match its own bare parent too, and takes an expected
`*.domain` (a connector's TlsDomain) for any one label below the domain.
"""

from functools import lru_cache

from probe.judge.certificate import Certificate, host_address, is_host


def by_rfc(certificate: Certificate, host: str) -> str | None:
    """The name in the certificate that stands for the host (RFC 9525 §6.3) or address (§6.4), None where none does."""
    if address := host_address(host):
        return address if address in certificate.ip_names else None
    # Certificates have been seen with thousands of names, and hostile ones have more: only what can match is looked at.
    exact, parent = _ascii(host), host.partition(".")[2]
    likely = {exact, f"*.{exact.partition('.')[2]}", f"*.{_ascii(parent)}"}
    names = (name for name in certificate.dns_names if name.strip() in likely)
    return next((name for name in names if _matches(name, host)), None)


@lru_cache(maxsize=4096)
def _ascii(host: str) -> str:
    """The host as the library will compare it."""
    if host.isascii():
        return host.strip().lower()
    from service_identity.hazmat import DNS_ID

    try:
        return DNS_ID(host).hostname.decode()
    except ValueError:  # it can be no host
        return host


@lru_cache(maxsize=4096)
def _matches(presented: str, host: str) -> bool:
    # Loaded here: it takes its time, and neither addresses nor Exchange Online's book need it.
    from service_identity.exceptions import CertificateError
    from service_identity.hazmat import DNS_ID, DNSPattern

    head, _, parent = host.partition(".")
    if head.startswith("xn--") and presented.startswith("*."):
        # The library keeps RFC 6125's caution about wildcards and A-labels; RFC 9525 §6.3 makes no exception.
        host = f"label.{parent}"
    try:
        return DNS_ID(host).verify(DNSPattern.from_bytes(presented.encode()))
    except (CertificateError, ValueError):  # a name that can stand for no host
        return False


def by_exchange(certificate: Certificate, expected: str) -> str | None:
    """The name that Exchange Online would take for the expected one, None where it would answer SubjectMismatch."""
    wanted = expected.lower()
    if wanted in certificate.names and not host_address(wanted):
        return wanted  # no wildcard, and no doubt about one, where the name itself is there
    hosts = (name for name in certificate.names if is_host(name) and not host_address(name))
    return next((name for name in hosts if exchange_matches(name, wanted)), None)


def exchange_matches(presented: str, expected: str) -> bool:
    """Whether a certificate's name stands for the expected one; both in lower case."""
    if presented == expected:
        return True
    if presented.startswith("*."):
        parent = presented[2:]
        # `*.contoso.com` for the bare `contoso.com`: so in Exchange's code of 2013, unverified since.
        return not expected.startswith("*.") and parent in (expected, expected.partition(".")[2])
    if expected.startswith("*."):
        return presented.partition(".")[2] == expected[2:]
    return False


def why_only_exchange(certificate: Certificate, matched: str, expected: str) -> str | None:
    """Why RFC 9525 does not take the name by which Exchange Online accepts the certificate; None where both agree."""
    expected = expected.lower()
    if not expected.startswith("*.") and by_rfc(certificate, expected):
        return None
    if matched not in certificate.dns_names:
        return f"{matched} is its common name alone, and only the names in the SAN count (RFC 9525 §2)"
    if expected.startswith("*."):
        # A connector's `*.domain` is no name of a host; a certificate that bears the same wildcard covers all it means.
        return None if expected in certificate.dns_names else f"{matched} stands for itself alone, not for {expected}"
    return f"{matched} stands for exactly one label, not for the bare {expected} (RFC 9525 §6.3)"


def doubtful(certificate: Certificate, matched: str | None, expected: str) -> str | None:
    """What of Exchange Online's answer on the name nobody has verified; None where it is known."""
    expected = expected.lower()
    if matched == f"*.{expected}":
        return f"that it takes {matched} for the bare {expected} is known of Exchange's code of 2013, unverified since"
    if matched is None and expected.startswith("*.") and expected[2:] in certificate.names:
        return f"whether it takes {expected[2:]} for {expected} is unverified"
    return None
