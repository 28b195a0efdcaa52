"""The way to the database breaks: callers get the true outcome, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from boxoffice.engine.encoding import encoded_batch
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import BookSeats, CreateShow
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable
from boxoffice.vocabulary.outcomes import BookingDone
from tests.support.engine.box import ACTOR, START, Box, done, in_one_batch, open_box, refused
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.engine.races import wait_until_blocked
from tests.support.network.proxy import Cut, Proxy, proxied

pytestmark = pytest.mark.both_isolations

LOCK = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[Proxy]:
    """The way to the test's database."""
    async with proxied(database) as opened:
        yield opened


@pytest.fixture
async def far(proxy: Proxy, isolation: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    """An engine with three shows that reaches its database through the proxy, its connections made."""
    monkeypatch.setattr(limits, "LOCK_TIMEOUT_MS", 50)
    async with open_box(proxy.dsn, isolation) as box:
        for show in [await box.show(10) for _ in range(3)]:
            await box.expire(show)
        yield box


async def nobody_waits(admin: Connection) -> bool:
    """Whether no engine waits for a lock."""
    waiting: int = await admin.fetchval(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND application_name = 'boxoffice'"
    )
    return waiting == 0


async def sold(connection: Connection) -> int:
    """How many bookings there are, of whatever kind."""
    count: int = await connection.fetchval("SELECT count(*) FROM bookings")
    return count


@pytest.mark.parametrize(
    "cuts",
    [
        [Cut.BEFORE],
        [Cut.AFTER],
        [Cut.BEFORE, Cut.AFTER],
        [Cut.AFTER, Cut.BEFORE, Cut.AFTER, Cut.AFTER],
    ],
)
async def test_a_booking_is_made_once_and_told(
    far: Box, proxy: Proxy, connection: Connection, cuts: list[Cut]
) -> None:
    proxy.cuts = list(cuts)
    booking = await far.book(1, 2)
    assert (proxy.cuts, booking.id, booking.seats) == ([], (1 << 24) + 1, [1, 2])
    assert await sold(connection) == 1
    assert await far.violations() == {}


async def test_every_command_of_a_lost_batch_gets_its_outcome(far: Box, proxy: Proxy) -> None:
    blocked, unblocked = 9, 10
    done(await far.block(1, unblocked))
    first, second, third = [await far.book(1, hold=60) for _ in range(3)]
    known = done(await far.try_book(1, key="known"))
    proxy.cuts = [Cut.AFTER]
    outcomes: list[Any] = await in_one_batch(
        far.try_book(1, 2, key="new"),
        far.try_book(1, 99),
        far.confirm(first.id),
        far.confirm(first.id),
        far.cancel(second.id, "ill"),
        far.fail(third.id),
        far.block(1, blocked),
        far.unblock(1, unblocked),
        far.resize(1, 12),
        far.try_book(1, key="known"),
        far.try_book(3),
        far.try_book(3, user=77),
        batches=2,  # the one that was lost, and what had no effect in it once more
    )
    booked, *others = outcomes
    assert done(booked).booking.seats == [2, 3]
    assert others[0] == refused("insufficient_seats", requested=99, available=7)
    assert [done(outcomes[no]).booking.status for no in (2, 4, 5)] == ["CONFIRMED", "CANCELLED", "FAILED"]
    assert outcomes[3] == refused("invalid_state", state="CONFIRMED")
    assert [done(outcomes[no]).seats for no in (6, 7)] == [[blocked], [unblocked]]
    assert done(outcomes[8]).show.total_seats == 12
    assert done(outcomes[9]).booking == known.booking
    assert done(outcomes[10]).booking.show_id == 3
    assert outcomes[11] == refused("user_not_found")
    again = done(await far.try_book(1, 2, key="new"))
    assert (again.booking, again.replayed) == (done(booked).booking, True)
    assert await far.violations() == {}


async def test_a_lost_answer_is_not_forgotten_when_a_lock_stands_in_the_way(
    far: Box, proxy: Proxy, connection: Connection, admin: Connection
) -> None:
    locker = connection.transaction()

    async def lock() -> None:
        await locker.start()
        await connection.execute(LOCK, 3)

    proxy.cuts, proxy.at_cut = [Cut.AFTER], lock
    bookings = asyncio.gather(far.try_book(1), far.try_book(3))
    await wait_until_blocked(admin, application_name="boxoffice")
    await eventually(lambda: nobody_waits(admin), "the second try gives up its wait for the lock")
    await locker.rollback()
    assert [done(outcome).booking.seats for outcome in await bookings] == [[1], [1]]
    assert await sold(connection) == 2


async def test_a_show_is_opened_once(far: Box, proxy: Proxy, connection: Connection) -> None:
    proxy.cuts = [Cut.AFTER, Cut.BEFORE]
    command = CreateShow(actor=ACTOR, name="New", start_time=START, total_seats=5)
    show = done(await far.do(command)).show
    assert await connection.fetchval("SELECT array_agg(show_id) FROM shows WHERE name = 'New'") == [show.id]


async def test_a_connection_that_is_ended_while_it_waits_is_replaced(
    box: Box, connection: Connection, admin: Connection
) -> None:
    show = await box.show()
    async with connection.transaction():
        await connection.execute(LOCK, show)
        booking = asyncio.create_task(box.book(show))
        await wait_until_blocked(admin, application_name="boxoffice")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND application_name = 'boxoffice'"
        )
        await wait_until_blocked(admin, application_name="boxoffice")  # the new one
    assert (await booking).seats == [1]
    assert await sold(connection) == 1


@pytest.mark.parametrize("budget_s", [0.0, 0.05])
async def test_a_database_that_is_gone_is_told_as_unavailable(
    far: Box, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, budget_s: float
) -> None:
    monkeypatch.setattr(limits, "WRITE_RETRY_BUDGET_S", budget_s)
    await proxy.shut()
    for fault in (
        (Unavailable, OutcomeUnknown),
        Unavailable,
    ):  # whoever finds out cannot know if he was heard
        outcomes = await asyncio.gather(far.try_book(1), far.try_book(2), far.show(), return_exceptions=True)
        assert all(isinstance(outcome, fault) for outcome in outcomes)
    with pytest.raises(Unavailable):
        await far.reads.show(1)


async def test_a_database_that_is_gone_with_the_answer_is_told_as_unknown(
    far: Box, proxy: Proxy, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITE_RETRY_BUDGET_S", 0.05)
    proxy.cuts, proxy.at_cut = [Cut.AFTER], proxy.shut
    outcomes = await asyncio.gather(far.try_book(1), far.try_book(3), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 2
    assert await sold(connection) == 2


async def test_conflicts_without_end_are_told_as_unavailable(
    far: Box, proxy: Proxy, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITE_RETRY_BUDGET_S", 0.05)
    await connection.execute(
        "CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE serialization_failure; END $$; "
        "CREATE TRIGGER conflict BEFORE INSERT ON bookings EXECUTE FUNCTION conflict()"
    )
    with pytest.raises(Unavailable):
        await far.try_book(1)
    assert await sold(connection) == 0


async def test_a_batch_that_arrives_twice_has_one_effect_and_one_answer(box: Box) -> None:
    show = await box.show()
    held = await box.book(show, hold=60)
    commands = encoded_batch(
        [BookSeats(actor=ACTOR, show_id=show, user_id=1, seat_count=count) for count in (2, 99, 1)]
    )
    batch_id = uuid4()

    async def run(*, again: bool) -> list[asyncpg.Record]:
        return await box.engine._store.write("run_batch", batch_id, commands, again)

    first, second = await run(again=False), await run(again=True)
    assert [row["code"] for row in first] == ["done", "insufficient_seats", "done"]
    assert second == [first[0], first[2]]  # the refused one is not told, and may be asked again
    await box.cancel(held.id)
    assert await run(again=True) == second
    with pytest.raises(asyncpg.UniqueViolationError):  # the first try, which was held up on its way
        await run(again=False)
    assert len(await box.events(show)) == 5
    assert await box.violations() == {}


async def test_what_the_second_try_was_refused_a_late_first_try_does_not_do(box: Box) -> None:
    show = await box.show(1)
    taken = await box.book(show)
    commands = encoded_batch([BookSeats(actor=ACTOR, show_id=show, user_id=1, seat_count=1)])
    batch_id = uuid4()

    [refusal] = await box.engine._store.write("run_batch", batch_id, commands, True)
    done(await box.cancel(taken.id))

    assert refusal["code"] == "insufficient_seats"
    with pytest.raises(asyncpg.UniqueViolationError):
        await box.engine._store.write("run_batch", batch_id, commands, False)
    assert await box.engine._store.write("run_batch", batch_id, commands, True) == []
    assert await box.free_seats(show) == [1]
    assert await box.violations() == {}


async def test_a_locked_show_is_told_as_busy_and_does_not_take_others_down(
    far: Box, connection: Connection
) -> None:
    async with connection.transaction():
        await connection.execute(LOCK, 1)
        locked, free = await asyncio.gather(far.try_book(1), far.try_book(3), return_exceptions=True)
        other = await far.try_book(2)
    assert isinstance(locked, Busy)
    assert isinstance(free, BookingDone)
    assert done(other).booking.seats == [1]
    assert (await far.book(1)).id == (1 << 24) + 1  # it had no effect


async def test_what_was_asked_is_answered_when_the_engine_stops(
    database: str, connection: Connection, admin: Connection, isolation: str
) -> None:
    async with open_box(database, isolation) as box:
        show = await box.show()
        locker = connection.transaction()
        await locker.start()
        await connection.execute(LOCK, show)
        bookings = [asyncio.create_task(box.book(show)) for _ in range(3)]
        await wait_until_blocked(admin, application_name="boxoffice")
        stopping = asyncio.create_task(box.engine.stop())
        await asyncio.sleep(0)
        await locker.rollback()
        await stopping
    assert [booking.result().seats for booking in bookings] == [[1], [2], [3]]
