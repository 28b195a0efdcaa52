"""The engine behind a pooler: tests of the engine run here once more."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from tests.support.engine import box as boxes
from tests.support.engine.box import Box, open_box
from tests.support.process.pooler import pooler
from tests.support.settings import settings_for


@pytest.fixture
def pooled(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The DSN of the test's database behind the pooler; engines are told of it."""
    monkeypatch.setattr(boxes, "settings_for", partial(settings_for, DB_POOLER="transaction"))
    with pooler(database) as dsn:
        yield dsn


@pytest.fixture
async def box(pooled: str, isolation: str) -> AsyncIterator[Box]:
    """A running engine behind the pooler."""
    async with open_box(pooled, isolation) as opened:
        yield opened
