"""A broker behind its own bounds: a time for each publish, a new connection after an error, and a pause that
grows while the broker is away.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

import structlog

from boxoffice.relay import metrics, sinks
from boxoffice.relay.sinks import Broker, Forked, Message, Sink, SinkAway, SinkRefused

log: Final = structlog.get_logger(__name__)


class GuardedSink:
    """Publishes to one broker. It is connected when there is something to publish.

    The clients' own reconnecting is not used: a publish would wait in them while the broker is away. Here it
    fails, and the pump sends the batch again after its pause.
    """

    def __init__(self, consumer: str, broker: Broker, clock: Callable[[], float] = monotonic) -> None:
        self._consumer = consumer
        self._broker = broker
        self._failures: tuple[type[Exception], ...] = (SinkAway, TimeoutError, *broker.errors)
        self._clock = clock
        self._sink: Sink | None = None
        self._reason: str | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when the broker has all messages. Raises ``SinkAway`` or ``Forked``."""
        begun = self._clock()
        try:
            sink = await self._connected()
            async with asyncio.timeout(sinks.PUBLISH_MAX_S):
                there = await sink.publish(messages)
        except Forked:
            raise
        except self._failures as error:
            await self._give_up(error)
            raise SinkAway(self._reason) from error
        except BaseException:  # stopped in the middle: what was sent may be acknowledged or not
            await self._drop()
            raise
        self._fine(self._clock() - begun, there)

    async def close(self) -> None:
        """End the connection."""
        await self._drop()

    async def _connected(self) -> Sink:
        if self._sink is None:
            async with asyncio.timeout(sinks.CONNECT_MAX_S):
                self._sink = await self._broker.connect()
        return self._sink

    async def _drop(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            with suppress(*self._failures):
                async with asyncio.timeout(sinks.CLOSE_MAX_S):
                    await sink.close()

    async def _give_up(self, error: Exception) -> None:
        refused = isinstance(error, SinkRefused)
        reason = str(error) if isinstance(error, SinkAway) else _word(error)
        metrics.SINK_UP.labels(self._consumer).set(0)
        metrics.SINK_REFUSES.labels(self._consumer).set(refused)
        if reason != self._reason:
            self._reason = reason
            log.warning("a broker is away", consumer=self._consumer, reason=reason, refused=refused)
        await self._drop()

    def _fine(self, took_s: float, there: int) -> None:
        metrics.SINK_UP.labels(self._consumer).set(1)
        metrics.SINK_REFUSES.labels(self._consumer).set(0)
        metrics.PUBLISH_SECONDS.labels(self._consumer).observe(took_s)
        metrics.ALREADY_THERE.labels(self._consumer).inc(there)
        if self._reason is not None:
            self._reason = None
            log.info("a broker is back", consumer=self._consumer)


def _word(error: Exception) -> str:
    """What went wrong, without the texts of clients, which may quote an address with its password."""
    return (
        f"no answer within {sinks.PUBLISH_MAX_S:g} s"
        if isinstance(error, TimeoutError)
        else type(error).__name__
    )
