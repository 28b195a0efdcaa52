"""What a campaign is: one way to look for a broken promise, for as long as one likes."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

OVERTIME_MAX_S: Final = 180.0
"""Seconds beyond its time after which a campaign is stopped: to start and to judge takes some tens."""

Figures = dict[str, int | float | str]
"""What was counted or measured, by a name that ends in its unit where it has one."""


class Stage(Struct, frozen=True):
    """Where and how long: a folder of the campaign's own that every user can enter, seconds, and a seed."""

    folder: Path
    seconds: float
    seed: int


class Findings(Struct):
    """What a campaign saw. ``violations``: a sentence for each broken promise; there must be none."""

    figures: Figures
    violations: list[str]


class Campaign(Struct, frozen=True):
    """A campaign by name; ``promise`` is what it tries to break.

    Of a long run it gets ``share`` of the time (of the sum of all shares); its short version in the suite
    takes ``short_s`` seconds (0: another test of the suite does it). It starts a new round as long as
    there is time, and does one at least.
    """

    name: str
    promise: str
    share: int
    short_s: float
    run: Callable[[Stage], Coroutine[Any, Any, Findings]]


async def carry_out(campaign: Campaign, stage: Stage) -> Findings:
    """What the campaign found; that it broke off, or did not end, is a violation as well."""
    try:
        async with asyncio.timeout(stage.seconds + OVERTIME_MAX_S):
            return await campaign.run(stage)
    except Exception:  # noqa: BLE001 - whatever it is, the other campaigns go on
        return Findings({}, [f"the campaign broke off: {traceback.format_exc()}"])
