"""A pretended box office in a few lines, which makes random histories that the rules allow.

It runs one operation after another. Each takes effect at one moment between its begin and its end; these
times overlap, so the true order cannot be seen in the history.
"""

import random
from typing import Final

from tests.chaos.history import Kind
from tests.support.proof.stories import SEATS, Story, microseconds

_ACTS: Final[tuple[Kind, ...]] = ("confirm", "cancel", "fail")


class Pretended:
    """``spread``: how many seconds before its moment an operation may begin, and after it end. ``lost``: the
    share of the answers to changes that are lost.
    """

    def __init__(self, chance: random.Random, spread: float, lost: float = 0.1) -> None:
        self.story = Story()
        self._chance = chance
        self._spread = spread
        self._lost = lost
        self._now = 0.0
        self._owners: dict[int, str] = {}  # "held 7", "sold 7" or "blocked"
        self._bookings = 0
        self._told: list[int] = []

    def live(self, operations: int) -> Story:
        """Run so many operations, and one last read; returns their history."""
        for _ in range(operations):
            self._now += 1.0
            self._expire()
            self._chance.choice((self._book, self._book, self._act, self._act, self._house, self._look))()
        self._now += 2 * self._spread + 1
        self._expire()
        self._look()
        return self.story

    def _times(self) -> tuple[float, float]:
        return (
            self._now - self._chance.uniform(0.01, self._spread),
            self._now + self._chance.uniform(0.01, self._spread),
        )

    def _expire(self) -> None:
        for booking in self.story.finals.values():
            if booking.status == "PENDING" and booking.expires_us <= microseconds(self._now):
                booking.status = "EXPIRED"
                self._give_back(booking.seats)

    def _book(self) -> None:
        seats = self._some_seats()
        if taken := [seat for seat in seats if seat in self._owners]:
            self.story.refuse("book", *self._times(), "seats_taken", seats=seats, taken=taken)
            return
        self._bookings += 1
        hold_s = self._chance.choice((0.0, 0.0, 1.5, 4.5, 90.5))
        self.story.book(*self._times(), self._bookings, seats, hold_s=hold_s, at=self._now)
        self._owners |= dict.fromkeys(seats, f"{'held' if hold_s else 'sold'} {self._bookings}")
        if not self._lose_the_answer():
            self._told.append(self._bookings)

    def _act(self) -> None:
        if not self._told:  # a client can only act on a booking that an answer named
            return
        booking = self.story.finals[self._chance.choice(self._told)]
        kind: Kind = self._chance.choice(_ACTS)
        held = booking.status == "PENDING"
        if not held and not (kind == "cancel" and booking.status == "CONFIRMED"):
            self._refuse_or_retake(kind, booking.id)
            return
        self.story.act(kind, *self._times(), booking.id)
        if kind == "confirm":
            self._owners |= dict.fromkeys(booking.seats, f"sold {booking.id}")
        else:
            self._give_back(booking.seats)
        self._lose_the_answer()

    def _refuse_or_retake(self, kind: str, old: int) -> None:
        booking = self.story.finals[old]
        retaken = any(other.retaken_from == old for other in self.story.finals.values())
        taken = [seat for seat in booking.seats if seat in self._owners]
        times = self._times()
        if kind == "confirm" and booking.status == "EXPIRED" and not retaken:
            if taken:
                self.story.refuse("confirm", *times, "hold_expired", booking=old, taken=taken)
                return
            self._bookings += 1
            self.story.late(*times, old, self._bookings, booking.seats)
            self._told.append(self._bookings)
            self._owners |= dict.fromkeys(booking.seats, f"sold {self._bookings}")
            return
        self.story.refuse("cancel", *times, "invalid_state", booking=old, state=booking.status)

    def _house(self) -> None:
        seats = self._some_seats()
        blocked = [seat for seat in seats if self._owners.get(seat) == "blocked"]
        taken = [seat for seat in seats if seat in self._owners]
        if blocked == seats:
            self.story.house("unblock", *self._times(), seats)
            self._give_back(seats)
        elif taken:
            self.story.refuse("block", *self._times(), "seats_taken", seats=seats, taken=taken)
            return
        else:
            self.story.house("block", *self._times(), seats)
            self._owners |= dict.fromkeys(seats, "blocked")
        self._lose_the_answer()

    def _look(self) -> None:
        begins, ends = self._times()
        self.story.look(begins, ends, self._owners)

    def _lose_the_answer(self) -> bool:
        operation = self.story.operations[-1]
        lost = self._chance.random() < self._lost
        if lost:
            operation.outcome, operation.told_booking = "info", None
        return lost

    def _some_seats(self) -> list[int]:
        first = self._chance.randint(1, SEATS)
        return list(range(first, min(first + self._chance.randrange(3), SEATS) + 1))

    def _give_back(self, seats: list[int]) -> None:
        for seat in seats:
            del self._owners[seat]
