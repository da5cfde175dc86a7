"""What protocol logs tell: sessions of one kind counted together, each kind with one observation as the wire would give
it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from probe.model.evidence import Leaf, Observation


class Way(StrEnum):
    """Who connected: by an SmtpSend log the server, by an SmtpReceive log its peer."""

    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sessions that are alike: same way, connector, server, peer, certificates and end.

    `server` is this server: of a receive connector its name, of a send log the name that it greeted by, or its address.
    `peer` is who was at the other end: an address, a family of hosts as in `*.protection.outlook.com`, or a network as
    in `10.1.*.*` where addresses are too many. `sent` is the certificate that this server presented, `received` the
    peer's, None where the log shows none. `observation` is the
    last of the sessions, as evidence: its endpoint is the listening side, and its leaf that side's certificate.

    `status` is the word in which the log says how TLS ended (`NoCredentials`, `UntrustedRoot`); empty: it says no
    evil. `validation` is what it says of the client's chain ('Valid', 'EmptyCertificate'), `capabilities` and
    `capability_status` what TlsDomainCapabilities came to; empty where the log is silent. `reply` is the refusal of the
    other side, or ours, that ended it. `scrubbed`: parts of the log were taken out before we saw it.

    `offered` is which of STARTTLS and X-ANONYMOUSTLS the first EHLO was answered with, None where the log does not show
    the answer; `asked` which of them was asked for, empty: neither. X-ANONYMOUSTLS is Exchange among itself: its
    certificates are the servers' own, and no evidence of what a stranger gets. `masked`: a device on the way writes
    over words of the dialogue (XXXX, ****). `ended` is in the log's words who hung up ('Local',
    'Remote(ConnectionReset)'; 'QUIT', or 'not said' where it has no word), empty where it shows no end. `revocation`
    is the status of a check of revocation that failed and was let pass.
    """

    way: Way
    connector: str
    server: str
    peer: str
    sent: Leaf | None
    received: Leaf | None
    status: str
    validation: str
    capabilities: str
    capability_status: str
    reply: str
    scrubbed: bool
    sessions: int
    first: datetime
    last: datetime
    example: str  # the session-id of the last
    source: str  # the file of the last
    generation: str  # A, B or C: how its certificates are written; empty where there were none
    observation: Observation
    offered: tuple[str, ...] | None = None
    asked: str = ""
    masked: bool = False
    ended: str = ""
    revocation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """All that was read of the logs, gravest groups not yet sorted out. `damaged` rows could not be read, `omitted`
    sessions belonged to kinds beyond the limit, `unfinished` had no end when the logs ended, `octets` were read."""

    groups: tuple[Group, ...]
    files: int
    rows: int
    sessions: int
    damaged: int
    omitted: int
    unfinished: int
    octets: int
