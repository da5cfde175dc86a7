"""The closed sets of words in which everything is told."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding, an endpoint or a target comes to. `UNKNOWN` means that we could not look."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"

    @property
    def exit_code(self) -> int:
        """The one table of exit codes, which is also the monitoring plug-ins' table."""
        return _EXIT_CODES[self]

    @property
    def gravity(self) -> int:
        """Orders verdicts for "the gravest of": FAIL > UNKNOWN > WARN > OK."""
        return _GRAVITY[self]


_EXIT_CODES = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.FAIL: 2, Verdict.UNKNOWN: 3}
_GRAVITY = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.UNKNOWN: 2, Verdict.FAIL: 3}


class Outcome(StrEnum):
    """How a DNS question ended. The last three mean that we do not know what is there."""

    FOUND = "FOUND"
    NODATA = "NODATA"  # the name exists, records of this type do not
    NXDOMAIN = "NXDOMAIN"
    BOGUS = "BOGUS"  # a validating resolver has an answer and refuses it: its signatures do not hold (RFC 4035 §5)
    FAILED = "FAILED"  # answered, but not with an answer: SERVFAIL, REFUSED, rubbish
    TIMEOUT = "TIMEOUT"  # no resolver answered in time

    @property
    def known(self) -> bool:
        """Whether it is known what is there, be it nothing."""
        return self in _KNOWN


_KNOWN = (Outcome.FOUND, Outcome.NODATA, Outcome.NXDOMAIN)


class Dnssec(StrEnum):
    """What DNSSEC says of an answer. Only a validator that we may trust can say that one is secure or insecure."""

    SECURE = "secure"
    INSECURE = "insecure"  # shown to be unsigned: a parent zone says so
    BOGUS = "bogus"
    FAILED = "failed"  # there is no answer
    NOT_VALIDATED = "not-validated"  # there is one, and nobody whom we may trust has checked it


class Stage(StrEnum):
    """How far an observation came."""

    RESOLVE = "RESOLVE"
    CONNECT = "CONNECT"
    DIALOGUE = "DIALOGUE"  # in plain text, before TLS
    HANDSHAKE = "HANDSHAKE"
    AFTER = "AFTER"  # TLS stands


class Kind(StrEnum):
    """In which way a stage failed."""

    TIMEOUT = "TIMEOUT"
    REFUSED = "REFUSED"  # by TCP
    UNREACHABLE = "UNREACHABLE"
    CLOSED = "CLOSED"  # closed or reset by the peer
    REJECTED = "REJECTED"  # by a reply: the detail is that reply
    PROTOCOL = "PROTOCOL"  # what came is not the protocol that was due
    ALERT = "ALERT"  # a TLS alert: the detail is its name


class RouteKind(StrEnum):
    """How the hosts of a target were found."""

    MX = "mx"
    IMPLICIT_MX = "implicit-mx"  # no MX record: the domain itself (RFC 5321 §5.1)
    NULL_MX = "null-mx"  # "MX 0 .": the domain takes no mail (RFC 7505)
    HOST = "host"  # the target names a host and a port
    ADDRESS = "address"  # the target is an address, or the user gave one to connect to
    INBOUND = "inbound"  # none: the client came to us
    NONE = "none"  # no host was found: the answers say why


class Speaker(StrEnum):
    CLIENT = "C"
    SERVER = "S"


class Reply(StrEnum):
    """What the listener answers to a recipient."""

    NOT_NOW = "not-now"  # to each: come again later
    EXCHANGE = "exchange"  # what Exchange Online would say, as far as that is a refusal


class Direction(StrEnum):
    """Who connected."""

    OUTBOUND = "outbound"  # we, to a server
    INBOUND = "inbound"  # a client, to our listener


class RuleBook(StrEnum):
    """By whose rules a finding speaks: names, wildcards and the common name count differently."""

    RFC = "rfc"
    EXCHANGE_ONLINE = "exchange-online"


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL > UNKNOWN > WARN > OK; of nothing: UNKNOWN."""
    return max(verdicts, key=lambda verdict: verdict.gravity, default=Verdict.UNKNOWN)
