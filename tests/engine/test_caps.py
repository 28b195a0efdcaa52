"""Caps bound what a user has at once, also when commands come at the same time."""

import asyncio
from urllib.parse import urlsplit

import pytest

from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from tests.support.engine.box import ACTOR, Box, done, in_one_batch, open_box, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.engine.limited import book_capped, caps, extend
from tests.support.engine.races import wait_until_blocked

pytestmark = pytest.mark.both_isolations

HOLD_S = 600

MOST_AT_ONCE = """
    SELECT max(active) FROM (
        SELECT sum(change) OVER (PARTITION BY user_id ORDER BY at, change) AS active
        FROM (
            SELECT user_id, created_at AS at, 1 AS change FROM bookings WHERE expires_at IS NOT NULL
            UNION ALL
            SELECT user_id, updated_at, -1 FROM bookings WHERE status = 'CANCELLED'
        ) AS changes
    ) AS counts
"""
"""The largest number of holds that a user had at any time. A cancelled hold counts until it was cancelled."""


FULL = 2_000
"""Holds of a show that a query must not read as a whole. Half of them have run out."""

FILL = """
    WITH made AS (
        INSERT INTO users (name, email, created_at, updated_at)
        SELECT 'Jane', format('jane%s@example.com', n), now(), now() FROM generate_series(1, $2) AS n
        RETURNING user_id
    )
    INSERT INTO bookings
        (show_id, booking_id, user_id, status, places, expires_at, created_at, updated_at, capped)
    SELECT $1::bigint, $1::bigint << 24 | 16777215 - user_id, user_id,
           CASE user_id % 2 WHEN 0 THEN 'PENDING' ELSE 'EXPIRED' END, '{1}',
           now() + (1 - user_id % 2) * interval '1 hour', now(), now(), true
    FROM made
"""

READS = """
    SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes
    WHERE relname = 'bookings' AND idx_tup_read > 0
"""

SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'boxoffice'
"""

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def booked(outcomes: list[BookingDone | Refused]) -> int:
    """How many of the outcomes are bookings."""
    return sum(isinstance(outcome, BookingDone) for outcome in outcomes)


async def test_active_holds_in_a_show_are_bounded(box: Box, clock: Clock) -> None:
    show, other = [await box.show() for _ in range(2)]
    limits = caps(holds_per_show=2)
    first = done(await book_capped(box, show, limits)).booking
    done(await book_capped(box, show, limits))
    await box.book(show, hold=HOLD_S)  # a hold that staff made for a user does not count
    too_many = refused("too_many_holds", limit=2, active=2, scope="show")
    assert await book_capped(box, show, limits) == too_many
    done(await book_capped(box, show, limits, hold=None))
    done(await book_capped(box, other, limits))
    done(await book_capped(box, show, limits, user=await box.user("jane@example.com")))
    done(await box.confirm(first.id))
    done(await book_capped(box, show, limits))
    assert await book_capped(box, show, limits) == too_many
    await clock.advance(HOLD_S)
    done(await book_capped(box, show, limits))


async def test_active_holds_in_all_shows_are_bounded(box: Box, clock: Clock) -> None:
    shows = [await box.show() for _ in range(12)]
    limits = caps(holds=10)
    for show in shows[:10]:
        done(await book_capped(box, show, limits))
    too_many = refused("too_many_holds", limit=10, active=10, scope="all")
    assert await book_capped(box, shows[10], limits) == too_many
    assert await book_capped(box, shows[0], limits) == too_many
    [page] = [await box.reads.bookings_of_user(1, limit=100)]
    assert page is not None
    done(await box.cancel(page.items[0].id))
    done(await book_capped(box, shows[11], limits))
    assert await book_capped(box, shows[10], limits) == too_many
    await clock.advance(HOLD_S)
    done(await book_capped(box, shows[10], limits))
    assert await box.violations() == {}


async def test_shows_without_a_hold_are_forgotten(box: Box, clock: Clock, connection: Connection) -> None:
    for _ in range(12):
        show = await box.show()
        done(await book_capped(box, show, caps()))
        await clock.advance(HOLD_S)
        await box.expire(show)
    assert await connection.fetchval("SELECT cardinality(show_ids) FROM caller_locks") <= 9


async def test_active_bookings_in_a_show_are_bounded(box: Box) -> None:
    show, other = [await box.show() for _ in range(2)]
    limits = caps(bookings_per_show=3)
    done(await book_capped(box, show, limits, hold=None))
    done(await book_capped(box, show, limits, hold=None))
    await box.book(show)  # a sale that staff made to a user does not count
    sold = done(await book_capped(box, show, limits)).booking
    too_many = refused("too_many_bookings", limit=3, active=3)
    assert await book_capped(box, show, limits) == too_many
    assert await book_capped(box, show, limits, hold=None) == too_many
    done(await book_capped(box, other, limits, hold=None))
    done(await box.confirm(sold.id))
    assert await book_capped(box, show, limits) == too_many
    await box.cancel(sold.id)
    done(await book_capped(box, show, limits, hold=None))


async def test_a_seat_that_was_taken_again_for_a_late_confirm_counts(box: Box, clock: Clock) -> None:
    show = await box.show()
    limits = caps(bookings_per_show=1)
    held = done(await book_capped(box, show, limits)).booking
    await clock.advance(HOLD_S)
    [retaken, refusal] = await in_one_batch(box.confirm(held.id), book_capped(box, show, limits))
    assert done(retaken).booking.retaken_from == held.id
    assert refusal == refused("too_many_bookings", limit=1, active=1)


async def test_earlier_commands_of_a_batch_count(box: Box) -> None:
    first, second = [await box.show() for _ in range(2)]
    jane = await box.user("jane@example.com")
    limits = caps(holds=3, holds_per_show=2)
    outcomes = await in_one_batch(
        *(book_capped(box, first, limits) for _ in range(3)),
        *(book_capped(box, first, limits, user=jane) for _ in range(2)),
        *(book_capped(box, second, limits) for _ in range(2)),
    )
    assert [outcome.code if isinstance(outcome, Refused) else "done" for outcome in outcomes] == [
        *("done", "done", "too_many_holds"),
        *("done", "done"),
        *("done", "too_many_holds"),
    ]
    assert await book_capped(box, second, limits) == refused("too_many_holds", limit=3, active=3, scope="all")


@pytest.mark.parametrize("shows", [1, 3])
async def test_fifty_rivals_of_two_engines_never_pass_the_cap(
    box: Box, isolation: str, shows: int, connection: Connection
) -> None:
    limits = caps(holds=3)
    ids = [await box.show(100) for _ in range(shows)]

    kept: set[int] = set()  # holds that a client was told of and has not given back

    async def grab(engine: Box, no: int) -> int:
        made = 0
        for step in range(3):
            outcome = await book_capped(engine, ids[(no + step) % shows], limits)
            if isinstance(outcome, BookingDone):
                made += 1
                kept.add(outcome.booking.id)
                await asyncio.sleep(0)  # lets others be told
                assert len(kept) <= 3
                if step < 2:
                    kept.remove(outcome.booking.id)
                    done(await engine.cancel(outcome.booking.id))
        return made

    async with open_box(box.dsn, isolation, pool_max=8) as other:
        made = await asyncio.gather(*(grab((box, other)[no % 2], no) for no in range(50)))
    assert sum(made) >= 3
    if isolation == "serializable":  # else a hold may be counted by a snapshot that is younger than its time
        assert await connection.fetchval(MOST_AT_ONCE) <= 3
    assert await connection.fetchval("SELECT count(*) FROM bookings WHERE status = 'PENDING'") <= 3
    assert await box.violations() == {}


async def test_of_two_rivals_in_two_shows_the_later_counts_the_first(
    box: Box, isolation: str, connection: Connection, admin: Connection
) -> None:
    """The first has the user's lock and waits for its show. The second must wait, and then count again."""
    first, second = [await box.show() for _ in range(2)]
    limits = caps(holds=1)
    done(await book_capped(box, second, limits, user=1, hold=None))  # the user's row is there
    async with open_box(box.dsn, isolation) as other:
        async with connection.transaction():
            await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", first)
            one = asyncio.create_task(book_capped(box, first, limits))
            await wait_until_blocked(admin, application_name="boxoffice")
            two = asyncio.create_task(book_capped(other, second, limits))
            await wait_until_blocked(admin, application_name="boxoffice", count=2)
        assert booked([await one, await two]) == 1
    assert await two == refused("too_many_holds", limit=1, active=1, scope="all")


async def test_an_extension_that_is_under_way_counts_as_a_hold(
    box: Box, isolation: str, clock: Clock, connection: Connection, admin: Connection
) -> None:
    """The hold seems to have run out to a batch of another show, until the extension is committed."""
    first, second = [await box.show() for _ in range(2)]
    limits = caps(holds=1)
    held = done(await book_capped(box, first, limits, hold=60)).booking
    await connection.execute(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
        CREATE TRIGGER wait AFTER UPDATE ON bookings EXECUTE FUNCTION wait();
        """
    )
    async with open_box(box.dsn, isolation) as other:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
            extending = asyncio.create_task(extend(box, held.id, HOLD_S))
            await wait_until_blocked(admin, application_name="boxoffice")
            async with connected(box.dsn) as apart:
                await Clock(apart, clock.now).advance(60)
            booking = asyncio.create_task(book_capped(other, second, limits))
            await wait_until_blocked(admin, application_name="boxoffice", count=2)
        assert done(await extending).booking.status == "PENDING"
        assert await booking == refused("too_many_holds", limit=1, active=1, scope="all")


async def test_users_are_locked_in_the_order_of_their_ids_and_before_shows(
    box: Box, connection: Connection, admin: Connection
) -> None:
    """A batch that waits for the lock of its first user has locked nothing yet."""
    show = await box.show()
    jane = await box.user("jane@example.com")
    for user in (1, jane):
        done(await book_capped(box, show, caps(), user=user))
    async with connection.transaction():
        await connection.execute("UPDATE caller_locks SET show_ids = show_ids WHERE user_id = 1")
        bookings = [
            asyncio.create_task(book_capped(box, show, caps(), user=user)) for user in (jane, jane, 1, jane)
        ]
        await wait_until_blocked(admin, application_name="boxoffice")
        await connection.execute("SELECT FROM caller_locks WHERE user_id = $1 FOR UPDATE NOWAIT", jane)
        await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE NOWAIT", show)
    assert booked(await asyncio.gather(*bookings)) == 4


async def test_batches_with_the_same_users_and_shows_do_not_deadlock(
    database: str, isolation: str, connection: Connection
) -> None:
    # PostgreSQL must find a deadlock before the engine's wait for a lock times out.
    await connection.execute(f"ALTER DATABASE {urlsplit(database).path[1:]} SET deadlock_timeout = '10ms'")
    async with (
        open_box(database, isolation, pool_max=8) as one,
        open_box(database, isolation, pool_max=8) as other,
    ):
        shows = [await one.show(500) for _ in range(4)]
        users = [await one.user(f"user{no}@example.com") for no in range(8)]

        async def crowd(engine: Box, turn: int) -> None:
            for step in range(5):
                pairs = [(show, user) for show in shows for user in users]
                if (turn + step) % 2:
                    pairs.reverse()
                outcomes = await asyncio.gather(
                    *(book_capped(engine, show, caps(holds=40), user=user) for show, user in pairs)
                )
                holds = [outcome.booking.id for outcome in outcomes if isinstance(outcome, BookingDone)]
                await asyncio.gather(*(extend(engine, hold, HOLD_S + 1) for hold in holds[::3]))

        await asyncio.gather(*(crowd(engine, turn) for turn, engine in enumerate((one, other) * 2)))
        assert await one.violations() == {}
    # The sessions report their figures when they end.
    assert await connection.fetchval(DEADLOCKS) == 0


async def test_a_command_with_caps_is_answered_again_for_its_key(box: Box) -> None:
    show = await box.show()
    command = BookSeats(
        actor=ACTOR, idempotency_key="k", show_id=show, user_id=1, seat_count=1, hold_seconds=60, caps=caps()
    )
    first = done(await box.do(command))
    again = done(await box.do(command))
    assert (again.replayed, again.booking) == (True, first.booking)


@pytest.mark.parametrize("planned", ["when it was empty", "when it was full"])
async def test_to_count_never_reads_a_whole_show(database: str, connection: Connection, planned: str) -> None:
    """PostgreSQL makes the plans once, without statistics. A bad plan would slow down every batch."""
    async with open_box(database) as box:
        show, other = [await box.show(100) for _ in range(2)]
        if planned == "when it was full":
            await connection.execute(FILL, show, FULL)
    async with open_box(database) as box:  # new sessions, which have no plans yet
        for _ in range(2):  # the first finds no holds, the second finds some everywhere
            done(await book_capped(box, show, caps()))
            done(await book_capped(box, other, caps()))
        if planned == "when it was empty":
            await connection.execute(FILL, show, FULL)
        users = await connection.fetch("SELECT user_id FROM users ORDER BY user_id LIMIT 10")
        holds = (book_capped(box, show, caps(), user=row["user_id"]) for row in users for _ in range(2))
        assert booked(await in_one_batch(*holds)) == 20

    async def counted() -> bool:
        return bool(await connection.fetchval(SESSIONS) == 0)

    await eventually(counted, "the sessions' figures")
    reads = {row["indexrelname"]: row["idx_tup_read"] for row in await connection.fetch(READS)}
    assert "capped_bookings" in reads
    assert sum(reads.values()) < FULL / 2, reads
