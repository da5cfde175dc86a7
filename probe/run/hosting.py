"""Who the listener is to a client, alike for the command and on duty: its name, its TLS, and what it answers."""

from typing import TYPE_CHECKING

from OpenSSL import SSL

from probe.dialogue.smtp.server import NOT_NOW
from probe.errors import ConfigError
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model import Observation, Reply
from probe.observe.tls_server import OwnCertificate, server_context

if TYPE_CHECKING:
    from probe.model import Organisation

NAMELESS = "probe.invalid"  # what we call ourselves where this host has no name (RFC 6761 §6.4)


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
