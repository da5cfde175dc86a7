"""Words and files of the user, turned into values. Whatever is wrong with them is said here, before anything is asked
of the network: one line that names it, one hint."""

from probe.config.exports import organisation
from probe.config.files import anchors, certificates, chain, client_certificate, evidence
from probe.config.logs import logs
from probe.config.memory import Memory
from probe.config.targets import target, targets
from probe.config.words import address, expected_name, host_name, identity, moment, resolver, thumbprint

__all__ = [
    "Memory",
    "address",
    "anchors",
    "certificates",
    "chain",
    "client_certificate",
    "evidence",
    "expected_name",
    "host_name",
    "identity",
    "logs",
    "moment",
    "organisation",
    "resolver",
    "target",
    "targets",
    "thumbprint",
]
