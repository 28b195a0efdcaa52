"""Waiting in the event loop until a condition holds that another task or process brings about."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.support.process.polling import POLL_S, WAIT_MAX_S


async def eventually(
    condition: Callable[[], Awaitable[bool]], what: str, *, wait_max_s: float = WAIT_MAX_S
) -> None:
    """Returns as soon as ``condition`` holds; fails, naming ``what``, if it does not within the bound."""
    deadline = time.monotonic() + wait_max_s
    while not await condition():
        assert time.monotonic() < deadline, f"not within {wait_max_s:g} s: {what}"
        await asyncio.sleep(POLL_S)
