"""docs/integrate.md and the README: their requests are sent, their answers seen, their codes all there."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from boxoffice.access.callers import Role
from boxoffice.cli.demo_data import load_demo
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import Settings
from boxoffice.settings.table import settings_table
from tests.support.engine.clock import Clock, stopped_clock
from tests.support.engine.databases import Connection
from tests.support.http.api import Api
from tests.support.http.callers import PROVIDER, callers_of, closed
from tests.support.http.curl import differences, steps

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "integrate.md").read_text()
OPENAPI: Final[dict[str, Any]] = json.loads((ROOT / "openapi.json").read_text())
API: Final = "http://localhost/api"

SALE: Final = (
    "createUser",
    "bookSeats",
    "extendHold",
    "confirmBooking",
    "failBooking",
    "cancelBooking",
    "returnSeats",
)
"""What a shop does; the page's table tells whatever these can be refused."""

REFUSED: Final = ("404", "409", "422", "429")


async def test_the_requests_of_the_page_are_answered_as_it_shows(
    database: str, connection: Connection
) -> None:
    settings = closed(database, HOLDS_PER_USER_MAX=6)
    await load_demo(settings)
    clock = await stopped_clock(connection)
    async with callers_of(settings) as callers, callers.api("nobody") as api:
        names = {
            "api": API,
            "KEY": await callers.key(Role.SERVICE),
            "LEDGER_KEY": await callers.key(Role.OPERATOR),
            "TOKEN": PROVIDER.token("ada"),
        }
        assert await different(PAGE, names, api, clock) == []


async def test_the_sixty_seconds_of_the_readme_work(
    settings: Settings, api: Api, connection: Connection
) -> None:
    await load_demo(settings)
    readme = (ROOT / "README.md").read_text()
    assert await different(readme, {}, api, await stopped_clock(connection)) == []


async def different(page: str, names: dict[str, str], api: Api, clock: Clock) -> list[str]:
    """Sends all requests of a page in order; says where answers are faults, or not as they are shown."""
    found: list[str] = []
    sent = 0
    for step in steps(page, {"api": API} | names):
        answer = None
        for line in step.lines:
            if isinstance(line, float):
                await clock.advance(line)
                continue
            answer = await line.send(api.http)
            sent += 1
            if answer.status_code not in (200, 201, 202, 409):
                found.append(f"{line.method} {line.url}: {answer.text}")
        if step.shown is not None and answer is not None:
            found += differences(step.shown, answer.json())
    assert sent > 5, "the page has lost its requests"
    return found


def test_the_table_has_every_refusal_of_a_sale_with_its_status_and_members() -> None:
    table = {
        row[1]: (row[0], set(re.findall(r"`(\w+)`", row[2])))
        for row in re.findall(r"^\| (\d{3}) \| `(\w+)` \|(.*?)\|", PAGE, re.M)
    }
    for operation in SALE:
        for status, code, example in problems(operation):
            if status in REFUSED:
                assert table[code][0] == status, code
                assert members(example) <= table[code][1], code


def test_every_fault_of_a_sale_is_told_how_to_retry() -> None:
    retries = PAGE.partition("## What to retry, and how")[2].partition("## What a buyer")[0]
    told = set(re.findall(r"`(\w+)`", retries))
    codes = {code for operation in SALE for status, code, _ in problems(operation) if status >= "500"}
    assert codes - told == set()


def test_what_the_page_names_exists() -> None:
    paths = {re.sub(r"\{\w+\}", "{}", path) for path in OPENAPI["paths"]}
    named = re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^`?]+)", PAGE)
    assert named
    assert [path for path in named if re.sub(r"\{\w+\}|(?<=user/)me", "{}", path) not in paths] == []
    settings = {row.name for row in settings_table(ProgramSettings)}
    names = set(re.findall(r"`([A-Z]+_[A-Z_]+)", PAGE))
    assert names
    assert names - settings == set()


def problems(operation_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Status, code and example of everything that can go wrong with an operation."""
    operations = [operation for path in OPENAPI["paths"].values() for operation in path.values()]
    [operation] = [found for found in operations if found["operationId"] == operation_id]
    told = [
        (status, code)
        for status, answer in operation["responses"].items()
        for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    ]
    return [(status, code, OPENAPI["components"]["examples"][code]["value"]) for status, code in told]


def members(example: dict[str, Any]) -> set[str]:
    """What a problem has beside the members of all problems."""
    common = {"type", "title", "status", "detail", "code", "success", "error", "request_id", "errors"}
    return set(example) - common


@pytest.mark.parametrize(
    ("shown", "answered", "number"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        ({"a": 1, "b": [{"c": 1}]}, {"a": 1, "b": [{"c": 2}]}, 1),
        ({"a": None}, {}, 1),
        ([1], [1, 2], 1),
        ({"at": "2026-11-26T00:41:14Z"}, {"at": "2030-01-01T00:00:00.5Z"}, 0),
    ],
)
def test_what_counts_as_a_difference(shown: object, answered: object, number: int) -> None:
    assert len(differences(shown, answered)) == number
