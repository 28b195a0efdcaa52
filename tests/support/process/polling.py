"""Waiting for a condition that another process brings about: it is checked again and again, up to a bound."""

import time
from collections.abc import Callable
from typing import Final

WAIT_MAX_S: Final = 30.0
"""Longest wait of a test, in seconds: enough for a busy machine, and short for a hanging run."""

POLL_S: Final = 0.01
"""Pause between two looks, in seconds."""


def wait_until(condition: Callable[[], bool], what: str, wait_max_s: float = WAIT_MAX_S) -> None:
    """Returns as soon as ``condition`` holds; fails, naming ``what``, if it does not within the bound."""
    deadline = time.monotonic() + wait_max_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {wait_max_s:g} s: {what}"
        time.sleep(POLL_S)
