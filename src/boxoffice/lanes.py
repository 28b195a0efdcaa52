"""Group commit: commands wait in a lane, and while one batch runs the next one gathers.

A lane knows nothing of what its commands mean. A lone command is a batch of one and starts at once;
there is no timer to wait for. What is in a batch gets its true outcome, even if its caller is gone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from boxoffice.faults import Overloaded, ShuttingDown, TimedOut

C = TypeVar("C")
R = TypeVar("R")

BatchRunner = Callable[[Sequence[C]], Awaitable[Sequence[R | Exception]]]
"""Runs a batch: one result for each command, in their order; an exception is that command's fault."""


class _Waiting(Generic[C, R]):
    __slots__ = ("answer", "command", "give_up_at")

    def __init__(self, command: C, answer: "asyncio.Future[R]", give_up_at: float) -> None:
        self.command: Final = command
        self.answer: Final = answer
        self.give_up_at: Final = give_up_at


class Lane(Generic[C, R]):
    """A bounded queue in front of a batch runner.

    ``apart`` names what two commands of one batch must not share (None: nothing).
    Times are seconds.
    """

    def __init__(
        self,
        run: BatchRunner[C, R],
        *,
        queue_max: int,
        batch_max: int,
        wait_max_s: float,
        apart: Callable[[C], Hashable | None] = lambda _: None,
    ) -> None:
        self._run = run
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._wait_max_s = wait_max_s
        self._apart = apart
        self._queue: deque[_Waiting[C, R]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._open = True

    def __len__(self) -> int:
        """How many commands wait for their batch."""
        return len(self._queue)

    async def submit(self, command: C) -> R:
        """The outcome of the command, after the batch that it was in.

        Raises ``Overloaded``, ``TimedOut``, ``ShuttingDown`` (without effect), or the runner's fault.
        """
        if not self._open:
            raise ShuttingDown("this instance is shutting down; ask another one")
        if len(self._queue) >= self._queue_max:
            raise Overloaded(f"{self._queue_max} commands are waiting already")
        loop = asyncio.get_running_loop()
        waiting: _Waiting[C, R] = _Waiting(command, loop.create_future(), loop.time() + self._wait_max_s)
        self._queue.append(waiting)
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        elif self._alarm is None:
            self._alarm = loop.call_at(waiting.give_up_at, self._give_up_late)
        return await waiting.answer

    async def stop(self) -> None:
        """Takes no more commands and returns when those in the lane are answered."""
        self._open = False
        while self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work(self) -> None:
        try:
            while batch := self._next_batch():
                await self._answer(batch)
        finally:
            self._worker = None
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None

    async def _answer(self, batch: list[_Waiting[C, R]]) -> None:
        try:
            results = await self._run([waiting.command for waiting in batch])
        except Exception as fault:  # noqa: BLE001 - the runner's own fault is every command's
            results = [fault] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Exception):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    def _next_batch(self) -> list[_Waiting[C, R]]:
        """Takes the longest waiting commands; those that must stay apart from one of them stay in place."""
        batch: list[_Waiting[C, R]] = []
        left: list[_Waiting[C, R]] = []
        seen: set[Hashable] = set()
        while self._queue and len(batch) < self._batch_max:
            waiting = self._queue.popleft()
            if waiting.answer.done():  # its caller is gone, or it was given up
                continue
            mark = self._apart(waiting.command)
            if mark is not None and mark in seen:
                left.append(waiting)
                continue
            seen.add(mark)
            batch.append(waiting)
        self._queue.extendleft(reversed(left))
        return batch

    def _give_up_late(self) -> None:
        """Gives up the commands that have waited too long; sets the alarm for the next one."""
        self._alarm = None
        loop = asyncio.get_running_loop()
        while self._queue and (self._queue[0].answer.done() or self._queue[0].give_up_at <= loop.time()):
            waiting = self._queue.popleft()
            if not waiting.answer.done():
                waiting.answer.set_exception(TimedOut(f"no turn within {self._wait_max_s:g} s"))
        if self._queue:
            self._alarm = loop.call_at(self._queue[0].give_up_at, self._give_up_late)
