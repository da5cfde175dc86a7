"""What `/probe?target=…&module=…` asks for, and whether whoever asks may have it looked at.

`target` is the name of a target of the configuration, its word, or any other target as on the command line. `module`
says how to look: the name of a target of the configuration, whose expectations then hold, or a protocol. Without it a
target of the configuration is looked at as it stands there, and any other as `probe TARGET` does.

An exporter that looked at whatever it is told would scan for strangers. So it is hosts of the configuration, and those
that a pattern allows, each on the ports of mail and of the web; on others where configuration or pattern name them.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import parse_qs

from probe.config import target as understood
from probe.config.duty import Schedule, Watched
from probe.config.targets import SCHEMES
from probe.errors import UsageError
from probe.judge.standard import Standard
from probe.model import Target
from probe.report.escape import visible

MODULES = tuple(SCHEMES)
WELL_KNOWN = frozenset({None, 25, 443, 465, 587})  # None: a mail domain, whose hosts are found through MX
MOST_CHARACTERS = 300  # of a target, or of a module
_MOST_FIELDS = 16


class Refused(Exception):
    """The answer is no: the HTTP status, and why, on one line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def query(text: bytes) -> tuple[str, str]:
    """Target and module of a query string; others than these two are let pass. Raises `Refused`."""
    try:
        fields = parse_qs(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:  # Unicode's, too
        raise Refused(400, "the query cannot be read: it should be target=…&module=…") from None
    target, module = fields.get("target", [""]), fields.get("module", [""])
    if len(target) > 1 or len(module) > 1:
        raise Refused(400, "one target and one module at a time")
    if max(len(target[0]), len(module[0])) > MOST_CHARACTERS:
        raise Refused(400, "no target and no module is so long")
    if not target[0].strip():
        raise Refused(400, "the target is missing: /probe?target=mail.contoso.com:25")
    return target[0].strip(), module[0].strip()


def asked(word: str, module: str, watched: Sequence[Watched], allowed: Iterable[str]) -> Watched:
    """The target to look at, and what is expected of it. Its `name` is the configuration's where it is from there, else
    the word. Raises `Refused`."""
    own = next((one for one in watched if one.name == word), None)
    own = own or next((one for one in watched if one.target.given == word), None)
    if own and module in ("", own.name):
        return _once(own)
    model = next((one for one in watched if one.name == module), None)
    if module and model is None and module not in MODULES:
        raise Refused(400, f"no module {visible(module)}: a target of the configuration, or {', '.join(MODULES)}")
    target = own.target if own else _understood(word)
    if module and model is None:
        target = _spoken(target, module)
    if not _may(target, watched, allowed):
        raise Refused(403, f"{visible(word)} is not allowed: not of the configuration, and no --metrics-allow fits")
    name = own.name if own else word
    if model:
        return _once(replace(model, name=name, target=target, tags=own.tags if own else ()))
    return Watched(name=name, target=target, standard=Standard(), tags=own.tags if own else (), retries=0)


def _once(watched: Watched) -> Watched:
    """A scrape is one look: who scrapes does not wait, and comes again."""
    return replace(watched, retries=0, schedule=Schedule())


def _understood(word: str) -> Target:
    try:
        return understood(word)
    except UsageError as error:
        raise Refused(400, visible(str(error))) from None


def _spoken(target: Target, scheme: str) -> Target:
    """The same host, in that protocol, on the target's port or else on the protocol's."""
    port, dialogue = SCHEMES[scheme]
    port = target.port or port
    if port is None:
        raise Refused(400, f"{visible(target.given)} names no port, and {scheme} has none of its own")
    return replace(target, port=port, dialogue=dialogue)


def _may(target: Target, watched: Iterable[Watched], allowed: Iterable[str]) -> bool:
    own = (one.target for one in watched if one.target.name == target.name)
    if any(target.port in WELL_KNOWN or target.port == one.port for one in own):
        return True
    return any(fits(pattern, target) for pattern in allowed)


def fits(pattern: str, target: Target) -> bool:
    """Whether a pattern allows a target: a host or domain with `*` for any characters, an address, or a network as in
    192.0.2.0/24; then a port or `*` behind a colon, IPv6 in brackets before it. Without: the well-known ports."""
    host, port = _parted(pattern.strip().lower())
    if port == "*" or (target.port in WELL_KNOWN if port is None else port == str(target.port)):
        return _is_host(host, target.name)
    return False


def _parted(pattern: str) -> tuple[str, str | None]:
    if found := re.fullmatch(r"\[([^\]]*)\](?::(.*))?", pattern):
        return found[1], found[2]
    if pattern.count(":") == 1:
        host, _, port = pattern.partition(":")
        return host, port
    return pattern, None


def _is_host(pattern: str, name: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        parts = (re.escape(part) for part in pattern.split("*"))
        return re.fullmatch("[^:]*".join(parts), name) is not None
    try:
        return ipaddress.ip_address(name.partition("%")[0]) in network
    except ValueError:
        return False
