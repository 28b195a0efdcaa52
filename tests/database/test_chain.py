"""The content of an event, computed without the database, is to the byte what the database links."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxoffice.database.catalogue import program_schema
from boxoffice.database.chain import content, steps
from tests.support.engine.box import Box
from tests.support.engine.databases import Connection

ROW = """
    SELECT e.*, at::text AS at, places::text AS places, details::text AS details,
           event_content(show_id, seq, kind, booking_id, user_id, places, actor, at, details) AS content
    FROM (SELECT $1::bigint AS show_id, $2::bigint AS seq, $3::text AS kind, $4::bigint AS booking_id,
                 NULL::bigint AS user_id, $5::integer[] AS places, $6::text AS actor, $7::timestamptz AS at,
                 $8::text::jsonb AS details) AS e
"""

ENCODER = msgspec.json.Encoder(decimal_format="number")
MOMENT = datetime(2030, 1, 2, 3, 4, 5, 60_000, tzinfo=UTC)

DETAILS = [
    None,
    "{}",
    '{"x": null, "b": 1.10, "a": 1E400, "c": -0.0, "d": 12345678901234567890.123}',
    '{"seats": {"one": "more"}, "list": [1, [], {}, {"two": 1}], "last": {"is": true}}',
    '{"text": "\\"quoted\\"", "u": "\\u2028 \\u007f \\u00e9 \\ud83d\\ude00 \\b\\f\\n\\r\\t\\u001f / \\\\"}',
    '{"low": "\\u0001", "t": true, "f": false, "n": null, "longer": "key", "a": ""}',
]

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.decimals(-(10**30), 10**30) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


async def same(connection: Connection, details: str | None, **changes: Any) -> bool:
    """Whether the two contents are the same."""
    event: dict[str, Any] = {
        "show_id": 1,
        "seq": 2,
        "kind": "held",
        "booking_id": None,
        "places": [1, 20, 3],
        "actor": "key:shop",
        "at": MOMENT,
    }
    row = await connection.fetchrow(ROW, *(event | changes).values(), details)
    assert row is not None
    return content(dict(row.items())) == bytes(row["content"])


@pytest.fixture
async def ours(connection: Connection) -> Connection:
    """A connection that writes times as the chain reads them."""
    async with connection.transaction():
        await program_schema(connection)
        await connection.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET search_path = public")
    return connection


@pytest.mark.parametrize("details", DETAILS)
async def test_details_are_told_as_the_database_tells_them(ours: Connection, details: str | None) -> None:
    assert await same(ours, details)


@pytest.mark.parametrize(
    "changes",
    [
        {"places": []},
        {"booking_id": 1 << 52},
        {"actor": 'a "b" \\ \x01 \x7f \u2028 \U0001f600'},
        {"at": MOMENT.replace(microsecond=0)},
        {"at": MOMENT.replace(microsecond=1)},
        {"at": MOMENT.replace(year=1900)},
        {"at": MOMENT.replace(year=2999)},
    ],
    ids=str,
)
async def test_columns_are_told_as_the_database_tells_them(ours: Connection, changes: dict[str, Any]) -> None:
    assert await same(ours, "{}", **changes)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.dictionaries(_texts, _values, max_size=4), actor=_texts)
async def test_any_details_are_told_alike(ours: Connection, details: dict[str, Any], actor: str) -> None:
    text = ENCODER.encode(details).decode()
    assert await same(ours, text, actor=actor)


async def test_a_long_history_is_read_in_parts(connection: Connection, box: Box) -> None:
    show = await box.show(100)
    for _ in range(5):
        await box.book(show)
    await connection.execute("UPDATE show_events SET actor = 'x' WHERE seq = 4")
    async with connection.transaction():
        await program_schema(connection)
        told = [(step.end.seq, step.holds) async for step in steps(connection)]
    assert told == [(seq, seq != 4) for seq in range(1, 7)]
