"""From operations to effects: requests with one key are one effect; unanswered effects are found."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from tests.chaos.history import EFFECTS, FinalBooking, History, Operation, ToldBooking
from tests.chaos.linearize import AT_THE_END, NEVER


class Effect(Struct):
    """One request, however often it was sent, and its result.

    ``told``: the first operation whose answer was a success; None if the outcome is not known. ``found``: the
    booking in the final list that only this request explains.
    """

    first: Operation
    began_us: int
    began_order: int
    told: Operation | None = None
    found: ToldBooking | None = None

    @property
    def booking(self) -> ToldBooking | None:
        """The booking that an answer named, or that was found in the final list."""
        return self.told.told_booking if self.told else self.found

    @property
    def ended(self) -> tuple[int, int]:
        """The time and the order at which the effect had happened at the latest."""
        if self.told:
            return self.told.ended_us, self.told.ended_order
        return NEVER, AT_THE_END if self.found else NEVER


class Effects(Struct):
    """``done``: answered as a success. ``open``: may have happened. ``found``: seen in the final list."""

    done: list[Effect]
    open: list[Effect]
    found: list[Effect]
    phantoms: list[ToldBooking]


def effects_of(history: History) -> Effects:
    """All effects of the history. ``phantoms``: bookings that no request explains."""
    done, maybe = list[Effect](), list[Effect]()
    for same in _by_request(history.operations):
        first = min(same, key=lambda o: o.began_order)
        effect = Effect(first, first.began_us, first.began_order)
        told = [o for o in same if o.outcome == "ok"]
        if told:
            effect.told = min(told, key=lambda o: o.ended_order)
            done.append(effect)
        elif any(o.outcome == "info" for o in same):
            maybe.append(effect)
    found, phantoms = _explain(_untold(history.finals, done), maybe)
    return Effects(done, [e for e in maybe if e.first.kind != "book"], found, phantoms)


def makes(effect: Effect) -> bool:
    """Whether the effect made a booking: a sale, a hold, or a late confirm that took the seats again."""
    booking = effect.booking
    return booking is not None and (
        effect.first.kind == "book" or (effect.first.kind == "confirm" and booking.id != effect.first.booking)
    )


def by_key(operations: Iterable[Operation]) -> dict[tuple[int, str], list[Operation]]:
    """The operations with a key, in groups with the same key."""
    groups: dict[tuple[int, str], list[Operation]] = defaultdict(list)
    for operation in operations:
        if operation.key:
            groups[operation.show, operation.key].append(operation)
    return groups


def _by_request(operations: list[Operation]) -> Iterable[list[Operation]]:
    effects = [o for o in operations if o.kind in EFFECTS]
    yield from by_key(effects).values()
    yield from ([o] for o in effects if not o.key)


def _untold(finals: list[FinalBooking], done: list[Effect]) -> list[ToldBooking]:
    told = {effect.booking.id for effect in done if effect.booking}
    untold = (final.booking for final in finals if final.booking.id not in told)
    return sorted(untold, key=lambda booking: booking.id)


def _explain(untold: list[ToldBooking], maybe: list[Effect]) -> tuple[list[Effect], list[ToldBooking]]:
    """Match each booking that no answer named with a request that was never answered; the rest are phantoms.

    Requests for exactly these seats are tried before requests that left the choice to the engine. So a
    request that fits several bookings is not used up where another one fits, too.
    """
    found, phantoms = list[Effect](), list[ToldBooking]()
    left = sorted(maybe, key=lambda effect: (not effect.first.seats, effect.began_order))
    for booking in untold:
        fitting = [effect for effect in left if _fits(effect.first, booking)]
        if not fitting:
            phantoms.append(booking)
            continue
        left.remove(fitting[0])
        earliest = min((e for e in maybe if _fits(e.first, booking)), key=lambda e: e.began_order)
        found.append(Effect(fitting[0].first, earliest.began_us, earliest.began_order, found=booking))
    return found, phantoms


def _fits(asked: Operation, booking: ToldBooking) -> bool:
    """Whether the request explains the booking. No client can confirm a hold that no answer has named."""
    if asked.show != booking.show:
        return False
    if asked.kind == "confirm":
        return booking.retaken_from == asked.booking
    return (
        asked.kind == "book"
        and not booking.retaken_from
        and asked.user == booking.user
        and (asked.count or len(asked.seats)) == len(booking.seats)
        and asked.seats in ([], booking.seats)
        and bool(asked.hold_s) == bool(booking.expires_us)
    )
