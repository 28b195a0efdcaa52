"""The SQL functions that programs of two releases call, with their parameters. They must not change while
both releases run (CONTRIBUTING.md).

A new function gets a new name, and a line here. A line is removed one release after the last program that
calls the function.
"""

from tests.support.engine.databases import Connection

FUNCTIONS = {
    "run_batch": "p_batch_id uuid, p_commands jsonb, p_again boolean -> SETOF command_outcome",
    "run_desk_command": "p_command jsonb -> SETOF command_outcome",
}
TYPES = {
    "command_outcome": "command_no integer, code text, replayed boolean, booking bookings, details jsonb",
}

SIGNATURES = """
    SELECT proname, pg_get_function_arguments(oid) || ' -> ' || pg_get_function_result(oid) AS signature
    FROM pg_proc WHERE proname = ANY ($1)
"""
ATTRIBUTES = """
    SELECT t.typname,
           string_agg(a.attname || ' ' || format_type(a.atttypid, NULL), ', ' ORDER BY a.attnum) AS list
    FROM pg_type AS t JOIN pg_attribute AS a ON a.attrelid = t.typrelid
    WHERE t.typname = ANY ($1) AND NOT a.attisdropped
    GROUP BY t.typname
"""


async def test_the_functions_that_programs_call_keep_their_signatures(connection: Connection) -> None:
    rows = await connection.fetch(SIGNATURES, list(FUNCTIONS))
    assert {row["proname"]: row["signature"] for row in rows} == FUNCTIONS


async def test_the_types_that_programs_pass_keep_their_attributes(connection: Connection) -> None:
    rows = await connection.fetch(ATTRIBUTES, list(TYPES))
    assert {row["typname"]: row["list"] for row in rows} == TYPES
