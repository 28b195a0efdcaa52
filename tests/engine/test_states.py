"""A booking's states: PENDING ends in one of four, CONFIRMED can be cancelled, the rest is final."""

import itertools
from collections.abc import Awaitable, Callable

from boxoffice.vocabulary.outcomes import BookingDone, Refused
from boxoffice.vocabulary.views import Booking
from tests.support.engine.box import Box, done, refused
from tests.support.engine.clock import Clock

HOLD_S = 60.0
Act = Callable[[Box, int], Awaitable[BookingDone | Refused]]

ACTS: dict[str, Act] = {
    "confirm": lambda box, booking_id: box.confirm(booking_id),
    "confirm, refuse": lambda box, booking_id: box.confirm(booking_id, "refuse"),
    "fail": lambda box, booking_id: box.fail(booking_id, "declined"),
    "cancel": lambda box, booking_id: box.cancel(booking_id, "ill"),
    "return all": lambda box, booking_id: box.give_back(booking_id, 1, 2),
}

# The state after each act in each state. A pair that is not listed is refused as invalid_state.
ALLOWED = {
    ("PENDING", "confirm"): "CONFIRMED",
    ("PENDING", "confirm, refuse"): "CONFIRMED",
    ("PENDING", "fail"): "FAILED",
    ("PENDING", "cancel"): "CANCELLED",
    ("CONFIRMED", "cancel"): "CANCELLED",
    ("PENDING", "return all"): "CANCELLED",
    ("CONFIRMED", "return all"): "CANCELLED",
    ("EXPIRED", "confirm"): "CONFIRMED",  # a new booking of the same seats
}
STATES = ("PENDING", "CONFIRMED", "FAILED", "EXPIRED", "CANCELLED")


async def booking_in(state: str, box: Box, clock: Clock, show: int) -> Booking:
    """A booking of seats 1 and 2 in this state."""
    booking = await box.book(show, 2, hold=HOLD_S)
    match state:
        case "CONFIRMED":
            booking = done(await box.confirm(booking.id)).booking
        case "FAILED":
            booking = done(await box.fail(booking.id)).booking
        case "CANCELLED":
            booking = done(await box.cancel(booking.id)).booking
        case "EXPIRED":
            await clock.advance(HOLD_S)
    return booking


async def test_every_act_in_every_state(box: Box, clock: Clock) -> None:
    for state, act in itertools.product(STATES, ACTS):
        show = await box.show()
        booking = await booking_in(state, box, clock, show)
        outcome = await ACTS[act](box, booking.id)
        expected = ALLOWED.get((state, act))
        if expected:
            after = done(outcome).booking
            sold = expected == "CONFIRMED"
            assert after.status == expected, (state, act)
            assert (after.seats, after.released_seats) == (([1, 2], []) if sold else ([], [1, 2]))
            assert after.retaken_from == (booking.id if state == "EXPIRED" else None)
            assert after.reason == {"fail": "declined", "cancel": "ill"}.get(act)
            assert after.expires_at == (None if sold else booking.expires_at)
        elif (state, act) == ("EXPIRED", "confirm, refuse"):
            assert outcome == refused("hold_expired", state="EXPIRED", seats=[])
        else:
            assert outcome == refused("invalid_state", state=state), act
        taken = expected == "CONFIRMED" or (state in ("PENDING", "CONFIRMED") and expected is None)
        assert await box.free_seats(show) == list(range(3 if taken else 1, 11)), (state, act)
    assert await box.violations() == {}


async def test_expiry_ends_a_hold_and_nothing_else(box: Box, clock: Clock) -> None:
    for state in STATES:
        show = await box.show()
        booking = await booking_in(state, box, clock, show)
        await clock.advance(HOLD_S)
        assert await box.expire(show) == (1 if state in ("PENDING", "EXPIRED") else 0)
        after = await box.reads.booking(booking.id)
        assert after is not None
        assert after.status == ("EXPIRED" if state == "PENDING" else state)
        assert (await box.view(show)).available_seats == (8 if state == "CONFIRMED" else 10)
    assert await box.violations() == {}


async def test_a_hold_is_told_with_its_end(box: Box, clock: Clock) -> None:
    held = await box.book(await box.show(), 2, hold=1.5)
    assert held.expires_at is not None
    assert (held.status, (held.expires_at - clock.now).total_seconds()) == ("PENDING", 1.5)
    assert held.created_at == held.updated_at == clock.now
    await clock.advance(1)
    confirmed = done(await box.confirm(held.id)).booking
    assert (confirmed.created_at, confirmed.updated_at) == (held.created_at, clock.now)


async def test_booking_ids_carry_their_show_and_count_from_one(box: Box) -> None:
    first, second = await box.show(), await box.show()
    ids = [(await box.book(show)).id for show in (first, first, second)]
    assert ids == [(first << 24) + 1, (first << 24) + 2, (second << 24) + 1]
