"""Who the listener is to a client, alike for the command and on duty: its name, its TLS, whom it takes, its answers."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from OpenSSL import SSL

from probe.dialogue.smtp.server import NOT_NOW
from probe.errors import ConfigError
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model import Observation, Reply
from probe.observe.tls_server import OwnCertificate, server_context
from probe.run.listen import AT_HOME, Network, Rules

if sys.platform != "win32":
    import resource
if TYPE_CHECKING:
    from probe.model import Organisation

NAMELESS = "probe.invalid"  # what we call ourselves where this host has no name (RFC 6761 §6.4)

FILES = 8192  # that are enough for everybody


def rules(allow: Sequence[Network]) -> Rules:
    """Who may connect: those at home and these, as long as they leave half of what we may open to all other work."""
    usual = Rules(allow=(*AT_HOME, *allow))
    return replace(usual, connections=min(usual.connections, _files() // 2))


def _files() -> int:
    """How many files and connections this process may have open. The usual 1,024 are raised as far as the system lets
    us: they are so few for the sake of select(2), which nothing here uses."""
    if sys.platform == "win32":
        return FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    with suppress(OSError, ValueError):  # some systems have a limit of their own
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def dressed(chain: bytes, key: bytes) -> SSL.Context:
    """TLS with the user's certificate, its chain and its key, in PEM. Raises `ConfigError`."""
    try:
        return server_context(OwnCertificate(chain=chain, key=key))
    except (SSL.Error, ValueError, TypeError):  # what it says is not shown: it may hold the key
        raise ConfigError(
            "TLS has no use for the listener's certificate and key", "one of RSA, P-256 or P-384 serves every client"
        ) from None


def answered(
    seen: Observation, reply: Reply, standard: Standard, anchors: Anchors, organisation: "Organisation | None"
) -> str:
    """The answer to the recipient whom the client has just named."""
    if reply is Reply.NOT_NOW or organisation is None:
        return NOT_NOW
    from probe.judge.inbound import refusal  # what reads exports takes its time to be loaded

    return refusal(seen, standard, anchors, seen.at, organisation) or NOT_NOW
