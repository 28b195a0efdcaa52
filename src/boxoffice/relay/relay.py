"""The relay of a process: for each broker a pump, which takes its share of the shows with other processes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog

from boxoffice.feed.envelopes import encode, envelope, rewound
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.leases import Leases
from boxoffice.feed.pump import Pump
from boxoffice.feed.runtime import Feed
from boxoffice.relay.brokers import broker_of
from boxoffice.relay.guarded import GuardedSink
from boxoffice.relay.settings import NOW, RelaySettings
from boxoffice.relay.sinks import REWOUND, Broker, Forked, Message, SinkAway, message_of
from boxoffice.relay.targets import Target
from boxoffice.settings.settings import Settings
from boxoffice.telemetry import metrics
from boxoffice.web.http.services import Services

log: Final = structlog.get_logger(__name__)


class Relay:
    """The relay to one broker; ``start`` before use, ``stop`` after. ``personal``: the broker gets who booked
    and who acted.
    """

    def __init__(self, feed: Feed, consumer: str, broker: Broker, *, personal: bool) -> None:
        self._feed = feed
        self._consumer = consumer
        self._personal = personal
        self._sink = GuardedSink(consumer, broker)
        self._leases = Leases(feed.store, consumer, self._compare)
        self._pump = Pump(feed.reader, feed.cursors, self._leases, consumer, self.deliver, self.tell_fork)

    def start(self) -> None:
        """Begin to send."""
        self._leases.start()
        self._pump.start()

    async def stop(self) -> None:
        """End. A batch under way is sent again by the process that takes over, at once."""
        await self._pump.stop()
        await self._leases.stop()
        await self._sink.close()

    async def deliver(self, events: Sequence[FeedEvent]) -> None:
        """Send events. Raises ``SinkAway`` unless the broker has acknowledged all of them."""
        source = self._feed.source
        messages = [
            message_of(event, encode(envelope(event, source, personal=self._personal))) for event in events
        ]
        try:
            await self._sink.publish(messages)
        except Forked as fork:
            await self._fork(fork)
            raise SinkAway(str(fork)) from fork

    async def tell_fork(self, show_id: int, has: Position) -> None:
        """Tell the readers of the broker that the show's history does not continue what they have."""
        for fork in await self._feed.cursors.forks(self._consumer):
            if fork.show_id == show_id:
                notice = rewound(show_id, has, fork.last_seq, self._feed.source, fork.noticed_at)
                message = Message(show_id, REWOUND, notice["id"], notice["type"], encode(notice), None, b"")
                await self._sink.publish([message])

    def _compare(self) -> None:
        self._pump.compare()

    async def _fork(self, fork: Forked) -> None:
        """Stop the show: the broker has events that the database has lost. The pump tells its readers."""
        metrics.FEED_FORKS.labels(self._consumer).inc()
        log.error("a broker has another history", consumer=self._consumer, reason=str(fork))
        await self._feed.cursors.note_fork(self._consumer, fork.show_id, fork.has)


def brokers_of(settings: RelaySettings, feed: Feed | None = None) -> list[tuple[Target, Broker]]:
    """The brokers of the settings. Raises ``SettingsError`` if a client is not installed."""

    async def fits(show_id: int, position: Position) -> bool:
        assert feed is not None
        return not (await feed.reader.tail(show_id, position, 1)).forked

    return [(target, broker_of(target, fits)) for target in settings.targets]


@asynccontextmanager
async def open_relay(feed: Feed, settings: RelaySettings) -> AsyncIterator[None]:
    """Events go to all brokers of the settings, for the length of a block. Raises ``SettingsError``."""
    async with AsyncExitStack() as stack:
        for target, broker in brokers_of(settings, feed):
            await feed.cursors.create(
                target.consumer,
                "relay",
                personal=settings.personal,
                config={"kind": target.kind, "host": target.host},
                from_start=settings.begin != NOW,
            )
            relay = Relay(feed, target.consumer, broker, personal=settings.personal)
            relay.start()
            stack.push_async_callback(relay.stop)
        yield


def relay_settings(settings: Settings) -> RelaySettings:
    """The group of the relay in the settings of the program."""
    found = getattr(settings, "relay", None)
    return found if isinstance(found, RelaySettings) else RelaySettings()


@asynccontextmanager
async def relaying(services: Services) -> AsyncIterator[None]:
    """The relay of a process that serves, from its start to its end."""
    async with open_relay(services.feed, relay_settings(services.settings)):
        yield
