"""The relay as a whole: what is booked arrives at every broker, and one that is away stops itself alone."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from boxoffice.feed.events import Position
from boxoffice.relay import sinks
from boxoffice.relay.guarded import GuardedSink
from boxoffice.relay.relay import Relay, brokers_of
from boxoffice.relay.settings import RelaySettings
from boxoffice.settings.texts import Secret
from tests.support.brokers.histories import History
from tests.support.brokers.relays import all_there, history_of, relay_on, rows_of, until_level
from tests.support.brokers.stages import Stage
from tests.support.engine.box import Box
from tests.support.network.tcp import wired


def consumer_of(stage: Stage) -> str:
    scheme = urlsplit(stage.url).scheme
    return "relay:rabbitmq" if scheme == "amqp" else f"relay:{scheme}"


async def test_everything_that_happens_arrives_once_and_in_order(box: Box, stage: Stage) -> None:
    before = await box.show(60)
    await box.book(before)
    async with relay_on(box, stage.url) as feed:
        shows = [before, *[await box.show(60) for _ in range(3)]]
        for _ in range(4):
            await asyncio.gather(*(box.book(show, hold=60) for show in shows for _ in range(3)))
        await until_level(feed, consumer_of(stage))
    assert await all_there(box, stage, shows) == 0


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
async def test_a_broker_that_is_told_from_now_on_gets_nothing_older(box: Box, stage: Stage) -> None:
    show = await box.show(60)
    await box.book(show)
    async with relay_on(box, stage.url, begin="now") as feed:
        await box.book(show)
        await until_level(feed, consumer_of(stage))
    assert [got.id for got in await stage.read()] == (await history_of(box, show))[2:]


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
async def test_a_relay_that_starts_again_goes_on_where_it_was(box: Box, stage: Stage) -> None:
    show = await box.show(60)
    for begin in ("start", "now", "start"):
        async with relay_on(box, stage.url, begin=begin) as feed:
            await box.book(show)
            await until_level(feed, consumer_of(stage))
    assert await all_there(box, stage, [show]) == 0


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
@pytest.mark.parametrize("personal", [False, True])
async def test_a_broker_gets_persons_only_if_that_is_set(box: Box, stage: Stage, personal: bool) -> None:
    show = await box.show(60)
    await box.book(show, hold=60)
    async with relay_on(box, stage.url, personal=personal) as feed:
        await until_level(feed, consumer_of(stage))
    bodies: list[dict[str, Any]] = [msgspec.json.decode(got.body) for got in await stage.read()]
    held = bodies[-1]
    assert (held["type"], held["sequence"]) == ("boxoffice.booking.held.v1", "0000000000000002")
    assert ("user_id" in held["data"], "actor" in held["data"]) == (personal, personal)
    assert not {"origin", "reason"} & (held.keys() | held["data"].keys() | held["data"]["details"].keys())


async def test_a_broker_that_never_acknowledges_stops_itself_alone(
    box: Box, stages: dict[str, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "PUBLISH_MAX_S", 0.3)
    silent, well = stages["nats"], stages["redis"]
    await silent.clear()
    await well.clear()
    port = urlsplit(silent.url).port
    assert port is not None
    async with wired(port) as wire, relay_on(box, f"nats://127.0.0.1:{wire.port}", well.url) as feed:
        show = await box.show(60)
        await until_level(feed, "relay:nats", "relay:redis")
        wire.answers.clear()
        await box.book(show)
        await until_level(feed, "relay:redis")
        await box.book(show)
        await until_level(feed, "relay:redis")
        behind = await feed.cursors.lag("relay:nats")
        assert behind is not None
        assert behind.events_behind == 2
        wire.answers.set()
        await until_level(feed, "relay:nats")
    assert await all_there(box, silent, [show]) == 0
    assert await all_there(box, well, [show]) == 0


@pytest.mark.parametrize("stage", ["nats", "redis", "rabbitmq"], indirect=True)
async def test_a_relay_that_wakes_up_late_adds_nothing_where_there_is_a_fence(box: Box, stage: Stage) -> None:
    """It was stopped between the reading of a batch and its sending, while another process took over."""
    show = await box.show(60)
    async with relay_on(box, stage.url) as feed:
        await until_level(feed, consumer_of(stage))
        [lease] = [row for row in await _leases(box) if row["slice"] == show % 16]
    await box.book(show)
    async with relay_on(box, stage.url) as feed:
        await until_level(feed, consumer_of(stage))
        [(_, broker)] = brokers_of(RelaySettings(urls=Secret(stage.url)), feed)
        asleep = Relay(feed, consumer_of(stage), broker, personal=False)
        await box.book(show)
        tail = await feed.reader.tail(show, await _after(box, show, 1), 10)
        await until_level(feed, consumer_of(stage))
        await asleep.deliver(tail.events)  # what the fence does with it is told in test_fences
        await asleep.stop()
        [now] = [row for row in await _leases(box) if row["slice"] == show % 16]
    assert now["epoch"] > lease["epoch"]
    assert await all_there(box, stage, [show]) == (2 if consumer_of(stage) == "relay:rabbitmq" else 0)


async def _leases(box: Box) -> list[Any]:
    return await rows_of(box, "SELECT slice, epoch FROM feed_leases ORDER BY slice")


async def _after(box: Box, show: int, seq: int) -> Position:
    [row] = await rows_of(box, "SELECT link FROM all_events WHERE show_id = $1 AND seq = $2", show, seq)
    return Position(seq, row["link"])


@pytest.mark.parametrize("stage", ["nats", "redis"], indirect=True)
async def test_a_broker_with_another_history_is_told_and_the_show_waits_for_an_operator(
    box: Box, stage: Stage, history: History
) -> None:
    show, other = await box.show(60), await box.show(60)
    sink = GuardedSink("relay:before", stage.broker(history.fits))
    await sink.publish(history.grow(show, 3))  # from before a restore
    await sink.close()
    consumer = consumer_of(stage)
    async with relay_on(box, stage.url) as feed:
        await box.book(other)
        await until_level_of(box, feed, consumer, other)
        [fork] = await feed.cursors.forks(consumer)
        assert (fork.show_id, fork.seq, fork.link) == (show, 3, history.shows[show][2].link[:4])
        assert fork.told
        notice = [got for got in await stage.read() if got.id.endswith("-rewound")]
        assert [msgspec.json.decode(got.body)["data"]["seq"] for got in notice] == [3]
        await box.book(show)
        await feed.cursors.rewind(consumer, show, 0)
        await box.book(show)
        await until_level(feed, consumer)
    got = [one.id for one in await stage.read() if one.show_id == show]
    assert got[-3:] == await history_of(box, show) or got[:3] == await history_of(box, show)


async def until_level_of(box: Box, feed: Any, consumer: str, show: int) -> None:
    """Returns when the consumer has the show's last event, and knows of its fork."""
    async with asyncio.timeout(20):
        while True:
            positions = await feed.cursors.positions(consumer, [show])
            forks = await feed.cursors.forks(consumer)
            last = len(await history_of(box, show))
            if forks and forks[0].told and positions and positions[show].seq == last:
                return
            await asyncio.sleep(0.02)  # it is asked again and again, up to the bound
