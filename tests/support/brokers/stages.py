"""One broker for a test: how the relay reaches it, and what readers find in it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol
from uuid import uuid4

import aio_pika
import nats
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from nats.js.errors import NotFoundError
from redis import asyncio as redis

from boxoffice.relay.kafka import KafkaBroker
from boxoffice.relay.nats_jetstream import STREAM, NatsBroker
from boxoffice.relay.rabbitmq import EXCHANGE, RabbitBroker
from boxoffice.relay.redis_streams import RedisBroker
from boxoffice.relay.sinks import Broker, Fits
from tests.support.brokers import servers

QUEUE: Final = "reader"
_QUIET_S: Final = 0.5


class Got(NamedTuple):
    """A message as a reader finds it."""

    show_id: int
    id: str
    body: bytes


class Stage(Protocol):
    """A broker that is empty at the begin of a test."""

    url: str

    def __init__(self, url: str) -> None: ...

    def broker(self, fits: Fits, /) -> Broker:
        """The broker as the relay has it."""
        ...

    async def clear(self) -> None:
        """Empty the broker, with a reader that misses nothing."""
        ...

    async def read(self) -> list[Got]:
        """All messages so far, in the broker's order."""
        ...


class RabbitStage:
    """A queue with a binding to the relay's exchange."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._got: list[Got] = []
        self._connection: AbstractConnection
        self.queue: AbstractQueue

    def broker(self, _fits: Fits) -> Broker:
        """RabbitMQ needs no history: it cannot be read back."""
        return RabbitBroker(self.url)

    async def clear(self) -> None:
        """Make exchange, queue and binding anew."""
        self._got = []
        channel = await self._channel()
        await channel.exchange_delete(EXCHANGE)
        await channel.queue_delete(QUEUE)
        exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
        self.queue = await channel.declare_queue(QUEUE, durable=True)
        await self.queue.bind(exchange, "show.#")

    async def read(self) -> list[Got]:
        """Take everything out of the queue, also of a broker that was started again."""
        if self._connection.is_closed or self.queue.channel.is_closed:
            await self._connection.close()
            self.queue = await (await self._channel()).declare_queue(QUEUE, durable=True)
        while (message := await self.queue.get(no_ack=True, fail=False)) is not None:
            show_id = int((message.routing_key or "").split(".")[1])
            self._got.append(Got(show_id, message.message_id or "", message.body))
        return self._got

    async def _channel(self) -> AbstractChannel:
        self._connection = await aio_pika.connect(self.url)
        return await self._connection.channel()


class NatsStage:
    """A stream that the relay declares."""

    def __init__(self, url: str) -> None:
        self.url = url

    def broker(self, fits: Fits) -> Broker:
        """NATS, read back against a history."""
        return NatsBroker(self.url, fits)

    async def clear(self) -> None:
        """Delete the stream."""
        client = await nats.connect(self.url)
        try:
            await client.jetstream().delete_stream(STREAM)
        except NotFoundError:
            pass
        finally:
            await client.close()

    async def read(self) -> list[Got]:
        """All messages of the stream."""
        client = await nats.connect(self.url)
        context = client.jetstream()
        try:
            last = (await context.stream_info(STREAM)).state.last_seq
            found = [await context.get_msg(STREAM, number) for number in range(1, last + 1)]
        except NotFoundError:
            return []
        finally:
            await client.close()
        return [
            Got(int((m.subject or "").split(".")[2]), (m.headers or {})["Nats-Msg-Id"], m.data or b"")
            for m in found
        ]


class RedisStage:
    """An empty database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def broker(self, fits: Fits) -> Broker:
        """Redis, read back against a history."""
        return RedisBroker(self.url, fits)

    async def clear(self) -> None:
        """Delete all keys."""
        async with redis.Redis.from_url(self.url, protocol=2) as client:
            await client.flushall()

    async def read(self) -> list[Got]:
        """All entries of the shows' streams."""
        async with redis.Redis.from_url(self.url, protocol=2, decode_responses=True) as client:
            keys = sorted([key async for key in client.scan_iter("bo:show:*")])
            found: list[Got] = []
            for key in keys:
                entries: Any = await client.xrange(key)
                found += [
                    Got(int(key.split(":")[2]), fields["id"], fields["event"].encode())
                    for _, fields in entries
                ]
        return found


class KafkaStage:
    """A topic of its own in the brokers that the client carries for tests."""

    def __init__(self, url: str) -> None:
        self._servers = url
        self.url = ""

    def broker(self, _fits: Fits) -> Broker:
        """Kafka needs no history: readers know the cursor's events."""
        return KafkaBroker(self.url, "relay:kafka")

    async def clear(self) -> None:
        """Take a new topic."""
        self.url = f"kafka://{self._servers}/events-{uuid4().hex[:8]}"

    async def read(self) -> list[Got]:
        """All messages of the topic, as a reader with `read_committed` gets them."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Got]:
        topic = self.url.rpartition("/")[2]
        consumer = Consumer(
            {
                "bootstrap.servers": self._servers,
                "group.id": uuid4().hex,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        partitions = list(consumer.list_topics(topic, timeout=5).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        found: list[Got] = []
        ended = 0
        while ended < len(partitions):
            message = consumer.poll(10)
            assert message is not None, "the topic ends"
            error = message.error()
            if error is None:
                headers: Any = dict(message.headers() or [])
                found.append(
                    Got(int(message.key() or b""), headers["ce_id"].decode(), message.value() or b"")
                )
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ended += 1
        consumer.close()
        return found


@contextmanager
def kafka_cluster() -> Iterator[str]:
    """Three brokers inside a client, in memory; their addresses."""
    host = Producer({"test.mock.num.brokers": 3, "log_level": 0})
    found = host.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in found)
    host.purge()


@contextmanager
def staged(kind: str) -> Iterator[Stage]:
    """A running broker of that kind."""
    match kind:
        case "rabbitmq":
            with servers.rabbitmq_server() as broker:
                yield RabbitStage(broker.url)
        case "nats":
            with servers.nats_server() as broker:
                yield NatsStage(broker.url)
        case "redis":
            with servers.redis_server() as broker:
                yield RedisStage(broker.url)
        case _:
            with kafka_cluster() as addresses:
                yield KafkaStage(addresses)
