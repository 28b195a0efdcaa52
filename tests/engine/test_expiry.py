"""The sweeper: each hold that ran out is ended once, by any number of sweepers; no sale needs them."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.expiry import HoldExpirer
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Unavailable
from tests.support.engine.box import Box, open_box
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually


async def kinds(box: Box, show: int) -> list[str]:
    return [event.kind for event in await box.events(show)]


async def test_all_due_holds_of_all_shows_are_ended(box: Box, clock: Clock) -> None:
    shows = [await box.show() for _ in range(4)]
    for show in shows[:3]:
        for hold_s in (10, 20, 30):
            await box.book(show, hold=hold_s)
    await clock.advance(20)
    assert await box.engine.expire_due("sweeper") == 6
    assert await box.engine.expire_due("sweeper") == 0
    assert [(await box.view(show)).available_seats for show in shows] == [9, 9, 9, 10]
    assert await box.violations() == {}


async def test_more_due_shows_than_one_round_takes(
    box: Box, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SWEEP_SHOWS_MAX", 2)
    for _ in range(5):
        await box.book(await box.show(), hold=10)
    await clock.advance(10)
    assert await box.engine.expire_due("sweeper") == 5


@pytest.mark.both_isolations
async def test_a_locked_show_does_not_hide_the_holds_that_were_ended(
    box: Box, clock: Clock, connection: Connection, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOCK_TIMEOUT_MS", 50)
    locked, free = [await box.show() for _ in range(2)]
    for show in (locked, free):
        await box.book(show, hold=10)
    await clock.advance(10)
    async with open_box(box.dsn, isolation) as other, connection.transaction():
        await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", locked)
        assert await other.engine.expire_due("sweeper") == 1
        with pytest.raises(Unavailable):  # no other show has a hold that has run out
            await other.engine.expire_due("sweeper")
    assert await box.engine.expire_due("sweeper") == 1


@pytest.mark.both_isolations
async def test_two_engines_that_sweep_at_once_end_each_hold_once(
    box: Box, clock: Clock, isolation: str
) -> None:
    shows = [await box.show(50) for _ in range(6)]
    for show in shows:
        await asyncio.gather(*(box.book(show, hold=10) for _ in range(20)))
    await clock.advance(10)
    async with open_box(box.dsn, isolation) as other:
        counts = await asyncio.gather(*(rival.engine.expire_due("sweeper") for rival in (box, other)))
    assert sum(counts) == 120
    for show in shows:
        assert (await kinds(box, show)).count("expired") == 20
    assert await box.violations() == {}


@pytest.mark.both_isolations
async def test_a_sweeper_sweeps_until_it_is_stopped(box: Box, clock: Clock) -> None:
    show = await box.show()
    sweeper = HoldExpirer(box.engine, interval_s=0.001)
    sweeper.start()
    for count in (1, 2):
        await box.book(show, hold=10)
        await clock.advance(10)

        async def swept(count: int = count) -> bool:
            return (await kinds(box, show)).count("expired") == count

        await eventually(swept, "the sweeper ends a hold")
    await sweeper.stop()
    assert sweeper._task is not None
    assert sweeper._task.done()


async def test_a_sweeper_that_never_began_can_be_stopped(box: Box) -> None:
    await HoldExpirer(box.engine, interval_s=1).stop()


class Faulty(BookingEngine):
    """An engine whose first sweeps fail in several ways, and whose next ones succeed."""

    def __init__(self) -> None:
        self.faults = [Unavailable("no database"), RuntimeError("a bug")]
        self.well = asyncio.Event()

    async def expire_due(self, actor: str) -> int:  # noqa: ARG002 - it is called by this name
        if self.faults:
            raise self.faults.pop(0)
        self.well.set()
        return 0

    async def forget(self) -> bool:
        """No old rows are left."""
        return False


async def test_a_sweeper_outlives_whatever_goes_wrong() -> None:
    engine = Faulty()
    sweeper = HoldExpirer(engine, interval_s=0)
    with capture_logs() as logs:
        sweeper.start()
        await engine.well.wait()
        await sweeper.stop()
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("sweep_failed", "warning"),
        ("sweep_failed", "error"),
    ]


async def test_records_of_old_batches_are_forgotten(box: Box, clock: Clock, connection: Connection) -> None:
    show = await box.show()
    await box.book(show)
    await clock.set(clock.now + timedelta(seconds=limits.BATCH_RECORDS_KEPT_S + 1))
    await box.book(show)
    assert await connection.fetchval("SELECT count(*) FROM show_batches") == 2
    assert not await box.engine.forget()
    assert await connection.fetchval("SELECT min(created_at) FROM show_batches") == clock.now
