"""A session of the engine's store as a rival in a staged race: runs its batch and commits, step by step."""

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
"""What the engine tries again; the last of them at the desk only, and tests see to that."""


class Told(Struct):
    """What became of a session's batch, and when, in steps of the order: its last try began, it had ended.

    ``after_tick``: the last try had not run its batch when the clock moved on. ``errors``: what made the
    engine try again. ``waited``: it was seen to wait for a lock.
    """

    rows: list[asyncpg.Record] = []
    begun: int = 0
    ended: int = 0
    after_tick: bool = False
    waited: bool = False
    errors: list[str] = []


class Session:
    """One rival: its steps are done in order, each as soon as it is asked for and the one before is done."""

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
        """Returns when its step is done, or after a moment."""
        if self._under_way is not None and not self._under_way.done():
            await asyncio.wait([self._under_way], timeout=_LOOK_S)

    def begin(self, batch: Batch) -> None:
        """Has this to do in the next order."""
        self.told = Told()
        self._batch = batch
        self._steps = [self._commit(), self._run()]
        self._ran = self._failed = False

    def step(self, now: int) -> None:
        """Does its next step."""
        if not self._ran and len(self._steps) == 2:
            self.told.begun = now
        self._under_way = asyncio.create_task(_after(self._under_way, self._steps.pop()))

    def look(self, now: int, *, waits: bool) -> None:
        """Notes what is to be seen after a step of the order."""
        self.told.waited |= waits
        if not self._steps and not self.busy and not self.told.ended:
            self.told.ended = now

    def tick(self) -> None:
        """The clock has moved on: it was read by then, or will be."""
        self.told.after_tick = not self._ran

    async def finish(self, now: int, *, ticked: bool) -> None:
        """If it met another, runs the whole transaction again, as the engine does; alone now, so once."""
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
    """Runs a batch as the store does: the rows of its commands in order."""
    if isinstance(batch[0], ShowCommand):
        told = await connection.fetch(query("run_batch"), uuid4(), encoded_batch(batch), False)
        return sorted(told, key=lambda row: int(row["command_no"]))
    return await connection.fetch(query("run_desk_command"), encoded(batch[0]))
