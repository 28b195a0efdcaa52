"""A commit waits for a synchronous standby: nothing is acknowledged, or seen, that it has not got.

Two real servers; the standby's processes are stopped where they are.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from boxoffice.database.migrate import migrate
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import CreateShow
from boxoffice.vocabulary.faults import OutcomeUnknown, Unavailable
from tests.support.engine.box import ACTOR, START, Box, done, open_box
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.process.replication import Pair, pair_of_servers

WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'boxoffice' "
    "AND query LIKE $1"
)


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Pair]:
    with pair_of_servers() as servers:
        await migrate(servers.primary.dsn)
        await servers.make_synchronous()
        yield servers


@pytest.fixture
def standby_back(pair: Pair) -> Iterator[None]:
    yield
    pair.standby.go_on()


@pytest.fixture
async def observer(pair: Pair) -> AsyncIterator[Connection]:
    async with connected(pair.primary.dsn) as connection:
        yield connection


@asynccontextmanager
async def impatient_box(pair: Pair, patch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    """An engine that gives an answer up after a moment."""
    patch.setattr(limits, "ANSWER_TIMEOUT_S", 1.0)
    patch.setattr(limits, "LOCK_TIMEOUT_MS", 100)
    patch.setattr(limits, "STANDBY_SILENT_S", 0.5)
    patch.setattr(limits, "WRITE_RETRY_BUDGET_S", 1.5)
    async with open_box(pair.dsn) as box:
        yield box


async def waiting(observer: Connection, what: str = "run_batch") -> list[int]:
    """The sessions that wait for the standby with such a statement."""
    return [row["pid"] for row in await observer.fetch(WAITING, f"%{what}%")]


async def bookings(observer: Connection, show: int) -> int:
    count: int = await observer.fetchval("SELECT count(*) FROM bookings WHERE show_id = $1", show)
    return count


@pytest.mark.usefixtures("standby_back")
async def test_an_answer_that_is_given_up_is_not_made_true_by_giving_it_up(
    pair: Pair, observer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with impatient_box(pair, monkeypatch) as box:
        show, other = await box.show(), await box.show()
        pair.standby.hold()
        with pytest.raises(OutcomeUnknown):
            await box.try_book(show, key="mine")
        # The commit still waits, so nobody sees it; and no second session was left to wait beside it.
        assert await bookings(observer, show) == 0
        assert len(await waiting(observer)) == 1
        with pytest.raises(Unavailable):
            await box.try_book(other)
        assert len(await waiting(observer)) == 1

        pair.standby.go_on()
        await eventually(lambda: _nobody_waits(observer), "the standby has it")
        again = done(await box.try_book(show, key="mine"))
        assert again.booking.seats == [1]
        assert done(await box.try_book(other)).booking.seats == [1]
        assert await bookings(observer, show) == 1
        assert await box.violations() == {}


@pytest.mark.usefixtures("standby_back")
@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
@pytest.mark.parametrize("what", ["a booking", "a show"])
async def test_a_wait_that_is_ended_from_outside_is_no_acknowledgement(
    pair: Pair, observer: Connection, end: str, what: str
) -> None:
    async with open_box(pair.dsn) as box:
        show = await box.show()

        def ask() -> "asyncio.Task[Any]":
            opened = CreateShow(actor=ACTOR, name="New", start_time=START, total_seats=5)
            return asyncio.create_task(box.do(opened) if what == "a show" else box.try_book(show))

        async def is_waiting() -> bool:
            return bool(await waiting(observer, "run_"))

        pair.standby.hold()
        asked = ask()
        await eventually(is_waiting, "the commit waits for the standby")
        [pid] = await waiting(observer, "run_")
        await observer.fetchval(f"SELECT {end}($1)", pid)

        # It is committed now, and a second try finds it; which has to wait in its turn.
        async def waits_again() -> bool:
            return await waiting(observer, "run_") not in ([], [pid]) or asked.done()

        if end == "pg_cancel_backend":
            await eventually(lambda: _moved_on(observer), "the second try waits")
        else:
            await eventually(waits_again, "the second try waits")
        assert not asked.done()
        pair.standby.go_on()
        done(await asked)
        assert await bookings(observer, show) == (what == "a booking")


async def _nobody_waits(observer: Connection) -> bool:
    return not await waiting(observer)


async def _moved_on(observer: Connection) -> bool:
    """Whether a try that is sent again waits: its statement began after the cancelled one."""
    sent_again = await observer.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
        "AND query_start > (SELECT max(created_at) FROM (SELECT created_at FROM show_batches "
        "UNION ALL SELECT created_at FROM idempotency_keys) AS done)"
    )
    return bool(sent_again)


@pytest.mark.usefixtures("standby_back")
@pytest.mark.parametrize("what", ["a booking", "a show"])
async def test_a_replay_waits_for_the_standby_too(pair: Pair, observer: Connection, what: str) -> None:
    async with open_box(pair.dsn) as box:
        show = await box.show()
        opened = CreateShow(
            actor=ACTOR, name="Again", start_time=START, total_seats=5, idempotency_key=f"opened {what}"
        )

        def ask() -> Any:
            return box.do(opened) if what == "a show" else box.try_book(show, key="again")

        done(await ask())
        pair.standby.hold()
        replay = asyncio.create_task(ask())

        async def waits_or_is_done() -> bool:
            return bool(await waiting(observer, "run_")) or replay.done()

        await eventually(waits_or_is_done, "the replay waits")
        assert not replay.done()
        pair.standby.go_on()
        assert done(await replay).replayed
