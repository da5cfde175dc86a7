"""What a live look showed beside a log, and whether the server may rightly present it.

Directions matter: what a server sends as a client is not what it presents as a server. So the certificate of a send log
is not itself held against the wire; but what is on the wire should be what some connector names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from probe.judge.certificate import Certificate, parse
from probe.judge.hybrid.connectors import front_ends, server_of
from probe.judge.hybrid.installed import is_named, resolve
from probe.judge.logged.case import Case
from probe.judge.logged.groups import is_microsofts_host
from probe.model import Gap, Group, Observation, ReceiveConnector, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The leaf certificates that the live look saw; `begun` is when the first of them did, None where one cannot be
    read."""

    thumbprints: tuple[str, ...]
    begun: datetime | None


class Look:
    """The live look as a whole, put beside one group after the other."""

    def __init__(self, case: Case) -> None:
        self._case = case
        seen = [seen for evidence in case.seen for seen in evidence.observations if seen.chain and seen.chain.der]
        self._ours = [one for one in seen if not is_microsofts_host(one.endpoint.host)]
        self._shown = self._ours or seen
        self._all = _wire(self._shown)

    def beside(self, group: Group) -> Wire | None:
        """What was seen at the server's own address where it was looked at, else at every endpoint; None: nothing."""
        address = group.observation.endpoint.address
        own = [one for one in self._shown if one.endpoint.address == address] if group.way is Way.RECEIVE else []
        return _wire(own) or self._all

    @cached_property
    def rightly(self) -> bool | None:
        """Whether a connector that Exchange Online's connections come to names a certificate on the wire; None: the
        exports do not tell."""
        organisation = self._case.exports.organisation
        if organisation is None or self._all is None or not self._ours:
            return None
        found = [self._is_named(connector, self._all.thumbprints) for connector in front_ends(organisation)]
        if True in found:
            return True
        return None if not found or None in found else False

    def _is_named(self, connector: ReceiveConnector, thumbprints: Sequence[str]) -> bool | None:
        exports, name, server = self._case.exports, connector.tls_certificate_name, server_of(connector)
        held = exports.held(server)
        if exports.organisation is None or isinstance(name, Gap) or not held:
            return None
        here = [exports.installed[thumbprint] for thumbprint in thumbprints if thumbprint in held]
        if name is None:  # Exchange chooses by the host's name: one of those that are installed, but no other
            return None if here else False
        resolution = resolve(exports.organisation, name, server)
        if resolution.error or resolution.identity is None:
            return None
        return any(is_named(certificate, resolution.identity) for certificate in here)


def _wire(shown: Sequence[Observation]) -> Wire | None:
    leaves = [parse(seen.chain.der[0]) for seen in shown if seen.chain]
    if not leaves:
        return None
    read = [leaf for leaf in leaves if isinstance(leaf, Certificate)]
    return Wire(
        thumbprints=tuple(dict.fromkeys(leaf.sha1.upper() for leaf in leaves)),
        begun=None if len(read) < len(leaves) else min(leaf.not_before for leaf in read),
    )
