"""The rules of the engine once more, in plain Python and one seat at a time."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.vocabulary.views import BookingStatus
from tests.model.told import ModelBooking, ModelEvent, ModelSeats, ModelShow, Replayed, Wish
from tests.support.engine.box import START, refused

HOUSE: Final = 0
"""The owner of a blocked seat."""

_ACTIVE: Final = (BookingStatus.PENDING, BookingStatus.CONFIRMED)


Answer = Any
"""An answer: a booking, a show, seats or a refusal; one of the first three may be ``Replayed``."""


def lowest_run(free: Iterable[int], count: int, start: int = 1) -> int | None:
    """The first seat of the lowest run of ``count`` free seats that begins at ``start`` or later."""
    seats = set(free)
    return next((s for s in sorted(seats) if s >= start and seats.issuperset(range(s, s + count))), None)


def pick_seats(free: Iterable[int], count: int) -> list[int]:
    """The seats that the engine must pick: the lowest run of ``count`` free seats, or else the longest runs
    first, of equal runs the lowest. After ``limits.RUN_LENGTHS_MAX`` lengths the rest are the lowest seats.
    At least ``count`` seats must be free."""
    left, picked, lengths = set(free), list[int](), set[int]()
    while length := count - len(picked):
        while (first := lowest_run(left, length)) is None:
            length -= 1
        lengths.add(length)
        if length < count - len(picked) and len(lengths) > limits.RUN_LENGTHS_MAX:
            return sorted([*picked, *sorted(left)[: count - len(picked)]])
        picked += range(first, first + length)
        left -= set(picked)
    return sorted(picked)


class Model:
    """One show. Every method with a parameter ``key`` is a command, and returns the answer."""

    def __init__(
        self, show_id: int, total: int, now: datetime, *, actor: str, name: str = "Movie", kind: str = "show"
    ) -> None:
        self.now = now
        self.users: Collection[int] = (1,)
        self.owners: dict[int, int] = {}
        self.bookings: dict[int, ModelBooking] = {}
        self.events: list[ModelEvent] = []
        self.deleted = False
        self._actor = actor
        self._first_answers: dict[str, tuple[object, Answer]] = {}
        self._show = ModelShow(
            id=show_id, name=name, start_time=START, total_seats=total, available_seats=total,
            show_type=kind, created_at=now, updated_at=now, seq=1, reference=None, metadata={},
            live=True,
        )  # fmt: skip
        opened = {"name": name, "start_time": _text(START), "total_seats": total, "show_type": kind}
        self._note("show_created", details=opened)

    @property
    def free(self) -> list[int]:
        """The free seats in order."""
        return [seat for seat in range(1, self._show.total_seats + 1) if seat not in self.owners]

    def show(self) -> ModelShow:
        """The show as it is now."""
        return replace(self._show, available_seats=len(self.free), seq=len(self.events))

    def state(self, seat: int) -> str:
        """The state of a seat."""
        owner = self.owners.get(seat)
        if not owner:
            return "free" if owner is None else "blocked"
        return "held" if self.bookings[owner].status is BookingStatus.PENDING else "sold"

    def counts(self) -> Counter[str]:
        """How many seats are in each state."""
        taken = Counter(self.state(seat) for seat in self.owners)
        taken["free"] = self._show.total_seats - taken.total()
        return taken

    def book(self, wish: Wish, key: str | None = None) -> Answer:
        """Books or holds seats, unless it is too late."""
        asked, ends = replace(wish, not_after=None), wish.not_after
        return self._once(key, ("book", asked), lambda: self._book(asked), ends=ends)

    def confirm(self, booking_id: int, late: str, key: str | None = None) -> Answer:
        """Confirm a hold, or take the seats of a hold that has run out again."""
        return self._on(booking_id, key, ("confirm",), lambda booking: self._confirm(booking, late))

    def extend(self, booking_id: int, seconds: float, lifetime_s: float, key: str | None = None) -> Answer:
        """Let a hold end so many seconds from now, but at most ``lifetime_s`` seconds after it began."""
        asked = ("extend", seconds, lifetime_s)
        return self._on(booking_id, key, asked, lambda booking: self._extend(booking, seconds, lifetime_s))

    def end(
        self, booking_id: int, how: BookingStatus, reason: str | None = None, key: str | None = None
    ) -> Answer:
        """Cancels a booking, or ends a hold as failed."""
        allowed = _ACTIVE if how is BookingStatus.CANCELLED else (BookingStatus.PENDING,)

        def act(booking: ModelBooking) -> Answer:
            if booking.status not in allowed:
                return self._wrong_state(booking)
            return self._release(booking, how, self._actor, reason)

        return self._on(booking_id, key, (how, reason), act)

    def give_back(self, booking_id: int, seats: Sequence[int], key: str | None = None) -> Answer:
        """Returns some seats of a booking."""
        return self._on(
            booking_id,
            key,
            ("return", tuple(seats)),
            lambda booking: self._give_back(booking, sorted(seats)),
        )

    def block(self, seats: Sequence[int], reason: str | None, key: str | None = None) -> Answer:
        """Keeps seats for the house."""
        return self._once(key, ("block", tuple(seats), reason), lambda: self._block(sorted(seats), reason))

    def unblock(self, seats: Sequence[int], reason: str | None = None, key: str | None = None) -> Answer:
        """Gives blocked seats back to sale."""
        asked = ("unblock", tuple(seats), reason)
        return self._once(key, asked, lambda: self._unblock(sorted(seats), reason))

    def update(self, changes: Mapping[str, Any], seq: int | None = None, key: str | None = None) -> Answer:
        """Give the show another name, type or number of seats, but only if its version is still ``seq``."""
        return self._once(key, ("update", dict(changes), seq), lambda: self._update(dict(changes), seq))

    def delete(self, seq: int | None = None, key: str | None = None) -> Answer:
        """Take the show off the lists, but only if its version is still ``seq``."""
        return self._once(key, ("delete", seq), lambda: self._delete(seq))

    def expire(self, first: int | None = None) -> int:
        """End the holds that have run out, booking ``first`` before the others; returns how many."""
        due = [
            booking
            for booking in self.bookings.values()
            if booking.status is BookingStatus.PENDING
            and booking.expires_at is not None
            and booking.expires_at <= self.now
        ]
        for booking in sorted(due, key=lambda b: (b.id != first, b.expires_at, b.id)):
            self._release(booking, BookingStatus.EXPIRED, "engine", None)
        return len(due)

    def _once(
        self,
        key: str | None,
        asked: object,
        act: Callable[[], Answer],
        booking_id: int | None = None,
        ends: datetime | None = None,
    ) -> Answer:
        """Answer a repeated key, or run the command and remember its answer. A refusal is not remembered, so
        that the command may be tried again; but one of a command that has an end is, for a ticket is decided
        once."""
        self.expire(booking_id)
        if key in self._first_answers:
            first, answer = self._first_answers[key]
            known = answer if isinstance(answer, Refused) else Replayed(answer)
            return known if first == asked else refused("idempotency_key_reused")
        if ends is not None and self.now >= ends:
            answer = refused("too_late", answer_by=_text(ends))
        else:
            answer = refused("show_not_found") if self.deleted and booking_id is None else act()
        if key is not None and (ends is not None or not isinstance(answer, Refused)):
            self._first_answers[key] = asked, answer
        return answer

    def _on(
        self, booking_id: int, key: str | None, asked: object, act: Callable[[ModelBooking], Answer]
    ) -> Answer:
        def act_on_it() -> Answer:
            booking = self.bookings.get(booking_id)
            return refused("booking_not_found") if booking is None else act(booking)

        return self._once(key, (booking_id, asked), act_on_it, booking_id)

    def _book(self, wish: Wish) -> Answer:
        if wish.user_id not in self.users:
            return refused("user_not_found")
        if wish.seats is not None:
            if refusal := self._refusal(sorted(wish.seats)):
                return refusal
        elif wish.seat_count > len(self.free):
            return refused("insufficient_seats", requested=wish.seat_count, available=len(self.free))
        seats = pick_seats(self.free, wish.seat_count) if wish.seats is None else sorted(wish.seats)
        ends = None if wish.hold is None else self.now + timedelta(seconds=wish.hold)
        return self._sell(wish.user_id, seats, ends, labels=(wish.reference, wish.metadata))

    def _confirm(self, booking: ModelBooking, late: str) -> Answer:
        if booking.status is BookingStatus.PENDING:
            booking.status, booking.expires_at, booking.updated_at = BookingStatus.CONFIRMED, None, self.now
            self._note("confirmed", booking)
            return replace(booking)
        if booking.status is not BookingStatus.EXPIRED or self.successor(booking):
            return self._wrong_state(booking)
        seats = booking.released_seats
        gone = [seat for seat in seats if seat > self._show.total_seats]
        taken = gone or [seat for seat in seats if seat in self.owners]
        final = late == "refuse" or self.deleted
        if final or taken:
            return refused("hold_expired", state="EXPIRED", seats=[] if final else taken)
        labels = booking.reference, booking.metadata
        return self._sell(booking.user_id, seats, None, retaken_from=booking.id, labels=labels)

    def _extend(self, booking: ModelBooking, seconds: float, lifetime_s: float) -> Answer:
        if booking.status is BookingStatus.EXPIRED and not self.successor(booking):
            return refused("hold_expired", state="EXPIRED", seats=[])
        if booking.status is not BookingStatus.PENDING or booking.expires_at is None:
            return self._wrong_state(booking)
        wanted = self.now + timedelta(seconds=seconds)
        end = min(wanted, booking.created_at + timedelta(seconds=lifetime_s))
        if end > booking.expires_at:
            booking.expires_at, booking.updated_at = end, self.now
            self._note("extended", booking, details={"expires_at": _text(end)})
        elif wanted > booking.expires_at:
            return refused(
                "hold_lifetime_over", expires_at=_text(booking.expires_at), lifetime_seconds=lifetime_s
            )
        return replace(booking)

    def _give_back(self, booking: ModelBooking, seats: list[int]) -> Answer:
        if booking.status not in _ACTIVE:
            return self._wrong_state(booking)
        if others := [seat for seat in seats if seat not in booking.seats]:
            return refused("seats_not_in_booking", seats=others)
        if seats == booking.seats:
            return self._release(booking, BookingStatus.CANCELLED, self._actor, None)
        for seat in seats:
            del self.owners[seat]
        booking.seats = [seat for seat in booking.seats if seat not in seats]
        booking.seats_booked, booking.updated_at = len(booking.seats), self.now
        self._note("returned", booking, seats=seats)
        return replace(booking)

    def _block(self, seats: list[int], reason: str | None) -> Answer:
        if refusal := self._refusal(seats):
            return refusal
        self.owners |= dict.fromkeys(seats, HOUSE)
        self._note("blocked", seats=seats, details={"reason": reason})
        return ModelSeats(show_id=self._show.id, seats=seats)

    def _unblock(self, seats: list[int], reason: str | None) -> Answer:
        if others := [seat for seat in seats if self.owners.get(seat) != HOUSE]:
            return refused("seats_not_blocked", seats=others)
        for seat in seats:
            del self.owners[seat]
        self._note("unblocked", seats=seats, details={"reason": reason})
        return ModelSeats(show_id=self._show.id, seats=seats)

    def _update(self, changes: dict[str, Any], seq: int | None) -> Answer:
        if seq not in (None, len(self.events)):
            return refused("version_mismatch", seq=len(self.events))
        total = changes.get("total_seats", self._show.total_seats)
        if used := sorted(seat for seat in self.owners if seat > total):
            return refused("seats_in_use", seats=used[: limits.SEATS_TOLD_MAX])
        self._show = replace(self._show, **changes, updated_at=self.now)
        labels = ("reference", "metadata")  # which no event tells
        self._note("show_updated", details={n: value for n, value in changes.items() if n not in labels})
        return self.show()

    def _delete(self, seq: int | None) -> Answer:
        if seq not in (None, len(self.events)):
            return refused("version_mismatch", seq=len(self.events))
        if active := sum(booking.status in _ACTIVE for booking in self.bookings.values()):
            return refused("active_bookings", count=active)
        self.deleted = True
        self._note("show_deleted")
        return self.show()

    def _refusal(self, seats: Sequence[int]) -> Answer:
        if outside := [seat for seat in seats if not 1 <= seat <= self._show.total_seats]:
            return refused("seats_outside_show", seats=outside, total_seats=self._show.total_seats)
        if taken := [seat for seat in seats if seat in self.owners]:
            return refused("seats_taken", seats=taken, available=len(self.free))
        return None

    def _wrong_state(self, booking: ModelBooking) -> Answer:
        successor = self.successor(booking)
        told = {"retaken_by": successor} if successor else {}
        return refused("invalid_state", state=booking.status.value, **told)

    def successor(self, booking: ModelBooking) -> int | None:
        """The booking that took the seats of an expired hold again."""
        return next((other.id for other in self.bookings.values() if other.retaken_from == booking.id), None)

    def _sell(
        self,
        user_id: int,
        seats: Sequence[int],
        ends: datetime | None,
        *,
        retaken_from: int | None = None,
        labels: tuple[str | None, dict[str, str]],
    ) -> Answer:
        booking = ModelBooking(
            id=(self._show.id << 24) + len(self.bookings) + 1, user_id=user_id, show_id=self._show.id,
            seats_booked=len(seats), status=BookingStatus.PENDING if ends else BookingStatus.CONFIRMED,
            created_at=self.now, updated_at=self.now, seats=list(seats), released_seats=[], expires_at=ends,
            reason=None, retaken_from=retaken_from, reference=labels[0], metadata=labels[1],
        )  # fmt: skip
        self.bookings[booking.id] = booking
        self.owners |= dict.fromkeys(seats, booking.id)
        details = {"expires_at": ends and _text(ends), "retaken_from": retaken_from}
        self._note("held" if ends else "booked", booking, details=details)
        return replace(booking)

    def _release(
        self, booking: ModelBooking, status: BookingStatus, actor: str, reason: str | None
    ) -> Answer:
        self._note(status.lower(), booking, actor=actor, details={"reason": reason})
        for seat in booking.seats:
            del self.owners[seat]
        booking.status, booking.reason, booking.updated_at = status, reason, self.now
        booking.seats, booking.released_seats = [], booking.seats
        return replace(booking)

    def _note(
        self,
        kind: str,
        booking: ModelBooking | None = None,
        *,
        seats: Sequence[int] = (),
        actor: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        event = ModelEvent(
            seq=len(self.events) + 1,
            kind=kind,
            booking_id=booking.id if booking else None,
            user_id=booking.user_id if booking else None,
            seats=list(booking.seats if booking and not seats else seats),
            actor=actor or self._actor,
            at=self.now,
            details={name: value for name, value in (details or {}).items() if value is not None},
        )
        self.events.append(event)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
