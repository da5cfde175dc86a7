"""The `[listen]` table, and the defaults, become the listener of `probe watch`."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from probe import config
from probe.config.duty import Door, Listening
from probe.config.settings.document import Document, quoted
from probe.config.settings.fitting import path
from probe.errors import ProbeError
from probe.judge.standard import Standard
from probe.model import Reply

# What the defaults say of certificates, they say of servers: the one that a client shows may well be another.
_SHARED = ("connectors", "min_tls", "warn_days", "tags", "remind")
_STANDARD = ("thumbprints", "min_tls", "warn_days")
_HINT = "the path of a PEM file"


def listening(
    document: Document, own: Mapping[str, Any], defaults: Mapping[str, Any], taken: Collection[str]
) -> Listening | None:
    """What `own`, the keys of the table, and the defaults come to, both as meant; None: there is no such table. `taken`
    are the names of targets. What contradicts itself, and files that cannot serve, are noted in the document."""
    if not isinstance(document.tables.get("listen"), dict):
        return None
    said = {key: defaults[key] for key in _SHARED if key in defaults} | dict(own)
    name, reply, organisation = own.get("name", "listen"), own.get("reply", Reply.NOT_NOW), said.get("connectors")
    if name in taken:
        document.refuse(("listen", "name"), f"named {quoted(name)} as is a target", "give each a name of its own")
    if reply is Reply.EXCHANGE and not organisation:
        what = "Exchange Online answers by its connectors, and there are no exports"
        document.refuse(("listen", "reply"), f"reply: {what}", "add connectors = FILE")
    return Listening(
        name=name,
        door=_door(document, own),
        standard=Standard(
            name=own.get("expect_name"),
            identity=own.get("expect_certificate"),
            min_tls_demanded="min_tls" in said,
            **{key: said[key] for key in _STANDARD if key in said},
        ),
        organisation=organisation,
        reply=reply,
        **{key: said[key] for key in ("tags", "remind") if key in said},
    )


def _door(document: Document, own: Mapping[str, Any]) -> Door:
    given = {key: own[key] for key in ("address", "port", "host", "allow", "user") if key in own}
    return Door(own=_certificate(document, own), full=own.get("full_addresses", False), **given)


def _certificate(document: Document, own: Mapping[str, Any]) -> tuple[bytes, bytes] | None:
    """Our certificate and its key, None where none is named, or where they cannot serve."""
    found: dict[str, Path] = {}
    for key in ("cert", "key"):
        if key in own:
            try:
                found[key] = path(document.base, own[key])
            except ValueError as error:
                document.refuse(("listen", key), f"{key}: {error}", _HINT)
    if "key" in own and "cert" not in own:
        document.refuse(("listen", "key"), "key without cert is nobody's", "add cert = FILE")
    if "cert" not in found or ("key" in own and "key" not in found):
        return None
    try:
        return config.own_certificate(found["cert"], found.get("key"))
    except ProbeError as error:
        about = "key" if "key" in found and str(found["key"]) in str(error) else "cert"
        document.refuse(("listen", about), f"{about}: {error}", error.hint)
        return None
