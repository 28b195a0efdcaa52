"""Staged races: one session holds a lock, the test sees the other wait for it, and then the first goes on."""

import asyncio
import time
from datetime import datetime
from typing import overload

from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.process.polling import POLL_S, WAIT_MAX_S

_BLOCKED = """
    SELECT count(*)
    FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'
      AND ($1::int IS NULL OR pid = $1)
      AND ($2::text IS NULL OR application_name = $2)
"""


@overload
async def wait_until_blocked(observer: Connection, *, pid: int, count: int = 1) -> None: ...
@overload
async def wait_until_blocked(observer: Connection, *, application_name: str, count: int = 1) -> None: ...
async def wait_until_blocked(
    observer: Connection, *, pid: int | None = None, application_name: str | None = None, count: int = 1
) -> None:
    """Returns once ``count`` such sessions wait for a lock; fails if they do not within the bound.

    ``observer`` must not be in a transaction, in which pg_stat_activity would never change.
    """
    deadline = time.monotonic() + WAIT_MAX_S
    while await observer.fetchval(_BLOCKED, pid, application_name) < count:
        assert time.monotonic() < deadline, f"{pid or application_name} does not wait for a lock"
        await asyncio.sleep(POLL_S)


async def until_over(observer: Connection, expires_at: datetime | None) -> None:
    """Returns once a hold is over by the database's clock; fails if it was over before, because the test then
    staged nothing.
    """

    async def is_over() -> bool:
        return bool(await observer.fetchval("SELECT clock_timestamp() >= $1", expires_at))

    assert not await is_over(), "the machine is too slow for this test"
    await eventually(is_over, "the hold ends")
