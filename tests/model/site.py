"""A real server whose clock stands still, and whose answers are translated into the words of the model."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg
import httpx
from msgspec import Struct

from boxoffice.vocabulary.outcomes import Refused
from tests.model.reference import Answer
from tests.model.told import ModelBooking, ModelShow, Replayed, Told, as_told, as_written
from tests.support.engine.box import refused, violations
from tests.support.engine.clock import Clock, stopped_clock
from tests.support.engine.databases import Connection
from tests.support.http.contract import MEMBERS, PROBLEM, STATUS_OF
from tests.support.proof.tables import TABLES

ANSWER_MAX_S: Final = 60.0
"""Longest wait for an answer, in seconds; the machine may be busy with other things."""

KEY: Final = "Idempotency-Key"

FROM_A_PAGE: Final = {"Origin": "http://localhost:5173"}
"""Headers of a request from a page (CORS), for which the server takes the ordinary, longer way."""

LIFETIME_S: Final = 150.0
"""Seconds of a hold's longest lifetime: little more than the longest hold, so that extensions reach it."""

SETTINGS: Final = {
    "SWEEP_INTERVAL_SECONDS": "3600",
    "LATE_CONFIRM": "retake",
    "HOLD_LIFETIME_MINUTES_MAX": str(LIFETIME_S / 60),
    "STAFF_HOLD_MINUTES_MAX": str(LIFETIME_S / 60),
}
"""The server's settings. No sweeper runs: only the next command on a show ends its holds."""

_CLEAR: Final = f"TRUNCATE {', '.join(name for name, table in TABLES.items() if not table.fixed)}"


class Call(Struct, frozen=True, kw_only=True):
    """A request, and how to read a success: as a booking, as a show, or as plain ``data``."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    status: int = 200
    kind: type[Told] | None = None


class Site:
    """The server at ``url`` and its database ``dsn``. Its calls block, so a thread with an event loop must
    not use it."""

    def __init__(
        self, http: httpx.Client, dsn: str, connection: Connection, clock: Clock, runner: asyncio.Runner
    ) -> None:
        self._http = http
        self._dsn = dsn
        self._connection = connection
        self._clock = clock
        self._runner = runner
        self.tally = Counter[str]()
        """The number of answers of each kind: done, retaken, replayed, or a refusal's code."""

        self.examples = 0

    @property
    def now(self) -> datetime:
        """The present time by the database's clock."""
        return self._clock.now

    def advance(self, seconds: float) -> None:
        """Moves the clock on."""
        self._runner.run(self._clock.advance(seconds))

    def clear(self) -> None:
        """Delete all shows and users before a new example, so that ``verify`` stays fast; no id returns."""
        self._runner.run(self._connection.execute(_CLEAR))
        self.examples += 1

    def violations(self) -> dict[str, list[str]]:
        """The violations that ``verify`` finds."""
        return self._runner.run(violations(self._dsn))

    def ask(self, call: Call) -> Answer:
        """Send the request; returns the answer. Its status and headers are checked against the contract."""
        response = self._http.request(call.method, call.path, json=call.body, headers=call.headers)
        answer = _told(call, response)
        self.tally[_word(answer)] += 1
        return answer


@contextmanager
def open_site(url: str, dsn: str) -> Iterator[Site]:
    """A client of the server at ``url``, and a clock for its database ``dsn``."""
    with asyncio.Runner() as runner, httpx.Client(base_url=url, timeout=ANSWER_MAX_S) as http:
        connection = runner.run(_connected(dsn))
        try:
            yield Site(http, dsn, connection, runner.run(stopped_clock(connection)), runner)
        finally:
            runner.run(connection.close())


async def _connected(dsn: str) -> Connection:
    return await asyncpg.connect(dsn)


def _word(answer: Answer) -> str:
    if isinstance(answer, ModelBooking) and answer.retaken_from is not None:
        return "retaken"
    if isinstance(answer, Refused):
        return answer.code
    return "replayed" if isinstance(answer, Replayed) else "done"


def _told(call: Call, response: httpx.Response) -> Answer:
    body = response.json()
    if response.status_code >= 400:
        return _refusal(response, body)
    assert (response.status_code, body["success"]) == (call.status, True), body
    data = body["data"]
    answer = data if call.kind is None else as_told(call.kind, data)
    _check_headers(call, response, answer)
    return Replayed(answer) if response.headers.get("idempotency-replayed") == "true" else answer


def _refusal(response: httpx.Response, body: dict[str, Any]) -> Answer:
    code = body["code"]
    assert response.headers["content-type"] == PROBLEM, body
    assert response.status_code == body["status"] == STATUS_OF.get(code), body
    assert "idempotency-replayed" not in response.headers
    return refused(code, **as_written({name: value for name, value in body.items() if name not in MEMBERS}))


def _check_headers(call: Call, response: httpx.Response, answer: Answer) -> None:
    if isinstance(answer, ModelBooking | ModelShow) and call.status == 201:
        assert response.headers["location"] == f"{call.path}/{answer.id}"
    if isinstance(answer, ModelShow) and call.method != "DELETE":
        assert response.headers["etag"] == f'W/"{answer.seq}"'
