"""NATS and Redis keep each event once, whoever sends it and when. What they have is read back."""

from collections.abc import AsyncIterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import BadRequestError
from prometheus_client import REGISTRY
from redis import asyncio as redis

from boxoffice.feed.events import Position
from boxoffice.relay.guarded import GuardedSink
from boxoffice.relay.nats_jetstream import STREAM, SUBJECTS
from boxoffice.relay.redis_streams import key_of
from boxoffice.relay.sinks import REWOUND, Forked, Message
from tests.support.brokers.histories import History
from tests.support.brokers.stages import NatsStage, RedisStage, Stage

fenced = pytest.mark.parametrize("stage", ["nats", "redis"], indirect=True)


@pytest.fixture
async def zombie(stage: Stage, history: History) -> AsyncIterator[GuardedSink]:
    """Another process that sends to the same broker, as one that was stopped and goes on."""
    sink = GuardedSink("relay:zombie", stage.broker(history.fits))
    yield sink
    await sink.close()


def refused() -> float:
    """How many messages of the zombie a fence refused so far."""
    names = {"consumer": "relay:zombie"}
    return REGISTRY.get_sample_value("boxoffice_relay_duplicates_refused_total", names) or 0


def notice(show_id: int, has: Position) -> Message:
    """The notice that a show's history was rewound."""
    return Message(
        show_id, REWOUND, f"{show_id}-{has}-{REWOUND}", "boxoffice.feed.rewound.v1", b"{}", None, b""
    )


async def ids(stage: Stage) -> list[str]:
    return [got.id for got in await stage.read()]


@fenced
async def test_a_relay_that_wakes_up_late_adds_nothing(
    stage: Stage, sink: GuardedSink, zombie: GuardedSink, history: History
) -> None:
    first = history.grow(7, 3)
    await zombie.publish(first)
    asleep = history.grow(7, 10)  # the zombie is stopped with this batch in its hands
    await sink.publish(asleep)
    before = refused()
    await zombie.publish(asleep)
    assert refused() - before == 10
    later = history.grow(7, 2)
    await sink.publish(later)
    assert await ids(stage) == [message.id for message in [*first, *asleep, *later]]


@fenced
async def test_a_relay_that_wakes_up_in_the_middle_breaks_no_order(
    stage: Stage, sink: GuardedSink, zombie: GuardedSink, history: History
) -> None:
    messages = history.grow(7, 40)
    await zombie.publish(messages[:10])
    await sink.publish(messages[:25])
    await zombie.publish(messages[10:40])
    await sink.publish(messages[25:40])
    assert await ids(stage) == [message.id for message in messages]


@fenced
async def test_two_senders_of_different_shows_do_not_disturb_each_other(
    stage: Stage, sink: GuardedSink, zombie: GuardedSink, history: History
) -> None:
    for _ in range(5):
        await sink.publish(history.grow(7, 7))
        await zombie.publish([*history.grow(8, 5), *history.grow(9, 3)])
    got = await stage.read()
    for show_id, count in ((7, 35), (8, 25), (9, 15)):
        expected = [event.id for event in history.shows[show_id]]
        assert [one.id for one in got if one.show_id == show_id] == expected
        assert len(expected) == count


@fenced
async def test_another_sender_that_comes_between_makes_no_hole(
    stage: Stage, sink: GuardedSink, zombie: GuardedSink, history: History
) -> None:
    """Each time the numbers of the stream are some further than this sender knows."""
    for between in range(6):
        await sink.publish(history.grow(7, 8))
        await zombie.publish(history.grow(8, between) if between else [])
    await sink.publish(history.grow(7, 8))
    got = [one.id for one in await stage.read() if one.show_id == 7]
    assert got == [event.id for event in history.shows[7]]


@pytest.mark.parametrize("stage", ["nats"], indirect=True)
async def test_the_fence_of_nats_outlives_the_window_of_duplicates(
    stage: NatsStage, sink: GuardedSink, zombie: GuardedSink, history: History
) -> None:
    """Whether the broker had the last batch is not known; or another process sent it long ago."""
    client = await nats.connect(stage.url)
    window_s = 0.1  # the shortest that the server takes
    await client.jetstream().add_stream(name=STREAM, subjects=[SUBJECTS], duplicate_window=window_s)
    first, batch = history.grow(7, 2), history.grow(7, 20)
    await zombie.publish(first)
    await sink.publish(batch)
    await _until_a_duplicate_is_taken(client)
    await zombie.publish(batch)
    await sink.close()
    await sink.publish(batch)
    await client.close()
    assert [got.id for got in await stage.read() if got.show_id == 7] == [m.id for m in [*first, *batch]]


async def _until_a_duplicate_is_taken(client: Client) -> None:
    """Returns when the stream has forgotten an id that came after all others."""
    context = client.jetstream()
    headers = {"Nats-Msg-Id": "probe"}
    await context.publish("boxoffice.show.1", b"", headers=headers)
    while (await context.publish("boxoffice.show.1", b"", headers=headers)).duplicate:
        pass


@pytest.mark.parametrize("stage", ["nats"], indirect=True)
async def test_nats_itself_refuses_a_message_that_follows_another(
    stage: NatsStage, sink: GuardedSink, history: History
) -> None:
    await sink.publish(history.grow(7, 2))
    client = await nats.connect(stage.url)
    headers = {"Nats-Expected-Last-Subject-Sequence": "1"}
    with pytest.raises(BadRequestError) as late:
        await client.jetstream().publish("boxoffice.show.7", b"", headers=headers)
    await client.close()
    assert (late.value.code, late.value.err_code) == (400, 10071)


@fenced
async def test_another_history_in_the_broker_is_a_fork(
    stage: Stage, sink: GuardedSink, history: History
) -> None:
    old = history.grow(7, 12)
    await sink.publish(old)
    history.restore(7, 8)
    new = history.grow(7, 3, salt="after the restore")
    for _ in range(2):  # also on the connection that knows the broker's end
        with pytest.raises(Forked) as fork:
            await sink.publish(new)
        assert (fork.value.show_id, str(fork.value.has)) == (7, str(old[-1].position))
        await sink.close()
    assert await ids(stage) == [message.id for message in old]


@fenced
async def test_a_fork_at_the_very_end_is_noticed(stage: Stage, sink: GuardedSink, history: History) -> None:
    await sink.publish(history.grow(7, 8))
    history.restore(7, 7)
    history.grow(7, 1, salt="after the restore")
    with pytest.raises(Forked):
        await sink.publish(history.grow(7, 1))


@fenced
async def test_after_the_notice_of_a_fork_the_new_history_goes_on(
    stage: Stage, sink: GuardedSink, history: History
) -> None:
    old = history.grow(7, 12)
    await sink.publish(old)
    told = notice(7, Position(12, old[-1].position.link if old[-1].position else b""))
    await sink.publish([told])
    await sink.close()
    await sink.publish([told])  # again, for the note that it was told was lost
    history.restore(7, 8)
    new = history.grow(7, 6, salt="after the restore")
    await sink.publish(new)
    got = await stage.read()
    assert {one.show_id for one in got} == {7}
    assert sorted(one.id for one in got) == sorted(message.id for message in [*old, told, *new])
    assert [one.id for one in got][-6:] == [message.id for message in new] or isinstance(stage, RedisStage)


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
async def test_after_a_fork_redis_keeps_the_old_stream_under_another_key(
    stage: RedisStage, sink: GuardedSink, history: History
) -> None:
    old = history.grow(7, 3)
    await sink.publish(old)
    has = old[-1].position
    assert has is not None
    await sink.publish([notice(7, has)])
    history.restore(7, 1)
    new = history.grow(7, 2, salt="after the restore")
    await sink.publish(new)
    async with redis.Redis.from_url(stage.url, protocol=2, decode_responses=True) as client:
        now: Any = await client.xrange(key_of(7))
        kept: Any = await client.xrange(f"{key_of(7)}:{old[-1].id}")
    assert [(number, fields["id"]) for number, fields in now] == [("2-0", new[0].id), ("3-0", new[1].id)]
    assert [fields["id"] for _, fields in kept] == [*(m.id for m in old), notice(7, has).id]


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
async def test_a_stream_that_was_trimmed_still_knows_what_it_had(
    stage: RedisStage, sink: GuardedSink, history: History
) -> None:
    messages = history.grow(7, 6)
    await sink.publish(messages[:4])
    await sink.close()
    async with redis.Redis.from_url(stage.url, protocol=2) as client:
        await client.xtrim(key_of(7), maxlen=0, approximate=False)
    await sink.publish(messages)
    assert await ids(stage) == [message.id for message in messages[4:]]


@fenced
async def test_a_broker_that_lost_everything_gets_what_follows_the_cursor(
    stage: Stage, sink: GuardedSink, history: History
) -> None:
    await sink.publish(history.grow(7, 5))
    await sink.close()
    await stage.clear()
    rest = history.grow(7, 5)
    await sink.publish(rest)
    assert await ids(stage) == [message.id for message in rest]
