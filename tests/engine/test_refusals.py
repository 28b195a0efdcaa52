"""Each refusal has its code and the documented details, and changes nothing."""

from typing import Any

from boxoffice.vocabulary.commands import Command, DeleteShow, UpdateShow, UpdateUser
from tests.support.engine.box import ACTOR, Box, done, refused
from tests.support.engine.databases import Connection

NOWHERE = 99
"""A show that does not exist."""


async def test_too_few_seats(box: Box) -> None:
    show = await box.show(5)
    await box.book(show, 3)
    assert await box.try_book(show, 3) == refused("insufficient_seats", requested=3, available=2)


async def test_explicit_seats_are_had_all_or_none(box: Box) -> None:
    show = await box.show(10)
    assert (await box.book(show, seats=[7, 4])).seats == [4, 7]
    assert await box.try_book(show, seats=[3, 4, 5, 7]) == refused("seats_taken", seats=[4, 7], available=8)
    assert await box.block(show, 3, 4) == refused("seats_taken", seats=[4], available=8)
    assert await box.free_seats(show) == [1, 2, 3, 5, 6, 8, 9, 10]


async def test_seats_outside_the_show(box: Box) -> None:
    show = await box.show(5)
    wrong = refused("seats_outside_show", seats=[0, 6], total_seats=5)
    assert await box.try_book(show, seats=[5, 6, 0]) == wrong
    assert await box.block(show, 6, 1, 0) == wrong


async def test_an_unknown_user_is_told_before_the_seats(box: Box) -> None:
    show = await box.show(5)
    assert await box.try_book(show, 9, user=77) == refused("user_not_found")
    assert await box.try_book(show, seats=[9], user=77) == refused("user_not_found")
    assert await box.do(UpdateUser(actor=ACTOR, user_id=77, name="X")) == refused("user_not_found")


async def test_an_unknown_show_is_told_before_the_user(box: Box) -> None:
    assert await box.try_book(NOWHERE, user=77) == refused("show_not_found")
    for outcome in (
        await box.block(NOWHERE, 1),
        await box.unblock(NOWHERE, 1),
        await box.resize(NOWHERE, 5, seq=7),
        await box.delete(NOWHERE, seq=7),
    ):
        assert outcome == refused("show_not_found")


async def test_an_unknown_booking(box: Box) -> None:
    show, other = await box.show(), await box.show()
    elsewhere = await box.book(other)
    for booking_id in ((show << 24) + 7, (NOWHERE << 24) + 1):
        assert await box.confirm(booking_id) == refused("booking_not_found")
        assert await box.cancel(booking_id) == refused("booking_not_found")
        assert await box.fail(booking_id) == refused("booking_not_found")
    assert await box.cancel(elsewhere.id + (1 << 24)) == refused("booking_not_found")


async def test_another_version_is_told_with_the_current_one(box: Box) -> None:
    show = await box.show()
    await box.book(show)
    assert await box.resize(show, 5, seq=1) == refused("version_mismatch", seq=2)
    assert await box.delete(show, seq=1) == refused("version_mismatch", seq=2)  # before the bookings
    assert done(await box.resize(show, 5, seq=2)).show.seq == 3


async def test_seats_that_are_not_blocked(box: Box) -> None:
    show = await box.show()
    await box.book(show)
    done(await box.block(show, 5, 6))
    assert await box.unblock(show, 1, 5, 7) == refused("seats_not_blocked", seats=[1, 7])
    assert await box.free_seats(show) == [2, 3, 4, 7, 8, 9, 10]


async def test_a_show_with_active_bookings_is_not_deleted(box: Box) -> None:
    show = await box.show()
    await box.book(show, 2)
    held = await box.book(show, hold=60)
    await box.cancel((await box.book(show)).id)
    assert await box.delete(show) == refused("active_bookings", count=2)
    await box.cancel(held.id)
    assert await box.delete(show) == refused("active_bookings", count=1)


async def test_seats_in_use_are_not_taken_away(box: Box) -> None:
    show = await box.show(10)
    await box.book(show, seats=[7])
    await box.book(show, seats=[8], hold=60)
    done(await box.block(show, 9))
    assert await box.resize(show, 7) == refused("seats_in_use", seats=[8, 9])
    assert (await box.view(show)).total_seats == 10


async def test_the_booking_numbers_of_a_show_can_be_used_up(box: Box, connection: Connection) -> None:
    show = await box.show()
    await connection.execute("UPDATE show_inventory SET last_booking_number = 16777214")
    assert (await box.book(show)).id == (show << 24) + 16777215
    assert await box.try_book(show) == refused("booking_numbers_used_up")
    assert await box.try_book(show, 100) == refused("insufficient_seats", requested=100, available=9)
    done(await box.block(show, 10))


async def test_a_deleted_show_is_gone_but_its_bookings_are_told_apart(box: Box) -> None:
    show = await box.show()
    ended = await box.book(show)
    done(await box.cancel(ended.id))
    done(await box.delete(show))
    outcomes = [
        await box.try_book(show),
        await box.block(show, 1),
        await box.unblock(show, 1),
        await box.resize(show, 5),
        await box.delete(show),
    ]
    assert outcomes == [refused("show_not_found")] * 5
    assert await box.cancel(ended.id) == refused("invalid_state", state="CANCELLED")
    assert await box.cancel(ended.id + 1) == refused("booking_not_found")


async def test_a_refusal_leaves_no_trace(box: Box) -> None:
    show = await box.show(3)
    before = await box.view(show)
    commands: list[Command[Any]] = [
        DeleteShow(actor=ACTOR, show_id=show, expected_seqs=(9, 11)),
        UpdateShow(actor=ACTOR, show_id=show, name="New", expected_seqs=()),
    ]
    for command in commands:
        await box.do(command)
    await box.try_book(show, 4)
    await box.try_book(show, seats=[3, 4])
    await box.unblock(show, 1)
    assert await box.view(show) == before
    assert await box.violations() == {}
