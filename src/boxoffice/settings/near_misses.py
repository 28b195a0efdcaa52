"""Names that look like a setting and are none: a setting that is mistyped would be lost without a word."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

ALIKE_MIN: Final = 0.85
"""How alike two names are, from 0 to 1, if one is taken for the other mistyped: one letter of six."""

_OF_A_DATABASE: Final = re.compile(
    r"(?:PG|POSTGRES|POSTGRESQL|DATABASE|DB|SQLALCHEMY)(?:_?\w*)(?:URL|URI|DSN|HOST|DATABASE|DB|NAME|SERVICE)"
)
"""Names by which other programs are told their PostgreSQL."""


def near_misses(given: Iterable[str], names: frozenset[str]) -> Iterator[str]:
    """A line for each given name that is no setting, but nearly one of ``names``."""
    for name in sorted(set(given) - names):
        if near := get_close_matches(name.upper(), names, n=1, cutoff=ALIKE_MIN):
            yield f"{name} is set, and is no setting: is {near[0]} meant?"


def names_of_a_database(given: Iterable[str], names: frozenset[str]) -> list[str]:
    """The given names that are no settings, and by which a database seems to be told."""
    return sorted(name for name in set(given) - names if _is_of_a_database(name.upper()))


def _is_of_a_database(name: str) -> bool:
    near = get_close_matches(name, ["DATABASE_URL"], 1, ALIKE_MIN)
    return bool(near) or _OF_A_DATABASE.fullmatch(name) is not None
