"""The sweeper: a task that ends holds that have run out. Without it the reads of a show that no buyer books
in would still count such seats as held.
"""

import asyncio
from time import monotonic

import structlog

from boxoffice.engine.engine import BookingEngine
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault

log = structlog.get_logger(__name__)


class HoldExpirer:
    """Every process runs one sweeper, with a pause of ``interval_s`` seconds between two rounds.

    The sweeper's commands go through the lanes, so they never wait for a lock of a sale of the same process.
    The sweeper of a second process finds these holds ended. No sale depends on the sweeper: a sale ends the
    expired holds of its show itself. Once in ``limits.FORGET_EVERY_S`` the sweeper also deletes old batch
    rows and old idempotency keys.
    """

    def __init__(self, engine: BookingEngine, interval_s: float) -> None:
        self._engine = engine
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the rounds."""
        metrics.LAST_SWEEP.set_to_current_time()  # at 0 the first round would seem late by decades
        self._task = asyncio.create_task(self._loop(), name="hold-expirer")

    async def stop(self) -> None:
        """Stop the rounds. A round under way is broken off; another process ends the holds that are left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _loop(self) -> None:
        forget_at = monotonic()
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                metrics.HOLDS_EXPIRED.inc(await self._engine.expire_due(actor="sweeper"))
                metrics.LAST_SWEEP.set_to_current_time()
                if monotonic() >= forget_at and not await self._engine.forget():
                    forget_at = monotonic() + limits.FORGET_EVERY_S
            except Fault as fault:
                log.warning("sweep_failed", reason=str(fault))
            except Exception:
                log.exception("sweep_failed")
