"""What takes long to make: made once for all who ask meanwhile, and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """What ``make`` makes, at the first request and then at the first one after ``kept_s`` seconds.

    A fault of ``make`` is kept and told in the same way.
    """

    def __init__(self, make: Callable[[], Awaitable[T]], kept_s: float) -> None:
        self._make = make
        self._kept_s = kept_s
        self._made_at = 0.0
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """What was made last, or is being made."""
        making = self._making
        if making is None or (making.done() and monotonic() - self._made_at >= self._kept_s):
            making = self._making = asyncio.create_task(self._made())
        await asyncio.wait([making])  # a client that leaves does not end the making
        return making.result()

    async def _made(self) -> T:
        try:
            return await self._make()
        finally:
            self._made_at = monotonic()


def in_thread(make: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    """The function as one that does its work in a thread, so that the event loop goes on meanwhile."""
    return lambda: asyncio.to_thread(make)
