"""Every statement names the show whose rows it means, so that the SQL can be sharded
(``proof/sharding.py``)."""

import pytest

from boxoffice.sql import scripts
from tests.support.proof import sharding

FUNCTIONS = scripts("functions")
FILES = {
    f"{folder}/{name}": text for folder in ("functions", "queries") for name, text in scripts(folder).items()
}


def test_every_statement_on_rows_of_shows_names_their_show() -> None:
    found = {name: sharding.untied(text) for name, text in FILES.items()}

    assert {
        name: scopes for name, scopes in found.items() if scopes and name not in sharding.CROSS_SHOWS
    } == {}
    assert [
        name for name in sharding.CROSS_SHOWS if not found[name]
    ] == []  # an exception that is no longer needed


def test_a_function_is_for_one_show() -> None:
    others = [name for name in sharding.about_shows(FUNCTIONS) if not sharding.takes_a_show(FUNCTIONS[name])]

    assert sorted(others) == sorted(sharding.WITHOUT_SHOW)


def test_no_rows_are_changed_in_a_with() -> None:
    assert [n for n, text in FILES.items() if sharding.changes_in_with(text)] == list(sharding.CHANGING_CTES)


def test_no_update_reads_a_clock_or_chance() -> None:
    assert [name for name, text in FILES.items() if sharding.clocks_in_updates(text)] == []


def test_nothing_is_used_that_works_on_one_node_only() -> None:
    assert [name for name, text in FILES.items() if sharding.forbidden(text)] == []


def test_no_function_in_the_sql_language_asks_tables_of_shows() -> None:
    assert sharding.in_sql_language(FUNCTIONS) == []


def test_no_whole_row_of_a_show_is_used_as_a_value() -> None:
    assert {name: rows for name, text in FILES.items() if (rows := sharding.whole_rows(text))} == {}


def test_no_function_that_asks_tables_stands_in_a_query_on_tables() -> None:
    found = {name: sharding.nested_queries(text, FUNCTIONS) for name, text in FILES.items()}

    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_constraint_is_added_by_a_statement_of_its_own() -> None:
    assert [name for name, text in scripts("migrations").items() if sharding.crowded_alters(text)] == []


def test_nothing_is_lost_on_its_way_to_a_node() -> None:
    assert {name: lost for name, text in FILES.items() if (lost := sharding.unstable(text))} == {}


def test_rows_of_shows_are_locked_show_by_show() -> None:
    assert {name: many for name, text in FILES.items() if (many := sharding.locks_of_many(text))} == {}


def test_what_a_sharded_database_would_refuse_is_found() -> None:
    functions = {
        "asks": "CREATE FUNCTION asks(p_show_id bigint) RETURNS bigint LANGUAGE sql AS $$ "
        "SELECT count(*) FROM bookings WHERE show_id = p_show_id $$"
    }
    assert sharding.in_sql_language(functions) == ["asks"]
    nested = "SELECT asks(1) FROM shows WHERE show_id = 1"
    assert sharding.nested_queries(f"CREATE FUNCTION f() LANGUAGE plpgsql {nested}", functions) == ["asks"]
    for text in (
        "SELECT CASE WHEN true THEN b END FROM bookings AS b",
        "SELECT to_jsonb(b) FROM bookings AS b",
    ):
        assert sharding.whole_rows(text) == ["bookings AS b"]
    for text in (
        "SELECT b.show_id FROM bookings AS b",
        "UPDATE bookings AS b SET status = 'b' WHERE b.show_id = 1",
    ):
        assert sharding.whole_rows(text) == []
    assert sharding.crowded_alters("ALTER TABLE t ADD x int, ADD CONSTRAINT y CHECK (x > 0)")
    assert not sharding.crowded_alters("ALTER TABLE t ADD CONSTRAINT y CHECK (f(x, 0) > 0)")
    assert sharding.unstable('INSERT INTO users (a) VALUES (1) ON CONFLICT (lower(a COLLATE "C")) DO NOTHING')
    assert sharding.unstable("UPDATE shows SET at = COALESCE($1::timestamptz, at) WHERE show_id = 1")
    assert sharding.locks_of_many("SELECT FROM show_inventory WHERE show_id = ANY ($1) FOR UPDATE")
    assert not sharding.locks_of_many("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM bookings WHERE booking_id = $1",
        "UPDATE show_inventory SET free_seats = 0",
        "DELETE FROM booking_seats WHERE seat_number = ANY ($2)",
        "SELECT * FROM shows AS s JOIN bookings AS b USING (booking_id) WHERE s.show_id = $1",
        "SELECT * FROM shows WHERE show_id = $1 AND EXISTS (SELECT FROM bookings WHERE user_id = $2)",
        "SELECT * FROM unnest($1) AS c, bookings AS b WHERE b.booking_id = c.booking_id",
        "UPDATE bookings SET status = 'show_id = 1'  -- show_id = $1",
    ],
)
def test_a_statement_without_its_show_is_found(statement: str) -> None:
    assert len(sharding.untied(statement)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT show_id FROM users WHERE user_id = $1",
        "SELECT * FROM shows JOIN bookings USING (show_id) WHERE show_id = $1",
        "SELECT * FROM bookings AS b WHERE $1 = b.show_id AND (SELECT true FROM shows WHERE show_id = $1)",
        "INSERT INTO bookings SELECT * FROM unnest($1)",
    ],
)
def test_a_statement_with_its_show_is_not(statement: str) -> None:
    assert sharding.untied(statement) == []


def test_what_is_forbidden_is_found() -> None:
    assert sharding.changes_in_with("WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone")
    assert sharding.clocks_in_updates("UPDATE bookings SET updated_at = engine_now() WHERE show_id = $1")
    for text in (
        "MERGE INTO users",
        "NOTIFY seats",
        "PERFORM pg_notify($1, $2)",
        "SELECT pg_advisory_xact_lock(1)",
        "CREATE TRIGGER t",
        "EXECUTE format($1)",
    ):
        assert sharding.forbidden(text), text


def test_a_function_without_a_show_is_found() -> None:
    files = {
        "one": "CREATE FUNCTION one(p_show_id bigint) RETURNS void AS $$ $$",
        "calls": "CREATE FUNCTION calls(p_x integer) RETURNS void AS $$ SELECT one(p_x) $$",
        "reads": "CREATE FUNCTION reads(p_x integer) RETURNS void AS $$ SELECT FROM bookings $$",
        "writes": "CREATE FUNCTION writes(p_x integer) RETURNS void AS $$ INSERT INTO shows (name) $$",
        "counts": "CREATE FUNCTION counts(p_x integer) RETURNS void AS $$ SELECT 1 $$",
    }

    assert sharding.about_shows(files) == ["calls", "reads", "writes"]
    assert [name for name, text in files.items() if sharding.takes_a_show(text)] == ["one"]
