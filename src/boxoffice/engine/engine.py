"""The engine: every change goes through ``BookingEngine.execute``. It knows nothing of HTTP or SQL."""

import asyncio
from collections.abc import Callable, Sequence
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
    EraseUser,
    ExpireHolds,
    FailBooking,
    ShowCommand,
)
from boxoffice.vocabulary.faults import Fault, OutcomeUnknown
from boxoffice.vocabulary.outcomes import BookingDone, Done, HoldsExpired, Outcome, Refused, ShowDone

CATALOGUE: Final = 0
"""Stands for the lists of shows and users where a show's id is needed. No show has this id."""


class BookingEngine:
    """Puts each command into its show's lane, and returns the outcome.

    A lane runs one batch at a time. So two batches of one process never wait for the same show's lock.
    """

    def __init__(self, store: Store, *, keys_kept_days: int) -> None:
        self._store = store
        self._keys_kept = timedelta(days=keys_kept_days)
        self._batches = Batches(store)
        self._changed: dict[int, float] = {}
        self._listeners: list[Callable[[int], None]] = []
        self._lanes = Lanes[ShowCommand[Any], Outcome](
            self._run,
            _bounds(),
            workers=store.writers_max,
            lane_of=_show_of,
            apart=_key_of,
            waited=metrics.QUEUE_WAIT_SECONDS.observe,
        )

    async def stop(self) -> None:
        """Refuse new commands, and return when the commands in the lanes are answered.

        Raises ``TimeoutError`` after ``limits.DRAIN_MAX_S``.
        """
        async with asyncio.timeout(limits.DRAIN_MAX_S):
            await self._lanes.stop()

    async def execute(self, command: Command[D]) -> D | Refused:
        """The command's outcome: what was done, or a ``Refused``. Raises a ``Fault`` if our side fails."""
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
        if isinstance(command, EraseUser) and not isinstance(outcome, Refused):
            try:
                await self._erase_traces(command.user_id)
            except Fault as fault:  # the profile is gone already, so 'no effect' would be untrue
                raise OutcomeUnknown("traces of an erased person are left; erase once more") from fault
        return cast("D | Refused", outcome)

    def changed_at(self, show_id: int) -> float:
        """When this process last changed the show (or the ``CATALOGUE``), in seconds of the event loop's
        clock. 0 means never, or so long ago that the process has forgotten the time.
        """
        return self._changed.get(show_id, 0.0)

    def tell_changes(self, listener: Callable[[int], None]) -> None:
        """Call ``listener`` with the id of each show that this process changes from now on."""
        self._listeners.append(listener)

    def tell_load(self) -> None:
        """Set the gauges: how many commands wait in this process, and how many connections are in use."""
        metrics.WAITING.set(len(self._lanes))
        metrics.DEEPEST_LANE.set(self._lanes.deepest)
        self._store.tell_load()

    async def expire_due(self, actor: str) -> int:
        """End the holds that have run out in all shows; returns how many holds that were.

        A show that another session has locked is left for the next call. If no hold could be ended at all,
        the ``Fault`` of such a show is raised.
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

    async def _erase_traces(self, user_id: int) -> None:
        """Remove what is left of an erased person, a portion at a time, so that nobody waits for it long. If
        this is broken off, an erasure that is asked again goes on.
        """
        more = True
        while more:
            [row] = await self._store.write("erase_traces", user_id, limits.ERASE_ROWS_MAX)
            more = row["more"]

    def _note_change(self, show_id: int) -> None:
        if len(self._changed) >= limits.CHANGES_KEPT_MAX:
            self._changed.clear()
        self._changed[show_id] = asyncio.get_running_loop().time()
        if show_id != CATALOGUE:
            for listener in self._listeners:
                listener(show_id)

    async def _run(self, commands: Sequence[ShowCommand[Any]]) -> Sequence[Outcome | Exception]:
        with batch_span(commands):
            return await self._batches.run(commands)

    async def forget(self) -> bool:
        """Delete old batch rows and old idempotency keys. Returns whether more old keys are left: one call
        deletes about ``limits.FORGET_KEYS_MAX`` keys.
        """
        age = timedelta(seconds=limits.BATCH_RECORDS_KEPT_S)
        await self._store.write("forget_batches", age)
        await self._store.write("forget_own_keys", age)
        [row] = await self._store.write("forget_keys", self._keys_kept, limits.FORGET_KEYS_MAX)
        return bool(row["forgotten"] >= limits.FORGET_KEYS_MAX)


def _count_hold(command: ShowCommand[Any], done: Done) -> None:
    """Count holds that were made, sold or failed. Their ratio is the share of holds that are sold."""
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
    """The mark that keeps two commands with one idempotency key out of one batch.

    The second must run after the first has committed, so that the second finds the first's outcome.
    """
    if command.idempotency_key is None:
        return None
    return command.show_id, command.actor, command.idempotency_key
