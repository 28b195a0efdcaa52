"""The engine behind a pooler: tests of the engine run here once more."""

from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec.structs import replace

from boxoffice.settings.settings import Settings
from tests.support.engine import box as boxes
from tests.support.engine.box import Box, open_box
from tests.support.process.pooler import pooler


@pytest.fixture
def pooled(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The DSN of the test's database behind the pooler; engines are told of it."""
    plain = boxes.settings_for

    def settings_for(dsn: str, isolation: str = "serializable", *, pool_max: int = 4) -> Settings:
        return replace(plain(dsn, isolation, pool_max=pool_max), db_pooler="transaction")

    monkeypatch.setattr(boxes, "settings_for", settings_for)
    with pooler(database) as dsn:
        yield dsn


@pytest.fixture
async def box(pooled: str, isolation: str) -> AsyncIterator[Box]:
    """A running engine behind the pooler."""
    async with open_box(pooled, isolation) as opened:
        yield opened
