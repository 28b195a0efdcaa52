"""The live seats of an application: one house for each, open while the application runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from boxoffice.live.house import House
from boxoffice.live.settings import LiveSettings
from boxoffice.web.http.services import Services

SHARE_OF_SERVE: Final = 0.25
"""The part of a core that frames may take in a process that sells seats, too."""

_HOUSES: Final[WeakKeyDictionary[Services, House]] = WeakKeyDictionary()


def house_of(services: Services) -> House:
    """The live shows of an application."""
    if (house := _HOUSES.get(services)) is None:
        settings: LiveSettings = cast(Any, services.settings).live
        house = _HOUSES[services] = House(settings, SHARE_OF_SERVE)
    return house


@asynccontextmanager
async def live_open(services: Services) -> AsyncIterator[None]:
    """Follows shows while the application runs."""
    async with house_of(services).open(services.feed.reader, services.feed.store):
        yield
