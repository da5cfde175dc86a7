"""A configuration to begin with, and to read: what `probe config init` writes."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from probe import config
from probe.errors import ConfigError, UsageError
from probe.judge.certificate import host_address

_HEAD = """\
# The configuration of probe. Lines that begin with # are comments: take the # away, and they count.
#
#   probe config check     is everything in here as it should be?
#   probe run              look at all targets once, and tell what changed (from cron, or a timer)
#   probe watch            stay, and look whenever each target is due
#   probe config schema    all keys, for editors that complete them
#
# Paths are relative to this file. Durations are as in 90s, 15m, 24h, 7d.

"""

_DEFAULTS = """\
# What holds for every target that does not say otherwise.
[defaults]
{connectors}schedule = "15m"         # or a cron expression, in local time: "*/20 6-22 * * *"
warn_days = 21           # warn of a certificate that ends sooner
retries = 2              # look so often again, 20s apart, before a new fault counts
remind = "24h"           # of a FAIL that stays; or "off"
#resolver = "127.0.0.1"  # a validating resolver, which DANE needs; without it, the system's
"""

_NO_CONNECTORS = """\
#connectors = ["connectors.json"]  # what contrib/Export-ProbeConnectors.ps1 wrote: judge as Exchange Online would
"""

_EXPECTATIONS = """\
#name = "{name}"{pad}# what alerts and reports call it
#tags = ["hybrid"]           # by which alerts and --tag choose
#expect_name = "{host}"{wide}# a connector's TlsDomain
#auth_level = "DomainValidation"
#thumbprints = {{ current = ["..."], next = ["..."] }}  # the next one is then no alarm when it comes
"""

_BY_CONNECTOR = """\
#name = "{name}"{pad}# what alerts and reports call it
#tags = ["hybrid"]           # by which alerts and --tag choose
# What its connector demands is in the exports; what is said here goes before that:
#thumbprints = {{ current = ["..."], next = ["..."] }}  # the next one is then no alarm when it comes
"""

_TAIL = """
# Who is told. As many as you like; each kind has keys of its own. What is secret stays out of this file: env:NAME is an
# environment variable, file:PATH a file that holds it.

#[[alert]]
#kind = "email"
#host = "relay.example.org"
#from = "probe@example.org"
#to = ["postmaster@example.org"]

#[[alert]]
#kind = "slack"             # or teams, pagerduty, alertmanager, webhook, healthchecks, apprise, command
#url = "env:SLACK_WEBHOOK"
#verdicts = ["FAIL"]        # FAIL, UNKNOWN and WARN, unless you say so
#quiet = "22:00-07:00"      # a WARN waits for the morning

# What was seen is remembered, in the platform's state directory unless you say where.
#[store]
#path = "probe.db"
#keep = "400d"

# `probe watch` can also stand where Exchange Online would, and judge what your servers show when they deliver.
#[listen]
#port = 2525
#allow = ["192.0.2.25"]     # who may connect besides loopback and private networks
"""


def starter(
    targets: Sequence[str], connectors: Sequence[str] = (), led: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> str:
    """The configuration's text, with these targets and exports; without targets, with one as an example. `led`: the
    connectors that lead to a target. Raises `ConfigError` for what cannot be written as TOML."""
    lines = [f"connectors = [{', '.join(map(_text, connectors))}]\n"] if connectors else [_NO_CONNECTORS]
    return _HEAD + _DEFAULTS.format(connectors="".join(lines)) + "".join(_targets(targets, led)) + _TAIL


def _targets(targets: Sequence[str], led: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "\n# What is probed, one entry each. A mail domain is looked at through its MX records.\n"
    for number, target in enumerate(targets or ["example.org"]):
        yield "\n" if number else ""
        if names := led.get(target):
            yield "\n" * (not number)
            yield f"# Exchange Online comes here by its connector {' and '.join(map(_text, names))}.\n"
        yield f"[[target]]\ntarget = {_text(target)}\n"
        if names and len(names) > 1:
            yield f"#connector = {_text(names[0])}  # by which of them to judge\n"
        if number == 0:
            yield _expectations(target, _BY_CONNECTOR if names else _EXPECTATIONS)


def _expectations(given: str, template: str) -> str:
    """What could be expected of the target, as comments that stand one below the other."""
    target = config.target(given)
    host = target.name if target.port else f"mail.{target.name}"
    if host_address(target.name):
        host = "mail.example.org"
    name = host.split(".")[-2] if host.count(".") > 1 else host
    return template.format(name=name, pad=" " * max(19 - len(name), 2), host=host, wide=" " * max(12 - len(host), 2))


def from_exports(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Where the outbound connectors of the exports lead, and by which of them. Raises `ConfigError`, `ExportError` and
    `UsageError`."""
    from probe.judge.hybrid.way import enabled, implied, plain_host
    from probe.model import items

    organisation = config.organisation(paths)
    found: dict[str, list[str]] = {}
    for place in implied(organisation):
        found[f"[{place}]:25" if ":" in place else f"{place}:25"] = [
            connector.name
            for connector in enabled(organisation)
            if place in map(plain_host, items(connector.smart_hosts))
        ]
    if not found:
        raise UsageError("the exports name no smart host", "name a domain, or export the outbound connectors, too")
    return found


def beside(paths: Iterable[Path], output: Path) -> list[str]:
    """The paths as a configuration in the place of `output` would name them: relative where they lie below it."""
    base = output.absolute().parent
    return [_relative(path.absolute(), base) for path in paths]


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def _text(text: str) -> str:
    """The text in TOML's quotes, which are JSON's but for DEL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{text} is no text that TOML could hold", "give the file another name") from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
