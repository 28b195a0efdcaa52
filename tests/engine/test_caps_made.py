"""What a user makes in a show within a day is bounded, whatever becomes of it."""

import pytest

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import ConfirmBooking
from boxoffice.vocabulary.outcomes import Refused
from tests.support.engine.box import Box, done, in_one_batch, refused, show_of
from tests.support.engine.clock import Clock
from tests.support.engine.limited import book_capped, caps

pytestmark = pytest.mark.both_isolations

DAY_S = limits.MADE_SECONDS


async def test_bookings_that_ended_in_any_way_count(box: Box, clock: Clock) -> None:
    show, other = [await box.show() for _ in range(2)]
    few = caps(made=5)
    sold, held, failed, _ = [
        done(await book_capped(box, show, few, hold=hold)).booking for hold in (None, 60, 60, 60)
    ]
    await box.cancel(sold.id)
    await box.cancel(held.id)
    await box.fail(failed.id)
    await clock.advance(60)
    done(await book_capped(box, show, few))
    too_many = refused("too_many_bookings_made", limit=5, made=5, retry_after_s=DAY_S - 60)
    assert await book_capped(box, show, few) == too_many
    assert await book_capped(box, show, few, hold=None) == too_many
    done(await book_capped(box, other, few))
    done(await book_capped(box, show, few, user=await box.user("jane@example.com")))
    await box.book(show)  # what the house books for a user does not count


async def test_after_a_day_the_user_may_go_on(box: Box, clock: Clock) -> None:
    show = await box.show()
    few = caps(made=2)
    for _ in range(2):
        await box.cancel(done(await book_capped(box, show, few, hold=None)).booking.id)
        await clock.advance(100)
    left = DAY_S - 200
    assert await book_capped(box, show, few) == refused(
        "too_many_bookings_made", limit=2, made=2, retry_after_s=left
    )
    await clock.advance(left)
    await box.cancel(done(await book_capped(box, show, few, hold=None)).booking.id)
    assert await book_capped(box, show, few) == refused(
        "too_many_bookings_made", limit=2, made=2, retry_after_s=100.0
    )


async def test_earlier_commands_of_a_batch_are_made_too(box: Box) -> None:
    show = await box.show()
    outcomes = await in_one_batch(*(book_capped(box, show, caps(made=2), hold=None) for _ in range(3)))
    assert [o for o in outcomes if isinstance(o, Refused)] == [
        refused("too_many_bookings_made", limit=2, made=2, retry_after_s=DAY_S)
    ]


async def test_a_late_confirm_is_made_and_never_refused_for_it(box: Box, clock: Clock) -> None:
    show = await box.show()
    few = caps(made=1)
    held = done(await book_capped(box, show, few, hold=60)).booking
    await clock.advance(60)
    confirm = ConfirmBooking(actor="user:1", show_id=show_of(held.id), booking_id=held.id, caps=few)
    assert done(await box.do(confirm)).booking.retaken_from == held.id
    assert await book_capped(box, show, few) == refused(
        "too_many_bookings_made", limit=1, made=2, retry_after_s=DAY_S
    )
