"""The tables that there is one of: `[defaults]`, `[store]`, `[listen]`."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from probe.alert.words import Duration
from probe.config.settings.written import Expecting, Judging, PathText, Target, Texts
from probe.model import Reply


class Defaults(Expecting, kw_only=True, forbid_unknown_fields=True):
    """What holds for every target that does not say otherwise, and how all are looked at."""

    resolver: (
        Annotated[
            Texts,
            Meta(
                description="Ask these resolvers instead of the system's.",
                extra={"allowed": "an address and perhaps a port, as in 192.0.2.53 or [::1]:53, or a list of them"},
            ),
        ]
        | UnsetType
    ) = UNSET
    trust_ad: (
        Annotated[
            bool,
            Meta(description="Believe the DNSSEC verdict (AD bit) of the resolvers, though not on this machine."),
        ]
        | UnsetType
    ) = UNSET
    ehlo: (
        Annotated[
            str,
            Meta(
                description="The name to greet by; this host's, unless named.",
                extra={"allowed": "a host name, or an address in brackets"},
            ),
        ]
        | UnsetType
    ) = UNSET
    parallel: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=10_000,
                description="Targets under way at a time. 64 by default.",
                extra={"allowed": "a whole number, 1 to 10000"},
            ),
        ]
        | UnsetType
    ) = UNSET
    roots: (
        Annotated[
            PathText | tuple[PathText, ...],
            Meta(
                description='Trust anchors: "certifi" (the default), "system", or PEM files. They add up.',
                extra={"allowed": '"certifi", "system", the path of a PEM file, or a list of these'},
            ),
        ]
        | UnsetType
    ) = UNSET


class Store(Struct, kw_only=True, forbid_unknown_fields=True):
    """Where what was seen is remembered, and for how long."""

    path: (
        Annotated[
            PathText,
            Meta(
                description="The database; in the platform's state directory, unless named.",
                extra={"allowed": "the path of a file, which need not exist"},
            ),
        ]
        | UnsetType
    ) = UNSET
    keep: (
        Annotated[
            Duration,
            Meta(
                description="What is older is forgotten. 400d by default.",
                extra={"allowed": "a duration from 1d to 36525d, as in 400d"},
            ),
        ]
        | UnsetType
    ) = UNSET


class Listen(Judging, kw_only=True, forbid_unknown_fields=True):
    """Where `probe watch` listens for deliveries, as Exchange Online would, and by what it judges who delivers. Of the
    defaults hold `connectors`, `min_tls`, `warn_days`, `tags` and `remind`."""

    name: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description='What alerts, reports and metrics call it. "listen", unless named.',
                extra={"allowed": "a text of 1 to 200 characters that no target is named by"},
            ),
        ]
        | UnsetType
    ) = UNSET
    address: (
        Annotated[
            str,
            Meta(
                description="The address to listen at; all of this machine's, unless named.",
                extra={"allowed": "an address, as in 127.0.0.1 or ::"},
            ),
        ]
        | UnsetType
    ) = UNSET
    port: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=65535,
                description="The port. 25 by default.",
                extra={"allowed": "a whole number, 1 to 65535"},
            ),
        ]
        | UnsetType
    ) = UNSET
    host: (
        Annotated[
            str,
            Meta(
                description="The name that we greet by, and that a self-made certificate is for; this host's, unless "
                "named.",
                extra={"allowed": "a host name"},
            ),
        ]
        | UnsetType
    ) = UNSET
    cert: (
        Annotated[
            PathText,
            Meta(
                description="A PEM file of the certificate to show, then its chain, and perhaps its key. Without it, a "
                "certificate is made at each start.",
                extra={"allowed": "the path of a PEM file"},
            ),
        ]
        | UnsetType
    ) = UNSET
    key: (
        Annotated[
            PathText,
            Meta(
                description="A PEM file of its key, where that stands in a file of its own.",
                extra={"allowed": "the path of a PEM file"},
            ),
        ]
        | UnsetType
    ) = UNSET
    allow: (
        Annotated[
            tuple[str, ...],
            Meta(
                min_length=1,
                description="Who may connect besides loopback and private networks: addresses, and networks.",
                extra={"allowed": "a list of addresses and networks, as in 192.0.2.0/24"},
            ),
        ]
        | UnsetType
    ) = UNSET
    reply: (
        Annotated[
            Reply,
            Meta(
                description='What a recipient is answered: "not-now" (the default), so that all mail stays in its '
                'queue; "exchange": what Exchange Online would refuse is refused for good, and bounces.',
            ),
        ]
        | UnsetType
    ) = UNSET
    full_addresses: (
        Annotated[
            bool,
            Meta(description="Keep the addresses of senders and recipients whole, and not their domains alone."),
        ]
        | UnsetType
    ) = UNSET
    user: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="As whom to go on once the port is ours, where we began as root. For a reload this user "
                "must be able to read the configuration and the files in it.",
                extra={"allowed": "the name of a user of this system"},
            ),
        ]
        | UnsetType
    ) = UNSET


HOMES: dict[str, type[Struct]] = {"[defaults]": Defaults, "[[target]]": Target, "[store]": Store, "[listen]": Listen}
