"""Some seats of a booking are given back: they are free at once, and the booking goes on with the rest."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from boxoffice.vocabulary.commands import CancelBooking, ReturnSeats
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from tests.support.engine.archiving import archived
from tests.support.engine.box import ACTOR, Box, done, in_one_batch, open_box, refused, show_of
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.races import until_over, wait_until_blocked

HOLD_S = 60.0


@pytest.mark.parametrize("hold", [HOLD_S, None], ids=["hold", "sale"])
async def test_returned_seats_are_free_at_once_and_the_rest_stays(box: Box, hold: float | None) -> None:
    show = await box.show()
    booked = await box.book(show, 4, hold=hold)
    left = done(await box.give_back(booked.id, 3, 2)).booking
    assert (left.seats, left.seats_booked, left.released_seats) == ([1, 4], 2, [])
    assert (left.status, left.expires_at) == (booked.status, booked.expires_at)
    assert await box.free_seats(show) == [2, 3, 5, 6, 7, 8, 9, 10]
    assert (await box.book(show, 2)).seats == [2, 3]
    stats = await box.reads.stats(show)
    assert stats is not None
    held, sold = (2, 2) if hold else (0, 4)
    assert (stats.held_seats, stats.sold_seats, stats.available_seats) == (held, sold, 6)
    assert await box.violations() == {}


async def test_the_event_tells_the_seats_that_went_back(box: Box) -> None:
    show = await box.show()
    booked = await box.book(show, 3)
    await box.give_back(booked.id, 3, 1)
    event = (await box.events(show))[-1]
    assert (event.kind, event.booking_id, event.user_id, event.seats) == ("returned", booked.id, 1, [1, 3])


async def test_who_returns_all_that_is_left_cancels(box: Box) -> None:
    show = await box.show()
    booked = await box.book(show, 3)
    await box.give_back(booked.id, 1)
    ended = done(await box.give_back(booked.id, 2, 3)).booking
    assert (ended.status, ended.seats, ended.released_seats) == ("CANCELLED", [], [2, 3])
    assert (await box.events(show))[-1].kind == "cancelled"
    assert await box.free_seats(show) == list(range(1, 11))
    assert await box.violations() == {}


async def test_seats_that_are_not_in_the_booking_let_none_go_back(box: Box) -> None:
    show = await box.show()
    booked, other = await box.book(show, 3), await box.book(show, 2)
    await box.give_back(booked.id, 1)
    events = await box.events(show)
    assert await box.give_back(booked.id, 1, 2, 4, 99) == refused("seats_not_in_booking", seats=[1, 4, 99])
    assert await box.events(show) == events
    assert await box.give_back(other.id + 1, 4) == refused("booking_not_found")


async def test_a_booking_that_ended_has_nothing_to_return(box: Box, clock: Clock) -> None:
    show = await box.show()
    cancelled, held = await box.book(show, 2), await box.book(show, 2, hold=HOLD_S)
    await box.cancel(cancelled.id)
    assert await box.give_back(cancelled.id, 1) == refused("invalid_state", state="CANCELLED")
    await clock.advance(HOLD_S)
    assert await box.give_back(held.id, 3) == refused("invalid_state", state="EXPIRED")
    retaken = done(await box.confirm(held.id)).booking
    assert await box.give_back(held.id, 3) == refused("invalid_state", state="EXPIRED", retaken_by=retaken.id)


async def test_a_late_confirm_takes_only_what_the_hold_kept(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, 3, hold=HOLD_S)
    await box.give_back(held.id, 2)
    await clock.advance(HOLD_S)
    await box.book(show, seats=[2])
    retaken = done(await box.confirm(held.id)).booking
    assert (retaken.seats, retaken.retaken_from) == ([1, 3], held.id)
    assert await box.violations() == {}


async def test_a_key_returns_once_and_tells_the_first_answer_again(box: Box) -> None:
    booked = await box.book(await box.show(), 3)
    first = done(await box.give_back(booked.id, 1, key="return-1"))
    again = done(await box.give_back(booked.id, 1, key="return-1"))
    assert (first.replayed, again.replayed, again.booking) == (False, True, first.booking)
    assert await box.give_back(booked.id, 2, key="return-1") == refused("idempotency_key_reused")


async def test_another_users_booking_is_not_found(box: Box) -> None:
    booked = await box.book(await box.show(), 2)
    command = ReturnSeats(
        actor=ACTOR, show_id=show_of(booked.id), booking_id=booked.id, seat_numbers=(1,), owner_id=2
    )
    assert await box.do(command) == refused("booking_not_found")


async def test_seat_numbers_that_come_twice_do_not_end_the_booking(box: Box) -> None:
    show = await box.show()
    booked = await box.book(show, 2)
    with pytest.raises(Exception, match="does not own"):
        await box.give_back(booked.id, 1, 1)
    assert await box.free_seats(show) == list(range(3, 11))


async def test_in_one_batch_returns_come_before_the_cancel_and_the_confirm(box: Box) -> None:
    show = await box.show()
    held, sold = await box.book(show, 2, hold=HOLD_S), await box.book(show, 2)
    confirmed, cancelled, kept, gone = await in_one_batch(
        box.confirm(held.id), box.cancel(sold.id), box.give_back(held.id, 2), box.give_back(sold.id, 3)
    )
    assert done(confirmed).booking.seats == [1]
    assert done(cancelled).booking.released_seats == [4]
    assert done(kept).booking.status == "PENDING"
    assert done(gone).booking.seats == [4]
    assert await box.violations() == {}


async def test_an_archived_booking_keeps_what_was_not_returned(
    box: Box, clock: Clock, connection: Connection
) -> None:
    show = await box.show(start=clock.now)
    booked = await box.book(show, 3)
    await box.give_back(booked.id, 2)
    await clock.advance(400 * 86_400)
    await archived(box.dsn)
    assert await box.give_back(booked.id, 1) == refused("show_archived")
    told = await box.reads.booking(booked.id)
    assert told is not None
    assert told.seats == [1, 3]
    assert await box.violations() == {}


Rival = Callable[[Box, int], Awaitable[BookingDone | Refused]]
RIVALS: dict[str, Rival] = {
    "confirm": lambda box, booking_id: box.confirm(booking_id),
    "cancel": lambda box, booking_id: box.cancel(booking_id),
    "fail": lambda box, booking_id: box.fail(booking_id),
    "return the same": lambda box, booking_id: box.give_back(booking_id, 1),
    "return the rest": lambda box, booking_id: box.give_back(booking_id, 2, 3),
}


@pytest.mark.both_isolations
@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("return_first", [True, False])
async def test_a_return_and_a_rival_that_meet_at_the_lock_run_one_after_the_other(
    box: Box, isolation: str, connection: Connection, admin: Connection, rival: str, return_first: bool
) -> None:
    show = await box.show()
    held = await box.book(show, 3, hold=HOLD_S)
    async with open_box(box.dsn, isolation) as other:
        acts = [box.give_back(held.id, 1), RIVALS[rival](other, held.id)]
        async with connection.transaction():
            await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show)
            tasks: list[asyncio.Future[BookingDone | Refused]] = []
            for waiting, act in enumerate(acts if return_first else acts[::-1], start=1):
                tasks.append(asyncio.ensure_future(act))
                await wait_until_blocked(admin, application_name="boxoffice", count=waiting)
        outcomes = await asyncio.gather(*tasks)
    told = [one.code if isinstance(one, Refused) else one.booking.status for one in outcomes]
    refusals = [one for one in outcomes if isinstance(one, Refused)]
    assert len(refusals) <= 1, told
    events = [event for event in await box.events(show) if event.booking_id == held.id]
    freed = [seat for event in events if event.kind not in ("held", "confirmed") for seat in event.seats]
    assert len(freed) == len(set(freed))
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_a_return_that_waited_for_the_lock_past_the_end_is_late(
    box: Box, connection: Connection, admin: Connection
) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=0.5)
    async with connection.transaction():
        await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show)
        returning = asyncio.create_task(box.give_back(held.id, 1))
        await wait_until_blocked(admin, application_name="boxoffice")
        await until_over(admin, held.expires_at)
    assert await returning == refused("invalid_state", state="EXPIRED")
    assert await box.free_seats(show) == list(range(1, 11))
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_of_many_who_want_a_returned_seat_one_gets_it(box: Box, isolation: str) -> None:
    show = await box.show(3)
    booked = await box.book(show, 3)
    async with open_box(box.dsn, isolation) as other:
        outcomes = await asyncio.gather(
            *(engine.give_back(booked.id, 2) for engine in (box, other)),
            *(engine.try_book(show, seats=[2]) for engine in (box, other) * 10),
        )
    returns, sales = outcomes[:2], outcomes[2:]
    assert sum(isinstance(one, BookingDone) for one in returns) == 1
    sold = sum(isinstance(one, BookingDone) for one in sales)
    assert sold <= 1
    assert await box.free_seats(show) == ([] if sold else [2])
    assert await box.violations() == {}


async def test_a_cancel_after_a_return_frees_only_what_was_left(box: Box) -> None:
    show = await box.show()
    booked = await box.book(show, 3)
    await box.give_back(booked.id, 2)
    await box.book(show, seats=[2])
    command = CancelBooking(actor=ACTOR, show_id=show, booking_id=booked.id)
    assert done(await box.do(command)).booking.released_seats == [1, 3]
    assert await box.free_seats(show) == [1, *range(3, 11)]
    assert await box.violations() == {}
