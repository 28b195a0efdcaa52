"""Shows that are long over go to the archive: whole, readable as before, and closed for good."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from boxoffice.engine.encoding import encoded_batch
from boxoffice.sql import query
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import BookSeats, CancelBooking
from boxoffice.vocabulary.views import Event
from tests.support.engine.archiving import AGE, ARCHIVIST, archived, previewed
from tests.support.engine.box import ACTOR, PAGE, Box, done, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.faults import faults_in
from tests.support.engine.races import wait_until_blocked

HOT = ("bookings", "booking_seats", "show_events")
LATER_S = AGE.total_seconds() + 1


@pytest.fixture
async def old(box: Box, clock: Clock) -> int:
    """A show that is long over, with blocked seats and bookings of every kind."""
    show = await box.show(20, start=clock.now)
    await box.book(show, 2, key="sold")
    await box.cancel((await box.book(show, 3)).id, "ill")
    late = await box.book(show, seats=[20], hold=10)
    done(await box.block(show, 10, 11))
    await clock.advance(20)
    done(await box.confirm(late.id))
    await clock.advance(LATER_S)
    return show


async def rows_of(connection: Connection, show: int, tables: tuple[str, ...] = HOT) -> dict[str, int]:
    """How many rows each table has of the show."""
    counts = [
        await connection.fetchval(f"SELECT count(*) FROM {table} WHERE show_id = $1", show)  # noqa: S608 - our own names
        for table in tables
    ]
    return dict(zip(tables, counts, strict=True))


async def all_reads(box: Box, show: int) -> dict[str, Any]:
    """Everything that can be read of a show and its bookings, but for the number of its events."""
    bookings = await box.reads.bookings_of_show(show, limit=PAGE)
    assert bookings is not None
    view, stats, seat_map = await box.view(show), await box.reads.stats(show), await box.reads.seat_map(show)
    assert stats is not None
    assert seat_map is not None
    view.seq = stats.seq = seat_map.seq = 0
    export = await box.reads.export_user(1)
    assert export is not None
    return {
        "show": view,
        "stats": stats,
        "map": seat_map,
        "seats": await box.reads.seats(show, limit=PAGE),
        "bookings": bookings,
        "each": [await box.reads.booking(booking.id) for booking in bookings.items],
        "of user": await box.reads.bookings_of_user(1, limit=PAGE),
        "events": without_the_last(await box.events(show)),
        "export": (export.bookings, export.events),
        "listed": [item.id for item in (await box.reads.shows(limit=PAGE)).items],
    }


def without_the_last(events: list[Event]) -> list[Event]:
    """The events without the last, which the archive wrote."""
    return [event for event in events if event.kind != "show_archived"]


async def test_an_archived_show_reads_as_before(box: Box, connection: Connection, old: int) -> None:
    before = await all_reads(box, old)
    report = await archived(box.dsn)
    assert (report.shows, report.bookings, report.seats, report.events) == (1, 4, 5, 9)
    assert await rows_of(connection, old) == dict.fromkeys(HOT, 0)
    assert await all_reads(box, old) == before
    last = (await box.events(old))[-1]
    assert (last.seq, last.kind, last.actor) == (9, "show_archived", ARCHIVIST)
    assert (await box.view(old)).seq == 9
    assert await box.violations() == {}
    assert (await archived(box.dsn)).shows == 0


@pytest.mark.both_isolations
async def test_every_step_of_the_move_reads_as_before(
    box: Box, connection: Connection, old: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is broken off at any step changes no read, and the next run goes on."""
    before, steps, more = await all_reads(box, old), 0, True
    while more:
        row = await connection.fetchrow(query("archive_show"), old, AGE, ARCHIVIST, 2)
        assert row is not None
        more, steps = row["more"], steps + 1
        assert await all_reads(box, old) == before
        assert await box.violations() == {}
        assert await box.try_book(old) == refused("show_archived")
        if steps == 4:
            break
    rest = sum((await rows_of(connection, old)).values())
    assert rest == 18 - 2 * 4
    monkeypatch.setattr(limits, "ARCHIVE_ROWS_MAX", 3)
    report = await archived(box.dsn)
    assert (report.shows, report.bookings + report.seats + report.events) == (1, rest)
    assert await rows_of(connection, old) == dict.fromkeys(HOT, 0)
    assert await all_reads(box, old) == before


async def test_pages_go_through_what_is_there_and_what_is_archived(
    box: Box, connection: Connection, old: int
) -> None:
    show = await box.show()
    live = [(await box.book(show)).id for _ in range(2)]
    await archived(box.dsn)
    pages, place = [], None
    while page := await box.reads.bookings_of_user(1, after=place, limit=1):
        pages += page.items
        if not page.more:
            break
        place = page.items[-1].created_at, page.items[-1].id
    numbers = [old << 24 | number for number in (4, 3, 2, 1)]
    assert sorted(booking.id for booking in pages) == sorted([*live, *numbers])
    assert [(b.created_at, b.id) for b in pages] == sorted(
        ((b.created_at, b.id) for b in pages), reverse=True
    )
    assert await rows_of(connection, show) == {"bookings": 2, "booking_seats": 2, "show_events": 3}


async def test_nothing_of_an_archived_show_can_be_changed(box: Box, old: int) -> None:
    await archived(box.dsn)
    before = await box.events(old)
    sold = old << 24 | 1
    closed = refused("show_archived")
    assert await box.try_book(old) == closed
    assert await box.block(old, 1) == closed
    assert await box.unblock(old, 10) == closed
    assert await box.resize(old, 30) == closed
    assert await box.delete(old) == closed
    assert await box.confirm(sold) == closed
    assert await box.fail(sold) == closed
    assert await box.cancel(sold) == closed
    assert await box.cancel(old << 24 | 9) == refused("booking_not_found")
    others = CancelBooking(actor="user:2", owner_id=2, show_id=old, booking_id=sold)
    assert await box.do(others) == refused("booking_not_found")
    assert await box.events(old) == before


async def test_a_known_key_gets_its_first_answer_from_an_archived_show(box: Box, old: int) -> None:
    await archived(box.dsn)
    again = done(await box.try_book(old, 2, key="sold"))
    assert (again.replayed, again.booking.id) == (True, old << 24 | 1)


async def test_a_deleted_show_is_archived_and_stays_deleted(box: Box, clock: Clock) -> None:
    show = await box.show(start=clock.now)
    booking = await box.book(show)
    await box.cancel(booking.id)
    done(await box.delete(show))
    await clock.advance(LATER_S)
    assert (await archived(box.dsn)).shows == 1
    assert await box.try_book(show) == refused("show_not_found")
    assert await box.cancel(booking.id) == refused("show_archived")
    assert await box.reads.show(show) is None
    kept = await box.reads.booking(booking.id)
    assert kept is not None
    assert kept.status == "CANCELLED"


async def test_what_is_not_over_for_long_stays(box: Box, clock: Clock, connection: Connection) -> None:
    start = clock.now
    ahead = await box.show(start=start + AGE * 2)
    touched, held, over = [await box.show(start=start) for _ in range(3)]
    changed_later = await box.book(touched)
    await box.book(held, hold=10)
    await clock.set(start + AGE)
    assert (await archived(box.dsn)).shows == 0  # exactly so old is not older
    await box.cancel(changed_later.id)
    await clock.advance(1)
    report = await archived(box.dsn)
    assert (report.shows, report.left) == (1, Counter(changed_lately=1, has_holds=1))
    assert (await rows_of(connection, over))["show_events"] == 0
    for show in (ahead, touched, held):
        assert (await rows_of(connection, show))["show_events"] > 0
    await box.expire(held)
    await clock.advance(LATER_S)
    assert (await archived(box.dsn)).shows == 2
    assert (await rows_of(connection, ahead))["show_events"] == 1
    assert await box.violations() == {}


async def test_a_dry_run_says_what_a_run_would_do_and_does_nothing(
    box: Box, connection: Connection, clock: Clock, old: int
) -> None:
    lately = await box.show(start=clock.now - AGE * 2)
    before = [await rows_of(connection, show) for show in (old, lately)]
    told = await previewed(box.dsn)
    assert [await rows_of(connection, show) for show in (old, lately)] == before
    assert done(await box.try_book(old)).booking.seats
    await box.cancel(old << 24 | 5)
    assert (told.shows, told.bookings, told.seats, told.events) == (1, 4, 5, 8)
    assert told.left == Counter(changed_lately=1)


@pytest.mark.both_isolations
@pytest.mark.parametrize("point", ["before_closed", "between_archived_kinds"])
async def test_a_fault_in_the_middle_leaves_nothing_half_moved(
    box: Box, connection: Connection, old: int, point: str
) -> None:
    faults = await faults_in(connection)
    before = await rows_of(connection, old)
    await faults.arm(point, "XX000")
    with pytest.raises(asyncpg.InternalServerError):
        await archived(box.dsn)
    assert await rows_of(connection, old) == before
    await faults.arm(point, "40001")  # a conflict is tried again
    report = await archived(box.dsn)
    await faults.disarm()
    assert (report.shows, report.bookings) == (1, 4)
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_a_locked_show_is_left_to_the_next_run(
    box: Box, connection: Connection, clock: Clock, old: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await box.show(start=clock.now)
    await clock.advance(LATER_S)
    with monkeypatch.context() as patched:
        patched.setattr(limits, "LOCK_TIMEOUT_MS", 50)
        async with connection.transaction():
            await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", old)
            report = await archived(box.dsn)
    assert (report.shows, report.left) == (1, Counter(locked=1))
    assert (await rows_of(connection, other))["show_events"] == 0
    assert (await archived(box.dsn)).shows == 1


@pytest.mark.both_isolations
async def test_a_sale_that_waits_for_the_archive_is_refused(
    box: Box, connection: Connection, admin: Connection, old: int
) -> None:
    async with connection.transaction():
        await connection.fetchrow(query("archive_show"), old, AGE, ARCHIVIST, 1)
        sale = asyncio.create_task(box.try_book(old))
        await wait_until_blocked(admin, application_name="boxoffice")
    assert await sale == refused("show_archived")
    await archived(box.dsn)
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_the_archive_that_waits_for_a_sale_leaves_the_show(
    box: Box, connection: Connection, admin: Connection, old: int
) -> None:
    async with connection.transaction():
        await connection.execute(
            query("run_batch"),
            uuid4(),
            encoded_batch([BookSeats(actor="shop", show_id=old, user_id=1, seat_count=1)]),
            False,
        )
        archiving = asyncio.create_task(archived(box.dsn))
        await wait_until_blocked(admin, application_name="boxoffice")
    report = await archiving
    assert (report.shows, report.left) == (0, Counter(changed_lately=1))
    assert (await rows_of(connection, old))["bookings"] == 5


@pytest.mark.both_isolations
async def test_two_archives_take_turns(
    box: Box, connection: Connection, clock: Clock, old: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_ROWS_MAX", 3)
    others = [await box.show(start=clock.now) for _ in range(3)]
    for show in others:
        await asyncio.gather(*(box.book(show) for _ in range(5)))
    await clock.advance(LATER_S)
    reports = await asyncio.gather(archived(box.dsn), archived(box.dsn))
    assert sum(report.bookings for report in reports) == 4 + 3 * 5
    for show in (old, *others):
        assert await rows_of(connection, show) == dict.fromkeys(HOT, 0)
        assert [event.kind for event in await box.events(show)].count("show_archived") == 1
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_a_row_that_is_changed_meanwhile_is_archived_as_changed(
    box: Box, connection: Connection, admin: Connection, old: int
) -> None:
    """The erased person has acted for other users. Such an erasure does not take the show's lock."""
    await connection.execute("UPDATE show_events SET origin = '192.0.2.77'")
    async with connection.transaction():
        await connection.execute("UPDATE show_events SET origin = NULL")
        archiving = asyncio.create_task(archived(box.dsn))
        await wait_until_blocked(admin, application_name="boxoffice")
    await archiving
    assert await connection.fetchval("SELECT count(*) FROM archived_events WHERE origin IS NOT NULL") == 0


async def test_many_shows_are_looked_through_page_by_page(
    box: Box, clock: Clock, old: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old
    monkeypatch.setattr(limits, "ARCHIVE_PAGE_SHOWS", 2)
    for no in range(4):
        await box.show(start=clock.now + timedelta(seconds=no // 2))
    await clock.advance(LATER_S + 2)
    assert (await archived(box.dsn)).shows == 5


async def test_verify_sees_what_is_wrong_in_the_archive(box: Box, connection: Connection, old: int) -> None:
    assert old
    await archived(box.dsn)
    for corruption, checks in (
        (
            "UPDATE archived_events SET places = '{7}' WHERE kind = 'booked'",
            {"events are chained", "events replay"},
        ),
        ("DELETE FROM archived_events WHERE seq = 9", {"events are chained", "events have no gap"}),
        ("UPDATE archived_bookings SET status = 'FAILED' WHERE status = 'CANCELLED'", {"bookings end once"}),
    ):
        await connection.execute(corruption)
        assert checks <= set(await box.violations()), corruption


async def test_pages_of_a_user_are_read_from_the_ends_of_two_indexes(
    box: Box, connection: Connection, old: int
) -> None:
    """A page reads as many rows as it shows, however many rows are archived."""
    assert old
    await archived(box.dsn)
    await connection.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
    plan = await connection.fetch("EXPLAIN " + query("bookings_of_user"), 1, None, None, None, 10)
    text = "\n".join(row[0] for row in plan)
    assert "Merge Append" in text
    assert "bookings_of_user" in text
    assert "archived_bookings_of_user" in text
    assert "Sort" not in text.replace("Sort Key", "")


async def test_actor_of_the_archive_is_kept(box: Box, old: int) -> None:
    await archived(box.dsn)
    assert Counter(event.actor for event in await box.events(old)) == {ACTOR: 7, "engine": 1, ARCHIVIST: 1}
