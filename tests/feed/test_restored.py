"""A database that was restored to an earlier moment: nothing new goes under the id of what was lost."""

from urllib.parse import urlsplit

from boxoffice.feed.events import START
from tests.support.engine.box import open_box
from tests.support.engine.databases import Connection, connected, temporary_database
from tests.support.engine.eventually import eventually
from tests.support.engine.feeding import Shop, feed_on, pump_to


async def test_a_consumer_that_is_ahead_of_a_restored_history_is_stopped_and_gets_new_ids(
    database: str, admin: Connection, postgres_url: str
) -> None:
    async with open_box(database) as box:
        show, other = await box.show(), await box.show()
        await box.book(show, seats=[1])
    backup = urlsplit(database).path.removeprefix("/")
    async with temporary_database(admin, postgres_url, backup) as restored:
        async with open_box(database) as box, feed_on(database) as feed:  # what the restore loses
            await box.book(show, seats=[2])
            lost = (await feed.reader.tail(show, START, 10)).events[-1]
        async with open_box(restored) as box, feed_on(restored, box.engine) as feed:
            await box.book(show, seats=[3])
            new = (await feed.reader.tail(show, START, 10)).events[-1]
            assert (new.seq, new.prevlink) == (lost.seq, lost.prevlink)
            assert new.id != lost.id

            shop = Shop()
            await feed.cursors.create("shop", "relay", from_start=True)
            async with connected(
                restored
            ) as session:  # the cursors come back with the consumer, not the data
                ahead = "INSERT INTO feed_cursors (show_id, consumer, seq, link) VALUES ($1, 'shop', $2, $3)"
                await session.execute(ahead, show, lost.seq, lost.link)
            async with pump_to(feed, shop):
                await box.book(other)
                await eventually(lambda: _got(shop, 2), "the other show's events")
                await eventually(lambda: _stopped(shop), "the consumer knows of the fork")
                assert {event.show_id for event in shop.events} == {other}
                assert shop.forks == [(show, lost.position)]
                await feed.cursors.rewind("shop", show, lost.seq - 1)
                await eventually(lambda: _got(shop, 3), "what the restored show has")
            assert [event.id for event in shop.events if event.show_id == show] == [new.id]


async def _got(shop: Shop, count: int) -> bool:
    return len(shop.events) >= count


async def _stopped(shop: Shop) -> bool:
    return bool(shop.forks)
