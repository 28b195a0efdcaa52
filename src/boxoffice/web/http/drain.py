"""The time between SIGTERM and the closed port, in which load balancers find out and go elsewhere.

``/readyz`` says 503 and every answer closes its connection, while requests are served as before. Without it a
request that is under way to a port that closes, or on a connection that ends, is lost.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


class Drain:
    """Whether the server is about to end: ``begun`` from SIGTERM on, for ``delay_s`` seconds."""

    def __init__(self, delay_s: float) -> None:
        self.begun = False
        self._delay_s = delay_s

    def put_before_sigterm(self) -> None:
        """Delays what SIGTERM does; a second one does it at once. Called in the running event loop.

        Does nothing outside the main thread, where signals are none of ours.
        """
        ends = signal.getsignal(signal.SIGTERM)
        main = threading.current_thread() is threading.main_thread()
        if self._delay_s == 0 or not main or not callable(ends):
            return
        loop = asyncio.get_running_loop()
        end: Callable[[int, FrameType | None], object] = ends

        def begin(number: int, frame: FrameType | None) -> None:
            if self.begun:
                end(number, frame)
            else:
                self.begun = True
                loop.call_soon_threadsafe(loop.call_later, self._delay_s, end, number, None)

        signal.signal(signal.SIGTERM, begin)
