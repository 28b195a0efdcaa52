"""Whether a database has the program's tables, keys, functions and views, and nothing that hides them.

What a database says of itself is compared line by line with what it says after this program's migrations
(``sql/catalogue.txt``). A line has a kind, a name and a definition, which is the same in PostgreSQL 14 to 18.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from boxoffice.sql import query, scripts

RECORD: Final = files("boxoffice.sql") / "catalogue.txt"
"""The lines of a database that was just migrated. ``python -m tests.support.proof.catalogue`` writes them."""


@cache
def recorded() -> tuple[str, ...]:
    """The lines that this program's migrations and functions make."""
    return tuple(RECORD.read_text("utf-8").splitlines())


async def program_schema(connection: Any) -> tuple[str | None, list[str]]:
    """The schema that names lead to in this session, None if there is none; and all that are searched.

    Afterwards the transaction finds names in PostgreSQL's own schema first, then in this one, and nowhere
    else: a function of another schema is not called in the place of the one that is meant.
    """
    searched: list[str] = await connection.fetchval(query("searched_schemas"))
    await connection.execute(query("plain_session"))
    rows = await connection.fetch(query("schemas_with_ledger"))
    having = {row["nspname"] for row in rows}
    schema = next((name for name in searched if name in having), None)
    if schema is not None:
        await connection.fetchval(query("search_program"), schema)
    return schema, searched


async def catalogue(connection: Any, schema: str) -> list[tuple[str, str]]:
    """What the database says of itself, as pairs of a name and a line. The search path must be ours."""
    return [
        (row["name"], row["line"])
        for text in scripts("catalogue").values()
        for row in await connection.fetch(text, schema)
    ]


async def deviations(connection: Any, schema: str, searched: Sequence[str]) -> list[str]:
    """What is not as this program made it; what it never made and what changes nothing is left alone."""
    ours = set(recorded())
    names = {_name(line) for line in ours}
    there = {line for name, line in await catalogue(connection, schema) if name in names}
    others = await connection.fetch(query("substitutes"), schema, list(searched), sorted(names))
    return [*_told(ours, there), *(row["violation"] for row in others)]


def _told(ours: set[str], there: set[str]) -> Iterator[str]:
    lacking = {_key(line): line for line in ours - there}
    for line in sorted(there - ours):
        if lacking.pop(_key(line), None) is not None:
            yield f"another {line}"
        elif not line.startswith("plain-index "):  # one that operators add refuses nothing
            yield f"not the program's: {line}"
    yield from (f"missing: {line}" for line in sorted(lacking.values()))


def _key(line: str) -> str:
    return line.partition(":")[0]


def _name(line: str) -> str:
    """The relation, type or function that a line is about."""
    return _key(line).split()[1].partition(".")[0].partition("(")[0]
