"""The drain: the time between SIGTERM and the closing of the port.

Load balancers need this time to send requests to another server. Meanwhile ``/readyz`` says 503, every answer
closes its connection, and requests are served as before. Without the drain two kinds of requests would be
lost: a request that is on its way while the port closes, and a request on a connection that just ends.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


class Drain:
    """The drain of a server: ``begun`` is true from SIGTERM on, the server ends ``delay_s`` seconds later."""

    def __init__(self, delay_s: float) -> None:
        self.begun = False
        self._delay_s = delay_s

    def put_before_sigterm(self) -> None:
        """Delays the end that SIGTERM causes; a second SIGTERM ends the server at once.

        The event loop must be running. Outside the main thread this method does nothing, because Python
        handles signals in the main thread alone.
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
