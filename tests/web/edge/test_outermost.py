"""What every answer gets: names for the request, headers, a log line, a count; errors of the framework."""

import gzip
import json
import re

import pytest
from httpx import AsyncClient
from litestar import Litestar
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from boxoffice.serve.app import create_app
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.server import ServerSettings
from tests.support.http.api import Api, problem_of
from tests.support.http.fixtures import client_of
from tests.support.settings import settings_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ANYWHERE = ["/healthz", "/nowhere", "/api/shows/abc", "/api-docs"]


@pytest.mark.parametrize("path", ANYWHERE)
async def test_names_of_a_request_are_echoed(unserved: AsyncClient, path: str) -> None:
    headers = {"X-Request-Id": "order-4711/try:2", "traceparent": TRACE}
    response = await unserved.get(path, headers=headers)
    assert response.headers["x-request-id"] == "order-4711/try:2"
    assert response.headers["traceparent"] == TRACE


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "line\x7fend"])
async def test_a_strange_request_id_is_replaced(unserved: AsyncClient, given: str) -> None:
    response = await unserved.get("/healthz", headers={"X-Request-Id": given})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


@pytest.mark.parametrize(
    "given",
    [
        "nonsense",
        TRACE.upper(),
        TRACE.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
async def test_an_invalid_trace_is_replaced(unserved: AsyncClient, given: str) -> None:
    response = await unserved.get("/healthz", headers={"traceparent": given})
    assert response.headers["traceparent"] != given
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", response.headers["traceparent"])


@pytest.mark.parametrize("path", ANYWHERE)
async def test_security_headers_are_on_every_answer(unserved: AsyncClient, path: str) -> None:
    headers = (await unserved.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    policy = headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy[0]
    assert "base-uri 'none'" in policy[0]
    assert "unsafe" not in policy[0]
    assert "server" not in headers


@pytest.mark.parametrize(("app_env", "expected"), [("production", True), ("development", False)])
async def test_https_is_asked_for_in_production(app_env: str, expected: bool) -> None:
    async with client_of(create_app(settings_of(APP_ENV=app_env))) as client:
        headers = (await client.get("/healthz")).headers
    assert ("strict-transport-security" in headers) is expected


@pytest.mark.parametrize("wanted", [True, False])
async def test_whether_https_is_asked_for_is_a_setting(wanted: bool) -> None:
    async with client_of(create_app(settings_of(HSTS=wanted, APP_ENV="production"))) as client:
        headers = (await client.get("/healthz")).headers
    assert ("strict-transport-security" in headers) is wanted


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/show", "/api/shows/1/nothing", "/api-docs/x"])
async def test_an_unknown_path_is_a_problem(unserved: AsyncClient, method: str, path: str) -> None:
    problem_of(await unserved.request(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/api/shows/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("PUT", "/api/bookings", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/api/bookings/expire-old", "OPTIONS, POST"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("BREW", "/api/users", "GET, HEAD, OPTIONS, POST"),
    ],
)
async def test_a_wrong_method_is_a_problem(unserved: AsyncClient, method: str, path: str, allow: str) -> None:
    response = await unserved.request(method, path)
    problem_of(response, 405, "method_not_allowed")
    assert response.headers["allow"] == allow


async def test_options_lists_the_methods(unserved: AsyncClient) -> None:
    response = await unserved.options("/api/shows/1")
    assert response.status_code == 204
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"


async def test_head_is_get_without_the_body(api: Api) -> None:
    show = await api.show()
    path = f"/api/shows/{show['id']}"
    head, get = await api.http.head(path), await api.http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    for header in ("content-length", "content-type", "etag", "cache-control"):
        assert head.headers[header] == get.headers[header]


async def test_a_big_answer_is_compressed_and_a_small_one_is_not(api: Api) -> None:
    show = await api.show(seats=5_000)
    path = f"/api/shows/{show['id']}/available-seats"
    async with api.http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(raw))["data"]["count"] == 5_000
    assert "content-encoding" not in (await api.http.get("/healthz")).headers
    plain = await api.http.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_one_line_is_logged_without_what_people_sent(unserved: AsyncClient) -> None:
    with capture_logs() as logs:
        await unserved.post("/api/users", json={"name": "John Doe", "email": "john@"})
        await unserved.get("/api/shows/type/BAD?text=secret")
    assert [(e["method"], e["route"], e["status"]) for e in logs] == [
        ("POST", "/api/users", 400),
        ("GET", "/api/shows/type/{show_type}", 400),
    ]
    assert all(entry["duration_ms"] > 0 for entry in logs)
    assert "john" not in str(logs).lower()
    assert "secret" not in str(logs)


async def test_requests_are_counted_under_bounded_names(unserved: AsyncClient) -> None:
    before = _count("other", "unknown", "404"), _count("GET", "/api/users/{user_id}", "400")
    for name in ("a", "b", "c"):
        await unserved.request(f"METHOD{name}", f"/path/{name}")
        await unserved.get(f"/api/users/{name}")
    after = _count("other", "unknown", "404"), _count("GET", "/api/users/{user_id}", "400")
    assert [new - old for new, old in zip(after, before, strict=True)] == [3, 3]


def _count(method: str, route: str, status: str) -> float:
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("boxoffice_http_requests_total", labels) or 0.0


def _app(*origins: str) -> Litestar:
    return create_app(ProgramSettings(server=ServerSettings(cors_origins=origins)))


@pytest.mark.parametrize(
    ("allowed", "origin", "expected"),
    [
        (("http://localhost:*",), "http://localhost:5173", "http://localhost:5173"),
        (("http://localhost:*",), "http://localhost", "http://localhost"),
        (("http://localhost:*",), "http://localhost.evil.example", None),
        (("http://localhost:*",), "http://localhost:80@evil.example", None),
        (("http://localhost:*",), "https://localhost:5173", None),
        (("https://tickets.example",), "https://tickets.example", "https://tickets.example"),
        (("https://tickets.example",), "https://tickets-example", None),
        (("https://tickets.example",), "https://evil.example", None),
        (("*",), "https://any.example", "*"),
        ((), "http://localhost:5173", None),
    ],
)
async def test_only_allowed_origins_may_read(
    allowed: tuple[str, ...], origin: str, expected: str | None
) -> None:
    async with client_of(_app(*allowed)) as client:
        for path in ("/healthz", "/nowhere"):
            headers = (await client.get(path, headers={"Origin": origin})).headers
            assert headers.get("access-control-allow-origin") == expected
            assert "access-control-allow-credentials" not in headers
            if expected:
                exposed = headers["access-control-expose-headers"].lower()
                assert {"etag", "link", "idempotency-replayed"} <= set(exposed.split(", "))


async def test_a_preflight_allows_what_the_api_needs() -> None:
    async with client_of(_app("http://localhost:*")) as client:
        response = await client.options(
            "/api/shows/1",
            headers={
                "Origin": "http://localhost:5173",
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "content-type, idempotency-key, if-match, traceparent",
            },
        )
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "PUT" in response.headers["access-control-allow-methods"]
    assert "idempotency-key" in response.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-Api-Key", "Host", "Origin", "Idempotency-Key", "Content-Type"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_header_that_comes_twice_is_refused_by_its_name(
    unserved: AsyncClient, name: str, method: str
) -> None:
    twice = [("Host", "localhost"), (name, "localhost"), (name, "localhost")][name == "Host" :]
    for path in ("/api/bookings", "/api/shows/1", "/healthz", "/nowhere"):
        problem = problem_of(await unserved.request(method, path, headers=twice), 400, "invalid_request")
        [error] = problem["errors"]
        assert (error["in"], error["path"]) == ("header", name)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/shows/1", 200),
        ("/api/shows/1?consistent=true", 200),
        ("/api/shows/1/available-seats", 200),
        ("/api/shows/1/available-seats?consistent=true", 200),
        ("/api/shows?x=1", 400),
        ("/api/shows/4711", 404),
        ("/nowhere", 404),
        ("/healthz", 200),
        ("/api/openapi.json", 200),
    ],
)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_head_has_the_headers_of_get(api: Api, path: str, status: int, coding: str) -> None:
    await api.show(seats=2_000)
    asked = {"Accept-Encoding": coding, "X-Request-Id": "one"}
    head, get = await api.http.head(path, headers=asked), await api.http.get(path, headers=asked)
    assert (head.status_code, head.content, get.status_code) == (status, b"", status)
    for answer in (head, get):
        answer.headers.pop("traceparent")
    assert head.headers == get.headers
    tag = get.headers.get("etag")
    if tag is not None:
        asked["If-None-Match"] = tag
        head, get = await api.http.head(path, headers=asked), await api.http.get(path, headers=asked)
        assert (head.status_code, get.status_code, head.headers["etag"]) == (304, 304, tag)
