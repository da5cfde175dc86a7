"""Reading one group of sessions: who was at the other end, what certificate went out, and whether all went well."""

import ipaddress
import re
from enum import StrEnum
from functools import lru_cache

from probe.judge import dn
from probe.model import Group, Kind, Leaf, Speaker, Stage, Way

_MICROSOFT = (".protection.outlook.com", ".mx.microsoft")  # how the names of Exchange Online's hosts end
_MICROSOFTS_CERTIFICATE = "mail.protection.outlook.com"
_WIZARDS_CONNECTOR = "outbound to office 365"  # how the send connector's name begins that the hybrid wizard makes
_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
_SHA1 = re.compile(r"[0-9A-F]{40}")

# `TLS negotiation failed with error …`: the first two are of our own key, and come before the peer has shown anything.
KEY_WORDS = ("NoCredentials", "UnknownCredentials")

# ChainValidityStatus: what Exchange says of a certificate that it was shown. Names as in its code of 2013.
CHAIN_WORDS = (
    "SubjectMismatch",
    "UntrustedRoot",
    "CertificateExpired",
    "CertificateRevoked",
    "Revoked",
    "SignatureFailure",
    "BasicConstraintsError",
    "ValidityPeriodNesting",
    "WrongRole",
    "PurposeError",
    "WrongUsage",
    "InternalChainFailure",
    "UntrustedTestRoot",
    "NoCNMatch",
    "ValidSelfSigned",
    "authentication",  # of "authentication failed", where no status follows
)
NO_CERTIFICATE = "EmptyCertificate"


class Peer(StrEnum):
    """Who is at the other end, as far as it matters."""

    MICROSOFT = "microsoft"
    INSIDE = "inside"
    OTHER = "other"
    UNKNOWN = "unknown"  # taken out of the copy


def peer_of(group: Group) -> Peer:
    """By the name that the peer goes by, its certificate, and where the copy shows neither, the connector's name.

    A name in an EHLO is a claim, which any host can make; a certificate that passed is more.
    """
    if is_microsofts_host(group.peer) or (group.received and is_microsofts(group.received)):
        return Peer.MICROSOFT
    if is_wizards(group):
        return Peer.MICROSOFT
    if group.asked == "X-ANONYMOUSTLS":
        return Peer.INSIDE  # what Exchange servers of one organisation speak among themselves
    if not group.peer.strip():
        return Peer.UNKNOWN
    try:
        address = ipaddress.ip_address(group.peer.strip("[]").partition("%")[0].replace("*", "0"))  # 10.1.*.*
    except ValueError:
        return Peer.OTHER if "." in group.peer else Peer.UNKNOWN
    return Peer.INSIDE if any(address in network for network in _INSIDE) else Peer.OTHER


def is_wizards(group: Group) -> bool:
    """Whether it is of the send connector that the hybrid wizard makes, by its name."""
    return group.way is Way.SEND and group.connector.casefold().startswith(_WIZARDS_CONNECTOR)


def is_microsofts_host(name: str) -> bool:
    return f".{name.casefold().removeprefix('*.')}".endswith(_MICROSOFT)


def is_microsofts(leaf: Leaf) -> bool:
    """Whether it says that it is Exchange Online's. Of a copy without names its organisation has to do."""
    subject = (leaf.subject or "").casefold()
    return (
        any(name.casefold() == _MICROSOFTS_CERTIFICATE for name in leaf.names or ())
        or f"cn={_MICROSOFTS_CERTIFICATE}" in subject
        or (leaf.scrubbed and bool(re.search(r"o=microsoft(?: corporation)?(?:,|$)", subject)))
    )


def sha1(leaf: Leaf | None) -> str | None:
    """The thumbprint, where it is one: what was scrubbed may have any number of digits, and matches nothing."""
    return leaf.thumbprint if leaf and leaf.thumbprint and _SHA1.fullmatch(leaf.thumbprint) else None


def called(leaf: Leaf | None) -> str:
    """A certificate in a word: its thumbprint as logged."""
    return (leaf.thumbprint if leaf else None) or "a certificate without a thumbprint"


def is_self_signed(leaf: Leaf | None) -> bool:
    """Whether subject and issuer are the same, and there at all."""
    if leaf is None or not leaf.subject or not leaf.issuer or leaf.subject.startswith(","):
        return False
    return leaf.subject == leaf.issuer or _same(leaf.subject, leaf.issuer)


@lru_cache(maxsize=1024)
def _same(one: str, other: str) -> bool:
    try:
        return not dn.differing(dn.parse(one), dn.parse(other))
    except ValueError:
        return False


def had_expired(group: Group) -> bool:
    """Whether the certificate that this server sent was past its date in the last of the sessions."""
    return bool(group.sent and group.sent.not_after and group.sent.not_after < group.last)


def chain_word(group: Group) -> str:
    """What Exchange said of a certificate that it was shown and did not like; empty: it said no evil. It looks at
    certificates when TLS stands: a word in which the handshake itself failed is Windows', on what the peer made of
    ours."""
    failure = group.observation.failure
    in_handshake = failure is not None and failure.stage is Stage.HANDSHAKE
    for word in ("" if in_handshake else group.status, group.validation):
        if word in CHAIN_WORDS:
            return word
    refused = group.way is Way.RECEIVE and "4.7.5" in group.reply
    return group.validation or "not said" if refused else ""


def tls_word(group: Group) -> str:
    """In which word TLS negotiation failed; empty: it did not, or the log does not say."""
    failure = group.observation.failure
    if chain_word(group) or group.masked:
        return ""
    if group.status:
        return group.status
    return (failure.detail or failure.kind) if failure and failure.stage is Stage.HANDSHAKE else ""


def peer_left(group: Group) -> bool:
    """Whether TLS stood and the peer went before it said anything inside."""
    failure = group.observation.failure
    if failure is None or group.reply or group.ended == "Local":
        return False
    return failure.stage is Stage.AFTER and failure.kind in (Kind.CLOSED, Kind.TIMEOUT)


def went_well(group: Group) -> bool:
    """Whether TLS was agreed and nothing else is complained of."""
    return bool(group.observation.session) and not (
        group.observation.failure or group.reply or chain_word(group) or tls_word(group)
    )


def breaks_off(group: Group) -> bool:
    """Whether the log does not show what became of TLS: it ends before, as each does that is still being written, or
    rows are lost."""
    seen = group.observation
    if seen.session or seen.failure or group.status or group.reply:
        return False
    return bool(group.asked or group.sent or group.received) or not (group.ended or _mailed(group))


def _mailed(group: Group) -> bool:
    """Whether the session went on to mail without TLS."""
    last = group.observation.transcript[-1:]
    return any(turn.who is Speaker.CLIENT and turn.data.startswith("MAIL") for turn in last)
