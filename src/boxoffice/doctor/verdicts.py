"""Verdicts: the results of the doctor's checks."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct

from boxoffice.settings.settings import Settings

Rows = Sequence[Mapping[str, Any]]
"""The rows that a query of ``sql/doctor`` returned."""


class Level(StrEnum):
    """How bad a finding is: an error endangers bookings or the service now, a warning may do so later."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Verdict(Struct, frozen=True):
    """``level``: how bad the finding is. ``seen``: what the check saw. ``advice``: one line, what to do."""

    level: Level
    seen: str
    advice: str = ""


class Finding(Struct, frozen=True):
    """The name of a check, and its verdict."""

    check: str
    verdict: Verdict


class Situation(Struct, frozen=True):
    """What a verdict depends on beside the rows: the settings, and the number of server processes."""

    settings: Settings
    processes: int = 1


class Rule(NamedTuple):
    """A dangerous combination of settings: whether these settings have it, and the verdict on it."""

    found: Callable[[Settings], bool]
    verdict: Verdict


def ok(seen: str) -> Verdict:
    """The verdict that all is well."""
    return Verdict(Level.OK, seen)


def warning(seen: str, advice: str) -> Verdict:
    """The verdict that something may do harm later."""
    return Verdict(Level.WARNING, seen, advice)


def error(seen: str, advice: str) -> Verdict:
    """The verdict that something does harm now."""
    return Verdict(Level.ERROR, seen, advice)
