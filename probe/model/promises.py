"""What a domain has promised to senders, and whether it keeps it: the sum of the findings, for machines.

The names of the fields are the keys of the JSON report.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from probe.model.vocabulary import Dnssec


class DaneStatus(StrEnum):
    """What a sender that honours RFC 7672 makes of a host."""

    NONE = "none"  # looked, and there is no promise
    HONOURED = "honoured"  # every observed address is what a record promises
    BROKEN = "broken"  # none is
    MIXED = "mixed"  # some are
    UNUSABLE = "unusable"  # there are records, none of them usable: TLS is required, authentication is not
    DEFERRED = "deferred"  # mail waits: the promise could not be looked up, is bogus, or no address could be observed
    NOT_VALIDATED = "not-validated"  # nobody whom we may trust has validated the answers


class Record(StrEnum):
    """What became of the TXT record of a promise."""

    NONE = "none"  # looked, and there is none
    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"  # could not look


class Policy(StrEnum):
    """What became of the MTA-STS policy that the record points to."""

    NONE = "none"
    VALID = "valid"
    INVALID = "invalid"
    FETCH_ERROR = "fetch-error"
    WEBPKI_INVALID = "webpki-invalid"
    UNKNOWN = "unknown"  # the record could not be looked up


class Delivery(StrEnum):
    """What a sender that honours RFC 8461, and knows no DANE, does with mail for a host."""

    OK = "ok"
    BLOCKED = "blocked"
    WOULD_BE_BLOCKED = "would-be-blocked"  # the policy is in testing
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaneHost:
    """DANE of one host. `tlsa_base` is the name that the records were found under, without `_port._tcp`; None where
    none were asked for. `matching` of the `observed` addresses keep the promise."""

    addresses_dnssec: Dnssec | None
    tlsa_dnssec: Dnssec | None = None
    tlsa_base: str | None = None
    records: tuple[str, ...] = ()
    status: DaneStatus
    matching: int = 0
    observed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dane:
    """DANE of a target. `mx_dnssec` is None where no MX was asked for."""

    mx_dnssec: Dnssec | None = None
    hosts: Mapping[str, DaneHost] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StsHost:
    """MTA-STS of one host: None where there is no policy to hold it against. `certificate` is "ok", "unknown", or the
    code of what is wrong."""

    in_policy: bool | None = None
    certificate: str = "unknown"
    delivery: Delivery = Delivery.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sts:
    """MTA-STS of a domain. `policy` is what became of fetching it now; `mode` to `mx` are of the policy that counts,
    which `origin` says: "fetched", "remembered", or None where none does. `reason` says why there is no better one."""

    record: Record
    policy: Policy
    reason: str = ""
    mode: str | None = None
    id: str | None = None
    max_age: int | None = None
    mx: tuple[str, ...] = ()
    origin: str | None = None
    hosts: Mapping[str, StsHost] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsRpt:
    """Where a domain wants to be told of failures: the URIs of its record."""

    record: Record
    rua: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """None: not asked for, or the target is none that can promise it."""

    dane: Dane | None = None
    mta_sts: Sts | None = None
    tlsrpt: TlsRpt | None = None
