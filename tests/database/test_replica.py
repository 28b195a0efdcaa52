"""What may be some seconds old comes from the replica: never older than promised, never one's own past."""

from collections.abc import AsyncIterator, Iterator

import pytest
from prometheus_client import REGISTRY

from boxoffice.database.migrate import migrate
from boxoffice.engine.runtime import open_engine
from boxoffice.vocabulary import limits
from tests.support.engine.box import Box, open_box
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.process.replication import Pair, pair_of_servers
from tests.support.settings import settings_for

LAG_MAX_S = 1.0


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Pair]:
    with pair_of_servers() as servers:
        await migrate(servers.primary.dsn)
        yield servers


@pytest.fixture
async def standby(pair: Pair) -> AsyncIterator[Connection]:
    """A connection to the standby, which replays again at the end."""
    async with connected(pair.standby.dsn) as connection:
        yield connection
        await connection.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture
def back(pair: Pair) -> Iterator[None]:
    yield
    pair.standby.go_on()


@pytest.fixture
async def near(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    """An engine with the replica, which has answered once; it looks after it often."""
    monkeypatch.setattr(limits, "REPLICA_LOOK_EVERY_S", 0.02)
    settings = settings_for(pair.dsn, REPLICA_URL=pair.standby.dsn, REPLICA_LAG_SECONDS_MAX=LAG_MAX_S)
    async with open_engine(settings, sweep=False) as (engine, reads):
        box = Box(pair.dsn, engine, reads)
        await box.user()
        yield box


@pytest.fixture
async def elsewhere(pair: Pair) -> AsyncIterator[Box]:
    """Another process' engine: what it does, the one with the replica does not know."""
    async with open_box(pair.dsn) as box:
        yield box


def answered(by: str) -> float:
    """How many reads so far were answered like this."""
    return REGISTRY.get_sample_value("boxoffice_replica_reads_total", {"answer": by}) or 0


async def comes_from_the_replica(box: Box, show: int) -> bool:
    before = answered("replica")
    await box.view(show)
    return answered("replica") > before


async def test_what_another_process_did_is_seen_late_but_not_too_late(
    near: Box, elsewhere: Box, standby: Connection
) -> None:
    show = await elsewhere.show(10)
    await eventually(lambda: comes_from_the_replica(near, show), "the replica answers")
    await standby.execute("SELECT pg_wal_replay_pause()")
    await elsewhere.book(show)
    assert (await near.view(show)).available_seats in (9, 10)  # it may be old
    exact = await near.reads.show(show, consistent=True)
    assert exact is not None
    assert exact.available_seats == 9

    async def is_told() -> bool:
        return (await near.view(show)).available_seats == 9

    await eventually(is_told, "the primary answers instead", wait_max_s=LAG_MAX_S + 10)
    assert answered("behind") > 0
    await standby.execute("SELECT pg_wal_replay_resume()")
    await eventually(lambda: comes_from_the_replica(near, show), "the replica answers again")


async def test_what_this_process_did_it_sees_at_once(near: Box, standby: Connection) -> None:
    show = await near.show(10)
    await eventually(lambda: comes_from_the_replica(near, show), "the replica answers")
    await standby.execute("SELECT pg_wal_replay_pause()")
    booked = await near.book(show)
    assert (await near.view(show)).available_seats == 9
    assert await near.reads.booking(booked.id) is not None
    later = await near.show(5)
    assert later in [listed.id for listed in (await near.reads.shows(limit=1000)).items]


async def test_a_show_that_another_process_opened_is_found(
    near: Box, elsewhere: Box, standby: Connection
) -> None:
    known = await near.show()
    await eventually(lambda: comes_from_the_replica(near, known), "the replica answers")
    await standby.execute("SELECT pg_wal_replay_pause()")
    assert (await near.view(await elsewhere.show(7))).available_seats == 7


async def test_a_conflict_on_the_replica_is_not_told(
    near: Box, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = await near.show()
    await eventually(lambda: comes_from_the_replica(near, show), "the replica answers")
    async with connected(pair.primary.dsn) as primary:
        # Stands for a query that is cancelled by what is replayed: the same error, from the same place.
        await primary.execute(
            "ALTER TABLE show_inventory RENAME TO kept; CREATE FUNCTION conflict() RETURNS boolean "
            "LANGUAGE plpgsql AS $$ BEGIN IF pg_is_in_recovery() THEN RAISE serialization_failure; END IF; "
            "RETURN true; END $$; CREATE VIEW show_inventory AS SELECT * FROM kept WHERE conflict()"
        )
        before = answered("failed")

        async def has_failed() -> bool:
            assert (await near.view(show)).available_seats == 10
            return answered("failed") > before

        await eventually(has_failed, "a conflict on the replica")
        await primary.execute("DROP VIEW show_inventory; ALTER TABLE kept RENAME TO show_inventory")


@pytest.mark.usefixtures("back")
async def test_a_replica_that_falls_silent_is_left_alone(
    near: Box, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = await near.show()
    await eventually(lambda: comes_from_the_replica(near, show), "the replica answers")
    pair.standby.hold()
    assert (await near.view(show)).available_seats == 10
    assert not await comes_from_the_replica(near, show)
    pair.standby.go_on()
    await eventually(lambda: comes_from_the_replica(near, show), "the replica answers again")
