"""Old idempotency keys and batch rows are deleted, a portion at a time, and none too early."""

import asyncio
from datetime import timedelta

import pytest

from boxoffice.engine.expiry import HoldExpirer
from boxoffice.settings.settings import Settings
from boxoffice.sql import query
from boxoffice.vocabulary import limits
from tests.support.engine.archiving import archived
from tests.support.engine.box import Box, done
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.engine.limited import book_capped, caps

KEPT_S = timedelta(days=Settings().retention.idempotency_keys_kept_days).total_seconds()

OLD_KEY = "INSERT INTO idempotency_keys VALUES (1, 'me', sha256('key'), '', '{}', now() - interval '31 days')"
KEY_READS = """
    SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relname = 'idempotency_keys'
"""


async def test_a_key_has_its_effect_once_for_as_long_as_is_promised(box: Box, clock: Clock) -> None:
    show = await box.show()
    booking = await box.book(show, key="cart")
    await clock.advance(KEPT_S)
    assert not await box.engine.forget()
    again = done(await box.try_book(show, key="cart"))
    assert (again.replayed, again.booking.id) == (True, booking.id)
    await clock.advance(1)
    assert not await box.engine.forget()
    anew = done(await box.try_book(show, key="cart"))
    assert (anew.replayed, anew.booking.id) == (False, booking.id + 1)
    assert await box.violations() == {}


async def test_old_keys_go_the_oldest_first_and_so_many_at_once(
    box: Box, clock: Clock, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORGET_KEYS_MAX", 2)
    show = await box.show()
    for no in range(5):
        await box.book(show, key=f"key-{no}")
        await clock.advance(1)
    kept = """
        SELECT array_agg((outcome -> 'booking' ->> 'booking_id')::bigint & 16777215 ORDER BY created_at)
        FROM idempotency_keys WHERE show_id > 0
    """
    await clock.advance(KEPT_S - 1.5)  # the last one stays
    assert await box.engine.forget()
    assert await connection.fetchval(kept) == [3, 4, 5]
    assert await box.engine.forget()
    assert not await box.engine.forget()
    assert await connection.fetchval(kept) == [5]


@pytest.mark.both_isolations
async def test_the_sweeper_clears_all_that_is_due(
    box: Box, clock: Clock, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORGET_KEYS_MAX", 1)
    show = await box.show()
    for no in range(3):
        await box.book(show, key=f"key-{no}")
    await clock.advance(KEPT_S + 1)
    sweeper = HoldExpirer(box.engine, interval_s=0.001)
    sweeper.start()

    async def cleared() -> bool:
        left = await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE show_id > 0")
        return bool(left == 0)

    await eventually(cleared, "the sweeper clears the keys")
    await sweeper.stop()


@pytest.mark.both_isolations
async def test_two_processes_that_clear_at_once_do_not_meet(box: Box, clock: Clock) -> None:
    show = await box.show(100)
    await asyncio.gather(*(box.book(show, key=f"key-{no}") for no in range(50)))
    await clock.advance(KEPT_S + 1)
    assert await asyncio.gather(*(box.engine.forget() for _ in range(4))) == [False] * 4


@pytest.mark.parametrize(
    ("name", "values", "index"),
    [
        ("forget_own_keys", (timedelta(hours=1),), "own_keys_by_age"),
        ("forget_batches", (timedelta(hours=1),), "show_batches_by_age"),
    ],
)
async def test_what_is_due_is_found_by_its_age(
    connection: Connection, name: str, values: tuple[object, ...], index: str
) -> None:
    """If the query called the clock for each row, PostgreSQL could not use the index."""
    await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + query(name), *values))
    assert index in plan
    assert "Index Cond: (created_at <" in plan


async def test_old_keys_are_found_by_their_age(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        await connection.execute(OLD_KEY)
        assert await connection.fetchval(query("forget_keys"), timedelta(days=30), 10) == 1
        reads = await connection.fetchrow(KEY_READS)
    assert reads is not None
    assert (reads["seq_scan"], reads["idx_scan"]) == (0, 2)  # to find the oldest, and to delete them


@pytest.mark.both_isolations
async def test_locks_of_users_without_holds_are_forgotten(
    box: Box, clock: Clock, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORGET_CALLERS_MAX", 2)
    show = await box.show()
    users = [await box.user(f"{name}@example.com") for name in "abcde"]
    holds = [done(await book_capped(box, show, caps(), user=user, hold=60)).booking for user in users]
    for hold in holds[:3]:
        await box.cancel(hold.id)
    async with connection.transaction():
        await connection.execute("SELECT FROM caller_locks WHERE user_id = $1 FOR UPDATE", users[0])
        assert (await archived(box.dsn)).callers == 2
    kept = "SELECT array_agg(user_id ORDER BY user_id) FROM caller_locks"
    assert await connection.fetchval(kept) == [users[0], users[3], users[4]]
    assert (await archived(box.dsn)).callers == 1
    await clock.advance(60)
    done(await book_capped(box, show, caps(), user=users[0], hold=60))
    assert await connection.fetchval(kept) == [users[0], users[3], users[4]]
