"""Where the relay's events arrive in a measurement: brokers that are emptied before, and counted after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

from boxoffice.bench import brokers

KINDS: Final = {"rabbitmq": "RabbitMQ", "nats": "NATS", "redis": "Redis", "kafka": "Kafka"}
"""The kinds of brokers, by the name of the extra, and as people write them."""

QUEUE: Final = "bench"
"""The queue that takes all events in RabbitMQ, which refuses what no queue takes."""

LIST_MAX_S: Final = 10.0
"""Seconds until Kafka's carried brokers have told their addresses: the first answer starts them."""

READ_MAX_S: Final = 10.0
"""Longest wait for the next message of a topic, in seconds."""


class Sink(Protocol):
    """A broker. ``url``: where the relay sends to; it may be another one after ``clear``."""

    url: str

    def __init__(self, url: str) -> None: ...

    async def clear(self) -> None:
        """Takes everything out, and makes what the relay expects to find."""
        ...

    async def count(self) -> int:
        """How many events are there."""
        ...


class _Rabbit:
    def __init__(self, url: str) -> None:
        self.url = url

    async def clear(self) -> None:
        """A queue without messages, bound to the relay's exchange."""
        import aio_pika  # noqa: PLC0415 - an extra

        from boxoffice.relay.rabbitmq import EXCHANGE  # noqa: PLC0415 - an extra

        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
            queue = await channel.declare_queue(QUEUE, durable=True)
            await queue.bind(exchange, "show.#")
            await queue.purge()

    async def count(self) -> int:
        """The messages in the queue."""
        import aio_pika  # noqa: PLC0415 - an extra

        async with await aio_pika.connect(self.url) as connection:
            queue = await (await connection.channel()).declare_queue(QUEUE, passive=True)
            return queue.declaration_result.message_count or 0


class _Nats:
    def __init__(self, url: str) -> None:
        self.url = url

    async def clear(self) -> None:
        """No stream: the relay declares it."""
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - an extra

        from boxoffice.relay.nats_jetstream import STREAM  # noqa: PLC0415 - an extra

        async with _nats(self.url) as context:
            with suppress(NotFoundError):
                await context.delete_stream(STREAM)

    async def count(self) -> int:
        """The messages of the stream."""
        from boxoffice.relay.nats_jetstream import STREAM  # noqa: PLC0415 - an extra

        async with _nats(self.url) as context:
            return int((await context.stream_info(STREAM)).state.messages)


class _Redis:
    def __init__(self, url: str) -> None:
        self.url = url

    async def clear(self) -> None:
        """No keys."""
        async with _redis(self.url) as client:
            await client.flushall()

    async def count(self) -> int:
        """The entries of all shows' streams."""
        async with _redis(self.url) as client:
            return sum([await client.xlen(key) async for key in client.scan_iter("bo:show:*")])


class _Kafka:
    def __init__(self, url: str) -> None:
        self._servers = url
        self.url = ""

    async def clear(self) -> None:
        """Another topic."""
        self.url = f"kafka://{self._servers}/events-{uuid4().hex[:8]}"

    async def count(self) -> int:
        """The messages of the topic that a reader with `read_committed` gets."""
        return await asyncio.to_thread(_read_topic, self._servers, self.url.rpartition("/")[2])


_SINKS: Final[dict[str, type[Sink]]] = {
    "rabbitmq": _Rabbit,
    "nats": _Nats,
    "redis": _Redis,
    "kafka": _Kafka,
}


@asynccontextmanager
async def open_sink(kind: str, folder: Path) -> AsyncIterator[Sink]:
    """A broker of this kind for the length of a block. Raises ``BenchError``."""
    async with _kafka() if kind == "kafka" else brokers.running(kind, folder) as url:
        yield _SINKS[kind](url)


@asynccontextmanager
async def _nats(url: str) -> AsyncIterator[Any]:
    import nats  # noqa: PLC0415 - an extra

    client = await nats.connect(url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


@asynccontextmanager
async def _redis(url: str) -> AsyncIterator[Any]:
    from redis import asyncio as redis  # noqa: PLC0415 - an extra

    async with redis.Redis.from_url(url, protocol=2) as client:
        yield client


@asynccontextmanager
async def _kafka() -> AsyncIterator[str]:
    """Three brokers inside a client, in memory; their addresses."""
    from confluent_kafka import Producer  # noqa: PLC0415 - an extra

    host = Producer({"test.mock.num.brokers": 3, "log_level": 0})
    told = (await asyncio.to_thread(host.list_topics, timeout=LIST_MAX_S)).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in told)
    host.purge()


def _read_topic(servers: str, topic: str) -> int:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition  # noqa: PLC0415 - an extra

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid4().hex,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    partitions = list(consumer.list_topics(topic, timeout=LIST_MAX_S).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    count = ended = 0
    while ended < len(partitions) and (message := consumer.poll(READ_MAX_S)) is not None:
        if message.error() is None:
            count += 1
        else:  # the end of a partition
            ended += 1
    consumer.close()
    return count
