"""Events to RabbitMQ: a topic exchange, publisher confirms, and no message that no queue takes.

RabbitMQ can refuse no duplicate, so a batch under way at a crash may come twice. It acknowledges a message
without a queue, and drops it; `mandatory` makes it send such a message back.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import (
    AMQPError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    DeliveryError,
    PublishError,
)
from aiormq.exceptions import ChannelClosed

from boxoffice.feed.envelopes import CONTENT_TYPE
from boxoffice.relay.sinks import CONNECT_MAX_S, Message, SinkAway, SinkRefused

EXCHANGE: Final = "boxoffice"
"""The topic exchange, which the relay declares if there is none. Queues and bindings are the readers'."""


class RabbitBroker:
    """A RabbitMQ at an address."""

    errors: tuple[type[Exception], ...] = (AMQPError, ChannelInvalidStateError, OSError)

    def __init__(self, url: str) -> None:
        self._url = url

    async def connect(self) -> "RabbitSink":
        """A connection with the exchange. Without the right to declare, an exchange that exists will do."""
        connection = await aio_pika.connect(self._url, timeout=CONNECT_MAX_S)
        try:
            return RabbitSink(connection, await _exchange(connection))
        except ChannelClosed as error:
            await connection.close()
            raise SinkRefused(f"exchange {EXCHANGE}: {error}") from error
        except BaseException:
            await connection.close()
            raise


async def _exchange(connection: AbstractConnection) -> AbstractExchange:
    try:
        return await (await _channel(connection)).get_exchange(EXCHANGE, ensure=True)
    except ChannelNotFoundEntity:  # which has closed its channel
        channel = await _channel(connection)
        return await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)


async def _channel(connection: AbstractConnection) -> AbstractChannel:
    return await connection.channel(publisher_confirms=True, on_return_raises=True)


class RabbitSink:
    """A channel. Its first message goes alone: after a failure the others must not pass one that fails."""

    def __init__(self, connection: AbstractConnection, exchange: AbstractExchange) -> None:
        self._connection = connection
        self._exchange = exchange
        self._proven = False

    async def publish(self, messages: Sequence[Message]) -> int:
        """Returns when all messages are confirmed. Each must have found a queue."""
        try:
            if not self._proven:
                await self._send(messages[0])
                self._proven, messages = True, messages[1:]
            await asyncio.gather(*map(self._send, messages))
        except PublishError as error:
            key = getattr(error.frame, "routing_key", "")
            raise SinkRefused(f"no queue takes {key}: bind one to the exchange {EXCHANGE}") from error
        except DeliveryError as error:
            raise SinkAway("a queue refused a message") from error
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            raise SinkAway("the connection broke") from None  # the client cancels what waits for an answer
        return 0

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    async def _send(self, message: Message) -> None:
        letter = aio_pika.Message(
            message.body,
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message.id,
            type=message.type,
            app_id="boxoffice",
        )
        await self._exchange.publish(letter, f"show.{message.show_id}.{message.kind}", mandatory=True)
