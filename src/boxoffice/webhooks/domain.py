"""What webhooks bring to the program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from litestar.openapi.spec import Tag

from boxoffice.web.http.services import Services
from boxoffice.webhooks.api import WebhooksController
from boxoffice.webhooks.refusals import REFUSALS
from boxoffice.webhooks.settings import settings_of
from boxoffice.webhooks.worker import working

CONTROLLERS: Final = (WebhooksController,)
KINDS: Final = REFUSALS
TAGS: Final = (Tag("Webhooks", "Other servers that are told what happens."),)


@asynccontextmanager
async def background(services: Services) -> AsyncIterator[None]:
    """Sends messages for as long as the process serves."""
    async with working(services.feed, settings_of(services.settings)):
        yield
