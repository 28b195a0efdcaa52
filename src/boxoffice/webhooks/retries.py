"""When a message is sent again: the times, without a clock of their own."""

from collections.abc import Callable
from random import uniform
from typing import Final

STEPS_S: Final = (
    0.0,
    5.0,
    60.0,
    5 * 60.0,
    30 * 60.0,
    2 * 3_600.0,
    5 * 3_600.0,
    10 * 3_600.0,
    14 * 3_600.0,
    20 * 3_600.0,
    24 * 3_600.0,
)
"""Seconds before each attempt, from the end of the one before: three days and a quarter in all."""

SPREAD: Final = 0.2
"""The part by which a pause is made longer or shorter at random, so that many do not try at one moment."""


def pauses(chance: Callable[[float, float], float] = uniform) -> list[float]:
    """The pauses after the first attempt, the second and so on, each spread. After the last there is none."""
    return [step * chance(1 - SPREAD, 1 + SPREAD) for step in STEPS_S[1:]]
