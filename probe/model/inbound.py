"""What Exchange Online would make of a delivery: whose mail it is, by what, and what follows for it."""

from dataclasses import dataclass
from enum import StrEnum


class Attributed(StrEnum):
    """Which tenant a delivery would be attributed to, and if to none, why not."""

    BY_CERTIFICATE = "ATTRIBUTED_CERT"
    BY_ADDRESS = "ATTRIBUTED_IP"
    NOT_SENT = "CERT_NOT_SENT"  # TLS stood, and the client showed no certificate
    CHAIN_BAD = "CERT_CHAIN_BAD"  # it showed one that does not count: self-signed, incomplete, expired
    NO_CONNECTOR = "CERT_NAME_NO_CONNECTOR"  # a good one, which no connector knows
    NOT_ACCEPTED = "CERT_DOMAIN_NOT_ACCEPTED"  # a connector knows it, and its domain is none of the tenant's
    AMBIGUOUS = "AMBIGUOUS"  # several connectors match
    ANONYMOUS = "ANONYMOUS"  # no TLS, so no certificate; and no address that a connector knows
    UNKNOWN = "UNKNOWN"  # the exports, or what was seen, do not tell


class Relay(StrEnum):
    """Whether mail for recipients outside of the tenant would be taken."""

    YES = "yes"
    ACCEPTED_SENDERS = "only for senders in accepted domains"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The outcome for one delivery, by the exports that were given.

    `connector` is the inbound connector's name where one matched, `by` the name, the pair or the address that did;
    `rivals` are the connectors that match where several do. `relay` is for any mail of this client, `passes` for what
    this delivery showed of sender and recipients: None where it showed none. `because` says in a clause why relay is
    not simply possible, or what is not known. `reply` is what Exchange Online would answer to such a recipient, empty
    where it would take it or that is not known. `status` is its word for a chain that does not count. `partner` is the
    connector of type Partner that refuses the delivery for its sender. `doubt` is what of this nobody has verified.
    """

    outcome: Attributed
    relay: Relay
    connector: str | None = None
    by: str | None = None
    rivals: tuple[str, ...] = ()
    because: str = ""
    passes: bool | None = None
    reply: str = ""
    status: str = ""
    partner: str | None = None
    doubt: str = ""
