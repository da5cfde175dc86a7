"""One look for all who ask at the same time, and for who asks again a moment later; and only so many at once."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class Busy(Exception):
    """So much is asked for that this one did not get its turn in time."""


@dataclass(slots=True)
class _Work(Generic[T]):
    done: trio.Event = field(default_factory=trio.Event)
    ended: float = 0.0
    result: T | None = None
    error: Exception | None = None


class Shared(Generic[T]):
    """`nursery` is where the work goes on, also when whoever asked first has left. A result is handed out for `fresh`
    seconds, an error to those alone who waited for it. `most` results are kept, `parallel` are worked on at a time."""

    def __init__(self, nursery: trio.Nursery, fresh: float, *, most: int = 500, parallel: int = 32) -> None:
        self._nursery, self._fresh, self._most = nursery, fresh, most
        self._works: dict[Hashable, _Work[T]] = {}
        self._places = trio.Semaphore(parallel)

    async def get(self, key: Hashable, seconds: float, work: Callable[[float], Awaitable[T]]) -> T:
        """The result for `key`, from `work`, which is told how many seconds it has left. Raises what that raises,
        `Busy`, and `trio.TooSlowError` after `seconds` seconds."""
        found = self._works.get(key)
        if found is None or (found.done.is_set() and trio.current_time() - found.ended >= self._fresh):
            found = self._works[key] = _Work()
            self._nursery.start_soon(self._run, key, found, seconds, work)
            self._forget()
        with trio.fail_after(seconds):
            await found.done.wait()
        if found.error:
            raise found.error
        if found.result is None:
            raise Busy
        return found.result

    async def _run(self, key: Hashable, mine: _Work[T], seconds: float, work: Callable[[float], Awaitable[T]]) -> None:
        until = trio.current_time() + seconds
        try:
            with trio.move_on_at(until):
                async with self._places:
                    mine.result = await work(until - trio.current_time())
        except Exception as error:  # ours or a bug's: whoever waits raises it
            mine.error = error
        finally:
            mine.ended = trio.current_time()
            mine.done.set()
            if mine.result is None and self._works.get(key) is mine:
                del self._works[key]

    def _forget(self) -> None:
        """What is over its time, and of what is left the oldest."""
        if len(self._works) > self._most:
            now = trio.current_time()
            ended = [key for key, work in self._works.items() if work.done.is_set()]
            for key in [key for key in ended if now - self._works[key].ended >= self._fresh] or ended[:1]:
                del self._works[key]
