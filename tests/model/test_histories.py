"""Random histories: for any commands in any order, the engine and the model give the same answers."""

import random
from collections.abc import Awaitable, Callable

import pytest

from boxoffice.vocabulary.outcomes import BookingDone, HoldsExpired, SeatsDone, ShowDone
from boxoffice.vocabulary.views import BookingStatus
from tests.model.reference import HOUSE, Answer, Model
from tests.model.told import ModelBooking, ModelEvent, ModelSeats, ModelShow, Replayed, Wish, as_told
from tests.support.engine.box import ACTOR, PAGE, Box
from tests.support.engine.clock import Clock

STEPS = 300
SEATS = 30
HOLD_S = 60.0


def told(outcome: object) -> Answer:
    """An outcome of the engine in the words of the model."""
    match outcome:
        case BookingDone(booking=booking):
            first: Answer = as_told(ModelBooking, booking)
        case SeatsDone():
            first = as_told(ModelSeats, outcome)
        case ShowDone(show=show):
            first = as_told(ModelShow, show)
        case HoldsExpired(expired_count=count):
            return count
        case _:
            return outcome
    return Replayed(first) if outcome.replayed else first


class History:
    """Takes random steps on both sides."""

    def __init__(self, seed: int, box: Box, clock: Clock, show: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._box = box
        self._clock = clock
        self._show = show
        self._keyed: list[tuple[Wish, str]] = []
        self.model = Model(show, SEATS, clock.now, actor=ACTOR)
        self.log: list[str] = []

    async def step(self) -> tuple[Answer, Answer]:
        """Send one command to both sides; returns the engine's answer and the model's."""
        step: Callable[[], Awaitable[tuple[object, Answer]]] = self._chance.choices(
            [
                *(self._book, self._book_again, self._confirm, self._end, self._give_back),
                *(self._house, self._resize, self._time),
            ],
            [30, 6, 20, 14, 12, 10, 4, 10],
        )[0]
        outcome, expected = await step()
        return told(outcome), expected

    async def _book(self) -> tuple[object, Answer]:
        seats = self._seats() if self._chance.random() < 0.4 else None
        hold = self._chance.choice([None, HOLD_S, HOLD_S / 2])
        count = self._chance.randint(1, 6) if seats is None else len(seats)
        wish = Wish(1, count, None if seats is None else tuple(seats), hold)
        self._keyed.append((wish, f"key {len(self._keyed)}"))
        return await self._ask(*self._keyed[-1])

    async def _book_again(self) -> tuple[object, Answer]:
        return await self._ask(*self._chance.choice(self._keyed)) if self._keyed else await self._book()

    async def _ask(self, wish: Wish, key: str) -> tuple[object, Answer]:
        self.log.append(f"{wish} {key}")
        outcome = await self._box.try_book(
            self._show, wish.seat_count, seats=wish.seats, hold=wish.hold, key=key
        )
        return outcome, self.model.book(wish, key)

    async def _confirm(self) -> tuple[object, Answer]:
        if not self.model.bookings:
            return await self._book()
        booking_id = self._some_booking()
        late = self._chance.choice(["retake", "retake", "refuse"])
        self.log.append(f"confirm {booking_id} {late}")
        outcome = await self._box.confirm(booking_id, "refuse" if late == "refuse" else "retake")
        return outcome, self.model.confirm(booking_id, late)

    async def _end(self) -> tuple[object, Answer]:
        if not self.model.bookings:
            return await self._book()
        booking_id = self._some_booking()
        self.log.append(f"end {booking_id}")
        if self._chance.random() < 0.3:
            return await self._box.fail(booking_id), self.model.end(booking_id, BookingStatus.FAILED)
        return await self._box.cancel(booking_id), self.model.end(booking_id, BookingStatus.CANCELLED)

    async def _give_back(self) -> tuple[object, Answer]:
        if not self.model.bookings:
            return await self._book()
        booking = self.model.bookings[self._some_booking()]
        seats = booking.seats or booking.released_seats
        seats = sorted(self._chance.sample(seats, self._chance.randint(1, len(seats))))
        if self._chance.random() < 0.1:
            seats = self._seats()
        self.log.append(f"return {seats} of {booking.id}")
        outcome = await self._box.give_back(booking.id, *seats)
        return outcome, self.model.give_back(booking.id, seats)

    async def _house(self) -> tuple[object, Answer]:
        seats = self._seats()
        if self._chance.random() < 0.5:
            self.log.append(f"block {seats}")
            return await self._box.block(self._show, *seats), self.model.block(seats, "wheelchairs")
        blocked = sorted(seat for seat, owner in self.model.owners.items() if owner == HOUSE)
        seats = self._chance.choice([seats, blocked or seats])
        self.log.append(f"unblock {seats}")
        return await self._box.unblock(self._show, *seats), self.model.unblock(seats)

    async def _resize(self) -> tuple[object, Answer]:
        total = self._chance.randint(SEATS - 8, SEATS + 8)
        self.log.append(f"resize {total}")
        return await self._box.resize(self._show, total), self.model.update({"total_seats": total})

    async def _time(self) -> tuple[object, Answer]:
        await self._clock.advance(self._chance.choice([1, HOLD_S / 4, HOLD_S / 2]))
        self.model.now = self._clock.now
        self.log.append(f"now {self._clock.now}")
        if self._chance.random() < 0.5:
            return None, None
        return await self._box.expire(self._show), self.model.expire()

    def _seats(self) -> list[int]:
        first = self._chance.randint(1, SEATS + 1)
        return sorted(self._chance.sample(range(first, first + 5), self._chance.randint(1, 3)))

    def _some_booking(self) -> int:
        """A booking, mostly one of the latest."""
        ids = sorted(self.model.bookings)
        return self._chance.choice(ids[-8:] if self._chance.random() < 0.8 else ids)


@pytest.mark.parametrize("seed", [None, 1, 2])
async def test_a_random_history_is_that_of_the_model(box: Box, clock: Clock, seed: int | None) -> None:
    """A seed of None stands for a new history in each run; a failure names the seed."""
    seed = random.randrange(10**9) if seed is None else seed  # noqa: S311 - no secret
    show = await box.show(SEATS)
    history = History(seed, box, clock, show)
    for _ in range(STEPS):
        outcome, expected = await history.step()
        assert outcome == expected, f"seed {seed}: {history.log[-5:]}"

    await box.expire(show)
    history.model.expire()
    page = await box.reads.seats(show, limit=PAGE)
    assert page is not None
    owners = {s.seat_number: s.booking_id or HOUSE for s in page.items if s.state != "free"}
    assert owners == history.model.owners, f"seed {seed}"
    assert await box.free_seats(show) == history.model.free, f"seed {seed}"
    events = [as_told(ModelEvent, event) for event in await box.events(show)]
    assert events == history.model.events, f"seed {seed}"
    assert await box.violations() == {}, f"seed {seed}"
