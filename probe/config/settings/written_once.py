"""The tables that there is one of: `[defaults]`, `[store]`, `[listen]`."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from probe.alert.words import Duration
from probe.config.settings.written import Expecting, PathText, Target, Texts


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


class Listen(Struct, kw_only=True, forbid_unknown_fields=True):
    """Where to listen, for the command of that name."""

    address: (
        Annotated[
            str,
            Meta(description="The address to listen at.", extra={"allowed": "an address, as in 127.0.0.1 or ::"}),
        ]
        | UnsetType
    ) = UNSET
    port: (
        Annotated[
            int,
            Meta(ge=1, le=65535, description="The port.", extra={"allowed": "a whole number, 1 to 65535"}),
        ]
        | UnsetType
    ) = UNSET
    cert: (
        Annotated[
            PathText,
            Meta(description="A PEM file of the certificate to show.", extra={"allowed": "the path of a PEM file"}),
        ]
        | UnsetType
    ) = UNSET
    key: (
        Annotated[
            PathText,
            Meta(description="A PEM file of its key.", extra={"allowed": "the path of a PEM file"}),
        ]
        | UnsetType
    ) = UNSET
    allow: (
        Annotated[
            tuple[str, ...],
            Meta(
                description="Who may connect: addresses and networks.",
                extra={"allowed": "a list of addresses and networks, as in 192.0.2.0/24"},
            ),
        ]
        | UnsetType
    ) = UNSET


HOMES: dict[str, type[Struct]] = {"[defaults]": Defaults, "[[target]]": Target, "[store]": Store, "[listen]": Listen}
