"""The rules of the engine once more, in plain Python and one seat at a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from boxoffice.views import BookingStatus
from tests.support.box import refused

HOUSE: Final = 0
"""Who owns a blocked seat."""

Answer = Any
"""What ``told`` makes of an outcome: the facts that both sides must agree in."""

_ACTIVE: Final = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


def lowest_run(free: Iterable[int], count: int, start: int = 1) -> int | None:
    """The first seat of the lowest run of ``count`` free seats that begins at ``start`` or later."""
    seats = set(free)
    return next((s for s in sorted(seats) if s >= start and seats.issuperset(range(s, s + count))), None)


def pick_seats(free: Iterable[int], count: int) -> list[int]:
    """Together where it can, else the longest runs first; lowest first. Needs ``count`` free seats."""
    left, picked = set(free), list[int]()
    while length := count - len(picked):
        while (first := lowest_run(left, length)) is None:
            length -= 1
        picked += range(first, first + length)
        left -= set(picked)
    return sorted(picked)


class ModelBooking(Struct):
    """A booking as the model keeps it."""

    id: int
    seats: list[int]
    status: BookingStatus
    expires_at: datetime | None
    retaken_from: int | None = None


class Model:
    """One show. Every method is a command and gives its answer."""

    def __init__(self, show_id: int, total: int, now: datetime) -> None:
        self.total = total
        self.now = now
        self.owners: dict[int, int] = {}
        self.bookings: dict[int, ModelBooking] = {}
        self._first_id = show_id << 24
        self._answers: dict[str, Answer] = {}

    @property
    def free(self) -> list[int]:
        """The free seats in order."""
        return [seat for seat in range(1, self.total + 1) if seat not in self.owners]

    def book(self, count: int, seats: Sequence[int] | None, hold: float | None, key: str | None) -> Answer:
        """Books or holds seats."""
        self.expire()
        if key in self._answers:
            return self._answers[key]
        if seats is None:
            if count > len(self.free):
                return refused("insufficient_seats", requested=count, available=len(self.free))
            seats = pick_seats(self.free, count)
        elif refusal := self._refusal(seats):
            return refusal
        ends = None if hold is None else self.now + timedelta(seconds=hold)
        answer = self._sell(seats, ends)
        if key is not None:
            self._answers[key] = answer
        return answer

    def confirm(self, booking_id: int, late: str) -> Answer:
        """Confirms a hold, or takes the seats of a late one again."""
        self.expire()
        booking = self.bookings[booking_id]
        if booking.status is BookingStatus.PENDING:
            booking.status, booking.expires_at = BookingStatus.CONFIRMED, None
            return _told(booking)
        successor = next((b.id for b in self.bookings.values() if b.retaken_from == booking_id), None)
        if booking.status is not BookingStatus.EXPIRED or successor:
            return self._wrong_state(booking_id)
        gone = [seat for seat in booking.seats if seat > self.total]
        taken = gone or [seat for seat in booking.seats if seat in self.owners]
        if late == "refuse" or taken:
            return refused("hold_expired", state="EXPIRED", seats=[] if late == "refuse" else taken)
        return self._sell(booking.seats, None, retaken_from=booking_id)

    def end(self, booking_id: int, how: BookingStatus) -> Answer:
        """Cancels a booking, or ends a hold as failed."""
        self.expire()
        allowed = _ACTIVE if how is BookingStatus.CANCELLED else (BookingStatus.PENDING,)
        if self.bookings[booking_id].status not in allowed:
            return self._wrong_state(booking_id)
        return self._release(booking_id, how)

    def expire(self) -> int:
        """Ends the holds that have run out."""
        due = [
            booking.id
            for booking in self.bookings.values()
            if booking.status is BookingStatus.PENDING
            and booking.expires_at
            and booking.expires_at <= self.now
        ]
        for booking_id in due:
            self._release(booking_id, BookingStatus.EXPIRED)
        return len(due)

    def block(self, seats: Sequence[int]) -> Answer:
        """Keeps seats for the house."""
        self.expire()
        if refusal := self._refusal(seats):
            return refusal
        self.owners |= dict.fromkeys(seats, HOUSE)
        return sorted(seats)

    def unblock(self, seats: Sequence[int]) -> Answer:
        """Gives blocked seats back to sale."""
        self.expire()
        if others := [seat for seat in sorted(seats) if self.owners.get(seat) != HOUSE]:
            return refused("seats_not_blocked", seats=others)
        for seat in seats:
            del self.owners[seat]
        return sorted(seats)

    def resize(self, total: int) -> Answer:
        """Gives the show another number of seats."""
        self.expire()
        if used := sorted(seat for seat in self.owners if seat > total):
            return refused("seats_in_use", seats=used)
        self.total = total
        return total, len(self.free)

    def _refusal(self, seats: Sequence[int]) -> Answer:
        if outside := [seat for seat in sorted(seats) if not 1 <= seat <= self.total]:
            return refused("seats_outside_show", seats=outside, total_seats=self.total)
        if taken := [seat for seat in sorted(seats) if seat in self.owners]:
            return refused("seats_taken", seats=taken, available=len(self.free))
        return None

    def _wrong_state(self, booking_id: int) -> Answer:
        details: dict[str, Any] = {"state": self.bookings[booking_id].status.value}
        successor = next((b.id for b in self.bookings.values() if b.retaken_from == booking_id), None)
        return refused("invalid_state", **details | ({"retaken_by": successor} if successor else {}))

    def _sell(self, seats: Sequence[int], ends: datetime | None, retaken_from: int | None = None) -> Answer:
        status = BookingStatus.PENDING if ends else BookingStatus.CONFIRMED
        booking_id = self._first_id + len(self.bookings) + 1
        booking = ModelBooking(booking_id, sorted(seats), status, ends, retaken_from)
        self.bookings[booking_id] = booking
        self.owners |= dict.fromkeys(seats, booking_id)
        return _told(booking)

    def _release(self, booking_id: int, status: BookingStatus) -> Answer:
        booking = self.bookings[booking_id]
        booking.status = status
        for seat in booking.seats:
            del self.owners[seat]
        return _told(booking)


def _told(booking: ModelBooking) -> Answer:
    return booking.id, list(booking.seats), booking.status, booking.expires_at, booking.retaken_from
