"""Rate limits: how often a caller may ask, by the generic cell rate algorithm.

Each name has a bucket of as many tokens as a minute brings; a request takes as many as it costs. The whole
state of a bucket is one time: when it will be full again.
"""

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final, Protocol

from msgspec import Struct

WINDOW_S: Final = 60.0
"""Seconds in which an empty bucket fills up."""

BUCKETS_MAX: Final = 100_000
"""Buckets that a process keeps, some 20 MB; beyond that the full ones go, and then the oldest."""


class Spent(Struct, frozen=True):
    """The verdict on one request, and the state of its bucket. Times are seconds from now."""

    allowed: bool
    left: int
    full_in_s: float
    retry_in_s: float = 0.0


class RateLimited(Exception):
    """The bucket is empty. ``rate``: the class of the limit. ``per_window``: the size of the bucket."""

    def __init__(self, rate: str, per_window: int, spent: Spent) -> None:
        super().__init__(rate)
        self.rate: Final = rate
        self.per_window: Final = per_window
        self.spent: Final = spent


class Rates(Protocol):
    """A counter of requests by name."""

    async def take(self, name: str, per_window: int, cost: int = 1) -> Spent:
        """Takes ``cost`` tokens from the bucket of this name, if there are as many."""

    async def close(self) -> None:
        """Ends the connections of the counter."""


class MemoryRates:
    """Rate limits that are counted in this process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._full_at: dict[str, float] = {}

    async def take(self, name: str, per_window: int, cost: int = 1) -> Spent:
        """Takes ``cost`` tokens from the bucket of this name, if there are as many."""
        return self.take_now(name, per_window, cost)

    def take_now(self, name: str, per_window: int, cost: int = 1) -> Spent:
        """Does the same without waiting. A ``cost`` below 0 gives tokens back."""
        now = self._clock()
        before = max(self._full_at.get(name, now), now)
        spent = spend(before - now, per_window, cost)
        if spent.allowed:
            if len(self._full_at) >= BUCKETS_MAX and name not in self._full_at:
                self._make_room(now)
            self._full_at[name] = now + spent.full_in_s
        return spent

    async def close(self) -> None:
        """Does nothing, because this counter has no connections."""

    def _make_room(self, now: float) -> None:
        """Forgets the full buckets, which are as good as new; if that frees too little, the oldest."""
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        surplus = len(self._full_at) - BUCKETS_MAX * 9 // 10
        for name in list(_first(self._full_at, surplus)):
            del self._full_at[name]


def seconds_of(cost: int, per_window: int) -> float:
    """Seconds in which a bucket gets ``cost`` tokens. What costs more than a full bucket takes all of it:
    otherwise a low limit would never let it pass.
    """
    return WINDOW_S / per_window * min(cost, per_window)


def spend(debt_s: float, per_window: int, cost: int = 1) -> Spent:
    """Takes ``cost`` tokens from a bucket that will be full in ``debt_s`` seconds."""
    token_s = WINDOW_S / per_window
    after = max(debt_s + seconds_of(cost, per_window), 0.0)
    if after > WINDOW_S + 1e-6:
        return Spent(allowed=False, left=0, full_in_s=debt_s, retry_in_s=after - WINDOW_S)
    return Spent(allowed=True, left=int((WINDOW_S - after) / token_s + 1e-6), full_in_s=after)


def _first(names: Iterable[str], count: int) -> Iterable[str]:
    return (name for name, _ in zip(names, range(count), strict=False))
