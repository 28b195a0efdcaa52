"""A late confirm adds a booking, so caps apply to it. As a sale it also ends the user's pause."""

import pytest

from boxoffice.vocabulary.commands import Caps, ConfirmBooking
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from tests.support.engine.box import Box, done, in_one_batch, refused, show_of
from tests.support.engine.clock import Clock
from tests.support.engine.limited import book_capped, caps

pytestmark = pytest.mark.both_isolations

HOLD_S = 600


async def confirm(box: Box, booking_id: int, limits: Caps | None) -> BookingDone | Refused:
    return await box.do(
        ConfirmBooking(actor="user:1", show_id=show_of(booking_id), booking_id=booking_id, caps=limits)
    )


async def expired(box: Box, clock: Clock, show: int, count: int) -> list[int]:
    """Holds that have run out."""
    holds = [done(await book_capped(box, show, caps(), hold=HOLD_S)).booking.id for _ in range(count)]
    await clock.advance(HOLD_S)
    return holds


async def test_a_late_confirm_within_the_caps_is_a_booking_more(box: Box, clock: Clock) -> None:
    show = await box.show()
    limits = caps(bookings_per_show=2)
    done(await book_capped(box, show, limits, hold=None))
    first, second, third = await expired(box, clock, show, 3)
    assert done(await confirm(box, first, limits)).booking.retaken_from == first
    too_many = refused("too_many_bookings", limit=2, active=2)
    assert await confirm(box, second, limits) == too_many
    assert await book_capped(box, show, limits, hold=None) == too_many
    # A payment service confirms what was paid for; its commands have no caps.
    assert done(await confirm(box, third, None)).booking.retaken_from == third
    assert await box.violations() == {}


async def test_late_confirms_of_one_batch_count_each_other(box: Box, clock: Clock) -> None:
    show = await box.show()
    limits = caps(bookings_per_show=2)
    holds = await expired(box, clock, show, 4)
    outcomes = await in_one_batch(
        book_capped(box, show, limits, hold=None), *(confirm(box, hold, limits) for hold in holds)
    )
    too_many = refused("too_many_bookings", limit=2, active=2)
    assert [outcome for outcome in outcomes if isinstance(outcome, Refused)] == [too_many] * 3
    assert [done(outcome).booking.retaken_from for outcome in outcomes[1:3]] == holds[:2]


async def test_a_hold_whose_seats_are_gone_is_told_so_before_the_caps(box: Box, clock: Clock) -> None:
    show = await box.show(4)
    limits = caps(bookings_per_show=1)
    first, second = await expired(box, clock, show, 2)
    twice = await in_one_batch(confirm(box, first, limits), confirm(box, first, limits))
    again = done(twice[0]).booking
    assert twice[1] == refused("invalid_state", state="EXPIRED", retaken_by=again.id)
    await box.book(show, seats=[2])
    assert await confirm(box, second, limits) == refused("hold_expired", state="EXPIRED", seats=[2])


async def test_a_hold_in_time_is_confirmed_whatever_the_caps_are_by_now(box: Box) -> None:
    show = await box.show()
    held = done(await book_capped(box, show, caps(), hold=HOLD_S)).booking
    done(await book_capped(box, show, caps(), hold=None))
    assert done(await confirm(box, held.id, caps(bookings_per_show=1))).booking.status == "CONFIRMED"


async def test_what_was_bought_late_costs_no_pause(box: Box, clock: Clock) -> None:
    show = await box.show()
    limits = caps(cooldown_s=60, longest_s=HOLD_S)
    bought, sold_back = await expired(box, clock, show, 2)
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=60.0)
    done(await confirm(box, bought, limits))
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=60.0)
    await box.cancel(done(await confirm(box, sold_back, limits)).booking.id)
    done(await book_capped(box, show, limits))
