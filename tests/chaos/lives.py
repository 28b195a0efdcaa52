"""The rules of one booking: a booking is made once, goes from PENDING to one end, and stays there."""

from collections import defaultdict

from tests.chaos.effects import Effect, Effects, makes
from tests.chaos.history import History, Operation, ToldBooking
from tests.chaos.linearize import AFTER_ALL, NEVER, Action

Life = tuple[str, int]
"""The state of a booking and, for a hold, the moment at which it runs out."""

NOT_MADE: Life = ("none", NEVER)

_ENDED_BY = {"cancel": "CANCELLED", "fail": "FAILED"}


def boundary(life: Life) -> int:
    """The moment at which a hold runs out."""
    return life[1]


def step(life: Life, action: Action, moment: int) -> tuple[Life, int] | None:
    """The booking's state after the action, and the earliest moment of that; None if the rules forbid it."""
    state, until_us = life
    held = state == "PENDING" and moment < until_us
    match action.verb, action.facts:
        case "make", (made, made_until_us):
            fits = life == NOT_MADE and moment < made_until_us
            return ((made, made_until_us), moment) if fits else None
        case "confirm", _:
            return (("CONFIRMED", NEVER), moment) if held else None
        case (("cancel" | "fail" as how), _):
            ends = held or (state == "CONFIRMED" and how == "cancel")
            return ((_ENDED_BY[how], NEVER), moment) if ends else None
        case "seen", ("EXPIRED", _):
            if state == "PENDING" and until_us < NEVER:
                return ("EXPIRED", NEVER), max(moment, until_us)
            return (life, moment) if state == "EXPIRED" else None
        case "seen", ("PENDING", exact):
            return (life, moment) if held or (state == "PENDING" and not exact) else None
        case "seen", (told, _):
            return (life, moment) if state == told else None
    raise ValueError(action.verb)


class Lives:
    """The actions on all bookings of a history."""

    def __init__(self, history: History, effects: Effects) -> None:
        self.actions: dict[int, list[Action]] = defaultdict(list)
        for effect in (*effects.done, *effects.found, *effects.open):
            self._effect(effect)
        for operation in history.operations:
            if operation.refusal is not None:
                self._refused(operation)
            elif operation.kind == "booking" and operation.told_booking is not None:
                self._see(operation, operation.booking, operation.told_booking.status)
        for final in history.finals:
            self._last(final.booking)

    def _effect(self, effect: Effect) -> None:
        first, booking = effect.first, effect.booking
        if booking is not None and makes(effect):
            held = first.kind == "book" and bool(first.hold_s)
            until_us = (booking.expires_us or NEVER) if held else NEVER
            self._add(effect, booking.id, "make", "PENDING" if held else "CONFIRMED", until_us)
            if booking.retaken_from:
                self._add(effect, booking.retaken_from, "seen", "EXPIRED", True)
        elif first.booking:
            self._add(effect, first.booking, first.kind)

    def _add(self, effect: Effect, booking_id: int, verb: str, *facts: object) -> None:
        ended_us, ended_order = effect.ended
        ends_us = facts[1] if verb == "make" else NEVER
        assert isinstance(ends_us, int)
        self.actions[booking_id].append(
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

    def _refused(self, operation: Operation) -> None:
        refusal = operation.refusal
        assert refusal is not None
        if not operation.booking:
            return
        if refusal.code == "invalid_state":
            self._see(operation, operation.booking, refusal.state)
        elif refusal.code == "hold_expired":
            self._see(operation, operation.booking, "EXPIRED")
        elif refusal.code == "booking_not_found":
            self._see(operation, operation.booking, "none")

    def _see(self, operation: Operation, booking_id: int, state: str) -> None:
        self.actions[booking_id].append(
            Action(
                "seen",
                (state, operation.consistent or operation.kind != "booking"),
                operation.number,
                operation.began_us,
                operation.began_order,
                operation.ended_us,
                operation.ended_order,
                reads=state != "EXPIRED",
            )
        )

    def _last(self, booking: ToldBooking) -> None:
        """The read of the final list, after all operations. A hold may run out while the list is read."""
        self.actions[booking.id].append(
            Action("seen", (booking.status, False), 0, 0, AFTER_ALL, NEVER, AFTER_ALL + 1)
        )
