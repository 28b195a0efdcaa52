"""A database that is not as this program made it is told from one that is, whatever it says of itself."""

import pytest

from boxoffice.database.catalogue import deviations, program_schema, recorded
from tests.support.engine.databases import Connection
from tests.support.proof.catalogue import lines_of

KEY = "ALTER TABLE booking_seats DROP CONSTRAINT booking_seats_pkey"

FORGERIES = {
    "another function": (
        "CREATE OR REPLACE FUNCTION bit_of(p_place integer) RETURNS integer LANGUAGE sql RETURN 0",
        "another function bit_of(",
    ),
    "a function with its caller's rights taken away": (
        "ALTER FUNCTION find_run(bit varying[], integer, integer) SECURITY DEFINER",
        "another function find_run(",
    ),
    "a function that searches elsewhere": (
        "ALTER FUNCTION find_run(bit varying[], integer, integer) SET search_path = elsewhere",
        "another function find_run(",
    ),
    "a second function of the name": (
        "CREATE FUNCTION bit_of(p_place bigint) RETURNS integer LANGUAGE sql RETURN 0",
        "not the program's: function bit_of(",
    ),
    "no key of seats": (KEY, "missing: constraint booking_seats.booking_seats_pkey"),
    "a key of other columns": (
        f"{KEY}; ALTER TABLE booking_seats ADD CONSTRAINT booking_seats_pkey PRIMARY KEY (place, show_id)",
        "another constraint booking_seats.booking_seats_pkey",
    ),
    "a weaker check": (
        (
            "ALTER TABLE show_inventory DROP CONSTRAINT inventory_adds_up, "
            "ADD CONSTRAINT inventory_adds_up CHECK (free_places + held_places <= total_places)"
        ),
        "another constraint show_inventory.inventory_adds_up",
    ),
    "a check that was not made of old rows": (
        (
            "ALTER TABLE bookings DROP CONSTRAINT hold_has_an_end, "
            "ADD CONSTRAINT hold_has_an_end CHECK (status <> 'PENDING' OR expires_at IS NOT NULL) NOT VALID"
        ),
        "another constraint bookings.hold_has_an_end",
    ),
    "no foreign key": (
        "ALTER TABLE bookings DROP CONSTRAINT bookings_user_id_fkey",
        "missing: constraint bookings.bookings_user_id_fkey",
    ),
    "foreign keys switched off": (
        "ALTER TABLE bookings DISABLE TRIGGER ALL",
        "not the program's: trigger bookings.of a foreign key",
    ),
    "a unique index for fewer rows": (
        "DROP INDEX users_email_key; CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE false",
        "another unique-index users.users_email_key",
    ),
    "an index that is not used": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bookings_retaken_once'::regclass",
        "another unique-index bookings.bookings_retaken_once",
    ),
    "a unique index too much": (
        "CREATE UNIQUE INDEX forged ON logins (user_id)",
        "not the program's: unique-index logins.forged",
    ),
    "a trigger": (
        (
            "CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            "CREATE TRIGGER forged BEFORE INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION forge()"
        ),
        "not the program's: trigger bookings.forged",
    ),
    "a rule": (
        "CREATE RULE forged AS ON DELETE TO booking_seats DO INSTEAD NOTHING",
        "not the program's: rule booking_seats.forged",
    ),
    "rows that are hidden": (
        "CREATE POLICY forged ON show_events USING (false)",
        "not the program's: policy show_events.forged",
    ),
    "a view that shows less": (
        "CREATE OR REPLACE VIEW all_seats AS SELECT * FROM booking_seats",
        "another view all_seats",
    ),
    "another default": (
        "ALTER TABLE bookings ALTER capped SET DEFAULT true",
        "another column bookings.capped",
    ),
    "a column that may be empty": (
        "ALTER TABLE show_events ALTER link DROP NOT NULL",
        "another column show_events.link",
    ),
    "a column too much": (
        "ALTER TABLE bookings ADD forged text",
        "not the program's: column bookings.forged",
    ),
    "another collation": (
        'ALTER TABLE event_kinds ALTER status TYPE text COLLATE "POSIX"',
        "another column event_kinds.status",
    ),
    "a table that a crash empties": ("ALTER TABLE show_batches SET UNLOGGED", "another table show_batches"),
    "a table with a child": (
        "CREATE TABLE more_events () INHERITS (show_events)",
        "another table show_events",
    ),
    "another meaning": (
        "UPDATE event_kinds SET owned = false WHERE kind = 'booked'",
        "another event-kind booked",
    ),
    "a function before a built-in one": (
        "CREATE FUNCTION format(text, bigint) RETURNS text LANGUAGE sql RETURN ''",
        "function public.format can be called instead of another",
    ),
    "an operator before a built-in one": (
        (
            "CREATE FUNCTION forged(bytea, bytea) RETURNS boolean LANGUAGE sql RETURN false; "
            "CREATE OPERATOR <> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = forged)"
        ),
        "operator public.<> can be used instead of another",
    ),
    "a cast": (
        "CREATE CAST (text AS integer) WITH INOUT AS IMPLICIT",
        "cast of text to integer is not PostgreSQL's",
    ),
    "a table that is searched first": (
        (
            "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.booking_seats (show_id bigint); "
            "SET search_path = elsewhere, public"
        ),
        "relation or type elsewhere.booking_seats stands before the program's",
    ),
    "a function that is searched first": (
        (
            "CREATE SCHEMA elsewhere; "
            "CREATE FUNCTION elsewhere.bit_of(p_place integer) RETURNS integer LANGUAGE sql RETURN 0; "
            "SET search_path = elsewhere, public"
        ),
        "function elsewhere.bit_of can be called instead of another",
    ),
    "a table of the session": (
        "CREATE TEMP TABLE show_events (show_id bigint)",
        "relation or type pg_temp",
    ),
    "a table in a schema with the name of a role": (
        "CREATE SCHEMA postgres; CREATE TABLE postgres.bookings (show_id bigint)",
        "relation or type postgres.bookings stands before the program's",
    ),
    "a table that a role finds first": (
        (
            "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.bookings (show_id bigint); "
            "ALTER ROLE postgres SET search_path = elsewhere, public"
        ),
        "relation or type elsewhere.bookings stands before the program's",
    ),
    "triggers that are off for a role": (
        "ALTER ROLE postgres SET session_replication_role = replica",
        "setting session_replication_role=replica",
    ),
    "triggers that are off for all of the server": (
        "SET LOCAL session_replication_role = replica",  # as if postgresql.conf said so
        "setting session_replication_role=replica",
    ),
    "names that a role finds before PostgreSQL's": (
        "ALTER ROLE postgres SET search_path = public, pg_catalog",
        "setting search_path=public, pg_catalog of a role",
    ),
    "names that this session finds before PostgreSQL's": (
        "SET search_path = public, pg_catalog",
        "names of the program's schema are found before",
    ),
    "an index that calls a function": (
        (
            "CREATE FUNCTION forge(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN $1; "
            "CREATE INDEX forged ON bookings (forge(booking_id))"
        ),
        "index bookings.forged runs function forge(bigint)",
    ),
    "an index that finds other rows": (
        (
            "CREATE FUNCTION forge(bigint, bigint) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 0; "
            "CREATE OPERATOR CLASS forged FOR TYPE bigint USING btree AS "
            "OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, "
            "FUNCTION 1 forge(bigint, bigint); CREATE INDEX forged ON show_events (show_id forged, seq)"
        ),
        "index show_events.forged runs operator class forged",
    ),
}
"""What is done to the database, and how what is told of it begins."""

HARMLESS = (
    "CREATE INDEX report ON bookings (created_at)",
    "CREATE INDEX report ON bookings (date_part('hour', created_at AT TIME ZONE 'UTC')) WHERE user_id > 7",
    "CREATE TABLE notes (text text)",
    "CREATE VIEW report AS SELECT count(*) FROM bookings",
    "CREATE FUNCTION of_the_house() RETURNS integer LANGUAGE sql RETURN 1",
    "CREATE SCHEMA copy; CREATE TABLE copy.bookings (show_id bigint)",
    "ALTER TABLE bookings SET (fillfactor = 70)",
    "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET quote_all_identifiers = on",
)
"""What operators may add."""


async def seen(connection: Connection, change: str) -> list[str]:
    """What deviates after the change, which is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(change)
        schema, searched = await program_schema(connection)
        assert schema == "public"
        return await deviations(connection, schema, searched)
    finally:
        await transaction.rollback()


async def test_the_record_is_what_the_migrations_make(connection: Connection) -> None:
    assert tuple(await lines_of(connection)) == recorded(), "write it again: make pages"


@pytest.mark.parametrize(("change", "told"), FORGERIES.values(), ids=FORGERIES)
async def test_a_forgery_is_told(connection: Connection, change: str, told: str) -> None:
    assert [line for line in await seen(connection, change) if line.startswith(told)]


@pytest.mark.parametrize("change", HARMLESS)
async def test_what_changes_nothing_of_ours_is_left_alone(connection: Connection, change: str) -> None:
    assert await seen(connection, change) == []
