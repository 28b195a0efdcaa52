"""A box office with webhooks: the engine, the feed, a worker, and the desk."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from boxoffice.feed.runtime import Feed, open_feed
from boxoffice.serve.settings import ProgramSettings
from boxoffice.webhooks.desk import Desk, Wanted
from boxoffice.webhooks.views import Webhook
from boxoffice.webhooks.worker import Worker, working
from tests.support.engine.box import Box
from tests.support.engine.eventually import eventually
from tests.support.settings import settings_for

KEY: Final = "0123456789abcdef0123456789abcdef"
"""The key of all secrets in tests."""


def hooks_settings(dsn: str, **environ: object) -> ProgramSettings:
    """Settings under which endpoints may be on this machine."""
    given = {
        "WEBHOOK_SECRET_KEY": KEY,
        "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_ALLOW_HTTP": "true",
        "WEBHOOK_TIMEOUT_SECONDS": 2,
        "DB_POOL_MAX": 6,
    }
    return settings_for(dsn, **given | environ)


class Site:
    """A site: ``box`` sells, ``desk`` knows the endpoints, ``worker`` sends."""

    def __init__(self, box: Box, feed: Feed, worker: Worker) -> None:
        self.box: Final = box
        self.feed: Final = feed
        self.worker: Final = worker
        self.desk: Final = Desk(feed.store)

    async def hook(self, url: str, *, from_start: bool = False, **fields: Any) -> Webhook:
        """A new endpoint that the worker knows."""
        made = await self.desk.create(Wanted(name="Shop", url=url, **fields), from_start=from_start)
        assert made.webhook is not None
        await self.worker.look()
        return made.webhook

    async def view(self, webhook: Webhook) -> Webhook:
        """The endpoint as it is now."""
        found = await self.desk.find(webhook.id)
        assert found is not None
        return found

    async def until(self, webhook: Webhook, condition: Callable[[Webhook], bool], what: str) -> Webhook:
        """The endpoint, as soon as the condition holds."""

        async def holds() -> bool:
            return condition(await self.view(webhook))

        await eventually(holds, what)
        return await self.view(webhook)

    async def told(self, webhook: Webhook, show_id: int, seq: int) -> None:
        """Waits until the cursor of the endpoint is at this event of the show."""

        async def there() -> bool:
            positions = await self.feed.cursors.positions(f"webhook:{webhook.id}", [show_id])
            return show_id in positions and positions[show_id].seq == seq

        await eventually(there, f"event {seq} of show {show_id} is acknowledged")


@asynccontextmanager
async def open_site(box: Box, **environ: object) -> AsyncIterator[Site]:
    """A running site on the box's database."""
    settings = hooks_settings(box.dsn, **environ)
    async with open_feed(settings, box.engine) as feed, working(feed, settings.webhooks) as worker:
        assert worker is not None
        await worker.leases.renew()
        yield Site(box, feed, worker)
