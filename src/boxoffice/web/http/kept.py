"""What takes long to make: made once for all who ask meanwhile, and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

FAULT_KEPT_S: Final = 1.0
"""Seconds for which a fault is kept: a crowd must not make the same fault over and over, and a fault of a
moment, such as too many open files, must not last."""

T = TypeVar("T")


class Kept(Generic[T]):
    """What ``make`` makes, at the first request and then at the first one after ``kept_s`` seconds.

    A fault of ``make`` is told to all who ask within ``FAULT_KEPT_S``; then it is made again.
    """

    def __init__(self, make: Callable[[], Awaitable[T]], kept_s: float) -> None:
        self._make = make
        self._kept_s = kept_s
        self._until = 0.0
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """What was made last, or is being made."""
        making = self._making
        if making is None or (making.done() and monotonic() >= self._until):
            making = self._making = asyncio.create_task(self._made())
        await asyncio.wait([making])  # a client that leaves does not end the making
        return making.result()

    async def _made(self) -> T:
        kept_s = min(self._kept_s, FAULT_KEPT_S)
        try:
            made = await self._make()
            kept_s = self._kept_s
        finally:
            self._until = monotonic() + kept_s
        return made


def in_thread(make: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    """The function as one that does its work in a thread, so that the event loop goes on meanwhile."""
    return lambda: asyncio.to_thread(make)
