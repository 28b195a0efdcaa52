"""A kept answer is given again only to a command that may still touch the booking that it tells of."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from boxoffice.vocabulary.commands import CancelBooking
from tests.support.engine.archiving import archived
from tests.support.engine.box import Box, done, refused, show_of
from tests.support.engine.databases import Connection

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def cancelled_by_staff(box: Box, show: int) -> CancelBooking:
    """The command with which the person ``user:2`` has cancelled a booking of user 1 as staff."""
    booking = await box.book(show)
    command = CancelBooking(
        actor="user:2", idempotency_key="k", show_id=show_of(booking.id), booking_id=booking.id, reason="rain"
    )
    done(await box.do(command))
    assert done(await box.do(command)).replayed
    return command


@pytest.mark.parametrize("closed", ["no", "deleted", "archived"])
async def test_a_person_who_lost_a_role_does_not_get_the_answers_of_that_time(box: Box, closed: str) -> None:
    show = await box.show(start=LONG_AGO)
    command = await cancelled_by_staff(box, show)
    if closed == "deleted":
        done(await box.delete(show))
    elif closed == "archived":
        await archived(box.dsn)
    assert await box.do(replace(command, owner_id=2)) == refused("booking_not_found")
    assert done(await box.do(replace(command, owner_id=1))).replayed
    assert done(await box.do(command)).replayed


async def test_a_person_does_not_get_answers_about_a_booking_that_is_another_s_by_now(
    box: Box, connection: Connection
) -> None:
    show, jane = await box.show(), await box.user("jane@example.com")
    booking = await box.book(show)
    command = CancelBooking(
        actor="user:1", idempotency_key="k", show_id=show, booking_id=booking.id, owner_id=1
    )
    done(await box.do(command))
    await connection.execute("UPDATE bookings SET user_id = $1", jane)
    assert await box.do(command) == refused("booking_not_found")


async def test_another_request_with_the_key_is_not_told_that_the_key_was_used(box: Box) -> None:
    command = await cancelled_by_staff(box, await box.show())
    assert await box.do(replace(command, owner_id=2, reason=None)) == refused("booking_not_found")
    assert await box.do(replace(command, owner_id=1, reason=None)) == refused("idempotency_key_reused")
