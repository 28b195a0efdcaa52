"""When a write is tried again, and what is told when that did not help."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from asyncpg import exceptions as pg

from boxoffice.database.store import Store
from boxoffice.settings.settings import Settings
from boxoffice.sql import query
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable


class NoConnection(OSError):
    """There was no connection to be had: nothing was sent."""


class ScriptedPool:
    """Connections on which one thing after the other happens; the last one again and again."""

    def __init__(self, *script: Exception | list[str]) -> None:
        self.tries = 0
        self._script = script

    @asynccontextmanager
    async def acquire(self, **_: float) -> AsyncIterator["ScriptedPool"]:
        self._next = self._script[min(self.tries, len(self._script) - 1)]
        self.tries += 1
        if isinstance(self._next, NoConnection):
            raise self._next
        yield self

    def add_log_listener(self, _listener: object) -> None:
        """Nothing is said beside."""

    remove_log_listener = add_log_listener

    def terminate(self) -> None:
        """It is dropped."""

    async def expire_connections(self) -> None:
        """Those that rest are renewed."""

    async def fetch(self, text: str, *_: object) -> Any:
        if text == query("waits_for_standby"):
            return [{"waits": False}]
        if isinstance(self._next, Exception):
            raise self._next
        return self._next


CONFLICT = pg.SerializationError()
LOCKED = pg.LockNotAvailableError()
LOST = pg.ConnectionDoesNotExistError()
FULL = pg.DiskFullError()
BROKEN = pg.InternalServerError()


async def write(*script: Exception | list[str]) -> tuple[Any, int]:
    """The answer or the error, and the number of tries."""
    store = Store(Settings(), "")
    pool: Any = ScriptedPool(*script)
    store._writers.pool = pool
    try:
        return await store.write("users"), pool.tries
    except (asyncpg.PostgresError, Unavailable, OutcomeUnknown) as error:
        return type(error), pool.tries


@pytest.mark.parametrize(
    "script",
    [
        [CONFLICT, pg.DeadlockDetectedError(), CONFLICT],
        [NoConnection(), NoConnection()],
        [LOST, TimeoutError(), pg.AdminShutdownError(), pg.InterfaceError("closed")],
        [LOST, LOCKED, CONFLICT, LOCKED],  # it may be done: only another try can tell
        [LOST, BROKEN, NoConnection()],
        [LOST, FULL, pg.PostgresIOError()],
    ],
)
async def test_a_write_is_tried_until_it_is_answered(script: list[Exception]) -> None:
    assert await write(*script, ["row"]) == (["row"], len(script) + 1)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LOCKED, Busy),
        (FULL, Unavailable),
        (pg.OutOfMemoryError(), Unavailable),
        (pg.PostgresIOError(), Unavailable),
        (BROKEN, pg.InternalServerError),
    ],
)
async def test_what_had_no_effect_and_will_not_help_is_told_at_once(
    error: Exception, told: type[Exception]
) -> None:
    assert await write(error, ["row"]) == (told, 1)
    assert await write(CONFLICT, NoConnection(), error, ["row"]) == (told, 3)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ([CONFLICT], Unavailable),
        ([NoConnection()], Unavailable),
        ([CONFLICT, NoConnection()], Unavailable),  # what was sent was answered
        ([LOST], OutcomeUnknown),
        ([LOST, NoConnection()], OutcomeUnknown),
        ([LOST, CONFLICT], OutcomeUnknown),
        ([LOST, LOCKED], OutcomeUnknown),
        ([LOST, BROKEN], OutcomeUnknown),
        ([LOST, FULL], OutcomeUnknown),
    ],
)
async def test_at_the_end_of_the_budget_a_doubt_is_told_as_a_doubt(
    monkeypatch: pytest.MonkeyPatch, script: list[Exception], told: type[Exception]
) -> None:
    monkeypatch.setattr(limits, "WRITE_RETRY_BUDGET_S", 0.2)
    result, tries = await write(*script)
    assert result is told
    assert tries > 1
