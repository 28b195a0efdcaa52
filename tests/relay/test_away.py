"""Brokers that are gone, silent, or refuse: a publish ends, says why, and goes on when the broker is back."""

import asyncio
from urllib.parse import urlsplit

import aio_pika
import nats
import pytest
from redis import asyncio as redis

from boxoffice.relay import sinks
from boxoffice.relay.guarded import GuardedSink
from boxoffice.relay.kafka import KafkaBroker
from boxoffice.relay.nats_jetstream import STREAM
from boxoffice.relay.rabbitmq import EXCHANGE
from boxoffice.relay.sinks import SinkAway, SinkRefused
from tests.support.brokers.histories import History
from tests.support.brokers.stages import NatsStage, RabbitStage, RedisStage, Stage
from tests.support.network.tcp import Wire, wired

wires = pytest.mark.parametrize("stage", ["rabbitmq", "nats", "redis"], indirect=True)


def through(stage: Stage, wire: Wire, history: History) -> GuardedSink:
    """The relay's way to the broker, through a wire that the test can cut."""
    port = str(urlsplit(stage.url).port)
    other = type(stage)(stage.url.replace(f":{port}", f":{wire.port}"))
    return GuardedSink("relay:wire", other.broker(history.fits))


def port_of(stage: Stage) -> int:
    port = urlsplit(stage.url).port
    assert port is not None
    return port


@wires
async def test_a_broker_that_is_gone_fails_at_once_and_goes_on_when_it_is_back(
    stage: Stage, history: History
) -> None:
    async with wired(port_of(stage)) as wire:
        sink = through(stage, wire, history)
        messages = history.grow(7, 9)
        await sink.publish(messages[:3])
        await wire.cut()
        for _ in range(2):
            with pytest.raises(SinkAway):
                await sink.publish(messages[3:6])
        await wire.mend()
        await sink.publish(messages[3:6])
        await sink.publish(messages[6:])
        await sink.close()
    assert [got.id for got in await stage.read()] == [message.id for message in messages]


@wires
async def test_a_broker_that_never_acknowledges_is_given_up_after_a_time(
    stage: Stage, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wired(port_of(stage)) as wire:
        sink = through(stage, wire, history)
        messages = history.grow(7, 6)
        await sink.publish(messages[:3])
        wire.answers.clear()
        monkeypatch.setattr(sinks, "PUBLISH_MAX_S", 0.3)
        with pytest.raises(SinkAway, match="no answer within"):
            await sink.publish(messages[3:])
        monkeypatch.undo()
        wire.answers.set()
        await sink.publish(messages[3:])
        await sink.close()
    got = [one.id for one in await stage.read()]
    assert list(dict.fromkeys(got)) == [message.id for message in messages]
    if not isinstance(stage, RabbitStage):
        assert len(got) == 6, "the broker had the batch, and its fence kept it from being there twice"


@wires
async def test_a_connection_that_breaks_under_a_publish_is_told(stage: Stage, history: History) -> None:
    async with wired(port_of(stage)) as wire:
        sink = through(stage, wire, history)
        await sink.publish(history.grow(7, 3))
        wire.answers.clear()
        publish = asyncio.create_task(sink.publish(history.grow(7, 3)))
        await wire.heard()
        await wire.cut()
        with pytest.raises(SinkAway):
            await publish
        await sink.close()


async def test_a_server_that_only_listens_is_no_broker(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that takes connections and says nothing, such as a wrong one."""
    monkeypatch.setattr(sinks, "CONNECT_MAX_S", 0.3)
    server = await asyncio.start_server(_listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for stage in (RabbitStage(f"amqp://127.0.0.1:{port}/"), NatsStage(f"nats://127.0.0.1:{port}")):
        sink = GuardedSink("relay:silent", stage.broker(history.fits))
        with pytest.raises(SinkAway):
            await sink.publish(history.grow(7, 1))
        await sink.close()
    server.close()


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1_000):
        pass
    writer.close()


async def test_kafka_without_a_broker_is_told(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxoffice.relay.kafka.STEP_MAX_S", 0.3)
    sink = GuardedSink("relay:kafka", KafkaBroker("kafka://127.0.0.1:9/events", "relay:kafka"))
    with pytest.raises(SinkAway, match=r"KafkaException|_TRANSPORT|_TIMED_OUT"):
        await sink.publish(history.grow(7, 1))
    await sink.close()


@pytest.mark.parametrize("stage", ["rabbitmq"], indirect=True)
async def test_rabbitmq_without_a_queue_for_an_event_refuses_until_there_is_one(
    stage: RabbitStage, sink: GuardedSink, history: History
) -> None:
    messages = history.grow(7, 6)
    await sink.publish(messages[:2])
    await stage.queue.unbind(EXCHANGE, "show.#")
    for _ in range(2):
        with pytest.raises(SinkAway, match=r"no queue takes show\.7\.held"):
            await sink.publish(messages[2:])
    await stage.queue.bind(EXCHANGE, "show.#")
    await sink.publish(messages[2:])
    assert [got.id for got in await stage.read()] == [message.id for message in messages]


@pytest.mark.parametrize("stage", ["rabbitmq"], indirect=True)
async def test_after_a_refusal_no_message_passes_the_one_that_was_refused(
    stage: RabbitStage, sink: GuardedSink, history: History
) -> None:
    """A queue for one kind of event takes the second message, so the first must be alone."""
    await stage.queue.unbind(EXCHANGE, "show.#")
    await stage.queue.bind(EXCHANGE, "show.*.confirmed")
    first, second = history.grow(7, 2)
    with pytest.raises(SinkAway):
        await sink.publish([first, second._replace(kind="confirmed")])
    assert await stage.read() == []


@pytest.mark.parametrize("stage", ["rabbitmq"], indirect=True)
async def test_rabbitmq_with_another_exchange_of_the_name_is_used_as_it_is(
    stage: RabbitStage, history: History
) -> None:
    """What an operator has declared counts; the relay declares only what is not there."""
    connection = await aio_pika.connect(stage.url)
    channel = await connection.channel()
    await channel.exchange_delete(EXCHANGE)
    exchange = await channel.declare_exchange(EXCHANGE, "fanout", durable=False)
    await stage.queue.bind(exchange)
    sink = GuardedSink("relay:test", stage.broker(history.fits))
    await sink.publish(history.grow(7, 2))
    await sink.close()
    await connection.close()
    assert len(await stage.read()) == 2


@pytest.mark.parametrize("stage", ["nats"], indirect=True)
async def test_nats_that_refuses_the_stream_says_so(stage: NatsStage, history: History) -> None:
    """Another stream of the account has a part of the subjects."""
    client = await nats.connect(stage.url)
    await client.jetstream().add_stream(name="OTHERS", subjects=["boxoffice.show.7"])
    with pytest.raises(SinkRefused, match="OTHERS has a part"):
        await stage.broker(history.fits).connect()
    await client.jetstream().delete_stream("OTHERS")
    await client.close()


@pytest.mark.parametrize("stage", ["nats"], indirect=True)
async def test_nats_whose_stream_is_full_stops_in_order(
    stage: NatsStage, sink: GuardedSink, history: History
) -> None:
    client = await nats.connect(stage.url)
    context = client.jetstream()
    await context.add_stream(name=STREAM, subjects=["boxoffice.show.*"], discard="new", max_msgs=4)
    messages = history.grow(7, 8)
    with pytest.raises(SinkAway):
        await sink.publish(messages)
    assert [got.id for got in await stage.read()] == [message.id for message in messages[:4]]
    await context.update_stream(name=STREAM, subjects=["boxoffice.show.*"], discard="new", max_msgs=100)
    await sink.publish(messages)
    await client.close()
    assert [got.id for got in await stage.read()] == [message.id for message in messages]


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
async def test_redis_without_memory_leaves_no_hole(
    stage: RedisStage, sink: GuardedSink, history: History
) -> None:
    messages = history.grow(7, 6)
    await sink.publish(messages[:2])
    async with redis.Redis.from_url(stage.url, protocol=2) as client:
        await client.config_set("maxmemory", "1")
        with pytest.raises(SinkAway):
            await sink.publish(messages[2:])
        await client.config_set("maxmemory", "0")
    await sink.publish(messages[2:])
    assert [got.id for got in await stage.read()] == [message.id for message in messages]


@pytest.mark.parametrize("stage", ["redis"], indirect=True)
async def test_redis_with_something_else_under_the_key_says_so(stage: RedisStage, history: History) -> None:
    async with redis.Redis.from_url(stage.url, protocol=2) as client:
        await client.set("bo:show:7", "mine")
    connected = await stage.broker(history.fits).connect()
    with pytest.raises(SinkRefused, match="WRONGTYPE"):
        await connected.publish(history.grow(7, 1))
    await connected.close()
