"""What a campaign is: one way to look for a broken promise, for as long as one likes."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec import Struct

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
    takes ``short_s`` seconds. It starts a new round as long as there is time, and does one at least.
    """

    name: str
    promise: str
    share: int
    short_s: float
    run: Callable[[Stage], Coroutine[Any, Any, Findings]]
