"""A campaign: one way to look for a broken promise, for any length of time."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

OVERTIME_MAX_S: Final = 180.0
"""Seconds that a campaign may take beyond its time. Starting servers and judging take some tens of them."""

Figures = dict[str, int | float | str]
"""Counts and measurements by name. A name ends in its unit if there is one."""


class Stage(Struct, frozen=True):
    """Where and how long a campaign runs: its own folder, which every user can enter; seconds; and a seed."""

    folder: Path
    seconds: float
    seed: int


class Findings(Struct):
    """The result of a campaign. ``violations``: a sentence for each broken promise; there must be none."""

    figures: Figures
    violations: list[str]


class Campaign(Struct, frozen=True):
    """A campaign by name. ``promise``: the promise that it tries to break.

    In a long run the campaign gets ``share`` / (sum of all shares) of the time. Its short version in the
    suite takes ``short_s`` seconds (0: another test of the suite does the same). A campaign starts new rounds
    as long as there is time, and at least one.
    """

    name: str
    promise: str
    share: int
    short_s: float
    run: Callable[[Stage], Coroutine[Any, Any, Findings]]


async def carry_out(campaign: Campaign, stage: Stage) -> Findings:
    """Run the campaign; returns its findings. A campaign that raises or does not end is a violation, too."""
    try:
        async with asyncio.timeout(stage.seconds + OVERTIME_MAX_S):
            return await campaign.run(stage)
    except Exception:  # noqa: BLE001 - whatever it is, the other campaigns go on
        return Findings({}, [f"the campaign broke off: {traceback.format_exc()}"])
