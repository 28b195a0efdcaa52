"""The pace of the frames: how soon a show's next frame may follow, by what the last frames cost."""

from typing import Final

TICK_MIN_S: Final = 0.1
"""Shortest time between two frames of a show: a person does not see a difference to less."""

TICK_MAX_S: Final = 5.0
"""Longest time between two frames of a show that changes: later, a seat map is no longer live."""

SEND_COST_S: Final = 0.000_011
"""What it costs the process to send a frame to a watcher; most of that is the call of the system."""


class Pace:
    """One budget for all shows of a process. A frame that is sent moves the clock on by what it cost; no
    further frame follows before that, so that a crowd of watchers leaves the rest of the process its share.
    """

    def __init__(self, share: float, bytes_per_second: float) -> None:
        """``share``: the part of a core that frames may take."""
        self._share: Final = share
        self._bytes_per_second: Final = bytes_per_second
        self._free_at = 0.0

    def spend(self, now: float, watchers: int, frame_bytes: int) -> None:
        """Notes a frame of that size which goes to so many watchers. What a crowd cost beyond the longest
        wait is forgotten: otherwise frames would stay slow for hours after the crowd has gone.
        """
        cost_s = max(watchers * SEND_COST_S / self._share, watchers * frame_bytes / self._bytes_per_second)
        self._free_at = min(max(self._free_at, now) + cost_s, now + TICK_MAX_S)

    def wait_s(self, now: float, last_at: float) -> float:
        """Seconds until a show may send its next frame, if the last was sent at ``last_at``."""
        due_at = min(max(last_at + TICK_MIN_S, self._free_at), last_at + TICK_MAX_S)
        return max(due_at - now, 0.0)
