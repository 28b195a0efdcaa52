"""A session that the database has ended while it was idle: the driver was told so, and still hands it out."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import pytest

from boxoffice.database.store import Store
from boxoffice.settings.settings import Settings

EOF_LATE_S: Final = 0.05
"""Seconds between the database's last words and the end of its connection."""

_LAST_WORDS: Final = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"

Ask = Callable[[Store], Any]


def end_while_idle(pool: Any) -> None:
    """What ``pg_terminate_backend`` does to an idle session, its end a little later."""
    [connection] = [holder._con for holder in pool._holders if holder._con is not None]
    length = (len(_LAST_WORDS) + 4).to_bytes(4, "big")
    connection._protocol.data_received(b"E" + length + _LAST_WORDS)
    asyncio.get_running_loop().call_later(EOF_LATE_S, connection.terminate)


@pytest.fixture
async def store(database: str) -> Any:
    opened = Store(Settings(), database)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_write_goes_to_another_session(store: Store) -> None:
    end_while_idle(store._writers.pool)
    assert await store.write("applied_migrations")


async def test_a_read_goes_to_another_session(store: Store) -> None:
    end_while_idle(store._readers.pool)
    assert await store.read("applied_migrations")
