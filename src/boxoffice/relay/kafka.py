"""Events to Kafka: one topic, the show as the key, a transaction for each batch and slice.

The transactional id is the fence: each slice of a consumer has one, and a producer that begins with the id
ends the transaction of the one before, which is refused from then on. Readers with `read_committed` see a
batch whole or not at all.

The client's producer for asyncio takes no headers and waits for a commit without a bound, so the plain
producer is used here, in threads.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from boxoffice.feed.envelopes import CONTENT_TYPE
from boxoffice.feed.leases import slice_of
from boxoffice.relay.sinks import CLOSE_MAX_S, Message, SinkAway, SinkRefused

TOPIC: Final = "boxoffice"
"""The topic if the address has none. The relay declares it if there is none, as the brokers' defaults are."""

STEP_MAX_S: Final = 2.0
"""Seconds that a step at the brokers may take: beginning, or a commit. Two of them fit into a publish."""

TRANSACTION_MAX_MS: Final = 10_000
"""Milliseconds after which the brokers end a transaction whose producer was killed: readers wait so long."""

THREADS_MAX: Final = 4
"""Transactions of a process under way at once."""


class KafkaBroker:
    """A Kafka cluster at an address. Transactional ids begin with ``consumer``, the name of the cursors."""

    errors: tuple[type[Exception], ...] = (KafkaException, BufferError, OSError)

    def __init__(self, url: str, consumer: str, more: dict[str, Any] | None = None) -> None:
        self._config = config_of(url) | (more or {})
        self._topic = urlsplit(url).path.strip("/") or TOPIC
        self._consumer = consumer

    async def connect(self) -> "KafkaSink":
        """A connection to a cluster that has the topic."""
        await asyncio.to_thread(_declare, self._config, self._topic)
        return KafkaSink(self._config, self._topic, self._consumer)


def config_of(url: str) -> dict[str, Any]:
    """What the client must know of an address."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    encrypted = parts.scheme == "kafkas"
    config: dict[str, Any] = {
        "bootstrap.servers": hosts,
        "client.id": "boxoffice",
        "log_level": 0,  # what fails is told by the publish that fails
        "security.protocol": ("SASL_" if login else "") + ("SSL" if encrypted else "PLAINTEXT"),
    }
    if login:
        config |= {
            "sasl.mechanism": "PLAIN",
            "sasl.username": unquote(user),
            "sasl.password": unquote(password),
        }
    return config


def _declare(config: dict[str, Any], topic: str) -> None:
    admin = AdminClient(config)
    found = admin.list_topics(topic, timeout=STEP_MAX_S).topics[topic].error  # some brokers make it now
    if found is None or found.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
        return
    [made] = admin.create_topics([NewTopic(topic)], operation_timeout=STEP_MAX_S).values()
    try:
        made.result(STEP_MAX_S)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise SinkRefused(f"topic {topic}: {error.args[0].str()}") from error


class KafkaSink:
    """Producers, one for each slice. One that failed is given up: some errors are for ever."""

    def __init__(self, config: dict[str, Any], topic: str, consumer: str) -> None:
        self._config = config
        self._topic = topic
        self._consumer = consumer
        self._producers: dict[int, Producer] = {}
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="kafka")

    async def publish(self, messages: Sequence[Message]) -> int:
        """Returns when the transactions are committed."""
        slices: dict[int, list[Message]] = {}
        for message in messages:
            slices.setdefault(slice_of(message.show_id), []).append(message)
        loop = asyncio.get_running_loop()
        commits = [
            loop.run_in_executor(self._threads, self._commit, number, part) for number, part in slices.items()
        ]
        await asyncio.gather(*commits)
        return 0

    async def close(self) -> None:
        """End the producers. What they have under way is given up."""
        producers, self._producers = list(self._producers.values()), {}
        await asyncio.to_thread(_drop, producers)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _commit(self, number: int, messages: Sequence[Message]) -> None:
        producer = self._producer(number)
        try:
            producer.begin_transaction()
            for message in messages:
                producer.produce(
                    self._topic,
                    key=str(message.show_id).encode(),
                    value=message.body,
                    headers=[("ce_id", message.id.encode()), ("content-type", CONTENT_TYPE.encode())],
                )
            producer.commit_transaction(STEP_MAX_S)
        except KafkaException as error:
            self._producers.pop(number, None)
            _drop([producer])
            raise SinkAway(f"the transaction of slice {number}: {error.args[0].name()}") from error

    def _producer(self, number: int) -> Producer:
        """The producer of a slice. A new one fences any other with the same transactional id."""
        if number not in self._producers:
            producer = Producer(
                self._config
                | {
                    "transactional.id": f"{self._consumer}:{number}",
                    "transaction.timeout.ms": TRANSACTION_MAX_MS,
                    # A timeout of the client's own would be an error for ever for such a producer.
                    "message.timeout.ms": 0,
                }
            )
            producer.init_transactions(STEP_MAX_S)
            self._producers[number] = producer
        return self._producers[number]


def _drop(producers: Sequence[Producer]) -> None:
    for producer in producers:
        with suppress(KafkaException):
            producer.abort_transaction(CLOSE_MAX_S)
        producer.purge()
