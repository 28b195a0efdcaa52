"""A pump: a consumer gets everything, in order for each show; leases say who sends, cursors what is there."""

import asyncio
import random

import pytest

from boxoffice.feed import leases as leases_module
from boxoffice.feed import pump as pump_module
from boxoffice.feed import reader
from boxoffice.feed.cursors import Lease, Move
from boxoffice.feed.events import START, Position
from boxoffice.feed.leases import Leases
from boxoffice.feed.runtime import Feed
from tests.support.engine.archiving import AGE, archived
from tests.support.engine.box import START as START_OF_SHOWS
from tests.support.engine.box import Box
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.engine.feeding import Shop, feed_on, pump_to


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "PAUSE_FIRST_S", 0.01)


async def all_ids(connection: Connection) -> set[str]:
    """The ids of all events there are."""
    rows = await connection.fetch(
        "SELECT show_id, seq, encode(substr(link, 1, 4), 'hex') AS l FROM all_events"
    )
    return {f"{row['show_id']}-{row['seq']}-{row['l']}" for row in rows}


async def until_all_is_sent(shop: Shop, connection: Connection) -> None:
    """Waits until the shop has every event that there is."""

    async def has_all() -> bool:
        return set(shop.ids) == await all_ids(connection)

    await eventually(has_all, "the consumer has every event")


def assert_in_order(shop: Shop) -> None:
    """Each show's events came from 1 on, without a gap."""
    for show in {event.show_id for event in shop.events}:
        seqs = [event.seq for event in shop.events if event.show_id == show]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_a_consumer_from_the_start_gets_all_history_and_what_happens(
    box: Box, connection: Connection
) -> None:
    show = await box.show(100)
    await box.book(show)
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        async with pump_to(feed, shop):
            await until_all_is_sent(shop, connection)
            await asyncio.gather(*(box.book(show) for _ in range(40)))
            await box.show()
            await until_all_is_sent(shop, connection)
    assert len(set(shop.ids)) == len(shop.ids)
    assert_in_order(shop)


async def test_a_consumer_from_now_on_gets_only_what_happens_later(box: Box) -> None:
    show = await box.show()
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay")
        await box.book(show)
        new = await box.show()
        async with pump_to(feed, shop):
            await eventually(lambda: _has(shop, 2), "two events")
    assert {(event.show_id, event.seq) for event in shop.events} == {(show, 2), (new, 1)}


async def test_a_consumer_for_some_shows_gets_only_these(box: Box) -> None:
    one, other = await box.show(), await box.show()
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", show_ids=[one], from_start=True)
        async with pump_to(feed, shop):
            await box.book(other)
            await box.book(one)
            await eventually(lambda: _has(shop, 2), "two events")
    assert {event.show_id for event in shop.events} == {one}


async def test_a_consumer_that_fails_is_tried_again_and_misses_nothing(
    box: Box, connection: Connection
) -> None:
    shop = Shop()
    shop.broken = [ConnectionError("gone"), TimeoutError("silent"), ValueError("odd")]
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        async with pump_to(feed, shop):
            await box.book(await box.show())
            await until_all_is_sent(shop, connection)
    assert_in_order(shop)


async def test_a_consumer_that_is_down_keeps_no_other_from_its_events(
    box: Box, connection: Connection
) -> None:
    down, up = Shop(), Shop()
    down.gate.clear()
    async with feed_on(box.dsn, box.engine) as feed:
        for name in ("down", "up"):
            await feed.cursors.create(name, "relay", from_start=True)
        async with pump_to(feed, down, "down"), pump_to(feed, up, "up"):
            await box.book(await box.show())
            await until_all_is_sent(up, connection)
            assert down.ids == []


async def test_cursors_move_after_the_acknowledgement(box: Box, connection: Connection) -> None:
    """A cursor that moves before would lose what was under way when the process is killed."""
    shop = Shop()
    shop.gate.clear()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        async with pump_to(feed, shop):
            await box.show()
            await eventually(lambda: _waiting(shop), "a batch is under way")
            assert await connection.fetchval("SELECT count(*) FROM feed_cursors") == 0
        async with pump_to(feed, shop):  # the next process
            shop.gate.set()
            await until_all_is_sent(shop, connection)


async def test_marks_that_are_lost_delay_and_lose_nothing(
    box: Box, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "COMPARE_EVERY_S", 0.1)
    show = await box.show(100)
    shop = Shop()
    async with feed_on(box.dsn) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        async with pump_to(feed, shop):
            await until_all_is_sent(shop, connection)
            await connection.execute("CREATE RULE lost AS ON INSERT TO feed_marks DO INSTEAD NOTHING")
            await box.book(show)
            await until_all_is_sent(shop, connection)


async def test_a_cursor_whose_event_is_not_in_the_history_stops_the_show_alone(
    box: Box, connection: Connection
) -> None:
    forked, other = await box.show(), await box.show()
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        await connection.execute("INSERT INTO feed_cursors VALUES ($1, 'shop', 7, 'gone')", forked)
        async with pump_to(feed, shop):
            await box.book(forked)
            await box.book(other)
            await eventually(lambda: _has(shop, 2), "the other show's events")
            await eventually(lambda: _noted(feed), "the consumer knows, and that is noted")
            assert shop.forks == [(forked, Position(7, b"gone"))]
            [fork] = await feed.cursors.forks("shop")
            assert (fork.show_id, fork.seq, fork.last_seq) == (forked, 7, 2)

            await feed.cursors.rewind("shop", forked, 1)
            await eventually(lambda: _has(shop, 3), "what follows event 1")
            assert (shop.events[-1].show_id, shop.events[-1].seq) == (forked, 2)
            assert await feed.cursors.forks("shop") == []


async def test_a_fork_that_could_not_be_told_is_told_by_the_next_process(box: Box) -> None:
    show = await box.show()
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        await feed.cursors.note_fork("shop", show, Position(7, b"gone"))
        async with pump_to(feed, shop):
            await eventually(lambda: _noted(feed), "the consumer knows, and that is noted")
        async with pump_to(feed, shop):
            await box.book(await box.show())
            await eventually(lambda: _has(shop, 2), "the other show's events")
        assert shop.forks == [(show, Position(7, b"gone"))]


async def test_a_rewound_consumer_gets_the_same_events_with_the_same_ids(
    box: Box, connection: Connection
) -> None:
    show = await box.show()
    await box.book(show)
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        async with pump_to(feed, shop):
            await until_all_is_sent(shop, connection)
            first = list(shop.events)
            await feed.cursors.rewind("shop", None, 0)
            await eventually(lambda: _has(shop, 2 * len(first)), "everything again")
    assert shop.events[len(first) :] == first


async def test_an_operator_who_rewinds_is_not_overruled_by_a_batch_under_way(
    box: Box, connection: Connection
) -> None:
    show = await box.show()
    for _ in range(3):
        await box.book(show)
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        await feed.cursors.rewind("shop", show, 2)
        shop.gate.clear()
        async with pump_to(feed, shop):
            await eventually(lambda: _waiting(shop), "a batch is under way")
            await feed.cursors.rewind("shop", show, 1)
            shop.gate.set()
            await eventually(lambda: _seen(shop, show, 2), "event 2, which the batch had not")


async def test_a_show_that_is_skipped_goes_on_from_now(box: Box) -> None:
    show = await box.show()
    shop = Shop()
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        assert await feed.cursors.skip("shop", None) == 1
        await box.book(show)
        async with pump_to(feed, shop):
            await eventually(lambda: _has(shop, 1), "the next event")
    assert [event.seq for event in shop.events] == [2]


async def test_the_archive_changes_neither_order_nor_bytes(
    box: Box, connection: Connection, clock: Clock
) -> None:
    show = await box.show(100)
    for _ in range(20):
        await box.book(show)
    async with feed_on(box.dsn, box.engine) as feed:
        before = (await feed.reader.tail(show, START, 100)).events
        await feed.cursors.create("shop", "relay", from_start=True)
        await clock.set(START_OF_SHOWS + 2 * AGE)
        await archived(box.dsn)
        shop = Shop()
        async with pump_to(feed, shop):
            await until_all_is_sent(shop, connection)
    assert shop.events[:-1] == list(before)
    assert shop.events[-1].kind == "show_archived"


async def test_a_dropped_consumer_leaves_nothing(box: Box, connection: Connection) -> None:
    async with feed_on(box.dsn, box.engine) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        shop = Shop()
        async with pump_to(feed, shop):
            await box.show()
            await until_all_is_sent(shop, connection)
            assert await feed.cursors.drop("shop")
            assert (
                await feed.cursors.move([Lease("shop", 0, 1)], "shop", {16: Move(0, Position(1, b"x"))})
                == set()
            )
        assert await feed.cursors.lags() == []
        assert await connection.fetchval("SELECT count(*) FROM feed_cursors") == 0


async def test_the_same_wish_again_finds_the_consumer_and_another_one_does_not(box: Box) -> None:
    """The answer to the first was lost: the repetition must not say that somebody else has the name."""
    show = await box.show()
    async with feed_on(box.dsn) as feed:
        for _ in range(2):
            assert await feed.cursors.create("shop", "pull", show_ids=[show])
        assert not await feed.cursors.create("shop", "pull")
        assert not await feed.cursors.create("shop", "relay", show_ids=[show])
        assert not await feed.cursors.create("shop", "pull", show_ids=[show], personal=True)
        [shop] = await feed.cursors.lags()
    assert (shop.kind, shop.show_ids, shop.personal, shop.events_behind) == ("pull", [show], False, 0)


# Leases ---------------------------------------------------------------------------------------


async def two_holders(feed: Feed) -> tuple[Leases, Leases]:
    """Two processes that share a duty evenly."""
    one, two = Leases(feed.store, "shop"), Leases(feed.store, "shop")
    for holder in (one, two, one, two):
        await holder.renew()
    return one, two


async def test_processes_share_the_slices_and_no_slice_has_two_holders(box: Box) -> None:
    async with feed_on(box.dsn) as feed:
        one, two = await two_holders(feed)
        assert len(one.held) == len(two.held) == 8
        assert one.held.keys() | two.held.keys() == set(range(16))
        await one.stop()
        await two.renew()
        assert set(two.held) == set(range(16))


async def test_processes_that_renew_at_once_after_a_pause_do_not_wait_for_each_other(
    box: Box, clock: Clock, connection: Connection
) -> None:
    """The time of both is over. Each would delete the row that the other is about to renew."""
    renew = "SELECT count(*) FROM take_leases('shop', $1, '15 s')"
    async with feed_on(box.dsn) as feed:
        await two_holders(feed)
    async with connected(box.dsn) as other:
        for holder, session in (("one", connection), ("two", other)):
            await session.fetchval(renew, holder)
        await clock.advance(60)
        async with other.transaction():  # has begun to renew, as take_leases does
            await other.execute("UPDATE feed_holders SET until = 'infinity' WHERE holder = 'two'")
            async with asyncio.timeout(10):
                await connection.fetchval(renew, "one")
        assert await connection.fetchval("SELECT count(*) FROM feed_holders") == 2


async def test_a_slice_in_use_is_not_given_back(box: Box) -> None:
    async with feed_on(box.dsn) as feed:
        one, two = Leases(feed.store, "shop"), Leases(feed.store, "shop")
        await one.renew()
        with one.using():
            for holder in (two, one, two):
                await holder.renew()
            assert (len(one.held), len(two.held)) == (8, 0)
        await one.renew()
        await two.renew()
        assert (len(one.held), len(two.held)) == (8, 8)


async def test_a_dead_process_is_replaced_when_its_leases_are_over(box: Box, clock: Clock) -> None:
    async with feed_on(box.dsn) as feed:
        dead, heir = Leases(feed.store, "shop"), Leases(feed.store, "shop")
        await dead.renew()
        await clock.advance(leases_module.LEASE_S - 1)
        await heir.renew()
        assert heir.held == {}
        await clock.advance(2)
        await heir.renew()
        assert len(heir.held) == 16
        assert {lease.epoch for lease in heir.held.values()} == {2}


async def test_a_process_that_goes_on_after_its_lease_was_over_moves_no_cursor(
    box: Box, clock: Clock, connection: Connection
) -> None:
    show = await box.show()
    async with feed_on(box.dsn) as feed:
        await feed.cursors.create("shop", "relay", from_start=True)
        [event] = (await feed.reader.tail(show, START, 1)).events
        stopped, heir = Leases(feed.store, "shop"), Leases(feed.store, "shop")
        await stopped.renew()
        leases = list(stopped.held.values())
        await clock.advance(leases_module.LEASE_S + 1)
        await heir.renew()
        moves = {show: Move(0, event.position)}
        assert await feed.cursors.move(leases, "shop", moves) == set()
        assert await connection.fetchval("SELECT count(*) FROM feed_cursors") == 0
        assert await feed.cursors.move(list(heir.held.values()), "shop", moves) == {show}
        assert await feed.cursors.move(list(heir.held.values()), "shop", moves) == {show}  # sent again


async def test_two_pumps_share_a_consumer_and_nothing_is_sent_twice(box: Box, connection: Connection) -> None:
    shop = Shop()
    dice = random.Random(7)  # noqa: S311 - it chooses what a test does
    async with feed_on(box.dsn, box.engine) as feed, feed_on(box.dsn) as other:
        await feed.cursors.create("shop", "relay", from_start=True)
        async with pump_to(feed, shop) as one, pump_to(other, shop) as two:
            for holder in (one, two, one, two):
                await holder.renew()
            shows = [await box.show(100) for _ in range(20)]
            await asyncio.gather(*(box.book(dice.choice(shows)) for _ in range(100)))
            await until_all_is_sent(shop, connection)
    assert len(set(shop.ids)) == len(shop.ids)
    assert_in_order(shop)


async def _has(shop: Shop, count: int) -> bool:
    return len(shop.events) >= count


async def _noted(feed: Feed) -> bool:
    return any(fork.told for fork in await feed.cursors.forks("shop"))


async def _waiting(shop: Shop) -> bool:
    return shop.under_way > 0


async def _seen(shop: Shop, show_id: int, seq: int) -> bool:
    return any((event.show_id, event.seq) == (show_id, seq) for event in shop.events)
