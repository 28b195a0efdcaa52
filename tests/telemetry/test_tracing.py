"""Traces: from the request through lane and batch to SQL, as a collector receives them."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from boxoffice.engine.lanes import Lanes
from boxoffice.telemetry import tracing
from boxoffice.vocabulary import limits
from boxoffice.web.http.services import services_of
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.engine.races import wait_until_blocked
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.fixtures import client_of, running
from tests.support.network.dripping import dripping
from tests.support.process.otlp import attributes, collector, only_these_variables
from tests.support.settings import settings_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
LOCK = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"


async def test_one_trace_leads_from_the_request_to_the_statement(database: str) -> None:
    with collector() as received, only_these_variables(OTEL_EXPORTER_OTLP_ENDPOINT=received.url):
        async with running(settings_for(database)) as app, client_of(app) as http:
            api = Api(http)
            show, user = await api.show(), await api.user(email="ada@example.com", name="Ada")
            body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            answer = await http.post("/api/bookings", json=body, headers=headers)
            data_of(answer, 201)

    ours = [span for span in received.spans if span.trace_id.hex() == TRACE]
    [request] = [span for span in ours if span.name == "POST /api/bookings"]
    [command], [batch], [statement] = (
        [span for span in ours if span.name == name] for name in ("command book", "batch", "run_batch")
    )
    assert request.parent_span_id.hex() == PARENT
    assert [command.parent_span_id, batch.parent_span_id, statement.parent_span_id] == [
        request.span_id,
        command.span_id,
        batch.span_id,
    ]
    assert answer.headers["traceparent"] == f"00-{TRACE}-{request.span_id.hex()}-01"
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/api/bookings",
        "http.response.status_code": 201,
    }
    assert attributes(command) == {"boxoffice.command": "book", "boxoffice.show_id": show["id"]}
    assert attributes(batch) == {"boxoffice.batch.commands": 1}
    assert attributes(statement) == {"db.system.name": "postgresql", "db.query.summary": "run_batch"}
    assert received.resource["service.name"] == "boxoffice"
    assert b"ada" not in b"".join(span.SerializeToString() for span in received.spans).lower()


async def test_a_batch_and_its_requests_are_linked_both_ways(database: str, connection: Connection) -> None:
    with collector() as received, only_these_variables(OTEL_EXPORTER_OTLP_ENDPOINT=received.url):
        async with running(settings_for(database)) as app, client_of(app) as http:
            api = Api(http)
            show, user = await api.show(), await api.user()
            lanes = services_of(app).engine._lanes
            await book_together(api, lanes, database, connection, show["id"], user["id"])

    [alone, together] = received.named("batch")
    assert [attributes(batch)["boxoffice.batch.commands"] for batch in (alone, together)] == [1, 3]
    commands = {span.span_id: span for span in received.named("command book")}
    first = commands.pop(together.parent_span_id)
    linked = [commands[link.span_id] for link in together.links]
    assert len(linked) == 2
    for command in linked:
        [back] = command.links
        assert (back.trace_id, back.span_id) == (together.trace_id, together.span_id)
    assert not first.links
    assert first.trace_id == together.trace_id
    assert {span.trace_id for span in linked}.isdisjoint({together.trace_id})


async def book_together(
    api: Api, lanes: Lanes[Any, Any], dsn: str, observer: Connection, show_id: int, user_id: int
) -> None:
    """Send one booking that keeps the lane busy, and three that share the next batch."""
    async with connected(dsn) as locker:
        async with locker.transaction():
            await locker.execute(LOCK, show_id)
            bookings = [asyncio.create_task(api.booking(show_id, user_id))]
            await wait_until_blocked(observer, application_name="boxoffice")
            bookings += [asyncio.create_task(api.booking(show_id, user_id)) for _ in range(3)]

            async def three_wait() -> bool:
                return len(lanes) == 3

            await eventually(three_wait, "three commands in the lane")
        await asyncio.gather(*bookings)


async def test_logs_and_traces_agree_on_the_trace(database: str) -> None:
    with collector() as received, only_these_variables(OTEL_EXPORTER_OTLP_ENDPOINT=received.url):
        async with running(settings_for(database)) as app, client_of(app) as http:
            answer = await http.get("/api/shows/4711")

    body = problem_of(answer, 404, "show_not_found")
    [request] = received.named("GET /api/shows/{show_id}")
    assert answer.headers["traceparent"][3:35] == request.trace_id.hex()
    assert body["request_id"]


async def test_what_failed_is_marked_by_its_type_alone(database: str, connection: Connection) -> None:
    with collector() as received, only_these_variables(OTEL_EXPORTER_OTLP_ENDPOINT=received.url):
        async with running(settings_for(database)) as app, client_of(app) as http:
            await connection.execute("ALTER TABLE users RENAME TO strangers")
            problem_of(await http.get("/api/users/1"), 500, "internal_error")

    [request], [statement] = received.named("GET /api/users/{user_id}"), received.named("user")
    assert (request.status.code, statement.status.code) == (2, 2)  # errors
    assert attributes(statement)["error.type"] == "UndefinedTableError"
    assert not [span.events for span in received.spans if span.events]
    assert not [span.status.message for span in received.spans if span.status.message]


async def test_a_collector_that_drips_does_not_keep_a_server_from_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "TRACES_END_WAIT_MAX_S", 0.3)
    async with (
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b" ") as port,
        asyncio.timeout(20),
    ):
        with only_these_variables(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}"):
            async with tracing.traced():
                with tracing.request_span(None, None):
                    pass


async def test_a_caller_who_does_not_sample_is_not_traced(database: str) -> None:
    with collector() as received, only_these_variables(OTEL_EXPORTER_OTLP_ENDPOINT=received.url):
        async with running(settings_for(database)) as app, client_of(app) as http:
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
            answer = await http.get("/api/shows", headers=headers)

    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert answer.headers["traceparent"].endswith("-00")
    assert TRACE not in {span.trace_id.hex() for span in received.spans}


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "shop"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
    ],
)
def test_tracing_is_on_when_the_environment_asks_for_it(variables: dict[str, str], wanted: bool) -> None:
    assert tracing.is_wanted(variables) is wanted


async def test_without_the_extra_a_wish_for_traces_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda _: None)
    with only_these_variables(OTEL_TRACES_EXPORTER="otlp"), capture_logs() as logs:
        async with tracing.traced():
            assert tracing.request_span(None, None) is tracing.query_span("show")
    assert "boxoffice[otel]" in logs[0]["install"]


def test_nothing_of_opentelemetry_is_imported_unless_it_is_asked_for() -> None:
    program = (
        "import sys, boxoffice.serve.process; sys.exit(any('opentelemetry' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
