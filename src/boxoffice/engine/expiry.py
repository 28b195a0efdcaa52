"""The sweeper: ends holds that have run out, so that what is read is true though nobody books."""

import asyncio
from time import monotonic

import structlog

from boxoffice.engine.engine import BookingEngine
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault

log = structlog.get_logger(__name__)


class HoldExpirer:
    """Every instance runs one; ``interval_s`` seconds lie between two rounds.

    The work goes through the lanes, so sweepers of one process never meet a sale's lock; a second
    instance finds the holds ended. Nothing depends on it: a sale takes expired seats back by itself.
    Now and then it clears away the records of old batches and keys, too.
    """

    def __init__(self, engine: BookingEngine, interval_s: float) -> None:
        self._engine = engine
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to sweep."""
        metrics.LAST_SWEEP.set_to_current_time()  # there was none, and none is late
        self._task = asyncio.create_task(self._loop(), name="hold-expirer")

    async def stop(self) -> None:
        """Ends the sweeping; a round on its way is given up, the next instance does it."""
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
