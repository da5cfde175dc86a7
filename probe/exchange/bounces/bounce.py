"""What a bounce, a queue's last error, a log line or an event says, field by field. Nothing here is explained yet."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What was given to read."""

    REPLY = "reply"  # an SMTP reply, or an enhanced code alone (RFC 3463)
    LAST_ERROR = "last-error"  # Exchange's [{LED=…};{MSG=…};{FQDN=…};{IP=…};{LRT=…}]
    NDR = "ndr"  # a whole non-delivery report (RFC 3464), or its text
    LOG = "log-line"  # of Postfix or Exim
    CAPI2 = "capi2-event"
    EVENT = "event"
    HRESULT = "hresult"
    STATUS = "status"  # a word such as UntrustedRoot
    RESULT_TYPE = "tlsrpt-result"  # of RFC 8460, or Microsoft's failure-reason-code


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One SMTP reply within the text: the basic code, the enhanced one (empty where there is none), and what stands
    from there to the end of the entry, inner replies included."""

    code: str | None
    enhanced: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What could be read; None is what is not there. All text is on one line, bounded, and without the local parts of
    mail addresses.

    `replies` are nested as a rule: the outermost, which is the last one's word, comes first. `status` is the word of
    the certificate check or of the TLS negotiation. `message` is what stands in `[Message=…]`, `led` and `msg` are the
    fields of those names. `fqdn`, `ip` and `port` are whom the sender tried to reach. `expected` and `presented` are
    the names of the long form, `thumbprint` (SHA-1, upper-case hex) belongs to what was presented; of an event, they
    are those of the certificate that was checked. `lrt` is the last retry as written, taken for UTC; `at` the most
    exact time that the text gives. `recipients` counts those that a report tells of: the first is explained. `further`
    are errors of others in the same text, such as of other queues, of which nothing is kept.
    `truncated`: the text ends early; `scrubbed`: parts of it were taken out.
    """

    kind: Kind
    text: str
    replies: tuple[Reply, ...] = ()
    status: str | None = None
    message: str | None = None
    led: str | None = None
    msg: str | None = None
    fqdn: str | None = None
    ip: str | None = None
    port: int | None = None
    lrt: datetime | None = None
    at: datetime | None = None
    expected: str | None = None
    presented: str | None = None
    thumbprint: str | None = None
    hresult: int | None = None
    event: int | None = None
    result_type: str | None = None
    process: str | None = None
    generating_server: str | None = None
    remote_server: str | None = None
    domain: str | None = None
    recipients: int = 1
    further: int = 0
    truncated: bool = False
    scrubbed: bool = False

    @property
    def code(self) -> str | None:
        """The outermost reply's basic code, "450"."""
        return self.replies[0].code if self.replies else None

    @property
    def enhanced(self) -> str | None:
        """The outermost reply's enhanced code, "4.4.317"."""
        return self.replies[0].enhanced or None if self.replies else None
