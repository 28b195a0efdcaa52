"""Fixtures: a box office with webhooks, and a real receiver."""

from collections.abc import AsyncIterator

import pytest

from boxoffice.webhooks import limits
from tests.support.engine.box import Box
from tests.support.webhooks.receiver import Receiver, open_receiver
from tests.support.webhooks.site import Site, open_site


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker looks often: the database's clock, not this machine's, says what is due."""
    monkeypatch.setattr(limits, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(limits, "HINT_PAUSE_S", 0.05)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A running receiver."""
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
async def site(box: Box) -> AsyncIterator[Site]:
    """A running site."""
    async with open_site(box) as site:
        yield site
