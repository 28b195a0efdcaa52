"""The engine: the one door for every change. It knows nothing of HTTP or SQL."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, cast

from boxoffice.database.store import Store
from boxoffice.engine.batches import Batches
from boxoffice.engine.lanes import Bounds, Lanes
from boxoffice.telemetry import metrics
from boxoffice.telemetry.tracing import batch_span, command_span
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import (
    BookSeats,
    Command,
    ConfirmBooking,
    D,
    ExpireHolds,
    FailBooking,
    ShowCommand,
)
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.outcomes import BookingDone, Done, HoldsExpired, Outcome, Refused, ShowDone

CATALOGUE: Final = 0
"""Stands for the lists of shows and users where a show's id is asked for: no show has it."""


class BookingEngine:
    """Gives each command to its show's lane and answers with its outcome.

    A lane has one batch under way, so within a process a show's commands never compete for its lock.
    """

    def __init__(self, store: Store, *, keys_kept_days: int) -> None:
        self._store = store
        self._keys_kept = timedelta(days=keys_kept_days)
        self._batches = Batches(store)
        self._changed: dict[int, float] = {}
        self._lanes = Lanes[ShowCommand[Any], Outcome](
            self._run,
            _bounds(),
            workers=store.writers_max,
            lane_of=_show_of,
            apart=_key_of,
            waited=metrics.QUEUE_WAIT_SECONDS.observe,
        )

    async def stop(self) -> None:
        """Takes no more commands and answers those in the lanes, for ``DRAIN_MAX_S`` at most."""
        async with asyncio.timeout(limits.DRAIN_MAX_S):
            await self._lanes.stop()

    async def execute(self, command: Command[D]) -> D | Refused:
        """The command's outcome. A refusal is a value; raises a ``Fault`` when the fault is ours."""
        if isinstance(command, ShowCommand):
            with command_span(command):
                outcome = await self._lanes.submit(command)
            if not isinstance(outcome, Refused):
                self._note_change(command.show_id)
                if isinstance(outcome, ShowDone):
                    self._note_change(CATALOGUE)
                _count_hold(command, outcome)
            return cast("D | Refused", outcome)
        outcome = await self._batches.run_desk(command)
        self._note_change(CATALOGUE)
        return cast("D | Refused", outcome)

    def changed_at(self, show_id: int) -> float:
        """When this process last changed the show (or the ``CATALOGUE``), by the event loop's time; 0 if
        long ago or never.
        """
        return self._changed.get(show_id, 0.0)

    def tell_load(self) -> None:
        """Sets the gauges of what waits and works in this process."""
        metrics.WAITING.set(len(self._lanes))
        metrics.DEEPEST_LANE.set(self._lanes.deepest)
        self._store.tell_load()

    async def expire_due(self, actor: str) -> int:
        """Ends all holds that have run out, of all shows, and says how many.

        A show that is locked elsewhere is left to the next time; raises its ``Fault`` if no other was due.
        """
        expired_count = 0
        while True:
            rows = await self._store.read("due_shows", limits.SWEEP_SHOWS_MAX)
            commands = [ExpireHolds(show_id=row["show_id"], actor=actor) for row in rows]
            outcomes = await asyncio.gather(*map(self.execute, commands), return_exceptions=True)
            ended = sum(o.expired_count for o in outcomes if isinstance(o, HoldsExpired))
            expired_count += ended
            for error in outcomes:
                if isinstance(error, BaseException) and not (expired_count and isinstance(error, Fault)):
                    raise error
            if not ended:
                return expired_count

    def _note_change(self, show_id: int) -> None:
        if len(self._changed) >= limits.CHANGES_KEPT_MAX:
            self._changed.clear()
        self._changed[show_id] = asyncio.get_running_loop().time()

    async def _run(self, commands: Sequence[ShowCommand[Any]]) -> Sequence[Outcome | Exception]:
        with batch_span(commands):
            return await self._batches.run(commands)

    async def forget(self) -> bool:
        """Deletes what was kept for lost answers and repeated requests, as far as its time is over.

        Says whether there is more: of the keys only some are deleted at once.
        """
        age = timedelta(seconds=limits.BATCH_RECORDS_KEPT_S)
        await self._store.write("forget_batches", age)
        await self._store.write("forget_own_keys", age)
        [row] = await self._store.write("forget_keys", self._keys_kept, limits.FORGET_KEYS_MAX)
        return bool(row["forgotten"] >= limits.FORGET_KEYS_MAX)


def _count_hold(command: ShowCommand[Any], done: Done) -> None:
    """Counts what became of holds, for the share of them that is sold."""
    if isinstance(done, BookingDone) and not done.replayed and (became := _hold_became(command, done)):
        metrics.HOLDS.labels(became).inc()


def _hold_became(command: ShowCommand[Any], done: BookingDone) -> str | None:
    match command:
        case BookSeats() if command.hold_seconds is not None:
            return "made"
        case ConfirmBooking():
            return "confirmed" if done.booking.retaken_from is None else "retaken"
        case FailBooking():
            return "failed"
        case _:
            return None


def _bounds() -> Bounds:
    return Bounds(
        lane_max=limits.LANE_QUEUE_MAX,
        all_lanes_max=limits.WAITING_COMMANDS_MAX,
        batch_max=limits.LANE_BATCH_MAX,
        alone_from=limits.LANE_ALONE_FROM,
        lanes_per_batch_max=limits.BATCH_LANES_MAX,
        answers_at_once=limits.ANSWERS_AT_ONCE,
        wait_max_s=limits.LANE_WAIT_MAX_S,
    )


def _show_of(command: ShowCommand[Any]) -> int:
    return command.show_id


def _key_of(command: ShowCommand[Any]) -> tuple[int, str, str] | None:
    """Two commands with one idempotency key must not share a batch: the second is the first's replay."""
    if command.idempotency_key is None:
        return None
    return command.show_id, command.actor, command.idempotency_key
