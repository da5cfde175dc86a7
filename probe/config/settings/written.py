"""The configuration as it is written. What each key means stands here once: for the schema, for `allowed` in errors.

A key that is not there is UNSET: what `[defaults]` says holds then, and what `Watched` says where that says nothing.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from probe.alert.words import Duration
from probe.judge.standard import AuthLevel, Want

A_CENTURY = 36525  # days
VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}

PathText = Annotated[str, Meta(min_length=1)]
Tag = Annotated[str, Meta(min_length=1, max_length=64)]
Texts = str | tuple[str, ...]


def _allowed(text: str) -> dict[str, str]:
    return {"allowed": text}


class Thumbprints(Struct, frozen=True, forbid_unknown_fields=True):
    """The certificate of today, and the one to come."""

    current: Annotated[Texts, Meta(description="The thumbprint that is installed, or a list of them.")] = ()
    next: Annotated[Texts, Meta(description="The thumbprint of the renewed certificate, as soon as it is known.")] = ()


class Judging(Struct, kw_only=True, forbid_unknown_fields=True):
    """By what is judged, and who is told: of targets, and of who delivers to us."""

    connectors: (
        Annotated[
            PathText | tuple[PathText, ...],
            Meta(
                description="Exports of Exchange's connectors, certificates and domains: files, or directories that "
                "hold them. Endpoints are judged by the connector by which Exchange Online comes to them, deliveries "
                "by those that would attribute them.",
                extra=_allowed("the path of an export, or a list of paths"),
            ),
        ]
        | UnsetType
    ) = UNSET
    thumbprints: (
        Annotated[
            Texts | Thumbprints,
            Meta(
                description="The leaf must have one of these thumbprints, SHA-1 or SHA-256. `{current = …, next = …}` "
                "says which is the one to come: when it appears, that is a note and no alarm.",
                extra=_allowed(
                    "thumbprints, 40 or 64 hexadecimal digits each: a list, or {current = [...], next = [...]}"
                ),
            ),
        ]
        | UnsetType
    ) = UNSET
    expect_name: (
        Annotated[
            str,
            Meta(
                description="A connector's TlsDomain, which the certificate must be for.",
                extra=_allowed("a domain, as in mail.contoso.com or *.contoso.com"),
            ),
        ]
        | UnsetType
    ) = UNSET
    expect_certificate: (
        Annotated[
            str,
            Meta(
                description="A connector's TlsCertificateName: issuer and subject as Exchange prints them.",
                extra=_allowed("issuer and subject, as in <I>CN=Issuing CA, O=Example, C=US<S>CN=mail.contoso.com"),
            ),
        ]
        | UnsetType
    ) = UNSET
    min_tls: (
        Annotated[
            Literal["1.0", "1.1", "1.2", "1.3"] | float,
            Meta(
                description="Fail below this version of TLS.",
                extra=_allowed('"1.0", "1.1", "1.2" or "1.3"'),
                extra_json_schema={"enum": [*VERSIONS, *map(float, VERSIONS)]},
            ),
        ]
        | UnsetType
    ) = UNSET
    warn_days: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=A_CENTURY,
                description="Warn when fewer days than this are left, and less than a third of the lifetime. 21 by "
                "default; 0 warns never.",
                extra=_allowed(f"a number of days, 0 to {A_CENTURY}"),
            ),
        ]
        | UnsetType
    ) = UNSET
    tags: (
        Annotated[
            tuple[Tag, ...],
            Meta(
                description="Labels by which alerts and `--tag` choose. They take the place of the defaults'.",
                extra=_allowed("a list of words, of 64 characters at most"),
            ),
        ]
        | UnsetType
    ) = UNSET
    remind: (
        Annotated[
            str,
            Meta(
                description='How often to remind of a FAIL that stays, or "off". 24h by default.',
                extra=_allowed('a duration of 1m at least, as in "24h", or "off"'),
            ),
        ]
        | UnsetType
    ) = UNSET


class Expecting(Judging, kw_only=True, forbid_unknown_fields=True):
    """What a target and the defaults have in common."""

    connector: (
        Annotated[
            str,
            Meta(
                description="The name of the outbound connector in `connectors` by whose demands to judge, where it "
                "cannot be told by its smart hosts or recipient domains.",
                extra=_allowed("the name of an outbound connector in the exports"),
            ),
        ]
        | UnsetType
    ) = UNSET
    auth_level: (
        Annotated[AuthLevel, Meta(description="A connector's TlsSettings: what is demanded of the certificate.")]
        | UnsetType
    ) = UNSET
    dane: (
        Annotated[Want, Meta(description="DANE: judge what is published, demand that there is some, or leave it out.")]
        | UnsetType
    ) = UNSET
    mta_sts: Annotated[Want, Meta(description="The same for MTA-STS, of mail domains.")] | UnsetType = UNSET
    tlsrpt: Annotated[Want, Meta(description="The same for TLSRPT, of mail domains.")] | UnsetType = UNSET
    next_certificate: (
        Annotated[
            PathText,
            Meta(
                description="A PEM file of the certificate to come, then its chain: do the TLSA records cover it?",
                extra=_allowed("the path of a PEM file"),
            ),
        ]
        | UnsetType
    ) = UNSET
    schedule: (
        Annotated[
            str,
            Meta(
                description='When to look: every so often ("15m"), or by a cron expression in local time ("0 6 * * *").'
                " Without it: with every `probe run`, and every 15 minutes in `probe watch`.",
                extra=_allowed('a duration of 1s at least, as in "15m", or a cron expression, as in "*/20 6-22 * * *"'),
            ),
        ]
        | UnsetType
    ) = UNSET
    retries: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=20,
                description="How many more looks to take before a new fault counts. 2 by default.",
                extra=_allowed("a whole number, 0 to 20"),
            ),
        ]
        | UnsetType
    ) = UNSET
    pause: (
        Annotated[Duration, Meta(description="How long to wait before looking again. 20s by default.")] | UnsetType
    ) = UNSET
    timeout: (
        Annotated[
            Duration,
            Meta(
                description="For one look at a target; then what was seen is judged. 60s by default.",
                extra=_allowed("a duration from 1s to 1h, as in 60s"),
            ),
        ]
        | UnsetType
    ) = UNSET


class Target(Expecting, kw_only=True, forbid_unknown_fields=True):
    """What is probed, and what is expected of it."""

    target: Annotated[
        str,
        Meta(
            min_length=1,
            description="A mail domain, host:port, an address, or smtp://, submission://, smtps://, https://, "
            "tls://host:port. One target an entry.",
            extra=_allowed("a mail domain (example.org), host:25, an address, or smtps://host and the like"),
        ),
    ]
    name: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description="What alerts, reports and metrics call it: the target as written, unless named.",
                extra=_allowed("a text of 1 to 200 characters that no other target is named by"),
            ),
        ]
        | UnsetType
    ) = UNSET
