"""Races between a hold's end, its confirm and a rival that wants the same seats, by the real clock."""

import asyncio
import random
import time
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from boxoffice.vocabulary.commands import LateConfirm
from boxoffice.vocabulary.outcomes import BookingDone
from boxoffice.vocabulary.views import Booking
from tests.support.engine.box import Box
from tests.support.engine.databases import Connection

SEATS: Final = 2_000
PARTY: Final = 2
"""Seats of a hold."""

HOLD_S: Final = 0.3
AROUND_S: Final = 0.005
"""Seconds before or after the deadline within which the requests of a race are sent."""

AIM_STEP_S: Final = 0.000_3
"""Seconds by which the next confirm is sent earlier after a late one, or later after one in time."""

LOCKED_FROM_S: Final = 0.02
"""Seconds before the deadline at which the show is locked."""

_LOCK: Final = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"
_CLOCK: Final = "SELECT clock_timestamp()"


class Race(Struct):
    """One hold at its end, with the requests and answers. ``resold``: None if no rival wanted the seats.

    ``locked``: the times between which another session certainly had the show's lock, by the database's
    clock; None without such a session.
    """

    held: Booking
    late: LateConfirm
    confirmed: Any
    resold: Any
    locked: tuple[datetime, datetime] | None

    @property
    def ending(self) -> str:
        """How the confirm ended: confirmed, retaken or refused."""
        if not isinstance(self.confirmed, BookingDone):
            return "refused"
        return "confirmed" if self.confirmed.booking.id == self.held.id else "retaken"


class Aim:
    """How long before its deadline to send a confirm, so that about half of them come in time."""

    def __init__(self) -> None:
        self.ahead_s = 0.002

    def correct(self, race: Race) -> None:
        """Move the aim by the result of a race."""
        self.ahead_s += -AIM_STEP_S if race.ending == "confirmed" else AIM_STEP_S


class Track:
    """A show in which one hold after another comes to its end."""

    def __init__(self, boxes: list[Box], locker: Connection | None, show: int, aim: Aim, seed: float) -> None:
        self.show = show
        self.races: list[Race] = []
        self._boxes = boxes
        self._locker = locker
        self._chance = random.Random(seed)
        self._aim = aim

    async def run_until(self, end: float) -> None:
        """Run races until the time is up or the seats are used up."""
        await asyncio.sleep(self._chance.uniform(0, HOLD_S))
        for first in range(1, SEATS - PARTY, PARTY):
            race = await self._race([first, first + 1])
            self.races.append(race)
            self._aim.correct(race)
            if time.monotonic() > end:
                return

    async def _race(self, seats: list[int]) -> Race:
        late: LateConfirm = self._chance.choice(["refuse", "retake"])
        owner, rival = self._chance.sample(self._boxes, 2)
        held = await owner.book(self.show, seats=seats, hold=HOLD_S)
        assert held.expires_at is not None
        deadline = held.expires_at.timestamp()

        async def confirm() -> Any:
            await _sleep_until(self._around(deadline) - self._aim.ahead_s)
            return await self._chance.choice(self._boxes).confirm(held.id, late)

        async def want_them() -> Any:
            await _sleep_until(self._around(deadline) - self._aim.ahead_s)
            return await rival.try_book(self.show, seats=seats)

        wanted = self._chance.random() < 0.5
        confirmed, resold, locked = await asyncio.gather(
            confirm(), want_them() if wanted else _nothing(), self._lock(deadline)
        )
        return Race(held, late, confirmed, resold, locked)

    def _around(self, deadline: float) -> float:
        return deadline + self._chance.uniform(-AROUND_S, AROUND_S)

    async def _lock(self, deadline: float) -> tuple[datetime, datetime] | None:
        if self._locker is None:
            return None
        await _sleep_until(deadline - LOCKED_FROM_S)
        async with self._locker.transaction():
            await self._locker.fetch(_LOCK, self.show)
            since = await self._locker.fetchval(_CLOCK)
            await _sleep_until(self._around(deadline))
            return since, await self._locker.fetchval(_CLOCK)


async def _nothing() -> None:
    """The rival of a race without a rival."""


async def _sleep_until(moment: float) -> None:
    """Sleep until a time by the wall clock. The database runs on this machine, so its clock is the same."""
    await asyncio.sleep(max(0.0, moment - time.time()))
