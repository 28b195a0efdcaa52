"""What it costs to let thousands watch a show, beside a bare protocol that writes the same bytes."""

from functools import partial
from typing import Final

from boxoffice.bench.live import watch
from boxoffice.bench.results import Account, Sample
from boxoffice.bench.stage import Item, Stage

WAYS: Final = {"bare": "bare protocol", "live": "boxoffice live", "serve": "serve"}
"""The servers, by the name of the way."""

SERVE_MAX: Final = 5_000
"""Watchers that a process of ``serve`` lets in, unless its settings say another number."""

FRAMES_PER_S: Final = 5
"""Frames for each second of the plan: enough in a full run that a collection of garbage does not show."""


async def watched(stage: Stage) -> list[Item]:
    """Each server with each number of watchers, and the floor beside it."""
    levels = [stage.connections(wanted) for wanted in stage.plan.watchers]
    return [
        Item(
            watched_name(way, watchers),
            "frames/s",
            partial(_watched, stage, way, watchers),
            {} if way == "bare" else {"bare protocol": watched_name("bare", watchers)},
        )
        for watchers in levels
        for way in WAYS
        if way != "serve" or watchers <= SERVE_MAX
    ]


def watched_name(way: str, watchers: int) -> str:
    """The name of the measurement of one server with so many watchers."""
    return f"{WAYS[way]}, {watchers:,} watchers"


async def _watched(stage: Stage, way: str, watchers: int) -> Sample:
    found = await watch(way, watchers, max(int(FRAMES_PER_S * stage.plan.seconds), 1))
    name = watched_name(way, watchers)
    stage.accounts.append(Account(name, "told the last event", found.watchers, found.up_to_date, 0))
    return found.sample
