"""Loads of a program that measures without HTTP: a crowd that asks one after another, and a steady pace."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from time import perf_counter
from typing import Any, Final, NamedTuple

PER_S: Final = 2_000
"""The steady pace: some hundred shows on sale, or one in a rush."""

TICK_S: Final = 0.01
"""Seconds between two portions of the steady pace."""

UNDER_WAY_MAX: Final = 2_000
"""Calls of the steady pace at the same time. A machine that cannot keep up falls behind, and its rate says
so; without a bound its queues would fill and refuse."""

Ask = Callable[[], Awaitable[Any]]


class Burst(NamedTuple):
    """What a crowd asked: how long all of it took, and how long each call."""

    seconds: float
    took_s: list[float]


async def crowd(ask: Ask, callers: int, most: int, seconds: float = inf) -> Burst:
    """So many callers ask one after another, until the time is over or ``most`` was asked. Each asks at least
    once: a busy machine may need all the time to begin.
    """
    took_s: list[float] = []
    began, left = perf_counter(), most

    async def one() -> None:
        nonlocal left
        over = False
        while left > 0 and not over:
            left, asked = left - 1, perf_counter()
            await ask()
            took_s.append(perf_counter() - asked)
            over = perf_counter() >= began + seconds

    await asyncio.gather(*(one() for _ in range(callers)))
    return Burst(perf_counter() - began, took_s)


async def steady(ask: Ask, count: int, per_s: int = PER_S) -> None:
    """Asks so often, ``per_s`` a second, whether answers have come or not. Raises what a call raises."""
    began, asked = perf_counter(), 0
    under_way: set[asyncio.Future[Any]] = set()
    while asked < count:
        due = min(int((perf_counter() - began) * per_s), count)
        for _ in range(min(due - asked, UNDER_WAY_MAX - len(under_way))):
            under_way.add(asyncio.ensure_future(ask()))
            asked += 1
        await asyncio.sleep(TICK_S)
        done = {one for one in under_way if one.done()}
        await asyncio.gather(*done)
        under_way -= done
    await asyncio.gather(*under_way)
