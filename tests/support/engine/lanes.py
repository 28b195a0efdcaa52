"""A batch runner whose batches end when the test says so, and lanes in front of it."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from boxoffice.engine.lanes import Bounds, Lanes


class Runner:
    """A batch runner that answers each command with its upper case, when the test calls ``let``."""

    def __init__(self, *, waits: bool = True) -> None:
        self.batches: list[list[str]] = []
        self.fault: Exception | None = None
        self._started = asyncio.Semaphore(0)
        self._turns = asyncio.Semaphore(0 if waits else 1000)

    async def __call__(self, commands: Sequence[str]) -> list[str | Exception]:
        self.batches.append(list(commands))
        self._started.release()
        await self._turns.acquire()
        if self.fault is not None:
            raise self.fault
        return [ValueError(c) if c == "bad" else c.upper() for c in commands]

    async def started(self) -> None:
        """Returns when one more batch runs."""
        await self._started.acquire()

    def let(self, batches: int = 1) -> None:
        """Let the next batches end."""
        for _ in range(batches):
            self._turns.release()


def lane_of(
    runner: Runner,
    *,
    queue_max: int = 100,
    batch_max: int = 100,
    wait_max_s: float = 1000,
    apart: Callable[[str], Hashable | None] = lambda _: None,
) -> Lanes[str, str]:
    """One lane, one worker."""
    bounds = Bounds(
        lane_max=queue_max,
        all_lanes_max=queue_max,
        batch_max=batch_max,
        alone_from=batch_max,
        lanes_per_batch_max=1,
        answers_at_once=2,
        wait_max_s=wait_max_s,
    )
    return Lanes(runner, bounds, workers=1, lane_of=lambda _: None, apart=apart)


def submit(lane: Lanes[str, str], *commands: str) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(lane.submit(command)) for command in commands]


def lanes_of(
    runner: Runner, *, workers: int, apart: Callable[[str], Hashable | None] = lambda _: None, **bounds: float
) -> Lanes[str, str]:
    """A lane for each first letter."""
    given: dict[str, Any] = {
        "lane_max": 100,
        "all_lanes_max": 200,
        "batch_max": 100,
        "alone_from": 3,
        "lanes_per_batch_max": 9,
        "answers_at_once": 2,
        "wait_max_s": 1000,
    }
    return Lanes(
        runner,
        Bounds(**(given | bounds)),
        workers=workers,
        lane_of=lambda command: command[0],
        apart=apart,
    )


async def busy_lane(runner: Runner, lane: Lanes[str, str]) -> asyncio.Task[str]:
    """The command "first", which runs alone in its batch until the test calls ``let``."""
    [first] = submit(lane, "first")
    await runner.started()
    return first


async def settled(lane: Lanes[str, str], waiting: int) -> None:
    """Let the submitting tasks run, and check that ``waiting`` commands wait afterwards."""
    await asyncio.sleep(0)
    assert len(lane) == waiting


async def answers(*tasks: asyncio.Task[str]) -> list[str]:
    return [await task for task in tasks]
