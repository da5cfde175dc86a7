"""What a run remembers, for how long, and how much of it."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from probe.model import Answer, Outcome, Question
from probe.observe.memory import Memory
from tests.world import in_mock_time

MX = Question(name="example.org", rtype="MX")
FOUND = {"outcome": Outcome.FOUND, "records": ("10 mx.example.org",)}


class Source:
    """Answers whatever is asked after a second, and counts."""

    def __init__(self, **answer: object) -> None:
        self.answer, self.asked = answer, list[Question]()

    async def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        await trio.sleep(1)
        return Answer(question=question, canonical=question.name, **self.answer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({**FOUND, "ttl": 300}, 300),
        ({**FOUND, "ttl": 2**31}, 86_400),
        ({**FOUND, "ttl": 0}, 0),
        ({"outcome": Outcome.NODATA, "ttl": 60}, 60),
        ({"outcome": Outcome.NXDOMAIN, "ttl": 60}, 60),
        ({"outcome": Outcome.NXDOMAIN, "ttl": 604_800}, 10_800),
        ({"outcome": Outcome.NODATA, "ttl": None}, 0),  # RFC 2308 §5: without a SOA, not at all
        ({"outcome": Outcome.BOGUS}, 5),
        ({"outcome": Outcome.FAILED}, 5),
        ({"outcome": Outcome.TIMEOUT}, 5),
    ],
)
@in_mock_time
async def test_an_answer_is_remembered_while_it_holds(answer: dict[str, object], seconds: int) -> None:
    memory, source = Memory(), Source(**answer)
    first = await memory.recall(MX, source)
    await trio.sleep(max(0, seconds - 0.5))
    assert await memory.recall(MX, source) == first
    assert len(source.asked) == (1 if seconds else 2)
    await trio.sleep(1)
    assert await memory.recall(MX, source) == first
    assert len(source.asked) == (2 if seconds else 3)


@in_mock_time
async def test_letters_do_not_matter_and_come_back_as_they_were_asked() -> None:
    memory, source = Memory(), Source(**FOUND, ttl=300)
    await memory.recall(MX, source)
    asked = Question(name="EXAMPLE.org", rtype="MX")
    answer = await memory.recall(asked, source)
    assert (answer.question, answer.canonical, answer.records) == (asked, "example.org", ("10 mx.example.org",))
    assert len(source.asked) == 1


@in_mock_time
async def test_what_is_not_known_is_canonical_as_it_was_asked() -> None:
    memory, source = Memory(), Source(outcome=Outcome.FAILED)
    await memory.recall(MX, source)
    assert (await memory.recall(Question(name="EXAMPLE.org", rtype="MX"), source)).canonical == "EXAMPLE.org"


@in_mock_time
async def test_another_type_is_another_question() -> None:
    memory, source = Memory(), Source(**FOUND, ttl=300)
    for rtype in ("MX", "A", "TXT"):
        await memory.recall(Question(name="example.org", rtype=rtype), source)
    assert [question.rtype for question in source.asked] == ["MX", "A", "TXT"]


@pytest.mark.parametrize("outcome", list(Outcome))
@in_mock_time
async def test_whoever_asks_meanwhile_gets_the_same_answer(outcome: Outcome) -> None:
    memory, source = Memory(), Source(outcome=outcome, ttl=0)
    answers: list[Answer] = []

    async def ask(name: str) -> None:
        answers.append(await memory.recall(Question(name=name, rtype="MX"), source))

    async with trio.open_nursery() as nursery:
        for name in ("example.org", "Example.org", "example.ORG"):
            nursery.start_soon(ask, name)
    assert len(source.asked) == 1
    assert {answer.question.name for answer in answers} == {"example.org", "Example.org", "example.ORG"}


async def beside_one_who_fails(fail: Callable[[trio.CancelScope], Awaitable[Answer]]) -> tuple[list[Answer], float]:
    """Ten ask, the first of them by `fail`. What the others get, and after how long."""
    memory, source, answers = Memory(), Source(**FOUND, ttl=300), list[Answer]()
    began, scope = trio.current_time(), trio.CancelScope()

    async def first() -> None:
        with scope:
            try:
                await memory.recall(MX, lambda _: fail(scope))
            except ZeroDivisionError:
                return

    async def other() -> None:
        answers.append(await memory.recall(MX, source))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        await wait_all_tasks_blocked()
        for _ in range(9):
            nursery.start_soon(other)
    assert len(source.asked) == 1
    return answers, trio.current_time() - began


@in_mock_time
async def test_who_asks_for_all_may_be_cancelled() -> None:
    async def fail(scope: trio.CancelScope) -> Answer:
        await trio.sleep(0.5)
        scope.cancel()
        await trio.sleep_forever()
        raise AssertionError

    answers, seconds = await beside_one_who_fails(fail)
    assert [answer.outcome for answer in answers] == [Outcome.FOUND] * 9
    assert seconds == 1.5


@in_mock_time
async def test_who_asks_for_all_may_fall() -> None:
    async def fail(_: trio.CancelScope) -> Answer:
        await trio.sleep(0.5)
        raise ZeroDivisionError

    answers, _ = await beside_one_who_fails(fail)
    assert [answer.outcome for answer in answers] == [Outcome.FOUND] * 9


@in_mock_time
async def test_who_waits_may_be_cancelled() -> None:
    memory, source = Memory(), Source(**FOUND, ttl=300)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(memory.recall, MX, source)
        await wait_all_tasks_blocked()
        with trio.move_on_after(0.5) as scope:
            await memory.recall(MX, source)
        assert scope.cancelled_caught
    assert (await memory.recall(MX, source)).outcome is Outcome.FOUND
    assert len(source.asked) == 1


@in_mock_time
async def test_the_longest_unused_is_forgotten_first() -> None:
    memory, source = Memory(octets=11_000), Source(**FOUND, ttl=86_400)  # each counts for something above 1,100

    async def ask(number: int) -> bool:
        """Whether the source had to be asked."""
        before = len(source.asked)
        await memory.recall(Question(name=f"n{number}.example", rtype="MX"), source)
        return len(source.asked) > before

    assert [await ask(number) for number in range(9)] == [True] * 9
    assert not await ask(0)
    assert await ask(9)
    assert not await ask(0)
    assert await ask(1)


@in_mock_time
async def test_an_answer_larger_than_the_memory_is_not_remembered() -> None:
    memory, source = Memory(octets=10_000), Source(outcome=Outcome.FOUND, records=("x" * 20_000,), ttl=300)
    small = Source(**FOUND, ttl=300)
    for _ in range(2):
        await memory.recall(MX, source)
        await memory.recall(Question(name="example.net", rtype="MX"), small)
    assert (len(source.asked), len(small.asked)) == (2, 1)


@in_mock_time
async def test_memory_stays_bounded_through_a_sweep() -> None:
    memory = Memory(octets=50_000)

    async def source(question: Question) -> Answer:
        return Answer(question=question, outcome=Outcome.FOUND, canonical="", records=("x" * 500,), ttl=86_400)

    for number in range(2_000):
        await memory.recall(Question(name=f"n{number}.example", rtype="MX"), source)
    again = 0

    async def counted(question: Question) -> Answer:
        nonlocal again
        again += 1
        return await source(question)

    for number in reversed(range(1_900, 2_000)):
        await memory.recall(Question(name=f"n{number}.example", rtype="MX"), counted)
    assert 60 < again < 80
