"""The tries of one write: what is known after each, and whether another is worth it. Asks no database."""

import random
from time import monotonic

from boxoffice.database.errors import BUSY, EXHAUSTED, LOST, Errors
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Busy, OutcomeUnknown, Unavailable


class StandbySilent(TimeoutError):
    """Commits wait in vain for a synchronous standby. This try sent nothing: it would only wait, too."""


class Tries:
    """What is known of one write over all its tries.

    ``sent``: the statement of the present try was sent. ``maybe_committed``: the answer to a try was lost, so
    that only a later try can tell whether it was committed.
    """

    def __init__(self, retry_on: Errors) -> None:
        self.sent = False
        self.maybe_committed = False
        self._retry_on = retry_on
        self._give_up_at = monotonic() + limits.WRITE_RETRY_BUDGET_S
        self._pause_max_s = limits.RETRY_PAUSE_FIRST_S

    def begin(self) -> None:
        """Another try begins."""
        self.sent = False

    def pause_after(self, error: Exception) -> float:
        """Seconds until the next try, after one of ``errors.FAILURES``. The pause is a random part of the
        longest one, so that rivals do not meet again. If another try is of no use, this raises what the
        caller is told.
        """
        met_a_rival = isinstance(error, self._retry_on)
        if not met_a_rival:
            self._judge(error)
        metrics.WRITE_RETRIES.labels(type(error).__name__).inc()
        if monotonic() > self._give_up_at:
            fault = OutcomeUnknown if self.maybe_committed else Unavailable
            raise fault("the database did not answer") from error
        pause_max_s = limits.CONFLICT_PAUSE_MAX_S if met_a_rival else self._pause_max_s
        self._pause_max_s = min(self._pause_max_s * 2, limits.RETRY_PAUSE_MAX_S)
        return random.uniform(0, pause_max_s)  # noqa: S311 - jitter, not a secret

    def _judge(self, error: Exception) -> None:
        self.maybe_committed |= self.sent and is_lost(error)
        told = verdict(error, maybe_committed=self.maybe_committed)
        if told is error:
            raise error
        if told is not None:
            raise told from error


def verdict(error: Exception, *, maybe_committed: bool) -> Exception | None:
    """What the caller of a write is told after this error; None if the write is tried again.

    An error without effect ends the write, but not while an earlier try may be committed: the next try tells.
    """
    return None if maybe_committed or is_lost(error) else without_effect(error)


def is_lost(error: Exception) -> bool:
    """Whether the answer, or the connection before anything was sent, was lost."""
    return isinstance(error, LOST) and not isinstance(error, (*BUSY, StandbySilent))


def without_effect(error: Exception) -> Exception:
    """The fault that an error without effect comes to; the error itself if no fault has a name for it."""
    if isinstance(error, StandbySilent):
        return Unavailable(str(error))
    if isinstance(error, BUSY):
        return Busy("something else keeps the show locked")
    if isinstance(error, EXHAUSTED):
        return Unavailable("the database lacks resources")
    return error
