"""Promises about bookings, keys and counters that can be checked without a search for an order."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.effects import Effects, by_key, makes
from tests.chaos.history import NO_EFFECT, Counts, History, Operation, ToldBooking, describe


def broken_promises(history: History, effects: Effects) -> Iterator[str]:
    """A sentence for each promise that is broken."""
    yield from _phantoms(effects)
    yield from _told_twice(effects)
    yield from _other_than_asked(history)
    yield from _lost_or_changed(history, effects)
    yield from _two_owners(history)
    yield from _keys(history)
    yield from _sums(history)
    yield from _went_back(history)
    yield from _failed(history)


def _phantoms(effects: Effects) -> Iterator[str]:
    for booking in effects.phantoms:
        yield (
            f"phantom: show {booking.show} lists booking {booking.id} of user {booking.user} "
            f"({booking.status}, seats {booking.seats}), which no request of theirs explains"
        )


def _told_twice(effects: Effects) -> Iterator[str]:
    """Bookings that two requests claim to have made, confirmed or ended."""
    told: dict[tuple[int, str], Operation] = {}
    for effect in effects.done:
        operation, booking = effect.told, effect.booking
        if operation is None or booking is None:
            continue
        what = "made" if makes(effect) else "confirmed" if operation.kind == "confirm" else "ended"
        rival = told.setdefault((booking.id, what), operation)
        if rival is not operation:
            yield (
                f"show {booking.show}: booking {booking.id} was {what} by two requests: "
                f"{describe(rival)} and {describe(operation)}"
            )


def _other_than_asked(history: History) -> Iterator[str]:
    for operation in history.operations:
        booking = operation.told_booking
        if operation.outcome == "ok" and booking is not None and not _as_asked(operation, booking):
            yield (
                f"show {operation.show}: {describe(operation)} was told booking {booking.id} of show "
                f"{booking.show}, user {booking.user}, with seats {booking.seats}"
            )
        refusal = operation.refusal
        if refusal and refusal.code == "insufficient_seats" and refusal.requested <= refusal.available:
            yield (
                f"show {operation.show}: {describe(operation)} was refused {refusal.requested} seats "
                f"where {refusal.available} are free"
            )


def _as_asked(operation: Operation, booking: ToldBooking) -> bool:
    if operation.kind != "book":
        return operation.booking in (booking.id, booking.retaken_from)
    return (
        (operation.show, operation.user) == (booking.show, booking.user)
        and len(set(booking.seats)) == len(booking.seats) == (operation.count or len(operation.seats))
        and operation.seats in ([], booking.seats)
    )


def _lost_or_changed(history: History, effects: Effects) -> Iterator[str]:
    finals = {final.booking.id: final.booking for final in history.finals}
    for effect in effects.done:
        told = effect.booking
        if told is None or effect.told is None:
            continue
        final = finals.get(told.id)
        if final is None:
            yield f"lost: show {told.show} has no booking {told.id}, told by {describe(effect.told)}"
        elif (final.seats, final.user, final.retaken_from) != (told.seats, told.user, told.retaken_from):
            yield (
                f"show {told.show}: booking {told.id} of user {final.user} has seats {final.seats} at the "
                f"end; {describe(effect.told)} was told seats {told.seats} of user {told.user}"
            )


def _two_owners(history: History) -> Iterator[str]:
    owners: dict[tuple[int, int], int] = {}
    listed = Counter(final.booking.id for final in history.finals)
    for booking_id, times in listed.items():
        if times > 1:
            yield f"booking {booking_id} is listed {times} times at the end"
    for booking in (final.booking for final in history.finals):
        for seat in booking.seats if booking.status in ("PENDING", "CONFIRMED") else ():
            rival = owners.setdefault((booking.show, seat), booking.id)
            if rival != booking.id:
                yield f"double sale: show {booking.show} seat {seat} has bookings {rival} and {booking.id}"


def _keys(history: History) -> Iterator[str]:
    for (show, key), same in by_key(history.operations).items():
        done = sorted((o for o in same if o.outcome == "ok"), key=lambda o: o.ended_order)
        if not done:
            continue
        first = done[0]
        for again in done[1:]:
            if _effect(again) != _effect(first):
                yield (
                    f"show {show}: key {key} had two effects: {describe(first)} with {_effect(first)}, and "
                    f"{describe(again)} with {_effect(again)}"
                )
        for again in same:
            refused = again.refusal is not None and again.refusal.code not in NO_EFFECT
            if refused and again.began_order > first.ended_order:
                yield f"show {show}: key {key} was done, {describe(first)}, and then not: {describe(again)}"


def _effect(operation: Operation) -> tuple[object, ...]:
    booking = operation.told_booking
    return (booking.id, *booking.seats) if booking else (operation.kind,)


def _sums(history: History) -> Iterator[str]:
    for operation in history.operations:
        counts = operation.told_counts
        if counts is not None and not _adds_up(counts):
            yield (
                f"show {operation.show}: {describe(operation)} was told {counts.free} free, {counts.held} "
                f"held, {counts.sold} sold and {counts.blocked} blocked seats of {counts.total}"
            )


def _adds_up(counts: Counts) -> bool:
    if counts.held < 0:
        return 0 <= counts.free <= counts.total
    return counts.free >= 0 and counts.free + counts.held + counts.sold + counts.blocked == counts.total


def _went_back(history: History) -> Iterator[str]:
    """Exact reads that began after another one had ended, and returned an older version of the show."""
    reads = defaultdict[int, list[Operation]](list)
    for operation in history.operations:
        if operation.consistent and operation.outcome == "ok" and operation.seq:
            reads[operation.show].append(operation)
    for show, told in reads.items():
        ended = sorted(told, key=lambda o: o.ended_order, reverse=True)
        newest: Operation | None = None
        for read in sorted(told, key=lambda o: o.began_order):
            while ended and ended[-1].ended_order < read.began_order:
                before = ended.pop()
                newest = before if newest is None or before.seq > newest.seq else newest
            if newest is not None and read.seq < newest.seq:
                yield (
                    f"stale: show {show} was at version {newest.seq} for {describe(newest)}, and later at "
                    f"{read.seq} for {describe(read)}"
                )


def _failed(history: History) -> Iterator[str]:
    for operation in history.operations:
        if operation.failed:
            yield f"show {operation.show}: {describe(operation)} was answered with an internal error"
