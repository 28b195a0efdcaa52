"""The worker of webhooks: in every process that serves, it looks what is due and has couriers bring it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

import structlog

from boxoffice.feed.leases import Leases, slice_of
from boxoffice.feed.runtime import Feed
from boxoffice.settings.texts import Secret
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault
from boxoffice.webhooks import limits
from boxoffice.webhooks.addresses import Judge
from boxoffice.webhooks.backend import JudgingBackend
from boxoffice.webhooks.courier import Courier
from boxoffice.webhooks.lanes import Parts
from boxoffice.webhooks.ledger import Ledger
from boxoffice.webhooks.post import Post
from boxoffice.webhooks.sender import Sender
from boxoffice.webhooks.settings import WebhookSettings
from boxoffice.webhooks.views import DueLetter, UntoldFork

log: Final = structlog.get_logger(__name__)


def open_post(settings: WebhookSettings, key: Secret) -> Post:
    """The way of messages to endpoints; ``close`` after use."""
    backend = JudgingBackend(Judge(settings.allow_networks))
    return Post(Sender(backend, settings.timeout_seconds), key)


class Worker:
    """Shares the shows with the workers of other processes by leases; ``start`` before use, ``stop``
    after.
    """

    def __init__(self, feed: Feed, post: Post) -> None:
        self._reader: Final = feed.reader
        self._ledger: Final = Ledger(feed.store)
        self._parts: Final = Parts(self._ledger, feed.cursors, post, feed.source)
        self.leases: Final = Leases(feed.store, limits.DUTY, self._compare)
        self._couriers: dict[int, Courier] = {}
        self._forget_at = monotonic() + limits.HOUSEKEEPING_EVERY_S
        self._loop_task: asyncio.Task[None] | None = None
        self._unfollow: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to send."""
        self.leases.start()
        self._unfollow = self._reader.follow(self._notice, self._compare)
        self._loop_task = asyncio.create_task(self._loop(), name="webhooks")

    async def stop(self) -> None:
        """Ends the sending; messages under way have some seconds to arrive."""
        self._unfollow()
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.wait([self._loop_task])
        await asyncio.gather(*(courier.stop() for courier in self._couriers.values()))
        await self.leases.stop()

    def _notice(self, changed: Mapping[int, int]) -> None:
        held = self.leases.held
        shows = [show_id for show_id in changed if slice_of(show_id) in held]
        for courier in self._couriers.values():
            courier.want(shows)

    def _compare(self) -> None:
        for courier in self._couriers.values():
            courier.compare()

    async def _loop(self) -> None:
        while True:
            try:
                await self.look()
            except Fault as fault:
                log.warning("webhooks_cannot_look", reason=str(fault))
            except Exception:
                log.exception("webhooks_cannot_look")
            await asyncio.sleep(limits.LOOK_EVERY_S)

    async def look(self) -> None:
        """One look: which endpoints there are, and what is due at them."""
        await self._meet_targets()
        slices = list(self.leases.held)
        if slices and self._couriers:
            await self._send_due(slices)
        figures = await self._ledger.figures()
        metrics.WEBHOOKS_DISABLED.set(figures["disabled"])
        metrics.WEBHOOK_LANES_BLOCKED.set(figures["lanes_blocked"])
        metrics.WEBHOOK_LETTERS_WAITING.set(figures["parked"])
        if monotonic() >= self._forget_at:
            self._forget_at = monotonic() + limits.HOUSEKEEPING_EVERY_S
            await self._ledger.forget()

    async def _meet_targets(self) -> None:
        read_at = monotonic()
        targets = {target.endpoint_id: target for target in await self._ledger.targets()}
        gone = [self._couriers.pop(known) for known in [*self._couriers] if known not in targets]
        for endpoint_id, target in targets.items():
            if courier := self._couriers.get(endpoint_id):
                courier.update(target, read_at)
            else:
                held = lambda: self.leases.held  # noqa: E731 - read anew each time
                self._couriers[endpoint_id] = Courier(target, self._parts, self._reader, held)
        await asyncio.gather(*(courier.stop() for courier in gone))

    async def _send_due(self, slices: list[int]) -> None:
        for endpoint_id, show_id in await self._ledger.lanes_due(slices):
            if courier := self._couriers.get(endpoint_id):
                courier.want([show_id])
        letters: dict[int, list[DueLetter]] = defaultdict(list)
        for letter in await self._ledger.letters_due(slices):
            letters[letter.endpoint_id].append(letter)
        forks: dict[int, list[UntoldFork]] = defaultdict(list)
        for fork in await self._ledger.forks_untold(slices):
            forks[fork.endpoint_id].append(fork)
        for endpoint_id, courier in self._couriers.items():
            courier.take(letters[endpoint_id])
            courier.tell_forks(forks[endpoint_id])
            if courier.target.broken and not courier.target.waits:
                await courier.probe(letters[endpoint_id], forks[endpoint_id])


@asynccontextmanager
async def working(feed: Feed, settings: WebhookSettings) -> AsyncIterator[Worker | None]:
    """A worker for the length of a block; None without a key, for then there are no webhooks."""
    if settings.secret_key is None:
        yield None
        return
    post = open_post(settings, settings.secret_key)
    worker = Worker(feed, post)
    worker.start()
    try:
        yield worker
    finally:
        await worker.stop()
        await post.close()
