"""`probe listen` as its users run it, and what it says of each delivery."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.pki import Issued
from tests.real.client import Json, Report, validator
from tests.real.duty import until
from tests.real.servers import LOOPBACK, free_ports, running, tail


class Delivery(Report):
    """The report on one client."""

    @property
    def said(self) -> Json:
        """What the client told of itself, of senders and recipients."""
        return dict(self.observation["delivery"])

    @property
    def attribution(self) -> Json:
        return dict(self.data["attribution"])

    @property
    def version(self) -> str:
        """Of TLS."""
        return str(self.observation["session"]["version"])

    def presented(self, *chain: Issued) -> bool:
        """Whether it presented exactly these certificates, in this order."""
        return [one["sha256"] for one in self.observation["certificates"]] == [one.sha256 for one in chain]


@dataclass(frozen=True)
class Listening:
    """A listener at work. Deliveries are told apart by the recipient's domain, or by the name in EHLO."""

    address: str
    port: int
    log: Path

    @property
    def nexthop(self) -> str:
        """As Postfix has it."""
        return f"[{self.address}]:{self.port}"

    def to(self, domain: str, count: int = 1) -> Sequence[Delivery]:
        """Deliveries to that domain, when so many have come."""
        return self._wait(lambda one: domain in one.said["recipients"], count, f"to {domain}")

    def by(self, name: str, count: int = 1) -> Sequence[Delivery]:
        """Deliveries of whoever greets by that name."""
        return self._wait(lambda one: one.said["greeted"] == name, count, f"by {name}")

    def _wait(self, fits: Callable[[Delivery], bool], count: int, what: str) -> Sequence[Delivery]:
        found: list[Delivery] = []

        def there() -> bool:
            found[:] = filter(fits, self._reports())
            return len(found) >= count

        until(there, f"no delivery {what}:\n{tail(self.log)}")
        assert len(found) == count, f"{len(found)} deliveries {what}"
        return found

    def _reports(self) -> Iterator[Delivery]:
        for line in self.log.read_bytes().splitlines(keepends=True):
            if line.startswith(b"{") and line.endswith(b"\n"):  # beside what it says on stderr
                data = json.loads(line)
                validator().validate(data)
                yield Delivery(data)


@contextmanager
def listening(
    home: Path, roots: Path, *words: str | Path, address: str = LOOPBACK, port: int | None = None
) -> Iterator[Listening]:
    """`probe listen` with these words, on a port of its own if none is given."""
    where = port or free_ports(1)[0]
    there = Listening(address, where, home / "listen.log")
    command = [sys.executable, "-m", "probe", "listen", f"{address}:{where}", "--roots", roots, *words]
    with running(*command, "--format", "json", log=there.log, listens=[(address, where)]):
        yield there
    assert "Traceback" not in (said := there.log.read_text(errors="replace")), said
