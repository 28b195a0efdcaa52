"""The description says what generators of clients ask: sizes, times, words, members of problems, headers."""

from collections.abc import Iterator
from typing import Any

from boxoffice.serve import operations
from boxoffice.serve.operations import DOMAINS, kinds_of
from boxoffice.vocabulary.views import EventKind
from tests.support.engine.databases import Connection

DOCUMENT: dict[str, Any] = operations.describe()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {o["operationId"]: o for path in DOCUMENT["paths"].values() for o in path.values()}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(inner)


def test_every_integer_says_how_large_it_may_become() -> None:
    integers = [node for node in nodes(DOCUMENT) if node.get("type") == "integer"]
    assert {node["format"] for node in integers} == {"int32", "int64"}
    assert SCHEMAS["Booking"]["properties"]["id"]["format"] == "int64"


def test_every_time_is_told_as_one() -> None:
    named = {
        f"{name}.{field}": schema
        for name, described in SCHEMAS.items()
        for field, schema in described.get("properties", {}).items()
        if field.endswith(("_at", "_time")) or field == "at"
    }
    assert len(named) > 15
    assert [name for name, schema in named.items() if "date-time" not in str(schema)] == []


def test_nothing_is_told_that_generators_cannot_read() -> None:
    assert [node for node in nodes(DOCUMENT) if node.get("items") is False or "prefixItems" in node] == []
    assert [node for node in nodes(DOCUMENT) if node.get("enum") in ([True], [False])] == []
    assert SCHEMAS["ShowAnswer"]["properties"]["success"]["const"] is True


def test_a_problem_tells_its_codes_and_the_members_of_each() -> None:
    told = SCHEMAS["Problem"]["properties"]
    assert set(told["code"]["enum"]) == set(kinds_of(DOMAINS))
    for code, example in DOCUMENT["components"]["examples"].items():
        assert example["value"].keys() <= told.keys(), code
    assert told["seats"]["items"]["type"] == "integer"
    assert told["lifetime_seconds"]["type"] == "number"
    assert "seats_taken" in told["available"]["description"]
    assert DOCUMENT["components"]["examples"]["invalid_state"]["value"]["retaken_by"] > 0


async def test_the_kinds_of_events_are_those_of_the_database(connection: Connection) -> None:
    rows = await connection.fetch("SELECT kind FROM event_kinds")
    assert {row["kind"] for row in rows} == set(EventKind)
    for name in ("Event", "UserEvent"):
        assert SCHEMAS[name]["properties"]["kind"]["enum"] == list(EventKind)


def test_a_person_may_write_me() -> None:
    [user_id] = [p for p in OPERATIONS["getUser"]["parameters"] if p["name"] == "user_id"]
    number, word = user_id["schema"]["anyOf"]
    assert (number["type"], word["enum"]) == ("integer", ["me"])


def test_the_headers_of_answers_are_told() -> None:
    for operation, status, names in (
        ("createShow", "201", {"ETag", "Location"}),
        ("updateShow", "200", {"ETag"}),
        ("bookSeats", "201", {"Location"}),
        ("createUser", "201", {"Location"}),
        ("getShow", "200", {"ETag"}),
    ):
        assert names <= OPERATIONS[operation]["responses"][status]["headers"].keys(), operation
    assert "ETag" not in OPERATIONS["deleteShow"]["responses"]["200"]["headers"]
