"""Many callers, several engines, few connections: no error reaches a caller, and the seats add up."""

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from boxoffice.engine.encoding import encoded_batch
from boxoffice.sql import query
from boxoffice.vocabulary.commands import BookSeats, UpdateUser
from tests.support.engine.box import ACTOR, Box, done, open_box
from tests.support.engine.databases import Connection
from tests.support.engine.races import wait_until_blocked

pytestmark = pytest.mark.both_isolations


def conflicts() -> float:
    """How many serialization errors there were so far; the store has tried all of them again."""
    sample = {"error": "SerializationError"}
    return REGISTRY.get_sample_value("boxoffice_write_retries_total", sample) or 0


@pytest.mark.parametrize("pool_max", [2, 8])
async def test_a_few_connections_serve_a_crowd(database: str, isolation: str, pool_max: int) -> None:
    async with open_box(database, isolation, pool_max=pool_max) as box:
        show = await box.show(1000)
        reads = [box.reads.show(show) for _ in range(1000)]
        bookings = [box.book(show, 2) for _ in range(300)]
        shows, booked = await asyncio.gather(asyncio.gather(*reads), asyncio.gather(*bookings))
        assert all(shows)
        assert sorted(seat for booking in booked for seat in booking.seats) == list(range(1, 601))
        assert await box.violations() == {}


async def test_two_engines_on_one_hot_show_never_fail(box: Box, isolation: str) -> None:
    show = await box.show(1000)
    before = conflicts()
    async with open_box(box.dsn, isolation) as other:

        async def buy(engine: Box) -> None:
            for _ in range(10):
                held = await engine.book(show, 2, hold=600)
                done(await engine.confirm(held.id))
                await engine.book(show)

        await asyncio.gather(*(buy(engine) for engine in (box, other) * 5))
    assert (await box.view(show)).available_seats == 1000 - 300
    assert (conflicts() > before) == (isolation == "serializable")
    assert await box.violations() == {}


async def test_a_batch_waits_for_the_one_before_and_sees_what_that_took(
    box: Box, connection: Connection, admin: Connection
) -> None:
    show = await box.show()
    first = encoded_batch([BookSeats(actor=ACTOR, show_id=show, user_id=1, seat_count=1)])
    async with connection.transaction():
        await connection.fetch(query("run_batch"), uuid4(), first, False)
        second = asyncio.create_task(box.try_book(show))
        await wait_until_blocked(admin, application_name="boxoffice")
    assert done(await second).booking.seats == [2]
    assert await box.violations() == {}


async def test_a_writer_who_met_another_tries_again(
    box: Box, isolation: str, connection: Connection, admin: Connection
) -> None:
    show = await box.show()
    before = conflicts()
    async with connection.transaction():
        await connection.execute("UPDATE show_inventory SET free_places = 9, sold_places = 1")
        booking = asyncio.create_task(box.try_book(show, 10))
        await wait_until_blocked(admin, application_name="boxoffice")
        await connection.execute("UPDATE show_inventory SET free_places = 10, sold_places = 0")
    assert done(await booking).booking.seats == list(range(1, 11))
    assert conflicts() - before == (1 if isolation == "serializable" else 0)


@pytest.mark.parametrize("error", ["serialization_failure", "deadlock_detected"])
async def test_a_conflict_is_tried_again_until_it_is_over(
    box: Box, connection: Connection, error: str
) -> None:
    show = await box.show()
    await connection.execute(
        f"""
        CREATE SEQUENCE tries;
        CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF nextval('tries') < 4 THEN RAISE {error}; END IF; RETURN NULL; END $$;
        CREATE TRIGGER conflict BEFORE INSERT ON bookings EXECUTE FUNCTION conflict();
        """
    )
    assert (await box.book(show)).seats == [1]
    assert await connection.fetchval("SELECT last_value FROM tries") == 4
    assert await box.violations() == {}


async def test_a_deadlock_does_not_reach_a_caller(
    database: str, isolation: str, connection: Connection, admin: Connection
) -> None:
    """Two transactions wait for each other. PostgreSQL ends the engine's, because it looks first."""
    lock = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"
    await connection.execute("SET deadlock_timeout = '1min'")
    await connection.execute(f"ALTER DATABASE {urlsplit(database).path[1:]} SET deadlock_timeout = '50ms'")
    async with open_box(database, isolation) as box:
        first, second = [await box.show() for _ in range(2)]
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(lock, second)
        bookings = asyncio.gather(box.book(first), box.book(second))
        await wait_until_blocked(admin, application_name="boxoffice")
        await connection.execute(lock, first)
        await transaction.rollback()
        assert [booking.seats for booking in await bookings] == [[1], [1]]
        assert await box.violations() == {}


async def test_a_user_who_is_changed_can_book_at_the_same_time(box: Box) -> None:
    show = await box.show(100)

    async def rename(no: int) -> None:
        done(await box.do(UpdateUser(actor=ACTOR, user_id=1, name=f"John {no}")))

    await asyncio.gather(*(box.book(show) for _ in range(50)), *(rename(no) for no in range(20)))
    assert (await box.view(show)).available_seats == 50


async def test_every_read_during_sales_adds_up(box: Box) -> None:
    show = await box.show(200)
    over = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not over.is_set():
            stats = await box.reads.stats(show)
            seat_map = await box.reads.seat_map(show)
            assert stats is not None
            assert seat_map is not None
            counts = (stats.available_seats, stats.held_seats, stats.sold_seats, stats.blocked_seats)
            assert sum(counts) == stats.total_seats
            looks += 1
        return looks

    async def trade(no: int) -> None:
        for _ in range(10):
            held = await box.book(show, 1 + no % 3, hold=600)
            done(await (box.cancel, box.confirm, box.fail)[no % 3](held.id))

    looking = asyncio.create_task(look())
    await asyncio.gather(*(trade(no) for no in range(15)))
    over.set()
    assert await looking > 0
    assert await box.violations() == {}
