"""The file that keeps MTA-STS policies from run to run (`--remember`), as a sender's cache does: RFC 8461 §3.3.

One policy a line, as JSON. It is read before anything is probed. It is written anew afterwards, whole, beside itself,
and then put in its place in one step: whoever reads it, and whatever breaks in between, there is always one good file.

Two runs at a time may both write. What the other one has written until we begin to write is taken over, and of a domain
that both have seen the policy that was fetched later stays. Nothing is locked: what it writes in the moment between our
reading and our putting in place is lost, and is learnt again by the next run that sees the domain.

The clock may have been wrong in one run. A policy that was fetched in the future is no reason to forget what we have
just learnt; and one from beyond tomorrow is dropped, for nobody can say when it was fetched.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from probe.codec import encode
from probe.config.files import read
from probe.errors import ConfigError, UsageError
from probe.model import Remembered

MOST_BYTES = 1 << 28  # of the file; a policy of usual size takes some 400

_decoder = msgspec.json.Decoder(Remembered)
_DOMAIN = re.compile(r"[a-z0-9_.-]{1,253}")
_HINT = "name another file: it is not written over"
_A_DAY = timedelta(days=1)


def _now() -> datetime:
    return datetime.now(UTC)


class Memory:
    """The policies that are remembered, by domain. Reads at once; nothing is written before `save`. Raises
    `ConfigError`, also where the file could not be written later, and `UsageError` for standard output."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now) -> None:
        if str(path) == "-":
            raise UsageError(
                "--remember -: what is remembered needs a file", "name one that is there in the next run, too"
            )
        self._clock = clock
        self._path = path.resolve()  # through a symbolic link: the file that it names is replaced, not the link
        self._learnt: dict[str, Remembered] = {}
        self.policies: Mapping[str, Remembered] = _read(self._path, clock())
        if not os.access(self._path.parent, os.W_OK | os.X_OK):
            raise ConfigError(f"cannot write beside {path}", "the directory must exist, and be yours to write in")

    def learn(self, policy: Remembered) -> None:
        """This one is to be remembered, from the next run on."""
        self._learnt[policy.domain] = policy

    def save(self) -> None:
        """Write down what was learnt, if anything. Raises `ConfigError`; the file is then as it was."""
        if not self._learnt:
            return
        now = self._clock()
        kept = _read(self._path, now)
        for domain, policy in self._learnt.items():
            other = kept.get(domain)
            if other is None or not policy.fetched < other.fetched <= now:
                kept[domain] = policy
        lines = b"".join(encode(kept[domain]) + b"\n" for domain in sorted(kept))
        try:
            _replace(self._path, lines)
        except OSError as error:
            raise ConfigError(f"cannot write {self._path}: {error.strerror}", "is the disk full?") from None


def _read(path: Path, now: datetime) -> dict[str, Remembered]:
    if not path.exists():
        return {}
    if not path.is_file():
        raise ConfigError(f"{path} is no file to remember policies in", _HINT)
    if path.stat().st_size > MOST_BYTES:
        raise ConfigError(f"{path} is larger than any file of remembered policies", _HINT)
    policies = (
        _remembered(line, number, path)
        for number, line in enumerate(read(path, "remembered policies").split(b"\n"), 1)
        if line.strip()
    )
    return _latest(policy for policy in policies if policy.fetched - now <= _A_DAY)


def _remembered(line: bytes, number: int, path: Path) -> Remembered:
    try:
        return _sound(_decoder.decode(line))
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigError(f"{path}, line {number}: not a remembered policy: {error}", _HINT) from None


def _sound(policy: Remembered) -> Remembered:
    """Raises ValueError and OverflowError for what JSON can hold and `save` does not write."""
    for time in (policy.fetched, policy.expires):
        if time.utcoffset() is None:
            raise ValueError(f"the time {time.isoformat()} has no offset")
        time.astimezone(UTC)  # fails beyond either end of the calendar
    if not _DOMAIN.fullmatch(policy.domain):
        raise ValueError("its domain is none")
    if hashlib.sha256(policy.body).hexdigest() != policy.digest:
        raise ValueError("its body is not what its digest says")
    return policy


def _latest(policies: Iterable[Remembered]) -> dict[str, Remembered]:
    """By domain, of several the one that was fetched last; of those the later in the file."""
    found: dict[str, Remembered] = {}
    for policy in policies:
        known = found.get(policy.domain)
        if known is None or known.fetched <= policy.fetched:
            found[policy.domain] = policy
    return found


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".probe-{secrets.token_hex(8)}")
    file = beside.open("xb")
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)
    except BaseException:  # interrupted, too
        beside.unlink(missing_ok=True)
        raise
