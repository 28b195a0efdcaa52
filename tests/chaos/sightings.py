"""From a history to the actions on each seat: the changes of the seat, and the reads that saw it."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.effects import Effect, Effects, makes
from tests.chaos.history import History, Operation
from tests.chaos.linearize import NEVER, Action

SeatOf = tuple[int, int]
"""A seat: the id of its show, and its number."""

_ENDS = {"cancel": "CANCELLED", "fail": "FAILED"}


class Sightings:
    """The actions on all seats of a history."""

    def __init__(self, history: History, effects: Effects) -> None:
        self.actions: dict[SeatOf, list[Action]] = defaultdict(list)
        self._bookings = {final.booking.id: final.booking for final in history.finals}
        for effect in (*effects.done, *effects.found):
            if effect.booking is not None:
                self._bookings.setdefault(effect.booking.id, effect.booking)
        self._sizes = _sizes(history)
        for effect in (*effects.done, *effects.found, *filter(self._may_have_been, effects.open)):
            self._effect(effect)
        for operation in history.operations:
            if operation.refusal is not None:
                self._refused(operation)
            elif operation.told_seats is not None:
                self._listed(operation)

    def _effect(self, effect: Effect) -> None:
        first, booking = effect.first, effect.booking
        if booking is not None and makes(effect):
            held = first.kind == "book" and bool(first.hold_s)
            until_us = (booking.expires_us or NEVER) if held else NEVER
            facts = ("held" if held else "sold", booking.id, until_us)
            for seat in booking.seats:
                self._add(effect, seat, "acquire", *facts, ends_us=until_us)
        elif first.booking:
            verb = "confirm" if first.kind == "confirm" else "release"
            for seat in self._seats_of(first.booking):
                self._add(effect, seat, verb, first.booking)
        elif first.kind == "resize":
            fewest, most = self._sizes[first.show]
            for seat in range(fewest + 1, most + 1):
                self._add(effect, seat, "resize", seat <= first.total)
        else:
            for seat in first.seats:
                self._add(effect, seat, first.kind)

    def _add(self, effect: Effect, seat: int, verb: str, *facts: object, ends_us: int = NEVER) -> None:
        ended_us, ended_order = effect.ended
        self.actions[effect.first.show, seat].append(
            Action(
                verb,
                facts,
                effect.first.number,
                effect.began_us,
                effect.began_order,
                ended_us,
                ended_order,
                ends_us=ends_us,
            )
        )

    def _may_have_been(self, effect: Effect) -> bool:
        """Whether the final state of the booking allows that the effect has happened."""
        booking = self._bookings.get(effect.first.booking)
        if booking is None:
            return not effect.first.booking
        if effect.first.kind == "confirm":
            return booking.status in ("CONFIRMED", "CANCELLED")
        return booking.status == _ENDS[effect.first.kind]

    def _refused(self, operation: Operation) -> None:
        refusal = operation.refusal
        assert refusal is not None
        for seat in refusal.seats:
            if verb := _OF_THE_LISTED.get(refusal.code):
                self._see(operation, seat, verb)
        for seat in set(operation.seats) - set(refusal.seats):
            if refusal.code == "seats_taken":
                self._see(operation, seat, "free")
            elif refusal.code == "seats_not_blocked":
                self._see(operation, seat, "seen", "blocked", 0, True)

    def _listed(self, operation: Operation) -> None:
        told = operation.told_seats or []
        for seat in told:
            if seat.state == "free":
                self._see(operation, seat.number, "free")
            else:
                self._see(operation, seat.number, "seen", seat.state, seat.booking, operation.consistent)
        for number in range(len(told) + 1, self._sizes[operation.show][1] + 1):
            self._see(operation, number, "absent")

    def _see(self, operation: Operation, seat: int, verb: str, *facts: object) -> None:
        self.actions[operation.show, seat].append(
            Action(
                verb,
                facts,
                operation.number,
                operation.began_us,
                operation.began_order,
                operation.ended_us,
                operation.ended_order,
                reads=True,
            )
        )

    def _seats_of(self, booking_id: int) -> Iterator[int]:
        booking = self._bookings.get(booking_id)
        yield from booking.seats if booking else ()


_OF_THE_LISTED = {
    "seats_taken": "taken",
    "seats_in_use": "taken",
    "hold_expired": "gone",
    "seats_outside_show": "absent",
    "seats_not_blocked": "not blocked",
}


def _sizes(history: History) -> dict[int, tuple[int, int]]:
    """The fewest and the most seats that each show may ever have had."""
    sizes = {show.id: (show.total, show.total) for show in history.shows}
    for operation in history.operations:
        if operation.kind == "resize" and operation.outcome != "fail":
            fewest, most = sizes[operation.show]
            sizes[operation.show] = min(fewest, operation.total), max(most, operation.total)
    return sizes
