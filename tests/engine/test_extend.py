"""A hold can be extended, never beyond its lifetime and never so that it ends sooner."""

import asyncio
from datetime import datetime, timedelta

import pytest

from boxoffice.vocabulary.outcomes import BookingDone, Refused
from tests.support.engine.box import Box, done, in_one_batch, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.limited import extend
from tests.support.engine.races import until_over, wait_until_blocked

HOLD_S = 60


def assert_lifetime_over(outcome: BookingDone | Refused, end: datetime, lifetime_s: float) -> None:
    """Check that an extension is refused because of the hold's longest lifetime."""
    assert isinstance(outcome, Refused)
    assert outcome.code == "hold_lifetime_over"
    assert outcome.details.keys() == {"expires_at", "lifetime_seconds"}
    assert outcome.details["expires_at"].endswith("Z")
    assert datetime.fromisoformat(outcome.details["expires_at"]) == end
    assert outcome.details["lifetime_seconds"] == lifetime_s


async def test_a_hold_ends_so_many_seconds_from_now(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=HOLD_S)
    await clock.advance(20)
    booking = done(await extend(box, held.id, HOLD_S)).booking
    assert booking.expires_at == clock.now + timedelta(seconds=HOLD_S)
    assert (booking.status, booking.seats, booking.updated_at) == ("PENDING", held.seats, clock.now)
    event = (await box.events(show))[-1]
    assert (event.kind, event.booking_id, event.seats) == ("extended", held.id, held.seats)
    assert event.details["expires_at"].endswith("Z")
    assert datetime.fromisoformat(event.details["expires_at"]) == booking.expires_at
    await clock.advance(HOLD_S - 0.001)
    assert await box.expire(show) == 0
    await clock.advance(0.001)
    assert await box.expire(show) == 1
    assert await box.violations() == {}


async def test_a_hold_never_outlives_its_lifetime(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, hold=HOLD_S)
    end = held.created_at + timedelta(seconds=100)
    await clock.advance(50)
    assert done(await extend(box, held.id, HOLD_S, lifetime_s=100)).booking.expires_at == end
    events = await box.events(show)
    assert_lifetime_over(await extend(box, held.id, HOLD_S, lifetime_s=100), end, 100)
    assert await box.events(show) == events


async def test_a_hold_never_ends_sooner(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, hold=HOLD_S)
    events = await box.events(show)
    assert done(await extend(box, held.id, 1)).booking == held
    assert done(await extend(box, held.id, 1, lifetime_s=1)).booking == held
    end = clock.now + timedelta(seconds=HOLD_S)
    assert_lifetime_over(await extend(box, held.id, 100, lifetime_s=1), end, 1)
    assert await box.events(show) == events


async def test_only_a_hold_that_is_not_over_can_be_extended(box: Box, clock: Clock) -> None:
    show = await box.show()
    held, sold, gone = [await box.book(show, hold=hold) for hold in (HOLD_S, None, HOLD_S)]
    await box.cancel(gone.id)
    assert await extend(box, sold.id, HOLD_S) == refused("invalid_state", state="CONFIRMED")
    assert await extend(box, gone.id, HOLD_S) == refused("invalid_state", state="CANCELLED")
    assert await extend(box, sold.id + 100, HOLD_S) == refused("booking_not_found")
    await clock.advance(HOLD_S)
    late = refused("hold_expired", state="EXPIRED", seats=[])
    assert await extend(box, held.id, HOLD_S) == late
    assert await box.view(show) == await box.reads.show(show, consistent=True)
    assert await box.violations() == {}


async def test_in_one_batch_the_longest_extension_has_the_effect(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, hold=HOLD_S)
    events = await box.events(show)
    outcomes = await in_one_batch(*(extend(box, held.id, seconds) for seconds in (70, 90, 80)))
    end = clock.now + timedelta(seconds=90)
    assert [done(outcome).booking.expires_at for outcome in outcomes] == [end] * 3
    assert len(await box.events(show)) == len(events) + 1


async def test_in_one_batch_a_confirm_comes_before_an_extension(box: Box) -> None:
    show = await box.show()
    held = await box.book(show, hold=HOLD_S)
    [late, confirmed] = await in_one_batch(extend(box, held.id, HOLD_S), box.confirm(held.id))
    assert done(confirmed).booking.status == "CONFIRMED"
    assert late == refused("invalid_state", state="CONFIRMED")


@pytest.mark.both_isolations
async def test_an_extension_that_waited_for_the_lock_past_the_end_is_late(
    box: Box, connection: Connection, admin: Connection
) -> None:
    show = await box.show()
    held = await box.book(show, hold=0.5)

    async with connection.transaction():
        await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show)
        extending = asyncio.create_task(extend(box, held.id, HOLD_S))
        await wait_until_blocked(admin, application_name="boxoffice")
        await until_over(admin, held.expires_at)
    assert await extending == refused("hold_expired", state="EXPIRED", seats=[])
