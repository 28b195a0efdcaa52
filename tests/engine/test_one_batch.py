"""Several commands in one batch: each has its own outcome, and only one takes effect on a booking."""

import asyncio

import asyncpg
import pytest

from boxoffice.vocabulary.commands import ShowCommand
from boxoffice.vocabulary.outcomes import BookingDone, HoldsExpired, Refused
from tests.support.engine.box import ACTOR, Box, done, in_one_batch, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection

pytestmark = pytest.mark.both_isolations


async def test_each_command_of_a_batch_gets_its_own_outcome(box: Box) -> None:
    show = await box.show(5)
    assert await in_one_batch(
        box.try_book(show, 9),
        box.try_book(show, seats=[6]),
        box.try_book(show, user=77),
        box.cancel((show << 24) + 9),
    ) == [
        refused("insufficient_seats", requested=9, available=5),
        refused("seats_outside_show", seats=[6], total_seats=5),
        refused("user_not_found"),
        refused("booking_not_found"),
    ]
    assert [
        done(outcome).booking.seats
        for outcome in await in_one_batch(
            box.try_book(show, 2), box.try_book(show, seats=[5]), box.try_book(show)
        )
    ] == [[1, 2], [5], [3]]
    assert await box.violations() == {}


async def test_seats_go_in_the_order_of_arrival(box: Box) -> None:
    show = await box.show(3)
    outcomes = await in_one_batch(*(box.try_book(show) for _ in range(5)))
    assert [done(outcome).booking.seats for outcome in outcomes[:3]] == [[1], [2], [3]]
    assert outcomes[3:] == [refused("insufficient_seats", requested=1, available=0)] * 2


async def test_what_frees_seats_comes_before_what_takes_them(box: Box) -> None:
    show = await box.show(4)
    sold = await box.book(show, 2)
    done(await box.block(show, 3, 4))
    booked, *_ = await in_one_batch(box.try_book(show, 4), box.cancel(sold.id), box.unblock(show, 3, 4))
    assert isinstance(booked, BookingDone)
    assert booked.booking.seats == [1, 2, 3, 4]


@pytest.mark.parametrize("act", ["confirm", "cancel", "fail"])
async def test_one_booking_is_changed_once(box: Box, act: str) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=60)
    first, *others = await in_one_batch(*(getattr(box, act)(held.id) for _ in range(5)))
    status = done(first).booking.status
    assert others == [refused("invalid_state", state=status.value)] * 4
    assert len(await box.events(show)) == 3
    assert await box.violations() == {}


async def test_one_booking_is_ended_in_one_way(box: Box) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=60)
    outcomes = await in_one_batch(box.fail(held.id), box.cancel(held.id), box.confirm(held.id))
    assert done(outcomes[0]).booking.status == "FAILED"
    assert outcomes[1:] == [refused("invalid_state", state="FAILED")] * 2
    assert (await box.view(show)).available_seats == 10
    assert await box.violations() == {}


async def test_a_hold_that_ran_out_is_retaken_once(box: Box, clock: Clock) -> None:
    show = await box.show()
    held = await box.book(show, 2, hold=60)
    await clock.advance(60)
    first, second, strict = await in_one_batch(
        box.confirm(held.id), box.confirm(held.id), box.confirm(held.id, "refuse")
    )
    assert second == refused("invalid_state", state="EXPIRED", retaken_by=done(first).booking.id)
    assert strict == refused("hold_expired", state="EXPIRED", seats=[])
    assert await box.violations() == {}


async def test_a_show_is_deleted_once(box: Box) -> None:
    show = await box.show()
    first, second = await in_one_batch(box.delete(show), box.delete(show))
    assert done(first).show.seq == 2
    assert second == refused("show_not_found")
    assert [event.kind for event in await box.events(show)] == ["show_created", "show_deleted"]


async def test_a_show_in_which_somebody_books_is_not_deleted(box: Box) -> None:
    show = await box.show()
    deleted, booked = await in_one_batch(box.delete(show), box.try_book(show))
    assert deleted == refused("active_bookings", count=1)
    assert not isinstance(booked, Refused)


async def test_of_two_changes_to_one_version_one_is_made(box: Box) -> None:
    show = await box.show()
    first, second = await in_one_batch(box.resize(show, 11, seq=1), box.resize(show, 12, seq=1))
    assert done(first).show.total_seats == 11
    assert second == refused("version_mismatch", seq=2)


async def test_two_shows_in_one_batch(box: Box) -> None:
    shows = [await box.show(1) for _ in range(2)]
    first, second, third, fourth = await in_one_batch(
        *(box.try_book(show) for show in (shows[1], shows[0], shows[1], shows[0]))
    )
    assert [done(first).booking.show_id, done(second).booking.show_id] == [shows[1], shows[0]]
    assert third == fourth == refused("insufficient_seats", requested=1, available=0)


async def test_a_poisonous_command_fails_alone(box: Box) -> None:
    shows = [await box.show(20) for _ in range(2)]
    good = [box.try_book(shows[no % 2]) for no in range(9)]
    bad = [
        box.try_book(shows[0], actor="\0"),
        box.try_book(shows[0], seats=[20, 20]),
        box.block(shows[1], 20, 20),
    ]
    outcomes = await asyncio.gather(*good[:5], *bad, *good[5:], return_exceptions=True)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False] * 5 + [True] * 3 + [False] * 4
    assert [(await box.view(show)).available_seats for show in shows] == [15, 16]
    assert await box.violations() == {}


class RingTheBell(ShowCommand[HoldsExpired], frozen=True, kw_only=True, tag="ring"):
    """A command of a release that the functions do not know."""

    done = HoldsExpired


async def test_a_command_of_an_unknown_kind_fails_alone(box: Box) -> None:
    show = await box.show()
    bell = asyncio.create_task(box.do(RingTheBell(actor=ACTOR, show_id=show)))
    first, second = await asyncio.gather(box.try_book(show), box.try_book(show))
    with pytest.raises(asyncpg.FeatureNotSupportedError, match="no kind that is known"):
        await bell
    assert [done(outcome).booking.seats for outcome in (first, second)] == [[1], [2]]
    assert await box.violations() == {}


async def test_a_corrupt_show_does_not_stop_the_others(box: Box, connection: Connection) -> None:
    bad, good = [await box.show() for _ in range(2)]
    booking = await box.book(bad)
    await connection.execute("DELETE FROM booking_seats")
    cancelled, booked = await asyncio.gather(
        box.cancel(booking.id), box.try_book(good), return_exceptions=True
    )
    assert "do not own the places that they list" in str(cancelled)
    assert not isinstance(booked, BaseException | Refused)
