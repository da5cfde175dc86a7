"""One status: the word for it, Windows' number and name, and what it says."""

from dataclasses import dataclass

from probe.exchange.bounces.meaning import Cited


@dataclass(frozen=True, slots=True)
class Status:
    """`word` is empty where only Windows has a name for it, `name` and `number` where only Exchange has. `own`: it is a
    fault of the machine that logs it, not of its peer."""

    word: str
    number: int | None
    name: str
    says: str
    findings: tuple[Cited, ...] = ()
    doubts: tuple[str, ...] = ()
    remedy: tuple[str, ...] = ()
    own: bool = False

    @property
    def title(self) -> str:
        """ "UntrustedRoot, CERT_E_UNTRUSTEDROOT 0x800B0109"."""
        number = f"{self.name} 0x{self.number:08X}" if self.number is not None else self.name
        return ", ".join(part for part in (self.word, number) if part)
