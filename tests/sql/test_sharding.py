"""The keys of a migrated database carry their show, so that its tables can be sharded by show."""

import pytest

from tests.support.engine.databases import Connection
from tests.support.proof.sharding import DISTRIBUTED, EVERYWHERE, IN_ONE_PLACE

TABLES = """
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
    wrong = [row[0] for row in await connection.fetch(UNIQUE_WITHOUT_SHOW, list(DISTRIBUTED))]
    for key in await connection.fetch(FOREIGN_KEYS):
        pairs = list(zip(key["from_columns"], key["to_columns"], strict=True))
        of_a_show = key["source"] in DISTRIBUTED, key["target"] in DISTRIBUTED
        if of_a_show[1] and not (of_a_show[0] and ("show_id", "show_id") in pairs):
            wrong.append(key["conname"])
        if not of_a_show[1] and key["target"] not in EVERYWHERE:
            wrong.append(key["conname"])
    return sorted(wrong)


async def test_every_table_is_known_to_lie_somewhere(connection: Connection) -> None:
    tables = [row[0] for row in await connection.fetch(TABLES)]

    assert sorted(tables) == sorted([*DISTRIBUTED, *EVERYWHERE, *IN_ONE_PLACE])


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
