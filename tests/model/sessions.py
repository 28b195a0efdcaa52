"""A session of the engine's store as a rival in a staged race, which goes on step by step."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final
from uuid import uuid4

import asyncpg
from msgspec import Struct

from boxoffice.database.errors import CONFLICTS, Errors
from boxoffice.engine.encoding import encoded, encoded_batch
from boxoffice.sql import query
from boxoffice.vocabulary.commands import Command, ShowCommand
from tests.support.engine.databases import Connection

Batch = Sequence[Command[Any]]

_LOOK_S: Final = 0.002
"""Longest pause between two looks at the sessions, in seconds."""

_AGAIN_ON: Final[Errors] = (*CONFLICTS, asyncpg.UniqueViolationError)
"""The errors after which the engine tries again. The last is only for commands without a lane."""


class Told(Struct):
    """The result of a session's batch. ``begun`` and ``ended``: the steps of the order at which the last try
    began and at which the session had ended.

    ``after_tick``: the clock moved before the last try had run its batch. ``errors``: the errors after which
    the engine tried again. ``waited``: the test has seen the session wait for a lock.
    """

    rows: list[asyncpg.Record] = []
    begun: int = 0
    ended: int = 0
    after_tick: bool = False
    waited: bool = False
    errors: list[str] = []


class Session:
    """One rival. Its steps run in order, each as soon as the test asks for it and the step before is done."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pid = connection.get_server_pid()
        self.told = Told()
        self._steps: list[Coroutine[Any, Any, None]] = []
        self._under_way: asyncio.Task[None] | None = None
        self._ran = self._failed = False

    @property
    def busy(self) -> bool:
        """Whether a step is under way."""
        return self._under_way is not None and not self._under_way.done()

    async def done_soon(self) -> None:
        """Return when the step under way is done, or after ``_LOOK_S``."""
        if self._under_way is not None and not self._under_way.done():
            await asyncio.wait([self._under_way], timeout=_LOOK_S)

    def begin(self, batch: Batch) -> None:
        """Take the commands of the next order."""
        self.told = Told()
        self._batch = batch
        self._steps = [self._commit(), self._run()]
        self._ran = self._failed = False

    def step(self, now: int) -> None:
        """Start the next step."""
        if not self._ran and len(self._steps) == 2:
            self.told.begun = now
        self._under_way = asyncio.create_task(_after(self._under_way, self._steps.pop()))

    def look(self, now: int, *, waits: bool) -> None:
        """Record the session's state after a step of the order."""
        self.told.waited |= waits
        if not self._steps and not self.busy and not self.told.ended:
            self.told.ended = now

    def tick(self) -> None:
        """Record that the clock has moved, and whether the batch had read it before."""
        self.told.after_tick = not self._ran

    async def finish(self, now: int, *, ticked: bool) -> None:
        """If the transaction failed with a conflict, run it again, as the engine does. It runs alone now, so
        once is enough."""
        assert self._under_way is not None
        await self._under_way
        if self._failed:
            self._failed = False
            self.told.begun = self.told.ended = now
            self.told.after_tick = ticked
            await self._run()
            await self._commit()
        assert not self._failed, self.told.errors

    async def _run(self) -> None:
        await self.connection.execute("BEGIN")
        try:
            self.told.rows = await run(self.connection, self._batch)
            self._ran = True
        except _AGAIN_ON as error:
            await self.connection.execute("ROLLBACK")
            self._note(error)

    async def _commit(self) -> None:
        if self._failed:
            return
        try:
            await self.connection.execute("COMMIT")
        except CONFLICTS as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        self.told.errors.append(type(error).__name__)
        self._failed = True


async def _after(task: asyncio.Task[None] | None, step: Coroutine[Any, Any, None]) -> None:
    if task is not None:
        await task
    await step


async def run(connection: Connection, batch: Batch) -> list[asyncpg.Record]:
    """Run a batch as the store does; returns the rows in the order of the commands."""
    if isinstance(batch[0], ShowCommand):
        told = await connection.fetch(query("run_batch"), uuid4(), encoded_batch(batch), False)
        return sorted(told, key=lambda row: int(row["command_no"]))
    return await connection.fetch(query("run_desk_command"), encoded(batch[0]))
