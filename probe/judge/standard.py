"""By what we judge: the limits, what a connector expects, and how grave a fault is therefore.

Three cases. A mail host on port 25 that promised nobody anything is met by opportunistic senders: they go on without
authentication, so what is wrong there is a WARN. Where TLS is demanded (https, smtps, submission) or an expectation was
given, it is a FAIL. And a connector with a level of its own demands just as much as that level says.
"""

from dataclasses import dataclass
from enum import StrEnum

from probe.judge.dn import Identity
from probe.model import Endpoint, RuleBook, Verdict

A_THIRD = 100 / 3  # percent


class AuthLevel(StrEnum):
    """What a connector demands of the certificate: TlsSettings in Exchange Online, TlsAuthLevel on premises."""

    ENCRYPTION_ONLY = "EncryptionOnly"
    CERTIFICATE_VALIDATION = "CertificateValidation"
    DOMAIN_VALIDATION = "DomainValidation"


class Want(StrEnum):
    """What is wanted of a promise: judge what is published, demand that there is one, or leave it alone."""

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What is expected. With no field set: what any sender may expect.

    `thumbprints` are lower-case hex, SHA-1 or SHA-256, any of which will do. `name` is a connector's TlsDomain.
    `warn_days` and `warn_lifetime` (percent of the certificate's own lifetime) must both be undercut for a warning, so
    that neither a certificate of 398 days nor one of six cries early. `min_tls` is as in "TLSv1.2"; `min_tls_demanded`
    tells that the user asked for it. `connector` is the outbound connector whose demands these are. `next_certificate`
    is the chain (DER, leaf first) that is to come next.
    """

    thumbprints: tuple[str, ...] = ()
    name: str | None = None
    identity: Identity | None = None
    auth_level: AuthLevel | None = None
    warn_days: float = 21
    warn_lifetime: float = A_THIRD
    min_tls: str = "TLSv1.2"
    min_tls_demanded: bool = False
    dane: Want = Want.AUTO
    mta_sts: Want = Want.AUTO
    tlsrpt: Want = Want.AUTO
    next_certificate: tuple[bytes, ...] = ()
    connector: str | None = None

    @property
    def expects(self) -> bool:
        """Whether anything was expected of the endpoints."""
        return bool(self.thumbprints or self.name or self.identity or self.auth_level)

    @property
    def level(self) -> AuthLevel | None:
        return self.auth_level or (AuthLevel.DOMAIN_VALIDATION if self.name else None)

    def demand(self, endpoint: Endpoint) -> "Demand":
        """What this standard demands of an endpoint."""
        identified = endpoint.dialogue != "smtp"  # between servers alone TLS is a matter of luck
        return Demand(
            strict=self.expects or identified,
            identified=identified,
            level=self.level,
            # A connector without TlsSettings demands nothing; by whose rules it looks is known all the same.
            book=RuleBook.EXCHANGE_ONLINE if self.expects or self.connector else RuleBook.RFC,
            name=self.name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How grave a fault of each kind is for one endpoint, and by which book of rules.

    `identified`: clients of the protocol refuse a server whose certificate is for another name or address (RFC 9525).
    """

    strict: bool
    identified: bool
    level: AuthLevel | None
    book: RuleBook
    name: str | None

    @property
    def fault(self) -> Verdict:
        """Of what every sender needs that wants TLS at all."""
        return Verdict.FAIL if self.strict else Verdict.WARN

    @property
    def trust(self) -> Verdict:
        """Of path and usage."""
        return Verdict.OK if self.level is AuthLevel.ENCRYPTION_ONLY else self.fault

    @property
    def naming(self) -> Verdict:
        """Of the name."""
        return self.fault if self.level in (None, AuthLevel.DOMAIN_VALIDATION) else Verdict.OK

    def excuse(self, verdict: Verdict) -> str | None:
        """Why a fault is no more than a note: the level that does not demand it."""
        return f"auth level {self.level}" if verdict is Verdict.OK else None
