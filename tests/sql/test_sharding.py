"""The keys of a migrated database carry their show, so that its tables can be sharded by show."""

import pytest

from tests.support.engine.databases import Connection
from tests.support.proof.tables import ABOUT_A_PERSON, TABLES, VIEWS, lying

RELATIONS = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace
"""
UNIQUE_WITHOUT_SHOW = """
    SELECT i.indexrelid::regclass::text
    FROM pg_index AS i
    WHERE i.indrelid::regclass::text = ANY ($1) AND (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = i.indrelid AND a.attname = 'show_id'
          AND a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
    )
"""
COLUMNS = """
    SELECT c.relname AS name, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS required
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relname = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
FOREIGN_KEYS = """
    SELECT conname, conrelid::regclass::text AS source, confrelid::regclass::text AS target,
           ARRAY(SELECT a.attname::text FROM unnest(conkey) WITH ORDINALITY AS k (no, place)
                 JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k.no
                 ORDER BY k.place) AS from_columns,
           ARRAY(SELECT a.attname::text FROM unnest(confkey) WITH ORDINALITY AS k (no, place)
                 JOIN pg_attribute AS a ON a.attrelid = confrelid AND a.attnum = k.no
                 ORDER BY k.place) AS to_columns
FROM pg_constraint WHERE contype = 'f'
"""
CROSSED = """
    CREATE UNIQUE INDEX fine ON bookings (booking_id, show_id);
    ALTER TABLE booking_seats ADD CONSTRAINT wrong
        FOREIGN KEY (booking_id, show_id) REFERENCES bookings (show_id, booking_id);
"""
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"


async def wrong_keys(connection: Connection) -> list[str]:
    """The unique keys and foreign keys that could not be kept on a sharded database."""
    wrong = [row[0] for row in await connection.fetch(UNIQUE_WITHOUT_SHOW, [*lying("show"), *VIEWS])]
    for key in await connection.fetch(FOREIGN_KEYS):
        pairs = list(zip(key["from_columns"], key["to_columns"], strict=True))
        of_a_show = key["source"] in lying("show"), key["target"] in lying("show")
        if of_a_show[1] and not (of_a_show[0] and ("show_id", "show_id") in pairs):
            wrong.append(key["conname"])
        if not of_a_show[1] and key["target"] not in lying("everywhere"):
            wrong.append(key["conname"])
    return sorted(wrong)


async def test_every_table_is_known_to_lie_somewhere(connection: Connection) -> None:
    tables = [row[0] for row in await connection.fetch(RELATIONS)]

    assert sorted(tables) == sorted([*TABLES, *VIEWS])


async def test_every_column_about_a_person_is_told_of(connection: Connection) -> None:
    told = {(name, column) for name, table in TABLES.items() for column in table.person}
    found = {
        (row["name"], row["column"])
        for row in await connection.fetch(COLUMNS, list(TABLES))
        if row["column"] in ABOUT_A_PERSON
    }

    assert found == {(name, column) for name, column in told if column in ABOUT_A_PERSON}


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.archive])
async def test_the_archive_has_the_columns_of_what_is_moved_there(connection: Connection, name: str) -> None:
    columns: dict[str, list[tuple[str, str, bool]]] = {}
    archive = TABLES[name].archive
    view = archive.replace("archived", "all")
    for row in await connection.fetch(COLUMNS, [name, archive, view]):
        columns.setdefault(row["name"], []).append((row["column"], row["type"], row["required"]))

    assert columns[name] == columns[archive]
    assert [column[:2] for column in columns[name]] == [column[:2] for column in columns[view]]


async def test_every_unique_key_and_foreign_key_of_rows_of_shows_has_the_show(connection: Connection) -> None:
    assert await wrong_keys(connection) == []


async def test_no_table_has_a_trigger(connection: Connection) -> None:
    assert await connection.fetch(TRIGGERS) == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("CREATE UNIQUE INDEX wrong ON bookings (booking_id)", "wrong"),
        ("CREATE UNIQUE INDEX wrong ON bookings (booking_id) INCLUDE (show_id)", "wrong"),
        ("ALTER TABLE show_events ADD CONSTRAINT wrong UNIQUE (link)", "wrong"),
        (CROSSED, "wrong"),
        ("ALTER TABLE logins ADD show_id bigint CONSTRAINT wrong REFERENCES shows", "wrong"),
        ("ALTER TABLE shows ADD key_id text CONSTRAINT wrong REFERENCES api_keys", "wrong"),
    ],
)
async def test_a_key_without_the_show_is_found(connection: Connection, change: str, wrong: str) -> None:
    await connection.execute(change)

    assert await wrong_keys(connection) == [wrong]
