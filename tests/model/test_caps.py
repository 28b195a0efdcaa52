"""Random histories of users, shops and keys for some shows: engine and model refuse alike, told alike."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from boxoffice.vocabulary.commands import Caps
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from boxoffice.vocabulary.views import Booking, BookingStatus
from tests.model.caps import CapModel, Made
from tests.support.engine.box import Box
from tests.support.engine.clock import Clock
from tests.support.engine.limited import book_capped, caps, extend

STEPS = 400
HOLD_S = 60.0
LIFE_S = 90.0
MET = {
    "done",
    "too_many_bookings",
    "too_many_bookings_made",
    "too_many_holds show",
    "too_many_holds all",
    "hold_cooldown",
}
"""What the fixed histories get. If one is missing, they have hardly tested anything."""


class History:
    """Takes random steps on both sides."""

    def __init__(self, seed: int, box: Box, clock: Clock, shows: list[int], users: list[int]) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._box = box
        self._clock = clock
        self._shows = shows
        self._users = users
        limits = caps(
            holds=2, holds_per_show=2, bookings_per_show=4, made=1_000, cooldown_s=15, longest_s=HOLD_S,
            lifetime_s=LIFE_S,
        )  # fmt: skip
        first, middle, last = shows
        self._callers = [
            limits,
            replace(limits, within=(first, middle)),
            replace(limits, within=(middle, last)),
        ]
        self.model = CapModel(clock.now)
        self.met = set[str]()

    async def step(self) -> None:
        """One step on both sides."""
        step: Callable[[], Awaitable[None]] = self._chance.choices(
            [self._book, self._end, self._confirm, self._extend, self._wait], [40, 12, 8, 5, 14]
        )[0]
        await step()

    async def _book(self) -> None:
        show, user = self._chance.choice(self._shows), self._chance.choice(self._users)
        limits = self._chance.choice([c for c in self._callers if c.within is None or show in c.within])
        if self._chance.random() < 0.2:
            limits = replace(limits, made_max=7)
        hold = self._chance.choice([None, HOLD_S, HOLD_S, HOLD_S / 4])
        expected = self.model.refusal(show, user, limits, hold=hold is not None)
        outcome = await book_capped(self._box, show, limits, user=user, hold=hold)
        if isinstance(outcome, Refused):
            assert outcome == expected, f"{show} {user} {limits.within}"
            self.met.add(f"{outcome.code} {outcome.details.get('scope', '')}".strip())
        else:
            assert expected is None, f"{show} {user} {limits.within}"
            self._note(outcome.booking, limits)

    def _note(self, booking: Booking, limits: Caps) -> None:
        self.met.add("done")
        self.model.made[booking.id] = Made(
            booking.show_id, booking.user_id, booking.created_at, booking.expires_at, limits.within,
            booking.status,
        )  # fmt: skip

    async def _end(self) -> None:
        if (booking_id := self._some()) is None:
            return
        fails = self._chance.random() < 0.5
        outcome = await (self._box.fail(booking_id) if fails else self._box.cancel(booking_id))
        if isinstance(outcome, BookingDone):
            made = self.model.made[booking_id]
            made.status, made.ended = outcome.booking.status, self._clock.now
            if outcome.booking.expires_at is None:
                made.ends = None

    async def _confirm(self) -> None:
        if (booking_id := self._some()) is None:
            return
        outcome = await self._box.confirm(booking_id)
        if not isinstance(outcome, BookingDone):
            return
        made = self.model.made[booking_id]
        if outcome.booking.id == booking_id:
            made.status, made.ends = BookingStatus.CONFIRMED, None
        else:
            made.bought_late = True
            self._note(outcome.booking, caps())

    async def _extend(self) -> None:
        if (booking_id := self._some()) is None:
            return
        outcome = await extend(self._box, booking_id, HOLD_S, lifetime_s=LIFE_S)
        if isinstance(outcome, BookingDone):
            self.model.made[booking_id].ends = outcome.booking.expires_at

    async def _wait(self) -> None:
        seconds = self._chance.choice([1, 7, HOLD_S / 2] * 15 + [86_400])
        await self._clock.advance(seconds)
        self.model.now += timedelta(seconds=seconds)

    def _some(self) -> int | None:
        ids = sorted(self.model.made, key=lambda booking_id: self.model.made[booking_id].began)
        return self._chance.choice(ids[-10:]) if ids else None


@pytest.mark.parametrize("seed", [None, 1, 2])
async def test_a_random_history_is_refused_what_the_model_refuses(
    box: Box, clock: Clock, seed: int | None
) -> None:
    """A seed of None stands for a new history in each run; a failure names the seed."""
    chosen = random.randrange(10**9) if seed is None else seed  # noqa: S311 - no secret
    shows = [await box.show(1_000) for _ in range(3)]
    users = [1, await box.user("jane@example.com")]
    history = History(chosen, box, clock, shows, users)
    for step in range(STEPS):
        try:
            await history.step()
        except AssertionError as difference:
            raise AssertionError(f"seed {chosen}, step {step}") from difference
    if seed is not None:
        assert history.met >= MET, f"not met: {MET - history.met}"
    assert await box.violations() == {}
