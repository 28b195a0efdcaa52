"""A hold is over at its end by the database's clock, with or without a sweeper."""

import asyncio
from datetime import timedelta

import pytest

from tests.support.engine.box import Box, done, in_one_batch, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.races import until_over, wait_until_blocked

HOLD_S = 60.0


async def test_an_expired_hold_is_sold_again_without_the_sweeper(box: Box, clock: Clock) -> None:
    show = await box.show(2)
    held = await box.book(show, 2, hold=HOLD_S)
    assert await box.try_book(show) == refused("insufficient_seats", requested=1, available=0)
    await clock.advance(HOLD_S)
    assert (await box.book(show, 2)).seats == [1, 2]
    events = [(event.kind, event.booking_id, event.actor) for event in await box.events(show)]
    assert events[2] == ("expired", held.id, "engine")
    assert await box.violations() == {}


async def test_explicit_seats_of_an_expired_hold_are_sold_again(box: Box, clock: Clock) -> None:
    show = await box.show(5)
    await box.book(show, seats=[2, 4], hold=HOLD_S)
    assert await box.try_book(show, seats=[4, 5]) == refused("seats_taken", seats=[4], available=3)
    await clock.advance(HOLD_S)
    assert (await box.book(show, seats=[4, 5])).seats == [4, 5]
    assert (await box.book(show, seats=[2])).seats == [2]


async def test_a_hold_lasts_until_its_end_and_not_longer(box: Box, clock: Clock) -> None:
    show = await box.show(3)
    in_time, late, other = [await box.book(show, hold=HOLD_S) for _ in range(3)]
    assert other.expires_at is not None
    await clock.set(other.expires_at - timedelta(microseconds=1))
    assert done(await box.confirm(in_time.id, "refuse")).booking.status == "CONFIRMED"
    await clock.set(other.expires_at)
    assert await box.confirm(late.id, "refuse") == refused("hold_expired", state="EXPIRED", seats=[])
    assert await box.cancel(other.id) == refused("invalid_state", state="EXPIRED")
    assert await box.violations() == {}


async def test_holds_end_each_at_its_own_time(box: Box, clock: Clock) -> None:
    show = await box.show()
    for hold_s in (30, 10, 20):
        await box.book(show, hold=hold_s)
    ended = []
    for _ in range(4):
        await clock.advance(10)
        ended.append(await box.expire(show))
    assert ended == [1, 1, 1, 0]
    assert (await box.view(show)).available_seats == 10


async def test_a_late_confirm_takes_the_same_seats_again(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, seats=[3, 5], hold=HOLD_S)
    await clock.advance(HOLD_S)
    sold = done(await box.confirm(held.id)).booking
    assert (sold.status, sold.seats, sold.retaken_from) == ("CONFIRMED", [3, 5], held.id)
    assert (sold.user_id, sold.expires_at, sold.id) == (held.user_id, None, held.id + 1)
    kinds = [(event.kind, event.booking_id) for event in await box.events(show)][2:]
    assert kinds == [("expired", held.id), ("booked", sold.id)]
    assert await box.violations() == {}


async def test_a_late_confirm_works_after_a_sweep_too(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=HOLD_S)
    await clock.advance(HOLD_S)
    assert await box.engine.expire_due("sweeper") == 1
    assert done(await box.confirm(held.id)).booking.retaken_from == held.id


async def test_a_late_confirm_is_refused_when_others_have_seats_of_it(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, seats=[3, 5, 7], hold=HOLD_S)
    await clock.advance(HOLD_S)
    await box.book(show, seats=[5])
    done(await box.block(show, 7))
    assert await box.confirm(held.id) == refused("hold_expired", state="EXPIRED", seats=[5, 7])
    assert (await box.view(show)).available_seats == 8
    done(await box.unblock(show, 7))
    assert await box.confirm(held.id) == refused("hold_expired", state="EXPIRED", seats=[5])


async def test_a_late_confirm_is_refused_when_the_show_lost_the_seats(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, seats=[9, 10], hold=HOLD_S)
    await clock.advance(HOLD_S)
    done(await box.resize(show, 9))
    assert await box.confirm(held.id) == refused("hold_expired", state="EXPIRED", seats=[10])


async def test_a_hold_is_retaken_once(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, hold=HOLD_S)
    await clock.advance(HOLD_S)
    sold = done(await box.confirm(held.id)).booking
    again = refused("invalid_state", state="EXPIRED", retaken_by=sold.id)
    assert await box.confirm(held.id) == again
    assert await box.confirm(held.id, "refuse") == again
    await box.cancel(sold.id)
    assert await box.confirm(held.id) == again  # a hold is retaken once at most


async def test_a_late_confirm_comes_before_new_bookings(box: Box, clock: Clock) -> None:
    show = await box.show(2)
    held = await box.book(show, 2, hold=HOLD_S)
    await clock.advance(HOLD_S)
    booked, confirmed = await in_one_batch(box.try_book(show, 2), box.confirm(held.id))
    assert booked == refused("insufficient_seats", requested=2, available=0)
    assert done(confirmed).booking.retaken_from == held.id


@pytest.mark.parametrize("isolation", ["read_committed"])
async def test_with_very_many_expired_holds_the_ones_that_are_asked_for_end_first(
    box: Box, clock: Clock, connection: Connection
) -> None:
    show = await box.show(5_002)
    await box.book(show, hold=HOLD_S)
    # As many holds as one batch ends at most, all older than the hold that the command is about.
    await connection.execute(
        """
        INSERT INTO bookings
        SELECT show_id, booking_id + n, user_id, status, ARRAY[n + 1], expires_at - interval '1 s',
               NULL, NULL, created_at, updated_at
        FROM bookings, generate_series(1, 5000) AS n
        """
    )
    await connection.execute(
        """
        SELECT append_events(1, ARRAY(
            SELECT ROW(kind, booking_id + n, user_id, ARRAY[n + 1], actor, at, NULL,
                       jsonb_build_object('expires_at',
                                          (details ->> 'expires_at')::timestamptz - interval '1 s'),
                       NULL, NULL)::new_event
            FROM show_events, generate_series(1, 5000) AS n WHERE kind = 'held'
        ))
        """
    )
    await connection.execute(
        "INSERT INTO booking_seats SELECT 1, n + 1, (1 << 24) + 1 + n FROM generate_series(1, 5000) AS n"
    )
    await connection.execute("SELECT mark_places(1, ARRAY(SELECT generate_series(2, 5001)), 1)")
    await connection.execute(
        """
        UPDATE show_inventory SET free_places = 1, held_places = 5001,
            last_booking_number = 5001, next_expiry_at = next_expiry_at - interval '1 s'
        """
    )
    assert await box.violations() == {}
    await clock.advance(HOLD_S)
    [_, cancelled] = await in_one_batch(box.try_book(show), box.cancel((show << 24) + 1))
    assert cancelled == refused("invalid_state", state="EXPIRED")
    assert await box.reads.show(show, consistent=True) is not None
    assert await box.expire(show) == 0, "the exact read has ended the last one"
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_a_confirm_that_waited_past_the_end_for_the_lock_is_late(
    box: Box, connection: Connection, admin: Connection
) -> None:
    """The statement and its snapshot begin before the hold's end; the clock is read after the lock."""
    show = await box.show()
    held = await box.book(show, hold=0.5)

    async with connection.transaction():
        await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show)
        confirming = asyncio.create_task(box.confirm(held.id, "refuse"))
        await wait_until_blocked(admin, application_name="boxoffice")
        await until_over(admin, held.expires_at)
    assert await confirming == refused("hold_expired", state="EXPIRED", seats=[])
