"""A command with ``owner_id`` works on that user's bookings alone; another user's booking is not found."""

from typing import Any

import pytest

from boxoffice.vocabulary.commands import CancelBooking, ConfirmBooking, ExtendHold, FailBooking, ShowCommand
from boxoffice.vocabulary.outcomes import BookingDone
from tests.support.engine.box import Box, done, in_one_batch, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection

HOLD_S = 60

NOT_FOUND = refused("booking_not_found")


def commands(show_id: int, booking_id: int, owner_id: int) -> list[ShowCommand[BookingDone]]:
    """One command of every kind that is about a booking."""
    who: dict[str, Any] = {"actor": f"user:{owner_id}"}
    return [
        ConfirmBooking(**who, show_id=show_id, booking_id=booking_id, owner_id=owner_id),
        FailBooking(**who, show_id=show_id, booking_id=booking_id, owner_id=owner_id),
        CancelBooking(**who, show_id=show_id, booking_id=booking_id, owner_id=owner_id),
        ExtendHold(
            **who,
            show_id=show_id,
            booking_id=booking_id,
            owner_id=owner_id,
            hold_seconds=600,
            lifetime_seconds_max=600,
        ),
    ]


@pytest.mark.parametrize("kind", range(4))
async def test_only_the_owners_booking_is_found(box: Box, kind: int) -> None:
    show = await box.show()
    jane = await box.user("jane@example.com")
    held = await box.book(show, hold=HOLD_S)
    events = await box.events(show)
    assert await box.do(commands(show, held.id, jane)[kind]) == NOT_FOUND
    assert await box.events(show) == events
    assert done(await box.do(commands(show, held.id, 1)[kind])).booking.id == held.id
    assert await box.violations() == {}


async def test_anothers_late_confirm_takes_nothing_again(box: Box, clock: Clock) -> None:
    show = await box.show()
    jane = await box.user("jane@example.com")
    held = await box.book(show, hold=HOLD_S)
    await clock.advance(HOLD_S)
    confirm, *_ = commands(show, held.id, jane)
    assert await box.do(confirm) == NOT_FOUND
    confirm, *_ = commands(show, held.id, 1)
    assert done(await box.do(confirm)).booking.retaken_from == held.id


async def test_who_extends_anothers_hold_does_not_lock_its_owner(box: Box, connection: Connection) -> None:
    show = await box.show()
    jane = await box.user("jane@example.com")
    held = await box.book(show, hold=HOLD_S)
    assert await box.do(commands(show, held.id, jane)[3]) == NOT_FOUND
    assert await connection.fetchval("SELECT count(*) FROM caller_locks") == 0
    done(await box.do(commands(show, held.id, 1)[3]))
    assert await connection.fetchval("SELECT array_agg(user_id) FROM caller_locks") == [1]


async def test_in_one_batch_anothers_command_does_not_stand_in_the_owners_way(box: Box) -> None:
    show = await box.show()
    jane = await box.user("jane@example.com")
    held = await box.book(show, hold=HOLD_S)
    for kind in (3, 0, 2):
        others, own = commands(show, held.id, jane)[kind], commands(show, held.id, 1)[kind]
        [refusal, outcome] = await in_one_batch(box.do(others), box.do(own))
        assert refusal == NOT_FOUND
        assert done(outcome).booking.id == held.id
    assert [event.kind for event in await box.events(show)][1:] == [
        *("held", "extended", "confirmed", "cancelled")
    ]


async def test_of_a_deleted_show_too_only_the_owners_booking_is_found(box: Box) -> None:
    show = await box.show()
    jane = await box.user("jane@example.com")
    held = await box.book(show, hold=HOLD_S)
    await box.cancel(held.id)
    await box.delete(show)
    for command in commands(show, held.id, jane):
        assert await box.do(command) == NOT_FOUND
    for command in commands(show, held.id, 1):
        assert await box.do(command) == refused("invalid_state", state="CANCELLED")


async def test_a_booking_is_read_by_its_owner(box: Box) -> None:
    show = await box.show()
    held = await box.book(show, hold=HOLD_S)
    assert (await box.reads.booking(held.id, owner_id=1)) == (await box.reads.booking(held.id))
    assert await box.reads.booking(held.id, owner_id=2) is None
