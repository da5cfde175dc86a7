"""The command that checks what a bounce says, or why there is none.

Only what a probe from outside can see is offered: the server that was tried, by the name that was expected of it, or
the recipient's domain with its promises. The presented thumbprint is no expectation: the certificate that was refused
is not to be found again when all is well. It is for comparing, see `comparing`.
"""

import ipaddress
import re
from dataclasses import replace

from probe.exchange.bounces.bounce import Bounce, Kind
from probe.exchange.bounces.meaning import Check, Command

MICROSOFT = (".protection.outlook.com", ".prod.outlook.com", ".mx.microsoft", ".outlook.com")
SMTP = 25
GUESSED = "What the connector expects (TlsDomain) the text does not say: the host's name is taken in its place."

_EXPECTABLE = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}", re.IGNORECASE)
# Networks that mean something else, or nothing, where the probe runs (RFC 6890 without the documentation ranges).
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "::/127",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
_SENDING = (
    "From outside nobody sees which certificate a server shows as a client. Its SmtpSend log does: `probe logs`. What "
    "the same server shows as a server, `probe` sees, and a chain that lacks an intermediate there usually lacks it "
    "here too."
)
_LOCAL = (
    "It speaks of the machine that logged it, {which}; what that machine presents to others, `probe HOST:25` shows."
)


def command(bounce: Bounce, check: Check) -> Command:
    """What to run."""
    match check:
        case Check.NOTHING:
            return Command(notes=("It is not about the connection: there is nothing to probe.",))
        case Check.SENDING:
            return Command(notes=(_SENDING,))
        case Check.LOCAL:
            which = bounce.generating_server or "and the text does not say which"
            return Command(notes=(_LOCAL.format(which=which),))
        case Check.DOMAIN:
            return _domain(bounce)
        case Check.HOST | Check.NAME:
            return _host(bounce, named=check is Check.NAME)


def to_microsoft(bounce: Bounce) -> bool | None:
    """Whether the sender was on its way to Exchange Online; None where the text does not tell."""
    return None if bounce.fqdn is None else is_microsoft(bounce.fqdn)


def is_microsoft(host: str) -> bool:
    return host.endswith(MICROSOFT)


def private(address: str) -> bool:
    """Whether the address means something only where the sender stood."""
    found = ipaddress.ip_address(address)
    return any(found in network for network in _PRIVATE if network.version == found.version)


def _domain(bounce: Bounce) -> Command:
    if bounce.domain:
        return Command(target=bounce.domain)
    note = (
        "The text does not name the recipient's domain, which has made the promise: `probe DOMAIN` looks at all of it."
    )
    found = _host(bounce, named=False)
    return replace(found, notes=(note, *found.notes) if found.target else (note,))


def _host(bounce: Bounce, *, named: bool) -> Command:
    notes: list[str] = []
    host, address = bounce.fqdn, bounce.ip
    if address and private(address):
        notes.append(f"The address {address} is a private one and is left out: it means nothing elsewhere.")
        address = None
    if bounce.scrubbed and not bounce.ip:
        notes.append("The address was taken out of the text; the name is looked up instead.")
    expected = bounce.expected.lower() if bounce.expected and _EXPECTABLE.fullmatch(bounce.expected) else None
    if host is None and expected and not expected.startswith("*."):
        host = expected
    if host is None and address is None:
        return Command(notes=(_missing(bounce, named=named),))
    place, port = host or address or "", bounce.port or SMTP
    name = None
    if named and not is_microsoft(host or ""):
        name = expected or host
        if name and not expected:
            notes.append(GUESSED)
    if is_microsoft(host or ""):
        notes.append("It was on its way to Exchange Online: run it on the network of the server that sends.")
    return Command(
        target=f"[{place}]:{port}" if ":" in place else f"{place}:{port}",
        connect=(address,) if host and address else (),
        name=name,
        notes=tuple(notes),
    )


def _missing(bounce: Bounce, *, named: bool) -> str:
    what = "The host was taken out of the text" if bounce.scrubbed else "The text names no host"
    if bounce.kind in (Kind.HRESULT, Kind.STATUS, Kind.RESULT_TYPE):
        what = "The word alone names no host"
    return f"{what}: `probe HOST:25{' --expect-name NAME' if named else ''}` looks at the one that was tried."
