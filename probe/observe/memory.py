"""What was answered in this run, for as long as it holds; and what is being asked, so that it is asked once."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple

import trio

from probe.model import Answer, Outcome, Question

OCTETS = 32 << 20  # that the remembered answers take, about

# Seconds that an answer is remembered at most, whatever its TTL. RFC 2308 §5 has negative answers forgotten after one
# to three hours. What is not known is asked again soon, but not at once: RFC 9520 §3.2, at least a second.
_FOUND, _NEGATIVE, _UNKNOWN = 86_400, 10_800, 5
_MOST = {Outcome.FOUND: _FOUND, Outcome.NODATA: _NEGATIVE, Outcome.NXDOMAIN: _NEGATIVE}

_Key = tuple[str, str]


class _Held(NamedTuple):
    answer: Answer
    until: float  # by trio's clock
    octets: int


class _Asking:
    """A question under way. `answer` stays None where whoever asked it was cancelled, or failed."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.answer: Answer | None = None


class Memory:
    """Answers by question, in whatever letters it was put; where there are too many, the longest unused goes first.

    An answer comes back as it was given, with the TTL that it had then.
    """

    def __init__(self, octets: int = OCTETS) -> None:
        self._most = octets
        self._octets = 0
        self._held: OrderedDict[_Key, _Held] = OrderedDict()
        self._asking: dict[_Key, _Asking] = {}

    async def recall(self, question: Question, ask: Callable[[Question], Awaitable[Answer]]) -> Answer:
        """The remembered answer, or that of `ask`, which is called once for all who put the question meanwhile.

        Where the one who called it is cancelled, one of the others calls it anew: there is no task of our own in which
        it could go on.
        """
        key = (_folded(question.name), question.rtype)
        while True:
            held = self._held.get(key)
            if held and held.until > trio.current_time():
                self._held.move_to_end(key)
                await trio.lowlevel.checkpoint()
                return _addressed(held.answer, question)
            asking = self._asking.get(key)
            if asking is None:
                return await self._ask(key, question, ask)
            await asking.over.wait()
            if asking.answer is not None:
                return _addressed(asking.answer, question)

    async def _ask(self, key: _Key, question: Question, ask: Callable[[Question], Awaitable[Answer]]) -> Answer:
        asking = self._asking[key] = _Asking()
        try:
            asking.answer = answer = await ask(question)
        finally:
            del self._asking[key]
            asking.over.set()
        self._keep(key, answer)
        return answer

    def _keep(self, key: _Key, answer: Answer) -> None:
        most = _MOST.get(answer.outcome)
        seconds = _UNKNOWN if most is None else min(most, answer.ttl or 0)  # RFC 2308 §5: without a SOA, not at all
        octets = _octets(answer)
        if seconds <= 0 or octets > self._most // 8:  # a single answer shall not push out all others
            return
        forgotten = self._held.pop(key, None)
        self._held[key] = _Held(answer, trio.current_time() + seconds, octets)
        self._octets += octets - (forgotten.octets if forgotten else 0)
        while self._octets > self._most:
            _, oldest = self._held.popitem(last=False)
            self._octets -= oldest.octets


def _folded(name: str) -> str:
    """The same for names that differ in case only. Beyond ASCII it is not for us to say which do."""
    return name.lower() if name.isascii() else name


def _addressed(answer: Answer, question: Question) -> Answer:
    """The answer to a question that differs in its letters at most from the one that was asked."""
    if answer.question == question:
        return answer
    # What is not known has no canonical name but the asked one.
    canonical = answer.canonical if answer.outcome in _MOST else question.name
    return replace(answer, question=question, canonical=canonical)


def _octets(answer: Answer) -> int:
    """About what it takes in memory."""
    return 1_000 + sum(50 + len(text) for text in (*answer.records, *answer.aliases, answer.detail))
