"""What a check comes to."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from boxoffice.settings.settings import Settings

Rows = Sequence[Mapping[str, Any]]
"""What a query of ``sql/doctor`` gave."""


class Level(StrEnum):
    """How bad it is: an error endangers promises or service now, a warning will some day."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Verdict(Struct, frozen=True):
    """How bad it is, what was seen, and what to do about it in one line."""

    level: Level
    seen: str
    advice: str = ""


class Finding(Struct, frozen=True):
    """A check by its name and its verdict."""

    check: str
    verdict: Verdict


class Situation(Struct, frozen=True):
    """What a verdict depends on beside the rows: the settings, and how many server processes there are."""

    settings: Settings
    processes: int = 1


def ok(seen: str) -> Verdict:
    """All is well."""
    return Verdict(Level.OK, seen)


def warning(seen: str, advice: str) -> Verdict:
    """It will hurt some day."""
    return Verdict(Level.WARNING, seen, advice)


def error(seen: str, advice: str) -> Verdict:
    """It hurts now."""
    return Verdict(Level.ERROR, seen, advice)
