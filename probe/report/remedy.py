"""The remedy of a finding, with the blanks of its commands filled in from what is known of the organisation."""

from collections.abc import Iterable, Iterator, Sequence

from probe.judge.catalogue import Entry
from probe.model import Finding

Step = tuple[str, ...]  # an instruction and its commands


def steps(group: Sequence[Finding], entry: Entry) -> list[Step]:
    """The steps that mend these findings, which are explained together; the blanks filled in as far as is known."""
    return list(_steps(entry.remedy))


def _steps(remedy: Iterable[str]) -> Iterator[Step]:
    step: list[str] = []
    for line in remedy:
        if step and not line.startswith(" "):
            yield tuple(step)
            step = []
        step.append(line)
    if step:
        yield tuple(step)
