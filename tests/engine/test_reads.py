"""Reads are complete, in order, page by page, and exact with ``consistent``."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from boxoffice.engine.reads import Page
from boxoffice.vocabulary.views import BookingStatus, Seat, SeatMap, SeatState
from tests.support.engine.box import PAGE, START, Box, done
from tests.support.engine.clock import Clock

T = TypeVar("T")


async def all_pages(
    read: Callable[..., Awaitable[Page[T] | None]], place_of: Callable[[T], Any], limit: int = 2
) -> list[T]:
    """All items, read in pages of ``limit``."""
    items: list[T] = []
    more = True
    while more:
        after = {"after": place_of(items[-1])} if items else {}
        page = await read(**after, limit=limit)
        assert page is not None
        assert page.items
        assert len(page.items) == limit or not page.more
        items += page.items
        more = page.more
    return items


async def test_nothing_is_there(box: Box) -> None:
    reads = box.reads
    assert [
        await reads.show(9),
        await reads.seat_map(9),
        await reads.stats(9, consistent=True),
        await reads.seats(9, limit=1),
        await reads.user(9),
        await reads.booking(9),
        await reads.booking((9 << 24) + 1),
        await reads.bookings_of_user(9, limit=1),
        await reads.bookings_of_show(9, limit=1),
        await reads.changes(9, limit=1),
    ] == [None] * 10
    assert await reads.shows(limit=5) == Page([], more=False)


async def test_a_show_in_figures(box: Box) -> None:
    show = await box.show(10)
    await box.book(show, 3)
    await box.book(show, 2, hold=60)
    done(await box.cancel((await box.book(show)).id))
    done(await box.block(show, 9, 10))
    stats = await box.reads.stats(show)
    assert stats is not None
    seats = (
        stats.total_seats,
        stats.available_seats,
        stats.held_seats,
        stats.sold_seats,
        stats.blocked_seats,
    )
    assert seats == (10, 3, 2, 3, 2)
    assert (stats.occupancy, stats.seq, stats.show_name) == (0.625, 6, "Movie")
    assert stats.bookings == {
        BookingStatus.PENDING: 1,
        BookingStatus.CONFIRMED: 1,
        BookingStatus.FAILED: 0,
        BookingStatus.EXPIRED: 0,
        BookingStatus.CANCELLED: 1,
    }


async def test_a_wholly_blocked_show_is_not_occupied(box: Box) -> None:
    show = await box.show(2)
    done(await box.block(show, 1, 2))
    stats = await box.reads.stats(show)
    assert stats is not None
    assert stats.occupancy == 0


async def test_the_seat_map_has_one_character_a_seat(box: Box) -> None:
    show = await box.show(4100)
    await box.book(show, seats=[1, 4096, 4097])
    taken = "1" + "0" * 4094 + "11" + "000"
    assert await box.reads.seat_map(show) == SeatMap(show, 2, len(taken), taken)


async def test_seats_are_listed_with_who_has_them(box: Box) -> None:
    show = await box.show(6)
    sold = await box.book(show, 2)
    held = await box.book(show, hold=60)
    done(await box.block(show, 6))
    seats = await all_pages(
        lambda **place: box.reads.seats(show, **place), lambda seat: seat.seat_number, limit=4
    )
    john = (1, "John Doe")
    assert seats == [
        Seat(1, SeatState.SOLD, sold.id, *john, None, None),
        Seat(2, SeatState.SOLD, sold.id, *john, None, None),
        Seat(3, SeatState.HELD, held.id, *john, held.expires_at, None),
        Seat(4, SeatState.FREE, None, None, None, None, None),
        Seat(5, SeatState.FREE, None, None, None, None, None),
        Seat(6, SeatState.BLOCKED, None, None, None, None, "wheelchairs"),
    ]
    for state in SeatState:
        page = await box.reads.seats(show, state=state, limit=PAGE)
        assert page == Page([seat for seat in seats if seat.state is state], more=False)


@pytest.mark.parametrize("written", ["TH\u00c9\u00c2", "the\u0301a\u0302", "\uff34\uff28e\u0301"], ids=ascii)
async def test_a_show_is_found_in_any_case_and_form_of_its_name(box: Box, written: str) -> None:
    show = await box.show(name="Grand Th\u00e9a\u0302tre")
    await box.show(name="Theatre")
    assert [found.id for found in (await box.reads.shows(text=written, limit=PAGE)).items] == [show]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Große Straße", "STRASSE"),
        ("GROSSE STRASSE", "stra\u00dfe"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("Οδυσσεύς", "ΣΕΎΣ"),
    ],
    ids=ascii,
)
async def test_a_letter_that_has_two_cases_of_its_own_is_found_in_each(
    box: Box, name: str, written: str
) -> None:
    show = await box.show(name=name)
    assert [found.id for found in (await box.reads.shows(text=written, limit=PAGE)).items] == [show]


async def test_shows_are_listed_by_start_and_filtered(box: Box) -> None:
    days = [2, 0, 1, 1, 3]
    ids = [
        await box.show(1, name=f"Show {no}%_\\", start=START + timedelta(days=day))
        for no, day in enumerate(days)
    ]
    order = [ids[no] for no in (1, 2, 3, 0, 4)]
    shows = await all_pages(box.reads.shows, lambda show: (show.start_time, show.id))
    assert [show.id for show in shows] == order

    async def found(**filters: Any) -> list[int]:
        return [show.id for show in (await box.reads.shows(**filters, limit=PAGE)).items]

    assert (
        await found(starts_from=START + timedelta(days=1), starts_to=START + timedelta(days=2)) == order[1:3]
    )
    assert await found(text="sHOW 3") == [ids[3]]
    assert await found(text="3%_\\") == [ids[3]]
    assert await found(text="%") == order
    assert await found(text="w%3") == []
    assert await found(show_type="show") == order
    assert await found(show_type="bus") == []
    await box.book(ids[0])
    done(await box.delete(ids[1]))
    assert await found(only_free=True) == [ids[2], ids[3], ids[4]]
    assert await found() == order[1:]


async def test_users_are_listed_by_id(box: Box) -> None:
    ids = [1] + [await box.user(f"user{no}@example.com", f"User {no}") for no in range(4)]
    users = await all_pages(box.reads.users, lambda user: user.id)
    assert [user.id for user in users] == ids
    assert await box.reads.user(ids[1]) == users[1]
    assert (users[1].name, users[1].email) == ("User 0", "user0@example.com")


async def test_bookings_are_listed_newest_first(box: Box, clock: Clock) -> None:
    first, second = await box.show(), await box.show()
    ids = []
    for show in (second, first, second, first, second):
        ids.append((await box.book(show, hold=600)).id)
        await clock.advance(1)
    done(await box.confirm(ids[0]))
    of_user = await all_pages(
        lambda **place: box.reads.bookings_of_user(1, **place),
        lambda booking: (booking.created_at, booking.id),
    )
    assert [booking.id for booking in of_user] == ids[::-1]
    of_show = await all_pages(
        lambda **place: box.reads.bookings_of_show(second, **place), lambda booking: booking.id
    )
    assert [booking.id for booking in of_show] == ids[4::-2]
    for status, expected in ((BookingStatus.PENDING, ids[4:0:-1]), (BookingStatus.CONFIRMED, ids[:1])):
        page = await box.reads.bookings_of_user(1, status=status, limit=PAGE)
        assert page is not None
        assert [booking.id for booking in page.items] == expected
    page = await box.reads.bookings_of_show(first, status=BookingStatus.CONFIRMED, limit=PAGE)
    assert page == Page([], more=False)
    assert await box.reads.bookings_of_user(await box.user("new@example.com"), limit=1) == Page(
        [], more=False
    )


async def test_bookings_of_one_moment_are_all_listed(box: Box, clock: Clock) -> None:
    show = await box.show()
    ids = [(await box.book(show)).id for _ in range(5)]
    bookings = await all_pages(
        lambda **place: box.reads.bookings_of_user(1, **place),
        lambda booking: (booking.created_at, booking.id),
    )
    assert [booking.id for booking in bookings] == ids[::-1]


async def test_a_booking_is_told_with_what_it_joins(box: Box) -> None:
    show = await box.show(name="Mahler 5")
    booking = await box.book(show, 2)
    details = await box.reads.booking(booking.id)
    assert details is not None
    assert (details.show_name, details.user) == ("Mahler 5", await box.reads.user(1))
    assert (details.id, details.seats, details.status) == (booking.id, [1, 2], "CONFIRMED")


async def test_changes_are_read_in_pages_also_of_a_deleted_show(box: Box) -> None:
    show = await box.show()
    for _ in range(2):
        done(await box.cancel((await box.book(show)).id))
    done(await box.delete(show))
    events = await all_pages(lambda **place: box.reads.changes(show, **place), lambda event: event.seq)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert await box.reads.changes(show, after=6, limit=1) == Page([], more=False)
    page = await box.reads.bookings_of_show(show, limit=PAGE)
    assert page is not None
    assert len(page.items) == 2
    assert [await box.reads.seat_map(show), await box.reads.seats(show, limit=1)] == [None, None]


async def test_a_consistent_read_is_exact_while_nobody_sweeps(box: Box, clock: Clock) -> None:
    show = await box.show()
    await box.book(show, 3, hold=60)
    await clock.advance(60)
    assert (await box.view(show)).available_seats == 7
    exact = await box.reads.show(show, consistent=True)
    assert exact is not None
    assert (exact.available_seats, exact.seq) == (10, 3)
    again = await box.reads.stats(show, consistent=True)
    assert again is not None
    assert (again.held_seats, again.seq) == (0, 3)


async def test_a_consistent_read_of_a_show_without_due_holds_writes_nothing(box: Box, clock: Clock) -> None:
    show = await box.show()
    await box.book(show, hold=60)
    await clock.advance(59)
    seat_map = await box.reads.seat_map(show, consistent=True)
    assert seat_map is not None
    assert (seat_map.seq, seat_map.taken[0]) == (2, "1")
