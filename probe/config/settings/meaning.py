"""The words of single keys, turned into values. What `probe TARGET` asks of its options is asked of them here, too."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from probe import config
from probe.alert.words import Duration
from probe.config.duty import Schedule
from probe.config.settings.allowed import allowed
from probe.config.settings.document import Document
from probe.config.settings.files import Files, several
from probe.config.settings.places import Path as Place
from probe.config.settings.written import VERSIONS, Thumbprints
from probe.errors import ProbeError, UsageError
from probe.model import Target

AN_HOUR, A_DAY, A_CENTURY = 3600, 86400, 36525 * 86400  # seconds
_OPTION = re.compile(r"^--[a-z-]+ ")


class Misplaced(Exception):
    """What is wrong with one element of a value."""

    def __init__(self, place: Place, error: Exception) -> None:
        super().__init__()
        self.place, self.error = place, error


def meant(
    document: Document, place: Place, values: Mapping[str, Any], files: Files, kinds: Mapping[str, Any]
) -> dict[str, Any]:
    """What the values of a table mean, by key. What means nothing is noted in the document."""
    found = {}
    for key, value in values.items():
        try:
            found[key] = MEANINGS[key](value, files) if key in MEANINGS else value
        except Misplaced as fault:
            _refuse(document, (*place, key, *fault.place), key, fault.error, kinds)
        except (ProbeError, ValueError) as error:
            _refuse(document, (*place, key), key, error, kinds)
    return found


def _refuse(document: Document, place: Place, key: str, error: Exception, kinds: Mapping[str, Any]) -> None:
    # Of words, what is allowed stands with the key; of files, whoever could not read them knows better.
    from_file = isinstance(error, ProbeError) and not isinstance(error, UsageError)
    hint = error.hint if from_file and isinstance(error, ProbeError) else allowed(kinds[key])
    document.refuse(place, f"{key}: {_OPTION.sub('', str(error))}", hint)


def _each(one: Callable[[str], Any], values: Any, *place: str | int) -> tuple[Any, ...]:
    """What each means, once. One that stands alone has no number."""
    alone = isinstance(values, str)
    found = []
    for number, value in enumerate(several(values)):
        try:
            found.append(one(value))
        except (ProbeError, ValueError) as error:
            raise Misplaced(place if alone else (*place, number), error) from None
    return tuple(dict.fromkeys(found))


def _thumbprints(value: Any, _: Files) -> tuple[str, ...]:
    if not isinstance(value, Thumbprints):
        return _each(config.thumbprint, value)
    current = _each(config.thumbprint, value.current, "current")
    return tuple(dict.fromkeys([*current, *_each(config.thumbprint, value.next, "next")]))


def _target(text: str, _: Files) -> Target:
    if text.startswith("@") or text == "-":
        raise ValueError(f"`{text}` is a list, and an entry is for one target")
    return config.target(text)


def _text(text: str) -> str:
    if not text.isprintable() or text != text.strip() or not text or text == "*":
        raise ValueError("blanks at an end, what cannot be printed, and * alone are no name")
    return text


def _version(value: str | float) -> str:
    if (text := str(value)) not in VERSIONS:
        raise ValueError(f"{text} is not a version of TLS")
    return VERSIONS[text]


@lru_cache
def schedule(text: str) -> Schedule:
    """Raises `ValueError`."""
    if len(fields := text.split()) == 5:
        return Schedule(cron=_cron(" ".join(fields)))
    try:
        every = Duration.parse(text)
    except ValueError:
        raise ValueError(f"`{text}` is neither a duration nor a cron expression of five fields") from None
    return Schedule(every=_between(every, 1, A_CENTURY))


def _cron(text: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(text, datetime(2026, 1, 1)))  # noqa: DTZ001 - any moment will do, in whatever zone
    except CronSimError as error:
        raise ValueError(f"`{text}`: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError(f"`{text}` never comes") from None
    return text


def _between(value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise ValueError(f"{value:.0f} seconds are too {'few' if value < least else 'many'}")
    return float(value)


def _remind(text: str, _: Files) -> float | None:
    return None if text == "off" else _between(Duration.parse(text), 60, A_CENTURY)


def _greeting(text: str, _: Files) -> str:
    if text.startswith("[") and text.endswith("]"):  # RFC 5321 §4.1.3, an address literal
        found = config.address(text[1:-1].removeprefix("IPv6:").partition("%")[0], "--ehlo")
        return f"[IPv6:{found}]" if ":" in found else f"[{found}]"
    return config.host_name(text, "--ehlo")


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


MEANINGS: Mapping[str, Callable[[Any, Files], Any]] = {
    "target": _target,
    "name": lambda text, _: _text(text),
    "connectors": lambda paths, files: files.organisation(several(paths)),
    "thumbprints": _thumbprints,
    "expect_name": lambda text, _: config.expected_name(text),
    "expect_certificate": lambda text, _: config.identity(text),
    "min_tls": lambda value, _: _version(value),
    "next_certificate": lambda text, files: files.chain(text),
    "schedule": lambda text, _: schedule(text),
    "tags": lambda tags, _: _each(_text, tags),
    "pause": lambda value, _: _between(value, 0, AN_HOUR),
    "timeout": lambda value, _: _between(value, 1, AN_HOUR),
    "remind": _remind,
    "resolver": lambda texts, _: _each(config.resolver, texts),
    "ehlo": _greeting,
    "roots": lambda sources, files: files.anchors(several(sources)),
    "keep": lambda value, _: _between(value, A_DAY, A_CENTURY),
    "address": lambda text, _: config.address(text, "--address"),
    "host": lambda text, _: config.host_name(text, "--host"),
    "user": lambda text, _: _text(text),
    "allow": lambda texts, _: _each(_network, texts),
}
