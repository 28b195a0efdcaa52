"""The measurements of the feed, in small: watchers, events to a broker, tickets."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from boxoffice.bench import brokers, live, pacing, relaying, sinks, tickets
from boxoffice.bench.results import Sample
from boxoffice.feed.events import FeedEvent
from tests.support.brokers.servers import redis_server
from tests.support.engine.box import open_box
from tests.support.settings import settings_for


def event(seq: int) -> FeedEvent:
    """An event of a show, a second old."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    return FeedEvent(1, seq, "booked", 1, 1, (seq,), "bench", at, "{}", b"", b"")


async def test_events_reach_a_broker_out_of_a_backlog_and_at_a_pace(database: str) -> None:
    with redis_server() as server:
        sink = sinks._SINKS["redis"](server.url)
        await sink.clear()
        async with open_box(database) as box:
            show_id = await box.show(200)
            job = relaying.Job(show_id=show_id, backlog=100, come=20, url=sink.url)
            told = await relaying.run(settings_for(database), job)
            count = await sink.count()

    assert count == 120
    assert (told.backlog.effects, told.steady.effects) == ({"booked": 100}, {"booked": 20})
    assert told.backlog.latency is None
    assert told.steady.latency is not None
    assert 0 < told.steady.latency.p50_ms <= told.steady.latency.p99_ms
    assert told.backlog.broken == told.steady.broken == {}


async def test_an_event_that_is_told_twice_or_too_early_is_counted() -> None:
    tally = relaying.Tally()

    await tally.deliver([event(4), event(5), event(5), event(7), event(8)])
    await tally.until(5)

    assert tally.out_of_turn == 2
    assert min(tally.late_s) >= 1


@pytest.mark.parametrize("kind", sinks.KINDS)
def test_what_a_broker_lacks_is_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "found", lambda _program: None)
    monkeypatch.setattr(brokers, "find_spec", lambda _module: None)
    lacks = brokers.lacking(kind)
    monkeypatch.setattr(brokers, "found", lambda program: f"/usr/bin/{program}")

    assert brokers.lacking(kind) == f"pip install 'boxoffice[{kind}]' brings its client"
    monkeypatch.setattr(brokers, "find_spec", lambda module: module)
    assert brokers.lacking(kind) is None
    program = {"rabbitmq": "rabbitmq-server", "nats": "nats-server", "redis": "redis-server"}.get(kind)
    if program:
        assert lacks == f"the program {program} is not installed"


async def test_tickets_are_taken_decided_and_told(database: str) -> None:
    async with open_box(database) as box:
        show_id = await box.show(20_000)
        job = tickets.Job(way="noted", show_id=show_id, seconds=0.05, come=20)
        rates = await tickets.run(settings_for(database), job)
        left = await box.view(show_id)

    assert rates.steady is not None
    assert rates.steady.latency is not None
    assert rates.steady.effects == {"booked": 20}
    assert 0 < booked(rates.decided) + 20 == 20_000 - left.available_seats
    assert rates.taken.rate > 0 < rates.decided.rate


def booked(sample: Sample) -> int:
    """How many bookings were acknowledged."""
    return sample.effects["booked"]


async def test_every_watcher_of_a_server_sees_the_last_event() -> None:
    watched = await live.watch("live", 5, 2)

    assert (watched.watchers, watched.up_to_date) == (5, 5)
    assert watched.sample.more["frames"] <= 2
    assert watched.sample.rate > 0


async def test_a_crowd_asks_no_more_than_it_may() -> None:
    burst = await pacing.crowd(lambda: asyncio.sleep(0), 3, 10)

    assert len(burst.took_s) == 10


async def test_a_steady_pace_keeps_few_calls_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "UNDER_WAY_MAX", 2)
    under_way: set[int] = set()
    most: list[int] = []

    async def ask() -> None:
        me = len(most)
        under_way.add(me)
        most.append(len(under_way))
        await asyncio.sleep(0)
        under_way.discard(me)

    await pacing.steady(ask, 7, 1_000_000)

    assert len(most) == 7
    assert max(most) == 2


async def test_a_call_that_fails_ends_the_pace() -> None:
    async def ask() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await pacing.steady(ask, 3)
