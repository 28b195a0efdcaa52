"""The fuzzer: it sends bent requests, and checks every answer against what the API promises."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from tests.support.engine.databases import Connection
from tests.support.http.api import Api
from tests.support.http.contract import FOREIGN_PREFLIGHT, PROBLEM, STATUS_OF
from tests.support.http.raw import Heard
from tests.web.http import fuzz_inputs
from tests.web.http.fuzz_inputs import Request

FUZZERS: Final[dict[str, Callable[[list[str]], SearchStrategy[Request]]]] = {
    "bodies": lambda _: fuzz_inputs.bodies(),
    "headers": lambda _: fuzz_inputs.headers(),
    "queries": lambda _: fuzz_inputs.queries(),
    "paths": lambda _: fuzz_inputs.paths(),
    "cursors": fuzz_inputs.cursors,
}
"""The part of a request that is bent, and how such requests are made, given some true cursors."""

_STATE: Final = """
    SELECT (SELECT sum(last_seq) FROM show_inventory), (SELECT count(*) FROM shows),
           (SELECT count(*) FROM bookings), (SELECT count(*) FROM users),
           (SELECT max(updated_at) FROM users), (SELECT count(*) FROM idempotency_keys)
"""

State = tuple[Any, ...]


async def fill(api: Api) -> list[str]:
    """Makes enough items for a second page of every list, and gives the cursors of the second pages."""
    for number in range(3):
        show = await api.show(5_000)
        user = await api.user(f"user-{number}@example.com")
        await api.hold(1, 1, seats_booked=2)
        await api.booking(show["id"], user["id"], seats_booked=2)
    lists = ["/api/shows", "/api/users", "/api/bookings/user/1", "/api/bookings/show/1"]
    pages = [(await api.http.get(path, params={"limit": 1})).json() for path in lists]
    return [page["meta"]["next_cursor"] for page in pages]


async def state_of(connection: Connection) -> State:
    """Counts of everything: while they stay, no request had an effect. The clock must stand still."""
    row = await connection.fetchrow(_STATE)
    assert row is not None
    return tuple(row)


def fuzz(
    strategy: SearchStrategy[Request],
    ask: Callable[[Request], Heard],
    state: Callable[[], State],
    *,
    examples: int,
    seed: int | None = None,
) -> Counter[int]:
    """Sends the requests that Hypothesis makes from the strategy, and counts the answers by status.

    With ``seed`` Hypothesis makes the same choices again; without, it begins with what failed the last time.
    """
    answers = Counter[int]()
    before = state()

    def try_one(request: Request) -> None:
        nonlocal before
        heard = ask(request)
        answers[heard.status] += 1
        check(request, heard)
        known, before = before, state()
        assert heard.status < 400 or before == known, f"refused, and yet something was done: {request}"

    chosen = settings(
        settings() if seed is None else settings(database=None),
        max_examples=examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run = chosen(given(strategy)(try_one))
    (run if seed is None else hypothesis.seed(seed)(run))()
    return answers


def check(request: Request, heard: Heard) -> None:
    """The answer is a success, or a problem with a known code, and never a fault of ours."""
    assert heard.status < 500, f"{request} got {heard.status}: {heard.body[:500]!r}"
    assert heard.headers["x-request-id"]
    if heard.status < 400:
        return
    if request.method == "OPTIONS" and heard.body.startswith(FOREIGN_PREFLIGHT):
        return
    assert heard.headers["content-type"] == PROBLEM, f"{request} got {heard}"
    if request.method == "HEAD":
        return
    body = json.loads(heard.body)
    assert heard.status == body["status"] == STATUS_OF.get(body["code"]), f"{request} got {body}"
    assert body["request_id"] == heard.headers["x-request-id"]
