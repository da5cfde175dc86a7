"""Questions on behalf of one target: within its time, in everybody's places, and each with an answer to show."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

import trio

from probe.model import Answer, Outcome, Question
from probe.observe.world import Budget, Slots, World


class Asking:
    """Asks one question after another, or side by side, each of them once. Every one of `budgets` pays for it; waiting
    for a place is free. `known` is what was answered."""

    def __init__(self, world: World, slots: Slots, *budgets: Budget) -> None:
        self._resolve, self._places, self._budgets = world.resolve, slots.questions, budgets
        self._patience = min(budget.left for budget in budgets)
        self._asked: list[Question] = []
        self.known: dict[Question, Answer] = {}

    async def __call__(self, question: Question) -> Answer:
        """The answer. It is the caller who enters the budgets' scopes."""
        self._asked.append(question)
        async with self._places:
            with ExitStack() as paying:
                for budget in self._budgets:
                    paying.enter_context(budget.working())
                self.known[question] = answer = await self._resolve(question)
        return answer

    def answer(self, question: Question) -> Answer:
        """What came of a question: a TIMEOUT where the time ran out first."""
        return self.known.get(question) or self._late(question)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One for each question, in the order of asking."""
        return tuple(map(self.answer, self._asked))

    def _late(self, question: Question) -> Answer:
        detail = f"no answer in the {self._patience:.2g} s that were left for it"
        return Answer(question=question, outcome=Outcome.TIMEOUT, canonical=question.name, detail=detail)


async def side_by_side(jobs: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Do them all. A single one, as in most of a sweep, needs no nursery, which costs a tenth of a handshake."""
    if len(jobs) == 1:
        await jobs[0]()
        return
    async with trio.open_nursery() as nursery:
        for job in jobs:
            nursery.start_soon(job)
