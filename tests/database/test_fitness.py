"""Which PostgreSQL this program can work with, told by what a server says when a connection begins."""

from typing import Any

import asyncpg
import pytest

from boxoffice.database import fitness
from boxoffice.database.fitness import Unfit, check_fitness


class Greeting:
    """What the driver keeps of a server's greeting."""

    def __init__(self, major: int, encoding: str) -> None:
        self._major, self._encoding = major, encoding

    def get_server_version(self) -> Any:
        return asyncpg.types.ServerVersion(self._major, 23, 0, "final", 0)

    def get_settings(self) -> Any:
        return type("Settings", (), {"server_encoding": self._encoding})


@pytest.mark.parametrize(
    ("major", "encoding", "told"),
    [
        (13, "UTF8", "this is PostgreSQL 13; it must be 14 or newer: the seat maps need bit_count"),
        (9, "UTF8", "this is PostgreSQL 9; it must be 14 or newer"),
        (18, "SQL_ASCII", "the encoding of the database is SQL_ASCII, and not UTF8; make another one"),
        (18, "LATIN1", "the encoding of the database is LATIN1, and not UTF8"),
        (13, "LATIN1", "this is PostgreSQL 13"),
    ],
)
def test_a_server_that_does_not_do_is_refused_with_the_sentence_of_the_doctor(
    major: int, encoding: str, told: str
) -> None:
    with pytest.raises(Unfit, match=told):
        check_fitness(Greeting(major, encoding))


@pytest.mark.parametrize("major", [14, 18, 19])
def test_every_release_from_the_oldest_on_does(major: int) -> None:
    check_fitness(Greeting(major, fitness.ENCODING))
