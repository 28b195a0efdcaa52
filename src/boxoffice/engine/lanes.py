"""Group commit: commands wait in lanes, and while one batch runs, the commands of the next one gather.

This module knows only which lane a command belongs to (in the engine: its show), not what the command means.
A lane runs one batch at a time, so its commands never compete with each other. A few workers serve the lanes
in turn, so that a crowd in one lane does not keep the other lanes waiting. A lone command starts at once, as
a batch of one: no timer delays it. A command whose batch has begun runs to its end, even if its caller has
hung up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextvars import Context
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from boxoffice.vocabulary.faults import Overloaded, ShuttingDown, TimedOut

C = TypeVar("C")
R = TypeVar("R")

BatchRunner = Callable[[Sequence[C]], Awaitable[Sequence[R | Exception]]]
"""Runs a batch, and returns one result for each command, in the order of the commands. An exception in the
list is the fault of the command at that place."""


class Bounds(Struct, frozen=True):
    """The bounds of the lanes, in commands where nothing else is said.

    ``lane_max``, ``all_lanes_max``: commands that wait in one lane, and in all lanes together.
    ``batch_max``: commands in one batch. A lane with more than ``alone_from`` commands has a batch to itself;
    up to ``lanes_per_batch_max`` smaller lanes share a batch. ``answers_at_once``: callers that are woken in
    one turn of the event loop. ``wait_max_s``: seconds that a command waits for its batch.
    """

    lane_max: int
    all_lanes_max: int
    batch_max: int
    alone_from: int
    lanes_per_batch_max: int
    answers_at_once: int
    wait_max_s: float


class _Waiting(Generic[C, R]):
    __slots__ = ("answer", "command", "give_up_at")

    def __init__(self, command: C, answer: "asyncio.Future[R]", give_up_at: float) -> None:
        self.command: Final = command
        self.answer: Final = answer
        self.give_up_at: Final = give_up_at


class Lanes(Generic[C, R]):
    """Bounded queues in front of a batch runner, which runs ``workers`` batches at a time.

    ``lane_of`` gives a command's lane. ``apart`` gives a mark: two commands with the same mark never share a
    batch (None: no mark). ``waited`` is called for each batch with the seconds that its oldest command has
    waited.
    """

    def __init__(
        self,
        run: BatchRunner[C, R],
        bounds: Bounds,
        *,
        workers: int,
        lane_of: Callable[[C], Hashable],
        apart: Callable[[C], Hashable | None] = lambda _: None,
        waited: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._run = run
        self._bounds = bounds
        self._lane_of = lane_of
        self._apart = apart
        self._waited = waited
        self._lanes: dict[Hashable, deque[_Waiting[C, R]]] = {}  # the lanes in which commands wait
        self._ready: deque[Hashable] = deque()  # the lanes of these without a batch under way, in turn
        self._running: set[Hashable] = set()
        self._idle = workers
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._waiting = 0
        self._open = True

    def __len__(self) -> int:
        """How many commands wait for their batch."""
        return self._waiting

    @property
    def deepest(self) -> int:
        """How many commands wait in the fullest lane."""
        return max(map(len, self._lanes.values()), default=0)

    async def submit(self, command: C) -> R:
        """The result of the command, when its batch has run.

        Raises ``Overloaded``, ``TimedOut`` or ``ShuttingDown``, after which the command had no effect, or the
        runner's fault.
        """
        if not self._open:
            raise ShuttingDown("this instance is shutting down; ask another one")
        loop = asyncio.get_running_loop()
        waiting: _Waiting[C, R] = _Waiting(
            command, loop.create_future(), loop.time() + self._bounds.wait_max_s
        )
        key = self._lane_of(command)
        self._enqueue(key, waiting)
        if not self._wake() or key in self._running:
            self._watch()
        return await waiting.answer

    async def stop(self) -> None:
        """Refuse new commands, and return when the commands in the lanes are answered."""
        self._open = False
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _enqueue(self, key: Hashable, waiting: _Waiting[C, R]) -> None:
        lane = self._lanes.get(key)
        if self._waiting >= self._bounds.all_lanes_max or len(lane or ()) >= self._bounds.lane_max:
            raise Overloaded(f"{len(lane or ())} commands are waiting already, {self._waiting} in all lanes")
        if lane is None:
            lane = self._lanes[key] = deque()
            if key not in self._running:
                self._ready.append(key)
        lane.append(waiting)
        self._waiting += 1

    def _wake(self) -> bool:
        """Start an idle worker, if a worker is idle and a lane is ready. Returns whether a worker started."""
        if not self._idle or not self._ready:
            return False
        self._idle -= 1
        self._spawn(self._work())
        return True

    def _watch(self) -> None:
        """Set the alarm at which the oldest waiting command times out, unless an alarm is set. A command
        whose batch starts at once needs no alarm.
        """
        if self._alarm is None and self._lanes:
            first = min(lane[0].give_up_at for lane in self._lanes.values())
            self._alarm = asyncio.get_running_loop().call_at(first, self._give_up_late)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # A new context: the task works for many requests, so it must not log the ids of a single one.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while batch := self._next_batch():
                lanes = {self._lane_of(waiting.command) for waiting in batch}
                if not self._wake():  # another worker takes the commands that this batch left
                    self._watch()
                self._tell_wait(batch)
                await self._answer(batch)
                self._running -= lanes
                self._ready.extend(key for key in lanes if key in self._lanes)
        finally:
            self._idle += 1
            if self._alarm is not None and not self._waiting:
                self._alarm.cancel()
                self._alarm = None

    def _tell_wait(self, batch: list[_Waiting[C, R]]) -> None:
        since = min(waiting.give_up_at for waiting in batch) - self._bounds.wait_max_s
        self._waited(asyncio.get_running_loop().time() - since)

    async def _answer(self, batch: list[_Waiting[C, R]]) -> None:
        try:
            results = await self._run([waiting.command for waiting in batch])
            assert len(results) == len(batch)
        except Exception as fault:  # noqa: BLE001 - the runner's own fault is every command's
            results = [fault] * len(batch)
        told = list(zip(batch, results, strict=True))
        _wake_callers(told[: self._bounds.answers_at_once])
        if len(told) > self._bounds.answers_at_once:
            self._spawn(self._wake_the_rest(told))

    async def _wake_the_rest(self, told: "list[tuple[_Waiting[C, R], R | Exception]]") -> None:
        """Wake the remaining callers, some in each turn of the loop, while the worker runs its next batch."""
        step = self._bounds.answers_at_once
        for start in range(step, len(told), step):
            await asyncio.sleep(0)
            _wake_callers(told[start : start + step])

    def _next_batch(self) -> list[_Waiting[C, R]]:
        """The commands of the next batch; their lanes are marked as running.

        The batch has commands of the lane whose turn it is. If these are few, commands of other lanes with
        few commands join them.
        """
        batch: list[_Waiting[C, R]] = []
        passed: list[Hashable] = []
        lanes = 0
        while (
            self._ready and len(batch) < self._bounds.batch_max and lanes < self._bounds.lanes_per_batch_max
        ):
            key = self._ready.popleft()
            if key in self._running or key not in self._lanes:  # all commands of the lane have timed out
                continue
            crowded = len(self._lanes[key]) > self._bounds.alone_from
            if crowded and batch:
                passed.append(key)
                continue
            if taken := self._take(key, self._bounds.batch_max - len(batch)):
                self._running.add(key)
                batch += taken
                lanes += 1
            if crowded and batch:
                break
        self._ready.extendleft(reversed(passed))
        return batch

    def _take(self, key: Hashable, most: int) -> list[_Waiting[C, R]]:
        """Take the oldest commands of the lane. A command whose mark (``apart``) is taken already stays in
        the lane, in its place.
        """
        lane = self._lanes[key]
        taken: list[_Waiting[C, R]] = []
        left: list[_Waiting[C, R]] = []
        seen: set[Hashable] = set()
        while lane and len(taken) < most:
            waiting = lane.popleft()
            if waiting.answer.done():  # the caller has hung up, or the command has timed out
                self._waiting -= 1
                continue
            mark = self._apart(waiting.command)
            if mark is not None and mark in seen:
                left.append(waiting)
                continue
            seen.add(mark)
            taken.append(waiting)
        self._waiting -= len(taken)
        lane.extendleft(reversed(left))
        if not lane:
            del self._lanes[key]
        return taken

    def _give_up_late(self) -> None:
        """Answer ``TimedOut`` to commands that have waited too long; set the alarm for the next command."""
        loop = asyncio.get_running_loop()
        for key, lane in list(self._lanes.items()):
            while lane and (lane[0].answer.done() or lane[0].give_up_at <= loop.time()):
                late = lane.popleft()
                self._waiting -= 1
                if not late.answer.done():
                    late.answer.set_exception(TimedOut(f"no turn within {self._bounds.wait_max_s:g} s"))
            if not lane:
                del self._lanes[key]
        self._alarm = None
        self._watch()


def _wake_callers(told: "list[tuple[_Waiting[C, R], R | Exception]]") -> None:
    for waiting, result in told:
        if waiting.answer.done():  # the caller has hung up
            continue
        if isinstance(result, Exception):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(result)
